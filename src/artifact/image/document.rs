//! A JSON document of an image, with its bytes' digest.

use serde_json::Value;

use super::Digest;

/// A manifest, index, config or attestation: small enough to hold.
#[derive(Clone, Debug)]
pub struct Document {
    /// The digest of its bytes, computed here.
    pub digest: Digest,
    /// Its media type, as the descriptor gives it; empty if none does.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its content; null if it is not JSON.
    pub value: Value,
}

impl Document {
    /// Hashes and parses `bytes`. Bytes that are no JSON are kept with a null value.
    pub fn new(media_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { digest: Digest::of(&bytes), media_type: media_type.into(), bytes, value }
    }
}
