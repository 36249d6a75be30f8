//! The run's security evidence: seaworthy's own document, or any with the fields of contract M1 (D.5). The results of the
//! checks have no fixed shape, so fields that are not known here are left alone.

use super::json::{self, Mistake, Node, Value, shown};
use super::{Field, Fields, Form, Layout, Reading, Text};
use seaworthy_source::{JsonPointer, LineIndex};

/// Security evidence as it was read.
#[derive(Clone, Debug)]
pub struct Security {
    /// Its fields, and what is wrong with it.
    pub reading: Reading,
    /// The digests of the images that it is about; nothing if it does not say.
    pub images: Option<Vec<Text>>,
}

/// What seaworthy's own document calls itself; a version follows.
const OURS: &str = "seaworthy/evidence/";

/// Reads it.
pub fn read_security(bytes: &[u8]) -> Security {
    let lines = LineIndex::new(if bytes.len() as u64 > json::DOCUMENT.bytes { b"" } else { bytes });
    let layout = Layout::of(&[Field::WrittenAt, Field::Verdict], &[]);
    let mut reading = Reading { lines, layout, fields: Fields::default(), mistakes: Vec::new() };
    let root = match json::read(bytes, json::DOCUMENT) {
        Ok(root) => root,
        Err(mistakes) => {
            reading.mistakes = mistakes;
            return Security { reading, images: None };
        }
    };
    let mut reader = Reader { root: &root, mistakes: Vec::new() };
    if !matches!(root.value, Value::Object(_)) {
        reader.report(&root, JsonPointer::root(), format!("must be an object and is {}", root.value.kind()));
        reading.mistakes = reader.mistakes;
        return Security { reading, images: None };
    }
    let is_ours = root.get("schema").and_then(Node::text).is_some_and(|s| s.starts_with(OURS));
    for (field, is_required) in [
        (Field::WrittenAt, true),
        (Field::Verdict, true),
        (Field::PlatformRunId, false),
        (Field::PhaseId, false),
        (Field::ImageTag, false),
        (Field::GitSha, false),
    ] {
        if let Some(text) = reader.text(field.name(), field.form(), is_required) {
            reading.fields.insert(field, text);
        }
    }
    // Who wrote it may have any name.
    if root.get("actor").and_then(Node::text).is_none_or(|a| a.trim().is_empty()) {
        reader.missing("actor", "must name who ran the checks");
    }
    let has_results = |value: &Value| match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    if !root.get("checks").is_some_and(|c| has_results(&c.value)) {
        reader.missing("checks", "must hold the checks' results");
    }
    let images = reader.images(is_ours);
    reading.mistakes = reader.mistakes;
    reading.mistakes.sort();
    Security { reading, images }
}

struct Reader<'a> {
    root: &'a Node,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn report(&mut self, node: &Node, pointer: JsonPointer, message: impl Into<String>) {
        self.mistakes.push(Mistake { span: node.span, pointer, message: message.into() });
    }

    fn missing(&mut self, name: &str, message: &str) {
        let pointer = JsonPointer::root().key(shown(name));
        let root = self.root;
        self.report(root.get(name).unwrap_or(root), pointer, message);
    }

    fn text(&mut self, name: &str, form: Form, is_required: bool) -> Option<Text> {
        let root = self.root;
        let pointer = JsonPointer::root().key(name);
        match root.get(name) {
            None if is_required => self.missing(name, "is missing"),
            None => {}
            Some(node) => return self.value(node, pointer, form, !is_required),
        }
        None
    }

    fn value(&mut self, node: &Node, pointer: JsonPointer, form: Form, may_be_null: bool) -> Option<Text> {
        match node.text() {
            Some(text) if form.fits(text) => {
                return Some(Text { value: text.to_owned(), span: node.span, pointer });
            }
            None if may_be_null && node.value == Value::Null => {}
            _ => self.report(node, pointer, format!("must be {}", form.expected())),
        }
        None
    }

    fn images(&mut self, is_ours: bool) -> Option<Vec<Text>> {
        let root = self.root;
        let one = self.text("image_digest", Form::Digest, false);
        let Some(node) = root.get("image_digests") else {
            return match one {
                None if is_ours => Some(Vec::new()),
                None => None,
                Some(one) => Some(vec![one]),
            };
        };
        let pointer = JsonPointer::root().key("image_digests");
        let Value::Array(items) = &node.value else {
            self.report(node, pointer, "must be an array of digests");
            return None;
        };
        let mut all: Vec<Text> = one.into_iter().collect();
        for (i, item) in items.iter().enumerate() {
            all.extend(self.value(item, pointer.index(i), Form::Digest, false));
        }
        Some(all)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let least = br#"{"checks": {"a": "PASS"}, "actor": "ci", "written_at_utc": "2026-01-01T00:00:00Z", "verdict": "PASS"}"#;
        let security = read_security(least);
        assert!(security.reading.mistakes.is_empty() && security.images.is_none());
        let ours =
            br#"{"schema": "seaworthy/evidence/v1", "checks": [1], "actor": "ci", "platform_run_id": null,
            "written_at_utc": "2026-01-01T00:00:00Z", "verdict": "FAIL", "image_digests": []}"#;
        let security = read_security(ours);
        assert!(security.reading.mistakes.is_empty());
        assert_eq!(security.images, Some(Vec::new()));
        let empty = read_security(b"{}");
        let names: Vec<_> = empty.reading.mistakes.iter().map(|m| m.pointer.as_str()).collect();
        assert_eq!(names, ["/actor", "/checks", "/verdict", "/written_at_utc"]);
        assert_eq!(read_security(b"[]").reading.mistakes.len(), 1);
        assert_eq!(read_security(br#"{"checks": []}"#).reading.mistakes.len(), 4);
    }
}
