//! Documents in files: never more of one than its limit, and no way out of the directory that they are looked for in.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use super::{Content, DocumentKind, RunDocument};
use seaworthy_source::input::{self, InputError};

/// Reads the file that a person named. Symbolic links are followed.
pub fn read_named(kind: DocumentKind, path: &Path) -> RunDocument {
    RunDocument { name: path.display().to_string(), content: read_content(path, kind.limit()) }
}

/// Reads `root/key`. No symbolic link below `root` is followed: evidence that lies elsewhere is not the run's.
pub fn read_inside(kind: DocumentKind, root: &Path, key: &str) -> RunDocument {
    let name = root.join(key).display().to_string();
    let content = inside(kind, root, key);
    RunDocument { name, content }
}

fn inside(kind: DocumentKind, root: &Path, key: &str) -> Content {
    let mut path = root.to_path_buf();
    for part in Path::new(key).components() {
        let Component::Normal(part) = part else {
            return Content::Unreadable("its path leads out of the evidence's directory".into());
        };
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                return Content::Unreadable(
                    "a symbolic link is in its path below the evidence's directory, and is not followed"
                        .into(),
                );
            }
            Ok(_) => {}
            Err(e) => match InputError::from(e) {
                e if is_missing(&e) => return Content::Missing,
                e => return Content::Unreadable(e.to_string()),
            },
        }
    }
    read_content(&path, kind.limit())
}

fn is_missing(error: &InputError) -> bool {
    match error {
        InputError::Io(error) => error.kind() == ErrorKind::NotADirectory,
        error => matches!(error, InputError::Missing),
    }
}

fn read_content(path: &Path, limit: u64) -> Content {
    match input::read_file(path, limit) {
        Ok(bytes) => Content::Bytes(bytes),
        Err(e) if is_missing(&e) => Content::Missing,
        Err(InputError::TooLarge(limit)) => Content::TooLarge { limit },
        Err(e) => Content::Unreadable(e.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_gigabyte_is_refused_unread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.json");
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        let document = read_named(DocumentKind::RunHeader, &path);
        assert_eq!(document.content, Content::TooLarge { limit: 64 << 20 });
    }

    #[test]
    fn links_and_dots_do_not_lead_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("runs/r1")).unwrap();
        fs::write(dir.path().join("outside"), "x").unwrap();
        fs::write(root.join("runs/r1/a"), "x").unwrap();
        std::os::unix::fs::symlink("r1", root.join("runs/r2")).unwrap();
        std::os::unix::fs::symlink("a", root.join("runs/r1/b")).unwrap();
        let content = |key: &str| read_inside(DocumentKind::Receipt, &root, key).content;
        assert_eq!(content("runs/r1/a"), Content::Bytes(b"x".to_vec()));
        for key in ["runs/r2/a", "runs/r1/b", "../outside", "/etc/passwd"] {
            assert!(matches!(content(key), Content::Unreadable(_)), "{key}");
        }
        assert_eq!(content("runs/r3/a"), Content::Missing);
        assert_eq!(content("runs/r1/a/b"), Content::Missing);
        assert!(matches!(content("runs/r1"), Content::Unreadable(_)));
    }
}
