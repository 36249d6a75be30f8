//! Registries of handles: names that a platform keeps in one place.

use std::path::Path;

use regex::Regex;

use super::File;
use crate::cli::Failure;
use crate::cli::init::facts::{Facts, Guess, HandlesFile};
use crate::contract::Handles;

pub(super) struct Patterns {
    assignment: Regex,
}

impl Patterns {
    pub(super) fn new() -> Result<Self, Failure> {
        let assignment = r#"\b([A-Z][A-Z0-9_]{2,63})["`]?\s*(?:=|:|\|)\s*`?["']?([^"'`|\s#,]+)"#;
        Ok(Self { assignment: Regex::new(assignment)? })
    }
}

pub(super) fn collect(patterns: &Patterns, file: &File<'_>, facts: &mut Facts) {
    let mut entries: Vec<(String, Guess)> = Vec::new();
    for (line, place) in file.lines() {
        for found in patterns.assignment.captures_iter(line) {
            let (name, value) = (&found[1], found[2].trim_end_matches(';'));
            // The full stop of a sentence; a directory of one dot is a directory.
            let value = value.strip_suffix('.').filter(|v| !v.is_empty()).unwrap_or(value);
            // What is still to be filled in says nothing.
            if value.contains(['<', '>', '$', '*']) || value.to_ascii_uppercase().contains("TO_PIN") {
                continue;
            }
            let guess = Guess::new(value, place.clone());
            match name {
                "ECR_REPO_URI" => facts.repositories.insert(0, guess.clone()),
                "S3_EVIDENCE_BUCKET" => facts.buckets.insert(0, guess.clone()),
                "AWS_ACCOUNT_ID" => facts.accounts.push(guess.clone()),
                "AWS_REGION" => facts.regions.push(guess.clone()),
                _ => {}
            }
            if !entries.iter().any(|(n, _)| n == name) {
                entries.push((name.to_owned(), guess));
            }
        }
        if line.contains("P(-1)") {
            facts.phases.push(Guess::new("P(-1)", place));
        }
    }
    if !entries.is_empty() {
        facts.handles.push(HandlesFile { path: file.path.to_owned(), entries, is_readable: false });
    }
}

/// Whether the contract's own reader can use a registry, so that `${HANDLE}` may stand for a value.
pub(in crate::cli::init) fn is_readable(root: &Path, path: &str) -> bool {
    Handles::load(&root.join(path)).is_ok_and(|h| h.count() > 0)
}
