//! `seaworthy gate`, from outside: parts, closure, evidence and exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use support::{Cli, Layer, Spec, Tar, planted};

const EVIDENCE: &str = "seaworthy-evidence/evidence/runs/run_1/P(-1)/security_secret_injection_checks.json";
const CONTRACT: &str = "version = 1\n[image]\nname = \"app\"\nreference = \"docker-archive:image.tar\"\n\
    dockerfile = \"Dockerfile\"\ncontext = \".\"\n[evidence]\nphase_id = \"P(-1)\"\n";

/// A project without a secret.
fn project() -> Cli {
    let cli = Cli::new();
    cli.write("seaworthy.toml", CONTRACT)
        .write("Dockerfile", format!("FROM alpine@sha256:{}\nCOPY app.py /app/\n", "1".repeat(64)))
        .write(".dockerignore", "*\n!app.py\n")
        .write("app.py", "print('hello')\n")
        .write("image.tar", clean());
    cli
}

fn clean() -> Vec<u8> {
    Spec::new([Layer::from(Tar::new().file("app/app.py", "print('hello')\n"))]).docker_archive(&["app:1"])
}

fn closure(document: &Value, clause: &str) -> Value {
    let rows = document["closure"].as_array().unwrap();
    rows.iter().find(|r| r["clause"] == clause).unwrap()["status"].clone()
}

fn normalised(mut evidence: Value) -> Value {
    let object = evidence.as_object_mut().unwrap();
    object.remove("written_at_utc");
    object.remove("actor");
    evidence
}

#[test]
fn what_cannot_be_examined_is_no_pass() {
    let cli = project();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(report["verdict"], "incomplete");
    assert_eq!(closure(&report, "D.4.1"), "pass");
    assert_eq!(closure(&report, "D.4.2"), "pass");
    assert_eq!(closure(&report, "C"), "incomplete");
    assert_eq!(closure(&report, "F"), "incomplete");
    assert_eq!(closure(&report, "B"), "not-asked");
    let evidence = cli.read_json(EVIDENCE);
    assert_eq!(evidence["verdict"], "FAIL");
    assert_eq!(evidence["platform_run_id"], "run_1");
    assert_eq!(evidence["phase_id"], "P(-1)");
    assert!(evidence["failure_reason"].as_str().unwrap().starts_with("incomplete: "));
    assert_eq!(evidence["closure"], report["closure"]);
    let subjects: Vec<&str> =
        evidence["inputs"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["context", "dockerfile", "image"]);
}

#[test]
fn the_closure_table() {
    let cli = project();
    cli.write("image.tar", planted().docker_archive(&["app:1"]));
    let answer = cli.run(&["gate", "--run-id", "run_1"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let table = answer.stdout.split("Closure").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("closure_table", format!("Closure{table}")));
}

#[test]
fn a_part_that_fails_stops_no_other() {
    let cli = project();
    cli.write("app.py", format!("token = '{}'\n", support::GITLAB));
    std::fs::remove_file(cli.path("image.tar")).unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(closure(&report, "D.4.1"), "fail");
    assert_eq!(closure(&report, "D.4.2"), "incomplete");
    let unchecked = report["unchecked"].as_array().unwrap();
    let image = unchecked.iter().find(|u| u["what"] == "image part").unwrap();
    assert!(image["reason"].as_str().unwrap().contains("image.tar"));
    assert!(!answer.stdout.contains(support::GITLAB) && !cli.read(EVIDENCE).contains(support::GITLAB));
    // Without the context's findings it is incomplete, exit code 2.
    cli.write("app.py", "print('hello')\n");
    let answer = cli.run(&["gate", "--run-id", "run_2", "--report", "json"]);
    assert_eq!((answer.code, answer.json()["verdict"].as_str().unwrap()), (2, "incomplete"));
}

#[test]
fn the_same_inputs_give_the_same_evidence() {
    let cli = project();
    let gate = |more: &[&str]| cli.run(&[&["gate", "--run-id", "run_1", "-q"], more].concat());
    gate(&["--actor", "ci:one"]);
    let first = cli.read(EVIDENCE);
    // Again into the same place: the first stays.
    let answer = gate(&["--actor", "ci:two"]);
    assert!(!answer.stderr.contains("error"), "{}", answer.stderr);
    assert_eq!(cli.read(EVIDENCE), first);
    // Into another place: only time and actor differ.
    cli.write("seaworthy.toml", CONTRACT.replace("[evidence]\n", "[evidence]\ndirectory = \"other\"\n"));
    gate(&["--actor", "ci:two", "--report", "json=r.json"]);
    let second = cli.read_json(&EVIDENCE.replace("seaworthy-evidence", "other"));
    assert_eq!(second["actor"], "ci:two");
    let first: Value = serde_json::from_str(&first).unwrap();
    let (mut one, mut two) = (normalised(first), normalised(second));
    for document in [&mut one, &mut two] {
        // The contract's text differs by its folder.
        document.as_object_mut().unwrap().remove("contract");
    }
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
}

#[test]
fn another_verdict_is_not_overwritten_unasked() {
    let cli = project();
    let gate = |more: &[&str]| cli.run(&[&["gate", "--run-id", "run_1"], more].concat());
    cli.write("image.tar", planted().docker_archive(&["app:1"]));
    assert_eq!(gate(&[]).code, 1);
    let first = cli.read(EVIDENCE);
    // Another image under the same run.
    cli.write("image.tar", clean());
    let refused = gate(&["--report", "json=r.json", "--report", "text"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
    assert!(refused.stdout.lines().last().unwrap().contains("INCOMPLETE"), "{}", refused.stdout);
    assert_eq!(cli.read(EVIDENCE), first);
    let report = cli.read_json("r.json");
    assert!(report["unchecked"].as_array().unwrap().iter().any(|u| u["what"] == "evidence"));
    let replaced = gate(&["--replace"]);
    assert!(replaced.stderr.contains("kept as"), "{}", replaced.stderr);
    assert_eq!(cli.read(&EVIDENCE.replace(".json", ".replaced-1.json")), first);
    assert_ne!(cli.read(EVIDENCE), first);
}

#[test]
fn a_dry_run_writes_nothing() {
    let cli = project();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    assert_eq!(answer.code, 2);
    assert_eq!(answer.json()["verdict"], "incomplete");
    assert!(answer.stderr.contains(EVIDENCE), "{}", answer.stderr);
    assert!(!cli.path("seaworthy-evidence").exists());
}

#[test]
fn runs_have_names_that_lead_nowhere_else() {
    let cli = project();
    cli.run(&["gate"]).error(&["--run-id"]);
    for (id, rule) in [
        ("../../x", "`..`"),
        ("a/b", "`/`"),
        ("a\\b", "`/`"),
        ("a%2fb", "`%`"),
        (".a", "dot"),
        ("", "empty"),
        ("a b", "visible ASCII"),
        (&"a".repeat(129), "128"),
    ] {
        let answer = cli.run(&["gate", &format!("--run-id={id}")]);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{id}");
        assert!(answer.stderr.contains(rule), "{id}: {}", answer.stderr);
    }
    assert!(!cli.path("seaworthy-evidence").exists());
    cli.write("seaworthy.toml", CONTRACT.replace("P(-1)", ".."))
        .run(&["gate", "--run-id", "r"])
        .error(&["phase_id"]);
}

#[test]
fn what_is_required_and_unknown_to_this_version_blocks() {
    let cli = project();
    cli.write("seaworthy.toml", format!("{CONTRACT}[gate]\nrequire = [\"workflow\"]\n"));
    let report = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]).json();
    let named = |what: &str| report["unchecked"].as_array().unwrap().iter().any(|u| u["what"] == what);
    assert!(named("workflow part") && !named("wiring part"));
    cli.write("seaworthy.toml", format!("{CONTRACT}[gate]\nrequire = [\"harbour\"]\n"));
    cli.run(&["gate", "--run-id", "run_1"]).error(&["require", "wiring"]);
}

/// Runs a gate in a shell that was prepared.
fn in_shell(cli: &Cli, preparation: &str) -> (Option<i32>, String) {
    let script = format!("{preparation}; exec \"$0\" gate --run-id run_1 --replace");
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_seaworthy")]).current_dir(cli.dir.path()).env_clear();
    let output = command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_full_disk_leaves_the_old_evidence_whole() {
    let cli = project();
    cli.write("image.tar", planted().docker_archive(&["app:1"]));
    cli.run(&["gate", "--run-id", "run_1", "-q"]);
    let first = cli.read(EVIDENCE);
    assert!(first.len() > 4096);
    cli.write("image.tar", clean());
    // Files may grow to a kilobyte: told as an error where the signal is ignored, and deadly where it is not.
    for preparation in ["trap '' XFSZ; ulimit -f 1", "ulimit -f 1"] {
        let (code, message) = in_shell(&cli, preparation);
        assert!(code.is_none() || code == Some(2), "{code:?} {message}");
        assert_eq!(cli.read(EVIDENCE), first);
        if code.is_some() {
            assert!(message.contains("cannot be written"), "{message}");
        }
    }
    // What was left half written is swept away by the next gate.
    assert_ne!(cli.run(&["gate", "--run-id", "run_1", "--replace", "-q"]).code, 0);
    let folder = cli.path(EVIDENCE);
    let names = std::fs::read_dir(folder.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name());
    let names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
    assert!(names.iter().all(|n| !n.starts_with('.')), "{names:?}");
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn evidence_goes_through_no_link() {
    let cli = project();
    std::fs::create_dir_all(cli.path("seaworthy-evidence/evidence/runs")).unwrap();
    std::fs::create_dir_all(cli.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(cli.path("elsewhere"), cli.path("seaworthy-evidence/evidence/runs/run_1"))
        .unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("symbolic link"), "{}", answer.stderr);
    assert_eq!(std::fs::read_dir(cli.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_report_that_cannot_be_written_is_in_the_evidence() {
    let cli = project();
    let answer =
        cli.run(&["gate", "--run-id", "run_1", "--report", "json=/dev/full", "--report", "text=t.txt"]);
    assert_eq!(answer.code, 2);
    let unchecked = cli.read_json(EVIDENCE)["unchecked"].clone();
    assert!(unchecked.as_array().unwrap().iter().any(|u| u["what"] == "report"), "{unchecked}");
    assert!(cli.read("t.txt").contains("/dev/full"));
}

#[test]
fn what_could_not_be_shown_does_not_stand_for_the_run() {
    let cli = project();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = cli.command(&["gate", "--run-id", "run_1"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let shown = |path: &str| {
        let unchecked = cli.read_json(path)["unchecked"].clone();
        unchecked.as_array().unwrap().iter().all(|u| u["what"] != "report")
    };
    assert!(!shown(EVIDENCE) && shown(&EVIDENCE.replace(".json", ".replaced-1.json")));
    // A reader that went away has seen what it wanted.
    let mut child =
        cli.command(&["gate", "--run-id", "run_2"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(shown(&EVIDENCE.replace("run_1", "run_2")));
}

#[test]
fn two_gates_at_once_lose_nothing() {
    let cli = project();
    cli.write("image.tar", planted().docker_archive(&["app:1"]));
    let gates: Vec<_> = ["low", "medium", "high", "critical"]
        .iter()
        .map(|severity| {
            let mut command = cli.command(&["gate", "--run-id", "run_1", "-q", "--fail-on", severity]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut gate in gates {
        assert!(gate.wait().unwrap().code().is_some_and(|c| c > 0));
    }
    let folder = cli.path(EVIDENCE).parent().unwrap().to_owned();
    let mut seen: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| {
            let text = std::fs::read_to_string(e.unwrap().path()).unwrap();
            serde_json::from_str::<Value>(&text).unwrap()["fail_on"].as_str().unwrap().to_owned()
        })
        .collect();
    seen.sort();
    assert_eq!(seen, ["critical", "high", "low", "medium"]);
}
