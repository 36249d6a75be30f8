//! SW504: digest anchors disagree.

use super::Case;
use super::expectation::DigestValue;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, Text};

/// SW504.
pub struct AnchorsDisagree;

const META: CheckMeta = CheckMeta {
    id: "SW504",
    name: "digest-anchors-disagree",
    summary: "The digest anchors of the provenance do not say the same as its image digest.",
    why: "The digest stands twice so that a slip or a change of one is seen; if the two differ, no one can tell which image was meant.",
    fix: "Write both from one value: oci_digest_algo is `sha256`, and oci_digest_value repeats image_digest in the form that the contract asks for.",
    example: Example {
        fails: hidden!(
            r#""image_digest": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268",
"oci_digest_value": "sha256:f92d8e8cead74966f88aba8de39295a23787ff4cdf138ac2c4d76770ebb2d581""#
        ),
        mended: r#""image_digest": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268",
"oci_digest_value": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268""#,
        silent: "A value without `sha256:` where the contract asks for hex alone.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for AnchorsDisagree {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        match case.compares(&[Field::OciDigestAlgorithm]) {
            Applies::NotRequested => match case.compares(&[Field::ImageDigest]) {
                Applies::Asked => case.compares(&[Field::OciDigestValue]),
                other => other,
            },
            other => other,
        }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let digest = case.need(&META, Field::ImageDigest, answers);
        let algorithm = case.need(&META, Field::OciDigestAlgorithm, answers);
        let value = case.need(&META, Field::OciDigestValue, answers);
        let mut report = |text: &Text, about: &str, message: String| {
            let origin = case.origin_at(DocumentKind::Provenance, text.span);
            answers.findings.push(case.finding(&META, context, origin, &[about], message));
        };
        if let Some(text) = algorithm.filter(|t| t.value != "sha256") {
            report(text, "algorithm", format!("the digest's algorithm is {} and must be sha256", text.value));
        }
        let (Some(digest), Some(value)) = (digest, value) else { return };
        let wanted = match case.expectations.digest_value {
            DigestValue::Same => digest.value.as_str(),
            DigestValue::Hex => digest.value.split_once(':').map_or("", |(_, hex)| hex),
        };
        if value.value != wanted {
            let message = format!("the digest's anchor is {} and must be {wanted}", value.value);
            report(value, "value", message);
        }
    }
}
