//! Deflate (RFC 1951) and zlib (RFC 1950) streams that end in the middle of a file.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Inflaters that are used again: an archive may hold a million files.
#[derive(Default)]
pub(super) struct Pool {
    raw: Vec<Decompress>,
    zlib: Vec<Decompress>,
}

impl Pool {
    pub(super) fn take(&mut self, zlib: bool) -> Decompress {
        let kept = if zlib { &mut self.zlib } else { &mut self.raw };
        let mut inflater = kept.pop().unwrap_or_else(|| Decompress::new(zlib));
        inflater.reset(zlib);
        inflater
    }

    pub(super) fn give_back(&mut self, inflater: Decompress, zlib: bool) {
        if zlib { self.zlib.push(inflater) } else { self.raw.push(inflater) }
    }
}

/// A deflate stream in a source, which is left right behind the stream's end.
pub(super) struct Inflate<'r> {
    inflater: &'r mut Decompress,
    source: &'r mut dyn BufRead,
    done: bool,
}

impl<'r> Inflate<'r> {
    pub(super) fn new(inflater: &'r mut Decompress, source: &'r mut dyn BufRead) -> Self {
        Self { inflater, source, done: false }
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.done && !out.is_empty() {
            let input = self.source.fill_buf()?;
            let ended = input.is_empty();
            let (before_in, before_out) = (self.inflater.total_in(), self.inflater.total_out());
            let flush = if ended { FlushDecompress::Finish } else { FlushDecompress::None };
            let status = self.inflater.decompress(input, out, flush);
            let read = usize::try_from(self.inflater.total_in() - before_in).unwrap_or(0);
            let written = usize::try_from(self.inflater.total_out() - before_out).unwrap_or(0);
            self.source.consume(read);
            match status {
                Ok(Status::StreamEnd) => self.done = true,
                Ok(_) if written == 0 && ended => return Err(super::source::cut_off()),
                Ok(_) => {}
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "it is damaged: no deflate stream",
                    ));
                }
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
