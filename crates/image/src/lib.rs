//! Container images as the OCI image specification and Docker's archives describe them.
//!
//! A [`Source`] (archive, layout, registry, daemon) is asked for its [`Images`]; every document is read within limits
//! and hashed, and what cannot be had is written down as [`Missed`], what differs from its digest as [`Mismatch`].
//! Layers are then walked as streams by [`layer::LayerStream`]; nothing is unpacked.
//!
//! ```
//! use seaworthy_image::Limits;
//! use seaworthy_image::layer::{ContentKind, LayerStream, Overlap};
//!
//! let mut tar = tar::Builder::new(Vec::new());
//! let mut header = tar::Header::new_gnu();
//! header.set_size(5);
//! tar.append_data(&mut header, "srv/motd", &b"hello"[..])?;
//! let bytes = tar.into_inner()?;
//!
//! let overlap = Overlap { behind: 0, ahead: 0 };
//! let mut layer = LayerStream::new(Box::new(bytes.as_slice()), None, overlap, &Limits::default());
//! let mut found = Vec::new();
//! while let Some(chunk) = layer.next(Vec::new()) {
//!     for part in chunk.parts.iter().filter(|part| part.file.kind == ContentKind::File) {
//!         found.push((part.file.path.display(), chunk.bytes()[part.core.clone()].to_vec()));
//!     }
//! }
//! assert_eq!(found, [("srv/motd".to_owned(), b"hello".to_vec())]);
//! assert!(layer.finish().missed.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

pub mod archive;
mod beside;
mod bundle;
#[cfg(feature = "registry")]
pub mod daemon;
mod digest;
mod document;
pub mod layer;
pub mod layout;
mod limits;
mod manifest;
mod member;
pub mod nested;
mod outer;
mod reference;
#[cfg(feature = "registry")]
pub mod registry;
mod remote;
mod resolve;
pub mod stream;
mod tree;
#[cfg(not(feature = "registry"))]
mod without_registry;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use seaworthy_source::Origin;

pub use beside::MembersAsTar;
pub use digest::{Digest, Hasher, HashingReader};
pub use document::Document;
pub use limits::Limits;
pub use manifest::{Descriptor, HistoryEntry};
pub use reference::{Reference, ReferenceError};
pub use resolve::{Fetch, FetchError, Root, resolve};
pub use tree::{Nowhere, Tree, TreeNode};
#[cfg(not(feature = "registry"))]
pub use without_registry::{daemon, registry};

/// Why an image could not be examined at all.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file or directory cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// What was given is not an image of the kind that was asked for.
    #[error("{name}: {reason}")]
    NotAnImage {
        /// The reference.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The registry or the daemon could not be asked.
    #[error("{name}: {reason}")]
    Remote {
        /// The reference.
        name: String,
        /// Why not.
        reason: String,
    },
}

/// Where images come from.
pub trait Source: Send + Sync {
    /// Reads all manifests, configs and attestations, hashing each.
    ///
    /// # Errors
    /// If there is no image to be had; what is wrong with a part of one is in the answer.
    fn images(&self, limits: &Limits) -> Result<Images, ImageError>;

    /// Opens a layer's bytes as they are stored, compressed or not.
    ///
    /// # Errors
    /// If they cannot be had; the layer is then not checked.
    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, FetchError>;

    /// For a source that can be read only once and in order: that reading, to be done before [`Source::images`].
    fn stream(&self) -> Option<&dyn StreamSource> {
        None
    }
}

/// A source whose members come once, in an order of their own, such as a compressed archive or a daemon's answer.
pub trait StreamSource: Send + Sync {
    /// Reads all members. Documents are kept by the source; anything that may be a layer is handed to `layer` with its
    /// name, to be read to its end.
    ///
    /// # Errors
    /// If the stream cannot be read; what came before the fault was handed over.
    fn read(&self, limits: &Limits, layer: &mut dyn FnMut(&str, &mut dyn Read)) -> Result<(), ImageError>;
}

/// All images behind one reference, with what is wrong with their documents.
#[derive(Debug, Default)]
pub struct Images {
    /// One for each platform and each tagged image.
    pub images: Vec<Image>,
    /// Documents whose bytes differ from their digest.
    pub mismatches: Vec<Mismatch>,
    /// What could not be had.
    pub missed: Vec<Missed>,
    /// Members of an archive or a layout that no manifest reaches, to be examined as files ([`MembersAsTar`]). Those that
    /// a stream handed on as layers are not among them.
    pub unreached: Vec<Blob>,
    /// Names of members that are layers of images that were not asked for.
    pub not_requested: Vec<String>,
}

/// One image of one platform.
#[derive(Debug)]
pub struct Image {
    /// The reference as the user gave it.
    pub name: String,
    /// Names that the source has for it, such as repository tags.
    pub tags: Vec<String>,
    /// `os/architecture[/variant]`, from the config.
    pub platform: Option<String>,
    /// The manifest; a classic docker archive has none.
    pub manifest: Option<Document>,
    /// Indexes that led to it, shared by all their images.
    pub indexes: Vec<Arc<Document>>,
    /// The image config.
    pub config: Document,
    /// The config's history, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Layers, base first.
    pub layers: Vec<Layer>,
    /// Attestations and other referrers.
    pub attestations: Vec<Attestation>,
}

/// One layer of an image.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Place in the image, from 0 (the base).
    pub index: usize,
    /// Its bytes.
    pub blob: Blob,
    /// The media type that the manifest gives.
    pub media_type: Option<String>,
    /// The digest of its uncompressed tar, as the config's `rootfs.diff_ids` gives it.
    pub diff_id: Option<Digest>,
    /// Index of the history entry that made it, if the config's history accounts for all layers.
    pub history: Option<usize>,
}

impl Layer {
    /// Its name in reports: the diff ID, else the blob's digest, else its place in the archive.
    pub fn label(&self) -> String {
        let digest = self.diff_id.as_ref().or(self.blob.digest.as_ref());
        digest.map_or_else(|| self.blob.key.clone(), ToString::to_string)
    }
}

/// Bytes that a source can open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Blob {
    /// The source's own name for it: a digest, or a member of an archive.
    pub key: String,
    /// Its digest, where the manifest gives one.
    pub digest: Option<Digest>,
    /// Its size in bytes, where the manifest gives one.
    pub size: Option<u64>,
}

/// A document that speaks of an image: an in-toto statement in an attestation manifest, or another referrer.
#[derive(Debug)]
pub struct Attestation {
    /// The document.
    pub document: Document,
    /// What it says it is: a predicate type, artifact type or media type.
    pub kind: String,
}

/// Bytes that are not what their digest or size says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mismatch {
    /// Where.
    pub origin: Origin,
    /// What differs, such as `manifest digest`.
    pub what: String,
    /// The digest or size that was promised.
    pub expected: String,
    /// The digest or size that was found.
    pub actual: String,
}

/// Something that should have been read and could not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missed {
    /// Where.
    pub origin: Origin,
    /// What.
    pub what: String,
    /// Why.
    pub reason: String,
}
