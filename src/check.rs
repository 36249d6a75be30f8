//! The questions. One file a check, grouped by what they ask about; each family has one list.

pub mod context;
pub mod dockerfile;
pub mod image;
mod outgoing;
pub mod packaging;
pub mod provenance;
mod sw408;
mod text;
pub mod wiring;

use crate::finding::{CheckMeta, Finding, FingerprintKey, NotChecked, Reads};
use crate::observe::InjectedSecret;
use crate::rule::Rules;

pub use text::{Masker, NAMED, TextSecret, examine_assignment, examine_history, examine_text};

/// One question with a stable ID.
pub trait Check<A: ?Sized>: Sync {
    /// All that is said of it.
    fn meta(&self) -> &'static CheckMeta;

    /// Whether a run requests it at all, whatever the artifact: a check that compares with the contract has nothing to
    /// compare with where the contract names nothing.
    fn is_requested(&self, _context: &Context<'_>) -> bool {
        true
    }

    /// Whether the contract's `[[exceptions]]` can name it.
    fn takes_exceptions(&self) -> bool {
        false
    }

    /// Whether it is asked of this artifact.
    fn applies(&self, _artifact: &A, context: &Context<'_>) -> Applies {
        if self.is_requested(context) { Applies::Asked } else { Applies::NotRequested }
    }

    /// Asks it.
    fn run(&self, artifact: &A, context: &Context<'_>, answers: &mut Answers);
}

/// Whether a check is asked of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applies {
    /// It is.
    Asked,
    /// No one requested it, or there is nothing that it could be about.
    NotRequested,
    /// It was requested and cannot look: where, at what, and why. The item's checks are filled in by [`run_checks`].
    NotChecked(Box<NotChecked>),
}

/// Asks all of `checks` that apply, in their order. This is the only place that runs checks.
pub fn run_checks<A: ?Sized>(
    checks: &[&dyn Check<A>],
    artifact: &A,
    context: &Context<'_>,
    answers: &mut Answers,
) {
    for check in checks {
        let id = check.meta().id;
        match check.applies(artifact, context) {
            Applies::NotRequested => continue,
            Applies::Asked => check.run(artifact, context, answers),
            Applies::NotChecked(item) => answers.not_checked.push(NotChecked { checks: vec![id], ..*item }),
        }
        if !answers.asked.contains(&id) {
            answers.asked.push(id);
        }
    }
}

/// The IDs of those of `checks` that the run requests and that read `part`: what a part that cannot be read leaves
/// not checked.
pub fn readers_of<A: ?Sized>(
    checks: &[&dyn Check<A>],
    part: Reads,
    context: &Context<'_>,
) -> Vec<&'static str> {
    let reads = |c: &&&dyn Check<A>| c.meta().reads.contains(&part) && c.is_requested(context);
    checks.iter().filter(reads).map(|c| c.meta().id).collect()
}

/// What every check may use.
pub struct Context<'a> {
    /// The detectors.
    pub rules: &'a Rules,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// The secrets that the contract injects at runtime.
    pub secrets: &'a [InjectedSecret],
    /// Whether the contract's profile forbids that the agent of a task definition reads secrets, so that advice names
    /// another way.
    pub forbids_task_secrets: bool,
}

impl<'a> Context<'a> {
    /// What is known without a contract: the detectors, and the key of the fingerprints.
    pub fn new(rules: &'a Rules, key: &'a FingerprintKey) -> Self {
        Self { rules, key, secrets: &[], forbids_task_secrets: false }
    }
}

/// What checks answer with.
#[derive(Debug, Default)]
pub struct Answers {
    /// The checks that were asked, those that could not look among them.
    pub asked: Vec<&'static str>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What could not be seen.
    pub not_checked: Vec<NotChecked>,
    /// Examples in installed libraries that are no findings.
    pub examples_held_back: u64,
}

/// What is said of every check, in the order of their IDs.
pub fn catalogue() -> Vec<&'static CheckMeta> {
    let mut all: Vec<&CheckMeta> = image::ALL.iter().map(|c| c.meta()).collect();
    all.extend(context::ALL.iter().chain(dockerfile::ALL).map(|c| c.meta()));
    all.extend(wiring::ALL.iter().map(|c| c.meta()));
    all.extend(wiring::COMMANDS.iter().map(|c| c.meta()));
    all.extend(provenance::ALL.iter().chain(provenance::WITH_IMAGE).map(|c| c.meta()));
    all.extend(packaging::SURFACE.iter().map(|c| c.meta()));
    all.extend(packaging::HELP.iter().map(|c| c.meta()));
    all.extend(packaging::TASKS.iter().map(|c| c.meta()));
    all.extend(packaging::ENTRYPOINTS.iter().map(|c| c.meta()));
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
            for directory in ["fail", "pass"] {
                let path = root.join(meta.id).join(directory);
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
    fn every_check_reads_something_and_so_belongs_to_a_part_of_a_gate() {
        for meta in catalogue() {
            let part = crate::finding::Part::of(meta);
            assert!(part.is_some(), "{} reads nothing", meta.id);
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
