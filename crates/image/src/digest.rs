//! Content digests: SHA-256 and SHA-512, as the OCI image specification registers them. Nothing weaker is accepted.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256, Sha512};

/// A digest with its algorithm, such as `sha256:<64 lowercase hex digits>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// Reads a digest; anything but lowercase hex of the algorithm's length is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return None,
        };
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (hex.len() == length && hex.bytes().all(is_hex)).then(|| Self(text.to_owned()))
    }

    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::sha256();
        hasher.update(bytes);
        hasher.finish()
    }

    /// `sha256` or `sha512`.
    pub fn algorithm(&self) -> &str {
        self.0.split_once(':').map_or("", |(a, _)| a)
    }

    /// The hex digits.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, h)| h)
    }

    /// Its text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hasher of the same algorithm, to verify it.
    pub fn hasher(&self) -> Hasher {
        if self.algorithm() == "sha512" { Hasher::Sha512(Sha512::new()) } else { Hasher::sha256() }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A running digest.
#[derive(Clone)]
pub enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// A fresh SHA-256 hasher.
    pub fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(h) => h.update(bytes),
            Self::Sha512(h) => h.update(bytes),
        }
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> Digest {
        match self {
            Self::Sha256(h) => Digest(format!("sha256:{}", seaworthy_source::hex(&h.finalize()))),
            Self::Sha512(h) => Digest(format!("sha512:{}", seaworthy_source::hex(&h.finalize()))),
        }
    }
}

/// A reader that hashes and counts what passes through it.
pub struct HashingReader<R> {
    inner: R,
    hasher: Option<Hasher>,
    count: u64,
}

impl<R: Read> HashingReader<R> {
    /// Hashes with the algorithm of `expected`, SHA-256 if there is none.
    pub fn new(inner: R, expected: Option<&Digest>) -> Self {
        Self { inner, hasher: Some(expected.map_or_else(Hasher::sha256, Digest::hasher)), count: 0 }
    }

    /// Only counts: for bytes that are hashed elsewhere.
    pub fn counting(inner: R) -> Self {
        Self { inner, hasher: None, count: 0 }
    }

    /// How many bytes have passed.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The digest of what has passed, if it was hashed, and its number of bytes.
    pub fn finish(self) -> (Option<Digest>, u64) {
        (self.hasher.map(Hasher::finish), self.count)
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buf[..n]);
        }
        self.count += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_lowercase_digests_are_read() {
        let good = Digest::of(b"abc");
        assert_eq!(good.as_str(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::parse(good.as_str()), Some(good.clone()));
        assert_eq!(Digest::parse(&good.as_str().to_uppercase()), None);
        assert_eq!(Digest::parse("md5:900150983cd24fb0d6963f7d28e17f72"), None);
        assert_eq!(Digest::parse("sha256:"), None);
        assert_eq!(Digest::parse("sha256:../../etc/passwd"), None);
    }
}
