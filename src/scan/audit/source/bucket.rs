//! The documents of many runs in a bucket: all sizes by listing, and the content with few requests at a time.

use std::collections::{BTreeSet, HashMap};

use rayon::ThreadPool;

use super::{Source, without_key};
use crate::store::s3::S3;
use crate::store::{Entries, Layout, MAX_ENTRIES, Runs, Store, StoreError};
use seaworthy_provenance::{Content, DocumentKind, RunDocument};
use seaworthy_source::{RunId, decode_key};

/// Requests to a bucket that are under way at a time.
const IN_FLIGHT: usize = 16;

/// Pages of 1,000 objects that are listed to learn what there is. In a bucket with more, only the directories of runs
/// are listed, and each document is asked for.
const PAGES: usize = 50;

impl<'a> Source<'a> {
    /// Lists the runs of a bucket, and the sizes of their documents if they are not too many.
    pub(super) fn list_bucket(
        s3: &S3,
        store: &'a Store,
        layout: &'a Layout,
        pool: &'a ThreadPool,
    ) -> Result<(Self, Runs), StoreError> {
        let mut sizes = Some(HashMap::new());
        let runs = layout.runs(|directory| match sizes.as_mut().map(|s| inventory(s3, directory, s)) {
            Some(Ok(Some(entries))) => Ok(entries),
            Some(Err(e)) => Err(e),
            Some(Ok(None)) | None => {
                sizes = None;
                store.entries(directory)
            }
        })?;
        Ok((Self { store, layout, pool, sizes }, runs))
    }

    pub(super) fn fetch(
        &self,
        s3: &S3,
        wanted: &[(DocumentKind, &RunId)],
        done: &(dyn Fn() + Sync),
    ) -> Vec<RunDocument> {
        let mut documents = Vec::new();
        let (mut keys, mut places) = (Vec::new(), Vec::new());
        for (kind, run) in wanted {
            let key = match self.key(*kind, run) {
                Ok(key) => key,
                Err(e) => {
                    documents.push(without_key(*kind, run, &e));
                    continue;
                }
            };
            let (name, limit) = (key.to_string(), kind.limit());
            let content = match self.sizes.as_ref().map(|s| s.get(key.as_str()).copied()) {
                Some(None) => Content::Missing,
                Some(Some(size)) if size > limit => Content::TooLarge { limit },
                _ => {
                    keys.push((key, limit));
                    places.push(documents.len());
                    Content::NotGiven
                }
            };
            documents.push(RunDocument { name, content });
        }
        for (place, answer) in places.into_iter().zip(s3.fetch(&keys, IN_FLIGHT, done)) {
            let Some(document) = documents.get_mut(place) else { continue };
            document.content = match answer {
                Ok(Some(object)) => Content::Bytes(object.bytes),
                Ok(None) => Content::Missing,
                Err(StoreError::TooLarge { limit, .. }) => Content::TooLarge { limit },
                Err(e) => Content::Unreadable(e.to_string()),
            };
        }
        documents
    }
}

/// What a directory holds, from a listing of all that lies below it; none if that is too much.
fn inventory(
    s3: &S3,
    directory: &str,
    sizes: &mut HashMap<String, u64>,
) -> Result<Option<Entries>, StoreError> {
    let Some(listed) = s3.inventory(directory, PAGES)? else { return Ok(None) };
    let (mut names, mut files) = (BTreeSet::new(), BTreeSet::new());
    for object in listed {
        // Some clients store or show `P%28-1%29` for `P(-1)`; a key is decoded once.
        let key = decode_key(&object.key).unwrap_or_else(|| object.key.clone());
        let rest = key.strip_prefix(directory).unwrap_or_default();
        let name = rest.split('/').next().unwrap_or_default();
        if !rest.is_empty() && !rest.contains('/') {
            files.insert(name.to_owned());
        }
        if !name.is_empty() && !name.starts_with('.') {
            names.insert(name.to_owned());
        }
        sizes.insert(object.key, object.size);
        sizes.insert(key, object.size);
    }
    let more = names.len() > MAX_ENTRIES;
    Ok(Some(Entries { names: names.into_iter().take(MAX_ENTRIES).collect(), files, more }))
}
