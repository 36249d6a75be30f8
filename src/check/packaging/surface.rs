//! The build command surface: the workflows or scripts that build and publish the image.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::provenance::TagPattern;
use seaworthy_context::IgnoreRules;
use seaworthy_source::{Origin, OriginKind, Place, Position, escape_bytes};
use seaworthy_workflow::{CompositeAction, Scalar, Style, Workflow};

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
    /// The files that could be read: those of the contract, then the workflows that they call.
    pub files: Vec<BuildFile>,
    /// What the contract says of the build.
    pub expected: ExpectedBuild,
}

/// What the contract says of the build. Paths begin at the root of the checkout.
#[derive(Clone, Debug, Default)]
pub struct ExpectedBuild {
    /// The repository that the image is pushed to, if the contract pins it.
    pub repository: Option<String>,
    /// The repository that the packaging provenance names, if there is one.
    pub packaged: Option<String>,
    /// The Dockerfile.
    pub dockerfile: Option<String>,
    /// The build context.
    pub context: Option<String>,
    /// The Dockerfile that the packaging provenance names, if there is one.
    pub packaged_dockerfile: Option<String>,
    /// The build context that the packaging provenance names, if there is one.
    pub packaged_context: Option<String>,
    /// The stage of the Dockerfile that is checked; nothing if that is not known.
    pub stage: Option<CheckedStage>,
    /// What the builder is not sent of the context; nothing if that is not known.
    pub ignored: Option<IgnoreRules>,
    /// Files that the checkout has, among those that the build changes, and below directories that it changes.
    pub committed: BTreeSet<String>,
    /// Files of the checkout that the build runs: scripts, makefiles, files of bake.
    pub run: BTreeSet<String>,
    /// The platforms that are built; any if there are none.
    pub platforms: Vec<String>,
    /// How the immutable tag is made from the commit.
    pub tag_pattern: TagPattern,
    /// The name of the output that holds the immutable tag, if the contract names it.
    pub tag_output: Option<String>,
    /// The name of the output that holds the resolved digest, if the contract names it.
    pub digest_output: Option<String>,
    /// Tools beside docker and aws that may build and push.
    pub tools: Vec<String>,
    /// The contract's registry of handles: what variables hold that a build is given.
    pub handles: BTreeMap<String, String>,
}

/// The stage of a Dockerfile that is checked.
#[derive(Clone, Debug, Default)]
pub struct CheckedStage {
    /// Its name and its number.
    pub names: Vec<String>,
    /// Whether it is the last one, which is built without `--target`.
    pub is_last: bool,
}

/// A path joined to the directory that it is relative to, both from the root of the checkout; `.` for the root itself.
/// What is known only when it runs stays as it is written.
pub(super) fn joined(directory: &str, path: &str) -> String {
    let own_root = ["/", "$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}", "${{ github.workspace }}"];
    let root = own_root.into_iter().skip(1).find_map(|r| path.strip_prefix(r));
    if path.starts_with(['/', '~', '$', '`']) && root.is_none() || path.contains("://") {
        return path.to_owned();
    }
    let (start, path) = match root {
        Some(rest) => ("", rest),
        None => (directory, path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// One file.
pub struct BuildFile {
    /// Its path as reports name it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What it holds.
    pub content: Content,
    /// Its path from the root of the checkout, if it is below that.
    pub path: Option<String>,
    /// The same, if a workflow or a script calls it.
    pub called_as: Option<String>,
}

/// What a file holds.
pub enum Content {
    /// A workflow.
    Workflow(Workflow),
    /// An action of the repository that is made of steps.
    Action(CompositeAction),
    /// A shell script, or the file of a runner of tasks: all of the text.
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
