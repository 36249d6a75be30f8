//! The real binary over the fixtures of the checks on the wiring. What stands under `fail` must be found by that check,
//! under `pass` the check must have looked at everything and found nothing, and under `open` it must say that it could
//! not: never a pass by absence.

use std::path::{Path, PathBuf};

use crate::support::Cli;
use serde_json::Value;

/// All checks on the wiring.
fn all_ids() -> impl Iterator<Item = &'static str> {
    seaworthy::check::wiring::ALL.iter().map(|c| c.meta().id)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Exit code and report of a case.
fn inspect(case: &Path) -> (i32, Value) {
    let at = |name: &str| case.join(name).display().to_string();
    let (contract, snapshot) = (at("seaworthy.toml"), at("snapshot.json"));
    let answer = Cli::new().run(&[
        "wiring",
        "--contract",
        &contract,
        "--snapshot",
        &snapshot,
        "--report",
        "json",
        "--fail-on",
        "low",
    ]);
    (answer.code, answer.json())
}

fn cases(id: &str, side: &str) -> Vec<PathBuf> {
    let directory = root().join("tests/checks").join(id).join(side);
    let mut all: Vec<PathBuf> = std::fs::read_dir(&directory)
        .unwrap_or_else(|e| panic!("{}: {e}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{} is empty", directory.display());
    all
}

fn status<'r>(report: &'r Value, id: &str) -> &'r str {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|c| c["id"] == id).unwrap()["status"].as_str().unwrap()
}

#[test]
fn every_fixture_does_what_its_directory_says() {
    let mut wrong = Vec::new();
    for id in all_ids() {
        for (side, wanted) in [("fail", "fail"), ("pass", "pass"), ("open", "not-checked")] {
            for case in cases(id, side) {
                let (exit, report) = inspect(&case);
                let got = status(&report, id);
                // Another check may have more to say of the same fault; only a pass may end with 0.
                let fits = match side {
                    "fail" => exit == 1,
                    "open" => exit != 0,
                    _ => true,
                };
                if got != wanted || !fits {
                    wrong.push(format!("{}: {got}, exit code {exit}", case.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The platform of the Terraform fixtures: its contract, and a plan.
fn platform(plan: &str, more: &[&str]) -> crate::support::Answer {
    let directory = root().join("tests/fixtures/aws/terraform/platform");
    let contract = directory.join("seaworthy.toml").display().to_string();
    let plan = directory.join(plan).display().to_string();
    let arguments = [&["wiring", "--contract", &contract, "--plan", &plan], more].concat();
    Cli::new().run(&arguments)
}

/// The texts of all findings of a check.
fn found<'r>(report: &'r Value, id: &str) -> Vec<&'r str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["check"] == id).map(|f| f["message"].as_str().unwrap()).collect()
}

#[test]
fn a_platform_that_keeps_its_contract_passes() {
    let answer = platform("mended/plan.json", &["--report", "json"]);
    let report = answer.json();
    assert_eq!((answer.code, report["verdict"].as_str()), (0, Some("pass")), "{}", answer.stdout);
    // The mended platform trusts ECS without naming its account: low. Nobody asked what is new, or what is denied.
    let asked = |id: &str| !matches!(id, "SW413" | "SW414" | "SW415");
    for id in all_ids().filter(|id| asked(id)) {
        assert_eq!(status(&report, id), "pass", "{id}");
    }
    let access = &report["access"];
    let roles = access["roles"].as_array().unwrap();
    assert_eq!((roles.len(), access["secrets"].as_array().unwrap().len()), (7, 10));
    let api = roles.iter().find(|r| r["handle"] == "api").unwrap();
    let none = ["none"; 7];
    let reads = [&["required", "required", "required"][..], &none].concat();
    assert_eq!(api["reads"], serde_json::json!(reads));
}

#[test]
fn a_platform_that_breaks_it_fails_with_every_fault() {
    let answer = platform("broken/plan.json", &["--report", "json"]);
    assert_eq!(answer.code, 1);
    let report = answer.json();
    for (id, words) in [
        ("SW401", "/prod/reports/db_password does not exist"),
        ("SW402", "/prod/api/jwt_key is a String"),
        ("SW403", "has two slashes after `parameter`"),
        ("SW404", "ssm:GetParametersByPath"),
        ("SW404", "parameter/prod"),
        ("SW405", "ssm:GetParameters"),
        ("SW406", "parameter/prod/api/db_password"),
        ("SW406", "parameter/prod/worker/queue_token"),
        ("SW406", "s3:::platform-config/billing.env"),
        ("SW406", "secret:prod/registry/login"),
        ("SW407", "carries the value of var.signing_secret"),
        ("SW407", "DB_PASSWORD in `environment`"),
        ("SW409", "platform-migrate has no task role"),
        ("SW409", "platform-migrate-check runs as its own execution role"),
        ("SW409", "platform-scheduler runs as platform-terraform"),
        ("SW410", "everyone (*)"),
        ("SW410", "ec2.amazonaws.com"),
        ("SW410", "the account 444455556666"),
    ] {
        let messages = found(&report, id);
        assert!(messages.iter().any(|m| m.contains(words)), "{id} {words}: {messages:#?}");
    }
}

#[test]
fn no_report_and_no_snapshot_holds_a_secret() {
    for format in ["text", "json", "sarif", "github"] {
        for plan in ["broken/plan.json", "mended/plan.json"] {
            let answer = platform(plan, &["--report", format, "-vv"]);
            assert!(!answer.stdout.contains("CANARY"), "{format}");
            assert!(!answer.stderr.contains("CANARY"), "{format}");
        }
    }
    let cli = Cli::new();
    let directory = root().join("tests/fixtures/aws/terraform/platform");
    let contract = directory.join("seaworthy.toml").display().to_string();
    let plan = directory.join("broken/plan.json").display().to_string();
    let first = cli.run(&[
        "wiring",
        "--contract",
        &contract,
        "--plan",
        &plan,
        "--save-snapshot",
        "kept/snapshot.json",
        "--report",
        "json",
        "--report",
        "evidence=evidence.json",
    ]);
    assert!(!cli.read("kept/snapshot.json").contains("CANARY"));
    assert!(!cli.read("evidence.json").contains("CANARY"));
    // What was kept says the same again.
    let again =
        cli.run(&["wiring", "--contract", &contract, "--snapshot", "kept/snapshot.json", "--report", "json"]);
    let (first, again) = (first.json(), again.json());
    assert_eq!(first["findings"], again["findings"]);
    // Saved snapshots keep no commands: of those, only the plan can say what was not seen.
    let not_checked = |report: &Value| {
        let is_command = |item: &Value| item["what"].as_str().unwrap().starts_with("the command of");
        let all = report["not_checked"].as_array().unwrap().iter();
        all.filter(|item| !is_command(item)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(not_checked(&first), not_checked(&again));
    assert_eq!(first["access"], again["access"]);
}

#[test]
fn sarif_points_at_the_plan() {
    let sarif = platform("broken/plan.json", &["--report", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(uri.as_str().unwrap().ends_with("broken/plan.json"), "{uri}");
    }
}

#[test]
fn the_table_is_readable() {
    let directory = root().join("tests/checks/SW404/fail/wildcard");
    let cli = Cli::new();
    for name in ["seaworthy.toml", "snapshot.json"] {
        cli.write(name, std::fs::read(directory.join(name)).unwrap());
    }
    let text = cli.run(&["wiring", "--snapshot", "snapshot.json"]).stdout;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("cli/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("wiring", text));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let cli = Cli::new();
    cli.run(&["wiring"]).error(&["--plan", "--live"]);
    cli.run(&["wiring", "--plan", "no.json"]).error(&["no.json", "no such file"]);
    cli.write("plan.json", "{\"a\": \"Hunter2\"")
        .run(&["wiring", "--plan", "plan.json"])
        .error(&["plan.json"]);
    let broken = cli.run(&["wiring", "--snapshot", "plan.json"]);
    broken.error(&["plan.json"]);
    assert!(!broken.stderr.contains("Hunter2"));
    cli.run(&["wiring", "--plan", "plan.json", "--simulate"]).error(&["--live"]);
    // Another account than the contract's is no place to look for an answer.
    let case = root().join("tests/checks/SW401/pass/plain");
    let contract = std::fs::read_to_string(case.join("seaworthy.toml")).unwrap();
    cli.write("seaworthy.toml", contract.replace("account = \"111122223333\"", "account = \"999999999999\""));
    cli.write("snapshot.json", std::fs::read(case.join("snapshot.json")).unwrap());
    cli.run(&["wiring", "--snapshot", "snapshot.json"]).error(&["999999999999", "111122223333"]);
}

#[test]
fn one_question_is_answered_with_its_reason() {
    let cli = Cli::new();
    let case =
        |path: &str| root().join("tests/checks").join(path).join("snapshot.json").display().to_string();
    let ask = |snapshot: &str, more: &[&str]| {
        let fixed =
            ["simulate", "--snapshot", snapshot, "--role", "app-task", "--action", "ssm:GetParameter"];
        cli.run(&[&fixed[..], more].concat())
    };
    let plain = case("SW401/pass/plain");
    let allowed = ask(&plain, &["--resource", "/app/db"]);
    assert_eq!(allowed.code, 0);
    assert!(allowed.stdout.contains("allowed: by statement \"Read\""), "{}", allowed.stdout);
    let denied = ask(&plain, &["--resource", "/app/other"]);
    assert_eq!(denied.code, 1);
    assert!(denied.stdout.starts_with("denied: "), "{}", denied.stdout);
    let unseen = ask(&case("SW403/open/boundary-not-seen"), &["--resource", "/app/db"]);
    assert_eq!(unseen.code, 2);
    assert!(unseen.stdout.contains("open  permissions boundary"), "{}", unseen.stdout);
    let conditional = case("SW403/open/unknown-condition");
    assert_eq!(ask(&conditional, &["--resource", "/app/db"]).code, 2);
    let tagged = ["--resource", "/app/db", "--context", "aws:PrincipalTag/team=app"];
    assert_eq!(ask(&conditional, &tagged).code, 0);
    cli.run(&["simulate", "--role", "x"]).error(&["--action"]);
    ask(&case("SW403/open/role-not-seen"), &["--resource", "/app/db"]).error(&["app-task", "not seen"]);
}

#[test]
fn the_policy_for_a_live_look_is_printed() {
    let contract = root().join("tests/checks/SW401/pass/plain/seaworthy.toml").display().to_string();
    let answer = Cli::new().run(&["wiring", "--contract", &contract, "--print-policy"]);
    assert_eq!(answer.code, 0);
    let policy: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert!(answer.stdout.contains("ssm:DescribeParameters"), "{policy}");
    assert!(!answer.stdout.contains("GetSecretValue") && !answer.stdout.contains("ssm:GetParameter"));
}

/// What `explain` shows as a task definition that fails, and the same mended, with the roles and the contract of the
/// check's fixtures.
#[test]
fn task_definitions_of_the_examples_are_judged_as_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let mut judged = 0;
    for check in seaworthy::check::wiring::ALL {
        let (id, example) = (check.meta().id, check.meta().example);
        let fails = example.fails.text();
        if !fails.contains("\"family\"") {
            continue;
        }
        let (all, named) = (cases(id, "fail"), ["other-role", "not-injected"]);
        let case = all.iter().find(|c| named.iter().any(|n| c.ends_with(n))).or(all.first()).unwrap();
        let mut snapshot: Value =
            serde_json::from_slice(&std::fs::read(case.join("snapshot.json")).unwrap()).unwrap();
        snapshot["tasks"] = serde_json::json!({});
        let snapshot = write("snapshot.json", &snapshot.to_string());
        let contract = case.join("seaworthy.toml").display().to_string();
        for (text, wanted) in [(fails.as_str(), "fail"), (example.mended, "pass")] {
            let task = write("task.json", text);
            let answer = Cli::new().run(&[
                "wiring",
                "--contract",
                &contract,
                "--snapshot",
                &snapshot,
                "--task-definition",
                &task,
                "--report",
                "json",
            ]);
            assert_eq!(status(&answer.json(), id), wanted, "{id}: {}", answer.stderr);
            judged += 1;
        }
    }
    assert!(judged >= 8, "{judged}");
}
