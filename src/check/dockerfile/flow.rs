//! What becomes of a secret in a `RUN`: written to a file of the image, printed to the build log, or used and gone.

mod effect;
mod programs;
mod track;

use super::path::{absolute, below};
use super::variable::SecretVariables;
use crate::check::dockerfile::build::{Recipe, Run};
use seaworthy_dockerfile::MountType;
use seaworthy_source::Span;

use track::Tracker;

/// A secret that does not stay where it belongs.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// Which secret, for people.
    pub(super) label: String,
    /// What became of it.
    pub(super) end: End,
    /// The command.
    pub(super) span: Span,
}

/// What goes wrong with the secrets of one `RUN`.
pub(super) struct Flows {
    /// In order.
    pub(super) found: Vec<Flow>,
    /// Whether everything could be followed.
    pub(super) complete: bool,
}

/// What became of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is in this file (absolute path).
    Written(String),
    /// It is in the build log; how it came there.
    Printed(&'static str),
}

/// The secrets that a `RUN` has, by the two ways in which it can have them.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Files, absolute, with the label of each.
    pub(super) files: Vec<(String, String)>,
    /// Variables, with the label of each.
    pub(super) variables: Vec<(String, String)>,
    /// Directories that are not part of the image: mounts.
    pub(super) outside: Vec<String>,
}

/// Everything that goes wrong with the secrets of one `RUN`.
pub(super) fn flows(variables: &SecretVariables<'_>, recipe: &Recipe<'_>, run: &Run<'_>) -> Flows {
    let sources = sources(variables, recipe, run);
    if sources.files.is_empty() && sources.variables.is_empty() {
        return Flows { found: Vec::new(), complete: true };
    }
    let directory = recipe.directory(run.instruction).to_owned();
    // `SHELL ["/bin/bash", "-exc"]` traces every command.
    let shell = recipe.dockerfile.shell_at(run.instruction).unwrap_or_default();
    let traced = shell.iter().skip(1).any(|w| w.starts_with('-') && !w.starts_with("--") && w.contains('x'));
    let posix = shell.first().is_none_or(|w| w.ends_with("sh"));
    Tracker::new(sources, directory, traced && posix).follow(&run.script)
}

fn sources(variables: &SecretVariables<'_>, recipe: &Recipe<'_>, run: &Run<'_>) -> Sources {
    let mut sources =
        Sources { outside: vec!["/dev".into(), "/proc".into(), "/sys".into()], ..Sources::default() };
    let directory = recipe.directory(run.instruction);
    for mount in run.mounts {
        if mount.mount_type() != Some(MountType::Secret) {
            if let Some(target) = mount.target() {
                sources.outside.push(absolute(directory, target));
            }
            continue;
        }
        let id = mount.id().map_or_else(String::new, |id| super::quoted(id));
        let label = format!("the build secret {id}").trim_end().to_owned();
        if let Some(name) = mount.env() {
            sources.variables.push((name.to_string(), label.clone()));
        }
        if let Some(path) = mount.secret_path() {
            let path = absolute(directory, &path);
            sources.outside.push(path.clone());
            sources.files.push((path, label));
        }
    }
    for name in variables.of(run) {
        let label = format!("the secret variable {}", super::quoted(&name));
        sources.variables.push((name, label));
    }
    sources
}

/// Whether a written path is none of the image's.
fn is_outside(sources: &Sources, path: &str) -> bool {
    sources.outside.iter().any(|o| below(o, path).is_some())
}
