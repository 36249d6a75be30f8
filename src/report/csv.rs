//! The findings as a table for spreadsheets: comma-separated values (RFC 4180) with one header line. Accepted findings
//! and items that were not checked have rows of their own; findings
//! of one cause have the same number in the last column.

use std::io::{self, Write};

use super::audit::inert;
use super::membership::Membership;
use super::phrase::{printable, prose, redacted};
use super::repository::Repository;
use super::source::Source;
use crate::finding::{Finding, NotChecked, Report};
use seaworthy_source::{FileState, Origin, Place};

/// The columns; within a version of the tool's interface, columns are only added at the end.
const COLUMNS: [&str; 21] = [
    "row",
    "verdict",
    "check",
    "severity",
    "confidence",
    "detector",
    "message",
    "file",
    "line",
    "column",
    "artifact",
    "platform",
    "path",
    "layer",
    "instruction",
    "state",
    "secret",
    "fix",
    "fingerprint",
    "reason",
    "cause",
];

/// Writes one line for each finding, each accepted finding and each item that was not checked.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = ::csv::WriterBuilder::new().from_writer(out);
    sheet.write_record(COLUMNS)?;
    let verdict = report.verdict.as_str();
    let mut row = |cells: [String; 21]| sheet.write_record(cells.iter().map(|cell| inert(cell)));
    let causes = Membership::of(report);
    for finding in &report.findings {
        let cause = causes.get(finding.fingerprint.as_str()).copied();
        row(of_finding("finding", verdict, finding, "", cause, repository))?;
    }
    for accepted in &report.accepted {
        let reason = format!("{} (until {})", prose(&accepted.reason), printable(&accepted.expires));
        row(of_finding("accepted", verdict, &accepted.finding, &reason, None, repository))?;
    }
    for item in &report.not_checked {
        row(of_not_checked(verdict, item, repository))?;
    }
    sheet.flush()
}

fn of_finding(
    row: &str,
    verdict: &str,
    finding: &Finding,
    reason: &str,
    cause: Option<Membership<'_>>,
    repository: &Repository,
) -> [String; 21] {
    let place = placed(&finding.origin, repository);
    let [file, line, column, artifact, platform, path, layer, instruction, state] = place;
    [
        row.to_owned(),
        verdict.to_owned(),
        finding.check.to_owned(),
        finding.severity.to_string(),
        finding.confidence.to_string(),
        finding.detector.as_deref().map(printable).unwrap_or_default(),
        printable(&finding.message),
        file,
        line,
        column,
        artifact,
        platform,
        path,
        layer,
        instruction,
        state,
        finding.secret.as_ref().map(redacted).unwrap_or_default(),
        prose(&finding.fix),
        finding.fingerprint.as_str().to_owned(),
        reason.to_owned(),
        cause.map(|c| c.number.to_string()).unwrap_or_default(),
    ]
}

fn of_not_checked(verdict: &str, item: &NotChecked, repository: &Repository) -> [String; 21] {
    let place = placed(&item.origin, repository);
    let [file, line, column, artifact, platform, path, layer, instruction, state] = place;
    let none = String::new;
    [
        "not-checked".to_owned(),
        verdict.to_owned(),
        item.checks.join(" "),
        none(),
        none(),
        none(),
        printable(&item.what),
        file,
        line,
        column,
        artifact,
        platform,
        path,
        layer,
        instruction,
        state,
        none(),
        none(),
        none(),
        printable(&item.reason),
        none(),
    ]
}

/// File, line and column in the repository; artifact, platform, path, layer, instruction and state.
fn placed(origin: &Origin, repository: &Repository) -> [String; 9] {
    let source = Source::of(origin, repository);
    let position = match &origin.place {
        Place::Text { position, .. } => Some(*position),
        Place::Whole | Place::Byte(_) | Place::Pointer(_) => None,
    };
    let layer = origin.layer.as_ref();
    let line = source.as_ref().map(|s| s.line).or(position.map(|p| p.line));
    [
        source.as_ref().map(|s| s.path.clone()).unwrap_or_default(),
        line.map(|l| l.to_string()).unwrap_or_default(),
        source.as_ref().and_then(|s| s.column).map(|c| c.to_string()).unwrap_or_default(),
        printable(&origin.artifact),
        origin.platform.as_deref().map(printable).unwrap_or_default(),
        origin.whole_path().as_deref().map(printable).unwrap_or_default(),
        layer.map(|l| l.index.to_string()).unwrap_or_default(),
        layer.and_then(|l| l.instruction.as_deref()).map(printable).unwrap_or_default(),
        origin.state.map(FileState::as_str).unwrap_or_default().to_owned(),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn rows(report: &Report) -> Vec<::csv::StringRecord> {
        let mut out = Vec::new();
        write(report, &Repository::default(), &mut out).unwrap();
        ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&out[..])
            .records()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn every_row_has_every_column() {
        for report in samples::all() {
            let rows = rows(&report);
            assert_eq!(rows[0].iter().collect::<Vec<_>>(), COLUMNS);
            let items = report.findings.len() + report.accepted.len() + report.not_checked.len();
            assert_eq!(rows.len(), 1 + items);
            assert!(rows.iter().all(|r| r.len() == COLUMNS.len()));
        }
    }

    /// A spreadsheet calculates what begins with one of four characters.
    #[test]
    fn no_cell_is_a_formula() {
        let mut report = samples::fail();
        report.findings[0].message = "=HYPERLINK(\"https://attacker.example\")".to_owned();
        report.findings[1].message = "+1\r\n=2".to_owned();
        for row in rows(&report) {
            for cell in &row {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
            }
        }
    }
}
