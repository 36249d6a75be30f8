//! `[provenance]`: what the packaging provenance of a run must hold.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{is_set, of_form, renamed};
use crate::check::provenance::{DigestValue, Expectations, Field, Form, Layout, TagPattern};
use crate::contract::fault::Fault;
use crate::contract::marked::{Count, Marked, Text};
use crate::contract::validator::Validator;

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

impl Validator<'_> {
    /// Checks `[provenance]`.
    pub(super) fn provenance(&mut self, raw: RawProvenance, out: &mut Expectations) {
        let fields = raw.fields.map(|f| f.fields()).unwrap_or_default();
        let base = Layout { names: self.names(fields), ..Layout::provenance() };
        out.provenance = self.layout(renamed(base, &Layout::provenance()), raw.required, raw.allowed);
        let mut versions = HashMap::new();
        for entry in raw.versions.unwrap_or_default() {
            let RawVersion { version, required, allowed } = entry.value;
            let Some(version) = version else { continue };
            self.unique(&mut versions, "version", &version);
            let layout = self.layout(out.provenance.clone(), required, allowed);
            let version = self.read("`version`", &version, |t| of_form(Form::Word, t));
            out.profiles.extend(version.map(|v| (v, layout)));
        }
        if !out.profiles.is_empty() {
            // A document that names its version must be allowed to.
            let name = out.provenance.name(Field::ContractVersion).to_owned();
            let layouts = out.profiles.iter_mut().map(|(_, layout)| layout);
            for layout in layouts.chain([&mut out.provenance]).filter(|l| !l.knows(&name)) {
                layout.allowed.push(name.clone());
            }
        }
        for (field, text) in raw.pinned.map(|p| p.fields()).unwrap_or_default() {
            let text = self.text(field.name(), text, |t| of_form(field.form(), t));
            out.pinned.extend(text.map(|t| (field, t)));
        }
        out.source_repository =
            self.text("source_repository", raw.source_repository, crate::contract::names::line);
        if let Some(pattern) = self.text("tag_pattern", raw.tag_pattern, tag_pattern) {
            out.tag_pattern = pattern;
        }
        if let Some(words) = self.words("convenience_tags", raw.convenience_tags, wildcard_tag) {
            out.convenience_tags = words;
        }
        if let Some(words) = self.words("reference_modes", raw.reference_modes, |t| of_form(Form::Word, t)) {
            out.reference_modes = words;
        }
        if raw.oci_digest_value.is_some_and(|v| v.value == "hex") {
            out.digest_value = DigestValue::Hex;
        }
        if let Some(skew) = raw.max_clock_skew_seconds {
            if skew.value > 86_400 {
                let help = "write 86400 (a day) or less: more hides clocks that are wrong";
                self.report(skew.span, "`max_clock_skew_seconds` is too large", help);
            }
            out.skew_seconds = skew.value;
        }
        out.require_push_time = is_set(raw.require_push_time, false);
    }
}

fn tag_pattern(text: &str) -> Result<TagPattern, Fault> {
    TagPattern::parse(text).ok_or_else(|| {
        Fault::new(
            "is not a pattern for tags",
            "write `{git_sha}` once, and other fields of the provenance if you like, with letters, digits, `_`, `.` and `-` around them, such as `git-{git_sha}-run-{ci_run_id}`",
        )
    })
}

fn wildcard_tag(text: &str) -> Result<String, Fault> {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"_.-*".contains(&b);
    if !text.is_empty() && text.len() <= 128 && text.bytes().all(part) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is not a pattern for tags", "use a tag's characters and `*`, such as `*-latest`"))
}
