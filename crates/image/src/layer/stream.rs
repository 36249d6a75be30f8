//! A layer from its stored bytes to chunks, with the digests of both forms.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;

use super::chunk::{Chunk, ContentKind, FRESH, FileMeta, Overlap, Part};
use super::compression::{Compression, decompress_with};
use super::index::EntryIndex;
use super::listing::Entry;
use super::remark::Remarks;
use super::walker::Walker;
use crate::{Digest, Hasher, Limits};
use seaworthy_source::LayerPath;

/// A layer on its way through.
pub struct LayerStream<'a> {
    raw: Raw<'a>,
    content: Option<Box<dyn Read + 'a>>,
    compression: Compression,
    walker: Walker,
    limits: Limits,
    overlap: Overlap,
    /// The end of the last chunk, as far as it is needed again, and how many bytes of it are not walked yet.
    carry: Vec<u8>,
    unwalked: usize,
    unpacked: u64,
    whole: bool,
    missed: Vec<(String, String)>,
    remarks: Remarks,
}

/// What is known of a layer at its end.
#[derive(Debug)]
pub struct LayerSummary {
    /// What it is compressed with.
    pub compression: Compression,
    /// Digest of the stored bytes; nothing if they are not compressed, for then it is that of the content.
    pub blob_digest: Option<Digest>,
    /// Number of stored bytes.
    pub blob_bytes: u64,
    /// Number of bytes unpacked.
    pub unpacked_bytes: u64,
    /// Whether it was read to its end.
    pub whole: bool,
    /// Whether its stored bytes were read to their end: only then their digest and number say something.
    pub stored_whole: bool,
    /// The paths in it.
    pub index: EntryIndex,
    /// Number of entries.
    pub entries: u64,
    /// Number of files with content.
    pub files: u64,
    /// Bytes of content, by the headers.
    pub file_bytes: u64,
    /// What could not be examined: what, and why.
    pub missed: Vec<(String, String)>,
    /// All entries, if [`LayerStream::keep_listing`] asked for them.
    pub listing: Option<Vec<Entry>>,
}

impl<'a> LayerStream<'a> {
    /// Starts on a layer. `hash` says with which algorithm the stored bytes are hashed, by an expected digest.
    pub fn new(reader: Box<dyn Read + 'a>, hash: Option<&Digest>, overlap: Overlap, limits: &Limits) -> Self {
        let hasher = Some(hash.map_or_else(Hasher::sha256, Digest::hasher));
        let raw = Raw(Rc::new(RefCell::new(RawState { inner: reader, hasher, count: 0, failed: false })));
        let mut missed = Vec::new();
        let remarks = Remarks::default();
        let (content, compression) = match decompress_with(raw.clone(), &remarks) {
            Ok((content, compression)) => (Some(content), compression),
            Err(e) => {
                missed.push(("content".to_owned(), e.to_string()));
                (None, Compression::Unsupported("unknown"))
            }
        };
        if compression == Compression::None && hash.is_none_or(|d| d.algorithm() == "sha256") {
            raw.0.borrow_mut().hasher = None;
        }
        Self {
            raw,
            whole: content.is_some(),
            content,
            compression,
            walker: Walker::new(overlap, limits),
            limits: limits.clone(),
            overlap,
            carry: Vec::new(),
            unwalked: 0,
            unpacked: 0,
            missed,
            remarks,
        }
    }

    /// Keeps a list of all entries for the summary: about 100 bytes for each.
    pub fn keep_listing(&mut self) {
        self.walker.keep_listing();
    }

    /// The next chunk; `buffer` is used for it. Faults end the stream and are told by [`LayerStream::finish`].
    pub fn next(&mut self, mut buffer: Vec<u8>) -> Option<Chunk> {
        let Some(content) = self.content.as_mut() else { return self.beside() };
        let size = FRESH + self.overlap.behind + self.overlap.ahead + 1024;
        // The content of a used buffer is overwritten, so it is zeroed only once.
        buffer.resize(size, 0);
        let start = self.carry.len();
        buffer[..start].copy_from_slice(&self.carry);
        let mut end = start;
        let mut eof = false;
        while end < size {
            match content.read(&mut buffer[end..]) {
                Ok(0) => {
                    eof = true;
                    break;
                }
                Ok(n) => end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let reason = format!(
                        "it cannot be read after {} bytes: {e}",
                        self.unpacked + (end - start) as u64
                    );
                    self.missed.push(("content".into(), reason));
                    self.whole = false;
                    eof = true;
                    break;
                }
            }
        }
        self.unpacked += (end - start) as u64;
        if !eof && let Some(reason) = self.over_limit() {
            self.missed.push(("content".into(), reason));
            self.whole = false;
            eof = true;
        }
        let mut parts = Vec::new();
        let rest = self.walker.walk(&buffer[..end], start - self.unwalked, eof, &mut parts);
        self.carry.clear();
        self.carry.extend_from_slice(&buffer[rest.keep.min(end)..end]);
        self.unwalked = end - rest.resume.min(end);
        if eof {
            self.content = None;
        }
        Some(Chunk { buffer, fresh: start..end, parts })
    }

    /// What the compressed stream carries beside its content, once that is read.
    fn beside(&mut self) -> Option<Chunk> {
        let (buffer, lost) = self.remarks.take();
        if lost > 0 {
            let what = format!("{lost} bytes beside the compressed content");
            self.missed
                .push((what, "a header, a skippable frame or what follows the end is too large".to_owned()));
        }
        if buffer.is_empty() {
            return None;
        }
        let path = LayerPath::clean(b"(beside the compressed content)");
        let size = buffer.len() as u64;
        let file = Arc::new(FileMeta { path, ordinal: u64::MAX, size, kind: ContentKind::Raw, inside: None });
        let all = 0..buffer.len();
        let parts = vec![Part { file, bytes: all.clone(), core: all.clone(), offset: 0, last: true }];
        // Nothing of it belongs to the content that is hashed.
        Some(Chunk { buffer, fresh: all.end..all.end, parts })
    }

    /// Ends the stream early; [`LayerStream::next`] gives nothing more.
    pub fn stop(&mut self, reason: String) {
        self.missed.push(("content".to_owned(), reason));
        self.whole = false;
        self.content = None;
    }

    fn over_limit(&self) -> Option<String> {
        if self.unpacked > self.limits.layer_bytes {
            return Some(format!(
                "it is larger than the limit of {} bytes; the rest was not read",
                self.limits.layer_bytes
            ));
        }
        let stored = self.raw.0.borrow_mut().count.max(1);
        (self.compression != Compression::None
            && self.unpacked > self.limits.ratio_after_bytes
            && self.unpacked / stored > self.limits.ratio)
            .then(|| {
                format!(
                    "it unpacks to more than {} times its size ({stored} bytes gave {}); the rest was not read",
                    self.limits.ratio, self.unpacked
                )
            })
    }

    /// Reads what is left of the stored bytes, so that they are hashed to their end, and sums up.
    pub fn finish(mut self) -> LayerSummary {
        self.content = None;
        // No one looks at these bytes, but their digest covers them.
        let limit = self.limits.layer_bytes;
        let fault = match io::copy(&mut (&mut self.raw).take(limit), &mut io::sink()) {
            Err(e) => Some(format!("they cannot be read to their end: {e}")),
            Ok(drained) if drained == limit => {
                Some(format!("they go on for more than the limit of {limit} bytes; the rest was not read"))
            }
            Ok(_) => None,
        };
        let stored_whole = fault.is_none() && !self.raw.0.borrow().failed;
        if let Some(reason) = fault {
            self.missed.push(("stored bytes".into(), reason));
            self.whole = false;
        }
        let walked = self.walker.finish();
        self.missed.extend(walked.missed);
        let mut raw = self.raw.0.borrow_mut();
        LayerSummary {
            compression: self.compression,
            blob_digest: raw.hasher.take().map(Hasher::finish),
            blob_bytes: raw.count,
            unpacked_bytes: self.unpacked,
            whole: self.whole,
            stored_whole,
            index: walked.index,
            entries: walked.entries,
            files: walked.files,
            file_bytes: walked.file_bytes,
            missed: self.missed,
            listing: walked.listing,
        }
    }
}

/// The stored bytes: hashed and counted as they pass, and still at hand when the decoder has given up.
#[derive(Clone)]
struct Raw<'a>(Rc<RefCell<RawState<'a>>>);

struct RawState<'a> {
    inner: Box<dyn Read + 'a>,
    hasher: Option<Hasher>,
    count: u64,
    /// Whether a read failed: what came before is not all.
    failed: bool,
}

impl Read for Raw<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let n = match state.inner.read(buf) {
            Ok(n) => n,
            Err(e) => {
                state.failed |= e.kind() != io::ErrorKind::Interrupted;
                return Err(e);
            }
        };
        if let Some(hasher) = &mut state.hasher {
            hasher.update(&buf[..n]);
        }
        state.count += n as u64;
        Ok(n)
    }
}
