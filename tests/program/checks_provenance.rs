//! Fixtures of the checks on documents, run by the real binary. A directory below `fail` reports just its check, or
//! those that its file `expected` lists; one below `pass` reports nothing of it, and the check was asked.
//!
//! The files of a directory are the command's arguments; a file `args` has further ones. `registry.json` is what ECR
//! answers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Ecr;
use serde_json::Value;

const FILES: [(&str, &str); 5] = [
    ("--provenance", "packaging_provenance.json"),
    ("--run", "run.json"),
    ("--receipt", "build_command_surface_receipt.json"),
    ("--security", "security_secret_injection_checks.json"),
    ("--attestation", "packaging_provenance.dsse.json"),
];

fn report(case: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command.args(["verify", "--report", "json"]).current_dir(case).env_clear();
    for (option, file) in FILES {
        if case.join(file).is_file() {
            command.args([option, file]);
        }
    }
    if let Ok(args) = fs::read_to_string(case.join("args")) {
        command.args(args.lines());
    }
    if let Ok(canned) = fs::read_to_string(case.join("registry.json")) {
        let ecr = Ecr::start(serde_json::from_str(&canned).unwrap());
        command.args(["--registry", "--endpoint-url", &format!("http://{}", ecr.address)]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
    }
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{}: {e}: {}", case.display(), String::from_utf8_lossy(&output.stderr)))
}

fn reported(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| f["check"].as_str().unwrap().to_owned()).collect()
}

fn cases(id: &str, side: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks").join(id).join(side);
    let mut all: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(!all.is_empty(), "{} is empty", directory.display());
    all
}

#[test]
fn every_fixture_does_what_its_directory_says() {
    let mut wrong = Vec::new();
    for id in seaworthy::check::provenance::ALL.iter().map(|c| c.meta().id) {
        for case in cases(id, "fail") {
            let wanted: BTreeSet<String> = match fs::read_to_string(case.join("expected")) {
                Ok(text) => text.lines().map(str::to_owned).collect(),
                Err(_) => BTreeSet::from([id.to_owned()]),
            };
            let report = report(&case);
            let found = reported(&report);
            if found != wanted || !wanted.contains(id) || report["verdict"] != "fail" {
                wrong.push(format!("{} reports {found:?}", case.display()));
            }
        }
        for case in cases(id, "pass") {
            let report = report(&case);
            let found = reported(&report);
            let checks = report["checks"].as_array().unwrap();
            let status = &checks.iter().find(|c| c["id"] == id).unwrap()["status"];
            if !found.is_empty() || status != "pass" || report["verdict"] != "pass" {
                let not_checked = &report["not_checked"];
                wrong.push(format!("{}: {status}, reports {found:?}, {not_checked}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
