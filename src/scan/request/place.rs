//! Where a run's documents are kept: the contract's store, opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::contract::{Bucket, Contract};
use crate::scan::ScanError;
use crate::store::{
    BucketOptions as Options, Directory, Document, Encryption, Layout, Store, StoreError, Stored,
};
use seaworthy_source::{Key, PhaseId, RunId};

/// A run's place in the store.
pub struct Place {
    /// The store.
    pub store: Store,
    /// The keys in it.
    pub layout: Layout,
    keys: BTreeMap<Document, Key>,
    security: Key,
}

/// The keys of the contract's documents.
///
/// # Errors
/// If the contract's phase cannot be part of a key.
pub fn layout(contract: &Contract) -> Result<Layout, ScanError> {
    let (evidence, keys) = (&contract.evidence, &contract.evidence.keys);
    let phase = PhaseId::parse(&evidence.phase_id);
    let phase = phase.map_err(|rule| ScanError::Request(format!("evidence.phase_id {rule}")))?;
    let patterns = BTreeMap::from([
        (Document::Provenance, keys.provenance.clone()),
        (Document::Receipt, keys.receipt.clone()),
        (Document::Security, keys.security.clone()),
        (Document::RunHeader, keys.run.clone()),
    ]);
    Ok(Layout { phase, patterns })
}

/// The contract's store; `endpoint` takes precedence over the contract's.
///
/// # Errors
/// If the store cannot be reached this way.
pub fn store(contract: &Contract, endpoint: Option<&str>) -> Result<Store, ScanError> {
    let Some(own) = &contract.evidence.bucket else {
        if endpoint.is_some() {
            let reason = "--endpoint-url is for a contract whose evidence.store is a bucket (s3://…)";
            return Err(ScanError::Request(reason.to_owned()));
        }
        return Ok(Store::Directory(Directory::new(&contract.evidence.directory)));
    };
    let encryption = match own.sse.as_deref() {
        Some("aws:kms") => Some(Encryption::Kms(own.kms_key_id.clone())),
        Some(_) => Some(Encryption::S3),
        None => None,
    };
    let reached = reached(&own.name, &own.prefix, Some(own), contract, endpoint)?;
    Ok(Store::bucket(Options { encryption, path_style: own.path_style, ..reached })?)
}

/// A bucket that was named as `s3://NAME/…`. The contract knows how its own bucket is reached; of another it knows
/// nothing.
///
/// # Errors
/// If the name is not that of a bucket, or the endpoint holds a login.
pub fn bucket(
    name: &str,
    prefix: &str,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<Store, ScanError> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(ScanError::Request("expected s3://BUCKET or s3://BUCKET/PREFIX".to_owned()));
    }
    let own = contract.evidence.bucket.as_ref().filter(|own| own.name == name);
    Ok(Store::bucket(reached(name, prefix, own, contract, endpoint)?)?)
}

/// How a bucket is reached for reading.
fn reached(
    name: &str,
    prefix: &str,
    own: Option<&Bucket>,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<Options, ScanError> {
    let endpoint = endpoint.map(str::to_owned).or_else(|| own.and_then(|o| o.endpoint.clone()));
    if endpoint.as_deref().is_some_and(|e| e.contains('@')) {
        return Err(ScanError::Request(
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

impl Place {
    /// The newest runs of the store, if `run` is none of them: a mistyped ID is not one whose documents are missing.
    pub fn runs_beside(&self, run: &RunId) -> Option<String> {
        let known = self.store.runs(&self.layout).ok()?;
        let is_other = !known.ids.is_empty() && !known.ids.contains(run);
        is_other.then(|| super::documents::unknown_run(run, &self.store, &self.layout))
    }

    /// Opens the place of a run.
    ///
    /// # Errors
    /// If the contract's store cannot be reached, or the run has no keys in it.
    pub fn open(contract: &Contract, run: &RunId, endpoint: Option<&str>) -> Result<Self, ScanError> {
        let layout = layout(contract)?;
        let mut keys = BTreeMap::new();
        for document in Document::ALL {
            keys.insert(document, layout.key(document, run)?);
        }
        let security = layout.key(Document::Security, run)?;
        Ok(Self { store: store(contract, endpoint)?, layout, keys, security })
    }

    /// The place of the evidence, for people.
    pub fn evidence(&self) -> String {
        self.store.place(&self.security)
    }

    /// The files that the run's documents are in, if the store is a directory.
    pub fn files(&self) -> Vec<PathBuf> {
        let root = self.store.directory().map(Directory::root);
        let files = root.map(|root| self.keys.values().map(|key| root.join(key.as_str())).collect());
        files.unwrap_or_default()
    }

    /// Stores the evidence.
    ///
    /// # Errors
    /// If it cannot be written, or other evidence is there and `replace` is not set.
    pub fn put(&self, bytes: &[u8], replace: bool) -> Result<Stored, StoreError> {
        self.store.put_evidence(&self.security, bytes, replace)
    }
}
