//! SW201: secret in an ARG's default.

use super::literal::{assigned, severity, variable};
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::{Build, Recipe};
use crate::check::{Answers, Check, Context, NAMED, TextSecret};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_dockerfile::{Kind, PartKind, Value};
use seaworthy_source::Span;

/// SW201.
pub struct SecretInArg;

const META: CheckMeta = CheckMeta {
    id: "SW201",
    name: "secret-in-arg",
    summary: "An ARG's default is a secret, or a literal that is no placeholder under a secret's name.",
    why: "Everybody who has the Dockerfile has the default, and every RUN after it writes it into the image's history; provenance attestations repeat it.",
    fix: "Take the default out and give the secret to the step that needs it with `RUN --mount=type=secret,id=…,env=…`.",
    example: Example {
        fails: hidden!(
            r#"ARG DB_PASSWORD=tR7uK2mQx9Wd
RUN ./migrate"#
        ),
        mended: "RUN --mount=type=secret,id=db_password,env=DB_PASSWORD ./migrate",
        silent: "Arguments that are about a secret and hold none: a path, a digest, a switch, a number.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-798", "CWE-540"],
};

impl Check<Build<'_>> for SecretInArg {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        for (number, instruction) in recipe.dockerfile.instructions.iter().enumerate() {
            let Kind::Arg(declarations) = &instruction.innermost().kind else { continue };
            for declaration in declarations {
                let Some(default) = &declaration.default else { continue };
                let name = declaration.name.as_str();
                let is_used = recipe.is_used_as_secret(context, number, name);
                let judged = if is_used { "password" } else { name };
                for (secret, span) in in_value(context, recipe, number, judged, default, META.id, answers) {
                    let place = "the default of the build argument";
                    let message = if is_used && secret.detector == NAMED {
                        format!("{place} {} is a literal, and a RUN uses it as a secret", quoted(name))
                    } else {
                        message(&secret, name, place)
                    };
                    let said = FindingDraft {
                        instruction: number,
                        span,
                        subject: name,
                        severity: severity(&secret, judged, false),
                        message,
                        fix: format!(
                            "Remove the default of {} and {}.",
                            quoted(name),
                            advice::for_variable(context, recipe, number, &name_for(name, &secret))
                        ),
                    };
                    answers.findings.push(findings.make(said, Some(secret)));
                }
            }
        }
    }
}

/// What is said of a secret in a variable's value.
pub(super) fn message(secret: &TextSecret, name: &str, place: &str) -> String {
    if secret.detector == NAMED {
        format!("{place} {} is a literal, and its name says that it is a secret", quoted(name))
    } else {
        format!("{} in {place} {}", secret.what, quoted(name))
    }
}

/// The variable that the secret should arrive in.
pub(super) fn name_for(name: &str, secret: &TextSecret) -> String {
    if name.is_empty() { variable("", &secret.detector) } else { variable(name, "") }
}

/// Whether a variable that brings in these parts is a secret by its own name or value.
fn is_told<'p>(
    context: &Context<'_>,
    recipe: &Recipe<'_>,
    parts: impl Iterator<Item = &'p seaworthy_dockerfile::Part>,
) -> bool {
    let bindings = recipe.resolution.bindings();
    let mut setters = parts.filter_map(|part| bindings.get(part.via.as_ref()?.binding?));
    setters.any(|binding| {
        let value = binding.value.as_ref().map_or("", |value| value.as_str());
        !assigned(context, binding.name.as_str(), value).is_empty()
    })
}

/// The secrets in the value that an `ARG` or an `ENV` gives a variable, each with its place. What a variable brings
/// in is left to where that is set.
pub(super) fn in_value(
    context: &Context<'_>,
    recipe: &Recipe<'_>,
    instruction: usize,
    name: &str,
    value: &Value,
    check: &'static str,
    answers: &mut Answers,
) -> Vec<(TextSecret, Span)> {
    // As it is written: `${X:-literal}` counts by its literal.
    let mut found: Vec<(TextSecret, Span)> = assigned(context, name, &value.unquoted)
        .into_iter()
        .map(|s| {
            let span = value.unquoted.locate(s.span.clone());
            (s, span)
        })
        .collect();
    match recipe.resolution.expand(instruction, &value.raw) {
        Ok(expanded) if value.raw.contains('$') => {
            for secret in assigned(context, name, expanded.as_str()) {
                let own = |p: &&seaworthy_dockerfile::Part| p.kind == PartKind::Literal && p.via.is_none();
                let mut parts = expanded.parts_of(secret.span.clone());
                // A secret that variables bring in is told where they are set, if it can be known for one there.
                let span = match parts.find(own).map(|p| p.span) {
                    Some(span) => span,
                    None if is_told(context, recipe, expanded.parts_of(secret.span.clone())) => continue,
                    None => value.span(),
                };
                let known = |(_, s): &(TextSecret, Span)| s.start < span.end && span.start < s.end;
                if !found.iter().any(known) {
                    found.push((secret, span));
                }
            }
        }
        Ok(_) => {}
        Err(error) => answers.not_checked.push(NotChecked::new(
            recipe.origin(value.span()),
            format!("value of {}", quoted(name)),
            format!("{error}; the build fails here"),
            vec![check],
        )),
    }
    found
}
