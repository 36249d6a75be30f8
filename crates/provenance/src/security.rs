//! The run's security evidence: seaworthy's own document, or any with the fields of contract M1 (D.5). The results of the
//! checks have no fixed shape, so fields that are not known here are left alone.

use super::json::{self, Member, Mistake, Node, Value, shown};
use super::{Field, Fields, Form, Layout, Reading, Text};
use seaworthy_source::{JsonPointer, LineIndex};

/// Security evidence as it was read.
#[derive(Clone, Debug)]
pub struct Security {
    /// Its fields, and what is wrong with it.
    pub reading: Reading,
    /// The digests of the images that it is about; nothing if it does not say.
    pub images: Option<Vec<Text>>,
    /// What contradicts a verdict of PASS, if it has that: where, and what stands there.
    pub contradictions: Vec<Mistake>,
}

/// What seaworthy's own document calls itself; a version follows.
const OURS: &str = "seaworthy/evidence/";

/// Reads it.
pub fn read_security(bytes: &[u8]) -> Security {
    let lines = LineIndex::new(if bytes.len() as u64 > json::DOCUMENT.bytes { b"" } else { bytes });
    let layout = Layout::of(&[Field::WrittenAt, Field::Verdict], &[]);
    let mut reading = Reading { lines, layout, fields: Fields::default(), mistakes: Vec::new() };
    let root = match json::parse(bytes, json::DOCUMENT) {
        Ok(root) => root,
        Err(mistakes) => {
            reading.mistakes = mistakes;
            return Security { reading, images: None, contradictions: Vec::new() };
        }
    };
    let mut reader = Reader { root: &root, mistakes: Vec::new() };
    if !matches!(root.value, Value::Object(_)) {
        reader.report(&root, JsonPointer::root(), format!("must be an object and is {}", root.value.kind()));
        reading.mistakes = reader.mistakes;
        return Security { reading, images: None, contradictions: Vec::new() };
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
    let passes = reading.fields.text(Field::Verdict) == Some("PASS");
    let contradictions = if passes { contradictions(&root, is_ours) } else { Vec::new() };
    Security { reading, images, contradictions }
}

/// How deep the results of checks are looked through.
const MAX_DEPTH: u8 = 6;

/// What says that something failed, in a document whose verdict is PASS.
fn contradictions(root: &Node, is_ours: bool) -> Vec<Mistake> {
    let mut found = Vec::new();
    let Value::Object(members) = &root.value else { return found };
    let at = |name: &str| JsonPointer::root().key(shown(name));
    for member in members {
        let (node, pointer) = (&member.node, at(&member.name));
        match member.name.as_str() {
            "blocker_codes" | "blockers" if is_filled(node) => {
                found.push(Mistake { span: node.span, pointer, message: "is not empty".to_owned() });
            }
            "failure_reason" if node.text().is_some_and(|t| !t.trim().is_empty()) => {
                found.push(Mistake {
                    span: node.span,
                    pointer,
                    message: "gives a reason to fail".to_owned(),
                });
            }
            "checks" | "results" => failed(node, pointer, is_ours, 0, &mut found),
            name if !is_ours && is_hits(name) && is_filled(node) => {
                found.push(Mistake { span: node.span, pointer, message: "lists something".to_owned() });
            }
            _ => {}
        }
    }
    found
}

/// Names of lists that are empty where nothing was found.
fn is_hits(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["hits", "violations", "leaks", "findings", "failures", "blockers"].iter().any(|w| name.ends_with(w))
}

fn is_filled(node: &Node) -> bool {
    match &node.value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => !text.trim().is_empty(),
        _ => false,
    }
}

/// Results of checks that are no pass: `false`, FAIL, a list of hits that is not empty. Findings of our own document may
/// be too mild to fail.
fn failed(node: &Node, at: JsonPointer, is_ours: bool, depth: u8, found: &mut Vec<Mistake>) {
    if depth > MAX_DEPTH {
        return;
    }
    let mistake = |node: &Node, pointer: JsonPointer, message: &str| Mistake {
        span: node.span,
        pointer,
        message: message.to_owned(),
    };
    match &node.value {
        Value::Bool(false) => found.push(mistake(node, at, "is a check that failed")),
        Value::String(text) if is_failure(text) => found.push(mistake(node, at, "is a check that failed")),
        Value::Object(members) => {
            for Member { name, node, .. } in members {
                let pointer = at.key(shown(name));
                let name = name.as_str();
                if is_hits(name) && !is_ours && is_filled(node) {
                    found.push(mistake(node, pointer, "lists something"));
                } else if ["status", "verdict", "result", "outcome"].contains(&name) {
                    if node.text().is_some_and(is_failure) || node.value == Value::Bool(false) {
                        found.push(mistake(node, pointer, "is a check that failed"));
                    }
                } else if depth == 0 || ["passed", "pass", "ok", "success"].contains(&name) {
                    failed(node, pointer, is_ours, depth + 1, found);
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                failed(item, at.index(i), is_ours, depth + 1, found);
            }
        }
        _ => {}
    }
}

fn is_failure(text: &str) -> bool {
    matches!(text.to_ascii_uppercase().as_str(), "FAIL" | "FAILED" | "FAILURE" | "ERROR" | "BLOCKED")
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
    fn a_pass_that_contradicts_itself() {
        let told = |more: &str| {
            let text = format!(
                "{{\"actor\": \"ci\", \"written_at_utc\": \"2026-01-01T00:00:00Z\", \"verdict\": \"PASS\", {more}}}"
            );
            let security = read_security(text.as_bytes());
            assert!(security.reading.mistakes.is_empty(), "{text}: {:?}", security.reading.mistakes);
            security.contradictions.iter().map(|m| m.pointer.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told(r#""checks": {"a": true}, "blocker_codes": ["M1D-B1"]"#), ["/blocker_codes"]);
        assert_eq!(told(r#""checks": {"a": true, "b": false}"#), ["/checks/b"]);
        assert_eq!(told(r#""checks": [{"id": "a", "status": "FAIL"}]"#), ["/checks/0/status"]);
        assert_eq!(told(r#""checks": {"a": {"passed": false}}"#), ["/checks/a/passed"]);
        assert_eq!(told(r#""checks": {"a": {"verdict": "PASS", "hits": ["x"]}}"#), ["/checks/a/hits"]);
        assert_eq!(told(r#""checks": {"a": "PASS"}, "secret_hits": [{}]"#), ["/secret_hits"]);
        let clean = r#""checks": {"a": true, "b": "PASS", "c": {"ok": true, "hits": [], "truncated": false}}, "blocker_codes": []"#;
        assert_eq!(told(clean), Vec::<String>::new());
    }

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
