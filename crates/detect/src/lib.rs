//! Bytes in, hits out; knows nothing of images or files.
//!
//! One literal search over the anchors of all detectors runs over every byte. Only where an anchor stands is the
//! detector's pattern tried, anchored to that place, and its validators asked. Every pattern has a bounded length, so
//! a window around the anchor is enough, and a file may be scanned in pieces with exactly the result of the whole.
//!
//! ```
//! use seaworthy_detect::{Detector, Engine, Piece, Scratch};
//!
//! let detector = Detector {
//!     id: "harbour-token".to_owned(),
//!     anchors: vec!["hbr_".to_owned()],
//!     case_insensitive: false,
//!     lookbehind: 0,
//!     pattern: "hbr_[a-z0-9]{16}".to_owned(),
//!     lexer: None,
//!     requires: None,
//!     boundary: true,
//!     min_entropy: None,
//!     placeholder: false,
//!     validators: Vec::new(),
//!     base64: false,
//! };
//! let engine = Engine::new(vec![detector])?;
//! let mut found = Vec::new();
//! let text = b"token = hbr_4f9qk27m1xz8w3pd";
//! engine.scan(&Piece::whole(text), &mut Scratch::default(), &mut |hit| found.push(hit.span.clone()));
//! assert_eq!(found, [8..28]);
//! # Ok::<(), seaworthy_detect::BuildError>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod anchor;
mod base64;
mod boundary;
mod confirm;
mod decode;
mod engine;
mod kind;
pub mod lexer;
mod prefix;
mod quoting;
mod search;
mod simd;
pub mod validate;

use std::ops::Range;

pub use decode::MAX_DEPTH;
pub use engine::{BuildError, Engine, Scratch, Undone};
pub use kind::FileKind;

/// The longest match that a detector's pattern may have, in bytes.
pub const MAX_MATCH: usize = 8192;

/// The furthest that a match may begin before its anchor, in bytes.
pub const MAX_LOOKBEHIND: usize = 256;

/// How many bytes around a match a validator may look at.
pub const CONTEXT: usize = 64;

/// How many bytes before the core of a [`Piece`] the scan may look at.
pub const BEHIND: usize = 512;

/// How many bytes after the core of a [`Piece`] the scan may look at.
pub const AHEAD: usize = MAX_MATCH + 512;

/// One kind of secret, as data: where to look, what it must look like, and who has a say in it.
#[derive(Clone, Debug)]
pub struct Detector {
    /// Stable ID in kebab case.
    pub id: String,
    /// Literals one of which stands in every match; three bytes at least.
    pub anchors: Vec<String>,
    /// Whether anchors and pattern ignore ASCII case.
    pub case_insensitive: bool,
    /// How many bytes a match may begin before its anchor; at most [`MAX_LOOKBEHIND`].
    pub lookbehind: usize,
    /// A regular expression over bytes (Unicode off) of bounded length. The group `secret` marks the secret, else it
    /// is the whole match. Empty if a reader is named.
    pub pattern: String,
    /// Reads around the anchor in place of a pattern; see [`lexer::ALL`].
    pub lexer: Option<lexer::Lexer>,
    /// A text that must follow the anchor in the same word for the pattern to be tried at all: common anchors such as
    /// `https://` are then cheap.
    pub requires: Option<String>,
    /// Whether the secret is a token that must stand apart from its neighbours, as far as it does not prove itself.
    pub boundary: bool,
    /// The least Shannon entropy of the secret, in bits per byte.
    pub min_entropy: Option<f64>,
    /// Whether obvious placeholders are dropped.
    pub placeholder: bool,
    /// Functions that may drop a candidate or change its confidence.
    pub validators: Vec<validate::Validator>,
    /// Whether to look for it wrapped in base64 too.
    pub base64: bool,
}

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Base64 (RFC 4648), in either alphabet, in one line or wrapped.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Percent-encoding (RFC 3986).
    Percent,
    /// Backslash escapes of strings: `\u0041`, `\x41`, `\101`.
    Escapes,
    /// Character references of XML and HTML.
    Entities,
    /// UTF-16 of either byte order.
    Utf16,
    /// UTF-32 of either byte order.
    Utf32,
}

impl Encoding {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent-encoding",
            Self::Escapes => "string escapes",
            Self::Entities => "character references",
            Self::Utf16 => "UTF-16",
            Self::Utf32 => "UTF-32",
        }
    }
}

/// A part of a file, with enough of its surroundings that scanning it gives exactly what scanning the whole file would
/// give for anchors that begin in its core.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The core with up to [`BEHIND`] bytes before it and up to [`AHEAD`] after it; fewer only at the file's ends.
    pub bytes: &'a [u8],
    /// Where in `bytes` the core begins.
    pub core_start: usize,
    /// Where in `bytes` the core ends.
    pub core_end: usize,
    /// What the file's path says about it.
    pub kind: FileKind,
}

impl<'a> Piece<'a> {
    /// All of a text as one piece.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, core_start: 0, core_end: bytes.len(), kind: FileKind::Unknown }
    }

    /// The same piece, of a file of this kind.
    pub fn of_kind(self, kind: FileKind) -> Self {
        Self { kind, ..self }
    }
}

/// A confirmed secret. It borrows the bytes: anyone who takes it must keep no more of the value than a redaction or a
/// keyed hash.
pub struct Hit<'a> {
    /// Index of the detector, in the order given to [`Engine::new`].
    pub detector: usize,
    /// The whole match, in the piece's bytes; of a decoded text the place of the secret.
    pub matched: Range<usize>,
    /// The place of the secret, in the piece's bytes (of its encoded form, if it was wrapped).
    pub span: Range<usize>,
    /// The secret's value, decoded.
    pub secret: &'a [u8],
    /// What it was encoded with, the outermost first; empty if it stands there as it is. The spans cover the encoded text.
    pub encodings: Vec<Encoding>,
    /// What the validators make of the detector's confidence: below zero less sure, above zero surer.
    pub adjust: i8,
    /// What the validators found out, such as an account number; holds no secret.
    pub notes: Vec<String>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
