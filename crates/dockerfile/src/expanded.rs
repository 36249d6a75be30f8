//! Expanded values: every byte knows where it was written, and by way of which variable it came.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use super::text::Text;
use seaworthy_source::Span;

/// A value after expansion.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Expanded {
    value: String,
    parts: Vec<Part>,
}

/// A run of an expanded value's bytes, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The bytes in the value. Empty for a variable that gave nothing.
    pub range: Range<usize>,
    /// What they are.
    pub kind: PartKind,
    /// Where they were written in the file: for a variable's value, where its `ARG` or `ENV` has it; for an unknown
    /// or unset variable, where it is named.
    pub span: Span,
    /// The variable through which they came into this text, if they were not written in it.
    pub via: Option<Via>,
}

/// What a part of an expanded value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Characters that the file holds.
    Literal,
    /// A variable whose value the file does not tell: a build argument without default, or a variable that the
    /// base image may set. The value holds the reference as written, or nothing where another word stands for it.
    Unknown,
    /// A variable that is not set.
    Unset,
}

/// A variable that was named in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is named: `$X`, or all of `${X:-y}`.
    pub reference: Span,
    /// The `ARG` or `ENV` that gave its value; a number for `Resolution::binding`.
    pub binding: Option<usize>,
}

impl Expanded {
    /// The value. Unknown variables stand in it as they were written.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Where it comes from, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the file tells all of it.
    pub fn is_known(&self) -> bool {
        self.parts.iter().all(|p| p.kind != PartKind::Unknown)
    }

    /// The parts that the bytes `range` of the value come from.
    pub fn parts_of(&self, range: Range<usize>) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |p| p.range.start < range.end && range.start < p.range.end)
    }

    pub(super) fn literal(text: &Text) -> Self {
        let mut out = Self::default();
        out.push_literal(text, 0..text.len());
        out
    }

    pub(super) fn push_literal(&mut self, text: &Text, range: Range<usize>) {
        self.push_written(text.get(range.clone()).unwrap_or_default(), text.locate(range));
    }

    fn push_written(&mut self, run: &str, span: Span) {
        let start = self.value.len();
        self.value.push_str(run);
        let end = self.value.len();
        if let Some(last) = self.parts.last_mut()
            && (last.kind, &last.via) == (PartKind::Literal, &None)
            && last.span.end == span.start
            && last.span.len() == last.range.len()
            && span.len() == run.len()
        {
            last.span.end = span.end;
            last.range.end = end;
        } else if start < end {
            self.parts.push(Part { range: start..end, kind: PartKind::Literal, span, via: None });
        }
    }

    pub(super) fn push_part(&mut self, run: &str, kind: PartKind, span: Span, via: Option<Via>) {
        let start = self.value.len();
        self.value.push_str(run);
        self.parts.push(Part { range: start..self.value.len(), kind, span, via });
    }

    /// Appends another value; with `via`, as what that variable gave.
    pub(super) fn append(&mut self, other: &Self, via: Option<&Via>) {
        let shift = self.value.len();
        self.value.push_str(&other.value);
        self.parts.extend(other.parts.iter().map(|part| Part {
            range: part.range.start + shift..part.range.end + shift,
            kind: part.kind,
            span: part.span,
            via: via.cloned().or_else(|| part.via.clone()),
        }));
    }
}

impl fmt::Debug for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expanded").field("bytes", &self.value.len()).field("parts", &self.parts).finish()
    }
}

/// Why a text cannot be expanded. The build fails there, too.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubstitutionError {
    /// A `'` or `"` without its partner.
    #[error("unexpected end of statement while looking for matching quote")]
    Quote,
    /// `${` without `}`.
    #[error("syntax error: missing '}}'")]
    Brace,
    /// `${x/y` without the second `/`.
    #[error("syntax error: missing '/' in ${{}}")]
    Slash,
    /// `${}`, `${:x}`, `${{x}}`.
    #[error("syntax error: bad substitution")]
    Bad,
    /// `${x^}` and other operators that only shells know.
    #[error("unsupported modifier in substitution")]
    Modifier,
    /// A pattern with an escape that patterns do not know.
    #[error("invalid pattern in substitution")]
    Pattern,
    /// `${x:?}` and the variable is not set, or empty.
    #[error("a required variable is not set")]
    Required,
    /// Substitutions nest deeper than 200, or a value grows over 1 MiB.
    #[error("substitution too large")]
    TooLarge,
}
