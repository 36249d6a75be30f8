//! Splitting an instruction's arguments into words.

use std::ops::Range;

use super::error::ErrorKind;
use super::lines::is_blank;
use super::text::{Text, TextBuilder};
use seaworthy_source::Span;

/// One key and value of `ENV` or `LABEL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key as written.
    pub key: Text,
    /// The value.
    pub value: Value,
    /// Whether it stands in the old form `KEY value`, without `=`.
    pub legacy: bool,
}

/// A value as it is written and as a builder takes it before variables are expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// With its quotes and escapes.
    pub raw: Text,
    /// Without them. Variables stand as written; to expand them, start from `raw`.
    pub unquoted: Text,
}

impl Value {
    pub(super) fn new(raw: Text, escape: char) -> Self {
        let unquoted = unquote(&raw, escape);
        Self { raw, unquoted }
    }

    /// Where the raw value stands.
    pub fn span(&self) -> Span {
        self.raw.span()
    }
}

/// The part of `range` without Unicode space at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

/// Words between blanks.
pub(super) fn split(text: &Text, range: Range<usize>) -> Vec<Text> {
    let mut words = Vec::new();
    let part = text.get(range.clone()).unwrap_or_default();
    let mut at = range.start;
    for word in part.split(is_blank) {
        if !word.is_empty() {
            words.push(text.slice(at..at + word.len()));
        }
        at += word.len() + 1;
    }
    words
}

/// Takes the leading `--flag` words off; quotes and backslashes in them are processed, whatever the escape
/// directive says. Returns the flags and what follows.
pub(super) fn flags(text: &Text, range: Range<usize>) -> (Vec<Text>, Range<usize>) {
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        let rest = text.get(at..range.end).unwrap_or_default();
        at += rest.len() - rest.trim_start().len();
        if !rest.trim_start().starts_with("--") {
            return (flags, at..range.end);
        }
        let (word, end) = flag(text, at..range.end);
        if word.as_str() == "--" {
            return (flags, end..range.end);
        }
        if !word.is_empty() {
            flags.push(word);
        }
        at = end;
    }
}

fn flag(text: &Text, range: Range<usize>) -> (Text, usize) {
    let part = text.get(range.clone()).unwrap_or_default();
    let plain = part.find(char::is_whitespace).unwrap_or(part.len());
    if !part.get(..plain).unwrap_or_default().contains(['\'', '"', '\\']) {
        return (text.slice(range.start..range.start + plain), range.start + plain);
    }
    let mut word = TextBuilder::default();
    let mut quote = None;
    let mut chars = part.char_indices();
    let mut end = range.end;
    while let Some((i, mut c)) = chars.next() {
        let mut at = range.start + i;
        match quote {
            None if c.is_whitespace() => {
                end = at;
                break;
            }
            None if matches!(c, '\'' | '"') => {
                quote = Some(c);
                continue;
            }
            Some(q) if c == q => {
                quote = None;
                continue;
            }
            _ => {}
        }
        if c == '\\' {
            let Some((i, escaped)) = chars.next() else { break };
            (at, c) = (range.start + i, escaped);
        }
        word.push_text(text, at..at + c.len_utf8());
    }
    (word.finish(text.locate(range.start..range.start).start), end)
}

/// Words between Unicode spaces, where quotes and escapes keep spaces inside a word and stay in it.
/// `offset` is added to the ranges.
pub(super) fn quoted(text: &str, offset: usize, escape: char) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let mut quote = None;
        let mut end = rest.len();
        let mut next = rest.len();
        let mut chars = rest.char_indices();
        while let Some((i, c)) = chars.next() {
            if c == escape && quote != Some('\'') {
                if chars.next().is_none() {
                    end = i;
                }
                continue;
            }
            match quote {
                None if c.is_whitespace() => {
                    (end, next) = (i, i);
                    break;
                }
                None if matches!(c, '\'' | '"') => quote = Some(c),
                Some(q) if c == q => quote = None,
                _ => {}
            }
        }
        let start = at;
        at += next;
        Some(offset + start..offset + start + end)
    })
    .filter(|r| !r.is_empty())
}

/// The pairs of `ENV` and `LABEL`.
pub(super) fn pairs(
    text: &Text,
    range: Range<usize>,
    name: &'static str,
    escape: char,
) -> Result<Vec<Pair>, ErrorKind> {
    let mut words = quoted(text.get(range.clone()).unwrap_or_default(), range.start, escape).peekable();
    let Some(first) = words.peek() else { return Ok(Vec::new()) };
    if !text.get(first.clone()).unwrap_or_default().contains('=') {
        let part = text.get(range.clone()).unwrap_or_default();
        let Some(blank) = part.find(is_blank) else { return Err(ErrorKind::TwoArguments(name)) };
        let value = part.get(blank..).unwrap_or_default().trim_start_matches(is_blank);
        let key = text.slice(range.start..range.start + blank);
        let value = Value::new(text.slice(range.end - value.len()..range.end), escape);
        return Ok(vec![Pair { key, value, legacy: true }]);
    }
    words
        .map(|word| {
            let equals =
                text.get(word.clone()).unwrap_or_default().find('=').ok_or(ErrorKind::NotNameValue)?;
            let key = text.slice(word.start..word.start + equals);
            let value = Value::new(text.slice(word.start + equals + 1..word.end), escape);
            Ok(Pair { key, value, legacy: false })
        })
        .collect()
}

/// Takes quotes and escapes out of a word, as a builder does while it expands variables.
pub(super) fn unquote(raw: &Text, escape: char) -> Text {
    if !raw.contains(['\'', '"', escape]) {
        return raw.clone();
    }
    let mut out = TextBuilder::with_capacity(raw.len());
    let mut quote = None;
    let mut chars = raw.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let mut at = i;
        let mut kept = c;
        match quote {
            None if matches!(c, '\'' | '"') => {
                quote = Some(c);
                continue;
            }
            Some(q) if c == q => {
                quote = None;
                continue;
            }
            None if c == escape => {
                let Some(next) = chars.next() else { break };
                (at, kept) = next;
            }
            Some('"') if c == escape => {
                if let Some(next) = chars.next_if(|(_, n)| *n == '"' || *n == '$' || *n == escape) {
                    (at, kept) = next;
                } else if chars.peek().is_none() {
                    break;
                }
            }
            _ => {}
        }
        out.push_text(raw, at..at + kept.len_utf8());
    }
    out.finish(raw.span().start)
}
