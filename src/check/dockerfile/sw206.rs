//! SW206: a secret is written to a file of the image, or printed to the build log.

use super::flow::{End, Flows, flows};
use super::variable::SecretVariables;
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::{Build, PathOutcome, Recipe, Run};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_source::Span;

/// SW206.
pub struct SecretWritten;

const META: CheckMeta = CheckMeta {
    id: "SW206",
    name: "secret-written",
    summary: "A RUN writes a build secret or a secret variable to a file of the image, or prints it to the build log.",
    why: "A secret mount keeps a secret out of the image only as long as the step does not copy it into one; logs of CI systems are kept and read by many.",
    fix: "Use the secret where it is mounted: mount it at the path where the program looks for it, or as a variable.",
    example: Example {
        fails: hidden!("RUN --mount=type=secret,id=npmrc cp /run/secrets/npmrc .npmrc && npm ci"),
        mended: r#"# on a mount of its own, which is not part of the image
RUN --mount=type=secret,id=k --mount=type=tmpfs,target=/tmp cp /run/secrets/k /tmp/k && ./use /tmp/k"#,
        silent: "A copy that the same RUN removes, by a trap too; a secret read into a variable or handed to standard input.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-538", "CWE-532"],
};

impl Check<Build<'_>> for SecretWritten {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        let variables = SecretVariables::new(context, recipe);
        for run in &recipe.runs {
            let Flows { found, complete } = flows(&variables, recipe, run);
            if !complete {
                answers.not_checked.push(NotChecked::new(
                    recipe.origin(instruction_span(recipe, run)),
                    "RUN",
                    "it has too many commands to follow every secret through it",
                    vec![META.id],
                ));
            }
            for flow in found {
                let (message, severity, fix, subject, carrier) = match &flow.end {
                    End::Printed(how) => (
                        format!("{} ends up in the build log: the command {how}", flow.label),
                        Severity::High,
                        format!(
                            "Do not print it: drop the command, send its output to /dev/null, or put `set +x` before it. To look whether it is there: {}.",
                            advice::run_line(context, None, &mount_of(run, &flow.label), None)
                                .replace('…', "sh -c 'test -n \"$(cat /run/secrets/…)\"'")
                        ),
                        "log".to_owned(),
                        None,
                    ),
                    End::Written(path) => written(recipe, run, &flow.label, path),
                };
                let said = FindingDraft {
                    instruction: run.instruction,
                    span: flow.span,
                    subject: &subject,
                    severity,
                    message,
                    fix,
                };
                let mut finding = findings.make(said, None);
                if let Some(copy) = carrier.and_then(|c: usize| recipe.dockerfile.instructions.get(c)) {
                    finding.add_place(recipe.origin(copy.span));
                }
                answers.findings.push(finding);
            }
        }
    }
}

/// Where the RUN stands.
fn instruction_span(recipe: &Recipe<'_>, run: &Run<'_>) -> Span {
    recipe.dockerfile.instructions.get(run.instruction).map(|i| i.span).unwrap_or_default()
}

fn written(
    recipe: &Recipe<'_>,
    run: &Run<'_>,
    label: &str,
    path: &str,
) -> (String, Severity, String, String, Option<usize>) {
    let shown = quoted(path);
    let outcome = recipe.outcome_of(run.instruction, path);
    let (severity, end, carrier) = match outcome {
        PathOutcome::Image(Some(copy)) => {
            let line = recipe.dockerfile.instructions.get(copy).map_or(0, |i| recipe.line(i.span));
            (
                Severity::High,
                format!("which the COPY --from on line {line} carries into the image"),
                Some(copy),
            )
        }
        PathOutcome::Image(None) => (Severity::High, "which stays in the image's layer".to_owned(), None),
        PathOutcome::Cache => {
            (Severity::Low, "which stays in a builder stage and its cache".to_owned(), None)
        }
        PathOutcome::Nowhere => (Severity::Low, "in a stage that the target does not need".to_owned(), None),
    };
    let message = format!("{label} is written to {shown}, {end}");
    let mount = target_mount(run, label, path);
    let fix = format!(
        "Mount it where the program reads it instead of copying it: `RUN {mount} …`; or delete {shown} in the same RUN."
    );
    (message, severity, fix, path.to_owned(), carrier)
}

/// The mount that puts the secret at a path.
fn target_mount(run: &Run<'_>, label: &str, path: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let path: String = path.chars().filter(|c| safe(*c)).collect();
    format!("--mount=type=secret,id={},target={path}", id_of(run, label))
}

fn mount_of(run: &Run<'_>, label: &str) -> String {
    format!("--mount=type=secret,id={}", id_of(run, label))
}

/// The identity of the secret: the mount's own, or one made from the variable's name.
fn id_of(run: &Run<'_>, label: &str) -> String {
    let inner = label.split('`').nth(1).unwrap_or_default();
    let own = run.mounts.iter().filter_map(|m| m.id()).any(|id| id.as_str() == inner);
    if own && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        inner.to_owned()
    } else {
        advice::identity(inner)
    }
}
