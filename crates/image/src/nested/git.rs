//! Repositories of git, bare ones too: loose objects (zlib) and packs (gitformat-pack(5), versions 2 and 3). A pack keeps
//! most objects as differences to others; what a difference adds is examined with its surroundings.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use super::format;
use super::inflate::Inflate;
use super::source::Source;
use super::{HEAD, Unpacker};
use crate::layer::{FileMeta, Inside};

/// Most bytes of objects that are kept for the differences to them.
const KEPT: usize = 16 << 20;
/// The largest object that is kept, or built from a difference, in bytes.
const LARGEST: usize = 2 << 20;
/// Bytes around what a difference adds.
const AROUND: usize = 256;

/// A loose object: `blob 12`, a zero byte, the content.
pub(super) fn open_object(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let child = unpacker.decoded(file, "git object", b"");
    inflated(unpacker, source, |stream| unpacker.stream(&child, stream, level + 1))
}

fn inflated<T>(
    unpacker: &Unpacker<'_>,
    source: &mut Source<'_>,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<T> {
    let mut inflater = unpacker.inflaters.borrow_mut().take(true);
    let result = read(&mut Inflate::new(&mut inflater, source));
    unpacker.inflaters.borrow_mut().give_back(inflater, true);
    result
}

pub(super) fn open_pack(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let head = source.array::<12>()?;
    let count = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    let mut bases = Bases::default();
    let mut alone = 0u64;
    for _ in 0..count {
        let at = source.offset();
        let (kind, size) = object_header(source)?;
        let base = match kind {
            6 => at.checked_sub(offset(source)?),
            7 => {
                source.skip(20)?;
                None
            }
            _ => None,
        };
        let name = match kind {
            1 => "commit",
            2 => "tree",
            3 => "blob",
            4 => "tag",
            6 | 7 => "delta",
            _ => return Err(io::Error::other("it is damaged: an object of no known type")),
        };
        let child = object(unpacker, file, name, at);
        let small = usize::try_from(size).is_ok_and(|s| s <= LARGEST);
        if !small {
            // What a large difference adds is in it as it is.
            alone += u64::from(kind > 4);
            inflated(unpacker, source, |stream| unpacker.stream(&child, stream, level + 1))?;
            continue;
        }
        let content = inflated(unpacker, source, |stream| {
            let mut content = Vec::new();
            // One byte more than it announces shows that it lies; the stream must end for the next to be found.
            stream.take(size + 1).read_to_end(&mut content)?;
            io::copy(stream, &mut io::sink())?;
            Ok(content)
        });
        let content = content?;
        if content.len() as u64 > size {
            return Err(io::Error::other("it is damaged: an object is longer than it announces"));
        }
        if kind < 5 {
            unpacker.stream(&child, &mut content.as_slice(), level + 1)?;
            bases.keep(at, content);
            continue;
        }
        let built = base.and_then(|base| bases.get(base)).and_then(|base| apply(base, &content));
        match built {
            Some((whole, added)) => {
                match format::format_of(whole.get(..HEAD).unwrap_or(&whole), child.name()) {
                    Some(_) => unpacker.stream(&child, &mut whole.as_slice(), level + 1)?,
                    None => unpacker.text(&child, level + 1, &windows(&whole, &added))?,
                }
                bases.keep(at, whole);
            }
            None => {
                alone += 1;
                unpacker.text(&child, level + 1, &content)?;
            }
        }
    }
    if alone > 0 {
        return Err(io::Error::other(format!(
            "{alone} of its {count} objects are differences to one that is too large or too far away; only what they add was examined"
        )));
    }
    Ok(())
}

fn object(unpacker: &Unpacker<'_>, file: &Arc<FileMeta>, kind: &str, at: u64) -> Arc<FileMeta> {
    let name = format!("{kind} at {at}");
    let (shown, depth) = file.inside.as_ref().map_or((String::new(), 0), |i| (i.shown.clone(), i.depth));
    let inside = Inside {
        shown: format!("{shown}!/{name}"),
        name: seaworthy_source::LayerPath::default(),
        depth: depth + 1,
        compressed: false,
    };
    unpacker.child(file, inside)
}

/// Type and size of an object: three bits and four, then seven with each further byte.
fn object_header(source: &mut Source<'_>) -> io::Result<(u8, u64)> {
    let [mut byte] = source.array::<1>()?;
    let kind = byte >> 4 & 7;
    let mut size = u64::from(byte & 15);
    let mut shift = 4;
    while byte & 0x80 != 0 {
        [byte] = source.array::<1>()?;
        size |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if shift > 64 {
            return Err(io::Error::other("it is damaged: an object's size is no number"));
        }
    }
    Ok((kind, size))
}

/// How far before an object its base stands.
fn offset(source: &mut Source<'_>) -> io::Result<u64> {
    let [mut byte] = source.array::<1>()?;
    let mut value = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        [byte] = source.array::<1>()?;
        value = (value.wrapping_add(1)) << 7 | u64::from(byte & 0x7f);
    }
    Ok(value)
}

/// Objects that may be bases of later ones, the oldest of which are forgotten first.
#[derive(Default)]
struct Bases {
    objects: HashMap<u64, Vec<u8>>,
    order: VecDeque<u64>,
    bytes: usize,
}

impl Bases {
    fn get(&self, at: u64) -> Option<&[u8]> {
        self.objects.get(&at).map(Vec::as_slice)
    }

    fn keep(&mut self, at: u64, object: Vec<u8>) {
        self.bytes += object.len();
        self.order.push_back(at);
        self.objects.insert(at, object);
        while self.bytes > KEPT {
            let Some(oldest) = self.order.pop_front() else { return };
            self.bytes -= self.objects.remove(&oldest).map_or(0, |o| o.len());
        }
    }
}

/// Builds an object from its base and the difference to it, and tells what of it is new.
fn apply(base: &[u8], mut delta: &[u8]) -> Option<(Vec<u8>, Vec<Range<usize>>)> {
    let from = number(&mut delta)?;
    let size = number(&mut delta)?;
    if from != base.len() || size > LARGEST {
        return None;
    }
    let (mut whole, mut added) = (Vec::with_capacity(size), Vec::new());
    while let Some((order, rest)) = delta.split_first() {
        delta = rest;
        if order & 0x80 == 0 {
            let new = delta.get(..usize::from(*order)).filter(|n| !n.is_empty())?;
            delta = delta.get(new.len()..)?;
            added.push(whole.len()..whole.len() + new.len());
            whole.extend_from_slice(new);
        } else {
            let mut field = |bits: Range<u32>| {
                let mut value = 0usize;
                for (i, bit) in bits.enumerate() {
                    if order >> bit & 1 != 0 {
                        let (byte, rest) = delta.split_first()?;
                        delta = rest;
                        value |= usize::from(*byte) << (8 * i);
                    }
                }
                Some(value)
            };
            let (start, length) = (field(0..4)?, field(4..7)?);
            let length = if length == 0 { 0x10000 } else { length };
            whole.extend_from_slice(base.get(start..start.checked_add(length)?)?);
        }
        if whole.len() > size {
            return None;
        }
    }
    (whole.len() == size).then_some((whole, added))
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (mut value, mut shift) = (0usize, 0u32);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

/// What is new in a text with what stands around it; windows that touch are one.
fn windows(whole: &[u8], added: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut done = 0;
    for range in added {
        let start = range.start.saturating_sub(AROUND).max(done);
        let end = (range.end + AROUND).min(whole.len());
        if start > done && done > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(whole.get(start..end).unwrap_or_default());
        done = done.max(end);
    }
    out
}
