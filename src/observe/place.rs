//! The place of a byte in a file, as far as it can be told.

use memchr::memchr_iter;
use seaworthy_source::{Place, Position};

/// A line where the file is text and at hand as a whole, else the offset.
pub(crate) fn place(bytes: &[u8], whole: bool, at: usize, offset: u64) -> Place {
    let is_text = !bytes[..bytes.len().min(1024)].contains(&0);
    if !whole || !is_text {
        return Place::Byte(offset);
    }
    let before = &bytes[..at.min(bytes.len())];
    let line = memchr_iter(b'\n', before).count() + 1;
    let column = before.len() - before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1) + 1;
    let to_u32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place::Text { position: Position { line: to_u32(line), column: to_u32(column) }, offset }
}
