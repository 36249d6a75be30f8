//! The one way to open a file that is read as an input: only a regular file, and never more of it than a limit.
//!
//! Opening a FIFO waits for its writer, a device may have no end, and a directory gives an error late; so the kind is asked
//! before the file is opened, and again of what was opened.

use std::collections::HashSet;
use std::fs::{File, FileType, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Device and inode of every file that was opened, so that no output takes the place of an input.
static OPENED: Mutex<Option<HashSet<(u64, u64)>>> = Mutex::new(None);

/// Why an input is not read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// There is none.
    #[error("No such file or directory")]
    Missing,
    /// It may not be read.
    #[error("Permission denied")]
    Denied,
    /// A directory.
    #[error("it is a directory, not a regular file")]
    Directory,
    /// A FIFO, socket or device: what it is.
    #[error("it is not a regular file but {0}; write its content to a file first")]
    NotRegular(&'static str),
    /// Longer than the limit, in bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// Everything else that the system tells.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::IsADirectory => Self::Directory,
            _ => Self::Io(error),
        }
    }
}

impl From<InputError> for io::Error {
    fn from(error: InputError) -> Self {
        let kind = match &error {
            InputError::Missing => ErrorKind::NotFound,
            InputError::Denied => ErrorKind::PermissionDenied,
            InputError::Directory => ErrorKind::IsADirectory,
            InputError::TooLarge(_) => ErrorKind::FileTooLarge,
            InputError::NotRegular(_) => ErrorKind::InvalidInput,
            InputError::Io(error) => error.kind(),
        };
        match error {
            InputError::Io(error) => error,
            other => Self::new(kind, other),
        }
    }
}

/// Opens a regular file, and tells what is known of it. Links are followed.
///
/// # Errors
/// [`InputError`]; never [`InputError::TooLarge`].
pub fn open(path: &Path) -> Result<(File, Metadata), InputError> {
    regular(std::fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    let meta = file.metadata()?;
    regular(meta.file_type())?;
    record(&meta);
    Ok((file, meta))
}

/// Remembers a file as an input of this process that was opened in another way, such as without following links.
pub fn record(meta: &Metadata) {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    opened.get_or_insert_default().insert((meta.dev(), meta.ino()));
}

/// Whether the file that lies at `path` was opened as an input by this process, under whatever name.
pub fn was_opened(path: &Path) -> bool {
    let Ok(meta) = std::fs::metadata(path) else { return false };
    let opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    opened.as_ref().is_some_and(|all| all.contains(&(meta.dev(), meta.ino())))
}

/// Reads a regular file of at most `most` bytes, whatever becomes of it meanwhile.
///
/// # Errors
/// [`InputError`]
pub fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, InputError> {
    let (file, meta) = open(path)?;
    if meta.len() > most {
        return Err(InputError::TooLarge(most));
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(InputError::TooLarge(most)) } else { Ok(bytes) }
}

fn regular(kind: FileType) -> Result<(), InputError> {
    Err(InputError::NotRegular(match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => return Err(InputError::Directory),
        _ if kind.is_fifo() => "a FIFO",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "something else",
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let directory = std::env::temp_dir();
        assert!(matches!(open(&directory), Err(InputError::Directory)));
        assert!(matches!(open(Path::new("/dev/zero")), Err(InputError::NotRegular("a device"))));
        assert!(matches!(open(Path::new("/nonexistent/file")), Err(InputError::Missing)));
        assert!(
            matches!(open(Path::new("/dev/null/x")), Err(InputError::Io(e)) if e.kind() == ErrorKind::NotADirectory)
        );
        let socket = directory.join(format!("seaworthy-input-{}.sock", std::process::id()));
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let answer = open(&socket);
        std::fs::remove_file(&socket).unwrap();
        assert!(matches!(answer, Err(InputError::NotRegular("a socket"))));
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let path = std::env::temp_dir().join(format!("seaworthy-input-{}", std::process::id()));
        std::fs::write(&path, b"12345").unwrap();
        assert!(!was_opened(&path));
        assert_eq!(read_file(&path, 5).unwrap(), b"12345");
        assert!(was_opened(&path));
        assert!(matches!(read_file(&path, 4), Err(InputError::TooLarge(4))));
        // Sparse: eight terabytes of nothing are refused unread.
        File::options().write(true).open(&path).unwrap().set_len(8 << 40).unwrap_or_default();
        assert!(
            matches!(read_file(&path, 1 << 20), Err(InputError::TooLarge(_))) || read_file(&path, 5).is_ok()
        );
        std::fs::remove_file(&path).unwrap();
    }
}
