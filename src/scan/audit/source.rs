//! The documents of many runs: which there are, and their content, with as few requests as a store allows.

use std::collections::{BTreeSet, HashMap};

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::store::s3::S3;
use crate::store::{Document, Entries, Layout, MAX_ENTRIES, Runs, Store, StoreError};
use seaworthy_provenance::{Content, Paper, PaperKind, read_inside};
use seaworthy_source::{Key, RunId, decode_key};

/// Requests to a bucket that are under way at a time.
const IN_FLIGHT: usize = 16;

/// Pages of 1,000 objects that are listed to learn what there is. In a bucket with more, only the folders of runs are
/// listed, and each document is asked for.
const PAGES: usize = 50;

/// Runs whose documents are held in memory at a time.
const RUNS: usize = 64;

/// The same where nobody knows how large the documents are.
const RUNS_UNSEEN: usize = 16;

/// Bytes of documents that are held in memory at a time, where sizes are known.
const BYTES: u64 = 128 << 20;

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
        let Store::S3(s3) = store else {
            return Ok((Self { store, layout, pool, sizes: None }, store.runs(layout)?));
        };
        let mut sizes = Some(HashMap::new());
        let runs = layout.runs(|folder| match sizes.as_mut().map(|s| inventory(s3, folder, s)) {
            Some(Ok(Some(entries))) => Ok(entries),
            Some(Err(e)) => Err(e),
            Some(Ok(None)) | None => {
                sizes = None;
                store.entries(folder)
            }
        })?;
        Ok((Self { store, layout, pool, sizes }, runs))
    }

    /// The key of a paper.
    pub(super) fn key(&self, kind: PaperKind, run: &RunId) -> Result<Key, StoreError> {
        let document = match kind {
            PaperKind::Provenance | PaperKind::Attestation => Document::Provenance,
            PaperKind::RunHeader => Document::RunHeader,
            PaperKind::Receipt => Document::Receipt,
            PaperKind::Security => Document::Security,
        };
        let key = self.layout.key(document, run)?;
        if kind != PaperKind::Attestation {
            return Ok(key);
        }
        let what = "the key of a run's attestation";
        key.beside(|_| kind.file_name().to_owned()).map_err(|source| StoreError::Key { what, source })
    }

    /// Splits runs so that the papers of one part can be held in memory.
    pub(super) fn parts<'r, T>(&self, runs: &'r [T], id: impl Fn(&T) -> &RunId) -> Vec<&'r [T]> {
        let most = match (self.store, &self.sizes) {
            (Store::S3(_), None) => RUNS_UNSEEN,
            _ => RUNS,
        };
        let weight = |run: &T| -> u64 {
            let size = |kind| self.sizes.as_ref()?.get(self.key(kind, id(run)).ok()?.as_str()).copied();
            PaperKind::ALL.into_iter().filter_map(|kind| size(kind).map(|n: u64| n.min(kind.limit()))).sum()
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

    /// Reads papers; the answers are in the order of `wanted`. `done` is called for each.
    pub(super) fn read(&self, wanted: &[(PaperKind, &RunId)], done: &(dyn Fn() + Sync)) -> Vec<Paper> {
        match self.store {
            Store::Directory(directory) => self.pool.install(|| {
                let read = |(kind, run): &(PaperKind, &RunId)| {
                    done();
                    match self.key(*kind, run) {
                        Ok(key) => {
                            let content = read_inside(*kind, directory.root(), key.as_str()).content;
                            Paper { name: key.to_string(), content }
                        }
                        Err(e) => without_key(*kind, run, &e),
                    }
                };
                wanted.par_iter().map(read).collect()
            }),
            Store::S3(s3) => self.fetch(s3, wanted, done),
        }
    }

    fn fetch(&self, s3: &S3, wanted: &[(PaperKind, &RunId)], done: &(dyn Fn() + Sync)) -> Vec<Paper> {
        let mut papers = Vec::new();
        let (mut keys, mut places) = (Vec::new(), Vec::new());
        for (kind, run) in wanted {
            let key = match self.key(*kind, run) {
                Ok(key) => key,
                Err(e) => {
                    papers.push(without_key(*kind, run, &e));
                    continue;
                }
            };
            let (name, limit) = (key.to_string(), kind.limit());
            let content = match self.sizes.as_ref().map(|s| s.get(key.as_str()).copied()) {
                Some(None) => Content::Missing,
                Some(Some(size)) if size > limit => Content::TooLarge { limit },
                _ => {
                    keys.push((key, limit));
                    places.push(papers.len());
                    Content::NotGiven
                }
            };
            papers.push(Paper { name, content });
        }
        for (place, answer) in places.into_iter().zip(s3.fetch(&keys, IN_FLIGHT, done)) {
            let Some(paper) = papers.get_mut(place) else { continue };
            paper.content = match answer {
                Ok(Some(object)) => Content::Bytes(object.bytes),
                Ok(None) => Content::Missing,
                Err(StoreError::TooLarge { limit, .. }) => Content::TooLarge { limit },
                Err(e) => Content::Unreadable(e.to_string()),
            };
        }
        papers
    }
}

fn without_key(kind: PaperKind, run: &RunId, error: &StoreError) -> Paper {
    Paper { name: format!("{run}/{}", kind.file_name()), content: Content::Unreadable(error.to_string()) }
}

/// What a folder holds, from a listing of all that lies below it; none if that is too much.
fn inventory(s3: &S3, folder: &str, sizes: &mut HashMap<String, u64>) -> Result<Option<Entries>, StoreError> {
    let Some(listed) = s3.inventory(folder, PAGES)? else { return Ok(None) };
    let mut names = BTreeSet::new();
    for object in listed {
        // Some clients store or show `P%28-1%29` for `P(-1)`; a key is decoded once.
        let key = decode_key(&object.key).unwrap_or_else(|| object.key.clone());
        let name = key.strip_prefix(folder).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if !name.is_empty() && !name.starts_with('.') {
            names.insert(name.to_owned());
        }
        sizes.insert(object.key, object.size);
        sizes.insert(key, object.size);
    }
    let more = names.len() > MAX_ENTRIES;
    Ok(Some(Entries { names: names.into_iter().take(MAX_ENTRIES).collect(), more }))
}
