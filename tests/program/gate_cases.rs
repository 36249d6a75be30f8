//! Fixtures of checks that only a gate runs: changes of the demo, and attestations that came with an image.

use std::path::{Path, PathBuf};

use crate::gate::{clean, demo, documents, project};
use crate::support::{Answer, Blobs, Cli};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    replace: Vec<Replace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replace {
    file: String,
    from: String,
    to: String,
}

fn fixtures(check: &str, kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks").join(check).join(kind);
    if kind == "open" && !directory.exists() {
        return Vec::new();
    }
    std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect()
}

fn assert_answer(check: &str, kind: &str, path: &Path, answer: &Answer) {
    let report = answer.json();
    let found = crate::support::ids(&report).contains(&check);
    let checks = report["checks"].as_array().unwrap();
    let status = checks.iter().find(|c| c["id"] == check).map(|c| c["status"].clone()).unwrap_or_default();
    let expected = if kind == "open" { "not-checked" } else { kind };
    assert!(
        found == (kind == "fail") && status == expected,
        "{}: {status}\n{}",
        path.display(),
        answer.stdout
    );
}

#[test]
fn changes_of_the_demo() {
    for check in ["SW516", "SW607", "SW608"] {
        for kind in ["fail", "pass", "open"] {
            for path in fixtures(check, kind) {
                let change: Change = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                let cli = demo(None);
                for replace in change.replace {
                    let before = cli.read(&replace.file);
                    assert!(before.contains(&replace.from), "{}: {}", path.display(), replace.from);
                    cli.write(&replace.file, before.replace(&replace.from, &replace.to));
                }
                let answer = cli.run(&[
                    "gate",
                    "--run-id",
                    "orders-20261101T090000Z",
                    "--dry-run",
                    "--report",
                    "json",
                ]);
                assert!(!answer.stdout.contains("hunter2"), "{} shows a secret", path.display());
                assert_answer(check, kind, &path, &answer);
            }
        }
    }
}

#[test]
fn attestations_that_came_with_the_image() {
    for kind in ["fail", "pass", "open"] {
        for path in fixtures("SW515", kind) {
            let cli: Cli = project();
            let mut blobs = Blobs::default();
            let image = blobs.image(&clean());
            let digest = image["digest"].as_str().unwrap().to_owned();
            let examined = digest.trim_start_matches("sha256:");
            let text = std::fs::read_to_string(&path).unwrap().replace("EXAMINED", examined);
            let statement: serde_json::Value = serde_json::from_str(&text).unwrap();
            // An envelope comes as cosign attaches it: nothing beside it says what it holds.
            let attestation = match statement.get("_type") {
                Some(_) => blobs.attestation(&image, &statement),
                None => blobs.referrer(&image, &statement),
            };
            let index = blobs.index(&[image, attestation]);
            blobs.root(index, "1");
            cli.write("image.tar", blobs.tar().done());
            documents(&cli, "run_1", &digest);
            let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
            assert_answer("SW515", kind, &path, &answer);
        }
    }
}

#[test]
fn an_image_without_a_digest_fails_the_control_that_is_about_it() {
    let cli = demo(None);
    let before = cli.read("Dockerfile");
    cli.write("Dockerfile", format!("{before}COPY --from=busybox:latest /bin/true /bin/true\n"));
    let run = "orders-20261101T090000Z";
    let report = cli.run(&["gate", "--run-id", run, "--dry-run", "--report", "json"]).json();
    let groups = report["controls"].as_array().unwrap();
    let controls = groups.iter().flat_map(|group| group["controls"].as_array().into_iter().flatten());
    let own: Vec<_> = controls.filter(|c| c["id"] == "A.1").map(|c| c["status"].clone()).collect();
    assert_eq!(own, ["fail"], "{groups:?}");
}
