//! GitHub Actions workflow commands: annotations on the lines of a pull request. GitHub shows at most ten errors, ten
//! warnings and ten notices of a step, so the first command sums up and the most severe findings follow it; all of
//! them are in the step's log.

use std::io::{self, Write};

use super::phrase::{artifact, hidden, made_in, place, prose, redacted, sentence};
use super::repository::Repository;
use super::source::Source;
use super::{TOOL, tally};
use crate::finding::{Cause, ControlGroup, ControlStatus, Finding, NotChecked, Report, Verdict};

/// Characters of an instruction that a message quotes.
const INSTRUCTION: usize = 120;

/// Writes one workflow command for the verdict, each finding, each open control and each item that was not checked: `error` for what fails the
/// verdict or leaves it open, `warning` for the rest, `notice` when all is well.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<()> {
    verdict(report, out)?;
    // The leading finding of each cause comes first, so that the few that GitHub shows are about different things.
    let all =
        |cause: &Cause| cause.findings.iter().filter_map(|i| report.findings.get(*i)).collect::<Vec<_>>();
    let causes: Vec<Vec<&Finding>> = report.causes.iter().map(all).collect();
    let mut findings: Vec<(usize, &Finding, &Finding)> = causes
        .iter()
        .flat_map(|c| c.iter().enumerate().filter_map(|(at, f)| Some((usize::from(at > 0), *f, *c.first()?))))
        .collect();
    findings.sort_by_key(|(later, f, _)| {
        (f.severity < report.fail_on, *later, std::cmp::Reverse((f.severity, f.confidence)))
    });
    for (_, finding, lead) in findings {
        let level = if finding.severity >= report.fail_on { "error" } else { "warning" };
        let title = format!("{} {}", finding.check, finding.severity);
        command(out, level, Source::of(&finding.origin, repository), &title, &message(finding, lead))?;
    }
    for control in report.controls.iter().flat_map(ControlGroup::open) {
        // What fails has a command for each finding.
        if control.status != ControlStatus::Fail {
            let title = format!("{TOOL}: control {} {}", prose(&control.id), control.status);
            let text = format!("{}: {}", control.title, control.reasons.join("; "));
            command(out, "error", None, &title, &sentence(&prose(&text)))?;
        }
    }
    for not_checked in &report.not_checked {
        let level = if report.verdict == Verdict::Incomplete { "error" } else { "warning" };
        let title = format!("{TOOL}: not checked");
        command(out, level, Source::of(&not_checked.origin, repository), &title, &reason(not_checked))?;
    }
    Ok(())
}

fn verdict(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let level = match report.verdict {
        Verdict::Fail | Verdict::Incomplete => "error",
        Verdict::Pass => "notice",
    };
    let mut text = sentence(&tally::parts(report).join(", "));
    if report.findings.len() + report.not_checked.len() > 9 {
        text.push_str(" GitHub shows ten annotations of a kind at most; the step's log has all of them.");
    }
    command(out, level, None, &format!("{TOOL}: {}", report.verdict.as_str()), &text)
}

fn message(finding: &Finding, lead: &Finding) -> String {
    let origin = &finding.origin;
    let mut text = sentence(&prose(&finding.message));
    let named = artifact(&origin.artifact, origin.platform.as_deref());
    let parts = [Some(format!("{} in {named}", place(origin))), made_in(origin, INSTRUCTION), hidden(origin)];
    text.push_str(&format!("\n{}.", parts.into_iter().flatten().collect::<Vec<_>>().join("; ")));
    if let Some(secret) = &finding.secret {
        text.push_str(&format!("\nSecret: {}.", redacted(secret)));
    }
    if !finding.places.is_empty() {
        text.push_str(&format!("\nAlso in {}.", super::phrase::count(finding.places.len(), "further place")));
    }
    if !std::ptr::eq(finding, lead) {
        text.push_str(&format!("\nSame cause as {}: {}", lead.check, sentence(&prose(&lead.message))));
    }
    text.push_str(&format!("\nFix: {}", sentence(&prose(&finding.fix))));
    text
}

fn reason(not_checked: &NotChecked) -> String {
    let origin = &not_checked.origin;
    let named = artifact(&origin.artifact, origin.platform.as_deref());
    let text = format!("{} ({} in {named}): {}", not_checked.what, place(origin), not_checked.reason);
    let checks = match not_checked.checks.is_empty() {
        true => String::new(),
        false => format!(" Not checked: {}.", not_checked.checks.join(", ")),
    };
    format!("{}{checks}", sentence(&prose(&text)))
}

fn command(
    out: &mut dyn Write,
    level: &str,
    source: Option<Source>,
    title: &str,
    message: &str,
) -> io::Result<()> {
    write!(out, "::{level} ")?;
    if let Some(Source { path, line, end_line, .. }) = source {
        write!(out, "file={},line={line},endLine={end_line},", property(&path))?;
    }
    writeln!(out, "title={}::{}", property(title), data(message))
}

/// Escapes a command's message as the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a command's property as the runner reads it back.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn lines(report: &Report) -> Vec<String> {
        let mut out = Vec::new();
        write(report, &Repository::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_first_command_is_the_verdict() {
        assert_eq!(lines(&samples::pass())[0], "::notice title=seaworthy%3A pass::nothing found.");
        assert!(lines(&samples::fail())[0].starts_with("::error title=seaworthy%3A fail::"));
        let incomplete = lines(&samples::incomplete());
        assert!(incomplete[0].starts_with("::error title=seaworthy%3A incomplete::"));
        let open = |l: &String| l.starts_with("::error ") && l.contains("title=seaworthy%3A not checked::");
        assert!(incomplete[1..].iter().all(open), "{incomplete:#?}");
    }

    #[test]
    fn every_finding_and_every_not_checked_item_has_its_command() {
        for report in samples::all() {
            let open =
                report.controls.iter().flat_map(|g| g.open()).filter(|c| c.status != ControlStatus::Fail);
            let items = report.findings.len() + report.not_checked.len() + open.count();
            assert_eq!(lines(&report).len(), 1 + items);
        }
    }

    #[test]
    fn findings_point_at_the_instruction_that_made_them() {
        let lines = lines(&samples::fail());
        let start = "::error file=docker/Dockerfile,line=12,endLine=12,title=SW302 critical::";
        assert!(lines.iter().any(|l| l.starts_with(start)), "{lines:#?}");
        let worst = lines.iter().position(|l| l.contains("title=SW302 critical")).unwrap();
        let mildest = lines.iter().position(|l| l.starts_with("::warning ")).unwrap();
        assert!(worst < mildest);
    }

    #[test]
    fn text_from_outside_cannot_start_a_command() {
        let mut report = samples::fail();
        report.findings.retain(|f| f.check == "SW302");
        report.findings[0].message = "100%\r\n::stop-commands::x".to_owned();
        report.findings[0].origin.made_by.as_mut().unwrap().path = "a,b:c%\n".to_owned();
        let lines = lines(&report);
        assert_eq!(lines.len(), 2 + report.not_checked.len());
        assert!(lines[1].starts_with("::error file=a%2Cb%3Ac%25\\x0a,line="), "{}", lines[1]);
        assert!(lines[1].contains("::100%25\\x0d%0A::stop-commands::x."), "{}", lines[1]);
    }
}
