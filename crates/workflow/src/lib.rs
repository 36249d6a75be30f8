//! CI workflows: GitHub Actions files, as far as building and publishing an image goes, and build scripts.
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod condition;
mod github;
mod triggers;
mod yaml;

pub use condition::Condition;
pub use github::{Job, Pair, Step, Workflow};
pub use triggers::Triggers;
pub use yaml::{Node, NodeKind, Scalar, parse};

use seaworthy_source::Position;

/// The largest workflow or build script that is read, in bytes.
pub const MOST_BYTES: u64 = 1 << 20;

/// Why a file cannot be read as a workflow. No message repeats the file's values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct WorkflowError {
    /// Where.
    pub position: Position,
    /// Why.
    pub reason: String,
}
