//! Encodings: stretches of a text that stand for another text are decoded and scanned like any other, encodings inside
//! encodings included, up to [`MAX_DEPTH`].
//!
//! One pass over all bytes ([`sieve`]) tells where an encoding may begin; a text without any costs nothing more. What
//! does not decode to text stays closed: keys, certificates, images and hashes are never looked at twice. Base64 that
//! holds no text is still found where a distinctive token begins in it (see `base64.rs` of this crate).

mod escape;
mod map;
mod run;
pub(crate) mod sieve;
mod wide;

use std::ops::Range;

use super::engine::{Engine, Scratch};
use super::kind::FileKind;
use super::{Encoding, Hit, Piece};
use map::Map;
use sieve::Mark;

/// How many encodings may be nested.
pub const MAX_DEPTH: usize = 4;

/// How many bytes may be decoded for each byte of a piece: every encoding but the tightest shrinks what it holds, and
/// overlapping ones decode the same bytes again.
const MAX_DECODED: usize = 8;

/// The bytes of a text that tell whether it is one.
const BEGINNING: usize = 4096;

/// A decoded stretch of a text.
pub(super) struct Region {
    /// What it was encoded with.
    encoding: Encoding,
    /// The decoded text, with what stands before it on its line where that is a name.
    text: Vec<u8>,
    /// The part of `text` that was decoded.
    decoded: Range<usize>,
    /// How `text` maps back.
    map: Map,
    /// Where in the encoded text the stretch ends.
    end: usize,
}

/// Everything that stays the same while a piece is decoded.
struct Decoder<'e> {
    engine: &'e Engine,
    kind: FileKind,
    /// Bytes that may still be decoded.
    budget: usize,
    /// Whether all that is encoded was decoded.
    whole: bool,
}

/// Calls `sink` for every secret in an encoded stretch that begins in the piece's core. False if more is encoded than
/// is decoded: hostile input, or more encodings in each other than are followed.
pub(super) fn scan(
    engine: &Engine,
    piece: &Piece<'_>,
    scratch: &mut Scratch,
    sink: &mut dyn FnMut(Hit<'_>),
) -> bool {
    let budget = piece.bytes.len().saturating_mul(MAX_DECODED).max(4096);
    let mut decoder = Decoder { engine, kind: piece.kind, budget, whole: true };
    let core = piece.core_start..piece.core_end.min(piece.bytes.len());
    decoder.text(piece.bytes, 0, scratch, &mut |mut hit, at| {
        if core.contains(&at.start) {
            hit.matched = at.clone();
            hit.span = at;
            sink(hit);
        }
    });
    decoder.whole
}

impl Decoder<'_> {
    /// Decodes what is encoded in `text` and scans it. `sink` takes a hit and its place in `text`.
    fn text(
        &mut self,
        text: &[u8],
        depth: usize,
        scratch: &mut Scratch,
        sink: &mut dyn FnMut(Hit<'_>, Range<usize>),
    ) {
        let short = is_secret_manifest(text, self.kind);
        let mut done = Done::default();
        sieve::marks(text, short, &mut |at, mark| {
            let done = done.of(mark);
            if at < *done {
                return;
            }
            let region = match mark {
                Mark::Run => run::region(text, at, short, done),
                Mark::Pairs => run::pairs(text, at),
                Mark::Wide => wide::region(text, at, 2, done),
                Mark::Quad => wide::region(text, at, 4, done),
                Mark::Escape => escape::region(text, at, done),
            };
            let Some(region) = region else { return };
            *done = (*done).max(region.end);
            if depth >= MAX_DEPTH || region.text.len() > self.budget {
                self.whole = false;
                return;
            }
            self.budget -= region.text.len();
            self.region(region, depth, scratch, sink);
        });
    }

    fn region(
        &mut self,
        mut region: Region,
        depth: usize,
        scratch: &mut Scratch,
        sink: &mut dyn FnMut(Hit<'_>, Range<usize>),
    ) {
        let (map, decoded, encoding) = (&region.map, &region.decoded, region.encoding);
        let mut give = |mut hit: Hit<'_>, at: Range<usize>| {
            // What stands around the decoded text was scanned where it stands.
            if at.start < decoded.start || at.start >= decoded.end {
                return;
            }
            hit.encodings.insert(0, encoding);
            sink(hit, map.back(&at));
        };
        let piece = Piece::whole(&region.text).of_kind(self.kind);
        self.engine.scan_more(&piece, scratch, &mut |hit| {
            let at = hit.span.clone();
            give(hit, at);
        });
        self.text(&region.text, depth + 1, scratch, &mut |hit, at| give(hit, at));
        // What was decoded may be a secret.
        region.text.fill(0);
    }
}

/// How far each kind of encoding was read.
#[derive(Default)]
struct Done([usize; 5]);

impl Done {
    fn of(&mut self, mark: Mark) -> &mut usize {
        let [run, wide, quad, escape, pairs] = &mut self.0;
        match mark {
            Mark::Run => run,
            Mark::Pairs => pairs,
            Mark::Wide => wide,
            Mark::Quad => quad,
            Mark::Escape => escape,
        }
    }
}

/// Whether a text is a Kubernetes Secret, whose values are base64 however short they are.
fn is_secret_manifest(text: &[u8], kind: FileKind) -> bool {
    if !matches!(kind, FileKind::Config | FileKind::Test | FileKind::Unknown) {
        return false;
    }
    // What begins as no text is none.
    if memchr::memchr(0, text.get(..BEGINNING.min(text.len())).unwrap_or_default()).is_some() {
        return false;
    }
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"kind") {
        rest = rest.get(at + 4..).unwrap_or_default();
        let after = rest.iter().take(8).skip_while(|b| matches!(b, b'"' | b':' | b' ')).count();
        let skipped = rest.len().min(8) - after;
        let value = rest.get(skipped..).unwrap_or_default();
        let ends = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
        if skipped > 0 && value.starts_with(b"Secret") && ends(value.get(6)) {
            return true;
        }
    }
    false
}

/// Whether bytes read as text: printable ASCII, blanks and line ends, and UTF-8.
fn is_text(sample: &[u8]) -> bool {
    let plain = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    if sample.iter().all(plain) {
        return !sample.is_empty();
    }
    // A sample may end within a character.
    let valid = match std::str::from_utf8(sample) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(sample.get(..e.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    valid.bytes().filter(u8::is_ascii_alphanumeric).count() * 2 >= valid.len()
        && !valid.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        && !valid.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
