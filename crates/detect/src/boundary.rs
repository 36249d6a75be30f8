//! Where a token of a fixed form may begin and end.
//!
//! In text a token stands apart. In a Go or Rust string table, a Python constant, an SQLite row or behind an escape it
//! touches letters, and in a blob of base64 any short prefix occurs by chance. So a token needs no boundary if it
//! proves itself (a checksum, or a long prefix with a sign); a shorter one wants one, or neighbours that such
//! containers bring.

use std::ops::Range;

use super::kind::FileKind;

/// The fewest bytes of a prefix that proves a token by itself.
const LONG_PREFIX: usize = 6;

/// The bytes of a prefix that stands in words everywhere.
const SHORT_PREFIX: usize = 3;

/// The shortest neighbour that is taken for a word, in bytes.
const WORD: usize = 4;

/// How far the neighbours of a token are looked at, in bytes.
const REACH: usize = 40;

/// Whether the token `secret` in `bytes`, whose anchor stands at `anchor`, may stand where it stands. `proof` is
/// what its validators said: above zero a checksum agreed, below zero it did not.
pub(super) fn stands_apart(
    bytes: &[u8],
    secret: &Range<usize>,
    anchor: &Range<usize>,
    kind: FileKind,
    proof: i8,
) -> bool {
    let left = run_before(bytes, secret.start);
    let right = run_after(bytes, secret.end);
    if is_digest(bytes, secret.start) || is_file(bytes, secret, anchor) {
        return false;
    }
    if proof > 0 {
        return true;
    }
    if in_mangled_name(bytes, secret.start) {
        return false;
    }
    // A symbol's name that happens to hold a prefix has a wrong checksum and reads like words.
    if proof < 0 && super::validate::reads_like_words(bytes.get(secret.clone()).unwrap_or_default()) {
        return false;
    }
    let prefix = bytes.get(anchor.clone()).unwrap_or_default();
    let long = anchor.start == secret.start
        && prefix.len() >= LONG_PREFIX
        && prefix.iter().any(|b| !b.is_ascii_alphanumeric());
    let in_blob = |run: &[u8]| run.len() >= REACH / 2 && !reads_as_text(run);
    if long {
        if left.is_empty() || right.is_empty() {
            return true;
        }
        return !(in_blob(left) && in_blob(right));
    }
    // A marshalled string is preceded by its length.
    let length = u8::try_from(secret.len()).ok();
    if length.is_some() && left.last().copied() == length && is_marshal_mark(bytes, secret.start - 1) {
        return true;
    }
    // In a text nothing touches a token; what is no text may be a table of strings.
    // Inside a blob of base64 any short prefix occurs by chance, behind a `/` or `+` too.
    if in_blob(wide_before(bytes, secret.start)) || in_blob(wide_after(bytes, secret.end)) {
        return false;
    }
    let token = bytes.get(secret.clone()).unwrap_or_default();
    let (binary, table) = (is_binary(bytes, secret), kind == FileKind::Unknown && !reads_as_text(token));
    let in_binary = |run: &[u8]| binary && run.len() < REACH / 2;
    let word = |run: &[u8]| table && run.len() >= WORD && reads_as_text(run);
    let before = left.is_empty() || is_escape(bytes, secret.start) || word(left) || in_binary(left);
    // Behind a word, the next string of a table may be short or begin with a short word (`net/http`), which a token of
    // no fixed length swallows in part.
    let after = right.is_empty() || word(right) || in_binary(right) || word(left) && right.len() < WORD;
    before && after
}

/// Whether an anchor, with which a token of a short prefix would begin, stands in the middle of a word of a text, so
/// that [`stands_apart`] would refuse whatever follows.
pub(super) fn inside_word(bytes: &[u8], anchor: &Range<usize>, kind: FileKind) -> bool {
    let before = anchor.start.checked_sub(1).and_then(|at| bytes.get(at));
    anchor.len() <= SHORT_PREFIX
        && kind != FileKind::Unknown
        && before.is_some_and(|b| is_word(*b))
        && !is_escape(bytes, anchor.start)
        && !is_binary(bytes, anchor)
        && !is_marshal_mark(bytes, anchor.start - 1)
}

/// Whether a digest in base64 begins at `at`, of the length that its kind has, as lists of files have it:
/// `sha256=…`, `sha512-…`.
fn is_digest(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(7)..at).unwrap_or_default();
    let after = bytes.get(at..(at + 100).min(bytes.len())).unwrap_or_default();
    let length = after.iter().take_while(|b| is_word(**b) || matches!(b, b'-' | b'+' | b'/' | b'_')).count();
    [(&b"sha256"[..], 43), (b"sha384", 64), (b"sha512", 86)].iter().any(|(kind, own)| {
        length == *own && before.strip_prefix(*kind).is_some_and(|joint| matches!(joint, b"=" | b"-"))
    })
}

/// Whether a token of a short prefix is the name of a file of a web page: a language and a digest, as
/// `/sk-06041317ae9fc90918f0b43fe1732c4e.json` in Slovak.
fn is_file(bytes: &[u8], token: &Range<usize>, anchor: &Range<usize>) -> bool {
    let after = bytes.get(token.end..(token.end + 5).min(bytes.len())).unwrap_or_default();
    let digest = bytes.get(anchor.end..token.end).unwrap_or_default();
    let starts = token.start > 0 && bytes.get(token.start - 1) == Some(&b'/');
    starts
        && anchor.len() <= SHORT_PREFIX
        && digest.iter().all(u8::is_ascii_hexdigit)
        && [&b".json"[..], b".js", b".css", b".map"].iter().any(|end| after.starts_with(end))
}

/// Whether `at` lies in the name of a symbol as compilers of Rust and C++ write it: `_RNvXsk_NtCs…`,
/// `_ZN18load_dwarf_package17h…`. Such names hold any short prefix.
fn in_mangled_name(bytes: &[u8], at: usize) -> bool {
    /// The longest beginning of such a name, in bytes.
    const LONGEST: usize = 2048;
    let window = bytes.get(at.saturating_sub(LONGEST)..at).unwrap_or_default();
    let length = window.iter().rev().take_while(|b| is_word(**b) || matches!(b, b'.' | b'$')).count();
    let name = window.get(window.len() - length..).unwrap_or_default();
    let name = name.strip_prefix(b"_").filter(|n| n.starts_with(b"_")).unwrap_or(name);
    match name {
        [b'_', b'R', kind, ..] => kind.is_ascii_uppercase(),
        [b'_', b'Z', b'N' | b'T' | b'G' | b'0'..=b'9', ..] => true,
        _ => false,
    }
}

/// The bytes of the base64 alphabet right before `at`.
fn run_before(bytes: &[u8], at: usize) -> &[u8] {
    let from = at.saturating_sub(REACH);
    let window = bytes.get(from..at).unwrap_or_default();
    let length = window.iter().rev().take_while(|b| is_word(**b)).count();
    window.get(window.len() - length..).unwrap_or_default()
}

/// The bytes of the base64 alphabet right after `at`.
fn run_after(bytes: &[u8], at: usize) -> &[u8] {
    let window = bytes.get(at..(at + REACH).min(bytes.len())).unwrap_or_default();
    let length = window.iter().take_while(|b| is_word(**b)).count();
    window.get(..length).unwrap_or_default()
}

/// As [`run_before`], with `/` and `+`.
fn wide_before(bytes: &[u8], at: usize) -> &[u8] {
    let window = bytes.get(at.saturating_sub(REACH)..at).unwrap_or_default();
    let length = window.iter().rev().take_while(|b| is_base64(**b)).count();
    window.get(window.len() - length..).unwrap_or_default()
}

/// As [`run_after`], with `/` and `+`.
fn wide_after(bytes: &[u8], at: usize) -> &[u8] {
    let window = bytes.get(at..(at + REACH).min(bytes.len())).unwrap_or_default();
    let length = window.iter().take_while(|b| is_base64(**b)).count();
    window.get(..length).unwrap_or_default()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Letters that follow each other as in words: a string table's neighbours, not a blob, in which case and digits change
/// at every other byte.
fn reads_as_text(run: &[u8]) -> bool {
    let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
    let rises = run.windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count();
    digits * 4 <= run.len() && rises * 6 <= run.len().max(12) && super::validate::reads_like_words(run)
}

/// Whether the byte before `at` ends an escape: `\n`, `\t`, `\r`, `%20`, `%3D`, `\u003d`, `\x3d`.
fn is_escape(bytes: &[u8], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).and_then(|i| bytes.get(i)).copied();
    let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
    let slash =
        back(2) == Some(b'\\') && matches!(back(1), Some(b'n' | b't' | b'r' | b'f' | b'b' | b'0' | b'v'));
    let percent = back(3) == Some(b'%') && hex(back(2)) && hex(back(1));
    let byte = back(4) == Some(b'\\') && back(3) == Some(b'x') && hex(back(2)) && hex(back(1));
    let unit = back(6) == Some(b'\\') && back(5) == Some(b'u') && (1..5).all(|n| hex(back(n)));
    slash || percent || byte || unit || ends_colour(bytes, at)
}

/// Whether the byte before `at` ends a sequence that sets a colour of a terminal, as logs hold them: `ESC [ 93 m`
/// (ECMA-48, 8.3.117).
fn ends_colour(bytes: &[u8], at: usize) -> bool {
    let window = bytes.get(at.saturating_sub(16)..at).unwrap_or_default();
    let Some(inner) = window.strip_suffix(b"m") else { return false };
    let digits = inner.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b';').count();
    inner.get(..inner.len() - digits).unwrap_or_default().ends_with(b"\x1b[")
}

/// Whether the byte before a marshalled string's length is one of Python's type codes, with or without its flag.
fn is_marshal_mark(bytes: &[u8], length_at: usize) -> bool {
    let mark = length_at.checked_sub(1).and_then(|i| bytes.get(i)).map(|b| b & 0x7f);
    matches!(mark, Some(b'z' | b'Z' | b's' | b'a' | b'A' | b'u' | b't' | 0))
}

/// Whether a token stands in binary data, where other records touch it.
fn is_binary(bytes: &[u8], secret: &Range<usize>) -> bool {
    let from = secret.start.saturating_sub(REACH);
    let to = (secret.end + REACH).min(bytes.len());
    let around = bytes.get(from..secret.start).unwrap_or_default().iter();
    around.chain(bytes.get(secret.end..to).unwrap_or_default()).any(|b| *b < 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str, prefix: &str, token: &str) -> bool {
        let start = text.find(token).unwrap_or(0);
        let anchor = start..start + prefix.len();
        stands_apart(text.as_bytes(), &(start..start + token.len()), &anchor, FileKind::Config, 0)
    }

    #[test]
    fn digests_and_pages_are_no_tokens() {
        let digest = "NF-hqdXDbYeLz2kBNE4zUEuq7TzOmR4KADxk29vLpX0";
        let token = digest.get(..35).unwrap_or_default();
        assert!(!stands(&format!("x.py,sha256={digest},120\n"), "NF-", token));
        assert!(stands(&format!("key={token}\n"), "NF-", token));
        // A token may stand where a digest should.
        let token = "ghp_ue5Z6ZBGq92Qpj2Zt4K9yFkcPBWZ2UjQfJZy";
        assert!(stands(&format!("sha256={token}\n"), "ghp_", token));
        let page = "sk-06041317ae9fc90918f0b43fe1732c4e";
        assert!(!stands(&format!("translations/{page}.json"), "sk-", page));
        assert!(stands(&format!("key/{page}"), "sk-", page));
        assert!(stands(&format!("https://x.internal/{token}.json"), "ghp_", token));
    }
}
