//! The documents of one run: had, compared, judged.

mod registry;

use super::{Outcome, Setup};
use crate::check::provenance::{ExaminedArtifacts, Signed, judge_documents};
use crate::check::{Context, Masker};
use crate::finding::{ArtifactRecord, Coverage, Subject};
use seaworthy_provenance::{Content, DocumentKind, RunDocuments};

pub use registry::RegistryAccess;
pub(in crate::scan) use registry::ask_registry;

/// What every reader of a verdict on unsigned documents must know.
pub const UNSIGNED: &str = "The documents are not signed: that they agree shows that they are consistent, not who wrote them. Anyone who can write one can write all.";

/// What a signature does not say.
pub const SIGNED: &str = "The signature vouches for the packaging provenance, and for the security evidence if the signed statement names it. Run header and receipt are not signed: they only agree with it.";

/// What a signature on a statement that does not name the provenance says, and what it does not.
pub const SIGNED_IMAGE: &str = "The signature vouches for the image's digest, and for the commit if the signed statement names one. It does not name the packaging provenance: what else the documents say is not signed.";

/// Verifies the documents of one run; `registry` says how the registry is asked, which it is not without; `examined` is
/// what a gate examined beside the documents.
pub fn verify(
    setup: &Setup<'_>,
    mut documents: RunDocuments,
    registry: Option<&RegistryAccess>,
    examined: Option<&ExaminedArtifacts>,
) -> Outcome {
    let masker = Masker::new(setup.rules);
    for kind in DocumentKind::ALL {
        // A run's ID may have the form of a token.
        let document = documents.document_mut(kind);
        document.name = masker.mask(&document.name);
    }
    let expectations = &setup.contract.documents;
    if let Some(access) = registry {
        documents.registry = ask_registry(&documents, expectations, access, setup.contract);
    }
    report(setup, &documents, examined)
}

/// Judges documents that were had and puts the report together. `examined` is for a gate, as in [`verify`].
pub fn report(setup: &Setup<'_>, documents: &RunDocuments, examined: Option<&ExaminedArtifacts>) -> Outcome {
    let context = Context::new(setup.rules, &setup.key);
    let judged = judge_documents(documents, &setup.contract.documents, examined, &context);
    let masker = Masker::new(setup.rules);
    let (artifacts, coverage) = records(documents);
    let mut outcome = super::verdict::conclude(setup, &masker, judged.answers, artifacts, coverage);
    let note = match judged.signed {
        Signed::Provenance => SIGNED,
        Signed::Image => SIGNED_IMAGE,
        Signed::Nothing => UNSIGNED,
    };
    outcome.report.notes.push(note.to_owned());
    outcome
}

fn records(documents: &RunDocuments) -> (Vec<ArtifactRecord>, Coverage) {
    let (mut records, mut coverage) = (Vec::new(), Coverage::default());
    for kind in DocumentKind::ALL {
        let document = documents.document(kind);
        let digest = match &document.content {
            Content::NotGiven | Content::Missing => continue,
            Content::TooLarge { .. } | Content::Unreadable(_) => {
                coverage.files_not_seen += 1;
                None
            }
            Content::Bytes(bytes) => {
                coverage.files += 1;
                coverage.bytes += bytes.len() as u64;
                Some(seaworthy_source::sha256_digest(bytes))
            }
        };
        records.push(ArtifactRecord {
            subject: Subject::Document,
            name: document.name.clone(),
            tags: vec![kind.as_str().to_owned()],
            platform: None,
            digest,
            config_digest: None,
            layers: 0,
        });
    }
    (records, coverage)
}
