//! Which document of a run has which key, as M1.C, D and E pin them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entries, Store, StoreError};
use seaworthy_source::{Key, KeyError, KeyPattern, PhaseId, RunId};

/// A document of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Document {
    /// How the image was built and what it is: `packaging_provenance.json` [M1.C].
    Provenance,
    /// Which commands built it: `build_command_surface_receipt.json` [M1.E].
    Receipt,
    /// The evidence that seaworthy writes: `security_secret_injection_checks.json` [M1.D].
    Security,
    /// The run's header: `run.json` [M1.C].
    RunHeader,
}

impl Document {
    /// All of them, in the order in which M1 names them.
    pub const ALL: [Self; 4] = [Self::Provenance, Self::Receipt, Self::Security, Self::RunHeader];
}

/// The keys of a run's documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The phase that the documents belong to.
    pub phase: PhaseId,
    /// A pattern for each document.
    pub patterns: BTreeMap<Document, KeyPattern>,
}

/// The runs that a store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Their names, sorted.
    pub ids: Vec<RunId>,
    /// Names that lie where runs lie and are none: nothing is skipped in silence.
    pub other: Vec<String>,
    /// Files that lie where runs lie, and a run is a directory.
    pub stray: Vec<String>,
    /// Whether there are more than could be listed.
    pub more: bool,
}

impl Layout {
    /// The key of a run's document.
    ///
    /// # Errors
    /// If the layout has no pattern for it, or the key is too long.
    pub fn key(&self, document: Document, run: &RunId) -> Result<Key, StoreError> {
        let key = self.patterns.get(&document).ok_or(KeyError::NoRun).and_then(|p| p.key(run, &self.phase));
        key.map_err(|source| StoreError::Key { what: "the key of a run's document", source })
    }

    /// The runs that have a document or a directory where the layout puts them; `entries` tells what a directory holds.
    ///
    /// # Errors
    /// Those of `entries`.
    pub fn runs(
        &self,
        mut entries: impl FnMut(&str) -> Result<Entries, StoreError>,
    ) -> Result<Runs, StoreError> {
        let mut directories: BTreeMap<String, Vec<&KeyPattern>> = BTreeMap::new();
        for pattern in self.patterns.values() {
            directories.entry(pattern.directory(&self.phase)).or_default().push(pattern);
        }
        let (mut ids, mut other, mut stray) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut more = false;
        for (directory, patterns) in directories {
            let entries = entries(&directory)?;
            more |= entries.more;
            for name in &entries.names {
                let path = format!("{directory}{name}");
                let of_pattern = |pattern: &&KeyPattern| {
                    let id = pattern.run_of(name, &self.phase)?;
                    // A file is a run's only where the pattern ends with it.
                    let is_own = || pattern.key(&id, &self.phase).is_ok_and(|key| key.as_str() == path);
                    (!entries.files.contains(name) || is_own()).then_some(id)
                };
                let is_named = || patterns.iter().any(|p| p.run_of(name, &self.phase).is_some());
                match patterns.iter().find_map(of_pattern) {
                    Some(id) => drop(ids.insert(id)),
                    None if is_named() => drop(stray.insert(path)),
                    None => drop(other.insert(path)),
                }
            }
        }
        Ok(Runs {
            ids: ids.into_iter().collect(),
            other: other.into_iter().collect(),
            stray: stray.into_iter().collect(),
            more,
        })
    }
}

impl Store {
    /// The runs that have a document or a directory where the layout puts them.
    ///
    /// # Errors
    /// If the store refuses or does not answer.
    pub fn runs(&self, layout: &Layout) -> Result<Runs, StoreError> {
        layout.runs(|directory| self.entries(directory))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::Directory;

    #[test]
    fn runs_are_listed_whatever_document_they_have() {
        let directory = tempfile::tempdir().unwrap();
        let pattern = |text: &str| KeyPattern::parse(text).unwrap();
        let layout = Layout {
            phase: PhaseId::parse("P(-1)").unwrap(),
            patterns: BTreeMap::from([
                (Document::Security, pattern("evidence/runs/{platform_run_id}/{phase_id}/security.json")),
                (Document::RunHeader, pattern("headers/{platform_run_id}.json")),
            ]),
        };
        let run = RunId::parse("run_2").unwrap();
        let key = layout.key(Document::Security, &run).unwrap();
        assert_eq!(key.as_str(), "evidence/runs/run_2/P(-1)/security.json");
        for name in ["run_2/P(-1)", "run_10", "a%252Fb"] {
            std::fs::create_dir_all(directory.path().join("evidence/runs").join(name)).unwrap();
        }
        std::fs::create_dir_all(directory.path().join("headers")).unwrap();
        std::fs::write(directory.path().join("headers/run_3.json"), "{}").unwrap();
        std::fs::write(directory.path().join("headers/notes.txt"), "").unwrap();
        std::fs::write(directory.path().join("evidence/runs/README.md"), "").unwrap();
        let runs = Store::Directory(Directory::new(directory.path())).runs(&layout).unwrap();
        let ids: Vec<&str> = runs.ids.iter().map(RunId::as_str).collect();
        assert_eq!(ids, ["run_10", "run_2", "run_3"]);
        assert_eq!(runs.other, ["evidence/runs/a%2Fb", "headers/notes.txt"]);
        assert_eq!(runs.stray, ["evidence/runs/README.md"]);
        assert!(!runs.more);
    }
}
