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
    /// How far what it tracks may have come.
    reach: GitReach,
}

/// How far the files that git tracks may have come, by the repository's references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitReach {
    /// Nothing is committed yet: they are staged.
    Staged,
    /// There are commits, and no reference of another repository: nothing was pushed from here or fetched.
    Local,
    /// There are references of another repository.
    Shared,
}

/// Bytes of a file of references that are read.
const MAX_REFERENCES: u64 = 16 << 20;

impl GitReach {
    /// By the references of the repository at `git`; what cannot be read counts as shared.
    fn of(git: &Path) -> Self {
        let text = |path: &Path| String::from_utf8(input::read_file(path, MAX_REFERENCES).ok()?).ok();
        // A further work tree keeps its references with the first.
        let common = text(&git.join("commondir")).map_or_else(|| git.to_owned(), |to| git.join(to.trim()));
        let packed = match input::read_file(&common.join("packed-refs"), MAX_REFERENCES) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(InputError::Missing) => String::new(),
            Err(_) => return Self::Shared,
        };
        let has_loose = |directory: &str| has_file(&common.join(directory), MAX_DEPTH);
        match (packed.contains(" refs/remotes/"), packed.contains(" refs/heads/")) {
            (true, _) => Self::Shared,
            _ if has_loose("refs/remotes") => Self::Shared,
            (_, true) => Self::Local,
            _ if has_loose("refs/heads") => Self::Local,
            // A commit without a branch.
            _ if text(&git.join("HEAD")).is_some_and(|head| !head.starts_with("ref: ")) => Self::Shared,
            _ => Self::Staged,
        }
    }
}

/// Directories of a reference's name that are looked into.
const MAX_DEPTH: usize = 8;

/// Whether a directory holds a file, itself or in one of its directories.
fn has_file(directory: &Path, depth: usize) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => depth > 0 && has_file(&entry.path(), depth - 1),
        Ok(kind) => kind.is_file(),
        Err(_) => false,
    })
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
            Err(InputError::Missing) => {
                return Ok(Some(Self { index: None, prefix, reach: GitReach::Staged }));
            }
            Err(error) => return Err(fail(&error)),
        }
        let options = gix_index::decode::Options::default();
        let index = File::at(path, gix_index::hash::Kind::Sha1, true, options).map_err(|e| fail(&e))?;
        Ok(Some(Self { index: Some(index), prefix, reach: GitReach::of(&git) }))
    }

    /// How far what it tracks may have come.
    pub fn reach(&self) -> GitReach {
        self.reach
    }

    /// Whether git tracks the file at `path`, relative to the directory. In a conflict, any side counts.
    pub fn tracks(&self, path: &[u8]) -> bool {
        let whole = [&self.prefix, path].concat();
        let Some(index) = &self.index else { return false };
        let path = whole.as_slice().into();
        index.entry_by_path(path).is_some() || index.entry_range(path).is_some()
    }
}
