//! `[receipt]`: what the build receipt of a run must hold.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{of_form, renamed};
use crate::check::provenance::{Expectations, Field, Form, Layout};
use crate::contract::marked::{Marked, Text};
use crate::contract::validator::Validator;

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

impl Validator<'_> {
    /// Checks `[receipt]`.
    pub(super) fn receipt(&mut self, raw: RawReceipt, out: &mut Expectations) {
        out.receipt_required = raw.required.map(|r| r.value);
        let fields = raw.fields.map(|f| f.fields()).unwrap_or_default();
        let base = Layout { names: self.names(fields), ..Layout::receipt() };
        out.receipt = self.layout(renamed(base, &Layout::receipt()), raw.required_fields, raw.allowed_fields);
        let Some(families) = raw.families else { return };
        out.families.clear();
        for family in families {
            let id = self.text("id", family.value.id, |t| of_form(Form::Word, t));
            let driver = self.text("driver", family.value.driver, |t| of_form(Form::Word, t));
            out.families.extend(id.zip(driver));
        }
    }
}
