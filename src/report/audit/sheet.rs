//! An audit as a table for spreadsheets: comma-separated values (RFC 4180) with one header line.

use std::io::{self, Write};

use super::Only;
use crate::finding::{Audit, AuditedRun, CheckStatus, Verdict};
use crate::report::phrase::printable;

/// The columns; within a version of the tool's interface, columns are only added at the end.
const COLUMNS: [&str; 14] = [
    "run_id",
    "written_at_utc",
    "repository",
    "image_tag",
    "image_digest",
    "git_sha",
    "build_actor",
    "verdict",
    "failed_checks",
    "not_checked_checks",
    "findings",
    "accepted",
    "not-checked",
    "reason",
];

/// Writes one line for each run.
///
/// # Errors
/// When `out` fails.
pub fn write_csv(audit: &Audit, only: &Only, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = csv::WriterBuilder::new().from_writer(out);
    sheet.write_record(COLUMNS)?;
    for run in only.runs(audit) {
        sheet.write_record(cells(run).iter().map(|cell| inert(cell)))?;
    }
    sheet.flush()
}

fn cells(run: &AuditedRun) -> [String; 14] {
    let field = |name| run.field(name).map(printable).unwrap_or_default();
    let checks = |wanted: CheckStatus| {
        let ids: Vec<&str> = run.blockers().filter(|(_, s)| *s == wanted).map(|(id, _)| id).collect();
        ids.join(" ")
    };
    let report = &run.report;
    let reason = run.reason().filter(|_| report.verdict != Verdict::Pass);
    [
        printable(&run.id),
        run.written_at.map(|(at, _)| at.to_string()).unwrap_or_default(),
        field("ecr_repo_uri"),
        field("image_tag"),
        field("image_digest"),
        field("git_sha"),
        field("build_actor"),
        report.verdict.as_str().to_owned(),
        checks(CheckStatus::Fail),
        checks(CheckStatus::NotChecked),
        report.findings.len().to_string(),
        report.accepted.len().to_string(),
        report.not_checked.len().to_string(),
        reason.map(|r| printable(&r)).unwrap_or_default(),
    ]
}

/// A cell that no spreadsheet takes for a formula: an apostrophe goes before what would begin one.
pub(in crate::report) fn inert(cell: &str) -> String {
    match cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
    {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}
