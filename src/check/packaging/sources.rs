//! Whether a job builds the commit that its image is named after: what it checks out, and what changes the checkout.

use super::act::At;
use super::sequence::Fault;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command, Word};
use seaworthy_source::Position;
use seaworthy_workflow::{Job, Step};

/// The action that checks a repository out.
const CHECKOUT: &str = "actions/checkout";
/// Commands of git that put other sources in place of those of the commit.
const CHANGES: [&str; 9] =
    ["checkout", "switch", "pull", "merge", "reset", "apply", "am", "cherry-pick", "revert"];
/// The variable that holds the commit of the run.
const COMMIT: &str = "GITHUB_SHA";

/// Expressions of GitHub that are the commit of the run, as they are written.
const COMMIT_EXPRESSIONS: [&str; 4] =
    ["${{ github.sha }}", "${{github.sha}}", "${{ env.GITHUB_SHA }}", "${{env.GITHUB_SHA}}"];

/// What makes the sources others than those of the commit, step by step; `file` is the workflow's number. What comes after
/// the last build, which begins at `until`, changes nothing about the image.
pub(super) fn faults(job: &Job, file: usize, until: Option<Position>) -> Vec<Fault> {
    let steps = job.steps.iter().filter(|step| until.is_none_or(|until| step.position <= until));
    steps.flat_map(|step| of_step(step, At { file, position: step.position })).collect()
}

fn of_step(step: &Step, at: At) -> Vec<Fault> {
    let is_checkout = step.uses.as_ref().is_some_and(|uses| uses.text.split('@').next() == Some(CHECKOUT));
    if is_checkout {
        return checkout(step, at);
    }
    let Some(run) = &step.run else { return Vec::new() };
    // GitHub puts its expressions in before a shell reads the script.
    let text = COMMIT_EXPRESSIONS.iter().fold(run.text.clone(), |text, e| text.replace(e, "$GITHUB_SHA"));
    let script = shell::read(&Text::of(&text));
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
    const REPOSITORY: [&str; 2] = ["${{ github.repository }}", "${{github.repository}}"];
    for (name, own) in [("ref", &COMMIT_EXPRESSIONS[..]), ("repository", &REPOSITORY)] {
        let Some(value) = input(name).filter(|value| !own.contains(value)) else { continue };
        if value.contains("${{") {
            let reason =
                format!("it checks out the {name} {value}, and whether that is the commit's is not known");
            faults.push(Fault::unclear(at, "sources", reason));
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

/// Whether a command of git may change the sources: `git pull`, but not `git checkout "$GITHUB_SHA"`.
fn changes_sources(command: &Command) -> bool {
    let words: Vec<String> = command.words.iter().map(|word| word.literal().unwrap_or_default()).collect();
    let Some((program, rest)) = words.split_first() else { return false };
    let mut rest = rest.iter();
    let mut verb = rest.next();
    // `git -C FOLDER`, `git -c NAME=VALUE`, and options that are one word.
    while let Some(option) = verb.filter(|word| word.starts_with('-')) {
        if matches!(option.as_str(), "-C" | "-c") {
            rest.next();
        }
        verb = rest.next();
    }
    let is_commit =
        |word: &Word| matches!(word.variables().as_slice(), [(COMMIT, _)]) && word.parts.len() == 1;
    program == "git"
        && verb.is_some_and(|verb| CHANGES.contains(&verb.as_str()))
        && !command.words.iter().any(is_commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(text: &str) -> bool {
        shell::read(&Text::of(text)).commands.iter().any(changes_sources)
    }

    #[test]
    fn commands_of_git_that_change_the_sources() {
        for text in
            ["git pull", "cd x && git checkout v1", "git -C x -c a=b reset --hard HEAD~1", "git apply a.diff"]
        {
            assert!(changes(text), "{text}");
        }
        assert!(changes("git checkout \"$GITHUB_SHA~1\""));
        for text in
            ["git status", "git checkout \"$GITHUB_SHA\"", "git -C pull log", "git merge-base a b", "pull"]
        {
            assert!(!changes(text), "{text}");
        }
    }
}
