//! The sieve with vector instructions: 64 positions at a time.
//!
//! Each pair of neighbouring bytes is hashed to eight bits by two affine transforms over GF(2) that ignore bit 0x20, so
//! that ASCII case folds for free. The four pairs of a window look up four tables of 256 masks of eight buckets; the
//! masks are ANDed, and a position passes if a bucket is left. More anchors take more sets of eight buckets, each of
//! which costs a pass and lets fewer positions pass.

use super::buckets::{Wanted, spread, wants};
use super::exact::Positions;
use super::window::{cell_frequencies, rarest, window_at};
use crate::anchor::Anchor;
use crate::simd::{Masks, Simd, pair};

/// From how many anchors on two sets of buckets are faster than one, and four than two; measured.
const TWO_SETS: usize = 1200;
const FOUR_SETS: usize = 3000;

/// The tables for one set of anchors.
pub(super) struct Vector {
    simd: Simd,
    sets: Vec<Masks>,
}

impl Vector {
    /// The tables for `anchors`, or nothing where the processor lacks the instructions.
    pub(super) fn new(anchors: &[Anchor]) -> Option<Self> {
        let sets = match anchors.len() {
            0..TWO_SETS => 1,
            TWO_SETS..FOUR_SETS => 2,
            _ => 4,
        };
        Self::with_sets(anchors, sets)
    }

    /// As [`Vector::new`], with this many sets of eight buckets.
    pub(super) fn with_sets(anchors: &[Anchor], sets: usize) -> Option<Self> {
        let simd = Simd::detect()?;
        let windows = anchors.iter().map(|a| window_at(&a.text, rarest(&a.text)));
        // Half of all cells begin with a given byte: to ask for them is not worth a list.
        let windows = wants(windows, pair, |_| Wanted::Any);
        let frequencies = cell_frequencies(256, pair);
        let home = spread(&windows, &frequencies, &[&[0, 1, 2, 3]], 8 * sets);
        let mut masks = vec![Masks::default(); sets];
        for (wants, home) in windows.iter().zip(home) {
            for (table, wanted) in masks[home / 8].0.iter_mut().zip(wants) {
                let bit = 1 << (home % 8);
                match wanted {
                    Wanted::Cell(cell) => table[usize::from(*cell)] |= bit,
                    Wanted::Cells(_) | Wanted::Any => table.iter_mut().for_each(|mask| *mask |= bit),
                }
            }
        }
        Some(Self { simd, sets: masks })
    }

    /// Writes the positions of `stretch` that pass; returns how many. A stretch is whole blocks of 64 positions, and
    /// `REACH` bytes more.
    #[inline]
    pub(super) fn candidates(&self, stretch: &[u8], positions: &mut Positions) -> usize {
        self.simd.candidates(&self.sets, stretch, positions)
    }
}
