//! SQL: `IDENTIFIED BY 'v'`, `PASSWORD 'v'`, `SET PASSWORD = 'v'`, `PASSWORD('v')`.

use super::scan::{stands, white};
use super::value::quoted as literal;
use super::{Place, Quoting, Reading};

/// How far before the password its statement begins, in bytes.
const STATEMENT: usize = 160;

/// The password that a statement of SQL sets.
pub(super) fn sql(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let identified = stands(bytes, place.start, b"identified");
    let keyword = if identified { b"identified".len() } else { b"password".len() };
    let after = place.start + keyword;
    let mut at = white(bytes, after, 16);
    for word in [
        &b"using"[..],
        b"with",
        b"mysql_native_password",
        b"caching_sha2_password",
        b"by",
        b"as",
        b"values",
        b"=",
        b"(",
    ] {
        if stands(bytes, at, word) {
            at = white(bytes, at + word.len(), 8);
        }
    }
    let head = &bytes[place.start.saturating_sub(STATEMENT)..place.start];
    let says = |text: &[u8]| head.windows(text.len()).any(|w| w.eq_ignore_ascii_case(text));
    let sets =
        [&b"create user"[..], b"alter user", b"create role", b"alter role", b"create login", b"alter login"]
            .iter()
            .any(|s| says(s))
            || head.len() >= 4 && head[head.len() - 4..].eq_ignore_ascii_case(b"set ");
    // Prose says "identified by" of anything: a name in double quotes is no password without a statement before it.
    let stated = sets
        || bytes.get(at) == Some(&b'\'')
        || [&b"grant"[..], b" user", b" role", b"@", b"link"].iter().any(|s| says(s));
    if !stated {
        return;
    }
    if !identified && !sets || !matches!(bytes.get(at), Some(b'\'' | b'"')) || at == after {
        return;
    }
    if let Some(secret) = literal(bytes, at) {
        let name = place.start..after;
        sink(Reading { matched: place.start..secret.end, name, secret, quoting: Quoting::Certain });
    }
}
