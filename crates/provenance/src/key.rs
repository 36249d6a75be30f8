//! Keys for signatures over documents: ECDSA on P-256 with SHA-256 (FIPS 186-5, DER signatures) and Ed25519 (RFC 8032, with
//! the strict rules of verification). Public keys are PEM SPKI, private ones PEM PKCS#8, as openssl and cosign write them.

use std::fmt;

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use sha2::{Digest as _, Sha256};

/// Why a text is not the key that was asked for. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A private key where a public one belongs.
    #[error("this is a private key; write the public one, and make a new pair if others have seen this")]
    Private,
    /// An encrypted key.
    #[error("the key is encrypted; give an unencrypted PKCS#8 key, such as from a secret store")]
    Encrypted,
    /// A private key in an older form.
    #[error("this is not PKCS#8; convert it with `openssl pkcs8 -topk8 -nocrypt`")]
    OldForm,
    /// Something else.
    #[error("this is no PEM key for ECDSA on P-256 or for Ed25519")]
    Unknown,
    /// A key that signatures of anybody verify with.
    #[error("this Ed25519 key is weak: signatures could be made without its private half")]
    Weak,
    /// A signer that failed.
    #[error("the key cannot sign")]
    CannotSign,
}

#[derive(Clone, PartialEq, Eq)]
enum Public {
    P256(p256::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: Public,
    pub(super) id: String,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Reads a PEM SPKI key.
    ///
    /// # Errors
    /// If it is none of the two kinds, or must not be used.
    pub fn parse(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        let pem = pem.trim();
        let key = match p256::ecdsa::VerifyingKey::from_public_key_pem(pem) {
            Ok(key) => Public::P256(key),
            Err(_) => {
                let key =
                    ed25519_dalek::VerifyingKey::from_public_key_pem(pem).map_err(|_| KeyError::Unknown)?;
                if key.is_weak() {
                    return Err(KeyError::Weak);
                }
                Public::Ed25519(key)
            }
        };
        Ok(Self::of(key))
    }

    fn of(key: Public) -> Self {
        let der = match &key {
            Public::P256(key) => key.to_public_key_der(),
            Public::Ed25519(key) => key.to_public_key_der(),
        };
        let id = der.map(|der| hex(&Sha256::digest(der.as_bytes()))).unwrap_or_default();
        Self { key, id }
    }

    /// Its ID: the SHA-256 of its SPKI in DER, in hex.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether `signature` over `message` is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Public::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Public::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

enum Private {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// A private key. It is wiped when it goes, and nothing shows it.
pub struct SigningKey(Private);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// Reads an unencrypted PEM PKCS#8 key.
    ///
    /// # Errors
    /// If it is none of the two kinds.
    pub fn parse(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        if pem.contains("BEGIN EC PRIVATE KEY") {
            return Err(KeyError::OldForm);
        }
        let pem = pem.trim();
        // The errors of the parsers are dropped: what they know is the key.
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self(Private::P256(key)));
        }
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem)
            .map(|key| Self(Private::Ed25519(key)))
            .map_err(|_| KeyError::Unknown)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::of(match &self.0 {
            Private::P256(key) => Public::P256(*key.verifying_key()),
            Private::Ed25519(key) => Public::Ed25519(key.verifying_key()),
        })
    }

    /// Signs; the same message gives the same signature (RFC 6979, RFC 8032).
    ///
    /// # Errors
    /// [`KeyError::CannotSign`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Private::P256(key) => {
                let signature: Result<p256::ecdsa::Signature, _> = key.try_sign(message);
                signature.map(|s| s.to_der().as_bytes().to_vec()).map_err(|_| KeyError::CannotSign)
            }
            Private::Ed25519(key) => {
                key.try_sign(message).map(|s| s.to_bytes().to_vec()).map_err(|_| KeyError::CannotSign)
            }
        }
    }
}

/// Lowercase hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    seaworthy_source::hex(bytes)
}
