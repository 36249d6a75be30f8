//! SW207: secret in LABEL, CMD, ENTRYPOINT, HEALTHCHECK or the URL of a remote ADD.

use super::literal::{Literal, assigned, in_text, in_url, literals, severity, variable};
use super::rendered::Rendered;
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::{Build, script_of};
use crate::check::{Answers, Check, Context, NAMED};
use crate::finding::{CheckMeta, Example, Reads, Severity};
use seaworthy_dockerfile::{CommandLine, Healthcheck, Kind, Source, Text};

/// SW207.
pub struct SecretInInstruction;

const META: CheckMeta = CheckMeta {
    id: "SW207",
    name: "secret-in-instruction",
    summary: "A LABEL, CMD, ENTRYPOINT, HEALTHCHECK, WORKDIR or another instruction of the config, or the URL of a remote ADD, holds a secret.",
    why: "All of these are in the image config or its history: everybody who can pull the image reads them, and registries show labels on their pages.",
    fix: "Take the secret out and let the container read it from its environment when it starts.",
    example: Example {
        fails: "HEALTHCHECK CMD curl -f -u admin:tR7uK2mQx9Wd http://localhost/ || exit 1",
        mended: "HEALTHCHECK --interval=30s CMD curl -f http://localhost:8080/health || exit 1",
        silent: "Variables that are expanded when the container starts.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-798"],
};

impl Check<Build<'_>> for SecretInInstruction {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let mut findings = Findings::new(&META, context, recipe);
        for (number, instruction) in recipe.dockerfile.instructions.iter().enumerate() {
            let inner = instruction.innermost();
            let keyword = inner.keyword.as_str();
            let mut found: Vec<(Literal, String)> = Vec::new();
            let mut command = |line: &CommandLine| {
                let text = match line {
                    CommandLine::Shell(text) => Some(text),
                    CommandLine::Exec(_) => None,
                };
                let all = literals(context, &script_of(line), text);
                found.extend(all.into_iter().map(|l| {
                    let fix = format!(
                        "Write ${} in its place, in the shell form or in a script, and give the variable to the container when it starts: {}.",
                        l.variable,
                        advice::at_start(context)
                    );
                    (l, fix)
                }));
            };
            match &inner.kind {
                Kind::Cmd(line) | Kind::Entrypoint(line) | Kind::Healthcheck(Healthcheck::Command(line)) => {
                    command(line);
                }
                Kind::Label(pairs) => {
                    for pair in pairs {
                        let name = pair.key.trim_matches(['"', '\'']).to_owned();
                        for secret in assigned(context, &name, &pair.value.unquoted) {
                            let literal = Literal {
                                span: pair.value.unquoted.locate(secret.span.clone()),
                                severity: severity(&secret, &name, false),
                                how: "in the value",
                                variable: variable(&name, &secret.detector),
                                single_quoted: false,
                                secret,
                            };
                            found.push((
                                literal,
                                format!("Remove the label {}: a label is for everybody.", quoted(&name)),
                            ));
                        }
                    }
                }
                Kind::Maintainer(text) => {
                    let all = in_url(context, &Rendered::text(text));
                    found.extend(all.into_iter().map(|l| (l, "Remove it.".to_owned())));
                }
                Kind::Add(add) => {
                    for source in &add.files.sources {
                        let Source::Path(text) = source else { continue };
                        if !text.contains("://") {
                            continue;
                        }
                        found.extend(in_url(context, &Rendered::text(text)).into_iter().map(|l| {
                            let fix = format!(
                                "Fetch it in a RUN that gets the secret: `RUN {} curl -fsSL -H \"Authorization: Bearer ${}\" -o … https://…`, built with {}.",
                                advice::env_mount(&l.variable), l.variable, advice::build_option(&l.variable)
                            );
                            (l, fix)
                        }));
                    }
                }
                kind => {
                    let remove = |l: Literal| {
                        (l, "Remove it: the instruction stands in the image's history or config.".to_owned())
                    };
                    found.extend(
                        texts(kind).flat_map(|text| in_text(context, &Rendered::text(text))).map(remove),
                    );
                }
            }
            for (literal, fix) in found {
                let what = if literal.secret.detector == NAMED {
                    "literal secret"
                } else {
                    literal.secret.what.as_str()
                };
                let said = FindingDraft {
                    instruction: number,
                    span: literal.span,
                    subject: &literal.variable,
                    severity: literal.severity,
                    message: format!("{what} {} of the {keyword}", literal.how),
                    fix,
                };
                answers.findings.push(findings.make(said, Some(literal.secret)));
            }
        }
    }
}

/// The texts of an instruction that holds neither a command nor variables.
fn texts(kind: &Kind) -> impl Iterator<Item = &Text> {
    match kind {
        Kind::User(text) | Kind::Workdir(text) | Kind::Stopsignal(text) => std::slice::from_ref(text),
        Kind::Volume(all) | Kind::Expose(all) | Kind::Shell(all) => all.as_slice(),
        Kind::Copy(copy) => copy.from.as_slice(),
        _ => &[],
    }
    .iter()
}
