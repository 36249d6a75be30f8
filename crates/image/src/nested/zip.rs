//! Zip and its kin (jar, war, whl, nupkg, apk, docx), read in order by their local headers (APPNOTE 6.3.10, 4.3), with
//! what stands before and between them passed over as bytes. The central directory at the end is compared: a file that
//! it names and that was not met where it says (hidden in another's data, overlapping) is not checked.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use super::Unpacker;
use super::inflate::Inflate;
use super::source::{Source, cut_off};
use super::window::{LARGEST, Permit, SMALL};
use crate::layer::FileMeta;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
/// In place of a 32-bit size that stands in the extra field.
const ELSEWHERE: u32 = u32::MAX;

/// What of a local header the directory must agree with.
struct Met {
    at: u64,
    method: u16,
    /// The stored size, if the header knew it.
    size: Option<u64>,
}

/// A local header.
struct Local {
    flags: u16,
    method: u16,
    /// Size as it is stored, if the header knows it.
    size: Option<u64>,
    name: Vec<u8>,
}

impl Local {
    fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }
}

pub(super) fn open(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    // Local headers, which come in order.
    let mut met: Vec<Met> = Vec::new();
    let mut directory = Directory::default();
    // Behind a stub, offsets may count from the archive or from the file.
    let mut start = None;
    while let Some(signature) = next_signature(source)? {
        let at = source.offset();
        match signature {
            LOCAL if directory.entries == 0 => {
                if met.len() as u64 >= unpacker.limits.nested_entries {
                    return Err(io::Error::other(format!(
                        "it holds more than {} files; the rest was examined as bytes",
                        unpacker.limits.nested_entries
                    )));
                }
                start.get_or_insert(at);
                if let Some(local) = header(source)? {
                    met.push(Met { at, method: local.method, size: local.size });
                    entry(unpacker, file, source, &local, level)?;
                }
            }
            CENTRAL => directory.entry(source, &met, start.unwrap_or(0), unpacker.limits.nested_entries)?,
            _ => source.skip(4)?,
        }
    }
    directory.judge(met.len() as u64)
}

/// Passes over bytes up to the next header's signature.
fn next_signature(source: &mut Source<'_>) -> io::Result<Option<[u8; 4]>> {
    loop {
        let bytes = source.peek(4)?;
        if bytes.len() < 4 {
            return Ok(None);
        }
        let starts = memchr::memchr_iter(b'P', bytes);
        let found = starts
            .filter_map(|i| Some((i, *bytes.get(i..)?.first_chunk::<4>()?)))
            .find(|(_, s)| matches!(*s, LOCAL | CENTRAL));
        if let Some((at, signature)) = found {
            source.skip(at as u64)?;
            return Ok(Some(signature));
        }
        let passed = bytes.len() - 3;
        source.skip(passed as u64)?;
    }
}

fn entry(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    local: &Local,
    level: usize,
) -> io::Result<()> {
    if local.name.ends_with(b"/") && local.size.is_none_or(|s| s == 0) && local.method == 0 {
        return Ok(());
    }
    let member = unpacker.member(file, &local.name, false);
    if local.is_encrypted() {
        unpacker.miss(&member, "it is encrypted, and was examined as bytes");
        return source.skip(local.size.unwrap_or(0));
    }
    match local.size {
        // The size is a bound, and the file's data ends there whatever becomes of it.
        Some(size) => {
            let mut data = Bounded { source, left: size };
            let fault = content(unpacker, &member, local, &mut data, level);
            let left = data.left;
            let skipped = source.skip(left);
            if fault.is_err() || skipped.is_err() {
                unpacker.miss(&member, "it is damaged or cut off, and was not read to its end");
            }
            skipped
        }
        None if local.method == 0 => stored_of_unknown_size(unpacker, &member, source, level),
        None => {
            if content(unpacker, &member, local, source, level).is_err() {
                unpacker.miss(&member, "it is damaged or cut off, and was not read to its end");
            }
            descriptor(source)
        }
    }
}

/// Reads a local header; nothing if what looks like one is none.
fn header(source: &mut Source<'_>) -> io::Result<Option<Local>> {
    let fixed = source.array::<30>()?;
    let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let (flags, method, packed) = (short(6), short(8), long(18));
    let name = source.bytes(usize::from(short(26)))?;
    let extra = source.bytes(usize::from(short(28)))?;
    // A descriptor behind the data knows what the header does not.
    let streamed = flags & 8 != 0;
    let unpacked = long(22);
    let size = match packed {
        ELSEWHERE => zip64(&extra, usize::from(unpacked == ELSEWHERE)),
        size => Some(u64::from(size)),
    };
    let size = size.filter(|size| !(streamed && *size == 0));
    let plausible = short(4) < 0x100 && !name.is_empty();
    Ok(plausible.then_some(Local { flags, method, size, name }))
}

/// A number of the zip64 extra field (4.5.3), which has only those that a header points to.
fn zip64(mut extra: &[u8], index: usize) -> Option<u64> {
    while let [a, b, c, d, rest @ ..] = extra {
        let length = usize::from(u16::from_le_bytes([*c, *d]));
        let data = rest.get(..length)?;
        if u16::from_le_bytes([*a, *b]) == 1 {
            return data.get(8 * index..)?.first_chunk::<8>().map(|n| u64::from_le_bytes(*n));
        }
        extra = rest.get(length..)?;
    }
    None
}

fn content(
    unpacker: &Unpacker<'_>,
    member: &Arc<FileMeta>,
    local: &Local,
    data: &mut dyn BufRead,
    level: usize,
) -> io::Result<()> {
    match local.method {
        0 => unpacker.stream(member, data, level + 1),
        8 => {
            let mut inflater = unpacker.inflaters.borrow_mut().take(false);
            let read = unpacker.stream(member, &mut Inflate::new(&mut inflater, data), level + 1);
            unpacker.inflaters.borrow_mut().give_back(inflater, false);
            read
        }
        12 => unpacker.stream(member, &mut bzip2::bufread::BzDecoder::new(data), level + 1),
        93 => {
            let _permit = Permit::for_window(SMALL + 1);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(data)?.single_frame();
            decoder.window_log_max(LARGEST.ilog2())?;
            unpacker.stream(member, &mut decoder, level + 1)
        }
        95 => {
            let _permit = Permit::for_window(SMALL + 1);
            let kib = u32::try_from(LARGEST >> 10).unwrap_or(u32::MAX);
            unpacker.stream(member, &mut lzma_rust2::XzReader::new_mem_limit(data, false, kib), level + 1)
        }
        method => {
            unpacker.miss(member, format!("it is compressed by method {method}, which is not read"));
            io::copy(&mut &mut *data, &mut io::sink()).map(|_| ())
        }
    }
}

/// Stored data whose end only the next header shows.
fn stored_of_unknown_size(
    unpacker: &Unpacker<'_>,
    member: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    unpacker.stream(member, &mut UntilHeader { source }, level + 1)
}

/// A data descriptor (4.3.9): with a signature or without, of 32 or of 64 bits. What comes next is looked for anyway.
fn descriptor(source: &mut Source<'_>) -> io::Result<()> {
    if source.peek(4)?.starts_with(&DESCRIPTOR) { source.skip(4) } else { Ok(()) }
}

/// The first bytes of a source.
struct Bounded<'r, 's> {
    source: &'r mut Source<'s>,
    left: u64,
}

impl BufRead for Bounded<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let bytes = self.source.fill_buf()?;
        if bytes.is_empty() {
            return Err(cut_off());
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
        self.left = self.left.saturating_sub(count as u64);
    }
}

impl Read for Bounded<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// A source up to the next header.
struct UntilHeader<'r, 's> {
    source: &'r mut Source<'s>,
}

impl Read for UntilHeader<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.source.peek(4)?;
        let is_header =
            |s: &[u8]| s.starts_with(&DESCRIPTOR) || s.starts_with(&LOCAL) || s.starts_with(&CENTRAL);
        let end = memchr::memchr_iter(b'P', bytes).find(|i| bytes.get(*i..).is_some_and(is_header));
        let count = match end {
            Some(end) => end,
            // A signature may begin in the last bytes.
            None if bytes.len() > 3 => bytes.len() - 3,
            None => bytes.len(),
        };
        let count = count.min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.source.consume(count);
        Ok(count)
    }
}

/// What the central directory says.
#[derive(Default)]
struct Directory {
    entries: u64,
    /// Entries whose local header was not met, or says something else.
    unmet: u64,
}

impl Directory {
    fn entry(&mut self, source: &mut Source<'_>, met: &[Met], start: u64, most: u64) -> io::Result<()> {
        let fixed = source.array::<46>()?;
        let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        source.skip(u64::from(short(28)))?;
        let extra = source.bytes(usize::from(short(30)))?;
        source.skip(u64::from(short(32)))?;
        self.entries += 1;
        // Unpacked size, stored size, offset: each 64 bits in the extra field if it is too large for its own.
        let mut elsewhere = 0;
        let mut number = |value: u32| {
            if value != ELSEWHERE {
                return Some(u64::from(value));
            }
            elsewhere += 1;
            zip64(&extra, elsewhere - 1)
        };
        let (_, size, offset) = (number(long(24)), number(long(20)), number(long(42)));
        let find = |at: u64| met.binary_search_by_key(&at, |m| m.at).ok().and_then(|i| met.get(i));
        let local = offset.and_then(|at| find(at).or_else(|| find(at.checked_add(start)?)));
        let agrees = |local: &Met| local.method == short(10) && local.size.is_none_or(|s| Some(s) == size);
        self.unmet += u64::from(!local.is_some_and(agrees));
        if self.entries > most {
            return Err(io::Error::other(format!("its directory names more than {most} files")));
        }
        Ok(())
    }

    fn judge(&self, met: u64) -> io::Result<()> {
        if self.unmet > 0 {
            return Err(io::Error::other(format!(
                "its directory names {} files that are not where or what it says, or overlap with others",
                self.unmet
            )));
        }
        if self.entries == 0 && met > 0 {
            return Err(io::Error::other("it is cut off: it has no directory"));
        }
        Ok(())
    }
}
