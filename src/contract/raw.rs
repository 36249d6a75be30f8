//! The contract as it is written: every field with its span, nothing judged but its type. The doc comments are the
//! descriptions in the JSON Schema and in hints, so they speak to the contract's author.

pub(super) mod evidence;
pub(super) mod papers;
mod wiring;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use crate::finding::Severity;
use seaworthy_source::Span;

use super::packaging::{RawEntrypoint, RawWorkflow};
use super::sections::{Limits, Policy};
use super::waiver::RawWaiver;
use evidence::RawEvidence;

pub(super) use wiring::{RawAws, RawException, RawExtra, RawForbiddenRole, RawHandles, RawRole, RawTask};

/// A value and the place where it stands.
pub(super) struct Marked<T> {
    /// Its place in the contract's text.
    pub span: Span,
    /// The value.
    pub value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Marked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.span();
        Ok(Self { span: Span::new(span.start, span.end), value: spanned.into_inner() })
    }
}

impl<T: JsonSchema> JsonSchema for Marked<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A text that may be missing.
pub(super) type Text = Option<Marked<String>>;

/// A count that may be missing.
pub(super) type Count = Option<Marked<u64>>;

/// seaworthy's contract: what this project promises about its container image.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "seaworthy.toml")]
pub(super) struct RawContract {
    /// Version of the contract's format. This seaworthy reads version 1.
    #[schemars(required, extend("const" = super::FORMAT))]
    pub version: Count,
    /// The controls that a gate judges by: `m1`, `image`, or the path of a profile of your own, relative to the
    /// contract's folder.
    #[schemars(extend("default" = crate::profile::DEFAULT))]
    pub profile: Text,
    /// The image that is examined when the command line names none, and what it is built from.
    pub image: Option<RawImage>,
    /// What fails the verdict.
    pub policy: Option<RawPolicy>,
    /// How findings get names that stay the same from run to run.
    pub fingerprints: Option<RawFingerprints>,
    /// Detectors of your own, and detectors that are turned off.
    pub rules: Option<RawRules>,
    /// Where the record of a run is kept.
    pub evidence: Option<RawEvidence>,
    /// What the packaging provenance of a run must hold. The default is packaging contract M1.
    pub provenance: Option<papers::RawProvenance>,
    /// Where things stand in the run header, as JSON pointers.
    pub run_header: Option<papers::RawRunHeader>,
    /// What the build receipt of a run must hold. The default is packaging contract M1.
    pub receipt: Option<papers::RawReceipt>,
    /// What the run's security evidence must say.
    pub security_evidence: Option<papers::RawSecurityEvidence>,
    /// Who may sign the papers.
    pub signature: Option<papers::RawSignature>,
    /// How the registry is asked.
    pub registry: Option<papers::RawRegistry>,
    /// Controls of the profile that need not be checked for a time. One `[[waivers]]` for each.
    pub waivers: Option<Vec<Marked<RawWaiver>>>,
    /// How much an image may ask of the reader. What exceeds a limit is reported as unchecked, never skipped.
    pub limits: Option<RawLimits>,
    /// Secrets that reach the container at runtime and must not be in the image. One `[[secrets]]` for each.
    pub secrets: Option<Vec<Marked<RawSecret>>>,
    /// What builds and publishes the image.
    pub workflow: Option<Marked<RawWorkflow>>,
    /// The ways in which the image is started. One `[[entrypoints]]` for each.
    pub entrypoints: Option<Vec<Marked<RawEntrypoint>>>,
    /// Findings that are accepted for a time. One `[[accept]]` for each.
    pub accept: Option<Vec<Marked<RawAccept>>>,
    /// Where names live that the contract uses.
    pub handles: Option<RawHandles>,
    /// The account that the wiring is checked in.
    pub aws: Option<RawAws>,
    /// Roles, and the secrets that each must be able to read. One `[[roles]]` for each.
    pub roles: Option<Vec<Marked<RawRole>>>,
    /// Which role each task runs as. One `[[tasks]]` for each task definition.
    pub tasks: Option<Vec<Marked<RawTask>>>,
    /// Roles that no task may run as, such as the one that applies Terraform. One `[[forbidden_roles]]` for each.
    pub forbidden_roles: Option<Vec<Marked<RawForbiddenRole>>>,
    /// ARNs for which a rule of the wiring may be broken for a time. One `[[exceptions]]` for each.
    pub exceptions: Option<Vec<Marked<RawException>>>,
}

/// The image that is examined when the command line names none, and what it is built from.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawImage {
    /// The image's name in reports, for references that are only a path.
    pub name: Text,
    /// The image, in the same form as on the command line. A path in it is relative to the contract's folder.
    pub reference: Text,
    /// The Dockerfile, relative to the contract's folder.
    pub dockerfile: Text,
    /// The build context, relative to the contract's folder.
    pub context: Text,
}

/// What fails the verdict.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    /// The mildest severity that fails the verdict.
    #[schemars(extend("enum" = Severity::ALL.map(Severity::as_str)), extend("default" = Policy::default().fail_on.as_str()))]
    pub fail_on: Text,
}

/// How findings get names that stay the same from run to run.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFingerprints {
    /// Name of the environment variable that holds the key. The key itself is never in the contract. Without it, two
    /// different secrets at one place have the same fingerprint.
    #[schemars(regex(pattern = r"^[A-Z_][A-Z0-9_]*$"))]
    pub key_env: Text,
}

/// Detectors of your own, and detectors that are turned off.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRules {
    /// Folders with detectors of your own, relative to the contract's folder.
    pub directories: Option<Vec<Marked<String>>>,
    /// Detectors that are turned off for a time. One `[[rules.disable]]` for each.
    pub disable: Option<Vec<Marked<RawDisable>>>,
}

/// A detector that is turned off for a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDisable {
    /// The detector's ID.
    #[schemars(required, regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub detector: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which the detector is off, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}

/// How much an image may ask of the reader. What exceeds a limit is reported as unchecked, never skipped.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    /// Bytes of one layer, uncompressed.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_layer_bytes))]
    pub max_layer_bytes: Count,
    /// Bytes of all layers of an image together, uncompressed.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_total_bytes))]
    pub max_total_bytes: Count,
    /// Entries of one layer's tar archive.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_entries_per_layer))]
    pub max_entries_per_layer: Count,
    /// Uncompressed bytes for each compressed byte of a layer, once it has given more than 1 GiB.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_compression_ratio))]
    pub max_compression_ratio: Count,
    /// Bytes of a path in a layer.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_path_bytes))]
    pub max_path_bytes: Count,
    /// Bytes of one PAX extended header in a layer.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_pax_bytes))]
    pub max_pax_bytes: Count,
    /// Bytes of a manifest, an index or an image config.
    #[schemars(range(min = 1), extend("default" = Limits::default().max_manifest_bytes))]
    pub max_manifest_bytes: Count,
    /// Seconds to wait for one answer of a registry.
    #[schemars(range(min = 1), extend("default" = Limits::default().registry_timeout_seconds))]
    pub registry_timeout_seconds: Count,
}

/// A secret that reaches the container at runtime and must not be in the image.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSecret {
    /// The secret's name in this project.
    #[schemars(required, regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]*$"))]
    pub handle: Text,
    /// Where it is kept: a parameter's name or ARN (AWS Systems Manager), or a secret's ARN (AWS Secrets Manager).
    #[schemars(required)]
    pub parameter: Text,
    /// The environment variables that carry it into the container.
    pub variables: Option<Vec<Marked<String>>>,
    /// Whether the application cannot start without it.
    #[schemars(extend("default" = true))]
    pub required: Option<Marked<bool>>,
    /// The version that the parameter must have.
    #[schemars(range(min = 1))]
    pub version: Count,
    /// The label that the parameter's version must carry. It cannot be verified without reading values, so it is always
    /// reported as unchecked.
    pub label: Text,
    /// The KMS key that must encrypt it: an ID, an ARN, or an alias such as `alias/orders`.
    pub kms_key: Text,
}

/// A finding that is accepted for a time. It names a check, and one of `detector`, `path` and `fingerprint` at least.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{"required": ["detector"]}, {"required": ["path"]}, {"required": ["fingerprint"]}]))]
pub(super) struct RawAccept {
    /// The check's ID.
    #[schemars(required, regex(pattern = r"^SW[0-9]{3}$"))]
    pub check: Text,
    /// The ID of the detector that recognised the secret.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub detector: Text,
    /// A glob on the finding's path. `*` and `?` stop at a slash and `**` does not. The secret must have no other place.
    pub path: Text,
    /// The finding's fingerprint, as the report shows it.
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    pub fingerprint: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which the finding is accepted, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}
