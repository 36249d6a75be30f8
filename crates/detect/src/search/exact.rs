//! The exact second stage: of the positions that a sieve lets pass, those where an anchor stands.
//!
//! The first four bytes of an anchor's window are its key, three if it has no more. A filter of bits knows all keys,
//! without a branch; what it lets pass is looked up by its key and compared in full.

use std::ops::Range;

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

/// The bits of a hash in the filter: with eight bits each, the filter takes 16 KiB.
const FILTER_BITS: u32 = 14;

/// The windows of all anchors, by key.
pub(super) struct Exact {
    /// For each hash of a key's first three bytes the fourth bytes, by three bits of them.
    filter: Box<[u8; 1 << FILTER_BITS]>,
    /// The entries of each hash of a key's first three bytes, of `slot_bits` bits.
    slots: Vec<Range<u32>>,
    slot_bits: u32,
    entries: Vec<Entry>,
    /// Where in its anchor a window stands at most.
    furthest: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    key: u32,
    /// The bits of the key that a window has.
    known: u32,
    /// Where in the anchor the window stands.
    offset: u32,
    anchor: u32,
}

impl Exact {
    /// For anchors whose windows stand at these offsets.
    pub(super) fn new(anchors: &[Anchor], offsets: impl IntoIterator<Item = usize>) -> Self {
        let (mut entries, mut furthest) = (Vec::with_capacity(anchors.len()), 0);
        for (i, (anchor, at)) in anchors.iter().zip(offsets).enumerate() {
            furthest = furthest.max(at);
            let window = anchor.text.get(at..).unwrap_or_default();
            let known = if window.len() < 4 { THREE_BYTES } else { u32::MAX };
            entries.push(Entry {
                key: key_at(window, 0) & known,
                known,
                offset: u32::try_from(at).unwrap_or(u32::MAX),
                anchor: u32::try_from(i).unwrap_or(u32::MAX),
            });
        }
        let slot_bits = (2 * entries.len()).next_power_of_two().ilog2().clamp(6, 20);
        entries.sort_unstable_by_key(|e| (hash(e.key, slot_bits), e.key, e.anchor));
        let mut slots = vec![0..0; 1 << slot_bits];
        let mut filter = Box::new([0; 1 << FILTER_BITS]);
        for (i, entry) in (0u32..).zip(&entries) {
            let slot: &mut Range<u32> = &mut slots[hash(entry.key, slot_bits)];
            if slot.start == slot.end {
                slot.start = i;
            }
            slot.end = i + 1;
            let bits = if entry.known == u32::MAX { 1 << fourth(entry.key) } else { u8::MAX };
            filter[hash(entry.key, FILTER_BITS)] |= bits;
        }
        Self { filter, slots, slot_bits, entries, furthest }
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
        for i in 0..count.min(STRETCH) {
            let position = positions[i];
            let key = key_at(stretch, usize::from(position));
            positions[kept] = position;
            kept += usize::from(self.known(key));
        }
        kept
    }

    /// 1 if the key may be known, or 0.
    #[inline(always)]
    fn known(&self, key: u32) -> u8 {
        self.filter[hash(key, FILTER_BITS)] >> fourth(key) & 1
    }

    /// Calls `on` for every position of `range` whose key may be known.
    pub(super) fn each_known(&self, bytes: &[u8], range: Range<usize>, mut on: impl FnMut(usize)) {
        for at in range {
            if self.known(key_at(bytes, at)) == 1 {
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
        let slot = &self.slots[hash(key, self.slot_bits)];
        let entries = &self.entries[slot.start as usize..slot.end as usize];
        for entry in entries.iter().filter(|e| key & e.known == e.key) {
            let Some(start) = at.checked_sub(entry.offset as usize) else { continue };
            let anchor = entry.anchor as usize;
            if starts.contains(&start) && anchors[anchor].stands_at(bytes, start) {
                on(start, anchor);
            }
        }
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

/// Fibonacci hashing of a key's first three bytes: the top bits of a product.
#[inline(always)]
fn hash(key: u32, bits: u32) -> usize {
    ((key & THREE_BYTES).wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// Three bits of a key's fourth byte, without bit 0x20.
#[inline(always)]
fn fourth(key: u32) -> u32 {
    (key >> 24 ^ key >> 27) & 7
}
