//! Questions about packaging: whether an image is built the one way that is agreed on, and whether it can start.

pub mod surface;

mod act;
mod action;
mod aws;
mod backquotes;
mod changed;
mod changes;
mod command;
mod context_files;
mod docker;
mod exports;
mod failure;
mod identity;
mod inner;
mod located;
mod lookup;
mod makefile;
mod matrix;
mod needs;
mod outcome;
mod outputs;
mod paths;
mod programs;
mod reading;
mod recipe;
mod repository;
mod resolve;
mod runner;
mod secret;
mod sequence;
mod sources;
mod step_outputs;
mod sw601;
mod sw602;
mod sw603;
mod sw604;
mod sw605;
mod sw606;
mod sw607;
mod sw608;
mod tagging;
mod task;
mod tool;
mod truth;
mod unread;
mod variables;

pub use reading::wanted;
pub use sources::changed_paths;
pub use surface::{BuildFile, BuildSurface, CheckedStage, Content, ExpectedBuild, Family};
pub use sw603::{Answered, HelpNeedsSecret, HelpRun, HelpRuns, Trial};
pub use task::{PackagedImage, TaskContainer, TaskUses};

use super::Check;
use crate::observe::entrypoint::Startup;

/// The checks on the files that build the image.
pub const SURFACE: &[&dyn Check<BuildSurface>] =
    &[&sw604::LeavesSequence, &sw605::StaticCredentials, &sw606::SecretLeavesBuild];

/// The checks on an image's entrypoints.
pub const ENTRYPOINTS: &[&dyn for<'a> Check<Startup<'a>>] =
    &[&sw601::EntrypointMissing, &sw602::UnknownArgument];

/// The checks on the task definitions that run the image.
pub const TASKS: &[&dyn for<'a> Check<TaskUses<'a>>] = &[&sw607::CommandNotInMatrix, &sw608::OtherImage];

/// The checks on entrypoints that were run.
pub const HELP: &[&dyn Check<HelpRuns>] = &[&HelpNeedsSecret];
