//! Kubernetes Secrets: every value below `data` or `stringData`, whatever its key is called.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scan::{MAX_VALUE, line_end, white};
use super::value::{quoted as literal, rest_of_line};
use super::{Place, Quoting, Reading};
use crate::MAX_MATCH;

/// Keys of a Secret whose values are none.
const PLAIN_KEYS: &[&[u8]] = &[
    b"username",
    b"user",
    b"host",
    b"hostname",
    b"port",
    b"url",
    b"endpoint",
    b"name",
    b"namespace",
    b"email",
    b"database",
    b"dbname",
    b"region",
    b"ca.crt",
    b"tls.crt",
    b"type",
    b"bucket",
    b"project",
    b"server",
    b"ca",
    b"cert",
    b"certificate",
];

/// How far before its kind a manifest's values are looked for, in bytes: `kubectl get` writes `data` before `kind`.
const BEFORE: usize = 400;

/// The values of a Secret's manifest, in YAML or JSON: those behind its kind, and those shortly before it.
pub(super) fn secret_manifest(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let end = (place.end + MAX_MATCH / 2).min(bytes.len());
    if bytes.get(place.start) == Some(&b'"') {
        return members(bytes, place.start.saturating_sub(BEFORE)..end, place.start, sink);
    }
    let at = line_end(bytes, place.end, 200);
    // `kind: SecretStore` and the like are other kinds.
    if !bytes[place.end..at].trim_ascii().is_empty() {
        return;
    }
    lines(bytes, document_start(bytes, place.start), end, sink);
}

/// Where the lines of the document around `at` begin, as far back as is looked.
fn document_start(bytes: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(BEFORE);
    let mut start = if from == 0 { 0 } else { (line_end(bytes, from, BEFORE) + 1).min(at) };
    let mut line = start;
    while line < at {
        let next = line_end(bytes, line, BEFORE + 1);
        let text = bytes.get(line..next).unwrap_or_default().trim_ascii();
        if begins_document(text) {
            start = line;
        }
        line = next + 1;
    }
    start
}

/// Whether a line begins another document, or another one in a list of them.
fn begins_document(line: &[u8]) -> bool {
    let keys = [&b"- apiVersion:"[..], b"- data:", b"- stringData:", b"- kind:", b"- metadata:"];
    line.starts_with(b"---") || keys.iter().any(|key| line.starts_with(key))
}

/// Whether two keys with this between them are members of one object.
fn is_beside(between: &[u8]) -> bool {
    let mut depth = 0_i32;
    for byte in between {
        depth += i32::from(*byte == b'{') - i32::from(*byte == b'}');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// The values of `data` and `stringData` in JSON, in the object around `kind`.
fn members(bytes: &[u8], window: Range<usize>, kind: usize, sink: &mut dyn FnMut(Reading)) {
    for (section, encoded) in [(&b"\"data\""[..], true), (b"\"stringData\"", false)] {
        let text = bytes.get(window.clone()).unwrap_or_default();
        let found = memchr::memmem::find_iter(text, section).map(|at| window.start + at);
        let found = found.filter(|at| is_beside(bytes.get(kind.min(*at)..kind.max(*at)).unwrap_or_default()));
        // The one that stands nearest to the kind.
        let Some(at) = found.min_by_key(|at| at.abs_diff(kind)) else { continue };
        let colon = white(bytes, at + section.len(), 8);
        let open = white(bytes, colon + 1, 8);
        if bytes.get(colon) != Some(&b':') || bytes.get(open) != Some(&b'{') {
            continue;
        }
        let mut next = open + 1;
        while next < window.end {
            let key = white(bytes, next, 64);
            let Some(name) = literal(bytes, key) else { break };
            let colon = white(bytes, name.end + 1, 8);
            if bytes.get(colon) != Some(&b':') {
                break;
            }
            let value = white(bytes, colon + 1, 8);
            let Some(secret) = literal(bytes, value) else { break };
            next = white(bytes, secret.end + 1, 8) + 1;
            let ends = bytes.get(next - 1) != Some(&b',');
            give_secret(bytes, name, secret, encoded, sink);
            if ends {
                break;
            }
        }
    }
}

/// The values in the lines of a document.
fn lines(bytes: &[u8], mut at: usize, end: usize, sink: &mut dyn FnMut(Reading)) {
    let from = at;
    // The indentation of the section that values are read from, and whether they are in base64.
    let mut section: Option<(usize, bool)> = None;
    while at < end {
        let next = line_end(bytes, at, MAX_VALUE);
        let line = bytes.get(at..next).unwrap_or_default();
        let indent = line.iter().take_while(|b| **b == b' ').count();
        let text = line.trim_ascii();
        if at > from && begins_document(text) {
            return;
        }
        let (indent, text) = text.strip_prefix(b"- ").map_or((indent, text), |text| (indent + 2, text));
        if text.starts_with(b"data:") || text.starts_with(b"stringData:") {
            section = (text.ends_with(b":")).then_some((indent, text.starts_with(b"data")));
        } else if let Some((outer, encoded)) = section
            && !text.is_empty()
            && !text.starts_with(b"#")
        {
            if indent <= outer {
                section = None;
            } else if let Some(colon) = line.windows(2).position(|w| w == b": ") {
                value(bytes, at + indent, at + colon, encoded, sink);
            }
        }
        let Some(end) = bytes.get(next) else { return };
        at = next + 1 + usize::from(*end == b'\r' && bytes.get(next + 1) == Some(&b'\n'));
    }
}

/// One value; its key stands from `key` to `colon`.
fn value(bytes: &[u8], key: usize, colon: usize, encoded: bool, sink: &mut dyn FnMut(Reading)) {
    let start = colon + 2;
    let at = start + bytes.iter().skip(start).take_while(|b| **b == b' ').count();
    let secret = literal(bytes, at).unwrap_or_else(|| rest_of_line(bytes, at));
    give_secret(bytes, key..colon, secret, encoded, sink);
}

/// Gives a value out if it may be a secret.
fn give_secret(
    bytes: &[u8],
    name: Range<usize>,
    secret: Range<usize>,
    encoded: bool,
    sink: &mut dyn FnMut(Reading),
) {
    let key = &bytes[name.clone()];
    if PLAIN_KEYS.iter().any(|k| key.eq_ignore_ascii_case(k)) {
        return;
    }
    let text = &bytes[secret.clone()];
    if encoded {
        let Ok(decoded) = STANDARD.decode(text) else { return };
        let plain = crate::validate::is_placeholder(&decoded)
            || crate::validate::is_plain_setting(&decoded)
            || decoded.len() < 6
            || decoded.contains(&b'\n')
            || decoded.starts_with(b"http");
        if plain {
            return;
        }
    }
    if secret.len() >= 6 {
        sink(Reading { matched: name.start..secret.end, name, secret, quoting: Quoting::Certain });
    }
}
