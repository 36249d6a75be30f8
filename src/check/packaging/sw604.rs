//! SW604: the build workflow leaves the pinned command sequence.

use std::collections::HashMap;

use super::act::{At, Stage};
use super::identity;
use super::matrix::TOO_MANY;
use super::outputs;
use super::reading::{self, JobWork, START, Work};
use super::sequence::{Fault, Sequence};
use super::sources;
use super::surface::{BuildSurface, Family};
use super::tagging;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, NotChecked, Reads, Severity, hidden};
use seaworthy_source::escape_bytes;

/// SW604.
pub struct LeavesSequence;

const META: CheckMeta = CheckMeta {
    id: "SW604",
    name: "build-leaves-sequence",
    summary: "The workflow or script that builds the image leaves the agreed sequence: log in, build the immutable tag, push it, resolve its digest, then move a convenience tag.",
    why: "Provenance is a statement about one way to build. An image that was built in another way, from another Dockerfile or into another repository, or whose digest was not resolved, is not the one that the provenance describes.",
    fix: "Keep to the agreed commands and their order.",
    example: Example {
        fails: hidden!(
            r#"# the digest is resolved after a tag that moves was pushed
- name: Push
  run: docker push "$ECR_REPO_URI:$IMAGE_TAG"
- name: Move the convenience tag
  run: |
    docker push "$ECR_REPO_URI:dev-latest"
- id: digest"#
        ),
        mended: r#"- name: Push
  run: docker push "$ECR_REPO_URI:$IMAGE_TAG"
- id: digest
  run: |
    digest=$(aws ecr describe-images --repository-name orders --image-ids imageTag="$IMAGE_TAG" --query "imageDetails[0].imageDigest" --output text)
- name: Move the convenience tag
  run: |
    docker push "$ECR_REPO_URI:dev-latest""#,
        silent: "The same sequence by actions, buildx bake, kaniko, crane or skopeo, by a reusable workflow of the repository, or by a script. What is decided while the workflow runs is not checked.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Workflows],
    tags: &["CWE-1357"],
};

impl Check<BuildSurface> for LeavesSequence {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, surface: &BuildSurface, context: &Context<'_>, answers: &mut Answers) {
        let mut reporter = Reporter { surface, context, answers, count: HashMap::new() };
        match surface.family {
            Family::LocalCli if surface.files.is_empty() => {}
            Family::LocalCli => {
                let work = reading::scripts(surface, context.secrets);
                let start = At { file: 0, position: START };
                reporter.report("", sequence(surface, &work, start));
            }
            Family::GithubActions => workflows(surface, context, &mut reporter),
        }
    }
}

fn sequence(surface: &BuildSurface, work: &Work, start: At) -> Vec<Fault> {
    let family = surface.family;
    Sequence { acts: &work.acts, opaque: &work.opaque, start, family, expected: &surface.expected }.judge()
}

/// Makes findings and items that were not checked.
struct Reporter<'a, 'c> {
    surface: &'a BuildSurface,
    context: &'a Context<'c>,
    answers: &'a mut Answers,
    count: HashMap<String, usize>,
}

impl Reporter<'_, '_> {
    fn report(&mut self, job: &str, faults: Vec<Fault>) {
        for fault in faults {
            let (Fault::Deviates { at, .. } | Fault::Advises { at, .. } | Fault::Unclear { at, .. }) = &fault;
            let Some(file) = self.surface.files.get(at.file) else { continue };
            let origin = file.origin(at.position);
            let severity = if matches!(fault, Fault::Advises { .. }) { Severity::Low } else { META.severity };
            match fault {
                Fault::Deviates { message, fix, .. } | Fault::Advises { message, fix, .. } => {
                    let nth = self.count.entry(format!("{}\n{job}\n{message}", file.name)).or_default();
                    *nth += 1;
                    let place = [file.name.as_str(), job, &message, &nth.to_string()];
                    self.answers.findings.push(
                        Finding::build(&META, origin, escape_bytes(message.as_bytes()))
                            .fix(fix)
                            .severity(severity)
                            .named(self.context.key, &place),
                    );
                }
                Fault::Unclear { what, reason, .. } => self.answers.not_checked.push(NotChecked::new(
                    origin,
                    what.to_owned(),
                    escape_bytes(reason.as_bytes()),
                    vec![META.id],
                )),
            }
        }
    }
}

fn makes_images(job: &JobWork<'_>) -> bool {
    job.acts().any(|a| matches!(a.stage, Stage::Build | Stage::Push | Stage::Deviation(_)))
}

fn publishes(job: &JobWork<'_>) -> bool {
    job.acts().any(|a| a.never.is_none() && matches!(a.stage, Stage::Push | Stage::Deviation(_)))
}

fn workflows(surface: &BuildSurface, context: &Context<'_>, reporter: &mut Reporter<'_, '_>) {
    // A file that could not be read is not checked already.
    if surface.files.is_empty() {
        return;
    }
    let all = reading::jobs(surface, context.secrets);
    let mut candidates: Vec<&JobWork<'_>> = match &surface.job {
        Some(name) => all.iter().filter(|j| j.names.contains(&name.as_str())).collect(),
        None => all.iter().filter(|j| j.never.is_none() && makes_images(j)).collect(),
    };
    // Of a called workflow with several jobs, the one that makes images.
    if candidates.len() > 1 && surface.job.is_some() && candidates.iter().any(|j| makes_images(j)) {
        candidates.retain(|j| makes_images(j));
    }
    // Where nothing else builds the image, a job that never runs is the one that should.
    if candidates.is_empty() && surface.job.is_none() {
        candidates = all.iter().filter(|j| makes_images(j)).collect();
        candidates.truncate(1);
    }
    match candidates.as_slice() {
        [] => none(surface, &all, reporter),
        [one] => {
            let faults = job(surface, one);
            reporter.report(&one.job.id, faults);
        }
        [one, ..] => {
            let reason = "several jobs build or publish images: name the right one with `job` in the contract's [workflow]";
            reporter.report(&one.job.id, vec![Fault::unclear(one.at, "job", reason)]);
        }
    }
    // One way to publish, and no second one beside it.
    if let [one] = candidates.as_slice() {
        let other = |j: &&JobWork<'_>| !std::ptr::eq(*j, *one) && j.never.is_none() && publishes(j);
        for stray in all.iter().filter(other) {
            let fault = Fault::deviates(
                stray.at,
                format!("the job {} publishes an image, too", stray.job.id),
                "Publish from one job, or keep the other workflow out of the contract's [workflow] if its image is another one.",
            );
            reporter.report(&stray.job.id, vec![fault]);
        }
    }
}

/// No job builds the image.
fn none(surface: &BuildSurface, all: &[JobWork<'_>], reporter: &mut Reporter<'_, '_>) {
    let is_open = |j: &&JobWork<'_>| {
        j.never.is_none() && (j.job.uses.is_some() || j.rounds.iter().any(|r| !r.opaque.is_empty()))
    };
    if let Some(job) = all.iter().find(is_open).filter(|_| surface.job.is_none()) {
        let reason = "no job is seen to build the image; this one calls what cannot be seen into";
        return reporter.report(&job.job.id, vec![Fault::unclear(job.at, "job", reason)]);
    }
    let message = match &surface.job {
        Some(name) => format!("there is no job {name}"),
        None => "no job builds the image".to_owned(),
    };
    let start = At { file: 0, position: START };
    reporter.report("", vec![Fault::deviates(start, message, META.fix)]);
}

/// What is wrong with the one job.
fn job(surface: &BuildSurface, work: &JobWork<'_>) -> Vec<Fault> {
    let at = work.at;
    if let Some((place, why)) = &work.never {
        return vec![Fault::deviates(
            *place,
            why.clone(),
            "Remove the `if`, or write a condition that can hold.",
        )];
    }
    if work.job.uses.is_some() {
        let reason = "it calls a workflow that is not in this repository, or could not be read";
        return vec![Fault::unclear(at, "job", reason)];
    }
    let builds = work.acts().filter(|act| act.stage == Stage::Build && act.at.file == at.file);
    let until = builds.map(|act| act.at.position).max();
    let references: Vec<&String> = work.acts().flat_map(|a| &a.references).collect();
    let named = references.iter().find_map(|r| tagging::other_commit(r));
    let mut faults: Vec<Fault> = sources::checkouts(work.job, at.file, until, named);
    for round in &work.rounds {
        let found = sequence(surface, round, at).into_iter().chain(outputs::output_faults(
            &surface.expected,
            round,
            at,
        ));
        for fault in found {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    if !work.is_whole {
        faults.push(Fault::unclear(at, "matrix", TOO_MANY));
    }
    let rounds = work.rounds.iter().map(|round| round.acts.as_slice());
    faults.extend(identity::pushed_by_several(rounds, &surface.expected.tag_pattern));
    if work.job.continues_on_error {
        let message = format!("a failure of the job {} is let pass", work.job.id);
        faults.push(Fault::deviates(at, message, "Remove its `continue-on-error`."));
    }
    faults
}
