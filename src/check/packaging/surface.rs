//! The build command surface: the workflows or scripts that build and publish the image.

use seaworthy_source::{Origin, OriginKind, Place, Position, escape_bytes};
use seaworthy_workflow::{Scalar, Style, Workflow};

/// The command families that an image may be built with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// A workflow of GitHub Actions.
    #[default]
    GithubActions,
    /// A shell script with `aws` and `docker`.
    LocalCli,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::GithubActions, Self::LocalCli];

    /// The word used in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GithubActions => "github_actions",
            Self::LocalCli => "local_cli",
        }
    }

    /// The family that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == word)
    }
}

/// What builds the image, as the contract names it.
pub struct BuildSurface {
    /// Which commands are agreed on.
    pub family: Family,
    /// The job that builds and publishes, if the contract names one.
    pub job: Option<String>,
    /// The files that could be read.
    pub files: Vec<BuildFile>,
}

/// One file.
pub struct BuildFile {
    /// Its path as reports name it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
pub enum Content {
    /// A workflow.
    Workflow(Workflow),
    /// A shell script: all of the text.
    Script,
}

impl BuildFile {
    /// An origin in this file; columns count bytes from 1.
    pub fn origin(&self, position: Position) -> Origin {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = match line.checked_sub(1) {
            None => 0,
            Some(nth) => self.text.match_indices('\n').nth(nth).map_or(self.text.len(), |(i, _)| i + 1),
        };
        let offset = start as u64 + u64::from(position.column.saturating_sub(1));
        Origin {
            path: Some(escape_bytes(self.name.as_bytes())),
            place: Place::Text { position, offset },
            ..Origin::new(OriginKind::Workflow, escape_bytes(self.name.as_bytes()))
        }
    }
}

/// The place of a byte of a scalar. Only in a literal block is the text that of the file.
pub(super) fn place_in(scalar: &Scalar, offset: usize) -> Position {
    if scalar.style != Style::Literal {
        return scalar.position;
    }
    let before = scalar.text.get(..offset).unwrap_or_default();
    let to_u32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    Position {
        line: scalar.position.line.saturating_add(to_u32(before.matches('\n').count())),
        column: scalar.position.column.saturating_add(to_u32(offset - start)),
    }
}
