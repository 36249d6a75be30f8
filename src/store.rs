//! Where evidence lives. A write appears whole or not at all, and never takes another verdict's place unasked.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Why something could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its folder cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is there cannot be read, so it cannot be told whether it may be replaced.
    #[error("{}: exists and is not evidence ({reason}); move it away, or give another path", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Evidence with another verdict, or of another run, is there.
    #[error("{}: holds evidence of {there}; --replace keeps it beside the new one", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
        /// Which run and verdict.
        there: String,
    },
}

/// Evidence in files.
pub struct Directory;

impl Directory {
    /// Stores evidence at `path`. Evidence of the same run with the same verdict is replaced; any other only with
    /// `replace`, and is then kept under the path that is answered.
    ///
    /// # Errors
    /// If something else is there, or the disk refuses.
    pub fn put_evidence(path: &Path, bytes: &[u8], replace: bool) -> Result<Option<PathBuf>, StoreError> {
        let old = match std::fs::read(path) {
            Ok(old) => old,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                write_atomically(path, bytes)?;
                return Ok(None);
            }
            Err(source) => return Err(StoreError::Write { path: path.into(), source }),
        };
        let foreign = |reason: &str| StoreError::Foreign { path: path.into(), reason: reason.into() };
        let there = identity(&old).ok_or_else(|| foreign("it has no schema, run and verdict"))?;
        let new = identity(bytes).ok_or_else(|| foreign("the new evidence is malformed"))?;
        if there == new {
            write_atomically(path, bytes)?;
            return Ok(None);
        }
        if !replace {
            return Err(StoreError::Exists { path: path.into(), there });
        }
        let kept = free_name(path);
        // The old bytes are in their new place before the new ones take the old: a crash between loses neither.
        write_atomically(&kept, &old)?;
        write_atomically(path, bytes)?;
        Ok(Some(kept))
    }
}

/// What makes two pieces of evidence say the same: run, phase and verdict.
fn identity(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    text("schema").filter(|s| s.starts_with("seaworthy/evidence/"))?;
    let run = text("platform_run_id").unwrap_or("no named run");
    let images = value
        .get("image_digests")
        .and_then(Value::as_array)
        .map(|d| d.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let images = images.filter(|i| !i.is_empty()).map(|i| format!(", image {i}")).unwrap_or_default();
    Some(format!("{run}, phase {}, verdict {}{images}", text("phase_id")?, text("verdict")?))
}

fn free_name(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    (1u32..)
        .map(|n| path.with_file_name(format!("{stem}.replaced-{n}.json")))
        .find(|p| !p.exists())
        .unwrap_or_default()
}

/// Writes a file so that it is there whole or not at all, also after a crash: into a temporary file beside it, synced,
/// then renamed. Missing folders are made.
///
/// # Errors
/// If the disk refuses; nothing that was there is lost then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let fail = |source| StoreError::Write { path: path.into(), source };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(fail)?;
    // A device or pipe, such as /dev/stderr, cannot be renamed over.
    if std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        let mut file = std::fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
        return file.write_all(bytes).map_err(fail);
    }
    if path.is_dir() {
        return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let mut file = tempfile::Builder::new()
        .prefix(".seaworthy-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
    file.persist(path).map(drop).map_err(|e| fail(e.error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn evidence(run: &str, verdict: &str) -> Vec<u8> {
        format!(
            r#"{{"schema":"seaworthy/evidence/v1","platform_run_id":"{run}","phase_id":"p","verdict":"{verdict}"}}"#
        )
        .into_bytes()
    }

    #[test]
    fn another_verdict_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/evidence.json");
        let put = |bytes: &[u8], replace| Directory::put_evidence(&path, bytes, replace);
        put(&evidence("r1", "FAIL"), false).unwrap();
        put(&evidence("r1", "FAIL"), false).unwrap();
        let refused = put(&evidence("r1", "PASS"), false).unwrap_err().to_string();
        assert!(refused.contains("verdict FAIL") && refused.contains("--replace"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), evidence("r1", "FAIL"));
        let kept = put(&evidence("r1", "PASS"), true).unwrap().unwrap();
        assert_eq!(std::fs::read(kept).unwrap(), evidence("r1", "FAIL"));
        assert_eq!(std::fs::read(&path).unwrap(), evidence("r1", "PASS"));
    }

    #[test]
    fn what_is_not_evidence_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.json");
        std::fs::write(&path, "{\"mine\": true}").unwrap();
        assert!(matches!(
            Directory::put_evidence(&path, &evidence("r", "PASS"), true),
            Err(StoreError::Foreign { .. })
        ));
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "x").unwrap();
        assert!(write_atomically(&folder.path().join("file/below"), b"x").is_err());
        assert!(write_atomically(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
