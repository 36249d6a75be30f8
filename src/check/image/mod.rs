//! Questions about container images.

mod content;
mod document;
mod metadata;
mod origin;
mod sw301;
mod sw302;
mod sw303;
mod sw304;
mod sw305;
mod sw306;
mod sw307;
mod sw308;
mod sw309;

pub(super) use content::place;
pub use content::{ChunkFacts, LayerFacts, SecretFileSighting, Sighting, examine};

use std::sync::Arc;

use super::Check;
use super::fallback::SilentFallback;
use super::library::{OwnPackages, Surroundings};
use seaworthy_image::{Image, Layer, Mismatch};
use seaworthy_source::SourceLines;

/// The checks on images.
pub const ALL: &[&dyn Check<Examined>] = &[
    &sw301::SecretInFile,
    &sw302::SecretInHiddenFile,
    &sw303::SecretInHistory,
    &sw304::SecretInEnvironment,
    &sw305::InjectedVariableHasDefault,
    &sw306::SecretInMetadata,
    &sw307::SecretInAttestation,
    &sw308::SecretFile,
    &sw309::DigestMismatch,
    &SilentFallback,
];

/// The checks that look into layers: those that a layer that cannot be read leaves unasked.
pub const LAYER_CHECKS: &[&str] = &["SW301", "SW302", "SW308", "SW408"];

/// Everything behind one reference, read and examined.
pub struct Examined {
    /// Its images.
    pub images: Vec<ExaminedImage>,
    /// Documents and layers whose bytes differ from their digest.
    pub mismatches: Vec<Mismatch>,
    /// The packages that the contract names as the project's own.
    pub own: OwnPackages,
}

/// One image with what was seen in its layers.
pub struct ExaminedImage {
    /// The image.
    pub image: Arc<Image>,
    /// Its layers, base first.
    pub layers: Vec<LayerView>,
    /// For each history entry the lines of the Dockerfile that made it, where known.
    pub makers: Vec<Option<SourceLines>>,
    /// For each history entry its command, secrets masked.
    pub instructions: Vec<String>,
}

/// One layer with what was seen in it.
pub struct LayerView {
    /// The layer.
    pub layer: Layer,
    /// What was seen; nothing if it could not be read.
    pub facts: Option<Arc<LayerFacts>>,
}

/// The image's default environment: `config.Env` of its config, split at the first `=`.
pub(super) fn environment(image: &ExaminedImage) -> impl Iterator<Item = (&str, &str)> {
    let entries = image.image.config.value.pointer("/config/Env").and_then(serde_json::Value::as_array);
    entries.into_iter().flatten().map(|e| {
        let text = e.as_str().unwrap_or_default();
        text.split_once('=').unwrap_or((text, ""))
    })
}

impl ExaminedImage {
    /// The project's own packages: those of the contract, and those that the image's configuration starts.
    pub(super) fn own_packages(&self, contract: &OwnPackages) -> OwnPackages {
        let mut own = contract.clone();
        for pointer in ["/config/Entrypoint", "/config/Cmd"] {
            let words = self.image.config.value.pointer(pointer).and_then(serde_json::Value::as_array);
            own.add_command(words.into_iter().flatten().filter_map(serde_json::Value::as_str));
        }
        own
    }

    /// What the image's layers tell of its packages.
    pub(super) fn surroundings<'a>(&'a self, own: &'a OwnPackages) -> Surroundings<'a> {
        let facts = || self.layers.iter().filter_map(|l| l.facts.as_deref());
        Surroundings {
            exists: Box::new(move |path| facts().any(|f| f.summary.index.has(path))),
            manifests: facts().map(|f| &f.manifests).collect(),
            own,
        }
    }
}
