//! The exact second stage: of the positions that a sieve lets pass, those where an anchor stands.
//!
//! An anchor's key is what it has from its window on, up to eight bytes. A filter of bits knows the first four bytes of
//! all keys, without a branch; what it lets pass is looked up by its key and compared in full.

use std::ops::Range;

use super::window::WINDOW;
use crate::anchor::Anchor;

/// Positions that are looked at together.
pub(crate) const STRETCH: usize = 4096;
/// Positions in a stretch, with room for a vector that is stored behind the last.
pub(crate) type Positions = [u16; STRETCH + 64];
/// The bytes behind a stretch that its last windows reach into.
pub(crate) const REACH: usize = 16;

/// The bytes of a key at most.
const KEY: usize = 8;
/// Bit 0x20 in each byte: ASCII case is folded.
const FOLD: u64 = 0x2020_2020_2020_2020;
const THREE_BYTES: u32 = 0x00ff_ffff;

/// The bits of a hash in the filter: with eight bits each, the filter takes 16 KiB.
const FILTER_BITS: u32 = 14;

/// The windows of all anchors, by key.
pub(super) struct Exact {
    /// For each hash of a key's first three bytes the fourth bytes, by three bits of them.
    filter: Box<[u8; 1 << FILTER_BITS]>,
    /// Anchors with whole windows, and those with shorter ones.
    whole: Slots<WINDOW>,
    short: Slots<3>,
    /// Where in its anchor a window stands at most.
    furthest: usize,
}

/// Anchors by a hash of the first `N` bytes of their keys.
struct Slots<const N: usize> {
    /// The entries of each hash of `bits` bits.
    ranges: Vec<Range<u32>>,
    bits: u32,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    /// The bits of the bytes that the key has.
    known: u64,
    /// Eight more bytes of the anchor, as a key: its first if its window stands further on, else its last.
    probe: u64,
    probe_known: u64,
    /// Where in the anchor these stand.
    probe_offset: u32,
    /// Where in the anchor the window stands.
    offset: u32,
    anchor: u32,
}

impl Exact {
    /// For anchors whose windows stand at these offsets.
    pub(super) fn new(anchors: &[Anchor], offsets: impl IntoIterator<Item = usize>) -> Self {
        let (mut whole, mut short, mut furthest) = (Vec::new(), Vec::new(), 0);
        let mut filter = Box::new([0; 1 << FILTER_BITS]);
        for (i, (anchor, at)) in anchors.iter().zip(offsets).enumerate() {
            furthest = furthest.max(at);
            let rest = anchor.text.get(at..).unwrap_or_default();
            let known = known_of(rest.len());
            let key = key_at(rest, 0) & known;
            let first = key as u32;
            filter[hash(first, FILTER_BITS)] |= if rest.len() > 3 { 1 << fourth(first) } else { u8::MAX };
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let last = anchor.text.len().saturating_sub(KEY);
            let probe_at = if at > 0 { 0 } else { last };
            let entry = Entry {
                key,
                known,
                probe: key_at(&anchor.text, probe_at),
                probe_known: known_of(anchor.text.len()),
                probe_offset: number(probe_at),
                offset: number(at),
                anchor: number(i),
            };
            if rest.len() < WINDOW { short.push(entry) } else { whole.push(entry) }
        }
        Self { filter, whole: Slots::new(whole), short: Slots::new(short), furthest }
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
            let key = first_at(stretch, usize::from(position));
            positions[kept] = position;
            kept += usize::from(self.known(key));
        }
        kept
    }

    /// 1 if a key with these first bytes may be known, or 0.
    #[inline(always)]
    fn known(&self, first: u32) -> u8 {
        self.filter[hash(first, FILTER_BITS)] >> fourth(first) & 1
    }

    /// Calls `on` for every position of `range` whose key may be known.
    pub(super) fn each_known(&self, bytes: &[u8], range: Range<usize>, mut on: impl FnMut(usize)) {
        let windows = bytes.get(range.start..).unwrap_or_default().windows(4);
        for (at, window) in range.clone().zip(windows) {
            if self.known(first_at(window, 0)) == 1 {
                on(at);
            }
        }
        for at in range.start.max(bytes.len().saturating_sub(3))..range.end {
            if self.known(first_at(bytes, at)) == 1 {
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
        for entry in self.whole.with(key).iter().chain(self.short.with(key)) {
            if key & entry.known != entry.key {
                continue;
            }
            let Some(start) = at.checked_sub(entry.offset as usize) else { continue };
            let anchor = entry.anchor as usize;
            let probed = key_at(bytes, start + entry.probe_offset as usize);
            if (probed ^ entry.probe) & entry.probe_known != 0 {
                continue;
            }
            if starts.contains(&start) && anchors[anchor].stands_at(bytes, start) {
                on(start, anchor);
            }
        }
    }
}

impl<const N: usize> Slots<N> {
    fn new(mut entries: Vec<Entry>) -> Self {
        let bits = (2 * entries.len()).next_power_of_two().ilog2().clamp(6, 20);
        entries.sort_unstable_by_key(|e| (Self::slot(e.key, bits), e.key, e.anchor));
        let mut ranges = vec![0..0; 1 << bits];
        for (i, entry) in (0u32..).zip(&entries) {
            let range: &mut Range<u32> = &mut ranges[Self::slot(entry.key, bits)];
            if range.start == range.end {
                range.start = i;
            }
            range.end = i + 1;
        }
        Self { ranges, bits, entries }
    }

    #[inline(always)]
    fn slot(key: u64, bits: u32) -> usize {
        ((key << (64 - 8 * N)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
    }

    /// The entries whose key has the hash of this one.
    #[inline(always)]
    fn with(&self, key: u64) -> &[Entry] {
        let range = &self.ranges[Self::slot(key, self.bits)];
        &self.entries[range.start as usize..range.end as usize]
    }
}

/// The bits of a key that `length` bytes give.
fn known_of(length: usize) -> u64 {
    u64::MAX >> (8 * KEY.saturating_sub(length).min(KEY - 1))
}

/// The bytes at `at` as a key; what lies behind the end counts as a blank.
#[inline(always)]
fn key_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    let key = match rest.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => rest.iter().rev().fold(0, |key, b| key << 8 | u64::from(*b)),
    };
    key | FOLD
}

/// The first four bytes of the key at `at`.
#[inline(always)]
fn first_at(bytes: &[u8], at: usize) -> u32 {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.first_chunk().map_or_else(|| key_at(rest, 0) as u32, |four| u32::from_le_bytes(*four) | FOLD as u32)
}

/// Fibonacci hashing of a key's first three bytes: the top bits of a product.
#[inline(always)]
fn hash(first: u32, bits: u32) -> usize {
    ((first & THREE_BYTES).wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// Three bits of a key's fourth byte, without bit 0x20.
#[inline(always)]
fn fourth(first: u32) -> u32 {
    (first >> 24 ^ first >> 27) & 7
}
