//! Go's `path/filepath` on Unix, as far as builders use it: `Clean` and `Match`, on bytes.

use super::PatternFault;

/// `filepath.Clean`: drops `.`, double and trailing separators, and resolves `..` by its text alone. Nothing left
/// is `.`.
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|p| *p != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { Vec::with_capacity(path.len()) };
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}

/// Whether a path holds a wildcard of `filepath.Match` that no `\` escapes.
pub(super) fn has_wildcard(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// Whether `filepath.Match` accepts the pattern at all.
///
/// # Errors
/// [`PatternFault::Syntax`] for an unclosed `[`, an empty or reversed item in one, or a `\` at the end.
pub(super) fn check_syntax(pattern: &[u8]) -> Result<(), PatternFault> {
    let mut rest = pattern;
    while !rest.is_empty() {
        let (_, chunk, after) = split_chunk(rest);
        match_chunk(chunk, b"")?;
        rest = after;
    }
    Ok(())
}

/// `filepath.Match`: `*` and `?` stop at `/`, a `[` class does not. A pattern that [`check_syntax`] refuses matches
/// nothing. Takes time proportional to the product of the lengths at worst.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = split_chunk(pattern);
        if star && chunk.is_empty() {
            return !name.contains(&b'/');
        }
        // Only the first place where a chunk fits is tried, as in Go; the last chunk must reach the end.
        let reach = if star { name.iter().position(|b| *b == b'/').unwrap_or(name.len()) } else { 0 };
        let fits = |skip: usize| match match_chunk(chunk, &name[skip..]) {
            Ok(Some(left)) if left.is_empty() || !rest.is_empty() => Some(left),
            _ => None,
        };
        let Some(left) = (0..=reach).find_map(fits) else { return false };
        (pattern, name) = (rest, left);
    }
    name.is_empty()
}

/// Leading stars, then the text up to the next star outside a class, then the remainder.
fn split_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|b| **b == b'*').count();
    let body = &pattern[stars..];
    let (mut at, mut class) = (0, false);
    while at < body.len() {
        match body[at] {
            b'\\' if at + 1 < body.len() => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'*' if !class => break,
            _ => {}
        }
        at += 1;
    }
    (stars > 0, &body[..at], &body[at..])
}

/// Matches a star-free chunk at the start of `text` and gives what is left; checks all of the chunk's syntax even
/// after a mismatch.
fn match_chunk<'t>(chunk: &[u8], text: &'t [u8]) -> Result<Option<&'t [u8]>, PatternFault> {
    let (mut chunk, mut text, mut alive) = (chunk, text, true);
    while let Some((&first, after)) = chunk.split_first() {
        alive &= !text.is_empty();
        match first {
            b'[' => {
                let (wanted, width) = if alive { decode(text) } else { (0, 0) };
                let (hit, rest) = match_class(after, wanted)?;
                alive &= hit;
                text = &text[width.min(text.len())..];
                chunk = rest;
            }
            b'?' => {
                let width = if alive { decode(text).1 } else { 0 };
                alive &= text.first() != Some(&b'/');
                text = &text[width.min(text.len())..];
                chunk = after;
            }
            _ => {
                let (literal, rest) = match first {
                    b'\\' => after.split_first().ok_or(PatternFault::Syntax)?,
                    _ => (&chunk[0], after),
                };
                alive &= text.first() == Some(literal);
                text = text.get(1..).unwrap_or_default();
                chunk = rest;
            }
        }
    }
    Ok(alive.then_some(text))
}

/// Reads a class after its `[`: whether it holds `wanted`, and what follows the `]`.
fn match_class(class: &[u8], wanted: u32) -> Result<(bool, &[u8]), PatternFault> {
    let (negated, mut rest) = match class.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, class),
    };
    let (mut hit, mut items) = (false, 0usize);
    loop {
        if items > 0
            && let Some(after) = rest.strip_prefix(b"]")
        {
            return Ok((hit != negated, after));
        }
        let (low, after) = class_char(rest)?;
        let (high, after) = match after.strip_prefix(b"-") {
            Some(after) => class_char(after)?,
            None => (low, after),
        };
        hit |= low <= wanted && wanted <= high;
        items += 1;
        rest = after;
    }
}

fn class_char(text: &[u8]) -> Result<(u32, &[u8]), PatternFault> {
    let text = match text.first() {
        None | Some(b'-' | b']') => return Err(PatternFault::Syntax),
        Some(b'\\') => &text[1..],
        Some(_) => text,
    };
    if text.is_empty() {
        return Err(PatternFault::Syntax);
    }
    let (value, width) = decode(text);
    let rest = &text[width..];
    if (value == REPLACEMENT && width == 1) || rest.is_empty() {
        return Err(PatternFault::Syntax);
    }
    Ok((value, rest))
}

const REPLACEMENT: u32 = 0xFFFD;

/// The first rune of a non-empty text and its width; a byte that starts none counts as U+FFFD, as in Go.
fn decode(text: &[u8]) -> (u32, usize) {
    let head = &text[..text.len().min(4)];
    match head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) {
        Some(c) => (u32::from(c), c.len_utf8()),
        None => (REPLACEMENT, 1),
    }
}
