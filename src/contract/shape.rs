//! Compares a parsed document with the contract's schema: unknown keys, missing keys, wrong types. What does not fit is
//! reported and taken out, so that the rest can still be read and one run shows every mistake.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use seaworthy_source::Span;

use super::diagnostic::Diagnostic;
use super::hint::{self, quoted};

/// For how many mistakes it is looked up what may have been meant: a document with more was not written by hand.
const HINTED: usize = 200;

/// A walk through a document along its schema.
pub(super) struct Shape<'s> {
    root: &'s Value,
    /// Whether the text was TOML throughout: in a broken one, a missing key may only be a lost one, and an unknown one
    /// may have lost its header.
    whole: bool,
    mistakes: Vec<Diagnostic>,
}

impl<'s> Shape<'s> {
    /// Takes out of `document` what does not fit the schema `root`; returns a mistake for each.
    pub(super) fn fit(root: &'s Value, document: &mut Spanned<DeTable<'_>>, whole: bool) -> Vec<Diagnostic> {
        let mut shape = Self { root, whole, mistakes: Vec::new() };
        // Nothing can be shown of the whole document, so its own span is its beginning.
        shape.table("", Span::default(), document.get_mut(), root);
        shape.mistakes
    }

    fn report(&mut self, span: Span, message: String, help: String) {
        self.mistakes.push(Diagnostic { span, message, help: Some(help) });
    }

    fn table<'i>(&mut self, path: &str, at: Span, table: &mut DeTable<'i>, schema: &Value) {
        let empty = serde_json::Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for key in table.keys() {
            if self.whole && !known.contains_key(key.get_ref().as_ref()) {
                let (message, help) = match self.mistakes.len() < HINTED {
                    true => hint::unknown_key(self.root, path, key.get_ref(), known),
                    false => hint::unknown_among_many(key.get_ref()),
                };
                self.report(span_of(key), message, help);
            }
        }
        for key in schema_words(schema.get("required")) {
            if self.whole && !table.contains_key(key) {
                let (message, help) = hint::missing_key(path, key, known);
                self.report(at, message, help);
            }
        }
        for (key, mut value) in std::mem::replace(table, DeTable::new()) {
            let Some(schema) = known.get(key.get_ref().as_ref()) else { continue };
            if self.value(&join(path, key.get_ref()), &mut value, schema, false) {
                table.insert(key, value);
            }
        }
    }

    /// Whether the value fits, after what does not fit inside it is taken out.
    fn value(&mut self, path: &str, value: &mut Spanned<DeValue<'_>>, schema: &Value, item: bool) -> bool {
        let at = span_of(value);
        let wanted = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        match (wanted, value.get_mut()) {
            ("object", DeValue::Table(table)) => {
                self.table(path, at, table, schema);
                true
            }
            ("array", DeValue::Array(array)) => {
                self.array(path, array, schema);
                true
            }
            ("string", DeValue::String(text)) => self.word(path, at, text, schema),
            ("integer", DeValue::Integer(number)) => {
                let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
                let least = schema.get("minimum").and_then(Value::as_u64).unwrap_or_default();
                // Half of the range, so that the value also fits TOML's own integers.
                let most = i64::MAX.unsigned_abs();
                let fits = number.is_some_and(|n| (least..=most).contains(&n));
                if !fits {
                    let help = format!("write a whole number, {least} or more");
                    self.report(at, format!("{} is out of range", quoted(path)), help);
                }
                fits
            }
            ("boolean", DeValue::Boolean(_)) => true,
            (_, value) => {
                let (message, help) = hint::wrong_type(path, value, schema, item);
                self.report(at, message, help);
                false
            }
        }
    }

    fn array<'i>(&mut self, path: &str, array: &mut DeArray<'i>, schema: &Value) {
        let Some(items) = schema.get("items") else { return };
        for mut item in std::mem::replace(array, DeArray::new()) {
            if self.value(path, &mut item, items, true) {
                array.push(item);
            }
        }
    }

    fn word(&mut self, path: &str, at: Span, text: &str, schema: &Value) -> bool {
        let words = schema_words(schema.get("enum"));
        let fits = words.is_empty() || words.contains(&text);
        if !fits {
            let choices = hint::choices(&words);
            let help = match hint::nearest(text, words.iter().copied()) {
                Some(word) => format!("did you mean `{word}`? It is one of {choices}"),
                None => format!("write one of {choices}"),
            };
            self.report(at, format!("{} has an unknown value", quoted(path)), help);
        }
        fits
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let span = spanned.span();
    Span::new(span.start, span.end)
}

fn schema_words(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
