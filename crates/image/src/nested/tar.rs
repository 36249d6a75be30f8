//! Tar archives inside files: read in order; names, extended headers and what follows the end pass as bytes.

use std::io::{self, Read};
use std::sync::Arc;

use super::Unpacker;
use super::source::{Source, cut_off};
use crate::layer::FileMeta;
use crate::layer::header::{BLOCK, Block, Kind, parse, parse_pax};

pub(super) fn open(
    unpacker: &Unpacker<'_>,
    file: &Arc<FileMeta>,
    source: &mut Source<'_>,
    level: usize,
) -> io::Result<()> {
    let (mut path, mut size): (Option<Vec<u8>>, Option<u64>) = (None, None);
    let mut entries = 0u64;
    loop {
        let there = source.peek(BLOCK)?.len();
        if there == 0 && entries > 0 {
            return Ok(());
        }
        let block = source.array::<BLOCK>()?;
        let header = match parse(&block) {
            Block::Zero => return end(source),
            Block::Bad(reason) => {
                return Err(io::Error::other(format!("{reason}; the rest was examined as bytes")));
            }
            Block::Header(header) => header,
        };
        entries += 1;
        if entries > unpacker.limits.nested_entries {
            return Err(io::Error::other(format!(
                "it holds more than {} entries; the rest was examined as bytes",
                unpacker.limits.nested_entries
            )));
        }
        let padded = |size: u64| size.checked_next_multiple_of(BLOCK as u64).ok_or_else(cut_off);
        match header.kind {
            Kind::Pax | Kind::LongName
                if header.size <= unpacker.limits.extended_header_bytes.min(32 << 10) =>
            {
                let record = source.bytes(usize::try_from(header.size).unwrap_or(usize::MAX))?;
                if header.kind == Kind::Pax {
                    let records = parse_pax(&record);
                    if records.malformed {
                        unpacker
                            .miss(file, format!("an extended header before entry {entries} is malformed"));
                    }
                    path = records.path.or(path);
                    size = records.size.or(size);
                } else {
                    path = Some(record.strip_suffix(b"\0").unwrap_or(&record).to_vec());
                }
                source.skip(padded(header.size)? - header.size)?;
            }
            Kind::Pax | Kind::LongName => {
                unpacker.miss(
                    file,
                    format!(
                        "an extended header of {} bytes before entry {entries} is over the limit: the next entry's name and size are not known",
                        header.size
                    ),
                );
                source.skip(padded(header.size)?)?;
            }
            Kind::PaxGlobal | Kind::LongLink => source.skip(padded(header.size)?)?,
            kind if kind.has_no_content() => (path, size) = (None, None),
            kind => {
                if let Kind::Sparse { extended: true } = kind {
                    while source.array::<BLOCK>()?[504] != 0 {}
                }
                let name = path.take().unwrap_or(header.name);
                let size = size.take().unwrap_or(header.size);
                if name.ends_with(b"/") && kind == Kind::OldFile {
                    continue;
                }
                let member = unpacker.member(file, &name, true);
                let mut content = (&mut *source).take(size);
                unpacker.stream(&member, &mut content, level + 1)?;
                let left = content.limit();
                source.skip(left)?;
                source.skip(padded(size)? - size)?;
            }
        }
    }
}

/// Passes over the zeros at an archive's end.
///
/// # Errors
/// If something else comes: what readers make of it differs.
fn end(source: &mut Source<'_>) -> io::Result<()> {
    loop {
        let bytes = source.peek(1)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|b| *b != 0) {
            return Err(io::Error::other(
                "bytes follow the end of the tar: they were examined as bytes, and readers that go on there would see files",
            ));
        }
        let count = bytes.len() as u64;
        source.skip(count)?;
    }
}
