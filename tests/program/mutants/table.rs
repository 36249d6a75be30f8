//! Mutants that pass and are no fault, each with its reason.

use std::sync::atomic::{AtomicUsize, Ordering};

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use super::Mutant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// Mutants that are no fault.
    equivalent: Vec<Entry>,
    /// Faults that the gate does not refuse yet.
    #[serde(default)]
    open: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The rule, with wildcards.
    rule: String,
    /// The place, with wildcards.
    place: String,
    /// Why a gate may pass.
    reason: String,
    /// For faults that the gate does not refuse yet: how many mutants of it pass, of all projects. One more is a new
    /// fault, which a wildcard must not cover.
    passes: Option<usize>,
}

/// What the table says of a mutant that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// It is no fault.
    Equivalent,
    /// It is a fault that is known.
    Open,
}

struct Row {
    entry: Entry,
    review: Review,
    rule: GlobMatcher,
    place: GlobMatcher,
    used: AtomicUsize,
}

pub struct Table(Vec<Row>);

impl Table {
    pub fn read() -> Self {
        let raw: Raw = toml::from_str(include_str!("equivalent.toml")).unwrap();
        let glob = |text: &str| Glob::new(text).unwrap().compile_matcher();
        let row = |(review, entry): (Review, Entry)| {
            assert!(entry.reason.len() > 20, "{} {}: a reason is a sentence", entry.rule, entry.place);
            let (rule, place) = (glob(&entry.rule), glob(&entry.place));
            assert_eq!(
                review == Review::Open,
                entry.passes.is_some(),
                "{} {}: `passes` belongs to [[open]], and each has it",
                entry.rule,
                entry.place
            );
            Row { entry, review, rule, place, used: AtomicUsize::new(0) }
        };
        let equivalent = raw.equivalent.into_iter().map(|e| (Review::Equivalent, e));
        let open = raw.open.into_iter().map(|e| (Review::Open, e));
        Self(equivalent.chain(open).map(row).collect())
    }

    /// What the first entry that fits says of a mutant that passes; nothing if none fits.
    pub fn review(&self, mutant: &Mutant) -> Option<Review> {
        let row =
            self.0.iter().find(|row| row.rule.is_match(mutant.rule) && row.place.is_match(&mutant.place))?;
        row.used.fetch_add(1, Ordering::Relaxed);
        Some(row.review)
    }

    /// Entries that covered nothing.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|row| row.used.load(Ordering::Relaxed) == 0);
        unused.map(|row| format!("{} {}: {}", row.entry.rule, row.entry.place, row.entry.reason)).collect()
    }

    /// Entries of known faults of which more or fewer mutants pass than they say.
    pub fn miscounted(&self) -> Vec<String> {
        let counted = self.0.iter().filter_map(|row| {
            let (said, seen) = (row.entry.passes?, row.used.load(Ordering::Relaxed));
            (said != seen)
                .then(|| format!("{} {}: passes = {said}, and {seen} pass", row.entry.rule, row.entry.place))
        });
        counted.collect()
    }
}
