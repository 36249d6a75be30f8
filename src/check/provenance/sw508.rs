//! SW508: tags can move, or one was used twice.

use std::collections::BTreeSet;

use super::Case;
use super::expectation::fits_wildcard;
use super::sw506::{origin, unanswered};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, Mutability, RegistryAnswer};

/// SW508.
pub struct TagCanMove;

const META: CheckMeta = CheckMeta {
    id: "SW508",
    name: "tag-can-move",
    summary: "The repository lets the immutable tag move, or the same tag stands for another digest in another run.",
    why: "An immutable tag is immutable only if the registry makes it so; where it can be overwritten, a later push replaces what was approved.",
    fix: "Set the repository's imageTagMutability to IMMUTABLE (exclusion filters may name the convenience tags only), and never push another image under a tag that was used.",
    example: Example {
        fails: hidden!(
            r#"# the repository's tag mutability
"mutability": "MUTABLE","#
        ),
        mended: r#""mutability": "IMMUTABLE","#,
        silent: "A repository whose exclusions let convenience tags alone move, and a tag that two runs used for the same digest.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents, Reads::Registry],
    tags: &["provenance", "registry", "CWE-345"],
};

impl Check<Case<'_>> for TagCanMove {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        let by_registry = case.wants_registry() && case.expectations.immutable_tags;
        if by_registry || case.documents.siblings.is_some() { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        reused(case, context, answers);
        if !case.expectations.immutable_tags {
            return;
        }
        answers.not_checked.extend(unanswered(case, &META));
        let RegistryAnswer::Answered(facts) = &case.documents.registry else { return };
        let Some(tag) = case.need(&META, Field::ImageTag, answers) else { return };
        let any = |filters: &[String]| filters.iter().any(|f| fits_wildcard(f, &tag.value));
        let message = match &facts.mutability {
            Mutability::Immutable => return,
            Mutability::ImmutableExcept(filters) if !any(filters) => return,
            Mutability::MutableExcept(filters) if any(filters) => return,
            Mutability::Unknown(reason) => {
                let (what, reason) = ("tag mutability".to_owned(), reason.clone());
                answers.not_checked.push(NotChecked::new(origin(case), what, reason, vec![META.id]));
                return;
            }
            Mutability::Mutable => "the repository lets all its tags move",
            Mutability::ImmutableExcept(_) => "the repository's exclusion filters let this tag move",
            Mutability::MutableExcept(_) => "the repository lets this tag move: no exclusion filter names it",
        };
        answers.findings.push(case.finding(&META, context, origin(case), &["registry"], message.to_owned()));
    }
}

fn reused(case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
    if let Some(reason) = &case.documents.siblings_missed {
        answers.not_checked.push(NotChecked::new(
            case.origin(DocumentKind::Provenance),
            "other runs",
            reason.clone(),
            vec![META.id],
        ));
    }
    let (Some(siblings), Some(reading)) = (&case.documents.siblings, &case.provenance) else { return };
    let tag = case.need(&META, Field::ImageTag, answers);
    let digest = case.need(&META, Field::ImageDigest, answers);
    let (Some(tag), Some(digest)) = (tag, digest) else { return };
    let repository = reading.fields.text(Field::RepositoryUri).unwrap_or_default();
    let others: BTreeSet<&str> = siblings
        .iter()
        .filter(|s| Some(s.run_id.as_str()) != case.run_id())
        .filter(|s| s.repository == repository && s.image_tag == tag.value && s.image_digest != digest.value)
        .map(|s| s.run_id.as_str())
        .collect();
    let Some(first) = others.first() else { return };
    let more = if others.len() > 1 { format!(" and {} more", others.len() - 1) } else { String::new() };
    let message = format!(
        "the tag {} stands for another digest in the run {first}{more}: it was used twice",
        tag.value
    );
    let place = case.origin_at(DocumentKind::Provenance, tag.span);
    answers.findings.push(case.finding(&META, context, place, &["reused"], message));
}
