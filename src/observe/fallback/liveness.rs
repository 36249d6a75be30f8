//! Which names stand in code, and which in a comment or a documentation string.

use super::cursor::{byte, line_start};
use super::language::Language;

/// Where the lexer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Code,
    /// A comment to the end of the line.
    Line,
    /// A comment to `*/`.
    Block,
    /// A string that this byte ends; one of one line ends there in any case.
    Text(u8),
    /// A string that three of this byte end.
    Long(u8),
}

/// For each of `starts` (ascending offsets in `bytes`) whether it stands in code. Of a file of which only a later part
/// is at hand, comments and strings of many lines are not known, and count as code.
pub(super) fn live_places(language: Language, bytes: &[u8], from_start: bool, starts: &[usize]) -> Vec<bool> {
    match language {
        Language::Shell | Language::Make | Language::Compose | Language::Yaml => {
            starts.iter().map(|s| !is_commented(bytes, *s)).collect()
        }
        Language::Properties => starts.iter().map(|s| !is_property_comment(bytes, *s)).collect(),
        _ if !from_start => starts
            .iter()
            .map(|s| {
                let start = line_start(bytes, *s);
                lex(language, bytes, start, &[*s]).first().copied().unwrap_or(true)
            })
            .collect(),
        _ => lex(language, bytes, 0, starts),
    }
}

fn lex(language: Language, bytes: &[u8], from: usize, starts: &[usize]) -> Vec<bool> {
    let hash = matches!(language, Language::Python | Language::Ruby | Language::Php);
    let slashes = !matches!(language, Language::Python | Language::Ruby);
    let long = matches!(language, Language::Python | Language::Jvm | Language::CSharp);
    let mut live = Vec::with_capacity(starts.len());
    let (mut zone, mut i) = (Zone::Code, from);
    while i < bytes.len() && live.len() < starts.len() {
        while starts.get(live.len()).is_some_and(|s| *s <= i) {
            // A text of many lines in Python documents; in a template of JavaScript or a text block it may be code.
            live.push(match zone {
                Zone::Line | Zone::Block => false,
                Zone::Long(_) => language != Language::Python,
                Zone::Code | Zone::Text(_) => true,
            });
        }
        let (b, next) = (byte(bytes, i), byte(bytes, i + 1));
        let triple = |q: u8| next == q && byte(bytes, i + 2) == q;
        let mut step = 1;
        zone = match zone {
            Zone::Code => match b {
                b'#' if hash => Zone::Line,
                b'/' if slashes && next == b'/' => Zone::Line,
                b'/' if slashes && next == b'*' => {
                    step = 2;
                    Zone::Block
                }
                b'"' | b'\'' if long && triple(b) => {
                    step = 3;
                    Zone::Long(b)
                }
                b'"' | b'\'' | b'`' => Zone::Text(b),
                _ => Zone::Code,
            },
            Zone::Line if b == b'\n' => Zone::Code,
            Zone::Block if b == b'*' && next == b'/' => {
                step = 2;
                Zone::Code
            }
            Zone::Text(q) if b == q || (b == b'\n' && q != b'`') => Zone::Code,
            Zone::Long(q) if b == q && triple(q) => {
                step = 3;
                Zone::Code
            }
            Zone::Text(_) | Zone::Long(_) if b == b'\\' => {
                step = 2;
                zone
            }
            other => other,
        };
        i += step;
    }
    live.resize(starts.len(), true);
    live
}

/// Whether a `#` before `at` begins a comment: one at the line's start or after a blank, outside quotes.
fn is_commented(bytes: &[u8], at: usize) -> bool {
    let line = bytes.get(line_start(bytes, at)..at).unwrap_or_default();
    let mut quote = None;
    let mut before = b' ';
    for b in line {
        match (quote, *b) {
            (None, b'#') if matches!(before, b' ' | b'\t' | b';') => return true,
            (None, b'"' | b'\'') if before != b'\\' => quote = Some(*b),
            (Some(q), b) if b == q && before != b'\\' => quote = None,
            _ => {}
        }
        before = *b;
    }
    false
}

fn is_property_comment(bytes: &[u8], at: usize) -> bool {
    let line = bytes.get(line_start(bytes, at)..at).unwrap_or_default();
    let first = line.iter().find(|b| !b.is_ascii_whitespace());
    let opened = line.windows(4).rposition(|w| w == b"<!--");
    let closed = line.windows(3).rposition(|w| w == b"-->");
    matches!(first, Some(b'#' | b'!')) || (opened.is_some() && opened > closed)
}
