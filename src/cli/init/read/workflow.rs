//! Workflows of GitHub Actions: which build images, of what, and for which registry.

use regex::Regex;

use super::File;
use crate::cli::Failure;
use crate::cli::init::facts::{Build, Builder, Facts, Workflow};
use crate::cli::init::paths;
use crate::cli::init::tree::Tree;

pub(super) struct Patterns {
    build: Regex,
    file: Regex,
    last: Regex,
    login: Regex,
}

impl Patterns {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            build: Regex::new(
                r"\bdocker\s+(?:buildx\s+)?build\b|\bbuildah\s+(?:bud|build)\b|\bpodman\s+build\b",
            )?,
            file: Regex::new(r"(?:--file[ =]|\s-f\s+)([A-Za-z0-9_./-]+)")?,
            last: Regex::new(r"\bbuild\s(?:.*\s)?([A-Za-z0-9_./][A-Za-z0-9_./-]*)\s*$")?,
            login: Regex::new(r"docker\s+login\b.*?\s([a-z0-9.-]+\.[a-z]{2,})\b")?,
        })
    }
}

/// Jobs and steps that are looked at.
const MAX_STEPS: usize = 5_000;

pub(super) fn collect(patterns: &Patterns, file: &File<'_>, facts: &mut Facts) {
    if !patterns.build.is_match(file.text) && !file.text.contains("docker/build-push-action") {
        return;
    }
    let tree = match file.yaml() {
        Ok(tree) => tree,
        Err(reason) => return facts.leave_out(file.shown, reason),
    };
    let mut found = Workflow {
        path: file.path.to_owned(),
        from: String::new(),
        jobs: Vec::new(),
        total: 0,
        is_ecr: ["amazon-ecr-login", ".dkr.ecr.", "aws ecr "].iter().any(|w| file.text.contains(w)),
        registries: Vec::new(),
    };
    let mut left = MAX_STEPS;
    for (job, content) in tree.get_exactly("jobs").map(Tree::entries).unwrap_or_default() {
        found.total += 1;
        let steps = content.get_exactly("steps").map(Tree::items).unwrap_or_default();
        for step in steps {
            left = left.saturating_sub(1);
            if left == 0 {
                return facts.leave_out(file.shown, format!("has more than {MAX_STEPS} steps"));
            }
            let Some(build) = build(patterns, file, job, step, &mut found) else { continue };
            if found.from.is_empty() {
                found.from.clone_from(&build.1);
            }
            if !found.jobs.contains(job) {
                found.jobs.push(job.clone());
            }
            facts.builds.extend(build.0);
        }
    }
    if !found.jobs.is_empty() {
        facts.workflows.push(found);
    }
}

/// What a step builds, if it builds, and where; the build is missing where it is set by variables.
fn build(
    patterns: &Patterns,
    file: &File<'_>,
    job: &str,
    step: &Tree,
    workflow: &mut Workflow,
) -> Option<(Option<Build>, String)> {
    let of = |context: &str, dockerfile: Option<&str>, target: Option<&str>, line: u32| {
        let is_plain = |text: &str| !text.contains('$') && !text.contains("://");
        let context = is_plain(context).then(|| paths::join("", context)).flatten()?;
        // Unlike in a compose file, the path of the Dockerfile begins where the command runs.
        let default = || paths::join(&context, "Dockerfile");
        let dockerfile = match dockerfile {
            Some(path) => is_plain(path).then(|| paths::join("", path)).flatten(),
            None => default(),
        }?;
        Some(Build {
            by: Builder::Workflow,
            name: job.to_owned(),
            context,
            dockerfile,
            target: target.map(str::to_owned),
            arguments: Vec::new(),
            from: file.at(line),
            entrypoint: None,
            command: None,
        })
    };
    let uses = step.get_exactly("uses").and_then(Tree::any_text).unwrap_or_default();
    let input = |name: &str| step.get_exactly("with")?.get_exactly(name)?.any_text();
    if uses.starts_with("docker/login-action") {
        let registry = input("registry").unwrap_or("docker.io");
        if !registry.contains('$') && !registry.contains(".dkr.ecr.") {
            workflow.registries.push(registry.to_owned());
        }
        return None;
    }
    if uses.starts_with("docker/build-push-action") {
        // Without a context the action takes the commit's tree.
        let context = input("context").unwrap_or(".");
        return Some((of(context, input("file"), input("target"), step.line), file.at(step.line)));
    }
    let run = step.get_exactly("run")?;
    let script = run.any_text()?.replace("\\\n", " ");
    workflow.registries.extend(patterns.login.captures_iter(&script).map(|c| c[1].to_owned()));
    let line = script.lines().find(|l| patterns.build.is_match(l))?;
    let group = |regex: &Regex| regex.captures(line).and_then(|c| c.get(1)).map(|m| m.as_str());
    Some((of(group(&patterns.last).unwrap_or("."), group(&patterns.file), None, run.line), file.at(run.line)))
}
