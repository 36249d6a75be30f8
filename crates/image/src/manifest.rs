//! Manifests, indexes and configs: the parts that seaworthy reads, lenient about the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// A descriptor of the OCI image specification. `urls` is left out on purpose: following it would let an image send
/// us anywhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of what it points to.
    #[serde(default)]
    pub media_type: String,
    /// Digest, not yet checked for form.
    #[serde(default)]
    pub digest: String,
    /// Size in bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Artifact type, in indexes of referrers.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// Platform, in indexes.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Annotations.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// What it lacks of the properties that every descriptor must have (OCI image specification, "Content Descriptors");
    /// that its digest is one is asked where it is read.
    pub(super) fn lack(&self) -> Option<&'static str> {
        match (self.media_type.is_empty(), self.size) {
            (true, _) => {
                Some("its descriptor has no media type, which OCI requires: readers may take it differently")
            }
            (false, None) => Some("its descriptor has no size, which OCI requires: readers may refuse it"),
            (false, Some(_)) => None,
        }
    }
}

/// The platform of a descriptor.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Platform {
    /// Operating system.
    #[serde(default)]
    pub os: String,
    /// Processor architecture.
    #[serde(default)]
    pub architecture: String,
    /// Processor variant.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Platform {
    /// `os/architecture[/variant]`.
    pub fn text(&self) -> String {
        let variant = self.variant.as_deref().filter(|v| !v.is_empty()).map(|v| format!("/{v}"));
        format!("{}/{}{}", self.os, self.architecture, variant.unwrap_or_default())
    }
}

/// A manifest or an index: which of the two shows in which lists it has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the schema: 2 in manifests and indexes alike.
    #[serde(default)]
    pub schema_version: serde_json::Value,
    /// Media type, optional in OCI.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Artifact type of an artifact manifest.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// The config, in a manifest.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// The layers, in a manifest.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub layers: Vec<Descriptor>,
    /// The blobs of an artifact manifest, as OCI 1.1's release candidates had it.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub blobs: Vec<Descriptor>,
    /// The manifests, in an index.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one refers to (OCI 1.1).
    #[serde(default)]
    pub subject: Option<Descriptor>,
    /// Layers of Docker's long dead schema 1.
    #[serde(default)]
    pub fs_layers: Option<serde_json::Value>,
}

impl Manifest {
    /// What keeps a manifest or an index from being read alike by all: its schema's version, or a media type that is
    /// there and empty.
    pub(super) fn doubt(&self) -> Option<&'static str> {
        if self.schema_version.as_u64() != Some(2) {
            return Some("its schemaVersion is not 2, which OCI requires: readers may refuse it");
        }
        let is_empty = self.media_type.as_deref() == Some("");
        is_empty.then_some("its media type is empty: readers may take it differently")
    }
}

/// An image config: what is needed to walk the image.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Config {
    /// Operating system.
    #[serde(default)]
    pub os: Option<String>,
    /// Processor architecture.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Processor variant.
    #[serde(default)]
    pub variant: Option<String>,
    /// The layers' uncompressed digests.
    #[serde(default)]
    pub rootfs: RootFs,
    /// What made the layers.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub history: Vec<HistoryEntry>,
}

impl Config {
    /// `os/architecture[/variant]`, if the config names both.
    pub fn platform(&self) -> Option<String> {
        let platform = Platform {
            os: self.os.clone().filter(|s| !s.is_empty())?,
            architecture: self.architecture.clone().filter(|s| !s.is_empty())?,
            variant: self.variant.clone(),
        };
        Some(platform.text())
    }
}

/// The config's `rootfs`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RootFs {
    /// Digests of the layers' uncompressed tars, base first.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub diff_ids: Vec<String>,
}

/// One entry of the config's history.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct HistoryEntry {
    /// The command that made the layer.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub created_by: String,
    /// A free comment.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub comment: String,
    /// The author.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub author: String,
    /// Whether it made no layer.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub empty_layer: bool,
}

/// One image of a docker archive's `manifest.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ArchiveEntry {
    /// Member that holds the config.
    pub config: String,
    /// Names and tags.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub repo_tags: Vec<String>,
    /// Members that hold the layers, base first.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub layers: Vec<String>,
}

/// Docker writes `null` where others leave a list out.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(d).map(Option::unwrap_or_default)
}
