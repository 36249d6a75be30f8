//! Files of the distribution's packages, as they were packed: `dpkg`'s lists of MD5 sums and `apk`'s database of SHA-1
//! sums. Anyone who builds the image can write those too, so they lower no key and no vendor's token.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest as _;

/// The sums of a file's content that package managers write down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentSums {
    md5: [u8; 16],
    sha1: [u8; 20],
}

impl ContentSums {
    /// The sums of a whole file.
    pub fn of(content: &[u8]) -> Self {
        Self { md5: Md5::digest(content).into(), sha1: Sha1::digest(content).into() }
    }
}

/// What a package's list says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sum {
    Md5([u8; 16]),
    Sha1([u8; 20]),
}

/// The lists of the packages of one layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Packaged(HashMap<u64, Sum>);

impl Packaged {
    /// Whether a file is named by a list of packages' files.
    pub(super) fn is_list(directory: &[u8], name: &[u8]) -> bool {
        is_dpkg(directory, name) || is_dpkg_status(directory, name) || is_apk(directory, name)
    }

    /// Reads lines of a list.
    pub(super) fn read<'l>(
        &mut self,
        (directory, name): (&[u8], &[u8]),
        lines: impl Iterator<Item = &'l [u8]>,
    ) {
        if is_dpkg(directory, name) {
            self.0.extend(lines.filter_map(dpkg_line));
        } else if is_dpkg_status(directory, name) {
            self.0.extend(lines.filter_map(conffile_line));
        } else {
            self.read_apk(lines);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether a package has this file with this content. Packages that were made before the merge of `/usr` name it
    /// without that directory.
    pub(super) fn has(&self, path: &[u8], content: &ContentSums) -> bool {
        let same = |sum: &Sum| match sum {
            Sum::Md5(md5) => *md5 == content.md5,
            Sum::Sha1(sha1) => *sha1 == content.sha1,
        };
        let merged = path.strip_prefix(b"usr/");
        std::iter::once(path)
            .chain(merged)
            .any(|path| self.0.get(&super::manifest::hash(&[path])).is_some_and(same))
    }

    /// `F:` names a directory, `R:` a file in it, `Z:` the sum of the file before it.
    fn read_apk<'l>(&mut self, lines: impl Iterator<Item = &'l [u8]>) {
        let (mut directory, mut file): (Option<&[u8]>, Option<&[u8]>) = (None, None);
        for line in lines {
            let Some((key, value)) = line.split_at_checked(2) else { continue };
            match key {
                b"F:" => (directory, file) = (Some(value), None),
                b"R:" => file = Some(value),
                b"Z:" => {
                    let sum = value.strip_prefix(b"Q1").and_then(|sum| STANDARD.decode(sum).ok());
                    let sum: Option<[u8; 20]> = sum.and_then(|sum| sum.try_into().ok());
                    if let (Some(directory), Some(file), Some(sum)) = (directory, file, sum) {
                        let path = super::manifest::hash(&[directory, b"/", file]);
                        self.0.insert(path, Sum::Sha1(sum));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Debian's lists, and those of distroless images.
fn is_dpkg(directory: &[u8], name: &[u8]) -> bool {
    matches!(directory, b"var/lib/dpkg/info" | b"var/lib/dpkg/status.d") && name.ends_with(b".md5sums")
}

/// Debian's database, which has the sums of files of settings that the lists leave out, and those of distroless images.
fn is_dpkg_status(directory: &[u8], name: &[u8]) -> bool {
    directory == b"var/lib/dpkg" && name == b"status"
        || directory == b"var/lib/dpkg/status.d" && !name.ends_with(b".md5sums")
}

fn is_apk(directory: &[u8], name: &[u8]) -> bool {
    matches!(directory, b"lib/apk/db" | b"usr/lib/apk/db") && name == b"installed"
}

/// A line below `Conffiles:` of a package: ` /<path> <32 hex digits>`, perhaps with ` obsolete` behind it.
fn conffile_line(line: &[u8]) -> Option<(u64, Sum)> {
    let line = line.strip_prefix(b" /")?.trim_ascii_end();
    let line = line.strip_suffix(b" obsolete").unwrap_or(line);
    let space = memchr::memrchr(b' ', line)?;
    let (path, sum) = line.split_at_checked(space)?;
    Some((super::manifest::hash(&[path]), Sum::Md5(md5_of(sum.get(1..)?)?)))
}

/// A sum from its 32 hexadecimal digits.
fn md5_of(digits: &[u8]) -> Option<[u8; 16]> {
    let mut md5 = [0_u8; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in md5.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(md5)
}

/// `<32 hex digits>  <path>`.
fn dpkg_line(line: &[u8]) -> Option<(u64, Sum)> {
    let (sum, path) = line.split_at_checked(32)?;
    let md5 = md5_of(sum)?;
    let path = path.strip_prefix(b"  ")?;
    Some((super::manifest::hash(&[path.strip_prefix(b"./").unwrap_or(path)]), Sum::Md5(md5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_as_they_were_packed() {
        let mut packaged = Packaged::default();
        // What `md5sum` and `apk` write for a file that holds "abc\n".
        let list: &[&[u8]] = &[b"0bee89b07a248e27c83fc3d5951213c1  usr/share/doc/x/a.txt", b"junk"];
        packaged.read((b"var/lib/dpkg/info", b"x.md5sums"), list.iter().copied());
        let list: &[&[u8]] =
            &[b"P:x", b"F:etc/x", b"R:b.conf", b"a:0:0:644", b"Z:Q1A8/XQ2YfB5dfovEiDFGUy6/0hFE="];
        packaged.read((b"lib/apk/db", b"installed"), list.iter().copied());
        let list: &[&[u8]] = &[
            b"Package: x",
            b"Conffiles:",
            b" /etc/y/a.conf 0bee89b07a248e27c83fc3d5951213c1",
            b" /etc/y/old.conf 0bee89b07a248e27c83fc3d5951213c1 obsolete",
            b" newconffile /etc/y/b.conf newconffile",
        ];
        packaged.read((b"var/lib/dpkg", b"status"), list.iter().copied());
        let same = ContentSums::of(b"abc\n");
        assert!(packaged.has(b"etc/y/a.conf", &same));
        assert!(packaged.has(b"etc/y/old.conf", &same));
        assert!(!packaged.has(b"etc/y/b.conf", &same));
        assert!(packaged.has(b"usr/share/doc/x/a.txt", &same));
        assert!(!packaged.has(b"usr/share/doc/x/a.txt", &ContentSums::of(b"abd\n")));
        assert!(packaged.has(b"etc/x/b.conf", &same));
        assert!(!packaged.has(b"usr/share/doc/x/b.txt", &same));
    }
}
