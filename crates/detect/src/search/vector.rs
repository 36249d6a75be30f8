//! The sieve with vector instructions: 64 positions at a time.
//!
//! Each pair of neighbouring bytes is hashed to eight bits by two affine transforms over GF(2). Those for long anchors ignore
//! bit 0x20, so that ASCII case folds for free; an anchor of few bytes wants them in its own case. The four pairs of a window look up four tables of 256 masks of eight buckets; the
//! masks are ANDed, and a position passes if a bucket is left. More anchors take more sets of eight buckets: each set
//! costs a pass over the bytes, and lets fewer positions pass. Anchors of three and four bytes, which tell least, have a
//! set of their own.

use std::sync::LazyLock;

use super::buckets::{Cells, Place, Wanted, spread};
use super::exact::{Exact, Positions};
use super::window::{cell_frequencies, cell_frequencies_by_case};
use crate::anchor::Anchor;
use crate::simd::{Masks, Shape, Simd};

/// From how many long anchors on two sets of buckets are faster than one, and four than two; measured.
const TWO_SETS: usize = 2500;
const FOUR_SETS: usize = 5000;
/// The longest anchors that have a set of their own.
const SHORT: usize = 4;
/// The buckets of a set.
const BUCKETS: usize = 8;

/// The tables for one set of anchors.
pub(super) struct Vector {
    simd: Simd,
    sets: Vec<Masks>,
}

impl Vector {
    /// The tables for `anchors` and the exact stage behind them, or nothing where the processor lacks the instructions.
    pub(super) fn new(anchors: &[Anchor]) -> Option<(Self, Exact)> {
        let sets = match anchors.iter().filter(|a| a.text.len() > SHORT).count() {
            0..TWO_SETS => 1,
            TWO_SETS..FOUR_SETS => 2,
            _ => 4,
        };
        Self::with_sets(anchors, sets)
    }

    /// As [`Vector::new`], with this many sets of buckets for long anchors.
    pub(super) fn with_sets(anchors: &[Anchor], sets: usize) -> Option<(Self, Exact)> {
        let simd = Simd::detect()?;
        let mut offsets = vec![0; anchors.len()];
        let mut all = Vec::new();
        for (shape, sets) in [(Shape::Long, sets), (Shape::Short, 1)] {
            let is_here = |anchor: &Anchor| (anchor.text.len() > SHORT) == (shape == Shape::Long);
            let (indexes, here): (Vec<usize>, Vec<&Anchor>) =
                anchors.iter().enumerate().filter(|(_, anchor)| is_here(anchor)).unzip();
            if here.is_empty() {
                continue;
            }
            let places = spread(&here, &cells(shape), BUCKETS * sets);
            for (i, place) in indexes.into_iter().zip(&places) {
                offsets[i] = place.offset;
            }
            all.extend(masks(shape, sets, &places));
        }
        Some((Self { simd, sets: all }, Exact::new(anchors, offsets)))
    }

    /// Writes the positions of `stretch` that pass; returns how many. A stretch is whole blocks of 64 positions, and
    /// `REACH` bytes more.
    #[inline]
    pub(super) fn candidates(&self, stretch: &[u8], positions: &mut Positions) -> usize {
        self.simd.candidates(&self.sets, stretch, positions)
    }
}

fn cells(shape: Shape) -> Cells<'static> {
    static LONG: LazyLock<Vec<f64>> = LazyLock::new(|| cell_frequencies(256, Shape::Long.pair()));
    static SHORT: LazyLock<Vec<f64>> = LazyLock::new(|| cell_frequencies_by_case(256, Shape::Short.pair()));
    Cells {
        frequencies: match shape {
            Shape::Long => &LONG,
            Shape::Short => &SHORT,
        },
        cell: shape.pair(),
        by_case: shape == Shape::Short,
        pairs: shape.pairs(),
        // Half of all cells begin with a given byte: to ask for them is not worth a list.
        half: |_| Wanted::Any,
        groups: &[&[0, 1, 2, 3]],
    }
}

fn masks(shape: Shape, sets: usize, places: &[Place]) -> Vec<Masks> {
    let mut masks = vec![Masks::new(shape); sets];
    for place in places {
        let bit = 1 << (place.bucket % BUCKETS);
        let tables = &mut masks[place.bucket / BUCKETS].tables;
        for (table, wanted) in tables.iter_mut().zip(&place.wants) {
            match wanted {
                Wanted::Cell(cell) => table[usize::from(*cell)] |= bit,
                Wanted::Cells(cells) => cells.iter().for_each(|cell| table[usize::from(*cell)] |= bit),
                Wanted::Any => table.iter_mut().for_each(|mask| *mask |= bit),
            }
        }
    }
    masks
}
