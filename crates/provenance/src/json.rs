//! The documents' bounds for the strict JSON reader of `seaworthy-source`, and what is wrong with a document.

use seaworthy_source::json::{self, JsonError};
use seaworthy_source::{JsonPointer, Span};

pub use seaworthy_source::json::{Limits, Member, Node, Value, shown};

/// For small documents of a fixed shape.
pub const DOCUMENT: Limits = Limits { bytes: 1 << 20, depth: 32, values: 100_000 };

/// For the run header, whose payload has no fixed shape.
pub const HEADER: Limits = Limits { bytes: 64 << 20, depth: 96, values: 2_000_000 };

/// What is wrong, and where. The message says what was expected and never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The bytes.
    pub span: Span,
    /// The place in the document, as far as it is known.
    pub pointer: JsonPointer,
    /// What is wrong, as the rest of a sentence that begins with the place.
    pub message: String,
}

impl From<JsonError> for Mistake {
    fn from(JsonError { span, pointer, fault, .. }: JsonError) -> Self {
        Self { span, pointer, message: fault.to_string() }
    }
}

/// Reads `bytes` as exactly one JSON value.
///
/// # Errors
/// As [`json::parse`].
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Node, Vec<Mistake>> {
    json::parse(bytes, limits).map_err(|errors| errors.into_iter().map(Mistake::from).collect())
}
