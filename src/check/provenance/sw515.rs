//! SW515: an attestation that came with the image contradicts the packaging provenance.

use super::commit::{self, CHANGED_TREE, CommitAnswer};
use super::{Case, ExaminedArtifacts, ImageAttestation};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, NotChecked, Reads, Severity, hidden};
use seaworthy_provenance::dsse;
use seaworthy_provenance::statement::Statement;
use seaworthy_provenance::{DocumentKind, Field};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// SW515.
pub struct AttestationContradicts;

const META: CheckMeta = CheckMeta {
    id: "SW515",
    name: "attestation-contradicts",
    summary: "An attestation that came with the image contradicts the packaging provenance: another image, commit or repository.",
    why: "The builder wrote down what it built while it built it. Where the packaging provenance says otherwise, one of the two is about another build.",
    fix: "Find out which of the two is right, build again from the recorded commit, and write the packaging provenance in the same run.",
    example: Example {
        fails: hidden!(
            r#"# the attestation of the image that was examined
"name": "app",
"digest": {
  "sha256": "3333333333333333333333333333333333333333333333333333333333333333"
}"#
        ),
        mended: r#"# EXAMINED is the digest of the image that was examined
"name": "app",
"digest": {
  "sha256": "EXAMINED"
}"#,
        silent: "Materials that are not the source repository: they are listed and not compared.",
    },
    severity: Severity::High,
    reads: &[Reads::Documents],
    tags: &["provenance", "CWE-345"],
};

/// What an attestation says that it is, if it is SLSA provenance.
const PROVENANCE: &str = "slsa.dev/provenance";

impl Check<Case<'_>> for AttestationContradicts {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        let examined = case.examined.is_some_and(|e| e.image.is_some());
        if examined { case.compares(&[Field::ImageDigest, Field::GitSha]) } else { Applies::NotRequested }
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let Some(examined) = case.examined else { return };
        for attestation in &examined.attestations {
            let origin = Origin {
                path: Some(escape_bytes(attestation.digest.as_bytes())),
                ..Origin::new(OriginKind::Attestation, attestation.image.clone())
            };
            let statement = match Statement::read(&attestation.bytes) {
                Ok(statement) => statement,
                Err(mistakes) if says_provenance(attestation) => {
                    let first = mistakes.first().map(|m| format!("{} {}", m.pointer, m.message));
                    let reason = format!("it cannot be read: {}", first.unwrap_or_default());
                    answers.not_checked.push(NotChecked::new(origin, "attestation", reason, vec![META.id]));
                    continue;
                }
                Err(_) => {
                    if let Some(wrapped) = dsse::wrapped(&attestation.bytes)
                        && wrapped.predicate_type.is_none_or(|kind| kind.contains(PROVENANCE))
                    {
                        let reason = "it is wrapped in a signed envelope (DSSE), which is not opened here: give it as the run's attestation";
                        answers.not_checked.push(NotChecked::new(
                            origin,
                            "attestation",
                            reason,
                            vec![META.id],
                        ));
                    }
                    // A list of packages or another kind of attestation.
                    continue;
                }
            };
            for (about, message) in contradictions(case, examined, &statement) {
                let about = [about, attestation.digest.as_str()];
                answers.findings.push(case.finding(&META, context, origin.clone(), &about, message));
            }
            let sha = case.provenance.as_ref().and_then(|r| r.fields.text(Field::GitSha));
            let own = case.expectations.source_repository.as_deref();
            let reason = match sha.map(|sha| commit::compare(&statement, sha, own)) {
                Some(CommitAnswer::Unknown(_)) => {
                    "it names no commit of the source, so it cannot be compared with the packaging provenance"
                        .to_owned()
                }
                Some(CommitAnswer::Changed) => format!("it says that the image was {CHANGED_TREE}"),
                _ => continue,
            };
            answers.not_checked.push(NotChecked::new(origin, "attestation", reason, vec![META.id]));
        }
    }
}

/// Whether an attestation that cannot be read says that it is SLSA provenance: where it was attached, or in its text.
fn says_provenance(attestation: &ImageAttestation) -> bool {
    let text = String::from_utf8_lossy(&attestation.bytes);
    attestation.kind.contains(PROVENANCE) || text.contains("predicateType") && text.contains(PROVENANCE)
}

fn contradictions(
    case: &Case<'_>,
    examined: &ExaminedArtifacts,
    statement: &Statement,
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let kind = DocumentKind::Provenance.as_str();
    let text = |field: Field| case.provenance.as_ref().and_then(|r| r.fields.text(field));
    // BuildKit's statements are about the platform's manifest; the provenance may name the index that leads to it.
    let is_named = |sha256: &str| {
        let is_it = |digest: &str| digest.strip_prefix("sha256:") == Some(sha256);
        text(Field::ImageDigest).is_some_and(is_it) || examined.image.iter().flatten().any(|d| is_it(d))
    };
    if !statement.subjects.iter().any(|(_, sha256)| is_named(sha256)) {
        found.push(("subject", "the attestation is about another image".to_owned()));
    }
    let own = case.expectations.source_repository.as_deref();
    if commit::is_other_repository(statement, own) {
        found.push(("repository", "the attestation names another repository than the contract's".to_owned()));
    }
    if let Some(sha) = text(Field::GitSha)
        && commit::compare(statement, sha, own) == CommitAnswer::Other
    {
        found.push((
            "commit",
            format!("the attestation names another commit than the {kind}, which has {sha}"),
        ));
    }
    found
}
