//! Words: quotes, escapes, parameters and substitutions.

use std::ops::Range;

use super::lexer::Lexer;
use super::{Assignment, Operator, Quote, Word, WordPart};
use crate::text::{Text, TextBuilder};
use seaworthy_source::Span;

/// Collects the parts of a word.
#[derive(Default)]
struct Parts {
    done: Vec<WordPart>,
    open: TextBuilder,
    quote: Option<Quote>,
}

impl Parts {
    fn push(&mut self, text: &Text, range: Range<usize>, quote: Quote) {
        self.switch(quote);
        self.open.push_text(text, range);
    }

    /// A character that stands for an escape.
    fn push_char(&mut self, c: char, span: Span, quote: Quote) {
        self.switch(quote);
        self.open.push(c.encode_utf8(&mut [0; 4]), span);
    }

    fn switch(&mut self, quote: Quote) {
        if self.quote != Some(quote) {
            self.flush();
            self.quote = Some(quote);
        }
    }

    fn flush(&mut self) {
        if let Some(quote) = self.quote.take()
            && !self.open.is_empty()
        {
            let text = std::mem::take(&mut self.open).finish(0);
            self.done.push(WordPart::Literal { text, quote });
        }
    }

    fn part(&mut self, part: WordPart) {
        self.flush();
        self.done.push(part);
    }
}

/// What ends the characters that are being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Blanks and operators.
    Word,
    /// A `"`, which is eaten.
    Quote,
    /// A `}`, which is eaten; inside `"` or not.
    Brace(Quote),
    /// The end of the text, or the given offset of it (here-documents).
    Offset(usize),
}

impl Lexer<'_> {
    /// A word that starts here; at least one character is read.
    pub(super) fn word(&mut self) -> Word {
        let start = self.at;
        let mut parts = Parts::default();
        self.parts(&mut parts, Stop::Word);
        if self.at == start {
            self.at += self.peek_char().map_or(0, char::len_utf8);
            parts.push(self.text, start..self.at, Quote::None);
        }
        self.finish_word(parts, start)
    }

    fn finish_word(&self, mut parts: Parts, start: usize) -> Word {
        parts.flush();
        Word { parts: parts.done, range: start..self.at, span: self.text.locate(start..self.at) }
    }

    /// The lines of a here-document up to `end`. Quotes are plain characters there.
    pub(super) fn here_document(&mut self, end: usize, quoted: bool) -> Word {
        let start = self.at;
        let mut parts = Parts::default();
        if quoted {
            parts.push(self.text, start..end, Quote::Single);
        } else {
            self.parts(&mut parts, Stop::Offset(end));
        }
        self.at = end;
        self.finish_word(parts, start)
    }

    fn parts(&mut self, parts: &mut Parts, stop: Stop) {
        let quote = match stop {
            Stop::Word => Quote::None,
            Stop::Quote | Stop::Offset(_) => Quote::Double,
            Stop::Brace(quote) => quote,
        };
        let quotes = !matches!(stop, Stop::Quote | Stop::Offset(_));
        while let Some(c) = self.peek_char() {
            let start = self.at;
            match c {
                _ if matches!(stop, Stop::Offset(end) if start >= end) => return,
                ' ' | '\t' | '\n' | '|' | '&' | ';' | '(' | ')' | '<' | '>' if stop == Stop::Word => return,
                '\r' if stop == Stop::Word && matches!(self.rest().as_bytes(), [_] | [_, b'\n', ..]) => {
                    return;
                }
                '"' if stop == Stop::Quote => {
                    self.at += 1;
                    return;
                }
                '}' if matches!(stop, Stop::Brace(_)) => {
                    self.at += 1;
                    return;
                }
                '\\' => self.backslash(parts, quote),
                '\'' if quotes && quote == Quote::None => {
                    let end = self
                        .rest()
                        .get(1..)
                        .unwrap_or_default()
                        .find('\'')
                        .map_or(self.text.len(), |i| start + 1 + i);
                    parts.push(self.text, start + 1..end, Quote::Single);
                    self.at = (end + 1).min(self.text.len());
                }
                '"' if quotes => {
                    self.at += 1;
                    self.nested(parts, Stop::Quote);
                }
                '$' => self.dollar(parts, quote),
                '`' => self.backquotes(parts, quote),
                _ => {
                    self.at += c.len_utf8();
                    parts.push(self.text, start..self.at, quote);
                }
            }
        }
    }

    /// Reads parts one level deeper; too deep, the rest stays as characters.
    fn nested(&mut self, parts: &mut Parts, stop: Stop) {
        if self.enter() {
            self.parts(parts, stop);
            self.leave();
        }
    }

    fn backslash(&mut self, parts: &mut Parts, quote: Quote) {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.peek_char() else {
            return parts.push(self.text, start..self.at, quote);
        };
        let escaped = self.at;
        match c {
            '\n' => self.at += 1,
            '$' | '`' | '"' | '\\' => {
                self.at += 1;
                parts.push(self.text, escaped..self.at, quote);
            }
            _ if quote == Quote::Double => parts.push(self.text, start..escaped, quote),
            _ => {
                self.at += c.len_utf8();
                parts.push(self.text, escaped..self.at, quote);
            }
        }
    }

    fn dollar(&mut self, parts: &mut Parts, quote: Quote) {
        let start = self.at;
        let quoted = quote == Quote::Double;
        let rest = self.rest().get(1..).unwrap_or_default();
        let mut next = rest.chars();
        match next.next() {
            Some('\'') if quote == Quote::None => self.ansi_c(parts),
            Some('"') if quote == Quote::None => {
                self.at += 2;
                self.nested(parts, Stop::Quote);
            }
            Some('{') => {
                self.at += 2;
                self.braced(parts, start, quote);
            }
            Some('(') => {
                if let Some(end) = self.arithmetic_end(start + 1) {
                    self.at = end;
                    parts.part(WordPart::Arithmetic { text: self.text.slice(start..end) });
                } else {
                    self.substitution(parts, start, 2, quoted);
                }
            }
            Some(c) => {
                let name = name_length(rest, c);
                self.at += 1 + name;
                if name == 0 {
                    return parts.push(self.text, start..self.at, quote);
                }
                parts.part(WordPart::Variable {
                    name: self.text.slice(start + 1..self.at),
                    operator: None,
                    argument: None,
                    quoted,
                    span: self.text.locate(start..self.at),
                });
            }
            None => {
                self.at += 1;
                parts.push(self.text, start..self.at, quote);
            }
        }
    }

    /// `$(...)`, `<(...)` or `>(...)`, which start at `start` with `opening` bytes.
    fn substitution(&mut self, parts: &mut Parts, start: usize, opening: usize, quoted: bool) {
        self.at = start + opening;
        if !self.enter() {
            return parts.push(self.text, start..self.at, Quote::None);
        }
        let script = self.script(true);
        self.leave();
        let span = self.text.locate(start..self.at);
        parts.part(WordPart::Substitution { script, quoted, span });
    }

    /// A process substitution, which is a word of its own with what follows it.
    pub(super) fn process_substitution(&mut self) -> Word {
        let start = self.at;
        let mut parts = Parts::default();
        self.substitution(&mut parts, start, 2, false);
        self.parts(&mut parts, Stop::Word);
        self.finish_word(parts, start)
    }

    fn backquotes(&mut self, parts: &mut Parts, quote: Quote) {
        let start = self.at;
        let Some(length) = self.backquoted_length() else {
            self.at += 1;
            return parts.push(self.text, start..self.at, quote);
        };
        let inner = start + 1..start + 1 + length;
        self.at = inner.end + 1;
        if !self.enter() {
            return parts.push(self.text, start..self.at, quote);
        }
        let script = Lexer::new(&self.unescape_backquoted(inner, quote), self.depth()).script(false);
        self.leave();
        let span = self.text.locate(start..self.at);
        parts.part(WordPart::Substitution { script, quoted: quote == Quote::Double, span });
    }

    /// Bytes up to the closing backquote.
    fn backquoted_length(&mut self) -> Option<usize> {
        if self.at >= self.no_backquote {
            return None;
        }
        let mut escaped = false;
        let found = self.rest().bytes().skip(1).position(|b| {
            let closes = b == b'`' && !escaped;
            escaped = b == b'\\' && !escaped;
            closes
        });
        if found.is_none() {
            // No later one closes either, so that no one looks again.
            self.no_backquote = self.at;
        }
        found
    }

    /// Takes the backslashes off that a backquoted command needs.
    fn unescape_backquoted(&self, inner: Range<usize>, quote: Quote) -> Text {
        let mut out = TextBuilder::default();
        let mut at = inner.start;
        while let Some(i) = self.text.get(at..inner.end).and_then(|s| s.find('\\')) {
            let backslash = at + i;
            let next = self.text.as_bytes().get(backslash + 1).copied();
            let taken =
                matches!(next, Some(b'`' | b'$' | b'\\')) || (next == Some(b'"') && quote == Quote::Double);
            out.push_text(self.text, at..if taken { backslash } else { backslash + 1 });
            at = backslash + 1;
            if taken {
                out.push_text(self.text, at..at + 1);
                at += 1;
            }
        }
        out.push_text(self.text, at.min(inner.end)..inner.end);
        out.finish(self.text.locate(inner.start..inner.start).start)
    }

    /// `${...}`, whose name starts here.
    fn braced(&mut self, parts: &mut Parts, start: usize, quote: Quote) {
        let mut operator = None;
        if let Some(prefix @ ('#' | '!')) = self.peek_char()
            && self
                .rest()
                .get(1..)
                .unwrap_or_default()
                .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        {
            operator = Some(if prefix == '#' { Operator::Length } else { Operator::Indirect });
            self.at += 1;
        }
        let name_start = self.at;
        let length = self.peek_char().map_or(0, |c| name_length(self.rest(), c));
        self.at += length;
        if self.rest().starts_with('[') {
            let end = self.rest().find([']', '}', '\n']).unwrap_or_default();
            self.at += end + usize::from(self.rest().get(end..).unwrap_or_default().starts_with(']'));
        }
        let name = self.text.slice(name_start..name_start + length);
        if let Some(found) = self.operator() {
            operator = Some(found);
        }
        let argument_start = self.at;
        let mut argument = Parts::default();
        if !self.enter() {
            return parts.push(self.text, start..self.at, quote);
        }
        self.parts(&mut argument, Stop::Brace(quote));
        self.leave();
        let mut argument = self.finish_word(argument, argument_start);
        if self.rest_before(self.at).ends_with('}') && self.at > argument_start {
            argument.range.end = self.at - 1;
            argument.span = self.text.locate(argument.range.clone());
        }
        let has_argument = operator.is_some() && !argument.range.is_empty();
        parts.part(WordPart::Variable {
            name,
            operator,
            argument: has_argument.then_some(argument),
            quoted: quote == Quote::Double,
            span: self.text.locate(start..self.at),
        });
    }

    fn operator(&mut self) -> Option<Operator> {
        let rest = self.rest();
        let (colon, first) = match rest.strip_prefix(':') {
            Some(after) => (1, after.chars().next()),
            None => (0, rest.chars().next()),
        };
        let operator = match first {
            Some('-') => Operator::Default,
            Some('=') => Operator::Assign,
            Some('?') => Operator::Require,
            Some('+') => Operator::Alternative,
            Some('}') | None if colon == 0 => return None,
            _ => {
                self.at += colon;
                return Some(Operator::Transform);
            }
        };
        self.at += colon + 1;
        Some(operator)
    }

    /// `$'...'`
    fn ansi_c(&mut self, parts: &mut Parts) {
        self.at += 2;
        parts.switch(Quote::Single);
        while let Some(c) = self.peek_char() {
            let start = self.at;
            self.at += c.len_utf8();
            match c {
                '\'' => return,
                '\\' => match self.ansi_c_escape() {
                    Some(c) => parts.push_char(c, self.text.locate(start..self.at), Quote::Single),
                    None => parts.push(self.text, start..self.at, Quote::Single),
                },
                _ => parts.push(self.text, start..self.at, Quote::Single),
            }
        }
    }

    /// The character that an escape of `$'...'` stands for, after its backslash; `None` if it is none.
    fn ansi_c_escape(&mut self) -> Option<char> {
        let c = self.peek_char()?;
        let plain = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' | 'E' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '?' => c,
            '0'..='7' => return self.digits(0, 3, 8),
            'x' => return self.digits(1, 2, 16),
            'u' => return self.digits(1, 4, 16),
            'U' => return self.digits(1, 8, 16),
            _ => return None,
        };
        self.at += 1;
        Some(plain)
    }

    fn digits(&mut self, skip: usize, most: usize, radix: u32) -> Option<char> {
        let rest = self.rest().get(skip..)?;
        let count = rest.bytes().take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
        let value = u32::from_str_radix(rest.get(..count)?, radix).ok()?;
        self.at += skip + count;
        char::from_u32(value)
    }
}

/// How many bytes of `rest`, whose first character is `first`, are a parameter's name.
fn name_length(rest: &str, first: char) -> usize {
    match first {
        'a'..='z' | 'A'..='Z' | '_' => {
            rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
        }
        '0'..='9' | '@' | '*' | '#' | '?' | '-' | '$' | '!' => 1,
        _ => 0,
    }
}

impl Word {
    /// The word as `NAME=value`, if its unquoted beginning is that.
    pub fn assignment(&self) -> Option<Assignment> {
        let Some(WordPart::Literal { text, quote: Quote::None }) = self.parts.first() else { return None };
        let equals = text.find('=')?;
        let (name, append) = match text.get(..equals).unwrap_or_default().strip_suffix('+') {
            Some(name) => (name, true),
            None => (text.get(..equals).unwrap_or_default(), false),
        };
        let plain = name.split_once('[').map_or(name, |(plain, _)| plain);
        let subscript = name.len() == plain.len() || name.ends_with(']');
        let starts = plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_name = starts && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        // An escaped character in the name makes it an ordinary word: the text is then shorter than its place.
        if !is_name || !subscript || text.locate(0..equals).len() != equals {
            return None;
        }
        let mut parts = self.parts.clone();
        let rest = text.slice(equals + 1..text.len());
        if rest.is_empty() {
            parts.remove(0);
        } else {
            parts[0] = WordPart::Literal { text: rest, quote: Quote::None };
        }
        let start = self.range.start + equals + 1;
        let value_start = text.locate(equals..equals + 1).end;
        let span = Span::new(value_start, self.span.end);
        let value = Self { parts, range: start..self.range.end.max(start), span };
        Some(Assignment { name: text.slice(0..name.len()), append, value, span: self.span })
    }
}
