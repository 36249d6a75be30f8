//! The layers of the images that were examined, for reports that draw them.

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRecord {
    /// The image's name as the user gave it.
    pub image: String,
    /// The image's platform, such as `linux/amd64`.
    pub platform: Option<String>,
    /// Place in the image, from 0 (the base).
    pub index: usize,
    /// Its diff ID where known, else its blob digest, else its name in the archive.
    pub digest: String,
    /// Its size without compression in bytes; nothing if it could not be read.
    pub bytes: Option<u64>,
    /// Its files; nothing if it could not be read.
    pub files: Option<u64>,
    /// The instruction that made it, from the history, values masked.
    pub instruction: Option<String>,
}
