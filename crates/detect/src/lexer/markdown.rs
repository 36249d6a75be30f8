//! Tables of Markdown: the cells below a column whose head names a password.

use std::ops::Range;

use super::scan::{MAX_VALUE, line_end, line_head, name_around};
use super::{Place, Quoting, Reading};
use crate::MAX_MATCH;
use crate::kind::FileKind;

/// Heads of columns that hold passwords. A plural is a column about them.
const HEADS: &[&[u8]] =
    &[b"password", b"passwd", b"passphrase", b"passwort", b"kennwort", b"pass", b"pw", b"pwd"];

/// The length of a head that says something else as often, such as how many tests pass.
const SHORT_HEAD: usize = 4;

/// The longest line of heads, in bytes.
const HEAD_LINE: usize = 400;

/// How far behind the anchor rows are read, in bytes.
const REACH: usize = MAX_MATCH - 256;

/// The cells below the head that covers the anchor.
pub(super) fn column(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    if !matches!(place.kind, FileKind::Prose | FileKind::Unknown) {
        return;
    }
    // The anchor begins with the bar before the head.
    let signs = bytes[place.start..place.end].iter().take_while(|b| !b.is_ascii_alphabetic()).count();
    let Some(name) = name_around(bytes, place.start + signs) else { return };
    let Some(lead) = line_head(bytes, name.start, 240) else { return };
    let head_end = line_end(bytes, name.end, HEAD_LINE);
    let index = lead.iter().filter(|b| **b == b'|').count();
    let whole = cell(bytes, name.start - lead.len()..head_end, index);
    if whole.map(|cell| plain(bytes, cell)) != Some(name.clone())
        || !HEADS.iter().any(|head| bytes[name.clone()].eq_ignore_ascii_case(head))
        || name.len() <= SHORT_HEAD && !names_users(&bytes[name.start - lead.len()..head_end])
    {
        return;
    }
    // Below the heads stands a line of dashes.
    let Some(rule) = next_line(bytes, head_end) else { return };
    let marks = |b: &u8| matches!(b, b'|' | b'-' | b':' | b' ' | b'\t');
    let is_rule =
        bytes[rule.clone()].iter().all(marks) && bytes[rule.clone()].windows(3).any(|w| w == b"---");
    if !is_rule {
        return;
    }
    let limit = place.start.saturating_add(REACH);
    let mut at = rule.end;
    while let Some(row) = next_line(bytes, at).filter(|row| row.end < limit) {
        if !bytes[row.clone()].contains(&b'|') {
            return;
        }
        if let Some(found) = cell(bytes, row.clone(), index) {
            let secret = plain(bytes, found);
            let one_word = !bytes[secret.clone()].iter().any(u8::is_ascii_whitespace);
            if one_word && !secret.is_empty() {
                // The match is the cell alone: one head is that of many cells.
                let matched = secret.clone();
                sink(Reading { matched, name: name.clone(), secret, quoting: Quoting::Line });
            }
        }
        at = row.end;
    }
}

/// Whether a head of the table names users.
fn names_users(heads: &[u8]) -> bool {
    const USERS: [&[u8]; 8] =
        [b"user", b"username", b"user name", b"login", b"account", b"benutzer", b"name", b"email"];
    let mut cells = heads.split(|b| *b == b'|').map(<[u8]>::trim_ascii);
    cells.any(|cell| USERS.iter().any(|user| cell.eq_ignore_ascii_case(user)))
}

/// The line behind the line end at `at`.
fn next_line(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + usize::from(bytes.get(at) == Some(&b'\r')) + 1;
    (start < bytes.len()).then(|| start..line_end(bytes, start, MAX_VALUE))
}

/// The cell behind as many bars as `index` says.
fn cell(bytes: &[u8], line: Range<usize>, index: usize) -> Option<Range<usize>> {
    let mut start = line.start;
    for (at, part) in bytes[line].split(|b| *b == b'|').enumerate() {
        if at == index {
            return Some(start..start + part.len());
        }
        start += part.len() + 1;
    }
    None
}

/// A cell without blanks and the marks of code and stress.
fn plain(bytes: &[u8], cell: Range<usize>) -> Range<usize> {
    let mark = |b: &&u8| matches!(b, b' ' | b'\t' | b'`' | b'*');
    let text = &bytes[cell.clone()];
    let lead = text.iter().take_while(mark).count();
    let tail = text[lead..].iter().rev().take_while(mark).count();
    cell.start + lead..cell.end - tail
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::*;

    fn cells(text: &str, kind: FileKind) -> Vec<String> {
        let bytes = text.as_bytes();
        let anchors = ["| password", "| pass", "|password"];
        let start = anchors.iter().find_map(|a| text.to_ascii_lowercase().find(a)).unwrap_or(0);
        let place = Place { bytes, start, end: start + 6, kind, reach: &Reach::new(usize::MAX) };
        let mut found = Vec::new();
        column(&place, &mut |r| found.push(String::from_utf8_lossy(&bytes[r.secret]).into_owned()));
        found
    }

    #[test]
    fn columns_of_passwords() {
        let table = "| User | Password |\r\n|---|:---:|\r\n| a | `q7Tz!m2` |\r\n| b | **x 1** |\r\n| c | y2 |\r\n\r\n| d | z3 |\r\n";
        assert_eq!(cells(table, FileKind::Prose), ["q7Tz!m2", "y2"]);
        assert!(cells(table, FileKind::Code).is_empty());
        assert_eq!(cells("User | Pass\n--- | ---\na | q7Tz!m2", FileKind::Unknown), ["q7Tz!m2"]);
        // No rule below the heads, a longer head, tests that pass.
        for text in [
            "| User | Password |\n| a | q7Tz |\n",
            "| User | Password policy |\n|---|---|\n| a | q7Tz |\n",
            "| Test | Pass |\n|---|---|\n| a | q7Tz |\n",
            "| password",
            "| Password |\n",
            "| Password |\n|---|",
        ] {
            assert!(cells(text, FileKind::Prose).is_empty(), "{text}");
        }
    }
}
