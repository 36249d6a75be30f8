//! Artifacts → facts: what was seen in bytes, without values. Secrets in files, kinds of files that hold secrets, code that
//! reads variables, entrypoints. Checks are functions of facts; nothing here knows a check.

mod content;
pub mod entrypoint;
pub mod fallback;
mod image;
pub mod library;
mod name;
mod place;
pub mod secret_file;

pub use content::{ChunkFacts, LayerFacts, SecretFileSighting, Sighting, examine};
pub(crate) use image::environment;
pub use image::{Examined, ExaminedImage, LayerView, Unreached};

/// A secret that the contract injects at runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectedSecret {
    /// Its handle in the contract.
    pub handle: String,
    /// The environment variables that carry it.
    pub variables: Vec<String>,
    /// Whether the application cannot start without it.
    pub required: bool,
}
