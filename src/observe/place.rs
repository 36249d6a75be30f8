//! The place of a byte in a file, as far as it can be told.

use std::cell::OnceCell;

use seaworthy_source::{LineIndex, Place};

/// The bytes of a file that are at hand, for telling places in them. Lines are counted once, when the first place is
/// asked for.
pub(crate) struct Places<'a> {
    bytes: &'a [u8],
    /// Whether they are the whole file.
    whole: bool,
    lines: OnceCell<Option<LineIndex>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(bytes: &'a [u8], whole: bool) -> Self {
        Self { bytes, whole, lines: OnceCell::new() }
    }

    /// A line where the file is text and at hand as a whole, else the offset in the file.
    pub(crate) fn place(&self, at: usize, offset: u64) -> Place {
        let is_text = || self.whole && !self.bytes[..self.bytes.len().min(1024)].contains(&0);
        match self.lines.get_or_init(|| is_text().then(|| LineIndex::new(self.bytes))) {
            Some(lines) => Place::Text { position: lines.position(at), offset },
            None => Place::Byte(offset),
        }
    }
}
