//! Values of a bake file as a shell has them in double quotes: variables stay variables.

use std::collections::BTreeMap;

use super::{UNKNOWN, Values};
use seaworthy_aws::terraform::{Expression, Piece};

/// How deep expressions are followed.
const MAX_DEPTH: u8 = 40;

/// A function of a bake file: its parameters, and what it gives.
pub(super) struct Function {
    pub(super) parameters: Vec<String>,
    pub(super) result: Expression,
}

/// What a value may name.
pub(super) struct Scope<'d> {
    pub(super) functions: &'d BTreeMap<String, Function>,
    /// Parameters of the function that is called.
    pub(super) locals: Values,
    pub(super) depth: u8,
}

/// A text as it is within double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Scope<'_> {
    /// The text that an expression gives.
    pub(super) fn text(&self, expression: &Expression) -> String {
        if self.depth >= MAX_DEPTH {
            return UNKNOWN.to_owned();
        }
        match expression {
            Expression::Null => String::new(),
            Expression::Bool(value) => value.to_string(),
            Expression::Number(number) => number.clone(),
            Expression::Template(pieces) => pieces.iter().map(|piece| self.piece(piece)).collect(),
            Expression::Name(name) => match self.locals.get(name) {
                Some(value) => value.clone(),
                None if is_variable(name) => format!("${{{name}}}"),
                None => UNKNOWN.to_owned(),
            },
            Expression::Call { name, arguments, expands: false } => self.call(name, arguments),
            _ => UNKNOWN.to_owned(),
        }
    }

    fn piece(&self, piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => quoted(text),
            Piece::Value(value) => self.text(value),
            _ => UNKNOWN.to_owned(),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> String {
        let given: Vec<String> = arguments.iter().map(|a| self.text(a)).collect();
        let Some(function) = self.functions.get(name) else { return UNKNOWN.to_owned() };
        if given.len() != function.parameters.len() {
            return UNKNOWN.to_owned();
        }
        let locals = function.parameters.iter().cloned().zip(given).collect();
        Scope { functions: self.functions, locals, depth: self.depth + 1 }.text(&function.result)
    }

    /// The texts of a list; one that is not known is one value that is not.
    pub(super) fn texts(&self, expression: &Expression) -> Vec<String> {
        match expression {
            Expression::List(items) => items.iter().map(|(_, item)| self.item(item)).collect(),
            Expression::Null => Vec::new(),
            _ => vec![UNKNOWN.to_owned()],
        }
    }

    /// An item of a list: a text, or an object such as `{ type = "registry" }` as `type=registry`.
    fn item(&self, item: &Expression) -> String {
        let Expression::Object(pairs) = item else { return self.text(item) };
        let pair = |(key, value): &(Expression, Expression)| format!("{}={}", name_of(key), self.text(value));
        pairs.iter().map(pair).collect::<Vec<_>>().join(",")
    }

    /// The values of an object; nothing if it is not known.
    pub(super) fn values(&self, expression: &Expression) -> Option<Values> {
        match expression {
            Expression::Object(pairs) => {
                let null = |value: &Expression| matches!(value, Expression::Null);
                let given = pairs.iter().filter(|(_, value)| !null(value));
                Some(given.map(|(key, value)| (name_of(key), self.text(value))).collect())
            }
            Expression::Null => Some(Values::new()),
            _ => None,
        }
    }
}

/// Whether a name is that of a variable, and one that a shell may have.
pub(super) fn is_variable(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !name.is_empty() && name.bytes().all(is_part) && !name.starts_with("BAKE_")
}

/// The key of an object.
fn name_of(key: &Expression) -> String {
    match key {
        Expression::Name(name) => name.clone(),
        other => other.as_text().map_or_else(|| UNKNOWN.to_owned(), quoted),
    }
}
