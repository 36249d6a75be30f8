//! `[evidence]`: where the record of a run is kept.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::names;
use crate::contract::validator::Validator;
use seaworthy_source::{Key, KeyPattern};

/// Where the record of a run is kept.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawEvidence {
    /// The directory for evidence, relative to the contract's directory.
    #[schemars(extend("default" = EvidenceSection::DIRECTORY))]
    pub directory: Text,
    /// The bucket for the documents of runs, in place of the directory, as `s3://bucket` or `s3://bucket/prefix`.
    #[schemars(regex(pattern = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"))]
    pub store: Text,
    /// The phase that the evidence belongs to: the name of one directory below the run's.
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

/// `[evidence]`: where the record of a run is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceSection {
    /// The directory for evidence, joined to the contract's directory.
    pub directory: PathBuf,
    /// The bucket for the documents of runs, in place of the directory.
    pub bucket: Option<Bucket>,
    /// The phase that the evidence belongs to: the name of one directory below the run's.
    pub phase_id: String,
    /// The keys of a run's documents.
    pub keys: EvidenceKeys,
}

impl EvidenceSection {
    /// The directory if the contract names none: it says whose it is, since "evidence" alone may be the project's own.
    pub const DIRECTORY: &'static str = "seaworthy-evidence";

    /// The phase if the contract names none.
    pub const PHASE_ID: &'static str = "image";
}

impl Default for EvidenceSection {
    fn default() -> Self {
        Self {
            directory: PathBuf::from(Self::DIRECTORY),
            bucket: None,
            phase_id: Self::PHASE_ID.to_owned(),
            keys: EvidenceKeys::default(),
        }
    }
}

/// `[evidence.keys]`: the keys of a run's documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceKeys {
    /// The packaging provenance's [M1.C].
    pub provenance: KeyPattern,
    /// The build receipt's [M1.E].
    pub receipt: KeyPattern,
    /// That of the evidence that seaworthy writes [M1.D].
    pub security: KeyPattern,
    /// The run header's [M1.C].
    pub run: KeyPattern,
}

impl EvidenceKeys {
    /// The packaging provenance's key if the contract has none.
    pub const PROVENANCE: &'static str =
        "evidence/runs/{platform_run_id}/{phase_id}/packaging_provenance.json";
    /// The build receipt's.
    pub const RECEIPT: &'static str =
        "evidence/runs/{platform_run_id}/{phase_id}/build_command_surface_receipt.json";
    /// That of the evidence that seaworthy writes.
    pub const SECURITY: &'static str =
        "evidence/runs/{platform_run_id}/{phase_id}/security_secret_injection_checks.json";
    /// The run header's.
    pub const RUN: &'static str = "evidence/runs/{platform_run_id}/run.json";
}

impl Default for EvidenceKeys {
    fn default() -> Self {
        Self {
            provenance: KeyPattern::known(Self::PROVENANCE),
            receipt: KeyPattern::known(Self::RECEIPT),
            security: KeyPattern::known(Self::SECURITY),
            run: KeyPattern::known(Self::RUN),
        }
    }
}

/// A bucket, and how to talk to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What all keys begin with, without a slash at either end; may be empty.
    pub prefix: String,
    /// The service's URL, where it is not that of the environment.
    pub endpoint: Option<String>,
    /// Its region, where it is not that of the environment.
    pub region: Option<String>,
    /// Whether the name is a part of the path and not of the host.
    pub path_style: bool,
    /// How objects are encrypted, where the bucket's default will not do: `AES256` or `aws:kms`.
    pub sse: Option<String>,
    /// The KMS key.
    pub kms_key_id: Option<String>,
}

impl Validator<'_> {
    /// Checks `[evidence]`.
    pub(in crate::contract) fn evidence(&mut self, raw: RawEvidence) -> EvidenceSection {
        let default = EvidenceSection::default();
        let store = raw.store.as_ref().map(|s| s.span);
        let named = self.text("store", raw.store, bucket);
        let orphan = raw.s3.is_some() && store.is_none();
        let s3 = raw.s3.unwrap_or_default();
        let first = [&s3.endpoint, &s3.region, &s3.sse, &s3.kms_key_id].into_iter().flatten().next();
        if let Some(span) =
            first.map(|t| t.span).or(s3.path_style.as_ref().map(|p| p.span)).filter(|_| orphan)
        {
            self.report(
                span,
                "[evidence.s3] is of no use without `store`",
                "add `store = \"s3://bucket/prefix\"` to [evidence]",
            );
        }
        let bucket = self.s3(s3, named);
        EvidenceSection {
            directory: self
                .path("directory", raw.directory)
                .unwrap_or_else(|| self.directory().join(default.directory)),
            bucket,
            phase_id: self.text("phase_id", raw.phase_id, names::phase_id).unwrap_or(default.phase_id),
            keys: self.keys(raw.keys.unwrap_or_default()),
        }
    }

    fn s3(&mut self, raw: RawS3, named: Option<(String, String)>) -> Option<Bucket> {
        let key_span = raw.kms_key_id.as_ref().map(|k| k.span);
        let sse = self.text("sse", raw.sse, names::line);
        if let Some(span) = key_span.filter(|_| sse.as_deref() != Some("aws:kms")) {
            self.report(span, "`kms_key_id` is of no use here", "add `sse = \"aws:kms\"`, or remove it");
        }
        let endpoint = self.text("endpoint", raw.endpoint, endpoint);
        let region = self.text("region", raw.region, names::line);
        let kms_key_id = self.text("kms_key_id", raw.kms_key_id, kms_key);
        let path_style = raw.path_style.is_some_and(|p| p.value);
        let (name, prefix) = named?;
        Some(Bucket { name, prefix, endpoint, region, path_style, sse, kms_key_id })
    }

    fn keys(&mut self, raw: RawKeys) -> EvidenceKeys {
        let default = EvidenceKeys::default();
        let mut read = |key: &str, text: Text, default| self.text(key, text, pattern).unwrap_or(default);
        EvidenceKeys {
            provenance: read("provenance", raw.provenance, default.provenance),
            receipt: read("receipt", raw.receipt, default.receipt),
            security: read("security", raw.security, default.security),
            run: read("run", raw.run, default.run),
        }
    }
}

/// A pattern of keys.
fn pattern(text: &str) -> Result<KeyPattern, Fault> {
    KeyPattern::parse(text).map_err(|rule| {
        Fault::new(
            &rule.to_string(),
            "write directories and a name, such as `evidence/runs/{platform_run_id}/{phase_id}/packaging_provenance.json`",
        )
    })
}

/// The bucket's name and prefix of an `s3://` URL.
fn bucket(text: &str) -> Result<(String, String), Fault> {
    let fault = || {
        Fault::new(
            "is not the place of a bucket",
            "write `s3://bucket` or `s3://bucket/prefix`, without escapes",
        )
    };
    let rest = text.strip_prefix("s3://").ok_or_else(fault)?;
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let named = (3..=63).contains(&name.len()) && name.bytes().all(inner) && !name.contains("..");
    if !named || !(prefix.is_empty() || Key::parse(prefix).is_ok()) {
        return Err(fault());
    }
    Ok((name.to_owned(), prefix.to_owned()))
}

/// The URL of a service: no login, no query.
fn endpoint(text: &str) -> Result<String, Fault> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]/_".contains(&b);
    if rest.is_some_and(|r| !r.is_empty() && !r.starts_with('/') && text.len() <= 1024 && r.bytes().all(fine))
    {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not the URL of a service",
        "write `https://host` or `https://host:port`, without a login: credentials come from the environment",
    ))
}

/// The name of a KMS key.
fn kms_key(text: &str) -> Result<String, Fault> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-:/_".contains(&b);
    if !text.is_empty() && text.len() <= 2048 && text.bytes().all(fine) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not the name of a KMS key",
        "write the key's ID, ARN or alias, such as `alias/evidence`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_keys_are_patterns() {
        for text in
            [EvidenceKeys::PROVENANCE, EvidenceKeys::RECEIPT, EvidenceKeys::SECURITY, EvidenceKeys::RUN]
        {
            assert_eq!(KeyPattern::parse(text), Ok(KeyPattern::known(text)));
        }
    }

    #[test]
    fn buckets_and_endpoints_are_read_strictly() {
        assert_eq!(bucket("s3://abc"), Ok(("abc".into(), String::new())));
        assert_eq!(bucket("s3://abc/x/y/"), Ok(("abc".into(), "x/y".into())));
        for text in [
            "abc",
            "s3://",
            "s3://ab",
            "s3://abc/../x",
            "s3://abc//x",
            "s3://Abc",
            "s3://abc/%2e",
            "https://abc",
        ] {
            assert!(bucket(text).is_err(), "{text}");
        }
        assert!(endpoint("http://127.0.0.1:9000").is_ok());
        for text in ["ftp://x", "https://", "https://user:pw@host", "https://host?x", "host", "https:///x"] {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }
}
