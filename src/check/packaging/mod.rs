//! Questions about packaging: whether an image is built the one way that is agreed on, and whether it can start.

pub mod surface;

mod act;
mod action;
mod command;
mod failure;
mod reading;
mod recipe;
mod repository;
mod secret;
mod sequence;
mod sw601;
mod sw602;
mod sw603;
mod sw604;
mod sw605;
mod sw606;
mod tagging;
mod tool;
mod variables;

pub use surface::{BuildFile, BuildSurface, Content, ExpectedBuild, Family};
pub use sw603::{Answered, HelpNeedsSecret, HelpRun, HelpRuns};

use super::Check;
use crate::observe::entrypoint::Startup;

/// The checks on the files that build the image.
pub const SURFACE: &[&dyn Check<BuildSurface>] = 
    &[&sw604::LeavesSequence, &sw605::StaticCredentials, &sw606::SecretLeavesBuild];

/// The checks on an image's entrypoints.
pub const ENTRYPOINTS: &[&dyn for<'a> Check<Startup<'a>>] =
    &[&sw601::EntrypointMissing, &sw602::UnknownArgument];

/// The checks on entrypoints that were run.
pub const HELP: &[&dyn Check<HelpRuns>] = &[&HelpNeedsSecret];
