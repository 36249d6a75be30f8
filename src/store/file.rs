//! One file: written whole or not at all, also after a crash, and never through a symbolic link.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use seaworthy_source::input;
use tempfile::NamedTempFile;

use super::{MAX_BYTES, Object, Slot, StoreError, Written};

/// What the names of unfinished evidence begin with. A crash leaves one behind; the next writer sweeps it away.
const UNFINISHED: &str = ".seaworthy-evidence-";

/// How long to wait for another writer of the same directory.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Writes a file so that it is there whole or not at all, also after a crash: into a temporary file beside it, synced,
/// then renamed. Missing directories are made.
///
/// # Errors
/// If the disk refuses, or the file was an input of this run; nothing that was there is lost then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    spare_inputs(path)?;
    replace_atomically(path, bytes)
}

/// The same for a file that this run has read and changes, such as a contract.
///
/// # Errors
/// If the disk refuses; nothing that was there is lost then.
pub fn replace_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let fail = |source| StoreError::Write { place: path.display().to_string(), source };
    let directory = parent(path);
    fs::create_dir_all(directory).map_err(fail)?;
    // A device or pipe, such as /dev/stderr, cannot be renamed over.
    if fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        let mut file = fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
        return file.write_all(bytes).map_err(fail);
    }
    if path.is_dir() {
        return Err(fail(io::Error::from(ErrorKind::IsADirectory)));
    }
    let file = unfinished(directory, ".seaworthy-", bytes).map_err(fail)?;
    file.persist(path).map_err(|e| fail(e.error))?;
    sync(directory).map_err(fail)
}

/// Refuses to write over what this run has read: it would be lost, and what was said of it would be of nothing. A
/// report of an earlier run that lies in the build context may be renewed.
///
/// # Errors
/// If the file was an input.
pub fn spare_inputs(path: &Path) -> Result<(), StoreError> {
    if !input::was_opened(path) || is_report(path) {
        return Ok(());
    }
    Err(StoreError::Input { place: path.display().to_string() })
}

/// Whether a file is a JSON or SARIF report that seaworthy wrote; other formats do not say who wrote them.
fn is_report(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64 << 10).read_to_end(&mut head));
    let head: String = String::from_utf8_lossy(&head).chars().filter(|c| !c.is_whitespace()).collect();
    let begins = |marks: &[&str]| marks.iter().any(|mark| head.contains(mark));
    read.is_ok()
        && head.starts_with('{')
        && begins(&["\"schema\":\"seaworthy/", "\"name\":\"seaworthy\""])
        // A saved snapshot is what somebody wants to keep, and evidence is a run's document.
        && !begins(&["\"schema\":\"seaworthy/snapshot/", "\"schema\":\"seaworthy/evidence/"])
}

/// Writes a file as [`write_atomically`] does, if nothing is there; whether it was written.
///
/// # Errors
/// If the disk refuses.
pub fn create_atomically(path: &Path, bytes: &[u8]) -> Result<bool, StoreError> {
    let fail = |source| StoreError::Write { place: path.display().to_string(), source };
    let file = unfinished(parent(path), ".seaworthy-", bytes).map_err(fail)?;
    match file.persist_noclobber(path) {
        Ok(_) => sync(parent(path)).map(|()| true).map_err(fail),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(fail(e.error)),
    }
}

/// The directory that a path lies in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file with all of `bytes` on the disk; it is removed unless it gets a name.
fn unfinished(directory: &Path, prefix: &str, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes names in a directory survive a crash.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    let denied = |e: &io::Error| e.kind() == ErrorKind::PermissionDenied;
    let directory = match File::open(directory) {
        // One may write into a directory that one may not read.
        Err(e) if denied(&e) => return Ok(()),
        other => other?,
    };
    match directory.sync_all() {
        // Some file systems do not sync directories; their names are as safe as they get.
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}

/// What is at a path, links not followed; none if nothing is.
pub(super) fn metadata_at(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => Err(StoreError::Link { place: path.display().to_string() }),
        Ok(meta) => Ok(Some(meta)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(read_error(path, source)),
    }
}

pub(super) fn read_error(path: &Path, source: io::Error) -> StoreError {
    let place = path.display().to_string();
    match source.kind() {
        ErrorKind::PermissionDenied => {
            StoreError::Denied { place, code: source.to_string(), permission: "read permission" }
        }
        _ => StoreError::Read { place, source },
    }
}

/// The place of one file, in a directory that exists.
pub(super) struct FileSlot {
    path: PathBuf,
}

impl FileSlot {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn failed(&self, source: io::Error) -> StoreError {
        StoreError::Write { place: self.place(), source }
    }

    fn unfinished(&self, bytes: &[u8]) -> Result<NamedTempFile, StoreError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(StoreError::TooLarge { place: self.place(), limit: MAX_BYTES });
        }
        unfinished(parent(&self.path), UNFINISHED, bytes).map_err(|e| self.failed(e))
    }

    fn done(&self) -> Result<Option<Written>, StoreError> {
        sync(parent(&self.path)).map_err(|e| self.failed(e))?;
        Ok(Some(Written::default()))
    }
}

impl Slot for FileSlot {
    type Lock = Option<File>;

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The lock is the directory's, goes with the process and leaves no file behind. Unfinished files that are there
    /// once it is had are no one's.
    fn lock(&self) -> Result<Self::Lock, StoreError> {
        let directory = parent(&self.path);
        // A directory that was never made holds nothing to be kept from others.
        let Some(meta) = look_through(directory)? else { return Ok(None) };
        if !meta.is_dir() {
            return Err(self.failed(io::Error::from(ErrorKind::NotADirectory)));
        }
        let lock = File::open(directory).map_err(|e| read_error(directory, e))?;
        let start = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_TIMEOUT => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy { place: self.place() }),
                // Where there are no locks, nothing is overwritten either: names are taken exclusively.
                Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(self.failed(e)),
            }
        }
        let left = fs::read_dir(directory).map_err(|e| read_error(directory, e))?;
        for entry in left.filter_map(Result::ok) {
            if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Some(lock))
    }

    fn get(&self) -> Result<Option<Object>, StoreError> {
        let Some(meta) = metadata_at(&self.path)? else { return Ok(None) };
        if !meta.is_file() {
            return Err(StoreError::NotAFile { place: self.place() });
        }
        let read_error = |e| read_error(&self.path, e);
        let file = File::open(&self.path).map_err(read_error)?;
        let opened = file.metadata().map_err(read_error)?;
        // A link that was put there between the two looks.
        if (opened.dev(), opened.ino()) != (meta.dev(), meta.ino()) {
            return Err(StoreError::Busy { place: self.place() });
        }
        input::record(&opened);
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(StoreError::TooLarge { place: self.place(), limit: MAX_BYTES });
        }
        let modified = opened.modified().ok().and_then(|t| Timestamp::try_from(t).ok());
        Ok(Some(Object { bytes, modified, version: None, tag: None }))
    }

    fn create(&self, bytes: &[u8]) -> Result<Option<Written>, StoreError> {
        match self.unfinished(bytes)?.persist_noclobber(&self.path) {
            Ok(_) => self.done(),
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(e) => Err(self.failed(e.error)),
        }
    }

    fn swap(&self, old: &Object, bytes: &[u8]) -> Result<Option<Written>, StoreError> {
        let file = self.unfinished(bytes)?;
        if self.get()?.is_none_or(|there| there.bytes != old.bytes) {
            return Ok(None);
        }
        file.persist(&self.path).map_err(|e| self.failed(e.error))?;
        self.done()
    }

    fn kept(&self, n: u32) -> Result<Self, StoreError> {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self { path: self.path.with_file_name(format!("{stem}.replaced-{n}.json")) })
    }
}

/// As [`metadata_at`], but the directory itself may be a link: anyone who named it chose it.
fn look_through(directory: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::metadata(directory) {
        Ok(meta) => Ok(Some(meta)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(read_error(directory, source)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "x").unwrap();
        assert!(write_atomically(&directory.path().join("file/below"), b"x").is_err());
        assert!(write_atomically(directory.path(), b"x").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_is_taken_once() {
        let directory = tempfile::tempdir().unwrap();
        let slot = FileSlot::new(directory.path().join("a.json"));
        assert!(slot.create(b"one").unwrap().is_some());
        assert!(slot.create(b"two").unwrap().is_none());
        let old = slot.get().unwrap().unwrap();
        assert_eq!(old.bytes, b"one");
        assert!(old.modified.is_some());
        assert!(slot.swap(&old, b"three").unwrap().is_some());
        assert!(slot.swap(&old, b"four").unwrap().is_none());
        assert_eq!(fs::read(directory.path().join("a.json")).unwrap(), b"three");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_left_is_swept_away() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(format!("{UNFINISHED}abc")), "half").unwrap();
        fs::write(directory.path().join(".seaworthy-xyz"), "another's").unwrap();
        let slot = FileSlot::new(directory.path().join("a.json"));
        drop(slot.lock().unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_writer_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let slot = FileSlot::new(directory.path().join("a.json"));
        let lock = slot.lock().unwrap().unwrap();
        assert!(File::open(directory.path()).unwrap().try_lock().is_err());
        drop(lock);
        assert!(File::open(directory.path()).unwrap().try_lock().is_ok());
    }
}
