//! Escapes: `%41`, `\x41`, `\u0041`, `\101`, `&#65;`, `&#x41;`, `&amp;`. The text around them is decoded with them, for a
//! secret may hold only one.

use super::map::Map;
use super::{Encoding, Region};

/// How far the text around an escape is decoded with it, in bytes.
const AROUND: usize = 512;
/// The longest stretch that is decoded at once, in bytes.
const LONGEST: usize = 16 << 10;
/// How much of a stretch that was cut there is decoded once more with what follows, in bytes: what lies across the cut
/// is whole there.
const OVERLAP: usize = 4 << 10;

/// What one escape stands for.
struct Escape {
    /// Its length in bytes.
    length: usize,
    /// The character, as UTF-8.
    char: char,
    /// Whether it is worth decoding a text for: `\n` alone is not.
    strong: bool,
}

/// The text around the escape at `at`, if there is one.
pub(super) fn region(text: &[u8], at: usize, done: &mut usize) -> Option<Region> {
    let mark = *text.get(at)?;
    let first = escape(text, at)?;
    if !first.strong {
        return None;
    }
    let is_end =
        |b: u8| if mark == b'%' { b <= b' ' || matches!(b, b'"' | b'\'' | b'<' | b'>') } else { b == b'\n' };
    let floor = at.saturating_sub(AROUND).max(*done);
    let start = text.get(floor..at)?.iter().rposition(|b| is_end(*b)).map_or(floor, |i| floor + i + 1);
    let mut map = Map::new((1, 1));
    let mut decoded = Vec::new();
    map.stretch(0, start);
    let (mut place, mut last) = (start, at);
    while place < text.len() && place - start < LONGEST && place.saturating_sub(last) < AROUND {
        let byte = text[place];
        if is_end(byte) {
            break;
        }
        if byte != mark {
            decoded.push(byte);
            place += 1;
            continue;
        }
        match escape(text, place) {
            Some(found) => {
                map.stretch(decoded.len(), place);
                decoded.extend_from_slice(found.char.encode_utf8(&mut [0; 4]).as_bytes());
                place += found.length;
                map.stretch(decoded.len(), place);
                last = place;
            }
            // Not an escape, or one that stays as it is.
            None => {
                decoded.push(byte);
                place += 1;
            }
        }
    }
    let encoding = match mark {
        b'%' => Encoding::Percent,
        b'\\' => Encoding::Escapes,
        _ => Encoding::Entities,
    };
    let end = if place - start < LONGEST { place } else { place - OVERLAP };
    Some(Region { encoding, decoded: 0..decoded.len(), text: decoded, map: map.close(place), end })
}

fn escape(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at + 1..(at + 16).min(text.len()))?;
    match text.get(at)? {
        b'%' => {
            let value = number(rest.get(..2)?, 16)?;
            printable(value, 3)
        }
        b'\\' => match rest.first()? {
            b'u' if rest.get(1) == Some(&b'{') => {
                let digits = rest.get(2..)?.iter().position(|b| *b == b'}')?;
                printable(number(rest.get(2..2 + digits)?, 16)?, digits + 4)
            }
            b'u' => printable(number(rest.get(1..5)?, 16)?, 6),
            b'U' => printable(number(rest.get(1..9)?, 16)?, 10),
            b'x' => printable(number(rest.get(1..3)?, 16)?, 4),
            b'0' | b'1' => printable(number(rest.get(..3)?, 8)?, 4),
            b'n' => Some(Escape { length: 2, char: '\n', strong: false }),
            b't' => Some(Escape { length: 2, char: '\t', strong: false }),
            b'r' => Some(Escape { length: 2, char: '\r', strong: false }),
            quoted @ (b'"' | b'/' | b'\'' | b'\\') => {
                Some(Escape { length: 2, char: char::from(*quoted), strong: false })
            }
            _ => None,
        },
        _ => {
            let end = rest.iter().take(10).position(|b| *b == b';')?;
            let name = rest.get(..end)?;
            let char = match name {
                b"amp" => '&',
                b"lt" => '<',
                b"gt" => '>',
                b"quot" => '"',
                b"apos" => '\'',
                [b'#', b'x' | b'X', digits @ ..] => return printable(number(digits, 16)?, end + 2),
                [b'#', digits @ ..] => return printable(number(digits, 10)?, end + 2),
                _ => return None,
            };
            Some(Escape { length: end + 2, char, strong: true })
        }
    }
}

fn printable(value: u32, length: usize) -> Option<Escape> {
    let char = char::from_u32(value)?;
    (!char.is_control() || matches!(char, '\t' | '\n' | '\r')).then_some(Escape {
        length,
        char,
        strong: true,
    })
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0u32, |value, digit| {
        value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)
    })
}
