//! CI workflows: GitHub Actions files, as far as building and publishing an image goes, and build scripts.
//!
//! ```
//! use seaworthy_workflow::{Condition, Workflow};
//!
//! let workflow = Workflow::parse("jobs:\n  image:\n    if: false\n    steps:\n      - run: docker build .\n")?;
//! let job = &workflow.jobs[0];
//! assert_eq!((job.id.as_str(), job.position.to_string().as_str()), ("image", "2:3"));
//! assert_eq!(job.condition, Condition::Never);
//! assert_eq!(job.steps[0].run.as_ref().map(|run| run.text.as_str()), Some("docker build ."));
//! # Ok::<(), seaworthy_workflow::WorkflowError>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod condition;
mod expression;
mod github;
mod triggers;

pub use seaworthy_source::yaml::{Scalar, Style};

pub use condition::Condition;
pub use github::{CompositeAction, Job, Pair, Step, Workflow};
pub use triggers::Triggers;

use seaworthy_source::Position;
use seaworthy_source::yaml::YamlError;

/// The largest workflow or build script that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// Why a file cannot be read as a workflow. No message repeats the file's values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct WorkflowError {
    /// Where.
    pub position: Position,
    /// Why.
    pub reason: String,
}

impl From<YamlError> for WorkflowError {
    fn from(YamlError { at, fault }: YamlError) -> Self {
        Self { position: at, reason: fault.to_string() }
    }
}
