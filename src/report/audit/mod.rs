//! Reports of an audit of many runs. All formats show the same rows; the verdict and the counts are of all that were
//! judged, shown or not.

mod document;
mod sheet;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::phrase::printable;
use super::sarif::{self, Written};
use crate::finding::{Audit, AuditedRun, Report, Verdict};

pub(super) use document::Document;
pub use document::{write_json, write_lines};
pub(super) use sheet::inert;
pub use sheet::write_csv;

/// A form in which an audit can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditFormat {
    /// A table for a terminal.
    Text,
    /// One versioned JSON document.
    Json,
    /// One JSON object a line, for each run.
    Jsonl,
    /// A table for spreadsheets (RFC 4180).
    Csv,
    /// SARIF 2.1.0, with the findings of all runs.
    Sarif,
}

impl AuditFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Json, Self::Jsonl, Self::Csv, Self::Sarif];

    /// The word that names it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Sarif => "sarif",
        }
    }
}

impl fmt::Display for AuditFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AuditFormat {
    type Err = UnknownAuditFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|f| f.as_str() == word);
        found.ok_or_else(|| UnknownAuditFormat { given: printable(word) })
    }
}

/// A word that names no format of an audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{given}` for an audit: use {}", AuditFormat::ALL.map(AuditFormat::as_str).join(", "))]
pub struct UnknownAuditFormat {
    /// The word, printable.
    pub given: String,
}

/// Which rows are shown: those with one of these verdicts; without any, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only(pub Vec<Verdict>);

impl Only {
    /// The rows that are shown.
    pub fn runs<'a>(&self, audit: &'a Audit) -> Vec<&'a AuditedRun> {
        let shown = |run: &&AuditedRun| self.0.is_empty() || self.0.contains(&run.report.verdict);
        audit.runs.iter().filter(shown).collect()
    }
}

/// Writes the findings of all rows as SARIF; see [`sarif::write`].
///
/// # Errors
/// When `out` fails.
pub fn write_sarif(
    audit: &Audit,
    only: &Only,
    options: sarif::Options<'_>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let parts: Vec<Report> = only.runs(audit).into_iter().map(|r| r.report.clone()).collect();
    let mut all = Report::merge(audit.fail_on, &audit.known, parts, audit.not_checked.clone());
    all.verdict = audit.verdict;
    all.rules_digest.clone_from(&audit.rules_digest);
    all.contract_digest.clone_from(&audit.contract_digest);
    sarif::write(&all, options, out)
}
