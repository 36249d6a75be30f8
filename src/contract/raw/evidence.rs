//! `[evidence]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Marked, Text};
use crate::contract::evidence::{EvidenceKeys, EvidenceSection};

/// Where the record of a run is kept.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawEvidence {
    /// The folder for evidence, relative to the contract's folder.
    #[schemars(extend("default" = EvidenceSection::DIRECTORY))]
    pub directory: Text,
    /// The bucket for the documents of runs, in place of the folder, as `s3://bucket` or `s3://bucket/prefix`.
    #[schemars(regex(pattern = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"))]
    pub store: Text,
    /// The phase that the evidence belongs to: the name of one folder below the run's.
    #[schemars(extend("default" = EvidenceSection::PHASE_ID))]
    pub phase_id: Text,
    /// The keys of a run's documents. `{platform_run_id}` and `{phase_id}` stand for the run and the phase.
    pub keys: Option<RawKeys>,
    /// How to talk to the bucket.
    pub s3: Option<RawS3>,
}

/// The keys of a run's documents.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawKeys {
    /// The packaging provenance: how the image was built and what it is.
    #[schemars(extend("default" = EvidenceKeys::PROVENANCE))]
    pub provenance: Text,
    /// The receipt of the build's commands.
    #[schemars(extend("default" = EvidenceKeys::RECEIPT))]
    pub receipt: Text,
    /// The evidence that seaworthy writes.
    #[schemars(extend("default" = EvidenceKeys::SECURITY))]
    pub security: Text,
    /// The run's header.
    #[schemars(extend("default" = EvidenceKeys::RUN))]
    pub run: Text,
}

/// How to talk to the bucket.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawS3 {
    /// The service's URL, for an S3 that is not AWS's. Default: that of the environment.
    #[schemars(regex(pattern = r"^https?://"))]
    pub endpoint: Text,
    /// The bucket's region. Default: that of the environment.
    #[schemars(regex(pattern = r"^[a-z0-9-]{1,64}$"))]
    pub region: Text,
    /// Whether the bucket's name is a part of the path and not of the host, as most S3 clones want it.
    #[schemars(extend("default" = false))]
    pub path_style: Option<Marked<bool>>,
    /// How objects are encrypted. Default: as the bucket says.
    #[schemars(extend("enum" = ["AES256", "aws:kms"]))]
    pub sse: Text,
    /// The KMS key for `sse = "aws:kms"`: its ID, ARN or alias. Default: the account's key for S3.
    pub kms_key_id: Text,
}
