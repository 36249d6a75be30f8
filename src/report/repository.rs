//! Where reports' paths lie in the repository. Code hosts resolve the paths of alerts and annotations against the
//! repository's root, whatever directory the program was called in or with; only the caller can read the file system, so
//! that it hands in what it knows.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{given_path, relative};
use crate::finding::Report;
use seaworthy_source::{Origin, Place, Position};

/// A position in a source file: the path as the user gave it, and line and byte column, from 1.
pub type SourcePosition = (String, Position);

/// What is known of the repository that source files lie in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    paths: BTreeMap<String, String>,
    columns: BTreeMap<SourcePosition, u32>,
}

impl Repository {
    /// A repository in which `paths` leads from a path as the user gave it to the path below the repository's root, and
    /// `columns` from positions in bytes to columns in characters (Unicode code points, from 1).
    pub fn new(paths: BTreeMap<String, String>, columns: BTreeMap<SourcePosition, u32>) -> Self {
        Self { paths, columns }
    }

    /// The path below the root; without knowledge of it the path as it was given, made relative.
    pub(super) fn path(&self, given: &str) -> String {
        self.paths.get(given).map_or_else(|| relative(given), |known| relative(known))
    }

    /// The column in characters, if the file was at hand.
    pub(super) fn column(&self, given: &str, position: Position) -> Option<u32> {
        self.columns.get(&(given.to_owned(), position)).copied()
    }
}

/// All origins that a report names.
fn origins(report: &Report) -> impl Iterator<Item = &Origin> {
    let accepted = report.accepted.iter().flat_map(|a| a.finding.origins());
    let not_checked = report.not_checked.iter().map(|n| &n.origin);
    report.findings.iter().flat_map(|f| f.origins()).chain(accepted).chain(not_checked)
}

/// The paths of source files that a report names, as the user gave them.
pub fn source_paths(report: &Report) -> BTreeSet<String> {
    let made_by = origins(report).filter_map(|o| o.made_by.as_ref()).map(|m| m.path.clone());
    origins(report).filter_map(given_path).chain(made_by).collect()
}

/// The positions in source files that a report names, with their offsets in bytes.
pub fn source_positions(report: &Report) -> BTreeMap<SourcePosition, u64> {
    let position = |origin: &Origin| match &origin.place {
        Place::Text { position, offset } => Some(((given_path(origin)?, *position), *offset)),
        Place::Whole | Place::Byte(_) | Place::Pointer(_) => None,
    };
    origins(report).filter_map(position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn paths_are_those_below_the_root_where_it_is_known() {
        let known = BTreeMap::from([("/src/app/Dockerfile".to_owned(), "app/Dockerfile".to_owned())]);
        let repository = Repository::new(known, BTreeMap::new());
        assert_eq!(repository.path("/src/app/Dockerfile"), "app/Dockerfile");
        assert_eq!(repository.path("./docker/Dockerfile"), "docker/Dockerfile");
    }

    #[test]
    fn the_dockerfile_that_made_a_layer_is_a_source() {
        let paths = source_paths(&samples::fail());
        assert!(paths.contains("docker/Dockerfile"), "{paths:?}");
        assert!(!paths.iter().any(|p| p.contains(".env")), "{paths:?}");
    }
}
