//! `[aws]`: the account that the wiring is checked in.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::{Marked, Text};
use crate::contract::names::{self, aws as aws_names};
use crate::contract::validator::Validator;

/// The account that the wiring is checked in.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawAws {
    /// The partition: aws, aws-cn, aws-us-gov.
    #[schemars(extend("default" = "aws"))]
    pub partition: Text,
    /// The account's 12 digits, in quotes.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub account: Text,
    /// The region, such as `eu-west-1`.
    pub region: Text,
    /// Plans or states (`terraform show -json`) that are read when the command line names no source, relative to the
    /// contract's directory.
    pub plan: Option<Vec<Marked<String>>>,
    /// CloudFormation templates that are read when the command line names no source.
    pub template: Option<Vec<Marked<String>>>,
    /// Saved snapshots that are read when the command line names no source.
    pub snapshot: Option<Vec<Marked<String>>>,
    /// Task definitions as JSON (`aws ecs describe-task-definition`, or what a deploy action registers) that are read
    /// when the command line names no source.
    pub task_definition: Option<Vec<Marked<String>>>,
    /// Files with the values of the templates' parameters.
    pub parameters: Option<Vec<Marked<String>>>,
    /// Directories with the Terraform source of the plans.
    pub source: Option<Vec<Marked<String>>>,
    /// A saved snapshot: what roles may do beyond what it allows is new access.
    pub against: Text,
    /// Files with service control policies over the account, one for each level from the root to the account: a policy,
    /// or a list of policies. A level that only denies is read beside AWS's FullAWSAccess.
    pub service_control_policies: Option<Vec<Marked<String>>>,
}

/// `[aws]`: the account that the wiring is checked in. Paths are joined to the contract's directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSection {
    /// The partition; `aws` where nothing says otherwise.
    pub partition: Option<String>,
    /// The account's 12 digits.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Plans and states that are read when the command line names no source.
    pub plans: Vec<PathBuf>,
    /// Templates that are read when the command line names no source.
    pub templates: Vec<PathBuf>,
    /// Saved snapshots that are read when the command line names no source.
    pub snapshots: Vec<PathBuf>,
    /// Task definitions that are read when the command line names no source.
    pub task_definitions: Vec<PathBuf>,
    /// Values of the templates' parameters.
    pub parameters: Vec<PathBuf>,
    /// Directories with the Terraform source of the plans.
    pub source_directories: Vec<PathBuf>,
    /// A saved snapshot that new access is asked against.
    pub against: Option<PathBuf>,
    /// Service control policies, one file for each level from the root to the account.
    pub service_control_policies: Vec<PathBuf>,
}

impl Validator<'_> {
    /// Checks `[aws]`.
    pub(super) fn aws(&mut self, raw: RawAws) -> AwsSection {
        AwsSection {
            partition: self.text("partition", raw.partition, aws_names::partition),
            account: self.text("account", raw.account, aws_names::account),
            region: self.text("region", raw.region, aws_names::region),
            plans: self.paths("plan", raw.plan),
            templates: self.paths("template", raw.template),
            snapshots: self.paths("snapshot", raw.snapshot),
            task_definitions: self.paths("task_definition", raw.task_definition),
            parameters: self.paths("parameters", raw.parameters),
            source_directories: self.paths("source", raw.source),
            against: self.paths("against", raw.against.map(|path| vec![path])).pop(),
            service_control_policies: self.paths("service_control_policies", raw.service_control_policies),
        }
    }

    fn paths(&mut self, key: &str, raw: Option<Vec<Marked<String>>>) -> Vec<PathBuf> {
        let directory = self.directory();
        let name = format!("an entry of `{key}`");
        let raw = raw.unwrap_or_default();
        raw.iter().filter_map(|text| self.read(&name, text, names::path)).map(|p| directory.join(p)).collect()
    }
}
