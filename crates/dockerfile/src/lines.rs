//! Physical lines: their ends, their length limit, and what space is.

use super::error::{Error, ErrorKind};
use seaworthy_source::Span;

/// Longest line that BuildKit reads, in bytes, without its `\n`.
const MAX_LINE: usize = 65_535;

/// One physical line.
pub(super) struct Line<'a> {
    /// Offset of its first byte (after the byte order mark).
    pub(super) start: usize,
    /// Its bytes without the line end, which is any run of `\r` and `\n`.
    pub(super) content: &'a [u8],
    /// Number, from 1.
    pub(super) number: u32,
}

/// Reads a file line by line.
pub(super) struct Lines<'a> {
    file: &'a [u8],
    offset: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a [u8], offset: usize) -> Self {
        Self { file, offset, number: 0 }
    }

    /// Where the next line starts.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The number of the last line read, 0 before the first.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn file(&self) -> &'a [u8] {
        self.file
    }

    pub(super) fn next_line(&mut self) -> Result<Option<Line<'a>>, Error> {
        let start = self.offset;
        let rest = self.file.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        self.number = self.number.saturating_add(1);
        if length > MAX_LINE {
            let span = Span::new(start, start + length);
            return Err(Error { line: self.number, span, kind: ErrorKind::LineTooLong });
        }
        self.offset = (start + length + 1).min(self.file.len());
        let mut content = &rest[..length];
        while let [head @ .., b'\r'] = content {
            content = head;
        }
        Ok(Some(Line { start, content, number: self.number }))
    }
}

/// Takes off leading space, Unicode's included.
pub(super) fn trim_start(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    loop {
        match rest {
            [b'\t'..=b'\r' | b' ', tail @ ..] => rest = tail,
            [first, ..] if *first >= 0x80 => match leading_char(rest) {
                Some(c) if c.is_whitespace() => rest = &rest[c.len_utf8()..],
                _ => return rest,
            },
            _ => return rest,
        }
    }
}

fn leading_char(bytes: &[u8]) -> Option<char> {
    bytes.get(..4.min(bytes.len()))?.utf8_chunks().next()?.valid().chars().next()
}

pub(super) fn is_comment(line: &[u8]) -> bool {
    trim_start(line).first() == Some(&b'#')
}

/// Splits off a line continuation: an escape character that is not escaped itself, and blanks after it.
/// Says whether there was one.
pub(super) fn trim_continuation(line: &[u8], escape: char) -> (&[u8], bool) {
    let mut end = line.len();
    while end > 0 && matches!(line[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    let is_escape = |i: usize| line.get(i).is_some_and(|b| char::from(*b) == escape);
    if end > 0 && is_escape(end - 1) && !(end > 1 && is_escape(end - 2)) {
        (&line[..end - 1], true)
    } else {
        (line, false)
    }
}

/// What separates words: BuildKit's `[\t\v\f\r ]`.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}
