//! UTF-16 and UTF-32 of either byte order, with a byte order mark or without, as whole files and inside of binaries.

use super::map::Map;
use super::{Encoding, Region};

/// The fewest characters that are looked at.
const SHORTEST: usize = 8;

/// The text of `width` bytes a character around `at`. `done` is moved behind what is no such text.
pub(super) fn region(text: &[u8], at: usize, width: usize, done: &mut usize) -> Option<Region> {
    // The significant byte of a character stands right before or right after the zeros at `at`.
    let little =
        at.checked_sub(1).filter(|first| *first >= *done && unit(text, *first, width, true).is_some());
    let (start, little) = match little {
        Some(start) => (start, true),
        None => (at, false),
    };
    let mut first = start;
    while let Some(before) = first.checked_sub(width).filter(|b| *b >= *done) {
        if unit(text, before, width, little).is_none() {
            break;
        }
        first = before;
    }
    let mut decoded = Vec::new();
    let mut end = first;
    while let Some(byte) = unit(text, end, width, little) {
        decoded.push(byte);
        end += width;
    }
    // Zeros that belong to no text are met again and again.
    *done = (*done).max(at + 1);
    if decoded.len() < SHORTEST {
        return None;
    }
    let mut map = Map::new((1, width));
    map.stretch(0, first);
    let encoding = if width == 2 { Encoding::Utf16 } else { Encoding::Utf32 };
    Some(Region { encoding, decoded: 0..decoded.len(), text: decoded, map: map.close(end), end })
}

/// The character at `at` as one byte; a letter beyond ASCII, which no token holds, becomes a byte that is in none.
fn unit(text: &[u8], at: usize, width: usize, little: bool) -> Option<u8> {
    let unit = text.get(at..at.checked_add(width)?)?;
    let value = unit.iter().enumerate().fold(0u32, |value, (i, byte)| {
        let place = if little { i } else { width - 1 - i };
        value | u32::from(*byte) << (8 * place)
    });
    match u8::try_from(value) {
        Ok(byte @ (b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) => Some(byte),
        // Latin, Greek, Cyrillic and marks such as the one of the byte order.
        _ if matches!(value, 0xa0..=0x052f | 0x2010..=0x2040 | 0xfeff) => Some(0xff),
        _ => None,
    }
}
