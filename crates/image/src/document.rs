//! A JSON document of an image, with its bytes' digest.

use std::collections::HashSet;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Digest;

/// Keys that readers look for in manifests, indexes and configs.
const KNOWN: [&str; 17] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "annotations",
    "subject",
    "blobs",
    "history",
    "rootfs",
    "architecture",
    "os",
    "variant",
    "diff_ids",
    "created_by",
    "empty_layer",
];
/// Objects whose keys are the author's own.
const FREE: [&str; 4] = ["Labels", "annotations", "ExposedPorts", "Volumes"];

/// Why two readers may see different things in a JSON document: a key that stands twice, or that differs from a known
/// one in case only. Go's decoder ignores case and takes the last; others take the first, or only the exact one.
pub(super) fn ambiguity(bytes: &[u8]) -> Option<String> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // What is no JSON is told by anyone who parses it.
    let _ = Keys { found: &mut found, free: false, known: true }.deserialize(&mut reader);
    found
}

/// Walks a JSON value for its keys.
struct Keys<'a> {
    found: &'a mut Option<String>,
    free: bool,
    known: bool,
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let folded = if self.free { key.clone() } else { key.to_ascii_lowercase() };
            let other_case = self.known && KNOWN.iter().any(|k| k.eq_ignore_ascii_case(&key) && *k != key);
            if !seen.insert(folded) || other_case {
                // The key itself may be anything, and is not shown.
                let why = if other_case { "differs from a known one in case" } else { "stands twice" };
                self.found.get_or_insert_with(|| format!("a key {why}: readers may see different things"));
            }
            let inside = matches!(key.as_str(), "history" | "rootfs");
            let free = FREE.contains(&key.as_str());
            map.next_value_seed(Keys { found: &mut *self.found, free, known: inside })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq
            .next_element_seed(Keys { found: &mut *self.found, free: false, known: self.known })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

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

#[cfg(test)]
mod tests {
    use super::ambiguity;

    #[test]
    fn keys_that_readers_take_differently() {
        for clear in [
            r#"{"layers":[{"annotations":{"A":"1","a":"2"}}],"config":{"Config":1}}"#,
            r#"{"config":{"Labels":{"Os":"x","os":"y"},"Env":["A=b"]},"history":[{"created_by":"x"}]}"#,
            "not json",
        ] {
            assert_eq!(ambiguity(clear.as_bytes()), None, "{clear}");
        }
        for unclear in [
            r#"{"layers":[],"Layers":[1]}"#,
            r#"{"Manifests":[]}"#,
            r#"{"config":{"Env":[]},"config":{}}"#,
            r#"{"history":[{"Created_By":"x"}]}"#,
            r#"{"annotations":{"a":"1","a":"2"}}"#,
        ] {
            assert!(ambiguity(unclear.as_bytes()).is_some(), "{unclear}");
        }
    }
}
