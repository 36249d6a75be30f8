//! The bytes of one file on their way: buffered, and given out as they pass.

use std::io::{self, BufRead, Read};

/// Bytes that are read at once, and most that can be looked at in advance.
const BUFFER: usize = 64 << 10;

/// Takes the bytes that pass.
pub(super) trait Taker {
    /// Takes bytes of the file that is on its way at a level of nesting.
    ///
    /// # Errors
    /// If a limit is met.
    fn give(&self, level: usize, bytes: &[u8]) -> io::Result<()>;
}

/// Bytes that are read first.
const FIRST: usize = 4 << 10;

/// A file that is being read.
pub(super) struct Source<'s> {
    taker: &'s dyn Taker,
    inner: &'s mut dyn Read,
    level: usize,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// What went wrong in reading, as opposed to what is wrong with what was read.
    fault: Option<io::Error>,
    /// Offset in the file of the next byte.
    offset: u64,
}

impl<'s> Source<'s> {
    pub(super) fn new(taker: &'s dyn Taker, inner: &'s mut dyn Read, level: usize) -> Self {
        Self { taker, inner, level, buffer: Vec::new(), start: 0, ended: false, fault: None, offset: 0 }
    }

    /// Offset of the next byte from the file's start.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    /// The next bytes, `count` of them if there are as many; more may be there.
    ///
    /// # Errors
    /// If reading fails.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.start < count.min(BUFFER) && !self.ended {
            self.more()?;
        }
        Ok(self.buffer.get(self.start..).unwrap_or_default())
    }

    fn more(&mut self) -> io::Result<()> {
        if self.fault.is_some() {
            return Err(io::Error::other("it cannot be read further"));
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let from = self.buffer.len();
        // An archive may hold a million small files: a buffer grows with what it is for.
        let size = if self.offset == 0 && from == 0 { FIRST } else { BUFFER };
        self.buffer.resize(size, 0);
        let read = loop {
            match self.inner.read(&mut self.buffer[from..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(from + count);
        let given = read.and_then(|count| {
            self.ended = count == 0;
            self.taker.give(self.level, &self.buffer[from..])
        });
        given.inspect_err(|e| self.fault = Some(io::Error::new(e.kind(), e.to_string())))
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// If there are not as many.
    pub(super) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let bytes = self.peek(N)?.first_chunk::<N>().copied().ok_or_else(cut_off)?;
        self.consume(N);
        Ok(bytes)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// If there are not as many, or more than are looked at at once.
    pub(super) fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let bytes = self.peek(count)?.get(..count).ok_or_else(cut_off)?.to_vec();
        self.consume(count);
        Ok(bytes)
    }

    /// Passes over `count` bytes.
    ///
    /// # Errors
    /// If there are not as many.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let there = self.fill_buf()?.len();
            if there == 0 {
                return Err(cut_off());
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(there);
            self.consume(step);
            count -= step as u64;
        }
        Ok(())
    }

    /// Reads what is left.
    ///
    /// # Errors
    /// If reading fails.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        loop {
            let there = self.fill_buf()?.len();
            if there == 0 {
                return Ok(());
            }
            self.consume(there);
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let count = there.len().min(out.len());
        out[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.buffer.len() - self.start);
        self.start += count;
        self.offset += count as u64;
    }
}

/// The file ends before what it announces.
pub(super) fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it is cut off")
}
