//! Many objects at once: a listing that tells what there is, and reads with a bounded number under way.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::failure::{self, Asked, Refusal};
use super::{Options, S3};
use crate::store::{Object, StoreError};
use seaworthy_source::Key;

/// Failures of the way, one after the other, after which a service counts as gone: every further request would wait as
/// long as those did.
const MAX_FAILURES: usize = 32;

/// Counts requests as they leave, repeats included.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "request counter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its key below the store's prefix, as it is shown.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

impl S3 {
    /// Requests that were made so far, repeats after a failure included.
    pub fn requests(&self) -> u64 {
        self.counter.count()
    }

    /// All objects below a directory (empty, or ending with a slash); none if they fill more than `pages` pages of
    /// 1,000.
    ///
    /// # Errors
    /// If the service refuses or does not answer.
    pub fn inventory(&self, directory: &str, pages: usize) -> Result<Option<Vec<Listed>>, StoreError> {
        let prefix = self.key(directory);
        let base = self.key("");
        let place = format!("s3://{}/{prefix}", self.options.bucket);
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..pages {
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.options.bucket)
                .set_prefix(Some(prefix.clone()).filter(|p| !p.is_empty()))
                .set_continuation_token(token.clone());
            let page = self.runtime.block_on(request.send()).map_err(|e| {
                failure::explain(&e, Asked::List, &place, &self.options).unwrap_or_else(|r| r.told(&place))
            })?;
            for object in page.contents() {
                let Some(key) = object.key() else { continue };
                let size = object.size().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                let key = key.strip_prefix(base.as_str()).unwrap_or(key).to_owned();
                found.push(Listed { key, size });
            }
            let next = page.next_continuation_token().map(str::to_owned);
            match (page.is_truncated().unwrap_or(false), next) {
                (false, _) => return Ok(Some(found)),
                (true, next @ Some(_)) if next != token => token = next,
                (true, _) => {
                    let reason = "the listing is cut off and does not say how it goes on".to_owned();
                    return Err(StoreError::Transport { place, reason });
                }
            }
        }
        Ok(None)
    }

    /// Reads objects, each with the largest size in bytes that is read of it, at most `in_flight` at a time; the
    /// answers are in the order of `wanted`. `done` is called for each.
    pub fn fetch(
        &self,
        wanted: &[(Key, u64)],
        in_flight: usize,
        done: &dyn Fn(),
    ) -> Vec<Result<Option<Object>, StoreError>> {
        let mut answers: Vec<Option<Result<Option<Object>, StoreError>>> =
            wanted.iter().map(|_| None).collect();
        let mut waiting: VecDeque<(usize, &(Key, u64))> = wanted.iter().enumerate().collect();
        let mut failures = 0;
        self.runtime.block_on(async {
            let mut under_way = JoinSet::new();
            loop {
                while under_way.len() < in_flight.max(1) && failures < MAX_FAILURES {
                    let Some((at, (key, limit))) = waiting.pop_front() else { break };
                    let (client, options) = (self.client.clone(), Arc::clone(&self.options));
                    let (key, limit) = (self.key(key.as_str()), *limit);
                    under_way.spawn(async move { (at, read_object(&client, &options, key, limit).await) });
                }
                let Some(ended) = under_way.join_next().await else { break };
                let Ok((at, answer)) = ended else { continue };
                let is_gone = matches!(answer, Err(StoreError::Transport { .. }));
                failures = if is_gone { failures + 1 } else { 0 };
                done();
                if let Some(slot) = answers.get_mut(at) {
                    *slot = Some(answer);
                }
            }
        });
        let unasked = |key: &Key| StoreError::Transport {
            place: format!("s3://{}/{}", self.options.bucket, self.key(key.as_str())),
            reason: "not asked for: the service had stopped answering".to_owned(),
        };
        answers.into_iter().zip(wanted).map(|(a, (key, _))| a.unwrap_or_else(|| Err(unasked(key)))).collect()
    }
}

/// Reads the object with this whole key, at most `limit` bytes of it; none if it is not there.
pub(super) async fn read_object(
    client: &Client,
    options: &Options,
    key: String,
    limit: u64,
) -> Result<Option<Object>, StoreError> {
    let place = format!("s3://{}/{key}", options.bucket);
    let too_large = || StoreError::TooLarge { place: place.clone(), limit };
    let answer = match client.get_object().bucket(&options.bucket).key(key).send().await {
        Ok(answer) => answer,
        Err(e) => match failure::explain(&e, Asked::Get, &place, options) {
            Err(Refusal::NotFound) => return Ok(None),
            Err(other) => return Err(other.told(&place)),
            Ok(error) => return Err(error),
        },
    };
    let announced = answer.content_length().and_then(|n| u64::try_from(n).ok());
    if announced.is_some_and(|n| n > limit) {
        return Err(too_large());
    }
    let modified = answer.last_modified().and_then(|t| Timestamp::from_second(t.secs()).ok());
    let version = answer.version_id().map(str::to_owned);
    let tag = answer.e_tag().map(str::to_owned);
    let mut body = answer.body;
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| StoreError::Transport {
            place: place.clone(),
            reason: "the answer broke off".to_owned(),
        })?;
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
    }
    if announced.is_some_and(|n| n != bytes.len() as u64) {
        let reason = "the answer is shorter than it said".to_owned();
        return Err(StoreError::Transport { place: place.clone(), reason });
    }
    Ok(Some(Object { bytes, modified, version, tag }))
}
