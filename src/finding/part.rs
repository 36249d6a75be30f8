//! The parts of a gate: what is examined one after the other, and what became of each.

use super::{CheckMeta, Reads};

/// A part of a gate: one kind of thing that is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The build context and the Dockerfile.
    Context,
    /// The built image.
    Image,
    /// Parameters, roles and task definitions.
    Wiring,
    /// The entrypoints' contracts.
    Entrypoints,
    /// Provenance, build receipt and run header.
    Documents,
    /// What the registry says of tag and digest.
    Registry,
    /// The CI workflow that builds.
    Workflow,
}

impl Part {
    /// All of them, in the order in which a gate examines them.
    pub const ALL: [Self; 7] = [
        Self::Context,
        Self::Image,
        Self::Wiring,
        Self::Entrypoints,
        Self::Documents,
        Self::Registry,
        Self::Workflow,
    ];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Image => "image",
            Self::Wiring => "wiring",
            Self::Entrypoints => "entrypoints",
            Self::Documents => "provenance",
            Self::Registry => "registry",
            Self::Workflow => "workflow",
        }
    }

    /// The part that asks a check, by what the check reads; where that belongs to several parts, the last of them.
    pub fn of(meta: &CheckMeta) -> Option<Self> {
        meta.reads.iter().map(|read| Self::reading(*read)).max()
    }

    fn reading(read: Reads) -> Self {
        match read {
            Reads::Dockerfile | Reads::Context | Reads::ContextFiles | Reads::CopiedFiles => Self::Context,
            Reads::Layers | Reads::History | Reads::Config | Reads::Manifests | Reads::Attestations => {
                Self::Image
            }
            Reads::Aws => Self::Wiring,
            Reads::Documents => Self::Documents,
            Reads::Registry => Self::Registry,
            Reads::Workflows => Self::Workflow,
            Reads::Entrypoints => Self::Entrypoints,
        }
    }
}

/// What became of a part of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It was examined, as far as its items that were not checked leave it.
    Done,
    /// It was to be examined and could not be.
    Missing(String),
    /// The contract does not ask for it.
    NotAsked,
}
