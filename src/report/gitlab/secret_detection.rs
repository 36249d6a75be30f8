//! GitLab's secret detection report, schema version 15.2: the findings that are about a secret. What was not checked is
//! in the messages of the scan.

use std::io::{self, Write};

use serde::Serialize;

use super::super::entry::{self, Entry};
use super::super::phrase::{printable, prose, redacted, shorten};
use super::super::repository::Repository;
use super::super::{HOME, TOOL, VERSION, check_page};
use crate::finding::{Report, Severity, Verdict};

/// Vulnerabilities of a report.
const MAX_ENTRIES: usize = 5_000;
/// Messages of a scan.
const MAX_MESSAGES: usize = 100;
/// Characters of a name that GitLab keeps.
const NAME: usize = 255;

/// When and of what a scan was made.
#[derive(Clone, Debug)]
pub struct Scan {
    /// When the report was written (RFC 3339, UTC).
    pub written_at_utc: String,
    /// The commit that was checked out, in hex, where the pipeline tells it.
    pub commit: Option<String>,
}

#[derive(Serialize)]
struct Document {
    version: &'static str,
    scan: ScanRecord,
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Serialize)]
struct ScanRecord {
    analyzer: Program,
    scanner: Program,
    r#type: &'static str,
    start_time: String,
    end_time: String,
    status: &'static str,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Program {
    id: &'static str,
    name: &'static str,
    version: &'static str,
    url: &'static str,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Vulnerability {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    location: Location,
    identifiers: Vec<Identifier>,
}

#[derive(Serialize)]
struct Location {
    file: String,
    start_line: u32,
    end_line: u32,
    commit: Commit,
}

#[derive(Serialize)]
struct Commit {
    sha: String,
}

#[derive(Serialize)]
struct Identifier {
    r#type: &'static str,
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Writes the report. The answer is how many findings were left out for want of room.
///
/// # Errors
/// When `out` fails.
pub fn write(
    report: &Report,
    repository: &Repository,
    scan: &Scan,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let entries = entry::all(report, repository);
    let secrets: Vec<&Entry<'_>> =
        entries.iter().filter(|e| e.finding.is_some_and(|f| f.secret.is_some())).collect();
    let left_out = secrets.len().saturating_sub(MAX_ENTRIES);
    let commit = scan.commit.as_deref().filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()) && c.len() >= 7);
    let commit = commit.unwrap_or("0000000");
    let vulnerabilities =
        secrets.into_iter().take(MAX_ENTRIES).filter_map(|e| vulnerability(report, e, commit)).collect();
    let time: String = printable(&scan.written_at_utc).chars().take("2026-01-01T00:00:00".len()).collect();
    // A failing scan of which a part was not looked at, or is not listed, is not a complete one either.
    let is_whole = report.verdict != Verdict::Incomplete && report.not_checked.is_empty() && left_out == 0;
    let document = Document {
        version: "15.2.1",
        scan: ScanRecord {
            analyzer: program(),
            scanner: program(),
            r#type: "secret_detection",
            start_time: time.clone(),
            end_time: time,
            status: if is_whole { "success" } else { "failure" },
            messages: messages(report, &entries, left_out),
        },
        vulnerabilities,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(left_out)
}

fn program() -> Program {
    Program { id: TOOL, name: TOOL, version: VERSION, url: HOME, vendor: Vendor { name: TOOL } }
}

fn messages(report: &Report, entries: &[Entry<'_>], left_out: usize) -> Vec<Message> {
    let mut all: Vec<Message> = Vec::new();
    if left_out > 0 {
        all.push(Message { level: "warn", value: entry::left_out(left_out) });
    }
    let others = report.findings.iter().filter(|f| f.secret.is_none()).count();
    if others > 0 {
        let value =
            format!("{others} more findings are in the code quality report (--report gitlab-quality).");
        all.push(Message { level: "info", value });
    }
    let gaps = entries.iter().filter(|e| e.finding.is_none());
    let more = gaps.clone().count().saturating_sub(MAX_MESSAGES);
    all.extend(gaps.take(MAX_MESSAGES).map(|e| Message { level: "warn", value: e.message.clone() }));
    if more > 0 {
        all.push(Message { level: "warn", value: format!("{more} further items were not checked.") });
    }
    all
}

fn vulnerability(report: &Report, entry: &Entry<'_>, commit: &str) -> Option<Vulnerability> {
    let finding = entry.finding?;
    let secret = finding.secret.as_ref()?;
    let mut identifiers = Vec::new();
    if let Some(detector) = finding.detector.as_deref().map(printable) {
        let name = format!("{TOOL} detector {detector}");
        identifiers.push(Identifier { r#type: "seaworthy_detector", name, value: detector, url: None });
    }
    let meta = report.checks.iter().map(|c| c.meta).find(|m| m.id == finding.check);
    identifiers.push(Identifier {
        r#type: "seaworthy_check",
        name: format!("{TOOL} {}", finding.check),
        value: finding.check.to_owned(),
        url: meta.map(check_page),
    });
    for tag in meta.map_or(&[][..], |m| m.tags) {
        if let Some(number) = tag.strip_prefix("CWE-") {
            let url = format!("https://cwe.mitre.org/data/definitions/{number}.html");
            let (name, value) = ((*tag).to_owned(), number.to_owned());
            identifiers.push(Identifier { r#type: "cwe", name, value, url: Some(url) });
        }
    }
    let notes: Vec<String> = finding.notes.iter().map(|n| prose(n)).collect();
    let parts =
        [entry.message.clone(), format!("{}.", entry.place), format!("Secret: {}.", redacted(secret))];
    Some(Vulnerability {
        id: entry.id.clone(),
        name: shorten(entry.message.trim_end_matches('.'), NAME),
        description: parts
            .into_iter()
            .chain(entry.same_cause.clone())
            .chain(notes)
            .collect::<Vec<_>>()
            .join("\n"),
        severity: match finding.severity {
            Severity::Critical => "Critical",
            Severity::High => "High",
            Severity::Medium => "Medium",
            Severity::Low => "Low",
        },
        solution: entry.fix.clone(),
        location: Location {
            file: entry.file.clone(),
            start_line: entry.line,
            end_line: entry.end_line,
            commit: Commit { sha: commit.to_owned() },
        },
        identifiers,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::agreement::assert_fits;
    use crate::report::samples;

    fn document(report: &Report, commit: Option<&str>) -> Value {
        let scan =
            Scan { written_at_utc: "2026-01-02T03:04:05Z".to_owned(), commit: commit.map(str::to_owned) };
        let mut out = Vec::new();
        write(report, &Repository::default(), &scan, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    /// What version 15 of GitLab's schema requires of such a report, strictly: no other fields.
    fn schema() -> Value {
        let text = json!({ "type": "string", "minLength": 1 });
        let time = json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$" });
        let program = json!({
            "type": "object",
            "required": ["id", "name", "version", "vendor"],
            "properties": { "id": text, "name": text, "version": text, "vendor": { "required": ["name"] } }
        });
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "additionalProperties": false,
            "required": ["version", "scan", "vulnerabilities"],
            "properties": {
                "version": { "pattern": "^15\\.\\d+\\.\\d+$" },
                "scan": {
                    "type": "object",
                    "required": ["analyzer", "scanner", "type", "start_time", "end_time", "status"],
                    "properties": {
                        "analyzer": program,
                        "scanner": program,
                        "type": { "const": "secret_detection" },
                        "start_time": time,
                        "end_time": time,
                        "status": { "enum": ["success", "failure"] },
                        "messages": { "type": "array", "items": {
                            "required": ["level", "value"],
                            "properties": { "level": { "enum": ["info", "warn", "fatal"] }, "value": text }
                        } }
                    }
                },
                "vulnerabilities": { "type": "array", "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["id", "identifiers", "location"],
                    "properties": {
                        "id": text,
                        "name": { "type": "string", "maxLength": 255 },
                        "description": { "type": "string", "maxLength": 1048576 },
                        "solution": { "type": "string", "maxLength": 7000 },
                        "severity": { "enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"] },
                        "location": {
                            "required": ["commit", "file", "start_line", "end_line"],
                            "properties": {
                                "file": text,
                                "start_line": { "type": "integer", "minimum": 1 },
                                "commit": { "required": ["sha"], "properties": { "sha": text } }
                            }
                        },
                        "identifiers": { "type": "array", "minItems": 1, "items": {
                            "required": ["type", "name", "value"],
                            "properties": {
                                "type": text, "name": text, "value": text,
                                "url": { "type": "string", "pattern": "^(https?|ftp)://.+" }
                            }
                        } }
                    }
                } }
            }
        })
    }

    #[test]
    fn documents_are_as_gitlab_asks() {
        for report in samples::all().into_iter().chain([samples::large(40)]) {
            assert_fits(schema(), &document(&report, None));
        }
    }

    #[test]
    fn a_failing_scan_with_parts_left_out_is_no_success() {
        let mut report = samples::fail();
        report.not_checked.clear();
        assert_eq!(document(&report, None)["scan"]["status"], "success");
        report.not_checked = samples::incomplete().not_checked;
        assert_eq!(
            (report.verdict, &document(&report, None)["scan"]["status"]),
            (Verdict::Fail, &json!("failure"))
        );
        let many = document(&samples::large(MAX_ENTRIES + 1), None);
        assert_eq!(many["scan"]["status"], "failure");
    }

    #[test]
    fn an_incomplete_scan_is_no_success() {
        let document = document(&samples::incomplete(), Some("0123456789abcdef0123456789abcdef01234567"));
        assert_eq!(document["scan"]["status"], "failure");
        assert_eq!(document["scan"]["messages"].as_array().unwrap().len(), 2);
        assert_eq!(document["vulnerabilities"], json!([]));
    }

    #[test]
    fn a_commit_that_is_none_is_not_written() {
        let document = document(&samples::fail(), Some("main\nx"));
        assert_eq!(document["vulnerabilities"][0]["location"]["commit"]["sha"], "0000000");
    }
}
