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

/// A decoded run of base64 and how its bytes map back to the text.
pub(super) struct Decoded {
    /// Where in the text the run begins.
    start: usize,
    /// Where in the decoded bytes the anchor must stand.
    pub(super) anchor_at: usize,
}

impl Decoded {
    /// The range of encoded text that holds the decoded bytes `range`.
    pub(super) fn encoded(&self, range: &Range<usize>, text_len: usize) -> Range<usize> {
        let start = self.start + range.start / 3 * 4;
        let end = self.start + range.end.div_ceil(3) * 4;
        start..end.min(text_len)
    }
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
}

/// Decodes the run around a core that stands at `at` with the given shift into `out`.
pub(super) fn decode_around(text: &[u8], at: usize, shift: u8, out: &mut Vec<u8>) -> Option<Decoded> {
    let group = at.checked_sub((8 * usize::from(shift)).div_ceil(6))?;
    let mut start = group;
    while start >= 4 && group - start < BACK && text[start - 4..start].iter().all(|b| is_base64(*b)) {
        start -= 4;
    }
    let end = text.iter().skip(at).take(FORWARD).take_while(|b| is_base64(**b)).count() + at;
    if !text.get(group..at)?.iter().all(|b| is_base64(*b)) {
        return None;
    }
    let mut run: Vec<u8> = text[start..end]
        .iter()
        .map(|b| match b {
            b'-' => b'+',
            b'_' => b'/',
            b => *b,
        })
        .collect();
    if run.len() % 4 == 1 {
        run.pop();
    }
    out.clear();
    DECODER.decode_vec(&run, out).ok()?;
    Some(Decoded { start, anchor_at: (group - start) / 4 * 3 + usize::from(shift) })
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
                    let mut out = Vec::new();
                    let decoded = decode_around(text.as_bytes(), at, shift, &mut out)?;
                    out[decoded.anchor_at..].starts_with(b"ghp_").then_some(shift)
                })
                .collect();
            assert_eq!(found, [u8::try_from(before % 3).unwrap()], "{before}");
        }
    }
}
