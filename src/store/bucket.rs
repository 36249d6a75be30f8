//! How a bucket is reached, whether or not the client of S3 is built in.

/// Where a bucket is and how to talk to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketOptions {
    /// The bucket's name.
    pub bucket: String,
    /// What all keys begin with, without a slash at either end; may be empty.
    pub prefix: String,
    /// The service's URL, where it is not AWS's own.
    pub endpoint: Option<String>,
    /// The bucket's region, where it is not that of the environment.
    pub region: Option<String>,
    /// Whether the bucket's name is a part of the path and not of the host.
    pub path_style: bool,
    /// How objects are encrypted, where the bucket's default will not do.
    pub encryption: Option<Encryption>,
    /// Seconds to wait for one answer.
    pub timeout_seconds: u64,
}

/// How the service encrypts objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// With keys of S3 (`AES256`).
    S3,
    /// With a key of KMS (`aws:kms`): the one named, or the account's for S3.
    Kms(Option<String>),
}
