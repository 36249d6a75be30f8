//! The outputs of a step: the names that it can put out, and the outputs that are made of them.

use std::collections::{BTreeMap, BTreeSet};

use super::action;
use super::reading::StepWork;
use seaworthy_workflow::{Job, Step, Workflow};

/// The names that a step can put out.
pub(super) enum Outputs {
    These(BTreeSet<String>),
    OfAction(String),
    Any,
}

impl Outputs {
    pub(super) fn of(step: &Step, done: &StepWork) -> Self {
        let names = || done.work.outputs.iter().map(|(name, _)| name.clone()).collect();
        let is_open = step.uses.is_some() || !done.work.opaque.is_empty() || done.is_unread;
        match step.action() {
            _ if done.is_composite => Self::These(names()),
            Some(action) => Self::OfAction(action),
            None if is_open => Self::Any,
            None => Self::These(names()),
        }
    }
}

/// The outputs of a job of a called workflow, under the names that the workflow hands them on by. Where it hands on none of
/// this job, they are the job's own.
pub(super) fn outputs_of_call(
    workflow: &Workflow,
    job: &Job,
    own: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let start = format!("jobs.{}.outputs.", job.id);
    let handed_on: Vec<(String, String)> = workflow
        .outputs
        .iter()
        .filter_map(|output| {
            let inner = output.value.text.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim();
            let name = inner.strip_prefix(&start)?;
            let value = own.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            Some((output.name.clone(), value.unwrap_or_default()))
        })
        .collect();
    if handed_on.is_empty() { own } else { handed_on }
}

/// Whether the value of an output is that of a step that does not exist, or that puts out no such name.
pub(super) fn is_void(value: &str, of_steps: &BTreeMap<String, Outputs>) -> bool {
    let Some(inner) = value.trim().strip_prefix("${{").and_then(|v| v.strip_suffix("}}")) else {
        return false;
    };
    let Some((id, name)) = inner.trim().strip_prefix("steps.").and_then(|r| r.split_once(".outputs.")) else {
        return false;
    };
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    match of_steps.get(id) {
        None => true,
        // Something is made of the output.
        _ if !name.trim().chars().all(is_plain) => false,
        Some(Outputs::Any) => false,
        Some(Outputs::OfAction(action)) => {
            action::has_output(action, &name.trim().to_ascii_lowercase()) == Some(false)
        }
        Some(Outputs::These(names)) => !names.contains(name.trim()),
    }
}

/// A JSON file that a script writes is as good as an output: the words in its text.
pub(super) fn written(script: &str) -> Vec<(String, String)> {
    let writes = script.lines().any(|l| l.contains('>') && l.contains(".json"));
    if !writes {
        return Vec::new();
    }
    let lower = script.to_ascii_lowercase();
    ["digest", "tag"]
        .iter()
        .filter(|w| lower.contains(**w))
        .map(|w| ((*w).to_owned(), String::new()))
        .collect()
}
