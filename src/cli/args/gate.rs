//! What may be typed after `seaworthy gate`.

use std::path::PathBuf;

use clap::Args;

use super::{Common, Engine, Files, With};

/// Examine everything that the contract asks of a run, write its evidence, and answer with one verdict
#[derive(Args, Debug)]
#[command(
    after_help = "The contract's `profile` says which controls the run is judged by: m1 (the default), image, or a \
    file of your own. The gate passes only if every required control passes or is waived in the contract \
    ([[waivers]]). Context and image are always examined, provenance documents if the profile has controls about \
    them, the rest when the contract configures it. `seaworthy explain m1` lists M1's controls.\n\n\
    Examples:\n  \
    seaworthy gate --run-id platform_20260213T101500Z\n  \
    seaworthy gate --run-id \"$RUN\" --report text --report sarif=seaworthy.sarif\n  \
    seaworthy gate --run-id \"$RUN\" oci-archive:app.tar --dry-run -v\n\n\
    The evidence goes to the run's place in the contract's store (`evidence.store`, else `evidence.directory`). Of \
    SW514, which asks for that very evidence, a gate asks only whether the image that it examined is the one that was \
    packaged; the rest is for `verify` and `audit`.\n\n\
    Exit codes: 0 pass, 1 fail, 2 could not decide"
)]
pub(in crate::cli) struct Gate {
    /// The image, as for `seaworthy image`. Default: the contract's `image.reference`.
    #[arg(value_name = "REF")]
    pub(in crate::cli) reference: Option<String>,
    /// The build context: a directory. Default: the contract's `image.context`, else the current directory.
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub(in crate::cli) context: Option<PathBuf>,
    /// The Dockerfile. Default: the contract's `image.dockerfile`, else the context's Dockerfile.
    #[arg(short = 'f', long, value_name = "DOCKERFILE", help_heading = "Input")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The stage that is built, if it is not the last.
    #[arg(long, value_name = "STAGE", help_heading = "Input")]
    pub(in crate::cli) target: Option<String>,
    /// Who builds: builders read ignore files differently.
    #[arg(
        long,
        value_name = "BUILDER",
        default_value = "buildkit",
        env = "SEAWORTHY_BUILDER",
        help_heading = "Input"
    )]
    pub(in crate::cli) builder: With,
    /// Ask the registry which digest the tag resolves to.
    #[arg(long, env = "SEAWORTHY_REGISTRY", help_heading = "Input")]
    pub(in crate::cli) registry: bool,
    /// Use HTTP instead of HTTPS; the default for loopback registries.
    #[arg(long, env = "SEAWORTHY_PLAIN_HTTP", help_heading = "Input")]
    pub(in crate::cli) plain_http: bool,
    /// The URL of the S3 service that holds evidence. Default: the contract's `evidence.s3.endpoint`, else AWS_ENDPOINT_URL, else AWS.
    #[arg(long, value_name = "URL", env = "SEAWORTHY_ENDPOINT_URL", help_heading = "Advanced")]
    pub(in crate::cli) endpoint_url: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) files: Files,
    /// Look at the AWS account itself, with the credentials of the environment.
    #[arg(long, help_heading = "Input")]
    pub(in crate::cli) live: bool,
    /// Also run the contract's entrypoints, as `seaworthy image --exec` does.
    #[arg(long, value_name = "ENGINE", help_heading = "Input")]
    pub(in crate::cli) exec: Option<Engine>,
    /// The run header is written after the gate: its controls are not requested.
    #[arg(long, help_heading = "Evidence")]
    pub(in crate::cli) before_run_header: bool,
    /// Examine everything and write nothing to the store.
    #[arg(long, help_heading = "Evidence")]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) common: Common,
}
