//! Archives: `docker save`'s in both shapes, and OCI layouts in a tar. A plain tar is indexed once and read at random;
//! one that is compressed as a whole can only be read in order (see [`super::stream`]).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bundle::{self, Members, read_limited};
use super::layer::Compression;
use super::member::{link_target, member_name, tar_error};
use super::stream::StreamArchive;
use super::{Blob, FetchError, ImageError, Images, Limits, Missed, Source, StreamSource};
use seaworthy_source::input::{self, InputError};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// How many links from member to member are followed.
const LINKS: usize = 8;

/// An archive on disk.
pub struct Archive {
    name: String,
    tag: Option<String>,
    members: TarMembers,
}

/// Opens an archive; one that is compressed as a whole becomes a stream.
///
/// # Errors
/// If the file cannot be read or is no tar.
pub fn open(name: &str, path: &Path, tag: Option<String>) -> Result<Box<dyn Source>, ImageError> {
    let fail = |source| ImageError::Io { path: path.into(), source };
    let not_an_image =
        |reason: &str| ImageError::NotAnImage { name: name.to_owned(), reason: reason.to_owned() };
    let (mut file, meta) = input::open(path).map_err(|error| match error {
        InputError::Directory => not_an_image("is a directory; for an OCI layout write oci:DIR"),
        InputError::NotRegular(_) => {
            not_an_image("is neither a file nor a directory; save the image to a file first")
        }
        other => fail(other.into()),
    })?;
    if meta.len() == 0 {
        return Err(not_an_image("is empty"));
    }
    let mut head = [0u8; 8];
    let mut filled = 0;
    while filled < head.len() {
        match file.read(&mut head[filled..]).map_err(fail)? {
            0 => break,
            n => filled += n,
        }
    }
    match Compression::of(&head[..filled]) {
        Compression::None => {}
        Compression::Unsupported(kind) => {
            return Err(not_an_image(&format!(
                "is compressed with {kind}, which is not read; unpack it first"
            )));
        }
        Compression::Gzip | Compression::Zstd => {
            let path = PathBuf::from(path);
            let open = move || File::open(&path).map(|f| Box::new(f) as Box<dyn Read + Send>);
            return Ok(Box::new(StreamArchive::new(name, tag, Box::new(open))));
        }
    }
    let members = TarMembers::index(name, file)?;
    Ok(Box::new(Archive { name: name.to_owned(), tag, members }))
}

impl Source for Archive {
    fn images(&self, limits: &Limits) -> Result<Images, ImageError> {
        bundle::images(&self.members, &self.name, self.tag.as_deref(), limits)
    }

    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, FetchError> {
        self.members.open(&blob.key)
    }

    fn stream(&self) -> Option<&dyn StreamSource> {
        None
    }
}

/// Where a member's bytes are.
#[derive(Clone, Debug)]
enum Place {
    At { start: u64, size: u64 },
    Link(String),
}

/// What a file that is not a tar archive looks like instead, in brackets.
fn looks_like(file: &File) -> String {
    let mut head = [0; 512];
    let Ok(length) = file.read_at(&mut head, 0) else { return String::new() };
    let head = head.get(..length).unwrap_or_default();
    let what = if head.is_empty() {
        "is empty"
    } else if head.starts_with(b"PK") {
        "looks like a zip archive"
    } else if head.starts_with(b"\x7fELF") {
        "looks like a program"
    } else if head.trim_ascii_start().starts_with(b"{") {
        "looks like JSON"
    } else if head.iter().all(|b| !b.is_ascii_control() || b.is_ascii_whitespace()) {
        "looks like text"
    } else {
        return String::new();
    };
    format!(" (it {what})")
}

/// The members of a plain tar.
struct TarMembers {
    file: Arc<File>,
    places: HashMap<String, Place>,
    faults: Vec<Missed>,
}

impl TarMembers {
    /// Reads all headers, seeking over the content.
    fn index(name: &str, mut file: File) -> Result<Self, ImageError> {
        let origin = || Origin::new(OriginKind::Artifact, name);
        let length = file.seek(SeekFrom::End(0)).map_err(|e| not_seekable(name, &e))?;
        file.rewind().map_err(|e| not_seekable(name, &e))?;
        let mut places = HashMap::new();
        let mut faults = Vec::new();
        let mut names = Vec::new();
        let mut damage = |what: &str, reason: String| {
            faults.push(Missed { origin: origin(), what: what.into(), reason });
        };
        let mut archive = tar::Archive::new(&file);
        let entries = archive.entries_with_seek().map_err(|e| not_seekable(name, &e))?;
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    damage("archive", format!("damaged after {} members: {}", names.len(), tar_error(&e)));
                    break;
                }
            };
            let member = member_name(&entry.path_bytes());
            let (start, size) = (entry.raw_file_position(), entry.size());
            let kind = entry.header().entry_type();
            let place = if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                Place::Link(link_target(&member, &target, kind.is_symlink()))
            } else if kind.is_dir() {
                continue;
            } else {
                if start.saturating_add(size) > length {
                    let have = length.saturating_sub(start);
                    damage(
                        "archive",
                        format!(
                            "cut off inside {}: {have} of {size} bytes are there",
                            escape_bytes(member.as_bytes())
                        ),
                    );
                }
                Place::At { start, size: size.min(length.saturating_sub(start)) }
            };
            names.push(member.clone());
            places.insert(member, place);
        }
        for twice in bundle::repeated(names.iter().map(String::as_str)) {
            let what = format!("member {}", escape_bytes(twice.as_bytes()));
            damage(&what, "the archive holds it more than once: readers differ in which they take".into());
        }
        if places.is_empty() {
            let reason = format!("is not a tar archive{}", looks_like(&file));
            return Err(ImageError::NotAnImage { name: name.to_owned(), reason });
        }
        Ok(Self { file: Arc::new(file), places, faults })
    }

    fn find(&self, member: &str) -> Result<(u64, u64), FetchError> {
        let mut at = member;
        for _ in 0..LINKS {
            match self.places.get(at) {
                Some(Place::At { start, size }) => return Ok((*start, *size)),
                Some(Place::Link(target)) => at = target,
                None => return Err(FetchError::Missing),
            }
        }
        Err(FetchError::Refused(format!("its links go in a circle, or through more than {LINKS} members")))
    }
}

impl Members for TarMembers {
    fn read(&self, member: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        read_limited(self.open(member)?, limit)
    }

    fn open(&self, member: &str) -> Result<Box<dyn Read + Send>, FetchError> {
        let (start, size) = self.find(member)?;
        Ok(Box::new(Section { file: Arc::clone(&self.file), at: start, end: start + size }))
    }

    fn has(&self, member: &str) -> bool {
        self.places.contains_key(member)
    }

    fn faults(&self) -> Vec<Missed> {
        self.faults.clone()
    }
}

/// A part of a file, read without moving a shared cursor.
struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = buf.len().min(left);
        let n = self.file.read_at(&mut buf[..most], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

fn not_seekable(name: &str, e: &io::Error) -> ImageError {
    ImageError::NotAnImage { name: name.to_owned(), reason: e.to_string() }
}
