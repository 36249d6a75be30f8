//! Which part of an anchor is searched for: a rare window, by how common pairs of bytes are.

use std::sync::LazyLock;

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

/// What a value of the table says: one of how many.
fn power(rarity: u8) -> f64 {
    POWERS[usize::from(rarity)]
}

static POWERS: LazyLock<[f64; 256]> = LazyLock::new(|| std::array::from_fn(|v| (-(v as f64) / 8.0).exp2()));

/// How common each of `cells` hashes of a pair is, as parts of one. `cell` must ignore bit 0x20 of both bytes.
pub(super) fn cell_frequencies(cells: usize, cell: impl Fn(u8, u8) -> usize) -> Vec<f64> {
    let mut frequencies = vec![0.0; cells];
    let without_case = || (0..=255u8).filter(|b| b & 0x20 == 0);
    for first in without_case() {
        for second in without_case() {
            frequencies[cell(first, second)] += power(rarity(first, second));
        }
    }
    frequencies
}

/// The same for a `cell` that does not ignore bit 0x20.
pub(super) fn cell_frequencies_by_case(cells: usize, cell: impl Fn(u8, u8) -> usize) -> Vec<f64> {
    let mut frequencies = vec![0.0; cells];
    for first in 0..=255u8 {
        for second in 0..=255u8 {
            let shares = share(first) * share(second);
            frequencies[cell(first, second)] += power(rarity(first, second)) * shares;
        }
    }
    frequencies
}

/// How common a byte is among the two that differ in bit 0x20, as a part of one; an estimate, which speed alone depends on.
fn share(byte: u8) -> f64 {
    match byte {
        b'a'..=b'z' | b'\n' => 0.85,
        b'A'..=b'Z' | b'*' => 0.15,
        b'\t' | b'\r' | 0 | b' ' | b')' | b'-' => 0.5,
        0x01..=0x1f => 0.05,
        0x21..=0x3f => 0.95,
        _ => 0.5,
    }
}

/// How common each byte is, by its folded value, as parts of one.
static BYTES: LazyLock<[f64; 128]> = LazyLock::new(|| {
    let mut bytes = [0.0; 128];
    for (pair, rarity) in RARITY.iter().enumerate() {
        bytes[pair >> 7] += power(*rarity);
    }
    bytes
});

/// How common a window is, as if each byte followed from the one before it alone.
fn chance(window: &[u8]) -> f64 {
    let (powers, common) = (&*POWERS, &*BYTES);
    let power = |pair: &[u8]| powers[usize::from(rarity(pair[0], pair[1]))];
    let pairs: f64 = window.windows(2).map(power).product();
    let shared = window.get(1..window.len().saturating_sub(1)).unwrap_or_default();
    pairs / shared.iter().map(|byte| common[folded(*byte)]).product::<f64>()
}

/// A part of an anchor that may be searched for in its place.
#[derive(Clone, Copy)]
pub(super) struct Window<'a> {
    /// Where in the anchor it stands.
    pub(super) offset: usize,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// How common it is, as parts of one.
    pub(super) chance: f64,
}

/// How rare each byte is, by its folded value, as 8 × log2.
static BYTE_RARITY: LazyLock<[i32; 128]> =
    LazyLock::new(|| BYTES.map(|b| (-8.0 * b.log2()).clamp(0.0, 1000.0).round() as i32));

/// Where the rarest window of `text` stands; the first of equals. As [`rarest`] in whole numbers: every start asks for
/// each anchor.
pub(super) fn rarest_offset(text: &[u8]) -> usize {
    let length = WINDOW.min(text.len()).max(1);
    let bytes = &*BYTE_RARITY;
    let rare = |window: &[u8]| {
        let pairs: i32 = window.windows(2).map(|pair| i32::from(rarity(pair[0], pair[1]))).sum();
        let shared = window.get(1..window.len().saturating_sub(1)).unwrap_or_default();
        pairs - shared.iter().map(|byte| bytes[folded(*byte)]).sum::<i32>()
    };
    let windows = text.windows(length).map(rare).enumerate();
    windows.min_by_key(|(_, rare)| std::cmp::Reverse(*rare)).map_or(0, |(offset, _)| offset)
}

/// At most `count` windows of `text`, the rarest first; the anchor's first byte stands in the first of equals.
pub(super) fn rarest(text: &[u8], count: usize) -> Vec<Window<'_>> {
    let length = WINDOW.min(text.len()).max(1);
    let window = |(offset, bytes)| Window { offset, bytes, chance: chance(bytes) };
    let mut windows: Vec<Window<'_>> = text.windows(length).enumerate().map(window).collect();
    windows.sort_by(|a, b| a.chance.total_cmp(&b.chance));
    windows.truncate(count);
    windows
}
