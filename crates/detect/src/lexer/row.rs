//! Rows that SQL puts into a table: the values in columns whose names are a secret's.

use std::ops::Range;

use super::scan::{is_name_byte, stands, white};
use super::value::trimmed;
use super::{Place, Quoting, Reading};
use crate::MAX_MATCH;
use crate::validate::{NameKind, is_hex_digest, is_password_name, name_kind};

/// The most columns of a table.
const COLUMNS: usize = 64;

/// The most rows of one statement that are read.
const ROWS: usize = 100;

/// The cells of `INSERT INTO table (columns) VALUES (cells), …` below the names of secrets; the anchor is `INSERT INTO`.
pub(super) fn row(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let limit = place.start.saturating_add(MAX_MATCH / 2).min(bytes.len());
    let table = |b: &u8| is_name_byte(*b) || matches!(b, b'`' | b'"' | b'[' | b']' | b'\\');
    let name = bytes.iter().skip(place.end).take(80).take_while(|b| table(b)).count();
    let Some((columns, end)) = list(bytes, white(bytes, place.end + name, 8), limit) else { return };
    let wanted: Vec<(usize, Range<usize>)> = columns
        .iter()
        .map(|column| unquoted(bytes, column.clone()))
        .enumerate()
        .filter(|(_, column)| name_kind(&bytes[column.clone()]) == NameKind::Secret)
        .collect();
    let values = white(bytes, end, 16);
    if wanted.is_empty() || !stands(bytes, values, b"values") {
        return;
    }
    let mut at = white(bytes, values + b"values".len(), 16);
    for _ in 0..ROWS {
        let Some((cells, end)) = list(bytes, at, limit) else { return };
        if cells.len() != columns.len() {
            return;
        }
        for (index, name) in &wanted {
            if let Some(secret) = cells.get(*index).and_then(|cell| text(bytes, name, cell)) {
                let matched = name.start..secret.end;
                sink(Reading { matched, name: name.clone(), secret, quoting: Quoting::Quoted });
            }
        }
        let comma = white(bytes, end, 16);
        if bytes.get(comma) != Some(&b',') {
            return;
        }
        at = white(bytes, comma + 1, 16);
    }
}

/// The items of a list in parentheses that opens at `at`, and the place after it.
fn list(bytes: &[u8], at: usize, limit: usize) -> Option<(Vec<Range<usize>>, usize)> {
    if bytes.get(at) != Some(&b'(') {
        return None;
    }
    let mut items = Vec::new();
    let (mut start, mut depth, mut i) = (at + 1, 0_usize, at + 1);
    while i < limit && items.len() < COLUMNS {
        match bytes[i] {
            b'\'' => i = closing_quote(bytes, i, limit)?,
            b'(' => depth += 1,
            b')' if depth == 0 => {
                items.push(trimmed(bytes, start..i));
                return Some((items, i + 1));
            }
            b')' => depth -= 1,
            b',' if depth == 0 => {
                items.push(trimmed(bytes, start..i));
                start = i + 1;
            }
            0 => return None,
            _ => {}
        }
        i += 1;
    }
    None
}

/// The quote that ends the text whose quote stands at `at`; doubled ones and those behind a backslash are its own.
fn closing_quote(bytes: &[u8], at: usize, limit: usize) -> Option<usize> {
    let mut i = at + 1;
    while i < limit {
        match bytes[i] {
            b'\\' => i += 2,
            b'\'' if bytes.get(i + 1) == Some(&b'\'') => i += 2,
            b'\'' => return Some(i),
            _ => i += 1,
        }
    }
    None
}

/// A column's name without its quotes.
fn unquoted(bytes: &[u8], column: Range<usize>) -> Range<usize> {
    let own = |b: &u8| is_name_byte(*b);
    let text = &bytes[column.clone()];
    let lead = text.iter().take_while(|b| !own(b)).count();
    let length = text.iter().skip(lead).take_while(|b| own(b)).count();
    column.start + lead..column.start + lead + length
}

/// The text of a cell, if it is one word in quotes and no digest of a password.
fn text(bytes: &[u8], name: &Range<usize>, cell: &Range<usize>) -> Option<Range<usize>> {
    let inner = &bytes[cell.clone()];
    let lead = usize::from(matches!(inner.first(), Some(b'N' | b'E' | b'n')));
    let is_quoted = inner.len() > lead + 2 && inner[lead] == b'\'' && inner.ends_with(b"'");
    let secret = cell.start + lead + 1..cell.end.saturating_sub(1);
    let value = bytes.get(secret.clone())?;
    let is_digest = is_password_name(&bytes[name.clone()]) && is_hex_digest(value);
    let is_word = !value.iter().any(|b| b.is_ascii_whitespace() || matches!(b, b'\'' | b'\\'));
    (is_quoted && is_word && !is_digest).then_some(secret)
}
