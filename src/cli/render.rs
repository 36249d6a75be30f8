//! A report in the format that was asked for, and a word where a format has no room for all of it.

use super::Failure;
use super::output::Terminal;
use crate::contract::Contract;
use crate::finding::Report;
use crate::report::evidence::{self, RunInfo};
use crate::report::repository::Repository;
use crate::report::{Format, asff, csv, github, gitlab, html, json, junit, markdown, sarif};

/// A report and what formats tell beside it.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) report: &'a Report,
    pub(super) run: &'a RunInfo,
    pub(super) contract: &'a Contract,
    pub(super) repository: &'a Repository,
    pub(super) category: &'a str,
}

/// The report's bytes in any format but text, which depends on the terminal.
pub(super) fn render(
    format: Format,
    around: &Surroundings<'_>,
    terminal: &Terminal,
) -> Result<Vec<u8>, Failure> {
    let Surroundings { report, run, repository, .. } = *around;
    let mut bytes = Vec::new();
    let left_out = match format {
        // Text has a screen of its own.
        Format::Text => 0,
        Format::Json => json::write(report, &mut bytes).map(|()| 0)?,
        Format::Github => github::write(report, repository, &mut bytes).map(|()| 0)?,
        Format::Evidence => evidence::write(report, run, &mut bytes).map(|()| 0)?,
        Format::Csv => csv::write(report, repository, &mut bytes).map(|()| 0)?,
        Format::Markdown => markdown::write(report, repository, &mut bytes)?,
        Format::Html => html::write(report, repository, &mut bytes)?,
        Format::Junit => junit::write(report, repository, &mut bytes)?,
        Format::GitlabQuality => gitlab::write_code_quality(report, repository, &mut bytes)?,
        Format::GitlabSecrets => {
            let commit = std::env::var("CI_COMMIT_SHA").ok();
            let scan = gitlab::Scan { written_at_utc: run.written_at_utc.clone(), commit };
            gitlab::write_secret_detection(report, repository, &scan, &mut bytes)?
        }
        Format::Asff => asff::write(report, repository, &account(around)?, &mut bytes)?,
        Format::Sarif => {
            let options = sarif::Options { category: around.category, repository };
            let written = sarif::write(report, options, &mut bytes)?;
            if written.runs > 1 {
                terminal.warn(&format!(
                    "SARIF: code scanning keeps 5,000 results of a run, so there are {} runs; the categories of the \
                     further ones end in part-2/, part-3/ …",
                    written.runs
                ));
            }
            written.left_out
        }
    };
    if left_out > 0 {
        terminal.warn(&format!(
            "{format} has no room for {left_out} of the findings, the least severe; json has all"
        ));
    }
    Ok(bytes)
}

/// The account that Security Hub's findings are imported into.
fn account(around: &Surroundings<'_>) -> Result<asff::Account, Failure> {
    let aws = &around.contract.aws;
    let region = aws.region.clone().or_else(|| std::env::var("AWS_REGION").ok().filter(|r| !r.is_empty()));
    let missing = |what: &str| {
        Failure(format!("--report asff: the {what} is unknown: set `aws.{what}` in the contract"))
    };
    let id = aws.account.clone().ok_or_else(|| missing("account"))?;
    let region = region.ok_or_else(|| missing("region"))?;
    let written_at_utc = around.run.written_at_utc.clone();
    Ok(asff::Account { id, region, written_at_utc })
}
