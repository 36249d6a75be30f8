//! GitLab's code quality report: the subset of the Code Climate format that GitLab reads.

use std::io::{self, Write};

use serde::Serialize;

use super::super::entry::{self, Entry};
use super::super::repository::Repository;
use crate::finding::{Report, Severity};

/// Entries of a report; the widget of a merge request shows a few hundred.
const MAX_ENTRIES: usize = 5_000;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes a list of issues: findings, what was not checked, and open controls. The answer is how many were left out.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<usize> {
    let entries = entry::all(report, repository);
    let left_out = entries.len().saturating_sub(MAX_ENTRIES);
    let mut issues: Vec<Issue> = entries.iter().take(MAX_ENTRIES).map(issue).collect();
    if left_out > 0 {
        let location = Location { path: "seaworthy.toml".to_owned(), lines: Lines { begin: 1, end: 1 } };
        issues.push(Issue {
            description: entry::left_out(left_out),
            check_name: "left-out".to_owned(),
            fingerprint: "left-out".to_owned(),
            severity: "info",
            location,
        });
    }
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)?;
    Ok(left_out)
}

fn issue(entry: &Entry<'_>) -> Issue {
    Issue {
        description: [Some(format!("{} {}", entry.message, entry.place)), entry.same_cause.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(". "),
        check_name: entry.check.to_owned(),
        fingerprint: entry.id.clone(),
        severity: match entry.severity {
            Some(Severity::Critical) => "blocker",
            Some(Severity::High) => "critical",
            Some(Severity::Medium) => "major",
            Some(Severity::Low) => "minor",
            // Not checked is no pass.
            None => "critical",
        },
        location: Location {
            path: entry.file.clone(),
            lines: Lines { begin: entry.line, end: entry.end_line },
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::agreement::assert_fits;
    use crate::report::samples;

    fn issues(report: &Report) -> (Value, usize) {
        let mut out = Vec::new();
        let left_out = write(report, &Repository::default(), &mut out).unwrap();
        (serde_json::from_slice(&out).unwrap(), left_out)
    }

    /// What GitLab's documentation asks of an issue, strictly.
    fn schema() -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["description", "check_name", "fingerprint", "severity", "location"],
                "properties": {
                    "description": { "type": "string", "minLength": 10, "pattern": "^[^\\x00-\\x1f]*$" },
                    "check_name": { "type": "string", "minLength": 1 },
                    "fingerprint": { "type": "string", "minLength": 8 },
                    "severity": { "enum": ["info", "minor", "major", "critical", "blocker"] },
                    "location": {
                        "type": "object",
                        "required": ["path", "lines"],
                        "properties": {
                            "path": { "type": "string", "pattern": "^([^/.]|\\.[^/]).*$" },
                            "lines": {
                                "type": "object",
                                "required": ["begin"],
                                "properties": { "begin": { "type": "integer", "minimum": 1 } }
                            }
                        }
                    }
                }
            }
        })
    }

    #[test]
    fn issues_are_as_gitlab_asks() {
        for report in samples::all().into_iter().chain([samples::large(40)]) {
            assert_fits(schema(), &issues(&report).0);
        }
        assert_eq!(issues(&samples::pass()).0, json!([]));
    }

    #[test]
    fn an_incomplete_run_is_not_an_empty_list() {
        let (list, _) = issues(&samples::incomplete());
        assert!(list.as_array().unwrap().iter().all(|i| i["severity"] == "critical"));
        assert_eq!(list.as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let (list, left_out) = issues(&samples::large(5_010));
        assert_eq!((left_out, list.as_array().unwrap().len()), (10, 5_001));
        assert!(list[5_000]["description"].as_str().unwrap().starts_with("10 entries left out"));
    }
}
