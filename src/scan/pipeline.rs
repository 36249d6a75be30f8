//! Many layers on few threads. A layer is read and unpacked in order by one thread, which hands out chunks; hashing
//! and examining them is work for anyone who is free, the reader included when it is too far ahead. Memory is the chunks
//! in flight.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::Scope;

use super::Progress;
use super::opener::Opener;
use crate::finding::FingerprintKey;
use crate::observe::fallback::Watch;
use crate::observe::{ChunkFacts, LayerFacts, examine};
use crate::rule::Rules;
use seaworthy_detect::{AHEAD, BEHIND, Scratch};
use seaworthy_image::layer::{Captured, Chunk, ContentKind, LayerStream, Overlap, Wanted};
use seaworthy_image::nested::Opened;
use seaworthy_image::{Digest, Hasher, Limits};

/// Most bytes of files that are kept for the questions about entrypoints: a program of 5,000 modules of 20 KB has 100 MB.
const MAX_KEPT: usize = 256 << 20;

/// Most files that are named when there is no room for them.
const MAX_NAMED: usize = 3;

/// Shared by all layers of a scan.
pub(super) struct Pipeline<'a> {
    rules: &'a Rules,
    asked: Asked<'a>,
    key: &'a FingerprintKey,
    /// Bytes of wanted files that may still be kept.
    room: AtomicUsize,
    overflowed: AtomicBool,
    /// The first files that there was no room for.
    not_kept: Mutex<Vec<String>>,
    pub(super) limits: &'a Limits,
    pub(super) progress: &'a Progress,
    total_bytes: u64,
    jobs: usize,
    in_flight: AtomicUsize,
    /// Chunks of files inside files.
    nested_in_flight: AtomicUsize,
    /// Bytes that came out of files inside files.
    nested_bytes: AtomicU64,
    buffers: Mutex<Vec<Vec<u8>>>,
    scratch: Vec<Mutex<Scratch>>,
}

/// What is looked for besides secrets.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// Variables that must have no default.
    pub(super) watch: Option<&'a Watch>,
    /// Files whose content is kept.
    pub(super) wanted: Option<&'a Wanted>,
}

/// Digests that a layer should have, to choose the algorithms by.
#[derive(Default)]
pub(super) struct Expected<'a> {
    pub(super) blob: Option<&'a Digest>,
    pub(super) diff_id: Option<&'a Digest>,
}

/// One layer on its way.
pub(super) struct Job {
    facts: Mutex<ChunkFacts>,
    /// Held by the one thread that hashes.
    hasher: Mutex<Hasher>,
    /// The chunks that wait to be hashed, in order.
    unhashed: Mutex<VecDeque<Arc<Chunk>>>,
    /// Pieces of work that are not done.
    open: AtomicUsize,
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        asked: Asked<'a>,
        key: &'a FingerprintKey,
        limits: &'a Limits,
        progress: &'a Progress,
        total_bytes: u64,
        jobs: usize,
    ) -> Self {
        Self {
            rules,
            asked,
            key,
            room: AtomicUsize::new(MAX_KEPT),
            overflowed: AtomicBool::new(false),
            not_kept: Mutex::default(),
            limits,
            progress,
            total_bytes,
            jobs,
            in_flight: AtomicUsize::new(0),
            nested_in_flight: AtomicUsize::new(0),
            nested_bytes: AtomicU64::new(0),
            buffers: Mutex::default(),
            scratch: (0..jobs).map(|_| Mutex::default()).collect(),
        }
    }

    /// The first of the wanted files that there was not enough room for; nothing if there was enough.
    pub(super) fn overflowed(&self) -> Option<String> {
        self.overflowed.load(Ordering::Relaxed).then(|| lock(&self.not_kept).join(", "))
    }

    /// Reads one layer to its end.
    pub(super) fn layer<'s>(
        &'s self,
        scope: &Scope<'s>,
        reader: Box<dyn Read + '_>,
        expected: &Expected<'_>,
    ) -> LayerFacts {
        let overlap = Overlap { behind: BEHIND, ahead: AHEAD };
        let mut stream = LayerStream::new(reader, expected.blob, overlap, self.limits);
        if self.asked.wanted.is_some() {
            stream.keep_listing();
        }
        let hasher = expected.diff_id.map_or_else(Hasher::sha256, Digest::hasher);
        let job = Arc::new(Job {
            facts: Mutex::default(),
            hasher: Mutex::new(hasher),
            unhashed: Mutex::default(),
            open: AtomicUsize::new(0),
        });
        std::thread::scope(|threads| {
            let mut opener = Opener::new(self, scope, &job, threads);
            while let Some(chunk) = stream.next(self.buffer()) {
                let fresh = chunk.fresh().len() as u64;
                let total = self.progress.bytes.fetch_add(fresh, Ordering::Relaxed) + fresh;
                let chunk = Arc::new(chunk);
                self.in_flight.fetch_add(1, Ordering::Relaxed);
                opener.take(&chunk);
                self.hand_out(scope, &job, chunk);
                if total > self.total_bytes {
                    stream.stop(format!(
                        "the layers together are larger than the limit of {} bytes; the rest was not read",
                        self.total_bytes
                    ));
                    break;
                }
            }
        });
        while job.open.load(Ordering::Acquire) > 0 {
            help();
        }
        let summary = stream.finish();
        let diff_id = lock(&job.hasher).clone().finish();
        let facts = std::mem::take(&mut *lock(&job.facts));
        self.progress.layers_done.fetch_add(1, Ordering::Relaxed);
        LayerFacts::new(self.rules, summary, diff_id, facts)
    }

    fn hand_out<'s>(&'s self, scope: &Scope<'s>, job: &Arc<Job>, chunk: Arc<Chunk>) {
        if self.jobs == 1 {
            // The chunk is still in the cache.
            lock(&job.hasher).update(chunk.fresh());
            self.examine(job, &chunk);
            self.release(chunk);
            // The thread that opens archives may be behind.
            while self.in_flight.load(Ordering::Acquire) > 2 * self.jobs + 2 {
                help();
            }
            return;
        }
        job.open.fetch_add(2, Ordering::Relaxed);
        lock(&job.unhashed).push_back(Arc::clone(&chunk));
        let of_task = Arc::clone(job);
        scope.spawn(move |_| {
            let _done = Done(&of_task.open);
            let held = Held { pipeline: self, chunk: Some(chunk) };
            if let Some(chunk) = &held.chunk {
                self.examine(&of_task, chunk);
            }
        });
        let of_task = Arc::clone(job);
        scope.spawn(move |_| self.hash_waiting(&of_task));
        while self.in_flight.load(Ordering::Acquire) > 2 * self.jobs + 2 {
            help();
        }
    }

    fn examine(&self, job: &Job, chunk: &Chunk) {
        let thread = rayon::current_thread_index().unwrap_or(0);
        let Some(scratch) = self.scratch.get(thread).or(self.scratch.first()) else { return };
        let mut facts = examine(self.rules, self.key, self.asked.watch, chunk, &mut lock(scratch));
        if let Some(wanted) = self.asked.wanted {
            facts.captured = self.capture(wanted, chunk);
        }
        lock(&job.facts).merge(facts);
    }

    /// The stretches of wanted files in a chunk, as long as there is room. A file that is not kept whole is told apart
    /// by its size.
    fn capture(&self, wanted: &Wanted, chunk: &Chunk) -> Vec<Captured> {
        let mut captured = Vec::new();
        for part in chunk.parts.iter().filter(|p| p.file.kind == ContentKind::File) {
            let Some(limit) = wanted.limit(part.file.path.as_bytes(), part.file.size) else { continue };
            let offset = part.offset + (part.core.start - part.bytes.start) as u64;
            let left = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
            let end = part.core.end.min(part.core.start.saturating_add(left));
            let bytes = chunk.bytes().get(part.core.start..end).unwrap_or_default();
            let take = |room: usize| room.checked_sub(bytes.len());
            if bytes.is_empty() {
                continue;
            }
            if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
                self.overflowed.store(true, Ordering::Relaxed);
                let mut names = lock(&self.not_kept);
                let name = format!("/{}", seaworthy_source::escape_bytes(part.file.path.as_bytes()));
                if names.len() < MAX_NAMED && !names.contains(&name) {
                    names.push(name);
                }
            } else {
                captured.push(Captured { ordinal: part.file.ordinal, offset, bytes: bytes.to_vec() });
            }
        }
        captured
    }

    /// Hashes what waits, unless another thread is at it: that one will come to it. No one waits for a turn.
    fn hash_waiting(&self, job: &Job) {
        loop {
            let Ok(mut hasher) = job.hasher.try_lock() else { return };
            loop {
                let Some(chunk) = lock(&job.unhashed).pop_front() else { break };
                hasher.update(chunk.fresh());
                self.release(chunk);
                job.open.fetch_sub(1, Ordering::Release);
            }
            drop(hasher);
            // A chunk that came after the last look, while this thread still held the hasher, has no other taker.
            if lock(&job.unhashed).is_empty() {
                return;
            }
        }
    }

    /// The last to let go of a chunk gives its buffer back.
    pub(super) fn release(&self, chunk: Arc<Chunk>) {
        if let Some(chunk) = Arc::into_inner(chunk) {
            self.give_back(chunk);
            self.in_flight.fetch_sub(1, Ordering::Release);
        }
    }

    /// Examines a chunk of files that lie inside others: at once, or by anyone who is free. Gives a buffer for the next.
    pub(super) fn hand_out_nested<'s>(
        &'s self,
        scope: &Scope<'s>,
        job: &Arc<Job>,
        chunk: Chunk,
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        if self.jobs == 1 || self.nested_in_flight.load(Ordering::Acquire) > self.jobs {
            let facts = examine(self.rules, self.key, self.asked.watch, &chunk, scratch);
            lock(&job.facts).merge(facts);
            return chunk.into_buffer();
        }
        self.nested_in_flight.fetch_add(1, Ordering::Relaxed);
        job.open.fetch_add(1, Ordering::Relaxed);
        let of_task = Arc::clone(job);
        scope.spawn(move |_| {
            let (_done, _counted) = (Done(&of_task.open), Done(&self.nested_in_flight));
            let thread = rayon::current_thread_index().unwrap_or(0);
            if let Some(scratch) = self.scratch.get(thread).or(self.scratch.first()) {
                let facts = examine(self.rules, self.key, self.asked.watch, &chunk, &mut lock(scratch));
                lock(&of_task.facts).merge(facts);
            }
            self.give_back(chunk);
        });
        self.buffer()
    }

    /// Takes what could not be opened in a file, and what came out of it. False once the limit of all is met.
    pub(super) fn opened(&self, job: &Job, opened: Opened) -> bool {
        lock(&job.facts).not_opened.extend(opened.missed);
        self.nested_bytes.fetch_add(opened.unpacked, Ordering::Relaxed) + opened.unpacked <= self.total_bytes
    }

    /// Whether files inside files may still be opened.
    pub(super) fn may_open(&self) -> bool {
        self.nested_bytes.load(Ordering::Relaxed) <= self.total_bytes
    }

    fn buffer(&self) -> Vec<u8> {
        lock(&self.buffers).pop().unwrap_or_default()
    }

    fn give_back(&self, chunk: Chunk) {
        lock(&self.buffers).push(chunk.into_buffer());
    }
}

/// Counts a piece of work as done when it ends, even by a panic: anyone who waits for it would wait forever.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// A chunk that is let go of when the work on it ends, even by a panic.
struct Held<'s, 'p> {
    pipeline: &'s Pipeline<'p>,
    chunk: Option<Arc<Chunk>>,
}

impl Drop for Held<'_, '_> {
    fn drop(&mut self) {
        if let Some(chunk) = self.chunk.take() {
            self.pipeline.release(chunk);
        }
    }
}

/// Does some waiting work, or lets another thread.
fn help() {
    if !matches!(rayon::yield_now(), Some(rayon::Yield::Executed)) {
        std::thread::yield_now();
    }
}

/// A thread that panicked holding a lock left nothing half-done that matters: what it was to add is missing, and the
/// panic itself ends the scan.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
