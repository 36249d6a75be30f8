//! Decompression windows: one over 8 MiB at a time in the whole process, so that memory does not grow with the number of
//! archives that are open at once; one inside another has a second, and no one else has one then.

use std::cell::Cell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The largest window that anybody may have, in bytes.
pub(super) const SMALL: u64 = 8 << 20;
/// The largest window that is opened at all, in bytes: what the reference decoder of zstd allows by default.
pub(super) const LARGEST: u64 = 128 << 20;
/// How long one waits for another's large window. Two readers that feed each other must not wait forever; then there
/// are two large windows for a while.
const MAX_WAIT: Duration = Duration::from_secs(10);

static TAKEN: Mutex<bool> = Mutex::new(false);
static FREED: Condvar = Condvar::new();

thread_local! {
    /// Whether this thread holds the right already: an archive in an archive must not wait for itself.
    static MINE: Cell<bool> = const { Cell::new(false) };
}

/// The right to a large window, until it is dropped.
pub(super) struct Permit(bool);

impl Permit {
    /// The right to a window of `size` bytes; waits for a large one.
    pub(super) fn for_window(size: u64) -> Self {
        if size <= SMALL || MINE.get() {
            return Self(false);
        }
        let wait = FREED.wait_timeout_while(lock(), MAX_WAIT, |taken| *taken);
        let (mut taken, timeout) = wait.unwrap_or_else(PoisonError::into_inner);
        let got = !timeout.timed_out();
        *taken = true;
        MINE.set(got);
        Self(got)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.0 {
            MINE.set(false);
            *lock() = false;
            FREED.notify_one();
        }
    }
}

fn lock() -> MutexGuard<'static, bool> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
