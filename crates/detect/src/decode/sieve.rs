//! One pass over all bytes that tells where something may be encoded: 64 bytes at a time become three masks, and all
//! that follows is arithmetic on those.

use crate::simd;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;
/// Blocks that are classified before the first is looked at: a bit for each fits into a `u32`.
pub(crate) const STRETCH: usize = 32;

/// The fewest characters of base64 or hex that are looked at: sixteen bytes and more.
pub(super) const SHORTEST: usize = 24;
/// The same in a document whose values are known to be base64.
pub(super) const SHORTEST_VALUE: usize = 8;

/// What may begin at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A run of base64's characters stands around it.
    Run,
    /// Pairs of such characters with one byte between them begin here.
    Pairs,
    /// Every second byte is zero.
    Wide,
    /// Three of four bytes are zero.
    Quad,
    /// `%`, `\` or `&`, and what an escape may go on with.
    Escape,
}

/// The kinds of the bytes of some blocks: for each block a bit for each byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// Letters, digits and `+/-_`; the first place is that of the block before.
    pub(crate) word: [u64; STRETCH + 1],
    /// Zero bytes.
    pub(crate) zero: [u64; STRETCH],
    /// `%`, `\` and `&`.
    pub(crate) escape: [u64; STRETCH],
}

impl Classes {
    /// Those of no block, after one whose word bytes these are.
    fn after(before: u64) -> Self {
        let mut word = [0; STRETCH + 1];
        word[0] = before;
        Self { word, zero: [0; STRETCH], escape: [0; STRETCH] }
    }

    /// A bit for each block in which something may begin or end: most hold nothing. Written without branches, so that
    /// several blocks are asked at once.
    #[inline(always)]
    pub(crate) fn busy(&self) -> u32 {
        let mut busy = [0u64; STRETCH];
        for (i, busy) in busy.iter_mut().enumerate() {
            let (before, word) = (self.word[i], self.word[i + 1]);
            // One of two neighbours has half of a run that lies across them.
            let across =
                u64::from(before >> (BLOCK - HALF) == HALF_MASK) | u64::from(word & HALF_MASK == HALF_MASK);
            *busy = long_runs(word)
                | across
                | pair_runs(before)
                | pair_runs(word)
                | self.zero[i]
                | self.escape[i];
        }
        let mut bits = 0;
        for (i, busy) in busy.iter().enumerate() {
            bits |= u32::from(*busy != 0) << i;
        }
        bits
    }
}

const HALF: usize = SHORTEST / 2;
const HALF_MASK: u64 = (1 << HALF) - 1;

/// Calls `on` with every place where something may be encoded, in order but for those of one block. With `short`, runs
/// of [`SHORTEST_VALUE`] characters count.
pub(super) fn marks(bytes: &[u8], short: bool, on: &mut dyn FnMut(usize, Mark)) {
    let mut before = 0;
    for (i, stretch) in bytes.chunks(STRETCH * BLOCK).enumerate() {
        let mut classes = Classes::after(before);
        let busy = classify(stretch, &mut classes);
        let count = stretch.len().div_ceil(BLOCK);
        before = classes.word[count];
        let mut busy = if short { u32::MAX >> (STRETCH - count) } else { busy };
        while busy != 0 {
            let j = busy.trailing_zeros() as usize;
            busy &= busy - 1;
            block(&classes, j, bytes, (i * STRETCH + j) * BLOCK, short, on);
        }
    }
}

/// Calls `on` for block `j`, which begins at `at`.
#[inline]
fn block(classes: &Classes, j: usize, bytes: &[u8], at: usize, short: bool, on: &mut dyn FnMut(usize, Mark)) {
    let (before, word) = (classes.word[j], classes.word[j + 1]);
    runs(before, word, at, short, on);
    if pair_runs(before) | pair_runs(word) != 0 {
        pairs(before, word, at, on);
    }
    if classes.zero[j] != 0 {
        wide(classes.zero[j], bytes.get(at..).unwrap_or_default(), at, on);
    }
    let mut escapes = classes.escape[j];
    while escapes != 0 {
        let place = at + escapes.trailing_zeros() as usize;
        if may_escape(bytes, place) {
            on(place, Mark::Escape);
        }
        escapes &= escapes - 1;
    }
}

/// Whether the byte after a mark is one with which an escape begins that a text is decoded for: not `\n`, `%s`, `&&`.
#[inline(always)]
fn may_escape(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at..at + 2) {
        Some([b'%', next]) => next.is_ascii_hexdigit(),
        Some([b'\\', next]) => matches!(next, b'u' | b'U' | b'x' | b'0' | b'1'),
        Some([b'&', next]) => matches!(next, b'#' | b'a' | b'l' | b'g' | b'q'),
        _ => false,
    }
}

/// Runs that end in this block or reach beyond it, by any place in them.
#[inline]
fn runs(before: u64, word: u64, at: usize, short: bool, on: &mut dyn FnMut(usize, Mark)) {
    // Most blocks hold no long run, and none reaches into them.
    let across = before.leading_ones() + word.trailing_ones();
    if !short && long_runs(word) == 0 && across < SHORTEST as u32 {
        return;
    }
    let both = u128::from(before) | u128::from(word) << BLOCK;
    // A bit is left where a run of 2, 4, 8 … bytes begins.
    let two = both & both >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let long = if short { eight } else { eight & eight >> 8 & eight >> (SHORTEST - 8) };
    // Those that lie in the block before as a whole were told then.
    let least = if short { SHORTEST_VALUE } else { SHORTEST };
    let mut long = long & !0u128 << (BLOCK + 1 - least);
    while long != 0 {
        let start = long.trailing_zeros() as usize;
        on((at + start).saturating_sub(BLOCK), Mark::Run);
        // The rest of the same run begins at the places right after.
        let rest = (long >> start).trailing_ones() as usize;
        let gone = start + rest;
        long = if gone >= 128 { 0 } else { long >> gone << gone };
    }
}

/// Where runs of [`SHORTEST`] characters begin that a block holds as a whole.
#[inline(always)]
fn long_runs(word: u64) -> u64 {
    let two = word & word >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    sixteen & sixteen >> (SHORTEST - 16)
}

/// The fewest pairs that are looked at.
const PAIRS: usize = 8;

/// Where half as many pairs in a row begin as [`pairs`] looks for: one of two neighbours holds as many that shares them.
#[inline(always)]
fn pair_runs(word: u64) -> u64 {
    let one = word & word >> 1 & !(word >> 2);
    let two = one & one >> 3;
    two & two >> 6
}

/// Places where pairs of characters begin, each but for one byte right behind the other, as hexadecimal digits are
/// written with colons.
#[inline]
fn pairs(before: u64, word: u64, at: usize, on: &mut dyn FnMut(usize, Mark)) {
    let both = u128::from(before) | u128::from(word) << BLOCK;
    let one = both & both >> 1 & !(both >> 2);
    let two = one & one >> 3;
    let four = two & two >> 6;
    // Those that lie in the block before as a whole were told then.
    let mut places = four & four >> 12 & !0u128 << (BLOCK + 1 - 3 * PAIRS);
    while places != 0 {
        on((at + places.trailing_zeros() as usize).saturating_sub(BLOCK), Mark::Pairs);
        places &= places - 1;
    }
}

/// Text of two or four bytes a character: each place in the block where some stands. `rest` is the block and what
/// follows it.
#[inline]
fn wide(zero: u64, rest: &[u8], at: usize, on: &mut dyn FnMut(usize, Mark)) {
    let full = !zero;
    let two = zero & zero >> 2 & zero >> 4 & zero >> 6 & full >> 1 & full >> 3 & full >> 5;
    let four = zero & zero >> 1 & zero >> 2 & full >> 3 & zero >> 4 & zero >> 5 & zero >> 6;
    if two | four == 0 {
        return;
    }
    // Tables of small numbers look like that, too: letters tell a text.
    let mut block = [0; BLOCK];
    let there = rest.len().min(BLOCK);
    block[..there].copy_from_slice(&rest[..there]);
    let letter = mask(&block, |b| (b' '..0x7f).contains(&b));
    let two = two & letter >> 1 & letter >> 3 & letter >> 5;
    let four = four & letter >> 3;
    for (mut places, mark) in [(two, Mark::Wide), (four, Mark::Quad)] {
        while places != 0 {
            on(at + places.trailing_zeros() as usize, mark);
            places &= places - 1;
        }
    }
}

/// The classes of some blocks, of which the last may be shorter, and which are busy.
fn classify(bytes: &[u8], out: &mut Classes) -> u32 {
    let whole = bytes.len() / BLOCK;
    let (blocks, last) = bytes.split_at(whole * BLOCK);
    let mut padded = [b' '; BLOCK];
    if !last.is_empty() {
        // A blank is in no class.
        padded[..last.len()].copy_from_slice(last);
        classify_block(&padded, out, whole);
    }
    simd::classify(blocks, out).unwrap_or_else(|| {
        for (i, block) in blocks.chunks_exact(BLOCK).enumerate() {
            classify_block(block, out, i);
        }
        out.busy()
    })
}

/// The portable form for block `i`: written so that the compiler makes vectors of it.
pub(crate) fn classify_block(block: &[u8], out: &mut Classes, i: usize) {
    out.word[i + 1] = mask(block, is_word);
    out.zero[i] = mask(block, |b| b == 0);
    out.escape[i] = mask(block, |b| (b == b'%') | (b == b'\\') | (b == b'&'));
}

/// A bit for each byte that is of a class. Generic, so that the question is asked of many bytes at once.
#[inline(always)]
fn mask(block: &[u8], is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0u8; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is(*byte));
    }
    flags.chunks_exact(8).enumerate().fold(0u64, |mask, (i, eight)| {
        let eight = eight.first_chunk::<8>().map_or(0, |eight| u64::from_le_bytes(*eight));
        // Gathers the low bits of eight bytes.
        mask | (eight.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i)
    })
}

/// Whether a byte belongs to base64 in either alphabet.
#[inline(always)]
pub(super) fn is_word(b: u8) -> bool {
    // No short circuits: they are branches.
    ((b | 0x20).wrapping_sub(b'a') < 26)
        | (b.wrapping_sub(b'0') < 10)
        | (b == b'+')
        | (b == b'/')
        | (b == b'-')
        | (b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8], short: bool) -> Vec<(usize, Mark)> {
        let mut out = Vec::new();
        marks(bytes, short, &mut |at, mark| out.push((at, mark)));
        out
    }

    #[test]
    fn runs_are_told_wherever_they_stand() {
        for before in 0..200 {
            for length in [7, 8, 23, 24, 40, 100, 300] {
                let mut bytes = vec![b' '; before];
                bytes.extend(std::iter::repeat_n(b'a', length));
                bytes.extend(b"   .");
                for short in [false, true] {
                    let found = told(&bytes, short);
                    let least = if short { SHORTEST_VALUE } else { SHORTEST };
                    let inside =
                        found.iter().all(|(at, m)| *m == Mark::Run && *at >= before && *at < before + length);
                    assert!(inside, "{before} {length} {found:?}");
                    assert_eq!(!found.is_empty(), length >= least, "{before} {length}");
                    assert!(found.first().is_none_or(|(at, _)| *at == before), "{before} {length} {found:?}");
                }
            }
        }
    }

    #[test]
    fn wide_texts_are_told() {
        for before in 0..130 {
            let mut bytes = vec![0xffu8; before];
            bytes.extend(b"a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0".iter());
            assert!(told(&bytes, false).iter().any(|(_, m)| *m == Mark::Wide), "{before}");
            let mut bytes = vec![0xffu8; before];
            bytes.extend(b"abcdefgh".iter().flat_map(|b| [*b, 0, 0, 0]));
            assert!(told(&bytes, false).iter().any(|(_, m)| *m == Mark::Quad), "{before}");
        }
    }

    #[test]
    fn vectors_and_plain_code_agree() {
        let bytes: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for stretch in bytes.chunks(STRETCH * BLOCK) {
            let (mut vector, mut plain) = (Classes::after(7), Classes::after(7));
            let Some(busy) = simd::classify(stretch, &mut vector) else { return };
            stretch
                .chunks_exact(BLOCK)
                .enumerate()
                .for_each(|(i, block)| classify_block(block, &mut plain, i));
            assert_eq!((vector, busy), (plain.clone(), plain.busy()));
        }
    }

    /// What is told of a block that is not busy: nothing.
    #[test]
    fn nothing_is_told_of_idle_blocks() {
        let mut state = 1u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        for _ in 0..200 {
            // Runs and pairs of every length, and little else.
            let mut bytes = Vec::new();
            while bytes.len() < STRETCH * BLOCK {
                let length = next() as usize % 40;
                match next() % 4 {
                    0 => bytes.extend(std::iter::repeat_n(b'a', length)),
                    1 => bytes.extend(b"6a:".iter().cycle().take(length)),
                    2 => bytes.extend(std::iter::repeat_n(b' ', length)),
                    _ => bytes.extend([b'.', [b'x', 0, b'\\', b'%'][next() as usize % 4], b'u']),
                }
            }
            bytes.truncate(STRETCH * BLOCK);
            let mut classes = Classes::after(u64::from(next()) << 32);
            let busy = classify(&bytes, &mut classes);
            let mut told = Vec::new();
            for j in (0..STRETCH).filter(|j| busy >> j & 1 == 0) {
                block(&classes, j, &bytes, j * BLOCK, false, &mut |at, mark| told.push((j, at, mark)));
            }
            assert_eq!(told, []);
        }
    }
}
