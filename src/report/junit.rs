//! JUnit XML for test dashboards: one suite for the checks and, in a gate, one for the controls. A finding that fails the
//! run is a failure, what could not be checked an error, what was not requested is skipped. There are no times in it, so
//! that the same report gives the same bytes.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::entry::{self, Entry};
use super::phrase::{count, printable, prose, redacted, sentence};
use super::repository::Repository;
use super::{TOOL, check_page};
use crate::finding::{Accepted, CheckStatus, CheckSummary, ControlResult, ControlStatus, Report};

/// Findings and not checked items that have test cases of their own.
const MAX_ENTRIES: usize = 2_000;

/// Writes the report. The answer is how many findings and items were left out; they are counted in a failing test case.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<usize> {
    let entries: Vec<Entry<'_>> =
        entry::all(report, repository).into_iter().filter(|e| e.check != entry::CONTROL).collect();
    let left_out = entries.len().saturating_sub(MAX_ENTRIES);
    let mut checks = TestSuite::new("checks");
    for entry in entries.iter().take(MAX_ENTRIES) {
        checks.add_test_case(of_entry(report, entry));
    }
    if left_out > 0 {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(entry::left_out(left_out)).set_type("left-out");
        checks.add_test_case(case("left out", TOOL, status));
    }
    for accepted in &report.accepted {
        checks.add_test_case(of_accepted(accepted));
    }
    for check in report.checks.iter().filter(|c| c.findings == 0) {
        checks.add_test_cases(of_check(check));
    }
    let mut document = Document::new(TOOL);
    document.add_test_suite(checks);
    if !report.controls.is_empty() {
        let mut controls = TestSuite::new("controls");
        controls.add_test_cases(report.controls.iter().flat_map(|g| &g.controls).map(of_control));
        document.add_test_suite(controls);
    }
    document.serialize(&mut *out).map_err(io::Error::other)?;
    Ok(left_out)
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}

fn of_entry(report: &Report, entry: &Entry<'_>) -> TestCase {
    let name = format!("{} {}", entry.message.trim_end_matches('.'), entry.place);
    let meta = report.checks.iter().map(|c| c.meta).find(|m| m.id == entry.check);
    let mut text = format!("{}\n{}\nfile {}, line {}", entry.message, entry.place, entry.file, entry.line);
    if let Some(same) = &entry.same_cause {
        text.push_str(&format!("\n{same}"));
    }
    if let Some(finding) = entry.finding {
        text.push_str(&format!("\nseverity {}, confidence {}", finding.severity, finding.confidence));
        if let Some(secret) = &finding.secret {
            text.push_str(&format!("\nsecret: {}", redacted(secret)));
        }
        for note in &finding.notes {
            text.push_str(&format!("\nnote: {}", prose(note)));
        }
        text.push_str(&format!("\nfingerprint {}", finding.fingerprint.as_str()));
    }
    if !entry.fix.is_empty() {
        text.push_str(&format!("\nfix: {}", entry.fix));
    }
    if let Some(meta) = meta {
        text.push_str(&format!("\nsee {}", check_page(meta)));
    }
    let class = format!("{TOOL}.{}", entry.check);
    let fails = entry.severity.is_none_or(|s| s >= report.fail_on);
    if !fails {
        let mut case = case(&name, &class, TestCaseStatus::success());
        case.set_system_out(text);
        return case;
    }
    let kind = if entry.finding.is_some() { NonSuccessKind::Failure } else { NonSuccessKind::Error };
    let mut status = TestCaseStatus::non_success(kind);
    let severity = entry.severity.map_or(entry::NOT_CHECKED, |s| s.as_str());
    status.set_message(entry.message.clone()).set_type(severity).set_description(text);
    case(&name, &class, status)
}

fn of_accepted(accepted: &Accepted) -> TestCase {
    let finding = &accepted.finding;
    let mut status = TestCaseStatus::skipped();
    let reason = format!("accepted until {}: {}", printable(&accepted.expires), prose(&accepted.reason));
    status.set_message(reason).set_type("accepted");
    let name = format!("{} {}", printable(&finding.message), super::phrase::place(&finding.origin));
    case(&name, &format!("{TOOL}.{}", finding.check), status)
}

/// A check without findings. One that could not look has its items, which are errors.
fn of_check(check: &CheckSummary) -> Option<TestCase> {
    let status = match check.status {
        CheckStatus::Pass | CheckStatus::Fail => TestCaseStatus::success(),
        CheckStatus::NotChecked => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("not checked: {}", count(check.not_checked, "item")));
            status
        }
        CheckStatus::NotRequested => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("not requested");
            status
        }
    };
    let meta = check.meta;
    Some(case(&format!("{} {}", meta.id, meta.name), &format!("{TOOL}.{}", meta.id), status))
}

fn of_control(control: &ControlResult) -> TestCase {
    let reasons = sentence(&printable(&control.reasons.join("; ")));
    let status = match control.status {
        ControlStatus::Pass => TestCaseStatus::success(),
        ControlStatus::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(reasons).set_type("fail");
            status
        }
        ControlStatus::NotChecked | ControlStatus::NotRequested if control.required => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(reasons).set_type(control.status.as_str());
            status
        }
        ControlStatus::Waived | ControlStatus::NotChecked | ControlStatus::NotRequested => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reasons).set_type(control.status.as_str());
            status
        }
    };
    let id = printable(&control.id);
    case(&format!("{id} {}", printable(&control.title)), &format!("{TOOL}.control.{id}"), status)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::finding::ControlGroup;
    use crate::report::samples;

    fn document(report: &Report) -> (Document, String) {
        let mut out = Vec::new();
        write(report, &Repository::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        (Document::deserialize_from_str(&text).unwrap(), text)
    }

    #[test]
    fn failures_are_findings_and_errors_what_was_not_checked() {
        for report in samples::all() {
            let (document, text) = document(&report);
            let controls = report.controls.iter().flat_map(|g| &g.controls);
            let failed = controls.filter(|c| c.status == ControlStatus::Fail).count();
            let open = report.controls.iter().flat_map(ControlGroup::open);
            let open = open.filter(|c| c.status != ControlStatus::Fail).count();
            assert_eq!(document.failures, report.failing() + failed, "{text}");
            assert_eq!(document.errors, report.not_checked.len() + open, "{text}");
            let cases: usize = document.test_suites.iter().map(|s| s.test_cases.len()).sum();
            assert_eq!(document.tests, cases);
        }
    }

    #[test]
    fn text_from_outside_stays_text() {
        let mut report = samples::fail();
        report.findings[0].message = "</failure><system-out>\u{1b}[31m\0]]>&".to_owned();
        let (document, text) = document(&report);
        assert!(!text.contains('\u{1b}') && !text.contains('\0'));
        let names: Vec<&str> = document.test_suites[0].test_cases.iter().map(|c| c.name.as_str()).collect();
        assert!(names.iter().any(|n| n.contains("</failure><system-out>\\x1b[31m\\x00]]>&")), "{names:?}");
    }

    #[test]
    fn what_is_left_out_fails_aloud() {
        let (document, _) = document(&samples::large(2_010));
        let left_out = document.test_suites[0].test_cases.iter().find(|c| c.name.as_str() == "left out");
        let TestCaseStatus::NonSuccess { message, .. } = &left_out.unwrap().status else { panic!() };
        assert!(message.as_ref().unwrap().as_str().starts_with("10 entries left out"));
    }
}
