//! One entry of the context, and the order in which entries stand.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// An entry that is not ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFile {
    /// Path relative to the root, any bytes but NUL, no leading `./`.
    pub path: Box<Path>,
    /// What it is. Links are never followed.
    pub kind: FileKind,
    /// Length in bytes of a regular file or of a link's target; 0 for all else.
    pub size: u64,
    /// Permission and mode bits as `lstat` gives them.
    pub mode: u32,
    /// Whether the builder gets its content.
    pub sent: Sent,
}

impl ContextFile {
    /// The path's bytes, separated by `/`.
    pub fn bytes(&self) -> &[u8] {
        self.path.as_os_str().as_bytes()
    }
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link with its target as written; the target need not exist nor lie inside the context.
    Symlink(Box<Path>),
    /// Anything else; it has no content to read.
    Special(SpecialKind),
}

/// The kinds of entry without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialKind {
    /// A Unix socket. Builders leave it out.
    Socket,
    /// A named pipe.
    Fifo,
    /// A block or character device.
    Device,
    /// A kind that this system did not name.
    Unknown,
}

/// Whether a builder gets the content of an entry that it lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Name and content.
    Content,
    /// BuildKit only: an exception re-includes it and a later pattern excludes a parent again, so BuildKit lists
    /// it and then refuses to open it. The image gets a 0-byte file of that name.
    NameOnly,
    /// Classic builder only: in the same case 23.0 and later send it, 20.10 does not.
    VersionDependent,
}

/// A place below the root that could not be read, and so was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Path relative to the root.
    pub path: Box<Path>,
    /// What the system said.
    pub reason: String,
}

/// A path from its bytes.
pub(super) fn boxed_path(bytes: &[u8]) -> Box<Path> {
    Path::new(OsStr::from_bytes(bytes)).into()
}

/// Orders paths component by component, so that a directory's content follows it without a gap.
pub(super) fn path_order(a: &[u8], b: &[u8]) -> Ordering {
    match a.iter().zip(b).position(|(x, y)| x != y) {
        // No name holds a NUL, so a separator may stand for the lowest byte.
        Some(at) => rank(a[at]).cmp(&rank(b[at])),
        None => a.len().cmp(&b.len()),
    }
}

fn rank(byte: u8) -> u8 {
    if byte == b'/' { 0 } else { byte }
}

/// What of `path` lies below the directory `dir`; the root is empty.
pub(super) fn strip_dir<'p>(path: &'p [u8], dir: &[u8]) -> Option<&'p [u8]> {
    if dir.is_empty() { Some(path) } else { path.strip_prefix(dir)?.strip_prefix(b"/") }
}

/// Puts a name below a directory; the root is empty.
pub(super) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(dir.len() + 1 + name.len());
    path.extend_from_slice(dir);
    if !dir.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
