//! Whether a job builds the commit that its image is named after: what it checks out, and what changes the checkout.

use super::act::At;
use super::sequence::Fault;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command};
use seaworthy_workflow::{Job, Step};

/// The action that checks a repository out.
const CHECKOUT: &str = "actions/checkout";
/// Commands of git that put other sources in place of those of the commit.
const CHANGES: [&str; 9] =
    ["checkout", "switch", "pull", "merge", "reset", "apply", "am", "cherry-pick", "revert"];
/// What stands for the commit of the run.
const COMMIT: [&str; 3] = ["github.sha", "GITHUB_SHA", "HEAD"];

/// What makes the sources others than those of the commit, step by step; `file` is the workflow's number.
pub(super) fn faults(job: &Job, file: usize) -> Vec<Fault> {
    job.steps.iter().flat_map(|step| of_step(step, At { file, position: step.position })).collect()
}

fn of_step(step: &Step, at: At) -> Vec<Fault> {
    let is_checkout = step.uses.as_ref().is_some_and(|uses| uses.text.split('@').next() == Some(CHECKOUT));
    if is_checkout {
        return checkout(step, at);
    }
    let Some(run) = &step.run else { return Vec::new() };
    let script = shell::read(&Text::of(&run.text));
    let changed = script.commands.iter().find(|command| changes_sources(command));
    changed
        .map(|_| {
            let reason = "git puts other sources in place of those that were checked out: whether they are those of \
                          the commit is not known";
            Fault::unclear(at, "sources", reason)
        })
        .into_iter()
        .collect()
}

/// What a step of `actions/checkout` takes: its inputs `repository`, `ref` and `path` as the action's README has them.
fn checkout(step: &Step, at: At) -> Vec<Fault> {
    let input = |name: &str| {
        let pair = step.with.iter().find(|pair| pair.name == name);
        pair.map(|pair| pair.value.text.trim()).filter(|value| !value.is_empty())
    };
    // Beside the sources, another repository is at its own place.
    if input("path").is_some_and(|path| path != ".") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (name, own) in [("ref", &COMMIT[..]), ("repository", &["github.repository"])] {
        let Some(value) = input(name).filter(|value| !own.iter().any(|o| value.contains(o))) else {
            continue;
        };
        if value.contains("${{") {
            let reason =
                format!("it checks out the {name} {value}, and whether that is the commit's is not known");
            faults.push(Fault::unclear(at, "sources", &reason));
        } else {
            faults.push(Fault::deviates(
                at,
                format!(
                    "it checks out the {name} {value}, and the image is named after the commit of the run"
                ),
                "Remove the input, so that the commit of the run is checked out.",
            ));
        }
    }
    faults
}

/// Whether a command changes the sources: `git pull`, but not `git checkout "$GITHUB_SHA"` and not a file alone.
fn changes_sources(command: &Command) -> bool {
    let words: Vec<String> =
        command.words.iter().map(|word| word.literal().unwrap_or_else(|| "$".to_owned())).collect();
    let Some((program, rest)) = words.split_first() else { return false };
    let Some(verb) = rest.iter().find(|word| !word.starts_with('-')) else { return false };
    let names_commit =
        command.words.iter().flat_map(|word| word.variables()).any(|(name, _)| COMMIT.contains(&name));
    program == "git" && CHANGES.contains(&verb.as_str()) && !names_commit
}
