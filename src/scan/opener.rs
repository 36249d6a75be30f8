//! The thread of a layer that opens the files in it that hold others. It follows the layer's reader, takes the parts of
//! such files from the same chunks in order, and hands out what is inside; it is started with the first such file.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rayon::Scope;

use super::pipeline::{Job, Pipeline};
use seaworthy_detect::{AHEAD, BEHIND, Scratch};
use seaworthy_image::layer::{Chunk, ContentKind, FileMeta, Overlap};
use seaworthy_image::nested::{self, HEAD, NotOpened, Opened};

/// Chunks that may wait for the thread.
const WAITING: usize = 2;

/// Hands the files that hold others to the thread that opens them.
pub(super) struct Opener<'s, 'p, 't, 'e> {
    pipeline: &'s Pipeline<'p>,
    scope: &'t Scope<'s>,
    job: &'t Arc<Job>,
    threads: &'t thread::Scope<'t, 'e>,
    sender: Option<SyncSender<Message>>,
    /// The file whose parts are handed on.
    current: Option<Arc<FileMeta>>,
}

/// Parts of files in one chunk.
struct Message {
    chunk: Arc<Chunk>,
    stretches: Vec<Stretch>,
}

/// A part of a file.
struct Stretch {
    file: Arc<FileMeta>,
    bytes: Range<usize>,
    last: bool,
}

impl<'s, 'p, 't, 'e> Opener<'s, 'p, 't, 'e> {
    pub(super) fn new(
        pipeline: &'s Pipeline<'p>,
        scope: &'t Scope<'s>,
        job: &'t Arc<Job>,
        threads: &'t thread::Scope<'t, 'e>,
    ) -> Self {
        Self { pipeline, scope, job, threads, sender: None, current: None }
    }

    /// Hands on what a chunk has of such files.
    pub(super) fn take(&mut self, chunk: &Arc<Chunk>) {
        let mut stretches = Vec::new();
        for part in chunk.parts.iter().filter(|p| p.file.kind == ContentKind::File) {
            let first = part.offset == 0 && part.core.start == part.bytes.start;
            if first {
                let bytes = chunk.bytes().get(part.bytes.clone()).unwrap_or_default();
                let head = bytes.get(..HEAD.min(bytes.len())).unwrap_or_default();
                let opened = nested::is_opened(head, part.file.name());
                self.current = opened.then(|| Arc::clone(&part.file));
            }
            if self.current.as_ref().is_some_and(|file| Arc::ptr_eq(file, &part.file)) {
                let file = Arc::clone(&part.file);
                stretches.push(Stretch { file, bytes: part.core.clone(), last: part.last });
            }
        }
        if stretches.is_empty() {
            return;
        }
        let sender =
            self.sender.get_or_insert_with(|| start(self.pipeline, self.scope, self.job, self.threads));
        let message = Message { chunk: Arc::clone(chunk), stretches };
        if let Err(refused) = sender.send(message) {
            // The thread is gone only after a panic, which ends the scan.
            self.pipeline.release(refused.0.chunk);
        }
    }
}

fn start<'s, 'p, 't>(
    pipeline: &'s Pipeline<'p>,
    scope: &'t Scope<'s>,
    job: &'t Arc<Job>,
    threads: &'t thread::Scope<'t, '_>,
) -> SyncSender<Message> {
    let (sender, receiver) = sync_channel(WAITING);
    threads.spawn(move || {
        let mut parts = Parts { pipeline, receiver, message: None, next: 0, at: 0, done: true };
        let mut scratch = Scratch::default();
        while let Some(file) = parts.next_file() {
            let opened = if pipeline.may_open() {
                nested::open(
                    &file,
                    &mut parts,
                    pipeline.limits,
                    Overlap { behind: BEHIND, ahead: AHEAD },
                    &mut |chunk| Some(pipeline.hand_out_nested(scope, job, chunk, &mut scratch)),
                )
            } else {
                let reason =
                    "what was unpacked of the files before it is over the limit of all layers".to_owned();
                Opened { missed: vec![NotOpened { file, reason }], unpacked: 0 }
            };
            pipeline.opened(job, opened);
        }
    });
    sender
}

/// The parts of files as they come, as one stream for each file.
struct Parts<'s, 'p> {
    pipeline: &'s Pipeline<'p>,
    receiver: Receiver<Message>,
    message: Option<Message>,
    /// The stretch of the message that is read, and how far.
    next: usize,
    at: usize,
    /// Whether the current file was read to its end.
    done: bool,
}

impl Parts<'_, '_> {
    /// Passes over what is left of the current file, and gives the next.
    fn next_file(&mut self) -> Option<Arc<FileMeta>> {
        while !self.done {
            let there = self.stretch()?.1.len();
            self.pass(there);
        }
        let (stretch, _) = self.stretch()?;
        let file = Arc::clone(&stretch.file);
        self.done = false;
        Some(file)
    }

    /// The next stretch, as far as it is not read yet; nothing at the end of all.
    fn stretch(&mut self) -> Option<(&Stretch, &[u8])> {
        loop {
            let has_more = self.message.as_ref().is_some_and(|m| self.next < m.stretches.len());
            if has_more {
                break;
            }
            if let Some(message) = self.message.take() {
                self.pipeline.release(message.chunk);
            }
            self.message = Some(self.receiver.recv().ok()?);
            (self.next, self.at) = (0, 0);
        }
        let message = self.message.as_ref()?;
        let stretch = message.stretches.get(self.next)?;
        let bytes = message.chunk.bytes().get(stretch.bytes.clone()).unwrap_or_default();
        Some((stretch, bytes.get(self.at..).unwrap_or_default()))
    }

    /// Moves on by as many bytes of the current stretch.
    fn pass(&mut self, count: usize) {
        self.at += count;
        let Some(stretch) = self.message.as_ref().and_then(|m| m.stretches.get(self.next)) else { return };
        if self.at >= stretch.bytes.len() {
            self.done = stretch.last;
            (self.next, self.at) = (self.next + 1, 0);
        }
    }
}

impl Read for Parts<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.done || out.is_empty() {
            return Ok(0);
        }
        let Some((_, bytes)) = self.stretch() else {
            // The layer ended within the file, which is told there.
            self.done = true;
            return Ok(0);
        };
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.pass(count);
        Ok(count)
    }
}

impl Drop for Parts<'_, '_> {
    fn drop(&mut self) {
        // Whatever ends the thread, the chunks that wait for it are counted as gone.
        let waiting = self.message.take().into_iter().chain(self.receiver.try_iter());
        for message in waiting {
            self.pipeline.release(message.chunk);
        }
    }
}
