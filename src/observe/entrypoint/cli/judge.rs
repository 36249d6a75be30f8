//! Whether a command line is one that a program takes, as argparse, click and typer judge it.
//! <https://docs.python.org/3/library/argparse.html>, <https://click.palletsprojects.com/>

use super::{Argument, Arity, Ending, Interface, Known, Parameter, Row, Takes, Written};

/// Why a program refuses a command line, or may refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong, or why it is not known.
    pub(crate) what: String,
    /// What it is about: an option, a subcommand.
    pub(crate) subject: String,
    pub(crate) is_certain: bool,
    /// Where the program says so, if it does.
    pub(crate) at: Option<Written>,
}

/// How deep subcommands are followed.
const MAX_DEPTH: u8 = 12;

/// What a program has against a row. Nothing if it takes it.
pub(crate) fn refusals(interface: &Interface, row: &Row) -> Vec<Refusal> {
    let mut state = State::default();
    let conflict = conflict(interface, 0);
    if let Some((name, at)) = conflict {
        state.refuse(name, format!("ends at once: it adds the option {name} twice"), None, Some(at));
        // Not even help is answered.
        return state.refusals;
    }
    state.command(interface, &row.required, row, "", 0);
    // Who asks for help is refused nothing.
    if state.ended {
        return Vec::new();
    }
    if state.refusals.is_empty() {
        state.refusals.extend(help(interface, row));
    }
    if state.refusals.is_empty() {
        let endings = std::mem::take(&mut state.endings);
        state.refusals.extend(endings.iter().map(|ending| Refusal {
            what: ending.what.clone(),
            subject: "arguments".to_owned(),
            is_certain: ending.is_certain,
            at: Some(ending.at.clone()),
        }));
    }
    state.refusals
}

/// Why a program does not answer `--help` after the words that the command itself has, if it does not.
fn help(interface: &Interface, row: &Row) -> Option<Refusal> {
    let words = row.required.iter().filter(|a| matches!(a, Argument::Word(_))).cloned();
    let words: Vec<Argument> = words.chain([Argument::Word("--help".to_owned())]).collect();
    let mut state = State::default();
    state.command(interface, &words, &Row::default(), "", 0);
    if let Some((what, at)) = state.no_help {
        let (what, subject) = (format!("does not answer `--help`: {what}"), "--help".to_owned());
        return Some(Refusal { what, subject, is_certain: true, at: Some(at) });
    }
    let unknown = state.refusals.into_iter().find(|r| r.subject == "--help" && r.is_certain);
    unknown
        .filter(|_| !state.ended)
        .map(|r| Refusal { what: format!("does not answer `--help`: it {}", r.what), ..r })
}

/// An option that a command or one of its subcommands adds twice.
fn conflict(interface: &Interface, depth: u8) -> Option<(&str, &Written)> {
    if let Some((name, at)) = &interface.conflict {
        return Some((name, at));
    }
    let inner = interface.subcommands.iter().filter(|_| depth < MAX_DEPTH).flat_map(|s| &s.commands);
    inner.filter_map(|(_, i)| conflict(i, depth + 1)).next()
}

#[derive(Default)]
struct State {
    refusals: Vec<Refusal>,
    ended: bool,
    /// What ends the commands that are called.
    endings: Vec<Ending>,
    /// Why the command that is asked for help gives none.
    no_help: Option<(String, Written)>,
}

impl State {
    fn refuse(&mut self, subject: &str, what: String, open: Option<&str>, at: Option<&Written>) {
        let what = match open {
            Some(reason) => format!("{what}, as far as is seen: {reason}"),
            None => what,
        };
        let refusal =
            Refusal { what, subject: subject.to_owned(), is_certain: open.is_none(), at: at.cloned() };
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one walk over the words of a command line")]
    fn command(&mut self, interface: &Interface, words: &[Argument], row: &Row, path: &str, depth: u8) {
        let open = interface.open.as_deref();
        self.endings.extend(interface.endings.iter().cloned());
        let of = if path.is_empty() { String::new() } else { format!(" of {path}") };
        let mut given: Vec<&Parameter> = Vec::new();
        let mut positionals: Vec<Option<&str>> = Vec::new();
        let mut at = 0;
        let mut only_positionals = false;
        let mut called: Option<(usize, &str)> = None;
        // With subcommands, what comes before the first of them are this command's own positionals.
        let own: Vec<&Parameter> = interface.parameters.iter().filter(|p| !p.is_option).collect();
        let own_most: Option<usize> = own.iter().map(|p| p.arity.most()).sum();
        while let Some(word) = words.get(at) {
            at += 1;
            if let Argument::Word(text) = word
                && text.starts_with(interface.file_marks.as_slice())
            {
                let reason = format!("the arguments in the file {text} are not read");
                return self.refuse(text, format!("takes what is given to it{of}"), Some(&reason), None);
            }
            let (name, is_placed) = match word {
                Argument::Word(text) if text == "--" && !only_positionals => {
                    only_positionals = true;
                    continue;
                }
                Argument::Word(text) if is_option(text) && !only_positionals => (text.as_str(), false),
                Argument::Option(text) => (text.as_str(), true),
                Argument::Word(text) => {
                    if interface.subcommands.is_some() && positionals.len() >= own_most.unwrap_or(0) {
                        called = Some((at, text));
                        break;
                    }
                    positionals.push(Some(text));
                    // What takes all the rest takes options, too.
                    let rest = own.iter().position(|p| p.arity == Arity::Rest);
                    if rest.is_some_and(|rest| positionals.len() >= rest.max(1)) {
                        break;
                    }
                    continue;
                }
                Argument::Value(_) => {
                    positionals.push(None);
                    continue;
                }
            };
            let met = options_in(interface, name);
            self.ended |= met.iter().any(|(option, _)| option.ends);
            if met.iter().any(|(option, _)| option.ends && option.names.iter().any(|n| n == "--help")) {
                self.no_help = self.no_help.take().or_else(|| interface.no_help.clone());
            }
            given.extend(met.iter().map(|(option, _)| *option));
            match met.last() {
                Some((option, _)) if is_placed && option.arity == Arity::Exactly(0) && !option.ends => {
                    // The tasks of a contract give a required option its value.
                    let what = format!("takes a value for {name}{of}");
                    let reason =
                        "it is a switch that takes none; a switch belongs in `command` or `optional_args`";
                    self.refuse(name, what, Some(reason), Some(&option.at));
                }
                Some((option, _)) if is_placed => {
                    // The contract does not say how many values it gives.
                    if let Arity::Exactly(count) = option.arity
                        && count > 1
                    {
                        let what = format!("needs {count} values for {name}{of}");
                        let reason = "how many the contract gives it is not said";
                        self.refuse(name, what, Some(reason), Some(&option.at));
                    }
                }
                Some((option, value)) => at = self.values(option, value.as_deref(), words, at, &of),
                None if interface.takes_unknown => {}
                None => self.refuse(name, format!("does not know the option {name}{of}"), open, None),
            }
        }
        self.positionals(interface, &own, &positionals, &of, open);
        // Options that stand before a subcommand in the row's list are the subcommand's, so that a group's own options
        // are looked for once.
        for name in &row.optional {
            if called.is_none() && options_in(interface, name).is_empty() && !interface.takes_unknown {
                self.refuse(name, format!("does not know the option {name}{of}"), open, None);
            }
        }
        self.required(interface, &given, &of);
        match (&interface.subcommands, called) {
            (Some(subcommands), Some((rest, name))) => {
                let found = subcommands.commands.iter().find(|(names, _)| names.iter().any(|n| n == name));
                match found {
                    Some((_, inner)) if depth < MAX_DEPTH => {
                        let path = if path.is_empty() { name.to_owned() } else { format!("{path} {name}") };
                        self.command(inner, words.get(rest..).unwrap_or_default(), row, &path, depth + 1);
                    }
                    Some(_) => {
                        let reason = format!("subcommands are followed {MAX_DEPTH} deep");
                        self.refuse(name, format!("takes the subcommand {name}{of}"), Some(&reason), None);
                    }
                    None => {
                        let open = subcommands.open.as_deref().or(open);
                        self.refuse(name, format!("does not know the subcommand {name}{of}"), open, None);
                    }
                }
            }
            (Some(subcommands), None) if subcommands.required != Known::No => {
                let open = match subcommands.required {
                    Known::Yes => None,
                    _ => Some("whether it needs one is not known"),
                };
                self.refuse("subcommand", format!("needs a subcommand{of}, and is given none"), open, None);
            }
            _ => {}
        }
    }

    /// The values of an option that stand in the words; gives where they end.
    fn values(
        &mut self,
        option: &Parameter,
        attached: Option<&str>,
        words: &[Argument],
        start: usize,
        of: &str,
    ) -> usize {
        let name = option.names.first().map(String::as_str).unwrap_or_default();
        let mut at = start;
        // A value of which only a name is known is none.
        let mut values: Vec<Option<String>> = Vec::new();
        match (attached, option.arity) {
            (Some(value), Arity::Exactly(0)) => {
                // `-abc` is three options that take nothing.
                if !value.is_empty() {
                    self.refuse(name, format!("takes no value for {name}{of}"), None, Some(&option.at));
                }
                return at;
            }
            (Some(value), _) => values.push(Some(value.to_owned())),
            (None, arity) => {
                let most = arity.most().unwrap_or(usize::MAX);
                while values.len() < most {
                    let value = match words.get(at) {
                        Some(Argument::Word(word)) if !is_option(word) || arity == Arity::Rest => {
                            Some(word.clone())
                        }
                        Some(Argument::Value(_)) => None,
                        _ => break,
                    };
                    // What takes any number would swallow a subcommand: no one writes that into a contract.
                    values.push(value);
                    at += 1;
                }
            }
        }
        let too_few = option.arity.least().is_some_and(|least| values.len() < least)
            && !(attached.is_some() && option.arity.least().is_some_and(|l| l <= 1));
        if too_few {
            let wanted = option.arity.least().unwrap_or(1);
            self.refuse(
                name,
                format!("needs {wanted} {} for {name}{of}", if wanted == 1 { "value" } else { "values" }),
                None,
                Some(&option.at),
            );
        }
        for value in values.iter().flatten().filter(|v| !v.is_empty()) {
            self.value(option, value, of);
        }
        at
    }

    /// Whether a parameter takes a value.
    fn value(&mut self, parameter: &Parameter, value: &str, of: &str) {
        let name = parameter.names.first().map(String::as_str).unwrap_or_default();
        let what = format!("does not take {value} for {name}{of}");
        let at = Some(&parameter.at);
        let converted = parameter.takes.converted(value);
        let is_choice = parameter.choices.as_ref().is_none_or(|c| c.contains(&converted));
        match (&parameter.takes, parameter.takes.takes(value)) {
            (_, Some(false)) => self.refuse(value, what, None, at),
            _ if !is_choice => self.refuse(value, what, None, at),
            // Choices decide what is known of them.
            (Takes::Open(reason), _) if parameter.choices.is_none() => {
                self.refuse(value, what, Some(reason), at);
            }
            _ => {}
        }
    }

    fn positionals(
        &mut self,
        interface: &Interface,
        own: &[&Parameter],
        given: &[Option<&str>],
        of: &str,
        open: Option<&str>,
    ) {
        let least: Option<usize> =
            own.iter().filter(|p| p.is_certain && p.required == Known::Yes).map(|p| p.arity.least()).sum();
        if let Some(least) = least
            && given.len() < least
        {
            let mut left = given.len();
            let missing = own.iter().filter(|p| p.is_certain && p.required == Known::Yes).find(|p| {
                let needs = p.arity.least().unwrap_or(0);
                let is_missing = left < needs;
                left = left.saturating_sub(needs);
                is_missing
            });
            if let Some(parameter) = missing {
                let name = parameter.names.first().map(String::as_str).unwrap_or_default();
                self.refuse(
                    name,
                    format!("needs the argument {name}{of}, which it is not given"),
                    None,
                    Some(&parameter.at),
                );
            }
        }
        let most: Option<usize> = own.iter().map(|p| p.arity.most()).sum();
        if let Some(most) = most
            && given.len() > most
            && !interface.takes_unknown
        {
            let word = given.get(most).copied().flatten().unwrap_or("a value");
            self.refuse(word, format!("does not take the argument {word}{of}"), open, None);
        }
        // Each word with the parameter that takes it, where all take one.
        if own.iter().all(|p| p.arity == Arity::Exactly(1)) {
            for (parameter, word) in own.iter().zip(given) {
                if let Some(word) = word {
                    self.value(parameter, word, of);
                }
            }
        }
    }

    /// Options that must be given and are not.
    fn required(&mut self, interface: &Interface, given: &[&Parameter], of: &str) {
        let is_given = |p: &Parameter| given.iter().any(|g| std::ptr::eq(*g, p));
        for option in interface.parameters.iter().filter(|p| p.is_option && !is_given(p)) {
            let name = option.names.first().map(String::as_str).unwrap_or_default();
            let what = || format!("needs the option {name}{of}, which the contract does not give it");
            match (option.required, option.is_certain) {
                (Known::No, _) => {}
                (Known::Yes, true) => self.refuse(name, what(), None, Some(&option.at)),
                _ => {
                    let reason = "whether it must be given is known only when it runs";
                    self.refuse(name, what(), Some(reason), Some(&option.at));
                }
            }
        }
        for (index, group) in interface.groups.iter().enumerate() {
            let mut members = interface.parameters.iter().filter(|p| p.group == Some(index)).peekable();
            let names: Vec<&str> =
                members.clone().filter_map(|p| p.names.first().map(String::as_str)).collect();
            let first = members.peek().map(|p| p.at.clone());
            let count = members.filter(|p| is_given(p)).count();
            let all = names.join(", ");
            if count == 0 && group.required != Known::No && !names.is_empty() {
                let open =
                    (group.required == Known::Maybe).then_some("whether it must be given is not known");
                self.refuse(&all, format!("needs one of {all}{of}, and is given none"), open, first.as_ref());
            } else if count > 1 {
                self.refuse(&all, format!("takes only one of {all}{of}"), None, first.as_ref());
            }
        }
    }
}

/// Whether a word is an option rather than a value. A negative number is a value.
fn is_option(word: &str) -> bool {
    word.len() > 1
        && word.starts_with('-')
        && !word.get(1..).unwrap_or_default().starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// The options that a word names, and the value that stands in the same word: one, or several short ones, of which the last
/// may have a value. None if it does not know one of them.
pub(crate) fn options_in<'i>(interface: &'i Interface, word: &str) -> Vec<(&'i Parameter, Option<String>)> {
    let options = || interface.parameters.iter().filter(|p| p.is_option);
    let named = |name: &str| options().find(|p| p.names.iter().any(|n| n == name));
    if let Some(option) = named(word) {
        return vec![(option, None)];
    }
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    if let Some(option) = named(name) {
        return vec![(option, value)];
    }
    if name.starts_with("--") {
        if interface.abbreviates {
            let mut longer = options().filter(|p| p.names.iter().any(|n| n.starts_with(name)));
            if let (Some(option), None) = (longer.next(), longer.next()) {
                return vec![(option, value)];
            }
        }
        return Vec::new();
    }
    // `-fvalue`, `-abc` for `-a -b -c`, and `-abfvalue`.
    let mut met = Vec::new();
    let mut letters = word.strip_prefix('-').unwrap_or(word).chars();
    while let Some(letter) = letters.next() {
        let Some(option) = named(&format!("-{letter}")) else { return Vec::new() };
        if option.arity == Arity::Exactly(0) {
            met.push((option, None));
            continue;
        }
        let rest = letters.as_str();
        met.push((option, (!rest.is_empty()).then(|| rest.to_owned())));
        break;
    }
    met
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::observe::entrypoint::cli::{ExclusiveGroup, Subcommands};

    fn option(name: &str, required: Known, arity: Arity) -> Parameter {
        Parameter { required, ..Parameter::new(vec![name.to_owned()], arity) }
    }

    fn program() -> Interface {
        let run = Interface {
            parameters: vec![
                Parameter { ends: true, ..option("--help", Known::No, Arity::Exactly(0)) },
                Parameter {
                    names: vec!["--profile".to_owned(), "-p".to_owned()],
                    ..option("--profile", Known::Yes, Arity::Exactly(1))
                },
                option("-v", Known::No, Arity::Exactly(0)),
                option("--once", Known::No, Arity::Exactly(0)),
                option("-n", Known::No, Arity::Exactly(1)),
                Parameter {
                    choices: Some(vec!["a".into(), "b".into()]),
                    ..option("--mode", Known::No, Arity::Exactly(1))
                },
            ],
            abbreviates: true,
            ..Interface::default()
        };
        let subcommands =
            Subcommands { required: Known::Yes, commands: vec![(vec!["run".to_owned()], run)], open: None };
        Interface { subcommands: Some(subcommands), abbreviates: true, ..Interface::default() }
    }

    fn told(interface: &Interface, words: &str, required: &[&str], optional: &[&str]) -> String {
        let words = words.split(' ').filter(|w| !w.is_empty()).map(|w| Argument::Word(w.to_owned()));
        let required = required.iter().map(|r| Argument::Option((*r).to_owned()));
        let row = Row {
            required: words.chain(required).collect(),
            optional: optional.iter().map(|o| (*o).to_owned()).collect(),
        };
        refusals(interface, &row).iter().map(|r| r.what.clone()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn rows_are_judged_as_command_lines() {
        let program = program();
        for (words, required, optional, expected) in [
            ("run", &["--profile"][..], &["--once"][..], ""),
            ("run --profile=x --once", &[], &[], ""),
            ("run --prof x", &[], &[], ""),
            ("run --profile x -n5", &[], &[], ""),
            ("run -vn5 -vp x", &[], &[], ""),
            ("run -pvx -n 5", &[], &[], ""),
            ("run -vq --profile x", &[], &[], "does not know the option -vq of run"),
            ("run", &[], &[], "needs the option --profile of run"),
            ("run", &["--profile", "--day"], &[], "does not know the option --day of run"),
            ("run", &["--profile"], &["--day"], "does not know the option --day of run"),
            ("submit", &["--profile"], &[], "does not know the subcommand submit"),
            ("", &["--profile"], &[], "does not know the option --profile; needs a subcommand"),
            ("run --profile", &[], &[], "needs 1 value for --profile"),
            ("run --profile x --once=1", &[], &[], "takes no value for --once"),
            ("run --profile x --mode c", &[], &[], "does not take c for --mode"),
            ("run --profile x extra", &[], &[], "does not take the argument extra"),
        ] {
            let said = told(&program, words, required, optional);
            let right = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
            assert!(right, "{words} {required:?}: {said}");
        }
    }

    #[test]
    fn help_and_values() {
        let number = Parameter { takes: Takes::Int, ..option("--port", Known::No, Arity::Exactly(1)) };
        let own = Parameter {
            takes: Takes::Open("a function decides".to_owned()),
            ..option("--day", Known::No, Arity::Exactly(1))
        };
        let mut program = Interface { parameters: vec![number, own], ..Interface::default() };
        assert!(told(&program, "--port 80", &[], &[]).contains("does not answer `--help`"));
        program.parameters.push(Parameter { ends: true, ..option("--help", Known::No, Arity::Exactly(0)) });
        assert_eq!(told(&program, "--port 80", &[], &[]), "");
        assert_eq!(told(&program, "", &["--port", "--day"], &[]), "");
        assert!(told(&program, "--port http", &[], &[]).contains("does not take http for --port"));
        assert!(told(&program, "--day x", &[], &[]).contains("as far as is seen: a function decides"));
    }

    #[test]
    fn positionals_groups_and_what_is_open() {
        let mut program = Interface {
            parameters: vec![
                Parameter { ends: true, ..option("--help", Known::No, Arity::Exactly(0)) },
                option("input", Known::Yes, Arity::Exactly(1)),
                Parameter { group: Some(0), ..option("--a", Known::No, Arity::Exactly(0)) },
                Parameter { group: Some(0), ..option("--b", Known::No, Arity::Exactly(0)) },
            ],
            groups: vec![ExclusiveGroup { required: Known::Yes }],
            ..Interface::default()
        };
        assert_eq!(told(&program, "x --a", &[], &[]), "");
        assert!(told(&program, "--a", &[], &[]).contains("needs the argument input"));
        assert!(told(&program, "x", &[], &[]).contains("needs one of --a, --b"));
        assert!(told(&program, "x --a --b", &[], &[]).contains("only one of"));
        assert!(told(&program, "x", &["--a"], &[]).contains("it is a switch that takes none"));
        program.open = Some("a plugin adds options".to_owned());
        let row = Row {
            required: vec![
                Argument::Word("x".into()),
                Argument::Option("--c".into()),
                Argument::Word("--a".into()),
            ],
            optional: vec![],
        };
        let told = refusals(&program, &row);
        assert!(told.len() == 1 && !told[0].is_certain, "{told:?}");
        program.takes_unknown = true;
        assert!(refusals(&program, &row).is_empty());
    }
}
