//! SW204: COPY or ADD brings in a secret file.

use std::collections::HashMap;

use super::copied::{SecretFile, secret_files, target};
use super::keep_out::{self, TakenFile};
use super::path::{absolute, below};
use super::rendered::Rendered;
use super::{FindingDraft, Findings, quoted};
use crate::check::dockerfile::build::{Build, ExaminedContext, PathOutcome, Recipe};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, FindingPlace, Reads, Severity, hidden};
use crate::observe::secret_file;
use seaworthy_context::{CopyKind, CopySource, SourcePath};
use seaworthy_dockerfile::{Kind, Source, Text};
use seaworthy_source::{Span, escape_bytes};

/// SW204.
pub struct SecretFileCopied;

const META: CheckMeta = CheckMeta {
    id: "SW204",
    name: "secret-file-copied",
    summary: "A COPY or ADD brings a secret file into the image, from the context or from another stage.",
    why: "The file is in a layer for everybody who can pull the image; a later RUN that deletes it only hides it.",
    fix: "Mount the file in the RUN that needs it with `RUN --mount=type=secret,id=…,target=…`, and list it in `.dockerignore`.",
    example: Example {
        fails: hidden!(
            r#"# The context holds .env with a password.
COPY .env ./
COPY src ./src"#
        ),
        mended: r#"# .dockerignore lists .env; the COPY takes what the program needs.
COPY src ./src"#,
        silent: "A pattern that matches no file, and a stage whose files reach no image.",
    },
    severity: Severity::High,
    reads: &[Reads::Dockerfile, Reads::CopiedFiles],
    tags: &["CWE-538", "CWE-200"],
};

impl Check<Build<'_>> for SecretFileCopied {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let mut findings = Findings::new(&META, context, &build.recipe);
        let secrets = secret_files(context, &build.context);
        let mut by_copy: HashMap<usize, Vec<&SecretFile>> = HashMap::new();
        for secret in &secrets {
            for copy in build.context.reach.copies_of(secret.file) {
                by_copy.entry(copy).or_default().push(secret);
            }
        }
        for (index, (number, copy)) in build.context.copies.iter().enumerate() {
            if copy.kind == CopyKind::BindMount {
                continue;
            }
            let taken = by_copy.remove(&index).unwrap_or_default();
            if taken.is_empty() {
                by_name(&mut findings, &build.context, *number, copy, answers);
            } else {
                from_context(&mut findings, context, build, *number, copy, &taken, answers);
            }
        }
        from_stages(&mut findings, answers);
    }
}

/// A COPY that takes files which are known to be secret: one finding, at the COPY.
fn from_context(
    findings: &mut Findings<'_>,
    context: &Context<'_>,
    build: &Build<'_>,
    number: usize,
    copy: &CopySource,
    taken: &[&SecretFile],
    answers: &mut Answers,
) {
    let (recipe, examined) = (&build.recipe, &build.context);
    let targets: Vec<String> =
        taken.iter().filter_map(|s| target(recipe, number, examined, copy, s.file)).collect();
    let mut worst = Severity::Low;
    let mut ends = Vec::new();
    let mut carriers = Vec::new();
    for (secret, path) in taken.iter().zip(&targets) {
        match recipe.outcome_of(number, path) {
            PathOutcome::Image(via) => {
                worst = worst.max(secret.severity);
                if let Some(copy) = via.filter(|c| !carriers.contains(c)) {
                    carriers.push(copy);
                }
            }
            PathOutcome::Cache => ends.push("it stays in a builder stage and its cache"),
            PathOutcome::Nowhere => ends.push("the target does not need its stage"),
        }
    }
    let Some((first, path)) = taken.first().zip(targets.first()) else { return };
    let name = |s: &SecretFile| {
        examined.files.files.get(s.file).map(|f| escape_bytes(f.bytes())).unwrap_or_default()
    };
    let more = match taken.len() {
        1 => String::new(),
        2 => format!(" and {}", quoted(&name(taken[1]))),
        n => format!(" and {} more secret files", n - 1),
    };
    let hidden = removed(recipe, number, path).map(|line| {
        format!("; the RUN on line {line} deletes it, but it is still shipped in the layer below")
    });
    let into = if carriers.is_empty() && worst == Severity::Low { "a stage" } else { "the image" };
    let message = format!(
        "{} brings {} ({}){more} into {into}{}",
        keyword(copy),
        quoted(&name(first)),
        first.what,
        hidden.unwrap_or_default()
    );
    let files: Vec<TakenFile> = taken
        .iter()
        .zip(&targets)
        .map(|(secret, target)| TakenFile {
            source: name(secret),
            target: target.clone(),
            is_code: is_code(&name(secret)) && secret.what.starts_with("holds: "),
            is_named: is_named(copy, &name(secret)),
        })
        .collect();
    // All files name the finding: one that is accepted for its files is another when the COPY takes one more.
    let mut names: Vec<String> = taken.iter().map(|s| name(s)).collect();
    names.sort_unstable();
    let said = FindingDraft {
        instruction: number,
        span: copy.span,
        subject: &names.join("\n"),
        severity: worst,
        message,
        fix: keep_out::steps(context, recipe, number, recipe.line(copy.span), &files),
    };
    let mut finding = findings.make(said, None);
    finding.places = taken
        .iter()
        .map(|s| FindingPlace {
            origin: examined.origin(s.file),
            severity: s.severity,
            confidence: Confidence::High,
        })
        .collect();
    for copy in carriers.iter().filter_map(|c| recipe.dockerfile.instructions.get(*c)) {
        let line = recipe.line(copy.span);
        finding.notes.push(format!("the COPY --from on line {line} carries it into the image"));
        finding.add_place(recipe.origin(copy.span));
    }
    if worst == Severity::Low {
        finding.notes.extend(ends.first().map(|e| (*e).to_owned()));
    }
    answers.findings.push(finding);
}

/// Whether a file is source code by its name: the program is not there without it.
fn is_code(path: &str) -> bool {
    const ENDINGS: [&str; 27] = [
        "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rb", "php", "go", "rs", "java", "kt", "scala", "cs",
        "fs", "c", "h", "cc", "cpp", "hpp", "ex", "exs", "pl", "lua", "sh", "swift",
    ];
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether a COPY names a file itself, not a directory or a pattern of it.
fn is_named(copy: &CopySource, path: &str) -> bool {
    copy.sources.iter().any(|source| match source {
        SourcePath::Known(text) => absolute("/", text).trim_start_matches('/') == path,
        SourcePath::Prefix(_) | SourcePath::OneOf(_) => false,
    })
}

/// A COPY of a file that is not in the context now, by the file's name. What is there and excluded fails the build.
fn by_name(
    findings: &mut Findings<'_>,
    examined: &ExaminedContext,
    number: usize,
    copy: &CopySource,
    answers: &mut Answers,
) {
    for source in &copy.sources {
        let SourcePath::Known(source) = source else { continue };
        let clean = absolute("/", source);
        let relative = clean.trim_start_matches('/');
        let there = examined.files.root.join(relative);
        // A wildcard that matches nothing brings nothing.
        let wild = relative.contains(['*', '?', '[']);
        if relative.is_empty() || wild || source.contains("://") || std::fs::symlink_metadata(there).is_ok() {
            continue;
        }
        let Some((what, severity)) = named(relative) else { continue };
        let recipe = findings.recipe;
        let base = destination(recipe, number);
        let said = FindingDraft {
            instruction: number,
            span: copy.span,
            subject: relative,
            severity: match recipe.outcome_of(number, &base) {
                PathOutcome::Image(_) => severity,
                PathOutcome::Cache | PathOutcome::Nowhere => Severity::Low,
            },
            message: format!("{} brings {} ({what}) into the image", keyword(copy), quoted(relative)),
            fix: by_hand(findings, number, copy.span, relative, &base),
        };
        let mut finding = findings.make(said, None);
        finding.confidence = Confidence::Medium;
        finding.notes.push("the file is not in the context now; its name tells".to_owned());
        if let Some(line) = removed(recipe, number, &base) {
            finding.notes.push(format!("the RUN on line {line} deletes it, but it is still shipped"));
        }
        answers.findings.push(finding);
    }
}

/// What to do about a file that the instruction names and that is not in the context.
fn by_hand(findings: &Findings<'_>, number: usize, span: Span, source: &str, target: &str) -> String {
    let file =
        TakenFile { source: source.to_owned(), target: target.to_owned(), is_code: false, is_named: true };
    let recipe = findings.recipe;
    keep_out::steps(findings.context, recipe, number, recipe.line(span), &[file])
}

/// The kind of file that a name alone gives away.
fn named(path: &str) -> Option<(&'static str, Severity)> {
    if let Some(kind) = secret_file::by_path(path.as_bytes()) {
        return Some((kind.what, kind.severity));
    }
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let data = [".json", ".yml", ".yaml", ".txt", ".toml", ".ini", ".properties", ""];
    let stem =
        |stems: &[&str]| stems.iter().any(|s| name.strip_prefix(s).is_some_and(|rest| data.contains(&rest)));
    if stem(&["credentials", "service-account", "service_account", "serviceaccount", "secret", "secrets"]) {
        return Some(("credentials file", Severity::High));
    }
    let key =
        name.ends_with(".key") || name == "private.pem" || name.ends_with("-key.pem") || name == "key.pem";
    key.then_some(("private key", Severity::High))
}

/// A COPY --from of a file that is secret by its name.
fn from_stages(findings: &mut Findings<'_>, answers: &mut Answers) {
    let recipe = findings.recipe;
    for (number, instruction) in recipe.dockerfile.instructions.iter().enumerate() {
        let inner = instruction.innermost();
        let Kind::Copy(copy) = &inner.kind else { continue };
        if copy.from.is_none() {
            continue;
        }
        for source in &copy.files.sources {
            let Source::Path(text) = source else { continue };
            let path = absolute("/", &expand(recipe, number, text));
            // What the context brought in is told at its own COPY.
            let known = answers
                .findings
                .iter()
                .any(|f| f.check == META.id && f.origins().any(|o| *o == recipe.origin(instruction.span)));
            let Some((what, severity)) = named(path.trim_start_matches('/')).filter(|_| !known) else {
                continue;
            };
            let base = destination(recipe, number);
            let severity = match recipe.outcome_of(number, &base) {
                PathOutcome::Image(_) => severity,
                PathOutcome::Cache | PathOutcome::Nowhere => Severity::Low,
            };
            let said = FindingDraft {
                instruction: number,
                span: text.span(),
                subject: &path,
                severity,
                message: format!(
                    "COPY --from carries {} ({what}) from another stage into the image",
                    quoted(&path)
                ),
                fix: by_hand(findings, number, instruction.span, path.trim_start_matches('/'), &path),
            };
            let mut finding = findings.make(said, None);
            finding.confidence = Confidence::Medium;
            answers.findings.push(finding);
        }
    }
}

fn keyword(copy: &CopySource) -> &'static str {
    if copy.kind == CopyKind::Add { "ADD" } else { "COPY" }
}

fn expand(recipe: &Recipe<'_>, number: usize, text: &Text) -> String {
    recipe.resolution.expand(number, text).map_or_else(|_| text.to_string(), |e| e.as_str().to_owned())
}

fn destination(recipe: &Recipe<'_>, number: usize) -> String {
    let files = recipe.dockerfile.instructions.get(number).and_then(|i| i.innermost().files());
    let text = files.map(|f| expand(recipe, number, &f.destination)).unwrap_or_default();
    absolute(recipe.directory(number), &text)
}

/// The line of a later RUN that deletes a path.
fn removed(recipe: &Recipe<'_>, number: usize, path: &str) -> Option<u32> {
    let stage = recipe.dockerfile.stage_of(number)?.index;
    let later = recipe.runs.iter().filter(|r| {
        r.instruction > number && recipe.dockerfile.stage_of(r.instruction).is_some_and(|s| s.index == stage)
    });
    for run in later {
        for command in &run.script.commands {
            if !matches!(command.program().as_deref(), Some("rm" | "unlink" | "shred")) {
                continue;
            }
            let words = command.words.iter().skip(1).map(|w| Rendered::word(w).text);
            let mut paths = words.filter(|w| !w.starts_with('-'));
            if paths.any(|p| below(&absolute(recipe.directory(run.instruction), &p), path).is_some()) {
                return Some(recipe.line(Span::new(command.span.start, command.span.end)));
            }
        }
    }
    None
}
