//! `seaworthy gate`, from outside: parts, closure, evidence and exit codes.

use crate::support::{Blobs, Cli, Layer, Spec, Tar, planted};
use serde_json::{Value, json};

const FOLDER: &str = "seaworthy-evidence/evidence/runs/run_1";
const EVIDENCE: &str = "seaworthy-evidence/evidence/runs/run_1/P(-1)/security_secret_injection_checks.json";
const CONTRACT: &str = "version = 1\n[image]\nname = \"app\"\nreference = \"oci-archive:image.tar\"\n\
    dockerfile = \"Dockerfile\"\ncontext = \".\"\n[evidence]\nphase_id = \"P(-1)\"\n";
const SHA: &str = "4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203";

/// A project without a secret, and the papers of its run.
fn project() -> Cli {
    let cli = Cli::new();
    cli.write("seaworthy.toml", CONTRACT)
        .write("Dockerfile", format!("FROM alpine@sha256:{}\nCOPY app.py /app/\n", "1".repeat(64)))
        .write(".dockerignore", "*\n!app.py\n")
        .write("app.py", "print('hello')\n");
    ship(&cli, &clean(), "run_1");
    cli
}

fn clean() -> Spec {
    Spec::new([Layer::from(Tar::new().file("app/app.py", "print('hello')\n"))])
}

/// Puts an image in its place, and the papers of a run that packaged it.
fn ship(cli: &Cli, image: &Spec, run: &str) -> String {
    let digest = put_image(cli, image);
    papers(cli, run, &digest);
    digest
}

fn put_image(cli: &Cli, image: &Spec) -> String {
    let mut blobs = Blobs::default();
    let manifest = blobs.image(image);
    blobs.root(manifest.clone(), "1");
    cli.write("image.tar", blobs.tar().done());
    manifest["digest"].as_str().unwrap().to_owned()
}

fn papers(cli: &Cli, run: &str, digest: &str) {
    let (tag, folder) = (format!("git-{SHA}"), format!("seaworthy-evidence/evidence/runs/{run}"));
    let image = json!({"image_tag": tag, "image_digest": digest, "git_sha": SHA});
    let with = |more: Value| {
        let mut document = image.clone();
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document.to_string()
    };
    let provenance = with(json!({
        "phase_id": "P(-1)", "platform_run_id": run, "written_at_utc": "2024-02-13T09:40:00Z",
        "build_completed_at_utc": "2024-02-13T09:35:00Z", "build_actor": "ci:release",
        "ecr_repo_uri": "123456789012.dkr.ecr.eu-west-2.amazonaws.com/app",
        "image_reference_mode": "immutable_preferred", "dockerfile_path": "Dockerfile", "build_path": ".",
        "oci_digest_algo": "sha256", "oci_digest_value": digest,
    }));
    let receipt = json!({
        "image_build_driver": "local_cli", "command_family_id": "local_cli_v0", "image_tag": tag,
        "image_digest": digest, "build_actor": "ci:release", "written_at_utc": "2024-02-13T09:39:00Z",
        "verdict": "PASS", "failure_reason": null,
    });
    let header = with(json!({"platform_run_id": run, "written_at_utc": "2024-02-13T10:00:00Z"}));
    cli.write(&format!("{folder}/P(-1)/packaging_provenance.json"), provenance)
        .write(&format!("{folder}/P(-1)/build_command_surface_receipt.json"), receipt.to_string())
        .write(&format!("{folder}/run.json"), header);
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
fn everything_in_order_is_a_pass() {
    let cli = project();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    let report = answer.json();
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, report["unchecked"]);
    for clause in ["A", "D.2", "D.4.1", "D.4.2", "E"] {
        assert_eq!(closure(&report, clause), "pass", "{clause}");
    }
    // Nobody asked the registry what the tag leads to, which C wants.
    for clause in ["B", "C", "D.3", "D.4.3", "F"] {
        assert_eq!(closure(&report, clause), "not-asked", "{clause}");
    }
    let evidence = cli.read_json(EVIDENCE);
    assert_eq!((evidence["verdict"].as_str(), evidence["blocker_codes"].clone()), (Some("PASS"), json!([])));
    // `verify` is content with what the gate wrote.
    let answer = cli.run(&["verify", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
}

#[test]
fn the_image_that_is_examined_must_be_the_one_that_was_packaged() {
    let cli = project();
    // Nothing is wrong with this one, but that it is another.
    put_image(&cli, &Spec::new([Layer::from(Tar::new().file("app/app.py", "print('hullo')\n"))]));
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert_eq!(crate::support::ids(&answer.json()), ["SW514"]);
    assert_eq!(closure(&answer.json(), "F"), "fail");
    // What has no manifest cannot be compared.
    cli.write("image.tar", clean().docker_archive(&["app:1"]));
    let answer =
        cli.run(&["gate", "--run-id", "run_1", "--replace", "--report", "json", "docker-archive:image.tar"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.json()["unchecked"][0]["reason"].as_str().unwrap().contains("no manifest"));
    // An index that leads to the image is a name of it, too.
    let mut blobs = Blobs::default();
    let manifest = blobs.image(&clean());
    let index = blobs.index(&[manifest]);
    blobs.root(index.clone(), "1");
    cli.write("image.tar", blobs.tar().done());
    papers(&cli, "run_1", index["digest"].as_str().unwrap());
    let answer = cli.run(&["gate", "--run-id", "run_1", "--replace", "--report", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
}

#[test]
fn papers_that_are_not_there_fail() {
    let cli = project();
    for (name, check) in [
        ("P(-1)/packaging_provenance.json", "SW501"),
        ("P(-1)/build_command_surface_receipt.json", "SW509"),
        ("run.json", "SW505"),
    ] {
        let kept = cli.read(&format!("{FOLDER}/{name}"));
        std::fs::remove_file(cli.path(&format!("{FOLDER}/{name}"))).unwrap();
        let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
        assert_eq!(answer.code, 1, "{name}: {}", answer.stderr);
        assert!(
            crate::support::ids(&answer.json()).contains(&check),
            "{name}: {:?}",
            crate::support::ids(&answer.json())
        );
        cli.write(&format!("{FOLDER}/{name}"), kept);
    }
    // A tag that another run used for another image.
    papers(&cli, "run_0", &format!("sha256:{}", "9".repeat(64)));
    let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    assert_eq!(crate::support::ids(&answer.json()), ["SW508"], "{}", answer.stderr);
}

#[test]
fn what_cannot_be_examined_is_no_pass() {
    let cli = project();
    std::fs::remove_file(cli.path("image.tar")).unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(report["verdict"], "incomplete");
    assert_eq!(closure(&report, "D.4.1"), "pass");
    assert_eq!(closure(&report, "D.4.2"), "incomplete");
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
    assert_eq!(subjects, ["context", "dockerfile", "document", "document", "document"]);
}

#[test]
fn the_closure_table() {
    let cli = project();
    ship(&cli, &planted(), "run_1");
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
    cli.write("app.py", format!("token = '{}'\n", crate::support::GITLAB));
    std::fs::remove_file(cli.path("image.tar")).unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(closure(&report, "D.4.1"), "fail");
    assert_eq!(closure(&report, "D.4.2"), "incomplete");
    let unchecked = report["unchecked"].as_array().unwrap();
    let image = unchecked.iter().find(|u| u["what"] == "image part").unwrap();
    assert!(image["reason"].as_str().unwrap().contains("image.tar"));
    assert!(
        !answer.stdout.contains(crate::support::GITLAB)
            && !cli.read(EVIDENCE).contains(crate::support::GITLAB)
    );
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
    cli.write(
        "seaworthy.toml",
        CONTRACT.replace("[evidence]\n", "[evidence]\ndirectory = \"other/seaworthy-evidence\"\n"),
    );
    let read = |name: &str| cli.read(&format!("{FOLDER}/{name}"));
    for name in ["P(-1)/packaging_provenance.json", "P(-1)/build_command_surface_receipt.json", "run.json"] {
        cli.write(&format!("other/{FOLDER}/{name}"), read(name));
    }
    gate(&["--actor", "ci:two", "--report", "json=r.json"]);
    let second = cli.read_json(&format!("other/{EVIDENCE}"));
    assert_eq!(second["actor"], "ci:two");
    let first: Value = serde_json::from_str(&first).unwrap();
    let (mut one, mut two) = (normalised(first), normalised(second));
    for document in [&mut one, &mut two] {
        // The contract's text and the documents' paths differ by the folder.
        document.as_object_mut().unwrap().remove("contract");
    }
    assert_eq!(one.to_string(), two.to_string().replace("other/seaworthy-evidence", "seaworthy-evidence"));
}

#[test]
fn another_verdict_is_not_overwritten_unasked() {
    let cli = project();
    let gate = |more: &[&str]| cli.run(&[&["gate", "--run-id", "run_1"], more].concat());
    ship(&cli, &planted(), "run_1");
    assert_eq!(gate(&[]).code, 1);
    let first = cli.read(EVIDENCE);
    // Another image under the same run.
    ship(&cli, &clean(), "run_1");
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
    assert_eq!(answer.code, 0);
    assert_eq!(answer.json()["verdict"], "pass");
    assert!(answer.stderr.contains(EVIDENCE), "{}", answer.stderr);
    assert!(!cli.path(EVIDENCE).exists());
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
    assert!(!cli.path(EVIDENCE).exists());
    cli.write("seaworthy.toml", CONTRACT.replace("P(-1)", ".."))
        .run(&["gate", "--run-id", "r"])
        .error(&["phase_id"]);
}

#[test]
fn what_is_required_and_not_configured_blocks() {
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
    ship(&cli, &planted(), "run_1");
    cli.run(&["gate", "--run-id", "run_1", "-q"]);
    let first = cli.read(EVIDENCE);
    assert!(first.len() > 4096);
    // The new one would be a pass.
    ship(&cli, &clean(), "run_1");
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
    assert_eq!(cli.run(&["gate", "--run-id", "run_1", "--replace", "-q"]).code, 0);
    let folder = cli.path(EVIDENCE);
    let names = std::fs::read_dir(folder.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name());
    let names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
    assert!(names.iter().all(|n| !n.starts_with('.')), "{names:?}");
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn evidence_goes_through_no_link() {
    let cli = project();
    std::fs::rename(cli.path(FOLDER), cli.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(cli.path("elsewhere"), cli.path(FOLDER)).unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("symbolic link"), "{}", answer.stderr);
    assert!(!cli.path("elsewhere/P(-1)/security_secret_injection_checks.json").exists());
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
    ship(&cli, &clean(), "run_2");
    let mut child =
        cli.command(&["gate", "--run-id", "run_2"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(shown(&EVIDENCE.replace("run_1", "run_2")));
    assert_eq!(cli.read_json(&EVIDENCE.replace("run_1", "run_2"))["verdict"], "PASS");
    assert_eq!(cli.read_json(EVIDENCE)["verdict"], "FAIL");
}

#[test]
fn two_gates_at_once_lose_nothing() {
    let cli = project();
    ship(&cli, &planted(), "run_1");
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
        .map(|e| e.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains("security_"))
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            serde_json::from_str::<Value>(&text).unwrap()["fail_on"].as_str().unwrap().to_owned()
        })
        .collect();
    seen.sort();
    assert_eq!(seen, ["critical", "high", "low", "medium"]);
}

#[test]
fn the_dockerfile_that_is_examined_must_be_the_one_that_was_built_from() {
    let cli = project();
    let paper = format!("{FOLDER}/P(-1)/packaging_provenance.json");
    let kept = cli.read(&paper);
    for (recorded, code) in [("./Dockerfile", 0), ("services/app/Dockerfile", 0), ("other/Dockerfile.old", 1)]
    {
        cli.write(&paper, kept.replace("\"Dockerfile\"", &format!("\"{recorded}\"")));
        let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
        assert_eq!(answer.code, code, "{recorded}: {}{}", answer.stderr, answer.stdout);
        let report = answer.json();
        let found = crate::support::ids(&report);
        assert_eq!(found, if code == 1 { vec!["SW514"] } else { Vec::new() }, "{recorded}");
    }
}

#[test]
fn a_pass_says_what_was_not_asked() {
    let cli = project();
    let report = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]).json();
    let rows = report["closure"].as_array().unwrap();
    let exit = rows.iter().find(|r| r["clause"] == "F").unwrap();
    assert_eq!(exit["reasons"], json!(["not asked, and so not closed: B, C, D.3, D.4.3, D.4.4"]));
}

#[test]
fn no_report_is_written_over_what_is_examined() {
    let cli = project();
    for path in [
        "seaworthy-evidence/evidence/runs/run_1/P(-1)/packaging_provenance.json",
        "./seaworthy-evidence/evidence/runs/run_1/run.json",
        EVIDENCE,
        "Dockerfile",
        "image.tar",
        "seaworthy.toml",
    ] {
        let before = std::fs::read(cli.path(path)).ok();
        let answer = cli.run(&["gate", "--run-id", "run_1", "--report", &format!("json={path}")]);
        assert_eq!(answer.code, 2, "{path}");
        assert!(answer.stderr.contains("this is what is examined"), "{}", answer.stderr);
        assert_eq!(std::fs::read(cli.path(path)).ok(), before, "{path}");
    }
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json=a", "--report", "sarif=./a"]);
    assert!(answer.code == 2 && answer.stderr.contains("two reports"), "{}", answer.stderr);
    let paper = "seaworthy-evidence/evidence/runs/run_1/P(-1)/packaging_provenance.json";
    let answer = cli.run(&["attest", "--provenance", paper, "-o", paper]);
    assert!(answer.code == 2 && answer.stderr.contains("this is what is examined"), "{}", answer.stderr);
}

#[test]
fn papers_that_name_no_image_are_no_pass() {
    let cli = project();
    cli.write("seaworthy.toml", format!("{CONTRACT}[provenance]\nrequired = [\"phase_id\"]\n"));
    cli.write(&format!("{FOLDER}/P(-1)/packaging_provenance.json"), "{\"phase_id\": \"P(-1)\"}");
    let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    let report = answer.json();
    assert_eq!(answer.code, 2, "{}{}", answer.stderr, answer.stdout);
    assert!(report["unchecked"][0]["reason"].as_str().unwrap().contains("names no digest"));
    // Checks that had nothing to compare do not count as passed.
    for check in report["checks"].as_array().unwrap() {
        if ["SW503", "SW504", "SW507", "SW511"].contains(&check["id"].as_str().unwrap_or_default()) {
            assert_eq!(check["status"], "not-requested", "{check}");
        }
    }
}
