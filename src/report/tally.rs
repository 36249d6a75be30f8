//! A report's verdict in one line: how many causes and findings, how bad, what was accepted and what was not checked.

use super::phrase::{count, number, printable};
use crate::finding::{ControlStatus, Report, Severity};

/// The parts of the line, most important first; never empty.
pub(super) fn parts(report: &Report) -> Vec<String> {
    let failing = report.failing();
    let below = report.findings.len() - failing;
    let mut parts = Vec::new();
    if failing > 0 {
        let causes = report.causes.iter().filter(|c| c.severity >= report.fail_on).count();
        let findings = format!("{} ({})", count(failing, "finding"), severities(report));
        if causes < failing {
            parts.push(count(causes, "cause"));
        }
        parts.push(findings);
    }
    if below > 0 {
        let what = if failing > 0 { number(below) } else { count(below, "finding") };
        parts.push(format!("{what} below {}", report.fail_on));
    }
    if report.findings.is_empty() {
        parts.push("nothing found".to_owned());
    }
    if !report.accepted.is_empty() {
        parts.push(format!("{} accepted", number(report.accepted.len())));
    }
    if !report.not_checked.is_empty() {
        parts.push(format!("{} not checked", count(report.not_checked.len(), "item")));
    }
    let open: usize = report.controls.iter().map(|g| g.open().count()).sum();
    let all = report.controls.iter().flat_map(|g| &g.controls);
    let waived: Vec<&str> = all
        .filter(|c| c.status == ControlStatus::Waived && c.waiver.is_some())
        .map(|c| c.id.as_str())
        .collect();
    if !waived.is_empty() {
        parts.push(format!("{} waived ({})", count(waived.len(), "control"), printable(&waived.join(", "))));
    }
    if open > 0 {
        parts.push(format!("{} not passed", count(open, "control")));
    }
    parts
}

/// The failing findings by severity: `1 critical, 4 high`.
fn severities(report: &Report) -> String {
    let of = |s: Severity| report.findings.iter().filter(|f| f.severity == s).count();
    let failing = Severity::ALL.into_iter().rev().filter(|s| *s >= report.fail_on);
    let words: Vec<String> = failing
        .map(|s| (s, of(s)))
        .filter(|(_, n)| *n > 0)
        .map(|(s, n)| format!("{} {s}", number(n)))
        .collect();
    words.join(", ")
}
