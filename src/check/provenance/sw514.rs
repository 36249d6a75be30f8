//! SW514: the run's security evidence.

use super::Case;
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Severity};
use seaworthy_provenance::{Field, PaperKind};

/// SW514.
pub struct SecurityEvidence;

const META: CheckMeta = CheckMeta {
    id: "SW514",
    name: "security-evidence",
    summary: "The run's security evidence is missing, says FAIL, or is about another image.",
    why: "The evidence says that no secret is aboard this image. Evidence that failed, or that is about another image, says nothing of the kind.",
    fix: "Run `seaworthy image` on the very image that was pushed, by its digest, with `--run-id` and `--report evidence`; mend what it finds.",
    clause: "D, F",
    severity: Severity::High,
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for SecurityEvidence {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let kind = PaperKind::Security;
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
                answers.unchecked.push(case.unchecked(&META, kind, reason));
            }
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
