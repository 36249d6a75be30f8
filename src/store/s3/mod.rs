//! Evidence in a bucket. Objects are made with `If-None-Match: *` and replaced with `If-Match`, so that no writer takes
//! another's place; what was written is read back, since not every S3 heeds those conditions. The client is
//! asynchronous and stays in here.

mod client;
mod failure;
mod fetch;

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use tokio::runtime::Runtime;

use super::{Entries, MAX_BYTES, MAX_ENTRIES, Object, Slot, StoreError, Written};
use failure::{Asked, Refusal};
use fetch::Counter;
use seaworthy_source::{Key, decode_key};

pub use fetch::Listed;

use super::{BucketOptions as Options, Encryption};

/// A bucket.
pub struct S3 {
    options: Arc<Options>,
    runtime: Runtime,
    client: Client,
    counter: Counter,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("options", &self.options).finish_non_exhaustive()
    }
}

impl S3 {
    /// A client for the bucket, with the credentials of the environment. Nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// If the asynchronous runtime cannot be started.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let runtime = runtime(&options)?;
        let shared = runtime.block_on(client::environment(&options));
        let counter = Counter::default();
        let client = client::client(&options, &shared, &counter);
        Ok(Self { options: Arc::new(options), runtime, client, counter })
    }

    /// A client for the bucket with credentials that are at hand already.
    ///
    /// # Errors
    /// If the asynchronous runtime cannot be started.
    pub fn with_config(options: Options, shared: &SdkConfig) -> Result<Self, StoreError> {
        let (runtime, counter) = (runtime(&options)?, Counter::default());
        let client = client::client(&options, shared, &counter);
        Ok(Self { options: Arc::new(options), runtime, client, counter })
    }

    /// The place of one object.
    pub(super) fn slot(&self, key: &Key) -> ObjectSlot<'_> {
        ObjectSlot { s3: self, key: key.clone() }
    }

    fn key(&self, key: &str) -> String {
        match self.options.prefix.as_str() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }

    /// The names in a directory.
    pub(super) fn entries(&self, directory: &str) -> Result<Entries, StoreError> {
        let prefix = self.key(directory);
        let place = format!("s3://{}/{prefix}", self.options.bucket);
        let (mut names, mut files) = (BTreeSet::new(), BTreeSet::new());
        let mut token: Option<String> = None;
        loop {
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.options.bucket)
                .delimiter("/")
                .set_prefix(Some(prefix.clone()).filter(|p| !p.is_empty()))
                .set_continuation_token(token.clone());
            let page = self.runtime.block_on(request.send()).map_err(|e| {
                failure::explain(&e, Asked::List, &place, &self.options).unwrap_or_else(|r| r.told(&place))
            })?;
            let directories = page.common_prefixes().iter().filter_map(|p| p.prefix());
            let objects = page.contents().iter().filter_map(|o| o.key());
            for shown in directories.chain(objects) {
                let decoded = decode_key(shown).unwrap_or_else(|| shown.to_owned());
                // A client may have escaped the prefix, too.
                let name = decoded.strip_prefix(&prefix).or_else(|| shown.strip_prefix(&prefix));
                let name = name.unwrap_or(&decoded).trim_end_matches('/');
                if !name.is_empty() && !name.starts_with('.') {
                    if !shown.ends_with('/') {
                        files.insert(name.to_owned());
                    }
                    names.insert(name.to_owned());
                }
            }
            let next = page.next_continuation_token().map(str::to_owned);
            match (page.is_truncated().unwrap_or(false), next) {
                (false, _) => return Ok(Entries { names: names.into_iter().collect(), files, more: false }),
                (true, Some(_)) if names.len() >= MAX_ENTRIES => {
                    let names = names.into_iter().take(MAX_ENTRIES).collect();
                    return Ok(Entries { names, files, more: true });
                }
                (true, next @ Some(_)) if next != token => token = next,
                // The rest cannot be had, and a part must not pass for the whole.
                (true, _) => {
                    let reason = "the listing is cut off and does not say how it goes on".to_owned();
                    return Err(StoreError::Transport { place, reason });
                }
            }
        }
    }
}

fn runtime(options: &Options) -> Result<Runtime, StoreError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| StoreError::Transport {
        place: format!("s3://{}", options.bucket),
        reason: format!("no runtime: {e}"),
    })
}

/// What a write asks of what is there.
enum Condition<'t> {
    Nothing,
    Tag(&'t str),
}

/// The place of one object.
pub(super) struct ObjectSlot<'s> {
    s3: &'s S3,
    key: Key,
}

impl ObjectSlot<'_> {
    fn put(&self, bytes: &[u8], condition: &Condition<'_>) -> Result<Option<Written>, StoreError> {
        let (place, options) = (self.place(), &self.s3.options);
        if bytes.len() as u64 > MAX_BYTES {
            return Err(StoreError::TooLarge { place, limit: MAX_BYTES });
        }
        let (sse, key_id) = match &options.encryption {
            None => (None, None),
            Some(Encryption::S3) => (Some(ServerSideEncryption::Aes256), None),
            Some(Encryption::Kms(key)) => (Some(ServerSideEncryption::AwsKms), key.clone()),
        };
        let request = self
            .s3
            .client
            .put_object()
            .bucket(&options.bucket)
            .key(self.s3.key(self.key.as_str()))
            .content_type("application/json")
            .set_server_side_encryption(sse)
            .set_ssekms_key_id(key_id)
            .body(ByteStream::from(bytes.to_vec()));
        let request = match condition {
            Condition::Nothing => request.if_none_match("*"),
            Condition::Tag(tag) => request.if_match(*tag),
        };
        let version = match self.s3.runtime.block_on(request.send()) {
            Ok(answer) => answer.version_id().map(str::to_owned),
            Err(e) => match failure::explain(&e, Asked::Put, &place, options) {
                // Also the answer to a second try when that to the first was lost: what is there tells.
                Err(Refusal::Condition) => None,
                Err(other) => return Err(other.told(&place)),
                Ok(error) => return Err(error),
            },
        };
        match self.get()? {
            Some(there) if there.bytes == bytes => Ok(Some(Written { version: version.or(there.version) })),
            _ => Ok(None),
        }
    }
}

impl Slot for ObjectSlot<'_> {
    /// A bucket has no locks; the conditions of the writes are enough.
    type Lock = ();

    fn place(&self) -> String {
        format!("s3://{}/{}", self.s3.options.bucket, self.s3.key(self.key.as_str()))
    }

    fn lock(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn get(&self) -> Result<Option<Object>, StoreError> {
        let key = self.s3.key(self.key.as_str());
        self.s3.runtime.block_on(fetch::read_object(&self.s3.client, &self.s3.options, key, MAX_BYTES))
    }

    fn create(&self, bytes: &[u8]) -> Result<Option<Written>, StoreError> {
        self.put(bytes, &Condition::Nothing)
    }

    fn swap(&self, old: &Object, bytes: &[u8]) -> Result<Option<Written>, StoreError> {
        let Some(tag) = &old.tag else {
            let reason = "the object has no ETag, so it cannot be replaced safely".to_owned();
            return Err(StoreError::Transport { place: self.place(), reason });
        };
        self.put(bytes, &Condition::Tag(tag))
    }

    fn kept(&self, n: u32) -> Result<Self, StoreError> {
        let rename = |name: &str| format!("{}.replaced-{n}.json", name.strip_suffix(".json").unwrap_or(name));
        let key = self.key.beside(rename);
        let key = key.map_err(|source| StoreError::Key { what: "the key of replaced evidence", source })?;
        Ok(Self { s3: self.s3, key })
    }
}
