//! Reads the file of a contract or a profile into text.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::MAX_BYTES;
use super::diagnostic::{ContractError, FileProblem};

/// The file's text; `what` it is goes into the error. A pipe or a device is refused: opening one may wait for ever.
pub(super) fn read(what: &'static str, path: &Path) -> Result<String, ContractError> {
    bytes(path).and_then(text).map_err(|problem| ContractError::File { what, path: path.to_owned(), problem })
}

fn bytes(path: &Path) -> Result<Vec<u8>, FileProblem> {
    let kind = std::fs::metadata(path).map_err(|e| problem(&e))?.file_type();
    if kind.is_dir() {
        return Err(FileProblem::Directory);
    }
    if !kind.is_file() {
        return Err(FileProblem::NotAFile);
    }
    let file = File::open(path).map_err(|e| problem(&e))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| problem(&e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileProblem::TooLarge { limit: MAX_BYTES });
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, FileProblem> {
    String::from_utf8(bytes).map_err(|e| FileProblem::NotUtf8 { offset: e.utf8_error().valid_up_to() })
}

fn problem(error: &std::io::Error) -> FileProblem {
    match error.kind() {
        ErrorKind::NotFound => FileProblem::Missing,
        ErrorKind::PermissionDenied => FileProblem::Denied,
        ErrorKind::IsADirectory => FileProblem::Directory,
        kind => FileProblem::Io(kind),
    }
}
