//! The labelled Dockerfiles: every leaky one is found by the checks that its label names, no benign one fails, and no
//! value of a sample's secret is in any report.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Manifest {
    sample: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    path: String,
    expect: BTreeSet<String>,
}

/// The invented secrets of the samples.
const SECRETS: [&str; 9] = [
    "tR7uK2mQx9Wd",
    "Zk4-vPq8sLw2nB",
    "b7D4MX09TeJZo9LqpWL3dJ4AVVffe13GEW6B",
    "lycjdMxrpnBVqZJK81tKvzyFrKBPmr2OAoRF",
    "N454ZW6VN7XW6C4X",
    "hcl/1e13aF5MU",
    "421HAtikXUcAMF5tVH9J",
    "CM53rQN1Sl3RFTTjbmCeKWl7",
    "AAAACD2r96",
];

fn run(directory: &Path, report: &str) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["context", "-vv", "--report", report])
        .arg(directory)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn every_leak_is_found_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dockerfile");
    let manifest: Manifest =
        toml::from_str(&std::fs::read_to_string(root.join("manifest.toml")).unwrap()).unwrap();
    let (mut leaky, mut benign, mut wrong) = (0, 0, Vec::new());
    for sample in &manifest.sample {
        let (json, stderr, code) = run(&root.join(&sample.path), "json");
        let report: Value =
            serde_json::from_str(&json).unwrap_or_else(|e| panic!("{}: {e}: {stderr}", sample.path));
        let hits: BTreeSet<String> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["severity"] != "low")
            .map(|f| f["check"].as_str().unwrap().to_owned())
            .collect();
        if sample.path.starts_with("leaky/") {
            leaky += 1;
            let missed: Vec<_> = sample.expect.difference(&hits).collect();
            if !missed.is_empty() || code != Some(1) {
                wrong.push(format!("{}: missed {missed:?}, exit code {code:?}", sample.path));
            }
        } else {
            benign += 1;
            if !hits.is_empty() || code != Some(0) {
                wrong.push(format!("{}: false alarm {hits:?}, exit code {code:?}", sample.path));
            }
        }
        let (text, more, _) = run(&root.join(&sample.path), "text");
        for secret in SECRETS {
            if [&json, &stderr, &text, &more].iter().any(|out| out.contains(secret)) {
                wrong.push(format!("{}: a report holds a secret", sample.path));
            }
        }
    }
    assert!(leaky >= 60 && benign >= 30, "{leaky} leaky and {benign} benign samples");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
