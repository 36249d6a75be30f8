//! Secrets wrapped in base64: a literal has three encodings, by its place in the groups of three, and each has a core
//! that does not depend on its neighbours. The cores are anchors of their own.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;

/// Characters before the anchor's group that are decoded too: context for the pattern.
const BACK: usize = 64;
/// Characters after the anchor's group that are decoded.
const FORWARD: usize = 6144;

/// The parts of `literal`'s base64 forms that are the same whatever stands around it, with the number of bytes by
/// which it is shifted against the groups of three. Forms under four characters are left out: they stand everywhere.
pub(super) fn wrapped_forms(literal: &[u8]) -> impl Iterator<Item = (u8, Vec<u8>)> {
    (0..3u8).filter_map(|shift| {
        let pad = usize::from(shift);
        let mut bytes = vec![0u8; pad];
        bytes.extend_from_slice(literal);
        let encoded = STANDARD.encode(&bytes);
        let core = encoded.as_bytes().get((8 * pad).div_ceil(6)..(8 * bytes.len()) / 6)?;
        (core.len() >= 4).then(|| (shift, core.to_vec()))
    })
}

/// How many characters before a core belong to the group of four that the literal begins in.
fn lead(shift: u8) -> usize {
    (8 * usize::from(shift)).div_ceil(6)
}

/// The bytes that a run of `length` characters holds.
fn decoded_len(length: usize) -> usize {
    length / 4 * 3 + (length % 4).saturating_sub(1)
}

/// A stretch of a run of base64, decoded.
#[derive(Default)]
struct Stretch {
    /// Where in the text it stands.
    place: Range<usize>,
    bytes: Vec<u8>,
}

/// What was decoded of one text. Cores stand close together where a text is made to be slow, so a stretch is decoded
/// once for all cores in it, at most once for each place of a core in the groups of four.
#[derive(Default)]
pub(super) struct Decoded {
    stretches: [Stretch; 4],
    /// The run that was met last, from a place in it to its end.
    run: Range<usize>,
}

/// The surroundings of a core, decoded.
pub(super) struct Around<'a> {
    /// Where in the text they begin.
    start: usize,
    pub(super) bytes: &'a [u8],
    /// Where in `bytes` the literal must stand.
    pub(super) literal_at: usize,
}

impl Around<'_> {
    /// The range of encoded text that holds the decoded bytes `range`.
    pub(super) fn encoded(&self, range: &Range<usize>, text_len: usize) -> Range<usize> {
        let start = self.start + range.start / 3 * 4;
        let end = self.start + range.end.div_ceil(3) * 4;
        start..end.min(text_len)
    }
}

/// The first bytes of the literal whose core stands at `at` with the given shift, and of what follows it: enough to
/// tell most cores that are none.
pub(super) fn peek(text: &[u8], at: usize, shift: u8) -> Option<Peek> {
    let group = at.checked_sub(lead(shift))?;
    if !text.get(group..at)?.iter().all(|b| is_base64(*b)) {
        return None;
    }
    let mut peek = Peek { bytes: [0; PEEK / 4 * 3], range: usize::from(shift)..0 };
    let rest = text.get(group..).unwrap_or_default();
    let length = rest.iter().take(PEEK).take_while(|b| is_base64(**b)).count();
    let whole = decode_to(&rest[..length / 4 * 4], &mut peek.bytes);
    peek.range.end = whole.max(peek.range.start);
    Some(peek)
}

/// The characters that are decoded first.
const PEEK: usize = 32;

/// What [`peek`] saw.
pub(super) struct Peek {
    bytes: [u8; PEEK / 4 * 3],
    range: Range<usize>,
}

impl Peek {
    /// The bytes from the literal's first on, as far as they were decoded.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }
}

/// What a byte of neither alphabet has in [`SEXTETS`].
const NONE: u8 = 0xff;

/// The six bits of each character of either alphabet.
static SEXTETS: [u8; 256] = {
    let mut sextets = [NONE; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < alphabet.len() {
        sextets[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    sextets[b'-' as usize] = 62;
    sextets[b'_' as usize] = 63;
    sextets
};

/// Whether a byte is a character of either alphabet.
#[inline(always)]
pub(super) fn is_base64(b: u8) -> bool {
    SEXTETS[usize::from(b)] != NONE
}

/// Decodes characters of either alphabet to the end of `out`; the bits of the last group that make no byte are left
/// out.
pub(super) fn decode(run: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + decoded_len(run.len()), 0);
    decode_to(run, &mut out[start..]);
}

/// As [`decode`], to the front of `out`; returns how many bytes. What `out` has no room for is left out.
pub(super) fn decode_to(run: &[u8], out: &mut [u8]) -> usize {
    let bits = |group: &[u8]| {
        group.iter().fold(0u32, |bits, b| bits << 6 | u32::from(SEXTETS[usize::from(*b)] & 63))
    };
    let (groups, last) = run.as_chunks::<4>();
    let (places, _) = out.as_chunks_mut::<3>();
    for (group, place) in groups.iter().zip(places.iter_mut()) {
        let [_, bytes @ ..] = bits(group).to_be_bytes();
        *place = bytes;
    }
    // What follows the whole groups: the last one, or the first that has not room for all of it.
    let whole = groups.len().min(places.len());
    let next = groups.get(whole).map_or(last, |group| &group[..]);
    let [_, bytes @ ..] = (bits(next) << (6 * (4 - next.len()))).to_be_bytes();
    let rest = &mut out[whole * 3..];
    let left = next.len().saturating_sub(1).min(rest.len());
    rest[..left].copy_from_slice(&bytes[..left]);
    decoded_len(run.len()).min(out.len())
}

impl Decoded {
    /// Decodes the run around a core that stands at `at` with the given shift.
    pub(super) fn around(&mut self, text: &[u8], at: usize, shift: u8) -> Option<Around<'_>> {
        let group = at.checked_sub(lead(shift))?;
        if !text.get(group..at)?.iter().all(|b| is_base64(*b)) {
            return None;
        }
        let mut start = group;
        while start >= 4 && group - start < BACK && text[start - 4..start].iter().all(|b| is_base64(*b)) {
            start -= 4;
        }
        let run_end = self.run_end(text, at);
        let end = run_end.min(at + FORWARD);
        let stretch = &mut self.stretches[start % 4];
        if stretch.place.start > start || stretch.place.end < end {
            // Further than this core needs: the next one may stand right behind it.
            stretch.decode(text, start..run_end.min(at + 2 * FORWARD))?;
        }
        let from = decoded_len(start - stretch.place.start);
        let bytes = stretch.bytes.get(from..from + decoded_len(end - start))?;
        Some(Around { start, bytes, literal_at: (group - start) / 4 * 3 + usize::from(shift) })
    }

    /// Where the run ends in which `at` lies.
    fn run_end(&mut self, text: &[u8], at: usize) -> usize {
        if !self.run.contains(&at) {
            let rest = text.get(at..).unwrap_or_default();
            let length = rest.iter().position(|b| !is_base64(*b)).unwrap_or(rest.len());
            self.run = at..at + length;
        }
        self.run.end
    }

    /// Forgets the text, and wipes what was decoded of it: it may be a secret.
    pub(super) fn forget(&mut self) {
        self.run = 0..0;
        for stretch in self.stretches.iter_mut().filter(|s| !s.bytes.is_empty()) {
            stretch.bytes.fill(0);
            stretch.bytes.clear();
            stretch.place = 0..0;
        }
    }
}

impl Stretch {
    fn decode(&mut self, text: &[u8], place: Range<usize>) -> Option<()> {
        let run = text.get(place.clone())?;
        self.bytes.fill(0);
        self.bytes.clear();
        decode(run, &mut self.bytes);
        self.place = place;
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_shift_is_found_again() {
        for before in 0..7 {
            let plain = [&b"xyzxyzx"[..before], b"ghp_token", b"tail"].concat();
            let encoded = STANDARD.encode(&plain);
            let text = format!("data: {encoded}\n");
            let found: Vec<_> = wrapped_forms(b"ghp_")
                .filter_map(|(shift, core)| {
                    let at = text.as_bytes().windows(core.len()).position(|w| w == core)?;
                    let peeked = peek(text.as_bytes(), at, shift)?;
                    let mut decoded = Decoded::default();
                    let around = decoded.around(text.as_bytes(), at, shift)?;
                    let literal = &around.bytes[around.literal_at..];
                    assert!(literal.starts_with(peeked.bytes()) && peeked.bytes().len() >= 9);
                    literal.starts_with(b"ghp_").then_some(shift)
                })
                .collect();
            assert_eq!(found, [u8::try_from(before % 3).unwrap()], "{before}");
        }
    }

    #[test]
    fn decoding_is_that_of_the_standard() {
        let bytes: Vec<u8> = (0..200u8).map(|i| i.wrapping_mul(73)).collect();
        for length in 0..bytes.len() {
            let encoded = STANDARD.encode(&bytes[..length]);
            let run = encoded.trim_end_matches('=');
            let mut decoded = b"x".to_vec();
            decode(run.as_bytes(), &mut decoded);
            assert_eq!(decoded[1..], bytes[..length]);
            let mut short = [0; 20];
            let count = decode_to(run.replace('+', "-").replace('/', "_").as_bytes(), &mut short);
            assert_eq!(short[..count], bytes[..count]);
            assert_eq!(count, length.min(20));
        }
    }

    /// What is kept of one core serves the next exactly as if it were decoded anew.
    #[test]
    fn stretches_are_shared() {
        let mut text = "Z2hwXZ2hwX-_".repeat(3000);
        text.insert(9000, ' ');
        text.push_str("QUJD. Z2hwX2E=");
        let text = text.as_bytes();
        let mut shared = Decoded::default();
        for at in (0..text.len() - 5).filter(|at| text[*at..].starts_with(b"Z2hwX")).chain([20, 10]) {
            for shift in 0..3 {
                let mut alone = Decoded::default();
                let alone = alone.around(text, at, shift);
                let shared = shared.around(text, at, shift);
                assert_eq!(alone.is_some(), shared.is_some(), "{at} {shift}");
                let (Some(alone), Some(shared)) = (alone, shared) else { continue };
                assert!(alone.bytes == shared.bytes && alone.start == shared.start, "{at} {shift}");
                assert_eq!(alone.literal_at, shared.literal_at);
                let end = text[at..].iter().take(FORWARD).take_while(|b| is_base64(**b)).count() + at;
                assert_eq!(alone.bytes.len(), decoded_len(end - alone.start));
            }
        }
        shared.forget();
        assert!(shared.stretches.iter().all(|s| s.bytes.is_empty()));
    }
}
