//! SW514: the run's security evidence.

use super::{Case, ExaminedArtifacts};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field};
use seaworthy_source::escape_bytes;

/// SW514.
pub struct SecurityEvidence;

const META: CheckMeta = CheckMeta {
    id: "SW514",
    name: "security-evidence",
    summary: "The run's security evidence is missing, says FAIL, contradicts itself, or is about another image.",
    why: "The evidence says that this image holds no secret. Evidence that failed, that contradicts itself, or that is about another image, says nothing of the kind.",
    fix: "Run `seaworthy gate --run-id RUN` on the very image that was pushed, by its digest: it writes the evidence to its place. Mend what it finds.",
    example: Example {
        fails: hidden!(
            r#"# security_secret_injection_checks.json
"verdict": "FAIL",
"failure_reason": "a secret in a layer""#
        ),
        mended: r#""verdict": "PASS""#,
        silent: "Evidence in the gate's own form about several images, if this one is among them.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

/// Most contradictions of one document that are told.
const CONTRADICTIONS: usize = 20;

impl Check<Case<'_>> for SecurityEvidence {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        match case.examined {
            Some(examined) if is_comparable(case, examined) => Applies::Asked,
            Some(_) => Applies::NotRequested,
            None => case.wants(DocumentKind::Security),
        }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        if let Some(examined) = case.examined {
            compare_image(case, examined, context, answers);
            compare_dockerfile(case, examined, context, answers);
            compare_context(case, examined, context, answers);
            return;
        }
        let kind = DocumentKind::Security;
        let missing = "the security evidence is not there";
        if !case.can_ask(&META, kind, Some(missing), context, answers) {
            return;
        }
        let Some(security) = &case.security else { return };
        let fields = &security.reading.fields;
        match fields.get(Field::Verdict) {
            Some(verdict) if verdict.value == "FAIL" => {
                let origin = case.origin_at(kind, verdict.span);
                let message = "the security evidence's verdict is FAIL".to_owned();
                answers.findings.push(case.finding(&META, context, origin, &["verdict"], message));
            }
            Some(_) => {}
            None => {
                let reason = "it is malformed and has no verdict";
                answers.not_checked.push(case.not_checked(&META, kind, reason));
            }
        }
        for mistake in security.contradictions.iter().take(CONTRADICTIONS) {
            let message = format!(
                "the security evidence contradicts itself: its verdict is PASS, and {} {}",
                mistake.pointer, mistake.message
            );
            let origin = case.origin_at(kind, mistake.span);
            answers.findings.push(case.finding(&META, context, origin, &[mistake.pointer.as_str()], message));
        }
        let digest = case.need(&META, Field::ImageDigest, answers);
        let wrong = match (&security.images, digest) {
            (Some(images), Some(digest)) if !images.iter().any(|i| i.value == digest.value) => {
                let message = match images.first() {
                    Some(other) => format!("is about {}, and {} was packaged", other.value, digest.value),
                    None => "is about no image".to_owned(),
                };
                let span = images.first().map(|i| i.span);
                Some((span, message))
            }
            (None, _) if case.expectations.security_names_image => Some((
                None,
                "does not name the image by its digest, and the contract asks for that".to_owned(),
            )),
            (None, _) if fields.get(Field::PlatformRunId).is_none() => {
                Some((None, "names neither its run nor its image".to_owned()))
            }
            _ => None,
        };
        if let Some((span, message)) = wrong {
            let origin = span.map_or_else(|| case.origin(kind), |s| case.origin_at(kind, s));
            let message = format!("the security evidence {message}");
            answers.findings.push(case.finding(&META, context, origin, &["image"], message));
        }
        for field in [Field::ImageTag, Field::GitSha] {
            let own = case.provenance.as_ref().and_then(|r| r.fields.get(field));
            let (Some(here), Some(own)) = (fields.get(field), own) else { continue };
            if here.value != own.value {
                let origin = case.origin_at(kind, here.span);
                let message =
                    format!("{} differs between security evidence and packaging provenance", field.name());
                answers.findings.push(case.finding(&META, context, origin, &[field.name()], message));
            }
        }
    }
}

/// A field of the packaging provenance.
fn packaged<'c>(case: &'c Case<'_>, field: Field) -> Option<&'c str> {
    case.provenance.as_ref()?.fields.text(field)
}

/// Whether a gate examined something that the packaging provenance speaks of.
fn is_comparable(case: &Case<'_>, examined: &ExaminedArtifacts) -> bool {
    let image = examined.image.is_some() && case.provenance.is_some();
    image || examined.dockerfile.is_some() && packaged(case, Field::DockerfilePath).is_some()
}

/// Compares the image that was examined with the one that was packaged.
fn compare_image(
    case: &Case<'_>,
    examined: &ExaminedArtifacts,
    context: &Context<'_>,
    answers: &mut Answers,
) {
    let kind = DocumentKind::Provenance;
    let (Some(images), Some(_)) = (&examined.image, &case.provenance) else { return };
    let mut miss = |what: &str, reason: &str| {
        answers
            .not_checked
            .push(NotChecked { what: what.to_owned(), ..case.not_checked(&META, kind, reason) });
    };
    let Some(digest) = packaged(case, Field::ImageDigest) else {
        return miss(
            "the packaged image",
            "the packaging provenance names no digest, so it cannot be told whether the image that was examined is \
             the one that was packaged",
        );
    };
    let Some(first) = images.iter().next() else {
        return miss(
            "the examined image",
            "it has no manifest, as what `docker save` writes, so it cannot be told whether it is the one that was \
             packaged; examine it in its registry or as an OCI archive",
        );
    };
    if !images.contains(digest) {
        let message = format!("the image that was examined is {first}, and {digest} was packaged");
        let mut finding = case.finding(&META, context, case.origin(kind), &["examined"], message);
        finding.fix = "Run the gate on the very image that was pushed, by its digest.".into();
        answers.findings.push(finding);
    }
}

/// Compares the build context that was examined with the one that the image was built from. The recorded path may begin
/// at a directory of the repository.
fn compare_context(
    case: &Case<'_>,
    examined: &ExaminedArtifacts,
    context: &Context<'_>,
    answers: &mut Answers,
) {
    let (Some(here), Some(recorded)) = (&examined.context, packaged(case, Field::BuildPath)) else { return };
    if parts(here).ends_with(&parts(recorded)) {
        return;
    }
    let shown = if here.is_empty() { "." } else { here };
    let message = format!(
        "the build context that was examined is {}, and the image was built from {recorded}",
        escape_bytes(shown.as_bytes())
    );
    let origin = case.origin(DocumentKind::Provenance);
    let mut finding = case.finding(&META, context, origin, &["context"], message);
    finding.fix = "Name in the contract's [image] the context that the image is built from, and record that path from the root of the repository.".into();
    answers.findings.push(finding);
}

/// The names in a path, without those that mean the directory itself.
fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|p| !matches!(*p, "" | ".")).map(str::to_owned).collect()
}

/// Compares the Dockerfile that was examined with the one that the image was built from. A path may begin at the
/// repository or at a directory of it, so that one need only end as the other does.
fn compare_dockerfile(
    case: &Case<'_>,
    examined: &ExaminedArtifacts,
    context: &Context<'_>,
    answers: &mut Answers,
) {
    let (Some(here), Some(recorded)) = (&examined.dockerfile, packaged(case, Field::DockerfilePath)) else {
        return;
    };
    let (own, other) = (parts(here), parts(recorded));
    // What came from standard input has no path.
    if here == "-" || own.ends_with(&other) || other.ends_with(&own) {
        return;
    }
    let message = format!(
        "the Dockerfile that was examined is {}, and the image was built from {recorded}",
        escape_bytes(here.as_bytes())
    );
    let origin = case.origin(DocumentKind::Provenance);
    let mut finding = case.finding(&META, context, origin, &["dockerfile"], message);
    finding.fix =
        "Name in the contract's [image] the Dockerfile that the image is built from, and record that path."
            .into();
    answers.findings.push(finding);
}
