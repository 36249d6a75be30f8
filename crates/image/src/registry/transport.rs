//! Tokio at the edge: one thread drives all requests of a source, and what it receives comes out as an ordinary
//! [`Read`]. No wait is without end: each has a limit, and a body that only drips is given up.

use std::future::Future;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use reqwest::Response;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::failure::Failure;

/// Slowest rate of a body, in bytes for each second of waiting.
const SLOWEST: u64 = 1024;
/// How many received parts wait for their reader.
const PARTS: usize = 8;

/// A thread that drives requests for as long as this lives.
pub struct Driver {
    handle: Handle,
    /// Its end is the thread's sign to stop.
    _alive: oneshot::Sender<()>,
}

impl Driver {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread or no sockets.
    pub fn start() -> io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("transfer".into()).spawn(move || runtime.block_on(ended))?;
        Ok(Arc::new(Self { handle, _alive: alive }))
    }

    /// Waits for `future` on the caller's thread.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }
}

/// What a transfer hands to its reader.
enum Part {
    Bytes(Bytes),
    Failed(Failure),
    End,
}

/// The writing end of a transfer.
pub struct Parts(mpsc::Sender<Part>);

impl Parts {
    /// Hands on bytes, waiting for the reader to take them; false if there is no reader any more.
    pub async fn give(&self, bytes: Bytes) -> bool {
        self.0.send(Part::Bytes(bytes)).await.is_ok()
    }
}

/// The reading end of a transfer. Dropping it ends the transfer.
pub struct Transfer {
    parts: mpsc::Receiver<Part>,
    current: Bytes,
    end: Option<Result<(), String>>,
    task: AbortHandle,
    _driver: Arc<Driver>,
}

impl Transfer {
    /// Starts a transfer: `work` gives its parts and ends when there are no more.
    pub fn start<F>(driver: &Arc<Driver>, work: impl FnOnce(Parts) -> F) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let (sender, parts) = mpsc::channel(PARTS);
        let work = work(Parts(sender.clone()));
        let task = driver.handle.spawn(async move {
            let last = match work.await {
                Ok(()) => Part::End,
                Err(failure) => Part::Failed(failure),
            };
            // Without a reader there is no one to tell.
            let _ = sender.send(last).await;
        });
        let task = task.abort_handle();
        Self { parts, current: Bytes::new(), end: None, task, _driver: Arc::clone(driver) }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Read for Transfer {
    /// A transfer that failed fails at each further read, so that it is never taken for one that ended.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.current.has_remaining() || buf.is_empty() {
                let n = buf.len().min(self.current.len());
                self.current.copy_to_slice(&mut buf[..n]);
                return Ok(n);
            }
            match &self.end {
                Some(Ok(())) => return Ok(0),
                Some(Err(reason)) => return Err(io::Error::other(reason.clone())),
                None => {}
            }
            match self.parts.blocking_recv() {
                Some(Part::Bytes(bytes)) => self.current = bytes,
                Some(Part::End) => self.end = Some(Ok(())),
                Some(Part::Failed(failure)) => self.end = Some(Err(failure.to_string())),
                None => self.end = Some(Err("the transfer was given up".into())),
            }
        }
    }
}

/// Reads a body part by part, with a limit on each wait and on slowness.
pub struct Pace {
    timeout: Duration,
    waited: Duration,
    received: u64,
}

impl Pace {
    /// Waits at most `timeout` for each part.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, waited: Duration::ZERO, received: 0 }
    }

    /// The next part; nothing at the end.
    ///
    /// # Errors
    /// If none comes in time, too little comes, or the connection breaks.
    pub async fn next(&mut self, response: &mut Response) -> Result<Option<Bytes>, Failure> {
        let start = Instant::now();
        let part = match tokio::time::timeout(self.timeout, response.chunk()).await {
            Err(_) => return Err(Failure::Timeout { seconds: self.timeout.as_secs() }),
            Ok(part) => part.map_err(|e| Failure::of(&e))?,
        };
        let Some(part) = part else { return Ok(None) };
        // Only waiting counts: a reader that takes its time does not make the sender slow.
        self.waited += start.elapsed();
        self.received += part.len() as u64;
        if self.waited > self.timeout {
            if self.received < SLOWEST * self.waited.as_secs() {
                return Err(Failure::TooSlow { slowest: SLOWEST });
            }
            *self = Self::new(self.timeout);
        }
        Ok(Some(part))
    }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// If it is larger, or cannot be read to its end within ten timeouts.
pub async fn read_all(response: &mut Response, limit: u64, timeout: Duration) -> Result<Vec<u8>, Failure> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(Failure::TooLarge { limit });
    }
    let read = async {
        let mut pace = Pace::new(timeout);
        let mut bytes = Vec::new();
        while let Some(part) = pace.next(response).await? {
            if bytes.len() as u64 + part.len() as u64 > limit {
                return Err(Failure::TooLarge { limit });
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    };
    let whole = timeout * 10;
    tokio::time::timeout(whole, read).await.unwrap_or(Err(Failure::Unfinished { seconds: whole.as_secs() }))
}
