//! SW205: an ARG that is a secret reaches a RUN.

use super::variable::SecretVariables;
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::{Build, Recipe, StageRole};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Reads, Severity, hidden};
use seaworthy_detect::validate::{NameKind, name_kind};
use seaworthy_dockerfile::{Binding, Instruction, Kind, Source, Text};
use seaworthy_source::Span;

/// SW205.
pub struct SecretArgReachesRun;

const META: CheckMeta = CheckMeta {
    id: "SW205",
    name: "secret-arg-reaches-run",
    summary: "A build argument that is a secret is in scope of a RUN, or is copied into the image's configuration.",
    why: "The value that `--build-arg` gives is written into the history entry of every RUN after the ARG, used there or not, and into provenance attestations at `mode=max`.",
    fix: "Replace the ARG by a build secret: `RUN --mount=type=secret,id=…,env=…`.",
    example: Example {
        fails: hidden!(
            r#"ARG NPM_TOKEN
RUN npm ci"#
        ),
        mended: "RUN --mount=type=secret,id=npm,env=NPM_TOKEN npm ci",
        silent: "Arguments that only speak of a secret: TOKEN_URL, PASSWORD_MIN_LENGTH.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-532", "CWE-538"],
};

/// Where an argument's value lands.
struct Landing {
    line: u32,
    how: String,
    /// The `RUN`'s instruction, if it is one.
    run: bool,
}

impl Check<Build<'_>> for SecretArgReachesRun {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        let variables = SecretVariables::new(context, recipe);
        let takes = |number: usize, name: &str| landing(recipe, number, name).is_some();
        for found in variables.landings(takes) {
            let (binding, number) = (found.binding, found.instruction);
            let Some(landing) = landing(recipe, number, &binding.name) else { continue };
            let name = binding.name.as_str();
            let role = recipe.role_of(number);
            let weak = name_kind(name.as_bytes()) == NameKind::Weak;
            let severity = match role {
                StageRole::Final if !weak => Severity::High,
                StageRole::Final | StageRole::Builder => Severity::Medium,
                StageRole::Unused => Severity::Low,
            };
            let said = FindingDraft {
                instruction: binding.instruction,
                span: name_span(recipe, binding),
                subject: name,
                severity,
                message: format!("the build argument {} {}", quoted(name), landing.how),
                fix: format!(
                    "Delete `ARG {}` and {}.",
                    seaworthy_source::escape_bytes(name.as_bytes()),
                    advice::for_variable(context, recipe, binding.instruction, name)
                ),
            };
            let mut finding = findings.make(said, None);
            if weak {
                finding.confidence = Confidence::Medium;
            }
            if role == StageRole::Builder {
                finding.notes.push(
                        "the stage's own history is not in the image; the value is in the build cache and in provenance at `mode=max`"
                            .to_owned(),
                    );
            }
            if landing.run {
                finding.notes.push(format!("first RUN that gets it: line {}", landing.line));
            }
            answers.findings.push(finding);
        }
    }
}

/// The place of the name where the argument is declared.
fn name_span(recipe: &Recipe<'_>, binding: &Binding) -> Span {
    let own = recipe.dockerfile.instructions.get(binding.instruction).is_some();
    if own { binding.name.span() } else { Span::default() }
}

fn landing(recipe: &Recipe<'_>, number: usize, name: &str) -> Option<Landing> {
    let instruction = recipe.dockerfile.instructions.get(number)?;
    let line = recipe.line(instruction.span);
    match &instruction.kind {
        Kind::Run(_) => {
            let run = recipe.runs.iter().find(|r| r.instruction == number);
            let named = run.is_some_and(|r| r.names.contains(name));
            let how = if named { "is used by" } else { "is in scope of" };
            let how = format!("{how} the RUN on line {line}, whose history entry keeps its value");
            Some(Landing { line, how, run: true })
        }
        Kind::Env(pairs) => {
            let takes = pairs.iter().any(|p| brings(recipe, number, &p.value.raw, name));
            takes.then(|| Landing {
                line,
                how: format!("is copied into the image's environment by the ENV on line {line}"),
                run: false,
            })
        }
        Kind::Label(pairs) => {
            let takes = pairs.iter().any(|p| brings(recipe, number, &p.value.raw, name));
            takes.then(|| Landing { line, how: format!("is copied into a label on line {line}"), run: false })
        }
        Kind::Add(_) => {
            let takes = paths(instruction).any(|t| brings(recipe, number, t, name));
            takes.then(|| Landing {
                line,
                how: format!("is in the source of the ADD on line {line}, whose history entry keeps it"),
                run: false,
            })
        }
        _ => None,
    }
}

fn paths(instruction: &Instruction) -> impl Iterator<Item = &Text> {
    instruction.files().into_iter().flat_map(|f| &f.sources).filter_map(|s| match s {
        Source::Path(text) => Some(text),
        Source::Heredoc(_) => None,
    })
}

/// Whether a text takes in a variable.
fn brings(recipe: &Recipe<'_>, number: usize, text: &Text, name: &str) -> bool {
    let expanded = recipe.resolution.expand(number, text);
    expanded.is_ok_and(|e| e.parts().iter().any(|p| p.via.as_ref().is_some_and(|v| &*v.name == name)))
}
