//! The anchor search with vector instructions: 64 positions at a time are sieved, and only what passes is compared.
//!
//! Each anchor lends its rarest window of four bytes. Each pair of neighbouring bytes is hashed to eight bits by two
//! affine transforms over GF(2) that ignore bit 0x20, so that ASCII case folds for free. The three pairs of a window
//! look up three tables of 256 bucket masks; the masks are ANDed, and a position passes if a bucket is left. What
//! passes is looked up by its four folded bytes and compared in full, so the result is exact.
//!
//! This is the crate's one module with `unsafe`: loads and vector instructions behind a run-time check of the
//! processor. Its tests compare it with the portable automaton.
#![allow(unsafe_code)]

use std::ops::Range;

use super::anchor::Anchor;

/// Bit matrices of the pair hash, row 7 first; no row looks at bit 0x20.
const FIRST: u64 = 0xdd81_494c_53cf_054d;
const SECOND: u64 = 0x538b_4856_5714_d7c1;
/// The bytes that a window spans.
const WINDOW: usize = 4;
/// The bucket of anchors that have three bytes only.
const SHORT_BUCKET: usize = 7;
const SLOTS: usize = 1 << 12;

/// The tables of one set of anchors.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) struct Vector {
    masks: Masks,
    /// First entry of each hash slot in `entries`; entries of a slot follow one another.
    slots: Vec<Range<u16>>,
    entries: Vec<Entry>,
    short: Vec<Entry>,
    longest_offset: usize,
}

#[repr(align(64))]
struct Masks([[u8; 256]; 3]);

#[derive(Clone, Copy)]
struct Entry {
    key: u32,
    /// Where in the anchor the window stands.
    offset: u16,
    anchor: u16,
}

impl Vector {
    /// The tables for `anchors`, or nothing where the processor lacks AVX-512 with VBMI and GFNI.
    pub(super) fn new(anchors: &[Anchor]) -> Option<Self> {
        if !supported() || anchors.len() > usize::from(u16::MAX) {
            return None;
        }
        let mut masks = Masks([[0; 256]; 3]);
        let mut buckets = Buckets::default();
        let (mut entries, mut short, mut longest_offset) = (Vec::new(), Vec::new(), 0);
        for (i, anchor) in anchors.iter().enumerate() {
            let anchor_id = u16::try_from(i).ok()?;
            if anchor.text.len() < WINDOW {
                let text = anchor.text.get(..3)?;
                let [a, b, c] = [text[0], text[1], text[2]];
                let bit = 1 << SHORT_BUCKET;
                masks.0[0][pair(a, b)] |= bit;
                masks.0[1][pair(b, c)] |= bit;
                masks.0[2].iter_mut().for_each(|m| *m |= bit);
                short.push(Entry { key: fold(text), offset: 0, anchor: anchor_id });
                continue;
            }
            let offset = rarest_window(&anchor.text);
            let window = anchor.text.get(offset..offset + WINDOW)?;
            buckets.add([pair(window[0], window[1]), pair(window[1], window[2]), pair(window[2], window[3])]);
            longest_offset = longest_offset.max(offset);
            entries.push(Entry { key: fold(window), offset: u16::try_from(offset).ok()?, anchor: anchor_id });
        }
        buckets.fill(&mut masks);
        entries.sort_by_key(|e| (slot(e.key), e.key, e.anchor));
        let mut slots = vec![0..0; SLOTS];
        for (i, entry) in entries.iter().enumerate() {
            let range: &mut Range<u16> = &mut slots[slot(entry.key)];
            let i = u16::try_from(i).ok()?;
            if range.start == range.end {
                *range = i..i;
            }
            range.end = i + 1;
        }
        Some(Self { masks, slots, entries, short, longest_offset })
    }

    /// Calls `on` with the start and index of every anchor that begins in `starts`.
    pub(super) fn each(
        &self,
        anchors: &[Anchor],
        bytes: &[u8],
        starts: Range<usize>,
        on: &mut dyn FnMut(usize, usize),
    ) {
        let end = (starts.end + self.longest_offset).min(bytes.len());
        self.sieve(bytes, starts.start..end, &mut |at| self.look_up(anchors, bytes, &starts, at, on));
    }

    /// Compares the anchors whose window stands at `at`.
    fn look_up(
        &self,
        anchors: &[Anchor],
        bytes: &[u8],
        starts: &Range<usize>,
        at: usize,
        on: &mut dyn FnMut(usize, usize),
    ) {
        let mut report = |entry: &Entry| {
            let Some(start) = at.checked_sub(usize::from(entry.offset)) else { return };
            let anchor = usize::from(entry.anchor);
            if starts.contains(&start) && anchors[anchor].stands_at(bytes, start) {
                on(start, anchor);
            }
        };
        if let Some(window) = bytes.get(at..at + WINDOW) {
            let key = fold(window);
            let range = &self.slots[slot(key)];
            let entries = &self.entries[usize::from(range.start)..usize::from(range.end)];
            entries.iter().filter(|e| e.key == key).for_each(&mut report);
        }
        if !self.short.is_empty()
            && let Some(window) = bytes.get(at..at + 3)
        {
            let key = fold(window);
            self.short.iter().filter(|e| e.key == key).for_each(&mut report);
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sieve(&self, _bytes: &[u8], _range: Range<usize>, _on: &mut dyn FnMut(usize)) {}

    /// Calls `on` with every position of `range` that passes the masks.
    #[cfg(target_arch = "x86_64")]
    fn sieve(&self, bytes: &[u8], range: Range<usize>, on: &mut dyn FnMut(usize)) {
        /// A block and the three bytes after it that its last windows reach into.
        const REACH: usize = 64 + WINDOW - 1;
        let mut at = range.start;
        while at < range.end {
            let passed = if let Some(block) = bytes.get(at..at + REACH) {
                // SAFETY: `new` made `self` only after `supported` said that the processor has the instructions, and
                // `block` holds the 67 bytes that are read.
                unsafe { sieve_block(&self.masks, block.as_ptr()) }
            } else {
                let mut padded = [0u8; REACH];
                let rest = &bytes[at..];
                padded[..rest.len()].copy_from_slice(rest);
                // SAFETY: as above; `padded` holds 67 bytes.
                unsafe { sieve_block(&self.masks, padded.as_ptr()) }
            };
            let mut left = passed;
            while left != 0 {
                let position = at + left.trailing_zeros() as usize;
                if position < range.end {
                    on(position);
                }
                left &= left - 1;
            }
            at += 64;
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("gfni")
}

#[cfg(not(target_arch = "x86_64"))]
fn supported() -> bool {
    false
}

/// The positions among 64 whose window passes, as bits.
///
/// # Safety
/// The processor must have the features named below, and 67 bytes must be readable at `at`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
#[inline]
unsafe fn sieve_block(masks: &Masks, at: *const u8) -> u64 {
    use std::arch::x86_64::{
        __m512i, _mm512_and_si512, _mm512_gf2p8affine_epi64_epi8, _mm512_load_si512, _mm512_loadu_si512,
        _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi64,
        _mm512_test_epi8_mask, _mm512_xor_si512,
    };
    let first = _mm512_set1_epi64(FIRST.cast_signed());
    let second = _mm512_set1_epi64(SECOND.cast_signed());
    let hash = |offset: usize| {
        // SAFETY: the caller guarantees 67 bytes, and the largest offset is 2.
        let (a, b) = unsafe {
            (_mm512_loadu_si512(at.add(offset).cast()), _mm512_loadu_si512(at.add(offset + 1).cast()))
        };
        _mm512_xor_si512(
            _mm512_gf2p8affine_epi64_epi8::<0>(a, first),
            _mm512_gf2p8affine_epi64_epi8::<0>(b, second),
        )
    };
    let look_up = |table: &[u8; 256], index: __m512i| {
        let part = |n: usize| {
            // SAFETY: `Masks` is aligned to 64 and its tables are 256 bytes, so each quarter is an aligned vector.
            unsafe { _mm512_load_si512(table.as_ptr().add(64 * n).cast()) }
        };
        let low = _mm512_permutex2var_epi8(part(0), index, part(1));
        let high = _mm512_permutex2var_epi8(part(2), index, part(3));
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high)
    };
    let m0 = look_up(&masks.0[0], hash(0));
    let m1 = look_up(&masks.0[1], hash(1));
    let m2 = look_up(&masks.0[2], hash(2));
    let all = _mm512_and_si512(_mm512_and_si512(m0, m1), m2);
    _mm512_test_epi8_mask(all, all)
}

/// The hash of two neighbouring bytes, as the vector code computes it.
fn pair(a: u8, b: u8) -> usize {
    usize::from(affine(FIRST, a) ^ affine(SECOND, b))
}

/// One byte of GF2P8AFFINEQB: bit `i` of the result is the parity of `x` ANDed with byte `7 - i` of the matrix.
fn affine(matrix: u64, x: u8) -> u8 {
    let rows = matrix.to_le_bytes();
    (0..8).fold(0, |out, i| out | ((((rows[7 - i] & x).count_ones() & 1) as u8) << i))
}

/// Up to four bytes as a number, bit 0x20 set in each so that ASCII case folds.
fn fold(window: &[u8]) -> u32 {
    window.iter().rev().fold(0, |key, b| key << 8 | u32::from(b | 0x20))
}

fn slot(key: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> 20) as usize
}

/// How common a byte is in what images hold: a rough prior, in 1/1024, case folded.
fn weight(b: u8) -> u32 {
    match b.to_ascii_lowercase() {
        b'e' | b't' => 60,
        b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 45,
        b'l' | b'd' | b'c' | b'u' | b'p' | b'm' | b'f' => 25,
        b'h' | b'g' | b'b' | b'y' | b'_' | b'v' | b'w' => 14,
        b'0' | b'1' | b'-' | b'=' | b':' | b'/' | b'.' => 12,
        b'2'..=b'9' | b'k' | b'x' => 7,
        b'j' | b'q' | b'z' => 3,
        0 => 100,
        b' ' => 90,
        _ => 4,
    }
}

/// Where in an anchor its rarest four bytes stand; the earliest of equals.
fn rarest_window(text: &[u8]) -> usize {
    let cost = |w: &[u8]| w.iter().map(|b| u64::from(weight(*b))).product::<u64>();
    text.windows(WINDOW).enumerate().min_by_key(|(_, w)| cost(w)).map_or(0, |(i, _)| i)
}

/// Spreads windows over eight buckets so that few positions pass: each window goes where it adds least to the
/// expected pass rate, which for a bucket is the product of its three sets' sizes.
#[derive(Default)]
struct Buckets {
    windows: Vec<[usize; 3]>,
}

impl Buckets {
    fn add(&mut self, pairs: [usize; 3]) {
        self.windows.push(pairs);
    }

    fn fill(mut self, masks: &mut Masks) {
        self.windows.sort_unstable();
        self.windows.dedup();
        let mut sizes = [[0u64; 3]; 8];
        for (table, mask) in masks.0.iter().enumerate() {
            sizes[SHORT_BUCKET][table] = mask.iter().filter(|m| **m != 0).count() as u64;
        }
        for window in self.windows {
            let grown = |bucket: usize| {
                let mut grown = sizes[bucket];
                for (table, pair) in window.iter().enumerate() {
                    grown[table] += u64::from(masks.0[table][*pair] & (1 << bucket) == 0);
                }
                grown
            };
            let cost =
                |bucket: usize| grown(bucket).iter().product::<u64>() - sizes[bucket].iter().product::<u64>();
            let Some(bucket) = (0..8).min_by_key(|b| cost(*b)) else { continue };
            sizes[bucket] = grown(bucket);
            for (table, pair) in window.iter().enumerate() {
                masks.0[table][*pair] |= 1 << bucket;
            }
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_hash_ignores_case_and_nothing_else() {
        for matrix in [FIRST, SECOND] {
            let mut images: Vec<u8> =
                (0..=255u8).filter(|b| b & 0x20 == 0).map(|b| affine(matrix, b)).collect();
            assert!((0..=255u8).all(|b| affine(matrix, b) == affine(matrix, b & !0x20)));
            images.sort_unstable();
            images.dedup();
            assert_eq!(images.len(), 128, "the matrix {matrix:#x} loses bits");
        }
    }

    #[test]
    fn the_vector_hash_is_the_scalar_hash() {
        if !supported() {
            return;
        }
        let bytes: Vec<u8> = (0..67u32).map(|i| (i * 37 + 11) as u8).collect();
        for i in 0..64 {
            let mut masks = Masks([[0; 256], [0xff; 256], [0xff; 256]]);
            masks.0[0][pair(bytes[i], bytes[i + 1])] = 1;
            // SAFETY: the features were checked above and 67 bytes are given.
            let passed = unsafe { sieve_block(&masks, bytes.as_ptr()) };
            assert_ne!(passed & (1 << i), 0, "position {i}");
        }
    }
}
