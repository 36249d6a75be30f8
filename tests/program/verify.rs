//! `seaworthy verify` and `seaworthy attest` from outside: bad input, registries that misbehave, signatures made and
//! checked by openssl.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Answer, Cli, Ecr, GITHUB, Http, Reply, digest, ids, program};
use serde_json::{Value, json};

const SHA: &str = "4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f70819203";
const RUN: &str = "platform_20260213T093000Z";
const MANIFEST: &str = r#"{"schemaVersion":2,"layers":[]}"#;
const OTHER: &str = r#"{"schemaVersion":2,"layers":[],"annotations":{}}"#;
const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const STORE: &str = "version = 1\n[evidence]\ndirectory = \"store\"\nphase_id = \"P(-1)\"\n";

fn provenance(repository: &str) -> Value {
    let digest = digest(MANIFEST.as_bytes());
    json!({
        "phase_id": "P(-1)", "platform_run_id": RUN, "written_at_utc": "2024-02-13T09:40:00Z",
        "image_tag": format!("git-{SHA}"), "image_digest": digest, "git_sha": SHA,
        "build_completed_at_utc": "2024-02-13T09:35:00Z", "build_actor": "ci:release",
        "ecr_repo_uri": repository, "image_reference_mode": "immutable_preferred",
        "dockerfile_path": "Dockerfile", "build_path": ".", "oci_digest_algo": "sha256",
        "oci_digest_value": digest, "image_build_driver": "local_cli",
    })
}

fn header() -> Value {
    let mut header = provenance("localhost/app");
    header
        .as_object_mut()
        .unwrap()
        .retain(|k, _| ["platform_run_id", "image_tag", "image_digest", "git_sha"].contains(&k.as_str()));
    header
}

/// A directory with good documents about an image of `repository`.
fn documents(repository: &str) -> Cli {
    let cli = Cli::new();
    cli.write("p.json", provenance(repository).to_string()).write("run.json", header().to_string());
    cli
}

/// A directory of evidence with one good run.
fn store() -> Cli {
    let cli = Cli::new();
    let run = format!("store/evidence/runs/{RUN}");
    let receipt = json!({
        "image_build_driver": "local_cli", "command_family_id": "local_cli_v0",
        "image_tag": format!("git-{SHA}"), "image_digest": digest(MANIFEST.as_bytes()),
        "build_actor": "ci:release", "written_at_utc": "2024-02-13T09:39:00Z", "verdict": "PASS",
    });
    let security = json!({
        "platform_run_id": RUN, "phase_id": "P(-1)", "checks": {"a": "PASS"}, "actor": "ci", "verdict": "PASS",
        "written_at_utc": "2024-02-13T09:39:00Z",
    });
    cli.write("seaworthy.toml", STORE)
        .write(&format!("{run}/run.json"), header().to_string())
        .write(&format!("{run}/P(-1)/packaging_provenance.json"), provenance("localhost/app").to_string())
        .write(&format!("{run}/P(-1)/build_command_surface_receipt.json"), receipt.to_string())
        .write(&format!("{run}/P(-1)/security_secret_injection_checks.json"), security.to_string());
    cli
}

#[test]
fn a_missing_run_header_is_to_be_written_and_not_reconciled() {
    let cli = store();
    fs::remove_file(cli.path(&format!("store/evidence/runs/{RUN}/run.json"))).unwrap();
    let report = cli.run(&["verify", "--run-id", RUN, "--report", "json"]).json();
    let found = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "SW505").unwrap();
    let fix = found["fix"].as_str().unwrap();
    assert!(fix.contains("write it, and verify again") && !fix.contains("Reconcile"), "{fix}");
}

const BOTH: [&str; 7] = ["verify", "--provenance", "p.json", "--run", "run.json", "--report", "json"];

#[track_caller]
fn verify(cli: &Cli, more: &[&str]) -> Answer {
    cli.run(&[&BOTH, more].concat())
}

fn not_checked(report: &Value) -> String {
    report["not_checked"].to_string()
}

#[test]
fn good_documents_pass_and_say_that_they_are_not_signed() {
    let answer = verify(&documents("localhost/app"), &[]);
    let report = answer.json();
    assert_eq!((answer.code, report["verdict"].as_str()), (0, Some("pass")));
    assert!(report["notes"][0].as_str().unwrap().contains("not signed"));
    let cli = store();
    assert_eq!(cli.run(&["verify", "--run-id", RUN]).code, 0);
    let text = cli.run(&["verify", "--run-id", RUN]).stdout;
    assert!(text.contains("not signed"), "{text}");
}

#[test]
fn a_gigabyte_is_refused_without_being_read() {
    let cli = documents("localhost/app");
    for name in ["p.json", "run.json"] {
        let file = fs::OpenOptions::new().write(true).open(cli.path(name)).unwrap();
        file.set_len(1 << 30).unwrap();
    }
    let answer = verify(&cli, &[]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.time < Duration::from_secs(2), "{:?}", answer.time);
    let report = answer.json();
    assert_eq!(ids(&report), ["SW502"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 2);
    cli.run(&["attest", "--provenance", "p.json"]).error(&["p.json", "larger than 1048576"]);
}

#[test]
fn run_ids_that_lead_elsewhere_are_errors() {
    let cli = store();
    let long = "a".repeat(200);
    for id in [
        "",
        ".",
        "..",
        "../store",
        "a/../b",
        "a/b",
        "/etc",
        "a\\b",
        "%2e%2e",
        "a%2fb",
        "a\nb",
        "a\u{1b}[31m",
        "\u{202e}a",
        "a b",
        "x..y",
        "\u{ff0e}\u{ff0e}",
        &long,
    ] {
        let answer = cli.run(&["verify", "--run-id", id]);
        answer.error(&["--run-id", "a run's ID"]);
        if !id.is_empty() {
            cli.run(&["verify", "--provenance", "seaworthy.toml", "--run-id", id]).error(&["--run-id"]);
        }
    }
    cli.write("seaworthy.toml", "version = 1\n[evidence]\ndirectory = \"nowhere\"\n");
    cli.run(&["verify", "--run-id", RUN]).error(&["nowhere", "no such directory"]);
}

#[test]
fn symbolic_links_in_the_evidence_are_not_followed() {
    let cli = store();
    let run = cli.path("store/evidence/runs").join(RUN);
    fs::rename(&run, cli.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(cli.path("elsewhere"), &run).unwrap();
    let answer = cli.run(&["verify", "--run-id", RUN, "--report", "json"]);
    let report = answer.json();
    assert_eq!((answer.code, report["verdict"].as_str()), (2, Some("incomplete")));
    assert!(not_checked(&report).contains("symbolic link"), "{report}");
    let cli = store();
    let file = cli.path("store/evidence/runs").join(RUN).join("run.json");
    fs::rename(&file, cli.path("run.json")).unwrap();
    std::os::unix::fs::symlink(cli.path("run.json"), &file).unwrap();
    let report = cli.run(&["verify", "--run-id", RUN, "--report", "json"]).json();
    assert_eq!(report["verdict"], "incomplete");
}

#[test]
fn what_cannot_be_read_is_told() {
    let cli = documents("localhost/app");
    cli.run(&["verify"]).error(&["--provenance"]);
    cli.run(&["verify", "--provenance", "no.json"]).error(&["no.json", "no such file"]);
    cli.run(&["verify", "--run", "run.json", "--run-id", "a"]).error(&["--provenance"]);
    let pipe = cli.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for name in ["pipe", "."] {
        let answer = cli.run(&["verify", "--provenance", name, "--report", "json"]);
        assert_eq!(answer.code, 2);
        assert!(not_checked(&answer.json()).contains("not a regular file"));
        cli.run(&["attest", "--provenance", name]).error(&["not a regular file"]);
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let cli = documents("localhost/app");
    cli.write("p.json", "{\n  \"git_sha\": \"abc\",\n  \"image_tag\": 7,\n  \"extra\": 1\n}\n");
    let report = verify(&cli, &[]).json();
    let messages: Vec<String> = crate::support::findings(&report)
        .iter()
        .filter(|f| f["check"] == "SW502")
        .map(|f| format!("{}:{} {}", f["origin"]["line"], f["origin"]["column"], f["message"]))
        .collect();
    assert_eq!(messages.len(), 15, "{messages:#?}");
    assert!(
        messages.iter().any(|m| m.starts_with("2:14 ") && m.contains("/git_sha must be the full commit"))
    );
    assert!(
        messages.iter().any(|m| m.starts_with("3:16 ") && m.contains("must be a string and is a number"))
    );
    assert!(messages.iter().any(|m| m.starts_with("4:3 ") && m.contains("/extra is not a field")));
    assert!(messages.iter().any(|m| m.starts_with("5:1 ") && m.contains("/image_digest is missing")));
}

#[test]
fn secrets_in_documents_stay_secret() {
    let cli = documents("localhost/app");
    for (field, value) in [("build_actor", GITHUB), ("image_tag", GITHUB), ("git_sha", GITHUB), (GITHUB, "x")]
    {
        let mut document = provenance("localhost/app");
        document[field] = json!(value);
        cli.write("p.json", document.to_string());
        for format in ["text", "json", "sarif", "github", "evidence=e.json"] {
            let answer = cli.run(&[
                "verify",
                "-vv",
                "--provenance",
                "p.json",
                "--run",
                "run.json",
                "--report",
                format,
            ]);
            let told = format!("{}{}", answer.stdout, answer.stderr);
            assert!(!told.contains(GITHUB.get(4..).unwrap_or_default()), "{field}, {format}: {told}");
            if format.starts_with("evidence") {
                assert!(!cli.read("e.json").contains(GITHUB.get(4..).unwrap_or_default()), "{field}");
                fs::remove_file(cli.path("e.json")).unwrap();
            }
        }
        let answer = cli.run(&["attest", "--provenance", "p.json"]);
        answer.error(&["p.json"]);
        assert!(!answer.stderr.contains(GITHUB.get(4..).unwrap_or_default()), "{field}: {}", answer.stderr);
    }
}

#[test]
fn every_format_tells_the_same() {
    let cli = documents("localhost/app");
    let mut header = header();
    header["image_digest"] = json!(digest(OTHER.as_bytes()));
    cli.write("run.json", serde_json::to_string_pretty(&header).unwrap());
    let reports = "json=a.json,sarif=a.sarif,evidence=e.json";
    let answer = cli.run(&[
        "verify",
        "--provenance",
        "p.json",
        "--run",
        "run.json",
        "--report",
        reports,
        "--report",
        "github",
    ]);
    assert_eq!(answer.code, 1);
    assert!(answer.stdout.contains("file=run.json,line=3"), "{}", answer.stdout);
    let result = &cli.read_json("a.sarif")["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "SW505");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "run.json");
    assert_eq!(place["region"]["startLine"], 3);
    let evidence = cli.read_json("e.json");
    assert_eq!((evidence["verdict"].as_str(), &evidence["blocker_codes"]), (Some("FAIL"), &json!(["SW505"])));
    assert!(evidence["notes"][0].as_str().unwrap().contains("not signed"));
    let zero = cli.run(&["verify", "--provenance", "p.json", "--run", "run.json", "--exit-zero"]);
    assert_eq!(zero.code, 0);
}

/// Verifies against a registry on loopback that answers the `n`th request for the tag and for the digest like this.
fn with_registry(behaviour: impl Fn(usize, bool) -> Reply + Send + Sync + 'static) -> (i32, Value) {
    let count = AtomicUsize::new(0);
    let http = Http::start(move |path| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        behaviour(n, path.contains("/manifests/sha256:"))
    });
    let cli = documents(&format!("{}/app", http.address));
    cli.write("seaworthy.toml", "version = 1\n[registry]\nrequire_immutable_tags = false\n");
    let answer = verify(&cli, &["--registry"]);
    (answer.code, answer.json())
}

fn manifest(text: &str) -> Reply {
    Reply::Answer(200, MEDIA_TYPE.into(), text.into())
}

#[test]
fn the_registry_is_not_believed() {
    let (code, report) = with_registry(|_, _| manifest(MANIFEST));
    assert_eq!((code, ids(&report)), (0, vec![]), "{report}");
    for (name, word, (code, report)) in [
        ("another", "is recorded", with_registry(|_, _| manifest(OTHER))),
        ("moves", "a moment later", with_registry(|n, _| manifest(if n == 2 { OTHER } else { MANIFEST }))),
        ("by digest", "other bytes", with_registry(|_, by| manifest(if by { OTHER } else { MANIFEST }))),
        (
            "digest gone",
            "does not have",
            with_registry(
                |_, by| if by { Reply::Answer(404, "a/b".into(), vec![]) } else { manifest(MANIFEST) },
            ),
        ),
        ("no tag", "does not resolve", with_registry(|_, _| Reply::Answer(404, "a/b".into(), vec![]))),
        (
            "lies about the digest",
            "its bytes are",
            with_registry(|_, _| {
                let claimed = digest(OTHER.as_bytes());
                Reply::With(200, ("Docker-Content-Digest", claimed), MANIFEST.into())
            }),
        ),
    ] {
        assert_eq!((code, ids(&report)), (1, vec!["SW506"]), "{name}: {report}");
        let message = report["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains(word), "{name}: {message}");
    }
}

#[test]
fn trouble_on_the_way_is_tried_once_more_and_then_not_checked() {
    let trouble = || Reply::Answer(503, "a/b".into(), vec![]);
    let (code, _) = with_registry(move |n, _| if n == 0 { trouble() } else { manifest(MANIFEST) });
    assert_eq!(code, 0);
    let (code, report) = with_registry(move |n, _| if n < 2 { trouble() } else { manifest(MANIFEST) });
    assert_eq!((code, report["verdict"].as_str()), (2, Some("incomplete")));
    assert!(not_checked(&report).contains("SW506"));
    // Nobody listens there.
    let cli = documents("127.0.0.1:1/app");
    let answer = verify(&cli, &["--registry"]);
    assert_eq!(answer.code, 2);
    let report = answer.json();
    assert!(not_checked(&report).contains("SW506") && not_checked(&report).contains("SW508"), "{report}");
}

#[test]
fn what_was_not_asked_is_not_a_pass() {
    let cli = documents("localhost/app");
    let status = |report: &Value, id: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|c| c["id"] == id).unwrap()["status"].clone()
    };
    let report = verify(&cli, &[]).json();
    for id in ["SW506", "SW508", "SW509", "SW512", "SW513", "SW514"] {
        assert_eq!(status(&report, id), "not-requested", "{id}");
    }
    cli.write(
        "seaworthy.toml",
        "version = 1\n[registry]\nrequired = true\n[receipt]\nrequired = true\n[security_evidence]\nrequired = true\n\
         [provenance]\nrequire_push_time = true\n",
    );
    let answer = verify(&cli, &[]);
    assert_eq!(answer.code, 2);
    for id in ["SW506", "SW508", "SW509", "SW511", "SW514"] {
        assert_eq!(status(&answer.json(), id), "not-checked", "{id}");
    }
    // A number without a certain form.
    let mut header = header();
    header["config_digest"] = json!("0".repeat(64));
    let text = header.to_string();
    cli.write("seaworthy.toml", "version = 1\n")
        .write("run.json", text.replacen('{', "{\"config\":[1.50],", 1));
    let answer = verify(&cli, &[]);
    assert_eq!((answer.code, status(&answer.json(), "SW513")), (2, json!("not-checked")));
}

#[test]
fn ecr_without_rights_is_not_checked_and_a_pinned_repository_is_the_only_one_asked() {
    let ecr = Ecr::start(json!({ "fault": "AccessDeniedException" }));
    let cli = documents("123456789012.dkr.ecr.eu-west-2.amazonaws.com/app")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let endpoint = format!("http://{}", ecr.address);
    let answer = verify(&cli, &["--registry", "--endpoint-url", &endpoint]);
    assert_eq!(answer.code, 2);
    assert!(not_checked(&answer.json()).contains("AccessDeniedException"), "{}", answer.stdout);
    cli.write("seaworthy.toml", "version = 1\n[provenance.pinned]\necr_repo_uri = \"h.example/app\"\n");
    let report = verify(&cli, &["--registry", "--endpoint-url", &endpoint]).json();
    assert!(not_checked(&report).contains("than the contract pins"), "{report}");
}

fn openssl(dir: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = program("openssl", "openssl").args(arguments).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const ED25519: [&str; 2] = ["-algorithm", "ed25519"];
const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

fn pin(cli: &Cli, public: &str) {
    let key = format!("[[signature.keys]]\nid = \"build\"\npem = \"\"\"\n{public}\"\"\"\n");
    cli.write("seaworthy.toml", format!("version = 1\n[signature]\nrequired = true\n{key}"));
}

#[test]
fn what_is_signed_here_is_verified_by_openssl_and_here() {
    for kind in [&ED25519[..], &P256] {
        let cli = documents("localhost/app");
        let dir = cli.dir.path();
        openssl(dir, &[&["genpkey", "-out", "k.pem"], kind].concat());
        let public =
            String::from_utf8(openssl(dir, &["pkey", "-in", "k.pem", "-pubout", "-out", "pub.pem"])).unwrap();
        assert_eq!(public, "");
        cli.run(&["attest", "--provenance", "p.json", "--key", "k.pem", "-o", "a.json"]);
        let envelope = cli.read_json("a.json");
        assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
        let decode = |v: &Value, name: &str| {
            cli.write("b64", v.as_str().unwrap());
            openssl(dir, &["base64", "-d", "-A", "-in", "b64", "-out", name]);
        };
        decode(&envelope["payload"], "payload");
        decode(&envelope["signatures"][0]["sig"], "sig");
        let payload = cli.read("payload");
        let pae = format!("DSSEv1 28 application/vnd.in-toto+json {} {payload}", payload.len());
        cli.write("pae", pae);
        if kind == ED25519 {
            let verify = [
                "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "pub.pem", "-in", "pae", "-sigfile",
                "sig",
            ];
            openssl(dir, &verify);
        } else {
            openssl(dir, &["dgst", "-sha256", "-verify", "pub.pem", "-signature", "sig", "pae"]);
        }
        pin(&cli, &cli.read("pub.pem"));
        let answer = verify(&cli, &["--attestation", "a.json"]);
        assert_eq!(answer.code, 0, "{}", answer.stdout);
        assert!(answer.json()["notes"][0].as_str().unwrap().contains("vouches"));
        // The same documents and key give the same bytes.
        let again = cli.run(&["attest", "--provenance", "p.json", "--key", "k.pem"]);
        assert_eq!(again.stdout, cli.read("a.json"));
        // Any other bytes of the provenance were not signed.
        cli.write("p.json", format!("{} ", cli.read("p.json")));
        let answer = verify(&cli, &["--attestation", "a.json"]);
        assert_eq!((answer.code, ids(&answer.json())), (1, vec!["SW512"]));
    }
}

#[test]
fn a_statement_has_the_documents_in_it() {
    let cli = store();
    let phase = format!("store/evidence/runs/{RUN}/P(-1)");
    let provenance = format!("{phase}/packaging_provenance.json");
    let security = format!("{phase}/security_secret_injection_checks.json");
    let answer = cli.run(&["attest", "--provenance", &provenance, "--security", &security]);
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let mut statement = answer.json();
    assert_eq!(
        statement["subject"][0]["digest"]["sha256"],
        digest(MANIFEST.as_bytes()).get(7..).unwrap_or_default()
    );
    let details = &mut statement["predicate"]["runDetails"];
    assert_eq!(details["byproducts"][1]["annotations"]["verdict"], "PASS");
    assert_eq!(details["metadata"]["invocationId"], RUN);
    insta::assert_snapshot!("statement", serde_json::to_string_pretty(&statement).unwrap());
}

#[test]
fn keys_that_cannot_be_used_are_told_and_not_shown() {
    let cli = documents("localhost/app");
    let dir = cli.dir.path();
    openssl(dir, &["genpkey", "-algorithm", "ed25519", "-out", "k.pem"]);
    openssl(dir, &["pkey", "-in", "k.pem", "-aes-128-cbc", "-passout", "pass:x", "-out", "encrypted.pem"]);
    openssl(dir, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sec1.pem"]);
    openssl(dir, &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.pem"]);
    openssl(dir, &["pkey", "-in", "k.pem", "-pubout", "-out", "pub.pem"]);
    openssl(dir, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "p384.pem"]);
    let cut: String = cli.read("k.pem").chars().take(60).collect();
    cli.write("cut.pem", cut).write("big.pem", vec![b'a'; 1 << 17]).write("bytes.pem", b"\xff\xfe");
    for (name, word) in [
        ("encrypted.pem", "encrypted"),
        ("sec1.pem", "pkcs8 -topk8"),
        ("rsa.pem", "no PEM key"),
        ("pub.pem", "no PEM key"),
        ("p384.pem", "no PEM key"),
        ("cut.pem", "no PEM key"),
        ("big.pem", "no PEM key"),
        ("bytes.pem", "no PEM key"),
        ("no.pem", "no such file"),
    ] {
        let answer = cli.run(&["attest", "--provenance", "p.json", "--key", name, "-o", "a.json"]);
        answer.error(&[name, word]);
        let text = fs::read(cli.path(name)).unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines().filter(|l| l.len() > 20 && !l.starts_with("---")) {
            assert!(!answer.stderr.contains(line.get(..20).unwrap_or_default()), "{name}: {}", answer.stderr);
        }
        assert!(!cli.path("a.json").exists());
    }
}

#[test]
fn malformed_documents_are_not_attested() {
    let cli = documents("localhost/app");
    cli.write("p.json", "{\n \"git_sha\": \"x\"\n}");
    cli.run(&["attest", "--provenance", "p.json"])
        .error(&["p.json:2:13: /git_sha must be", "/image_tag is missing"]);
    cli.run(&["attest", "--provenance", "no.json"]).error(&["no.json: no such file"]);
}

#[test]
fn a_real_registry_gives_what_was_pushed() {
    let registry = crate::support::Registry::start(None);
    let layout = registry.dir.path().join("layout");
    fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    let blob = |text: &str| {
        let digest = digest(text.as_bytes());
        fs::write(layout.join("blobs/sha256").join(digest.get(7..).unwrap_or_default()), text).unwrap();
        digest
    };
    let config = r#"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MEDIA_TYPE, "layers": [],
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": blob(config), "size": config.len(),
        },
    })
    .to_string();
    let pushed = blob(&manifest);
    let entry = json!({
        "mediaType": MEDIA_TYPE, "digest": pushed, "size": manifest.len(),
        "annotations": { "org.opencontainers.image.ref.name": "1" },
    });
    fs::write(layout.join("index.json"), json!({ "schemaVersion": 2, "manifests": [entry] }).to_string())
        .unwrap();
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let repository = format!("{}/team/app", registry.address);
    let from = format!("oci:{}:1", layout.display());
    registry.copy(&from, &format!("docker://{repository}:git-{SHA}"), &[]);
    let cli = documents(&repository);
    let mut document = provenance(&repository);
    (document["image_digest"], document["oci_digest_value"]) = (json!(pushed), json!(pushed));
    cli.write("p.json", document.to_string());
    cli.write("seaworthy.toml", "version = 1\n[registry]\nrequire_immutable_tags = false\n");
    let answer = cli.run(&["verify", "--provenance", "p.json", "--registry"]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    // The documents of another image under the same tag.
    cli.write("p.json", provenance(&repository).to_string());
    let answer = cli.run(&["verify", "--provenance", "p.json", "--registry", "--report", "json"]);
    assert_eq!((answer.code, ids(&answer.json())), (1, vec!["SW506"]));
}

#[test]
fn a_run_id_that_is_a_token_is_not_shown() {
    let answer = store().run(&["verify", "--run-id", GITHUB, "--report", "json"]);
    assert!(
        !format!("{}{}", answer.stdout, answer.stderr).contains(GITHUB.get(4..).unwrap_or_default()),
        "{}",
        answer.stdout
    );
}

#[test]
fn a_report_never_takes_the_place_of_a_runs_document() {
    let cli = store();
    let run = format!("store/evidence/runs/{RUN}");
    for name in ["run.json", "P(-1)/packaging_provenance.json", "P(-1)/security_secret_injection_checks.json"]
    {
        let path = format!("{run}/{name}");
        let before = cli.read(&path);
        for format in ["json", "html"] {
            let answer = cli.run(&["verify", "--run-id", RUN, "--report", &format!("{format}={path}")]);
            assert_eq!(answer.code, 2, "{}", answer.stderr);
            assert!(answer.stderr.contains(name), "{}", answer.stderr);
            assert_eq!(cli.read(&path), before);
        }
    }
    // A report beside them is written.
    let answer = cli.run(&["verify", "--run-id", RUN, "--report", &format!("json={run}/report.json")]);
    assert_eq!(
        cli.read_json(&format!("{run}/report.json"))["schema"],
        "seaworthy/report/v1",
        "{}",
        answer.stderr
    );
}
