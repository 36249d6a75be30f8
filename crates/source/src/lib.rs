//! Where a thing was found: byte spans in a text, and origins that a person or a machine can follow back to the bytes.
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod digest;
pub mod input;
pub mod json;
mod key;
pub mod yaml;

use std::fmt;

pub use digest::{hex, sha256_digest, sha256_hex};
pub use key::{Key, KeyError, KeyPattern, PhaseId, RunId, decode_key};

/// A half-open range of bytes, `start..end`, in the text it was made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte; never below `start`.
    pub end: usize,
}

impl Span {
    /// The span `start..end`; an end before the start is read as an empty span at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Its length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of `text` that it covers; what lies past the end of `text` is left off.
    pub fn of(self, text: &[u8]) -> &[u8] {
        let end = self.end.min(text.len());
        &text[self.start.min(end)..end]
    }
}

/// A place in a text as editors count it: both numbers start at 1, columns count bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Byte column, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The starts of all lines of a text, so that an offset becomes a [`Position`] in logarithmic time.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Reads the line starts of `text`; a line ends after its `\n`.
    pub fn new(text: &[u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1));
        Self { starts }
    }

    /// The line and byte column of `offset`.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|s| *s <= offset).max(1);
        let column = offset.saturating_sub(self.starts[line - 1]) + 1;
        Position { line: to_u32(line), column: to_u32(column) }
    }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A JSON pointer (RFC 6901) into a document, such as `/config/Env/3`.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct JsonPointer(String);

impl JsonPointer {
    /// The pointer to the whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// This pointer with one more reference token, escaped as RFC 6901 asks.
    #[must_use]
    pub fn key(&self, token: &str) -> Self {
        Self(format!("{}/{}", self.0, token.replace('~', "~0").replace('/', "~1")))
    }

    /// This pointer with one more array index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// This pointer with its text form changed, such as masked.
    #[must_use]
    pub fn map(&self, change: impl FnOnce(&str) -> String) -> Self {
        Self(change(&self.0))
    }

    /// Its text form; empty for the whole document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file's path inside a layer: raw bytes as the tar header gave them, cleaned of `./`, `//` and a leading `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerPath(Vec<u8>);

impl LayerPath {
    /// Cleans a tar entry's name as container runtimes do: rooted at `/`, `.` and empty parts dropped, `..` resolved
    /// and clamped at the root.
    pub fn clean(name: &[u8]) -> Self {
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in name.split(|b| *b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop();
                }
                _ => parts.push(part),
            }
        }
        Self(parts.join(&b'/'))
    }

    /// The cleaned bytes, without a leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|b| *b == b'/').next().unwrap_or_default()
    }

    /// The path for people and reports: printable, control characters and bytes that are not UTF-8 escaped as `\xNN`.
    pub fn display(&self) -> String {
        escape_bytes(&self.0)
    }
}

/// Bytes as printable text: valid UTF-8 stays, control characters, bidirectional overrides and stray bytes become
/// `\xNN` or `\u{…}`, so that a hostile name cannot write to the terminal.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c);
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    let hidden =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    if c.is_control() && (c as u32) < 0x80 {
        out.push_str(&format!("\\x{:02x}", c as u32));
    } else if c.is_control() || hidden {
        out.extend(c.escape_unicode());
    } else {
        out.push(c);
    }
}

/// What kind of thing an [`Origin`] points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginKind {
    /// A Dockerfile.
    Dockerfile,
    /// A file of the build context.
    Context,
    /// A file inside an image layer.
    LayerFile,
    /// An image layer as a whole.
    Layer,
    /// An entry of the image config's `history`.
    History,
    /// The image config.
    Config,
    /// An image manifest or index.
    Manifest,
    /// An attestation or another referrer's document.
    Attestation,
    /// The whole artifact, such as an archive.
    Artifact,
    /// A resource of a Terraform plan or state, or of a CloudFormation template.
    Infrastructure,
    /// A part of a live AWS account.
    Account,
    /// A document of a run: its provenance, receipt, evidence or header.
    Document,
    /// A registry's answer.
    Registry,
    /// A CI workflow.
    Workflow,
}

impl OriginKind {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Context => "context",
            Self::LayerFile => "file",
            Self::Layer => "layer",
            Self::History => "history",
            Self::Config => "config",
            Self::Manifest => "manifest",
            Self::Attestation => "attestation",
            Self::Artifact => "artifact",
            Self::Infrastructure => "infrastructure",
            Self::Account => "account",
            Self::Document => "document",
            Self::Registry => "registry",
            Self::Workflow => "workflow",
        }
    }
}

/// Whether a file of a layer is in the image's final filesystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileState {
    /// It is in the final filesystem.
    Final,
    /// A later layer (its index, from 0) deletes it with a whiteout; it is still shipped.
    Deleted(usize),
    /// A later layer (its index, from 0) replaces it; it is still shipped.
    Overwritten(usize),
}

impl FileState {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Deleted(_) => "deleted",
            Self::Overwritten(_) => "overwritten",
        }
    }

    /// The layer that hides the file, if one does.
    pub fn by_layer(self) -> Option<usize> {
        match self {
            Self::Final => None,
            Self::Deleted(i) | Self::Overwritten(i) => Some(i),
        }
    }
}

/// One layer as an origin names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerOrigin {
    /// Place in the image, from 0 (the base).
    pub index: usize,
    /// The layer's diff ID where known, else its blob digest, else its name in the archive.
    pub digest: String,
    /// The instruction that made it, from the history, secrets masked.
    pub instruction: Option<String>,
}

/// A range of lines in a source file that made something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceLines {
    /// The file's path as the user gave it.
    pub path: String,
    /// First line, from 1.
    pub line: u32,
    /// Last line, from 1.
    pub end_line: u32,
}

/// Where in the thing named by an origin: as exact as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// All of it.
    #[default]
    Whole,
    /// A line and column, and the offset of the first byte.
    Text {
        /// Line and byte column, from 1.
        position: Position,
        /// Offset from the start of the file, in bytes.
        offset: u64,
    },
    /// A byte offset, in a file that has no lines.
    Byte(u64),
    /// A place in a JSON document.
    Pointer(JsonPointer),
}

/// Where bytes were found. (The design keeps the word "provenance" for a document that says how an image was built.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// What it points into.
    pub kind: OriginKind,
    /// The artifact's name as the user gave it.
    pub artifact: String,
    /// The image's platform, such as `linux/amd64`.
    pub platform: Option<String>,
    /// The layer.
    pub layer: Option<LayerOrigin>,
    /// The path inside the artifact, printable.
    pub path: Option<String>,
    /// The way into that file, printable, if the thing is encoded or lies in an archive: `!/inner.properties`,
    /// ` → base64`.
    pub inside: Option<String>,
    /// The place inside the file or document.
    pub place: Place,
    /// For a layer's file: whether it is in the final filesystem.
    pub state: Option<FileState>,
    /// The lines of the Dockerfile that made it, when the Dockerfile is at hand.
    pub made_by: Option<SourceLines>,
}

impl Origin {
    /// An origin that names nothing but the artifact; the other parts are filled in by field.
    pub fn new(kind: OriginKind, artifact: impl Into<String>) -> Self {
        Self {
            kind,
            artifact: artifact.into(),
            platform: None,
            layer: None,
            path: None,
            inside: None,
            place: Place::Whole,
            state: None,
            made_by: None,
        }
    }

    /// The path with the way into that file: `app/lib.jar!/inner.properties`, `values.yaml → base64`.
    pub fn whole_path(&self) -> Option<String> {
        self.path.as_ref().map(|path| format!("{path}{}", self.inside.as_deref().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one() {
        let index = LineIndex::new(b"ab\n\ncd");
        assert_eq!(index.position(0), Position { line: 1, column: 1 });
        assert_eq!(index.position(3), Position { line: 2, column: 1 });
        assert_eq!(index.position(5), Position { line: 3, column: 2 });
    }

    #[test]
    fn layer_paths_are_clamped_at_the_root() {
        assert_eq!(LayerPath::clean(b"./a//b/./c/").as_bytes(), b"a/b/c");
        assert_eq!(LayerPath::clean(b"../../etc/passwd").as_bytes(), b"etc/passwd");
        assert_eq!(LayerPath::clean(b"/a/../../b").as_bytes(), b"b");
        assert_eq!(LayerPath::clean(b"a/b").file_name(), b"b");
    }

    #[test]
    fn hostile_names_are_escaped() {
        assert_eq!(escape_bytes(b"a\x1b[31m\n\xff\xc3\xa9"), "a\\x1b[31m\\x0a\\xff\u{e9}");
        assert_eq!(escape_bytes("\u{202e}x".as_bytes()), "\\u{202e}x");
    }

    #[test]
    fn pointers_escape_their_tokens() {
        assert_eq!(JsonPointer::root().key("a/b").index(3).key("~").as_str(), "/a~1b/3/~0");
    }
}
