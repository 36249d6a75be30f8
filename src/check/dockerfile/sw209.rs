//! SW209: base image not pinned by digest.

use super::{FindingDraft, Findings};
use crate::check::dockerfile::build::Build;
use crate::check::{Answers, Check, Context, Masker};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_dockerfile::Referrer;
use seaworthy_source::escape_bytes;

/// SW209.
pub struct BaseNotPinned;

const META: CheckMeta = CheckMeta {
    id: "SW209",
    name: "base-not-pinned",
    summary: "An image that the build reads is named without a digest.",
    why: "A tag can be moved: the same Dockerfile then builds something else, and what was examined is not what is shipped.",
    fix: "Name the image with its digest, as in `FROM alpine:3.20@sha256:…`; a bot can keep it fresh.",
    example: Example {
        fails: hidden!("FROM alpine:3.20"),
        mended: r#"ARG BASE=alpine:3.20@sha256:0a4eaa0eecf5f8c050e5bba433f58c052be7587ee8af3e8b3910ef9ab5fbe9f5
FROM ${BASE}"#,
        silent: "FROM scratch, and names of earlier stages.",
    },
    severity: Severity::Low,
    reads: &[Reads::Dockerfile],
    tags: &["CWE-829"],
};

impl Check<Build<'_>> for BaseNotPinned {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, build: &Build<'_>, context: &Context<'_>, answers: &mut Answers) {
        let recipe = &build.recipe;
        let masker = Masker::new(context.rules);
        let mut findings = Findings::new(&META, context, recipe);
        let mut seen: Vec<String> = Vec::new();
        for reference in recipe.dockerfile.external_images() {
            let image = reference.image.as_str().to_owned();
            if image.contains("@sha256:") || image.contains("@sha512:") || seen.contains(&image) {
                continue;
            }
            let shown = escape_bytes(masker.mask(&image).as_bytes());
            let how = match reference.referrer {
                Referrer::From => "FROM",
                Referrer::Copy => "COPY --from",
                Referrer::Mount => "--mount=from",
            };
            let known = reference.image.is_known();
            let why = if known {
                "without a digest"
            } else {
                "by a variable whose value the file does not tell, without a digest"
            };
            let shown = without_login(&shown);
            let said = FindingDraft {
                instruction: reference.instruction,
                span: reference.span,
                subject: &shown,
                severity: Severity::Low,
                message: format!("{how} names {shown} {why}"),
                fix: format!(
                    "Write {shown}@sha256:…; `docker buildx imagetools inspect {shown}` prints the digest."
                ),
            };
            answers.findings.push(findings.make(said, None));
            seen.push(image);
        }
    }
}

/// An image's name without a login before it, which no registry takes and somebody will write.
fn without_login(image: &str) -> String {
    match image.rsplit_once('@') {
        Some((_, rest)) if !rest.starts_with("sha") => format!("***@{rest}"),
        _ => image.to_owned(),
    }
}
