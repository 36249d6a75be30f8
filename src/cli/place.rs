//! Where a run's documents are: the contract's store, opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::Failure;
use crate::contract::{Bucket, Contract};
use crate::store::s3::{Encryption, Options, S3};
use crate::store::{Directory, Document, Layout, Store, StoreError, Stored};
use seaworthy_source::{Key, PhaseId, RunId};

/// A run's place in the store.
pub(super) struct Place {
    pub(super) store: Store,
    pub(super) layout: Layout,
    keys: BTreeMap<Document, Key>,
    security: Key,
}

/// The keys of the contract's documents.
pub(super) fn layout(contract: &Contract) -> Result<Layout, Failure> {
    let (evidence, keys) = (&contract.evidence, &contract.evidence.keys);
    let phase = PhaseId::parse(&evidence.phase_id);
    let phase = phase.map_err(|rule| Failure(format!("evidence.phase_id {rule}")))?;
    let patterns = BTreeMap::from([
        (Document::Provenance, keys.provenance.clone()),
        (Document::Receipt, keys.receipt.clone()),
        (Document::Security, keys.security.clone()),
        (Document::RunHeader, keys.run.clone()),
    ]);
    Ok(Layout { phase, patterns })
}

/// The contract's store; `endpoint` goes before the contract's.
pub(super) fn store(contract: &Contract, endpoint: Option<&str>) -> Result<Store, Failure> {
    let Some(own) = &contract.evidence.bucket else {
        if endpoint.is_some() {
            let reason = "--endpoint-url is for a contract whose evidence.store is a bucket (s3://…)";
            return Err(Failure(reason.to_owned()));
        }
        return Ok(Store::Directory(Directory::new(&contract.evidence.directory)));
    };
    let encryption = match own.sse.as_deref() {
        Some("aws:kms") => Some(Encryption::Kms(own.kms_key_id.clone())),
        Some(_) => Some(Encryption::S3),
        None => None,
    };
    let reached = reached(&own.name, &own.prefix, Some(own), contract, endpoint)?;
    Ok(Store::S3(S3::open(Options { encryption, path_style: own.path_style, ..reached })?))
}

/// A bucket that was named as `s3://NAME/…`. The contract knows how its own bucket is reached; of another it knows
/// nothing.
pub(super) fn bucket(
    name: &str,
    prefix: &str,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<Store, Failure> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(Failure("expected s3://BUCKET or s3://BUCKET/PREFIX".to_owned()));
    }
    let own = contract.evidence.bucket.as_ref().filter(|own| own.name == name);
    Ok(Store::S3(S3::open(reached(name, prefix, own, contract, endpoint)?)?))
}

/// How a bucket is reached for reading.
fn reached(
    name: &str,
    prefix: &str,
    own: Option<&Bucket>,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<Options, Failure> {
    let endpoint = endpoint.map(str::to_owned).or_else(|| own.and_then(|o| o.endpoint.clone()));
    if endpoint.as_deref().is_some_and(|e| e.contains('@')) {
        return Err(Failure(
            "--endpoint-url must not hold a login: credentials come from the environment".into(),
        ));
    }
    Ok(Options {
        bucket: name.to_owned(),
        prefix: prefix.to_owned(),
        path_style: own.is_some_and(|o| o.path_style) || endpoint.is_some(),
        region: own.and_then(|o| o.region.clone()),
        endpoint,
        encryption: None,
        timeout_seconds: contract.limits.registry_timeout_seconds,
    })
}

/// Opens the place of a run.
pub(super) fn open(contract: &Contract, run: &RunId, endpoint: Option<&str>) -> Result<Place, Failure> {
    let layout = layout(contract)?;
    let mut keys = BTreeMap::new();
    for document in Document::ALL {
        keys.insert(document, layout.key(document, run)?);
    }
    let security = layout.key(Document::Security, run)?;
    Ok(Place { store: store(contract, endpoint)?, layout, keys, security })
}

impl Place {
    /// The place of the evidence, for people.
    pub(super) fn evidence(&self) -> String {
        self.store.place(&self.security)
    }

    /// The files that the run's documents are in, if the store is a folder.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match &self.store {
            Store::Directory(directory) => {
                self.keys.values().map(|key| directory.root().join(key.as_str())).collect()
            }
            Store::S3(_) => Vec::new(),
        }
    }

    /// Stores the evidence.
    pub(super) fn put(&self, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
        self.store.put_evidence(&self.security, bytes, replace)
    }
}
