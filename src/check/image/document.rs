//! Secrets in a JSON document of any shape: every text, with the name that it is given to, and what is wrapped in base64
//! inside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::check::{Context, TextSecret, examine_assignment, examine_text};
use seaworthy_source::JsonPointer;

/// Texts longer than this are looked at by form only.
const LONG: usize = 64 << 10;
/// How deep base64 is unwrapped.
const DEPTH: usize = 3;

/// All secrets in a document, with their places.
pub(super) fn examine_document(
    context: &Context<'_>,
    value: &Value,
    at: &JsonPointer,
) -> Vec<(TextSecret, JsonPointer)> {
    let mut walk = Walk { context, found: Vec::new() };
    walk.value("", value, at, DEPTH);
    walk.found
}

struct Walk<'a> {
    context: &'a Context<'a>,
    found: Vec<(TextSecret, JsonPointer)>,
}

impl Walk<'_> {
    fn value(&mut self, name: &str, value: &Value, at: &JsonPointer, depth: usize) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.value(key, value, &at.key(key), depth);
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value("", item, &at.index(i), depth);
                }
            }
            Value::String(text) => self.text(name, text, at, depth),
            _ => {}
        }
    }

    fn text(&mut self, name: &str, text: &str, at: &JsonPointer, depth: usize) {
        let variable = name.strip_prefix("build-arg:").or_else(|| name.strip_prefix("label:"));
        let found = match variable {
            Some(variable) => examine_assignment(self.context, variable, text),
            None if text.len() <= LONG => examine_text(self.context, text),
            None => examine_assignment(self.context, "", text),
        };
        // What is wrapped takes precedence: it has lines to name.
        if depth > 0 && text.len() >= 16 {
            self.wrapped(text, at, depth - 1);
        }
        self.found.extend(found.into_iter().map(|s| (s, at.clone())));
    }

    /// BuildKit keeps the Dockerfile and its build info, and DSSE its payload, in base64.
    fn wrapped(&mut self, text: &str, at: &JsonPointer, depth: usize) {
        let decoded = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(inner) = decoded.filter(|t| t.chars().all(|c| !c.is_control() || c.is_whitespace())) else {
            return;
        };
        if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(&inner) {
            return self.value("", &value, at, depth);
        }
        for (i, line) in inner.lines().enumerate() {
            for mut secret in examine_text(self.context, line) {
                secret.notes.push(format!("in line {} of the text that stands there in base64", i + 1));
                self.found.push((secret, at.clone()));
            }
        }
    }
}
