//! What may be typed after `seaworthy init`.

use std::path::PathBuf;

use clap::Args;

/// Write a first contract for a repository, each guess with the place that it was made from
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  seaworthy init\n  seaworthy init --env infra/prod --print\n  seaworthy init --check\n\n\
    Read are Dockerfiles, compose files, .github/workflows, Terraform, CloudFormation templates, ECS task definitions, plans, \
    documents of runs, image archives, handle registries (*handles*.md, .toml, .json), Markdown tables of entrypoints, Procfile, \
    pyproject.toml and .env.example. Only names and paths are copied, never the value of a variable. A contract that is there is \
    never overwritten.\n\n\
    Exit codes: 0 done; 1 with --check: the contract lacks something; 2 could not decide"
)]
pub(in crate::cli) struct Init {
    /// The repository.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(in crate::cli) directory: PathBuf,
    /// Print the contract and write nothing.
    #[arg(long, conflicts_with = "check", help_heading = "Output")]
    pub(in crate::cli) print: bool,
    /// Write nothing; say what the contract that is there lacks for its profile.
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) check: bool,
    /// The environment that the contract is for: a directory of Terraform, or a .tfvars file, in the repository.
    #[arg(long, value_name = "DIR|FILE", help_heading = "Input")]
    pub(in crate::cli) env: Option<PathBuf>,
    /// The image that the contract is for, by its name or the path of its Dockerfile. Default: the first.
    #[arg(long, value_name = "NAME", conflicts_with = "all_images", help_heading = "Input")]
    pub(in crate::cli) image: Option<String>,
    /// Write a contract for each image: seaworthy.toml for the first, seaworthy.NAME.toml for the others.
    #[arg(long, conflicts_with_all = ["print", "check"], help_heading = "Output")]
    pub(in crate::cli) all_images: bool,
}
