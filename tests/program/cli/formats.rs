//! The formats for surfaces other than a terminal, from outside.

use std::process::Command;

use serde_json::Value;

use crate::support::{Cli, findings, planted};

/// A secret in a subdirectory's context, in a git repository.
fn repository() -> Cli {
    let cli = Cli::new();
    let password = ["hunter2", "x7Kq9", "vLw2"].concat();
    cli.write("services/api/.env", format!("# für später\nÄPFEL=1 DB_PASSWORD={password}\n"))
        .write("services/api/app.py", format!("name = \"ä\"; DB_PASSWORD = \"{password}\"\n"))
        .write("services/api/Dockerfile", "FROM scratch\nCOPY . /app\n");
    let git = Command::new("git").args(["init", "-q"]).arg(cli.dir.path()).status().unwrap();
    assert!(git.success());
    cli
}

fn uris(log: &Value) -> Vec<String> {
    let results = log["runs"][0]["results"].as_array().unwrap();
    let location = |r: &Value| r["locations"][0]["physicalLocation"]["artifactLocation"].clone();
    results
        .iter()
        .map(|r| {
            assert_eq!(location(r)["uriBaseId"], "%SRCROOT%");
            location(r)["uri"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Code hosts read paths from the root of the repository, and dropped alerts whose path was another's.
#[test]
fn paths_are_those_of_the_repository_whatever_was_called_where() {
    let cli = repository();
    let api = cli.path("services/api");
    let (whole, dockerfile) = (api.display().to_string(), api.join("Dockerfile").display().to_string());
    let report = |directory: &std::path::Path, arguments: &[&str]| -> Vec<String> {
        let all: Vec<&str> =
            ["context"].iter().chain(arguments).copied().chain(["--report", "sarif"]).collect();
        let output = cli.command(&all).current_dir(directory).output().unwrap();
        uris(&serde_json::from_slice(&output.stdout).unwrap())
    };
    let root = cli.dir.path();
    let expected = report(root, &["services/api"]);
    assert!(expected.iter().any(|u| u == "services/api/.env"), "{expected:?}");
    assert!(expected.iter().all(|u| u.starts_with("services/api/")), "{expected:?}");
    assert_eq!(report(root, &[&whole]), expected);
    assert_eq!(report(root, &["services/api", "-f", &dockerfile]), expected);
    assert_eq!(report(&api, &[]), expected);
    assert_eq!(report(std::path::Path::new("/"), &[&whole]), expected);
}

#[test]
fn columns_count_characters() {
    let cli = repository();
    let log = cli.run(&["context", "services/api", "--report", "sarif"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let text = std::fs::read_to_string(cli.path("services/api/app.py")).unwrap();
    let found = results
        .iter()
        .map(|r| &r["locations"][0]["physicalLocation"])
        .find(|l| l["artifactLocation"]["uri"] == "services/api/app.py")
        .unwrap();
    let column = found["region"]["startColumn"].as_u64().unwrap() as usize;
    let rest: String = text.chars().skip(column - 1).collect();
    assert!(rest.starts_with("hunter2") || rest.starts_with("DB_PASSWORD"), "{column}: {rest}");
}

#[test]
fn every_format_is_written_and_none_has_the_secret() {
    let cli = Cli::new();
    cli.write("fail.tar", planted().docker_archive(&["app:1"])).write(
        "seaworthy.toml",
        "version = 1\n[aws]\naccount = \"123456789012\"\nregion = \"eu-central-1\"\n",
    );
    let formats = ["markdown", "html", "junit", "gitlab-secrets", "gitlab-quality", "asff", "csv"];
    let reports: Vec<String> = formats.iter().map(|f| format!("--report={f}=out/{f}")).collect();
    let arguments =
        ["image", "fail.tar", "--report", "json"].into_iter().chain(reports.iter().map(String::as_str));
    let answer = cli.run(&arguments.collect::<Vec<_>>());
    assert_eq!(answer.code, 1);
    let found = findings(&answer.json()).len();
    assert!(found > 3);
    let asff = cli.read_json("out/asff");
    let quality = cli.read_json("out/gitlab-quality");
    assert!(asff.as_array().unwrap().len() >= found && quality.as_array().unwrap().len() >= found);
    assert_eq!(cli.read("out/html").matches("<article").count(), found);
    assert_eq!(cli.read("out/junit").matches("<failure").count(), findings_at(&answer.json(), "medium"));
    for format in formats {
        // The same bytes from the same input, but for times.
        let alone = cli.run(&["image", "fail.tar", "--report", format]);
        if !["asff", "gitlab-secrets"].contains(&format) {
            assert_eq!(alone.stdout, cli.read(&format!("out/{format}")), "{format}");
        }
        assert_eq!(alone.code, 1, "{format}");
    }
}

/// The findings that fail at this severity.
fn findings_at(report: &Value, fail_on: &str) -> usize {
    assert_eq!(report["fail_on"], fail_on);
    report["summary"]["failing"].as_u64().unwrap() as usize
}

#[test]
fn security_hub_needs_an_account() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\n");
    cli.run(&["context", "--report", "asff"]).error(&["account", "aws.account"]);
}

#[test]
fn the_summary_of_a_step_is_written_by_itself_in_actions_only() {
    let cli = Cli::new().env("GITHUB_STEP_SUMMARY", "summary.md");
    cli.write("Dockerfile", "FROM scratch\n");
    cli.run(&["context"]);
    assert!(!cli.path("summary.md").exists());
    let cli = cli.env("GITHUB_ACTIONS", "true");
    cli.write("summary.md", "before\n");
    assert_eq!(cli.run(&["context"]).code, 0);
    let summary = cli.read("summary.md");
    assert!(summary.starts_with("before\n## :white_check_mark: seaworthy: PASS"), "{summary}");
    // A second command adds its own.
    cli.run(&["context"]);
    assert_eq!(cli.read("summary.md").matches("seaworthy: PASS").count(), 2);
    // A summary that cannot be written changes no verdict.
    let cli = cli.env("GITHUB_STEP_SUMMARY", "/no/such/directory/summary.md");
    let answer = cli.run(&["context"]);
    assert_eq!(answer.code, 0);
    assert!(answer.stderr.contains("summary cannot be written"), "{}", answer.stderr);
}
