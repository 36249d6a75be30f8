//! Questions about the papers of a run: whether they are there, well-formed, and say the same as each other, the
//! registry and the other runs. [`judge`] is a function of [`Papers`] alone: it reads no file, no clock and no network.

mod case;
mod expectation;
mod sw501;
mod sw502;
mod sw503;
mod sw504;
mod sw505;
mod sw506;
mod sw507;
mod sw508;
mod sw509;
mod sw510;
mod sw511;
mod sw512;
mod sw513;
mod sw514;

pub use case::{Case, Presence};
pub use expectation::{
    DigestValue, Expectations, Field, Form, HeaderPointers, KeyError, Layout, Mode, PublicKey, RegistryKind,
    TagPattern, fits_wildcard,
};

use super::{Answers, Check, Context};
use seaworthy_provenance::{Content, PaperKind, Papers, Reading, RegistryAnswer};

/// The checks on papers.
pub const ALL: &[&dyn for<'a> Check<Case<'a>>] = &[
    &sw501::MissingProvenance,
    &sw502::MalformedDocument,
    &sw503::TagOfAnotherCommit,
    &sw504::AnchorsDisagree,
    &sw505::HeaderDisagrees,
    &sw506::RegistryDisagrees,
    &sw507::MutableTag,
    &sw508::TagCanMove,
    &sw509::ReceiptInconsistent,
    &sw510::OtherRun,
    &sw511::TimesOutOfOrder,
    &sw512::BadSignature,
    &sw513::ConfigDigest,
    &sw514::SecurityEvidence,
];

/// What was found out about one run.
#[derive(Debug, Default)]
pub struct Judged {
    /// The checks that had something to look at, or should have had.
    pub asked: Vec<&'static str>,
    /// What they answered.
    pub answers: Answers,
    /// What a signature by a pinned key vouches for.
    pub signed: Signed,
}

/// What a signature vouches for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signed {
    /// There is none that can be trusted.
    #[default]
    Nothing,
    /// The image's digest, and the commit if the signed statement names one.
    Image,
    /// The packaging provenance, byte for byte.
    Provenance,
}

/// Judges the papers of one run.
pub fn judge(papers: &Papers, expectations: &Expectations, context: &Context<'_>) -> Judged {
    let case = Case::read(papers, expectations);
    let mut judged = Judged::default();
    for check in ALL {
        let id = check.meta().id;
        if applies(&case, id) {
            judged.asked.push(id);
            check.run(&case, context, &mut judged.answers);
        }
    }
    let is_about_another = judged.answers.findings.iter().any(|f| f.check == "SW512");
    judged.signed = match sw512::verified(&case) {
        Some(Ok(statement)) if !is_about_another => sw512::vouches(&case, &statement),
        _ => Signed::Nothing,
    };
    judged
}

/// Whether a check has something to look at, or should have. Where it is not asked, the report says so.
fn applies(case: &Case<'_>, id: &str) -> bool {
    let presence = |kind| case.presence(kind);
    let is_wanted = |kind| presence(kind) != Presence::NotAsked;
    let header_has_config = || {
        let root = case.header.as_ref().and_then(|h| h.root.as_ref());
        root.is_some_and(|r| {
            let pointers = &case.expectations.header;
            case.expectations.config_required
                || r.at(&pointers.config_digest).is_some()
                || r.at(&pointers.config_payload).is_some_and(sw513::is_payload)
        })
    };
    // A field that must be there and is not is told by the check itself.
    let has = |field| {
        let wanted = |r: &Reading| r.fields.get(field).is_some() || r.layout.requires(field);
        case.provenance.as_ref().is_some_and(wanted)
    };
    let registry = || case.papers.registry != RegistryAnswer::NotAsked || case.expectations.registry_required;
    match id {
        "SW501" => case.papers.provenance.content != Content::NotGiven,
        "SW502" => PaperKind::ALL.into_iter().any(|kind| {
            matches!(case.papers.paper(kind).content, Content::Bytes(_) | Content::TooLarge { .. })
        }),
        "SW505" => is_wanted(PaperKind::RunHeader),
        "SW506" => registry(),
        "SW508" => (registry() && case.expectations.immutable_tags) || case.papers.siblings.is_some(),
        "SW509" => is_wanted(PaperKind::Receipt),
        "SW512" => is_wanted(PaperKind::Attestation),
        "SW513" => header_has_config(),
        "SW514" => is_wanted(PaperKind::Security),
        _ if presence(PaperKind::Provenance) != Presence::Here => false,
        // What compares nothing must not count as passed.
        "SW503" => has(Field::ImageTag) && has(Field::GitSha),
        "SW504" => has(Field::OciDigestAlgorithm) || has(Field::ImageDigest) && has(Field::OciDigestValue),
        "SW507" => has(Field::ImageTag) || has(Field::ReferenceMode),
        "SW510" => has(Field::PlatformRunId) || has(Field::PhaseId),
        "SW511" => has(Field::BuildCompletedAt) || has(Field::WrittenAt),
        _ => true,
    }
}
