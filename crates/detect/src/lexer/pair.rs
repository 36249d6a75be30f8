//! Objects of a name and a value: `{"name": "DB_PASSWORD", "value": "v"}`, in either order, in JSON, YAML and HCL.

use std::ops::Range;

use super::scan::{blanks, name_around, white};
use super::value::{prelude, quoted as literal, trimmed, word};
use super::{Place, Quoting, Reading};
use crate::validate::{NameKind, name_kind};

/// Keys whose value is a name.
const NAME_KEYS: &[&[u8]] =
    &[b"name", b"key", b"parameterkey", b"id", b"optionname", b"variable", b"field", b"env", b"property"];

/// Keys whose value is the value of that name.
const VALUE_KEYS: &[&[u8]] =
    &[b"value", b"parametervalue", b"default", b"val", b"defaultvalue", b"default_value", b"plaintext"];

/// How far from a name its value may begin, in bytes.
const REACH: usize = 240;

/// A name and a value in one object.
pub(super) fn pair(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    if let Some(reading) = read_pair(place) {
        sink(reading);
    }
}

fn read_pair(place: &Place<'_>) -> Option<Reading> {
    let bytes = place.bytes;
    let name = name_around(bytes, place.start)?;
    // `"/shop/db/password"`: the last part of a path names the parameter.
    let text_start = path_start(bytes, name.start);
    let quote = text_start.checked_sub(1).map(|i| bytes[i]).filter(|b| matches!(b, b'"' | b'\''));
    let closed =
        if quote.is_some() && bytes.get(name.end).copied() == quote { name.end + 1 } else { name.end };
    if quote.is_some() && closed == name.end {
        return None;
    }
    let text_start = text_start - usize::from(quote.is_some());
    let before = bytes.get(text_start.saturating_sub(40)..text_start)?;
    let named = key_of(before).is_some_and(|key| is_one_of(NAME_KEYS, key));
    let after = white(bytes, closed, 40);
    // `"db_password": {…}`, `variable "db_password" {`.
    let opened = match bytes.get(after) {
        Some(b'{') => Some(after + 1),
        Some(b':' | b'=') if !named => Some(blanks(bytes, after + 1, 8))
            .filter(|at| {
                matches!(bytes.get(*at), Some(b'{'))
                    || matches!(bytes.get(*at), Some(b'\n')) && quote.is_none()
            })
            .map(|at| at + 1),
        _ => None,
    };
    if !named && opened.is_none() || name_kind(&bytes[name.clone()]) == NameKind::Harmless {
        return None;
    }
    let (from, until) = match opened {
        Some(at) => (at, None),
        None => (closed, Some(quote)),
    };
    let secret = value_after(bytes, from)
        .or_else(|| until.is_some().then(|| value_before(bytes, text_start)).flatten())?;
    let matched = name.start.min(secret.start)..name.end.max(secret.end);
    Some(Reading { matched, name, secret, quoting: Quoting::Quoted })
}

/// Where the path begins whose last part is the name at `name`; the name itself if it is no part of one in quotes.
fn path_start(bytes: &[u8], name: usize) -> usize {
    if name == 0 || bytes[name - 1] != b'/' {
        return name;
    }
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'.');
    let length = bytes[..name].iter().rev().take(120).take_while(|b| part(b)).count();
    let start = name - length;
    let quoted = start.checked_sub(1).is_some_and(|at| matches!(bytes[at], b'"' | b'\''));
    if quoted { start } else { name }
}

/// The key in front of a value that begins at the end of `before`: `"name": `, `name = `, `<add key=`.
fn key_of(before: &[u8]) -> Option<&[u8]> {
    let before = before.trim_ascii_end();
    let before = before
        .strip_suffix(b"=>")
        .or_else(|| before.strip_suffix(b":"))
        .or_else(|| before.strip_suffix(b"="))?;
    let before = before.trim_ascii_end();
    let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let length = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    before.get(before.len() - length..).filter(|key| !key.is_empty())
}

fn is_one_of(keys: &[&[u8]], key: &[u8]) -> bool {
    keys.iter().any(|k| key.eq_ignore_ascii_case(k))
}

/// The value of a value's key in the same object, after `from`.
fn value_after(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let end = (from + REACH).min(bytes.len());
    let mut at = from;
    let mut depth = 0_u32;
    while at < end {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            // The next item of a list in YAML.
            b'-' if bytes.get(at + 1) == Some(&b' ') && at > 0 && matches!(bytes[at - 1], b' ' | b'\n') => {
                return None;
            }
            b':' | b'=' if depth == 0 => {
                let key = key_of(bytes.get(from.max(at.saturating_sub(40))..=at)?);
                if key.is_some_and(|key| is_one_of(VALUE_KEYS, key)) {
                    return value_at(bytes, at + 1);
                }
                // Over another key's value in quotes.
                let next = blanks(bytes, at + 1, 8);
                if let Some(skipped) = literal(bytes, next) {
                    at = skipped.end + 1;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The value of a value's key that ends right before the name's key: `{"value": "v", "name": "…"}`.
fn value_before(bytes: &[u8], name: usize) -> Option<Range<usize>> {
    let window_start = name.saturating_sub(REACH);
    let window = bytes.get(window_start..name)?;
    // An object, an element, or an item of a list in YAML.
    let is_item = |at: usize| {
        let lead = window.get(..at).unwrap_or_default();
        let line = lead
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(lead, |end| lead.get(end + 1..).unwrap_or_default());
        window.get(at + 1) == Some(&b' ') && line.iter().all(|b| *b == b' ')
    };
    let open = (0..window.len()).rev().find(|at| match window[*at] {
        b'{' | b'<' => true,
        b'-' => is_item(*at),
        _ => false,
    })?;
    let inner = &window[open..];
    let at = inner.windows(5).position(|w| w.eq_ignore_ascii_case(b"value"))?;
    let mut after = window_start + open + at + 5;
    while matches!(bytes.get(after), Some(b'"' | b'\'' | b'\\' | b' ')) {
        after += 1;
    }
    matches!(bytes.get(after), Some(b':' | b'=')).then(|| value_at(bytes, after + 1)).flatten()
}

/// A literal in quotes, or a bare word to the end of its line.
fn value_at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let at = prelude(bytes, at);
    if let Some(secret) = literal(bytes, at) {
        return Some(secret);
    }
    let secret = trimmed(bytes, word(bytes, at));
    let ends = matches!(bytes.get(secret.end), None | Some(b'\n' | b'\r' | b' ' | b',' | b'}'));
    (ends && !secret.is_empty()).then_some(secret)
}
