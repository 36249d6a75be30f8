//! Vector instructions: the kernels of the anchor search and of the decoders' sieve, for AVX-512 with VBMI, VBMI2 and
//! GFNI.
//!
//! This is the crate's one module with `unsafe`: loads, stores and vector instructions, behind a run-time check of the
//! processor ([`Simd`] exists only where it has them) and checks of lengths. Its tests compare each kernel with plain
//! code.
#![allow(unsafe_code)]
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]

use super::decode::sieve::{Classes, STRETCH as CLASSIFIED};
use super::search::{Positions, REACH, STRETCH};

/// Bit matrices of the hash of a pair, row 7 first: of its first byte and its second.
type Matrices = [u64; 2];
/// No row looks at bit 0x20.
const FOLDED: Matrices = [0xdd81_494c_53cf_054d, 0x538b_4856_5714_d7c1];
/// The same, and some rows look at bit 0x20: no bit is lost.
const EXACT: Matrices = [0xfda1_496c_53cf_056d, 0x738b_6876_7734_f7c1];
/// Number of pairs in a window, and so the bytes behind a position that a window reaches into.
const PAIRS: usize = 4;
const OVERLAP: usize = PAIRS;
/// Positions that are sieved at once.
const BLOCK: usize = 64;

/// For each pair of a window and each hash of a pair the buckets, as bits, that want that pair there.
#[derive(Clone)]
#[repr(C, align(64))]
pub(crate) struct Masks {
    /// A table for each pair; which pairs these are depends on the shape.
    pub(crate) tables: [[u8; 256]; PAIRS],
    pub(crate) shape: Shape,
}

/// Which pairs of a window's bytes are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each byte and the next, in windows of five; ASCII case is ignored.
    Long,
    /// In windows of four or three, each byte and the next, and then the first and the third: three bytes have no
    /// other third pair. In their own case, since words are full of most three letters.
    Short,
}

impl Shape {
    /// The places in a window of the bytes of each pair.
    pub(crate) const fn pairs(self) -> [(usize, usize); PAIRS] {
        match self {
            Self::Long => [(0, 1), (1, 2), (2, 3), (3, 4)],
            Self::Short => [(0, 1), (1, 2), (2, 3), (0, 2)],
        }
    }
}

impl Masks {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { tables: [[0; 256]; PAIRS], shape }
    }
}

/// Says that the processor has the instructions.
#[derive(Clone, Copy)]
pub(crate) struct Simd(#[cfg(not(target_arch = "x86_64"))] std::convert::Infallible);

#[cfg(not(target_arch = "x86_64"))]
impl Simd {
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn candidates(self, _sets: &[Masks], _stretch: &[u8], _positions: &mut Positions) -> usize {
        match self.0 {}
    }
}

#[cfg(target_arch = "x86_64")]
impl Simd {
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("gfni")
            && is_x86_feature_detected!("popcnt");
        has_all.then_some(Self())
    }

    /// Writes the positions of `stretch` that some set of buckets lets pass, in order; returns how many. A stretch is
    /// whole blocks of 64 positions, at most `STRETCH` of them, and `REACH` bytes more.
    #[inline]
    pub(crate) fn candidates(self, sets: &[Masks], stretch: &[u8], positions: &mut Positions) -> usize {
        const { assert!(REACH >= OVERLAP) }
        let blocks = stretch.len().saturating_sub(REACH) / BLOCK;
        let mut passed = [0u64; STRETCH / BLOCK];
        let passed = &mut passed[..blocks];
        for masks in sets {
            // SAFETY: `self` exists only if the processor has the instructions; the stretch holds `blocks` blocks, and
            // at least `OVERLAP` bytes more.
            unsafe {
                match masks.shape {
                    Shape::Long => sieve_blocks::<true>(masks, stretch.as_ptr(), passed),
                    Shape::Short => sieve_blocks::<false>(masks, stretch.as_ptr(), passed),
                }
            }
        }
        // SAFETY: as above; `passed` has no more than `STRETCH / BLOCK` places, or the slice would have failed.
        unsafe { flatten(passed, positions) }
    }
}

/// The places of the set bits of all masks, in order; returns how many.
///
/// # Safety
/// The processor must have the features named below, and `passed` at most `STRETCH / BLOCK` masks.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
unsafe fn flatten(passed: &[u64], positions: &mut Positions) -> usize {
    use std::arch::x86_64::{
        _mm512_add_epi16, _mm512_loadu_si512, _mm512_maskz_compress_epi16, _mm512_set1_epi16,
        _mm512_storeu_si512,
    };
    const FIRST_BLOCK: [u16; BLOCK] = {
        let mut places = [0; BLOCK];
        let mut i = 0;
        while i < BLOCK {
            places[i] = i as u16;
            i += 1;
        }
        places
    };
    debug_assert!(passed.len() <= STRETCH / BLOCK);
    let start = positions.as_mut_ptr();
    // SAFETY: both halves of `FIRST_BLOCK` are 64 bytes.
    let (mut low, mut high) = unsafe {
        (
            _mm512_loadu_si512(FIRST_BLOCK.as_ptr().cast()),
            _mm512_loadu_si512(FIRST_BLOCK.as_ptr().add(32).cast()),
        )
    };
    let step = _mm512_set1_epi16(BLOCK as i16);
    let mut count = 0;
    for mask in passed {
        let (first, second) = (*mask as u32, (*mask >> 32) as u32);
        // SAFETY: so far at most `BLOCK` places were counted for each mask, `STRETCH` of all masks; a store writes 32
        // places from there, of which there are `BLOCK` more.
        unsafe {
            _mm512_storeu_si512(start.add(count).cast(), _mm512_maskz_compress_epi16(first, low));
            count += first.count_ones() as usize;
            _mm512_storeu_si512(start.add(count).cast(), _mm512_maskz_compress_epi16(second, high));
            count += second.count_ones() as usize;
        }
        low = _mm512_add_epi16(low, step);
        high = _mm512_add_epi16(high, step);
    }
    count
}

/// For each block of 64 positions adds those whose window passes, as bits.
///
/// # Safety
/// The processor must have the features named below, and at `start` there must be as many blocks as `passed` has
/// places, and `OVERLAP` bytes more.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
unsafe fn sieve_blocks<const LONG: bool>(masks: &Masks, start: *const u8, passed: &mut [u64]) {
    use std::arch::x86_64::{
        _mm512_and_si512, _mm512_gf2p8affine_epi64_epi8, _mm512_load_si512, _mm512_loadu_si512,
        _mm512_mask_blend_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi64,
        _mm512_setzero_si512, _mm512_test_epi8_mask, _mm512_xor_si512,
    };
    // Plain loops and a macro: a closure handed to another function would be compiled without the features.
    let [first, second] = if LONG { FOLDED } else { EXACT };
    let (first, second) = (_mm512_set1_epi64(first.cast_signed()), _mm512_set1_epi64(second.cast_signed()));
    let mut quarters = [[_mm512_setzero_si512(); 4]; PAIRS];
    for (table, quarters) in masks.tables.iter().zip(&mut quarters) {
        for (n, quarter) in quarters.iter_mut().enumerate() {
            // SAFETY: `Masks` is aligned to 64, its tables come first and are 256 bytes, so each quarter is an aligned vector.
            *quarter = unsafe { _mm512_load_si512(table.as_ptr().add(64 * n).cast()) };
        }
    }
    for (i, out) in passed.iter_mut().enumerate() {
        macro_rules! load {
            ($offset:literal) => {
                // SAFETY: the caller guarantees the block and `OVERLAP` bytes more, and no offset is larger than that.
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
        let (v0, v1, v2, v3) = (load!(0), load!(1), load!(2), load!(3));
        let front = _mm512_and_si512(masks_of!(0, v0, v1), masks_of!(1, v1, v2));
        let last = if LONG { masks_of!(3, v3, load!(4)) } else { masks_of!(3, v0, v2) };
        let back = _mm512_and_si512(masks_of!(2, v2, v3), last);
        *out |= _mm512_test_epi8_mask(front, back);
    }
}

/// The classes of the bytes of whole blocks, and a bit for each block that is busy, those that `out` knows already
/// included; nothing where the processor lacks the instructions.
pub(super) fn classify(blocks: &[u8], out: &mut Classes) -> Option<u32> {
    #[cfg(target_arch = "x86_64")]
    if Simd::detect().is_some() && blocks.len() <= CLASSIFIED * BLOCK {
        // SAFETY: `detect` says that the processor has the instructions.
        return Some(unsafe { classify_blocks(blocks, out) });
    }
    let _ = (blocks, out);
    None
}

/// # Safety
/// The processor must have the features named below.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn classify_blocks(blocks: &[u8], out: &mut Classes) -> u32 {
    use std::arch::x86_64::{
        _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_loadu_si512, _mm512_or_si512,
        _mm512_set1_epi8, _mm512_sub_epi8,
    };
    let all = |b: u8| _mm512_set1_epi8(b.cast_signed());
    let (case, a, letters) = (all(0x20), all(b'a'), all(26));
    let (zero, digits, nothing) = (all(b'0'), all(10), all(0));
    let (plus, slash, minus, underscore) = (all(b'+'), all(b'/'), all(b'-'), all(b'_'));
    let (percent, backslash, ampersand) = (all(b'%'), all(b'\\'), all(b'&'));
    for (i, block) in blocks.chunks_exact(BLOCK).enumerate() {
        // SAFETY: a block is 64 bytes.
        let v = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let letter = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(_mm512_or_si512(v, case), a), letters);
        let digit = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, zero), digits);
        let sign = _mm512_cmpeq_epi8_mask(v, plus)
            | _mm512_cmpeq_epi8_mask(v, slash)
            | _mm512_cmpeq_epi8_mask(v, minus)
            | _mm512_cmpeq_epi8_mask(v, underscore);
        out.word[i + 1] = letter | digit | sign;
        out.zero[i] = _mm512_cmpeq_epi8_mask(v, nothing);
        out.escape[i] = _mm512_cmpeq_epi8_mask(v, percent)
            | _mm512_cmpeq_epi8_mask(v, backslash)
            | _mm512_cmpeq_epi8_mask(v, ampersand);
    }
    out.busy()
}

impl Shape {
    /// The hash of two bytes, as the vector code computes it.
    pub(crate) fn pair(self) -> fn(u8, u8) -> usize {
        fn hash([first, second]: Matrices, a: u8, b: u8) -> usize {
            usize::from(affine(first, a) ^ affine(second, b))
        }
        match self {
            Self::Long => |a, b| hash(FOLDED, a, b),
            Self::Short => |a, b| hash(EXACT, a, b),
        }
    }
}

/// One byte of GF2P8AFFINEQB: bit `i` of the result is the parity of `x` ANDed with byte `7 - i` of the matrix.
fn affine(matrix: u64, x: u8) -> u8 {
    let rows = matrix.to_le_bytes();
    (0..8).fold(0, |out, i| out | ((((rows[7 - i] & x).count_ones() & 1) as u8) << i))
}

#[cfg(all(test, target_arch = "x86_64"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_hashes_ignore_case_or_nothing() {
        for matrix in FOLDED {
            let mut images: Vec<u8> =
                (0..=255u8).filter(|b| b & 0x20 == 0).map(|b| affine(matrix, b)).collect();
            assert!((0..=255u8).all(|b| affine(matrix, b) == affine(matrix, b & !0x20)));
            images.sort_unstable();
            images.dedup();
            assert_eq!(images.len(), 128, "the matrix {matrix:#x} loses bits");
        }
        for matrix in EXACT {
            let images: HashSet<u8> = (0..=255u8).map(|b| affine(matrix, b)).collect();
            assert_eq!(images.len(), 256, "the matrix {matrix:#x} loses bits");
        }
    }

    /// The positions that pass, found one by one.
    fn plain_candidates(sets: &[Masks], stretch: &[u8]) -> Vec<u16> {
        let positions = stretch.len() - REACH;
        let passes = |masks: &Masks, at: usize| {
            let pairs = masks.shape.pairs().into_iter().zip(&masks.tables);
            let pair = masks.shape.pair();
            pairs.fold(0xff, |mask, ((a, b), table)| mask & table[pair(stretch[at + a], stretch[at + b])])
                != 0
        };
        (0..positions).filter(|at| sets.iter().any(|m| passes(m, *at))).map(|at| at as u16).collect()
    }

    /// Numbers that look like chance, the same in every run.
    fn noise(seed: u32) -> impl FnMut() -> u8 {
        let mut state = seed | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 11) as u8
        }
    }

    #[test]
    fn the_vector_sieve_is_the_plain_one() {
        let Some(simd) = Simd::detect() else { return };
        let mut next = noise(7);
        for (blocks, sets) in [(0, 1), (1, 1), (2, 2), (3, 4), (STRETCH / BLOCK, 1), (STRETCH / BLOCK, 3)] {
            // From tables that pass nothing to tables that pass everything.
            for density in [0, 0x11, 0x55, 0xff] {
                let shape = |i| if i % 2 == 0 { Shape::Long } else { Shape::Short };
                let mut masks: Vec<Masks> = (0..sets).map(|i| Masks::new(shape(i))).collect();
                let cells = masks.iter_mut().flat_map(|m| m.tables.iter_mut().flatten());
                cells.for_each(|cell| *cell = if density == 0xff { 0xff } else { next() & density });
                let stretch: Vec<u8> = (0..blocks * BLOCK + REACH).map(|_| next()).collect();
                let mut positions = [0; STRETCH + 64];
                let count = simd.candidates(&masks, &stretch, &mut positions);
                assert_eq!(positions[..count], plain_candidates(&masks, &stretch));
            }
        }
    }

    #[test]
    #[should_panic]
    fn a_stretch_that_is_too_long_is_refused() {
        let simd = Simd::detect().unwrap();
        simd.candidates(&[], &[0; STRETCH + BLOCK + REACH], &mut [0; STRETCH + 64]);
    }
}
