//! Profiles: controls as data. A profile lists what must be true of a packaged image, and for each control the checks
//! that prove it and the artifacts that must have been examined. `m1` and `image` are built in; a project may bring
//! its own file. The contract chooses; `contract::profile` reads the files.

mod document;
mod judge;

use std::path::PathBuf;

use crate::finding::{Part, ProfileRecord, Severity};

pub use document::{explain, explain_all, markdown};
pub use judge::{EvidenceGap, Judged, RunFacts, Waiver, judge_controls, warnings};

/// The built-in profiles, by name, as they are written.
pub const BUILT_IN: [(&str, &str); 2] =
    [("m1", include_str!("../../profiles/m1.toml")), ("image", include_str!("../../profiles/image.toml"))];

/// The profile of a contract that names none.
pub const DEFAULT: &str = "m1";

/// The version of the profile format that is read here.
pub const FORMAT: u64 = 1;

/// A set of controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is for, in a few words.
    pub title: String,
    /// The digest of its file, `sha256:` and 64 hex digits.
    pub digest: String,
    /// Its file, if it is not built in.
    pub path: Option<PathBuf>,
    /// The minimum severity that fails the run. It only counts where it is stricter than the contract's.
    pub fail_on: Option<Severity>,
    /// The rows of the controls table, in their order.
    pub groups: Vec<Group>,
    /// Its controls, in their order.
    pub controls: Vec<Control>,
}

/// A row of the controls table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What the IDs of its controls are, or begin with before a dot.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
}

/// One clause of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its ID, such as `D.4.2`.
    pub id: String,
    /// What it asks, in a few words.
    pub title: String,
    /// What it asks, in a sentence.
    pub asks: String,
    /// The checks that must all have been asked, could look, and passed.
    pub checks: Vec<&'static str>,
    /// The artifacts that must have been examined.
    pub needs: Vec<Need>,
    /// Controls and groups that must be satisfied, too.
    pub controls: Vec<String>,
    /// Whether a gate passes only with it.
    pub required: bool,
    /// The minimum severity of a finding that fails it. It only counts where it is stricter than the run's.
    pub fail_on: Option<Severity>,
    /// The condition under which it is asked at all.
    pub when: Option<Condition>,
    /// How what its checks look at can be supplied, where its needs do not say it already.
    pub supply: Option<String>,
}

/// An artifact that must have been examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The build context.
    Context,
    /// The Dockerfile.
    Dockerfile,
    /// The image.
    Image,
    /// The image's entrypoints, as the contract has them.
    Entrypoints,
    /// Parameters, roles and task definitions.
    Wiring,
    /// The packaging provenance.
    Provenance,
    /// The build receipt.
    Receipt,
    /// The run header.
    RunHeader,
    /// The security evidence that the gate itself writes.
    Evidence,
    /// The registry's answer about the tag.
    Registry,
    /// The workflow or script that builds the image.
    Workflow,
}

impl Need {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Context,
        Self::Dockerfile,
        Self::Image,
        Self::Entrypoints,
        Self::Wiring,
        Self::Provenance,
        Self::Receipt,
        Self::RunHeader,
        Self::Evidence,
        Self::Registry,
        Self::Workflow,
    ];

    /// The word in a profile.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Dockerfile => "dockerfile",
            Self::Image => "image",
            Self::Entrypoints => "entrypoints",
            Self::Wiring => "wiring",
            Self::Provenance => "provenance",
            Self::Receipt => "receipt",
            Self::RunHeader => "run_header",
            Self::Evidence => "evidence",
            Self::Registry => "registry",
            Self::Workflow => "workflow",
        }
    }

    /// The need that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.as_str() == word)
    }

    /// What it is, for people.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Context => "build context",
            Self::Dockerfile => "Dockerfile",
            Self::Image => "image",
            Self::Entrypoints => "entrypoint of the image",
            Self::Wiring => "parameters, roles and task definitions",
            Self::Provenance => "packaging provenance",
            Self::Receipt => "build receipt",
            Self::RunHeader => "run header",
            Self::Evidence => "security evidence",
            Self::Registry => "registry",
            Self::Workflow => "build workflow",
        }
    }

    /// How it is supplied.
    pub fn how(self) -> &'static str {
        match self {
            Self::Context => "set `image.context` in the contract, or give --context",
            Self::Dockerfile => "set `image.dockerfile` in the contract, or give --file",
            Self::Image => "set `image.reference` in the contract, or give the image on the command line",
            Self::Entrypoints => "name each way to start the image in [[entrypoints]]",
            Self::Wiring => {
                "set `aws.plan`, `aws.template` or `aws.snapshot` in the contract, or give --plan, --template, \
                 --snapshot or --live"
            }
            Self::Provenance => "write packaging_provenance.json to its path in the run's evidence",
            Self::Receipt => "write build_command_surface_receipt.json to its path in the run's evidence",
            Self::RunHeader => "write run.json to its path in the run's evidence",
            Self::Evidence => "let the store be writable: the gate writes this document itself",
            Self::Registry => {
                "set `required = true` in the contract's [registry], or name the image as docker://HOST/NAME:TAG"
            }
            Self::Workflow => "name the files that build the image in [workflow]",
        }
    }

    /// How it is supplied where the contract or the command line names it already and it could not be examined.
    pub fn how_to_mend(self) -> &'static str {
        match self {
            Self::Image => {
                "write the image to the file that `image.reference` names (docker save NAME:TAG -o FILE), or give another \
                 on the command line"
            }
            Self::Wiring => {
                "write the plan to the file that `aws.plan` names (terraform show -json PLAN > FILE), or give --plan, \
                 --template, --snapshot or --live"
            }
            Self::Workflow => "correct the files that [workflow] names",
            other => other.how(),
        }
    }

    /// What a part of a gate is examined for; `None` where a part answers several needs.
    pub fn of(part: Part) -> Option<Self> {
        match part {
            Part::Context => Some(Self::Context),
            Part::Image => Some(Self::Image),
            Part::Wiring => Some(Self::Wiring),
            Part::Entrypoints => Some(Self::Entrypoints),
            Part::Registry => Some(Self::Registry),
            Part::Workflow => Some(Self::Workflow),
            Part::Documents => None,
        }
    }
}

/// A condition under which a control is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A source of the wiring has task definitions.
    Wiring,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Wiring];

    /// The word in a profile.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wiring => "wiring",
        }
    }

    /// The condition that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == word)
    }
}

/// Whether `name`, a control, a group or the beginning of one, covers the control `id`.
pub fn covers(name: &str, id: &str) -> bool {
    id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Profile {
    /// What reports and evidence say of it.
    pub fn record(&self) -> ProfileRecord {
        ProfileRecord { name: self.name.clone(), title: self.title.clone(), digest: self.digest.clone() }
    }

    /// Whether `name` is a control or covers one.
    pub fn knows(&self, name: &str) -> bool {
        self.controls.iter().any(|c| covers(name, &c.id))
    }

    /// The group of a control: the one that covers it most closely; a control that no group covers is its own.
    pub fn group_of<'a>(&'a self, control: &'a Control) -> (&'a str, &'a str) {
        let covering = self.groups.iter().filter(|g| covers(&g.id, &control.id));
        covering
            .max_by_key(|g| g.id.len())
            .map_or((control.id.as_str(), control.title.as_str()), |g| (g.id.as_str(), g.title.as_str()))
    }

    /// The groups that have controls, in the order of their first ones, each with its title and its controls.
    pub fn grouped(&self) -> Vec<(&str, &str, Vec<&Control>)> {
        let mut groups: Vec<(&str, &str, Vec<&Control>)> = Vec::new();
        for control in &self.controls {
            let (id, title) = self.group_of(control);
            match groups.iter_mut().find(|g| g.0 == id) {
                Some(group) => group.2.push(control),
                None => groups.push((id, title, vec![control])),
            }
        }
        groups
    }

    /// Whether one of its controls names the check.
    pub fn names_check(&self, check: &str) -> bool {
        self.controls.iter().any(|c| c.checks.contains(&check))
    }

    /// Whether one of its controls needs one of `needs` to have been examined.
    pub fn needs_any(&self, needs: &[Need]) -> bool {
        self.controls.iter().any(|c| c.needs.iter().any(|n| needs.contains(n)))
    }
}
