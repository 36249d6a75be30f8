//! Lists of users and their passwords, one a line, as `chpasswd` takes them.

use super::scan::{MAX_VALUE, line_end, stands, white};
use super::{Place, Quoting, Reading};
use crate::MAX_MATCH;

/// How far behind the anchor the key `list` stands, in bytes.
const KEY_REACH: usize = 80;

/// How far behind the anchor lines are read, in bytes.
const REACH: usize = MAX_MATCH - 256;

/// The passwords of the list behind the anchor: `chpasswd:` with a key `list` of cloud-init, or a here-document of a
/// shell that `chpasswd` reads.
pub(super) fn chpasswd(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let in_shell = bytes[place.start..place.end].ends_with(b"<<");
    let Some(first) = (if in_shell { Some(place.end) } else { list_key(bytes, place.end) }) else { return };
    let limit = place.start.saturating_add(REACH).min(bytes.len());
    let mut at = line_end(bytes, first, KEY_REACH);
    loop {
        at += usize::from(bytes.get(at) == Some(&b'\r')) + 1;
        if at >= limit {
            return;
        }
        let end = line_end(bytes, at, MAX_VALUE);
        let line = bytes.get(at..end).unwrap_or_default();
        // A list of YAML is indented, or an item.
        if !in_shell && !matches!(line.first(), Some(b' ' | b'-' | b'\t')) {
            return;
        }
        match login(line) {
            Some((user, secret)) => {
                let secret = at + secret..at + line.trim_ascii_end().len() - usize::from(is_quoted(line));
                // The match is the password alone: one key is that of many.
                if !is_generated(&bytes[secret.clone()]) {
                    let name = at + user..secret.start - 1;
                    sink(Reading { matched: secret.clone(), name, secret, quoting: Quoting::Certain });
                }
            }
            None => return,
        }
        at = end;
    }
}

/// Where the line of the key `list` is, in the lines behind `at`.
fn list_key(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    for _ in 0..3 {
        at = white(bytes, at, 24);
        if stands(bytes, at, b"list:") {
            return Some(at);
        }
        if !stands(bytes, at, b"expire:") {
            return None;
        }
        at = line_end(bytes, at, KEY_REACH);
    }
    None
}

/// Whether the whole item stands in quotes.
fn is_quoted(line: &[u8]) -> bool {
    let item = item_of(line);
    item.len() > 2 && matches!(item[0], b'"' | b'\'') && item.last() == item.first()
}

/// A line without its indentation and the mark of an item.
fn item_of(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_prefix(b"- ").unwrap_or(line).trim_ascii()
}

/// Where the user and the password begin in a line of a list.
fn login(line: &[u8]) -> Option<(usize, usize)> {
    let item = item_of(line);
    let start = line.trim_ascii_end().len() - item.len() + usize::from(is_quoted(line));
    let is_user = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
    let user = line.get(start..)?.iter().take(64).take_while(|b| is_user(b)).count();
    let colon = line.get(start + user) == Some(&b':');
    let rest = line.get(start + user + 1..)?.trim_ascii_end();
    let one_word = !rest.is_empty() && !rest.iter().any(u8::is_ascii_whitespace);
    (user > 0 && colon && one_word).then_some((start, start + user + 1))
}

/// A password that is made at the first start, a hash, or a variable of a shell.
fn is_generated(secret: &[u8]) -> bool {
    let hash = secret.strip_prefix(b"!").unwrap_or(secret);
    matches!(secret, b"R" | b"RANDOM" | b"" | b"!" | b"!!" | b"*") || hash.starts_with(b"$")
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::*;
    use crate::kind::FileKind;

    fn passwords(text: &str, anchor: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let start = text.find(anchor).unwrap_or(0);
        let place = Place {
            bytes,
            start,
            end: start + anchor.len(),
            kind: FileKind::Config,
            reach: &Reach::new(usize::MAX),
        };
        let mut found = Vec::new();
        chpasswd(&place, &mut |r| found.push(String::from_utf8_lossy(&bytes[r.secret]).into_owned()));
        found
    }

    #[test]
    fn every_line_of_a_list() {
        let yaml = "chpasswd:\n  expire: false\n  list: |\n    root:RANDOM\n    a:*one!\n    b:$6$x\n    c:two\n  other: x\n";
        assert_eq!(passwords(yaml, "chpasswd:"), ["*one!", "two"]);
        let items = "chpasswd:\r\n  list:\r\n    - a:one\r\n    - 'b:two'\r\nusers:\r\n  - c:three\r\n";
        assert_eq!(passwords(items, "chpasswd:"), ["one", "two"]);
        let shell = "chpasswd <<EOF\na:one\nb:$B\nEOF\nc:three\n";
        assert_eq!(passwords(shell, "chpasswd <<"), ["one"]);
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            "chpasswd:",
            "chpasswd:\n  list:",
            "chpasswd:\n  list:\n",
            "chpasswd: { expire: false }\n",
            "chpasswd:\n  users:\n    - a:b\n",
        ] {
            assert!(passwords(text, "chpasswd:").is_empty(), "{text}");
        }
        assert!(passwords("chpasswd <<", "chpasswd <<").is_empty());
    }
}
