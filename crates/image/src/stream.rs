//! Archives that can only be read once and in order: compressed as a whole, or sent by a daemon. Documents are kept
//! as they pass, and everything else is handed on at once, since any of it may be a layer.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bundle::{self, Members, read_limited};
use super::layer::header::{BLOCK, Block, parse};
use super::layer::remark::Remarks;
use super::layer::{Compression, decompress_with};
use super::outer::{AFTER_END, Advance, GOES_ON, HEADERS, Headers, Member, Next, What, fill};
use super::{Blob, FetchError, ImageError, Images, Limits, Missed, Source, StreamSource};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// Most bytes of documents that are kept.
const KEPT: u64 = 256 << 20;
/// Most bytes that are kept when other members than documents are among them.
const KEPT_TEXTS: u64 = 32 << 20;
/// How many links from member to member are followed.
const LINKS: usize = 8;

type Open = Box<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// An archive that comes as a stream.
pub struct StreamArchive {
    name: String,
    tag: Option<String>,
    open: Open,
    seen: Mutex<Seen>,
}

/// What the stream held.
#[derive(Default)]
struct Seen {
    documents: HashMap<String, Vec<u8>>,
    links: HashMap<String, String>,
    layers: Vec<String>,
    names: HashSet<String>,
    kept: u64,
    faults: Vec<Missed>,
}

impl StreamArchive {
    /// An archive whose bytes `open` gives.
    pub fn new(name: &str, tag: Option<String>, open: Open) -> Self {
        Self { name: name.to_owned(), tag, open, seen: Mutex::new(Seen::default()) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name under which a member was handed on, links followed.
    pub fn resolve_link(&self, member: &str) -> String {
        self.seen().resolve(member)
    }
}

impl Source for StreamArchive {
    fn images(&self, limits: &Limits) -> Result<Images, ImageError> {
        let mut images = bundle::images(&*self.seen(), &self.name, self.tag.as_deref(), limits)?;
        for image in &mut images.images {
            for layer in &mut image.layers {
                layer.blob.key = self.resolve_link(&layer.blob.key);
            }
        }
        Ok(images)
    }

    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, FetchError> {
        Members::open(&*self.seen(), &blob.key)
    }

    fn stream(&self) -> Option<&dyn StreamSource> {
        Some(self)
    }
}

impl StreamSource for StreamArchive {
    fn read(&self, limits: &Limits, layer: &mut dyn FnMut(&str, &mut dyn Read)) -> Result<(), ImageError> {
        let fail = |reason: String| ImageError::NotAnImage { name: self.name.clone(), reason };
        let stream = (self.open)().map_err(|e| fail(e.to_string()))?;
        let remarks = Remarks::default();
        let bounds = Bounds { stored: Rc::default(), unpacked: 0, limits, compressed: false };
        let stored = Stored { inner: stream, count: Rc::clone(&bounds.stored) };
        let (stream, compression) = decompress_with(stored, &remarks).map_err(|e| fail(e.to_string()))?;
        let compressed = compression != Compression::None;
        let mut stream = Bounded { inner: stream, bounds: Bounds { compressed, ..bounds } };
        let mut headers = Headers::new(limits);
        let result = self.members(&mut headers, &mut stream, limits, layer);
        let (beside, lost) = remarks.take();
        self.add_document("(beside the compressed content)", beside);
        if lost > 0 {
            self.fault(
                &format!("{lost} bytes beside the compressed content"),
                "a header, a skippable frame or what follows the end is too large".to_owned(),
            );
        }
        for (what, reason) in headers.told() {
            self.fault(&what, reason);
        }
        self.add_document(HEADERS, std::mem::take(&mut headers.beside));
        if let Err(reason) = result {
            if self.seen().names.is_empty() {
                return Err(fail(format!("is not a tar archive: {reason}")));
            }
            let count = self.seen().names.len();
            self.fault("archive", format!("damaged after {count} members: {reason}"));
        }
        Ok(())
    }
}

impl StreamArchive {
    /// Reads the members, until the stream ends or cannot be read: then why.
    fn members<R: Read>(
        &self,
        headers: &mut Headers,
        stream: &mut Bounded<'_, R>,
        limits: &Limits,
        layer: &mut dyn FnMut(&str, &mut dyn Read),
    ) -> Result<(), String> {
        loop {
            let Member { name, what, size } = match headers.next(stream).map_err(|e| e.to_string())? {
                Next::Member(member) => member,
                Next::Damaged(reason) => return Err(reason),
                Next::End => return self.after_end(stream, layer),
            };
            if matches!(what, What::Empty) {
                continue;
            }
            if !self.seen().names.insert(name.clone()) {
                let what = format!("member {}", escape_bytes(name.as_bytes()));
                self.fault(
                    &what,
                    "the archive holds it more than once: readers differ in which they take".into(),
                );
            }
            if let What::Link(target) = what {
                self.seen().links.insert(name, target);
                continue;
            }
            let mut head = [0u8; BLOCK];
            let most = usize::try_from(size).unwrap_or(BLOCK).min(BLOCK);
            let head = head.get_mut(..most).unwrap_or_default();
            let there = fill(stream, head).map_err(|e| e.to_string())?;
            let head = head.get(..there).unwrap_or_default();
            let kept = self.seen().kept.saturating_add(size);
            let is_document = kept <= KEPT && is_document(&name, head, size, limits)
                || kept <= KEPT_TEXTS && size <= limits.attestation_bytes && !may_be_layer(head);
            let mut content = (&mut *stream).take(size - there as u64);
            let mut whole = head.chain(&mut content);
            if is_document {
                let bytes = read_limited(&mut whole, limits.attestation_bytes).map_err(|e| e.to_string())?;
                if (bytes.len() as u64) < size {
                    self.fault(&name, format!("cut off: {} of {size} bytes are there", bytes.len()));
                }
                self.seen().kept = kept;
                self.add_document(&name, bytes);
            } else {
                let mut counted = Counted { inner: &mut whole, count: 0 };
                layer(&name, &mut counted);
                // What the layer's reader left is passed over, to come to the next header.
                io::copy(&mut counted, &mut io::sink()).map_err(|e| e.to_string())?;
                let count = counted.count;
                self.seen().layers.push(name.clone());
                if count < size {
                    self.fault(&name, format!("cut off: {count} of {size} bytes are there"));
                }
            }
        }
    }

    /// Reads what follows the archive's end, so that the stream ends, and has it examined if it is more than zeros.
    fn after_end(
        &self,
        stream: &mut impl Read,
        layer: &mut dyn FnMut(&str, &mut dyn Read),
    ) -> Result<(), String> {
        let mut block = [0; BLOCK];
        loop {
            let there = fill(stream, &mut block).map_err(|e| e.to_string())?;
            let block = block.get(..there).unwrap_or_default();
            if there == 0 {
                return Ok(());
            }
            if block.iter().any(|b| *b != 0) {
                let mut following = block.chain(&mut *stream);
                let mut rest = Counted { inner: &mut following, count: 0 };
                layer(AFTER_END, &mut rest);
                io::copy(&mut rest, &mut io::sink()).map_err(|e| e.to_string())?;
                self.seen().layers.push(AFTER_END.to_owned());
                self.fault(&format!("{} bytes of the archive", rest.count), GOES_ON.to_owned());
                return Ok(());
            }
        }
    }

    fn add_document(&self, name: &str, bytes: Vec<u8>) {
        if !bytes.is_empty() || !name.starts_with('(') {
            self.seen().documents.insert(name.to_owned(), bytes);
        }
    }
}

/// Whether a member that begins so can be read as a layer: a tar, or something compressed.
fn may_be_layer(head: &[u8]) -> bool {
    Compression::of(head) != Compression::None || matches!(parse(head), Block::Header(_) | Block::Zero)
}

/// The stream's bytes as they are stored, counted.
struct Stored<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// How far a stream may go.
struct Bounds<'l> {
    stored: Rc<Cell<u64>>,
    unpacked: u64,
    limits: &'l Limits,
    compressed: bool,
}

/// A stream that fails once it is over a limit.
struct Bounded<'l, R> {
    inner: R,
    bounds: Bounds<'l>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Bounds { stored, unpacked, limits, compressed } = &mut self.bounds;
        if *unpacked > limits.archive_bytes {
            let limit = limits.archive_bytes;
            return Err(io::Error::other(format!("it is larger than the limit of {limit} bytes")));
        }
        let (given, ratio) = (stored.get().max(1), limits.ratio);
        if *compressed && *unpacked > limits.ratio_after_bytes && *unpacked / given > ratio {
            return Err(io::Error::other(format!(
                "it unpacks to more than {ratio} times its size ({given} bytes gave {unpacked})"
            )));
        }
        let count = self.inner.read(buf)?;
        *unpacked += count as u64;
        Ok(count)
    }
}

impl<R: Read> Advance for Bounded<'_, R> {
    fn advance(&mut self, count: u64) -> io::Result<u64> {
        io::copy(&mut self.take(count), &mut io::sink())
    }
}

impl StreamArchive {
    fn fault(&self, member: &str, reason: String) {
        let origin = Origin::new(OriginKind::Artifact, &self.name);
        let what = escape_bytes(member.as_bytes());
        self.seen().faults.push(Missed { origin, what, reason });
    }
}

/// Whether a member is a manifest, config or attestation rather than a layer.
fn is_document(member: &str, head: &[u8], size: u64, limits: &Limits) -> bool {
    let file = member.rsplit('/').next().unwrap_or_default();
    let small = matches!(file, "VERSION" | "json" | "repositories" | "oci-layout");
    let starts_json = matches!(head.first(), Some(b'{' | b'['));
    size <= limits.attestation_bytes && (small || starts_json || member.ends_with(".json"))
}

impl Members for Seen {
    fn read(&self, member: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
        let mut at = member;
        for _ in 0..LINKS {
            if let Some(bytes) = self.documents.get(at) {
                let fits = bytes.len() as u64 <= limit;
                return if fits { Ok(bytes.clone()) } else { Err(FetchError::TooLarge { limit }) };
            }
            match self.links.get(at) {
                Some(target) => at = target,
                None => break,
            }
        }
        Err(FetchError::Missing)
    }

    fn open(&self, member: &str) -> Result<Box<dyn Read + Send>, FetchError> {
        Ok(Box::new(io::Cursor::new(self.read(member, u64::MAX)?)))
    }

    fn has(&self, member: &str) -> bool {
        self.documents.contains_key(member) || self.layers.iter().any(|l| l == member)
    }

    fn faults(&self) -> Vec<Missed> {
        self.faults.clone()
    }

    fn list(&self) -> Vec<(String, Option<u64>)> {
        let mut all: Vec<(String, Option<u64>)> =
            self.documents.iter().map(|(name, bytes)| (name.clone(), Some(bytes.len() as u64))).collect();
        all.sort_unstable();
        all
    }

    fn resolve(&self, member: &str) -> String {
        let mut at = member;
        for _ in 0..LINKS {
            match self.links.get(at) {
                Some(target) => at = target,
                None => break,
            }
        }
        at.to_owned()
    }
}

/// Counts what a layer's reader took.
struct Counted<'a, R> {
    inner: &'a mut R,
    count: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count += n as u64;
        Ok(n)
    }
}
