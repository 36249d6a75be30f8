//! The documents of many runs: which there are, and their content, with as few requests as a store allows.

#[cfg(feature = "aws")]
mod bucket;

use std::collections::HashMap;

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::finding::{EarlierEvidence, Verdict};
use crate::store::{Document, Layout, Runs, Store, StoreError};
use seaworthy_provenance::{Content, DocumentKind, RunDocument, read_inside};
use seaworthy_source::{Key, RunId};

/// Runs whose documents are held in memory at a time.
const RUNS: usize = 64;

/// The same where no one knows how large the documents are.
const RUNS_UNSEEN: usize = 16;

/// Bytes of documents that are held in memory at a time, where sizes are known.
const BYTES: u64 = 128 << 20;

/// Replaced evidence of one run that is looked at.
const MAX_EARLIER: usize = 20;

/// Where the documents are.
pub(super) struct Source<'a> {
    store: &'a Store,
    layout: &'a Layout,
    pool: &'a ThreadPool,
    /// The size of each object, by its key, if all were listed.
    sizes: Option<HashMap<String, u64>>,
}

impl<'a> Source<'a> {
    /// Lists the runs.
    pub(super) fn list(
        store: &'a Store,
        layout: &'a Layout,
        pool: &'a ThreadPool,
    ) -> Result<(Self, Runs), StoreError> {
        #[cfg(feature = "aws")]
        if let Store::S3(s3) = store {
            return Self::list_bucket(s3, store, layout, pool);
        }
        Ok((Self { store, layout, pool, sizes: None }, store.runs(layout)?))
    }

    /// The key of a document.
    pub(super) fn key(&self, kind: DocumentKind, run: &RunId) -> Result<Key, StoreError> {
        let document = match kind {
            DocumentKind::Provenance | DocumentKind::Attestation => Document::Provenance,
            DocumentKind::RunHeader => Document::RunHeader,
            DocumentKind::Receipt => Document::Receipt,
            DocumentKind::Security => Document::Security,
        };
        let key = self.layout.key(document, run)?;
        if kind != DocumentKind::Attestation {
            return Ok(key);
        }
        let what = "the key of a run's attestation";
        key.beside(|_| kind.file_name().to_owned()).map_err(|source| StoreError::Key { what, source })
    }

    /// The phases that a run has directories of.
    pub(super) fn phases(&self, run: &RunId) -> Result<Vec<String>, StoreError> {
        let key = self.key(DocumentKind::Provenance, run)?;
        let phase = self.layout.phase.as_str();
        let Some(at) = key.as_str().split('/').position(|part| part == phase) else { return Ok(Vec::new()) };
        let directory: String = key.as_str().split('/').take(at).map(|part| format!("{part}/")).collect();
        let entries = self.store.entries(&directory)?;
        Ok(entries.names.into_iter().filter(|name| !entries.files.contains(name)).collect())
    }

    /// The run's evidence that later evidence replaced, in the order in which it was, and whether there is more. That
    /// of a bucket is only named.
    pub(super) fn earlier(&self, run: &RunId) -> (Vec<EarlierEvidence>, bool) {
        let Ok(key) = self.key(DocumentKind::Security, run) else { return (Vec::new(), false) };
        let mut found = Vec::new();
        for n in 1..=MAX_EARLIER + 1 {
            let rename =
                |name: &str| format!("{}.replaced-{n}.json", name.strip_suffix(".json").unwrap_or(name));
            let Ok(kept) = key.beside(rename) else { break };
            let mut earlier = EarlierEvidence { file: kept.to_string(), verdict: None, written_at: None };
            #[allow(unreachable_patterns, reason = "without the feature `aws` a directory is the only store")]
            match (self.store, &self.sizes) {
                (Store::Directory(directory), _) => {
                    match read_inside(DocumentKind::Security, directory.root(), kept.as_str()).content {
                        Content::Missing => break,
                        Content::Bytes(bytes) => {
                            let document: serde_json::Value =
                                serde_json::from_slice(&bytes).unwrap_or_default();
                            let text = |key: &str| document.get(key).and_then(serde_json::Value::as_str);
                            let verdict = |word: &str| {
                                [Verdict::Pass, Verdict::Fail, Verdict::Incomplete]
                                    .into_iter()
                                    .find(|v| v.as_str().eq_ignore_ascii_case(word))
                            };
                            earlier.verdict = text("verdict").and_then(verdict);
                            earlier.written_at = text("written_at_utc").and_then(|at| at.parse().ok());
                        }
                        // Behind a link, say, nothing is read, so that every name looks unreadable.
                        _ if std::fs::symlink_metadata(directory.root().join(kept.as_str())).is_err() => {
                            break;
                        }
                        _ => {}
                    }
                }
                (_, Some(sizes)) if sizes.contains_key(kept.as_str()) => {}
                _ => break,
            }
            if n > MAX_EARLIER {
                return (found, true);
            }
            found.push(earlier);
        }
        (found, false)
    }

    /// Splits runs so that the documents of one part can be held in memory.
    pub(super) fn parts<'r, T>(&self, runs: &'r [T], id: impl Fn(&T) -> &RunId) -> Vec<&'r [T]> {
        let is_unseen = self.store.directory().is_none() && self.sizes.is_none();
        let most = if is_unseen { RUNS_UNSEEN } else { RUNS };
        let weight = |run: &T| -> u64 {
            let size = |kind| self.sizes.as_ref()?.get(self.key(kind, id(run)).ok()?.as_str()).copied();
            DocumentKind::ALL
                .into_iter()
                .filter_map(|kind| size(kind).map(|n: u64| n.min(kind.limit())))
                .sum()
        };
        let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0_u64);
        for (at, run) in runs.iter().enumerate() {
            let own = weight(run);
            if at > start && (at - start >= most || bytes.saturating_add(own) > BYTES) {
                parts.extend(runs.get(start..at));
                (start, bytes) = (at, 0);
            }
            bytes = bytes.saturating_add(own);
        }
        parts.extend(runs.get(start..).filter(|rest| !rest.is_empty()));
        parts
    }

    /// Reads documents; the answers are in the order of `wanted`. `done` is called for each.
    pub(super) fn read(
        &self,
        wanted: &[(DocumentKind, &RunId)],
        done: &(dyn Fn() + Sync),
    ) -> Vec<RunDocument> {
        match self.store {
            Store::Directory(directory) => self.pool.install(|| {
                let read = |(kind, run): &(DocumentKind, &RunId)| {
                    done();
                    match self.key(*kind, run) {
                        Ok(key) => {
                            let content = read_inside(*kind, directory.root(), key.as_str()).content;
                            RunDocument { name: key.to_string(), content }
                        }
                        Err(e) => without_key(*kind, run, &e),
                    }
                };
                wanted.par_iter().map(read).collect()
            }),
            #[cfg(feature = "aws")]
            Store::S3(s3) => self.fetch(s3, wanted, done),
        }
    }
}

fn without_key(kind: DocumentKind, run: &RunId, error: &StoreError) -> RunDocument {
    RunDocument {
        name: format!("{run}/{}", kind.file_name()),
        content: Content::Unreadable(error.to_string()),
    }
}
