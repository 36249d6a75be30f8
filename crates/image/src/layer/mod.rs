//! Layers as streams: unpacked from their compression, hashed, and taken apart into files, a chunk at a time.
//!
//! [`LayerStream::next`] gives chunks in order; a chunk may be examined on any thread. Memory is what the chunks in
//! flight hold, whatever the layer's size.

mod chunk;
mod compression;
pub(crate) mod header;
mod index;
mod listing;
pub(crate) mod remark;
mod stream;
mod walker;

pub(crate) use chunk::FRESH;
pub use chunk::{Chunk, ContentKind, FileMeta, Inside, Overlap, Part};
pub(crate) use compression::decompress_with;
pub use compression::{Compression, decompress};
pub use index::{EntryIndex, hidden_by};
pub use listing::{Captured, Entry, EntryKind, Owner, Wanted};
pub use stream::{LayerStream, LayerSummary};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
