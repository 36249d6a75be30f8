//! Where evidence lives: a directory, or S3. A write appears whole or not at all, nothing that is there is overwritten
//! unasked, and two writers do not lose each other's work.

mod bucket;
mod directory;
mod error;
mod evidence;
mod file;
mod layout;
#[cfg(feature = "aws")]
pub mod s3;

use jiff::Timestamp;
use std::collections::BTreeSet;

use seaworthy_source::Key;

pub use bucket::{BucketOptions, Encryption};
pub use directory::Directory;
pub use error::StoreError;
pub use evidence::Stored;
pub use file::{create_atomically, replace_atomically, spare_inputs, write_atomically};
pub use layout::{Document, Layout, Runs};
#[cfg(feature = "aws")]
pub use s3::S3;

/// The largest object that is read or written, in bytes. Evidence of 25,000 findings has about 40 MB.
pub const MAX_BYTES: u64 = 64 << 20;

/// The most entries of one directory that are listed.
pub const MAX_ENTRIES: usize = 100_000;

/// A place for the documents of runs.
#[derive(Debug)]
pub enum Store {
    /// A directory of this machine.
    Directory(Directory),
    /// A bucket.
    #[cfg(feature = "aws")]
    S3(S3),
}

/// An object as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// When it was last written, if the store says so.
    pub modified: Option<Timestamp>,
    /// The store's name for this version of it, if it keeps versions.
    pub version: Option<String>,
    /// The store's mark of this content (S3: the ETag), to replace this and nothing newer.
    tag: Option<String>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object")
            .field("bytes", &self.bytes.len())
            .field("modified", &self.modified)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a directory of a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Names of directories and objects, decoded once, sorted, each once.
    pub names: Vec<String>,
    /// Those of them that are files or objects, and no directories.
    pub files: BTreeSet<String>,
    /// Whether there are more than [`MAX_ENTRIES`], which were not listed.
    pub more: bool,
}

/// The place of one object in a store, and what can be done with it.
trait Slot: Sized {
    /// Held while an object is replaced, where the store has locks.
    type Lock;

    /// Its name for people.
    fn place(&self) -> String;

    /// Keeps other writers of ours away, where the store can.
    fn lock(&self) -> Result<Self::Lock, StoreError>;

    /// Reads it; none if it is not there.
    fn get(&self) -> Result<Option<Object>, StoreError>;

    /// Writes it if nothing is there; the version, or none if something is.
    fn create(&self, bytes: &[u8]) -> Result<Option<Written>, StoreError>;

    /// Puts `bytes` in the place of `old`; none if something else is there by now.
    fn swap(&self, old: &Object, bytes: &[u8]) -> Result<Option<Written>, StoreError>;

    /// The place where what it holds is kept when it is replaced for the `n`th time.
    fn kept(&self, n: u32) -> Result<Self, StoreError>;
}

/// A write that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Written {
    version: Option<String>,
}

impl Store {
    /// Opens a bucket. Nothing is asked of it yet.
    ///
    /// # Errors
    /// If the client cannot be set up, or this build has none.
    pub fn bucket(options: BucketOptions) -> Result<Self, StoreError> {
        #[cfg(feature = "aws")]
        return Ok(Self::S3(S3::open(options)?));
        #[cfg(not(feature = "aws"))]
        return Err(StoreError::NoClient { place: format!("s3://{}", options.bucket) });
    }

    /// The number of requests that were sent, if the store counts them.
    pub fn requests(&self) -> Option<u64> {
        match self {
            Self::Directory(_) => None,
            #[cfg(feature = "aws")]
            Self::S3(s3) => Some(s3.requests()),
        }
    }

    /// Its directory, if it is one of this machine.
    pub fn directory(&self) -> Option<&Directory> {
        match self {
            Self::Directory(directory) => Some(directory),
            #[cfg(feature = "aws")]
            Self::S3(_) => None,
        }
    }

    /// Reads an object of at most [`MAX_BYTES`]; none if it is not there.
    ///
    /// # Errors
    /// If the store refuses, does not answer, or holds something else there.
    pub fn get(&self, key: &Key) -> Result<Option<Object>, StoreError> {
        match self {
            Self::Directory(directory) => directory.slot(key)?.get(),
            #[cfg(feature = "aws")]
            Self::S3(s3) => s3.slot(key).get(),
        }
    }

    /// Stores evidence. The same evidence again (but for time and actor) leaves the first as it is. Evidence of the
    /// same run, images and verdict that says something else takes its place; any other only with `replace`. What is
    /// replaced is kept under another name.
    ///
    /// # Errors
    /// If something else is there, or the store refuses. What was there is whole then.
    pub fn put_evidence(&self, key: &Key, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
        match self {
            Self::Directory(directory) => evidence::put(&directory.slot(key)?, bytes, replace),
            #[cfg(feature = "aws")]
            Self::S3(s3) => evidence::put(&s3.slot(key), bytes, replace),
        }
    }

    /// What a directory holds; `directory` is empty or ends with a slash. A directory that does not exist holds
    /// nothing.
    ///
    /// # Errors
    /// If the store refuses or does not answer.
    pub fn entries(&self, directory: &str) -> Result<Entries, StoreError> {
        match self {
            Self::Directory(store) => store.entries(directory),
            #[cfg(feature = "aws")]
            Self::S3(s3) => s3.entries(directory),
        }
    }

    /// An object's place for people: a path or an `s3://` URL.
    pub fn place(&self, key: &Key) -> String {
        match self {
            Self::Directory(directory) => directory.path(key).display().to_string(),
            #[cfg(feature = "aws")]
            Self::S3(s3) => s3.slot(key).place(),
        }
    }
}
