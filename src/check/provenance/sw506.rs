//! SW506: the registry resolves the tag to something else.

use super::Case;
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_provenance::{DocumentKind, Field, RegistryAnswer, Resolved};
use seaworthy_source::{Origin, OriginKind};

/// SW506.
pub struct RegistryDisagrees;

const META: CheckMeta = CheckMeta {
    id: "SW506",
    name: "registry-disagrees",
    summary: "The registry resolves the immutable tag to another digest than the recorded one, or to none.",
    why: "What runs is what the registry gives for the tag. If that is not what was recorded, the image was replaced, never pushed, or removed.",
    fix: "Stop. Find out who moved or removed the tag; build again under a new commit, and never push another image under a tag that was used.",
    example: Example {
        fails: hidden!(
            r#"# The registry resolves the tag to another digest than the one recorded in
"image_digest": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268","#
        ),
        mended: r#"# The registry resolves the tag to the digest recorded in
"image_digest": "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268","#,
        silent: "A registry that does not answer, or refuses: that is not checked.",
    },
    severity: Severity::Critical,
    reads: &[Reads::Documents, Reads::Registry],
    tags: &["provenance", "registry", "CWE-345", "CWE-494"],
};

/// The registry as an origin: the repository and tag that it was asked for.
pub(super) fn origin(case: &Case<'_>) -> Origin {
    let text = |field| case.provenance.as_ref().and_then(|r| r.fields.text(field)).unwrap_or("…");
    let name = format!("{}:{}", text(Field::RepositoryUri), text(Field::ImageTag));
    Origin::new(OriginKind::Registry, name)
}

/// Says that the registry gave no answer; both checks that ask it do.
pub(super) fn unanswered(case: &Case<'_>, meta: &CheckMeta) -> Option<NotChecked> {
    let reason = match &case.documents.registry {
        RegistryAnswer::Answered(_) => return None,
        RegistryAnswer::Unreachable(reason) => reason.clone(),
        RegistryAnswer::NotAsked if case.expectations.registry_required => {
            "the contract asks for the registry's answer, and it was not asked; add --registry".to_owned()
        }
        RegistryAnswer::NotAsked => return None,
    };
    Some(NotChecked::new(origin(case), "registry", reason, vec![meta.id]))
}

impl Check<Case<'_>> for RegistryDisagrees {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        if case.wants_registry() { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        answers.not_checked.extend(unanswered(case, &META));
        let RegistryAnswer::Answered(facts) = &case.documents.registry else { return };
        let Some(recorded) = case.need(&META, Field::ImageDigest, answers) else { return };
        let (about, message) = match &facts.resolved {
            Resolved::Digest(digest) if *digest == recorded.value => return,
            Resolved::Digest(digest) => {
                ("digest", format!("the tag resolves to {digest}, and {} is recorded", recorded.value))
            }
            Resolved::Nothing(why) => ("nothing", format!("the tag does not resolve: {why}")),
            Resolved::Contradiction(how) => {
                ("contradiction", format!("the registry contradicts itself: {how}"))
            }
        };
        let mut finding = case.finding(&META, context, origin(case), &[about], message);
        finding.add_place(case.origin_at(DocumentKind::Provenance, recorded.span));
        answers.findings.push(finding);
    }
}
