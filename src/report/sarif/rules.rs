//! Checks as SARIF rules, with what GitHub asks of one: descriptions up to 1,024 characters, ten tags, a
//! `security-severity` and a `precision`.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor, ResultLevel,
};

use super::bag;
use crate::finding::{CheckMeta, DetectorRecord, Finding, Report, Severity};
use crate::report::check_page;
use crate::report::phrase::{printable, prose, sentence, shorten};

/// Characters of a description that GitHub takes.
const DESCRIPTION: usize = 1_024;
/// Characters of a rule's help. GitHub names no limit for it.
const HELP: usize = 8_192;
/// Tags of a rule that GitHub keeps.
const TAGS: usize = 10;

/// Index of the notification for an item that could not be examined.
pub(super) const NOT_CHECKED: usize = 0;
/// Index of the notification for results that the file or GitHub leaves out.
pub(super) const LEFT_OUT: usize = 1;
/// Index of the notification for controls of the profile that did not pass.
pub(super) const OPEN_CONTROL: usize = 2;
/// Index of the notification for results that are in several runs.
pub(super) const SPLIT: usize = 3;
/// The notifications: ID, name, what one says, what to do about it.
pub(super) const NOTICES: [[&str; 4]; 4] = [
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
    [
        "results-split",
        "ResultsSplit",
        "There are more findings than a code scanning upload keeps of one run",
        "Each run has a category of its own; alerts of a category that a later upload lacks must be closed by hand",
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

/// The rules of one run, and which of them each finding is under: a check's own, or one for each check, detector and
/// severity where a detector recognised a secret, since GitHub shows the severity of the rule and not of the result.
pub(super) struct RuleSet<'r> {
    report: &'r Report,
    /// The rules, those of the checks first.
    pub(super) descriptors: Vec<ReportingDescriptor>,
    index: BTreeMap<String, usize>,
}

impl<'r> RuleSet<'r> {
    /// The rules of all checks that the report knows, and of the detectors behind `findings`.
    pub(super) fn of(report: &'r Report, findings: impl Iterator<Item = &'r Finding>) -> Self {
        let mut set = Self { report, descriptors: Vec::new(), index: BTreeMap::new() };
        for check in &report.checks {
            set.add(check.meta.id.to_owned(), rule(check.meta));
        }
        let mut found: BTreeMap<String, &Finding> = BTreeMap::new();
        for finding in findings.filter(|f| f.detector.is_some()) {
            found.entry(set.id(finding)).or_insert(finding);
        }
        for (id, finding) in found {
            let meta = report.checks.iter().map(|c| c.meta).find(|m| m.id == finding.check);
            let (Some(meta), Some(detector)) = (meta, finding.detector.as_deref()) else { continue };
            let rule = detector_rule(&id, meta, detector, report.detectors.get(detector), finding.severity);
            set.add(id, rule);
        }
        set
    }

    fn add(&mut self, id: String, rule: ReportingDescriptor) {
        self.index.insert(id, self.descriptors.len());
        self.descriptors.push(rule);
    }

    /// The ID of a finding's rule, and its index.
    pub(super) fn of_finding(&self, finding: &Finding) -> (String, Option<usize>) {
        let id = self.id(finding);
        let index = self.index.get(&id).copied();
        (id, index)
    }

    /// `SW301`, `SW102/sendgrid-api-key`, or `SW102/sendgrid-api-key/low` where the place is less severe than what the
    /// detector finds elsewhere.
    fn id(&self, finding: &Finding) -> String {
        let Some(detector) = finding.detector.as_deref() else { return finding.check.to_owned() };
        let of_check =
            || self.report.checks.iter().find(|c| c.meta.id == finding.check).map(|c| c.meta.severity);
        let own = self.report.detectors.get(detector).map(|d| d.severity).or_else(of_check);
        let id = format!("{}/{}", finding.check, printable(detector));
        match own.is_none_or(|own| own == finding.severity) {
            true => id,
            false => format!("{id}/{}", finding.severity),
        }
    }
}

/// The rule of a check.
pub(super) fn rule(meta: &CheckMeta) -> ReportingDescriptor {
    let (why, fix) = (sentence(meta.why), sentence(meta.fix));
    describe(meta.id, pascal_case(meta.name), meta.summary, &why, &fix, meta, meta.severity)
}

/// The rule of a check for what one detector finds, at one severity.
fn detector_rule(
    id: &str,
    meta: &CheckMeta,
    detector: &str,
    record: Option<&DetectorRecord>,
    severity: Severity,
) -> ReportingDescriptor {
    let name = record.map_or(detector, |d| &d.name);
    let summary = format!("{}: {}", printable(name), meta.summary);
    let opens = record.map(|d| sentence(&prose(&d.description))).unwrap_or_default();
    let why = format!("{opens} {}", sentence(meta.why));
    let rotate = record.map(|d| sentence(&prose(&d.fix))).unwrap_or_default();
    let fix = format!("{} {rotate}", sentence(meta.fix));
    let title = format!("{}{}", pascal_case(meta.name), pascal_case(detector));
    describe(id, title, &summary, why.trim(), fix.trim(), meta, severity)
}

fn describe(
    id: &str,
    name: String,
    summary: &str,
    why: &str,
    fix: &str,
    meta: &CheckMeta,
    severity: Severity,
) -> ReportingDescriptor {
    let page = check_page(meta);
    let text = format!("{summary}\n\nWhy: {why}\n\nFix: {fix}");
    // Examples stand on the check's page: in the file they would be secrets to whatever scans it.
    let markdown = format!(
        "{summary}\n\n**Why it matters.** {why}\n\n**How to fix it.** {fix}\n\n`seaworthy explain {}` shows an example.",
        meta.id
    );
    let help = MultiformatMessageString::builder()
        .text(shorten(&text, HELP))
        .markdown(if markdown.chars().count() > HELP { shorten(&text, HELP) } else { markdown })
        .build();
    ReportingDescriptor::builder()
        .id(id)
        .name(name)
        .short_description(plain(summary))
        .full_description(plain(why))
        .help(help)
        .help_uri(page)
        .default_configuration(ReportingConfiguration::builder().level(json!(level(severity))).build())
        .properties(properties(meta, severity))
        .build()
}

fn plain(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(shorten(&sentence(text), DESCRIPTION)).build()
}

fn properties(meta: &CheckMeta, severity: Severity) -> PropertyBag {
    let mut bag = bag([
        ("security-severity", json!(security_severity(severity))),
        // How sure one finding is differs from finding to finding and is said in each result; GitHub wants one word
        // for the rule, by which it sorts alerts.
        ("precision", json!("high")),
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
