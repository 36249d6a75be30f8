//! SQL: `IDENTIFIED BY 'v'`, `PASSWORD 'v'`, `SET PASSWORD = 'v'`, `PASSWORD('v')`.

use memchr::memmem;

use super::scan::{stands, white};
use super::value::{quoted as literal, word};
use super::{Place, Quoting, Reading};

/// How far before the password its statement begins, in bytes.
const STATEMENT: usize = 160;

/// What begins a statement that sets a password.
const STATEMENTS: &[&[u8]] = &[
    b"create user",
    b"alter user",
    b"create role",
    b"alter role",
    b"create login",
    b"alter login",
    b"create secret",
    b"authentication_string",
    b"mysql.user",
    b"database link",
];

/// Words between a password's keyword and the password.
const BETWEEN: &[&[u8]] = &[b"using", b"with", b"by", b"as", b"values", b"=", b"(", b"password", b"(", b"n"];

/// The password that a statement of SQL sets.
pub(super) fn sql(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let keyword =
        [&b"identified"[..], b"password", b"secret"].into_iter().find(|k| stands(bytes, place.start, k));
    let Some(keyword) = keyword else { return };
    let identified = keyword == b"identified";
    let after = place.start + keyword.len();
    let head = &bytes[place.start.saturating_sub(STATEMENT)..place.start];
    let set = head.len() >= 4 && head[head.len() - 4..].eq_ignore_ascii_case(b"set ");
    let Some(at) = value_start(bytes, after, set).filter(|at| *at != after) else { return };
    // What stands there tells most of them; looking for a statement takes longer.
    let in_quotes = matches!(bytes.get(at), Some(b'\'' | b'"'));
    if !in_quotes && !identified && !is_role(head) {
        return;
    }
    let before = head.to_ascii_lowercase();
    let says = |text: &[u8]| memmem::find(&before, text).is_some();
    let sets = set || STATEMENTS.iter().any(|s| says(s));
    // Prose says "identified by" of anything: a name in double quotes is no password without a statement before it.
    let stated = sets
        || bytes.get(at) == Some(&b'\'')
        || [&b"grant"[..], b" user", b" role", b"@", b"link"].iter().any(|s| says(s));
    if !stated || !identified && !sets {
        return;
    }
    let secret = match bytes.get(at) {
        Some(b'\'' | b'"') => literal(bytes, at),
        // Oracle's passwords need no quotes, and some write PostgreSQL's so.
        _ if identified && sets && stands(bytes, white(bytes, after, 16), b"by") || is_role(head) => {
            let bare = word(bytes, at);
            let ends = matches!(bytes.get(bare.end), Some(b';' | b' ' | b'\n' | b'"' | b'\'' | b'\\'));
            (ends && !bare.is_empty()).then_some(bare)
        }
        _ => None,
    };
    if let Some(secret) = secret {
        let name = place.start..after;
        sink(Reading { matched: place.start..secret.end, name, secret, quoting: Quoting::Certain });
    }
}

/// Whether a statement that makes or changes a role goes on to its password.
fn is_role(head: &[u8]) -> bool {
    let line = head.rsplit(|b| matches!(b, b';' | b'\n')).next().unwrap_or_default();
    let ends = |text: &[u8]| {
        line.len().checked_sub(text.len()).is_some_and(|at| line[at..].eq_ignore_ascii_case(text))
    };
    let says = |text: &[u8]| line.windows(text.len()).any(|w| w.eq_ignore_ascii_case(text));
    [&b" with "[..], b" login ", b" encrypted "].iter().any(|s| ends(s))
        && [&b"create role "[..], b"alter role ", b"create user ", b"alter user "].iter().any(|s| says(s))
}

/// Where the password begins whose keyword ends at `at`; `set` if `SET` stands before it.
fn value_start(bytes: &[u8], at: usize, set: bool) -> Option<usize> {
    let mut at = white(bytes, at, 16);
    // `SET PASSWORD FOR 'user'@'host' = 'v'`.
    if set && stands(bytes, at, b"for ") {
        let line = bytes.get(at..(at + 160).min(bytes.len()))?;
        let end = line.iter().position(|b| matches!(b, b'=' | b';' | b'\n')).filter(|i| line[*i] == b'=')?;
        at += end;
    }
    for word in BETWEEN {
        // `N'v'` of SQL Server.
        let national = *word == b"n" && bytes.get(at + 1) != Some(&b'\'');
        if !stands(bytes, at, word) || national {
            continue;
        }
        let next = white(bytes, at + word.len(), 8);
        at = next;
        // The plugin's name: `IDENTIFIED WITH sha256_password BY 'v'`.
        if *word == b"with" {
            let plugin = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            let name = bytes.iter().skip(at).take(48).take_while(|b| plugin(b)).count();
            let behind = white(bytes, at + name, 8);
            if name > 2 && stands(bytes, behind, b"by ") {
                at = behind;
            }
        }
    }
    Some(at)
}
