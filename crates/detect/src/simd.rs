//! The anchor search with vector instructions: 64 positions at a time are sieved, and only what passes is compared.
//!
//! Each anchor lends its rarest window of five bytes (of all it has, if it has less). Each pair of neighbouring bytes
//! is hashed to eight bits by two affine transforms over GF(2) that ignore bit 0x20, so that ASCII case folds for free.
//! The four pairs of a window look up four tables of 256 bucket masks; the masks are ANDed, and a position passes if a
//! bucket is left. What passes is looked for in a bitmap of the windows' first four bytes, and only what is there is
//! looked up and compared in full, so the result is exact.
//!
//! This is the crate's one module with `unsafe`: loads and vector instructions behind a run-time check of the
//! processor. Its tests compare it with the portable automaton.
#![allow(unsafe_code)]

use std::ops::Range;

use super::anchor::Anchor;
use super::decode::sieve::Classes;

/// Bit matrices of the pair hash, row 7 first; no row looks at bit 0x20.
const FIRST: u64 = 0xdd81_494c_53cf_054d;
const SECOND: u64 = 0x538b_4856_5714_d7c1;
/// The bytes that a window spans at most; `KEY` of them are looked up.
const WINDOW: usize = 5;
const KEY: usize = 4;
/// Number of pairs in a window.
const PAIRS: usize = WINDOW - 1;
/// Positions that are sieved at once, and the bytes after them that the last windows reach into.
const BLOCK: usize = 64;
const REACH: usize = WINDOW - 1;
/// Blocks that are sieved before their positions are looked at.
const STRETCH: usize = 64;
const SLOT_BITS: u32 = 12;
const FILTER_BITS: u32 = 16;

/// The tables of one set of anchors.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) struct Vector {
    masks: Masks,
    /// One bit for each hash of a key that is there.
    filter: Vec<u64>,
    /// The entries of each hash slot in `entries`.
    slots: Vec<Range<u16>>,
    entries: Vec<Entry>,
    short: Vec<Entry>,
    /// One bit for each hash of a key of `short`.
    short_filter: Vec<u64>,
    longest_offset: usize,
}

#[repr(align(64))]
struct Masks([[u8; 256]; PAIRS]);

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
        let mut buckets = Buckets::new();
        let (mut entries, mut short, mut longest_offset) = (Vec::new(), Vec::new(), 0);
        for (i, anchor) in anchors.iter().enumerate() {
            let offset = rarest_window(&anchor.text);
            let window = &anchor.text[offset..(offset + WINDOW).min(anchor.text.len())];
            buckets.add(window);
            longest_offset = longest_offset.max(offset);
            let key = fold(&window[..window.len().min(KEY)]);
            let entry = Entry { key, offset: u16::try_from(offset).ok()?, anchor: u16::try_from(i).ok()? };
            if window.len() < KEY { short.push(entry) } else { entries.push(entry) }
        }
        entries.sort_by_key(|e| (slot(e.key), e.key, e.anchor));
        let mut slots = vec![0..0; 1 << SLOT_BITS];
        let mut filter = vec![0u64; 1 << (FILTER_BITS - 6)];
        for (i, entry) in entries.iter().enumerate() {
            let range: &mut Range<u16> = &mut slots[slot(entry.key)];
            let i = u16::try_from(i).ok()?;
            if range.start == range.end {
                *range = i..i;
            }
            range.end = i + 1;
            let bit = hash(entry.key, FILTER_BITS);
            filter[bit / 64] |= 1 << (bit % 64);
        }
        let mut short_filter = vec![0u64; 1 << (SLOT_BITS - 6)];
        for entry in &short {
            let bit = slot(entry.key);
            short_filter[bit / 64] |= 1 << (bit % 64);
        }
        Some(Self { masks: buckets.masks(), filter, slots, entries, short, short_filter, longest_offset })
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
        self.sieve(bytes, starts.start..end, |at| self.look_up(anchors, bytes, &starts, at, on));
    }

    /// Compares the anchors whose window stands at `at`.
    #[inline]
    fn look_up(
        &self,
        anchors: &[Anchor],
        bytes: &[u8],
        starts: &Range<usize>,
        at: usize,
        on: &mut dyn FnMut(usize, usize),
    ) {
        if let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk::<KEY>()) {
            let key = u32::from_le_bytes(*window) | 0x2020_2020;
            let bit = hash(key, FILTER_BITS);
            if self.filter[bit / 64] >> (bit % 64) & 1 != 0 {
                let range = &self.slots[slot(key)];
                let entries = &self.entries[usize::from(range.start)..usize::from(range.end)];
                report(entries, key, anchors, bytes, starts, at, on);
            }
        }
        if !self.short.is_empty()
            && let Some(window) = bytes.get(at..at + 3)
        {
            let key = fold(window);
            let bit = slot(key);
            if self.short_filter[bit / 64] >> (bit % 64) & 1 != 0 {
                report(&self.short, key, anchors, bytes, starts, at, on);
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn sieve(&self, _bytes: &[u8], _range: Range<usize>, _on: impl FnMut(usize)) {}

    /// Calls `on` with every position of `range` that passes the masks. Many blocks are sieved before the first
    /// position is looked at: the vector loop has no branch to mispredict.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn sieve(&self, bytes: &[u8], range: Range<usize>, mut on: impl FnMut(usize)) {
        let mut passed = [0u64; STRETCH];
        let mut at = range.start;
        while at < range.end {
            let blocks = (bytes.len().saturating_sub(at + REACH) / BLOCK).min(STRETCH);
            let blocks = blocks.min((range.end - at).div_ceil(BLOCK));
            let count = if blocks > 0 {
                // SAFETY: `new` made `self` only after `supported` said that the processor has the instructions, and
                // from `at` on there are `blocks` blocks and `REACH` bytes more.
                unsafe { sieve_blocks(&self.masks, bytes.as_ptr().add(at), &mut passed[..blocks]) }
                blocks
            } else {
                let mut padded = [0u8; BLOCK + REACH];
                let rest = &bytes[at..bytes.len().min(at + BLOCK + REACH)];
                padded[..rest.len()].copy_from_slice(rest);
                // SAFETY: as above; `padded` holds one block and `REACH` bytes more.
                unsafe { sieve_blocks(&self.masks, padded.as_ptr(), &mut passed[..1]) }
                1
            };
            for mask in &passed[..count] {
                let mut left = *mask;
                while left != 0 {
                    let position = at + left.trailing_zeros() as usize;
                    if position < range.end {
                        on(position);
                    }
                    left &= left - 1;
                }
                at += BLOCK;
            }
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

/// For each block of 64 positions those whose window passes, as bits.
///
/// # Safety
/// The processor must have the features named below, and at `start` there must be as many blocks as `passed` has
/// places, and `REACH` bytes more.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
unsafe fn sieve_blocks(masks: &Masks, start: *const u8, passed: &mut [u64]) {
    use std::arch::x86_64::{
        _mm512_and_si512, _mm512_gf2p8affine_epi64_epi8, _mm512_load_si512, _mm512_loadu_si512,
        _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi64,
        _mm512_setzero_si512, _mm512_test_epi8_mask, _mm512_xor_si512,
    };
    // Plain loops and a macro: a closure handed to another function would be compiled without the features.
    let first = _mm512_set1_epi64(FIRST.cast_signed());
    let second = _mm512_set1_epi64(SECOND.cast_signed());
    let mut quarters = [[_mm512_setzero_si512(); 4]; PAIRS];
    for (table, quarters) in masks.0.iter().zip(&mut quarters) {
        for (n, quarter) in quarters.iter_mut().enumerate() {
            // SAFETY: `Masks` is aligned to 64 and its tables are 256 bytes, so each quarter is an aligned vector.
            *quarter = unsafe { _mm512_load_si512(table.as_ptr().add(64 * n).cast()) };
        }
    }
    for (i, out) in passed.iter_mut().enumerate() {
        macro_rules! load {
            ($offset:literal) => {
                // SAFETY: the caller guarantees the block and `REACH` bytes more, and no offset is larger than that.
                unsafe { _mm512_loadu_si512(start.add(i * BLOCK + $offset).cast()) }
            };
        }
        macro_rules! masks_of {
            ($table:literal, $a:expr, $b:expr) => {{
                let index = _mm512_xor_si512(
                    _mm512_gf2p8affine_epi64_epi8::<0>($a, first),
                    _mm512_gf2p8affine_epi64_epi8::<0>($b, second),
                );
                let [q0, q1, q2, q3] = quarters[$table];
                let low = _mm512_permutex2var_epi8(q0, index, q1);
                let high = _mm512_permutex2var_epi8(q2, index, q3);
                _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high)
            }};
        }
        let (v0, v1, v2, v3, v4) = (load!(0), load!(1), load!(2), load!(3), load!(4));
        let front = _mm512_and_si512(masks_of!(0, v0, v1), masks_of!(1, v1, v2));
        let back = _mm512_and_si512(masks_of!(2, v2, v3), masks_of!(3, v3, v4));
        *out = _mm512_test_epi8_mask(front, back);
    }
}

/// The classes of the bytes of whole blocks; false, and nothing done, where the processor lacks the instructions.
pub(super) fn classify(blocks: &[u8], out: &mut [Classes]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if supported() && blocks.len() == out.len() * BLOCK {
        // SAFETY: `supported` says that the processor has the instructions, and there is a block for each place of `out`.
        unsafe { classify_blocks(blocks.as_ptr(), out) };
        return true;
    }
    let _ = (blocks, out);
    false
}

/// # Safety
/// The processor must have the features named below, and at `start` there must be as many blocks as `out` has places.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn classify_blocks(start: *const u8, out: &mut [Classes]) {
    use std::arch::x86_64::{
        _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_loadu_si512, _mm512_or_si512,
        _mm512_set1_epi8, _mm512_sub_epi8,
    };
    let all = |b: u8| _mm512_set1_epi8(b.cast_signed());
    let (case, a, letters) = (all(0x20), all(b'a'), all(26));
    let (zero, digits, nothing) = (all(b'0'), all(10), all(0));
    let (plus, slash, minus, underscore) = (all(b'+'), all(b'/'), all(b'-'), all(b'_'));
    let (percent, backslash, ampersand) = (all(b'%'), all(b'\\'), all(b'&'));
    for (i, out) in out.iter_mut().enumerate() {
        // SAFETY: the caller guarantees the block.
        let v = unsafe { _mm512_loadu_si512(start.add(i * BLOCK).cast()) };
        let letter = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(_mm512_or_si512(v, case), a), letters);
        let digit = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, zero), digits);
        let sign = _mm512_cmpeq_epi8_mask(v, plus)
            | _mm512_cmpeq_epi8_mask(v, slash)
            | _mm512_cmpeq_epi8_mask(v, minus)
            | _mm512_cmpeq_epi8_mask(v, underscore);
        out.word = letter | digit | sign;
        out.zero = _mm512_cmpeq_epi8_mask(v, nothing);
        out.escape = _mm512_cmpeq_epi8_mask(v, percent)
            | _mm512_cmpeq_epi8_mask(v, backslash)
            | _mm512_cmpeq_epi8_mask(v, ampersand);
    }
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
    hash(key, SLOT_BITS)
}

/// Fibonacci hashing: the top bits of a product.
#[inline]
fn hash(key: u32, bits: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// Calls `on` for the entries with this key whose anchor really stands there.
fn report(
    entries: &[Entry],
    key: u32,
    anchors: &[Anchor],
    bytes: &[u8],
    starts: &Range<usize>,
    at: usize,
    on: &mut dyn FnMut(usize, usize),
) {
    for entry in entries.iter().filter(|e| e.key == key) {
        let Some(start) = at.checked_sub(usize::from(entry.offset)) else { continue };
        let anchor = usize::from(entry.anchor);
        if starts.contains(&start) && anchors[anchor].stands_at(bytes, start) {
            on(start, anchor);
        }
    }
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

/// Where in an anchor its rarest window stands; the earliest of equals.
fn rarest_window(text: &[u8]) -> usize {
    let cost = |w: &[u8]| w.iter().map(|b| u64::from(weight(*b))).product::<u64>();
    text.windows(WINDOW.min(text.len())).enumerate().min_by_key(|(_, w)| cost(w)).map_or(0, |(i, _)| i)
}

/// Spreads windows over eight buckets so that few positions pass. The rate at which a bucket lets positions pass is
/// about the product, over its tables, of how common the pairs are that it accepts; each window goes where it adds
/// least to that.
struct Buckets {
    /// How common each hash of a pair is, by the bytes' weights.
    common: Vec<f64>,
    /// For each window the hashes that each of its tables must accept; an empty list accepts all.
    windows: Vec<[Option<usize>; PAIRS]>,
}

/// One bucket: for each table and hash how many windows want it, and how common what it accepts is.
#[derive(Clone)]
struct Bucket {
    wanted: Vec<[u32; 257]>,
    accepted: [f64; PAIRS],
}

impl Buckets {
    fn new() -> Self {
        let sides =
            |matrix: u64| -> Vec<usize> { (0..=255u8).map(|b| usize::from(affine(matrix, b))).collect() };
        let (first, second) = (sides(FIRST), sides(SECOND));
        let weights: Vec<f64> = (0..=255u8).map(|b| f64::from(weight(b))).collect();
        let total: f64 = weights.iter().sum();
        let mut common = vec![0.0; 256];
        for (a, wa) in weights.iter().enumerate() {
            for (b, wb) in weights.iter().enumerate() {
                common[first[a] ^ second[b]] += wa * wb / (total * total);
            }
        }
        Self { common, windows: Vec::new() }
    }

    fn add(&mut self, window: &[u8]) {
        let mut pairs = [None; PAIRS];
        for (slot, two) in pairs.iter_mut().zip(window.windows(2)) {
            *slot = Some(pair(two[0], two[1]));
        }
        self.windows.push(pairs);
    }

    fn masks(mut self) -> Masks {
        // The shortest first: they spoil a bucket, and should do so together.
        self.windows.sort_unstable_by_key(|w| (w.iter().flatten().count(), *w));
        self.windows.dedup();
        let empty = Bucket { wanted: vec![[0; 257]; PAIRS], accepted: [0.0; PAIRS] };
        let mut buckets = vec![empty; 8];
        let mut home: Vec<usize> = Vec::with_capacity(self.windows.len());
        for window in &self.windows {
            let best = self.best(&buckets, window);
            self.change(&mut buckets[best], window, true);
            home.push(best);
        }
        // Those that came first could not know what would come after them.
        for (window, home) in self.windows.iter().zip(&mut home) {
            self.change(&mut buckets[*home], window, false);
            *home = self.best(&buckets, window);
            self.change(&mut buckets[*home], window, true);
        }
        let mut masks = Masks([[0; 256]; PAIRS]);
        for (b, bucket) in buckets.iter().enumerate() {
            for (table, wanted) in masks.0.iter_mut().zip(&bucket.wanted) {
                for (mask, count) in table.iter_mut().zip(wanted) {
                    *mask |= u8::from(*count > 0 || wanted[256] > 0) << b;
                }
            }
        }
        masks
    }

    /// The bucket to which a window adds least.
    fn best(&self, buckets: &[Bucket], window: &[Option<usize>; PAIRS]) -> usize {
        let cost = |bucket: &Bucket| {
            let before: f64 = bucket.accepted.iter().product();
            let after: f64 =
                (0..PAIRS).map(|t| bucket.accepted[t] + self.grows(bucket, t, window[t])).product();
            after - before
        };
        let costs: Vec<f64> = buckets.iter().map(cost).collect();
        (0..costs.len()).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).unwrap_or(0)
    }

    /// How much more common what a table accepts becomes with one more pair.
    fn grows(&self, bucket: &Bucket, table: usize, pair: Option<usize>) -> f64 {
        match pair {
            _ if bucket.wanted[table][256] > 0 => 0.0,
            Some(hash) if bucket.wanted[table][hash] > 0 => 0.0,
            Some(hash) => self.common[hash],
            None => 1.0 - bucket.accepted[table],
        }
    }

    fn change(&self, bucket: &mut Bucket, window: &[Option<usize>; PAIRS], add: bool) {
        for (table, pair) in window.iter().enumerate() {
            let count = &mut bucket.wanted[table][pair.unwrap_or(256)];
            *count = if add { *count + 1 } else { count.saturating_sub(1) };
            let wanted = &bucket.wanted[table];
            bucket.accepted[table] = if wanted[256] > 0 {
                1.0
            } else {
                wanted.iter().zip(&self.common).filter(|(n, _)| **n > 0).map(|(_, c)| c).sum()
            };
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
        let bytes: Vec<u8> = (0..68u32).map(|i| (i * 37 + 11) as u8).collect();
        for i in 0..64 {
            let mut masks = Masks([[0; 256], [0xff; 256], [0xff; 256], [0xff; 256]]);
            masks.0[0][pair(bytes[i], bytes[i + 1])] = 1;
            let mut passed = [0];
            // SAFETY: the features were checked above and 68 bytes are given.
            unsafe { sieve_blocks(&masks, bytes.as_ptr(), &mut passed) };
            assert_ne!(passed[0] & (1 << i), 0, "position {i}");
        }
    }
}
