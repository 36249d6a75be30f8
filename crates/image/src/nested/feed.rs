//! Files of one level of nesting, one after the other, as chunks of the same form as a layer's.

use std::sync::Arc;

use crate::layer::{Chunk, FRESH, FileMeta, Overlap, Part};

/// What is on its way at one level.
pub(super) struct Feed {
    overlap: Overlap,
    buffer: Vec<u8>,
    parts: Vec<Part>,
    current: Option<Current>,
}

struct Current {
    file: Arc<FileMeta>,
    /// Where in the buffer the file's bytes begin, and their offset in the file.
    start: usize,
    first: u64,
    /// Offset in the file up to which parts were given out.
    given: u64,
}

impl Feed {
    pub(super) fn new(overlap: Overlap) -> Self {
        Self { overlap, buffer: Vec::new(), parts: Vec::new(), current: None }
    }

    pub(super) fn begin(&mut self, file: Arc<FileMeta>) {
        self.current = Some(Current { file, start: self.buffer.len(), first: 0, given: 0 });
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(Chunk) -> Option<Vec<u8>>) {
        let most = FRESH + self.overlap.behind + self.overlap.ahead;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(most.saturating_sub(self.buffer.len()).max(1)));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() >= most {
                self.cut(false);
                self.emit(sink);
            }
        }
    }

    pub(super) fn end(&mut self, sink: &mut dyn FnMut(Chunk) -> Option<Vec<u8>>) {
        self.cut(true);
        self.current = None;
        if self.buffer.len() >= FRESH {
            self.emit(sink);
        }
    }

    /// Gives out all that is left.
    pub(super) fn flush(&mut self, sink: &mut dyn FnMut(Chunk) -> Option<Vec<u8>>) {
        self.cut(true);
        self.current = None;
        self.emit(sink);
    }

    /// Makes a part of what is there of the current file.
    fn cut(&mut self, last: bool) {
        let Some(current) = &mut self.current else { return };
        let at = current.first + (self.buffer.len() - current.start) as u64;
        let core_end =
            if last { at } else { at.saturating_sub(self.overlap.ahead as u64).max(current.given) };
        if core_end == current.given {
            return;
        }
        let place =
            |offset: u64| current.start + usize::try_from(offset - current.first).unwrap_or(usize::MAX);
        self.parts.push(Part {
            file: Arc::clone(&current.file),
            bytes: current.start..self.buffer.len(),
            core: place(current.given)..place(core_end),
            offset: current.first,
            last,
        });
        current.given = core_end;
    }

    /// Hands the buffer on; what the current file needs again is kept.
    fn emit(&mut self, sink: &mut dyn FnMut(Chunk) -> Option<Vec<u8>>) {
        let mut kept = Vec::new();
        if let Some(current) = &mut self.current {
            let from = current.given.saturating_sub(self.overlap.behind as u64).max(current.first);
            let at = current.start + usize::try_from(from - current.first).unwrap_or(usize::MAX);
            kept.extend_from_slice(self.buffer.get(at..).unwrap_or_default());
            (current.start, current.first) = (0, from);
        }
        if self.parts.is_empty() {
            self.buffer.clear();
        } else {
            let chunk = Chunk::new(std::mem::take(&mut self.buffer), std::mem::take(&mut self.parts));
            self.buffer = sink(chunk).unwrap_or_default();
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(&kept);
    }
}
