//! SW502: a document is malformed.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{Content, DocumentKind, Field, Mistake};

/// SW502.
pub struct MalformedDocument;

const META: CheckMeta = CheckMeta {
    id: "SW502",
    name: "document-malformed",
    summary: "A document of the run is not strict JSON, or a field is missing, unknown, of the wrong form, or not what the contract pins.",
    why: "A document that two readers can understand differently proves nothing: the one that checks may see another digest than the one that deploys.",
    fix: "Write the document with a JSON library, every required field once, nothing else, and each in its exact form. docs/documents.md lists every field; the contract's [provenance] pins some of them.",
    example: Example {
        fails: hidden!(
            r#"# packaging_provenance.json: the commit is abbreviated
"git_sha": "4f1c2d3e5a6b","#
        ),
        mended: r#""git_sha": "4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203","#,
        silent: "Fields that [provenance] allowed lists, older versions that [[provenance.versions]] describes, and further fields of the run header. docs/documents.md describes each document.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-20", "CWE-436"],
};

/// Most mistakes that are told of one document.
const MISTAKES: usize = 50;

impl Check<Case<'_>> for MalformedDocument {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        let is_there = |kind| {
            matches!(case.documents.document(kind).content, Content::Bytes(_) | Content::TooLarge { .. })
        };
        if DocumentKind::ALL.into_iter().any(is_there) { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        for kind in DocumentKind::ALL {
            if let Content::TooLarge { limit } = case.documents.document(kind).content {
                let message =
                    format!("the {} is larger than {limit} bytes; none of it was read", kind.as_str());
                let about = [kind.as_str(), "size"];
                answers.findings.push(case.finding(&META, context, case.origin(kind), &about, message));
            }
            let mistakes: &[Mistake] = match kind {
                DocumentKind::Provenance => case.provenance.as_ref().map_or(&[], |r| &r.mistakes),
                DocumentKind::Receipt => case.receipt.as_ref().map_or(&[], |r| &r.mistakes),
                DocumentKind::RunHeader => case.header.as_ref().map_or(&[], |h| &h.mistakes),
                DocumentKind::Security => case.security.as_ref().map_or(&[], |s| &s.reading.mistakes),
                // Whether it is an envelope is SW512's question.
                DocumentKind::Attestation => &[],
            };
            for (i, mistake) in mistakes.iter().enumerate().take(MISTAKES) {
                let place = mistake.pointer.as_str();
                let message = if place.is_empty() {
                    format!("{}: {}", kind.as_str(), mistake.message)
                } else {
                    format!("{}: {place} {}", kind.as_str(), mistake.message)
                };
                let origin = case.origin_at(kind, mistake.span);
                let about = [kind.as_str(), place, &mistake.message, &i.to_string()];
                answers.findings.push(case.finding(&META, context, origin, &about, message));
            }
            if mistakes.len() > MISTAKES {
                let more = format!("{} has {} more mistakes", kind.as_str(), mistakes.len() - MISTAKES);
                answers.findings.push(case.finding(
                    &META,
                    context,
                    case.origin(kind),
                    &[kind.as_str()],
                    more,
                ));
            }
        }
        pinned(case, context, answers);
    }
}

fn pinned(case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
    let Some(reading) = &case.provenance else { return };
    for (field, wanted) in &case.expectations.pinned {
        let Some(text) = case.need(&META, *field, answers).filter(|t| t.value != *wanted) else { continue };
        let message = format!(
            "packaging provenance: {} is not what the contract pins, which is {wanted}",
            reading.layout.name(*field)
        );
        let origin = case.origin_at(DocumentKind::Provenance, text.span);
        let about = ["pinned", Field::name(*field)];
        answers.findings.push(case.finding(&META, context, origin, &about, message));
    }
}
