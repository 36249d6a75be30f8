//! What must hold of a layer's chunks, whatever its bytes are: used by the property tests and by the fuzz target.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use seaworthy_image::Limits;
use seaworthy_image::layer::{LayerStream, LayerSummary, Overlap};

/// A reader that gives out little at a time, by turns.
pub struct Crumbs<'a> {
    bytes: &'a [u8],
    sizes: &'a [u8],
    turn: usize,
    interrupted: bool,
}

impl<'a> Crumbs<'a> {
    /// `sizes` are used in turn; each says how much one read gives, in units that grow with it.
    pub fn new(bytes: &'a [u8], sizes: &'a [u8]) -> Self {
        Self { bytes, sizes, turn: 0, interrupted: false }
    }
}

impl Read for Crumbs<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.get(self.turn % self.sizes.len().max(1)).copied().unwrap_or(u8::MAX);
        self.turn += 1;
        // Now and then a signal comes between, but not for ever.
        self.interrupted = size == 1 && !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = usize::from(size).pow(2).max(1).min(buf.len()).min(self.bytes.len());
        buf[..most].copy_from_slice(&self.bytes[..most]);
        self.bytes = &self.bytes[most..];
        Ok(most)
    }
}

/// A file's content as its parts gave it.
#[derive(Default)]
pub struct Content {
    #[allow(dead_code, reason = "the fuzz target looks at no names")]
    pub path: Vec<u8>,
    pub bytes: Vec<u8>,
    pub ended: bool,
}

/// Walks a layer and checks its parts: they lie in their chunk, touch, do not overlap, have the surroundings that they
/// must have, and repeat what was there before. Gives each file's content, in order, and the summary.
///
/// # Panics
/// If something does not hold.
pub fn walk(bytes: &[u8], sizes: &[u8], overlap: Overlap, limits: &Limits) -> (Vec<Content>, LayerSummary) {
    let mut stream = LayerStream::new(Box::new(Crumbs::new(bytes, sizes)), None, overlap, limits);
    let mut files: Vec<Content> = Vec::new();
    // A file is its metadata's allocation, which is kept so that no other gets the same.
    let mut numbers: HashMap<*const (), (usize, Arc<seaworthy_image::layer::FileMeta>)> = HashMap::new();
    let mut fresh = 0u64;
    let mut buffer = Vec::new();
    while let Some(chunk) = stream.next(std::mem::take(&mut buffer)) {
        fresh += chunk.fresh().len() as u64;
        for part in &chunk.parts {
            let key = Arc::as_ptr(&part.file).cast::<()>();
            let number = numbers.entry(key).or_insert_with(|| {
                let path = part.file.path.as_bytes().to_vec();
                files.push(Content { path, ..Content::default() });
                (files.len() - 1, Arc::clone(&part.file))
            });
            let file = &mut files[number.0];
            let all = &chunk.bytes()[part.bytes.clone()];
            assert!(part.bytes.start <= part.core.start && part.core.start < part.core.end);
            assert!(part.core.end <= part.bytes.end);
            assert!(!file.ended, "a part after the last");
            let offset = usize::try_from(part.offset).unwrap();
            let before = part.core.start - part.bytes.start;
            assert_eq!(offset + before, file.bytes.len(), "parts touch");
            assert!(offset == 0 || before >= overlap.behind, "{before} bytes before");
            assert_eq!(all[..before], file.bytes[offset..], "what was there before is repeated");
            assert!(part.last || part.bytes.end - part.core.end >= overlap.ahead, "too little after");
            file.bytes.extend_from_slice(&chunk.bytes()[part.core.clone()]);
            file.ended = part.last;
        }
        buffer = chunk.into_buffer();
    }
    let summary = stream.finish();
    assert_eq!(summary.unpacked_bytes, fresh);
    for (_, (number, meta)) in numbers {
        let content = &files[number];
        assert!(content.ended, "a file without a last part");
        // What is cut off has been told.
        let whole = meta.size == u64::MAX || content.bytes.len() as u64 == meta.size;
        assert!(whole || !summary.missed.is_empty());
    }
    (files, summary)
}
