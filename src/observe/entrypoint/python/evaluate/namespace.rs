//! What a parser of argparse keeps of its options, and what a program asks of it once the arguments are parsed:
//! `if args.x is None: parser.error(…)`.

use super::super::super::cli::{self, Argument, Arity, Ending, Interface, Parameter, Row};
use super::super::ast::{Argument as CallArgument, Expr, ExprKind, Stmt, StmtKind};
use super::ending::{Code, code_of};
use super::expression::Arguments;
use super::value::{Scope, Value};
use super::{Evaluator, Root};

/// An option or a positional, and the name that its value is kept under.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The attribute of the namespace.
    name: String,
    /// The option's names; none for a positional.
    options: Vec<String>,
    /// What is kept if it is not given.
    default: Value,
    /// Whether the option itself says so.
    has_default: bool,
    /// What is kept if it is, where the option says so; else it is the value that is given.
    constant: Option<Value>,
    /// Whether the value that is given is kept as it is.
    is_text: bool,
    /// Whether it is the name of a subcommand.
    is_subcommand: bool,
}

impl Kept {
    /// What `add_argument` says of it.
    pub(super) fn of(names: &[String], is_option: bool, action: Option<&str>, arguments: &Arguments) -> Self {
        let long = names.iter().find(|n| n.starts_with("--")).or(names.first());
        let own = long.map(|n| n.trim_start_matches('-').replace('-', "_")).unwrap_or_default();
        let name = arguments.text("dest").unwrap_or(if is_option {
            own
        } else {
            names.first().cloned().unwrap_or_default()
        });
        let switch = match action {
            Some("store_true") => Some(true),
            Some("store_false") => Some(false),
            _ => None,
        };
        let default = match (arguments.keyword("default"), switch) {
            (Some(value), _) => value.clone(),
            (None, Some(on)) => Value::Bool(!on),
            (None, None) => Value::None,
        };
        let is_suppressed = matches!(&default, Value::External(name) if name.ends_with("SUPPRESS"));
        Self {
            name,
            options: if is_option { names.to_vec() } else { Vec::new() },
            default: if is_suppressed || arguments.is_open { Value::Unknown } else { default },
            has_default: arguments.keyword("default").is_some() || arguments.is_open,
            constant: match (switch, action) {
                (Some(on), _) if !names.iter().any(|n| n.starts_with("--no-")) => Some(Value::Bool(on)),
                (None, Some("store")) | (None, None) => None,
                _ => Some(Value::Given),
            },
            is_text: arguments.keyword("type").is_none() && arguments.keyword("nargs").is_none(),
            is_subcommand: false,
        }
    }

    /// The name under which the subcommand is kept.
    pub(super) fn of_subcommand(name: String) -> Self {
        Self {
            name,
            options: Vec::new(),
            default: Value::None,
            has_default: false,
            constant: None,
            is_text: true,
            is_subcommand: true,
        }
    }
}

impl Evaluator<'_, '_> {
    /// The value of an attribute of the parsed arguments, for the words that the program is given.
    pub(super) fn parsed(&self, name: &str) -> Value {
        let mut all = self.kept.iter().filter(|k| k.name == name);
        let (Some(kept), None) = (all.next(), all.next()) else { return Value::Unknown };
        match self.given(kept) {
            Some(value) => value,
            None if kept.options.is_empty() && !kept.is_subcommand => Value::Unknown,
            None => match &kept.default {
                Value::External(_) => Value::Unknown,
                other => other.clone(),
            },
        }
    }

    /// The names of all that is kept.
    pub(super) fn kept_names(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|k| k.name.as_str())
    }

    /// The options that are kept, as the parser finds them in words.
    fn kept_options(&self) -> Interface {
        let parameter = |kept: &Kept| {
            Parameter::new(kept.options.clone(), Arity::Exactly(usize::from(kept.constant.is_none())))
        };
        let options = self.kept.iter().filter(|k| !k.options.is_empty());
        Interface { parameters: options.map(parameter).collect(), abbreviates: true, ..Interface::default() }
    }

    /// The parsers that read the arguments: that of the program, then those of the subcommands that are called.
    pub(super) fn called_parsers(&self) -> Vec<usize> {
        let Some(Root::Parser(first)) = &self.root else { return Vec::new() };
        let mut called = vec![*first];
        for word in &Row::of_arguments(&self.script.arguments).required {
            let Argument::Word(word) = word else { continue };
            let last = called.last().and_then(|p| self.parsers.get(*p));
            called.extend(last.and_then(|parser| parser.subcommand(word)));
        }
        called
    }

    /// What an option is given, if it is.
    fn given(&self, kept: &Kept) -> Option<Value> {
        let row = Row::of_arguments(&self.script.arguments);
        if kept.is_subcommand {
            let is_one = |a: &&Argument| matches!(a, Argument::Word(word) if self.subcommands.contains(word));
            let Some(Argument::Word(word)) = row.required.iter().find(is_one) else { return None };
            return Some(Value::Text(word.as_str().into()));
        }
        let interface = self.kept_options();
        let mut words = row.required.iter().peekable();
        while let Some(word) = words.next() {
            let (Argument::Option(name) | Argument::Word(name)) = word else { continue };
            let met = cli::options_in(&interface, name);
            let is_it = |(option, _): &&(&Parameter, Option<String>)| option.names == kept.options;
            let Some((_, attached)) = met.iter().find(is_it).filter(|_| name.starts_with('-')) else {
                continue;
            };
            let attached = attached.as_deref();
            let next = match words.peek() {
                Some(Argument::Word(next)) if !next.starts_with('-') => Some(next.as_str()),
                _ => None,
            };
            let text = attached.or(next.filter(|_| matches!(word, Argument::Word(_))));
            return Some(match (&kept.constant, text) {
                (Some(constant), _) => constant.clone(),
                (None, Some(text)) if kept.is_text => Value::Text(text.into()),
                _ => Value::Given,
            });
        }
        None
    }

    /// Whether a condition asks for an option that is not given.
    fn asks_for_missing(&self, test: &Expr) -> bool {
        let mut open = vec![test];
        while let Some(one) = open.pop() {
            match &one.kind {
                ExprKind::Attribute(_, name) => {
                    let is_missing =
                        |k: &Kept| k.name == *name && !k.options.is_empty() && self.given(k).is_none();
                    if self.kept.iter().any(is_missing) {
                        return true;
                    }
                }
                ExprKind::Not(e) | ExprKind::Wrapped(e) | ExprKind::Star(e) | ExprKind::Named(_, e) => {
                    open.push(e);
                }
                ExprKind::Compare(a, _, b) | ExprKind::Add(a, b) => open.extend([&**a, &**b]),
                ExprKind::Junction { left, right, .. } => open.extend([&**left, &**right]),
                ExprKind::List(items) | ExprKind::Tuple(items) => open.extend(items),
                ExprKind::Call(_, arguments) => open.extend(arguments.iter().map(|a| match a {
                    CallArgument::Positional(e)
                    | CallArgument::Keyword(_, e)
                    | CallArgument::Star(e)
                    | CallArgument::DoubleStar(e) => e,
                })),
                _ => {}
            }
        }
        false
    }

    /// What a program does with the arguments once they are parsed: `parser.error(…)` and `sys.exit(2)` end it, always or
    /// under a condition.
    pub(super) fn after_parsing(&mut self, rest: &[Stmt], scope: &Scope) {
        self.calls_afterwards(rest, scope);
        self.note_answer(rest, scope);
        self.may_refuse_itself(rest, scope);
        // Whether a value may be another by now than the one that was parsed.
        let mut is_changed = false;
        for statement in rest {
            if let Some(name) = self.unknown_attribute(statement, scope) {
                let what = format!("uses {name} of its arguments, which its parser does not make");
                self.end(&what, scope, statement.line, false);
            }
            match &statement.kind {
                StmtKind::Return(_) => return,
                // How a program ends once it has its arguments is its own business.
                StmtKind::Raise(_) => return,
                StmtKind::Expr(_) if self.is_refusal(statement, scope) => {
                    return self.end("refuses whatever it is given", scope, statement.line, true);
                }
                StmtKind::If(branches) => {
                    for (test, body) in branches {
                        let refusing = body.iter().find(|s| self.refuses(s, scope));
                        let known = test.as_ref().map_or(Some(true), |t| self.asked(t, scope));
                        let is_missing = test.as_ref().is_some_and(|t| self.asks_for_missing(t));
                        match (refusing, known) {
                            (Some(at), Some(true)) => {
                                let what = "refuses what the contract gives it";
                                return self.end(what, scope, at.line, !is_changed);
                            }
                            (Some(at), None) if is_missing => {
                                self.end("may refuse what the contract gives it", scope, at.line, false);
                            }
                            _ => {}
                        }
                        is_changed |= refusing.is_none() && body.iter().any(|s| may_change(&s.kind));
                        if known == Some(true) {
                            break;
                        }
                    }
                }
                kind => is_changed |= may_change(kind),
            }
        }
    }

    /// A name that a statement asks the parsed arguments for, and that nothing gives them.
    fn unknown_attribute(&self, statement: &Stmt, scope: &Scope) -> Option<String> {
        let is_open = self.later_defaults.0 || self.parsers.iter().any(super::argparse::Parser::is_open);
        let (StmtKind::Expr(value) | StmtKind::Assign { value, .. } | StmtKind::Return(Some(value))) =
            &statement.kind
        else {
            return None;
        };
        let is_given = |name: &str| {
            self.kept.iter().any(|k| k.name == name) || self.later_defaults.1.iter().any(|(n, _)| n == name)
        };
        let mut open = vec![value];
        while let Some(one) = open.pop().filter(|_| !is_open) {
            match &one.kind {
                ExprKind::Attribute(object, name) => {
                    let is_parsed = matches!(&object.kind, ExprKind::Name(of) if matches!(scope.get(of), Some(Value::Namespace)));
                    if is_parsed && !name.starts_with('_') && !is_given(name) {
                        return Some(name.clone());
                    }
                    open.push(object);
                }
                ExprKind::Call(function, arguments) => {
                    open.push(function);
                    open.extend(arguments.iter().map(|a| match a {
                        CallArgument::Positional(e)
                        | CallArgument::Keyword(_, e)
                        | CallArgument::Star(e)
                        | CallArgument::DoubleStar(e) => e,
                    }));
                }
                ExprKind::Wrapped(inner) | ExprKind::Not(inner) => open.push(inner),
                ExprKind::List(items) | ExprKind::Tuple(items) => open.extend(items),
                _ => {}
            }
        }
        None
    }

    /// What a condition over the parsed arguments comes to.
    pub(super) fn asked(&self, test: &Expr, scope: &Scope) -> Option<bool> {
        let object = |e: &Expr| match &e.kind {
            ExprKind::Name(name) => scope.get(name),
            _ => None,
        };
        let value = |own: &Self, e: &Expr| match &e.kind {
            ExprKind::Attribute(of, name) if matches!(object(of), Some(Value::Namespace)) => own.parsed(name),
            ExprKind::None => Value::None,
            ExprKind::Text(text) => Value::Text(text.as_str().into()),
            ExprKind::Int(number) => Value::Int(*number),
            ExprKind::Bool(known) => Value::Bool(*known),
            ExprKind::Call(..) | ExprKind::Not(_) | ExprKind::Junction { .. } => {
                own.asked(e, scope).map_or(Value::Unknown, Value::Bool)
            }
            _ => Value::Unknown,
        };
        match &test.kind {
            ExprKind::Call(function, arguments) => {
                let name = function.dotted().unwrap_or_default();
                match (name.as_str(), arguments.as_slice()) {
                    ("bool", [CallArgument::Positional(inner)]) => self.asked(inner, scope),
                    ("any" | "all", [CallArgument::Positional(inner)]) => {
                        let (ExprKind::List(items) | ExprKind::Tuple(items)) = &inner.kind else {
                            return None;
                        };
                        let decides = name == "any";
                        let answers: Vec<Option<bool>> = items.iter().map(|i| self.asked(i, scope)).collect();
                        if answers.contains(&Some(decides)) {
                            return Some(decides);
                        }
                        answers.iter().all(Option::is_some).then_some(!decides)
                    }
                    _ => None,
                }
            }
            ExprKind::Wrapped(inner) => self.asked(inner, scope),
            ExprKind::Not(inner) => self.asked(inner, scope).map(|known| !known),
            ExprKind::Junction { is_and, left, right } => {
                match (self.asked(left, scope), self.asked(right, scope)) {
                    (Some(known), _) | (_, Some(known)) if known != *is_and => Some(known),
                    (Some(_), Some(known)) => Some(known),
                    _ => None,
                }
            }
            ExprKind::Compare(left, operator, right) => {
                let (one, two) = (value(self, left), value(self, right));
                super::value::truth(&super::expression::compare(&one, *operator, &two))
            }
            _ => super::value::truth(&value(self, test)),
        }
    }

    pub(super) fn end(&mut self, what: &str, scope: &Scope, line: u32, is_certain: bool) {
        let at = self.written(scope, line);
        let what = format!("{what} ({})", self.place(scope, line));
        self.endings.push(Ending { what, at, is_certain });
    }

    /// `parser.error(…)`
    fn is_refusal(&self, statement: &Stmt, scope: &Scope) -> bool {
        let StmtKind::Expr(Expr { kind: ExprKind::Call(function, _), .. }) = &statement.kind else {
            return false;
        };
        let ExprKind::Attribute(object, method) = &function.kind else { return false };
        let ExprKind::Name(name) = &object.kind else { return false };
        method == "error" && matches!(scope.get(name), Some(Value::Parser(..)))
    }

    /// `parser.error(…)`, `sys.exit(2)`, `raise SystemExit("no")`.
    pub(super) fn refuses(&self, statement: &Stmt, scope: &Scope) -> bool {
        let literal = literal_code;
        match &statement.kind {
            StmtKind::Raise(Some(Expr { kind: ExprKind::Call(function, arguments), .. })) => {
                let is_end = function.dotted().as_deref() == Some("SystemExit");
                !is_end || literal(arguments) == Code::Bad
            }
            StmtKind::Raise(Some(raised)) => raised.dotted().as_deref() != Some("SystemExit"),
            StmtKind::Expr(Expr { kind: ExprKind::Call(function, arguments), .. }) => {
                let name = function.dotted().unwrap_or_default();
                let is_parser = |object: &Expr| {
                    let ExprKind::Name(name) = &object.kind else { return false };
                    matches!(scope.get(name), Some(Value::Parser(..)))
                };
                match &function.kind {
                    ExprKind::Attribute(object, method) if method == "error" => is_parser(object),
                    ExprKind::Attribute(object, method) if method == "exit" && is_parser(object) => {
                        literal(arguments) == Code::Bad
                    }
                    _ => {
                        matches!(name.as_str(), "sys.exit" | "exit" | "quit" | "os._exit")
                            && literal(arguments) == Code::Bad
                    }
                }
            }
            _ => false,
        }
    }

    /// `parser.set_defaults(x=…)`
    pub(super) fn set_defaults(&mut self, arguments: &Arguments) {
        if arguments.is_open {
            self.kept.iter_mut().for_each(|k| k.default = Value::Unknown);
            self.later_defaults.0 = true;
        }
        for (name, value) in &arguments.keywords {
            for kept in self.kept.iter_mut().filter(|k| k.name == *name) {
                kept.default = value.clone();
            }
            self.later_defaults.1.push((name.clone(), value.clone()));
        }
    }

    /// Notes what a parser keeps.
    pub(super) fn keep(&mut self, mut kept: Kept) {
        let (is_open, known) = &self.later_defaults;
        if let Some((_, value)) =
            known.iter().rev().find(|(n, _)| *n == kept.name).filter(|_| !kept.has_default)
        {
            kept.default = value.clone();
        } else if *is_open && !kept.has_default {
            kept.default = Value::Unknown;
        }
        self.kept.push(kept);
    }
}

/// The code that arguments of `sys.exit(…)` are, if they are written out.
pub(super) fn literal_code(arguments: &[CallArgument]) -> Code {
    match arguments.first() {
        None => Code::Good,
        Some(CallArgument::Positional(value)) => code_of_literal(value),
        // `typer.Exit(code=3)`
        Some(CallArgument::Keyword(name, value)) if name == "code" => code_of_literal(value),
        Some(_) => Code::Unknown,
    }
}

/// The code that a value is, if it is written out.
pub(super) fn code_of_literal(value: &Expr) -> Code {
    match &value.kind {
        ExprKind::Int(number) => code_of(Some(&Value::Int(*number))),
        ExprKind::Bool(known) => code_of(Some(&Value::Bool(*known))),
        ExprKind::Text(_) | ExprKind::Format(_) => Code::Bad,
        ExprKind::None => Code::Good,
        _ => Code::Unknown,
    }
}

/// Whether a statement may give a parsed argument another value.
fn may_change(kind: &StmtKind) -> bool {
    let is_writing = matches!(
        kind,
        StmtKind::Assign { .. } | StmtKind::Augment { .. } | StmtKind::Annotate { .. } | StmtKind::For { .. }
    );
    is_writing || kind.bodies().into_iter().flatten().any(|s| may_change(&s.kind))
}
