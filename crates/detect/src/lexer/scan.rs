//! Steps over bytes that all readers take.

use std::ops::Range;

/// The longest name, in bytes.
pub(super) const MAX_NAME: usize = 64;

/// The longest value, in bytes.
pub(super) const MAX_VALUE: usize = 4096;

/// Bytes of a name: identifiers, kebab case, dotted properties.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The whole name that covers the byte at `at`; `None` if it is longer than any name.
pub(super) fn name_around(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let left =
        bytes[at.saturating_sub(MAX_NAME + 1)..at].iter().rev().take_while(|b| is_name_byte(**b)).count();
    let right = bytes[at..].iter().take(MAX_NAME + 1).take_while(|b| is_name_byte(**b)).count();
    if left > MAX_NAME || right > MAX_NAME || right == 0 {
        return None;
    }
    let mut start = at - left;
    // The letter of an escaped line end is none of the name's: `\nTOKEN=`.
    if start > 0 && bytes[start - 1] == b'\\' && matches!(bytes[start], b'n' | b't' | b'r') && left > 1 {
        start += 1;
    }
    Some(start..at + right)
}

/// Over blanks and tabs, at most `most`.
pub(super) fn blanks(bytes: &[u8], at: usize, most: usize) -> usize {
    at + bytes.iter().skip(at).take(most).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Over blanks, tabs and line ends, at most `most`.
pub(super) fn white(bytes: &[u8], at: usize, most: usize) -> usize {
    at + bytes.iter().skip(at).take(most).take_while(|b| b.is_ascii_whitespace()).count()
}

/// Whether `text` stands at `at`, ASCII case ignored.
pub(super) fn stands(bytes: &[u8], at: usize, text: &[u8]) -> bool {
    bytes.get(at..at + text.len()).is_some_and(|found| found.eq_ignore_ascii_case(text))
}

/// What stands between the line's begin and `at`, as far as `most` bytes; `None` if the line begins before that.
pub(super) fn line_head(bytes: &[u8], at: usize, most: usize) -> Option<&[u8]> {
    let from = at.saturating_sub(most);
    let window = bytes.get(from..at)?;
    let mut line = match window.iter().rposition(|b| *b == b'\n') {
        Some(end) => window.get(end + 1..)?,
        None if from == 0 => window,
        None => return None,
    };
    while let length @ 1.. = unseen_at_start(line) {
        line = line.get(length..)?;
    }
    Some(line)
}

/// The byte before `at`; a blank for a character that no one sees.
pub(super) fn before(bytes: &[u8], at: usize) -> Option<u8> {
    let unseen = |length: usize| {
        let start = at.checked_sub(length)?;
        (unseen_at_start(bytes.get(start..at)?) == length).then_some(b' ')
    };
    unseen(3).or_else(|| unseen(2)).or_else(|| unseen(1)).or_else(|| bytes.get(at.checked_sub(1)?).copied())
}

/// The length of a character that no one sees and that is no part of what follows it: a byte order mark, as editors of
/// Windows write it, marks of direction and of width, a fixed blank, an escape.
fn unseen_at_start(bytes: &[u8]) -> usize {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => 3,
        [0xe2, 0x80, 0x8b..=0x8f | 0xa8..=0xaf, ..] | [0xe2, 0x81, 0xa0..=0xaf, ..] => 3,
        [0xc2, 0x80..=0xa0 | 0xad, ..] => 2,
        [0x0b | 0x0c | 0x1b, ..] => 1,
        _ => 0,
    }
}

/// The end of the line that holds `at`, at most `most` bytes on.
pub(super) fn line_end(bytes: &[u8], at: usize, most: usize) -> usize {
    at + bytes.iter().skip(at).take(most).take_while(|b| !matches!(b, b'\n' | b'\r' | 0)).count()
}
