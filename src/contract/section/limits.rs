//! `[limits]`: how much an image may ask of the reader.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::Count;

/// How much an image may ask of the reader. What exceeds a limit is reported as not checked, never skipped.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawLimits {
    /// Bytes of one layer, uncompressed.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_layer_bytes))]
    pub max_layer_bytes: Count,
    /// Bytes of all layers of an image together, uncompressed.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_total_bytes))]
    pub max_total_bytes: Count,
    /// Entries of one layer's tar archive.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_entries_per_layer))]
    pub max_entries_per_layer: Count,
    /// Uncompressed bytes for each compressed byte, once an archive, a layer or a file in it has given more than 16 MiB.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_compression_ratio))]
    pub max_compression_ratio: Count,
    /// How deep files inside files (archives, compressed files) are opened.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_archive_depth))]
    pub max_archive_depth: Count,
    /// Bytes that one file may unpack to, files inside files included.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_archive_bytes))]
    pub max_archive_bytes: Count,
    /// Files of one archive inside a layer or a context, and members of an archive of images.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_archive_entries))]
    pub max_archive_entries: Count,
    /// Bytes of one file of a build context.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_context_file_bytes))]
    pub max_context_file_bytes: Count,
    /// Bytes of a path in a layer.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_path_bytes))]
    pub max_path_bytes: Count,
    /// Bytes of one PAX extended header in a layer.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_pax_bytes))]
    pub max_pax_bytes: Count,
    /// Bytes of a manifest, an index or an image config.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_manifest_bytes))]
    pub max_manifest_bytes: Count,
    /// Seconds to wait for one answer of a registry.
    #[schemars(range(min = 1), extend("default" = Limits::default().registry_timeout_seconds))]
    pub registry_timeout_seconds: Count,
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
    /// Uncompressed bytes for each compressed byte, once an archive, a layer or a file in it has given more than 16 MiB.
    pub max_compression_ratio: u64,
    /// How deep files inside files are opened.
    pub max_archive_depth: u64,
    /// Bytes that one file may unpack to, files inside files included.
    pub max_archive_bytes: u64,
    /// Files of one archive inside a layer or a context, and members of an archive of images.
    pub max_archive_entries: u64,
    /// Bytes of one file of a build context.
    pub max_context_file_bytes: u64,
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
            // Deflate reaches 1,032 to 1 at best, and many megabytes of real data do not come near.
            max_compression_ratio: 200,
            max_archive_depth: 4,
            max_archive_bytes: 4 << 30,
            max_archive_entries: 200_000,
            max_context_file_bytes: 4 << 30,
            // PATH_MAX on Linux.
            max_path_bytes: 4_096,
            max_pax_bytes: 1 << 20,
            // What the OCI distribution specification asks registries to accept.
            max_manifest_bytes: 4 << 20,
            registry_timeout_seconds: 60,
        }
    }
}

/// Limits of zero do not get here: the schema's minimum is 1.
pub(in crate::contract) fn limits(raw: &RawLimits) -> Limits {
    let default = Limits::default();
    let or = |count: &Count, default: u64| count.as_ref().map_or(default, |c| c.value);
    Limits {
        max_layer_bytes: or(&raw.max_layer_bytes, default.max_layer_bytes),
        max_total_bytes: or(&raw.max_total_bytes, default.max_total_bytes),
        max_entries_per_layer: or(&raw.max_entries_per_layer, default.max_entries_per_layer),
        max_compression_ratio: or(&raw.max_compression_ratio, default.max_compression_ratio),
        max_archive_depth: or(&raw.max_archive_depth, default.max_archive_depth),
        max_archive_bytes: or(&raw.max_archive_bytes, default.max_archive_bytes),
        max_archive_entries: or(&raw.max_archive_entries, default.max_archive_entries),
        max_context_file_bytes: or(&raw.max_context_file_bytes, default.max_context_file_bytes),
        max_path_bytes: or(&raw.max_path_bytes, default.max_path_bytes),
        max_pax_bytes: or(&raw.max_pax_bytes, default.max_pax_bytes),
        max_manifest_bytes: or(&raw.max_manifest_bytes, default.max_manifest_bytes),
        registry_timeout_seconds: or(&raw.registry_timeout_seconds, default.registry_timeout_seconds),
    }
}
