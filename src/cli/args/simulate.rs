//! What `seaworthy simulate` takes.

use std::path::PathBuf;

use clap::Args;

use super::wiring::Files;

/// Decide IAM requests offline, each with its reason
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy simulate --role app-task --action ssm:GetParameter \\\n    \
    --resource /app/prod/db --plan plan.json\n  \
    seaworthy simulate --cases cases.jsonl\n\n\
    One request is of a role that a plan, a template or a snapshot defines.\n\
    Many requests are a case on each line:\n  \
    {\"id\": \"1\", \"policies\": {\"identity\": [{…}], \"boundaries\": null, \"scps\": [{\"org\": \"root\", \"policies\": [{…}]}]},\n   \
    \"request\": {\"principal\": \"arn:…\", \"action\": \"ssm:GetParameter\", \"resource\": \"arn:…\", \"context\": {}}}\n\
    policies: null or missing means none; an empty list of boundaries or session policies is\n  \
    attached and allows nothing. Also: \"session\", \"rcps\", \"resource\" (one policy).\n\
    request: \"resource_account\" says who owns a resource whose ARN does not; the default is the\n  \
    principal's account, and null is unknown. A context value of null is unknown;\n  \
    \"open_context\": true makes every key that is not listed unknown.\n\
    The answer is one, too: {\"id\", \"decision\": Allowed | ImplicitlyDenied | ExplicitlyDenied | Unknown, \"why\"}.\n\n\
    Exit codes: 0 allowed, 1 denied, 2 unknown; with --cases 0, or 2 if a case could not be read")]
pub(in crate::cli) struct Simulate {
    /// The cases, one JSON object a line; - for standard input.
    #[arg(
        long,
        value_name = "FILE.jsonl",
        required_unless_present = "role",
        conflicts_with = "role",
        help_heading = "Many requests"
    )]
    pub(in crate::cli) cases: Option<PathBuf>,
    /// The role that asks: its name or ARN.
    #[arg(long, value_name = "ROLE", requires_all = ["action", "resource"], help_heading = "One request")]
    pub(in crate::cli) role: Option<String>,
    /// The action, such as ssm:GetParameter.
    #[arg(long, value_name = "ACTION", requires = "role", help_heading = "One request")]
    pub(in crate::cli) action: Option<String>,
    /// The resource's ARN; a text that begins with a slash is the name of a parameter.
    #[arg(long, value_name = "ARN", requires = "role", help_heading = "One request")]
    pub(in crate::cli) resource: Option<String>,
    /// A context key and its value. May be given several times; keys that are not given are unknown.
    #[arg(long, value_name = "KEY=VALUE", requires = "role", help_heading = "One request")]
    pub(in crate::cli) context: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) files: Files,
    /// The contract, for its `[aws]` section. Default: seaworthy.toml in the current directory, if there is one.
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONTRACT", help_heading = "Policy")]
    pub(in crate::cli) contract: Option<PathBuf>,
}
