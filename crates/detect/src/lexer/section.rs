//! Kubernetes Secrets: every value below `data` or `stringData`, whatever its key is called.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scan::{MAX_VALUE, line_end};
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

/// The values of a Secret's manifest, read from its `kind: Secret` on.
pub(super) fn secret_manifest(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let end = (place.end + MAX_MATCH / 2).min(bytes.len());
    let mut at = line_end(bytes, place.end, 200);
    // `kind: SecretStore` and the like are other kinds.
    if !bytes[place.end..at].trim_ascii().is_empty() {
        return;
    }
    // The indentation of the section that values are read from, and whether they are in base64.
    let mut section: Option<(usize, bool)> = None;
    while at < end {
        at += usize::from(bytes[at] == b'\r') + 1;
        let next = line_end(bytes, at.min(bytes.len()), MAX_VALUE);
        let line = bytes.get(at..next).unwrap_or_default();
        let indent = line.iter().take_while(|b| **b == b' ').count();
        let text = line.trim_ascii();
        if text.starts_with(b"---") {
            return;
        }
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
        at = next;
        if bytes.get(at).is_none() {
            return;
        }
    }
}

/// One value; its key stands from `key` to `colon`.
fn value(bytes: &[u8], key: usize, colon: usize, encoded: bool, sink: &mut dyn FnMut(Reading)) {
    let name = &bytes[key..colon.max(key)];
    if PLAIN_KEYS.iter().any(|k| name.eq_ignore_ascii_case(k)) {
        return;
    }
    let start = colon + 2;
    let at = start + bytes.iter().skip(start).take_while(|b| **b == b' ').count();
    let secret = literal(bytes, at).unwrap_or_else(|| rest_of_line(bytes, at));
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
        sink(Reading { matched: key..secret.end, name: key..colon, secret, quoting: Quoting::Certain });
    }
}
