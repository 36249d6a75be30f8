//! What one step of a build does.

use super::failure::Failure;
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
    /// An image is put under a name, or under any.
    Place,
    /// Something runs that cannot be seen into: which.
    Unseen(String),
    /// A file is changed or taken away: the reference is its path from the root of the checkout.
    Change,
    /// A secret is written into a file: which.
    Writes(String),
    /// Other sources take the place of those of the commit; and whether they are a commit's afterwards.
    Sources {
        commits: bool,
    },
    /// It is asked which commit is checked out.
    Commit,
    /// The immutable tag is let be used again for another image: by what.
    Reopens(String),
    /// The password of ECR is asked for.
    Password,
    /// A digest is asked whether it is there, or used where an empty one fails.
    Demands {
        is_test: bool,
    },
    /// Files are kept as an artifact of the run.
    Uploads,
    /// Programs are looked up in a directory of the checkout first: the reference.
    Lookup,
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
    /// `--target`: the stage that is built.
    pub(super) target: Option<String>,
    /// Where the builder writes what it built, the digest among it.
    pub(super) metadata: Option<String>,
    /// Where the builder writes the ID of the image.
    pub(super) id_file: Option<String>,
    /// Whether it is given contexts beside the one.
    pub(super) has_more_contexts: bool,
    /// Whether another frontend than Docker's own may read the Dockerfile.
    pub(super) has_frontend: bool,
    /// The file that it puts the image into.
    pub(super) archive: Option<String>,
    /// Whether it puts the image there alone, so that neither daemon nor registry has it.
    pub(super) is_file_alone: bool,
    /// Whether the builder takes the sources from the repository, and not from the checkout.
    pub(super) is_remote: bool,
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
    /// What is put under the references, or copied to them, where it is no build: another reference.
    pub(super) source: Option<String>,
    /// The daemon of Docker that does it, or the profile or endpoint of AWS that is asked, if the environment or the
    /// command names one.
    pub(super) daemon: Option<String>,
    pub(super) conditional: bool,
    /// What becomes of its script, or of its job, if it fails.
    pub(super) failure: Failure,
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
            source: None,
            daemon: None,
            conditional: false,
            failure: Failure::Stops,
            never: None,
        }
    }
}
