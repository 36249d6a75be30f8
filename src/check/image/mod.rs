//! Questions about container images.

mod content;
mod document;
mod metadata;
mod origin;
mod published;
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
pub(super) use published::is_published;

use std::sync::Arc;

use super::Check;
use super::fallback::SilentFallback;
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

/// Everything behind one reference, read and examined.
pub struct Examined {
    /// Its images.
    pub images: Vec<ExaminedImage>,
    /// Documents and layers whose bytes differ from their digest.
    pub mismatches: Vec<Mismatch>,
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
