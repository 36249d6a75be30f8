//! The questions. One file a check, grouped by what they ask about; each family has one list.

pub mod context;
pub mod dockerfile;
pub mod fallback;
pub mod image;
pub mod packaging;
pub mod provenance;
pub mod secret_file;
mod text;
pub mod wiring;

use crate::finding::{CheckMeta, Finding, FingerprintKey, Unchecked};
use crate::rule::Rules;

pub use text::{Masker, NAMED, TextSecret, examine_assignment, examine_history, examine_text};

/// One question with a stable ID.
pub trait Check<A: ?Sized>: Sync {
    /// All that is said of it.
    fn meta(&self) -> &'static CheckMeta;

    /// Asks it.
    fn run(&self, artifact: &A, context: &Context<'_>, answers: &mut Answers);
}

/// What every check may use.
pub struct Context<'a> {
    /// The detectors.
    pub rules: &'a Rules,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// The secrets that the contract injects at runtime.
    pub secrets: &'a [InjectedSecret],
}

/// A secret that the contract injects at runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectedSecret {
    /// Its handle in the contract.
    pub handle: String,
    /// The environment variables that carry it.
    pub variables: Vec<String>,
    /// Whether the application cannot start without it.
    pub required: bool,
}

/// What checks answer with.
#[derive(Debug, Default)]
pub struct Answers {
    /// What was found.
    pub findings: Vec<Finding>,
    /// What could not be seen.
    pub unchecked: Vec<Unchecked>,
}

/// What is said of every check, in the order of their IDs.
pub fn catalogue() -> Vec<&'static CheckMeta> {
    let mut all: Vec<&CheckMeta> = image::ALL.iter().map(|c| c.meta()).collect();
    all.extend(context::ALL.iter().chain(dockerfile::ALL).map(|c| c.meta()));
    all.extend(wiring::ALL.iter().map(|c| c.meta()));
    all.extend(provenance::ALL.iter().map(|c| c.meta()));
    all.extend(packaging::SURFACE.iter().map(|c| c.meta()));
    all.extend(packaging::HELP.iter().map(|c| c.meta()));
    all.extend(packaging::startup::ENTRYPOINTS.iter().map(|c| c.meta()));
    all.sort_by_key(|m| m.id);
    // A check that two families ask is one check.
    all.dedup_by(|a, b| std::ptr::eq(*a, *b));
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_check_has_fixtures_that_fail_and_that_pass() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
        let mut missing = Vec::new();
        for meta in catalogue() {
            for folder in ["fail", "pass"] {
                let path = root.join(meta.id).join(folder);
                let has_some = std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some());
                missing.extend((!has_some).then_some(path));
            }
        }
        assert!(missing.is_empty(), "no fixtures in {missing:?}");
        // And none is left of a check that is gone.
        for entry in std::fs::read_dir(&root).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(catalogue().iter().any(|m| *m.id == *name), "{} is no check", name.display());
        }
    }

    #[test]
    fn ids_are_unique_and_well_formed() {
        let all = catalogue();
        for pair in all.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} is used twice", pair[0].id);
        }
        for meta in all {
            let digits = meta.id.strip_prefix("SW").unwrap_or_default();
            assert!(digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()), "{}", meta.id);
            for (what, text) in [("summary", meta.summary), ("why", meta.why), ("fix", meta.fix)] {
                assert!(!text.is_empty() && text.len() <= 1000, "{}: {what}", meta.id);
            }
        }
    }
}
