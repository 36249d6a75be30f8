//! getopt: options as letters and words. What a program does with them afterwards is its own business, and is looked at for
//! refusals alone. <https://docs.python.org/3/library/getopt.html>

use super::super::super::cli::{Arity, Parameter};
use super::super::ast::{Stmt, StmtKind};
use super::expression::Arguments;
use super::value::{Scope, Value, text_of, texts_of};
use super::{Evaluator, Root};

/// The options that `getopt` is told, as parameters; nothing if they are not known.
fn parameters(arguments: &Arguments) -> Option<Vec<Parameter>> {
    let short = arguments.positional.get(1).or(arguments.keyword("shortopts")).and_then(text_of)?;
    let long = match arguments.positional.get(2).or(arguments.keyword("longopts")) {
        None => Vec::new(),
        // One option may stand for itself.
        Some(Value::Text(one)) => vec![one.to_string()],
        Some(list) => texts_of(list)?,
    };
    let mut all = Vec::new();
    let mut letters = short.trim_start_matches(['+', '-']).chars().peekable();
    while let Some(letter) = letters.next() {
        let takes = letters.next_if_eq(&':').is_some();
        // A second colon makes the value optional, from 3.14 on.
        let is_optional = letters.next_if_eq(&':').is_some();
        let arity = if is_optional { Arity::Unknown } else { Arity::Exactly(usize::from(takes)) };
        all.push(Parameter::new(vec![format!("-{letter}")], arity));
    }
    for name in long {
        let arity = match name.strip_suffix('=') {
            Some(_) => Arity::Exactly(1),
            None if name.ends_with('?') => Arity::Unknown,
            None => Arity::Exactly(0),
        };
        all.push(Parameter::new(vec![format!("--{}", name.trim_end_matches(['=', '?']))], arity));
    }
    // What is left over is the program's own business.
    all.push(Parameter::new(vec!["arguments".to_owned()], Arity::Any));
    Some(all)
}

impl Evaluator<'_, '_> {
    /// `getopt.getopt(sys.argv[1:], "hp:", ["help", "profile="])`
    pub(super) fn getopt(&mut self, arguments: &Arguments, scope: &Scope, line: u32) -> Value {
        let place = self.place(scope, line);
        let is_own =
            matches!(arguments.positional.first().or(arguments.keyword("args")), Some(Value::ArgvWords));
        let known = parameters(arguments).filter(|_| is_own && !arguments.is_open);
        let Some(parameters) = known else {
            let reason = format!("what getopt is told, or given, is not known ({place})");
            self.foreign.get_or_insert(reason);
            return Value::Unknown;
        };
        let is_caught = self.caught > 0;
        let index = self.plain_parser(parameters);
        if is_caught {
            let reason =
                format!("what it does about an option that it does not know is not followed ({place})");
            self.open_parser(index, reason);
        }
        self.refuses_itself = true;
        self.reach(Root::Parser(index), scope, line);
        Value::List(vec![Value::Unknown, Value::ArgvRest].into())
    }

    /// Notes that a program may refuse its options, where it reads them by itself.
    pub(super) fn may_refuse_itself(&mut self, rest: &[Stmt], scope: &Scope) {
        if !self.refuses_itself {
            return;
        }
        if let Some(at) = rest.iter().find(|s| self.has_refusal(s, scope)) {
            let what = "may refuse what the contract gives it, or want more";
            self.end(what, scope, at.line, false);
        }
    }

    fn has_refusal(&self, statement: &Stmt, scope: &Scope) -> bool {
        match &statement.kind {
            StmtKind::Function(_) | StmtKind::Class { .. } => false,
            StmtKind::Assert(_) | StmtKind::Raise(_) => true,
            kind => {
                self.refuses(statement, scope)
                    || kind.bodies().into_iter().flatten().any(|s| self.has_refusal(s, scope))
            }
        }
    }
}
