//! The contract's sections as the rest of seaworthy sees them: checked, typed, defaults filled in.

use std::path::PathBuf;

use jiff::civil::Date;

use crate::finding::Severity;
use seaworthy_source::Position;

use super::parameter::Parameter;

/// `[image]`: the image that is examined when the command line names none, and what it is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSection {
    /// The image's name in reports, for references that are only a path.
    pub name: Option<String>,
    /// The image, in the same form as on the command line. A path in it is relative to the contract's folder, which
    /// whoever opens the image joins to it.
    pub reference: Option<String>,
    /// The Dockerfile, joined to the contract's folder.
    pub dockerfile: Option<PathBuf>,
    /// The build context, joined to the contract's folder.
    pub context: Option<PathBuf>,
}

/// `[policy]`: what fails the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The mildest severity that fails the verdict.
    pub fail_on: Severity,
}

impl Default for Policy {
    fn default() -> Self {
        Self { fail_on: Severity::Medium }
    }
}

/// `[fingerprints]`: how findings get names that stay the same from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprints {
    /// Name of the environment variable that holds the key. Without one, fingerprints are made of the place alone.
    pub key_env: Option<String>,
}

/// `[rules]`: detectors of the user's own, and detectors that are turned off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesSection {
    /// Folders with further detectors, joined to the contract's folder.
    pub directories: Vec<PathBuf>,
    /// Detectors that are turned off for a time.
    pub disable: Vec<DisableEntry>,
}

/// One `[[rules.disable]]`: a detector that is turned off for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisableEntry {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// The detector's ID.
    pub detector: String,
    /// Why.
    pub reason: String,
    /// The last day on which the entry holds.
    pub expires: Date,
}

impl DisableEntry {
    /// Whether the detector is still off on the day `today`; after its last day it is on again.
    pub fn holds(&self, today: Date) -> bool {
        today <= self.expires
    }
}

/// `[limits]`: how much an image may ask of the reader. All are 1 at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one layer, uncompressed.
    pub max_layer_bytes: u64,
    /// Bytes of all layers of an image together, uncompressed.
    pub max_total_bytes: u64,
    /// Entries of one layer's tar archive.
    pub max_entries_per_layer: u64,
    /// Uncompressed bytes for each compressed byte of a layer, once it has given more than 1 GiB.
    pub max_compression_ratio: u64,
    /// Bytes of a path in a layer.
    pub max_path_bytes: u64,
    /// Bytes of one PAX extended header in a layer.
    pub max_pax_bytes: u64,
    /// Bytes of a manifest, an index or an image config.
    pub max_manifest_bytes: u64,
    /// Seconds to wait for one answer of a registry.
    pub registry_timeout_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_layer_bytes: 16 << 30,
            max_total_bytes: 64 << 30,
            max_entries_per_layer: 2_000_000,
            // Deflate reaches 1,032 to 1 at best, and a gigabyte of real data does not come near.
            max_compression_ratio: 200,
            // PATH_MAX on Linux.
            max_path_bytes: 4_096,
            max_pax_bytes: 1 << 20,
            // What the OCI distribution specification asks registries to accept.
            max_manifest_bytes: 4 << 20,
            registry_timeout_seconds: 60,
        }
    }
}

/// One `[[secrets]]`: a secret that reaches the container at runtime and must not be in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// The secret's name in this project; no two entries share one.
    pub handle: String,
    /// Where it is kept.
    pub parameter: Parameter,
    /// The environment variables that carry it into the container; no two entries share one.
    pub variables: Vec<String>,
    /// Whether the application cannot start without it.
    pub required: bool,
    /// The version that the parameter must have.
    pub version: Option<u64>,
    /// The label that the parameter's version must carry.
    pub label: Option<String>,
    /// The KMS key that must encrypt it.
    pub kms_key: Option<String>,
}
