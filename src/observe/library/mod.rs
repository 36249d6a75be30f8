//! Where a secret stands, and what that says of it. A key in a library's own tests is no secret of this image; a
//! vendor's token is one wherever it stands. What lowers a severity is a fact that is dearer to forge than a
//! directory's name: a package manager's root, the package's own manifest, a key that everybody has.

pub(crate) mod key;
mod manifest;
mod own;
mod packaged;
mod published;
mod roots;

pub use key::KeyIdentity;
pub use manifest::Manifests;
pub use own::OwnPackages;
pub use packaged::ContentSums;

use crate::finding::{Confidence, Severity};
use crate::rule::Rule;
use roots::{LibraryPath, Manager};
use seaworthy_source::escape_bytes;

/// Whether an artifact has a file or directory at a path.
pub(crate) type Exists<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

/// What is known around the files of an artifact.
pub(crate) struct Surroundings<'a> {
    /// Whether the artifact has a file or directory at a path.
    pub(crate) exists: Exists<'a>,
    /// What its packages' manifests say.
    pub(crate) manifests: Vec<&'a Manifests>,
    /// The packages that are the project's own.
    pub(crate) own: &'a OwnPackages,
}

/// A secret's detector and key, as far as they matter for its place.
pub(crate) struct Subject<'a> {
    /// The detector.
    pub(crate) rule: &'a Rule,
    /// How sure it is by its form.
    pub(crate) confidence: Confidence,
    /// What tells it apart, if it is a private key.
    pub(crate) key: Option<&'a KeyIdentity>,
    /// The sums of the file's content, where they are known.
    pub(crate) content: Option<&'a ContentSums>,
}

/// How bad and how sure a secret is at a place, and what lowered or raised it.
pub(crate) struct Rating {
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) note: Option<String>,
    /// Where the secrets of one detector are one finding: the directory of the libraries in whose tests, examples or
    /// documentation it stands, or the library whose code it is in.
    pub(crate) library: Option<String>,
    /// Whether it is an example in an installed library that is counted, but no finding.
    pub(crate) held_back: bool,
}

impl Rating {
    fn low(note: String, library: Option<&str>) -> Self {
        Self {
            severity: Severity::Low,
            confidence: Confidence::Low,
            note: Some(note),
            library: library.map(str::to_owned),
            held_back: false,
        }
    }
}

/// An installed library, as far as the artifact tells.
struct Library {
    /// Its name, for people.
    name: String,
    /// The directory that holds it and its like.
    root: String,
    /// Whether the file lies in its tests, examples or documentation.
    sample: bool,
    /// Whether the file only describes it.
    description: bool,
    /// Whether a manifest, or a path that only a package manager makes, claims the file; otherwise there is none to ask.
    claimed: bool,
}

/// What a place says of a package's file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Claimed,
    /// The artifact holds no manifest that could.
    Unknown,
    /// There are manifests, and none lists the file; or it is the project's own.
    Refused,
}

/// Whether a path alone puts a file into the tests, examples or documentation of a library. Enough to leave code out
/// that gives defaults; too little to lower a secret.
pub(crate) fn is_library_sample(path: &[u8]) -> bool {
    roots::candidates(path).iter().any(|l| roots::is_sample(l.below) || roots::is_description(l.below))
}

impl Surroundings<'_> {
    /// How bad a secret is in the file at `path`.
    pub(crate) fn rate(&self, subject: &Subject<'_>, path: &[u8]) -> Rating {
        let rule = subject.rule;
        let severity =
            if subject.confidence == Confidence::Low { rule.severity.lowered() } else { rule.severity };
        let plain =
            Rating { severity, confidence: subject.confidence, note: None, library: None, held_back: false };
        let published = subject.key.and_then(published::published);
        if rule.issued && !rule.private_key && published.is_none() {
            return plain;
        }
        let library = self.library(path);
        if let Some(published) = published {
            let root = library.as_ref().map(|l| l.root.as_str());
            if library.is_some() || published.is_own_file(path) {
                let note = format!("the key is published: {} ships it", published.package);
                return Rating::low(note, root.or(Some(published.package)));
            }
            let note = format!("anyone has this key: {} ships it", published.package);
            let severity = if rule.private_key { Severity::High } else { plain.severity };
            return Rating { severity, note: Some(note), ..plain };
        }
        let packaged = |content| self.manifests.iter().any(|m| m.is_packaged(path, content));
        let unmodified =
            !rule.private_key && subject.content.map_or_else(|| self.is_packaged_page(path), packaged);
        let sample = library.as_ref().map_or_else(|| roots::is_sample(path), |l| l.sample || l.description);
        if unmodified {
            let note = "it stands in a file of the distribution's package, which is as it was packed";
            return Rating { held_back: sample, ..Rating::low(note.to_owned(), None) };
        }
        let Some(library) = library else { return plain };
        // What describes a package shows no key, but perhaps an example of a password.
        if library.sample || library.description && !rule.private_key {
            let claim = if library.claimed { "" } else { "; no manifest in the artifact lists it" };
            let name = &library.name;
            let note =
                format!("it stands in the tests, examples or documentation of the library {name}{claim}");
            let held_back = library.claimed && !rule.private_key;
            return Rating { held_back, ..Rating::low(note, Some(&library.root)) };
        }
        if library.claimed && rule.generic {
            let note = format!("it stands in the code of the library {}", library.name);
            return Rating::low(note, Some(&library.name));
        }
        plain
    }

    /// The directory of the libraries in whose tests, examples or documentation a file lies.
    pub(crate) fn samples_root(&self, path: &[u8]) -> Option<String> {
        self.library(path).filter(|l| l.sample).map(|l| l.root)
    }

    /// The library in whose tests, examples or documentation a file lies.
    pub(crate) fn sample_of(&self, path: &[u8]) -> Option<String> {
        self.library(path).filter(|l| l.sample).map(|l| l.name)
    }

    /// Whether a file lies in the tests, examples or documentation of a library that claims it.
    pub(crate) fn is_claimed_sample(&self, path: &[u8]) -> bool {
        self.library(path).is_some_and(|l| l.sample && l.claimed)
    }

    /// Whether a compressed page of documentation is as its package had it, in every layer that has it.
    fn is_packaged_page(&self, path: &[u8]) -> bool {
        let packaged = |content| self.manifests.iter().any(|m| m.is_packaged(path, content));
        let mut pages = self.manifests.iter().filter_map(|m| m.sums_of_page(path)).peekable();
        pages.peek().is_some() && pages.all(packaged)
    }

    fn library(&self, path: &[u8]) -> Option<Library> {
        let mut unknown = None;
        for found in roots::candidates(path) {
            let claimed = match self.claim(&found, path) {
                Claim::Refused => continue,
                claim => claim == Claim::Claimed,
            };
            let library = Library {
                name: escape_bytes(found.name),
                root: escape_bytes(found.root),
                sample: roots::is_sample(found.below),
                description: roots::is_description(found.below),
                claimed,
            };
            if claimed {
                return Some(library);
            }
            unknown.get_or_insert(library);
        }
        unknown
    }

    fn claim(&self, found: &LibraryPath<'_>, path: &[u8]) -> Claim {
        let has = |name: &str| (self.exists)(&[found.package, b"/", name.as_bytes()].concat());
        let when = |claimed: bool| if claimed { Claim::Claimed } else { Claim::Refused };
        let system = [&b"usr/lib/"[..], b"usr/local/lib/", b"usr/lib64/"].iter().any(|p| path.starts_with(p));
        if self.own.has(found.name) {
            return Claim::Refused;
        }
        match found.manager {
            Manager::GoModules | Manager::GoItself | Manager::Cargo | Manager::Perl => Claim::Claimed,
            Manager::PythonItself => when(system || has("os.py")),
            Manager::Node => when(has("package.json")),
            Manager::CargoVendor => when(has(".cargo-checksum.json") && has("Cargo.toml")),
            Manager::Gems => {
                let home = found.root.strip_suffix(b"gems").unwrap_or(found.root);
                let gemspec = [home, b"specifications/", found.name, b".gemspec"].concat();
                when((self.exists)(&gemspec))
            }
            Manager::Composer if has("composer.json") => Claim::Claimed,
            Manager::Python | Manager::GoVendor | Manager::Composer => self.listed(found, path),
        }
    }

    /// Whether a manifest lists a file.
    fn listed(&self, found: &LibraryPath<'_>, path: &[u8]) -> Claim {
        // Debian's packages leave RECORD out; that pip wrote one there says nothing of the others.
        let distribution = found.root == b"usr/lib/python3/dist-packages";
        if !self.manifests.iter().any(|m| m.know(found.root)) {
            return Claim::Unknown;
        }
        let manifest = self.manifests.iter().find_map(|m| m.manifest_of(found.root, path));
        match manifest {
            // Installed from a directory of the builder: the project's own.
            Some(manifest) if self.manifests.iter().any(|m| m.is_local(manifest)) => Claim::Refused,
            Some(_) => Claim::Claimed,
            // Compiled beside a listed source, or written by the installer.
            None if distribution || path.ends_with(b".pyc") => Claim::Unknown,
            None => Claim::Refused,
        }
    }
}
