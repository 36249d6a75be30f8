//! Questions about the documents of a run: whether they are there, well-formed, and say the same as each other, the
//! registry and the other runs. [`judge_documents`] is a function of [`RunDocuments`] alone: it reads no file, no clock and no network.

mod case;
mod commit;
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
mod sw515;
mod sw516;

pub use case::{Case, ExaminedArtifacts, ImageAttestation, Presence, RecipeDifference};
pub use expectation::{
    DigestValue, Expectations, Field, Form, HeaderPointers, KeyError, Layout, Mode, PublicKey, RegistryKind,
    TagPattern, fits_wildcard,
};

use super::{Answers, Check, Context, run_checks};
use seaworthy_provenance::RunDocuments;

/// The check that finds a run without packaging provenance.
pub const PROVENANCE_MISSING: &str = sw501::META.id;

/// The check that compares the image's history with the Dockerfile.
pub const OTHER_RECIPE: &str = sw516::META.id;

/// The checks on documents.
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

/// The checks that compare documents with an image that was examined beside them, as a gate does.
pub const WITH_IMAGE: &[&dyn for<'a> Check<Case<'a>>] =
    &[&sw515::AttestationContradicts, &sw516::OtherRecipe];

/// What was found out about one run.
#[derive(Debug, Default)]
pub struct Judged {
    /// What the checks answered.
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

/// Judges the documents of one run. `examined` is what a gate examined beside them.
pub fn judge_documents(
    documents: &RunDocuments,
    expectations: &Expectations,
    examined: Option<&ExaminedArtifacts>,
    context: &Context<'_>,
) -> Judged {
    let case = Case::read(documents, expectations, examined);
    let mut answers = Answers::default();
    run_checks(ALL, &case, context, &mut answers);
    run_checks(WITH_IMAGE, &case, context, &mut answers);
    let signed = sw512::signed(&case, &answers);
    Judged { answers, signed }
}
