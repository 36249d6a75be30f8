//! SW503: the tag is not that of the commit.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field};

/// SW503.
pub struct TagOfAnotherCommit;

const META: CheckMeta = CheckMeta {
    id: "SW503",
    name: "tag-of-another-commit",
    summary: "The commit in the provenance does not give the immutable tag by the contract's pattern.",
    why: "The tag is how people and task definitions name the image; if it carries another commit, what is rolled back, reviewed or rebuilt is not what runs.",
    fix: "Build from the commit that the tag names, and derive the tag from the full commit in one place (by default `git-` and 40 hex digits).",
    example: Example {
        fails: hidden!(r#""image_tag": "git-4f1c2d3e5a6b","#),
        mended: r#""image_tag": "git-4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203","#,
        silent: "Other forms that the contract's tag pattern asks for.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

impl Check<Case<'_>> for TagOfAnotherCommit {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        match case.compares(&[Field::ImageTag]) {
            Applies::Asked => case.compares(&[Field::GitSha]),
            other => other,
        }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let tag = case.need(&META, Field::ImageTag, answers);
        let sha = case.need(&META, Field::GitSha, answers);
        let (Some(tag), Some(_)) = (tag, sha) else { return };
        let pattern = &case.expectations.tag_pattern;
        let fields = case.provenance.as_ref().map(|r| &r.fields);
        let value = |field: Field| fields.and_then(|f| f.text(field)).map(str::to_owned);
        let wanted = match pattern.tag(value) {
            Ok(wanted) => wanted,
            Err(missing) => {
                let reason =
                    format!("the tag's pattern holds {{{0}}}, and the provenance has no {0}", missing.name());
                answers.not_checked.push(case.not_checked(&META, DocumentKind::Provenance, reason));
                return;
            }
        };
        if tag.value == wanted {
            return;
        }
        let message =
            format!("the tag is {} and, by the pattern {}, must be {wanted}", tag.value, pattern.text());
        let origin = case.origin_at(DocumentKind::Provenance, tag.span);
        answers.findings.push(case.finding(&META, context, origin, &["tag"], message));
    }
}
