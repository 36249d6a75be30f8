//! The sections about the account: where it is described, the roles and tasks in it, and what is excepted.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Marked, Text};

/// Where names live that the contract uses.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawHandles {
    /// The file of the handles, relative to the contract's folder: TOML, JSON, `.env`, or Markdown whose bullets hold
    /// `KEY = "value"` in backticks. `${KEY}` in a string of the contract stands for the value.
    #[schemars(required)]
    pub file: Text,
}

/// The account that the wiring is checked in.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawAws {
    /// The partition: aws, aws-cn, aws-us-gov.
    #[schemars(extend("default" = "aws"))]
    pub partition: Text,
    /// The account's 12 digits, in quotes.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub account: Text,
    /// The region, such as `eu-west-1`.
    pub region: Text,
    /// Plans or states (`terraform show -json`) that are read when the command line names no source, relative to the
    /// contract's folder.
    pub plan: Option<Vec<Marked<String>>>,
    /// CloudFormation templates that are read when the command line names no source.
    pub template: Option<Vec<Marked<String>>>,
    /// Saved snapshots that are read when the command line names no source.
    pub snapshot: Option<Vec<Marked<String>>>,
    /// Files with service control policies over the account, one for each level from the root to the account: a policy,
    /// or a list of policies. A level that only denies is read beside AWS's FullAWSAccess.
    pub service_control_policies: Option<Vec<Marked<String>>>,
}

/// A role, and the secrets that it must be able to read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawRole {
    /// The role's handle in this contract.
    #[schemars(required, regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]*$"))]
    pub handle: Text,
    /// The role's name or ARN.
    #[schemars(required)]
    pub role: Text,
    /// What it is for: a task role is the application's, an execution role is the ECS agent's, which pulls and logs.
    #[schemars(extend("enum" = ["task", "execution"]), extend("default" = "task"))]
    pub kind: Text,
    /// Handles of the secrets that it must be able to read. It may read nothing else.
    pub requires: Option<Vec<Marked<String>>>,
    /// What it may read although it does not require it. One `[[roles.extras]]` for each.
    pub extras: Option<Vec<Marked<RawExtra>>>,
}

/// Something that a role may read although it does not require it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawExtra {
    /// An ARN. `*` and `?` are wildcards, as in a policy.
    #[schemars(required)]
    pub resource: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which this holds, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(extend("format" = "date"))]
    pub expires: Text,
}

/// Which role a task runs as.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawTask {
    /// The task definition's family.
    #[schemars(required)]
    pub family: Text,
    /// The handle of its task role.
    #[schemars(required)]
    pub role: Text,
    /// The handle of its execution role, if it must be that one.
    pub execution_role: Text,
}

/// A role that no task may run as.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawForbiddenRole {
    /// The role's name or ARN.
    #[schemars(required)]
    pub role: Text,
    /// Why, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
}

/// One ARN for which a rule of the wiring may be broken for a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawException {
    /// The check: SW405 or SW406 with the ARN of what the execution role reads, SW410 with that of a principal.
    #[schemars(required, regex(pattern = r"^SW[0-9]{3}$"))]
    pub check: Text,
    /// The exact ARN, without wildcards.
    #[schemars(required)]
    pub arn: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which it holds, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}
