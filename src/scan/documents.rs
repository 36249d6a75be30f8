//! The documents of one run, as its store has them: every document that the layout names, and what other runs say of the
//! same tag.

use super::verify::verify;
use super::{Outcome, RegistryAccess, ScanError, Setup};
use crate::check::provenance::ExaminedArtifacts;
use crate::store::{Document, Layout, Object, Store, StoreError};
use seaworthy_provenance::{Content, DocumentKind, Field, RunDocuments, Sibling, read_fields};
use seaworthy_source::{Key, RunId};

/// Most other runs that are looked at for a tag that was used twice: in a bucket, each costs a request.
const SIBLINGS: usize = 1_000;

/// A run's place in a store.
#[derive(Clone, Copy)]
pub struct StoredRun<'a> {
    /// The store.
    pub store: &'a Store,
    /// The keys in it.
    pub layout: &'a Layout,
    /// The run.
    pub run: &'a RunId,
}

/// Which documents a gate judges, and when.
pub struct DocumentsRequest<'a> {
    /// Where they are.
    pub stored: StoredRun<'a>,
    /// How the registry is asked; it is not without.
    pub registry: Option<RegistryAccess>,
    /// The moment that they are judged at.
    pub now: jiff::Timestamp,
    /// What the gate examined before.
    pub examined: &'a ExaminedArtifacts,
}

/// Judges the documents of a run that a gate examines. The security evidence is what the gate will write, so it is not
/// read; whether the examined image and Dockerfile are those that were packaged is judged in its place.
///
/// # Errors
/// If the run has no keys. What cannot be read is in the report.
pub fn documents(setup: &Setup<'_>, request: &DocumentsRequest<'_>) -> Result<Outcome, ScanError> {
    let mut documents = stored(setup, request.stored, Security::Left)?;
    documents.now = request.now;
    Ok(verify(setup, documents, request.registry.as_ref(), Some(request.examined)))
}

/// What is done about a run's security evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It is one of the documents.
    Read,
    /// It is left alone: a gate is about to write it.
    Left,
}

/// Reads a run's documents, and what other runs say of their images. The moment is still to be filled in.
///
/// # Errors
/// If the run has no keys. What cannot be read is a document's content.
pub fn stored(
    setup: &Setup<'_>,
    place: StoredRun<'_>,
    security: Security,
) -> Result<RunDocuments, ScanError> {
    let StoredRun { store, layout, run } = place;
    let mut documents = RunDocuments {
        run_id: Some(run.to_string()),
        phase_id: Some(layout.phase.as_str().to_owned()),
        ..RunDocuments::default()
    };
    let provenance = layout.key(Document::Provenance, run)?;
    let mut keys = vec![
        (DocumentKind::Provenance, provenance.clone()),
        (DocumentKind::Receipt, layout.key(Document::Receipt, run)?),
        (DocumentKind::RunHeader, layout.key(Document::RunHeader, run)?),
    ];
    if security == Security::Read {
        keys.push((DocumentKind::Security, layout.key(Document::Security, run)?));
    }
    // The envelope lies beside what it signs.
    let signed = provenance.beside(|_| DocumentKind::Attestation.file_name().to_owned()).ok();
    for (kind, key) in keys.into_iter().chain(signed.map(|key| (DocumentKind::Attestation, key))) {
        let document = documents.document_mut(kind);
        document.name = store.place(&key);
        document.content = content(store, &key, kind.limit());
    }
    let (found, missed) = siblings(setup, place);
    (documents.siblings, documents.siblings_missed) = (Some(found), missed);
    Ok(documents)
}

/// A document's content by its key.
pub fn content(store: &Store, key: &Key, limit: u64) -> Content {
    match store.get(key) {
        Ok(None) => Content::Missing,
        Ok(Some(Object { bytes, .. })) if bytes.len() as u64 > limit => Content::TooLarge { limit },
        Ok(Some(Object { bytes, .. })) => Content::Bytes(bytes),
        Err(StoreError::TooLarge { .. }) => Content::TooLarge { limit },
        Err(error) => Content::Unreadable(error.to_string()),
    }
}

/// What other runs say of their images, and why some were not looked at. Those whose provenance is missing or malformed
/// say nothing: they are judged when they are asked about themselves.
fn siblings(setup: &Setup<'_>, place: StoredRun<'_>) -> (Vec<Sibling>, Option<String>) {
    let StoredRun { store, layout, run } = place;
    let runs = match store.runs(layout) {
        Ok(runs) => runs,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let others: Vec<RunId> = runs.ids.into_iter().filter(|id| id != run).collect();
    let mut missed = (runs.more || others.len() > SIBLINGS)
        .then(|| format!("there are more than {SIBLINGS} other runs; the rest was not looked at"));
    let expectations = &setup.contract.documents;
    let mut found = Vec::new();
    for id in others.into_iter().take(SIBLINGS) {
        let Ok(key) = layout.key(Document::Provenance, &id) else { continue };
        let bytes = match store.get(&key) {
            Ok(Some(object)) => object.bytes,
            Ok(None) => continue,
            // That is a fault of the other run, as a malformed document is.
            Err(StoreError::Link { .. } | StoreError::NotAFile { .. } | StoreError::TooLarge { .. }) => {
                continue;
            }
            Err(error) => {
                missed.get_or_insert_with(|| error.to_string());
                continue;
            }
        };
        let fields = read_fields(&bytes, &expectations.provenance, &expectations.profiles).fields;
        let text = |field| fields.text(field).map(str::to_owned);
        if let (Some(repository), Some(image_tag), Some(image_digest)) =
            (text(Field::RepositoryUri), text(Field::ImageTag), text(Field::ImageDigest))
        {
            found.push(Sibling { repository, image_tag, image_digest, run_id: id.to_string() });
        }
    }
    (found, missed)
}
