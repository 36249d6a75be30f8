//! SARIF 2.1.0 as GitHub code scanning takes it: all results with a place, URIs relative to the repository's root,
//! fingerprints of our own, nothing that is accepted. Limits are GitHub's: more results than it keeps of one run go into
//! further runs, and what no run can hold is left out, with a notification that says so.

mod locations;
mod results;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Message, Notification, PropertyBag, ReportingDescriptor,
    ReportingDescriptorReference, Run, RunAutomationDetails, Sarif, Tool, ToolComponent,
};

use super::membership::Membership;
use super::phrase::{artifact, count, number, place, printable, prose, sentence};
use super::repository::Repository;
use super::{HOME, TOOL, VERSION};
use crate::finding::{ControlGroup, ControlResult, ControlStatus, Finding, NotChecked, Report, Verdict};

/// The schema that GitHub names in its own examples.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Results of one run that GitHub keeps.
const RUN_RESULTS: usize = 5_000;
/// Runs that GitHub takes in one file.
const MAX_RUNS: usize = 20;
/// Compressed bytes of a file that GitHub takes, less a little for another compressor.
const MAX_COMPRESSED: u64 = 9_500_000;
/// What URIs are relative to: the repository's root.
const ROOT: &str = "%SRCROOT%";

/// How a log is written.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Tells GitHub which earlier upload this one replaces, such as `seaworthy/image/`; a missing slash at its end is
    /// added.
    pub category: &'a str,
    /// Where paths lie in the repository.
    pub repository: &'a Repository,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Results in the file.
    pub results: usize,
    /// Runs that they are in. Further runs have categories of their own.
    pub runs: usize,
    /// Findings that are not in it, because GitHub takes no more: the least severe. The file says so too, but the
    /// caller should say it where people look.
    pub left_out: usize,
}

/// Writes the report as a SARIF log. Beyond 5,000 findings the worst are in the first run, and further runs have
/// `part-2/`, `part-3/` … after the category.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, options: Options<'_>, out: &mut dyn Write) -> io::Result<Written> {
    let mut findings = results::numbered(&report.findings);
    if findings.len() > RUN_RESULTS {
        findings.sort_by_key(|(f, _)| std::cmp::Reverse((f.severity, f.confidence)));
    }
    findings.truncate(RUN_RESULTS * MAX_RUNS);
    loop {
        let left_out = report.findings.len() - findings.len();
        let log = log(report, options, &findings, left_out);
        let bytes = serde_json::to_vec(&log)?;
        if findings.is_empty() || compressed(&bytes)? <= MAX_COMPRESSED {
            out.write_all(&bytes)?;
            writeln!(out)?;
            return Ok(Written { results: findings.len(), runs: log.runs.len(), left_out });
        }
        findings.truncate(findings.len() / 2);
    }
}

/// The size of `bytes` compressed with gzip, as an upload sends them; what is small enough as it is is not compressed.
fn compressed(bytes: &[u8]) -> io::Result<u64> {
    if bytes.len() as u64 <= MAX_COMPRESSED {
        return Ok(bytes.len() as u64);
    }
    let mut zipped = flate2::write::GzEncoder::new(Counter(0), flate2::Compression::fast());
    zipped.write_all(bytes)?;
    zipped.finish().map(|counter| counter.0)
}

/// Counts bytes and keeps none.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log(report: &Report, options: Options<'_>, findings: &[(&Finding, usize)], left_out: usize) -> Sarif {
    let mut parts: Vec<&[(&Finding, usize)]> = findings.chunks(RUN_RESULTS).collect();
    if parts.is_empty() {
        parts.push(&[]);
    }
    let count = parts.len();
    let run =
        |(at, part): (usize, &&[(&Finding, usize)])| run(report, options, part, (at + 1, count), left_out);
    let runs: Vec<Run> = parts.iter().enumerate().map(run).collect();
    Sarif::builder().schema(SCHEMA).version("2.1.0").runs(runs).build()
}

/// One run: the `part.0`th of `part.1`. What is said of the whole report is said in the first.
fn run(
    report: &Report,
    options: Options<'_>,
    findings: &[(&Finding, usize)],
    part: (usize, usize),
    left_out: usize,
) -> Run {
    let rules = rules::RuleSet::of(report, findings.iter().map(|(f, _)| *f));
    let causes = Membership::of(report);
    let results: Vec<_> = findings
        .iter()
        .map(|(f, n)| {
            let cause = causes.get(f.fingerprint.as_str()).copied();
            results::result(f, *n, rules.of_finding(f), cause, options.repository)
        })
        .collect();
    let root = ArtifactLocation::builder().description(message("The root of the repository.")).build();
    Run::builder()
        .tool(Tool::builder().driver(driver(rules.descriptors)).build())
        .automation_details(RunAutomationDetails::builder().id(category_id(options.category, part.0)).build())
        .invocations(vec![invocation(report, options.repository, part, left_out)])
        .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root)]))
        // Columns count characters, as people and editors do, not UTF-16 units.
        .column_kind(json!("unicodeCodePoints"))
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
        .build()
}

fn driver(rules: Vec<ReportingDescriptor>) -> ToolComponent {
    ToolComponent::builder()
        .name(TOOL)
        .version(VERSION)
        .semantic_version(VERSION)
        .information_uri(HOME)
        .rules(rules)
        .notifications(rules::notifications())
        .build()
}

fn category_id(category: &str, part: usize) -> String {
    let category = printable(category);
    let category = category.trim_end_matches('/');
    if part > 1 { format!("{category}/part-{part}/") } else { format!("{category}/") }
}

/// How the run went. SARIF 2.1.0 (3.58.6) keeps the level `error` for what left the analysis incomplete, which every
/// item that was not checked did, also beside findings.
fn invocation(
    report: &Report,
    repository: &Repository,
    (part, parts): (usize, usize),
    left_out: usize,
) -> Invocation {
    let mut notes: Vec<Notification> = Vec::new();
    let complete = report.not_checked.is_empty() && report.verdict != Verdict::Incomplete && left_out == 0;
    if left_out > 0 {
        let text = format!(
            "{} of {} findings are left out: GitHub takes {} runs of {} results and 10 MB at most. The least severe \
             are missing; the JSON report has all.",
            number(left_out),
            number(report.findings.len()),
            number(MAX_RUNS),
            number(RUN_RESULTS),
        );
        notes.push(notification(rules::LEFT_OUT, "error", &text));
    }
    if parts > 1 {
        let text = format!(
            "Part {part} of {parts} of {}, most severe first: GitHub keeps {} results of a run at most.",
            count(report.findings.len(), "finding"),
            number(RUN_RESULTS),
        );
        notes.push(notification(rules::SPLIT, "note", &text));
    }
    if part == 1 {
        notes.extend(report.not_checked.iter().map(|n| not_checked(n, repository)));
        let open = report.controls.iter().flat_map(ControlGroup::open);
        notes.extend(open.filter(|c| c.status != ControlStatus::Fail).map(open_control));
    }
    Invocation::builder().execution_successful(complete).tool_execution_notifications(notes).build()
}

fn not_checked(not_checked: &NotChecked, repository: &Repository) -> Notification {
    let origin = &not_checked.origin;
    let named = artifact(&origin.artifact, origin.platform.as_deref());
    let text = format!(
        "Not checked: {} ({} in {named}): {}",
        printable(&not_checked.what),
        place(origin),
        sentence(&printable(&not_checked.reason))
    );
    let mut note = notification(rules::NOT_CHECKED, "error", &text);
    note.locations = Some(vec![locations::primary(origin, repository)]);
    note.properties = Some(bag([("checks", json!(not_checked.checks))]));
    note
}

/// A control of the profile that no one could prove.
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
