//! The ignore file: which one a builder takes, and which patterns it reads from it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Builder, IgnoreError, go_path};
use seaworthy_source::input::{self, InputError};

/// Docker's readers take a line of up to 64 KiB less its end.
const LINE_LIMIT: usize = 64 * 1024 - 1;

/// The largest ignore file that is read, in bytes.
const FILE_LIMIT: u64 = 16 << 20;

/// One pattern as the builder's reader hands it to its matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreLine {
    /// The pattern, with its `!` if it has one.
    pub pattern: Vec<u8>,
    /// Its line, from 1.
    pub number: u32,
}

/// Cuts an ignore file into patterns as the builder's own reader does; `file` is its name in errors. Whether a
/// pattern is valid is not looked at: see [`IgnoreRules::parse`](super::IgnoreRules::parse).
///
/// # Errors
/// [`IgnoreError::LineTooLong`] for Docker's builders.
pub fn ignore_lines(text: &[u8], file: &str, builder: Builder) -> Result<Vec<IgnoreLine>, IgnoreError> {
    let mut lines = Vec::new();
    for (index, raw) in text.split(|b| *b == b'\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let pattern = match builder {
            Builder::Buildah => buildah_line(raw),
            Builder::BuildKit | Builder::Classic => {
                if raw.len() > LINE_LIMIT {
                    return Err(IgnoreError::LineTooLong { file: file.to_owned(), line: number });
                }
                let raw = if index == 0 { raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw) } else { raw };
                docker_line(raw)
            }
        };
        lines.extend(pattern.map(|pattern| IgnoreLine { pattern, number }));
    }
    Ok(lines)
}

/// `moby/patternmatcher/ignorefile`: comments before trimming, then trim, clean, and drop one leading `/`.
fn docker_line(raw: &[u8]) -> Option<Vec<u8>> {
    let line = if raw.starts_with(b"#") { b"" } else { trim(raw) };
    let (mut pattern, rest) = match line.split_first() {
        None => return None,
        Some((b'!', rest)) => (b"!".to_vec(), trim(rest)),
        Some(_) => (Vec::new(), line),
    };
    if !rest.is_empty() {
        let cleaned = go_path::clean(rest);
        pattern.extend_from_slice(match cleaned.strip_prefix(b"/") {
            Some(relative) if !relative.is_empty() => relative,
            _ => &cleaned,
        });
    }
    Some(pattern)
}

/// `openshift/imagebuilder`: comments, then separators trimmed at both ends, and nothing more.
fn buildah_line(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.is_empty() || raw.starts_with(b"#") {
        return None;
    }
    let start = raw.iter().position(|b| *b != b'/')?;
    let end = raw.iter().rposition(|b| *b != b'/')?;
    Some(raw[start..=end].to_vec())
}

/// Go's `strings.TrimSpace` on bytes: Unicode white space goes, a byte that is not UTF-8 stays.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let Some(head) = bytes.utf8_chunks().next() else { return bytes };
    let bytes = &bytes[head.valid().len() - head.valid().trim_start().len()..];
    match bytes.utf8_chunks().last() {
        Some(tail) if tail.invalid().is_empty() => {
            &bytes[..bytes.len() - (tail.valid().len() - tail.valid().trim_end().len())]
        }
        _ => bytes,
    }
}

/// The names that a builder looks for, the winner first.
fn candidates(root: &Path, dockerfile: Option<&Path>, builder: Builder) -> Vec<PathBuf> {
    let beside = |suffix: &str| {
        dockerfile.map(|path| {
            let mut name = OsString::from(path);
            name.push(suffix);
            PathBuf::from(name)
        })
    };
    let in_root = |name: &str| Some(root.join(name));
    let names = match builder {
        Builder::BuildKit => vec![beside(".dockerignore"), in_root(".dockerignore")],
        Builder::Classic => vec![in_root(".dockerignore")],
        Builder::Buildah => vec![
            beside(".dockerignore"),
            beside(".containerignore"),
            in_root(".containerignore"),
            in_root(".dockerignore"),
        ],
    };
    names.into_iter().flatten().collect()
}

/// Finds and reads the ignore file. Links are followed wherever they lead, as a builder's client does.
///
/// # Errors
/// [`IgnoreError`] when the file exists and is not readable, not a regular file, or larger than 16 MiB.
pub(super) fn find(
    root: &Path,
    dockerfile: Option<&Path>,
    builder: Builder,
) -> Result<Option<(PathBuf, Vec<u8>)>, IgnoreError> {
    for path in candidates(root, dockerfile, builder) {
        match input::read_file(&path, FILE_LIMIT) {
            Ok(text) => return Ok(Some((path, text))),
            Err(InputError::Missing) => {}
            Err(InputError::Directory | InputError::NotRegular(_)) => {
                return Err(IgnoreError::NotAFile { path });
            }
            Err(InputError::TooLarge(limit)) => return Err(IgnoreError::TooLarge { path, limit }),
            Err(error) => return Err(IgnoreError::Read { path, source: error.into() }),
        }
    }
    Ok(None)
}
