//! What may be typed.

mod accept;
mod audit;
mod documents;
mod gate;
mod init;
mod simulate;
mod wiring;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::finding::Severity;
use seaworthy_source::RunId;

pub(super) use accept::Accept;
pub(super) use audit::Audit;
pub(super) use gate::Gate;
pub(super) use init::Init;

pub(super) use simulate::Simulate;
pub(super) use wiring::{Files, Wiring};

pub(super) use documents::{Attest, Verify};

/// Checks a container image before deployment: no embedded secrets, least-privilege access to runtime secrets, provenance that matches the image.
#[derive(Debug, Parser)]
#[command(name = "seaworthy", version, max_term_width = 100, after_help = EXIT_CODES)]
#[command(propagate_version = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "Exit codes, whatever the report's format:\n  \
    0  pass\n  1  fail: something was found\n  2  could not decide: usage, contract or input error, or incomplete";

/// Options of every command.
#[derive(Args, Debug)]
pub(super) struct Global {
    /// When to use colour.
    #[arg(
        long,
        global = true,
        display_order = 900,
        value_name = "WHEN",
        default_value = "auto",
        env = "SEAWORTHY_COLOR",
        help_heading = "Report"
    )]
    pub(super) color: When,
    /// Print less: one line for each finding and each item that was not checked, then the verdict.
    #[arg(
        short,
        long,
        global = true,
        display_order = 900,
        conflicts_with = "verbose",
        help_heading = "Report"
    )]
    pub(super) quiet: bool,
    /// Print more: every finding, every check and whole digests; twice for offsets too.
    #[arg(short, long, global = true, display_order = 900, action = ArgAction::Count, help_heading = "Report")]
    pub(super) verbose: u8,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Context(Context),
    Image(Image),
    Wiring(Wiring),
    Gate(Gate),
    Accept(Accept),
    Init(Init),
    Simulate(Simulate),
    Verify(Verify),
    Attest(Attest),
    Audit(Audit),
    Rules(Rules),
    Explain(Explain),
    Schema(Schema),
    Completions(Completions),
    Man(Man),
    GenerateDocs(GenerateDocs),
}

/// Inspect a build before it is done: the Dockerfile and the files that its context gives the builder
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy context\n  \
    seaworthy context services/shop -f docker/shop.Dockerfile \\\n    \
    --report text --report sarif=seaworthy.sarif\n  \
    seaworthy context --list -0 | xargs -0 ls -ld        what is sent to the builder\n  \
    seaworthy context --list --reachable                 what a COPY or ADD can take\n  \
    generate-dockerfile | seaworthy context -f -\n\n\
    Comments such as `# hadolint ignore=` or `# check=skip=` are listed and ignored: findings are accepted in the \
    contract.\n\n\
    Exit codes: 0 pass, 1 fail, 2 could not decide")]
#[command(group = clap::ArgGroup::new("listing").args(["list", "reachable"]).multiple(true))]
pub(super) struct Context {
    /// The build context: a directory. Default: the contract's `image.context`, else the current directory.
    #[arg(value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
    /// The Dockerfile; - reads standard input. Default: the contract's `image.dockerfile`, else DIR/Dockerfile.
    #[arg(short = 'f', long, value_name = "DOCKERFILE", help_heading = "Input")]
    pub(super) file: Option<PathBuf>,
    /// The stage to build, if it is not the last.
    #[arg(long, value_name = "STAGE", help_heading = "Input")]
    pub(super) target: Option<String>,
    /// Who builds: builders read ignore files differently.
    #[arg(
        long,
        value_name = "BUILDER",
        default_value = "buildkit",
        env = "SEAWORTHY_BUILDER",
        help_heading = "Input"
    )]
    pub(super) builder: With,
    /// Print the files that are sent to the builder, one per line, and examine nothing.
    #[arg(long, help_heading = "List files")]
    pub(super) list: bool,
    /// Like --list, but print only the files that a COPY, ADD or bind mount of the needed stages can take.
    #[arg(long, help_heading = "List files")]
    pub(super) reachable: bool,
    /// With --list or --reachable: end each path with NUL instead of a newline.
    #[arg(short = '0', long, requires = "listing", help_heading = "List files")]
    pub(super) null: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Context {
    /// Whether files are listed and nothing is examined.
    pub(super) fn lists(&self) -> bool {
        self.list || self.reachable
    }
}

/// The builders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum With {
    /// `docker build` since 23.0, `docker buildx`.
    Buildkit,
    /// `docker build` with DOCKER_BUILDKIT=0.
    Classic,
    /// `buildah`, `podman build`.
    Buildah,
}

/// Inspect a built image: every layer (deleted files included), history, config, attestations, digests
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    docker save app:1.4 | gzip > app.tar.gz && seaworthy image app.tar.gz\n  \
    seaworthy image oci-archive:app.tar -f Dockerfile \\\n    \
    --report text --report sarif=seaworthy.sarif\n  \
    seaworthy image docker://registry.example.com/app@sha256:…\n\n\
    Exit codes: 0 pass, 1 fail, 2 could not decide")]
pub(super) struct Image {
    /// The image: docker-archive:FILE[:TAG], oci-archive:FILE[:TAG], oci:DIR[:TAG], docker://HOST/NAME[:TAG|@DIGEST],
    /// docker-daemon:NAME[:TAG], or just a path. Default: the contract's `image.reference`.
    #[arg(value_name = "REF")]
    pub(super) reference: Option<String>,
    /// The Dockerfile that built it: findings then name its lines. Default: the contract's `image.dockerfile`.
    #[arg(short = 'f', long, value_name = "DOCKERFILE", help_heading = "Input")]
    pub(super) file: Option<PathBuf>,
    /// The stage that was built, if it is not the last.
    #[arg(long, value_name = "STAGE", requires = "file", help_heading = "Input")]
    pub(super) target: Option<String>,
    /// Use HTTP instead of HTTPS; the default for loopback registries.
    #[arg(long, env = "SEAWORTHY_PLAIN_HTTP", help_heading = "Input")]
    pub(super) plain_http: bool,
    /// Also run the contract's entrypoints with --help and their `dry_run`, without network and secrets, in a container
    /// (docker, podman: the image must be in an archive) or in a sandbox (bwrap). Without this, nothing of the image is
    /// run.
    #[arg(long, value_name = "ENGINE", help_heading = "Input")]
    pub(super) exec: Option<Engine>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What runs entrypoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// `docker load`, `docker run`.
    Docker,
    /// `podman load`, `podman run`.
    Podman,
    /// bubblewrap: no daemon.
    Bwrap,
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word).ok_or_else(|| "expected low, medium, high or critical".to_owned())
}

fn jobs(text: &str) -> Result<u16, String> {
    let number = text.parse::<u16>().ok().filter(|n| *n > 0);
    number.ok_or_else(|| format!("expected a number from 1 to {}", u16::MAX))
}

fn run_id(text: &str) -> Result<String, String> {
    RunId::parse(text).map(|id| id.to_string()).map_err(|rule| format!("a run's ID {rule}"))
}

/// Options of every command that ends in a verdict.
#[derive(Args, Clone, Debug)]
pub(super) struct Common {
    /// The contract. Default: seaworthy.toml in the current directory, if there is one.
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONTRACT", help_heading = "Policy")]
    pub(super) contract: Option<PathBuf>,
    /// Write a report: text, json, sarif, github, markdown, html, junit, gitlab-secrets, gitlab-quality, asff, csv or
    /// evidence; to PATH, else to standard output (evidence: to the contract's directory). May be given several times.
    /// Default: text.
    #[arg(
        long = "report",
        value_name = "FORMAT[=PATH]",
        env = "SEAWORTHY_REPORT",
        value_delimiter = ',',
        help_heading = "Report"
    )]
    pub(super) reports: Vec<String>,
    /// Minimum severity that fails the run: low, medium, high or critical. Default: the contract's, else medium.
    #[arg(long, value_name = "SEVERITY", env = "SEAWORTHY_FAIL_ON", value_parser = severity, hide_possible_values = true, help_heading = "Policy")]
    pub(super) fail_on: Option<Severity>,
    /// Exit with 0 in place of 1; never in place of 2.
    #[arg(long, env = "SEAWORTHY_EXIT_ZERO", value_parser = clap::builder::BoolishValueParser::new(), help_heading = "Policy")]
    pub(super) exit_zero: bool,
    /// Number of threads. Default: all processors.
    #[arg(short, long, value_name = "N", env = "SEAWORTHY_JOBS", value_parser = jobs, help_heading = "Advanced")]
    pub(super) jobs: Option<u16>,
    /// More detectors: a directory of .toml files (see `seaworthy rules show`). May be given several times.
    #[arg(
        long = "rules",
        value_name = "DIR",
        env = "SEAWORTHY_RULES",
        value_delimiter = ',',
        help_heading = "Policy"
    )]
    pub(super) rules: Vec<PathBuf>,
    /// The run that the evidence belongs to.
    #[arg(long, value_name = "ID", env = "SEAWORTHY_RUN_ID", value_parser = run_id, help_heading = "Evidence")]
    pub(super) run_id: Option<String>,
    /// Who runs this, for the evidence. Default: GITHUB_ACTOR, else the user.
    #[arg(long, value_name = "NAME", env = "SEAWORTHY_ACTOR", help_heading = "Evidence")]
    pub(super) actor: Option<String>,
    /// Replace evidence that exists with another verdict; the old file is kept beside it.
    #[arg(long, help_heading = "Evidence")]
    pub(super) replace: bool,
    /// The category of a SARIF upload: one for each image of a repository.
    #[arg(
        long,
        value_name = "NAME",
        env = "SEAWORTHY_SARIF_CATEGORY",
        default_value = "seaworthy",
        help_heading = "Report"
    )]
    pub(super) sarif_category: String,
}

/// List, show and check detectors
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy rules list\n  \
    seaworthy rules show github-pat-classic\n  \
    seaworthy rules check --rules detectors\n\n\
    Exit codes: 0 done, 2 no such detector, or one that does not hold")]
pub(super) struct Rules {
    #[command(subcommand)]
    pub(super) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List all detectors
    List {
        #[command(flatten)]
        directories: RuleDirectories,
    },
    /// Show one detector: what it finds, its examples, how to rotate what it finds
    Show {
        /// The detector's ID.
        id: String,
        #[command(flatten)]
        directories: RuleDirectories,
    },
    /// Check that all detectors compile and do what their examples say
    Check {
        #[command(flatten)]
        directories: RuleDirectories,
    },
}

#[derive(Args, Debug)]
pub(super) struct RuleDirectories {
    /// More detectors: a directory of .toml files. May be given several times.
    #[arg(long = "rules", value_name = "DIR", env = "SEAWORTHY_RULES", value_delimiter = ',')]
    pub(super) rules: Vec<PathBuf>,
}

/// Explain a check or a control: what it asks, why it matters, how to fix what it finds
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy explain SW302\n  \
    seaworthy explain m1\n\n\
    Exit codes: 0 printed, 2 no such check, control or profile")]
pub(super) struct Explain {
    /// A check's ID, such as SW302; a control's, such as A.3; or a profile, such as m1. Without it all checks are listed.
    pub(super) id: Option<String>,
}

/// Print a JSON Schema
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy schema contract > seaworthy.schema.json\n  \
    seaworthy schema report\n\n\
    Exit codes: 0 printed, 2 no such schema")]
pub(super) struct Schema {
    /// contract, profile, report, evidence or audit.
    pub(super) name: String,
}

/// Print the man page, or that of one command
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy man > seaworthy.1\n  \
    seaworthy man image | man -l -\n\n\
    Exit codes: 0 printed, 2 no such command")]
pub(super) struct Man {
    /// The command, such as image.
    pub(super) name: Option<String>,
}

/// Write the generated pages of the documentation
#[derive(Args, Debug)]
#[command(hide = true)]
pub(super) struct GenerateDocs {
    /// The directory that they go to.
    #[arg(value_name = "DIR", default_value = "docs")]
    pub(super) directory: PathBuf,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy completions bash > /etc/bash_completion.d/seaworthy\n  \
    seaworthy completions zsh > _seaworthy\n\n\
    Exit codes: 0 printed, 2 no such shell")]
pub(super) struct Completions {
    /// The shell.
    pub(super) shell: Shell,
}
