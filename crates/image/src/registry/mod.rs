//! Registries, by the OCI distribution specification.
//!
//! oci-client gives the grammar of references, the tokens, the error codes and the media types. Its requests are not
//! used: its client reads bodies without a limit on their size, hides the status and the headers that say whether and
//! when to try again, takes a refused list of referrers for an empty one, follows a descriptor's `urls`, sends a login
//! to whatever endpoint the registry names, and knows neither refresh tokens nor a way to keep a redirect off plain
//! HTTP. What it leaves open is what a hostile registry would use, so the requests are made here, with reqwest.
//!
//! What is read is hashed here and compared with the descriptor that led to it; the registry's own word for the
//! digest is only compared with what it sent.

mod client;
mod credentials;
mod failure;
mod redirect;
mod referrers;
mod tag;
mod target;
mod token;
pub(super) mod transport;

#[cfg(test)]
pub(super) mod tests;

pub(super) use failure::Failure;
pub use tag::ask_tag;

use std::cell::RefCell;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use self::client::{Answer, Client};
use self::target::{Target, Wanted};
use self::transport::{Driver, Transfer};
pub use super::remote::{RegistryOptions, TagAnswer};
use super::{
    Blob, Descriptor, Digest, Fetch, FetchError, Hasher, ImageError, Images, Limits, Mismatch, Missed, Root,
    Source, resolve,
};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// All manifests and indexes that are read, for `Accept`.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";
/// The registry's word for the digest of what it sends.
const DIGEST_HEADER: &str = "docker-content-digest";

/// Types of servers of plain files, which say nothing of what a file is.
const UNTYPED: [&str; 6] = [
    "",
    "application/json",
    "application/octet-stream",
    "binary/octet-stream",
    "text/plain",
    "application/x-json",
];

/// An image in a registry.
struct Registry {
    name: String,
    client: Arc<Client>,
    driver: Arc<Driver>,
}

/// Opens `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`; `name` is how reports call it. The registry is not asked yet.
///
/// # Errors
/// If the reference is malformed, or no client can be set up.
pub fn open(
    name: &str,
    reference: &str,
    options: &RegistryOptions,
    limits: &Limits,
) -> Result<Box<dyn Source>, ImageError> {
    let not_an_image = |reason| ImageError::NotAnImage { name: name.to_owned(), reason };
    let target = Target::parse(reference, options.plain_http).map_err(not_an_image)?;
    Ok(Box::new(connect(name, target, options, limits)?))
}

fn connect(
    name: &str,
    target: Target,
    options: &RegistryOptions,
    limits: &Limits,
) -> Result<Registry, ImageError> {
    let remote = |reason| ImageError::Remote { name: name.to_owned(), reason };
    let timeout = Duration::from_secs(limits.timeout_seconds.max(1));
    let client = Client::new(target, options, timeout).map_err(|e| remote(e.to_string()))?;
    let driver = Driver::start().map_err(|e| remote(e.to_string()))?;
    Ok(Registry { name: name.to_owned(), client: Arc::new(client), driver })
}

impl Source for Registry {
    fn images(&self, limits: &Limits) -> Result<Images, ImageError> {
        let target = self.client.target();
        let (wanted, tags) = match &target.wanted {
            Wanted::Tag(tag) => {
                (tag.as_str(), vec![format!("{}/{}:{tag}", target.registry, target.repository)])
            }
            Wanted::Digest(digest) => (digest.as_str(), Vec::new()),
        };
        let url = target.manifest(wanted);
        let answer = self.driver.block_on(self.client.document(&url, Some(MANIFESTS), limits.document_bytes));
        let answer = answer.map_err(|failure| {
            let reason = match failure {
                Failure::NotFound { repository: false } => format!(
                    "the repository {} on {} has no manifest {wanted} (HTTP 404), or hides it from this login",
                    target.repository, target.registry
                ),
                Failure::NotFound { repository: true } => format!(
                    "{} has no repository {} (HTTP 404), or hides it from this login",
                    target.registry, target.repository
                ),
                other => format!("{}: {other}", target.registry),
            };
            ImageError::Remote { name: self.name.clone(), reason }
        })?;
        let digest = match &target.wanted {
            Wanted::Digest(digest) => digest.clone(),
            Wanted::Tag(_) => Digest::of(&answer.bytes),
        };
        let descriptor = Descriptor {
            media_type: media_type(&answer.headers),
            digest: digest.to_string(),
            ..Descriptor::default()
        };
        let mismatches = RefCell::new(Vec::from_iter(header_mismatch(&self.name, &answer)));
        let contradictions = RefCell::new(Vec::from_iter(type_contradiction(&self.name, &answer, "")));
        let root = (digest.to_string(), answer.bytes);
        let fetch = RegistryFetch { registry: self, limits, mismatches, contradictions, root };
        let mut images = resolve(&fetch, &self.name, &[Root { descriptor, tags }], limits);
        images.mismatches.extend(fetch.mismatches.into_inner());
        images.missed.extend(fetch.contradictions.into_inner());
        Ok(images)
    }

    fn open(&self, blob: &Blob) -> Result<Box<dyn Read + Send>, FetchError> {
        let digest = blob.digest.as_ref().ok_or(FetchError::Missing)?;
        let url = self.client.target().blob(digest);
        let response = self.driver.block_on(self.client.blob(&url))?;
        let (client, size) = (Arc::clone(&self.client), blob.size);
        Ok(Box::new(Transfer::start(&self.driver, |parts| client.pump(url, response, size, parts))))
    }
}

/// The documents of one reading.
struct RegistryFetch<'a> {
    registry: &'a Registry,
    limits: &'a Limits,
    mismatches: RefCell<Vec<Mismatch>>,
    /// Manifests that came as something else.
    contradictions: RefCell<Vec<Missed>>,
    /// The root manifest, which was fetched to find out its digest.
    root: (String, Vec<u8>),
}

impl RegistryFetch<'_> {
    fn get(&self, digest: &Digest, manifest: Option<&str>, limit: u64) -> Result<Vec<u8>, Failure> {
        let client = &self.registry.client;
        let (url, accept) = if manifest.is_some() {
            (client.target().manifest(digest.as_str()), Some(MANIFESTS))
        } else {
            (client.target().blob(digest), None)
        };
        let answer = self.registry.driver.block_on(client.document(&url, accept, limit))?;
        self.mismatches.borrow_mut().extend(header_mismatch(&self.registry.name, &answer));
        if let Some(media_type) = manifest {
            let contradiction = type_contradiction(&self.registry.name, &answer, media_type);
            self.contradictions.borrow_mut().extend(contradiction);
        }
        Ok(answer.bytes)
    }
}

impl Fetch for RegistryFetch<'_> {
    fn document(&self, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, FetchError> {
        let (root_digest, root_bytes) = &self.root;
        if descriptor.digest == *root_digest {
            return Ok(root_bytes.clone());
        }
        let digest = Digest::parse(&descriptor.digest).ok_or(FetchError::Missing)?;
        let is_manifest = is_manifest(&descriptor.media_type);
        let media_type = descriptor.media_type.as_str();
        match self.get(&digest, is_manifest.then_some(media_type), limit) {
            // The registry keeps manifests and blobs apart, and an unusual media type does not tell which it is.
            Err(Failure::NotFound { .. }) if !is_manifest => Ok(self.get(&digest, Some(""), limit)?),
            other => Ok(other?),
        }
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, FetchError> {
        let (most, limit) = (self.limits.manifests, self.limits.document_bytes);
        let found = referrers::list(&self.registry.client, subject, most, limit);
        Ok(self.registry.driver.block_on(found)?)
    }
}

/// A header that differs from the bytes: other clients, which believe it, would take another image for this one.
fn header_mismatch(name: &str, answer: &Answer) -> Option<Mismatch> {
    let header = answer.headers.get(DIGEST_HEADER)?;
    let promised = header.to_str().ok().and_then(Digest::parse);
    let mut hasher = promised.as_ref().map_or_else(Hasher::sha256, Digest::hasher);
    hasher.update(&answer.bytes);
    let actual = hasher.finish();
    if promised.as_ref() == Some(&actual) {
        return None;
    }
    let shown = &header.as_bytes()[..header.len().min(200)];
    Some(Mismatch {
        origin: Origin { path: Some(actual.to_string()), ..Origin::new(OriginKind::Manifest, name) },
        what: "Docker-Content-Digest header".into(),
        expected: escape_bytes(shown),
        actual: actual.to_string(),
    })
}

/// A `Content-Type` that contradicts a manifest: other clients go by it, and would read something else or nothing.
/// `expected` is the descriptor's media type, if one led here.
fn type_contradiction(name: &str, answer: &Answer, expected: &str) -> Option<Missed> {
    let header = answer.headers.get(CONTENT_TYPE)?;
    let full = String::from_utf8_lossy(header.as_bytes()).into_owned();
    let given = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let says_nothing = UNTYPED.contains(&given.as_str());
    if says_nothing || is_manifest(&given) && (expected.is_empty() || given == expected) {
        return None;
    }
    let given: String = given.chars().take(100).collect();
    let digest = Digest::of(&answer.bytes);
    Some(Missed {
        origin: Origin { path: Some(digest.to_string()), ..Origin::new(OriginKind::Manifest, name) },
        what: "manifest".into(),
        reason: format!(
            "the registry sends it as {}, which contradicts {}: other clients may refuse it or read it differently",
            escape_bytes(given.as_bytes()),
            if expected.is_empty() { "a manifest" } else { expected },
        ),
    })
}

fn is_manifest(media_type: &str) -> bool {
    [
        IMAGE_MANIFEST_LIST_MEDIA_TYPE,
        IMAGE_MANIFEST_MEDIA_TYPE,
        OCI_IMAGE_INDEX_MEDIA_TYPE,
        OCI_IMAGE_MEDIA_TYPE,
    ]
    .contains(&media_type)
}

/// The media type that the registry gives, if it is a manifest's; servers of plain files give others, which say
/// nothing.
fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let base = text.split(';').next().unwrap_or_default().trim();
    if is_manifest(base) { base.to_owned() } else { String::new() }
}
