//! The JSON report, version 1. Within a version fields are only added; readers should ignore those they do not know.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::phrase::printable;
use super::v1;
use crate::finding::{CheckSummary, Report, Severity};

/// Writes the report as JSON. The same report gives the same bytes.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(report))?;
    writeln!(out)
}

/// What seaworthy examined and what it found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "seaworthy report, version 1")]
pub(super) struct Document {
    /// Name and version of this format.
    #[schemars(extend("const" = "seaworthy/report/v1"))]
    schema: &'static str,
    /// The tool that wrote it.
    tool: v1::Tool,
    /// The answer.
    verdict: v1::Verdict,
    /// The minimum severity that fails the run.
    fail_on: v1::Severity,
    /// The contract, if there was one.
    contract: Option<v1::Contract>,
    /// Counts.
    summary: Summary,
    /// What was examined.
    artifacts: Vec<v1::Artifact>,
    /// What was found, by check, origin and span.
    findings: Vec<v1::Finding>,
    /// The findings by what they have in common, worst first.
    causes: Vec<v1::Cause>,
    /// What was found and is accepted by the contract.
    accepted: Vec<v1::Accepted>,
    /// What could not be examined.
    not_checked: Vec<v1::NotChecked>,
    /// What must be known to read the verdict rightly; left out when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What was seen and what was not.
    coverage: v1::Coverage,
    /// Every check that could have been asked.
    checks: Vec<Check>,
    /// Which role can read which secret; `null` if that was not asked.
    access: Option<v1::Access>,
    /// What became of each entrypoint of the contract; left out when it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoints: Vec<v1::Entrypoint>,
    /// The profile that a gate judged by; `null` for all but a gate.
    profile: Option<v1::Profile>,
    /// What became of the profile's controls, by group; empty for all but a gate.
    controls: Vec<v1::Group>,
}

/// Counts. Accepted findings are counted under `accepted` alone.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    /// All findings.
    findings: usize,
    /// All causes.
    causes: usize,
    /// Those at or above `fail_on`.
    failing: usize,
    /// Findings of severity critical.
    critical: usize,
    /// Findings of severity high.
    high: usize,
    /// Findings of severity medium.
    medium: usize,
    /// Findings of severity low.
    low: usize,
    /// Accepted findings.
    accepted: usize,
    /// Items that could not be examined.
    not_checked: usize,
}

/// One check and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
struct Check {
    /// Its ID, such as `SW301`.
    id: &'static str,
    /// Its name, such as `secret-in-file`.
    name: &'static str,
    /// What became of it.
    status: v1::Status,
    /// Its findings, accepted ones not counted.
    findings: usize,
    /// Its accepted findings.
    accepted: usize,
    /// Items that it could not look at.
    not_checked: usize,
}

impl Document {
    fn of(report: &Report) -> Self {
        Self {
            schema: "seaworthy/report/v1",
            tool: v1::Tool::of(report),
            verdict: report.verdict.into(),
            fail_on: report.fail_on.into(),
            contract: v1::Contract::of(report),
            summary: Summary::of(report),
            artifacts: report.artifacts.iter().map(Into::into).collect(),
            findings: report.findings.iter().map(Into::into).collect(),
            causes: v1::Cause::all(report),
            accepted: report.accepted.iter().map(Into::into).collect(),
            not_checked: report.not_checked.iter().map(Into::into).collect(),
            notes: report.notes.iter().map(|n| printable(n)).collect(),
            coverage: (&report.coverage).into(),
            checks: report.checks.iter().map(Check::of).collect(),
            access: report.access.as_ref().map(Into::into),
            entrypoints: report.entrypoints.iter().map(Into::into).collect(),
            profile: report.profile.as_ref().map(Into::into),
            controls: report.controls.iter().map(Into::into).collect(),
        }
    }
}

impl Summary {
    fn of(report: &Report) -> Self {
        let of = |severity: Severity| report.findings.iter().filter(|f| f.severity == severity).count();
        Self {
            findings: report.findings.len(),
            causes: report.causes.len(),
            failing: report.failing(),
            critical: of(Severity::Critical),
            high: of(Severity::High),
            medium: of(Severity::Medium),
            low: of(Severity::Low),
            accepted: report.accepted.len(),
            not_checked: report.not_checked.len(),
        }
    }
}

impl Check {
    fn of(summary: &CheckSummary) -> Self {
        Self {
            id: summary.meta.id,
            name: summary.meta.name,
            status: summary.status.into(),
            findings: summary.findings,
            accepted: summary.accepted,
            not_checked: summary.not_checked,
        }
    }
}
