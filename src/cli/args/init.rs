//! What may be typed after `seaworthy init`.

use std::path::PathBuf;

use clap::Args;

/// Write a first contract for a repository, each guess with the place that it was made from
#[derive(Args, Debug)]
#[command(
    after_help = "Looked at: Dockerfiles, .dockerignore, .github/workflows, *.tf, ECS task definitions (*.json), \
    handle registries (*handles*.md, *handles*.toml) and .env.example. Values of variables are never copied, only names \
    and parameter paths. A seaworthy.toml that is there is never overwritten."
)]
pub(in crate::cli) struct Init {
    /// The repository.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(in crate::cli) directory: PathBuf,
    /// Print the contract and write nothing.
    #[arg(long)]
    pub(in crate::cli) print: bool,
}
