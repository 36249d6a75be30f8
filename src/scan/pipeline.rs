//! Many layers on few threads. A layer is read and unpacked in order by one thread, which hands out chunks; hashing
//! and examining them is work for whoever is free, the reader included when it is too far ahead. Memory is the chunks
//! in flight.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::Scope;

use super::Progress;
use crate::artifact::image::layer::{Chunk, LayerStream, Overlap};
use crate::artifact::image::{Digest, Hasher, Limits};
use crate::check::fallback::Watch;
use crate::check::image::{ChunkFacts, LayerFacts, examine};
use crate::detect::{AHEAD, BEHIND, Scratch};
use crate::finding::FingerprintKey;
use crate::rule::Rules;

/// Shared by all layers of a scan.
pub(super) struct Pipeline<'a> {
    rules: &'a Rules,
    watch: Option<&'a Watch>,
    key: &'a FingerprintKey,
    limits: &'a Limits,
    progress: &'a Progress,
    total_bytes: u64,
    jobs: usize,
    in_flight: AtomicUsize,
    buffers: Mutex<Vec<Vec<u8>>>,
    scratch: Vec<Mutex<Scratch>>,
}

/// Digests that a layer should have, to choose the algorithms by.
#[derive(Default)]
pub(super) struct Expected<'a> {
    pub(super) blob: Option<&'a Digest>,
    pub(super) diff_id: Option<&'a Digest>,
}

/// One layer on its way.
struct Job {
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
        watch: Option<&'a Watch>,
        key: &'a FingerprintKey,
        limits: &'a Limits,
        progress: &'a Progress,
        total_bytes: u64,
        jobs: usize,
    ) -> Self {
        Self {
            rules,
            watch,
            key,
            limits,
            progress,
            total_bytes,
            jobs,
            in_flight: AtomicUsize::new(0),
            buffers: Mutex::default(),
            scratch: (0..jobs).map(|_| Mutex::default()).collect(),
        }
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
        let hasher = expected.diff_id.map_or_else(Hasher::sha256, Digest::hasher);
        let job = Arc::new(Job {
            facts: Mutex::default(),
            hasher: Mutex::new(hasher),
            unhashed: Mutex::default(),
            open: AtomicUsize::new(0),
        });
        while let Some(chunk) = stream.next(self.buffer()) {
            let fresh = chunk.fresh().len() as u64;
            let total = self.progress.bytes.fetch_add(fresh, Ordering::Relaxed) + fresh;
            self.hand_out(scope, &job, chunk);
            if total > self.total_bytes {
                stream.stop(format!(
                    "the layers together are larger than the limit of {} bytes; the rest was not read",
                    self.total_bytes
                ));
                break;
            }
        }
        while job.open.load(Ordering::Acquire) > 0 {
            help();
        }
        let summary = stream.finish();
        let diff_id = lock(&job.hasher).clone().finish();
        let facts = std::mem::take(&mut *lock(&job.facts));
        self.progress.layers_done.fetch_add(1, Ordering::Relaxed);
        LayerFacts::new(self.rules, summary, diff_id, facts)
    }

    fn hand_out<'s>(&'s self, scope: &Scope<'s>, job: &Arc<Job>, chunk: Chunk) {
        if self.jobs == 1 {
            // The chunk is still in the cache.
            lock(&job.hasher).update(chunk.fresh());
            self.examine(job, &chunk);
            self.give_back(chunk);
            return;
        }
        let chunk = Arc::new(chunk);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        job.open.fetch_add(2, Ordering::Relaxed);
        lock(&job.unhashed).push_back(Arc::clone(&chunk));
        let of_task = Arc::clone(job);
        scope.spawn(move |_| {
            self.examine(&of_task, &chunk);
            self.release(chunk);
            of_task.open.fetch_sub(1, Ordering::Release);
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
        let mut facts = examine(self.rules, self.key, chunk, &mut lock(scratch));
        if let Some(watch) = self.watch {
            watch.examine(chunk, &mut facts.fallbacks);
        }
        lock(&job.facts).merge(facts);
    }

    /// Hashes what waits, unless another thread is at it: that one will come to it. Nobody waits for a turn.
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
    fn release(&self, chunk: Arc<Chunk>) {
        if let Some(chunk) = Arc::into_inner(chunk) {
            self.give_back(chunk);
            self.in_flight.fetch_sub(1, Ordering::Release);
        }
    }

    fn buffer(&self) -> Vec<u8> {
        lock(&self.buffers).pop().unwrap_or_default()
    }

    fn give_back(&self, chunk: Chunk) {
        lock(&self.buffers).push(chunk.into_buffer());
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
