//! Where package managers put libraries. A root is told by more than one directory's name: by the whole prefix of an
//! interpreter, by the form that a module cache gives its paths, or by a package's own manifest beside the file.

/// A file below a library root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LibraryPath<'p> {
    /// Which package manager's root it is.
    pub(super) manager: Manager,
    /// The root: the directory that holds the packages.
    pub(super) root: &'p [u8],
    /// The package's directory or file.
    pub(super) package: &'p [u8],
    /// The package's name: its last directory, or `@scope/name`.
    pub(super) name: &'p [u8],
    /// The path below the package; the file's own name if the package is one file.
    pub(super) below: &'p [u8],
}

/// A package manager, and how its packages vouch for their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    /// `site-packages` and `dist-packages`: `RECORD` lists the files.
    Python,
    /// Python's own library: `os.py` lies at its root.
    PythonItself,
    /// `node_modules`: `package.json`.
    Node,
    /// Go's module cache: its paths carry the version.
    GoModules,
    /// A Go installation.
    GoItself,
    /// `vendor` of Go: `modules.txt`.
    GoVendor,
    /// Cargo's registry and its checkouts: their paths carry a hash.
    Cargo,
    /// Crates under `vendor`: `.cargo-checksum.json`.
    CargoVendor,
    /// A gem home: a specification beside the gems.
    Gems,
    /// `vendor` of Composer: `composer.json`, `installed.json`.
    Composer,
    /// Perl's directories.
    Perl,
}

/// The library roots in which a file may lie, the innermost first. `vendor` is used by three managers.
pub(super) fn candidates(path: &[u8]) -> Vec<LibraryPath<'_>> {
    let parts = Parts::new(path);
    let mut found: Vec<(usize, LibraryPath<'_>)> = Vec::new();
    for at in 0..parts.len() {
        let before = found.len();
        match parts.get(at) {
            b"site-packages" | b"dist-packages" if parts.is_python(at) => {
                found.extend(parts.library(Manager::Python, at + 1, 1));
            }
            b"node_modules" => {
                let depth = if parts.get(at + 1).starts_with(b"@") { 2 } else { 1 };
                found.extend(parts.library(Manager::Node, at + 1, depth));
            }
            b"mod" if at > 0 && parts.get(at - 1) == b"pkg" => {
                let versioned = (at + 1..parts.len()).find(|i| has_version(parts.get(*i)));
                found.extend(versioned.and_then(|i| parts.library(Manager::GoModules, at + 1, i - at)));
            }
            b"src" if at > 0 && parts.get(at - 1) == b"registry" && is_index(parts.get(at + 1)) => {
                found.extend(parts.library(Manager::Cargo, at + 2, 1));
            }
            b"checkouts" if at > 0 && parts.get(at - 1) == b"git" && is_index(parts.get(at + 1)) => {
                found.extend(parts.library(Manager::Cargo, at + 1, 2));
            }
            b"gems" if has_number(parts.get(at + 1)) => {
                found.extend(parts.library(Manager::Gems, at + 1, 1));
            }
            b"vendor" => {
                found.extend(parts.library(Manager::CargoVendor, at + 1, 1));
                if parts.get(at + 1).contains(&b'.') {
                    found.extend(parts.library(Manager::GoVendor, at + 1, 3));
                } else {
                    found.extend(parts.library(Manager::Composer, at + 1, 2));
                }
            }
            _ => {}
        }
        found[before..].iter_mut().for_each(|(rank, _)| *rank = at);
    }
    found.extend(parts.python_itself().map(|l| (0, l)));
    found.extend(parts.go_itself().map(|l| (0, l)));
    found.extend(parts.perl().map(|l| (0, l)));
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    found.into_iter().map(|(_, library)| library).collect()
}

/// Whether a path below a package lies in its tests, examples or documentation: one of its parts has such a word, as
/// `tests`, `_testdata` or `key_test.go` do.
pub(super) fn is_sample(below: &[u8]) -> bool {
    const WORDS: [&[u8]; 18] = [
        b"test",
        b"tests",
        b"testing",
        b"testdata",
        b"testsuite",
        b"testutil",
        b"testutils",
        b"unittest",
        b"example",
        b"examples",
        b"sample",
        b"samples",
        b"fixture",
        b"fixtures",
        b"spec",
        b"specs",
        b"doc",
        b"docs",
    ];
    below.split(|b| *b == b'/').any(|part| {
        part == b"t"
            || part.split(|b| !b.is_ascii_alphanumeric()).any(|word| {
                WORDS.iter().any(|w| {
                    word.eq_ignore_ascii_case(w)
                        // `KeyTest.java`, `exampleKeys`
                        || word.strip_prefix(*w).is_some_and(|r| r.first().is_some_and(u8::is_ascii_uppercase))
                })
            })
    })
}

/// Whether a file describes a package: what stands in it is shown on the package's page.
pub(super) fn is_description(below: &[u8]) -> bool {
    let name = below.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let upper = name.to_ascii_uppercase();
    matches!(name, b"PKG-INFO" | b"METADATA")
        || [&b"README"[..], b"CHANGELOG", b"CHANGES", b"HISTORY", b"NEWS"]
            .iter()
            .any(|n| upper.starts_with(n))
}

/// A path cut at its slashes.
struct Parts<'p> {
    path: &'p [u8],
    /// Where each part begins.
    starts: Vec<usize>,
}

impl<'p> Parts<'p> {
    fn new(path: &'p [u8]) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'/', path).map(|i| i + 1)).collect();
        Self { path, starts }
    }

    fn len(&self) -> usize {
        self.starts.len()
    }

    /// The part at an index; empty beyond the end.
    fn get(&self, at: usize) -> &'p [u8] {
        let Some(start) = self.starts.get(at) else { return b"" };
        let end = self.starts.get(at + 1).map_or(self.path.len(), |next| next - 1);
        self.path.get(*start..end).unwrap_or_default()
    }

    /// The path up to a part, that part not included, without the slash.
    fn until(&self, at: usize) -> &'p [u8] {
        let end = self.starts.get(at).map_or(self.path.len(), |start| start.saturating_sub(1));
        self.path.get(..end).unwrap_or_default()
    }

    fn from(&self, at: usize) -> &'p [u8] {
        self.starts.get(at).and_then(|start| self.path.get(*start..)).unwrap_or_default()
    }

    /// A library whose root ends before the part `first`, and whose package is `depth` parts deep. Nothing if there is
    /// no file in it.
    fn library(&self, manager: Manager, first: usize, depth: usize) -> Option<(usize, LibraryPath<'p>)> {
        if first >= self.len() || depth == 0 {
            return None;
        }
        let end = (first + depth).min(self.len() - 1).max(first);
        let single = first + 1 == self.len();
        let package = if single { self.path } else { self.until(end) };
        let last = if single { first } else { end - 1 };
        let name = match manager {
            Manager::Node => package.get(self.starts.get(first).copied()?..).unwrap_or_default(),
            _ => self.get(last),
        };
        let below = if single { self.get(first) } else { self.from(end) };
        Some((0, LibraryPath { manager, root: self.until(first), package, name, below }))
    }

    /// Whether `site-packages` or `dist-packages` at an index is an interpreter's: `lib/python3.11/site-packages`,
    /// Debian's `lib/python3/dist-packages`, PyPy's `lib/pypy3.10/…`.
    fn is_python(&self, at: usize) -> bool {
        at >= 2
            && matches!(self.get(at - 2), b"lib" | b"lib64")
            && version_of(self.get(at - 1), &[b"python", b"pypy"]).is_some()
    }

    /// Python's own library, at the places where distributions and the official images have it.
    fn python_itself(&self) -> Option<LibraryPath<'p>> {
        let at = (1..self.len()).find(|i| {
            matches!(self.get(i - 1), b"lib" | b"lib64") && version_of(self.get(*i), &[b"python"]).is_some()
        })?;
        let (_, library) = self.library(Manager::PythonItself, at + 1, 1)?;
        let below = self.from(at + 1);
        let foreign = below.starts_with(b"site-packages/") || below.starts_with(b"dist-packages/");
        (!foreign).then_some(LibraryPath { package: library.root, name: self.get(at), below, ..library })
    }

    /// A Go installation: `/usr/local/go`, Debian's `/usr/lib/go-1.22` and `/usr/share/go-1.22`, `~/sdk/go1.22.1`.
    fn go_itself(&self) -> Option<LibraryPath<'p>> {
        let go = |part: &[u8], prefix: &[u8]| {
            part.strip_prefix(prefix).is_some_and(|v| v.first().is_some_and(u8::is_ascii_digit))
        };
        let end = match (self.get(0), self.get(1), self.get(2)) {
            (b"usr", b"local", b"go") => 3,
            (b"usr", b"lib" | b"share", version) if go(version, b"go-") => 3,
            (b"usr", b"lib", b"go") => 3,
            (_, b"sdk", version) if go(version, b"go") => 3,
            (b"home", _, b"sdk") if go(self.get(3), b"go") => 4,
            _ => return None,
        };
        let part = self.get(end);
        if !matches!(part, b"src" | b"test" | b"misc" | b"pkg" | b"api" | b"lib" | b"doc" | b"bin") {
            return None;
        }
        let root = self.until(end);
        Some(LibraryPath {
            manager: Manager::GoItself,
            root,
            package: root,
            name: b"go",
            below: self.from(end + 1),
        })
    }

    /// The directories of `perl -V`'s `@INC` on Debian, Alpine and in the official image.
    fn perl(&self) -> Option<LibraryPath<'p>> {
        let at = match (self.get(0), self.get(1), self.get(2), self.get(3)) {
            (b"usr", b"share", b"perl5" | b"perl", _) => 3,
            (b"usr", b"lib", b"perl5", _) => 3,
            (b"usr", b"lib", _, b"perl5" | b"perl" | b"perl-base") => 4,
            (b"usr", b"local", b"share" | b"lib", b"perl5" | b"perl") => 4,
            _ => return None,
        };
        // `perl/5.36/…`
        let at = if self.get(at).first().is_some_and(u8::is_ascii_digit) { at + 1 } else { at };
        self.library(Manager::Perl, at, 1).map(|(_, library)| library)
    }
}

/// The version in `python3.11`: empty for none, as in `python3`'s `3`.
fn version_of<'p>(part: &'p [u8], names: &[&[u8]]) -> Option<&'p [u8]> {
    let version = names.iter().find_map(|n| part.strip_prefix(*n))?;
    let digits = version.first() == Some(&b'3') && version.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    digits.then_some(version)
}

/// `go-crypto@v1.1.6`.
fn has_version(part: &[u8]) -> bool {
    let at = memchr::memchr(b'@', part).filter(|at| *at > 0);
    at.and_then(|at| part.get(at + 1..))
        .is_some_and(|v| v.len() > 1 && v.first() == Some(&b'v') && v.get(1).is_some_and(u8::is_ascii_digit))
}

/// `index.crates.io-6f17d22bba15001f`: a name and 16 hexadecimal digits.
fn is_index(part: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'-', part).filter(|at| *at > 0) else { return false };
    let hash = part.get(at + 1..).unwrap_or_default();
    hash.len() == 16 && hash.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
}

/// `nokogiri-1.15.4`: a name and a version.
fn has_number(part: &[u8]) -> bool {
    let name =
        part.windows(2).position(|w| w.first() == Some(&b'-') && w.get(1).is_some_and(u8::is_ascii_digit));
    name.is_some_and(|at| at > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn first(path: &str) -> Option<(Manager, String, String, String)> {
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
        candidates(path.as_bytes()).first().map(|l| (l.manager, text(l.package), text(l.name), text(l.below)))
    }

    fn is(path: &str, manager: Manager, package: &str, name: &str, below: &str) {
        assert_eq!(first(path), Some((manager, package.into(), name.into(), below.into())), "{path}");
    }

    #[test]
    fn roots() {
        use Manager::*;
        let site = "usr/local/lib/python3.12/site-packages";
        is(&format!("{site}/x/tests/key.py"), Python, &format!("{site}/x"), "x", "tests/key.py");
        is(&format!("{site}/six.py"), Python, &format!("{site}/six.py"), "six.py", "six.py");
        let dist = "usr/lib/python3/dist-packages";
        is(&format!("{dist}/x/y.py"), Python, &format!("{dist}/x"), "x", "y.py");
        is(
            "a/.venv/lib/python3.11/site-packages/x/y",
            Python,
            "a/.venv/lib/python3.11/site-packages/x",
            "x",
            "y",
        );
        is("app/node_modules/x/test/a.js", Node, "app/node_modules/x", "x", "test/a.js");
        is("n/node_modules/@s/x/a.js", Node, "n/node_modules/@s/x", "@s/x", "a.js");
        is("n/node_modules/a/node_modules/b/c", Node, "n/node_modules/a/node_modules/b", "b", "c");
        let go = "go/pkg/mod/github.com/!proton!mail/go-crypto@v1.1.6";
        is(&format!("{go}/openpgp/k_test.go"), GoModules, go, "go-crypto@v1.1.6", "openpgp/k_test.go");
        is("usr/local/go/src/crypto/a.go", GoItself, "usr/local/go", "go", "crypto/a.go");
        is("usr/share/go-1.19/test/a.go", GoItself, "usr/share/go-1.19", "go", "a.go");
        let registry = "usr/local/cargo/registry/src/index.crates.io-6f17d22bba15001f/rustls-0.21.0";
        is(&format!("{registry}/tests/key.rs"), Cargo, registry, "rustls-0.21.0", "tests/key.rs");
        is("usr/share/perl5/x/t/key.pm", Perl, "usr/share/perl5/x", "x", "t/key.pm");
        is("usr/share/perl/5.36.0/x/t/key.pm", Perl, "usr/share/perl/5.36.0/x", "x", "t/key.pm");
        is("usr/lib/python3.11/test/k.pem", PythonItself, "usr/lib/python3.11", "python3.11", "test/k.pem");
        let vendored = candidates(b"src/vendor/github.com/x/y/keys_test.go");
        assert!(vendored.iter().any(|l| l.manager == GoVendor && l.package == b"src/vendor/github.com/x/y"));
        let composer = candidates(b"var/www/vendor/acme/lib/tests/key.php");
        assert!(composer.iter().any(|l| l.manager == Composer && l.package == b"var/www/vendor/acme/lib"));
        is(
            "usr/local/bundle/gems/jwt-2.7.1/spec/k.pem",
            Gems,
            "usr/local/bundle/gems/jwt-2.7.1",
            "jwt-2.7.1",
            "spec/k.pem",
        );
    }

    #[test]
    fn names_alone_are_no_roots() {
        for path in [
            "srv/python3-api/example/settings.py",
            "srv/site-packages/x/tests/key.pem",
            "app/gems/tests/key.pem",
            "app/perl5/t/key.pem",
            "usr/share/doc/x/example.conf",
            "app/pkg/mod/tests/key.pem",
            "home/me/registry/src/tests/key.pem",
            "app/tests/key.pem",
            "app/go/src/a_test.go",
        ] {
            assert_eq!(first(path), None, "{path}");
        }
    }

    #[test]
    fn samples() {
        for path in [
            "tests/a.pem",
            "a/t/b.pm",
            "keys_test.go",
            "openpgp/keys_test_data.go",
            "test-keys.js",
            "ssl/testKeys.java",
            "_testdata/k",
        ] {
            assert!(is_sample(path.as_bytes()), "{path}");
        }
        for path in
            ["contest.py", "latest/key.pem", "t.pem", "lib/attestation.js", "docker/a", "specification.json"]
        {
            assert!(!is_sample(path.as_bytes()), "{path}");
        }
        assert!(is_description(b"x-1.0.dist-info/METADATA") && is_description(b"README.md"));
    }
}
