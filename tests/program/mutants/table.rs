//! Mutants that pass and are no fault, each with its reason.

use std::sync::atomic::{AtomicBool, Ordering};

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use super::Mutant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    equivalent: Vec<Entry>,
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
}

pub struct Table(Vec<(Entry, GlobMatcher, GlobMatcher, AtomicBool)>);

impl Table {
    pub fn read() -> Self {
        let raw: Raw = toml::from_str(include_str!("equivalent.toml")).unwrap();
        let glob = |text: &str| Glob::new(text).unwrap().compile_matcher();
        let entry = |e: Entry| {
            assert!(e.reason.len() > 20, "{} {}: a reason is a sentence", e.rule, e.place);
            let (rule, place) = (glob(&e.rule), glob(&e.place));
            (e, rule, place, AtomicBool::new(false))
        };
        Self(raw.equivalent.into_iter().map(entry).collect())
    }

    /// Whether a mutant that passes is in the table.
    pub fn covers(&self, mutant: &Mutant) -> bool {
        let found = self
            .0
            .iter()
            .find(|(_, rule, place, _)| rule.is_match(mutant.rule) && place.is_match(&mutant.place));
        found.is_some_and(|(.., used)| {
            used.store(true, Ordering::Relaxed);
            true
        })
    }

    /// Entries that covered nothing.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.0.iter().filter(|(.., used)| !used.load(Ordering::Relaxed));
        unused.map(|(e, ..)| format!("{} {}: {}", e.rule, e.place, e.reason)).collect()
    }
}
