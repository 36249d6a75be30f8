//! The files of a context, read in pieces of bounded size by all threads.

use std::cell::OnceCell;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use memchr::memchr_iter;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::super::Setup;
use crate::finding::Coverage;
use crate::observe::fallback::Watch;
use crate::observe::{ChunkFacts, examine};
use seaworthy_context::{Context as Files, FileKind, Sent};
use seaworthy_detect::{AHEAD, BEHIND, Scratch};
use seaworthy_image::layer::{Chunk, ContentKind, FileMeta, Overlap, Part};
use seaworthy_image::nested::{self, HEAD};
use seaworthy_source::{LayerPath, LineIndex, Place, Position, input};

/// Fresh bytes of a piece.
const FRESH: usize = 1 << 20;

/// What was seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) facts: ChunkFacts,
    /// Files that could not be read, or not to their end, and why.
    pub(super) unread: Vec<(usize, String)>,
    pub(super) coverage: Coverage,
}

impl Seen {
    fn merge(mut self, other: Self) -> Self {
        self.facts.merge(other.facts);
        self.unread.extend(other.unread);
        self.coverage.add(&other.coverage);
        self
    }
}

/// Reads all files whose content a builder can get.
pub(super) fn all(setup: &Setup<'_>, watch: Option<&Watch>, files: &Files) -> Seen {
    let wanted: Vec<usize> = files
        .files
        .iter()
        .enumerate()
        .filter(|(_, f)| f.kind == FileKind::File && f.sent != Sent::NameOnly)
        .map(|(i, _)| i)
        .collect();
    let mut seen = wanted
        .par_iter()
        .fold(
            || (Seen::default(), Scratch::default(), Vec::new()),
            |(mut seen, mut scratch, mut buffer), index| {
                one(setup, watch, files, *index, &mut seen, &mut scratch, &mut buffer);
                (seen, scratch, buffer)
            },
        )
        .map(|(seen, ..)| seen)
        .reduce(Seen::default, Seen::merge);
    seen.facts.settle(setup.rules);
    seen.facts
        .secret_files
        .sort_by(|a, b| (&a.file.path, a.file.inside()).cmp(&(&b.file.path, b.file.inside())));
    seen.unread.sort();
    seen.coverage.files_not_decoded = seen.facts.not_decoded;
    seen.coverage.bytes_not_decoded = seen.facts.not_decoded_bytes;
    seen
}

fn one(
    setup: &Setup<'_>,
    watch: Option<&Watch>,
    files: &Files,
    index: usize,
    seen: &mut Seen,
    scratch: &mut Scratch,
    buffer: &mut Vec<u8>,
) {
    let entry = &files.files[index];
    let meta = Arc::new(FileMeta {
        path: LayerPath::clean(entry.bytes()),
        ordinal: index as u64,
        size: entry.size,
        kind: ContentKind::File,
        inside: None,
    });
    let mut pieces = Pieces {
        watch,
        meta,
        buffer: std::mem::take(buffer),
        offset: 0,
        lines: 0,
        line_start: 0,
        text: true,
        opened: false,
    };
    let path = files.root.join(&entry.path);
    let mut result = pieces.read(setup, &path, scratch, &mut seen.facts);
    if result.is_ok() && pieces.opened {
        result = result
            .and_then(|bytes| open(setup, &pieces.meta, &path, scratch, &mut seen.facts).map(|()| bytes));
    }
    match result {
        Ok(bytes) => {
            seen.coverage.files += 1;
            seen.coverage.bytes += bytes;
            setup.progress.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Err(error) => {
            seen.coverage.files_not_seen += 1;
            seen.coverage.bytes_not_seen += entry.size;
            seen.unread.push((index, error.to_string()));
        }
    }
    *buffer = pieces.buffer;
    buffer.clear();
}

/// Opens a file that holds others: an archive that ADD unpacks, and any other. Which of its files are run is seen in the
/// image alone, so defaults are looked for there.
fn open(
    setup: &Setup<'_>,
    meta: &Arc<FileMeta>,
    path: &Path,
    scratch: &mut Scratch,
    facts: &mut ChunkFacts,
) -> std::io::Result<()> {
    let limits = super::super::image::limits(setup.contract);
    let (file, _) = input::open(path)?;
    let mut file = Limited { file, left: setup.contract.limits.max_context_file_bytes };
    let overlap = Overlap { behind: BEHIND, ahead: AHEAD };
    let opened = nested::open(meta, &mut file, &limits, overlap, &mut |chunk| {
        facts.merge(examine(setup.rules, &setup.key, None, &chunk, scratch));
        Some(chunk.into_buffer())
    });
    facts.not_opened.extend(opened.missed);
    Ok(())
}

/// A file, read as far as the limit.
struct Limited {
    file: std::fs::File,
    left: u64,
}

impl Read for Limited {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.by_ref().take(self.left).read(buf)?;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Limited {
    /// Whether the limit was met before the file's end.
    fn is_cut(&mut self) -> std::io::Result<bool> {
        Ok(self.left == 0 && self.file.read(&mut [0])? > 0)
    }
}

/// One file on its way.
struct Pieces<'a> {
    watch: Option<&'a Watch>,
    meta: Arc<FileMeta>,
    buffer: Vec<u8>,
    /// Offset in the file of the buffer's first byte.
    offset: u64,
    /// Line ends before that.
    lines: usize,
    /// Offset in the file of the start of the line that the buffer begins in.
    line_start: u64,
    /// Whether the file's first bytes are text.
    text: bool,
    /// Whether the file holds others.
    opened: bool,
}

impl Pieces<'_> {
    fn read(
        &mut self,
        setup: &Setup<'_>,
        path: &Path,
        scratch: &mut Scratch,
        facts: &mut ChunkFacts,
    ) -> std::io::Result<u64> {
        let (file, _) = input::open(path)?;
        let limit = setup.contract.limits.max_context_file_bytes;
        let mut file = Limited { file, left: limit };
        self.buffer.clear();
        let mut core_start = 0;
        loop {
            let wanted = core_start + FRESH + AHEAD;
            let missing = wanted.saturating_sub(self.buffer.len()) as u64;
            let got = (&mut file).take(missing).read_to_end(&mut self.buffer)?;
            let last = (got as u64) < missing;
            let core_end = if last { self.buffer.len() } else { self.buffer.len().saturating_sub(AHEAD) };
            if core_start == 0 {
                let head = &self.buffer[..self.buffer.len().min(HEAD)];
                self.text = !head.contains(&0);
                self.opened = nested::is_opened(head, self.meta.name());
            }
            self.examine(setup, core_start..core_end, last, scratch, facts);
            if last {
                if file.is_cut()? {
                    return Err(std::io::Error::other(format!(
                        "it is larger than the limit of {limit} bytes; the rest was not read"
                    )));
                }
                return Ok(self.offset + self.buffer.len() as u64);
            }
            let keep = core_end.saturating_sub(BEHIND);
            self.drop_front(keep);
            core_start = core_end - keep;
        }
    }

    fn examine(
        &mut self,
        setup: &Setup<'_>,
        core: std::ops::Range<usize>,
        last: bool,
        scratch: &mut Scratch,
        facts: &mut ChunkFacts,
    ) {
        let part = Part {
            file: Arc::clone(&self.meta),
            bytes: 0..self.buffer.len(),
            core,
            offset: self.offset,
            last,
        };
        let chunk = Chunk::new(std::mem::take(&mut self.buffer), vec![part]);
        let mut found = examine(setup.rules, &setup.key, self.watch, &chunk, scratch);
        self.buffer = chunk.into_buffer();
        let index = OnceCell::new();
        for fallback in &mut found.fallbacks {
            fallback.place = self.place(fallback.offset, &index);
        }
        for sighting in &mut found.sightings {
            if let Place::Byte(at) = sighting.place
                && self.text
            {
                sighting.place = self.place(at, &index);
            }
        }
        facts.merge(found);
    }

    /// Line and column of an offset in the buffer, whose lines `index` has once one is asked for.
    fn place(&self, at: u64, index: &OnceCell<LineIndex>) -> Place {
        let inside =
            usize::try_from(at.saturating_sub(self.offset)).unwrap_or(usize::MAX).min(self.buffer.len());
        let lines = index.get_or_init(|| LineIndex::new(&self.buffer));
        let Position { line, column } = lines.position(inside);
        // The buffer begins within a line.
        let before = if line == 1 { self.offset.saturating_sub(self.line_start) } else { 0 };
        let position = Position {
            line: line.saturating_add(u32::try_from(self.lines).unwrap_or(u32::MAX)),
            column: column.saturating_add(u32::try_from(before).unwrap_or(u32::MAX)),
        };
        Place::Text { position, offset: at }
    }

    fn drop_front(&mut self, count: usize) {
        let gone = &self.buffer[..count];
        self.lines += memchr_iter(b'\n', gone).count();
        if let Some(i) = gone.iter().rposition(|b| *b == b'\n') {
            self.line_start = self.offset + i as u64 + 1;
        }
        self.offset += count as u64;
        self.buffer.drain(..count);
    }
}
