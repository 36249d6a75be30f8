//! SARIF 2.1.0 as GitHub code scanning takes it: one run, all results with a place, relative URIs, fingerprints of our
//! own, nothing that is accepted. Limits are GitHub's; what goes beyond them is left out aloud.

mod locations;
mod results;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    Invocation, Message, Notification, PropertyBag, ReportingDescriptorReference, Run, RunAutomationDetails,
    Sarif, Tool, ToolComponent,
};

use super::phrase::{artifact, number, place, printable, prose, sentence};
use super::{HOME, TOOL, VERSION};
use crate::finding::{ControlGroup, ControlResult, ControlStatus, Finding, NotChecked, Report, Verdict};

/// The schema that GitHub names in its own examples.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Results of one run above which GitHub refuses the whole upload.
const MOST_RESULTS: usize = 25_000;
/// Results of one run that GitHub keeps.
const KEPT_RESULTS: usize = 5_000;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Results in the file.
    pub results: usize,
    /// Findings that are not in it, because GitHub takes 25,000 results of a run at most: the mildest ones. The file
    /// says so too, but the caller should say it where people look.
    pub left_out: usize,
}

/// Writes the report as a SARIF log with one run. `category` tells GitHub which earlier upload this one replaces, such
/// as `seaworthy/image/`; a missing slash at its end is added.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, category: &str, out: &mut dyn Write) -> io::Result<Written> {
    let mut findings = results::numbered(&report.findings);
    if findings.len() > KEPT_RESULTS {
        findings.sort_by_key(|(f, _)| std::cmp::Reverse((f.severity, f.confidence)));
    }
    let left_out = findings.len().saturating_sub(MOST_RESULTS);
    findings.truncate(MOST_RESULTS);
    let written = Written { results: findings.len(), left_out };
    serde_json::to_writer(&mut *out, &log(report, category, &findings, left_out))?;
    writeln!(out)?;
    Ok(written)
}

fn log(report: &Report, category: &str, findings: &[(&Finding, usize)], left_out: usize) -> Sarif {
    let index: BTreeMap<&str, usize> =
        report.checks.iter().enumerate().map(|(i, c)| (c.meta.id, i)).collect();
    let causes = results::Membership::of(report);
    let results: Vec<_> = findings
        .iter()
        .map(|(f, n)| {
            let cause = causes.get(f.fingerprint.as_str()).copied();
            results::result(f, *n, index.get(f.check).copied(), cause)
        })
        .collect();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver(report)).build())
        .automation_details(RunAutomationDetails::builder().id(category_id(category)).build())
        .invocations(vec![invocation(report, left_out)])
        .results(results)
        .properties(bag([
            ("verdict", json!(report.verdict.as_str())),
            ("failOn", json!(report.fail_on.as_str())),
            ("rulesDigest", json!(printable(&report.rules_digest))),
            ("contractDigest", json!(report.contract_digest.as_deref().map(printable))),
            ("profile", json!(report.profile.as_ref().map(|p| printable(&p.name)))),
            ("profileDigest", json!(report.profile.as_ref().map(|p| printable(&p.digest)))),
            ("accepted", json!(report.accepted.len())),
            ("causes", json!(report.causes.len())),
        ]))
        .build();
    Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run]).build()
}

fn driver(report: &Report) -> ToolComponent {
    ToolComponent::builder()
        .name(TOOL)
        .version(VERSION)
        .semantic_version(VERSION)
        .information_uri(HOME)
        .rules(report.checks.iter().map(|c| rules::rule(c.meta)).collect::<Vec<_>>())
        .notifications(rules::notifications())
        .build()
}

fn category_id(category: &str) -> String {
    format!("{}/", printable(category).trim_end_matches('/'))
}

/// How the run went. SARIF 2.1.0 (3.58.6) keeps the level `error` for what left the analysis incomplete, which every
/// item that was not checked did, also beside findings.
fn invocation(report: &Report, left_out: usize) -> Invocation {
    let mut notes: Vec<Notification> = Vec::new();
    if left_out > 0 {
        let text = format!(
            "{} of {} findings are left out: GitHub takes {} results of a run at most. The mildest ones are missing; \
             the JSON report has all.",
            number(left_out),
            number(report.findings.len()),
            number(MOST_RESULTS),
        );
        notes.push(notification(rules::LEFT_OUT, "error", &text));
    } else if report.findings.len() > KEPT_RESULTS {
        let text = format!(
            "{} findings, most severe first: GitHub keeps {} results of a run at most.",
            number(report.findings.len()),
            number(KEPT_RESULTS),
        );
        notes.push(notification(rules::LEFT_OUT, "warning", &text));
    }
    notes.extend(report.not_checked.iter().map(not_examined));
    let open = report.controls.iter().flat_map(ControlGroup::open);
    notes.extend(open.filter(|c| c.status != ControlStatus::Fail).map(open_control));
    let complete = report.not_checked.is_empty() && report.verdict != Verdict::Incomplete && left_out == 0;
    Invocation::builder().execution_successful(complete).tool_execution_notifications(notes).build()
}

fn not_examined(not_checked: &NotChecked) -> Notification {
    let origin = &not_checked.origin;
    let named = artifact(&origin.artifact, origin.platform.as_deref());
    let text = format!(
        "Not checked: {} ({} in {named}): {}",
        printable(&not_checked.what),
        place(origin),
        sentence(&printable(&not_checked.reason))
    );
    let mut note = notification(rules::NOT_CHECKED, "error", &text);
    note.locations = Some(vec![locations::primary(origin)]);
    note.properties = Some(bag([("checks", json!(not_checked.checks))]));
    note
}

/// A control of the profile that nobody could prove.
fn open_control(control: &ControlResult) -> Notification {
    let (id, status) = (printable(&control.id), control.status);
    let reasons = printable(&control.reasons.join("; "));
    let text = format!("Control {id} {status}: {}: {}", printable(&control.title), sentence(&reasons));
    let mut note = notification(rules::OPEN_CONTROL, "error", &text);
    note.properties = Some(bag([("control", json!(id)), ("status", json!(status.as_str()))]));
    note
}

fn notification(kind: usize, level: &str, text: &str) -> Notification {
    let descriptor =
        ReportingDescriptorReference::builder().index(kind as i64).id(rules::NOTICES[kind][0]).build();
    Notification::builder().level(level).message(message(text)).descriptor(descriptor).build()
}

/// A message in plain text. Readers make links of `[text](target)` even in plain text (SARIF 2.1.0, 3.11.6), and what
/// was found in an image must not write links into an alert.
fn message(text: &str) -> Message {
    Message::builder().text(prose(text).replace("](", "] (")).build()
}

/// A property bag without its `null`s.
fn bag<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> PropertyBag {
    let known = entries.into_iter().filter(|(_, v)| !v.is_null());
    PropertyBag::builder()
        .additional_properties(known.map(|(k, v)| (k.to_owned(), v)).collect::<BTreeMap<_, _>>())
        .build()
}
