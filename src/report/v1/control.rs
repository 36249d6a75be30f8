//! The controls table of a gate, as the versioned documents have it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Status;
use crate::finding as inner;
use crate::report::phrase::{printable, prose};

/// The profile that a gate judged by.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Profile")]
pub(in crate::report) struct Profile {
    /// Its name, such as `m1`.
    name: String,
    /// What it is for, in a few words.
    title: String,
    /// Digest of the profile's file.
    digest: String,
}

impl From<&inner::ProfileRecord> for Profile {
    fn from(profile: &inner::ProfileRecord) -> Self {
        Self {
            name: printable(&profile.name),
            title: printable(&profile.title),
            digest: printable(&profile.digest),
        }
    }
}

/// What became of a control.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::report) enum ControlStatus {
    /// Each of its checks was requested, could look at everything, and passed.
    Pass,
    /// Not checked or not requested, and waived by the contract.
    Waived,
    /// No one asked for something that it needs.
    NotRequested,
    /// Something that it needs was asked for and could not be examined.
    NotChecked,
    /// One of its checks has findings that fail.
    Fail,
}

impl From<inner::ControlStatus> for ControlStatus {
    fn from(status: inner::ControlStatus) -> Self {
        match status {
            inner::ControlStatus::Pass => Self::Pass,
            inner::ControlStatus::Waived => Self::Waived,
            inner::ControlStatus::NotRequested => Self::NotRequested,
            inner::ControlStatus::NotChecked => Self::NotChecked,
            inner::ControlStatus::Fail => Self::Fail,
        }
    }
}

/// A check of a control, and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ControlCheck")]
pub(in crate::report) struct Check {
    /// Its ID, such as `SW301`.
    id: &'static str,
    /// What became of it.
    status: Status,
}

/// A waiver of the contract that covers a control.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Waiver {
    /// The control or the group that it names.
    control: String,
    /// Why, in the contract's words.
    reason: String,
    /// The last day on which it counts, as `YYYY-MM-DD`.
    expires: String,
}

/// One control of the profile.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Control {
    /// Its ID, such as `D.4.2`.
    id: String,
    /// What it asks, in a few words.
    title: String,
    /// What became of it.
    status: ControlStatus,
    /// Whether the gate passes only with it.
    required: bool,
    /// Its checks, in order of their IDs.
    checks: Vec<Check>,
    /// What was examined for it: kind, name and digest of each artifact.
    examined: Vec<String>,
    /// Why it is not a pass.
    reasons: Vec<String>,
    /// How what is missing can be supplied.
    supply: Vec<String>,
    /// The waiver that covers it; `null` if none does.
    waiver: Option<Waiver>,
}

impl From<&inner::ControlResult> for Control {
    fn from(control: &inner::ControlResult) -> Self {
        let check =
            |(id, status): &(&'static str, inner::CheckStatus)| Check { id, status: (*status).into() };
        let all = |texts: &[String]| texts.iter().map(|t| printable(t)).collect();
        Self {
            id: printable(&control.id),
            title: printable(&control.title),
            status: control.status.into(),
            required: control.required,
            checks: control.checks.iter().map(check).collect(),
            examined: all(&control.examined),
            reasons: all(&control.reasons),
            supply: all(&control.supply),
            waiver: control.waiver.as_ref().map(|w| Waiver {
                control: printable(&w.control),
                reason: prose(&w.reason),
                expires: printable(&w.expires),
            }),
        }
    }
}

/// A group of the profile's controls: one row of the controls table.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ControlGroup")]
pub(in crate::report) struct Group {
    /// Its ID, such as `D.4.2`.
    id: String,
    /// What it is about, in a few words.
    title: String,
    /// The worst status of its required controls.
    status: ControlStatus,
    /// Its controls, in the profile's order.
    controls: Vec<Control>,
}

impl From<&inner::ControlGroup> for Group {
    fn from(group: &inner::ControlGroup) -> Self {
        Self {
            id: printable(&group.id),
            title: printable(&group.title),
            status: group.status.into(),
            controls: group.controls.iter().map(Into::into).collect(),
        }
    }
}
