//! From a root descriptor to images: indexes (nested ones too), manifests, configs, attestations and referrers.

use std::collections::HashSet;
use std::sync::Arc;

use super::document::ambiguity;
use super::manifest::{Config, Manifest};
use super::{
    Attestation, Blob, Descriptor, Digest, Document, HistoryEntry, Image, Images, Layer, Limits, Mismatch,
    Missed,
};
use seaworthy_source::{Origin, OriginKind};

/// Why a document or a blob cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// It is larger than allowed.
    #[error("it is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The other side said no.
    #[error("{0}")]
    Refused(String),
    /// It could not be read.
    #[error("{0}")]
    Io(String),
}

/// The digest of `{}`, which artifacts have for a config (OCI image specification, "Guidance for an empty descriptor").
const EMPTY_JSON: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// Where documents come from.
pub trait Fetch {
    /// The bytes of a manifest, config or attestation, unverified.
    ///
    /// # Errors
    /// If they cannot be had or are more than `limit`.
    fn document(&self, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, FetchError>;

    /// Descriptors of the manifests that refer to `subject` (OCI 1.1). "None" is an empty list; a refusal is an error.
    ///
    /// # Errors
    /// If that could not be found out.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, FetchError> {
        let _ = subject;
        Ok(Vec::new())
    }
}

/// A root of the walk: a descriptor, and the names that it has.
#[derive(Clone, Debug)]
pub struct Root {
    /// The manifest or index.
    pub descriptor: Descriptor,
    /// Its names.
    pub tags: Vec<String>,
}

/// Reads everything behind `roots`.
pub fn resolve(fetch: &dyn Fetch, name: &str, roots: &[Root], limits: &Limits) -> Images {
    let mut walk = Walk {
        fetch,
        name,
        limits,
        out: Images::default(),
        seen: HashSet::new(),
        attested: HashSet::new(),
        attested_bytes: 0,
        attestations: Vec::new(),
    };
    for root in roots {
        walk.visit(&root.descriptor, &root.tags, &[], 0);
    }
    walk.ask_for_referrers();
    walk.attach();
    walk.out
}

struct Walk<'a> {
    fetch: &'a dyn Fetch,
    name: &'a str,
    limits: &'a Limits,
    out: Images,
    seen: HashSet<String>,
    /// Documents of attestations that were asked for, by digest, and the bytes of those that came.
    attested: HashSet<String>,
    attested_bytes: u64,
    /// Attestations with the manifest that each is about.
    attestations: Vec<(String, Attestation)>,
}

impl Walk<'_> {
    fn origin(&self, kind: OriginKind, path: &str) -> Origin {
        Origin { path: Some(path.to_owned()), ..Origin::new(kind, self.name) }
    }

    fn miss(&mut self, kind: OriginKind, path: &str, what: &str, reason: impl Into<String>) {
        let origin = self.origin(kind, path);
        self.out.missed.push(Missed { origin, what: what.into(), reason: reason.into() });
    }

    /// Writes down what a descriptor that a document holds must have and lacks.
    fn described(&mut self, d: &Descriptor, kind: OriginKind, what: &str) {
        if let Some(reason) = d.lack() {
            self.miss(kind, &seaworthy_source::escape_bytes(d.digest.as_bytes()), what, reason);
        }
    }

    /// Fetches a document and compares digest and size with its descriptor.
    fn document(&mut self, d: &Descriptor, kind: OriginKind, what: &str, limit: u64) -> Option<Document> {
        let Some(expected) = Digest::parse(&d.digest) else {
            let reason = "its descriptor has no sha256 or sha512 digest";
            self.miss(kind, &seaworthy_source::escape_bytes(d.digest.as_bytes()), what, reason);
            return None;
        };
        if let Some(reason) = unreadable(&d.media_type) {
            self.miss(kind, expected.as_str(), what, reason);
            return None;
        }
        let bytes = match self.fetch.document(d, limit) {
            Ok(bytes) => bytes,
            Err(e) => {
                self.miss(kind, expected.as_str(), what, e.to_string());
                return None;
            }
        };
        let mut hasher = expected.hasher();
        hasher.update(&bytes);
        let actual = hasher.finish();
        if actual != expected {
            self.mismatch(kind, &expected, format!("{what} digest"), actual.as_str());
        }
        if let Some(size) = d.size.filter(|s| *s != bytes.len() as u64) {
            let origin = self.origin(kind, expected.as_str());
            let what = format!("{what} size in bytes");
            let actual = bytes.len().to_string();
            self.out.mismatches.push(Mismatch { origin, what, expected: size.to_string(), actual });
        }
        if kind != OriginKind::Attestation
            && let Some(reason) = ambiguity(&bytes)
        {
            self.miss(kind, expected.as_str(), what, reason);
        }
        let mut document = Document::new(d.media_type.clone(), bytes);
        document.digest = expected;
        Some(document)
    }

    /// Whether there are more manifests than allowed. The first one too many is written down for all.
    fn is_over_limit(&mut self, digest: &str) -> bool {
        let limit = self.limits.manifests;
        if self.seen.len() == limit + 1 {
            let reason = format!(
                "more than {limit} manifests stand behind one reference; this and all further were not read"
            );
            self.miss(
                OriginKind::Manifest,
                &seaworthy_source::escape_bytes(digest.as_bytes()),
                "manifest",
                reason,
            );
        }
        self.seen.len() > limit
    }

    fn mismatch(&mut self, kind: OriginKind, expected: &Digest, what: String, actual: &str) {
        let origin = self.origin(kind, expected.as_str());
        self.out.mismatches.push(Mismatch {
            origin,
            what,
            expected: expected.to_string(),
            actual: actual.into(),
        });
    }

    fn visit(&mut self, d: &Descriptor, tags: &[String], indexes: &[Arc<Document>], depth: usize) {
        if !self.seen.insert(d.digest.clone()) {
            self.add_tags(&d.digest, tags);
            return;
        }
        if self.is_over_limit(&d.digest) {
            return;
        }
        let limit = self.limits.document_bytes;
        let Some(document) = self.document(d, OriginKind::Manifest, "manifest", limit) else { return };
        let Some(manifest) = self.manifest(&document) else { return };
        if manifest.config.is_some() && !manifest.manifests.is_empty() {
            let reason = "it has both a config and manifests: readers may see different images";
            self.miss(OriginKind::Manifest, &d.digest, "manifest", reason);
        }
        if let Some(reason) = manifest.doubt().filter(|_| manifest.fs_layers.is_none()) {
            self.miss(OriginKind::Manifest, &d.digest, "manifest", reason);
        }
        // What an annotation or a subject says hides nothing: only what has no layers is a mere document.
        let about = about(d, &manifest).filter(|_| manifest.manifests.is_empty() && !has_layers(&manifest));
        if let Some(about) = about {
            self.attestation(&about, &document, &manifest);
        } else if manifest.fs_layers.is_some() {
            let reason = "it is of Docker's schema 1, which is not read; push the image again";
            self.miss(OriginKind::Manifest, &d.digest, "manifest", reason);
        } else if manifest.config.is_some() && manifest.manifests.is_empty() {
            self.image(document, &manifest, tags, indexes);
        } else if manifest.manifests.is_empty() {
            self.miss(OriginKind::Manifest, &d.digest, "manifest", "it lists neither a config nor manifests");
        } else if depth >= self.limits.index_depth {
            let reason = format!("indexes are nested more than {} deep", self.limits.index_depth);
            self.miss(OriginKind::Manifest, &d.digest, "index", reason);
        } else {
            let inside = [indexes, &[Arc::new(document)]].concat();
            for child in &manifest.manifests {
                self.described(child, OriginKind::Manifest, "manifest");
                self.visit(child, tags, &inside, depth + 1);
            }
        }
    }

    /// Parses a manifest and compares its own media type with its descriptor's: two readers that trust different
    /// ones would see different things.
    fn manifest(&mut self, document: &Document) -> Option<Manifest> {
        let path = document.digest.to_string();
        match serde_json::from_slice::<Manifest>(&document.bytes) {
            Ok(manifest) if document.value.is_object() => {
                let own = manifest.media_type.as_deref().unwrap_or_default();
                if !own.is_empty() && !document.media_type.is_empty() && own != document.media_type {
                    let own = seaworthy_source::escape_bytes(own.as_bytes());
                    let reason = format!(
                        "it calls itself {own}, its descriptor calls it {}: readers may see different images",
                        document.media_type
                    );
                    self.miss(OriginKind::Manifest, &path, "manifest media type", reason);
                }
                Some(manifest)
            }
            Ok(_) => {
                self.miss(OriginKind::Manifest, &path, "manifest", "it is not a JSON object");
                None
            }
            Err(e) => {
                let reason = format!("it is not a manifest: {}", json_error(&e));
                self.miss(OriginKind::Manifest, &path, "manifest", reason);
                None
            }
        }
    }

    fn image(&mut self, document: Document, manifest: &Manifest, tags: &[String], indexes: &[Arc<Document>]) {
        let Some(config) = &manifest.config else { return };
        let path = document.digest.to_string();
        if !is_image_config(&config.media_type) {
            let reason = format!(
                "its config is of type {}, so it is not a container image",
                seaworthy_source::escape_bytes(config.media_type.as_bytes())
            );
            self.miss(OriginKind::Manifest, &path, "artifact manifest", reason);
            return;
        }
        self.described(config, OriginKind::Config, "config");
        for layer in manifest.layers.iter().take(self.limits.layers) {
            self.described(layer, OriginKind::Layer, "layer");
        }
        let limit = self.limits.document_bytes;
        // The layers can be examined without it.
        let config = self.document(config, OriginKind::Config, "config", limit);
        if manifest.layers.len() > self.limits.layers {
            let reason = format!("it has more than {} layers", self.limits.layers);
            self.miss(OriginKind::Manifest, &path, "layers", reason);
        }
        let blobs = manifest.layers.iter().take(self.limits.layers).map(|d| {
            let digest = Digest::parse(&d.digest);
            let key = digest.as_ref().map_or_else(
                || seaworthy_source::escape_bytes(d.digest.as_bytes()),
                |digest| format!("blobs/{}/{}", digest.algorithm(), digest.hex()),
            );
            (Blob { key, digest, size: d.size }, Some(d.media_type.clone()))
        });
        let blobs = blobs.collect();
        let (image, missed) = assemble(self.name, tags, Some(document), indexes, config, blobs);
        self.out.missed.extend(missed);
        self.out.images.push(image);
    }

    /// Reads the documents that an attestation manifest or another referrer carries.
    fn attestation(&mut self, about: &str, document: &Document, manifest: &Manifest) {
        let mut parts = Vec::new();
        let config = manifest.config.iter().filter(|c| c.digest != EMPTY_JSON);
        for d in manifest.layers.iter().chain(&manifest.blobs).chain(config) {
            // The same document in many manifests, or many times in one, is read once.
            if !self.attested.insert(d.digest.clone()) {
                continue;
            }
            let limit = self.limits.attestation_bytes;
            if self.attested_bytes > self.limits.attestations_bytes {
                let limit = self.limits.attestations_bytes;
                let reason = format!("all attestations together are larger than the limit of {limit} bytes");
                self.miss(OriginKind::Attestation, &d.digest, "attestation", reason);
                return;
            }
            let kind = d.annotations.get("in-toto.io/predicate-type").cloned();
            let kind =
                kind.or_else(|| manifest.artifact_type.clone()).unwrap_or_else(|| d.media_type.clone());
            if let Some(part) = self.document(d, OriginKind::Attestation, "attestation", limit) {
                self.attested_bytes += part.bytes.len() as u64;
                parts.push(Attestation { document: part, kind });
            }
        }
        // The manifest itself has annotations that may hold something.
        let kind = manifest.artifact_type.clone().unwrap_or_else(|| "attestation manifest".into());
        parts.push(Attestation { document: document.clone(), kind });
        self.attestations.extend(parts.into_iter().map(|a| (about.to_owned(), a)));
    }

    /// Asks for what refers to each image and each index, and to what refers to it in turn.
    fn ask_for_referrers(&mut self) {
        let mut subjects: Vec<Digest> = Vec::new();
        for image in &self.out.images {
            let documents = image.manifest.iter().chain(image.indexes.iter().map(AsRef::as_ref));
            subjects.extend(documents.map(|d| d.digest.clone()));
        }
        subjects.sort_unstable();
        subjects.dedup();
        // With the image or index that all of a chain is about.
        let mut subjects: Vec<(Digest, Digest)> = subjects.into_iter().map(|s| (s.clone(), s)).collect();
        let mut at = 0;
        while let Some((subject, about)) = subjects.get(at).cloned() {
            at += 1;
            match self.fetch.referrers(&subject) {
                Ok(found) => {
                    for d in found {
                        if self.referrer(&about, &d) {
                            subjects.extend(Digest::parse(&d.digest).map(|digest| (digest, about.clone())));
                        }
                    }
                }
                Err(e) => self.miss(OriginKind::Manifest, subject.as_str(), "referrers", e.to_string()),
            }
        }
    }

    /// Reads what refers to something; the answer is whether it was new and could be read.
    fn referrer(&mut self, about: &Digest, d: &Descriptor) -> bool {
        if !self.seen.insert(d.digest.clone()) {
            return false;
        }
        if self.is_over_limit(&d.digest) {
            return false;
        }
        let limit = self.limits.document_bytes;
        let Some(document) = self.document(d, OriginKind::Manifest, "referrer", limit) else { return false };
        let Some(manifest) = self.manifest(&document) else { return false };
        self.attestation(about.as_str(), &document, &manifest);
        true
    }

    /// Gives each attestation to the image that it is about; one about an index, or about nothing, to all of them.
    fn attach(&mut self) {
        for (about, attestation) in std::mem::take(&mut self.attestations) {
            let of_image = |i: &&mut Image| i.manifest.as_ref().is_some_and(|m| m.digest.as_str() == about);
            if let Some(image) = self.out.images.iter_mut().find(of_image) {
                image.attestations.push(attestation);
            } else if let Some(image) = self.out.images.first_mut() {
                image.attestations.push(attestation);
            } else {
                let path = attestation.document.digest.to_string();
                self.miss(
                    OriginKind::Attestation,
                    &path,
                    "attestation",
                    "there is no image that it belongs to",
                );
            }
        }
    }

    fn add_tags(&mut self, digest: &str, tags: &[String]) {
        for image in &mut self.out.images {
            let documents = image.manifest.iter().chain(image.indexes.iter().map(AsRef::as_ref));
            if documents.into_iter().any(|d| d.digest.as_str() == digest) {
                image
                    .tags
                    .extend(tags.iter().filter(|t| !image.tags.contains(t)).cloned().collect::<Vec<_>>());
            }
        }
    }
}

/// Puts an image together from its config and blobs; used for manifests and for `docker save`'s own list. That a config
/// is not there has been written down by the caller.
pub(super) fn assemble(
    name: &str,
    tags: &[String],
    manifest: Option<Document>,
    indexes: &[Arc<Document>],
    config: Option<Document>,
    blobs: Vec<(Blob, Option<String>)>,
) -> (Image, Vec<Missed>) {
    let is_there = config.is_some();
    let config = config.unwrap_or_else(|| Document::new("", Vec::new()));
    let origin = |kind| Origin { path: Some(config.digest.to_string()), ..Origin::new(kind, name) };
    let mut missed = Vec::new();
    let parsed: Config = match serde_json::from_slice(&config.bytes) {
        Ok(parsed) if config.value.is_object() => parsed,
        _ if !is_there => Config::default(),
        Ok(_) => {
            let reason = "it is not a JSON object".to_owned();
            missed.push(Missed { origin: origin(OriginKind::Config), what: "config".into(), reason });
            Config::default()
        }
        Err(e) => {
            let reason = format!("it is not an image config: {}", json_error(&e));
            missed.push(Missed { origin: origin(OriginKind::Config), what: "config".into(), reason });
            Config::default()
        }
    };
    let diff_ids = &parsed.rootfs.diff_ids;
    if diff_ids.len() != blobs.len() && is_there {
        let reason = format!(
            "the config names {} diff IDs, the manifest {} layers: the layers' content cannot be verified",
            diff_ids.len(),
            blobs.len()
        );
        missed.push(Missed { origin: origin(OriginKind::Config), what: "diff IDs".into(), reason });
    }
    let paired = diff_ids.len() == blobs.len();
    let makers = makers(&parsed.history, blobs.len());
    let mut layers = Vec::new();
    for (index, (blob, media_type)) in blobs.into_iter().enumerate() {
        let diff_id = diff_ids.get(index).filter(|_| paired).and_then(|d| Digest::parse(d));
        if paired && diff_id.is_none() {
            let reason =
                "it is not a sha256 or sha512 digest: the layer's content cannot be verified".to_owned();
            let what = format!("diff ID of layer {index}");
            missed.push(Missed { origin: origin(OriginKind::Config), what, reason });
        }
        let history = makers.as_ref().and_then(|m| m.get(index)).copied();
        layers.push(Layer { index, blob, media_type, diff_id, history });
    }
    let image = Image {
        name: name.to_owned(),
        tags: tags.to_vec(),
        platform: parsed.platform(),
        manifest,
        indexes: indexes.to_vec(),
        config,
        history: parsed.history,
        layers,
        attestations: Vec::new(),
    };
    (image, missed)
}

/// For each layer the history entry that made it, if the history accounts for exactly `layers` layers.
fn makers(history: &[HistoryEntry], layers: usize) -> Option<Vec<usize>> {
    let makers: Vec<usize> =
        history.iter().enumerate().filter(|(_, h)| !h.empty_layer).map(|(i, _)| i).collect();
    (makers.len() == layers).then_some(makers)
}

/// What a manifest is about, if its descriptor or itself says that it is about something.
fn about(d: &Descriptor, manifest: &Manifest) -> Option<String> {
    let annotated =
        d.annotations.get("vnd.docker.reference.type").is_some_and(|t| t == "attestation-manifest");
    let digest = || d.annotations.get("vnd.docker.reference.digest").cloned().unwrap_or_default();
    annotated.then(digest).or_else(|| manifest.subject.as_ref().map(|s| s.digest.clone()))
}

/// Whether a manifest has something that a runtime would unpack, or could take for that.
fn has_layers(manifest: &Manifest) -> bool {
    let unpacks = |media_type: &str| {
        media_type.is_empty()
            || ["image.layer", "rootfs", "tar", "zip"].iter().any(|word| media_type.contains(word))
    };
    manifest.layers.iter().any(|l| unpacks(&l.media_type))
}

fn is_image_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "" | "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    )
}

/// Why documents of this media type cannot be read, if so.
fn unreadable(media_type: &str) -> Option<&'static str> {
    media_type.contains("+encrypted").then_some("it is encrypted")
}

/// Serde's message without the value that it may quote: only the place and the kind of fault.
pub(super) fn json_error(e: &serde_json::Error) -> String {
    let kind = match e.classify() {
        serde_json::error::Category::Io => "cannot be read",
        serde_json::error::Category::Syntax => "not valid JSON",
        serde_json::error::Category::Data => "a field has the wrong type",
        serde_json::error::Category::Eof => "the JSON ends early",
    };
    format!("{kind}, line {} column {}", e.line(), e.column())
}
