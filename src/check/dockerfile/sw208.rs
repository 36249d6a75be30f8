//! SW208: a heredoc of COPY or ADD writes a secret.

use super::literal::in_written_text;
use super::path::absolute;
use super::rendered::Rendered;
use super::variable::SecretVariables;
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::{Build, Recipe};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_dockerfile::{Heredoc, Instruction};

/// SW208.
pub struct SecretInHeredoc;

const META: CheckMeta = CheckMeta {
    id: "SW208",
    name: "secret-in-heredoc",
    summary: "A COPY or ADD heredoc writes a secret into the image: a literal, or a variable that is a secret.",
    why: "The lines become a file in the layer, for everybody who can pull the image.",
    fix: "Mount the file in the RUN that needs it with `RUN --mount=type=secret,id=…,target=…`, or write it when the container starts.",
    example: Example {
        fails: hidden!(
            r#"COPY <<EOF /root/.netrc
machine git.internal
login ci
password tR7uK2mQx9Wd
EOF"#
        ),
        mended: r#"# the delimiter is quoted: the program expands the variable when it starts
COPY <<'EOF' /app/config.yml
password: ${DB_PASSWORD}
token: $API_TOKEN
EOF"#,
        silent: "Heredocs with placeholders, and references that the build does not expand.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-798", "CWE-538"],
};

impl Check<Build<'_>> for SecretInHeredoc {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        let known = SecretVariables::new(context, recipe);
        for (number, instruction) in recipe.dockerfile.instructions.iter().enumerate() {
            let inner = instruction.innermost();
            let Some(files) = inner.files() else { continue };
            let target = absolute(recipe.directory(number), &files.destination);
            let safe: String = target
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
                .collect();
            let id = advice::identity(safe.rsplit('/').next().unwrap_or_default().trim_start_matches('.'));
            let fix = format!(
                "Keep the file out of the image and mount it where a step needs it: `RUN --mount=type=secret,id={id},target={safe} …`, built with `docker build --secret id={id},src=FILE .`; for the running container, inject the value when it starts."
            );
            for heredoc in &inner.heredocs {
                for literal in in_written_text(context, &Rendered::text(&heredoc.body), &target) {
                    let said = FindingDraft {
                        instruction: number,
                        span: literal.span,
                        subject: &target,
                        severity: literal.severity,
                        message: format!(
                            "{} in a heredoc that writes {}",
                            literal.secret.what,
                            quoted(&target)
                        ),
                        fix: fix.clone(),
                    };
                    answers.findings.push(findings.make(said, Some(literal.secret)));
                }
                for (name, span) in variables(&known, recipe, number, inner, heredoc, answers) {
                    let said = FindingDraft {
                        instruction: number,
                        span,
                        subject: &target,
                        severity: Severity::High,
                        message: format!(
                            "the heredoc writes the secret variable {} into {}",
                            quoted(&name),
                            quoted(&target)
                        ),
                        fix: fix.clone(),
                    };
                    answers.findings.push(findings.make(said, None));
                }
            }
        }
    }
}

/// The secret variables that a heredoc's lines take in.
fn variables(
    known: &SecretVariables<'_>,
    recipe: &Recipe<'_>,
    number: usize,
    instruction: &Instruction,
    heredoc: &Heredoc,
    answers: &mut Answers,
) -> Vec<(String, seaworthy_source::Span)> {
    if !heredoc.word.expand {
        return Vec::new();
    }
    let expanded = match recipe.resolution.expand_heredoc(number, &heredoc.body) {
        Ok(expanded) => expanded,
        Err(error) => {
            answers.not_checked.push(NotChecked::new(
                recipe.origin(instruction.span),
                "heredoc",
                format!("{error}; the build fails here"),
                vec![META.id],
            ));
            return Vec::new();
        }
    };
    let mut found: Vec<(String, seaworthy_source::Span)> = Vec::new();
    for via in expanded.parts().iter().filter_map(|p| p.via.as_ref()) {
        let secret = via.binding.is_some_and(|b| known.is_secret(b));
        if secret && !found.iter().any(|(n, _)| **n == *via.name) {
            found.push((via.name.to_string(), via.reference));
        }
    }
    found
}
