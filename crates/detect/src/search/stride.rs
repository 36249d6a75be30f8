//! The portable sieve: no vector instructions, no `unsafe`, half as many look-ups as bytes.
//!
//! Only every second pair of bytes is looked up. A cell's word holds, for each of the four places that the pair may
//! have in a window, a mask of the eight buckets that do *not* want it there. The words of neighbouring pairs are
//! shifted and ORed, which leaves a byte for each of eight positions; a byte with a zero bit is a position that passes.

use super::buckets::{Cells, Wanted, spread};
use super::exact::{Exact, Positions, REACH, STRETCH};
use super::window::{PAIRS, cell_frequencies};
use crate::anchor::Anchor;

/// The cells that a pair of bytes is hashed to, as a power of two: the table fills a first-level cache.
const CELL_BITS: u32 = 13;
/// An odd factor; the top bits of the product are the cell.
const FACTOR: u16 = 0x9e3d;
/// The positions of a word.
const EIGHT: usize = 8;

/// The table for one set of anchors.
pub(super) struct Stride {
    /// As many words as a `u16` has values, so that no index needs a check; only the first `2^CELL_BITS` are used.
    table: Box<[u32; 1 << 16]>,
}

/// The cell of two bytes, given as a little-endian number; bit 0x20 is ignored.
#[inline(always)]
fn cell(pair: u16) -> u16 {
    (pair & 0xdfdf).wrapping_mul(FACTOR) >> (16 - CELL_BITS)
}

fn cell_of(first: u8, second: u8) -> usize {
    usize::from(cell(u16::from_le_bytes([first, second])))
}

/// All cells of pairs that begin with this byte.
fn cells_from(first: u8) -> Wanted {
    let mut cells: Vec<u16> = (0..=255).map(|second| cell(u16::from_le_bytes([first, second]))).collect();
    cells.sort_unstable();
    cells.dedup();
    Wanted::Cells(cells.into())
}

impl Stride {
    /// The table for `anchors`, and the exact stage behind it.
    pub(super) fn new(anchors: &[Anchor]) -> (Self, Exact) {
        let cells = Cells {
            frequencies: &cell_frequencies(1 << CELL_BITS, cell_of),
            cell: cell_of,
            pairs: [(0, 1), (1, 2), (2, 3), (3, 4)],
            by_case: false,
            half: cells_from,
            // A position is tested by its even pairs or by its odd ones.
            groups: &[&[0, 2], &[1, 3]],
        };
        let places = spread(&anchors.iter().collect::<Vec<_>>(), &cells, 8);
        let mut table = boxed_table();
        let used = &mut table[..1 << CELL_BITS];
        used.fill(u32::MAX);
        for place in &places {
            for (k, wanted) in place.wants.iter().enumerate() {
                let mask = !(1u32 << (8 * (PAIRS - 1 - k) + place.bucket));
                match wanted {
                    Wanted::Cell(cell) => used[usize::from(*cell)] &= mask,
                    Wanted::Cells(cells) => cells.iter().for_each(|c| used[usize::from(*c)] &= mask),
                    Wanted::Any => used.iter_mut().for_each(|word| *word &= mask),
                }
            }
        }
        let exact = Exact::new(anchors, places.iter().map(|place| place.offset));
        (Self { table }, exact)
    }

    /// Writes the positions of `stretch` that pass; returns how many. A stretch is a multiple of eight positions, and
    /// `REACH` bytes more.
    #[inline]
    pub(super) fn candidates(&self, stretch: &[u8], positions: &mut Positions) -> usize {
        let mut words = [(0u64, 0u16); STRETCH / EIGHT];
        let count = self.words(stretch, &mut words);
        let mut found = 0;
        for (word, at) in &words[..count] {
            let mut left = !word;
            while left != 0 {
                let byte = left.trailing_zeros() / 8;
                positions[found] = at + byte as u16;
                found += 1;
                left &= !(0xff << (8 * byte));
            }
        }
        found
    }

    /// The words in which a position passes, each with its first position; returns how many. The cells come first, in
    /// a loop that the compiler makes vectors of.
    #[inline]
    fn words(&self, stretch: &[u8], words: &mut [(u64, u16); STRETCH / EIGHT]) -> usize {
        let mut cells = [0u16; (STRETCH + REACH) / 2];
        for (cell_at, pair) in cells.iter_mut().zip(stretch.chunks_exact(2)) {
            *cell_at = cell(u16::from_le_bytes([pair[0], pair[1]]));
        }
        let word = |cell: u16| u64::from(self.table[usize::from(cell)]);
        let two = |first: u16, second: u16| word(first) | word(second) << 16;
        let (mut low, mut high) = (two(cells[0], cells[1]), two(cells[2], cells[3]));
        let (mut count, mut at) = (0, 0);
        let positions = stretch.len().saturating_sub(REACH);
        for next in cells[4..4 + positions / 2].chunks_exact(EIGHT / 2) {
            let (next_low, next_high) = (two(next[0], next[1]), two(next[2], next[3]));
            let eight = low >> 24 | high << 8 | next_low << 40;
            words[count % (STRETCH / EIGHT)] = (eight, at);
            count += usize::from(eight != u64::MAX);
            at += EIGHT as u16;
            (low, high) = (next_low, next_high);
        }
        count
    }
}

/// A table of zeros, made on the heap.
fn boxed_table() -> Box<[u32; 1 << 16]> {
    let table: Box<[u32]> = vec![0; 1 << 16].into();
    table.try_into().unwrap_or_else(|_| Box::new([0; 1 << 16]))
}
