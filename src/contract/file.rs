//! Reads the file of a contract or a profile into text.

use std::path::Path;

use super::MAX_BYTES;
use super::diagnostic::{ContractError, FileProblem};
use seaworthy_source::input::{self, InputError};

/// The file's text; `what` it is goes into the error. A pipe or a device is refused: opening one may wait for ever.
pub(super) fn read_text(what: &'static str, path: &Path) -> Result<String, ContractError> {
    bytes(path).and_then(text).map_err(|problem| ContractError::File { what, path: path.to_owned(), problem })
}

fn bytes(path: &Path) -> Result<Vec<u8>, FileProblem> {
    input::read_file(path, MAX_BYTES).map_err(|error| match error {
        InputError::Missing => FileProblem::Missing,
        InputError::Denied => FileProblem::Denied,
        InputError::Directory => FileProblem::Directory,
        InputError::NotRegular(_) => FileProblem::NotAFile,
        InputError::TooLarge(limit) => FileProblem::TooLarge { limit },
        InputError::Io(error) => FileProblem::Io(error.kind()),
    })
}

fn text(bytes: Vec<u8>) -> Result<String, FileProblem> {
    String::from_utf8(bytes).map_err(|e| FileProblem::NotUtf8 { offset: e.utf8_error().valid_up_to() })
}
