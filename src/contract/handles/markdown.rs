//! Handles in Markdown: bullets with `KEY = "value"` in backticks. Other text is prose and not read, fenced code
//! included.

use super::{Fault, shown};

/// Every handle with its line.
pub(super) fn parse(text: &str) -> Result<Vec<(usize, String, String)>, Fault> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(mark) = fence {
            if trimmed.starts_with(mark) {
                fence = None;
            }
            continue;
        }
        fence = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        let Some(rest) = bullet(trimmed) else { continue };
        for code in rest.split('`').skip(1).step_by(2) {
            let at = |reason: String| Fault { line: index + 1, reason };
            let Some((key, value)) = assignment(code) else { continue };
            let value = unquoted(value).map_err(|why| at(format!("{} {why}", shown(key))))?;
            found.push((index + 1, key.to_owned(), value.to_owned()));
        }
    }
    Ok(found)
}

/// What follows the mark of a bullet: `-`, `*`, `+` or a number.
fn bullet(line: &str) -> Option<&str> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = match digits {
        0 => line.strip_prefix(['-', '*', '+'])?,
        _ => line.get(digits..).unwrap_or_default().strip_prefix(['.', ')'])?,
    };
    rest.starts_with([' ', '\t']).then_some(rest)
}

/// `KEY = …`, where the key has the form of a handle. `a == b` is none.
fn assignment(code: &str) -> Option<(&str, &str)> {
    let (key, value) = code.split_once('=')?;
    let key = key.trim();
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.bytes().all(part);
    (is_key && !value.starts_with('=')).then(|| (key, value.trim()))
}

/// A text in quotes, or one word without.
fn unquoted(value: &str) -> Result<&str, &'static str> {
    if value.is_empty() {
        return Err("has no value");
    }
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return match rest.split_once(quote) {
                Some(("", "")) => Err("has no value"),
                Some((inner, after)) if after.is_empty() || after.trim_start().starts_with('#') => Ok(inner),
                _ => Err("has a value whose quote is not closed"),
            };
        }
    }
    if value.contains(char::is_whitespace) {
        return Err("has a value of several words: put it in quotes");
    }
    Ok(value)
}
