//! What formats list that know nothing but a flat list of issues: findings, items that were not checked, and controls
//! that did not pass for another reason than a finding. A dashboard that showed only findings would show an incomplete
//! run as a clean one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::membership::Membership;
use super::phrase::{artifact, hidden, made_in, place, printable, prose, sentence};
use super::repository::Repository;
use super::source::{Source, line, relative};
use crate::finding::{ControlGroup, ControlResult, ControlStatus, Finding, NotChecked, Report, Severity};
use seaworthy_source::{Origin, sha256_hex};

/// Characters of an instruction that are quoted.
const INSTRUCTION: usize = 120;

/// The word that stands in a check's place for what could not be checked.
pub(super) const NOT_CHECKED: &str = "not-checked";
/// The word that stands in a check's place for a control that did not pass.
pub(super) const CONTROL: &str = "control";

/// One issue.
#[derive(Clone, Debug)]
pub(super) struct Entry<'r> {
    /// The finding; nothing for what was not checked and for controls.
    pub(super) finding: Option<&'r Finding>,
    /// The check's ID, or [`NOT_CHECKED`] or [`CONTROL`].
    pub(super) check: &'r str,
    /// How bad a finding is; nothing for the others.
    pub(super) severity: Option<Severity>,
    /// What is the matter, in one sentence, printable.
    pub(super) message: String,
    /// Where exactly, printable.
    pub(super) place: String,
    /// Which finding speaks for the cause that it shares, in a sentence, printable; nothing for that finding itself.
    pub(super) same_cause: Option<String>,
    /// What to do about it, printable; empty where nothing is known.
    pub(super) fix: String,
    /// The file of the repository where one is known, else the path in the image or the artifact.
    pub(super) file: String,
    /// First line, from 1.
    pub(super) line: u32,
    /// Last line, from 1.
    pub(super) end_line: u32,
    /// The same from run to run, and used once in a report: lowercase hex digits, or those and a number.
    pub(super) id: String,
}

/// All issues of a report: failing findings first, worst first, then what was not checked, then findings that do not
/// fail.
pub(super) fn all<'r>(report: &'r Report, repository: &Repository) -> Vec<Entry<'r>> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|f| Reverse((f.severity, f.confidence)));
    let (failing, mild): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|f| f.severity >= report.fail_on);
    let causes = Membership::of(report);
    let of_finding = |f: &&'r Finding| of_finding(f, causes.get(f.fingerprint.as_str()).copied(), repository);
    let mut entries: Vec<Entry<'r>> = failing.iter().map(of_finding).collect();
    entries.extend(report.not_checked.iter().map(|n| of_not_checked(n, repository)));
    let open = report.controls.iter().flat_map(ControlGroup::open);
    entries.extend(open.filter(|c| c.status != ControlStatus::Fail).map(of_control));
    entries.extend(mild.iter().map(of_finding));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &mut entries {
        let number = seen.entry(entry.id.clone()).or_default();
        *number += 1;
        if *number > 1 {
            entry.id.push_str(&format!("-{number}"));
        }
    }
    entries
}

fn of_finding<'r>(finding: &'r Finding, cause: Option<Membership<'r>>, repository: &Repository) -> Entry<'r> {
    let (file, line, end_line) = located(&finding.origin, repository);
    Entry {
        finding: Some(finding),
        check: finding.check,
        severity: Some(finding.severity),
        message: sentence(&printable(&finding.message)),
        place: whereabouts(&finding.origin),
        same_cause: cause.and_then(|c| c.sentence(finding)),
        fix: sentence(&prose(&finding.fix)),
        file,
        line,
        end_line,
        id: finding.fingerprint.as_str().to_owned(),
    }
}

fn of_not_checked<'r>(item: &'r NotChecked, repository: &Repository) -> Entry<'r> {
    let (file, line, end_line) = located(&item.origin, repository);
    let checks = match item.checks.is_empty() {
        true => String::new(),
        false => format!(" ({})", item.checks.join(", ")),
    };
    let place = whereabouts(&item.origin);
    Entry {
        finding: None,
        check: NOT_CHECKED,
        severity: None,
        message: sentence(&format!(
            "Not checked: {}: {}{checks}",
            printable(&item.what),
            printable(&item.reason)
        )),
        id: id(&[NOT_CHECKED, &item.what, &place]),
        place,
        same_cause: None,
        fix: "Make it readable and run again; until then the result is incomplete.".to_owned(),
        file,
        line,
        end_line,
    }
}

fn of_control(control: &ControlResult) -> Entry<'_> {
    let reasons = printable(&control.reasons.join("; "));
    let title = printable(&control.title);
    let supply: Vec<String> = control.supply.iter().map(|s| sentence(&prose(s))).collect();
    Entry {
        finding: None,
        check: CONTROL,
        severity: None,
        message: sentence(&format!(
            "Control {} {}: {title}: {reasons}",
            printable(&control.id),
            control.status
        )),
        place: format!("control {}", printable(&control.id)),
        same_cause: None,
        fix: supply.join(" "),
        file: "seaworthy.toml".to_owned(),
        line: 1,
        end_line: 1,
        id: id(&[CONTROL, &control.id]),
    }
}

fn id(parts: &[&str]) -> String {
    let mut hex = sha256_hex(parts.join("\0").as_bytes());
    hex.truncate(32);
    hex
}

/// The file and its lines: of the repository where that is known, else inside the artifact. Never an empty path.
fn located(origin: &Origin, repository: &Repository) -> (String, u32, u32) {
    if let Some(source) = Source::of(origin, repository) {
        return (source.path, source.line, source.end_line);
    }
    let line = line(&origin.place);
    let path = relative(origin.path.as_deref().unwrap_or(&origin.artifact));
    (if path.is_empty() { origin.kind.as_str().to_owned() } else { path }, line, line)
}

/// The exact place in words: `/app/.env:4:7 in app:1.0 (linux/amd64); layer 3, COPY . /app; deleted by layer 5: still
/// shipped`.
fn whereabouts(origin: &Origin) -> String {
    let named = artifact(&origin.artifact, origin.platform.as_deref());
    let place = place(origin);
    let first = if place.contains(&named) { place } else { format!("{place} in {named}") };
    let parts = [Some(first), made_in(origin, INSTRUCTION), hidden(origin)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The words for `left_out` issues that a format has no room for.
pub(super) fn left_out(left_out: usize) -> String {
    format!(
        "{} left out of this report: the least severe. The JSON report has all.",
        super::phrase::count(left_out, "entry").replace("entrys", "entries")
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::samples;

    #[test]
    fn nothing_is_dropped_and_ids_are_unique() {
        for report in samples::all().into_iter().chain([samples::large(300)]) {
            let entries = all(&report, &Repository::default());
            let open = report.controls.iter().flat_map(ControlGroup::open);
            let controls = open.filter(|c| c.status != ControlStatus::Fail).count();
            assert_eq!(entries.len(), report.findings.len() + report.not_checked.len() + controls);
            let ids: BTreeSet<&str> = entries.iter().map(|e| e.id.as_str()).collect();
            assert_eq!(ids.len(), entries.len());
            assert!(entries.iter().all(|e| !e.file.is_empty() && e.line >= 1 && e.end_line >= e.line));
        }
    }

    #[test]
    fn the_worst_come_first() {
        let report = samples::fail();
        let entries = all(&report, &Repository::default());
        assert_eq!(entries.first().unwrap().severity, Some(Severity::Critical));
        assert!(entries.last().unwrap().severity < Some(report.fail_on));
    }
}
