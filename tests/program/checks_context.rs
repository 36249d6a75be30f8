//! The real binary over the fixtures of the checks on contexts and Dockerfiles: `fail` must report the check, `pass`
//! must not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use seaworthy::check::{context, dockerfile, packaging};
use serde_json::Value;

/// All checks of a context, of its Dockerfile and of the files that build the image.
fn all_ids() -> BTreeSet<&'static str> {
    let build = context::ALL.iter().chain(dockerfile::ALL).map(|c| c.meta().id);
    build.chain(packaging::SURFACE.iter().map(|c| c.meta().id)).collect()
}

/// The IDs of all checks that report something.
fn reported(directory: &Path) -> BTreeSet<String> {
    let report = report(directory);
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| f["check"].as_str().unwrap().to_owned()).collect()
}

/// The IDs of all checks that could not see all.
fn not_checked(directory: &Path) -> BTreeSet<String> {
    let report = report(directory);
    let items = report["not_checked"].as_array().unwrap().iter();
    items.flat_map(|u| u["checks"].as_array().unwrap()).map(|c| c.as_str().unwrap().to_owned()).collect()
}

fn report(directory: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["context", "--report", "json"])
        .arg(directory)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("{}: {e}: {}", directory.display(), String::from_utf8_lossy(&output.stderr))
    })
}

fn cases(id: &str, side: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks").join(id).join(side);
    let mut all: Vec<PathBuf> = std::fs::read_dir(&directory)
        .unwrap_or_else(|e| panic!("{}: {e}", directory.display()))
        .map(|entry| entry.unwrap().path())
        // What is no directory is the description of an image: see checks_image.rs.
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{} is empty", directory.display());
    all
}

#[test]
fn every_fixture_does_what_its_directory_says() {
    let mut wrong = Vec::new();
    for id in all_ids() {
        for case in cases(id, "fail").iter().filter(|c| !reported(c).contains(id)) {
            wrong.push(format!("{} does not report {id}", case.display()));
        }
        for case in cases(id, "pass").iter().filter(|c| reported(c).contains(id)) {
            wrong.push(format!("{} reports {id}", case.display()));
        }
        for case in cases(id, "pass").iter().filter(|c| not_checked(c).contains(id)) {
            wrong.push(format!("{} leaves {id} not checked", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_be_seen_into_is_not_checked() {
    for case in cases("SW606", "open") {
        assert!(not_checked(&case).contains("SW606"), "{}", case.display());
        assert!(!reported(&case).contains("SW606"), "{}", case.display());
    }
}

#[test]
fn a_chain_of_called_workflows_ends_with_a_word() {
    let root = tempfile::tempdir().unwrap();
    let workflows = root.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(root.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let contract = "version = 1\n[workflow]\nfiles = [\".github/workflows/w0.yml\"]\n";
    std::fs::write(root.path().join("seaworthy.toml"), contract).unwrap();
    for n in 0..40 {
        let text = format!("on: workflow_call\njobs:\n  a:\n    uses: ./.github/workflows/w{}.yml\n", n + 1);
        std::fs::write(workflows.join(format!("w{n}.yml")), text).unwrap();
    }
    let report = report(root.path());
    let told = report["not_checked"]
        .as_array()
        .unwrap()
        .iter()
        .any(|u| u["reason"].as_str().unwrap().contains("more than 32 called workflows are not read"));
    assert!(told, "{:#}", report["not_checked"]);
}
