//! The run header, `run.json`: a document of another program, of which only the places that the contract names are
//! looked at. It is read as strictly as the others; what else is in it is its own business.

use super::json::{self, Mistake, Node, Value};
use super::{Field, Form, Text};
use seaworthy_source::{JsonPointer, LineIndex, Place, Span};

/// Where things stand in the run header, as JSON pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPointers {
    /// The fields that are read, each with the pointers that may lead to it. Every one that leads somewhere counts.
    pub fields: Vec<(Field, Vec<String>)>,
    /// The config payload's digest.
    pub config_digest: String,
    /// The config payload.
    pub config_payload: String,
}

impl HeaderPointers {
    /// The fields that mirror the packaging provenance (contract M1, C).
    pub const MIRRORED: [Field; 3] = [Field::ImageTag, Field::ImageDigest, Field::GitSha];
}

impl Default for HeaderPointers {
    /// At the top level, the image's fields also below `/image`.
    fn default() -> Self {
        let both = |f: Field| (f, vec![format!("/{}", f.name()), format!("/image/{}", f.name())]);
        let mut fields: Vec<_> = Self::MIRRORED.into_iter().map(both).collect();
        fields.extend([Field::PlatformRunId, Field::WrittenAt].map(|f| (f, vec![format!("/{}", f.name())])));
        Self { fields, config_digest: "/config_digest".into(), config_payload: "/config".into() }
    }
}

/// The run header as far as it is of interest.
#[derive(Clone, Debug)]
pub struct Header {
    /// Where its lines start.
    pub lines: LineIndex,
    /// What stands at the places that were looked at.
    pub fields: Vec<(Field, Text)>,
    /// The config payload's digest: its 64 hex digits, with or without `sha256:` before them.
    pub config_digest: Option<Text>,
    /// The document; none if it is no JSON object.
    pub root: Option<Node>,
    /// What is wrong.
    pub mistakes: Vec<Mistake>,
}

impl Header {
    /// Reads it.
    pub fn read(bytes: &[u8], pointers: &HeaderPointers) -> Self {
        let lines = LineIndex::new(if bytes.len() as u64 > json::HEADER.bytes { b"" } else { bytes });
        let mut header =
            Self { lines, fields: Vec::new(), config_digest: None, root: None, mistakes: Vec::new() };
        let root = match json::parse(bytes, json::HEADER) {
            Ok(root) => root,
            Err(mistakes) => {
                header.mistakes = mistakes;
                return header;
            }
        };
        if !matches!(root.value, Value::Object(_)) {
            let message = format!("must be an object and is {}", root.value.kind());
            header.mistakes.push(Mistake { span: root.span, pointer: JsonPointer::root(), message });
            return header;
        }
        for (field, places) in &pointers.fields {
            for pointer in places {
                let text = header.text(&root, pointer, field.form().expected(), |t| field.form().fits(t));
                header.fields.extend(text.map(|t| (*field, t)));
            }
        }
        let fits = |t: &str| Form::Digest.fits(t) || Form::Digest.fits(&format!("sha256:{t}"));
        header.config_digest = header.text(&root, &pointers.config_digest, Form::Digest.expected(), fits);
        header.mistakes.sort();
        header.root = Some(root);
        header
    }

    fn text(
        &mut self,
        root: &Node,
        pointer: &str,
        expected: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Text> {
        let node = root.find(pointer)?;
        let place = pointer.split('/').skip(1).fold(JsonPointer::root(), |p, token| {
            p.key(json::shown(&token.replace("~1", "/").replace("~0", "~")))
        });
        match node.text() {
            Some(text) if fits(text) => {
                return Some(Text { value: text.to_owned(), span: node.span, pointer: place });
            }
            Some(_) => {
                let message = format!("must be {expected}");
                self.mistakes.push(Mistake { span: node.span, pointer: place, message });
            }
            None => {
                let message = format!("must be a string and is {}: {expected}", node.value.kind());
                self.mistakes.push(Mistake { span: node.span, pointer: place, message });
            }
        }
        None
    }

    /// What stands for `field`, at each of its places.
    pub fn all(&self, field: Field) -> impl Iterator<Item = &Text> {
        self.fields.iter().filter(move |(f, _)| *f == field).map(|(_, text)| text)
    }

    /// The place of a span.
    pub fn place(&self, span: Span) -> Place {
        Place::Text { position: self.lines.position(span.start), offset: span.start as u64 }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_each_of_their_places() {
        let text = br#"{"image_tag": "a", "image": {"image_tag": "b", "git_sha": "short"}, "more": [{}]}"#;
        let header = Header::read(text, &HeaderPointers::default());
        let tags: Vec<_> =
            header.all(Field::ImageTag).map(|t| (t.value.as_str(), t.pointer.as_str())).collect();
        assert_eq!(tags, [("a", "/image_tag"), ("b", "/image/image_tag")]);
        assert_eq!(header.mistakes.len(), 1);
        assert_eq!(header.mistakes[0].pointer.as_str(), "/image/git_sha");
        assert_eq!(Header::read(b"[]", &HeaderPointers::default()).mistakes.len(), 1);
        let twice = Header::read(br#"{"more": {"x": 1, "x": 2}}"#, &HeaderPointers::default());
        assert_eq!(twice.mistakes[0].pointer.as_str(), "/more/x");
    }
}
