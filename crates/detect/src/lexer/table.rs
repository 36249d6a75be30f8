//! CSV: the cells below a column whose head is a secret's name.

use std::ops::Range;

use super::scan::{MAX_VALUE, is_name_byte, line_end, line_head, name_around};
use super::{Place, Quoting, Reading};
use crate::MAX_MATCH;
use crate::kind::FileKind;
use crate::validate::{NameKind, name_kind};

/// The cells below the head that covers the anchor.
pub(super) fn column(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    if matches!(place.kind, FileKind::Code | FileKind::Test | FileKind::Translation | FileKind::Listing) {
        return;
    }
    // The anchor may begin with the separator before the name.
    let signs = bytes[place.start..place.end].iter().take_while(|b| !is_name_byte(**b)).count();
    let Some(name) = name_around(bytes, place.start + signs) else { return };
    let Some(lead) = line_head(bytes, name.start, 240) else { return };
    let head_start = name.start - lead.len();
    let head_end = line_end(bytes, name.end, 300);
    let head = &bytes[head_start..head_end];
    let Some(separator) = separator(head) else { return };
    let index = cells(bytes, head_start..head_end, separator)
        .position(|c| c.start <= name.start && name.end <= c.end);
    let Some(index) = index else { return };
    let cell = cells(bytes, head_start..head_end, separator).nth(index).unwrap_or(0..0);
    let text = &bytes[name.clone()];
    // `pass` alone names a password beside a user's column, and a result of a test elsewhere.
    let login = || {
        let lower = head.to_ascii_lowercase();
        [&b"user"[..], b"login", b"mail", b"benutzer", b"account"]
            .iter()
            .any(|w| memchr::memmem::find(&lower, w).is_some())
    };
    let names_one = name_kind(text) == NameKind::Secret || text.eq_ignore_ascii_case(b"pass") && login();
    if cell != name || !names_one {
        return;
    }
    let columns = head.iter().filter(|b| **b == separator).count();
    // Every window holds as much; rows behind it cost.
    let free = place.start + MAX_MATCH - 256;
    let mut at = head_end;
    loop {
        at += usize::from(bytes.get(at) == Some(&b'\r')) + 1;
        if at >= bytes.len() {
            return place.reach.cut();
        }
        let end = line_end(bytes, at, MAX_VALUE);
        if end > free && !place.reach.take(end + 1 - at) {
            return;
        }
        let row = bytes.get(at..end).unwrap_or_default();
        if row.iter().filter(|b| **b == separator).count() != columns {
            // The bytes at hand may end within a row.
            if end == bytes.len() && !row.is_empty() {
                place.reach.cut();
            }
            return;
        }
        if let Some(secret) = cells(bytes, at..end, separator).nth(index).filter(|c| !c.is_empty()) {
            // Another head: its own cells are read from there.
            if bytes[secret.clone()] == bytes[name.clone()] {
                return;
            }
            // The match is the cell alone: one head is that of many cells.
            let matched = secret.clone();
            sink(Reading { matched, name: name.clone(), secret, quoting: Quoting::Line });
        }
        at = end;
    }
}

/// The separator of a line that holds nothing but names.
fn separator(head: &[u8]) -> Option<u8> {
    let separator = head.iter().copied().find(|b| matches!(b, b',' | b';' | b'\t' | b'|'))?;
    let names = head.split(|b| *b == separator).all(|cell| {
        let cell = cell.trim_ascii();
        let cell = cell.strip_prefix(b"\"").and_then(|c| c.strip_suffix(b"\"")).unwrap_or(cell);
        !cell.is_empty()
            && cell.len() <= 40
            && cell.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ' | b'.'))
            && !cell[0].is_ascii_digit()
    });
    (names && !head[0].is_ascii_whitespace()).then_some(separator)
}

/// The cells of a line, without blanks and quotes around them.
fn cells(bytes: &[u8], line: Range<usize>, separator: u8) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = line.start;
    let text = &bytes[line];
    text.split(move |b| *b == separator).map(move |cell| {
        let start = at;
        at += cell.len() + 1;
        let lead = cell.iter().take_while(|b| matches!(b, b' ' | b'"' | b'\t')).count();
        let tail = cell.iter().rev().take_while(|b| matches!(b, b' ' | b'"' | b'\t' | b'\r')).count();
        start + lead..(start + cell.len()).saturating_sub(tail).max(start + lead)
    })
}
