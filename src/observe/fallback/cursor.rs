//! Steps through bytes of program text, all of them total: past the end there is nothing.

use super::Value;

/// How far a reader looks for the rest of an expression, in bytes.
pub(super) const REACH: usize = 512;

/// The byte at `at`.
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// Whether `start..end` is a whole word.
pub(super) fn is_word(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map_or(0, |i| byte(bytes, i));
    !is_name(before) && !is_name(byte(bytes, end)) && before != b'-'
}

/// Whether `text` stands at `at`.
pub(super) fn at(bytes: &[u8], at: usize, text: &str) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
}

/// Whether `text` stands right before `end`.
pub(super) fn ends(bytes: &[u8], end: usize, text: &str) -> bool {
    bytes.get(..end).is_some_and(|head| head.ends_with(text.as_bytes()))
}

/// The first place from `from` on that is no blank and no line end.
pub(super) fn skip(bytes: &[u8], mut from: usize) -> usize {
    while matches!(byte(bytes, from), b' ' | b'\t' | b'\r' | b'\n') {
        from += 1;
    }
    from
}

/// The same on one line.
pub(super) fn skip_blanks(bytes: &[u8], mut from: usize) -> usize {
    while matches!(byte(bytes, from), b' ' | b'\t') {
        from += 1;
    }
    from
}

/// The end of what stands before `end`, blanks and line ends left off.
pub(super) fn back(bytes: &[u8], mut end: usize) -> usize {
    while end > 0 && matches!(byte(bytes, end - 1), b' ' | b'\t' | b'\r' | b'\n') {
        end -= 1;
    }
    end
}

/// The dotted name that ends at `end`, such as `os.environ.get`.
pub(super) fn name_before(bytes: &[u8], end: usize) -> &str {
    let mut start = end.min(bytes.len());
    let limit = start.saturating_sub(128);
    while start > limit
        && (is_name(byte(bytes, start - 1)) || matches!(byte(bytes, start - 1), b'.' | b':' | b'$'))
    {
        start -= 1;
    }
    bytes.get(start..end).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
}

/// Whether a dotted name is `path`, or ends in it.
pub(super) fn is_path(name: &str, path: &str) -> bool {
    name.strip_suffix(path).is_some_and(|head| head.is_empty() || head.ends_with(['.', ':']))
}

/// The start of the line that `at` is in.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    let head = bytes.get(..at).unwrap_or_default();
    head.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1)
}

/// The end of the line that `at` is in.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|b| *b == b'\n').map_or(bytes.len(), |i| at + i)
}

/// A stretch of text; empty where it is not UTF-8.
pub(super) fn text(bytes: &[u8], start: usize, end: usize) -> &str {
    let bytes = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The number of lines below a default that may still refuse an empty value.
const LINES_BELOW: usize = 10;

/// Whether what follows `from` refuses an empty `name`: a test of it, and within three lines an end of the program.
pub(super) fn is_refused(bytes: &[u8], from: usize, name: &str) -> bool {
    const TESTS: [&str; 12] =
        ["if", "elif", "unless", "assert", "[", "test", "case", "} else", "ensure", "require", "guard", ":"];
    const ENDS: [&str; 17] = [
        "raise",
        "throw",
        "exit",
        "abort",
        "panic",
        "Fatal",
        "fatal",
        "die",
        "bail!",
        "fail",
        ":?",
        "Error",
        "return err",
        "assert",
        "errors.New",
        "Errorf",
        "ensure",
    ];
    if name.is_empty() {
        return false;
    }
    let end = from.saturating_add(4 * REACH).min(bytes.len());
    let lines: Vec<&str> =
        text_lossy(bytes, line_end(bytes, from), end).lines().skip(1).take(LINES_BELOW).collect();
    lines.iter().enumerate().any(|(i, line)| {
        let tested = TESTS.iter().any(|t| line.trim_start().starts_with(t)) && has_word(line, name);
        tested && lines.iter().skip(i).take(4).any(|l| ENDS.iter().any(|e| l.contains(e)))
    })
}

/// As [`text`], cut at the first byte that is not UTF-8.
fn text_lossy(bytes: &[u8], start: usize, end: usize) -> &str {
    let bytes = bytes.get(start..end).unwrap_or_default();
    bytes.utf8_chunks().next().map_or("", |c| c.valid())
}

/// Whether a line holds a word.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(i, _)| is_word(line.as_bytes(), i, i + word.len()))
}

/// The name that the statement before `end` assigns to: `name` of `self.name: str = …`.
pub(super) fn assigned(bytes: &[u8], end: usize) -> &str {
    let line = text(bytes, line_start(bytes, end), end);
    let Some((left, _)) = line.split_once('=') else { return "" };
    let left = left.trim_end().trim_end_matches([':', '?', '|', '+']).trim_end();
    let left = left.split_once(": ").map_or(left, |(name, _)| name);
    // `x, err := …` assigns to the first.
    let first = left.split(',').next().unwrap_or_default().trim();
    let last = first.rsplit([' ', '.', '(', '\t', '$', '@']).next().unwrap_or_default();
    if last.bytes().all(is_name) { last } else { "" }
}

/// Reads a default at `at`: a literal, or a name that speaks of a default; and where it ends.
pub(super) fn default_at(bytes: &[u8], at: usize) -> Option<(Value, usize)> {
    let mut start = at;
    // Prefixes of string literals in Python and Rust.
    while start < at + 2
        && matches!(byte(bytes, start), b'r' | b'b' | b'f' | b'u' | b'R' | b'B' | b'F' | b'U')
    {
        start += 1;
    }
    let quote = byte(bytes, start);
    if matches!(quote, b'"' | b'\'' | b'`') {
        return string_at(bytes, start);
    }
    if byte(bytes, at).is_ascii_digit() {
        let end = at + bytes.get(at..)?.iter().position(|b| !(is_name(*b) || *b == b'.'))?;
        return Some((Value::Literal, end));
    }
    let length = bytes.get(at..)?.iter().position(|b| !(is_name(*b) || *b == b'.'))?;
    let name = text(bytes, at, at + length);
    match name {
        "String.new" | "String::new" => Some((Value::Empty, at + length)),
        "string.Empty" | "String.Empty" => Some((Value::Empty, at + length)),
        _ if byte(bytes, at + length) != b'(' && name.to_ascii_lowercase().contains("default") => {
            Some((Value::Named, at + length))
        }
        _ => None,
    }
}

/// Reads a string literal that begins at `start`; a template that only names something else is none.
fn string_at(bytes: &[u8], start: usize) -> Option<(Value, usize)> {
    let quote = byte(bytes, start);
    let triple = [quote; 3];
    let (open, close): (usize, &[u8]) = if bytes.get(start..start + 3) == Some(&triple) {
        (start + 3, &triple)
    } else {
        (start + 1, &triple[..1])
    };
    let mut i = open;
    while i < bytes.len() {
        if bytes.get(i..)?.starts_with(close) {
            let inner = bytes.get(open..i)?;
            let names_other = inner.starts_with(b"${") && inner.ends_with(b"}");
            let value = if inner.is_empty() { Value::Empty } else { Value::Literal };
            return (!names_other).then_some((value, i + close.len()));
        }
        if byte(bytes, i) == b'\n' && close.len() == 1 && quote != b'`' {
            return None;
        }
        i += if byte(bytes, i) == b'\\' { 2 } else { 1 };
    }
    None
}
