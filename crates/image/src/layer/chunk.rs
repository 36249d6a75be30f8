//! The unit of work: a stretch of a layer's tar with the parts of files in it.

use std::ops::Range;
use std::sync::Arc;

use seaworthy_source::LayerPath;

/// Fresh bytes in a chunk: large enough that the overlap costs little, small enough to stay in a core's cache while it
/// is hashed and scanned.
pub(crate) const FRESH: usize = 1 << 20;

/// How much of a file on both sides of a part its examiner must see.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overlap {
    /// Bytes before.
    pub behind: usize,
    /// Bytes after.
    pub ahead: usize,
}

/// What a part's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// A file's content.
    File,
    /// A tar header: owner, and what is hidden behind its names.
    Header,
    /// An entry's name or link target, in its header.
    Name,
    /// Records of an extended header, such as PAX attributes.
    Extension,
    /// Bytes after the end of the tar.
    Tail,
    /// The rest of a layer whose tar is damaged, or that is none.
    Raw,
}

/// One file of a layer, or one inside it.
#[derive(Debug)]
pub struct FileMeta {
    /// Its cleaned path.
    pub path: LayerPath,
    /// Which entry of the tar it is, from 0.
    pub ordinal: u64,
    /// Its size in the tar, in bytes; for a sparse file, what is stored of it.
    pub size: u64,
    /// What its bytes are.
    pub kind: ContentKind,
    /// Where it lies in that file, if it is one inside it; `path` is then the outermost file's.
    pub inside: Option<Inside>,
}

impl FileMeta {
    /// The path that tells what kind of file it is: that of the innermost file.
    pub fn name(&self) -> &[u8] {
        self.inside.as_ref().map_or(self.path.as_bytes(), |i| i.name.as_bytes())
    }

    /// The way to it from the outermost file, such as `!/lib/inner.jar!/inner.properties`; empty if it is that file.
    pub fn inside(&self) -> &str {
        self.inside.as_ref().map_or("", |i| i.shown.as_str())
    }
}

/// The place of a file inside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The way from the outermost file, printable: `!/` before a member of an archive, ` → ` before an encoding.
    pub shown: String,
    /// Its path in the innermost archive, or what a compressed file's name is without its ending.
    pub name: LayerPath,
    /// How many files lie around it.
    pub depth: usize,
    /// Whether it came out of a compressed file and not out of an archive.
    pub compressed: bool,
}

/// A part of a file in a chunk.
#[derive(Debug)]
pub struct Part {
    /// The file.
    pub file: Arc<FileMeta>,
    /// Its bytes in the chunk, the overlap included.
    pub bytes: Range<usize>,
    /// The part proper, in the chunk; the parts of a file touch and do not overlap.
    pub core: Range<usize>,
    /// Offset in the file of the first of `bytes`.
    pub offset: u64,
    /// Whether it is the file's last part.
    pub last: bool,
}

/// A stretch of a layer's tar.
#[derive(Debug)]
pub struct Chunk {
    pub(super) buffer: Vec<u8>,
    pub(super) fresh: Range<usize>,
    /// The parts of files in it.
    pub parts: Vec<Part>,
}

impl Chunk {
    /// A chunk of bytes that come from elsewhere than a layer: all of them are fresh.
    pub fn new(buffer: Vec<u8>, parts: Vec<Part>) -> Self {
        Self { fresh: 0..buffer.len(), buffer, parts }
    }

    /// All bytes, those repeated from the chunk before included.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.fresh.end]
    }

    /// The bytes that no chunk before had: what is to be hashed.
    pub fn fresh(&self) -> &[u8] {
        &self.buffer[self.fresh.clone()]
    }

    /// Gives the buffer back for the next chunk.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}
