//! Plans and templates that were once answered wrong, and others of their kinds: each must have the right answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::path::Path;

use support::Cli;

/// `NAME: [file=INPUT] CHECK=STATUS … [exit=CODE] [read]`
#[test]
fn every_case_has_the_right_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wiring-cases");
    let expected = std::fs::read_to_string(root.join("expected.txt")).unwrap();
    let mut wrong = Vec::new();
    let mut folders = 0;
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let (name, wanted) = line.split_once(": ").unwrap();
        folders += 1;
        let folder = root.join(name);
        let input = wanted.split(' ').find_map(|word| word.strip_prefix("file="));
        let input = input.unwrap_or(if folder.join("plan.json").exists() { "plan.json" } else { "t.yaml" });
        let kind = if input.ends_with(".json") { "--plan" } else { "--template" };
        let (contract, input) = (folder.join("seaworthy.toml"), folder.join(input));
        let (contract, input) = (contract.display().to_string(), input.display().to_string());
        let answer = Cli::new().run(&["wiring", "--contract", &contract, kind, &input, "--report", "json"]);
        if !answer.stdout.starts_with('{') {
            wrong.push(format!("{name}: {}", answer.stderr));
            continue;
        }
        let report = answer.json();
        let checks = report["checks"].as_array().unwrap();
        for (what, value) in wanted.split(' ').filter_map(|word| word.split_once('=')) {
            let got = match what {
                "file" => continue,
                "exit" => answer.code.to_string(),
                id => checks.iter().find(|c| c["id"] == id).unwrap()["status"].as_str().unwrap().to_owned(),
            };
            if got != value {
                wrong.push(format!("{name}: {what} is {got}, not {value}"));
            }
        }
    }
    let there = std::fs::read_dir(&root).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(there.count(), folders, "a folder is not in expected.txt");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
