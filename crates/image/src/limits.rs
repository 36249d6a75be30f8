//! Caps against hostile input. A cap that is hit is written down, never passed over.

/// How much of an image is read before the tool gives up on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest manifest, index or config, in bytes.
    pub document_bytes: u64,
    /// Largest attestation, in bytes.
    pub attestation_bytes: u64,
    /// Most bytes of all attestations together.
    pub attestations_bytes: u64,
    /// Most manifests behind one reference.
    pub manifests: usize,
    /// Deepest nesting of indexes.
    pub index_depth: usize,
    /// Most layers of one image.
    pub layers: usize,
    /// Most bytes that one layer may hold uncompressed.
    pub layer_bytes: u64,
    /// Most bytes of an archive that comes as a stream, uncompressed.
    pub archive_bytes: u64,
    /// Most uncompressed bytes for each compressed one, once a layer or an archive is over `ratio_after_bytes`.
    pub ratio: u64,
    /// How many bytes a layer or an archive may unpack to, whatever the ratio.
    pub ratio_after_bytes: u64,
    /// Most entries of one layer.
    pub entries: u64,
    /// Longest path, in bytes.
    pub path_bytes: usize,
    /// Largest extended header (PAX records, GNU long names), in bytes.
    pub extended_header_bytes: u64,
    /// How deep files inside files are opened.
    pub nested_depth: usize,
    /// Most bytes that one file may hold unpacked, files inside files included.
    pub nested_bytes: u64,
    /// How many bytes a file may unpack to, whatever the ratio.
    pub nested_ratio_after_bytes: u64,
    /// Most files of one archive inside a layer, and most members of an archive of images.
    pub nested_entries: u64,
    /// Seconds without an answer before a registry or daemon is given up.
    pub timeout_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 8 << 20,
            attestation_bytes: 64 << 20,
            attestations_bytes: 256 << 20,
            manifests: 512,
            index_depth: 4,
            layers: 1024,
            layer_bytes: 256 << 30,
            archive_bytes: 1 << 40,
            ratio: 200,
            ratio_after_bytes: 16 << 20,
            entries: 5_000_000,
            path_bytes: 4096,
            extended_header_bytes: 1 << 20,
            nested_depth: 4,
            nested_bytes: 4 << 30,
            nested_ratio_after_bytes: 16 << 20,
            nested_entries: 200_000,
            timeout_seconds: 30,
        }
    }
}
