//! Literals: escapes, numbers, bytes. <https://docs.python.org/3/reference/lexical_analysis.html#literals>

use tree_sitter::Node;

use super::children;
use crate::observe::entrypoint::python::Version;

/// Whether a string has an escape that Python refuses, or is bytes with other characters than ASCII's.
pub(super) fn is_bad_string(string: Node<'_>, text: &str, version: Option<Version>) -> bool {
    let inner = children(string);
    let of = |n: &Node<'_>| text.get(n.byte_range()).unwrap_or_default();
    let start = inner.iter().find(|n| n.kind() == "string_start").map(of).unwrap_or_default();
    let prefix = start.trim_end_matches(['"', '\'']).to_ascii_lowercase();
    let is_bytes = prefix.contains('b');
    if !matches!(prefix.as_str(), "" | "r" | "u" | "b" | "f" | "br" | "rb" | "fr" | "rf") {
        return true;
    }
    let contents: Vec<&str> = inner.iter().filter(|n| n.kind() == "string_content").map(of).collect();
    if is_bytes && contents.iter().any(|c| !c.is_ascii()) {
        return true;
    }
    if !prefix.contains('r') && contents.iter().any(|c| has_bad_escape(c, is_bytes)) {
        return true;
    }
    let values = inner.iter().filter(|n| n.kind() == "interpolation");
    let is_old = version.is_some_and(|v| v.minor < 12);
    prefix.contains('f') && values.into_iter().any(|value| is_bad_value(*value, text, start, is_old))
}

/// A value in an f-string that is empty, or that versions before 3.12 do not take: with the quotes of the string around
/// it, with a backslash or a comment.
fn is_bad_value(value: Node<'_>, text: &str, start: &str, is_old: bool) -> bool {
    let Some(expression) = value.child_by_field_name("expression") else { return true };
    let written = text.get(expression.byte_range()).unwrap_or_default();
    let quotes = start.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let is_single = quotes.len() == 1;
    is_old && (written.contains('\\') || written.contains(quotes) || is_single && written.contains('\n'))
}

fn has_bad_escape(content: &str, is_bytes: bool) -> bool {
    let mut rest = content;
    while let Some(at) = rest.find('\\') {
        let after = rest.get(at + 1..).unwrap_or_default();
        let Some(kind) = after.chars().next() else { return false };
        let tail = after.get(kind.len_utf8()..).unwrap_or_default();
        let digits = |count: usize| {
            let digits = tail.get(..count).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|d| u32::from_str_radix(d, 16).ok())
        };
        let is_bad = match kind {
            'x' => digits(2).is_none(),
            'u' if !is_bytes => digits(4).is_none(),
            'U' if !is_bytes => digits(8).is_none_or(|c| c > 0x10_ffff),
            'N' if !is_bytes => {
                let name = tail.strip_prefix('{').and_then(|t| t.split_once('}')).map(|(name, _)| name);
                name.is_none_or(str::is_empty)
            }
            _ => false,
        };
        if is_bad {
            return true;
        }
        rest = tail;
    }
    false
}

/// Whether digits are no number, or one with a name after it.
pub(super) fn is_bad_number(number: Node<'_>, text: &str) -> bool {
    let written = text.get(number.byte_range()).unwrap_or_default().to_ascii_lowercase();
    let next = text.get(number.end_byte()..).and_then(|t| t.chars().next());
    let (digits, is_digit): (&str, fn(char) -> bool) = match written.get(..2) {
        Some("0x") => (written.get(2..).unwrap_or_default(), |c| c.is_ascii_hexdigit()),
        Some("0o") => (written.get(2..).unwrap_or_default(), |c| ('0'..='7').contains(&c)),
        Some("0b") => (written.get(2..).unwrap_or_default(), |c| matches!(c, '0' | '1')),
        _ => (written.trim_end_matches(['j', 'l']), |c| {
            c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-')
        }),
    };
    // `0_1` and `0x_1` are numbers, `1_` and `1__0` are none.
    let parts = digits
        .strip_prefix('_')
        .filter(|_| written.get(1..2).is_some_and(|c| c.chars().all(char::is_alphabetic)));
    let parts = parts.unwrap_or(digits);
    let is_whole = parts.split('_').all(|part| !part.is_empty() && part.chars().all(is_digit));
    // `1if x else y` is still taken, with a warning.
    let is_joined = next.is_some_and(|c| c == '_' || c.is_ascii_digit());
    !is_whole || is_joined || written.ends_with('l')
}
