//! The contract's sections on a run's documents, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::provenance::{Expectations, Field, Mode, TagPattern};
use crate::contract::marked::{Count, Marked, Text};

/// What the packaging provenance of a run must hold. The default is packaging contract M1.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawProvenance {
    /// Names of the fields that must be there, as they stand in the document. Default: those of M1 (C).
    pub required: Option<Vec<Marked<String>>>,
    /// Names of the fields that may be there. Default: image_build_driver, ci_run_id, contract_version, pushed_at_utc.
    pub allowed: Option<Vec<Marked<String>>>,
    /// The repository that the source comes from, such as `https://github.com/acme/orders`: commits of others that a
    /// signed statement names are materials.
    pub source_repository: Text,
    /// How the immutable tag is made: `{git_sha}` stands for the full commit, other fields of the provenance for theirs,
    /// as in `git-{git_sha}-run-{ci_run_id}`.
    #[schemars(extend("default" = TagPattern::default().text()))]
    pub tag_pattern: Text,
    /// Tags that may move, `*` standing for any characters: they are never a proof.
    pub convenience_tags: Option<Vec<Marked<String>>>,
    /// The values that `image_reference_mode` may have.
    pub reference_modes: Option<Vec<Marked<String>>>,
    /// What the digest's second anchor holds: the same text as the digest, or its hex digits alone.
    #[schemars(extend("enum" = ["same", "hex"]), extend("default" = "same"))]
    pub oci_digest_value: Text,
    /// How far clocks may differ, in seconds.
    #[schemars(range(max = 86_400), extend("default" = Expectations::SKEW_SECONDS))]
    pub max_clock_skew_seconds: Count,
    /// Whether the time of the push must be known, from the document or the registry.
    #[schemars(extend("default" = false))]
    pub require_push_time: Option<Marked<bool>>,
    /// The names of the fields, where they differ from M1's.
    pub fields: Option<RawProvenanceFields>,
    /// Fields that must hold exactly this text.
    pub pinned: Option<RawPinned>,
    /// The fields of older or newer documents, told by the version that they name. One `[[provenance.versions]]` for each.
    pub versions: Option<Vec<Marked<RawVersion>>>,
}

/// The names of the provenance's fields, where they differ from M1's.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawProvenanceFields {
    /// The phase that wrote the document.
    pub phase_id: Text,
    /// The run.
    pub platform_run_id: Text,
    /// When the document was written.
    pub written_at_utc: Text,
    /// The image's immutable tag.
    pub image_tag: Text,
    /// The image's digest.
    pub image_digest: Text,
    /// The commit.
    pub git_sha: Text,
    /// When the build ended.
    pub build_completed_at_utc: Text,
    /// When the push ended.
    pub pushed_at_utc: Text,
    /// Who built.
    pub build_actor: Text,
    /// The repository that the image was pushed to.
    pub ecr_repo_uri: Text,
    /// How the runtime refers to the image.
    pub image_reference_mode: Text,
    /// The Dockerfile.
    pub dockerfile_path: Text,
    /// The build context.
    pub build_path: Text,
    /// The algorithm of the digest.
    pub oci_digest_algo: Text,
    /// The digest once more.
    pub oci_digest_value: Text,
    /// What ran the build.
    pub image_build_driver: Text,
    /// The CI's own ID of the run.
    pub ci_run_id: Text,
    /// The version of the document.
    pub contract_version: Text,
}

impl RawProvenanceFields {
    /// What is written, by the field that it is for.
    pub(in crate::contract) fn fields(self) -> Vec<(Field, Text)> {
        vec![
            (Field::PhaseId, self.phase_id),
            (Field::PlatformRunId, self.platform_run_id),
            (Field::WrittenAt, self.written_at_utc),
            (Field::ImageTag, self.image_tag),
            (Field::ImageDigest, self.image_digest),
            (Field::GitSha, self.git_sha),
            (Field::BuildCompletedAt, self.build_completed_at_utc),
            (Field::PushedAt, self.pushed_at_utc),
            (Field::BuildActor, self.build_actor),
            (Field::RepositoryUri, self.ecr_repo_uri),
            (Field::ReferenceMode, self.image_reference_mode),
            (Field::DockerfilePath, self.dockerfile_path),
            (Field::BuildPath, self.build_path),
            (Field::OciDigestAlgorithm, self.oci_digest_algo),
            (Field::OciDigestValue, self.oci_digest_value),
            (Field::BuildDriver, self.image_build_driver),
            (Field::CiRunId, self.ci_run_id),
            (Field::ContractVersion, self.contract_version),
        ]
    }
}

/// Fields of the provenance that must hold exactly this text.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawPinned {
    /// The repository that the image was pushed to.
    pub ecr_repo_uri: Text,
    /// The Dockerfile.
    pub dockerfile_path: Text,
    /// The build context.
    pub build_path: Text,
    /// What ran the build.
    pub image_build_driver: Text,
    /// Who built.
    pub build_actor: Text,
}

impl RawPinned {
    /// What is written, by the field that it is for.
    pub(in crate::contract) fn fields(self) -> Vec<(Field, Text)> {
        vec![
            (Field::RepositoryUri, self.ecr_repo_uri),
            (Field::DockerfilePath, self.dockerfile_path),
            (Field::BuildPath, self.build_path),
            (Field::BuildDriver, self.image_build_driver),
            (Field::BuildActor, self.build_actor),
        ]
    }
}

/// The fields of documents of one version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawVersion {
    /// The version that the document names.
    #[schemars(required)]
    pub version: Text,
    /// Names of the fields that must be there. Default: those of the other documents.
    pub required: Option<Vec<Marked<String>>>,
    /// Names of the fields that may be there. Default: those of the other documents.
    pub allowed: Option<Vec<Marked<String>>>,
}

/// Where things stand in the run header, as JSON pointers.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawRunHeader {
    /// Whether there must be one. Default: where it is looked for by run.
    pub required: Option<Marked<bool>>,
    /// The image's tag. Default: `/image_tag` and `/image/image_tag`, whichever is there.
    pub image_tag: Text,
    /// The image's digest. Default: `/image_digest` and `/image/image_digest`.
    pub image_digest: Text,
    /// The commit. Default: `/git_sha` and `/image/git_sha`.
    pub git_sha: Text,
    /// The run.
    #[schemars(extend("default" = "/platform_run_id"))]
    pub platform_run_id: Text,
    /// When the header was written.
    #[schemars(extend("default" = "/written_at_utc"))]
    pub written_at_utc: Text,
    /// The config payload's digest.
    #[schemars(extend("default" = "/config_digest"))]
    pub config_digest: Text,
    /// The config payload.
    #[schemars(extend("default" = "/config"))]
    pub config_payload: Text,
    /// How the payload is written before it is hashed: compact with sorted keys as Python writes it, in UTF-8 or in ASCII,
    /// or by RFC 8785 (JCS).
    #[schemars(extend("enum" = Mode::ALL.map(Mode::as_str)), extend("default" = Mode::SortedKeys.as_str()))]
    pub canonical: Text,
    /// Whether the header must hold a config digest.
    #[schemars(extend("default" = false))]
    pub require_config_digest: Option<Marked<bool>>,
}

/// What the build receipt of a run must hold. The default is packaging contract M1.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawReceipt {
    /// Whether there must be one. Default: where it is looked for by run.
    pub required: Option<Marked<bool>>,
    /// Names of the fields that must be there. Default: those of M1 (E).
    pub required_fields: Option<Vec<Marked<String>>>,
    /// Names of the fields that may be there.
    pub allowed_fields: Option<Vec<Marked<String>>>,
    /// The names of the fields, where they differ from M1's.
    pub fields: Option<RawReceiptFields>,
    /// The command families, in place of local_cli_v0 and github_actions_v0. One `[[receipt.families]]` for each.
    pub families: Option<Vec<Marked<RawFamily>>>,
}

/// The names of the receipt's fields, where they differ from M1's.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawReceiptFields {
    /// What ran the build.
    pub image_build_driver: Text,
    /// The family of build commands.
    pub command_family_id: Text,
    /// The image's immutable tag.
    pub image_tag: Text,
    /// The image's digest.
    pub image_digest: Text,
    /// Who built.
    pub build_actor: Text,
    /// When the document was written.
    pub written_at_utc: Text,
    /// PASS or FAIL.
    pub verdict: Text,
    /// Why it is FAIL.
    pub failure_reason: Text,
    /// The CI's own ID of the run.
    pub ci_run_id: Text,
    /// The phase that wrote the document.
    pub phase_id: Text,
    /// The run.
    pub platform_run_id: Text,
    /// The commit.
    pub git_sha: Text,
    /// The repository that the image was pushed to.
    pub ecr_repo_uri: Text,
    /// The version of the document.
    pub contract_version: Text,
}

impl RawReceiptFields {
    /// What is written, by the field that it is for.
    pub(in crate::contract) fn fields(self) -> Vec<(Field, Text)> {
        vec![
            (Field::BuildDriver, self.image_build_driver),
            (Field::CommandFamily, self.command_family_id),
            (Field::ImageTag, self.image_tag),
            (Field::ImageDigest, self.image_digest),
            (Field::BuildActor, self.build_actor),
            (Field::WrittenAt, self.written_at_utc),
            (Field::Verdict, self.verdict),
            (Field::FailureReason, self.failure_reason),
            (Field::CiRunId, self.ci_run_id),
            (Field::PhaseId, self.phase_id),
            (Field::PlatformRunId, self.platform_run_id),
            (Field::GitSha, self.git_sha),
            (Field::RepositoryUri, self.ecr_repo_uri),
            (Field::ContractVersion, self.contract_version),
        ]
    }
}

/// A family of build commands.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawFamily {
    /// Its ID.
    #[schemars(required)]
    pub id: Text,
    /// The build driver that runs it.
    #[schemars(required)]
    pub driver: Text,
}

/// What the run's security evidence must say.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawSecurityEvidence {
    /// Whether there must be some. Default: where it is looked for by run.
    pub required: Option<Marked<bool>>,
    /// Whether it must name the image by its digest, as seaworthy's own does.
    #[schemars(extend("default" = false))]
    pub require_image_digest: Option<Marked<bool>>,
}

/// Who may sign the documents.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawSignature {
    /// Whether the documents must be signed.
    #[schemars(extend("default" = false))]
    pub required: Option<Marked<bool>>,
    /// The public keys. One `[[signature.keys]]` for each.
    pub keys: Option<Vec<Marked<RawKey>>>,
}

/// A public key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawKey {
    /// What it is called here.
    #[schemars(required)]
    pub id: Text,
    /// The key as PEM (SPKI): ECDSA on P-256, or Ed25519.
    #[schemars(required)]
    pub pem: Text,
}

/// How the registry is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawRegistry {
    /// Whether it must be asked.
    #[schemars(extend("default" = false))]
    pub required: Option<Marked<bool>>,
    /// By which API: ECR's, that of the OCI distribution specification, or by the host's name.
    #[schemars(extend("enum" = ["auto", "ecr", "oci"]), extend("default" = "auto"))]
    pub kind: Text,
    /// Whether the repository must not let tags move. Registries other than ECR cannot tell.
    #[schemars(extend("default" = true))]
    pub require_immutable_tags: Option<Marked<bool>>,
    /// Hosts that the registry may redirect to over TLS though they are in a private network, or though the registry is
    /// spoken to without TLS: an object store, a VPC endpoint. Link-local addresses are never followed.
    pub redirect_hosts: Option<Vec<Marked<String>>>,
    /// Hosts of token endpoints on other domains than the registry's, which may see its login.
    pub login_hosts: Option<Vec<Marked<String>>>,
}
