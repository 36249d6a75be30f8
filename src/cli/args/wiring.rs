//! What `seaworthy wiring` takes, and the sources that `seaworthy simulate` shares with it.

use std::path::PathBuf;

use clap::Args;

use super::Common;

/// Inspect how runtime secrets reach the tasks: parameters, roles, task definitions
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    terraform show -json plan.out > plan.json && seaworthy wiring --plan plan.json\n  \
    seaworthy wiring --template cdk.out/app.template.json \\\n    \
    --report text --report sarif=wiring.sarif\n  \
    seaworthy wiring --live --region eu-west-1 --save-snapshot snapshot.json\n  \
    seaworthy wiring --snapshot snapshot.json            the same again, without the account\n  \
    seaworthy wiring --plan plan.json --source infra/     findings name the .tf file and line\n  \
    seaworthy wiring --plan plan.json --against main.json  what the change newly allows\n  \
    seaworthy wiring --print-policy                      what --live needs to be allowed\n\n\
    Several sources fill one another: plans, templates and task definitions, then snapshots, then the account. No secret value is read.\n\n\
    Exit codes: 0 pass, 1 fail, 2 could not decide")]
pub(in crate::cli) struct Wiring {
    #[command(flatten)]
    pub(in crate::cli) files: Files,
    /// Look at the account itself, with the credentials of the environment; only what the contract names is asked for.
    #[arg(long, help_heading = "Input")]
    pub(in crate::cli) live: bool,
    /// With --live: the region. Default: the contract's, else that of the environment.
    #[arg(long, value_name = "REGION", requires = "live", help_heading = "Input")]
    pub(in crate::cli) region: Option<String>,
    /// With --live: the profile of the AWS configuration.
    #[arg(long, value_name = "NAME", requires = "live", help_heading = "Input")]
    pub(in crate::cli) aws_profile: Option<String>,
    /// With --live: an endpoint for every service, such as that of a test account.
    #[arg(long, value_name = "URL", env = "SEAWORTHY_ENDPOINT_URL", help_heading = "Advanced")]
    pub(in crate::cli) endpoint_url: Option<String>,
    /// With --live: ask AWS's simulation API, too; where the two disagree, the answer is not checked.
    #[arg(long, requires = "live", help_heading = "Input")]
    pub(in crate::cli) simulate: bool,
    /// Write all that was read to a file, for --snapshot. It holds no secret value.
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(in crate::cli) save_snapshot: Option<PathBuf>,
    /// Ask what is newly allowed compared with this saved snapshot: by roles, trust policies and policies of secrets.
    /// Default: the contract's `aws.against`.
    #[arg(long, value_name = "SNAPSHOT", help_heading = "Input")]
    pub(in crate::cli) against: Option<PathBuf>,
    /// Print the IAM policy that --live (and --simulate) needs for this contract, and examine nothing.
    #[arg(long, conflicts_with = "save_snapshot", help_heading = "Advanced")]
    pub(in crate::cli) print_policy: bool,
    #[command(flatten)]
    pub(in crate::cli) common: Common,
}

/// Files that tell of an account.
#[derive(Args, Debug)]
pub(in crate::cli) struct Files {
    /// A Terraform plan or state (`terraform show -json`). May be given several times. Default: the contract's `aws.plan`.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) plan: Vec<PathBuf>,
    /// A CloudFormation template, JSON or YAML. May be given several times. Default: the contract's `aws.template`.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) template: Vec<PathBuf>,
    /// A saved snapshot. May be given several times. Default: the contract's `aws.snapshot`.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) snapshot: Vec<PathBuf>,
    /// A task definition as JSON: what a deploy action registers, or what `aws ecs describe-task-definition` prints. May be
    /// given several times. Default: the contract's `aws.task_definition`.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) task_definition: Vec<PathBuf>,
    /// The values of the templates' parameters: a list of ParameterKey and ParameterValue, or CodePipeline's template
    /// configuration. May be given several times. Default: the contract's `aws.parameters`.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) parameters: Vec<PathBuf>,
    /// The directory of the Terraform source that a plan was made of: findings then name its files and lines, and what only
    /// apply will tell is read there. May be given several times. Default: the contract's `aws.source`.
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub(in crate::cli) source: Vec<PathBuf>,
}
