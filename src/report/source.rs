//! Where a finding touches the repository: the file and line that a code host can show beside the code. Image findings
//! do so through the instruction that made their layer.

use super::repository::Repository;
use seaworthy_source::{LayerPath, Origin, OriginKind, Place};

/// A place in a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Path relative to the repository's root as far as that can be told: no `.`, `..`, empty part or leading slash.
    pub(super) path: String,
    /// First line, from 1.
    pub(super) line: u32,
    /// Column of its first character in characters, from 1, where the file was at hand.
    pub(super) column: Option<u32>,
    /// Last line, from 1, never before `line`.
    pub(super) end_line: u32,
}

impl Source {
    /// The repository file that `origin` leads back to, if one is known.
    pub(super) fn of(origin: &Origin, repository: &Repository) -> Option<Self> {
        if let Some(made_by) = &origin.made_by {
            return Self::new(repository.path(&made_by.path), made_by.line, None, made_by.end_line);
        }
        let given = given_path(origin)?;
        let line = line(&origin.place);
        let column = match &origin.place {
            Place::Text { position, .. } => repository.column(&given, *position),
            Place::Whole | Place::Byte(_) | Place::Pointer(_) => None,
        };
        Self::new(repository.path(&given), line, column, line)
    }

    fn new(path: String, line: u32, column: Option<u32>, end_line: u32) -> Option<Self> {
        // Lines count from 1 (SARIF 2.1.0, 3.30.5); a 0 would have the whole upload refused.
        let line = line.max(1);
        (!path.is_empty()).then(|| Self { path, line, column, end_line: end_line.max(line) })
    }
}

/// The source file that an origin lies in, as the user gave its path; nothing for what lies in an image or an account.
pub(super) fn given_path(origin: &Origin) -> Option<String> {
    match (origin.kind, &origin.path) {
        (OriginKind::Dockerfile, _) => Some(origin.artifact.clone()),
        (OriginKind::Document, path) => Some(path.as_deref().unwrap_or(&origin.artifact).to_owned()),
        (OriginKind::Context, Some(path)) => Some(format!("{}/{path}", origin.artifact)),
        // The file itself; a pointer into it is told beside it.
        (OriginKind::Infrastructure | OriginKind::Workflow, _) => Some(origin.artifact.clone()),
        _ => None,
    }
}

/// The line that a place is on, 1 when it has none.
pub(super) fn line(place: &Place) -> u32 {
    match place {
        Place::Text { position, .. } => position.line.max(1),
        Place::Whole | Place::Byte(_) | Place::Pointer(_) => 1,
    }
}

/// A path without `.`, `..`, empty parts and leading slashes; printable.
pub(super) fn relative(path: &str) -> String {
    LayerPath::clean(path.as_bytes()).display()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use seaworthy_source::{Position, SourceLines};

    #[test]
    fn the_instruction_wins_over_the_place_in_the_image() {
        let mut origin = Origin::new(OriginKind::LayerFile, "app:1.0");
        origin.path = Some("app/.env".to_owned());
        let repository = Repository::default();
        assert_eq!(Source::of(&origin, &repository), None);
        origin.made_by = Some(SourceLines { path: "./docker/Dockerfile".to_owned(), line: 0, end_line: 0 });
        let expected = Source { path: "docker/Dockerfile".to_owned(), line: 1, column: None, end_line: 1 };
        assert_eq!(Source::of(&origin, &repository), Some(expected));
    }

    #[test]
    fn workflows_are_named_once() {
        let mut origin = Origin::new(OriginKind::Workflow, ".github/workflows/b.yml");
        origin.path = Some(".github/workflows/b.yml".to_owned());
        origin.place = Place::Text { position: Position { line: 7, column: 5 }, offset: 90 };
        let expected =
            Source { path: ".github/workflows/b.yml".to_owned(), line: 7, column: None, end_line: 7 };
        assert_eq!(Source::of(&origin, &Repository::default()), Some(expected));
    }

    #[test]
    fn context_files_are_named_from_the_root() {
        let mut origin = Origin::new(OriginKind::Context, "./services/shop");
        origin.path = Some("conf/.env".to_owned());
        origin.place = Place::Text { position: Position { line: 3, column: 9 }, offset: 20 };
        let columns =
            BTreeMap::from([(("./services/shop/conf/.env".to_owned(), Position { line: 3, column: 9 }), 7)]);
        let repository = Repository::new(BTreeMap::new(), columns);
        let expected =
            Source { path: "services/shop/conf/.env".to_owned(), line: 3, column: Some(7), end_line: 3 };
        assert_eq!(Source::of(&origin, &repository), Some(expected));
    }
}
