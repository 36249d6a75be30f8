//! Keys and tokens that are no secret because everybody has them: self-tests and examples that well-known software ships.
//! `rules/published-keys.txt` lists them; `rules/published-keys.py` makes it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::key::{KeyDigest, KeyIdentity};

const LIST: &str = include_str!("../../../rules/published-keys.txt");

/// Where a key is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Published {
    /// The package, for people: `gnutls28 (Debian)`.
    pub(super) package: &'static str,
    /// Names of the files in which the package has it, digits left out; separated by `|`.
    files: &'static str,
}

impl Published {
    /// Whether a file is the package's own: it lies where packages are installed and has the name that it has there.
    pub(super) fn is_own_file(&self, path: &[u8]) -> bool {
        let installed = [&b"usr/"[..], b"lib/", b"lib64/", b"opt/", b"bin/", b"sbin/"];
        let local = path.starts_with(b"usr/local/");
        if local || !installed.iter().any(|prefix| path.starts_with(prefix)) {
            return false;
        }
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let stem: Vec<u8> = name.iter().filter(|b| !b.is_ascii_digit()).copied().collect();
        // A library's static form and its versions begin alike: `libgnutls.a`, `libgnutls.so.30.34.3`.
        let library = |file: &[u8]| {
            let head = file.split(|b| *b == b'.').next().unwrap_or_default().to_vec();
            (file.starts_with(b"lib")
                && (memchr::memmem::find(file, b".so").is_some() || file.ends_with(b".a")))
            .then_some(head)
        };
        self.files.split('|').any(|file| {
            file.as_bytes() == stem || library(file.as_bytes()).is_some_and(|own| library(&stem) == Some(own))
        })
    }
}

/// Where a key is published, if it is.
pub(super) fn published(key: &KeyIdentity) -> Option<Published> {
    static KEYS: OnceLock<HashMap<KeyDigest, Published>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| LIST.lines().filter_map(entry).collect());
    let mut digests = key.public.iter().chain(&key.whole).chain([&key.text]);
    digests.find_map(|digest| keys.get(digest)).copied()
}

fn entry(line: &'static str) -> Option<(KeyDigest, Published)> {
    let mut fields = line.split('\t');
    let hex = fields.next().filter(|h| h.len() == 64)?;
    let mut digest = KeyDigest::default();
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some((digest, Published { package: fields.next()?, files: fields.next()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_entry_or_a_comment() {
        let lines: Vec<&str> = LIST.lines().filter(|l| !l.starts_with('#')).collect();
        assert!(lines.len() > 100, "{} keys", lines.len());
        assert!(lines.is_sorted(), "in order, so that a change is easy to see");
        for line in lines {
            assert!(entry(line).is_some(), "{line}");
        }
    }

    #[test]
    fn own_files_are_installed_ones() {
        let gnutls = Published { package: "gnutls", files: "libgnutls.so...|x.pem" };
        assert!(gnutls.is_own_file(b"usr/lib/x86_64-linux-gnu/libgnutls.so.30.34.3"));
        assert!(gnutls.is_own_file(b"usr/lib64/libgnutls.so.31.0.0"));
        assert!(gnutls.is_own_file(b"usr/lib/x86_64-linux-gnu/libgnutls.a"));
        assert!(!gnutls.is_own_file(b"srv/libgnutls.so.30.34.3"));
        assert!(!gnutls.is_own_file(b"usr/local/lib/libgnutls.so.30.34.3"));
        assert!(!gnutls.is_own_file(b"usr/lib/x86_64-linux-gnu/libother.so.1"));
    }
}
