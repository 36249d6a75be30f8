//! SW203: secret in a RUN.

use super::literal::literals;
use super::{FindingDraft, Findings, advice};
use crate::check::dockerfile::build::Build;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};

/// SW203.
pub struct SecretInRun;

const META: CheckMeta = CheckMeta {
    id: "SW203",
    name: "secret-in-run",
    summary: "A RUN holds a secret: in a header, a URL, an option, an assignment or a heredoc's lines.",
    why: "The command is in the image's history and in the build log, and what it writes is in the layer; deleting it in a later RUN changes neither.",
    fix: "Give the secret to the step with `RUN --mount=type=secret,id=…,env=…` and name the variable in its place.",
    example: Example {
        fails: hidden!(
            r#"RUN curl -H "Authorization: Bearer Zk4-vPq8sLw2nBkd83jd" https://api.internal/x -o /x"#
        ),
        mended: r#"RUN --mount=type=secret,id=t,env=TOKEN curl -fsSL -H "Authorization: Bearer $TOKEN" https://files.internal/a.tgz | tar xz"#,
        silent: "Values that come from a secret mount or a variable; checksums; dummies that a build step needs and that its name says are dummies.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-798", "CWE-540"],
};

impl Check<Build<'_>> for SecretInRun {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        for run in &recipe.runs {
            for literal in literals(context, &run.script, run.text.as_ref()) {
                let name = &literal.variable;
                let reference =
                    if literal.single_quoted { format!("'\"${name}\"'") } else { format!("${name}") };
                let instead = Some((literal.span, reference));
                let line = advice::run_line(context, Some(run), &advice::env_mount(name), instead);
                let said = FindingDraft {
                    instruction: run.instruction,
                    span: literal.span,
                    subject: name,
                    severity: literal.severity,
                    message: format!("{} {} of a RUN", literal.secret.what, literal.how),
                    fix: format!(
                        "Give it to the step as a build secret and write ${name} in its place: {line}, built with {}.",
                        advice::build_option(name)
                    ),
                };
                answers.findings.push(findings.make(said, Some(literal.secret)));
            }
        }
    }
}
