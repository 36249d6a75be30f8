//! Expressions.

use std::rc::Rc;

use super::super::ast::{Argument, Comparison, Expr, ExprKind};
use super::statement::MAX_ROUNDS;
use super::value::{Scope, Value, equal, text_of, truth};
use super::{Evaluator, MAX_DEPTH, mutation};

/// The arguments of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Value>,
    pub(super) keywords: Vec<(String, Value)>,
    /// Whether there may be more: `*values`, `**options` that are not known.
    pub(super) is_open: bool,
}

impl Arguments {
    pub(super) fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// A text given by name.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.keyword(name).and_then(text_of)
    }
}

/// The longest text, in bytes, and the longest list that are made of others.
pub(super) const MAX_VALUE: usize = 1 << 16;

/// What `+` makes of two values.
pub(super) fn sum(one: &Value, two: &Value) -> Value {
    match (one, two) {
        (Value::Text(a), Value::Text(b)) if a.len() + b.len() <= MAX_VALUE => {
            Value::Text(format!("{a}{b}").into())
        }
        (Value::List(a), Value::List(b)) if a.len() + b.len() <= MAX_VALUE => {
            Value::List(Rc::new(a.iter().chain(b.iter()).cloned().collect()))
        }
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map_or(Value::Unknown, Value::Int),
        _ => Value::Unknown,
    }
}

/// `range(least, most, step)`
pub(super) fn range(arguments: &Arguments) -> Value {
    let numbers = arguments.positional.iter().map(|v| if let Value::Int(n) = v { Some(*n) } else { None });
    let Some(numbers) = numbers.collect::<Option<Vec<i64>>>() else { return Value::Unknown };
    let (least, most, step) = match numbers.as_slice() {
        [most] => (0, *most, 1),
        [least, most] => (*least, *most, 1),
        [least, most, step] if *step > 0 => (*least, *most, *step),
        _ => return Value::Unknown,
    };
    let Ok(step) = usize::try_from(step) else { return Value::Unknown };
    let all: Vec<Value> = (least..most).step_by(step).take(MAX_ROUNDS + 1).map(Value::Int).collect();
    if all.len() > MAX_ROUNDS { Value::Unknown } else { Value::List(all.into()) }
}

impl<'m> Evaluator<'m, '_> {
    pub(super) fn expression(&mut self, expression: &'m Expr, scope: &Scope) -> Value {
        if !self.step() || self.depth >= MAX_DEPTH {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.value(expression, scope);
        self.depth -= 1;
        value
    }

    /// An expression that may be evaluated or not.
    fn perhaps_value(&mut self, expression: &'m Expr, scope: &Scope) -> Value {
        self.maybe += 1;
        let value = self.expression(expression, scope);
        self.maybe -= 1;
        value
    }

    #[expect(clippy::too_many_lines, reason = "one match over the kinds of expressions")]
    fn value(&mut self, expression: &'m Expr, scope: &Scope) -> Value {
        match &expression.kind {
            ExprKind::Text(text) => Value::Text(text.as_str().into()),
            ExprKind::Int(number) => Value::Int(*number),
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::None => Value::None,
            ExprKind::Ellipsis => Value::External("...".into()),
            ExprKind::Name(name) => {
                scope.get(name).unwrap_or_else(|| Value::External(format!("builtins.{name}").into()))
            }
            ExprKind::Attribute(object, name) => {
                let of = self.expression(object, scope);
                self.uses_docstring(object, &of, scope);
                self.attribute(of, name, scope, expression.line)
            }
            ExprKind::Call(function, arguments) => {
                let callee = self.expression(function, scope);
                let arguments = self.arguments(arguments, scope);
                self.hands_on(&callee, function, &arguments, scope);
                let value = self.call(&callee, &arguments, scope, expression.line);
                if let Value::Bound(object, name) = &callee
                    && mutation::changes(name)
                {
                    self.change(object, name, &arguments, scope);
                }
                value
            }
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                let mut out = Vec::new();
                for item in items {
                    match &item.kind {
                        ExprKind::Star(inner) => match self.expression(inner, scope) {
                            Value::List(more) => out.extend(more.iter().cloned()),
                            _ => return Value::Unknown,
                        },
                        _ => out.push(self.expression(item, scope)),
                    }
                }
                Value::List(Rc::new(out))
            }
            ExprKind::Dict(pairs) => {
                let mut out = Vec::new();
                for (key, value) in pairs {
                    let value = self.expression(value, scope);
                    match (key, value) {
                        (Some(key), value) => out.push((self.expression(key, scope), value)),
                        (None, Value::Dict(more)) => out.extend(more.iter().cloned()),
                        (None, _) => return Value::Unknown,
                    }
                }
                Value::Dict(Rc::new(out))
            }
            ExprKind::Wrapped(inner) | ExprKind::Star(inner) => self.expression(inner, scope),
            ExprKind::Named(name, inner) => {
                let value = self.expression(inner, scope);
                scope.set(name, value.clone());
                value
            }
            ExprKind::Not(inner) => match self.test(inner, scope) {
                Some(known) => Value::Bool(!known),
                None => Value::Unknown,
            },
            ExprKind::Junction { is_and, left, right } => {
                let first = self.expression(left, scope);
                match truth(&first) {
                    Some(known) if known != *is_and => first,
                    Some(_) => self.expression(right, scope),
                    None => {
                        let second = self.perhaps_value(right, scope);
                        // Whichever the first is, `x and False` is false.
                        if truth(&second) == Some(!*is_and) && *is_and { second } else { Value::Unknown }
                    }
                }
            }
            ExprKind::Compare(left, operator, right) => {
                if let Some(known) = self.guards(scope.module).holds(expression) {
                    return Value::Bool(known);
                }
                let (one, two) = (self.expression(left, scope), self.expression(right, scope));
                compare(&one, *operator, &two)
            }
            ExprKind::Add(left, right) => {
                let (one, two) = (self.expression(left, scope), self.expression(right, scope));
                self.uses_docstring(left, &one, scope);
                sum(&one, &two)
            }
            ExprKind::Choice { test, then, otherwise } => match self.test(test, scope) {
                Some(true) => self.expression(then, scope),
                Some(false) => self.expression(otherwise, scope),
                None => {
                    let (one, two) = (self.perhaps_value(then, scope), self.perhaps_value(otherwise, scope));
                    if equal(&one, &two) == Some(true) { one } else { Value::Unknown }
                }
            },
            ExprKind::Format(parts) => {
                let mut text = String::new();
                for part in parts {
                    match self.expression(part, scope) {
                        Value::Text(part) => text.push_str(&part),
                        Value::Int(number) => text.push_str(&number.to_string()),
                        _ => return Value::Unknown,
                    }
                    if text.len() > MAX_VALUE {
                        return Value::Unknown;
                    }
                }
                Value::Text(text.into())
            }
            ExprKind::Subscript(value, of) => self.subscript(value, of, scope),
            ExprKind::Comprehension { element, target, iterable, has_conditions } => {
                let iterable = self.expression(iterable, scope);
                let items = match iterable {
                    Value::List(items) => items,
                    Value::Class(class) => match self.members(class) {
                        Some(Value::List(items)) => items,
                        _ => return Value::Unknown,
                    },
                    Value::Dict(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>().into(),
                    _ => return Value::Unknown,
                };
                if *has_conditions || items.len() > MAX_ROUNDS {
                    return Value::Unknown;
                }
                let mut out = Vec::new();
                for item in items.iter() {
                    self.assign(target, item.clone(), scope);
                    out.push(self.expression(element, scope));
                }
                Value::List(Rc::new(out))
            }
            ExprKind::Operation(left, right) => {
                let of = self.expression(left, scope);
                self.uses_docstring(left, &of, scope);
                self.expression(right, scope);
                Value::Unknown
            }
            ExprKind::ByZero => {
                self.fails("divides by zero", scope, expression.line, true);
                Value::Unknown
            }
            ExprKind::Other => Value::Unknown,
        }
    }

    /// Notes that a function that is not known is given a part of the command line: a parser of its own may read it.
    fn hands_on(&mut self, callee: &Value, function: &Expr, arguments: &Arguments, scope: &Scope) {
        let is_part = |v: &Value| matches!(v, Value::ArgvPart | Value::ArgvRest);
        let is_log = matches!(&function.kind, ExprKind::Attribute(_, name)
            if ["debug", "info", "warning", "warn", "error", "exception", "critical", "log"].contains(&name.as_str()));
        if matches!(callee, Value::Unknown)
            && self.root.is_none()
            && !is_log
            && arguments.positional.iter().any(is_part)
        {
            let place = self.place(scope, function.line);
            self.alter_once(format!("a function that is not known reads a part of its arguments ({place})"));
        }
    }

    fn subscript(&mut self, value: &'m Expr, of: &'m [Expr], scope: &Scope) -> Value {
        let object = self.expression(value, scope);
        self.uses_docstring(value, &object, scope);
        let keys: Vec<Value> = of.iter().map(|k| self.expression(k, scope)).collect();
        match (&object, keys.as_slice()) {
            (Value::List(items), [Value::Int(index)]) => {
                let index = usize::try_from(*index).ok();
                index.and_then(|i| items.get(i)).cloned().unwrap_or(Value::Unknown)
            }
            (Value::Dict(pairs), [key]) => {
                let found = pairs.iter().find(|(k, _)| equal(k, key) == Some(true)).map(|(_, v)| v.clone());
                let is_missing = pairs.iter().all(|(k, _)| equal(k, key) == Some(false));
                if let (Some(key), true, false) = (text_of(key), is_missing, pairs.is_empty()) {
                    self.fails(&format!("looks {key} up, which is not there"), scope, value.line, true);
                }
                found.unwrap_or(Value::Unknown)
            }
            (Value::Argv, [Value::Int(at)]) => self.argv_word(*at, scope, value.line),
            (Value::ArgvWords, [Value::Int(at @ 0..)]) => {
                self.argv_word(at.saturating_add(1), scope, value.line)
            }
            (Value::External(name), [key]) if &**name == "os.environ" => {
                if let Some(variable) = text_of(key) {
                    self.needs_variable(&variable, scope, value.line);
                }
                Value::Unknown
            }
            (Value::Class(class), [Value::Text(name)]) if self.is_enumeration(*class) => {
                let name = name.to_string();
                self.attribute(object.clone(), &name, scope, value.line)
            }
            (whole @ (Value::Argv | Value::ArgvWords), _) => {
                let text = self.loaded.get(scope.module).map(|l| l.module.text).unwrap_or_default();
                let part = of.first().and_then(|k| text.get(k.range.clone())).unwrap_or_default();
                let part: String = part.chars().filter(|c| !c.is_whitespace()).collect();
                // `sys.argv[1:]` is all that a program is given.
                match (part.as_str(), whole) {
                    (":" | "0:", whole) => whole.clone(),
                    ("1:", Value::Argv) => Value::ArgvWords,
                    _ => Value::ArgvPart,
                }
            }
            (Value::ArgvPart | Value::ArgvRest, [Value::Int(_)]) => Value::Unknown,
            (Value::ArgvPart | Value::ArgvRest, _) => Value::ArgvPart,
            // `Annotated[str, typer.Option()]`: what says how it is given.
            (Value::External(name), keys) if name.ends_with(".Annotated") => {
                let known = keys.iter().find(|k| matches!(k, Value::TyperParameter(_)));
                known.cloned().unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }

    pub(super) fn arguments(&mut self, arguments: &'m [Argument], scope: &Scope) -> Arguments {
        let mut out = Arguments::default();
        for argument in arguments {
            match argument {
                Argument::Positional(value) => {
                    let value = self.expression(value, scope);
                    out.positional.push(value);
                }
                Argument::Keyword(name, value) => {
                    let value = self.expression(value, scope);
                    out.keywords.push((name.clone(), value));
                }
                Argument::Star(value) => match self.expression(value, scope) {
                    Value::List(items) => out.positional.extend(items.iter().cloned()),
                    _ => out.is_open = true,
                },
                Argument::DoubleStar(value) => match self.expression(value, scope) {
                    Value::Dict(pairs) => {
                        for (key, value) in pairs.iter() {
                            match text_of(key) {
                                Some(name) => out.keywords.push((name, value.clone())),
                                None => out.is_open = true,
                            }
                        }
                    }
                    _ => out.is_open = true,
                },
            }
        }
        out
    }
}

pub(super) fn compare(one: &Value, operator: Comparison, two: &Value) -> Value {
    let known = match operator {
        Comparison::Equal | Comparison::Is => equal(one, two),
        Comparison::NotEqual | Comparison::IsNot => equal(one, two).map(|e| !e),
        Comparison::In | Comparison::NotIn => match two {
            Value::List(items) => {
                let answers: Vec<Option<bool>> = items.iter().map(|i| equal(one, i)).collect();
                let is_in = if answers.contains(&Some(true)) {
                    Some(true)
                } else if answers.iter().all(|a| *a == Some(false)) {
                    Some(false)
                } else {
                    None
                };
                is_in.map(|i| i == (operator == Comparison::In))
            }
            _ => None,
        },
        _ => match (one, two) {
            (Value::Int(one), Value::Int(two)) => Some(match operator {
                Comparison::Less => one < two,
                Comparison::LessOrEqual => one <= two,
                Comparison::Greater => one > two,
                _ => one >= two,
            }),
            _ => None,
        },
    };
    known.map_or(Value::Unknown, Value::Bool)
}
