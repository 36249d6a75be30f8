//! SW605: the workflow carries static cloud credentials.

use super::surface::{BuildFile, BuildSurface, Content, place_in};
use crate::check::{Answers, Check, Context, examine_text};
use crate::finding::{CheckMeta, Example, Finding, Fingerprint, Reads, Severity, hidden};
use seaworthy_source::{LineIndex, Position, escape_bytes};
use seaworthy_workflow::{Condition, Pair, Scalar, Step, Style};

/// SW605.
pub struct StaticCredentials;

const META: CheckMeta = CheckMeta {
    id: "SW605",
    name: "static-cloud-credentials",
    summary: "The workflow or script that builds the image uses AWS keys that do not expire, or holds a secret.",
    why: "A key that does not expire works for everybody who ever reads it: in the settings of the repository, in a log, in a fork. An identity that the CI proves for itself lives for an hour and for one repository.",
    fix: "Give the job `permissions: id-token: write`, and `aws-actions/configure-aws-credentials` a `role-to-assume`; then delete the access key.",
    example: Example {
        fails: hidden!(
            r#"env:
  AWS_ACCESS_KEY_ID: ${{ secrets.AWS_KEY }}"#
        ),
        mended: r#"permissions: { id-token: write, contents: read }
- uses: aws-actions/configure-aws-credentials@v4
  with:
    role-to-assume: arn:aws:iam::111122223333:role/publish
    aws-region: ${{ env.AWS_REGION }}"#,
        silent: "Credentials that an assumed role gives for the job.",
    },
    severity: Severity::High,
    reads: &[Reads::Workflows],
    tags: &["CWE-798", "CWE-522"],
};

impl Check<BuildSurface> for StaticCredentials {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, surface: &BuildSurface, context: &Context<'_>, answers: &mut Answers) {
        for file in &surface.files {
            literals(file, context, answers);
            let mut keys = Vec::new();
            match &file.content {
                Content::Workflow(workflow) => {
                    keys.extend(workflow.env.iter().filter_map(key));
                    for job in workflow.jobs.iter().filter(|j| j.condition != Condition::Never) {
                        keys.extend(job.env.iter().chain(&job.with).filter_map(key));
                        for step in job.steps.iter().filter(|s| s.condition != Condition::Never) {
                            of_step(step, &mut keys);
                        }
                    }
                }
                Content::Action(action) => {
                    for step in action.steps.iter().filter(|s| s.condition != Condition::Never) {
                        of_step(step, &mut keys);
                    }
                }
                Content::Script => {
                    let start = Position { line: 1, column: 1 };
                    let all = Scalar { text: file.text.clone(), position: start, style: Style::Literal };
                    of_script(&all, &mut keys);
                }
            }
            for (name, at) in keys {
                let place = [file.name.as_str(), &name];
                answers.findings.push(
                    Finding::build(
                        &META,
                        file.origin(at),
                        format!("{name} is given an AWS key that does not expire"),
                    )
                    .named(context.key, &place),
                );
            }
        }
    }
}

type Key = (String, Position);

/// Names that carry an access key, in any case and with hyphens for underscores.
fn is_key_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let name = name.strip_prefix("tf_var_").unwrap_or(&name);
    matches!(name, "aws_access_key_id" | "aws_secret_access_key" | "aws_access_key" | "aws_secret_key")
}

fn key(pair: &Pair) -> Option<Key> {
    (is_key_name(&pair.name) && is_static(&pair.value.text))
        .then(|| (escape_bytes(pair.name.as_bytes()), pair.position))
}

/// Whether a value is a stored key. What an earlier step or job puts out may be an assumed role's, and what an input holds is
/// said where it is given.
fn is_static(value: &str) -> bool {
    let value = value.trim();
    let inner = value.strip_prefix("${{").map(str::trim_start).unwrap_or(value);
    !value.is_empty() && !["steps.", "needs.", "inputs."].iter().any(|from| inner.starts_with(from))
}

fn of_step(step: &Step, keys: &mut Vec<Key>) {
    keys.extend(step.env.iter().chain(&step.with).filter_map(key));
    if let Some(run) = &step.run {
        of_script(run, keys);
    }
}

/// `export AWS_ACCESS_KEY_ID=…`, `aws configure set aws_access_key_id …`. What comes from a command, such as
/// `aws sts assume-role`, is not stored.
fn of_script(script: &Scalar, keys: &mut Vec<Key>) {
    let mut offset = 0;
    for line in script.text.split_inclusive('\n') {
        let bare = line.trim_start();
        if !bare.starts_with('#') {
            for name in
                ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "aws_access_key_id", "aws_secret_access_key"]
            {
                let Some(at) = line.find(name) else { continue };
                let rest = line.get(at + name.len()..).unwrap_or_default();
                let configured = line.contains("aws configure set") && rest.starts_with(' ');
                let Some(value) = rest.strip_prefix('=').or(configured.then_some(rest)) else { continue };
                let value = value.trim().trim_matches(['"', '\'']);
                let stored = !value.is_empty() && !value.starts_with("$(") && !value.starts_with('`');
                let handed_on = value.starts_with('$') && !value.starts_with("${{");
                if stored && !handed_on && is_static(value) {
                    keys.push((name.to_owned(), place_in(script, offset + at)));
                }
            }
        }
        offset += line.len();
    }
}

/// Secrets that stand in the file itself.
fn literals(file: &BuildFile, context: &Context<'_>, answers: &mut Answers) {
    let lines = LineIndex::new(file.text.as_bytes());
    for secret in examine_text(context, &file.text) {
        if secret.by_name {
            continue;
        }
        let place = [file.name.as_str(), "literal", secret.name.as_deref().unwrap_or_default()];
        answers.findings.push(Finding {
            check: META.id,
            severity: secret.severity,
            confidence: secret.confidence,
            message: format!("{} stands in the file that builds the image", secret.what),
            fix: format!("Take it out of the file. {}", secret.rotate).into(),
            origin: file.origin(lines.position(secret.span.start)),
            fingerprint: Fingerprint::new(context.key, META.id, &secret.detector, &place, Some(&secret.mark)),
            detector: Some(secret.detector),
            secret: Some(secret.mark.redacted),
            places: Vec::new(),
            notes: secret.notes,
        });
    }
}
