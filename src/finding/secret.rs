//! What may be kept of a secret's value: a redaction, and what names its finding from run to run.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Characters of a public prefix that are shown at most.
const MAX_PREFIX: usize = 12;

/// A secret as it may be shown: never its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redacted {
    /// The public prefix that all tokens of its kind share (`ghp_`, `SG.`), then an ellipsis; the ellipsis alone where
    /// there is none. Never a character that tells one value from another.
    pub preview: String,
    /// Length of the value in bytes, for tokens of a fixed form; nothing for passwords and the like, whose length helps
    /// to guess them.
    pub length: Option<usize>,
    /// The variable or key that holds it, with the sections above it (`prod.password`), where the text around it tells.
    pub name: Option<String>,
    /// Equal for equal values, nothing if the value was not at hand; keyed with a number that dies with the process.
    /// Never written to a report.
    pub group: Option<u64>,
}

impl Redacted {
    /// Redacts a value of which nothing may be shown, such as a password.
    pub fn opaque(secret: &[u8]) -> Self {
        static GROUPS: OnceLock<RandomState> = OnceLock::new();
        let group = GROUPS.get_or_init(RandomState::new).hash_one(secret);
        Self { group: Some(group), ..Self::unseen() }
    }

    /// A secret of which the value was never at hand.
    pub fn unseen() -> Self {
        Self { preview: "…".to_owned(), length: None, name: None, group: None }
    }

    /// Redacts a token whose form is public: `prefixes` are literals, one of which stands in each token of the kind.
    /// The longest that the value begins with is shown, as long as most of the value stays hidden.
    pub fn token(secret: &[u8], prefixes: &[String]) -> Self {
        let public = prefixes
            .iter()
            .map(|p| p.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()))
            .filter(|p| {
                p.len() <= MAX_PREFIX && p.len() * 3 <= secret.len() && secret.starts_with(p.as_bytes())
            })
            .max_by_key(|p| p.len())
            .unwrap_or_default();
        Self { preview: format!("{public}…"), length: Some(secret.len()), ..Self::opaque(secret) }
    }
}

/// The key of the fingerprints' keyed hash.
#[derive(Clone)]
pub enum FingerprintKey {
    /// No key is known: fingerprints are made of place and structure alone and never of the secret's value, so that a
    /// short secret cannot be guessed from a report.
    PlaceOnly,
    /// A key from the contract: fingerprints also tell apart values at one place.
    Keyed(Vec<u8>),
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlaceOnly => "PlaceOnly",
            Self::Keyed(_) => "Keyed(…)",
        })
    }
}

/// What may be kept of a secret's value once its window is gone: a redaction and hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMark {
    /// What may be shown.
    pub redacted: Redacted,
    /// Equal for equal values; keyed with a number that dies with the process.
    pub group: u64,
    /// The kind of characters that the value has.
    shape: &'static str,
    /// The value's keyed hash, if there is a key.
    value: Option<[u8; 16]>,
}

impl SecretMark {
    /// Marks a value of which nothing may be shown, such as a password.
    pub fn new(key: &FingerprintKey, secret: &[u8]) -> Self {
        let value = match key {
            FingerprintKey::PlaceOnly => None,
            FingerprintKey::Keyed(_) => Some(keyed_hash(key, &[secret])),
        };
        let redacted = Redacted::opaque(secret);
        Self { group: redacted.group.unwrap_or_default(), redacted, shape: shape(secret), value }
    }

    /// Marks a token whose form is public; see [`Redacted::token`].
    pub fn token(key: &FingerprintKey, secret: &[u8], prefixes: &[String]) -> Self {
        Self { redacted: Redacted::token(secret, prefixes), ..Self::new(key, secret) }
    }

    /// The same, held by the variable or key `name`.
    #[must_use]
    pub fn named(mut self, name: Option<String>) -> Self {
        self.redacted.name = name;
        self
    }
}

/// The kind of characters of a value. Two bits of it at most, and no length: too little to guess a value by.
fn shape(secret: &[u8]) -> &'static str {
    let all = |test: fn(&u8) -> bool| secret.iter().all(test);
    if secret.contains(&b'\n') {
        "lines"
    } else if all(|b| b.is_ascii_hexdigit()) {
        "hex"
    } else if all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+' | b'/' | b'=')) {
        "token"
    } else {
        "text"
    }
}

fn keyed_hash(key: &FingerprintKey, parts: &[&[u8]]) -> [u8; 16] {
    let key = match key {
        FingerprintKey::PlaceOnly => &b"seaworthy/fingerprint/place/v1"[..],
        FingerprintKey::Keyed(key) => key.as_slice(),
    };
    let mut out = [0; 16];
    // HMAC takes a key of any length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return out };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let digest = mac.finalize().into_bytes();
    out.iter_mut().zip(digest).for_each(|(o, d)| *o = d);
    out
}

/// A stable name for one finding, the same from run to run: a keyed hash (HMAC-SHA-256, 128 bits of it in hex).
///
/// With a key it is made of check, detector, place and the value's keyed hash. Without one it is made of check,
/// detector, place, the name of the variable or key that holds the value, and the value's kind of characters: stable
/// when lines move, and different for two secrets wherever that tells them apart. Where nothing does (two values of one
/// kind under one name in one file), findings are numbered in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a finding of `check` by `detector`, at `place` (parts that name it without line numbers,
    /// ordinals or layer digests, which change from build to build), of the secret behind `mark`.
    pub fn new(
        key: &FingerprintKey,
        check: &str,
        detector: &str,
        place: &[&str],
        mark: Option<&SecretMark>,
    ) -> Self {
        let mut parts = vec![check.as_bytes(), detector.as_bytes()];
        parts.extend(place.iter().map(|p| p.as_bytes()));
        if let Some(mark) = mark {
            match &mark.value {
                Some(value) => parts.push(value.as_slice()),
                None => {
                    parts.push(mark.redacted.name.as_deref().unwrap_or_default().as_bytes());
                    parts.push(mark.shape.as_bytes());
                }
            }
        }
        Self(seaworthy_source::hex(&keyed_hash(key, &parts)))
    }

    /// The name of the `number`th finding (from 1) of those that this fingerprint alone does not tell apart.
    #[must_use]
    pub fn numbered(self, number: usize) -> Self {
        if number <= 1 {
            return self;
        }
        let parts = [self.0.as_bytes(), &(number as u64).to_be_bytes()];
        Self(seaworthy_source::hex(&keyed_hash(&FingerprintKey::PlaceOnly, &parts)))
    }

    /// Reads one that a person wrote into a contract: 32 lowercase hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 32 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// Its text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_prefixes_are_shown() {
        let prefixes = ["ghp_".to_owned(), "\"x".to_owned()];
        assert_eq!(Redacted::token(b"ghp_0123456789abcdefghij", &prefixes).preview, "ghp_…");
        assert_eq!(Redacted::token(b"0123456789abcdefghijghp_", &prefixes).preview, "…");
        // Of a short value even a public prefix would be much.
        assert_eq!(Redacted::token(b"ghp_01234", &prefixes).preview, "…");
        let password = Redacted::opaque(b"password-0123456789abcdef");
        assert_eq!((password.preview.as_str(), password.length), ("…", None));
    }

    #[test]
    fn fingerprints_without_a_key_do_not_depend_on_the_secret() {
        let of = |key: &FingerprintKey, secret: &[u8], name: &str| {
            let mark = SecretMark::new(key, secret).named(Some(name.to_owned()));
            Fingerprint::new(key, "SW301", "x", &["a"], Some(&mark))
        };
        let place = &FingerprintKey::PlaceOnly;
        assert_eq!(of(place, b"a", "A"), of(place, b"b", "A"));
        assert_ne!(of(place, b"a", "A"), of(place, b"a", "B"));
        assert_ne!(of(place, b"0a", "A"), of(place, b"0 a", "A"));
        let key = FingerprintKey::Keyed(b"k".to_vec());
        assert_ne!(of(&key, b"a", "A"), of(&key, b"b", "A"));
        assert_eq!(Fingerprint::parse(of(&key, b"a", "A").as_str()), Some(of(&key, b"a", "A")));
    }

    #[test]
    fn what_nothing_tells_apart_is_numbered() {
        let first = Fingerprint::new(&FingerprintKey::PlaceOnly, "SW301", "x", &["a"], None);
        assert_eq!(first.clone().numbered(1), first);
        assert_ne!(first.clone().numbered(2), first);
        assert_ne!(first.clone().numbered(2), first.numbered(3));
    }
}
