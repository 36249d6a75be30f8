//! SW604: the build workflow leaves the pinned command sequence.

use super::failure::Options;
use super::sequence::{self, Act, Fault, Stage};
use super::surface::{BuildFile, BuildSurface, Content, Family, place_in};
use super::tagging::Variables;
use super::{action, command};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Finding, NotChecked, Reads, Severity};
use seaworthy_source::{Position, escape_bytes};
use seaworthy_workflow::{Condition, Job, Scalar, Style, Workflow};

/// SW604.
pub struct LeavesSequence;

const META: CheckMeta = CheckMeta {
    id: "SW604",
    name: "build-leaves-sequence",
    summary: "The workflow or script that builds the image leaves the agreed sequence: log in, build the immutable tag, push it, resolve its digest, then move a convenience tag.",
    why: "Provenance is a statement about one way to build. An image that came about in another way, or whose digest nobody resolved, is not the one that the papers speak of.",
    fix: "Keep to the agreed commands and their order.",
    clause: "E",
    severity: Severity::Medium,
    reads: &[Reads::Workflows],
    tags: &["CWE-1357"],
};

impl Check<BuildSurface> for LeavesSequence {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, surface: &BuildSurface, context: &Context<'_>, answers: &mut Answers) {
        let mut teller = Teller { context, answers, count: std::collections::HashMap::new() };
        match surface.family {
            Family::LocalCli => scripts(surface, &mut teller),
            Family::GithubActions => workflows(surface, &mut teller),
        }
    }
}

/// Makes findings and items that were not checked.
struct Teller<'a, 'c> {
    context: &'a Context<'c>,
    answers: &'a mut Answers,
    count: std::collections::HashMap<String, usize>,
}

impl Teller<'_, '_> {
    fn tell(&mut self, file: &BuildFile, job: &str, fault: Fault) {
        match fault {
            Fault::Deviates { at, message, fix } => {
                let nth = self.count.entry(format!("{}\n{job}\n{message}", file.name)).or_default();
                *nth += 1;
                let place = [file.name.as_str(), job, &message, &nth.to_string()];
                self.answers.findings.push(
                    Finding::build(&META, file.origin(at), escape_bytes(message.as_bytes()))
                        .fix(fix.to_owned())
                        .named(self.context.key, &place),
                );
            }
            Fault::Unclear { at, what, reason } => self.answers.not_checked.push(NotChecked::new(
                file.origin(at),
                what.to_owned(),
                escape_bytes(reason.as_bytes()),
                vec![META.id],
            )),
        }
    }
}

/// Where a file begins.
const START: Position = Position { line: 1, column: 1 };

fn scripts(surface: &BuildSurface, teller: &mut Teller<'_, '_>) {
    for file in &surface.files {
        let all = Scalar { text: file.text.clone(), position: START, style: Style::Literal };
        let options = Options::of_script(&file.text);
        let done =
            command::read(&file.text, None, options, &mut Variables::default(), |at| place_in(&all, at));
        for fault in sequence::judge(&done.acts, &done.opaque, START) {
            teller.tell(file, "", fault);
        }
    }
}

/// A job with what it does.
struct Done<'s> {
    file: &'s BuildFile,
    job: &'s Job,
    acts: Vec<Act>,
    opaque: Vec<(String, Position)>,
    /// Names of what its steps put out, in lower case.
    outputs: Vec<String>,
}

impl Done<'_> {
    fn makes_images(&self) -> bool {
        self.acts.iter().any(|a| !matches!(a.stage, Stage::Login | Stage::Digest))
    }

    fn publishes(&self) -> bool {
        self.acts.iter().any(|a| matches!(a.stage, Stage::Push | Stage::Deviation(_)))
    }
}

fn workflows(surface: &BuildSurface, teller: &mut Teller<'_, '_>) {
    let mut all = Vec::new();
    for file in &surface.files {
        let Content::Workflow(workflow) = &file.content else { continue };
        all.extend(workflow.jobs.iter().map(|job| look(file, workflow, job)));
    }
    let Some(first) = surface.files.first() else { return };
    let named = |d: &&Done<'_>| surface.job.as_ref().is_none_or(|name| *name == d.job.id);
    let enabled = |d: &&Done<'_>| d.job.condition != Condition::Never;
    let candidates: Vec<&Done<'_>> = match &surface.job {
        Some(_) => all.iter().filter(named).collect(),
        None => all.iter().filter(enabled).filter(|d| d.makes_images()).collect(),
    };
    match candidates.as_slice() {
        [] => none(surface, &all, first, teller),
        [one] => {
            for fault in job(one) {
                teller.tell(one.file, &one.job.id, fault);
            }
        }
        [one, ..] => {
            let reason = "several jobs build or publish images: name the right one with `job` in the contract's [workflow]";
            let fault = Fault::Unclear { at: one.job.position, what: "job", reason: reason.to_owned() };
            teller.tell(one.file, &one.job.id, fault);
        }
    }
    // One way to publish, and no second one beside it.
    if let [one] = candidates.as_slice() {
        let other =
            |d: &&Done<'_>| !std::ptr::eq(*d, *one) && d.job.condition != Condition::Never && d.publishes();
        for stray in all.iter().filter(other) {
            let fault = Fault::Deviates {
                at: stray.job.position,
                message: format!("the job {} publishes an image, too", stray.job.id),
                fix: "Publish from one job, or keep the other workflow out of the contract's [workflow] if its image is another one.",
            };
            teller.tell(stray.file, &stray.job.id, fault);
        }
    }
}

/// No job builds the image.
fn none(surface: &BuildSurface, all: &[Done<'_>], first: &BuildFile, teller: &mut Teller<'_, '_>) {
    let called = all
        .iter()
        .find(|d| d.job.condition != Condition::Never && (d.job.uses.is_some() || !d.opaque.is_empty()));
    if let Some(done) = called.filter(|_| surface.job.is_none()) {
        let reason = "no job is seen to build the image; this one calls what cannot be seen into".to_owned();
        let fault = Fault::Unclear { at: done.job.position, what: "job", reason };
        return teller.tell(done.file, &done.job.id, fault);
    }
    let message = match &surface.job {
        Some(name) => format!("there is no job {name}"),
        None => "no job builds the image".to_owned(),
    };
    teller.tell(first, "", Fault::Deviates { at: START, message, fix: META.fix });
}

/// What is wrong with the one job.
fn job(done: &Done<'_>) -> Vec<Fault> {
    let at = done.job.position;
    if done.job.condition == Condition::Never {
        let message = format!("the job {} never runs", done.job.id);
        return vec![Fault::Deviates { at, message, fix: "Remove its `if: false`." }];
    }
    if done.job.uses.is_some() {
        let reason = "it calls another workflow, which is not in the contract's [workflow]".to_owned();
        return vec![Fault::Unclear { at, what: "job", reason }];
    }
    let mut faults = sequence::judge(&done.acts, &done.opaque, at);
    if done.job.continues_on_error {
        let message = format!("a failure of the job {} is let pass", done.job.id);
        faults.push(Fault::Deviates { at, message, fix: "Remove its `continue-on-error`." });
    }
    for (what, words) in [("the resolved digest", &["digest"][..]), ("the immutable tag", &["tag", "image"])]
    {
        if !done.outputs.iter().any(|o| words.iter().any(|w| o.contains(w))) {
            faults.push(Fault::Deviates {
                at,
                message: format!("{what} is not put out in a form that a machine reads"),
                fix: "Write `tag=…` and `digest=…` to `$GITHUB_OUTPUT`, and name both in the job's `outputs`.",
            });
        }
    }
    faults
}

/// Reads what a job does.
fn look<'s>(file: &'s BuildFile, workflow: &Workflow, job: &'s Job) -> Done<'s> {
    let mut variables = Variables::default();
    for pair in workflow.env.iter().chain(&job.env) {
        variables.set(&pair.name, &pair.value.text);
    }
    let mut done = Done { file, job, acts: Vec::new(), opaque: Vec::new(), outputs: Vec::new() };
    for step in job.steps.iter().filter(|s| s.condition != Condition::Never) {
        for pair in &step.env {
            variables.set(&pair.name, &pair.value.text);
        }
        let mut acts = Vec::new();
        if step.uses.is_some() {
            let by_action = action::read(step, &mut variables);
            acts = by_action.acts;
            done.opaque.extend(by_action.opaque.map(|what| (what, step.position)));
        }
        let shell =
            step.shell.as_ref().or(job.shell.as_ref()).or(workflow.shell.as_ref()).map(String::as_str);
        let program = shell.unwrap_or("bash").split_whitespace().next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        match &step.run {
            Some(run) if ["bash", "sh", "zsh", "dash"].contains(&program) => {
                let (id, options) = (step.id.as_deref(), Options::of_step(shell));
                let by_script = command::read(&run.text, id, options, &mut variables, |at| place_in(run, at));
                acts.extend(by_script.acts);
                done.opaque.extend(by_script.opaque);
                done.outputs.extend(by_script.outputs.iter().map(|o| o.to_ascii_lowercase()));
                done.outputs.extend(written(&run.text));
            }
            Some(run) => done.opaque.push((format!("shell: {program}"), run.position)),
            None => {}
        }
        for mut act in acts {
            act.conditional |= step.condition == Condition::Sometimes;
            act.tolerated |= step.continues_on_error;
            done.acts.push(act);
        }
    }
    for output in &job.outputs {
        done.outputs.push(output.name.to_ascii_lowercase());
        done.outputs.push(variables.expand(&output.value.text).to_ascii_lowercase());
    }
    done
}

/// A JSON file that a script writes is as good as an output: the words in its text.
fn written(script: &str) -> Vec<String> {
    let writes = script.lines().any(|l| l.contains('>') && l.contains(".json"));
    if !writes {
        return Vec::new();
    }
    ["digest", "tag"]
        .iter()
        .filter(|w| script.to_ascii_lowercase().contains(**w))
        .map(|w| (*w).to_owned())
        .collect()
}
