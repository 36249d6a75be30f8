//! SW505: provenance and run header disagree.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, HeaderPointers};

/// SW505.
pub struct HeaderDisagrees;

const META: CheckMeta = CheckMeta {
    id: "SW505",
    name: "run-header-disagrees",
    summary: "The run header does not carry the same image tag, digest and commit as the packaging provenance.",
    why: "The run header says what the run uses and the provenance what was built; if they differ, the run uses an unverified image.",
    fix: "Find out which of the two is right: what the build recorded. Correct the packaging provenance first if it is wrong, then copy tag, digest and commit from it into the run header, unchanged.",
    example: Example {
        fails: hidden!(
            r#"# run.json; packaging_provenance.json says sha256:f20c43…
"image_digest": "sha256:f92d8e8cead74966f88aba8de39295a23787ff4cdf138ac2c4d76770ebb2d581","#
        ),
        mended: r#""image_digest": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268","#,
        silent: "Fields at other places, if the contract's [run_header] says where.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for HeaderDisagrees {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        case.wants(DocumentKind::RunHeader)
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let missing = "the run header is not there: without it the packaging evidence is not complete";
        if !case.can_ask(&META, DocumentKind::RunHeader, Some(missing), context, answers) {
            return;
        }
        let Some(header) = case.header.as_ref() else { return };
        if header.root.is_none() {
            let reason = "it is malformed, so there is nothing to compare";
            answers.not_checked.push(case.not_checked(&META, DocumentKind::RunHeader, reason));
            return;
        }
        for field in HeaderPointers::MIRRORED {
            let mirrors: Vec<_> = header.all(field).collect();
            if mirrors.is_empty() {
                let name = case.expectations.provenance.name(field);
                let message = format!("the run header does not carry {name}");
                let origin = case.origin(DocumentKind::RunHeader);
                answers.findings.push(case.finding(&META, context, origin, &[Field::name(field)], message));
                continue;
            }
            let Some(own) = case.need(&META, field, answers) else { continue };
            for mirror in mirrors.into_iter().filter(|m| m.value != own.value) {
                let message = format!(
                    "{} is {} in the run header and {} in the packaging provenance",
                    mirror.pointer, mirror.value, own.value
                );
                let origin = case.origin_at(DocumentKind::RunHeader, mirror.span);
                let mut finding = case.finding(&META, context, origin, &[mirror.pointer.as_str()], message);
                finding.add_place(case.origin_at(DocumentKind::Provenance, own.span));
                answers.findings.push(finding);
            }
        }
    }
}
