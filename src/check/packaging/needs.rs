//! Jobs that never run, by their own condition or that of a job that they need.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idneeds>

use std::collections::BTreeSet;

use super::act::At;
use seaworthy_workflow::{Condition, Job, Workflow};

/// Why a job never runs, and where that is written.
pub(super) fn never_runs(file: usize, workflow: &Workflow, job: &Job) -> Option<(At, String)> {
    let mut seen = BTreeSet::new();
    let mut open = vec![job];
    while let Some(one) = open.pop() {
        if !seen.insert(one.id.as_str()) {
            continue;
        }
        if one.condition == Condition::Never {
            let position = one.condition_at.unwrap_or(one.position);
            let why = if std::ptr::eq(one, job) {
                format!("the job {} never runs: its `if` is never true", job.id)
            } else {
                format!("the job {} never runs: it needs {}, whose `if` is never true", job.id, one.id)
            };
            return Some((At { file, position }, why));
        }
        if !one.ignores_needs {
            for name in &one.needs {
                let Some(needed) = workflow.jobs.iter().find(|j| j.id == *name) else {
                    let why = format!(
                        "the job {} never runs: it needs {name}, which is no job of this workflow",
                        job.id
                    );
                    return Some((At { file, position: one.position }, why));
                };
                open.push(needed);
            }
        }
    }
    None
}
