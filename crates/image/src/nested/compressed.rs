//! Files that are compressed as a whole: gzip, zstd, xz, bzip2, lz4; several streams one after the other are one file.

use std::io::{self, Read};
use std::sync::Arc;

use bzip2::bufread::BzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;

use super::source::Source;
use super::window::{LARGEST, Permit, SMALL};
use super::{Unpacker, without};
use crate::layer::FileMeta;
use crate::layer::remark::{Gzip, Remarks};

/// A compression that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The .xz format, version 1.2.
    Xz,
    /// bzip2.
    Bzip2,
    /// The LZ4 frame format.
    Lz4,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Gzip => &[".gz", ".gzip"],
            Self::Zstd => &[".zst", ".zstd"],
            Self::Xz => &[".xz"],
            Self::Bzip2 => &[".bz2", ".bzip2"],
            Self::Lz4 => &[".lz4"],
        }
    }

    /// The window that a stream with these first bytes asks for, in bytes.
    fn window(self, head: &[u8]) -> u64 {
        match self {
            Self::Zstd => zstd_window(head).unwrap_or(LARGEST),
            Self::Xz => xz_window(head).unwrap_or(LARGEST),
            Self::Gzip | Self::Bzip2 | Self::Lz4 => 0,
        }
    }
}

pub(super) fn open(
    unpacker: &Unpacker<'_>,
    kind: Kind,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let child = unpacker.decoded(file, kind.as_str(), without(file.name(), kind.endings()));
    let window = kind.window(source.peek(64)?);
    if window > LARGEST {
        return Err(io::Error::other(format!("its window of {window} bytes is over the limit of {LARGEST}")));
    }
    let _permit = Permit::for_window(window);
    let most = if window > SMALL { LARGEST } else { SMALL };
    let read = match kind {
        Kind::Gzip => {
            // All bytes of the file are examined as they are, headers and what follows the end among them.
            unpacker.stream(&child, &mut Gzip::checked(&mut *source, Remarks::default()), level + 1)
        }
        Kind::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&mut *source)?;
            decoder.window_log_max(most.ilog2())?;
            unpacker.stream(&child, &mut decoder, level + 1)
        }
        Kind::Xz => {
            let kib = u32::try_from((most >> 10) + 1024).unwrap_or(u32::MAX);
            let mut decoder = XzReader::new_mem_limit(&mut *source, true, kib);
            unpacker.stream(&child, &mut decoder, level + 1)
        }
        Kind::Bzip2 => {
            unpacker.stream(&child, &mut Bzip2 { decoder: Some(BzDecoder::new(&mut *source)) }, level + 1)
        }
        Kind::Lz4 => {
            unpacker.stream(&child, &mut Lz4 { decoder: Some(FrameDecoder::new(&mut *source)) }, level + 1)
        }
    };
    read.map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            io::Error::new(e.kind(), format!("its {} stream is cut off", kind.as_str()))
        }
        _ => io::Error::new(e.kind(), format!("its {} stream is damaged", kind.as_str())),
    })
}

/// Streams of bzip2, one after the other, up to what is none.
struct Bzip2<'r, 's> {
    decoder: Option<BzDecoder<&'r mut Source<'s>>>,
}

impl Read for Bzip2<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            let another = decoder.get_mut().peek(4)?.starts_with(b"BZh");
            let source = self.decoder.take().map(BzDecoder::into_inner);
            self.decoder = source.filter(|_| another).map(BzDecoder::new);
        }
        Ok(0)
    }
}

/// Frames of LZ4, one after the other, up to what is none.
struct Lz4<'r, 's> {
    decoder: Option<FrameDecoder<&'r mut Source<'s>>>,
}

impl Read for Lz4<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            let Some(source) = self.decoder.take().map(FrameDecoder::into_inner) else { return Ok(0) };
            let another = source.peek(4)?.starts_with(&[0x04, 0x22, 0x4d, 0x18]);
            self.decoder = another.then(|| FrameDecoder::new(source));
        }
        Ok(0)
    }
}

/// The window of a zstd stream's first frame (RFC 8878, 3.1.1.1), skippable frames before it left out: those that fit.
fn zstd_window(mut head: &[u8]) -> Option<u64> {
    while let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, rest @ ..] = head {
        head = rest.get(usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?..)?;
    }
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = head else { return None };
    let single = descriptor & 0x20 != 0;
    if !single {
        let window = *rest.first()?;
        let base = 1u64 << (10 + (window >> 3));
        return Some(base + (base >> 3) * u64::from(window & 7));
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = rest.get(dictionary..)?;
    let number = |n: usize| size.get(..n).map(|b| b.iter().rev().fold(0u64, |v, b| v << 8 | u64::from(*b)));
    match descriptor >> 6 {
        0 => number(1),
        1 => number(2).map(|n| n + 256),
        2 => number(4),
        _ => number(8),
    }
}

/// The dictionary of an xz stream's first block (.xz format 1.2, 3.1 and 5.3.1).
fn xz_window(head: &[u8]) -> Option<u64> {
    let block = head.get(12..)?;
    let flags = *block.get(1)?;
    let mut rest = block.get(2..)?;
    for size in [0x40, 0x80] {
        if flags & size != 0 {
            let length = rest.iter().position(|b| b & 0x80 == 0)? + 1;
            rest = rest.get(length..)?;
        }
    }
    for _ in 0..=flags & 3 {
        let [id, length, after @ ..] = rest else { return None };
        if *id == 0x21 {
            let bits = u64::from(*after.first()? & 0x3f);
            return Some(if bits >= 40 { u64::from(u32::MAX) } else { (2 | bits & 1) << (bits / 2 + 11) });
        }
        rest = after.get(usize::from(*length)..)?;
    }
    None
}
