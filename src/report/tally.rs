//! A report's verdict in one line: how many findings, how bad, what was accepted and what was not examined.

use super::phrase::{count, number};
use crate::finding::{Report, Severity};

/// The parts of the line, most important first; never empty.
pub(super) fn parts(report: &Report) -> Vec<String> {
    let failing = report.failing();
    let below = report.findings.len() - failing;
    let mut parts = Vec::new();
    if failing > 0 {
        parts.push(format!(
            "{} at or above {}{}",
            count(failing, "finding"),
            report.fail_on,
            severities(report)
        ));
    }
    if below > 0 && failing > 0 {
        parts.push(format!("{} below", number(below)));
    } else if below > 0 {
        parts.push(format!("{} below {}", count(below, "finding"), report.fail_on));
    }
    if report.findings.is_empty() {
        parts.push("no findings".to_owned());
    }
    if !report.accepted.is_empty() {
        parts.push(format!("{} accepted", number(report.accepted.len())));
    }
    if !report.not_checked.is_empty() {
        parts.push(format!("{} not examined", count(report.not_checked.len(), "item")));
    }
    let open: usize = report.controls.iter().map(|g| g.open().count()).sum();
    if open > 0 {
        parts.push(format!("{} open", count(open, "control")));
    }
    parts
}

/// The failing findings by severity, in brackets; nothing when the words before say it already.
fn severities(report: &Report) -> String {
    let of = |s: Severity| report.findings.iter().filter(|f| f.severity == s).count();
    let counts: Vec<(Severity, usize)> = Severity::ALL
        .into_iter()
        .rev()
        .filter(|s| *s >= report.fail_on)
        .map(|s| (s, of(s)))
        .filter(|(_, n)| *n > 0)
        .collect();
    if counts.iter().all(|(s, _)| *s == report.fail_on) {
        return String::new();
    }
    let words: Vec<String> = counts.into_iter().map(|(s, n)| format!("{} {s}", number(n))).collect();
    format!(" ({})", words.join(", "))
}
