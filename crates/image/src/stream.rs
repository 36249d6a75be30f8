//! Archives that can only be read once and in order: compressed as a whole, or sent by a daemon. Documents are kept
//! as they pass, and everything else is handed on at once, since any of it may be a layer.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bundle::{self, Members, read_limited};
use super::layer::decompress;
use super::member::{link_target, member_name, tar_error};
use super::{Blob, FetchError, ImageError, Images, Limits, Missed, Source, StreamSource};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// Most bytes of documents that are kept.
const KEPT: u64 = 256 << 20;

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
        let seen = self.seen();
        let mut at = member;
        for _ in 0..8 {
            match seen.links.get(at) {
                Some(target) => at = target,
                None => break,
            }
        }
        at.to_owned()
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

    fn open(&self, _blob: &Blob) -> Result<Box<dyn Read + Send>, FetchError> {
        Err(FetchError::Missing)
    }

    fn stream(&self) -> Option<&dyn StreamSource> {
        Some(self)
    }
}

impl StreamSource for StreamArchive {
    fn read(&self, limits: &Limits, layer: &mut dyn FnMut(&str, &mut dyn Read)) -> Result<(), ImageError> {
        let fail = |e: io::Error| ImageError::NotAnImage { name: self.name.clone(), reason: e.to_string() };
        let stream = (self.open)().map_err(fail)?;
        let (stream, _) = decompress(stream).map_err(fail)?;
        let mut archive = tar::Archive::new(stream);
        let mut names = Vec::new();
        for entry in archive.entries().map_err(fail)? {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    if names.is_empty() {
                        return Err(fail(io::Error::other(format!(
                            "is not a tar archive: {}",
                            tar_error(&e)
                        ))));
                    }
                    self.fault(
                        "archive",
                        format!("damaged after {} members: {}", names.len(), tar_error(&e)),
                    );
                    break;
                }
            };
            let member = member_name(&entry.path_bytes());
            let kind = entry.header().entry_type();
            if kind.is_dir() {
                continue;
            }
            names.push(member.clone());
            if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = link_target(&member, &target, kind.is_symlink());
                self.seen().links.insert(member, target);
                continue;
            }
            let size = entry.size();
            let mut head = [0u8; 1];
            let is_document = match entry.read(&mut head) {
                Ok(n) => is_document(&member, &head[..n], size, limits),
                Err(e) => {
                    self.fault(&member, e.to_string());
                    break;
                }
            };
            let mut whole = head.as_slice().take(size.min(1)).chain(&mut entry);
            if is_document && self.seen().kept + size <= KEPT {
                match read_limited(&mut whole, limits.attestation_bytes) {
                    Ok(bytes) => {
                        let mut seen = self.seen();
                        seen.kept += size;
                        seen.documents.insert(member, bytes);
                    }
                    Err(e) => {
                        self.fault(&member, e.to_string());
                        break;
                    }
                }
            } else {
                let mut counted = Counted { inner: &mut whole, count: 0 };
                layer(&member, &mut counted);
                let count = counted.count;
                self.seen().layers.push(member.clone());
                if count < size {
                    self.fault(&member, format!("cut off: {count} of {size} bytes are there"));
                }
            }
        }
        for twice in bundle::repeated(names.iter().map(String::as_str)) {
            self.fault(
                &twice,
                "the archive holds it more than once: readers differ in which they take".into(),
            );
        }
        Ok(())
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
        for _ in 0..8 {
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

    fn open(&self, _member: &str) -> Result<Box<dyn Read + Send>, FetchError> {
        Err(FetchError::Missing)
    }

    fn has(&self, member: &str) -> bool {
        self.documents.contains_key(member) || self.layers.iter().any(|l| l == member)
    }

    fn faults(&self) -> Vec<Missed> {
        self.faults.clone()
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
