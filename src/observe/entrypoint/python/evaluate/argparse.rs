//! argparse, and optparse as far as the two are alike. <https://docs.python.org/3/library/argparse.html>

use super::super::super::cli::{
    Arity, ExclusiveGroup, Interface, Known, Parameter, Subcommands, Takes, Written,
};
use super::expression::Arguments;
use super::namespace::Kept;
use super::value::{Scope, Value, text_of, texts_of, truth};
use super::{Evaluator, Root};
use super::{help, usage};

/// Most parsers of one program.
const MAX_PARSERS: usize = 2_000;

/// How deep subcommands are followed.
const MAX_NESTED: u8 = 12;

/// Types that take any text.
const TEXT_TYPES: [&str; 22] = [
    "builtins.str",
    "str",
    "pathlib.Path",
    "pathlib.PurePath",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "os.path.abspath",
    "os.path.expanduser",
    "os.path.realpath",
    "os.path.normpath",
    "os.path.expandvars",
    "os.fspath",
    "os.path.basename",
    "builtins.str.lower",
    "builtins.str.upper",
    "builtins.str.strip",
    "builtins.bool",
    "shlex.split",
    "builtins.list",
    "builtins.str.title",
    "builtins.str.casefold",
    "builtins.repr",
];

/// A parser as it is put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Parser {
    parameters: Vec<Parameter>,
    groups: Vec<ExclusiveGroup>,
    subparsers: Option<Subparsers>,
    open: Option<String>,
    abbreviates: bool,
    takes_unknown: bool,
    /// Whether a second option of one name takes the place of the first.
    resolves: bool,
    /// An option that is added twice, and where.
    conflict: Option<(String, Written)>,
    /// A text of its help that cannot be formatted, and where.
    no_help: Option<(String, Written)>,
    /// Whether a class of the program's own makes its help.
    has_own_help: bool,
    /// Marks of words that stand for the arguments in a file.
    file_marks: Vec<char>,
    /// Whether it is one of argparse's own class.
    is_argparse: bool,
}

/// The subcommands of a parser: names, and the parser of each.
#[derive(Clone, Debug, Default)]
struct Subparsers {
    required: Known,
    commands: Vec<(Vec<String>, usize)>,
    open: Option<String>,
}

/// Whether a value is true; what is not known depends.
fn known(value: Option<&Value>, default: Known) -> Known {
    match value.map(truth) {
        None => default,
        Some(Some(true)) => Known::Yes,
        Some(Some(false)) => Known::No,
        Some(None) => Known::Maybe,
    }
}

impl Evaluator<'_, '_> {
    pub(super) fn new_parser(&mut self, arguments: &Arguments, scope: &Scope, line: u32) -> Value {
        if self.parsers.len() >= MAX_PARSERS {
            return Value::Unknown;
        }
        let mut parser = Parser {
            abbreviates: known(arguments.keyword("allow_abbrev"), Known::Yes) != Known::No,
            resolves: arguments.keyword("conflict_handler").is_some(),
            has_own_help: arguments.is_open
                || arguments.keyword("formatter_class").is_some_and(|v| !matches!(v, Value::External(_))),
            ..Parser::default()
        };
        if arguments.is_open {
            parser.open = Some(format!(
                "its parser is made with arguments that are not known ({})",
                self.place(scope, line)
            ));
        }
        if known(arguments.keyword("add_help"), Known::Yes) != Known::No {
            let names = vec!["-h".to_owned(), "--help".to_owned()];
            let (ends, at) = (true, self.written(scope, line));
            parser.parameters.push(Parameter { ends, at, ..Parameter::new(names, Arity::Exactly(0)) });
        }
        match arguments.keyword("parents") {
            None => {}
            Some(Value::List(parents)) => {
                for parent in parents.iter() {
                    match parent {
                        Value::Parser(index, _) => {
                            if let Some(from) = self.parsers.get(*index).cloned() {
                                parser.take_from(from);
                            }
                        }
                        _ => {
                            parser.open = Some(format!(
                                "a parent of its parser is not known ({})",
                                self.place(scope, line)
                            ));
                        }
                    }
                }
            }
            Some(_) => {
                parser.open =
                    Some(format!("the parents of its parser are not known ({})", self.place(scope, line)));
            }
        }
        let prefixes = arguments.keyword("prefix_chars");
        if prefixes.is_some_and(|v| !matches!(v, Value::Text(prefixes) if &**prefixes == "-")) {
            self.alter("its parser has other marks of options than -", scope, line);
        }
        match arguments.keyword("fromfile_prefix_chars") {
            None | Some(Value::None) => {}
            Some(Value::Text(marks)) => parser.file_marks = marks.chars().collect(),
            Some(_) => {
                parser.open.get_or_insert_with(|| "its parser reads arguments from files".to_owned());
            }
        }
        // Its own line of usage is formatted in the same way.
        let usage = arguments.keyword("usage").filter(|_| self.maybe == 0);
        if let Some(Value::Text(usage)) = usage
            && let Some(place) = help::unformattable(usage)
        {
            let what = format!(
                "the usage in line {line} has `{place}`, at which argparse ends: write %% for a percent sign"
            );
            parser.no_help = Some((what, self.written(scope, line)));
        }
        self.parsers.push(parser);
        Value::Parser(self.parsers.len() - 1, None)
    }

    /// A parser that has these parameters and no other.
    pub(super) fn plain_parser(&mut self, parameters: Vec<Parameter>) -> usize {
        self.parsers.push(Parser { parameters, abbreviates: true, ..Parser::default() });
        self.parsers.len() - 1
    }

    /// What a library's parser does otherwise than argparse's.
    pub(super) fn mark_library(&mut self, index: usize, name: &str) {
        let Some(parser) = self.parsers.get_mut(index) else { return };
        parser.is_argparse = name == "argparse.ArgumentParser";
        if name.starts_with("configargparse") {
            parser.open = Some("its options may come from files and variables (configargparse)".to_owned());
        }
        if name.starts_with("optparse") {
            // Its usage has `%prog`, and nothing else is put in.
            parser.no_help = None;
            // What is left over is the program's own business.
            parser.parameters.push(Parameter::new(vec!["arguments".to_owned()], Arity::Any));
        }
    }

    pub(super) fn open_parser(&mut self, index: usize, reason: String) {
        if let Some(parser) = self.parsers.get_mut(index) {
            parser.open.get_or_insert(reason);
        }
    }

    pub(super) fn require_subcommand(&mut self, index: usize, value: &Value) {
        let required = known(Some(value), Known::Maybe);
        if let Some(subparsers) = self.parsers.get_mut(index).and_then(|p| p.subparsers.as_mut()) {
            subparsers.required = required;
        }
    }

    pub(super) fn parser_method(
        &mut self,
        index: usize,
        group: Option<usize>,
        name: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Value {
        match name {
            "add_argument" | "add_option" => {
                if name == "add_argument" {
                    self.check_keywords(group.is_some(), arguments, scope, line);
                    self.check_help(index, arguments, scope, line);
                }
                self.add_argument(index, group, arguments, scope, line);
                Value::Unknown
            }
            "add_argument_group" | "add_option_group" => Value::Parser(index, group),
            "add_mutually_exclusive_group" => {
                let required = known(arguments.keyword("required"), Known::No);
                let Some(parser) = self.parsers.get_mut(index) else { return Value::Unknown };
                parser.groups.push(ExclusiveGroup { required });
                Value::Parser(index, Some(parser.groups.len() - 1))
            }
            "add_subparsers" => {
                if self.parsers.get(index).is_some_and(|p| p.subparsers.is_some()) {
                    self.fails("adds subparsers twice, at which argparse ends", scope, line, true);
                }
                let required = known(arguments.keyword("required"), Known::No);
                let open =
                    arguments.keyword("parser_class").filter(|v| !matches!(v, Value::None)).map(|_| ());
                let open = open.map(|()| {
                    format!("its subcommands have parsers of their own class ({})", self.place(scope, line))
                });
                if let Some(dest) = arguments.text("dest") {
                    self.keep(Kept::of_subcommand(dest));
                }
                if let Some(parser) = self.parsers.get_mut(index) {
                    parser.subparsers = Some(Subparsers { required, open, commands: Vec::new() });
                }
                Value::Subparsers(index)
            }
            "parse_args" | "parse_intermixed_args" | "parse_known_args" | "parse_known_intermixed_args" => {
                self.parse(index, name.contains("known"), arguments, scope, line)
            }
            "error" | "exit" if self.maybe == 0 => {
                // Before the arguments are parsed: it ends the program whatever it is given.
                let place = self.place(scope, line);
                self.reach(
                    Root::Unknown(format!("it ends itself by {name} of its parser ({place})")),
                    scope,
                    line,
                );
                Value::Unknown
            }
            "set_defaults" => {
                self.set_defaults(arguments);
                let all = arguments.keywords.iter().map(|(name, value)| (index, name.clone(), value.clone()));
                self.defaults_of.extend(all);
                Value::Unknown
            }
            "print_help" | "print_usage" | "format_help" | "format_usage" | "error" | "exit"
            | "set_usage" | "get_default" => Value::Unknown,
            "register" => {
                self.alter("it gives its parser actions or types of its own", scope, line);
                Value::Unknown
            }
            _ => {
                if self.parsers.get(index).is_some_and(|p| p.is_argparse) && !usage::has_method(name) {
                    self.fails(&format!("calls {name}, which argparse does not have"), scope, line, true);
                }
                let reason = format!(
                    "its parser is used in a way that is not understood: {name} ({})",
                    self.place(scope, line)
                );
                self.open_parser(index, reason);
                Value::Unknown
            }
        }
    }

    /// argparse puts values into the text of an argument's help with `%`, and ends at what is no place for one.
    fn check_help(&mut self, index: usize, arguments: &Arguments, scope: &Scope, line: u32) {
        let Some(Value::Text(help)) = arguments.keyword("help").filter(|_| self.maybe == 0) else { return };
        let Some(place) = help::unformattable(help) else { return };
        let at = self.written(scope, line);
        if let Some(parser) = self.parsers.get_mut(index).filter(|p| !p.has_own_help) {
            let what = format!(
                "the help in line {line} has `{place}`, at which argparse ends: write %% for a percent sign"
            );
            parser.no_help.get_or_insert((what, at));
        }
    }

    fn parse(
        &mut self,
        index: usize,
        is_partial: bool,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Value {
        let given = arguments.positional.first().or(arguments.keyword("args"));
        let mut rest = Value::ArgvRest;
        let pair = |rest: Value| Value::List(vec![Value::Namespace, rest].into());
        match given {
            None | Some(Value::None | Value::ArgvWords | Value::ArgvRest) => {}
            // What is left has the program in it, too.
            Some(Value::Argv) if is_partial => rest = Value::ArgvPart,
            Some(Value::Argv) => self.gives_program = true,
            // The words before it say what is done with it, and are read by the program itself.
            Some(Value::ArgvPart) => {
                let place = self.place(scope, line);
                let reason = format!("its parser is given a part of the command line ({place})");
                self.alter_once(reason);
            }
            // Words of its own, as in a test: another parser reads the command line.
            Some(Value::List(_)) => return if is_partial { pair(rest) } else { Value::Unknown },
            Some(_) => {
                let reason = format!("what its parser is given is not known ({})", self.place(scope, line));
                self.alter_once(reason);
            }
        }
        if is_partial {
            if let Some(parser) = self.parsers.get_mut(index) {
                parser.takes_unknown = true;
            }
            if self.maybe > 0 {
                let place = self.place(scope, line);
                let reason =
                    format!("its arguments are parsed under a condition that is not known ({place})");
                self.foreign.get_or_insert(reason);
            }
            if !self.known_before.contains(&index) {
                self.known_before.push(index);
            }
            return pair(rest);
        }
        self.reach(Root::Parser(index), scope, line);
        Value::Namespace
    }

    fn add_argument(
        &mut self,
        index: usize,
        group: Option<usize>,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) {
        let at = self.written(scope, line);
        let place = self.place(scope, line);
        let names: Option<Vec<String>> = arguments.positional.iter().map(text_of).collect();
        let names = names.filter(|_| !arguments.is_open || !arguments.positional.is_empty());
        let Some(mut names) = names else {
            if known(arguments.keyword("required"), Known::No) != Known::No {
                self.alter("the name of an option that must be given is not known", scope, line);
            }
            return self.open_parser(index, format!("the name of an option is not known ({place})"));
        };
        let is_option = names.first().is_some_and(|n| n.starts_with('-'));
        if names.is_empty() {
            match arguments.text("dest") {
                Some(dest) => names.push(dest),
                None => {
                    return self
                        .open_parser(index, format!("the name of an argument is not known ({place})"));
                }
            }
        }
        let action = match arguments.keyword("action") {
            None => Some("store".to_owned()),
            Some(Value::Text(action)) => Some(action.to_string()),
            Some(Value::External(name)) if name.ends_with("BooleanOptionalAction") => {
                let negated: Vec<String> =
                    names.iter().filter_map(|n| n.strip_prefix("--")).map(|n| format!("--no-{n}")).collect();
                names.extend(negated);
                Some("store_true".to_owned())
            }
            Some(_) => None,
        };
        if let Some(Value::Class(class)) = arguments.keyword("action") {
            self.check_action(*class, scope, line);
        }
        let ends = matches!(action.as_deref(), Some("help" | "version"));
        let takes_none = [
            "store_true",
            "store_false",
            "store_const",
            "append_const",
            "count",
            "help",
            "version",
            "callback",
        ];
        let arity = match (action.as_deref(), arguments.keyword("nargs")) {
            (None, None) => Arity::Unknown,
            (Some(action), _) if takes_none.contains(&action) => Arity::Exactly(0),
            (_, None | Some(Value::None)) => Arity::Exactly(1),
            (_, Some(Value::Int(n))) => usize::try_from(*n).map_or(Arity::Unknown, Arity::Exactly),
            (_, Some(Value::Text(word))) => match &**word {
                "?" => Arity::Optional,
                "*" => Arity::Any,
                "+" => Arity::Some,
                "..." | "A..." => Arity::Rest,
                _ => Arity::Unknown,
            },
            (_, Some(Value::External(name))) if name.ends_with("REMAINDER") => Arity::Rest,
            _ => Arity::Unknown,
        };
        let required = if is_option {
            let default = if arguments.is_open { Known::Maybe } else { Known::No };
            known(arguments.keyword("required"), default)
        } else if arity.least() == Some(0) {
            Known::No
        } else {
            Known::Yes
        };
        let is_certain = self.maybe == 0;
        let takes = self.takes(arguments, &place);
        // `type=Mode` of an enumeration takes the values of its members.
        let of_type = match arguments.keyword("type") {
            Some(Value::Class(class)) => self.members(*class).as_ref().and_then(texts_of),
            _ => None,
        };
        let takes = if of_type.is_some() { Takes::Any } else { takes };
        self.keep(Kept::of(&names, is_option, action.as_deref(), arguments));
        let Some(parser) = self.parsers.get_mut(index) else { return };
        // argparse and optparse end the program at an option that is there already.
        let is_twice =
            |p: &&Parameter| p.is_option && p.is_certain && p.names.iter().any(|n| names.contains(n));
        if is_option && is_certain && !parser.resolves && parser.open.is_none() {
            let first = parser.parameters.iter().find(is_twice);
            let name = first.and_then(|p| p.names.iter().find(|n| names.contains(n)).cloned());
            if let Some(name) = name {
                parser.conflict.get_or_insert((name, at.clone()));
            }
        }
        parser.parameters.push(Parameter {
            names,
            is_option,
            arity,
            required,
            choices: usage::choices(arguments).or(of_type),
            takes,
            is_certain,
            group,
            ends,
            handed: None,
            at,
        });
    }

    /// What `type` and `choices` make of values.
    fn takes(&self, arguments: &Arguments, place: &str) -> Takes {
        let open = |what: &str| Takes::Open(format!("{what} ({place})"));
        let is_open = match arguments.keyword("choices") {
            None | Some(Value::None) => false,
            Some(value) => texts_of(value).is_none(),
        };
        if is_open {
            return open("its choices are known only when it runs");
        }
        match arguments.keyword("type") {
            None | Some(Value::None) => Takes::Any,
            Some(Value::External(name)) => match &**name {
                "builtins.int" | "int" => Takes::Int,
                "builtins.float" | "float" => Takes::Float,
                "builtins.str.lower" | "builtins.str.casefold" => Takes::Lower,
                "builtins.str.upper" => Takes::Upper,
                name if TEXT_TYPES.contains(&name) => Takes::Any,
                name => open(&format!("what {name} takes is known only when it runs")),
            },
            Some(Value::Text(name)) if matches!(&**name, "int" | "long") => Takes::Int,
            Some(Value::Text(name)) if &**name == "float" => Takes::Float,
            Some(Value::Text(name)) if matches!(&**name, "string" | "str" | "choice") => Takes::Any,
            Some(_) => open("what its type takes is known only when it runs"),
        }
    }

    pub(super) fn subparsers_method(
        &mut self,
        index: usize,
        name: &str,
        arguments: &Arguments,
        scope: &Scope,
        line: u32,
    ) -> Value {
        let place = self.place(scope, line);
        if name != "add_parser" {
            self.open_parser(
                index,
                format!("its subcommands are used in a way that is not understood ({place})"),
            );
            return Value::Unknown;
        }
        let own = arguments.positional.first().or(arguments.keyword("name")).and_then(text_of);
        let inner = self.new_parser(arguments, scope, line);
        let aliases = match arguments.keyword("aliases") {
            None => Some(Vec::new()),
            Some(list) => texts_of(list),
        };
        let Some(subparsers) = self.parsers.get_mut(index).and_then(|p| p.subparsers.as_mut()) else {
            return inner;
        };
        match (own, aliases, &inner) {
            (Some(own), Some(aliases), Value::Parser(parser, _)) => {
                let names: Vec<String> = std::iter::once(own).chain(aliases).collect();
                subparsers.commands.push((names.clone(), *parser));
                self.subcommands.extend(names);
            }
            _ => {
                subparsers.open.get_or_insert(format!("the name of a subcommand is not known ({place})"));
            }
        }
        inner
    }

    /// The interface of a parser.
    pub(super) fn parser_interface(&self, index: usize, depth: u8) -> Interface {
        let Some(parser) = self.parsers.get(index).filter(|_| depth < MAX_NESTED) else {
            return Interface { open: Some("its parser is not known".to_owned()), ..Interface::default() };
        };
        let subcommands = parser.subparsers.as_ref().map(|subparsers| Subcommands {
            required: subparsers.required,
            commands: subparsers
                .commands
                .iter()
                .map(|(names, inner)| (names.clone(), self.parser_interface(*inner, depth + 1)))
                .collect(),
            open: subparsers.open.clone(),
        });
        Interface {
            parameters: parser.parameters.clone(),
            groups: parser.groups.clone(),
            subcommands,
            open: parser.open.clone(),
            takes_unknown: parser.takes_unknown,
            abbreviates: parser.abbreviates,
            conflict: parser.conflict.clone(),
            no_help: parser.no_help.clone(),
            file_marks: parser.file_marks.clone(),
            ..Interface::default()
        }
    }
}

impl Parser {
    /// Whether all that it makes is seen, and it has no subcommands.
    pub(super) fn is_plain_and_closed(&self) -> bool {
        !self.is_open() && self.subparsers.is_none()
    }

    /// The parser of one of its subcommands.
    pub(super) fn subcommand(&self, name: &str) -> Option<usize> {
        let all = &self.subparsers.as_ref()?.commands;
        all.iter().find(|(names, _)| names.iter().any(|n| n == name)).map(|(_, index)| *index)
    }

    /// Whether it may make more than is seen.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
            || self.takes_unknown
            || self.subparsers.as_ref().is_some_and(|s| s.open.is_some())
    }

    /// Takes over what a parent has at this moment.
    fn take_from(&mut self, parent: Self) {
        let first = self.groups.len();
        self.groups.extend(parent.groups);
        let own = |p: &Parameter| self.parameters.iter().any(|q| q.names.iter().any(|n| p.names.contains(n)));
        let taken: Vec<Parameter> = parent
            .parameters
            .into_iter()
            .filter(|p| !own(p))
            .map(|p| Parameter { group: p.group.map(|g| g + first), ..p })
            .collect();
        self.parameters.extend(taken);
        self.open = self.open.take().or(parent.open);
        self.no_help = self.no_help.take().or(parent.no_help.filter(|_| !self.has_own_help));
    }
}
