//! OCI layouts in a directory (image-layout of the OCI image specification).

use std::io::Read;
use std::path::{Path, PathBuf};

use super::bundle::{self, Members, read_limited};
use super::{Blob, FetchError, ImageError, Images, Limits, Missed, Source};
use seaworthy_source::input::{self, InputError};

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
pub fn open(name: &str, path: &Path, tag: Option<String>) -> Result<Box<dyn Source>, ImageError> {
    let fail = |source| ImageError::Io { path: path.into(), source };
    if !std::fs::metadata(path).map_err(fail)?.is_dir() {
        let reason =
            "is not a directory; for an archive write oci-archive:FILE or docker-archive:FILE".to_owned();
        return Err(ImageError::NotAnImage { name: name.to_owned(), reason });
    }
    std::fs::read_dir(path).map_err(fail)?;
    Ok(Box::new(Layout { name: name.to_owned(), tag, members: Directory { root: path.into() } }))
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
        Vec::new()
    }
}
