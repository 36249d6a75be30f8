//! The exact second stage: of the positions that a sieve lets pass, those where an anchor stands.
//!
//! The first four bytes of an anchor's window are its key, three if it has no more. Two bitmaps know the hashes of all
//! keys, without a branch; what they let pass is looked up by its key and compared in full.

use std::ops::Range;

use super::window::{rarest, window_at};
use crate::anchor::Anchor;

/// Positions that are looked at together.
pub(crate) const STRETCH: usize = 4096;
/// Positions in a stretch, with room for a vector that is stored behind the last.
pub(crate) type Positions = [u16; STRETCH + 64];
/// The bytes behind a stretch that its last windows reach into.
pub(crate) const REACH: usize = 16;

/// Bit 0x20 in each byte: ASCII case is folded.
const FOLD: u32 = 0x2020_2020;
const THREE_BYTES: u32 = 0x00ff_ffff;

/// The windows of all anchors, by key.
pub(super) struct Exact {
    /// Windows of four bytes and more.
    four: Keys<16>,
    /// Windows of three bytes.
    three: Keys<14>,
    /// Where in its anchor a window stands at most.
    furthest: usize,
}

/// Windows by their key, with a bitmap of `2^BITS` hashes before.
struct Keys<const BITS: u32> {
    bitmap: Vec<u64>,
    /// The entries of each hash of `slot_bits` bits.
    slots: Vec<Range<u32>>,
    slot_bits: u32,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    key: u32,
    /// Where in the anchor the window stands.
    offset: u32,
    anchor: u32,
}

impl Exact {
    pub(super) fn new(anchors: &[Anchor]) -> Self {
        let (mut four, mut three, mut furthest) = (Vec::new(), Vec::new(), 0);
        for (i, anchor) in anchors.iter().enumerate() {
            let at = rarest(&anchor.text);
            furthest = furthest.max(at);
            let window = window_at(&anchor.text, at);
            let entry = |key| Entry {
                key,
                offset: u32::try_from(at).unwrap_or(u32::MAX),
                anchor: u32::try_from(i).unwrap_or(u32::MAX),
            };
            match window.first_chunk() {
                Some(first) => four.push(entry(folded(*first))),
                None => three.push(entry(key_at(window, 0) & THREE_BYTES)),
            }
        }
        Self { four: Keys::new(four), three: Keys::new(three), furthest }
    }

    /// How far behind the start of an anchor its window may stand.
    pub(super) fn furthest(&self) -> usize {
        self.furthest
    }

    /// Of the first `count` positions in `stretch` keeps those whose key may be known, in order; returns how many.
    /// There is no branch to mispredict: what is not kept is overwritten.
    #[inline]
    pub(super) fn keep(&self, stretch: &[u8], positions: &mut Positions, count: usize) -> usize {
        let mut kept = 0;
        for i in 0..count {
            let position = positions[i];
            let key = key_at(stretch, usize::from(position));
            positions[kept] = position;
            kept += usize::from(self.knows(key));
        }
        kept
    }

    #[inline(always)]
    fn knows(&self, key: u32) -> bool {
        self.four.knows(key) | self.three.knows(key & THREE_BYTES)
    }

    /// Calls `on` for every position of `range` whose key may be known.
    pub(super) fn each_known(&self, bytes: &[u8], range: Range<usize>, mut on: impl FnMut(usize)) {
        for at in range {
            if self.knows(key_at(bytes, at)) {
                on(at);
            }
        }
    }

    /// Calls `on` with the start and index of every anchor whose window stands at `at` and that begins in `starts`.
    #[inline]
    pub(super) fn verify(
        &self,
        anchors: &[Anchor],
        bytes: &[u8],
        starts: &Range<usize>,
        at: usize,
        on: &mut dyn FnMut(usize, usize),
    ) {
        let key = key_at(bytes, at);
        for entry in self.four.with(key).chain(self.three.with(key & THREE_BYTES)) {
            let Some(start) = at.checked_sub(entry.offset as usize) else { continue };
            let anchor = entry.anchor as usize;
            if starts.contains(&start) && anchors[anchor].stands_at(bytes, start) {
                on(start, anchor);
            }
        }
    }
}

impl<const BITS: u32> Keys<BITS> {
    fn new(mut entries: Vec<Entry>) -> Self {
        let slot_bits = (2 * entries.len()).next_power_of_two().ilog2().clamp(6, 20);
        entries.sort_unstable_by_key(|e| (hash(e.key, slot_bits), e.key, e.anchor));
        let mut slots = vec![0..0; 1 << slot_bits];
        let mut bitmap = vec![0u64; 1 << (BITS - 6)];
        for (i, entry) in (0u32..).zip(&entries) {
            let slot: &mut Range<u32> = &mut slots[hash(entry.key, slot_bits)];
            if slot.is_empty() {
                slot.start = i;
            }
            slot.end = i + 1;
            let bit = hash(entry.key, BITS);
            bitmap[bit / 64] |= 1 << (bit % 64);
        }
        Self { bitmap, slots, slot_bits, entries }
    }

    #[inline(always)]
    fn knows(&self, key: u32) -> bool {
        let bit = hash(key, BITS);
        self.bitmap[bit / 64] >> (bit % 64) & 1 != 0
    }

    #[inline]
    fn with(&self, key: u32) -> impl Iterator<Item = &Entry> {
        let slot = &self.slots[hash(key, self.slot_bits)];
        let entries = &self.entries[slot.start as usize..slot.end as usize];
        entries.iter().filter(move |e| e.key == key)
    }
}

/// The key of the window at `at`; what lies behind the end counts as a blank.
#[inline(always)]
fn key_at(bytes: &[u8], at: usize) -> u32 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(window) => folded(*window),
        None => rest.iter().rev().fold(FOLD, |key, b| key << 8 | u32::from(*b)) | FOLD,
    }
}

#[inline(always)]
fn folded(window: [u8; 4]) -> u32 {
    u32::from_le_bytes(window) | FOLD
}

/// Fibonacci hashing: the top bits of a product.
#[inline(always)]
fn hash(key: u32, bits: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}
