//! OCI layouts in a directory (image-layout of the OCI image specification).

use std::io::Read;
use std::path::{Path, PathBuf};

use super::bundle::{self, Members, read_limited};
use super::{Blob, FetchError, ImageError, Images, Limits, Missed, Source};
use seaworthy_source::input::{self, InputError};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// A layout on disk.
pub struct Layout {
    name: String,
    tag: Option<String>,
    members: Directory,
}

/// Opens a layout.
///
/// # Errors
/// If the directory cannot be read.
pub fn open(
    name: &str,
    path: &Path,
    tag: Option<String>,
    limits: &Limits,
) -> Result<Box<dyn Source>, ImageError> {
    let fail = |source| ImageError::Io { path: path.into(), source };
    if !std::fs::metadata(path).map_err(fail)?.is_dir() {
        let reason =
            "is not a directory; for an archive write oci-archive:FILE or docker-archive:FILE".to_owned();
        return Err(ImageError::NotAnImage { name: name.to_owned(), reason });
    }
    std::fs::read_dir(path).map_err(fail)?;
    Ok(Box::new(Layout {
        name: name.to_owned(),
        tag,
        members: Directory { root: path.into(), walk: Walk::new(name, path, limits) },
    }))
}

impl Source for Layout {
    fn images(&self, limits: &Limits) -> Result<Images, ImageError> {
        bundle::images(&self.members, &self.name, self.tag.as_deref(), limits)
    }

    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, FetchError> {
        self.members.open(&blob.key)
    }
}

struct Directory {
    root: PathBuf,
    walk: Walk,
}

/// What lies in a layout's directory.
#[derive(Default)]
struct Walk {
    /// Files; regular ones with their sizes.
    files: Vec<(String, Option<u64>)>,
    /// What cannot be examined.
    faults: Vec<Missed>,
}

impl Walk {
    /// Lists the files below `root`. Links are not followed: what a manifest reaches through one is read all the same.
    fn new(name: &str, root: &Path, limits: &Limits) -> Self {
        let mut walk = Self::default();
        let mut miss = |what: &str, reason: String| {
            let origin = Origin::new(OriginKind::Artifact, name);
            walk.faults.push(Missed { origin, what: escape_bytes(what.as_bytes()), reason });
        };
        let mut directories = vec![(root.to_path_buf(), String::new())];
        let mut entries = 0u64;
        while let Some((directory, at)) = directories.pop() {
            let list = match std::fs::read_dir(&directory) {
                Ok(list) => list,
                Err(e) => {
                    miss(if at.is_empty() { "directory" } else { &at }, e.to_string());
                    continue;
                }
            };
            for entry in list {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(e) => {
                        miss(if at.is_empty() { "directory" } else { &at }, e.to_string());
                        continue;
                    }
                };
                entries += 1;
                if entries > limits.nested_entries {
                    let limit = limits.nested_entries;
                    miss("directory", format!("it has more than the limit of {limit} entries"));
                    walk.files.sort_unstable();
                    return walk;
                }
                let file = entry.file_name();
                let member = match (file.to_str(), at.is_empty()) {
                    (Some(file), true) => file.to_owned(),
                    (Some(file), false) => format!("{at}/{file}"),
                    (None, _) => {
                        miss(&file.to_string_lossy(), "its name is not UTF-8".to_owned());
                        continue;
                    }
                };
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => directories.push((entry.path(), member)),
                    Ok(meta) if meta.is_file() => walk.files.push((member, Some(meta.len()))),
                    Ok(_) => walk.files.push((member, None)),
                    Err(e) => miss(&member, e.to_string()),
                }
            }
        }
        walk.files.sort_unstable();
        walk
    }
}

impl Directory {
    fn path(&self, member: &str) -> Option<PathBuf> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        member.split('/').all(plain).then(|| self.root.join(member))
    }
}

impl Members for Directory {
    fn read(&self, member: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        read_limited(self.open(member)?, limit)
    }

    fn open(&self, member: &str) -> Result<Box<dyn Read + Send>, FetchError> {
        let path = self.path(member).ok_or(FetchError::Missing)?;
        match input::open(&path) {
            Ok((file, _)) => Ok(Box::new(file)),
            Err(InputError::Missing) => Err(FetchError::Missing),
            Err(error @ (InputError::Directory | InputError::NotRegular(_))) => {
                Err(FetchError::Refused(error.to_string()))
            }
            Err(error) => Err(FetchError::Io(error.to_string())),
        }
    }

    fn has(&self, member: &str) -> bool {
        self.path(member).is_some_and(|p| p.exists())
    }

    fn faults(&self) -> Vec<Missed> {
        self.walk.faults.clone()
    }

    fn list(&self) -> Vec<(String, Option<u64>)> {
        self.walk.files.clone()
    }
}
