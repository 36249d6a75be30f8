//! Several values at once: the items of a list that is given to a name, and names that are given a list of values.

use std::ops::Range;

use super::assignment::{Head, head};
use super::operator::Operator;
use super::scan::{blanks, is_name_byte, line_head, stands, white};
use super::setting::HEAD;
use super::value::{quoted as literal, word};
use super::{Quoting, Reading};
use crate::validate::{NameKind, name_kind};

/// How far behind a name a list may open, in bytes.
const OPENING: usize = 64;

/// The most items of a list that are read.
const ITEMS: usize = 1024;

/// The items of a list or the values of a map given to a name: `API_KEYS = ["v", "w"]`, `TOKENS = {'shop': 'v'}`. A list
/// of keys holds words as often, so that they must look random.
pub(super) fn items(bytes: &[u8], name: Range<usize>, sink: &mut dyn FnMut(Reading)) {
    // Behind most names stands no bracket.
    let rest = bytes.get(name.end..bytes.len().min(name.end + OPENING)).unwrap_or_default();
    let opens = |b: &u8| matches!(b, b'[' | b'{' | b'(');
    if !rest.iter().take_while(|b| !matches!(b, b'\n' | b'\r')).any(opens) {
        return;
    }
    if name_kind(&bytes[name.clone()]) != NameKind::Secret {
        return;
    }
    let Some(head) = head(bytes, name) else { return };
    let at = blanks(bytes, head.span.end, 8);
    let joined = matches!(head.operator, Operator::Equals | Operator::Colon);
    let slice = &b"[]string{"[..];
    let opening = match bytes.get(at) {
        _ if stands(bytes, at, slice) => slice.len(),
        Some(b'[' | b'{' | b'(') => 1,
        _ => return,
    };
    if !joined {
        return;
    }
    let mut at = white(bytes, at + opening, 80);
    for _ in 0..ITEMS {
        let Some(mut secret) = literal(bytes, at) else { return };
        let mut end = white(bytes, secret.end + 1, 80);
        if bytes.get(end) == Some(&b':') || stands(bytes, end, b"=>") {
            let value = blanks(bytes, end + 1 + usize::from(bytes[end] == b'='), 8);
            let Some(inner) = literal(bytes, value) else { return };
            (end, secret) = (white(bytes, inner.end + 1, 80), inner);
        }
        if !matches!(bytes.get(end), Some(b',' | b']' | b'}' | b')')) {
            return;
        }
        let next = white(bytes, end + 1, 80);
        let is_last = bytes.get(end) != Some(&b',');
        // The match is the item alone: one name is that of many items.
        let matched = secret.clone();
        sink(Reading { matched, name: head.name.clone(), secret, quoting: Quoting::Bare });
        if is_last {
            return;
        }
        at = next;
    }
}

/// The place of the last of several values where the name is the last of as many names: `user, password = "pilot", "value"`.
pub(super) fn parallel(bytes: &[u8], head: &Head) -> Option<usize> {
    // Before most names stands no comma.
    if !bytes[head.name.start.saturating_sub(2)..head.name.start].contains(&b',') {
        return None;
    }
    let line = line_head(bytes, head.name.start, HEAD)?.trim_ascii_end().strip_suffix(b",")?;
    let is_name = |part: &[u8]| {
        let word = part.trim_ascii().rsplit(|b| *b == b' ').next().unwrap_or_default();
        !word.is_empty() && word.iter().all(|b| is_name_byte(*b) || matches!(b, b'$' | b'@'))
    };
    let names: Vec<&[u8]> = line.split(|b| *b == b',').collect();
    if head.in_quotes || names.len() > 8 || !names.iter().all(|part| is_name(part)) {
        return None;
    }
    let mut at = blanks(bytes, head.span.end, 8);
    for _ in names {
        let end = match literal(bytes, at) {
            Some(text) => text.end + 1,
            None => word(bytes, at).end,
        };
        let comma = blanks(bytes, end, 4);
        if bytes.get(comma) != Some(&b',') {
            return None;
        }
        at = blanks(bytes, comma + 1, 8);
    }
    Some(at)
}
