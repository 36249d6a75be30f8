//! The search for the anchors of all detectors: a sieve lets few positions pass, and what passes is compared exactly.
//!
//! Which sieve runs is a question of speed alone: both let every position pass at which an anchor's window stands, and
//! the tests compare what comes of either with an Aho-Corasick automaton.

mod buckets;
mod exact;
mod stride;
mod vector;
mod window;

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::anchor::Anchor;
use super::simd::Simd;
use exact::Exact;
pub(crate) use exact::{Positions, REACH, STRETCH};
use stride::Stride;
use vector::Vector;
use window::rarest_offset;

/// From how many searched bytes on the tables of a sieve are worth making.
const MUCH: usize = 2 << 20;
/// The positions that a sieve looks at together at least.
const BLOCK: usize = 64;

/// The anchors of all detectors, and how they are searched for.
pub(super) struct Search {
    anchors: Vec<Anchor>,
    /// For bytes that are searched without a sieve.
    exact: Exact,
    sieve: OnceLock<Sieve>,
    preferred: Preferred,
    /// Bytes that were searched so far, until the sieve is made.
    searched: AtomicUsize,
}

/// Which sieve to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preferred {
    /// The fastest that this processor has.
    Fastest,
    /// The one that needs no vector instructions.
    Portable,
    /// With this many sets of eight buckets, where the processor has vector instructions.
    #[cfg(test)]
    Sets(usize),
}

/// A sieve, and the exact stage for the windows that it looks for.
struct Sieve {
    exact: Exact,
    tables: Tables,
}

enum Tables {
    Vector(Vector),
    Stride(Stride),
}

impl Sieve {
    fn new(anchors: &[Anchor], preferred: Preferred) -> Self {
        let vector = match preferred {
            Preferred::Fastest => Vector::new(anchors),
            Preferred::Portable => None,
            #[cfg(test)]
            Preferred::Sets(sets) => Vector::with_sets(anchors, sets),
        };
        if let Some((vector, exact)) = vector {
            return Self { exact, tables: Tables::Vector(vector) };
        }
        let (stride, exact) = Stride::new(anchors);
        Self { exact, tables: Tables::Stride(stride) }
    }

    /// The positions of `stretch` that pass; returns how many. A stretch is whole blocks and `REACH` bytes more.
    #[inline]
    fn candidates(&self, stretch: &[u8], positions: &mut Positions) -> usize {
        match &self.tables {
            Tables::Vector(vector) => vector.candidates(stretch, positions),
            Tables::Stride(stride) => stride.candidates(stretch, positions),
        }
    }

    /// Calls `on` for every position of `range` whose key may be known, as far as there are whole blocks; returns where
    /// the rest begins.
    #[inline]
    fn each_stretch(&self, bytes: &[u8], range: Range<usize>, on: &mut impl FnMut(usize)) -> usize {
        let Range { start: mut at, end } = range;
        let mut positions = [0; STRETCH + BLOCK];
        loop {
            // The last block may lie beyond the end, as long as there are bytes.
            let blocks = (end - at).div_ceil(BLOCK).min((bytes.len() - at).saturating_sub(REACH) / BLOCK);
            let length = (blocks * BLOCK).min(STRETCH);
            if length == 0 {
                return at;
            }
            let stretch = &bytes[at..at + length + REACH];
            let found = self.candidates(stretch, &mut positions);
            let kept = self.exact.keep(stretch, &mut positions, found);
            for position in &positions[..kept] {
                on(at + usize::from(*position));
            }
            at = (at + length).min(end);
        }
    }
}

impl Search {
    pub(super) fn new(anchors: Vec<Anchor>, preferred: Preferred) -> Self {
        let first = |anchor: &Anchor| rarest_offset(&anchor.text);
        let exact = Exact::new(&anchors, anchors.iter().map(first));
        Self { anchors, exact, sieve: OnceLock::new(), preferred, searched: AtomicUsize::new(0) }
    }

    /// Makes the tables of the sieve now.
    pub(super) fn prepare(&self) {
        self.sieve.get_or_init(|| Sieve::new(&self.anchors, self.preferred));
    }

    /// What searches most of a large text.
    pub(super) fn name(&self) -> &'static str {
        match self.preferred {
            Preferred::Portable => "portable",
            _ if Simd::detect().is_some() => "avx512",
            _ => "portable",
        }
    }

    /// The anchors; [`Search::each`] gives indexes into them.
    pub(super) fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// The sieve for the next `length` bytes, if it is made or is worth it.
    fn sieve(&self, length: usize) -> Option<&Sieve> {
        if let Some(sieve) = self.sieve.get() {
            return Some(sieve);
        }
        let before = self.searched.fetch_add(length, Ordering::Relaxed);
        (before.saturating_add(length) >= MUCH)
            .then(|| self.sieve.get_or_init(|| Sieve::new(&self.anchors, self.preferred)))
    }

    /// Calls `on` with the start and index of every anchor that begins in `starts`.
    pub(super) fn each(&self, bytes: &[u8], starts: Range<usize>, on: &mut dyn FnMut(usize, usize)) {
        let sieve = self.sieve(starts.len());
        let exact = sieve.map_or(&self.exact, |sieve| &sieve.exact);
        let end = starts.end.saturating_add(exact.furthest()).min(bytes.len());
        let from = starts.start.min(end);
        let mut verify = |at| exact.verify(&self.anchors, bytes, &starts, at, on);
        let rest = match sieve {
            Some(sieve) if end - from >= BLOCK => sieve.each_stretch(bytes, from..end, &mut verify),
            _ => from,
        };
        exact.each_known(bytes, rest..end, verify);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
