//! A word of the shell as one text, with the way back from its bytes to the Dockerfile's.

use std::ops::Range;

use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{Operator, Quote, Word, WordPart};
use seaworthy_source::Span;

/// A text made of words: literals as they are without their quotes, variables as `$NAME`, substitutions as `$()`.
#[derive(Default)]
pub(super) struct Rendered {
    /// The text.
    pub(super) text: String,
    runs: Vec<Run>,
}

struct Run {
    range: Range<usize>,
    /// The literal's text; nothing for what the file does not tell.
    source: Option<Text>,
    span: Span,
    quote: Quote,
}

impl Rendered {
    /// One word.
    pub(super) fn word(word: &Word) -> Self {
        let mut out = Self::default();
        out.push_word(word);
        out
    }

    /// Several words, with a blank between them.
    pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w Word>) -> Self {
        let mut out = Self::default();
        for word in words {
            if !out.text.is_empty() {
                out.text.push(' ');
            }
            out.push_word(word);
        }
        out
    }

    /// A text of the Dockerfile as it is.
    pub(super) fn text(text: &Text) -> Self {
        let mut out = Self::default();
        out.push(text, Some(text.clone()), text.span(), Quote::None);
        out
    }

    fn push_word(&mut self, word: &Word) {
        for part in &word.parts {
            match part {
                WordPart::Literal { text, quote } => self.push(text, Some(text.clone()), text.span(), *quote),
                WordPart::Variable { name, operator, argument, span, .. } => match (operator, argument) {
                    // The default is what the file tells of the value.
                    (Some(Operator::Default | Operator::Assign), Some(default))
                        if !default.parts.is_empty() =>
                    {
                        self.push_word(default);
                    }
                    _ => self.push(&format!("${}", name.as_str()), None, *span, Quote::None),
                },
                WordPart::Substitution { span, .. } => self.push("$()", None, *span, Quote::None),
                WordPart::Arithmetic { text } => self.push("$(())", None, text.span(), Quote::None),
            }
        }
    }

    fn push(&mut self, text: &str, source: Option<Text>, span: Span, quote: Quote) {
        let start = self.text.len();
        self.text.push_str(text);
        if !text.is_empty() {
            self.runs.push(Run { range: start..self.text.len(), source, span, quote });
        }
    }

    fn runs_of(&self, range: &Range<usize>) -> impl Iterator<Item = &Run> {
        let first = self.runs.partition_point(|r| r.range.end <= range.start);
        let rest = self.runs.get(first..).unwrap_or_default();
        rest.iter().take_while(move |r| r.range.start < range.end)
    }

    /// Whether the file holds all of these bytes.
    pub(super) fn is_literal(&self, range: &Range<usize>) -> bool {
        !range.is_empty() && self.runs_of(range).all(|r| r.source.is_some())
    }

    /// Whether any of these bytes stand in single quotes, where the shell expands nothing.
    pub(super) fn is_single_quoted(&self, range: &Range<usize>) -> bool {
        self.runs_of(range).any(|r| r.quote == Quote::Single)
    }

    /// Where these bytes stand in the file.
    pub(super) fn locate(&self, range: &Range<usize>) -> Span {
        let mut span: Option<Span> = None;
        for run in self.runs_of(range) {
            let start = range.start.max(run.range.start) - run.range.start;
            let end = range.end.min(run.range.end) - run.range.start;
            let place = run.source.as_ref().map_or(run.span, |t| t.locate(start..end));
            span = Some(match span {
                Some(s) => Span::new(s.start.min(place.start), s.end.max(place.end)),
                None => place,
            });
        }
        span.unwrap_or_default()
    }
}
