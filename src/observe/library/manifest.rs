//! What the packages' own manifests say: which files belong to which package, and which packages were installed from a
//! directory of the builder. Gathered while files are read, kept as hashes.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use memchr::memmem;

use super::packaged::{ContentSums, Packaged};

/// What was read of manifests.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// Library roots for which a manifest lists files or packages.
    roots: HashSet<u64>,
    /// Files and package directories that a manifest lists, with the manifest's directory.
    listed: HashMap<u64, u64>,
    /// Manifest directories of packages that were installed from a directory, a file or a repository.
    local: HashSet<u64>,
    /// Files of the distribution's packages.
    packaged: Packaged,
    /// Compressed pages of documentation, by path.
    pages: HashMap<u64, ContentSums>,
}

impl Manifests {
    /// Reads one part of a file if it is a manifest. `cut` tells whether the part begins, or ends, within the file.
    pub fn observe(&mut self, path: &[u8], bytes: &[u8], cut: (bool, bool)) {
        let (directory, name) = split(path);
        match name {
            b"RECORD" if directory.ends_with(b".dist-info") => {
                let (root, _) = split(directory);
                self.list(root, directory, whole_lines(bytes, cut).filter_map(record_path));
            }
            b"direct_url.json" if directory.ends_with(b".dist-info") && is_own_source(bytes) => {
                self.local.insert(hash(&[directory]));
            }
            b"modules.txt" if directory == b"vendor" || directory.ends_with(b"/vendor") => {
                let module = |line: &'_ [u8]| {
                    let rest = line.strip_prefix(b"# ")?;
                    Some(rest.get(..memchr::memchr(b' ', rest)?)?.to_vec())
                };
                self.list(directory, directory, whole_lines(bytes, cut).filter_map(module));
            }
            b"installed.json" if directory.ends_with(b"vendor/composer") => {
                let (root, _) = split(directory);
                let name = |line: &'_ [u8]| {
                    let rest = line.trim_ascii_start().strip_prefix(b"\"name\":")?.trim_ascii_start();
                    let rest = rest.strip_prefix(b"\"")?;
                    Some(rest.get(..memchr::memchr(b'"', rest)?)?.to_vec())
                };
                // Composer writes one member a line; a minified file has them between commas.
                let lines = bytes.split(|b| matches!(b, b'\n' | b',' | b'{'));
                self.list(root, directory, lines.filter_map(name));
            }
            _ if Packaged::is_list(directory, name) => {
                self.packaged.read((directory, name), whole_lines(bytes, cut));
            }
            _ if is_page(path) && cut == (false, false) => {
                self.pages.insert(hash(&[path]), ContentSums::of(bytes));
            }
            _ => {}
        }
    }

    /// Takes in what was read elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.roots.extend(other.roots);
        self.listed.extend(other.listed);
        self.local.extend(other.local);
        self.packaged.merge(other.packaged);
        self.pages.extend(other.pages);
    }

    /// Whether some manifest lists what a library root holds.
    pub(super) fn know(&self, root: &[u8]) -> bool {
        self.roots.contains(&hash(&[root]))
    }

    /// The manifest that lists a file, or a directory above it up to `root`.
    pub(super) fn manifest_of(&self, root: &[u8], path: &[u8]) -> Option<u64> {
        // What an interpreter compiled beside a listed source belongs with it.
        let source = compiled_from(path);
        let path = source.as_deref().unwrap_or(path);
        let mut end = path.len();
        loop {
            if let Some(manifest) = self.listed.get(&hash(&[path.get(..end)?])) {
                return Some(*manifest);
            }
            end = memchr::memrchr(b'/', path.get(..end)?).filter(|at| *at > root.len())?;
        }
    }

    /// Whether a file is one of the distribution's packages', with the content that it was packed with.
    pub(super) fn is_packaged(&self, path: &[u8], content: &ContentSums) -> bool {
        self.packaged.has(path, content)
    }

    /// The sums of a compressed page of documentation, if it was read whole: what stands in it is found elsewhere.
    pub(super) fn sums_of_page(&self, path: &[u8]) -> Option<&ContentSums> {
        self.pages.get(&hash(&[path]))
    }

    /// Whether a manifest belongs to a package that was installed from a directory of the builder.
    pub(super) fn is_local(&self, manifest: u64) -> bool {
        self.local.contains(&manifest)
    }

    fn list(&mut self, root: &[u8], directory: &[u8], paths: impl Iterator<Item = Vec<u8>>) {
        self.roots.insert(hash(&[root]));
        let manifest = hash(&[directory]);
        for path in paths {
            let whole = if root.is_empty() { hash(&[&path]) } else { hash(&[root, b"/", &path]) };
            self.listed.insert(whole, manifest);
        }
    }
}

/// The source of `__pycache__/name.cpython-311.pyc`.
fn compiled_from(path: &[u8]) -> Option<Vec<u8>> {
    let (directory, name) = split(path.strip_suffix(b".pyc")?);
    let (directory, cache) = split(directory);
    let stem = name.get(..memchr::memchr(b'.', name)?)?;
    (cache == b"__pycache__").then(|| [directory, b"/", stem, b".py"].concat())
}

/// The path of a line of `RECORD`: `path,hash,size`, the path in quotes where it holds a comma.
fn record_path(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.strip_prefix(b"\"") {
        Some(quoted) => Some(quoted.get(..memchr::memchr(b'"', quoted)?)?.to_vec()),
        None => Some(line.get(..memchr::memchr(b',', line)?)?.to_vec()),
    }
}

/// The lines that are there from their beginning to their end.
fn whole_lines(bytes: &[u8], (begins_within, ends_within): (bool, bool)) -> impl Iterator<Item = &[u8]> {
    let start = if begins_within { memchr::memchr(b'\n', bytes).map_or(bytes.len(), |i| i + 1) } else { 0 };
    let end = if ends_within { memchr::memrchr(b'\n', bytes).unwrap_or(0) } else { bytes.len() };
    bytes.get(start..end.max(start)).unwrap_or_default().split(|b| *b == b'\n')
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
        None => (b"", path),
    }
}

/// A keyed hash of the pieces put together, so that no one can make paths that collide; the same in the whole process.
pub(super) fn hash(pieces: &[&[u8]]) -> u64 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    let mut hasher = KEY.get_or_init(RandomState::new).build_hasher();
    for piece in pieces {
        std::hash::Hasher::write(&mut hasher, piece);
    }
    std::hash::Hasher::finish(&hasher)
}

/// Whether a package came from no index (PEP 610): from a directory (`dir_info`), a file (`file://`), as a wheel that
/// another stage built, or a repository (`vcs_info`).
fn is_own_source(direct_url: &[u8]) -> bool {
    [&b"\"dir_info\""[..], b"\"vcs_info\"", b"\"file://"]
        .iter()
        .any(|w| memmem::find(direct_url, w).is_some())
}

/// Whether a path is that of a compressed page of a distribution's documentation.
fn is_page(path: &[u8]) -> bool {
    let directories = [&b"usr/share/doc/"[..], b"usr/share/man/", b"usr/share/info/"];
    path.ends_with(b".gz") && directories.iter().any(|directory| path.starts_with(directory))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SITE: &[u8] = b"usr/lib/python3.11/site-packages";

    #[test]
    fn records_list_files() {
        let mut manifests = Manifests::default();
        let record = b"x/a.py,sha256=q,3\n\"x/b,c.py\",sha256=q,3\r\nx/tests/k.pem,,\n";
        manifests.observe(&[SITE, b"/x-1.dist-info/RECORD"].concat(), record, (false, false));
        assert!(manifests.know(SITE) && !manifests.know(b"usr/lib"));
        for (path, listed) in
            [("x/a.py", true), ("x/b,c.py", true), ("x/tests/k.pem", true), ("y/tests/k.pem", false)]
        {
            let path = [SITE, b"/", path.as_bytes()].concat();
            assert_eq!(manifests.manifest_of(SITE, &path).is_some(), listed);
        }
        let manifest = manifests.manifest_of(SITE, &[SITE, b"/x/a.py"].concat()).unwrap();
        assert!(!manifests.is_local(manifest));
        let index = br#"{"archive_info": {}, "url": "https://example.com/x-1.whl"}"#;
        assert!(
            is_own_source(br#"{"archive_info": {}, "url": "file:///dist/x-1.whl"}"#) && !is_own_source(index)
        );
        let url = br#"{"dir_info": {}, "url": "file:///src"}"#;
        manifests.observe(&[SITE, b"/x-1.dist-info/direct_url.json"].concat(), url, (false, false));
        assert!(manifests.is_local(manifest));
    }

    #[test]
    fn cut_lines_are_not_read() {
        let lines = |cut| whole_lines(b"ab\ncd\nef", cut).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(lines((true, true)), [b"cd".to_vec()]);
        assert_eq!(lines((false, false)).len(), 3);
        assert_eq!(whole_lines(b"abc", (true, true)).count(), 1, "an empty line");
    }

    #[test]
    fn vendored_packages() {
        let mut manifests = Manifests::default();
        manifests.observe(
            b"src/vendor/modules.txt",
            b"# github.com/x/y v1.0.0\n## explicit\ngithub.com/x/y/z\n",
            (false, false),
        );
        assert!(manifests.manifest_of(b"src/vendor", b"src/vendor/github.com/x/y/z/k_test.go").is_some());
        assert!(manifests.manifest_of(b"src/vendor", b"src/vendor/github.com/x/w/k_test.go").is_none());
        manifests.observe(
            b"vendor/composer/installed.json",
            br#"{"packages": [{"name": "acme/lib", "version": "1"}]}"#,
            (false, false),
        );
        assert!(manifests.manifest_of(b"vendor", b"vendor/acme/lib/tests/k.php").is_some());
        assert!(manifests.manifest_of(b"vendor", b"vendor/mine/lib/tests/k.php").is_none());
    }
}
