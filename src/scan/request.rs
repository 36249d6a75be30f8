//! From plain options and the contract to what is examined: what was given takes precedence over what the contract
//! says. Every command and every user of the library goes through here.

mod context;
mod documents;
mod image;
mod place;
mod wiring;

pub use context::{ContextOptions, DockerfileInput};
pub use documents::{DocumentFiles, documents};
pub(in crate::scan) use image::registry_options;
pub use image::{ExecEngine, ImageOptions};
pub use place::{Place, bucket, layout, store};
pub use wiring::{WiringFiles, WiringOptions};

use super::ScanError;

/// An error about the options or the contract.
fn refused(reason: impl Into<String>) -> ScanError {
    ScanError::Request(reason.into())
}
