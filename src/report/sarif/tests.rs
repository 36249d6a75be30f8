#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::finding::{Severity, hidden};
use crate::report::agreement::assert_fits;
use crate::report::samples;
use seaworthy_source::{Place, Position};

fn sarif(report: &Report) -> (Value, Written, Vec<u8>) {
    let mut out = Vec::new();
    let repository = Repository::default();
    let written =
        write(report, Options { category: "seaworthy/image", repository: &repository }, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), written, out)
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The SARIF 2.1.0 schema, from the sources of serde-sarif that this crate is built with.
fn schema() -> Value {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    // Only this platform's crates are sure to have been fetched.
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let package = list(&metadata, "/packages").iter().find(|p| p["name"] == "serde-sarif").unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    serde_json::from_slice(&std::fs::read(manifest.with_file_name("src").join("schema.json")).unwrap())
        .unwrap()
}

/// A URI as GitHub takes it: relative, not empty, nothing that reads as a scheme, no bare `%`, no way upwards.
fn is_plain(uri: &str) -> bool {
    let bytes = uri.as_bytes();
    let coded = bytes.iter().enumerate().all(|(i, b)| match b {
        b'%' => bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        b'/' | b'-' | b'.' | b'_' | b'~' => true,
        _ => b.is_ascii_alphanumeric(),
    });
    coded && !uri.is_empty() && uri.split('/').all(|s| !matches!(s, "" | "." | ".."))
}

#[test]
fn logs_fit_the_sarif_schema() {
    let schema = schema();
    for report in samples::all().into_iter().chain([samples::large(40)]) {
        assert_fits(schema.clone(), &sarif(&report).0);
    }
}

/// GitHub refuses a whole upload for one result without a location, region or plain URI.
#[test]
fn every_location_has_a_plain_uri_and_lines_from_one() {
    for report in samples::all().into_iter().chain([samples::large(400)]) {
        let (log, _, _) = sarif(&report);
        for result in list(&log, "/runs/0/results") {
            assert_eq!(list(result, "/locations").len(), 1);
            for location in list(result, "/locations").iter().chain(list(result, "/relatedLocations")) {
                let physical = &location["physicalLocation"];
                let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
                assert!(is_plain(uri), "{uri}");
                let (start, end) = (&physical["region"]["startLine"], &physical["region"]["endLine"]);
                assert!(start.as_u64().unwrap() >= 1 && end.as_u64() >= start.as_u64(), "{physical}");
            }
            assert!(result["message"]["text"].as_str().unwrap().len() > 10);
        }
    }
}

#[test]
fn rules_have_what_github_asks_for() {
    let (log, _, _) = sarif(&samples::fail());
    assert!(log["$schema"].is_string());
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "seaworthy/image/");
    for rule in list(&log, "/runs/0/tool/driver/rules") {
        for text in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            let length = rule.pointer(text).and_then(Value::as_str).unwrap().chars().count();
            assert!((1..=1_024).contains(&length), "{rule}");
        }
        let severity: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!(severity > 0.0 && severity <= 10.0);
        assert_eq!(rule["properties"]["precision"], "high");
        let tags = list(rule, "/properties/tags");
        assert!(
            tags.len() <= 10
                && tags.contains(&json!("security"))
                && tags.contains(&json!("external/cwe/cwe-798"))
        );
    }
    for result in list(&log, "/runs/0/results") {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(list(&log, "/runs/0/tool/driver/rules")[index]["id"], result["ruleId"]);
    }
}

#[test]
fn long_rules_are_cut_to_the_limits() {
    let long: &'static str = "ä".repeat(3_000).leak();
    let tags: &'static [&'static str] =
        vec!["CWE-1", "CWE-1", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].leak();
    let meta = crate::finding::CheckMeta {
        id: "SW999",
        name: "long-one",
        summary: long,
        why: long,
        fix: "x",
        example: crate::finding::Example { fails: hidden!("x"), mended: "y", silent: "z" },
        severity: Severity::Low,
        reads: &[],
        tags,
    };
    let rule = rules::rule(&meta);
    assert_eq!(rule.name.as_deref(), Some("LongOne"));
    assert_eq!(rule.full_description.unwrap().text.chars().count(), 1_024);
    let tags = rule.properties.unwrap().tags.unwrap();
    assert_eq!(tags.len(), 10);
    assert_eq!(tags.iter().filter(|t| *t == "external/cwe/cwe-1").count(), 1);
}

/// A peer wrote lines from 0.
#[test]
fn lines_are_those_of_the_file() {
    let mut report = samples::fail();
    for finding in &mut report.findings {
        finding.origin.made_by = None;
    }
    report.findings.retain(|f| f.check == "SW302");
    let (log, _, _) = sarif(&report);
    let physical = log.pointer("/runs/0/results/0/locations/0/physicalLocation").unwrap();
    assert_eq!(physical["artifactLocation"]["uri"], "app/.env");
    assert_eq!(physical["region"]["startLine"], 4);

    report.findings[0].origin.place = Place::Text { position: Position { line: 0, column: 0 }, offset: 0 };
    let (log, _, _) = sarif(&report);
    assert_eq!(
        log.pointer("/runs/0/results/0/locations/0/physicalLocation/region/startLine"),
        Some(&json!(1))
    );
}

/// A peer returned at the first result that it could not place, and dropped the rest.
#[test]
fn odd_findings_do_not_drop_the_rest() {
    let mut report = samples::fail();
    let all = report.findings.len();
    report.findings[1].check = "SW999";
    report.findings[2].origin.artifact.clear();
    report.findings[2].origin.path = Some("../..".to_owned());
    report.findings[2].origin.made_by = None;
    report.findings[3].message.clear();
    let (log, written, _) = sarif(&report);
    assert_eq!(written, Written { results: all, runs: 1, left_out: 0 });
    let results = list(&log, "/runs/0/results");
    assert_eq!(results.len(), all);
    assert_eq!(results[1].get("ruleIndex"), None);
    assert_eq!(
        results[2].pointer("/locations/0/physicalLocation/artifactLocation/uri"),
        Some(&json!("unnamed"))
    );
}

#[test]
fn the_line_of_the_dockerfile_comes_first_and_the_file_in_the_image_second() {
    let (log, _, _) = sarif(&samples::fail());
    let result = list(&log, "/runs/0/results").iter().find(|r| r["properties"]["check"] == "SW302").unwrap();
    let primary = &result["locations"][0];
    assert_eq!(primary["physicalLocation"]["artifactLocation"]["uri"], "docker/Dockerfile");
    assert_eq!(primary["physicalLocation"]["region"]["startLine"], 12);
    let name = format!("registry.example/shop/app:1.4.2@{}:/app/.env", samples::digest('3'));
    assert_eq!(primary["logicalLocations"][0]["fullyQualifiedName"], name);
    let related = list(result, "/relatedLocations");
    assert_eq!(related.len(), 2);
    let uri = &related[0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "app/.env");
    assert_eq!(related[1]["physicalLocation"]["artifactLocation"]["uri"], "docker/Dockerfile");
    assert_eq!(result["properties"]["state"], "deleted");
    assert_eq!(result["properties"]["hiddenByLayer"], 5);
}

/// What is neither in a layer nor made by a known line is still placed, and still named in the image.
#[test]
fn config_findings_are_named_by_their_pointer() {
    let (log, _, _) = sarif(&samples::fail());
    let result = list(&log, "/runs/0/results").iter().find(|r| r["properties"]["check"] == "SW304").unwrap();
    let location = &result["locations"][0];
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "config");
    let name = "registry.example/shop/app:1.4.2@config:/config/Env/3";
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], name);
}

#[test]
fn findings_of_one_fingerprint_stay_apart() {
    let mut report = samples::fail();
    let fingerprint = report.findings[0].fingerprint.clone();
    let check = report.findings[0].check;
    for finding in &mut report.findings {
        (finding.check, finding.fingerprint) = (check, fingerprint.clone());
    }
    let (log, _, _) = sarif(&report);
    let hashes: Vec<&str> = list(&log, "/runs/0/results")
        .iter()
        .map(|r| r["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (1..=hashes.len()).map(|n| format!("{}:{n}", fingerprint.as_str())).collect();
    assert_eq!(hashes, expected);
}

#[test]
fn accepted_findings_are_left_out() {
    let (log, _, bytes) = sarif(&samples::accepted());
    assert_eq!(list(&log, "/runs/0/results").len(), 1);
    assert!(!String::from_utf8(bytes).unwrap().contains("suppress"));
}

#[test]
fn not_checked_items_are_notifications_and_the_run_is_not_successful() {
    let report = samples::incomplete();
    let (log, _, _) = sarif(&report);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notes = list(invocation, "/toolExecutionNotifications");
    assert_eq!(notes.len(), report.not_checked.len());
    assert!(notes.iter().all(|n| n["level"] == "error" && n["descriptor"]["id"] == "not-checked"));
    assert_eq!(sarif(&samples::pass()).0["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn more_results_than_a_run_keeps_go_into_further_runs_worst_first() {
    let report = samples::large(10_001);
    let (log, written, _) = sarif(&report);
    assert_eq!(written, Written { results: 10_001, runs: 3, left_out: 0 });
    let runs = list(&log, "/runs");
    let sizes: Vec<usize> = runs.iter().map(|r| list(r, "/results").len()).collect();
    assert_eq!(sizes, [5_000, 5_000, 1]);
    let categories: Vec<&str> = runs.iter().map(|r| r["automationDetails"]["id"].as_str().unwrap()).collect();
    assert_eq!(categories, ["seaworthy/image/", "seaworthy/image/part-2/", "seaworthy/image/part-3/"]);
    let ranks = runs.iter().flat_map(|r| list(r, "/results")).map(|r| r["rank"].as_f64().unwrap());
    assert!(ranks.collect::<Vec<_>>().is_sorted_by(|a, b| a >= b));
    for run in runs {
        let text =
            run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
        assert!(text.contains("of 3 of 10,001 findings"), "{text}");
        let rules = list(run, "/tool/driver/rules");
        for result in list(run, "/results") {
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn beyond_githubs_limits_the_mildest_are_left_out_aloud() {
    let report = samples::large(100_050);
    let (log, written, bytes) = sarif(&report);
    assert_eq!(written.results + written.left_out, 100_050);
    assert!(written.left_out >= 50 && written.runs <= 20);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let text = invocation["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("of 100,050 findings are left out"), "{text}");

    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zipped.write_all(&bytes).unwrap();
    assert!(zipped.finish().unwrap().len() < 10_000_000);
}

/// GitHub shows the severity of the rule, not of the result.
#[test]
fn a_rule_has_one_severity() {
    let mut report = samples::fail();
    let record = |severity| crate::finding::DetectorRecord {
        name: "AWS access key ID".to_owned(),
        severity,
        description: "It opens an AWS account".to_owned(),
        fix: "Deactivate the key in IAM".to_owned(),
    };
    report.detectors.insert("aws-access-key".to_owned(), record(Severity::Critical));
    report.detectors.insert("github-token".to_owned(), record(Severity::High));
    let key = report.findings.iter_mut().find(|f| f.detector.as_deref() == Some("private-key")).unwrap();
    key.detector = None;
    let (log, _, _) = sarif(&report);
    let rules = list(&log, "/runs/0/tool/driver/rules");
    let id = |check: &str| {
        let result =
            list(&log, "/runs/0/results").iter().find(|r| r["properties"]["check"] == check).unwrap();
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        (
            rule["id"].as_str().unwrap().to_owned(),
            rule["properties"]["security-severity"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(id("SW302"), ("SW302/aws-access-key".to_owned(), "9.5".to_owned()));
    // Lowered: what the detector calls high is medium here.
    let lowered = rules.iter().find(|r| r["id"] == "SW301/github-token/medium").unwrap();
    assert_eq!(lowered["properties"]["security-severity"], "5.5");
    assert!(list(&log, "/runs/0/results").iter().any(|r| r["ruleId"] == "SW301"));
    for result in list(&log, "/runs/0/results") {
        let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
        assert!(rule["helpUri"].as_str().unwrap().contains("/docs/checks.md#sw3"), "{rule}");
    }
}

#[test]
fn places_are_those_of_the_repository_with_true_columns() {
    let mut report = samples::fail();
    report.findings.truncate(1);
    let position = Position { line: 4, column: 19 };
    let origin = &mut report.findings[0].origin;
    *origin = seaworthy_source::Origin::new(seaworthy_source::OriginKind::Context, "/src/shop/api");
    origin.path = Some(".env".to_owned());
    origin.place = Place::Text { position, offset: 100 };
    let given = "/src/shop/api/.env".to_owned();
    let repository = Repository::new(
        BTreeMap::from([(given.clone(), "api/.env".to_owned())]),
        BTreeMap::from([((given, position), 17)]),
    );
    let mut out = Vec::new();
    write(&report, Options { category: "x", repository: &repository }, &mut out).unwrap();
    let log: Value = serde_json::from_slice(&out).unwrap();
    let place = log.pointer("/runs/0/results/0/locations/0/physicalLocation").unwrap();
    assert_eq!(place["artifactLocation"], json!({ "uri": "api/.env", "uriBaseId": "%SRCROOT%" }));
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&json!(4), &json!(17)));
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
    let text = log.pointer("/runs/0/results/0/message/text").unwrap().as_str().unwrap();
    assert!(!text.contains("Found in") && !text.contains("/src/shop"), "{text}");
}

/// Moving a line down is not a new alert.
#[test]
fn fingerprints_do_not_depend_on_lines() {
    let prints = |report: &Report| -> Vec<Value> {
        list(&sarif(report).0, "/runs/0/results").iter().map(|r| r["partialFingerprints"].clone()).collect()
    };
    let mut report = samples::fail();
    let before = prints(&report);
    for finding in &mut report.findings {
        if let Place::Text { position, offset } = &mut finding.origin.place {
            (position.line, *offset) = (position.line + 3, *offset + 90);
        }
    }
    assert_eq!(prints(&report), before);
}

#[test]
fn what_is_found_cannot_write_links_into_an_alert() {
    let (_, _, bytes) = sarif(&samples::large(20));
    assert!(!String::from_utf8(bytes).unwrap().contains("]("));
}

#[test]
fn places_beyond_the_limit_are_counted() {
    let mut report = samples::fail();
    report.findings.retain(|f| f.check == "SW302");
    let place = report.findings[0].places[0].clone();
    report.findings[0].places = vec![place; 150];
    let (log, _, _) = sarif(&report);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(list(result, "/relatedLocations").len(), 99);
    assert_eq!(result["properties"]["placesLeftOut"], 52);
    assert!(result["message"]["text"].as_str().unwrap().contains("150 further places"));
}

proptest! {
    #[test]
    fn any_name_makes_a_plain_uri(artifact in ".{0,30}", path in prop::option::of(".{0,60}")) {
        let mut origin = seaworthy_source::Origin::new(seaworthy_source::OriginKind::LayerFile, artifact);
        origin.path = path;
        let location = locations::primary(&origin, &Repository::default());
        let uri = location.physical_location.unwrap().artifact_location.unwrap().uri.unwrap();
        prop_assert!(is_plain(&uri), "{uri}");
    }
}
