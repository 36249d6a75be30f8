//! What one step of a build does.

use seaworthy_source::Position;

/// A stage of the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Login,
    Build,
    Push,
    Digest,
    /// Another command family: which.
    Deviation(String),
}

/// Where something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The file: its index in the surface.
    pub(super) file: usize,
    pub(super) position: Position,
}

/// What an image is built from. Texts are as they are written, known variables put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    /// `--file`; the builder's default if there is none.
    pub(super) dockerfile: Option<String>,
    /// The build context.
    pub(super) context: Option<String>,
    /// `--platform`, each.
    pub(super) platforms: Vec<String>,
    /// The directory that both are relative to, from the root of the checkout.
    pub(super) directory: String,
}

/// One thing that a step does.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) stage: Stage,
    pub(super) at: At,
    /// The references that it tags, pushes or asks for, variables put in.
    pub(super) references: Vec<String>,
    /// The registry that it logs in to, or the repository that it asks, where that is no part of a reference.
    pub(super) repository: Option<String>,
    /// The region of AWS that it asks in, if it names one.
    pub(super) region: Option<String>,
    /// Of a build: what is built.
    pub(super) recipe: Option<Recipe>,
    pub(super) conditional: bool,
    /// Whether its failure is let pass.
    pub(super) tolerated: bool,
    /// Whether what comes next is decided by how it ended, as in `if docker push …; then`.
    pub(super) asked: bool,
    /// Where the `if` stands that keeps it from ever running.
    pub(super) never: Option<At>,
}

impl Act {
    /// Something that is done whatever comes before.
    pub(super) fn new(stage: Stage, at: At) -> Self {
        Self {
            stage,
            at,
            references: Vec::new(),
            repository: None,
            region: None,
            recipe: None,
            conditional: false,
            tolerated: false,
            asked: false,
            never: None,
        }
    }
}
