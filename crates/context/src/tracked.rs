//! Whether git tracks a file of the context: what is committed is with everybody who has the repository.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gix_index::File;
use seaworthy_source::input::{self, InputError};

/// The index of the git repository that a directory lies in.
pub struct GitIndex {
    /// Nothing when the repository has no index yet.
    index: Option<File>,
    /// The directory's path in the work tree, with a `/` at its end unless it is the root.
    prefix: Vec<u8>,
}

/// The repository's index cannot be read. The text names no content.
#[derive(Debug, thiserror::Error)]
#[error("git's index cannot be read: {0}")]
pub struct GitError(String);

impl GitIndex {
    /// The index of the repository around `root`; nothing if there is no repository.
    ///
    /// # Errors
    /// If there is one and its index cannot be read.
    pub fn discover(root: &Path) -> Result<Option<Self>, GitError> {
        let fail = |e: &dyn std::fmt::Display| GitError(e.to_string());
        let root = fs::canonicalize(root).map_err(|e| fail(&e))?;
        if !root.ancestors().any(|dir| fs::symlink_metadata(dir.join(".git")).is_ok()) {
            return Ok(None);
        }
        let (found, _) = gix_discover::upwards(&root).map_err(|e| fail(&e))?;
        let (git, Some(tree)) = found.into_repository_and_work_tree_directories() else { return Ok(None) };
        let tree = fs::canonicalize(tree).map_err(|e| fail(&e))?;
        let Ok(inside) = root.strip_prefix(&tree) else { return Ok(None) };
        let mut prefix = inside.as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let path = git.join("index");
        match input::open(&path) {
            Ok(_) => {}
            Err(InputError::Missing) => return Ok(Some(Self { index: None, prefix })),
            Err(error) => return Err(fail(&error)),
        }
        let options = gix_index::decode::Options::default();
        let index = File::at(path, gix_index::hash::Kind::Sha1, true, options).map_err(|e| fail(&e))?;
        Ok(Some(Self { index: Some(index), prefix }))
    }

    /// Whether git tracks the file at `path`, relative to the directory. In a conflict, any side counts.
    pub fn tracks(&self, path: &[u8]) -> bool {
        let whole = [&self.prefix, path].concat();
        let Some(index) = &self.index else { return false };
        let path = whole.as_slice().into();
        index.entry_by_path(path).is_some() || index.entry_range(path).is_some()
    }
}
