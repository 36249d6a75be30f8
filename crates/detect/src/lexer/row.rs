//! Rows that SQL puts into a table: the values in columns whose names are a secret's.

use std::ops::Range;

use super::scan::{is_name_byte, line_end, stands, white};
use super::value::trimmed;
use super::{Place, Quoting, Reading};
use crate::MAX_MATCH;
use crate::validate::{NameKind, is_hex_digest, is_password_name, name_kind};

/// The most columns of a table.
const COLUMNS: usize = 1024;

/// How far behind the anchor the names of columns stand, in bytes.
const HEAD: usize = MAX_MATCH / 2;

/// How far behind the anchor every window has rows, in bytes, and the longest row.
const REACH: usize = MAX_MATCH - 256;

/// Words that begin what is no column in the definition of a table.
const CONSTRAINTS: &[&[u8]] = &[
    b"primary",
    b"key",
    b"unique",
    b"constraint",
    b"foreign",
    b"index",
    b"check",
    b"fulltext",
    b"spatial",
    b"exclude",
];

/// Names of columns that are a secret's, with their numbers.
type Wanted = Vec<(usize, Range<usize>)>;

/// The cells of `INSERT INTO table (columns) VALUES (cells), …` below the names of secrets; the anchor is `INSERT INTO`.
pub(super) fn row(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let limit = place.start.saturating_add(REACH).min(bytes.len());
    let name = table_name(bytes, place.end);
    let head = place.start.saturating_add(HEAD).min(limit);
    let Some((columns, end)) = list(bytes, white(bytes, name.end, 8), head) else { return };
    let wanted = wanted(bytes, &columns);
    if !wanted.is_empty() {
        values(place, end, columns.len(), &wanted, sink);
    }
}

/// The cells of `INSERT INTO table VALUES (cells), …` below the names of secrets, which the statement `CREATE TABLE` before
/// them gives; the anchor is `CREATE TABLE`.
pub(super) fn table(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    const INSERT: &[u8] = b"insert into ";
    let bytes = place.bytes;
    let limit = place.start.saturating_add(REACH).min(bytes.len());
    let start = white(bytes, place.end, 8);
    let exists = b"if not exists ";
    let start = start + if stands(bytes, start, exists) { exists.len() } else { 0 };
    let name = table_name(bytes, start);
    let head = place.start.saturating_add(HEAD).min(limit);
    let Some((definitions, end)) = list(bytes, white(bytes, name.end, 8), head) else { return };
    let is_column = |d: &Range<usize>| {
        let word = &bytes[unquoted(bytes, d.clone())];
        // A column in quotes may have any name.
        !bytes[d.start].is_ascii_alphabetic() || !CONSTRAINTS.iter().any(|c| word.eq_ignore_ascii_case(c))
    };
    let columns: Vec<_> = definitions.into_iter().filter(|d| !d.is_empty() && is_column(d)).collect();
    let wanted = wanted(bytes, &columns);
    if wanted.is_empty() {
        return;
    }
    let (mut at, mut limit) = (end, limit);
    while at + INSERT.len() < limit {
        // One byte is looked for at a time: most tables are followed by other definitions.
        let Some(next) = bytes[at..limit].iter().position(|b| matches!(b, b'i' | b'I')) else { return };
        at += next;
        if !stands(bytes, at, INSERT) {
            at += 1;
            continue;
        }
        let other = table_name(bytes, at + INSERT.len());
        at = other.end;
        if own_name(bytes, &other).eq_ignore_ascii_case(own_name(bytes, &name)) {
            let start = at;
            at = values(place, other.end, columns.len(), &wanted, sink);
            // The rows may stand in statements of their own: as long as they follow each other, they are read.
            let next = at.saturating_add(REACH).min(bytes.len());
            if next > limit && place.reach.take(at - start) {
                limit = next;
            }
        }
    }
}

/// The cells of `COPY table (columns) FROM stdin;` below the names of secrets, as `pg_dump` writes them: one row a line, its
/// cells apart by tabs, until `\\.`. The anchor is `COPY` with what follows.
pub(super) fn copy(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let limit = place.start.saturating_add(REACH).min(bytes.len());
    let name = table_name(bytes, place.start + b"copy ".len());
    let head = place.start.saturating_add(HEAD).min(limit);
    let Some((columns, end)) = list(bytes, white(bytes, name.end, 8), head) else { return };
    let wanted = wanted(bytes, &columns);
    if wanted.is_empty() || !stands(bytes, white(bytes, end, 8), b"from stdin") {
        return;
    }
    let mut at = line_end(bytes, end, 80) + 1;
    while !stands(bytes, at, b"\\.") {
        if at >= bytes.len() {
            return place.reach.cut();
        }
        let stop = line_end(bytes, at, REACH);
        if stop > limit && !place.reach.take(stop + 1 - at) {
            return;
        }
        let cells: Vec<_> = bytes[at..stop].split(|b| *b == b'\t').map(<[u8]>::len).collect();
        // A row that the bytes at hand cut off has no last cell.
        if stop == bytes.len() {
            return place.reach.cut();
        }
        if cells.len() != columns.len() {
            return;
        }
        for (index, name) in &wanted {
            let start = at + cells[..*index].iter().map(|length| length + 1).sum::<usize>();
            let secret = start..start + cells[*index];
            if is_clear_word(bytes, name, &secret) {
                sink(cell(name, secret));
            }
        }
        at = stop + 1;
    }
}

/// A cell's reading. Its match is the cell alone: the column's name may stand thousands of bytes before it, and is one for
/// many cells.
fn cell(name: &Range<usize>, secret: Range<usize>) -> Reading {
    Reading { matched: secret.clone(), name: name.clone(), secret, quoting: Quoting::Quoted }
}

/// The name of a table that begins at `at`, with quotes and the schema's name.
fn table_name(bytes: &[u8], at: usize) -> Range<usize> {
    let own = |b: &u8| is_name_byte(*b) || matches!(b, b'`' | b'"' | b'[' | b']' | b'\\');
    let length = bytes.iter().skip(at).take(80).take_while(|b| own(b)).count();
    at..at + length
}

/// A table's name without quotes and schema.
fn own_name<'a>(bytes: &'a [u8], name: &Range<usize>) -> &'a [u8] {
    let quote = |b: &u8| matches!(b, b'`' | b'"' | b'[' | b']' | b'\\');
    let text = bytes[name.clone()].rsplit(|b| *b == b'.').next().unwrap_or_default();
    let start = text.iter().position(|b| !quote(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !quote(b)).map_or(start, |at| at + 1);
    &text[start..end]
}

/// The columns whose names are a secret's.
fn wanted(bytes: &[u8], columns: &[Range<usize>]) -> Wanted {
    columns
        .iter()
        .map(|column| unquoted(bytes, column.clone()))
        .enumerate()
        .filter(|(_, column)| is_secret_column(&bytes[column.clone()]))
        .collect()
}

/// Whether a column's name is a secret's; `pass` alone is one among columns.
fn is_secret_column(name: &[u8]) -> bool {
    name_kind(name) == NameKind::Secret || name.eq_ignore_ascii_case(b"pass")
}

/// Reads `VALUES (cells), …` at `at`; returns the place behind it.
fn values(
    place: &Place<'_>,
    at: usize,
    columns: usize,
    wanted: &Wanted,
    sink: &mut dyn FnMut(Reading),
) -> usize {
    let bytes = place.bytes;
    let free = place.start.saturating_add(REACH);
    let start = white(bytes, at, 16);
    if !stands(bytes, start, b"values") {
        return start;
    }
    let mut at = white(bytes, start + b"values".len(), 16);
    loop {
        let limit = at.saturating_add(REACH).min(bytes.len());
        let Some((cells, end)) = list(bytes, at, limit) else {
            if at >= bytes.len() || limit == bytes.len() && bytes[at] == b'(' {
                place.reach.cut();
            }
            return at;
        };
        if cells.len() != columns || end > free && !place.reach.take(end - at) {
            return end;
        }
        for (index, name) in wanted {
            if let Some(secret) = cells.get(*index).and_then(|cell| text(bytes, name, cell)) {
                sink(cell(name, secret));
            }
        }
        let comma = white(bytes, end, 16);
        if bytes.get(comma) != Some(&b',') {
            return end;
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
    (is_quoted && is_clear_word(bytes, name, &secret)).then_some(secret)
}

/// Whether a cell is one word and no digest of a password.
fn is_clear_word(bytes: &[u8], name: &Range<usize>, cell: &Range<usize>) -> bool {
    let Some(value) = bytes.get(cell.clone()) else { return false };
    let is_digest = is_password_name(&bytes[name.clone()]) && is_hex_digest(value);
    let is_word = !value.iter().any(|b| b.is_ascii_whitespace() || matches!(b, b'\'' | b'\\'));
    is_word && !value.is_empty() && !is_digest
}
