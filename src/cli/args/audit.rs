//! Arguments of `audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Common, jobs, severity};
use crate::finding::{Severity, Verdict};
use seaworthy_source::PhaseId;

/// Audit many runs: the documents of each, tags that were used twice, and what changed between runs of one tag
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy audit seaworthy-evidence --phase 'P(-1)'\n  \
    seaworthy audit s3://team-evidence/prod --since 2026-01-01 \\\n    \
    --only fail,incomplete --report csv=audit.csv\n  \
    seaworthy audit --registry --images --report text --report sarif=audit.sarif\n\n\
    Each run is judged as `seaworthy verify --run-id ID` judges it, against all other runs, by the version of the \
    contract that its provenance names. --since and --only look at dates and verdicts; the exit code is that of all \
    runs that were judged, shown or not. A run without a date that can be read is never left out by --since. With \
    --image-dir an image's file is named by its digest: sha256-HEX.tar, .tar.gz, .tgz or .tar.zst, or an OCI layout \
    sha256-HEX/.\n\n\
    Exit codes: 0 all pass, 1 one fails, 2 could not decide: one is incomplete and none fails, or there is no run")]
pub(in crate::cli) struct Audit {
    /// Where the runs are: a directory, or s3://BUCKET[/PREFIX]; documents are looked for by the contract's
    /// [evidence.keys]. Default: the contract's evidence store.
    #[arg(value_name = "ROOT")]
    pub(in crate::cli) root: Option<String>,
    /// The phase whose documents are audited. Default: the contract's.
    #[arg(long, value_name = "ID", env = "SEAWORTHY_PHASE", value_parser = phase, help_heading = "Input")]
    pub(in crate::cli) phase: Option<PhaseId>,
    /// Only runs that were written at this time or later: a date (UTC), or a date and time of RFC 3339.
    #[arg(long, value_name = "DATE|TIME", value_parser = moment, help_heading = "Input")]
    pub(in crate::cli) since: Option<Timestamp>,
    /// Show only runs with this verdict. May be given several times.
    #[arg(long, value_name = "VERDICT", value_delimiter = ',', help_heading = "Report")]
    pub(in crate::cli) only: Vec<Judged>,
    /// Ask the registry what each tag resolves to.
    #[arg(long, env = "SEAWORTHY_REGISTRY", help_heading = "Input")]
    pub(in crate::cli) registry: bool,
    /// Examine the images again, from their registries by digest.
    #[arg(long, help_heading = "Input")]
    pub(in crate::cli) images: bool,
    /// Examine the images again, from archives in this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "images", help_heading = "Input")]
    pub(in crate::cli) image_dir: Option<PathBuf>,
    /// How many images are examined at most; runs of further ones are incomplete.
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Input")]
    pub(in crate::cli) max_images: usize,
    /// Use HTTP instead of HTTPS; the default for loopback registries.
    #[arg(long, env = "SEAWORTHY_PLAIN_HTTP", help_heading = "Input")]
    pub(in crate::cli) plain_http: bool,
    /// Ask S3 and ECR's API at this address, such as that of a test account.
    #[arg(long, value_name = "URL", env = "SEAWORTHY_ENDPOINT_URL", help_heading = "Advanced")]
    pub(in crate::cli) endpoint_url: Option<String>,
    /// The contract. Default: seaworthy.toml in the current directory, if there is one.
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONTRACT", help_heading = "Policy")]
    contract: Option<PathBuf>,
    /// Write a report: text, json, jsonl (one object a run), csv or sarif; to PATH, else to standard output. May be
    /// given several times. Default: text.
    #[arg(long = "report", value_name = "FORMAT[=PATH]", value_delimiter = ',', help_heading = "Report")]
    reports: Vec<String>,
    /// Minimum severity that fails the run: low, medium, high or critical. Default: the contract's, else medium.
    #[arg(long, value_name = "SEVERITY", env = "SEAWORTHY_FAIL_ON", value_parser = severity, hide_possible_values = true, help_heading = "Policy")]
    fail_on: Option<Severity>,
    /// Exit with 0 in place of 1; never in place of 2.
    #[arg(long, env = "SEAWORTHY_EXIT_ZERO", value_parser = clap::builder::BoolishValueParser::new(), help_heading = "Policy")]
    exit_zero: bool,
    /// Number of threads. Default: all processors.
    #[arg(short, long, value_name = "N", env = "SEAWORTHY_JOBS", value_parser = jobs, help_heading = "Advanced")]
    jobs: Option<u16>,
    /// More detectors: a directory of .toml files (see `seaworthy rules show`). May be given several times.
    #[arg(
        long = "rules",
        value_name = "DIR",
        env = "SEAWORTHY_RULES",
        value_delimiter = ',',
        help_heading = "Policy"
    )]
    rules: Vec<PathBuf>,
    /// The category of a SARIF upload.
    #[arg(
        long,
        value_name = "NAME",
        env = "SEAWORTHY_SARIF_CATEGORY",
        default_value = "seaworthy-audit",
        help_heading = "Report"
    )]
    sarif_category: String,
}

/// A run's verdict, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Judged {
    /// Runs that pass.
    Pass,
    /// Runs that fail.
    Fail,
    /// Runs that could not be decided.
    Incomplete,
}

impl From<Judged> for Verdict {
    fn from(judged: Judged) -> Self {
        match judged {
            Judged::Pass => Self::Pass,
            Judged::Fail => Self::Fail,
            Judged::Incomplete => Self::Incomplete,
        }
    }
}

impl Audit {
    /// The options that other commands have, too. An audit writes no evidence, so there is neither run nor actor.
    pub(in crate::cli) fn common(&self) -> Common {
        Common {
            contract: self.contract.clone(),
            reports: self.reports.clone(),
            fail_on: self.fail_on,
            exit_zero: self.exit_zero,
            jobs: self.jobs,
            rules: self.rules.clone(),
            run_id: None,
            actor: None,
            replace: false,
            sarif_category: self.sarif_category.clone(),
        }
    }
}

fn phase(text: &str) -> Result<PhaseId, String> {
    PhaseId::parse(text).map_err(|rule| format!("a phase {rule}"))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let date = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    let start = date.and_then(|d| d.to_zoned(TimeZone::UTC).ok()).map(|z| z.timestamp());
    start.ok_or_else(|| {
        "expected a date such as 2026-01-31, or a date and time such as 2026-01-31T09:30:00Z".to_owned()
    })
}
