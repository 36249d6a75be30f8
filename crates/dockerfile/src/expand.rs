//! Variable expansion by BuildKit's rules, which are close to a shell's and not the same.

use std::ops::Range;

use super::expanded::{Expanded, PartKind, SubstitutionError, Via};
use super::pattern;
use super::text::Text;
use seaworthy_source::Span;

/// Deepest nesting of `${x:-${y:-...}}`.
const MAX_DEPTH: u32 = 200;
/// Longest value, in bytes: `ENV A=$A$A` doubles with every line.
const MAX_VALUE: usize = 1 << 20;
/// Most parts of a value; those of unset variables take no bytes.
const MAX_PARTS: usize = 1 << 16;

/// What is known of a variable.
pub(super) enum Found<'a> {
    /// Its value, and the number of the binding that gave it.
    Set(&'a Expanded, usize),
    /// It is not set.
    Unset,
    /// The file does not tell.
    Unknown(Option<usize>),
}

/// How quotes are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// They group, and are taken out.
    Remove,
    /// They are characters like others (heredoc bodies).
    Ignore,
    /// They group, and stay (splitting into words).
    Keep,
}

/// Expands `text`.
pub(super) fn expand<'e>(
    text: &Text,
    escape: char,
    quotes: Quotes,
    lookup: &dyn Fn(&str) -> Found<'e>,
) -> Result<Expanded, SubstitutionError> {
    if !text.contains(['$', '\'', '"', escape]) {
        return Ok(Expanded::literal(text));
    }
    let mut lexer =
        Lexer { text, at: 0, escape, quotes, lookup: Some(lookup), depth: 0, quoted: false, words: None };
    lexer.until(None, false)
}

/// The shell words of a logical line as BuildKit cuts it when it looks for heredocs. A line that it cannot lex has
/// no words, and so no heredocs.
pub(super) fn shell_words(line: &Text) -> Vec<Range<usize>> {
    let words = Some(Words::default());
    let mut lexer = Lexer {
        text: line,
        at: 0,
        escape: '\\',
        quotes: Quotes::Keep,
        lookup: None,
        depth: 0,
        quoted: false,
        words,
    };
    match lexer.until(None, true) {
        Ok(_) => lexer.words.map(Words::finish).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// Whether `text` is a single non-empty word, and then whether any of it is quoted.
pub(super) fn single_word(text: &Text) -> Result<Option<bool>, SubstitutionError> {
    let words = Some(Words::default());
    let mut lexer = Lexer {
        text,
        at: 0,
        escape: '\\',
        quotes: Quotes::Remove,
        lookup: None,
        depth: 0,
        quoted: false,
        words,
    };
    let out = lexer.until(None, false)?;
    let words = lexer.words.map(Words::finish).unwrap_or_default();
    Ok((words.len() == 1 && !out.as_str().is_empty()).then_some(lexer.quoted))
}

/// Words of a line as ranges of it.
#[derive(Default)]
struct Words {
    done: Vec<Range<usize>>,
    open: Option<Range<usize>>,
}

impl Words {
    /// Characters that end a word if they are space.
    fn add(&mut self, text: &str, range: Range<usize>) {
        let part = text.get(range.clone()).unwrap_or_default();
        for (i, c) in part.char_indices() {
            let at = range.start + i;
            if c.is_whitespace() {
                self.done.extend(self.open.take());
            } else {
                self.add_raw(at..at + c.len_utf8());
            }
        }
    }

    /// Characters that belong to the word whatever they are.
    fn add_raw(&mut self, range: Range<usize>) {
        match &mut self.open {
            Some(open) => open.end = range.end,
            None => self.open = Some(range),
        }
    }

    fn finish(mut self) -> Vec<Range<usize>> {
        self.done.extend(self.open.take());
        self.done
    }
}

struct Lexer<'a, 'e> {
    text: &'a Text,
    at: usize,
    escape: char,
    quotes: Quotes,
    /// `None`: variables stay as they are written.
    lookup: Option<&'a dyn Fn(&str) -> Found<'e>>,
    depth: u32,
    /// Whether a quote was met.
    quoted: bool,
    words: Option<Words>,
}

impl Lexer<'_, '_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|s| s.chars().next())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Whether words are collected at this level.
    fn splits(&self) -> bool {
        self.depth == 0 && self.words.is_some()
    }

    fn word(&mut self, range: Range<usize>, raw: bool) {
        if !self.splits() {
            return;
        }
        if let Some(words) = &mut self.words {
            if raw {
                words.add_raw(range);
            } else {
                words.add(self.text, range);
            }
        }
    }

    /// Reads until the character `stop`, which is eaten, or to the end of the text.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<Expanded, SubstitutionError> {
        let mut out = Expanded::default();
        while let Some(c) = self.peek() {
            if self.lookup.is_some() {
                room(&out)?;
            }
            let start = self.at;
            if Some(c) == stop {
                self.next();
                return Ok(out);
            }
            match c {
                '\'' if self.quotes != Quotes::Ignore => self.single_quoted(&mut out)?,
                '"' if self.quotes != Quotes::Ignore => self.double_quoted(&mut out, raw_escapes)?,
                '$' => {
                    self.dollar(&mut out, raw_escapes)?;
                    self.word(start..self.at, false);
                    continue;
                }
                '<' => self.less_than(&mut out),
                c if c == self.escape => {
                    self.next();
                    if raw_escapes {
                        out.push_literal(self.text, start..self.at);
                        self.word(start..self.at, true);
                    }
                    let escaped = self.at;
                    if self.next().is_none() {
                        break;
                    }
                    out.push_literal(self.text, escaped..self.at);
                    self.word(escaped..self.at, true);
                    continue;
                }
                _ => {
                    self.next();
                    out.push_literal(self.text, start..self.at);
                    self.word(start..self.at, false);
                    continue;
                }
            }
            self.word(start..self.at, true);
        }
        match stop {
            None => Ok(out),
            Some('/') => Err(SubstitutionError::Slash),
            Some(_) => Err(SubstitutionError::Brace),
        }
    }

    /// `<<` takes the space after it along, so that `<< EOF` is one word.
    fn less_than(&mut self, out: &mut Expanded) {
        let start = self.at;
        self.next();
        if self.peek() == Some('<') {
            self.next();
            while matches!(self.peek(), Some(' ' | '\t' | '\r')) {
                self.next();
            }
        }
        out.push_literal(self.text, start..self.at);
    }

    fn single_quoted(&mut self, out: &mut Expanded) -> Result<(), SubstitutionError> {
        let open = self.at;
        self.next();
        let start = self.at;
        self.quoted = true;
        while let Some(c) = self.peek() {
            let end = self.at;
            self.next();
            if c == '\'' {
                let kept = if self.quotes == Quotes::Keep { open..self.at } else { start..end };
                out.push_literal(self.text, kept);
                return Ok(());
            }
        }
        Err(SubstitutionError::Quote)
    }

    fn double_quoted(&mut self, out: &mut Expanded, raw_escapes: bool) -> Result<(), SubstitutionError> {
        let keep = self.quotes == Quotes::Keep;
        self.quoted = true;
        let open = self.at;
        self.next();
        if keep {
            out.push_literal(self.text, open..self.at);
        }
        while let Some(c) = self.peek() {
            let mut start = self.at;
            if c == '$' {
                self.dollar(out, raw_escapes)?;
                continue;
            }
            self.next();
            if c == '"' {
                if keep {
                    out.push_literal(self.text, start..self.at);
                }
                return Ok(());
            }
            if c == self.escape {
                match self.peek() {
                    // The escape at the very end is dropped; the quote is then missing.
                    None => continue,
                    Some(next) if next == '"' || next == '$' || next == self.escape => {
                        if !raw_escapes {
                            start = self.at;
                        }
                        self.next();
                    }
                    Some(_) => {}
                }
            }
            out.push_literal(self.text, start..self.at);
        }
        Err(SubstitutionError::Quote)
    }

    fn dollar(&mut self, out: &mut Expanded, raw_escapes: bool) -> Result<(), SubstitutionError> {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.is_empty() {
                out.push_literal(self.text, start..self.at);
                return Ok(());
            }
            return self.plain(out, start, name);
        }
        self.next();
        match self.peek() {
            None => return Err(SubstitutionError::Brace),
            Some('{' | '}' | ':') => return Err(SubstitutionError::Bad),
            Some(_) => {}
        }
        let name = self.name();
        let mut operator = self.next();
        if operator == Some('}') {
            return self.plain(out, start, name);
        }
        let empty_is_unset = operator == Some(':');
        if empty_is_unset {
            operator = self.next();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SubstitutionError::TooLarge);
        }
        let result = match operator {
            Some(c @ ('-' | '+' | '?')) => self.alternative(out, start, name, c, empty_is_unset, raw_escapes),
            Some(c @ ('#' | '%')) => self.trimmed(out, start, name, c),
            Some('/') if !empty_is_unset => self.replaced(out, start, name),
            Some(_) if empty_is_unset => self.until(Some('}'), false).and(Err(SubstitutionError::Modifier)),
            _ => Err(SubstitutionError::Modifier),
        };
        self.depth -= 1;
        result
    }

    /// Letters, digits and `_`; or digits; or one special parameter.
    fn name(&mut self) -> Range<usize> {
        let start = self.at;
        match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.next();
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                self.next();
            }
            _ => {
                while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    self.next();
                }
            }
        }
        start..self.at
    }

    fn find(&self, name: &Range<usize>) -> Option<Found<'_>> {
        self.lookup.map(|lookup| lookup(self.text.get(name.clone()).unwrap_or_default()))
    }

    fn via(&self, start: usize, name: &Range<usize>, binding: Option<usize>) -> Via {
        let name = self.text.get(name.clone()).unwrap_or_default().into();
        Via { name, reference: self.text.locate(start..self.at), binding }
    }

    /// The reference stays in the value as it is written.
    fn keep(&self, out: &mut Expanded, start: usize, name: &Range<usize>, binding: Option<usize>) {
        let via = self.via(start, name, binding);
        let run = self.text.get(start..self.at).unwrap_or_default();
        out.push_part(run, PartKind::Unknown, via.reference, Some(via));
    }

    fn mark(&self, out: &mut Expanded, kind: PartKind, start: usize, name: &Range<usize>) {
        let via = self.via(start, name, None);
        out.push_part("", kind, via.reference, Some(via));
    }

    /// `$X`, `${X}`.
    fn plain(
        &mut self,
        out: &mut Expanded,
        start: usize,
        name: Range<usize>,
    ) -> Result<(), SubstitutionError> {
        match self.find(&name) {
            None => out.push_literal(self.text, start..self.at),
            Some(Found::Unknown(binding)) => self.keep(out, start, &name, binding),
            Some(Found::Unset) => self.mark(out, PartKind::Unset, start, &name),
            Some(Found::Set(value, binding)) => {
                if value.as_str().len() > MAX_VALUE - out.as_str().len().min(MAX_VALUE) {
                    return Err(SubstitutionError::TooLarge);
                }
                out.append(value, Some(&self.via(start, &name, Some(binding))));
            }
        }
        room(out)
    }

    /// `${X:-word}`, `${X+word}`, `${X?word}` and their likes.
    fn alternative(
        &mut self,
        out: &mut Expanded,
        start: usize,
        name: Range<usize>,
        operator: char,
        empty_is_unset: bool,
        raw_escapes: bool,
    ) -> Result<(), SubstitutionError> {
        // BuildKit processes the word's escapes even when the words of a line are being collected.
        let word = self.until(Some('}'), raw_escapes && self.lookup.is_none())?;
        let found = self.find(&name);
        match (operator, found) {
            (_, None) => out.push_literal(self.text, start..self.at),
            ('-', Some(Found::Set(value, binding))) if !(empty_is_unset && value.as_str().is_empty()) => {
                out.append(value, Some(&self.via(start, &name, Some(binding))));
            }
            ('-', Some(Found::Unknown(_))) => {
                self.mark(out, PartKind::Unknown, start, &name);
                out.append(&word, None);
            }
            ('-', _) => out.append(&word, None),
            ('+', Some(Found::Set(value, _))) if !(empty_is_unset && value.as_str().is_empty()) => {
                out.append(&word, None);
            }
            ('+', Some(Found::Unknown(_))) => {
                self.mark(out, PartKind::Unknown, start, &name);
                out.append(&word, None);
            }
            ('+', _) => {}
            (_, Some(Found::Set(value, binding))) if !(empty_is_unset && value.as_str().is_empty()) => {
                out.append(value, Some(&self.via(start, &name, Some(binding))));
            }
            (_, Some(Found::Unknown(binding))) => self.keep(out, start, &name, binding),
            _ => return Err(SubstitutionError::Required),
        }
        room(out)
    }

    /// `${X#pattern}`, `${X##pattern}`, `${X%pattern}`, `${X%%pattern}`.
    fn trimmed(
        &mut self,
        out: &mut Expanded,
        start: usize,
        name: Range<usize>,
        side: char,
    ) -> Result<(), SubstitutionError> {
        let word = self.until(Some('}'), true)?;
        let (longest, word) = match word.as_str().strip_prefix(side) {
            Some(rest) => (true, rest),
            None => (false, word.as_str()),
        };
        self.derived(out, start, &name, |value| {
            let pattern = pattern::parse(word)?;
            Ok(if side == '#' {
                value
                    .get(pattern::prefix(&pattern, value, longest)?.unwrap_or(0)..)
                    .unwrap_or_default()
                    .to_owned()
            } else {
                value
                    .get(..pattern::suffix(&pattern, value, longest)?.unwrap_or(value.len()))
                    .unwrap_or_default()
                    .to_owned()
            })
        })
    }

    /// `${X/pattern/word}`, `${X//pattern/word}`.
    fn replaced(
        &mut self,
        out: &mut Expanded,
        start: usize,
        name: Range<usize>,
    ) -> Result<(), SubstitutionError> {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let word = self.until(Some('/'), true)?;
        let replacement = self.until(Some('}'), true)?;
        self.derived(out, start, &name, |value| {
            pattern::replace(&pattern::parse(word.as_str())?, value, replacement.as_str(), all)
        })
    }

    /// A value that is computed from a variable's: all of it stands where the variable's value stands.
    fn derived(
        &mut self,
        out: &mut Expanded,
        start: usize,
        name: &Range<usize>,
        compute: impl FnOnce(&str) -> Result<String, SubstitutionError>,
    ) -> Result<(), SubstitutionError> {
        match self.find(name) {
            None => out.push_literal(self.text, start..self.at),
            Some(Found::Unknown(binding)) => self.keep(out, start, name, binding),
            Some(Found::Unset) => {
                let run = compute("")?;
                let via = self.via(start, name, None);
                out.push_part(&run, PartKind::Unset, via.reference, Some(via));
            }
            Some(Found::Set(value, binding)) => {
                let run = compute(value.as_str())?;
                let kind = if value.is_known() { PartKind::Literal } else { PartKind::Unknown };
                let via = self.via(start, name, Some(binding));
                let span = match (value.parts().first(), value.parts().last()) {
                    (Some(first), Some(last)) => Span::new(first.span.start, last.span.end),
                    _ => via.reference,
                };
                out.push_part(&run, kind, span, Some(via));
            }
        }
        room(out)
    }
}

/// Whether a value may grow further.
fn room(out: &Expanded) -> Result<(), SubstitutionError> {
    let fits = out.as_str().len() <= MAX_VALUE && out.parts().len() <= MAX_PARTS;
    if fits { Ok(()) } else { Err(SubstitutionError::TooLarge) }
}
