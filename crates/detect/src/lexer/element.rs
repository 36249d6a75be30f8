//! XML: the text of an element, CDATA, and the value beside a name.

use std::ops::Range;

use super::scan::{MAX_VALUE, name_around, stands, white};
use super::value::trimmed;
use super::{Place, Quoting, Reading};
use crate::validate::{NameKind, name_kind};

/// Elements whose text is the value of the name before them.
const VALUE_TAGS: &[&[u8]] = &[b"<value>", b"<string>", b"<param-value>", b"<env-entry-value>", b"<val>"];

/// `<password>v</password>`, `<entry key="password">v</entry>`, `<name>x.password</name><value>v</value>`,
/// `<key>Password</key><string>v</string>`.
pub(super) fn element(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    if let Some(reading) = read_element(place) {
        sink(reading);
    }
}

fn read_element(place: &Place<'_>) -> Option<Reading> {
    let bytes = place.bytes;
    let name = name_around(bytes, place.start)?;
    let previous = name.start.checked_sub(1).map(|i| bytes[i])?;
    let mut at = name.end;
    if matches!(previous, b'"' | b'\'') && bytes.get(at) == Some(&previous) {
        at += 1;
    } else if !matches!(previous, b'<' | b'>' | b':') {
        return None;
    }
    // `<key>` alone is what a listing or a dictionary has.
    if bytes[name.clone()].eq_ignore_ascii_case(b"key") && previous == b'<' {
        return None;
    }
    let text = match bytes.get(at)? {
        b'>' => at + 1,
        // Attributes after the name.
        b' ' if previous != b'>' => {
            let attributes = bytes.iter().skip(at).take(160).position(|b| matches!(b, b'>' | b'<'))?;
            if bytes[at + attributes] != b'>' || bytes[at + attributes - 1] == b'/' {
                return None;
            }
            at + attributes + 1
        }
        // The element that holds the name ends, and the one that holds the value begins.
        b'<' if previous == b'>' && bytes.get(at + 1) == Some(&b'/') => {
            let close = at + bytes.iter().skip(at).take(40).position(|b| *b == b'>')? + 1;
            let open = white(bytes, close, 80);
            open + VALUE_TAGS.iter().find(|tag| stands(bytes, open, tag))?.len()
        }
        _ => return None,
    };
    if name_kind(&bytes[name.clone()]) == NameKind::Harmless {
        return None;
    }
    // Spring's `<property name="password"><value>v</value></property>`.
    let inner = white(bytes, text, 80);
    let text = VALUE_TAGS.iter().find(|tag| stands(bytes, inner, tag)).map_or(text, |tag| inner + tag.len());
    let secret = content(bytes, text)?;
    Some(Reading { matched: name.start..secret.end, name, secret, quoting: Quoting::Quoted })
}

/// The text at `at` up to the tag that closes it, without white space and CDATA marks.
fn content(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = white(bytes, at, 200);
    let window = bytes.get(start..(start + MAX_VALUE + 16).min(bytes.len()))?;
    if stands(bytes, start, b"<![CDATA[") {
        let inner = start + 9;
        let length = window.get(9..)?.windows(3).position(|w| w == b"]]>")?;
        return Some(trimmed(bytes, inner..inner + length));
    }
    let length = window.iter().position(|b| matches!(b, b'<' | b'>' | 0))?;
    (window.get(length..length + 2) == Some(b"</")).then(|| trimmed(bytes, start..start + length))
}
