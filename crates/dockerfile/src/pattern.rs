//! The patterns of `${X#p}`, `${X%p}` and `${X/p/w}`: `*`, `?` and backslash escapes, no brackets.

use super::expanded::SubstitutionError;

/// One element of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Literal(char),
    /// One character that is no line end.
    Any,
    /// Any number of them.
    Star,
}

/// Most steps that matching may take; above, the value is refused rather than waited for.
const MAX_STEPS: usize = 1 << 22;

/// Reads a pattern. An escaped `}` or `/` is that character; else only `*`, `?` and `\` may be escaped.
pub(super) fn parse(pattern: &str) -> Result<Vec<Item>, SubstitutionError> {
    let mut items = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        items.push(match c {
            '*' => Item::Star,
            '?' => Item::Any,
            '\\' => match chars.next() {
                Some(c @ ('}' | '/' | '*' | '?' | '\\')) => Item::Literal(c),
                _ => return Err(SubstitutionError::Pattern),
            },
            c => Item::Literal(c),
        });
    }
    Ok(items)
}

/// The end of the shortest or longest match at the start of `value`.
pub(super) fn prefix(
    pattern: &[Item],
    value: &str,
    longest: bool,
) -> Result<Option<usize>, SubstitutionError> {
    ends(pattern, value.char_indices().map(|(i, c)| (i + c.len_utf8(), c)), 0, value.len(), longest)
}

/// The start of the shortest or longest match at the end of `value`.
pub(super) fn suffix(
    pattern: &[Item],
    value: &str,
    longest: bool,
) -> Result<Option<usize>, SubstitutionError> {
    let reversed: Vec<Item> = pattern.iter().rev().copied().collect();
    ends(&reversed, value.char_indices().rev(), value.len(), value.len(), longest)
}

/// Runs the pattern over characters that come with the offset behind each, and returns where it can end.
fn ends(
    pattern: &[Item],
    chars: impl Iterator<Item = (usize, char)>,
    start: usize,
    length: usize,
    longest: bool,
) -> Result<Option<usize>, SubstitutionError> {
    if length.saturating_mul(pattern.len()) > MAX_STEPS {
        return Err(SubstitutionError::TooLarge);
    }
    // reach[i]: the first i items have matched what was read.
    let mut reach = vec![false; pattern.len() + 1];
    reach[0] = true;
    skip_stars(pattern, &mut reach);
    let mut found = reach[pattern.len()].then_some(start);
    for (offset, c) in chars {
        if found.is_some() && !longest {
            break;
        }
        let mut next = vec![false; pattern.len() + 1];
        for (i, item) in pattern.iter().enumerate().filter(|(i, _)| reach[*i]) {
            match item {
                Item::Literal(l) if *l == c => next[i + 1] = true,
                Item::Any if c != '\n' => next[i + 1] = true,
                Item::Star if c != '\n' => next[i] = true,
                _ => {}
            }
        }
        skip_stars(pattern, &mut next);
        if !next.contains(&true) {
            break;
        }
        if next[pattern.len()] {
            found = Some(offset);
        }
        reach = next;
    }
    Ok(found)
}

fn skip_stars(pattern: &[Item], reach: &mut [bool]) {
    for (i, item) in pattern.iter().enumerate() {
        if reach[i] && *item == Item::Star {
            reach[i + 1] = true;
        }
    }
}

/// Puts `replacement` in place of the first longest match, or of all.
pub(super) fn replace(
    pattern: &[Item],
    value: &str,
    replacement: &str,
    all: bool,
) -> Result<String, SubstitutionError> {
    let cost = value.len().saturating_mul(value.len()).saturating_mul(pattern.len());
    if cost > MAX_STEPS || value.len().saturating_mul(replacement.len()) > MAX_STEPS {
        return Err(SubstitutionError::TooLarge);
    }
    let mut out = String::with_capacity(value.len());
    let mut at = 0;
    let mut after_match = false;
    while at <= value.len() {
        let rest = value.get(at..).unwrap_or_default();
        // An empty match right behind another match does not count.
        let found = prefix(pattern, rest, true)?.filter(|length| *length > 0 || !after_match);
        after_match = found.is_some();
        if let Some(length) = found {
            out.push_str(replacement);
            if !all {
                out.push_str(rest.get(length..).unwrap_or_default());
                return Ok(out);
            }
            at += length;
            if length > 0 {
                continue;
            }
        }
        let Some(c) = value.get(at..).unwrap_or_default().chars().next() else { break };
        out.push(c);
        at += c.len_utf8();
        after_match = false;
    }
    Ok(out)
}
