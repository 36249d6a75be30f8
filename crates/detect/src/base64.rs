//! Secrets wrapped in base64: a literal has three encodings, by its place in the groups of three, and each has a core
//! that does not depend on its neighbours. The cores are anchors of their own.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Characters before the anchor's group that are decoded too: context for the pattern.
const BACK: usize = 64;
/// Characters after the anchor's group that are decoded.
const FORWARD: usize = 6144;

const DECODER: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The parts of `literal`'s base64 forms that are the same whatever stands around it, with the number of bytes by
/// which it is shifted against the groups of three. Forms under four characters are left out: they stand everywhere.
pub(super) fn wrapped_forms(literal: &[u8]) -> impl Iterator<Item = (u8, Vec<u8>)> {
    (0..3u8).filter_map(|shift| {
        let pad = usize::from(shift);
        let mut bytes = vec![0u8; pad];
        bytes.extend_from_slice(literal);
        let encoded = DECODER.encode(&bytes);
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
    let run = text.get(group..).unwrap_or_default().iter().take(PEEK).map_while(|b| sextet(*b));
    let (mut bits, mut length) = (0u32, 0);
    for value in run {
        bits = bits << 6 | u32::from(value);
        length += 1;
        if length % 4 == 0 {
            let end = length / 4 * 3;
            peek.bytes[end - 3..end].copy_from_slice(&bits.to_be_bytes()[1..]);
        }
    }
    peek.range.end = (length / 4 * 3).max(peek.range.start);
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

/// The six bits of a character of either alphabet.
fn sextet(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
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
        let standard = |b: &u8| match b {
            b'-' => b'+',
            b'_' => b'/',
            b => *b,
        };
        let mut run: Vec<u8> = text.get(place.clone())?.iter().map(standard).collect();
        if run.len() % 4 == 1 {
            run.pop();
        }
        self.bytes.fill(0);
        self.bytes.clear();
        self.place = 0..0;
        DECODER.decode_vec(&run, &mut self.bytes).ok()?;
        run.fill(0);
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
            let encoded = DECODER.encode(&plain);
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

    /// What is kept of one core serves the next exactly as if it were decoded anew.
    #[test]
    fn stretches_are_shared() {
        let mut text = "Z2hwXZ2hwX-_".repeat(3000);
        text.insert_str(9000, " ");
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
