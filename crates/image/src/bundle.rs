//! Images in files: an OCI layout, `docker save`'s archive, or both in one, whichever way the members are stored.

use std::io::Read;
use std::sync::Arc;

use super::beside::Recorded;
use super::document::ambiguity;
use super::manifest::{ArchiveEntry, Manifest};
use super::resolve::{Root, assemble, json_error, resolve};
use super::{
    Blob, Descriptor, Digest, Document, Fetch, FetchError, ImageError, Images, Limits, Mismatch, Missed,
};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// A set of named members.
pub(super) trait Members: Send + Sync {
    /// A member's bytes.
    fn read(&self, member: &str, limit: u64) -> Result<Vec<u8>, FetchError>;
    /// A member as a stream.
    fn open(&self, member: &str) -> Result<Box<dyn Read + Send>, FetchError>;
    /// Whether there is such a member.
    fn has(&self, member: &str) -> bool;
    /// What is wrong with the container of the members itself.
    fn faults(&self) -> Vec<Missed>;
    /// All members, with their sizes if they can be examined, and what stands beside them in the container.
    fn list(&self) -> Vec<(String, Option<u64>)>;
    /// The member that a name leads to, links followed.
    fn resolve(&self, member: &str) -> String {
        member.to_owned()
    }
}

/// Reads the images of a set of members; `tag` selects one.
pub(super) fn images(
    members: &dyn Members,
    name: &str,
    tag: Option<&str>,
    limits: &Limits,
) -> Result<Images, ImageError> {
    let all = Recorded::new(members);
    let mut images = selected(&all, name, tag, limits)?;
    // What belongs to an image that was not asked for is reached, and not asked for.
    let keys = |images: &Images| -> Vec<String> {
        images.images.iter().flat_map(|i| &i.layers).map(|layer| all.resolve(&layer.blob.key)).collect()
    };
    let mut layers = keys(&images);
    if tag.is_some() {
        images.not_requested = keys(&selected(&all, name, None, limits)?);
        layers.extend(images.not_requested.iter().cloned());
    }
    all.add_unreached(&layers, name, &mut images);
    Ok(images)
}

fn selected(
    members: &dyn Members,
    name: &str,
    tag: Option<&str>,
    limits: &Limits,
) -> Result<Images, ImageError> {
    let not_an_image = |reason: String| ImageError::NotAnImage { name: name.to_owned(), reason };
    let mut out = Images::default();
    let is_layout = members.has("index.json");
    let is_archive = members.has("manifest.json");
    if !is_layout && !is_archive {
        let why = members.faults().first().map(|f| format!("{}: {}; ", f.what, f.reason)).unwrap_or_default();
        return Err(not_an_image(format!(
            "{why}is not an image: it has neither an index.json (OCI layout) nor a manifest.json (docker save); for a build \
             context use `seaworthy context`"
        )));
    }
    let mut names = Vec::new();
    if is_layout {
        let bytes = members.read("index.json", limits.document_bytes);
        let bytes = bytes.map_err(|e| not_an_image(format!("index.json: {e}")))?;
        let index: Manifest = serde_json::from_slice(&bytes)
            .map_err(|e| not_an_image(format!("index.json: {}", json_error(&e))))?;
        // A struct can be read from an array, too; no other tool does.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(not_an_image("index.json: it is not a JSON object".into()));
        }
        let doubt = index.doubt().map(str::to_owned);
        let (roots, others) = select_roots(index.manifests, tag, &mut names);
        let document_bytes = limits.document_bytes;
        out = resolve(&LayoutFetch { members, others, document_bytes }, name, &roots, limits);
        let lacks = roots.iter().filter_map(|root| root.descriptor.lack()).map(str::to_owned);
        for reason in ambiguity(&bytes).into_iter().chain(doubt).chain(lacks) {
            let origin =
                Origin { path: Some("index.json".into()), ..Origin::new(OriginKind::Manifest, name) };
            out.missed.push(Missed { origin, what: "index.json".into(), reason });
        }
        // It is shipped like any other index, and may carry annotations.
        let index = Arc::new(Document::new("application/vnd.oci.image.index.v1+json", bytes));
        out.images.iter_mut().for_each(|image| image.indexes.push(Arc::clone(&index)));
    }
    if is_archive {
        let bytes = members.read("manifest.json", limits.document_bytes);
        let bytes = bytes.map_err(|e| not_an_image(format!("manifest.json: {e}")))?;
        let entries: Vec<ArchiveEntry> = serde_json::from_slice(&bytes)
            .map_err(|e| not_an_image(format!("manifest.json: {}", json_error(&e))))?;
        if let Some(reason) = ambiguity_of_list(&bytes) {
            let origin =
                Origin { path: Some("manifest.json".into()), ..Origin::new(OriginKind::Manifest, name) };
            out.missed.push(Missed { origin, what: "manifest.json".into(), reason });
        }
        if entries.len() > limits.manifests {
            let reason = format!("it lists more than {} images", limits.manifests);
            let origin =
                Origin { path: Some("manifest.json".into()), ..Origin::new(OriginKind::Manifest, name) };
            out.missed.push(Missed { origin, what: "images".into(), reason });
        }
        for entry in entries.into_iter().take(limits.manifests) {
            archive_image(members, name, tag, limits, &entry, &mut names, &mut out);
        }
    }
    out.missed.extend(members.faults());
    if out.images.is_empty() && out.missed.is_empty() && out.mismatches.is_empty() {
        let reason = match tag {
            Some(tag) if names.is_empty() => format!("it holds no image named {tag}, nor any other name"),
            Some(tag) => format!("it holds no image named {tag}; it holds: {}", names.join(", ")),
            None => "it lists no image".to_owned(),
        };
        return Err(not_an_image(reason));
    }
    Ok(out)
}

/// As [`ambiguity`], for `docker save`'s list, whose keys are capitalised.
fn ambiguity_of_list(bytes: &[u8]) -> Option<String> {
    let entries: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_slice(bytes).ok()?;
    let known = ["Config", "RepoTags", "Layers"];
    let other_case = |key: &String| known.iter().any(|k| k.eq_ignore_ascii_case(key) && k != key);
    let reason = "a key differs from a known one in case: readers may see different things";
    entries.iter().any(|e| e.keys().any(other_case)).then(|| reason.to_owned())
}

/// The manifests with the name that is asked for, and all others.
fn select_roots(
    manifests: Vec<Descriptor>,
    tag: Option<&str>,
    names: &mut Vec<String>,
) -> (Vec<Root>, Vec<Descriptor>) {
    let (mut roots, mut others) = (Vec::new(), Vec::new());
    for descriptor in manifests {
        let keys = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];
        let tags: Vec<String> = keys
            .iter()
            .filter_map(|k| descriptor.annotations.get(*k))
            .map(|t| escape_bytes(t.as_bytes()))
            .collect();
        names.extend(tags.iter().cloned());
        if tag.is_none_or(|wanted| tags.iter().any(|t| is_name(t, wanted))) {
            roots.push(Root { descriptor, tags });
        } else {
            others.push(descriptor);
        }
    }
    (roots, others)
}

/// Whether a name in the image's documents is the one that was asked for. Docker writes `app:1` where other tools write
/// `docker.io/library/app:1`, and means `app:latest` by `app`.
fn is_name(name: &str, wanted: &str) -> bool {
    let familiar = |name: &str| {
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        name.strip_prefix("library/").unwrap_or(name).to_owned()
    };
    name == wanted
        || familiar(name) == familiar(wanted)
        || (!wanted.contains(':') && familiar(name) == format!("{}:latest", familiar(wanted)))
}

/// Reads one entry of `docker save`'s list, unless the index led to the same config and layers already.
fn archive_image(
    members: &dyn Members,
    name: &str,
    tag: Option<&str>,
    limits: &Limits,
    entry: &ArchiveEntry,
    names: &mut Vec<String>,
    out: &mut Images,
) {
    let tags: Vec<String> = entry.repo_tags.iter().map(|t| escape_bytes(t.as_bytes())).collect();
    names.extend(tags.iter().cloned());
    if tag.is_some_and(|wanted| !tags.iter().any(|t| is_name(t, wanted))) {
        return;
    }
    let origin =
        |kind, path: &str| Origin { path: Some(escape_bytes(path.as_bytes())), ..Origin::new(kind, name) };
    let digest_of = |member: &str| {
        let hex = member.strip_prefix("blobs/sha256/").or_else(|| member.strip_suffix(".json"))?;
        Digest::parse(&format!("sha256:{hex}"))
    };
    let expected = digest_of(&entry.config);
    let keys: Vec<&str> = entry.layers.iter().map(String::as_str).collect();
    let same = out.images.iter_mut().find(|i| {
        Some(&i.config.digest) == expected.as_ref()
            && i.layers.iter().map(|l| l.blob.key.as_str()).eq(keys.iter().copied())
    });
    if let Some(image) = same {
        image.tags.extend(tags.into_iter().filter(|t| !image.tags.contains(t)).collect::<Vec<_>>());
        return;
    }
    let config = match members.read(&entry.config, limits.document_bytes) {
        Ok(bytes) => Some(Document::new("", bytes)),
        Err(e) => {
            let origin = origin(OriginKind::Config, &entry.config);
            out.missed.push(Missed { origin, what: "config".into(), reason: e.to_string() });
            None
        }
    };
    if let (Some(expected), Some(config)) = (&expected, &config)
        && *expected != config.digest
    {
        out.mismatches.push(Mismatch {
            origin: origin(OriginKind::Config, &entry.config),
            what: "config digest".into(),
            expected: expected.to_string(),
            actual: config.digest.to_string(),
        });
    }
    if entry.layers.len() > limits.layers {
        let reason = format!("it has more than {} layers", limits.layers);
        let origin = origin(OriginKind::Manifest, "manifest.json");
        out.missed.push(Missed { origin, what: "layers".into(), reason });
    }
    let blobs = entry.layers.iter().take(limits.layers).map(|member| {
        let digest = member.strip_prefix("blobs/").and_then(|_| digest_of(member));
        (Blob { key: member.clone(), digest, size: None }, None)
    });
    let (image, missed) = assemble(name, &tags, None, &[], config, blobs.collect());
    out.images.push(image);
    out.missed.extend(missed);
}

struct LayoutFetch<'a> {
    members: &'a dyn Members,
    /// What the index lists beside what was asked for.
    others: Vec<Descriptor>,
    document_bytes: u64,
}

impl Fetch for LayoutFetch<'_> {
    fn document(&self, d: &Descriptor, limit: u64) -> Result<Vec<u8>, FetchError> {
        let digest = Digest::parse(&d.digest).ok_or(FetchError::Missing)?;
        self.members.read(&format!("blobs/{}/{}", digest.algorithm(), digest.hex()), limit)
    }

    /// What refers to an image stands beside it in the index: with a `subject`, or under the tag that the distribution
    /// specification gives to registries without the referrers API.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, FetchError> {
        let tag = format!("{}-{}", subject.algorithm(), subject.hex());
        let mut found = Vec::new();
        for d in &self.others {
            let name = d.annotations.get("org.opencontainers.image.ref.name");
            let manifest = self.document(d, self.document_bytes).ok();
            let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
            match manifest {
                // One without a name may belong to the image; the walk says why it cannot be read.
                None if name.is_none() => found.push(d.clone()),
                None => {}
                Some(manifest) => {
                    if manifest.subject.is_some_and(|s| s.digest == subject.as_str()) {
                        found.push(d.clone());
                    } else if name.is_some_and(|n| *n == tag) {
                        found.extend(manifest.manifests);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Reads at most `limit` bytes.
pub(super) fn read_limited(reader: impl Read, limit: u64) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    let read = reader.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|e| FetchError::Io(e.to_string()))?;
    if bytes.len() as u64 > limit { Err(FetchError::TooLarge { limit }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_in_both_forms() {
        for (name, wanted) in [
            ("app:1", "app:1"),
            ("docker.io/library/app:1", "app:1"),
            ("app:1", "docker.io/library/app:1"),
            ("docker.io/team/app:1", "team/app:1"),
            ("app:latest", "app"),
            ("1.0", "1.0"),
        ] {
            assert!(is_name(name, wanted), "{name} {wanted}");
        }
        for (name, wanted) in
            [("app:1", "app"), ("team/app:1", "app:1"), ("ghcr.io/app:1", "app:1"), ("1.0", "1")]
        {
            assert!(!is_name(name, wanted), "{name} {wanted}");
        }
    }
}
