//! Holes: `${unknown:NAME}` in a policy or a request stands for a text that its maker does not know, the same wherever
//! NAME is the same. Plans and templates make such documents; AWS never does.
//!
//! A match that hangs on a hole is neither true nor false, with one exception: the same hole on both sides is the same
//! text.

use super::truth::Truth;

const OPEN: &str = "${unknown:";

/// A symbol of a pattern or of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol<'a> {
    Char(char),
    One,
    Many,
    Hole(&'a str),
}

/// Splits off the text before the first hole, its name, and the rest.
pub(super) fn first(text: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = text.split_once(OPEN)?;
    let (name, rest) = tail.split_once('}')?;
    Some((head, name, rest))
}

/// A hole as it is written.
pub(super) fn spelled(name: &str) -> String {
    format!("{OPEN}{name}}}")
}

/// Whether a text has a hole.
pub fn has_unknown(text: &str) -> bool {
    first(text).is_some()
}

/// The names of a text's holes.
pub fn unknown_names(text: &str) -> Vec<&str> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((_, name, tail)) = first(rest) {
        out.push(name);
        rest = tail;
    }
    out
}

/// A text's characters and holes.
pub(super) fn symbols<'a>(text: &'a str, out: &mut Vec<Symbol<'a>>) {
    let mut rest = text;
    while let Some((head, name, tail)) = first(rest) {
        out.extend(head.chars().map(Symbol::Char));
        out.push(Symbol::Hole(name));
        rest = tail;
    }
    out.extend(rest.chars().map(Symbol::Char));
}

/// At most `count` fields of a text, divided by the colons that stand outside holes.
pub(super) fn fields(text: &str, count: usize) -> Vec<&str> {
    let (mut out, mut start, mut at) = (Vec::new(), 0, 0);
    while out.len() + 1 < count {
        let rest = text.get(at..).unwrap_or_default();
        let Some(colon) = rest.find(':') else { break };
        if let Some((head, name, _)) = first(rest)
            && head.len() < colon
        {
            at += head.len() + OPEN.len() + name.len() + 1;
            continue;
        }
        out.push(text.get(start..at + colon).unwrap_or_default());
        at += colon + 1;
        start = at;
    }
    out.push(text.get(start..).unwrap_or_default());
    out
}

/// Whether a pattern matches a text, either of which may have holes.
pub(super) fn matches(pattern: &[Symbol<'_>], text: &[Symbol<'_>]) -> Truth {
    if walk(pattern, text, false) {
        Truth::True
    } else if walk(pattern, text, true) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

/// Walks both sides at once, row by row. When `any`, a hole on either side may be any text; else a hole is only itself,
/// and only `*` or the same hole matches it.
fn walk(pattern: &[Symbol<'_>], text: &[Symbol<'_>], any: bool) -> bool {
    let width = text.len() + 1;
    let (mut row, mut below) = (vec![false; width], vec![false; width]);
    row[0] = true;
    for i in 0..=pattern.len() {
        below.fill(false);
        let symbol = pattern.get(i);
        let wild = matches!(symbol, Some(Symbol::Many)) || (any && matches!(symbol, Some(Symbol::Hole(_))));
        for j in 0..width {
            if !row[j] {
                continue;
            }
            let here = text.get(j);
            let loose = any && matches!(here, Some(Symbol::Hole(_)));
            if wild {
                below[j] = true;
            }
            if loose && symbol.is_some() {
                below[j] = true;
            }
            let (Some(here), true) = (here, j + 1 < width) else { continue };
            if wild || loose {
                row[j + 1] = true;
            }
            let one = match (symbol, here) {
                (Some(Symbol::One), Symbol::Char(_)) => true,
                (Some(symbol), here) => symbol == here,
                (None, _) => false,
            };
            if one {
                below[j + 1] = true;
            }
        }
        if i == pattern.len() {
            break;
        }
        std::mem::swap(&mut row, &mut below);
    }
    row[width - 1]
}

#[cfg(test)]
mod tests;
