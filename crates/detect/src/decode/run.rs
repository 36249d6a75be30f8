//! Runs of base64 (RFC 4648, either alphabet, in one line or wrapped) and of hexadecimal digits.

use super::map::Map;
use super::sieve::{SHORTEST, SHORTEST_VALUE};
use super::{Encoding, Region, is_text};
use crate::base64::{decode, decode_to, is_base64};

/// Characters that are decoded to see whether text comes of them.
const SAMPLE: usize = 24;
/// The longest name before a value that is kept with it, quotes and separator included, in bytes.
const NAME: usize = 96;
/// The longest decoded value that is read together with its name, in bytes.
const VALUE: usize = 2048;
/// The deepest indentation of a wrapped line.
const INDENT: usize = 32;
/// The shortest line that is taken for one of several.
const LINE: usize = 32;

/// The encoded run around `at`, if it decodes to text. `done` is moved behind a run that does not.
pub(super) fn region(text: &[u8], at: usize, short: bool, done: &mut usize) -> Option<Region> {
    let mut start = at;
    while start > *done && is_base64(text[start - 1]) {
        start -= 1;
    }
    let end = run_end(text, at);
    *done = (*done).max(end);
    let least = if short { SHORTEST_VALUE } else { SHORTEST };
    if let Some(found) = hex(text, start, end) {
        return Some(found);
    }
    if end - start < least {
        return None;
    }
    // A run that was cut off in front begins anywhere in a group of four.
    let shifts = if start == 0 { 4 } else { 1 };
    (0..shifts).find_map(|shift| base64(text, start + shift, end))
}

fn run_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|b| !is_base64(*b)).unwrap_or(rest.len())
}

/// Hexadecimal digits from the run's start, behind `0x` or `x`, to its end, and on the lines after it.
fn hex(text: &[u8], start: usize, end: usize) -> Option<Region> {
    let run = text.get(start..end)?;
    let skipped = match run {
        [b'0', b'x' | b'X', ..] => 2,
        [b'x' | b'X', ..] => 1,
        _ => 0,
    };
    let digits = run.get(skipped..)?;
    let length = digits.iter().take_while(|b| b.is_ascii_hexdigit()).count() & !1;
    if length < 2 * SHORTEST_VALUE || length + 1 < digits.len() || !begins_text(digits) {
        return None;
    }
    let mut bytes: Vec<u8> = digits.get(..length)?.chunks_exact(2).filter_map(byte).collect();
    is_text(bytes.get(..bytes.len().min(SAMPLE * 3 / 4))?).then_some(())?;
    let mut map = Map::new((1, 2));
    map.stretch(0, start + skipped);
    let (mut to, line) = (end, digits.len());
    while line >= LINE && line.is_multiple_of(2) {
        let Some((next, stop)) = next_line(text, to) else { break };
        let run = text.get(next..stop)?;
        if run.len() > line || !run.len().is_multiple_of(2) || !run.iter().all(u8::is_ascii_hexdigit) {
            break;
        }
        map.stretch(bytes.len(), next);
        bytes.extend(run.chunks_exact(2).filter_map(byte));
        to = stop;
        if run.len() < line {
            break;
        }
    }
    Some(named(text, start, Encoding::Hex, bytes, map, to))
}

/// The byte that two hexadecimal digits stand for.
fn byte(pair: &[u8]) -> Option<u8> {
    let value = |at: usize| char::from(*pair.get(at)?).to_digit(16);
    u8::try_from(value(0)? << 4 | value(1)?).ok()
}

/// Whether the first two digits are those of a character that a text may begin with.
fn begins_text(digits: &[u8]) -> bool {
    digits.get(..2).and_then(byte).is_some_and(|first| matches!(first, 0x09..=0x7e | 0xc3..=0xef))
}

/// The fewest bytes in pairs of digits that are decoded.
const LEAST_PAIRS: usize = 12;

/// Pairs of hexadecimal digits with a colon or a blank between them, from the pair at `at` on; a line may end
/// where one stands: `67:68:70:5f`.
pub(super) fn pairs(text: &[u8], at: usize) -> Option<Region> {
    let separator = *text.get(at + 2).filter(|b| matches!(b, b':' | b' '))?;
    if !begins_text(text.get(at..)?) {
        return None;
    }
    let (mut bytes, mut map) = (Vec::new(), Map::new((1, 3)));
    map.stretch(0, at);
    let (mut place, mut end) = (at, at);
    while let Some(found) = text.get(place..place + 2).and_then(byte) {
        bytes.push(found);
        // Dumps of keys and certificates are long and no text.
        if bytes.len() == SAMPLE && !is_text(&bytes) {
            return None;
        }
        end = place + 2;
        let joined = text.get(end) == Some(&separator);
        place = end + usize::from(joined);
        if matches!(text.get(place), Some(b'\r' | b'\n')) {
            place += text.iter().skip(place).take(INDENT).take_while(|b| b.is_ascii_whitespace()).count();
            map.stretch(bytes.len(), place);
        } else if !joined {
            break;
        }
    }
    let sample = bytes.get(..bytes.len().min(SAMPLE)).unwrap_or_default();
    let enough = bytes.len() >= LEAST_PAIRS && is_text(sample);
    enough.then(|| named(text, at, Encoding::Hex, bytes, map, end))
}

/// Base64 from `start` on, and on the lines after it.
fn base64(text: &[u8], start: usize, end: usize) -> Option<Region> {
    let mut sample = [0; SAMPLE / 4 * 3];
    let length = decode_to(text.get(start..end.min(start + SAMPLE))?, &mut sample);
    let sample = &sample[..length];
    if !is_text(sample) && !is_wide(sample) {
        return None;
    }
    let mut map = Map::new((3, 4));
    let mut bytes = Vec::with_capacity((end - start) / 4 * 3);
    let (mut from, mut to, mut lines) = (start, end, 0usize);
    loop {
        map.stretch(bytes.len(), from);
        decode(text.get(from..to)?, &mut bytes);
        lines += 1;
        let length = to - from;
        let whole = length % 4 == 0 && length >= LINE && text.get(to) != Some(&b'=');
        let next = whole.then(|| next_line(text, to)).flatten();
        let Some((next_start, next_end)) = next else { break };
        let next_length = next_end - next_start;
        // The first line may stand behind a name, and be shorter.
        if next_length > length && (lines > 1 || next_length < LINE) {
            break;
        }
        (from, to) = (next_start, next_end);
    }
    Some(named(text, start, Encoding::Base64, bytes, map, to))
}

/// The run that fills the line after `end`: behind a line end, a `\n` in a string, and indentation.
fn next_line(text: &[u8], end: usize) -> Option<(usize, usize)> {
    let rest = text.get(end..)?;
    let line_end = [&b"\r\n"[..], b"\n", b"\\n", b"\\r\\n"].iter().find(|e| rest.starts_with(e))?.len();
    let indent = rest.get(line_end..)?.iter().take(INDENT).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let start = end + line_end + indent;
    let stop = run_end(text, start);
    // The alphabet holds no backslash, so a literal `\n` ends the run by itself.
    let follows = text
        .get(stop)
        .is_none_or(|b| matches!(b, b'\r' | b'\n' | b'=' | b'"' | b'\'' | b'\\' | b'<' | b' ' | b'`'));
    (stop > start && follows).then_some((start, stop))
}

/// The decoded text, together with the name that it is the value of where it is one: `name: value`, `"name": "value"`,
/// `name=value`.
fn named(text: &[u8], start: usize, encoding: Encoding, bytes: Vec<u8>, map: Map, end: usize) -> Region {
    let floor = start.saturating_sub(NAME);
    let before = text.get(floor..start).unwrap_or_default();
    let line = before.iter().rposition(|b| matches!(b, b'\n' | 0)).map_or(before, |i| &before[i + 1..]);
    let opened = line.iter().rposition(|b| matches!(b, b'"' | b'\'' | b' ' | b'=' | b':'));
    let separated =
        opened.is_some_and(|i| i + 1 == line.len()) && line.iter().any(|b| matches!(b, b'=' | b':'));
    let is_value = bytes.len() <= VALUE
        && !bytes.iter().any(|b| matches!(b, b'\n' | b'\r' | 0))
        && !matches!(bytes.first(), Some(b'{' | b'<' | b'['));
    if !separated || !is_value {
        return Region { encoding, decoded: 0..bytes.len(), text: bytes, map: map.close(end), end };
    }
    let shift = line.len();
    let length = bytes.len();
    let mut whole = Vec::with_capacity(shift + length + 2);
    whole.extend_from_slice(line);
    whole.extend_from_slice(&bytes);
    let mut bytes = bytes;
    bytes.fill(0);
    match line.last() {
        Some(quote @ (b'"' | b'\'')) => whole.push(*quote),
        _ => whole.push(b'\n'),
    }
    let map = map.shifted(shift).close(end);
    Region { encoding, decoded: shift..shift + length, text: whole, map, end }
}

/// Whether decoded bytes are text in UTF-16, as PowerShell's encoded commands are.
fn is_wide(sample: &[u8]) -> bool {
    if !sample.contains(&0) {
        return false;
    }
    let zeros = |at: usize| sample.iter().skip(at).step_by(2).filter(|b| **b == 0).count();
    let half = sample.len() / 2;
    half >= 4 && (zeros(1) >= half - 1 && zeros(0) == 0 || zeros(0) >= half - 1 && zeros(1) == 0)
}
