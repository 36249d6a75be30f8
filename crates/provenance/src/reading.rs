//! A flat document of texts, read against its layout. All its mistakes are told at once, and what is right can still be
//! compared with the other documents.

use std::collections::BTreeMap;

use super::json::{self, Member, Mistake, Node, Value, shown};
use super::{Field, Form, Layout, Time};
use seaworthy_source::{JsonPointer, LineIndex, Place, Span};

/// The text of a field and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text. It has the field's [`Form`].
    pub value: String,
    /// The value's bytes, quotes included.
    pub span: Span,
    /// Its place in the document.
    pub pointer: JsonPointer,
}

impl Text {
    /// The moment, of a field that is one.
    pub fn time(&self) -> Option<Time> {
        Time::parse(&self.value)
    }
}

/// The fields of a document that are as they should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<Field, Text>);

impl Fields {
    /// A field.
    pub fn get(&self, field: Field) -> Option<&Text> {
        self.0.get(&field)
    }

    /// Takes in a field.
    pub(super) fn insert(&mut self, field: Field, text: Text) {
        self.0.insert(field, text);
    }

    /// A field's text.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).map(|t| t.value.as_str())
    }
}

/// What reading a document gave.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Where its lines start.
    pub lines: LineIndex,
    /// The layout that it was read by.
    pub layout: Layout,
    /// What could be read.
    pub fields: Fields,
    /// What is wrong.
    pub mistakes: Vec<Mistake>,
}

impl Reading {
    /// The place of a span.
    pub fn place(&self, span: Span) -> Place {
        Place::Text { position: self.lines.position(span.start), offset: span.start as u64 }
    }
}

/// Reads a flat JSON object. `layouts` are the default layout and those for a version of the document, which is told by
/// its field [`Field::ContractVersion`]; a version that no layout is for is a mistake.
pub fn read_fields(bytes: &[u8], default: &Layout, versions: &[(String, Layout)]) -> Reading {
    let lines = LineIndex::new(if bytes.len() as u64 > json::DOCUMENT.bytes { b"" } else { bytes });
    let mut reading =
        Reading { lines, layout: default.clone(), fields: Fields::default(), mistakes: Vec::new() };
    let root = match json::parse(bytes, json::DOCUMENT) {
        Ok(root) => root,
        Err(mistakes) => {
            reading.mistakes = mistakes;
            return reading;
        }
    };
    let Node { span, value: Value::Object(members), .. } = &root else {
        reading.mistakes.push(mistake(
            root.span,
            JsonPointer::root(),
            format!("must be an object and is {}", root.value.kind()),
        ));
        return reading;
    };
    if let Some(layout) = version(members, default, versions, &mut reading.mistakes) {
        reading.layout = layout.clone();
    }
    let layout = reading.layout.clone();
    for member in members {
        let Some((field, text)) = member_text(member, &layout, &mut reading.mistakes) else { continue };
        match reading.fields.get(field) {
            Some(other) if other.value != text.value => {
                let message =
                    format!("differs from {}, which is another name of the same field", other.pointer);
                reading.mistakes.push(mistake(text.span, text.pointer, message));
            }
            Some(_) => {}
            None => reading.fields.insert(field, text),
        }
    }
    // The closing brace: where a field would be added.
    let end = Span::new(span.end.saturating_sub(1), span.end);
    let has = |name: &str| members.iter().any(|m| m.name == name);
    for name in layout.required.iter().filter(|n| layout.lacks(n, has)) {
        reading.mistakes.push(mistake(end, JsonPointer::root().key(shown(name)), "is missing".into()));
    }
    reading.mistakes.sort();
    reading
}

fn mistake(span: Span, pointer: JsonPointer, message: String) -> Mistake {
    Mistake { span, pointer, message }
}

fn version<'l>(
    members: &[Member],
    default: &'l Layout,
    versions: &'l [(String, Layout)],
    mistakes: &mut Vec<Mistake>,
) -> Option<&'l Layout> {
    let name = default.name(Field::ContractVersion);
    let member = members.iter().find(|m| m.name == name)?;
    // Without profiles the version is a field like any other.
    let text = member.node.text().filter(|_| !versions.is_empty())?;
    let found = versions.iter().find(|(v, _)| v == text).map(|(_, layout)| layout);
    if found.is_none() {
        let pointer = JsonPointer::root().key(shown(name));
        mistakes.push(mistake(
            member.node.span,
            pointer,
            "is a version that the contract has no profile for".into(),
        ));
    }
    found
}

fn member_text(member: &Member, layout: &Layout, mistakes: &mut Vec<Mistake>) -> Option<(Field, Text)> {
    let pointer = JsonPointer::root().key(shown(&member.name));
    if !layout.knows(&member.name) {
        mistakes.push(mistake(member.span, pointer, "is not a field of this document".into()));
        return None;
    }
    // A field of the user's own may hold anything.
    let field = layout.field(&member.name)?;
    let form = field.form();
    let span = member.node.span;
    match &member.node.value {
        Value::Null if form == Form::MaybeLine => None,
        Value::String(text) if form.fits(text) => {
            Some((field, Text { value: text.to_string(), span, pointer }))
        }
        Value::String(_) => {
            mistakes.push(mistake(span, pointer, format!("must be {}", form.expected())));
            None
        }
        other => {
            let message = format!("must be a string and is {}: {}", other.kind(), form.expected());
            mistakes.push(mistake(span, pointer, message));
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let layout =
            Layout::of(&[Field::GitSha, Field::ImageTag], &[Field::FailureReason, Field::ContractVersion]);
        let two = Layout::of(&[Field::ImageTag], &[Field::ContractVersion]);
        let reading = read_fields(text.as_bytes(), &layout, &[("v2".to_owned(), two)]);
        let say =
            |m: &Mistake| format!("{} {} {}", reading.lines.position(m.span.start), m.pointer, m.message);
        reading.mistakes.iter().map(say).collect()
    }

    #[test]
    fn all_mistakes_are_told_and_no_value() {
        let text = "{\n \"git_sha\": \"hunter2\",\n \"failure_reason\": null,\n \"extra\": \"hunter2\"\n}";
        assert_eq!(
            told(text),
            [
                "2:13 /git_sha must be the full commit: 40 lowercase hex digits",
                "4:2 /extra is not a field of this document",
                "5:1 /image_tag is missing",
            ]
        );
        assert_eq!(told("[\"a\",\"b\"]"), ["1:1  must be an object and is an array"]);
        assert!(told("{\"image_tag\": 7}")[0].contains("must be a string and is a number"));
        assert!(told("{\"image_tag\": [\"a\"]}")[0].contains("must be a string and is an array"));
    }

    #[test]
    fn a_receipt_may_use_either_name() {
        let read = |text: &str| {
            let reading = read_fields(text.as_bytes(), &Layout::receipt(), &[]);
            let tag = reading.fields.text(Field::ImageTag).map(str::to_owned);
            let of = |m: &Mistake| format!("{} {}", m.pointer, m.message);
            let told: Vec<String> = reading.mistakes.iter().map(of).filter(|m| m.contains("tag")).collect();
            (tag, told)
        };
        assert_eq!(read("{\"immutable_tag\": \"a\"}"), (Some("a".to_owned()), Vec::new()));
        assert_eq!(read("{\"immutable_tag\": \"a\", \"image_tag\": \"a\"}").1, Vec::<String>::new());
        let (_, told) = read("{\"immutable_tag\": \"a\", \"image_tag\": \"b\"}");
        assert!(told[0].contains("another name of the same field"), "{told:?}");
        assert_eq!(read("{}").1, ["/image_tag is missing"]);
    }

    #[test]
    fn a_field_of_ones_own_holds_anything() {
        let layout = Layout { allowed: vec!["layers".to_owned()], ..Layout::of(&[], &[]) };
        let reading = read_fields(b"{\"layers\": [1, {\"a\": null}]}", &layout, &[]);
        assert!(reading.mistakes.is_empty(), "{:?}", reading.mistakes);
    }

    #[test]
    fn a_version_has_its_own_fields() {
        assert_eq!(told("{\"contract_version\": \"v2\", \"image_tag\": \"a\"}"), Vec::<String>::new());
        assert!(told("{\"contract_version\": \"v3\", \"image_tag\": \"a\"}")[0].contains("no profile"));
    }
}
