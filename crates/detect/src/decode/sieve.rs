//! One pass over all bytes that tells where something may be encoded: 64 bytes at a time become three masks, and all
//! that follows is arithmetic on those.

use crate::simd;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;
/// Blocks that are classified before the first is looked at.
const STRETCH: usize = 32;

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

/// The kinds of the bytes of a block, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classes {
    /// Letters, digits and `+/-_`.
    pub(crate) word: u64,
    /// Zero bytes.
    pub(crate) zero: u64,
    /// `%`, `\` and `&`.
    pub(crate) escape: u64,
}

/// Calls `on` with every place where something may be encoded, in order but for those of one block. With `short`, runs
/// of [`SHORTEST_VALUE`] characters count.
pub(super) fn marks(bytes: &[u8], short: bool, on: &mut dyn FnMut(usize, Mark)) {
    let mut classes = [Classes::default(); STRETCH];
    let (mut before, mut before_has_pairs) = (0u64, false);
    for (i, stretch) in bytes.chunks(STRETCH * BLOCK).enumerate() {
        let count = stretch.len().div_ceil(BLOCK);
        classify(stretch, &mut classes[..count]);
        for (j, block) in classes[..count].iter().enumerate() {
            let at = (i * STRETCH + j) * BLOCK;
            runs(before, block.word, at, short, on);
            let has_pairs = has_pairs(block.word);
            if has_pairs || before_has_pairs {
                pairs(before, block.word, at, on);
            }
            (before, before_has_pairs) = (block.word, has_pairs);
            if block.zero != 0 {
                wide(block.zero, bytes.get(at..).unwrap_or_default(), at, on);
            }
            let mut escapes = block.escape;
            while escapes != 0 {
                let place = at + escapes.trailing_zeros() as usize;
                if may_escape(bytes, place) {
                    on(place, Mark::Escape);
                }
                escapes &= escapes - 1;
            }
        }
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
    if !short && !has_long_run(word) && across < SHORTEST as u32 {
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

/// Whether a block holds a run of [`SHORTEST`] characters.
#[inline(always)]
fn has_long_run(word: u64) -> bool {
    let two = word & word >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    sixteen & sixteen >> (SHORTEST - 16) != 0
}

/// The fewest pairs that are looked at.
const PAIRS: usize = 8;

/// Whether a block holds half as many pairs in a row as [`pairs`] looks for: one of two neighbours does that share them.
#[inline(always)]
fn has_pairs(word: u64) -> bool {
    let one = word & word >> 1 & !(word >> 2);
    let two = one & one >> 3;
    two & two >> 6 != 0
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

fn classify(bytes: &[u8], out: &mut [Classes]) {
    let whole = bytes.len() / BLOCK;
    let (blocks, last) = bytes.split_at(whole * BLOCK);
    let (of_blocks, of_last) = out.split_at_mut(whole.min(out.len()));
    if !simd::classify(blocks, of_blocks) {
        for (block, out) in blocks.chunks_exact(BLOCK).zip(of_blocks) {
            *out = classes(block);
        }
    }
    if let (false, Some(out)) = (last.is_empty(), of_last.first_mut()) {
        // A blank is in no class.
        let mut padded = [b' '; BLOCK];
        padded[..last.len()].copy_from_slice(last);
        *out = classes(&padded);
    }
}

/// The portable form: written so that the compiler makes vectors of it.
pub(crate) fn classes(block: &[u8]) -> Classes {
    Classes {
        word: mask(block, is_word),
        zero: mask(block, |b| b == 0),
        escape: mask(block, |b| (b == b'%') | (b == b'\\') | (b == b'&')),
    }
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
        let mut vector = vec![Classes::default(); bytes.len() / BLOCK];
        if !simd::classify(&bytes, &mut vector) {
            return;
        }
        let plain: Vec<Classes> = bytes.chunks_exact(BLOCK).map(classes).collect();
        assert_eq!(vector, plain);
    }
}
