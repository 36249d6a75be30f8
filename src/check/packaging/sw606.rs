//! SW606: the workflow hands a secret to the build as a build argument or in a file, or prints one.

use super::act::At;
use super::context_files;
use super::matrix::TOO_MANY;
use super::reading::{self, JobWork, Work};
use super::secret::How;
use super::surface::{BuildSurface, Family};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, NotChecked, Reads, Severity, hidden};
use seaworthy_source::escape_bytes;

/// SW606.
pub struct SecretLeavesBuild;

const META: CheckMeta = CheckMeta {
    id: "SW606",
    name: "secret-leaves-build",
    summary: "The workflow or script that builds the image hands a secret to the build as a build argument or in a file of the context, or prints one.",
    why: "A build argument stands in the image's history and in its provenance, where anyone who can pull the image reads it; a file of the context is copied into a layer. What is printed stays in the log of the run.",
    fix: "Hand the secret to the build as a secret mount, `docker build --secret id=NAME,env=NAME …`, and mount it where the Dockerfile needs it: `RUN --mount=type=secret,id=NAME,env=NAME …`. Print no secret. If the workflow ever ran, rotate the secret: it stands in the image's history or in the log.",
    example: Example {
        fails: hidden!(
            r#"- uses: docker/build-push-action@v6
  with:
    context: .
    build-args: |
      VERSION=1
      TOKEN=${{ secrets.MAIL_TOKEN }}"#
        ),
        mended: r#"env:
  MAIL_TOKEN: ${{ secrets.MAIL_TOKEN }}
run: |
  docker build --secret id=mail,env=MAIL_TOKEN --build-arg VERSION="$IMAGE_TAG" \
    --file Dockerfile \
    --tag "$ECR_REPO_URI:$IMAGE_TAG" ."#,
        silent: "Secrets that are masked, piped to standard input, or handed over as a secret mount.",
    },
    severity: Severity::High,
    reads: &[Reads::Workflows],
    tags: &["CWE-532", "CWE-522"],
};

impl Check<BuildSurface> for SecretLeavesBuild {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, surface: &BuildSurface, context: &Context<'_>, answers: &mut Answers) {
        let works: Vec<Work> = match surface.family {
            Family::LocalCli => vec![reading::scripts(surface, context.secrets)],
            Family::GithubActions => {
                let jobs = reading::jobs(surface, context.secrets);
                let live = jobs.into_iter().filter(|j| j.never.is_none());
                live.inspect(|j| whole_matrix(surface, j, answers)).flat_map(|j| j.rounds).collect()
            }
        };
        let (mut exposures, mut unread) = (Vec::new(), Vec::new());
        for work in works {
            exposures.extend(context_files::exposures(&work.acts, &surface.expected));
            exposures.extend(work.exposures);
            unread.extend(work.unread);
        }
        not_checked(surface, unread, answers);
        exposures.sort_by_key(|e| (e.at.file, e.at.position, e.how != How::BuildArgument, e.what.clone()));
        exposures.dedup();
        for (nth, exposure) in exposures.into_iter().enumerate() {
            let Some(file) = surface.files.get(exposure.at.file) else { continue };
            let what = escape_bytes(exposure.what.as_bytes());
            let origin = file.origin(exposure.at.position);
            let message = match exposure.how {
                How::NamedArgument => {
                    let reason = format!(
                        "the build argument {what} has the name of a secret, and what its value is made of is not in the file"
                    );
                    answers.not_checked.push(NotChecked::new(
                        origin,
                        "step".to_owned(),
                        reason,
                        vec![META.id],
                    ));
                    continue;
                }
                How::BuildArgument => format!("{what} is handed to the build as a build argument"),
                How::InConfiguration => {
                    format!("{what} stands in a label, an annotation or the name of the image")
                }
                How::Printed => format!("{what} is written to the log"),
                How::Traced => format!("{what} is written to the log by `set -x`"),
                How::Summary => format!("{what} is written to the summary of the run"),
                How::Output => format!("{what} is written to the outputs of the step"),
                How::Artifact => {
                    format!("{what} is written into a file that is kept as an artifact of the run")
                }
                How::InContext => format!("{what} is written into a file that the builder is sent"),
                How::PerhapsInContext => {
                    let reason = format!(
                        "{what} is written into a file of the checkout before the build, and whether the builder is sent the file is not known"
                    );
                    let what = "step".to_owned();
                    answers.not_checked.push(NotChecked::new(origin, what, reason, vec![META.id]));
                    continue;
                }
            };
            let place = [file.name.as_str(), &message, &nth.to_string()];
            answers.findings.push(Finding::build(&META, origin, message.clone()).named(context.key, &place));
        }
    }
}

/// Says that not all combinations of a job's matrix were looked at, if so.
fn whole_matrix(surface: &BuildSurface, job: &JobWork<'_>, answers: &mut Answers) {
    let Some(file) = surface.files.get(job.at.file).filter(|_| !job.is_whole) else { return };
    let (what, reason) = ("matrix".to_owned(), TOO_MANY.to_owned());
    answers.not_checked.push(NotChecked::new(file.origin(job.at.position), what, reason, vec![META.id]));
}

/// Tells what cannot be seen into.
fn not_checked(surface: &BuildSurface, mut unread: Vec<(String, At)>, answers: &mut Answers) {
    unread.sort_by(|(a, at), (b, other)| (at.file, at.position, a).cmp(&(other.file, other.position, b)));
    unread.dedup();
    for (what, at) in unread {
        let Some(file) = surface.files.get(at.file) else { continue };
        let what = escape_bytes(what.as_bytes());
        let reason = match surface.family {
            Family::LocalCli => format!(
                "`{what}` may print a secret or hand it to the build, and is not among the files of the contract's [workflow]"
            ),
            Family::GithubActions => format!(
                "`{what}` has a secret at hand, and whether it prints the secret or hands it to the build cannot be read"
            ),
        };
        let origin = file.origin(at.position);
        answers.not_checked.push(NotChecked::new(origin, "step".to_owned(), reason, vec![META.id]));
    }
}
