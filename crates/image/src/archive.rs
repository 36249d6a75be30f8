//! Archives: `docker save`'s in both shapes, and OCI layouts in a tar. A plain tar is indexed once and read at random;
//! one that is compressed as a whole can only be read in order (see [`super::stream`]).

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bundle::{self, Members, read_limited};
use super::layer::Compression;
use super::outer::{AFTER_END, Advance, GOES_ON, HEADERS, Headers, Next, What};
use super::stream::StreamArchive;
use super::{Blob, FetchError, ImageError, Images, Limits, Missed, Source, StreamSource};
use seaworthy_source::input::{self, InputError};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// How many links from member to member are followed.
const LINKS: usize = 8;
/// Most repeated members that are named.
const REPEATED: usize = 20;

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
pub fn open(
    name: &str,
    path: &Path,
    tag: Option<String>,
    limits: &Limits,
) -> Result<Box<dyn Source>, ImageError> {
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
    let members = TarMembers::index(name, file, limits)?;
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
    /// What stands in its headers and is no plain name.
    headers: Arc<[u8]>,
    faults: Vec<Missed>,
}

/// A file that is read from header to header.
struct Cursor<'a> {
    file: &'a File,
    at: u64,
    length: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buf, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Advance for Cursor<'_> {
    fn advance(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.length.saturating_sub(self.at));
        self.at += count;
        Ok(count)
    }
}

impl Cursor<'_> {
    /// Whether only zeros follow.
    fn ends_here(&mut self) -> io::Result<bool> {
        let mut buf = vec![0; 64 << 10];
        let start = self.at;
        let mut zeros = true;
        while zeros {
            match self.read(&mut buf)? {
                0 => break,
                count => zeros = buf.iter().take(count).all(|b| *b == 0),
            }
        }
        self.at = start;
        Ok(zeros)
    }
}

impl TarMembers {
    /// Reads all headers, seeking over the content.
    fn index(name: &str, file: File, limits: &Limits) -> Result<Self, ImageError> {
        let unread = |e: io::Error| ImageError::NotAnImage { name: name.to_owned(), reason: e.to_string() };
        let length = (&file).seek(SeekFrom::End(0)).map_err(unread)?;
        let mut places = HashMap::new();
        let mut faults = Vec::new();
        let mut damage = |what: &str, reason: String| {
            let origin = Origin::new(OriginKind::Artifact, name);
            faults.push(Missed { origin, what: what.into(), reason });
        };
        let mut cursor = Cursor { file: &file, at: 0, length };
        let mut headers = Headers::new(limits);
        let mut repeated = BTreeSet::new();
        loop {
            let member = match headers.next(&mut cursor).map_err(unread)? {
                Next::Member(member) => member,
                Next::Damaged(reason) => {
                    damage("archive", format!("damaged after {} members: {reason}", places.len()));
                    break;
                }
                Next::End => {
                    if !cursor.ends_here().map_err(unread)? {
                        let (start, size) = (cursor.at, length.saturating_sub(cursor.at));
                        damage(&format!("{size} bytes of the archive"), GOES_ON.to_owned());
                        places.insert(AFTER_END.to_owned(), Place::At { start, size });
                    }
                    break;
                }
            };
            let start = cursor.at;
            let there = cursor.advance(member.size).map_err(unread)?;
            if there < member.size {
                let shown = escape_bytes(member.name.as_bytes());
                damage(
                    "archive",
                    format!("cut off inside {shown}: {there} of {} bytes are there", member.size),
                );
            }
            let place = match member.what {
                What::Link(target) => Place::Link(target),
                What::File => Place::At { start, size: there },
                What::Empty => continue,
            };
            if places.contains_key(&member.name) {
                repeated.insert(member.name.clone());
            }
            places.insert(member.name, place);
        }
        for (what, reason) in headers.told() {
            damage(&what, reason);
        }
        if let Some(more @ 1..) = repeated.len().checked_sub(REPEATED) {
            damage(
                "archive",
                format!("it holds {more} more members more than once: readers differ in which they take"),
            );
        }
        for twice in repeated.iter().take(REPEATED) {
            let what = format!("member {}", escape_bytes(twice.as_bytes()));
            damage(&what, "the archive holds it more than once: readers differ in which they take".into());
        }
        if places.is_empty() {
            let reason = format!("is not a tar archive{}", looks_like(&file));
            return Err(ImageError::NotAnImage { name: name.to_owned(), reason });
        }
        Ok(Self { file: Arc::new(file), places, headers: headers.beside.into(), faults })
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
        if member == HEADERS {
            return Ok(Box::new(io::Cursor::new(Arc::clone(&self.headers))));
        }
        let (start, size) = self.find(member)?;
        Ok(Box::new(Section { file: Arc::clone(&self.file), at: start, end: start + size }))
    }

    fn has(&self, member: &str) -> bool {
        self.places.contains_key(member)
    }

    fn faults(&self) -> Vec<Missed> {
        self.faults.clone()
    }

    fn list(&self) -> Vec<(String, Option<u64>)> {
        let mut all: Vec<(String, Option<u64>)> = Vec::new();
        for (name, place) in &self.places {
            if let Place::At { size, .. } = place {
                all.push((name.clone(), Some(*size)));
            }
        }
        all.sort_unstable();
        if !self.headers.is_empty() {
            all.push((HEADERS.to_owned(), Some(self.headers.len() as u64)));
        }
        all
    }

    fn resolve(&self, member: &str) -> String {
        let mut at = member;
        for _ in 0..LINKS {
            match self.places.get(at) {
                Some(Place::Link(target)) => at = target,
                _ => break,
            }
        }
        at.to_owned()
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
