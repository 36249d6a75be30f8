//! Evidence in a directory. Keys are paths below it; nothing on the way there may be a symbolic link.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::file::{FileSlot, metadata_at, parent, read_error, sync};
use super::{Entries, MAX_ENTRIES, StoreError, Stored, evidence};
use seaworthy_source::{Key, decode_key};

/// A directory of this machine. The directory itself may be a link: anyone who named it chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// The store in `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Stores evidence at a path of the user's choice, as [`super::Store::put_evidence`] does.
    ///
    /// # Errors
    /// If something else is there, or the disk refuses.
    pub fn put_evidence_at(path: &Path, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
        let fail = |source| StoreError::Write { place: path.display().to_string(), source };
        fs::create_dir_all(parent(path)).map_err(fail)?;
        evidence::put(&FileSlot::new(path.to_owned()), bytes, replace)
    }

    /// The path of an object.
    pub(super) fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// The slot of an object, its directories looked at and not made.
    pub(super) fn slot(&self, key: &Key) -> Result<DirectorySlot, StoreError> {
        let directory = key.as_str().rsplit_once('/').map_or("", |(directory, _)| directory);
        self.walk(directory)?;
        Ok(DirectorySlot {
            root: self.root.clone(),
            directory: directory.to_owned(),
            file: FileSlot::new(self.path(key)),
        })
    }

    /// Looks at each directory below the root: whether all of them are there.
    fn walk(&self, directory: &str) -> Result<bool, StoreError> {
        let mut path = self.root.clone();
        for part in directory.split('/').filter(|p| !p.is_empty()) {
            path.push(part);
            match metadata_at(&path)? {
                None => return Ok(false),
                Some(meta) if meta.is_dir() => {}
                Some(_) => {
                    let source = io::Error::from(ErrorKind::NotADirectory);
                    return Err(StoreError::Read { place: path.display().to_string(), source });
                }
            }
        }
        Ok(true)
    }

    /// The names in a directory; unfinished and other hidden files are left out.
    pub(super) fn entries(&self, directory: &str) -> Result<Entries, StoreError> {
        let path = self.root.join(directory);
        if !self.walk(directory)? {
            return Ok(Entries::default());
        }
        let found = match fs::read_dir(&path) {
            Ok(found) => found,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Entries::default()),
            Err(e) => return Err(read_error(&path, e)),
        };
        let mut entries = Entries::default();
        for entry in found {
            let entry = entry.map_err(|e| read_error(&path, e))?;
            let is_file = entry.file_type().is_ok_and(|t| t.is_file());
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            if entries.names.len() == MAX_ENTRIES {
                entries.more = true;
                break;
            }
            let name = decode_key(&name).unwrap_or_else(|| name.into_owned());
            if is_file {
                entries.files.insert(name.clone());
            }
            entries.names.push(name);
        }
        entries.names.sort_unstable();
        entries.names.dedup();
        Ok(entries)
    }
}

/// The place of one object below a root.
pub(super) struct DirectorySlot {
    root: PathBuf,
    directory: String,
    file: FileSlot,
}

impl DirectorySlot {
    /// Makes the directories one by one, so that none is made behind a link, and makes their names last.
    fn make_directories(&self) -> Result<(), StoreError> {
        let fail = |path: &Path, source| StoreError::Write { place: path.display().to_string(), source };
        fs::create_dir_all(&self.root).map_err(|e| fail(&self.root, e))?;
        let mut path = self.root.clone();
        for part in self.directory.split('/').filter(|p| !p.is_empty()) {
            path.push(part);
            if metadata_at(&path)?.is_none() {
                match fs::create_dir(&path) {
                    Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(fail(&path, e)),
                    // Another writer may have made it, or a link.
                    Err(_) => {
                        metadata_at(&path)?;
                    }
                    Ok(()) => sync(parent(&path)).map_err(|e| fail(&path, e))?,
                }
            }
        }
        Ok(())
    }
}

impl super::Slot for DirectorySlot {
    type Lock = <FileSlot as super::Slot>::Lock;

    fn place(&self) -> String {
        self.file.place()
    }

    fn lock(&self) -> Result<Self::Lock, StoreError> {
        self.make_directories()?;
        self.file.lock()
    }

    fn get(&self) -> Result<Option<super::Object>, StoreError> {
        self.file.get()
    }

    fn create(&self, bytes: &[u8]) -> Result<Option<super::Written>, StoreError> {
        self.file.create(bytes)
    }

    fn swap(&self, old: &super::Object, bytes: &[u8]) -> Result<Option<super::Written>, StoreError> {
        self.file.swap(old, bytes)
    }

    fn kept(&self, n: u32) -> Result<Self, StoreError> {
        Ok(Self { root: self.root.clone(), directory: self.directory.clone(), file: self.file.kept(n)? })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::Store;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    fn evidence(verdict: &str, more: &str) -> Vec<u8> {
        format!(
            r#"{{"schema":"seaworthy/evidence/v1","platform_run_id":"r","phase_id":"p","verdict":"{verdict}","x":"{more}"}}"#
        )
        .into_bytes()
    }

    #[test]
    fn links_are_not_followed_out_of_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let (root, outside) = (directory.path().join("root"), directory.path().join("outside"));
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(root.join("runs")).unwrap();
        symlink(&outside, root.join("runs/r")).unwrap();
        let store = Store::Directory(Directory::new(&root));
        let put = |k: &str| store.put_evidence(&key(k), &evidence("PASS", ""), true);
        assert!(matches!(put("runs/r/p/e.json"), Err(StoreError::Link { .. })));
        assert!(matches!(store.get(&key("runs/r/e.json")), Err(StoreError::Link { .. })));
        assert!(matches!(store.entries("runs/r/"), Err(StoreError::Link { .. })));
        // A link in the object's own place, to evidence or to nothing.
        fs::write(outside.join("e.json"), evidence("FAIL", "")).unwrap();
        symlink(outside.join("e.json"), root.join("runs/e.json")).unwrap();
        symlink(outside.join("none"), root.join("runs/d.json")).unwrap();
        assert!(matches!(put("runs/e.json"), Err(StoreError::Link { .. })));
        assert!(matches!(put("runs/d.json"), Err(StoreError::Link { .. })));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(fs::read(outside.join("e.json")).unwrap(), evidence("FAIL", ""));
    }

    #[test]
    fn a_directory_in_an_objects_place_is_told() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("e.json")).unwrap();
        fs::write(directory.path().join("file"), "x").unwrap();
        let store = Store::Directory(Directory::new(directory.path()));
        assert!(matches!(store.get(&key("e.json")), Err(StoreError::NotAFile { .. })));
        assert!(matches!(store.get(&key("file/e.json")), Err(StoreError::Read { .. })));
        assert!(store.put_evidence(&key("file/e.json"), &evidence("PASS", ""), true).is_err());
        assert_eq!(store.get(&key("no/e.json")).unwrap(), None);
        assert!(!directory.path().join("no").exists());
    }

    #[test]
    fn entries_are_decoded_once_and_sorted() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b", "P%28-1%29", "a", ".hidden", "%zz"] {
            fs::create_dir_all(directory.path().join("runs").join(name)).unwrap();
        }
        let store = Store::Directory(Directory::new(directory.path()));
        assert_eq!(store.entries("runs/").unwrap().names, ["%zz", "P(-1)", "a", "b"]);
        assert_eq!(store.entries("none/").unwrap(), Entries::default());
        assert_eq!(Store::Directory(Directory::new("/no/such")).entries("").unwrap(), Entries::default());
    }

    #[test]
    fn eight_writers_lose_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::Directory(Directory::new(directory.path()));
        let target = key("runs/r/p/e.json");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (store, target) = (&store, &target);
                scope.spawn(move || {
                    store.put_evidence(target, &evidence("FAIL", &writer.to_string()), false).unwrap()
                });
            }
        });
        // The last one stands, and the seven before it are kept.
        let names = store.entries("runs/r/p/").unwrap().names;
        assert_eq!(names.len(), 8, "{names:?}");
        let mut all: Vec<Vec<u8>> =
            names.iter().map(|n| fs::read(directory.path().join("runs/r/p").join(n)).unwrap()).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
