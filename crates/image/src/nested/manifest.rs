//! Compressed values in texts: Helm keeps a release as JSON in gzip in base64, in a Secret whose values are base64 once
//! more; cloud-init takes gzip in base64.

use std::io::{self, Read as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Unpacker;
use super::source::Source;
use crate::layer::FileMeta;
use crate::layer::remark::{Gzip, Remarks};

/// The largest text that is looked at, in bytes: a Secret holds a mebibyte at most.
const LARGEST: usize = 4 << 20;
/// base64 of gzip's first three bytes, and base64 of that.
const ONCE: &[u8] = b"H4sI";
const TWICE: &[u8] = b"SDRzS";

const DECODER: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn open(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let mut text = Vec::new();
    let (mut begins, mut over) = (false, false);
    loop {
        let bytes = source.peek(1)?;
        if bytes.is_empty() {
            break;
        }
        // Of a text over the limit only the beginnings of compressed values are looked for.
        let tail = text.len().saturating_sub(TWICE.len() - 1);
        text.extend_from_slice(bytes);
        let count = bytes.len();
        source.skip(count as u64)?;
        let fresh = text.get(tail..).unwrap_or_default();
        begins |= [ONCE, TWICE].iter().any(|anchor| memchr::memmem::find(fresh, anchor).is_some());
        if text.len() > LARGEST {
            if begins {
                return Err(too_large());
            }
            text.drain(..text.len() - (TWICE.len() - 1));
            over = true;
        }
    }
    if over {
        return if begins { Err(too_large()) } else { Ok(()) };
    }
    for (anchor, times) in [(ONCE, 1), (TWICE, 2)] {
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|rest| memchr::memmem::find(rest, anchor)) {
            let start = from + found;
            let (run, end) = run(text.get(start..).unwrap_or_default());
            from = start + end.max(anchor.len());
            let begins = start.checked_sub(1).and_then(|i| text.get(i)).is_none_or(|b| !is_base64(*b));
            if begins {
                value(unpacker, file, run, times, level)?;
            }
        }
    }
    Ok(())
}

/// The most values of one text that are opened by [`values_of`], and the most bytes that one of them may have.
const MAX_VALUES: usize = 32;
const LARGEST_VALUE: u64 = 4 << 20;

/// A compressed value in a text: base64 of gzip.
#[derive(Debug)]
pub struct CompressedValue {
    /// Where it stands in the text, in bytes.
    pub at: std::ops::Range<usize>,
    /// What it says.
    pub content: Vec<u8>,
}

/// The compressed values that begin in `core` of a text that is no manifest: user data in Terraform, scripts that unpack
/// themselves. The second answer is whether these are all, and whole.
pub fn values_of(text: &[u8], core: std::ops::Range<usize>) -> (Vec<CompressedValue>, bool) {
    let (mut values, mut from, mut whole) = (Vec::new(), 0, true);
    while let Some(found) = text.get(from..).and_then(|rest| memchr::memmem::find(rest, ONCE)) {
        let start = from + found;
        if start >= core.end {
            break;
        }
        let (mut encoded, end) = run(text.get(start..).unwrap_or_default());
        from = start + end.max(ONCE.len());
        if encoded.len() % 4 == 1 {
            encoded.pop();
        }
        let begins = start.checked_sub(1).and_then(|i| text.get(i)).is_none_or(|b| !is_base64(*b));
        let begins = begins && core.contains(&start);
        let Some(bytes) = begins.then(|| DECODER.decode(&encoded).ok()).flatten() else { continue };
        if !bytes.starts_with(b"\x1f\x8b\x08") {
            continue;
        }
        if values.len() == MAX_VALUES {
            return (values, false);
        }
        let mut content = Vec::new();
        let mut stream = Gzip::checked(bytes.as_slice(), Remarks::default()).take(LARGEST_VALUE + 1);
        // What comes before a fault is examined, too.
        let read = stream.read_to_end(&mut content).is_ok();
        if !read && content.is_empty() {
            // A word that begins as gzip does in base64.
            continue;
        }
        whole &= read && content.len() as u64 <= LARGEST_VALUE;
        values.push(CompressedValue { at: start..start + end, content });
    }
    (values, whole)
}

/// Whether the compressed values of a file of this name are opened as files in it.
pub fn is_manifest_name(file: &[u8]) -> bool {
    [&b".yaml"[..], b".yml", b".json", b".tfstate"].iter().any(|e| file.ends_with(e))
}

fn too_large() -> io::Error {
    io::Error::other(format!(
        "it is larger than {LARGEST} bytes, and compressed values in it were not opened"
    ))
}

/// The characters of base64 from a text's start, line ends and blanks left out, and where in the text they end.
fn run(text: &[u8]) -> (Vec<u8>, usize) {
    let ends = |b: &u8| !is_base64(*b) && !matches!(b, b'\n' | b'\r' | b' ');
    let end = text.iter().position(ends).unwrap_or(text.len());
    let encoded = text.get(..end).unwrap_or_default().iter().copied().filter(|b| is_base64(*b)).collect();
    (encoded, end)
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')
}

fn value(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    mut encoded: Vec<u8>,
    times: usize,
    level: usize,
) -> io::Result<()> {
    let mut child = Arc::clone(file);
    for _ in 0..times {
        (encoded, _) = run(&encoded);
        if encoded.len() % 4 == 1 {
            encoded.pop();
        }
        let Ok(decoded) = DECODER.decode(&encoded) else { return Ok(()) };
        child = unpacker.decoded(&child, "base64", file.name());
        encoded = decoded;
    }
    if !encoded.starts_with(b"\x1f\x8b\x08") {
        return Ok(());
    }
    unpacker.stream(&child, &mut encoded.as_slice(), level + 1)
}
