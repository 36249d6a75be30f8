//! What an expression stands for once the arguments are parsed, as far as it is known.

use super::super::super::ast::{Argument, Expr, ExprKind, StmtKind};
use super::super::Evaluator;
use super::super::value::{Value, equal, text_of};
use super::Walk;

/// How deep expressions are followed.
const MAX_DEPTH: u8 = 20;

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Value(Value),
    /// An object of a class of the project.
    Object(usize),
}

impl Evaluator<'_, '_> {
    /// What an expression stands for, if that is known.
    pub(super) fn seen(&self, expression: &Expr, walk: &Walk<'_>, depth: u8) -> Option<Seen> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let text = |e: &Expr| match self.seen(e, walk, depth + 1)? {
            Seen::Value(value) => text_of(&value),
            Seen::Object(_) => None,
        };
        let known = |text: String| Some(Seen::Value(Value::Text(text.into())));
        match &expression.kind {
            ExprKind::Name(name) => match walk.known.get(name) {
                Some(known) => Some(known.clone()),
                None => of_value(walk.scope.get(name).filter(|_| !walk.locals.contains(name))?, self),
            },
            ExprKind::Text(text) => known(text.clone()),
            ExprKind::Add(a, b) => known(text(a)? + &text(b)?),
            ExprKind::Format(parts) => known(parts.iter().map(text).collect::<Option<Vec<_>>>()?.concat()),
            ExprKind::Wrapped(inner) => self.seen(inner, walk, depth + 1),
            ExprKind::Call(function, arguments) => match (function.dotted().as_deref(), arguments.as_slice())
            {
                (Some("getattr"), [Argument::Positional(object), Argument::Positional(name)]) => {
                    self.attribute_seen(object, &text(name)?, walk, depth)
                }
                _ => match self.seen(function, walk, depth + 1)? {
                    Seen::Value(Value::Class(class)) => Some(Seen::Object(class)),
                    _ => None,
                },
            },
            ExprKind::Attribute(object, name) => self.attribute_seen(object, name, walk, depth),
            ExprKind::Subscript(object, keys) => {
                let (Seen::Value(Value::Dict(pairs)), [key]) =
                    (self.seen(object, walk, depth + 1)?, keys.as_slice())
                else {
                    return None;
                };
                let key = Value::Text(text(key)?.into());
                let found = pairs.iter().find(|(k, _)| equal(k, &key) == Some(true));
                of_value(found?.1.clone(), self)
            }
            _ => None,
        }
    }

    fn attribute_seen(&self, object: &Expr, name: &str, walk: &Walk<'_>, depth: u8) -> Option<Seen> {
        let value = match self.seen(object, walk, depth + 1)? {
            Seen::Object(class) => self.member(class, name, &Value::Unknown)?,
            Seen::Value(Value::Namespace) => self.parsed(name),
            Seen::Value(Value::Module(index)) => {
                let own = self.loaded.get(index).and_then(|l| l.scope.names.borrow().get(name).cloned());
                own.or_else(|| self.module_of_package(index, name))?
            }
            // A plain function of a class is called with an object first.
            Seen::Value(Value::Class(class)) => self.member(class, name, &Value::Unknown)?,
            Seen::Value(_) => return None,
        };
        of_value(value, self)
    }

    /// The functions of the project that an expression may stand for, each with whether it is given an object first.
    pub(super) fn callees(&self, function: &Expr, walk: &Walk<'_>) -> Vec<(usize, bool)> {
        if let ExprKind::Attribute(object, name) = &function.kind
            && let Some(Seen::Value(Value::Namespace)) = self.seen(object, walk, 0)
        {
            // `args.func(args)`: one of those that `set_defaults` gave.
            return self.given_functions(name);
        }
        let is_of_class = matches!(&function.kind, ExprKind::Attribute(object, _)
            if matches!(self.seen(object, walk, 0), Some(Seen::Value(Value::Class(_)))));
        match self.seen(function, walk, 0) {
            Some(Seen::Value(Value::Function(index))) => vec![(index, false)],
            Some(Seen::Value(Value::Method(_, index))) => {
                // One that is asked of its class is given the object by its caller.
                let is_given = !is_of_class;
                vec![(index, is_given)]
            }
            Some(Seen::Value(Value::Class(index))) => match self.member(index, "__init__", &Value::Unknown) {
                Some(Value::Method(_, function)) => vec![(function, true)],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The class of the object that a call makes, or whose method it calls.
    pub(super) fn class_called(&self, function: &Expr, walk: &Walk<'_>) -> Option<usize> {
        if let Some(Seen::Value(Value::Class(class))) = self.seen(function, walk, 0) {
            return Some(class);
        }
        let object = match &function.kind {
            ExprKind::Attribute(object, _) => object,
            ExprKind::Call(_, arguments) => arguments.first()?.value(),
            _ => return None,
        };
        match self.seen(object, walk, 0)? {
            Seen::Object(class) => Some(class),
            Seen::Value(_) => None,
        }
    }

    /// A class of which a call makes an object although it is abstract, and the method that is missing.
    pub(super) fn abstract_in(&self, function: &Expr, walk: &Walk<'_>) -> Option<(String, String)> {
        match self.seen(function, walk, 0)? {
            Seen::Value(Value::Class(class)) => self.abstract_method(class),
            _ => None,
        }
    }

    /// The functions that `set_defaults` keeps under a name for the subcommand that is called; none if there may be
    /// others.
    fn given_functions(&self, name: &str) -> Vec<(usize, bool)> {
        let called = self.called_parsers();
        let all = || self.defaults_of.iter().filter(|(_, n, _)| n == name);
        // The defaults of a subcommand replace those of the whole.
        let own = called.iter().rev().find_map(|parser| all().rev().find(|(p, ..)| p == parser));
        let known: Vec<&Value> = match own {
            Some((_, _, value)) => vec![value],
            None => all().map(|(_, _, value)| value).collect(),
        };
        let functions =
            known.iter().map(|v| if let Value::Function(i) = v { Some((*i, false)) } else { None });
        functions.collect::<Option<Vec<_>>>().filter(|_| !self.later_defaults.0).unwrap_or_default()
    }

    /// An attribute that a module or a class of the project does not have, in full, and of what it is one.
    pub(super) fn missing_attribute(
        &self,
        object: &Expr,
        name: &str,
        walk: &Walk<'_>,
    ) -> Option<(String, &'static str)> {
        match self.seen(object, walk, 0)? {
            Seen::Value(Value::Module(index)) => Some((self.lacking(index, name)?, "module")),
            Seen::Object(class) | Seen::Value(Value::Class(class)) => {
                Some((self.lacking_in_class(class, name)?, "class"))
            }
            Seen::Value(_) => None,
        }
    }

    /// The same for `getattr(object, "name")`. Which name it is may be made of the arguments.
    pub(super) fn missing_by_name(&self, call: &Expr, walk: &Walk<'_>) -> Option<String> {
        let ExprKind::Call(function, arguments) = &call.kind else { return None };
        let [Argument::Positional(object), Argument::Positional(name)] = arguments.as_slice() else {
            return None;
        };
        if function.dotted().as_deref() != Some("getattr") {
            return None;
        }
        match (self.seen(object, walk, 0)?, self.seen(name, walk, 0)?) {
            (Seen::Object(class), Seen::Value(Value::Text(name))) => self.lacks_by_text(class, &name),
            _ => None,
        }
    }

    /// The names of the parsed arguments in `**vars(args)`, if all are known.
    pub(super) fn names_of_arguments(&self, all: &Expr, walk: &Walk<'_>) -> Option<Vec<&str>> {
        let ExprKind::Call(function, arguments) = &all.kind else { return None };
        let [Argument::Positional(of)] = arguments.as_slice() else { return None };
        let is_vars = function.dotted().as_deref() == Some("vars");
        let is_parsed = matches!(self.seen(of, walk, 0), Some(Seen::Value(Value::Namespace)));
        // With subcommands, which options there are hangs on the one that is called.
        let is_closed = self.parsers.iter().all(|p| p.is_plain_and_closed()) && self.parsers.len() == 1;
        (is_vars && is_parsed && is_closed && !self.later_defaults.0).then(|| {
            let later = self.later_defaults.1.iter().map(|(name, _)| name.as_str());
            let mut names: Vec<&str> = self.kept_names().chain(later).collect();
            names.sort_unstable();
            names.dedup();
            names
        })
    }

    /// Notes what a statement makes of names: an object of a class of the project, or something else.
    pub(super) fn note_objects(&self, statement: &StmtKind, walk: &mut Walk<'_>) {
        let StmtKind::Assign { targets, value } = statement else { return };
        let made = match (&value.kind, self.seen(value, walk, 0)) {
            (ExprKind::Call(..), Some(Seen::Object(class))) => Some(class),
            _ => None,
        };
        for target in targets {
            match (&target.kind, made) {
                (ExprKind::Name(name), Some(class)) => {
                    drop(walk.known.insert(name.clone(), Seen::Object(class)));
                }
                (ExprKind::Name(name), None) => drop(walk.known.remove(name)),
                (ExprKind::Tuple(_) | ExprKind::List(_), _) => walk.known.clear(),
                _ => {}
            }
        }
    }
}

fn of_value(value: Value, evaluator: &Evaluator<'_, '_>) -> Option<Seen> {
    match value {
        Value::Object(index) => evaluator.objects.get(index).map(|(class, _)| Seen::Object(*class)),
        Value::Unknown => None,
        other => Some(Seen::Value(other)),
    }
}
