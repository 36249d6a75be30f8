//! Tests across the formats: they say the same, they fit their schemas, and writing twice gives the same bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::evidence::RunInfo;
use super::repository::Repository;
use super::text::TextOptions;
use super::{
    Format, asff, csv, evidence, github, gitlab, html, json, junit, markdown, samples, sarif, schema, text,
};
use crate::finding::{ControlStatus, Report, Verdict};

/// Panics with what is wrong if `instance` does not fit the JSON Schema.
pub(super) fn assert_fits(schema: Value, instance: &Value) {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(instance, index) {
        panic!("{error:#}");
    }
}

fn run() -> RunInfo {
    RunInfo {
        phase_id: "P(-1)".to_owned(),
        platform_run_id: None,
        actor: "operator".to_owned(),
        written_at_utc: "2026-01-01T00:00:00Z".to_owned(),
    }
}

/// The report in one format.
fn in_format(report: &Report, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    let repository = Repository::default();
    match format {
        Format::Text => text::write(report, &TextOptions::default(), &mut out).unwrap(),
        Format::Json => json::write(report, &mut out).unwrap(),
        Format::Sarif => {
            let options = sarif::Options { category: "seaworthy/", repository: &repository };
            sarif::write(report, options, &mut out).unwrap();
        }
        Format::Github => github::write(report, &repository, &mut out).unwrap(),
        Format::Evidence => evidence::write(report, &run(), &mut out).unwrap(),
        Format::Markdown => drop(markdown::write(report, &repository, &mut out).unwrap()),
        Format::Html => drop(html::write(report, &repository, &mut out).unwrap()),
        Format::Junit => drop(junit::write(report, &repository, &mut out).unwrap()),
        Format::GitlabSecrets => {
            let scan = gitlab::Scan { written_at_utc: run().written_at_utc, commit: None };
            gitlab::write_secret_detection(report, &repository, &scan, &mut out).unwrap();
        }
        Format::GitlabQuality => drop(gitlab::write_code_quality(report, &repository, &mut out).unwrap()),
        Format::Asff => {
            let account = asff::Account {
                id: "123456789012".to_owned(),
                region: "eu-central-1".to_owned(),
                written_at_utc: run().written_at_utc,
            };
            asff::write(report, &repository, &account, &mut out).unwrap();
        }
        Format::Csv => csv::write(report, &repository, &mut out).unwrap(),
    }
    out
}

/// The report in every format.
fn rendered(report: &Report) -> Vec<(Format, String)> {
    Format::ALL.map(|format| (format, String::from_utf8(in_format(report, format)).unwrap())).into()
}

fn documents(report: &Report) -> [Value; 3] {
    [Format::Json, Format::Sarif, Format::Evidence]
        .map(|format| serde_json::from_slice(&in_format(report, format)).unwrap())
}

#[test]
fn documents_fit_their_schemas() {
    for report in samples::all().into_iter().chain([samples::large(50)]) {
        let [json, _, evidence] = documents(&report);
        assert_fits(schema("report").unwrap(), &json);
        assert_fits(schema("evidence").unwrap(), &evidence);
    }
}

#[test]
fn schemas_ask_for_every_field() {
    let [json, _, evidence] = documents(&samples::fail());
    for (name, document) in [("report", json), ("evidence", evidence)] {
        let schema = schema(name).unwrap();
        let required: BTreeSet<&str> =
            schema["required"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
        let written: BTreeSet<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(required, written);
    }
    // Field names that M1 (D) and its readers know.
    let schema = schema("evidence").unwrap();
    for field in [
        "phase_id",
        "platform_run_id",
        "written_at_utc",
        "checks",
        "blocker_codes",
        "verdict",
        "failure_reason",
        "actor",
    ] {
        assert!(schema["properties"][field].is_object(), "{field}");
    }
}

#[test]
fn a_schema_refuses_what_it_should() {
    let [mut json, _, mut evidence] = documents(&samples::fail());
    let refused = |name: &str, document: &Value| {
        let document = document.clone();
        let schema = schema(name).unwrap();
        std::panic::catch_unwind(move || assert_fits(schema, &document)).is_err()
    };
    json["verdict"] = json!("maybe");
    assert!(refused("report", &json));
    evidence["extra"] = json!(1);
    assert!(refused("evidence", &evidence));
}

#[test]
fn writing_twice_gives_the_same_bytes() {
    for report in samples::all() {
        assert_eq!(rendered(&report), rendered(&report));
    }
}

#[test]
fn no_format_loses_the_verdict() {
    for report in samples::all() {
        let [json, sarif, evidence] = documents(&report);
        let word = report.verdict.as_str();
        assert_eq!(json["verdict"], word);
        assert_eq!(sarif["runs"][0]["properties"]["verdict"], word);
        let binary = if report.verdict == Verdict::Pass { "PASS" } else { "FAIL" };
        assert_eq!(evidence["verdict"], binary);
        for (format, text) in rendered(&report) {
            let is_told = match format {
                Format::Json | Format::Sarif | Format::Evidence => true,
                Format::Github => {
                    text.lines().next().unwrap().contains(&format!("title=seaworthy%3A {word}::"))
                }
                Format::Text => text.lines().last().unwrap().contains(&word.to_uppercase()),
                Format::Markdown => text.lines().next().unwrap().contains(&word.to_uppercase()),
                Format::Html => text.to_lowercase().contains(word),
                Format::Csv => report.verdict == Verdict::Pass || text.contains(word),
                // Lists of issues have no verdict: a run that is no pass has an issue there.
                Format::Junit => {
                    report.verdict == Verdict::Pass || text.contains("<failure") || text.contains("<error")
                }
                Format::GitlabQuality | Format::Asff => {
                    let issues: Value = serde_json::from_str(&text).unwrap();
                    report.verdict == Verdict::Pass || !issues.as_array().unwrap().is_empty()
                }
                Format::GitlabSecrets => {
                    let document: Value = serde_json::from_str(&text).unwrap();
                    let is_failure = document["scan"]["status"] == "failure";
                    let is_empty = document["vulnerabilities"].as_array().unwrap().is_empty();
                    match report.verdict {
                        Verdict::Pass => !is_failure,
                        Verdict::Incomplete => is_failure,
                        Verdict::Fail => !is_empty || document["scan"]["messages"].is_array(),
                    }
                }
            };
            assert!(is_told, "{format} of a report that is {word}:\n{text}");
        }
    }
}

fn agree(report: &Report) {
    let [json, sarif, evidence] = documents(report);
    let length = |v: &Value| v.as_array().unwrap().len();
    let runs = sarif["runs"].as_array().unwrap();
    let of_runs: Value = runs.iter().flat_map(|r| r["results"].as_array().unwrap().clone()).collect();
    let results = length(&of_runs);
    assert_eq!(length(&json["findings"]), results);
    assert_eq!(json["summary"]["findings"], results);
    let severities = ["critical", "high", "medium", "low"].map(|s| json["summary"][s].as_u64().unwrap());
    assert_eq!(severities.iter().sum::<u64>(), results as u64);
    let of_checks = |document: &Value, field: &str| -> u64 {
        document["checks"].as_array().unwrap().iter().map(|c| c[field].as_u64().unwrap()).sum()
    };
    assert_eq!(of_checks(&json, "findings"), results as u64);
    assert_eq!(of_checks(&evidence, "findings_count"), results as u64);
    assert_eq!(length(&json["accepted"]) as u64, of_checks(&evidence, "accepted_count"));
    assert_eq!(length(&json["not_checked"]), length(&evidence["not_checked"]));
    let notes = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let not_checked = notes.iter().filter(|n| n["descriptor"]["id"] == "not-checked").count();
    assert_eq!(length(&json["not_checked"]), not_checked);
    let controls = notes.iter().filter(|n| n["descriptor"]["id"] == "open-control").count();
    let open = report.controls.iter().flat_map(|g| g.open()).filter(|c| c.status != ControlStatus::Fail);
    assert_eq!(open.count(), controls);
    let fingerprints = |list: &Value, at: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|f| f.pointer(at).unwrap().as_str().unwrap().to_owned()).collect()
    };
    let mut of_json = fingerprints(&json["findings"], "/fingerprint");
    let mut of_sarif = fingerprints(&of_runs, "/partialFingerprints/seaworthy~1v1");
    of_json.sort();
    of_sarif.sort();
    assert_eq!(of_json, of_sarif);
}

#[test]
fn formats_agree_on_every_count() {
    samples::all().iter().for_each(agree);
    agree(&samples::large(5_200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn formats_agree_whatever_is_found(
        findings in 0_usize..40,
        artifact in ".{0,20}",
        path in prop::option::of(".{0,30}"),
        message in ".{0,40}",
    ) {
        let mut report = samples::large(findings);
        for finding in &mut report.findings {
            finding.origin.artifact.clone_from(&artifact);
            finding.origin.path.clone_from(&path);
            finding.message.clone_from(&message);
        }
        agree(&report);
        for (format, text) in rendered(&report) {
            prop_assert!(text.chars().all(|c| matches!(c, '\n' | '\r') || !c.is_control()), "{}", format);
        }
    }
}
