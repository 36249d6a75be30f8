//! Names that only the key above them makes a secret's: `redis: {auth: …}`, `[session] secret = …`, `encrypt { key = … }`.

use super::scan::{line_head, stands};
use super::{Place, Quoting, Reading};
use crate::kind::FileKind;
use crate::validate::{Texture, has_letter_and_digit};

/// How far before a name the key above it is looked for, in bytes.
const REACH: usize = 240;

/// The shortest value that counts, in bytes.
const SHORTEST: usize = 6;

/// A name, and the words of the key above it of which one makes it a secret's.
struct Pair {
    own: &'static [&'static str],
    above: &'static [&'static str],
    shortest: usize,
}

const PAIRS: &[Pair] = &[
    Pair {
        own: &["auth", "authpass"],
        above: &["redis", "valkey", "keydb", "dragonfly", "sentinel", "memcached"],
        shortest: SHORTEST,
    },
    Pair {
        own: &["secret", "secrets"],
        above: &[
            "session", "sessions", "cookie", "cookies", "jwt", "hmac", "ldap", "radius", "turn", "signing",
            "csrf", "auth",
        ],
        shortest: 8,
    },
    Pair {
        own: &["key"],
        above: &["encrypt", "encryption", "jwt", "signing", "credentials", "hmac", "cookie", "crypt"],
        shortest: 16,
    },
    Pair { own: &["key"], above: &["api"], shortest: 24 },
    Pair { own: &["credentials"], above: &["ldap", "bind", "simple"], shortest: 8 },
];

/// The reading, as certain if the key above its name says that the value is a secret. That is asked in configuration
/// alone, and of values that no reference looks like: what refers to a secret stands under such keys as often
/// (`auth: {secret: db-auth}`).
pub(super) fn under_owner(place: &Place<'_>, reading: Reading) -> Reading {
    let name = &place.bytes[reading.name.clone()];
    let own = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let is_one = |words: &[&str], word: &[u8]| words.iter().any(|w| word.eq_ignore_ascii_case(w.as_bytes()));
    let value = &place.bytes[reading.secret.clone()];
    let pairs = || PAIRS.iter().filter(|pair| is_one(pair.own, own) && value.len() >= pair.shortest);
    if pairs().next().is_none() {
        return reading;
    }
    let written = match place.kind {
        FileKind::Config => reading.quoting != Quoting::Bare,
        FileKind::Settings => reading.quoting == Quoting::Quoted,
        _ => false,
    };
    if !written || !looks_given(value) {
        return reading;
    }
    let dotted = name.strip_suffix(own).and_then(|head| head.strip_suffix(b"."));
    let owner = dotted.or_else(|| owner(place.bytes, reading.name.start));
    let told = owner.is_some_and(|owner| {
        let mut words = owner.split(|b| !b.is_ascii_alphanumeric());
        words.any(|word| pairs().any(|pair| is_one(pair.above, word)))
    });
    if told { Reading { quoting: Quoting::Certain, ..reading } } else { reading }
}

/// Whether a value may be a secret: letters and digits without a path's signs, and no name in snake or kebab case.
fn looks_given(value: &[u8]) -> bool {
    let joined = value.iter().any(|b| matches!(b, b'-' | b'_' | b'.'));
    let signs =
        value.iter().any(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b':' | b'{' | b'}' | b'(' | b'<'));
    let cased = value.iter().any(u8::is_ascii_uppercase);
    has_letter_and_digit(value) && !signs && (!joined || cased || Texture::of(value) == Texture::Random)
}

/// The key of the object, the block, the table or the section that holds the name at `at`.
fn owner(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let from = at.saturating_sub(REACH);
    let before = bytes.get(from..at)?;
    opened(before).or_else(|| section(before)).or_else(|| indented(bytes, at, before))
}

/// The key before the brace that is open at the end of `before`.
fn opened(before: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_u32;
    for (at, byte) in before.iter().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => return last_word(without_label(before.get(..at)?)),
            _ => {}
        }
    }
    None
}

/// A block's head without its label: `database "prod"`.
fn without_label(head: &[u8]) -> &[u8] {
    let head = head.trim_ascii_end();
    let labelled = head.strip_suffix(b"\"").and_then(|inner| {
        let open = inner.iter().rposition(|b| *b == b'"')?;
        inner.get(..open)?.strip_suffix(b" ")
    });
    labelled.unwrap_or(head)
}

/// The name at the end of a text, without what joins it to what follows.
fn last_word(head: &[u8]) -> Option<&[u8]> {
    let sign =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b':' | b'=' | b'>' | b'"' | b'\'' | b'[' | b'(');
    let end = head.iter().rposition(|b| !sign(b))? + 1;
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let length = head[..end].iter().rev().take_while(is_name).count();
    head.get(end - length..end).filter(|word| !word.is_empty())
}

/// The last head of a section of INI or TOML: `[smtp]`, `[servers.alpha]`.
fn section<'b>(before: &'b [u8]) -> Option<&'b [u8]> {
    let inner = |line: &'b [u8]| line.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]");
    let found = before.rsplit(|b| *b == b'\n').find_map(inner);
    found.filter(|inner| !inner.contains(&b',') && !inner.contains(&b'"'))
}

/// The key of YAML that the name at `at` is indented below.
fn indented<'b>(bytes: &'b [u8], at: usize, before: &'b [u8]) -> Option<&'b [u8]> {
    let own = line_head(bytes, at, REACH)?.len();
    let lead = line_head(bytes, at, REACH)?;
    if own == 0 || !lead.iter().all(|b| matches!(b, b' ' | b'-')) {
        return None;
    }
    let whole = before.get(..before.len().checked_sub(own + 1)?)?;
    for line in whole.rsplit(|b| *b == b'\n') {
        let text = line.trim_ascii();
        let indent = line.iter().take_while(|b| matches!(b, b' ' | b'-')).count();
        if text.is_empty() || stands(text, 0, b"#") || indent >= own {
            continue;
        }
        return text.strip_suffix(b":").and_then(last_word);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn the_key_above_a_name() {
        for (text, wanted) in [
            ("redis: {port: 1, auth", "redis"),
            ("{\"a\": {\"b\": 1}, \"session\": {\"secret", "session"),
            ("database \"prod\" {\n  x = 1\n  auth", "database"),
            ("[a]\nx = 1\n[servers.jwt]\nsecret", "servers.jwt"),
            ("redis:\n  # x\n  port: 1\n  auth", "redis"),
            ("a:\n  encrypt:\n    key", "encrypt"),
        ] {
            assert_eq!(
                owner(text.as_bytes(), text.rfind(|c: char| !c.is_alphanumeric()).unwrap_or(0) + 1),
                Some(wanted.as_bytes()),
                "{text}"
            );
        }
        for text in ["auth", "x = 1\nauth", "a: 1\n  auth"] {
            let at = text.rfind("auth").unwrap_or(0);
            assert_eq!(owner(text.as_bytes(), at), None, "{text}");
        }
    }
}
