//! Checks as SARIF rules, with what GitHub asks of one: descriptions up to 1,024 characters, ten tags, a
//! `security-severity` and a `precision`.

use serde_json::json;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor, ResultLevel,
};

use super::bag;
use crate::finding::{CheckMeta, Severity};
use crate::report::phrase::{sentence, shorten};

/// Characters of a description that GitHub takes.
const DESCRIPTION: usize = 1_024;
/// Tags of a rule that GitHub keeps.
const TAGS: usize = 10;

/// Index of the notification for an item that could not be examined.
pub(super) const NOT_CHECKED: usize = 0;
/// Index of the notification for results that the file or GitHub leaves out.
pub(super) const LEFT_OUT: usize = 1;
/// Index of the notification for controls of the profile that are not proved.
pub(super) const OPEN_CONTROL: usize = 2;
/// The notifications: ID, name, what one says, what to do about it.
pub(super) const NOTICES: [[&str; 4]; 3] = [
    [
        "not-checked",
        "NotChecked",
        "Something that was to be examined could not be; no statement is made about it",
        "Make it readable and run again; until then the run is not a pass",
    ],
    [
        "results-left-out",
        "ResultsLeftOut",
        "There are more findings than a code scanning upload takes or keeps",
        "See the JSON report, which has all of them",
    ],
    [
        "open-control",
        "OpenControl",
        "A required control of the profile was not checked or not requested",
        "Supply what it needs, or waive it in the contract with a reason and a date",
    ],
];

/// The descriptors of the notifications.
pub(super) fn notifications() -> Vec<ReportingDescriptor> {
    NOTICES
        .iter()
        .map(|[id, name, text, help]| {
            ReportingDescriptor::builder()
                .id(*id)
                .name(*name)
                .short_description(plain(text))
                .full_description(plain(text))
                .help(plain(help))
                .build()
        })
        .collect()
}

/// The rule of a check.
pub(super) fn rule(meta: &CheckMeta) -> ReportingDescriptor {
    let (why, fix) = (sentence(meta.why), sentence(meta.fix));
    let help = MultiformatMessageString::builder()
        .text(format!("{}\n\nWhy: {why}\n\nFix: {fix}\n\nContract clause: {}", meta.summary, meta.clause))
        .markdown(format!(
            "{}\n\n**Why it matters.** {why}\n\n**How to fix it.** {fix}\n\nContract clause {}. \
             `seaworthy explain {}` says more.",
            meta.summary, meta.clause, meta.id
        ))
        .build();
    ReportingDescriptor::builder()
        .id(meta.id)
        .name(pascal_case(meta.name))
        .short_description(plain(meta.summary))
        .full_description(plain(&why))
        .help(help)
        .default_configuration(ReportingConfiguration::builder().level(json!(level(meta.severity))).build())
        .properties(properties(meta))
        .build()
}

fn plain(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(shorten(&sentence(text), DESCRIPTION)).build()
}

fn properties(meta: &CheckMeta) -> PropertyBag {
    let mut bag = bag([
        ("security-severity", json!(security_severity(meta.severity))),
        // How sure one finding is differs from finding to finding and is said in each result; GitHub wants one word
        // for the rule, by which it sorts alerts.
        ("precision", json!("high")),
        ("clause", json!(meta.clause)),
    ]);
    let mut tags = vec!["security".to_owned()];
    for tag in meta.tags.iter().map(|t| github_tag(t)) {
        if tags.len() < TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    bag.tags = Some(tags);
    bag
}

/// GitHub shows weaknesses that are tagged as `external/cwe/cwe-798`.
fn github_tag(tag: &str) -> String {
    match tag.strip_prefix("CWE-") {
        Some(number) => format!("external/cwe/cwe-{number}"),
        None => tag.to_owned(),
    }
}

/// The `level` of a severity.
pub(super) fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
    }
}

/// A number in GitHub's bands: critical above 9.0, high from 7.0, medium from 4.0, low below. It must be a string.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
    }
}

/// `secret-in-file` as `SecretInFile`, the form that SARIF viewers expect of a rule's name.
fn pascal_case(name: &str) -> String {
    name.split('-')
        .flat_map(|part| {
            let mut chars = part.chars();
            chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect::<Vec<_>>()
        })
        .collect()
}
