//! What `verify` examines.

use std::path::PathBuf;

use seaworthy_provenance::{Content, DocumentKind, RunDocument, RunDocuments, read_named};
use seaworthy_source::{Key, RunId};

use super::{bucket, layout, refused, store};
use crate::contract::{Contract, EvidenceSection};
use crate::scan::{ScanError, Security, Setup, StoredRun, content, stored};
use crate::store::{Layout, Store};

/// Runs that a message names.
const NEWEST: usize = 3;

/// The documents of a run, as they were given: files, or objects `s3://BUCKET/KEY`.
#[derive(Clone, Debug, Default)]
pub struct DocumentFiles {
    /// The run; needed where no provenance is named.
    pub run_id: Option<String>,
    /// The packaging provenance. Without it, all documents are read by the run's ID from the contract's store.
    pub provenance: Option<PathBuf>,
    /// The run header.
    pub run_header: Option<PathBuf>,
    /// The build receipt.
    pub receipt: Option<PathBuf>,
    /// The security evidence.
    pub security: Option<PathBuf>,
    /// A signed statement.
    pub attestation: Option<PathBuf>,
    /// The address of S3.
    pub endpoint: Option<String>,
}

/// Reads the documents that were named, or those of the run in the contract's store.
///
/// # Errors
/// If a named document is not there, or the store cannot be reached. What cannot be read is a document's content.
pub fn documents(files: &DocumentFiles, setup: &Setup<'_>) -> Result<RunDocuments, ScanError> {
    let contract = setup.contract;
    let endpoint = files.endpoint.as_deref();
    let Some(provenance) = &files.provenance else {
        let run = RunId::parse(files.run_id.as_deref().unwrap_or_default());
        let run = run.map_err(|rule| refused(format!("a run's ID {rule}")))?;
        let is_bucket = contract.evidence.bucket.is_some();
        let directory = &contract.evidence.directory;
        if !is_bucket && !directory.is_dir() {
            return Err(refused(format!("{}: there is no such directory of evidence", directory.display())));
        }
        let (store, layout) = (store(contract, endpoint.filter(|_| is_bucket))?, layout(contract)?);
        let place = StoredRun { store: &store, layout: &layout, run: &run };
        let documents = stored(setup, place, Security::Read)?;
        let kinds = [
            DocumentKind::Provenance,
            DocumentKind::Receipt,
            DocumentKind::RunHeader,
            DocumentKind::Security,
        ];
        if kinds.iter().all(|kind| documents.document(*kind).content == Content::Missing) {
            return Err(refused(unknown_run(&run, &store, &layout)));
        }
        return Ok(documents);
    };
    let named = [
        (DocumentKind::Provenance, Some(provenance)),
        (DocumentKind::RunHeader, files.run_header.as_ref()),
        (DocumentKind::Receipt, files.receipt.as_ref()),
        (DocumentKind::Security, files.security.as_ref()),
        (DocumentKind::Attestation, files.attestation.as_ref()),
    ];
    // Of documents that lie anywhere, a phase is known only if the contract names one.
    let phase_id = Some(contract.evidence.phase_id.clone()).filter(|p| p != EvidenceSection::PHASE_ID);
    let mut documents = RunDocuments { run_id: files.run_id.clone(), phase_id, ..RunDocuments::default() };
    for (kind, path) in named.into_iter().filter_map(|(kind, path)| Some((kind, path?))) {
        let document = match path.to_str().and_then(|text| text.strip_prefix("s3://")) {
            Some(object) => object_of(kind, object, contract, endpoint)?,
            None => read_named(kind, path),
        };
        if document.content == Content::Missing {
            return Err(refused(format!("{}: no such file", document.name)));
        }
        *documents.document_mut(kind) = document;
    }
    Ok(documents)
}

/// What is said of a run that has no document at all: which runs there are.
pub(super) fn unknown_run(run: &RunId, store: &Store, layout: &Layout) -> String {
    let mut known: Vec<String> =
        store.runs(layout).map(|r| r.ids.iter().map(ToString::to_string).collect()).unwrap_or_default();
    // IDs of runs begin or end with a time, so that the last by name is the newest of its kind.
    known.sort();
    known.reverse();
    let list = known.iter().take(NEWEST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match known.is_empty() {
        true => format!("there is no document of the run {run}, and no other run"),
        false => format!("there is no document of the run {run}; the newest runs are {list}"),
    }
}

/// A document in a bucket, named as `BUCKET/KEY`.
fn object_of(
    kind: DocumentKind,
    object: &str,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<RunDocument, ScanError> {
    let name = format!("s3://{object}");
    let fail = |reason: &str| refused(format!("{name}: {reason}"));
    let (bucket_name, key) = object.split_once('/').ok_or_else(|| fail("expected s3://BUCKET/KEY"))?;
    let key = Key::parse(key).map_err(|rule| fail(&format!("the key {rule}")))?;
    let store = bucket(bucket_name, "", contract, endpoint).map_err(|e| fail(&e.to_string()))?;
    Ok(RunDocument { content: content(&store, &key, kind.limit()), name })
}
