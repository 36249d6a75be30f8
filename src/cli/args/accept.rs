//! What may be typed after `seaworthy accept`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

/// Accept a finding for a time: write an [[accept]] entry into the contract
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy accept 9c31f0aa --until 2027-01-31 --reason \"published test key\"\n  \
    seaworthy accept 9c31f0aa --cause --until 2027-01-31 \\\n    --reason \"development only\"\n  \
    seaworthy accept 9c31f0aa --from report.json --until 2027-01-31 \\\n    --reason \"known, see OPS-12\"\n\n\
    The finding is taken from the JSON report that --from names; without it, `seaworthy context` runs again. \
    An accepted finding is left out of the verdict and of SARIF, and stays in JSON and evidence.\n\n\
    Exit codes: 0 written, 2 not written")]
pub(in crate::cli) struct Accept {
    /// The finding's fingerprint, or its first 8 hex digits or more. May be given several times.
    #[arg(value_name = "FINGERPRINT", required = true, value_parser = fingerprint)]
    pub(in crate::cli) fingerprints: Vec<String>,
    /// The last day on which the finding is accepted, YYYY-MM-DD; at most 400 days ahead.
    #[arg(long, value_name = "DATE", value_parser = day, help_heading = "Acceptance")]
    pub(in crate::cli) until: Date,
    /// Why this is safe, in 10 characters or more.
    #[arg(long, value_name = "TEXT", help_heading = "Acceptance")]
    pub(in crate::cli) reason: String,
    /// Accept every finding of the same cause; of an image, those in copies of its files.
    #[arg(long, help_heading = "Acceptance")]
    pub(in crate::cli) cause: bool,
    /// The JSON report that has the finding (`--report json=FILE`). Default: the result of `seaworthy context`.
    #[arg(long, value_name = "REPORT.json", help_heading = "Input")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// Without --from: the build context. Default: the contract's `image.context`, else the current directory.
    #[arg(long, value_name = "DIR", conflicts_with = "from", help_heading = "Input")]
    pub(in crate::cli) context: Option<PathBuf>,
    /// Without --from: the Dockerfile. Default: the contract's `image.dockerfile`, else the context's Dockerfile.
    #[arg(short = 'f', long, value_name = "DOCKERFILE", conflicts_with = "from", help_heading = "Input")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The contract to write to. Default: seaworthy.toml in the current directory; it is created if there is none.
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONTRACT", help_heading = "Policy")]
    pub(in crate::cli) contract: Option<PathBuf>,
}

fn fingerprint(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    match (8..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(text),
        false => Err("expected 8 to 32 hex digits, as the report prints them".to_owned()),
    }
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "expected a day such as 2027-01-31".to_owned())
}
