//! What stands for the clients of registries and the daemon in a build without the feature `registry`: every question
//! is answered with the reason.

const REASON: &str = "this build has no client for it: it was built without the feature `registry`";

/// Registries, which this build cannot reach.
pub mod registry {
    use super::REASON;
    use crate::{ImageError, Limits, Source};

    pub use crate::remote::{RegistryOptions, TagAnswer};

    /// Opens an image in a registry.
    ///
    /// # Errors
    /// Always: this build has no client.
    pub fn open(
        name: &str,
        _reference: &str,
        _options: &RegistryOptions,
        _limits: &Limits,
    ) -> Result<Box<dyn Source>, ImageError> {
        Err(ImageError::Remote { name: name.to_owned(), reason: REASON.to_owned() })
    }

    /// Asks for the digest of a tag.
    ///
    /// # Errors
    /// Always: this build has no client.
    pub fn ask_tag(
        _repository: &str,
        _tag: &str,
        _options: &RegistryOptions,
        _limits: &Limits,
    ) -> Result<TagAnswer, String> {
        Err(REASON.to_owned())
    }
}

/// The container daemon, which this build cannot reach.
pub mod daemon {
    use super::REASON;
    use crate::{ImageError, Limits, Source};

    /// Opens an image of the daemon.
    ///
    /// # Errors
    /// Always: this build has no client.
    pub fn open(name: &str, _reference: &str, _limits: &Limits) -> Result<Box<dyn Source>, ImageError> {
        Err(ImageError::Remote { name: name.to_owned(), reason: REASON.to_owned() })
    }
}
