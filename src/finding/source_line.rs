//! Lines of source files that reports quote. Every value in them is masked before they are kept.

use std::ops::Range;

use seaworthy_source::{Origin, OriginKind, Place};

/// Which line of which file: the path as reports name it, and the line from 1.
pub type SourceLineKey = (String, u32);

/// One line of a source file, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// The line with values masked: printable, without its line feed.
    pub text: String,
    /// What the finding is about, in characters of `text`.
    pub marked: Range<usize>,
}

impl SourceLine {
    /// The key of the line that an origin points at, if it is in a source file that a person can edit.
    pub fn key(origin: &Origin) -> Option<SourceLineKey> {
        let Place::Text { position, .. } = &origin.place else { return None };
        let path = match (origin.kind, &origin.path) {
            // Its path is that from the context's directory; the artifact is the file as the user gave it.
            (OriginKind::Dockerfile, _) => origin.artifact.clone(),
            (OriginKind::Workflow, path) => path.clone().unwrap_or(origin.artifact.clone()),
            (OriginKind::Context, Some(path)) => format!("{}/{path}", origin.artifact),
            _ => return None,
        };
        Some((path, position.line))
    }
}
