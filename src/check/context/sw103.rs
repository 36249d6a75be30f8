//! SW103: the context is unbounded.

use crate::check::dockerfile::absolute;
use crate::check::dockerfile::build::Build;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_context::{CopyKind, CopySource, SourcePath};

/// SW103.
pub struct UnboundedContext;

const META: CheckMeta = CheckMeta {
    id: "SW103",
    name: "unbounded-context",
    summary: "Nothing is ignored, and a COPY or ADD takes the whole context.",
    why: "Whatever lies in the directory when the image is built is in the image: today's `.env`, tomorrow's key, the repository's history.",
    fix: "Write a `.dockerignore` that begins with `*` and lists what the image needs as `!src`, or copy only the directories that it needs.",
    example: Example {
        fails: hidden!(
            r#"# There is no .dockerignore.
COPY . ."#
        ),
        mended: r#"# .dockerignore
*
!src
!package.json"#,
        silent: "A COPY that takes named files or directories, a context that ignores something, and COPY ${TARGETPLATFORM}/app.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Context],
    tags: &["CWE-538"],
};

impl Check<Build<'_>> for UnboundedContext {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        if !build.context.rules.is_empty() {
            return;
        }
        let whole = build.context.copies.iter().find(|(_, c)| takes_root(c));
        let Some((number, copy)) = whole else { return };
        let recipe = &build.recipe;
        let keyword = if copy.kind == CopyKind::Add { "ADD" } else { "COPY" };
        let why = match &build.context.files.ignore_file {
            Some(_) => "the ignore file excludes nothing",
            None => "there is no ignore file",
        };
        let place = [recipe.path.as_str(), &recipe.stage_name(*number)];
        answers.findings.push(
            Finding::build(
                &META,
                recipe.origin(copy.span),
                format!("{keyword} takes the whole context, and {why}"),
            )
            .named(context.key, &place),
        );
    }
}

fn takes_root(copy: &CopySource) -> bool {
    copy.kind != CopyKind::BindMount
        && copy.sources.iter().any(|source| match source {
            SourcePath::Known(text) => is_root(text),
            SourcePath::OneOf(texts) => texts.iter().all(|text| is_root(text)),
            SourcePath::Prefix(text) => absolute("/", text) == "/",
        })
}

fn is_root(source: &str) -> bool {
    matches!(absolute("/", source).as_str(), "/" | "/*" | "/**")
}
