//! SW507: a tag that may move is used as proof.

use super::Case;
use super::expectation::fits_wildcard;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, Text};

/// SW507.
pub struct MutableTag;

const META: CheckMeta = CheckMeta {
    id: "SW507",
    name: "mutable-tag-as-proof",
    summary: "A convenience tag is recorded as the image's tag, or the reference mode is not one that the contract accepts.",
    why: "A tag that may move names another image tomorrow. What it proves today, it does not prove when somebody looks.",
    fix: "Record the immutable tag, made from the commit, in provenance, receipt and run header; convenience tags may be pushed beside it, and image_reference_mode must be one that the contract accepts.",
    example: Example {
        fails: hidden!(r#""image_tag": "latest","#),
        mended: r#""image_tag": "git-4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203","#,
        silent: "Convenience tags that are pushed beside the immutable one and recorded nowhere.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for MutableTag {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        case.compares(&[Field::ImageTag, Field::ReferenceMode])
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let own = case.need(&META, Field::ImageTag, answers);
        let receipt = case.receipt.as_ref().and_then(|r| r.fields.get(Field::ImageTag));
        let header = case.header.iter().flat_map(|h| h.all(Field::ImageTag));
        let tags = own
            .map(|t| (DocumentKind::Provenance, t))
            .into_iter()
            .chain(receipt.map(|t| (DocumentKind::Receipt, t)))
            .chain(header.map(|t| (DocumentKind::RunHeader, t)));
        let moves =
            |text: &Text| case.expectations.convenience_tags.iter().any(|p| fits_wildcard(p, &text.value));
        for (kind, tag) in tags.filter(|(_, t)| moves(t)) {
            let message =
                format!("the {} names the image by {}, a tag that may move", kind.as_str(), tag.value);
            let origin = case.origin_at(kind, tag.span);
            let about = [kind.as_str(), tag.pointer.as_str()];
            answers.findings.push(case.finding(&META, context, origin, &about, message));
        }
        let Some(mode) = case.need(&META, Field::ReferenceMode, answers) else { return };
        let accepted = &case.expectations.reference_modes;
        if !accepted.contains(&mode.value) {
            let message =
                format!("the reference mode is not one that the contract accepts: {}", accepted.join(", "));
            let origin = case.origin_at(DocumentKind::Provenance, mode.span);
            answers.findings.push(case.finding(&META, context, origin, &["mode"], message));
        }
    }
}
