//! Which part of an anchor is searched for: its rarest window, by how common pairs of bytes are.

/// The bytes of a window at most; an anchor that has fewer is a window as a whole.
pub(super) const WINDOW: usize = 5;
/// The pairs of neighbouring bytes in a window.
pub(super) const PAIRS: usize = WINDOW - 1;

/// For each pair of bytes without their bit 0x20, the number of pairs of which it is one, as 8 × log2. Made by
/// `prior/train.py`.
static RARITY: &[u8; 1 << 14] = include_bytes!("../../prior/pairs.bin");

/// A byte without its bit 0x20, in seven bits: ASCII case is folded.
fn folded(byte: u8) -> usize {
    usize::from((byte & 0x1f) | (byte >> 1 & 0x60))
}

fn rarity(first: u8, second: u8) -> u8 {
    RARITY[folded(first) << 7 | folded(second)]
}

/// How common each of `cells` hashes of a pair is, as parts of one. `cell` must ignore bit 0x20 of both bytes.
pub(super) fn cell_frequencies(cells: usize, cell: impl Fn(u8, u8) -> usize) -> Vec<f64> {
    let powers: Vec<f64> = (0..=255u8).map(|v| (-f64::from(v) / 8.0).exp2()).collect();
    let mut frequencies = vec![0.0; cells];
    let without_case = || (0..=255u8).filter(|b| b & 0x20 == 0);
    for first in without_case() {
        for second in without_case() {
            frequencies[cell(first, second)] += powers[usize::from(rarity(first, second))];
        }
    }
    frequencies
}

/// Where in `text` its rarest window stands; the first of equals.
pub(super) fn rarest(text: &[u8]) -> usize {
    let cost = |w: &[u8]| w.windows(2).map(|p| u32::from(rarity(p[0], p[1]))).sum::<u32>();
    let windows = text.windows(WINDOW.min(text.len()).max(1)).enumerate();
    windows.min_by_key(|(_, w)| u32::MAX - cost(w)).map_or(0, |(at, _)| at)
}

/// The window of an anchor that stands at `offset` in it.
pub(super) fn window_at(text: &[u8], offset: usize) -> &[u8] {
    let rest = text.get(offset..).unwrap_or_default();
    rest.get(..WINDOW).unwrap_or(rest)
}
