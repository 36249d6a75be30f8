//! SW207: secret in LABEL, CMD, ENTRYPOINT, HEALTHCHECK or the URL of a remote ADD.

use super::literal::{Literal, assigned, in_text, in_url, literals, severity, variable};
use super::rendered::Rendered;
use super::{FindingDraft, Findings, advice, quoted};
use crate::check::dockerfile::build::{Build, script_of};
use crate::check::{Answers, Check, Context, NAMED, TextSecret};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_dockerfile::{CommandLine, Healthcheck, Kind, Pair, Source, Text};

/// SW207.
pub struct SecretInInstruction;

const META: CheckMeta = CheckMeta {
    id: "SW207",
    name: "secret-in-instruction",
    summary: "A LABEL, CMD, ENTRYPOINT, HEALTHCHECK, WORKDIR or another instruction of the config, or the URL of a remote ADD, holds a secret.",
    why: "All of these are in the image config or its history: everybody who can pull the image reads them, and registries show labels on their pages.",
    fix: "Take the secret out and let the container read it from its environment when it starts.",
    example: Example {
        fails: hidden!("HEALTHCHECK CMD curl -f -u admin:tR7uK2mQx9Wd http://localhost/ || exit 1"),
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
            for (literal, fix) in literals_of(context, &inner.kind) {
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

/// The literal secrets of an instruction, each with what is to be done about it.
fn literals_of(context: &Context<'_>, kind: &Kind) -> Vec<(Literal, String)> {
    match kind {
        Kind::Cmd(line) | Kind::Entrypoint(line) | Kind::Healthcheck(Healthcheck::Command(line)) => {
            in_command(context, line)
        }
        Kind::Label(pairs) => pairs.iter().flat_map(|pair| in_label(context, pair)).collect(),
        Kind::Maintainer(text) => {
            let all = in_url(context, &Rendered::text(text));
            all.into_iter().map(|l| (l, "Remove it.".to_owned())).collect()
        }
        Kind::Add(add) => add.files.sources.iter().flat_map(|source| in_source(context, source)).collect(),
        kind => {
            let remove =
                |l| (l, "Remove it: the instruction stands in the image's history or config.".to_owned());
            texts(kind).flat_map(|text| in_text(context, &Rendered::text(text))).map(remove).collect()
        }
    }
}

fn with_fix(literal: Literal, fix: impl Fn(&Literal) -> String) -> (Literal, String) {
    let fix = fix(&literal);
    (literal, fix)
}

fn in_command(context: &Context<'_>, line: &CommandLine) -> Vec<(Literal, String)> {
    let text = match line {
        CommandLine::Shell(text) => Some(text),
        CommandLine::Exec(_) => None,
    };
    let fix = |literal: &Literal| {
        format!(
            "Write ${} in its place, in the shell form or in a script, and give the variable to the container when it starts: {}.",
            literal.variable,
            advice::at_start(context)
        )
    };
    literals(context, &script_of(line), text).into_iter().map(|l| with_fix(l, fix)).collect()
}

fn in_label(context: &Context<'_>, pair: &Pair) -> Vec<(Literal, String)> {
    let name = pair.key.trim_matches(['"', '\'']).to_owned();
    let fix = format!("Remove the label {}: a label is for everybody.", quoted(&name));
    let literal = |secret: TextSecret| Literal {
        span: pair.value.unquoted.locate(secret.span.clone()),
        severity: severity(&secret, &name, false),
        how: "in the value",
        variable: variable(&name, &secret.detector),
        single_quoted: false,
        secret,
    };
    assigned(context, &name, &pair.value.unquoted).into_iter().map(|s| (literal(s), fix.clone())).collect()
}

/// In the URL of an ADD.
fn in_source(context: &Context<'_>, source: &Source) -> Vec<(Literal, String)> {
    let Source::Path(text) = source else { return Vec::new() };
    if !text.contains("://") {
        return Vec::new();
    }
    let fix = |literal: &Literal| {
        let name = &literal.variable;
        format!(
            "Fetch it in a RUN that gets the secret: `RUN {} curl -fsSL -H \"Authorization: Bearer ${name}\" -o … https://…`, built with {}.",
            advice::env_mount(name),
            advice::build_option(name)
        )
    };
    in_url(context, &Rendered::text(text)).into_iter().map(|l| with_fix(l, fix)).collect()
}
