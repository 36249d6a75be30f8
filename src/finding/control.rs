//! What became of a profile's controls. A control passes only if each of its checks was requested, could look, and passed;
//! everything else has a status and a reason of its own.

use std::fmt;

use super::CheckStatus;

/// What became of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControlStatus {
    /// Each of its checks was requested, could look at everything, and passed.
    Pass,
    /// It was not checked or not requested, and the contract waives it until a day that is still to come.
    Waived,
    /// No one asked for something that it needs.
    NotRequested,
    /// Something that it needs was asked for and could not be examined.
    NotChecked,
    /// One of its checks has findings that fail.
    Fail,
}

impl ControlStatus {
    /// All of them, best first.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Waived, Self::NotRequested, Self::NotChecked, Self::Fail];

    /// The words used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Waived => "waived",
            Self::NotRequested => "not requested",
            Self::NotChecked => "not checked",
            Self::Fail => "fail",
        }
    }

    /// Whether a gate may pass with it.
    pub fn is_satisfied(self) -> bool {
        matches!(self, Self::Pass | Self::Waived)
    }
}

impl fmt::Display for ControlStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The profile that a gate judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRecord {
    /// Its name, such as `m1`.
    pub name: String,
    /// What it is for, in a few words.
    pub title: String,
    /// The digest of its file, `sha256:` and 64 hex digits.
    pub digest: String,
}

/// A waiver of the contract that holds: what is not checked or not requested does not block until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverRecord {
    /// The control or the group that it names.
    pub control: String,
    /// Why, in the contract's words.
    pub reason: String,
    /// The last day on which it holds, as `YYYY-MM-DD`.
    pub expires: String,
}

/// One control of the profile and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlResult {
    /// Its ID, such as `D.4.2`.
    pub id: String,
    /// What it asks, in a few words.
    pub title: String,
    /// What became of it.
    pub status: ControlStatus,
    /// Whether a gate passes only with it: the profile requires it, and its condition holds.
    pub required: bool,
    /// Its checks and what became of each, in order of their IDs.
    pub checks: Vec<(&'static str, CheckStatus)>,
    /// What was examined for it: kind, name and digest of each artifact.
    pub examined: Vec<String>,
    /// Why it is not a pass.
    pub reasons: Vec<String>,
    /// How what is missing can be supplied.
    pub supply: Vec<String>,
    /// The waiver that covers it.
    pub waiver: Option<WaiverRecord>,
}

/// A row of the controls table: one group of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlGroup {
    /// Its ID, such as `D.4`.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
    /// The worst status of its required controls; of all of them if none is required, and `fail` if any fails.
    pub status: ControlStatus,
    /// Its controls, in the profile's order.
    pub controls: Vec<ControlResult>,
}

impl ControlGroup {
    /// The group of `controls`.
    pub fn new(id: &str, title: &str, controls: Vec<ControlResult>) -> Self {
        let required = controls.iter().filter(|c| c.required).map(|c| c.status).max();
        let any = || controls.iter().map(|c| c.status).max();
        let fails = controls.iter().any(|c| c.status == ControlStatus::Fail);
        let status = if fails {
            ControlStatus::Fail
        } else {
            required.or_else(any).unwrap_or(ControlStatus::NotRequested)
        };
        Self { id: id.to_owned(), title: title.to_owned(), status, controls }
    }

    /// The controls that keep a gate from passing.
    pub fn open(&self) -> impl Iterator<Item = &ControlResult> {
        self.controls.iter().filter(|c| c.required && !c.status.is_satisfied())
    }
}
