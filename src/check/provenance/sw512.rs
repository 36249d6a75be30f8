//! SW512: the signature.

use super::commit::{self, CHANGED_TREE, CommitAnswer};
use super::{Case, Presence, Signed};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Reads, Severity, hidden};
use seaworthy_provenance::dsse::Envelope;
use seaworthy_provenance::statement::{BUILD_TYPE, PARAMETERS, Statement};
use seaworthy_provenance::{DocumentKind, Field};

/// SW512.
pub struct BadSignature;

const META: CheckMeta = CheckMeta {
    id: "SW512",
    name: "signature",
    summary: "The signed statement about the image is missing, not signed by a pinned key, or about something else.",
    why: "Unsigned documents only agree with each other: anyone who can write one can write all. A signature by a key that the contract pins says who vouches for them.",
    fix: "Sign with `seaworthy attest --provenance … --key …` (or cosign) where the image is built, with a key whose public half stands in the contract's [[signature.keys]].",
    example: Example {
        fails: hidden!(
            r#"# no packaging_provenance.dsse.json lies beside the provenance
[signature]
required = true"#
        ),
        mended: r#"# packaging_provenance.dsse.json is there, about this image and signed by this key
[signature]
required = true
[[signature.keys]]
id = "build""#,
        silent: "A signature that is given and not asked for. The statement is compared with image, tag, repository, commit, run and provenance; what it does not say is not checked.",
    },
    severity: Severity::Critical,
    reads: &[Reads::Documents],
    tags: &["provenance", "signature", "CWE-347"],
};

/// What the signature of a case vouches for, given what this check answered about it.
pub(super) fn signed(case: &Case<'_>, answers: &Answers) -> Signed {
    if answers.findings.iter().any(|f| f.check == META.id) {
        return Signed::Nothing;
    }
    match verified(case) {
        Some(Ok(statement)) => vouches(case, &statement),
        _ => Signed::Nothing,
    }
}

/// The verified statement, if there is one.
fn verified(case: &Case<'_>) -> Option<Result<Statement, String>> {
    let bytes = case.documents.attestation.bytes()?;
    let read = || {
        let envelope = Envelope::read(bytes).map_err(|e| e.to_string())?;
        let payload = envelope.verified(&case.expectations.keys).map_err(|e| e.to_string())?;
        // The mistakes' spans point into the payload, which no editor shows.
        Statement::read(payload).map_err(|mistakes| {
            let first = mistakes.first().map(|m| format!("{} {}", m.pointer, m.message));
            format!("the statement is malformed: {}", first.unwrap_or_default())
        })
    };
    Some(read())
}

/// What a verified statement that differs in nothing vouches for: only one of our own build type must name the
/// provenance by its digest.
fn vouches(case: &Case<'_>, statement: &Statement) -> Signed {
    let kind = DocumentKind::Provenance;
    let digest = case.documents.document(kind).bytes().map(hex_digest);
    let named =
        |(name, sha256): &(String, String)| name == kind.file_name() && Some(sha256) == digest.as_ref();
    if statement.byproducts.iter().any(named) { Signed::Provenance } else { Signed::Image }
}

fn hex_digest(bytes: &[u8]) -> String {
    seaworthy_source::sha256_hex(bytes)
}

impl Check<Case<'_>> for BadSignature {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, case: &Case<'_>, _: &Context<'_>) -> Applies {
        case.wants(DocumentKind::Attestation)
    }

    fn run(&self, case: &Case<'_>, context: &Context<'_>, answers: &mut Answers) {
        let kind = DocumentKind::Attestation;
        if case.presence(kind) == Presence::Here && case.expectations.keys.is_empty() {
            let reason = "the contract pins no keys that its signature could be verified with";
            answers.not_checked.push(case.not_checked(&META, kind, reason));
            return;
        }
        let missing = "the contract asks for a signed statement, and there is none";
        if !case.can_ask(&META, kind, Some(missing), context, answers) {
            return;
        }
        let wrong = match verified(case) {
            None => return,
            Some(Err(reason)) => vec![("envelope", reason)],
            Some(Ok(statement)) => differences(case, &statement, answers),
        };
        for (about, message) in wrong {
            answers.findings.push(case.finding(&META, context, case.origin(kind), &[about], message));
        }
    }
}

/// Where the signed statement says something else than the documents.
fn differences(case: &Case<'_>, statement: &Statement, answers: &mut Answers) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let mut differ = |about, message: &str| wrong.push((about, message.to_owned()));
    let fields = case.provenance.as_ref().map(|r| &r.fields);
    let text = |field: Field| fields.and_then(|f| f.text(field));
    let is_ours = statement.build_type == BUILD_TYPE;
    if let Some(digest) = case.need(&META, Field::ImageDigest, answers) {
        let hex = digest.value.split_once(':').map_or("", |(_, hex)| hex);
        let repository = text(Field::RepositoryUri);
        let mut about = statement.subjects.iter().filter(|(_, sha256)| sha256 == hex).peekable();
        if about.peek().is_none() {
            differ("subject", "what was signed is about another image: no subject has the recorded digest");
        } else if is_ours && repository.is_some() && !about.any(|(name, _)| Some(name.as_str()) == repository)
        {
            differ("subject", "what was signed is about another repository");
        }
    }
    let own_repository = case.expectations.source_repository.as_deref();
    if commit::is_other_repository(statement, own_repository) {
        differ("repository", "what was signed was built from another repository than the contract's");
    }
    if let Some(sha) = text(Field::GitSha) {
        match commit::compare(statement, sha, own_repository) {
            CommitAnswer::Same => {}
            CommitAnswer::Other => differ("commit", "what was signed names another commit"),
            CommitAnswer::Changed => {
                let reason = format!("what was signed was {CHANGED_TREE}");
                answers.not_checked.push(case.not_checked(&META, DocumentKind::Attestation, &reason));
            }
            // A statement of our own always names it.
            CommitAnswer::Unknown(_) if is_ours => differ("commit", "what was signed names no commit"),
            CommitAnswer::Unknown(others) => {
                let others = if others.is_empty() {
                    String::new()
                } else {
                    format!("; it names commits of {}", others.join(", "))
                };
                let reason = format!(
                    "what was signed names no commit of the source, so it cannot be compared{others}"
                );
                answers.not_checked.push(case.not_checked(&META, DocumentKind::Attestation, reason));
            }
        }
    }
    if !is_ours {
        return wrong;
    }
    if statement.invocation.as_deref() != text(Field::PlatformRunId) {
        differ("run", "what was signed names another run");
    }
    let value = |name: &str| statement.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    for (field, name) in PARAMETERS {
        if value(name) != text(field) {
            differ(field.name(), &format!("what was signed has another {name}"));
        }
    }
    if statement.parameters.iter().any(|(name, _)| !PARAMETERS.iter().any(|(_, known)| known == name)) {
        differ("parameters", "what was signed has external parameters that its build type does not know");
    }
    for kind in [DocumentKind::Provenance, DocumentKind::Security] {
        let Some(bytes) = case.documents.document(kind).bytes() else { continue };
        let digest = hex_digest(bytes);
        let signed = statement.byproducts.iter().find(|(name, _)| name == kind.file_name());
        match signed {
            Some((_, sha256)) if *sha256 == digest => {}
            // The evidence may be written after the signature.
            None if kind == DocumentKind::Security => {}
            _ => differ(kind.as_str(), &format!("the {} is not the one that was signed for", kind.as_str())),
        }
    }
    wrong
}
