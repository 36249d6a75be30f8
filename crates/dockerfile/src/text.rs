//! Text assembled from pieces of the file, and the way back from its bytes to the file's.

use std::fmt;
use std::ops::{Deref, Range};

use seaworthy_source::Span;

/// A text that was read from the file, perhaps over several lines, with quotes or escapes taken out.
///
/// It knows, for each of its bytes, where in the file that byte was written. `Debug` shows places and lengths,
/// never the text: a Dockerfile's words may be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    value: String,
    span: Span,
    /// Empty when the value is, byte for byte, what the file holds at `span`.
    pieces: Vec<Piece>,
}

/// A run of a [`Text`]'s bytes that came from one place of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Offset in the text; the run ends where the next piece starts.
    at: usize,
    /// Where it was written. As long as the run when it was copied byte for byte, otherwise the run stands for
    /// all of the span (an escape, an invalid byte).
    span: Span,
}

impl Text {
    /// A text that stands for itself: its places are its own bytes. For scripts that come from elsewhere than a
    /// Dockerfile.
    pub fn of(value: &str) -> Self {
        Self { value: value.to_owned(), span: Span::new(0, value.len()), pieces: Vec::new() }
    }

    /// The text as a string. Bytes that are not UTF-8 are U+FFFD, one for each byte.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The smallest span of the file that holds all of it, quotes and continuations between included.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The smallest span of the file that holds the bytes `range` of this text.
    pub fn locate(&self, range: Range<usize>) -> Span {
        let start = self.source_start(range.start);
        if range.end <= range.start {
            return Span::new(start, start);
        }
        Span::new(start, self.source_end(range.end))
    }

    /// The spans of the file that the bytes `range` of this text were copied from, in order; what stands between
    /// them (continuations, comments, taken-out quotes) is not part of the text.
    pub fn sources(&self, range: Range<usize>) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        self.each_piece(range, |_, span| match spans.last_mut() {
            Some(last) if last.end == span.start => last.end = span.end,
            _ => spans.push(span),
        });
        spans
    }

    /// The part `range` of this text, which still knows its place. A range that is out of bounds or splits a
    /// character gives an empty text.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let Some(part) = self.value.get(range.clone()) else {
            return Self { span: self.locate(range.start..range.start), ..Self::default() };
        };
        let place = self.locate(range.clone());
        let one_piece = self.pieces.is_empty()
            || (!part.is_empty() && self.piece_of(range.start) == self.piece_of(range.end - 1));
        if one_piece && place.len() == part.len() {
            return Self { value: part.to_owned(), span: place, pieces: Vec::new() };
        }
        let mut builder = TextBuilder::with_capacity(part.len());
        self.each_piece(range, |run, span| builder.push(self.value.get(run).unwrap_or_default(), span));
        builder.finish(place.start)
    }

    fn each_piece(&self, range: Range<usize>, mut visit: impl FnMut(Range<usize>, Span)) {
        let range = range.start.min(self.value.len())..range.end.min(self.value.len());
        if range.is_empty() {
            return;
        }
        if self.pieces.is_empty() {
            visit(range.clone(), self.locate(range));
            return;
        }
        let first = self.pieces.partition_point(|p| p.at <= range.start).saturating_sub(1);
        for (i, piece) in self.pieces.iter().enumerate().skip(first) {
            if piece.at >= range.end {
                break;
            }
            let run = piece.at.max(range.start)..self.piece_end(i).min(range.end);
            visit(run.clone(), self.within(i, run));
        }
    }

    fn piece_end(&self, i: usize) -> usize {
        self.pieces.get(i + 1).map_or(self.value.len(), |next| next.at)
    }

    /// The span of the text's bytes `run`, which lie in piece `i`.
    fn within(&self, i: usize, run: Range<usize>) -> Span {
        let piece = self.pieces[i];
        if piece.span.len() == self.piece_end(i) - piece.at {
            let start = piece.span.start + (run.start - piece.at);
            Span::new(start, start + run.len())
        } else {
            piece.span
        }
    }

    fn piece_of(&self, offset: usize) -> usize {
        self.pieces.partition_point(|p| p.at <= offset).saturating_sub(1)
    }

    fn source_start(&self, offset: usize) -> usize {
        if offset >= self.value.len() {
            self.span.end
        } else if self.pieces.is_empty() {
            self.span.start + offset
        } else {
            self.within(self.piece_of(offset), offset..offset + 1).start
        }
    }

    fn source_end(&self, offset: usize) -> usize {
        let offset = offset.min(self.value.len());
        if offset == 0 {
            self.span.start
        } else if self.pieces.is_empty() {
            self.span.start + offset
        } else {
            self.within(self.piece_of(offset - 1), offset - 1..offset).end
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({}..{}, {} bytes)", self.span.start, self.span.end, self.value.len())
    }
}

/// Assembles a [`Text`].
#[derive(Default)]
pub(super) struct TextBuilder {
    value: String,
    pieces: Vec<Piece>,
}

impl TextBuilder {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { value: String::with_capacity(bytes), pieces: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// Appends `run`, which the file holds at `span`; when the lengths differ, all of `run` stands for all of
    /// `span`.
    pub(super) fn push(&mut self, run: &str, span: Span) {
        if run.is_empty() {
            return;
        }
        let at = self.value.len();
        self.value.push_str(run);
        if run.len() == span.len()
            && let Some(last) = self.pieces.last_mut()
            && last.span.end == span.start
            && last.span.len() == at - last.at
        {
            last.span.end = span.end;
            return;
        }
        self.pieces.push(Piece { at, span });
    }

    /// Appends bytes of the file that start at `start`; each byte that is not UTF-8 becomes one U+FFFD.
    pub(super) fn push_bytes(&mut self, bytes: &[u8], start: usize) {
        let mut at = start;
        for chunk in bytes.utf8_chunks() {
            let valid = chunk.valid();
            self.push(valid, Span::new(at, at + valid.len()));
            at += valid.len();
            for _ in chunk.invalid() {
                self.push("\u{fffd}", Span::new(at, at + 1));
                at += 1;
            }
        }
    }

    /// Appends the part `range` of another text, with its places.
    pub(super) fn push_text(&mut self, text: &Text, range: Range<usize>) {
        text.each_piece(range, |run, span| self.push(text.value.get(run).unwrap_or_default(), span));
    }

    /// The text; an empty one is put at `start`.
    pub(super) fn finish(mut self, start: usize) -> Text {
        let span = match (self.pieces.first(), self.pieces.last()) {
            (Some(first), Some(last)) => Span::new(first.span.start, last.span.end),
            _ => Span::new(start, start),
        };
        if self.pieces.len() == 1 && span.len() == self.value.len() {
            self.pieces = Vec::new();
        }
        Text { value: self.value, span, pieces: self.pieces }
    }
}
