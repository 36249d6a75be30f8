//! What the files of a repository say that matters to a contract, each with its place. Names and paths only: the value
//! of a variable is never taken.

use std::collections::BTreeMap;

/// Something that was read, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Guess {
    pub(super) value: String,
    /// File and line, such as `infra/ssm.tf:12`.
    pub(super) from: String,
}

impl Guess {
    pub(super) fn new(value: impl Into<String>, from: impl Into<String>) -> Self {
        Self { value: value.into(), from: from.into() }
    }
}

/// A Dockerfile.
pub(super) struct Dockerfile {
    pub(super) path: String,
    /// The line of its first `FROM`.
    pub(super) from: String,
    /// The name of its last stage.
    pub(super) last_stage: Option<String>,
    /// What its last stage starts: entrypoint and command together, with the place.
    pub(super) entrypoint: Option<(Vec<String>, String)>,
    pub(super) command: Option<(Vec<String>, String)>,
    /// What it copies from its context, without wildcards.
    pub(super) sources: Vec<String>,
}

/// What starts a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Builder {
    /// A compose file, which says all of it.
    Compose,
    /// A workflow.
    Workflow,
}

/// A build that a file describes. Paths are those of the repository.
pub(super) struct Build {
    pub(super) by: Builder,
    /// The service's or job's name.
    pub(super) name: String,
    pub(super) context: String,
    pub(super) dockerfile: String,
    pub(super) target: Option<String>,
    /// Names of its build arguments.
    pub(super) arguments: Vec<String>,
    pub(super) from: String,
    /// What a service of it is started with.
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) command: Option<Vec<String>>,
}

/// A workflow that builds an image.
pub(super) struct Workflow {
    pub(super) path: String,
    pub(super) from: String,
    /// Jobs that build.
    pub(super) jobs: Vec<String>,
    /// Jobs of the file.
    pub(super) total: usize,
    /// Whether it pushes to ECR.
    pub(super) is_ecr: bool,
    /// The other registries that it logs in to.
    pub(super) registries: Vec<String>,
}

/// A container of a task.
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: Option<String>,
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) command: Option<Vec<String>>,
    /// Whether a command is there and could not be worked out.
    pub(super) is_open: bool,
}

/// A task definition.
pub(super) struct Task {
    pub(super) family: String,
    pub(super) role: Option<String>,
    pub(super) execution_role: Option<String>,
    pub(super) containers: Vec<Container>,
    /// Variables that ECS fills, and where from.
    pub(super) secrets: Vec<(String, String)>,
    pub(super) from: String,
}

/// A role.
#[derive(Default)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) from: String,
    /// Whether its trust policy names ECS tasks; nothing where the policy is not known.
    pub(super) is_for_tasks: Option<bool>,
    /// Resources that its policies let it read parameters or secrets of; a wildcard is a wildcard.
    pub(super) reads: Vec<Guess>,
}

/// A parameter or a secret of the account.
pub(super) struct Stored {
    pub(super) name: String,
    /// Whether it is one that is kept secret; a parameter of the type `String` is none.
    pub(super) is_secret: bool,
    pub(super) label: String,
    pub(super) from: String,
}

/// A way in which the image is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) handle: String,
    pub(super) words: Vec<String>,
    pub(super) required: Vec<String>,
    pub(super) optional: Vec<String>,
    /// Whether its task gives it no arguments, although it needs some.
    pub(super) args_at_start: bool,
    pub(super) from: String,
    /// What must be answered before it counts.
    pub(super) question: Option<String>,
}

/// A registry of handles.
pub(super) struct HandlesFile {
    pub(super) path: String,
    /// Its entries with their lines, without those that are still to be filled in.
    pub(super) entries: Vec<(String, Guess)>,
    /// Whether the contract's own reader can read it.
    pub(super) is_readable: bool,
}

/// Where the documents of runs lie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Runs {
    /// The directory that the keys begin in.
    pub(super) directory: String,
    pub(super) phase: Option<String>,
    pub(super) from: String,
}

/// All of it.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) dockerfiles: Vec<Dockerfile>,
    pub(super) ignore_files: Vec<String>,
    pub(super) builds: Vec<Build>,
    pub(super) workflows: Vec<Workflow>,
    pub(super) repositories: Vec<Guess>,
    /// Archives of images, with the transport that reads them.
    pub(super) archives: Vec<Guess>,
    pub(super) plans: Vec<Guess>,
    pub(super) templates: Vec<Guess>,
    pub(super) runs: Vec<Runs>,
    pub(super) handles: Vec<HandlesFile>,
    pub(super) buckets: Vec<Guess>,
    pub(super) accounts: Vec<Guess>,
    pub(super) regions: Vec<Guess>,
    pub(super) phases: Vec<Guess>,
    pub(super) tasks: Vec<Task>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) stored: Vec<Stored>,
    /// Starts that a file lists, most certain first.
    pub(super) starts: Vec<Start>,
    /// Names of secret variables of `.env.example`.
    pub(super) variables: Vec<Guess>,
    /// Names that a source file reads from its environment, of those that were looked for.
    pub(super) confirmed: BTreeMap<String, String>,
    /// Options that a Python program requires, by its file.
    pub(super) required: BTreeMap<String, Vec<String>>,
    /// What was not looked at: the reason and the files.
    pub(super) left_out: BTreeMap<String, Vec<String>>,
}

impl Facts {
    /// Notes that something was not looked at.
    pub(super) fn leave_out(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        let (path, paths) = (path.into(), self.left_out.entry(reason.into()).or_default());
        if !paths.contains(&path) {
            paths.push(path);
        }
    }

    /// One sentence for each reason, with a few of its files.
    pub(super) fn warnings(&self) -> Vec<String> {
        const NAMED: usize = 3;
        let sentence = |(reason, paths): (&String, &Vec<String>)| {
            let named = paths.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            match paths.len().checked_sub(NAMED) {
                Some(more @ 1..) => format!("{named} and {more} more: {reason}"),
                _ => format!("{named}: {reason}"),
            }
        };
        self.left_out.iter().map(sentence).collect()
    }

    /// The value of a handle.
    pub(super) fn handle(&self, name: &str) -> Option<&Guess> {
        self.handles.iter().flat_map(|h| &h.entries).find(|(n, _)| n == name).map(|(_, g)| g)
    }
}
