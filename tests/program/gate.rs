//! `seaworthy gate`, from outside: parts, controls, evidence and exit codes.

use std::path::Path;

use crate::support::{Blobs, Cli, Layer, Spec, Tar, planted};
use serde_json::{Value, json};

const DIRECTORY: &str = "seaworthy-evidence/evidence/runs/run_1";
const EVIDENCE: &str = "seaworthy-evidence/evidence/runs/run_1/P(-1)/security_secret_injection_checks.json";
const CONTRACT: &str = concat!(
    "version = 1\n[image]\nname = \"app\"\nreference = \"oci-archive:image.tar\"\n",
    "dockerfile = \"Dockerfile\"\ncontext = \".\"\n[evidence]\nphase_id = \"P(-1)\"\n"
);
/// What this project cannot prove yet.
const WAIVED: [&str; 11] =
    ["B", "C.3.1", "C.4", "D.2.2.1", "D.3", "D.4.2.2", "D.4.3", "D.4.4", "E.2", "E.3", "E.4"];
const SHA: &str = "4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203";

/// The project's contract, with waivers of some controls.
fn contract(waived: &[&str]) -> String {
    let waiver = |control: &&str| {
        format!(
            "[[waivers]]\ncontrol = \"{control}\"\nreason = \"this project does not have it yet\"\n\
             expires = \"2099-12-31\"\n"
        )
    };
    waived.iter().map(waiver).fold(CONTRACT.to_owned(), |text, waiver| text + &waiver)
}

/// A project without a secret, and the documents of its run.
pub fn project() -> Cli {
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract(&WAIVED))
        .write("Dockerfile", format!("FROM alpine@sha256:{}\nCOPY app.py /app/\n", "1".repeat(64)))
        .write(".dockerignore", "*\n!app.py\n")
        .write("app.py", "print('hello')\n");
    ship(&cli, &clean(), "run_1");
    cli
}

/// What the project's Dockerfile builds.
pub fn clean() -> Spec {
    let mut image = Spec::new([Layer::from(Tar::new().file("app/app.py", "print('hello')\n"))]);
    image.more = json!({"history": [
        {"created_by": "CMD [\"/bin/sh\"]", "empty_layer": true},
        {"created_by": "COPY app.py /app/ # buildkit"},
    ]});
    image
}

/// Puts an image in its place, and the documents of a run that packaged it.
fn ship(cli: &Cli, image: &Spec, run: &str) -> String {
    let digest = put_image(cli, image);
    documents(cli, run, &digest);
    digest
}

fn put_image(cli: &Cli, image: &Spec) -> String {
    let mut blobs = Blobs::default();
    let manifest = blobs.image(image);
    blobs.root(manifest.clone(), "1");
    cli.write("image.tar", blobs.tar().done());
    manifest["digest"].as_str().unwrap().to_owned()
}

pub fn documents(cli: &Cli, run: &str, digest: &str) {
    let (tag, directory) = (format!("git-{SHA}"), format!("seaworthy-evidence/evidence/runs/{run}"));
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
        "oci_digest_algo": "sha256", "oci_digest_value": digest, "image_build_driver": "local_cli",
    }));
    let receipt = json!({
        "image_build_driver": "local_cli", "command_family_id": "local_cli_v0", "image_tag": tag,
        "image_digest": digest, "build_actor": "ci:release", "written_at_utc": "2024-02-13T09:39:00Z",
        "verdict": "PASS", "failure_reason": null,
    });
    let config = json!({"profile": "prod"});
    let config_digest = crate::support::digest(config.to_string().as_bytes());
    let header = with(json!({
        "platform_run_id": run, "written_at_utc": "2024-02-13T10:00:00Z", "config": config,
        "config_digest": config_digest,
    }));
    cli.write(&format!("{directory}/P(-1)/packaging_provenance.json"), provenance)
        .write(&format!("{directory}/P(-1)/build_command_surface_receipt.json"), receipt.to_string())
        .write(&format!("{directory}/run.json"), header);
}

/// The status of a group of controls, or of one control.
fn control(document: &Value, id: &str) -> Value {
    let groups = document["controls"].as_array().unwrap();
    let inner = groups.iter().flat_map(|g| g["controls"].as_array().unwrap());
    groups.iter().chain(inner).find(|c| c["id"] == id).unwrap_or_else(|| panic!("no {id}"))["status"].clone()
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
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, report["not_checked"]);
    for id in ["A", "C.1", "C.3.3", "D.2.2", "D.4.1", "D.4.2.1", "D.4.5", "E.1"] {
        assert_eq!(control(&report, id), "pass", "{id}");
    }
    // Nobody asked the registry what the tag leads to, and so on: the contract says why.
    for id in ["B", "C", "C.4", "D.3", "D.4.3", "E", "F"] {
        assert_eq!(control(&report, id), "waived", "{id}");
    }
    assert_eq!(report["profile"]["name"], "m1");
    let evidence = cli.read_json(EVIDENCE);
    assert_eq!((evidence["verdict"].as_str(), evidence["blocker_codes"].clone()), (Some("PASS"), json!([])));
    assert_eq!(evidence["profile"], report["profile"]);
    assert!(evidence["profile"]["digest"].as_str().unwrap().starts_with("sha256:"));
    let waived = evidence["controls"].as_array().unwrap().iter().find(|g| g["id"] == "B").unwrap();
    assert_eq!(waived["controls"][0]["waiver"]["expires"], "2099-12-31");
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
    assert_eq!(control(&answer.json(), "F"), "fail");
    // What has no manifest cannot be compared.
    cli.write("image.tar", clean().docker_archive(&["app:1"]));
    let answer =
        cli.run(&["gate", "--run-id", "run_1", "--replace", "--report", "json", "docker-archive:image.tar"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.json()["not_checked"][0]["reason"].as_str().unwrap().contains("no manifest"));
    // An index that leads to the image is a name of it, too.
    let mut blobs = Blobs::default();
    let manifest = blobs.image(&clean());
    let index = blobs.index(&[manifest]);
    blobs.root(index.clone(), "1");
    cli.write("image.tar", blobs.tar().done());
    documents(&cli, "run_1", index["digest"].as_str().unwrap());
    let answer = cli.run(&["gate", "--run-id", "run_1", "--replace", "--report", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
}

#[test]
fn documents_that_are_not_there_fail() {
    let cli = project();
    for (name, check) in
        [("P(-1)/packaging_provenance.json", "SW501"), ("P(-1)/build_command_surface_receipt.json", "SW509")]
    {
        let kept = cli.read(&format!("{DIRECTORY}/{name}"));
        std::fs::remove_file(cli.path(&format!("{DIRECTORY}/{name}"))).unwrap();
        let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
        assert_eq!(answer.code, 1, "{name}: {}", answer.stderr);
        assert!(
            crate::support::ids(&answer.json()).contains(&check),
            "{name}: {:?}",
            crate::support::ids(&answer.json())
        );
        cli.write(&format!("{DIRECTORY}/{name}"), kept);
    }
    // The run header may still be written: its controls are open, and the gate may say that it runs before.
    let header = format!("{DIRECTORY}/run.json");
    let kept = cli.read(&header);
    std::fs::remove_file(cli.path(&header)).unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert_eq!(control(&answer.json(), "C.2.1"), "not-checked");
    let answer =
        cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--before-run-header", "--report", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
    for id in ["C.2.1", "C.2.2", "C.3.2"] {
        assert_eq!(control(&answer.json(), id), "not-requested", "{id}");
    }
    cli.write(&header, kept);
    // A tag that another run used for another image.
    documents(&cli, "run_0", &format!("sha256:{}", "9".repeat(64)));
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
    assert_eq!(control(&report, "D.4.1"), "pass");
    assert_eq!(control(&report, "D.4.2"), "not-checked");
    assert_eq!(control(&report, "F"), "not-checked");
    assert_eq!(control(&report, "B"), "waived");
    let evidence = cli.read_json(EVIDENCE);
    assert_eq!(evidence["verdict"], "FAIL");
    assert_eq!(evidence["platform_run_id"], "run_1");
    assert_eq!(evidence["phase_id"], "P(-1)");
    assert!(evidence["failure_reason"].as_str().unwrap().starts_with("incomplete: "));
    assert_eq!(evidence["controls"], report["controls"]);
    let subjects: Vec<&str> =
        evidence["inputs"].as_array().unwrap().iter().map(|i| i["kind"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["context", "dockerfile", "document", "document", "document"]);
}

#[test]
fn the_controls_table() {
    let cli = project();
    ship(&cli, &planted(), "run_1");
    let answer = cli.run(&["gate", "--run-id", "run_1"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let table = answer.stdout.split("Controls").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("controls_table", format!("Controls{table}")));
}

#[test]
fn a_part_that_fails_stops_no_other() {
    let cli = project();
    cli.write("app.py", format!("token = '{}'\n", crate::support::GITLAB));
    std::fs::remove_file(cli.path("image.tar")).unwrap();
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report = answer.json();
    assert_eq!(control(&report, "D.4.1"), "fail");
    assert_eq!(control(&report, "D.4.2"), "not-checked");
    let not_checked = report["not_checked"].as_array().unwrap();
    let image = not_checked.iter().find(|u| u["what"] == "image part").unwrap();
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
        contract(&WAIVED).replace("[evidence]\n", "[evidence]\ndirectory = \"other/seaworthy-evidence\"\n"),
    );
    let read = |name: &str| cli.read(&format!("{DIRECTORY}/{name}"));
    for name in ["P(-1)/packaging_provenance.json", "P(-1)/build_command_surface_receipt.json", "run.json"] {
        cli.write(&format!("other/{DIRECTORY}/{name}"), read(name));
    }
    gate(&["--actor", "ci:two", "--report", "json=r.json"]);
    let second = cli.read_json(&format!("other/{EVIDENCE}"));
    assert_eq!(second["actor"], "ci:two");
    let first: Value = serde_json::from_str(&first).unwrap();
    let (mut one, mut two) = (normalised(first), normalised(second));
    for document in [&mut one, &mut two] {
        // The contract's text and the documents' paths differ by the directory.
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
    assert!(refused.stderr.contains("has this run's FAIL of 20"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains(", for another image; add --replace to record this result too"),
        "{}",
        refused.stderr
    );
    // The controls do not repeat the path, and what supplies them is named.
    assert!(
        refused.stdout.contains("record this result beside the earlier one: seaworthy gate --run-id run_1"),
        "{}",
        refused.stdout
    );
    assert_eq!(
        refused.stdout.matches("security_secret_injection_checks.json").count(),
        1,
        "{}",
        refused.stdout
    );
    let last = refused.stdout.lines().last().unwrap();
    assert!(last.contains("INCOMPLETE") && last.ends_with(": the result is not recorded"), "{last}");
    assert_eq!(cli.read(EVIDENCE), first);
    let report = cli.read_json("r.json");
    assert!(report["not_checked"].as_array().unwrap().iter().any(|u| u["what"] == "evidence"));
    let replaced = gate(&["--replace"]);
    assert!(replaced.stderr.contains("kept as"), "{}", replaced.stderr);
    assert_eq!(cli.read(&EVIDENCE.replace(".json", ".replaced-1.json")), first);
    assert_ne!(cli.read(EVIDENCE), first);
}

/// The store lies in the context, which has one file more after the first run.
#[test]
fn evidence_within_the_context_is_the_same_in_the_next_run() {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\nCOPY app.py /\n").write("app.py", "import os\n").write(
        "seaworthy.toml",
        "version = 1\nprofile = \"image\"\n[image]\ncontext = \".\"\n[evidence]\ndirectory = \"evidence\"\n",
    );
    let first = cli.run(&["gate", "--run-id", "run_1"]);
    assert_eq!(first.code, 2, "{}", first.stdout);
    let second = cli.run(&["gate", "--run-id", "run_1"]);
    assert!(second.stderr.contains("which was there already and says the same"), "{}", second.stderr);
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
fn an_unknown_run_is_told_with_the_newest_ones() {
    let cli = project();
    let answer = cli.run(&["gate", "--run-id", "run_l", "--dry-run"]);
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("the newest runs are run_1"), "{}", answer.stderr);
    let known = cli.run(&["gate", "--run-id", "run_1", "--dry-run"]);
    assert!(!known.stderr.contains("the newest runs"), "{}", known.stderr);
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
    cli.write("seaworthy.toml", contract(&WAIVED).replace("P(-1)", ".."))
        .run(&["gate", "--run-id", "r"])
        .error(&["phase_id"]);
}

#[test]
fn what_nobody_asked_and_nobody_waives_blocks() {
    let cli = project();
    let gate = || cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    let waived: Vec<&str> = WAIVED.into_iter().filter(|id| !id.starts_with('E')).collect();
    cli.write("seaworthy.toml", contract(&waived));
    let answer = gate();
    let report = answer.json();
    assert_eq!((answer.code, report["verdict"].as_str()), (2, Some("incomplete")), "{}", answer.stderr);
    assert_eq!(control(&report, "E"), "not-requested");
    assert_eq!(control(&report, "F"), "not-requested");
    let groups = report["controls"].as_array().unwrap();
    let group = groups.iter().find(|g| g["id"] == "E").unwrap()["controls"].as_array().unwrap();
    let sequence = group.iter().find(|c| c["id"] == "E.2").unwrap();
    assert_eq!(sequence["reasons"][0], "nothing asks for the build workflow");
    assert!(sequence["supply"][0].as_str().unwrap().contains("[workflow]"));
    // The evidence of such a run says what blocks it.
    cli.run(&["gate", "--run-id", "run_1", "-q"]);
    let evidence = cli.read_json(EVIDENCE);
    assert_eq!(evidence["verdict"], "FAIL");
    let codes = evidence["blocker_codes"].as_array().unwrap();
    assert!(codes.contains(&json!("CONTROL-E.2-NOT-REQUESTED")), "{codes:?}");
    // A whole group may be waived, until it ends.
    cli.write("seaworthy.toml", contract(&[&waived[..], &["E"]].concat()));
    assert_eq!(gate().code, 0);
    let past = contract(&[&waived[..], &["E"]].concat());
    let past = past.rsplit_once("2099-12-31").map(|(head, tail)| format!("{head}2020-01-01{tail}")).unwrap();
    cli.write("seaworthy.toml", past);
    let answer = gate();
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("the waiver of E expired on 2020-01-01"), "{}", answer.stderr);
    // What stood in the contract before names its successor.
    cli.write("seaworthy.toml", format!("{CONTRACT}[gate]\nrequire = [\"workflow\"]\n"));
    cli.run(&["gate", "--run-id", "run_1"]).error(&["`gate`", "profile", "[[waivers]]"]);
}

#[test]
fn the_small_profile_needs_no_documents_of_the_run() {
    let cli = project();
    std::fs::remove_dir_all(cli.path("seaworthy-evidence")).unwrap();
    let small = CONTRACT.replace("version = 1\n", "version = 1\nprofile = \"image\"\n");
    cli.write("seaworthy.toml", &small);
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json"]);
    let report = answer.json();
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
    assert_eq!(report["profile"]["name"], "image");
    for id in ["secrets", "digests", "base"] {
        assert_eq!(control(&report, id), "pass", "{id}");
    }
    // A profile of one's own, which is stricter.
    let own = "version = 1\nname = \"ours\"\ntitle = \"our own\"\nfail_on = \"low\"\n[[controls]]\nid = \"tag\"\n\
        title = \"tag of the commit\"\nasks = \"The tag is made from the commit.\"\nchecks = [\"SW503\"]\n\
        needs = [\"provenance\"]\n";
    cli.write("profiles/ours.toml", own);
    cli.write("seaworthy.toml", small.replace("\"image\"", "\"profiles/ours.toml\""));
    let gate = || cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    let answer = gate();
    assert_eq!(answer.code, 1, "the documents are missing: {}", answer.stderr);
    assert_eq!(answer.json()["fail_on"], "low");
    ship(&cli, &clean(), "run_1");
    let answer = gate();
    assert_eq!((answer.code, control(&answer.json(), "tag")), (0, json!("pass")), "{}", answer.stdout);
    // Nothing is written over it.
    let answer = cli.run(&["gate", "--run-id", "run_1", "--report", "json=profiles/ours.toml"]);
    assert!(answer.code == 2 && answer.stderr.contains("this is what is examined"), "{}", answer.stderr);
    // One that is about the build alone needs no image.
    cli.write("profiles/ours.toml", own.replace("SW503", "SW101").replace("provenance", "context"));
    cli.write("seaworthy.toml", "version = 1\nprofile = \"profiles/ours.toml\"\n");
    let answer = gate();
    assert_eq!((answer.code, control(&answer.json(), "tag")), (0, json!("pass")), "{}", answer.stdout);
    // One that asks for nothing that is there is no pass.
    let nothing = own.replace("SW503", "SW401").replace("provenance", "wiring") + "required = false\n";
    cli.write("profiles/ours.toml", nothing);
    let answer = gate();
    assert_eq!(answer.code, 2, "{}{}", answer.stderr, answer.stdout);
    assert!(answer.stdout.contains("nothing was examined"), "{}", answer.stdout);
    cli.write("seaworthy.toml", small.replace("\"image\"", "\"profiles/ours.toml\""));
    cli.write("profiles/ours.toml", own.replace("SW503", "SW999"));
    cli.run(&["gate", "--run-id", "run_1"]).error(&["profiles/ours.toml:9", "there is no check SW999"]);
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
    let directory = cli.path(EVIDENCE);
    let names = std::fs::read_dir(directory.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name());
    let names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
    assert!(names.iter().all(|n| !n.starts_with('.')), "{names:?}");
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn evidence_goes_through_no_link() {
    let cli = project();
    std::fs::rename(cli.path(DIRECTORY), cli.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(cli.path("elsewhere"), cli.path(DIRECTORY)).unwrap();
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
    let not_checked = cli.read_json(EVIDENCE)["not_checked"].clone();
    assert!(not_checked.as_array().unwrap().iter().any(|u| u["what"] == "report"), "{not_checked}");
    assert!(cli.read("t.txt").contains("/dev/full"));
}

#[test]
fn what_could_not_be_shown_does_not_stand_for_the_run() {
    let cli = project();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = cli.command(&["gate", "--run-id", "run_1"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let shown = |path: &str| {
        let not_checked = cli.read_json(path)["not_checked"].clone();
        not_checked.as_array().unwrap().iter().all(|u| u["what"] != "report")
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
    let directory = cli.path(EVIDENCE).parent().unwrap().to_owned();
    let mut seen: Vec<String> = std::fs::read_dir(directory)
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
    let document = format!("{DIRECTORY}/P(-1)/packaging_provenance.json");
    let kept = cli.read(&document);
    for (recorded, code) in [("./Dockerfile", 0), ("services/app/Dockerfile", 0), ("other/Dockerfile.old", 1)]
    {
        cli.write(&document, kept.replace("\"Dockerfile\"", &format!("\"{recorded}\"")));
        let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
        assert_eq!(answer.code, code, "{recorded}: {}{}", answer.stderr, answer.stdout);
        let report = answer.json();
        let found = crate::support::ids(&report);
        assert_eq!(found, if code == 1 { vec!["SW514"] } else { Vec::new() }, "{recorded}");
    }
}

#[test]
fn a_pass_says_what_was_waived() {
    let cli = project();
    let report = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]).json();
    let rows = report["controls"].as_array().unwrap();
    let exit = &rows.iter().find(|r| r["id"] == "F").unwrap()["controls"][0];
    let waived =
        "waived: B.1, B.2, B.3, C.3.1, C.4, D.2.2.1, D.3.1, D.3.2, D.4.2.2, D.4.3, D.4.4, E.2, E.3, E.4";
    assert_eq!(exit["reasons"], json!([waived]));
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
    let document = "seaworthy-evidence/evidence/runs/run_1/P(-1)/packaging_provenance.json";
    let answer = cli.run(&["attest", "--provenance", document, "-o", document]);
    assert!(answer.code == 2 && answer.stderr.contains("this is what is examined"), "{}", answer.stderr);
}

#[test]
fn documents_that_name_no_image_are_no_pass() {
    let cli = project();
    cli.write("seaworthy.toml", format!("{}[provenance]\nrequired = [\"phase_id\"]\n", contract(&WAIVED)));
    cli.write(&format!("{DIRECTORY}/P(-1)/packaging_provenance.json"), "{\"phase_id\": \"P(-1)\"}");
    let answer = cli.run(&["gate", "--run-id", "run_1", "--dry-run", "--report", "json"]);
    let report = answer.json();
    // The receipt names a build driver that the provenance lacks; that is a finding of its own.
    assert_eq!(answer.code, 1, "{}{}", answer.stderr, answer.stdout);
    assert!(report["not_checked"][0]["reason"].as_str().unwrap().contains("names no digest"));
    // Checks that had nothing to compare do not count as passed.
    for check in report["checks"].as_array().unwrap() {
        if ["SW503", "SW504", "SW507", "SW511"].contains(&check["id"].as_str().unwrap_or_default()) {
            assert_eq!(check["status"], "not-requested", "{check}");
        }
    }
}

/// The demo's mended project, with a change of it.
pub fn demo(change: Option<&str>) -> Cli {
    let cli = Cli::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = root.join("corpus/demo/project");
    for entry in walkdir::WalkDir::new(&project) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(&project).unwrap().to_str().unwrap();
            cli.write(name, std::fs::read(entry.path()).unwrap());
        }
    }
    if let Some(name) = change {
        let diff = std::fs::read_to_string(root.join(format!("tests/gate/{name}.diff"))).unwrap();
        crate::support::patch(&cli, &diff);
    }
    cli
}

fn demo_gate(change: Option<&str>) -> crate::support::Answer {
    demo(change).run(&["gate", "--run-id", "orders-20261101T090000Z", "--dry-run", "--report", "json"])
}

#[test]
fn the_demo_waives_nothing_but_what_wants_a_registry() {
    let answer = demo_gate(None);
    let report = answer.json();
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
    let groups = report["controls"].as_array().unwrap();
    let all = groups.iter().flat_map(|g| g["controls"].as_array().unwrap());
    let others: Vec<(&str, &str)> = all
        .filter(|c| c["required"] == true && c["status"] != "pass")
        .map(|c| (c["id"].as_str().unwrap(), c["status"].as_str().unwrap()))
        .collect();
    assert_eq!(others, [("C.3.1", "waived"), ("C.4", "waived"), ("F", "waived")]);
}

/// A plan as `terraform plan -out` saves it holds the values of sensitive variables.
#[test]
fn a_saved_plan_in_the_context_fails() {
    let cli = demo(None);
    let member = [&b"PK\x03\x04\x14\0\0\0\0\0"[..], &[0; 16], &[6, 0, 0, 0], b"tfplan"].concat();
    cli.write("src/orders/demo.out", member);
    let answer = cli.run(&["gate", "--run-id", "orders-20261101T090000Z", "--dry-run", "--report", "json"]);
    assert_eq!(answer.code, 1, "{}{}", answer.stderr, answer.stdout);
    assert_eq!(control(&answer.json(), "D.4.1"), "fail");
}

#[test]
fn changes_of_the_demo_are_answered() {
    for (change, code, answers) in [
        // No document of the run is there: they were asked for, so A is not checked, and C fails.
        (
            "A-no-papers-at-all",
            1,
            &[("A", "not-checked"), ("C", "fail"), ("D.4.5", "not-checked"), ("F", "fail")][..],
        ),
        ("C-provenance-missing", 1, &[("A", "not-checked"), ("C.3.4", "fail")]),
        ("E-convenience-tag-plain-control", 1, &[("E.2", "fail"), ("E", "fail")]),
        // After `true ||` the digest is never asked for.
        ("E-empty-digest-passes", 1, &[("E.2", "fail"), ("E", "fail"), ("F", "fail")]),
        ("E-no-outputs", 1, &[("E.2", "fail"), ("E", "fail")]),
        ("A-tasks-run-other-image-latest", 1, &[("A.4.1", "fail"), ("A", "fail")]),
        ("B-task-command-not-in-matrix", 1, &[("B.3.1", "fail"), ("B", "fail")]),
        ("D44-fallback-in-task-command", 1, &[("D.4.4", "fail")]),
        ("E-build-arg-secret", 1, &[("D.2.2.1", "fail"), ("D.2", "fail")]),
        ("E-convenience-tag-in-array", 1, &[("E.2", "fail"), ("E", "fail")]),
        ("E-driver-not-in-provenance", 1, &[("E.1", "fail"), ("E", "fail")]),
        ("E-other-repository-pushed", 1, &[("E.2", "fail"), ("E", "fail")]),
        ("E-receipt-local-cli-workflow-github", 1, &[("E.1", "fail"), ("E", "fail")]),
        ("E-workflow-builds-other-dockerfile", 1, &[("E.2", "fail"), ("E", "fail")]),
        ("E-workflow-short-sha", 1, &[("E.2", "fail"), ("E", "fail")]),
        ("E-no-workflow", 2, &[("E.2", "not-requested"), ("E", "not-requested"), ("F", "not-requested")]),
    ] {
        let answer = demo_gate(Some(change));
        let report = answer.json();
        assert_eq!(answer.code, code, "{change}: {}{}", answer.stderr, answer.stdout);
        for (id, status) in answers {
            assert_eq!(control(&report, id), *status, "{change}: {id}");
        }
    }
}

/// The contract names a plan that is not there: each control that waits for it says how it is supplied, those that have
/// one check of it among them, and the last line says what is missing.
#[test]
fn a_plan_that_is_not_there_is_supplied_in_one_way() {
    let cli = demo(None);
    std::fs::remove_file(cli.path("infra/plan.json")).unwrap();
    let answer = cli.run(&["gate", "--run-id", "orders-20261101T090000Z", "--dry-run"]);
    assert_eq!(answer.code, 2, "{}{}", answer.stderr, answer.stdout);
    let text = answer.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let supply = "? D.3.1 D.3.2 D.4.3 D.4.4: write the plan to the file that `aws.plan` names (terraform show -json \
                  PLAN > FILE), or give --plan, --template, --snapshot or --live";
    assert!(text.contains(supply), "{}", answer.stdout);
    assert!(answer.stdout.trim_end().ends_with(": this is not a pass"), "{}", answer.stdout);
}

/// A waiver is told in the last line, with its controls.
#[test]
fn a_pass_with_waivers_says_so() {
    let answer = demo(None).run(&["gate", "--run-id", "orders-20261101T090000Z", "--dry-run"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stderr, answer.stdout);
    assert!(answer.stdout.trim_end().ends_with("2 controls waived (C.3.1, C.4)"), "{}", answer.stdout);
}
