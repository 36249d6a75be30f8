//! `seaworthy audit`: runs that the tests write, good ones and every kind of bad one.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::{Answer, Blobs, Cli, Moto, PHASE, Run};
use serde_json::{Value, json};

/// Where the provenance of a run lies.
fn provenance(id: &str) -> String {
    format!("store/evidence/runs/{id}/{PHASE}/packaging_provenance.json")
}

/// A directory of its own with `count` good runs.
fn good(count: usize) -> Cli {
    let cli = Cli::new();
    for n in 0..count {
        Run::new(&format!("run-{n}"), n).write(&cli.path("store"));
    }
    cli
}

fn write(cli: &Cli, id: &str, n: usize, change: impl FnOnce(&mut Run)) {
    let mut run = Run::new(id, n);
    change(&mut run);
    run.write(&cli.path("store"));
}

fn audit(cli: &Cli, more: &[&str]) -> Answer {
    cli.run(&[&["audit", "store", "--phase", PHASE], more].concat())
}

#[track_caller]
fn json_of(cli: &Cli, more: &[&str]) -> (i32, Value) {
    let answer = audit(cli, &[&["--report", "json"], more].concat());
    (answer.code, answer.json())
}

/// ID, verdict and blockers of each row.
fn rows(report: &Value) -> Vec<String> {
    let list = |v: &Value| v.as_array().unwrap().clone();
    let row = |run: Value| {
        let blockers: Vec<String> = list(&run["blockers"])
            .iter()
            .map(|b| format!(" {}:{}", b["check"].as_str().unwrap(), b["status"].as_str().unwrap()))
            .collect();
        let text = |key: &str| run[key].as_str().unwrap().to_owned();
        format!("{} {}{}", text("run_id"), text("verdict"), blockers.concat())
    };
    list(&report["runs"]).into_iter().map(row).collect()
}

/// A store with one run of each kind.
fn zoo() -> Cli {
    let cli = good(2);
    let other = format!("sha256:{}", "f".repeat(64));
    write(&cli, "digest-differs", 10, |r| r.header["image_digest"] = json!(other));
    write(&cli, "evidence-fails", 11, |r| r.security["verdict"] = json!("FAIL"));
    write(&cli, "evidence-of-another-image", 12, |r| r.security["image_digest"] = json!(other));
    write(&cli, "evidence-of-another-run", 13, |r| r.receipt["platform_run_id"] = json!("run-0"));
    write(&cli, "future", 14, |r| r.provenance["written_at_utc"] = json!("2999-01-01T00:00:00Z"));
    write(&cli, "malformed", 15, |_| {});
    cli.write(&provenance("malformed"), "{\"image_tag\": \"a\", \"image_tag\": ");
    write(&cli, "missing", 16, |_| {});
    fs::remove_file(cli.path(&provenance("missing"))).unwrap();
    write(&cli, "directory-for-a-file", 17, |_| {});
    fs::remove_file(cli.path(&provenance("directory-for-a-file"))).unwrap();
    fs::create_dir(cli.path(&provenance("directory-for-a-file"))).unwrap();
    write(&cli, "gigabyte", 18, |_| {});
    let header = cli.path("store/evidence/runs/gigabyte/run.json");
    File::create(header).unwrap().set_len(1 << 30).unwrap();
    for (id, digest) in [("twice-a", "a"), ("twice-b", "b")] {
        write(&cli, id, 20, |r| {
            let digest = format!("sha256:{}", digest.repeat(64));
            for document in [&mut r.provenance, &mut r.header, &mut r.receipt, &mut r.security] {
                document["image_digest"] = json!(digest);
            }
            r.provenance["oci_digest_value"] = json!(digest);
        });
    }
    symlink("run-0", cli.path("store/evidence/runs/link")).unwrap();
    cli
}

#[test]
fn good_runs_pass() {
    let cli = good(3);
    let (code, report) = json_of(&cli, &[]);
    assert_eq!(rows(&report), ["run-0 pass", "run-1 pass", "run-2 pass"]);
    assert_eq!((code, report["verdict"].as_str()), (0, Some("pass")));
    assert_eq!(report["runs"][1]["written_at_utc"], "2026-01-01T00:01:40Z");
    assert_eq!(report["summary"]["requests"], Value::Null);
    assert!(report["notes"][0].as_str().unwrap().contains("not signed"));
}

#[test]
fn each_kind_of_bad_run_has_its_row_and_stops_no_other() {
    let cli = zoo();
    let (code, report) = json_of(&cli, &[]);
    let expected = [
        "run-0 pass",
        "run-1 pass",
        "digest-differs fail SW505:fail",
        "evidence-fails fail SW514:fail",
        "evidence-of-another-image fail SW514:fail",
        "evidence-of-another-run fail SW510:fail",
    ];
    let found = rows(&report);
    for row in &expected {
        assert!(found.iter().any(|r| r == row), "no {row:?} in {found:#?}");
    }
    let of = |id: &str| found.iter().find(|r| r.starts_with(&format!("{id} "))).unwrap();
    assert!(of("malformed").starts_with("malformed fail SW502:fail"), "{found:#?}");
    assert!(of("missing").starts_with("missing fail SW501:fail"), "{found:#?}");
    assert!(of("future").contains("SW511:fail"), "{found:#?}");
    assert!(of("gigabyte").contains("SW502:fail"), "{found:#?}");
    assert!(of("directory-for-a-file").starts_with("directory-for-a-file incomplete"), "{found:#?}");
    assert!(of("link").starts_with("link incomplete"), "{found:#?}");
    for id in ["twice-a", "twice-b"] {
        assert_eq!(*of(id), format!("{id} fail SW508:fail"));
    }
    assert_eq!(found.len(), 14);
    // By date, and those without one last.
    assert_eq!(found.last().unwrap().split(' ').next(), Some("link"));
    assert_eq!((code, report["verdict"].as_str()), (1, Some("fail")));
    assert_eq!(audit(&cli, &["--exit-zero"]).code, 0);
}

/// An audit and `verify` must not say different things of one run.
#[test]
fn rows_agree_with_verify() {
    let cli = zoo();
    let toml = format!("version = 1\n[evidence]\ndirectory = \"store\"\nphase_id = \"{PHASE}\"\n");
    cli.write("seaworthy.toml", toml);
    let answer = cli.run(&["audit", "--report", "json"]);
    let report = answer.json();
    assert_eq!(rows(&report).len(), 14);
    for run in report["runs"].as_array().unwrap() {
        let id = run["run_id"].as_str().unwrap();
        let own = cli.run(&["verify", "--run-id", id, "--report", "json"]).json();
        assert_eq!(own["verdict"], run["verdict"], "{id}");
        let ids = |v: &Value| -> Vec<String> {
            v["findings"].as_array().unwrap().iter().map(|f| f["message"].to_string()).collect()
        };
        assert_eq!(ids(&own), ids(run), "{id}");
        assert_eq!(
            own["not_checked"].as_array().unwrap().len(),
            run["not_checked"].as_array().unwrap().len(),
            "{id}"
        );
    }
}

#[test]
fn tables_for_people() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    let cli = zoo();
    let answer = audit(&cli, &[]);
    settings.bind(|| insta::assert_snapshot!("audit_table", answer.stdout));
    let answer = audit(&cli, &["--only", "incomplete,pass", "--since", "2026-01-01T00:00:00Z"]);
    settings.bind(|| insta::assert_snapshot!("audit_table_only", answer.stdout));
    assert_eq!(answer.code, 1, "what is not shown counts all the same");
    // The runs that do not pass, and the verdict.
    assert_eq!(audit(&cli, &["-q"]).stdout.lines().count(), 13);
    assert!(audit(&cli, &[]).stdout.lines().all(|l| l.trim_end() == l));
    // The same bytes, however many threads.
    let with = |jobs: &str| audit(&cli, &["-j", jobs]).stdout;
    assert_eq!(with("1"), with("7"));
}

#[test]
fn names_that_attack() {
    let cli = good(1);
    let runs = cli.path("store/evidence/runs");
    for name in
        [&b"\x1b[31mred\x1b[0m"[..], b"=cmd|'x'!A0", b"a b", b"..x", b"\xff\xfe", "\u{202e}gnp".as_bytes()]
    {
        fs::create_dir(runs.join(std::ffi::OsStr::from_bytes(name))).unwrap();
    }
    fs::create_dir(runs.join("@SUM(1)")).unwrap();
    let files =
        ["--report", "json", "--report", "csv=a.csv", "--report", "text=a.txt", "--report", "sarif=a.sarif"];
    let answer = audit(&cli, &files);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    let report = answer.json();
    let found = rows(&report);
    assert!(found.contains(&"run-0 pass".to_owned()), "{found:#?}");
    assert!(found.contains(&"evidence/runs/\\x1b[31mred\\x1b[0m incomplete".to_owned()), "{found:#?}");
    // Each has a row, but for the hidden one: stores take names with a leading dot for unfinished writes.
    assert_eq!(found.len(), 7, "{found:#?}");
    for text in [&answer.stdout, &cli.read("a.csv"), &cli.read("a.txt"), &cli.read("a.sarif"), &answer.stderr]
    {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    let sheet = cli.read("a.csv");
    for record in csv::Reader::from_reader(sheet.as_bytes()).records() {
        let record = record.unwrap();
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{record:?}");
    }
    assert!(sheet.contains("'@SUM(1)"), "{sheet}");
}

#[test]
fn nothing_to_audit_is_no_pass() {
    let cli = Cli::new();
    fs::create_dir(cli.path("store")).unwrap();
    let answer = audit(&cli, &[]);
    assert_eq!(answer.code, 2);
    assert!(answer.stdout.contains("they are looked for in"), "{}", answer.stdout);
    assert!(answer.stdout.trim_end().ends_with("INCOMPLETE  0 runs"), "{}", answer.stdout);
    assert_eq!(audit(&cli, &["--exit-zero"]).code, 2);
    cli.run(&["audit", "elsewhere"]).error(&["elsewhere", "there is no such directory"]);
    let cli = good(2);
    let answer = audit(&cli, &["--since", "2027-01-01"]);
    assert!(answer.code == 2 && answer.stdout.contains("all 2 are earlier"), "{}", answer.stdout);
}

#[test]
fn what_is_typed_wrongly_is_told() {
    let cli = good(1);
    for (arguments, word) in [
        (&["--since", "yesterday"][..], "2026-01-31"),
        (&["--since", "2026-02-30"], "2026-01-31"),
        (&["--only", "bad"], "incomplete"),
        (&["--report", "github"], "text, json, jsonl, csv, sarif"),
        (&["--report", "json", "--report", "csv"], "standard output"),
        (&["--report", "json=a", "--report", "csv=a"], "two reports would go to a"),
        (&["--report", "json="], "no path"),
        (&["--image-dir", "nowhere"], "no such directory"),
        (&["--images", "--image-dir", "store"], "cannot be used with"),
        (&["--phase", "a/b"], "phase"),
        (&["--endpoint-url", "http://u:p@h"], "login"),
    ] {
        audit(&cli, arguments).error(&[word]);
    }
    cli.run(&["audit", "s3://"]).error(&["s3://BUCKET"]);
    cli.run(&["audit", "s3://bucket/../x"]).error(&["prefix"]);
}

#[test]
fn since_looks_at_dates_and_keeps_runs_without_one() {
    let cli = good(3);
    write(&cli, "dateless", 9, |r| {
        r.provenance["written_at_utc"] = json!("soon");
        r.header.as_object_mut().unwrap().remove("written_at_utc");
    });
    // Its header tells when.
    write(&cli, "by-header", 0, |r| r.provenance["written_at_utc"] = json!("soon"));
    let (_, report) = json_of(&cli, &["--since", "2026-01-01T00:02:00Z"]);
    let ids: Vec<&str> =
        report["runs"].as_array().unwrap().iter().map(|r| r["run_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["run-2", "dateless"]);
    assert_eq!(report["summary"]["older"], 3);
    let (_, report) = json_of(&cli, &["--since", "2026-01-01"]);
    assert_eq!(report["runs"][1]["run_id"], "by-header");
    assert_eq!(report["runs"][1]["written_at_from"], "run header");
    let text = audit(&cli, &["--since", "2026-01-01T00:02:00Z"]).stdout;
    assert!(text.contains("1 run without a date") && text.contains("3 earlier runs left out"), "{text}");
    // An older run still counts where a tag was used twice.
    let cli = zoo();
    write(&cli, "twice-later", 20, |r| r.provenance["written_at_utc"] = json!("2026-01-02T00:00:00Z"));
    let (_, report) = json_of(&cli, &["--since", "2026-01-02T00:00:00Z"]);
    assert!(
        rows(&report).iter().any(|r| r.starts_with("twice-later fail SW508:fail")),
        "{:#?}",
        rows(&report)
    );
}

#[test]
fn what_changed_between_runs_of_one_tag() {
    let (_, report) = json_of(&zoo(), &[]);
    let tags = report["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 1, "{tags:#?}");
    assert_eq!(tags[0]["runs"], json!(["twice-a", "twice-b"]));
    let changes: Vec<&str> =
        tags[0]["changes"].as_array().unwrap().iter().map(|c| c["field"].as_str().unwrap()).collect();
    assert_eq!(changes, ["image_digest", "oci_digest_value"]);
}

#[test]
fn reports_fit_their_formats() {
    let cli = zoo();
    let files = [
        "--report",
        "json=a.json",
        "--report",
        "jsonl=a.jsonl",
        "--report",
        "csv=a.csv",
        "--report",
        "sarif=a.sarif",
    ];
    let answer = audit(&cli, &files);
    assert_eq!((answer.code, answer.stdout.as_str()), (1, ""));
    assert!(answer.stderr.contains("14 runs: 2 pass,"), "{}", answer.stderr);
    let report = cli.read_json("a.json");
    let schema: Value = serde_json::from_str(&cli.run(&["schema", "audit"]).stdout).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(&report, index).unwrap_or_else(|e| panic!("{e:#}"));
    let lines: Vec<Value> = cli.read("a.jsonl").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(&lines, report["runs"].as_array().unwrap());
    let sheet = cli.read("a.csv");
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 14);
    assert_eq!(reader.records().map(Result::unwrap).count(), 14);
    let sarif = cli.read_json("a.sarif");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let findings: usize =
        report["runs"].as_array().unwrap().iter().map(|r| r["findings"].as_array().unwrap().len()).sum();
    assert_eq!(results.len(), findings);
    let uris: Vec<&str> = results
        .iter()
        .map(|r| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap())
        .collect();
    assert!(uris.contains(&"evidence/runs/missing/P%28-1%29/packaging_provenance.json"), "{uris:#?}");
    assert!(uris.iter().all(|u| u.starts_with("evidence/runs/") && !u.contains(['(', ':'])), "{uris:#?}");
    assert_eq!(sarif["runs"][0]["automationDetails"]["id"], "seaworthy-audit/");
    assert_eq!(sarif["runs"][0]["properties"]["verdict"], "fail");
}

#[test]
fn the_directory_of_the_runs_may_be_named() {
    let cli = good(1);
    for root in ["store/evidence/runs", "store/evidence/runs/", "./store"] {
        let answer = cli.run(&["audit", root, "--phase", PHASE, "--report", "json"]);
        assert_eq!(rows(&answer.json()), ["run-0 pass"], "{root}");
    }
}

/// Secrets in the documents are in no report.
#[test]
fn secrets_stay_secret() {
    let cli = good(1);
    write(&cli, "leaky", 5, |r| {
        r.provenance["build_actor"] = json!(crate::support::GITHUB);
        r.provenance["extra"] = json!(crate::support::GITHUB);
        r.receipt["failure_reason"] = json!(crate::support::GITHUB);
    });
    write(&cli, "leaky-again", 5, |r| r.provenance["build_actor"] = json!("someone"));
    for format in ["text", "json", "jsonl", "csv", "sarif"] {
        let answer = audit(&cli, &["-v", "--report", format]);
        assert!(
            !answer.stdout.contains(crate::support::GITHUB)
                && !answer.stderr.contains(crate::support::GITHUB),
            "{format}"
        );
    }
}

#[test]
fn images_are_examined_again() {
    let cli = Cli::new();
    let mut blobs = Blobs::default();
    let image = blobs.image(&crate::support::planted());
    let index = blobs.index(std::slice::from_ref(&image));
    let digest = image["digest"].as_str().unwrap().to_owned();
    let by_index = index["digest"].as_str().unwrap().to_owned();
    blobs.root(index, "app");
    let archive = blobs.tar().done();
    for (id, n, digest) in
        [("with-image", 1, &digest), ("same-image", 2, &digest), ("by-index", 5, &by_index)]
    {
        write(&cli, id, n, |r| {
            for document in [&mut r.provenance, &mut r.header, &mut r.receipt, &mut r.security] {
                document["image_digest"] = json!(digest);
            }
            r.provenance["oci_digest_value"] = json!(digest);
        });
    }
    write(&cli, "no-image", 3, |_| {});
    write(&cli, "wrong-image", 4, |_| {});
    let name = |digest: &str| format!("images/{}.tar", digest.replace(':', "-"));
    for digest in [digest, by_index, format!("sha256:{:064x}", 4)] {
        cli.write(&name(&digest), &archive);
    }
    let (code, report) = json_of(&cli, &["--image-dir", "images"]);
    let found = rows(&report);
    assert_eq!(code, 1);
    assert!(
        found[0].starts_with("with-image fail SW30") && found[1].starts_with("same-image fail SW30"),
        "{found:#?}"
    );
    assert!(found[2].starts_with("no-image incomplete SW301:not-checked"), "{found:#?}");
    assert!(found[3].starts_with("wrong-image incomplete SW301:not-checked"), "{found:#?}");
    assert!(found[4].starts_with("by-index fail SW30"), "{found:#?}");
    let reason = report["runs"][3]["reason"].as_str().unwrap();
    assert!(reason.contains("another image"), "{reason}");
    let (_, report) = json_of(&cli, &["--image-dir", "images", "--max-images", "1"]);
    let limited: Vec<String> = report["runs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["reason"].as_str())
        .filter(|r| r.contains("--max-images"))
        .map(str::to_owned)
        .collect();
    assert_eq!(limited.len(), 4, "{limited:#?}");
}

/// A request to moto without the client under test.
fn put(moto: &Moto, path: &str, body: &[u8]) {
    let address = moto.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
}

#[test]
fn a_bucket_says_what_a_directory_says() {
    let cli = zoo()
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    // These two are a directory's own.
    fs::remove_file(cli.path("store/evidence/runs/link")).unwrap();
    fs::remove_dir_all(cli.path("store/evidence/runs/directory-for-a-file")).unwrap();
    cli.write("store/evidence/runs/gigabyte/run.json", vec![b' '; (64 << 20) + 1]);
    let moto = Moto::start();
    put(&moto, "/team-evidence", b"");
    let root = cli.path("store");
    let files: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .map(|e| e.unwrap().into_path())
        .filter(|p| p.is_file())
        .collect();
    for path in &files {
        let key = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('(', "%28").replace(')', "%29");
        put(&moto, &format!("/team-evidence/prod/{key}"), &fs::read(path).unwrap());
    }
    let (_, local) = json_of(&cli, &[]);
    for root in ["s3://team-evidence/prod", "s3://team-evidence/prod/evidence/runs/"] {
        let arguments =
            ["audit", root, "--phase", PHASE, "--endpoint-url", &moto.endpoint, "--report", "json"];
        let answer = cli.run(&arguments);
        assert_eq!(answer.code, 1, "{}", answer.stderr);
        let report = answer.json();
        assert_eq!(report["runs"], local["runs"]);
        // One listing, and a read for each document but the one that is too large: it is known from the listing.
        assert_eq!(report["summary"]["requests"], files.len());
        assert!(answer.stderr.contains(" requests"), "{}", answer.stderr);
    }
    let answer = cli.run(&["audit", "s3://no-such-bucket", "--endpoint-url", &moto.endpoint]);
    answer.error(&["there is no bucket no-such-bucket"]);
    let answer = cli.run(&["audit", "s3://team-evidence/nothing", "--endpoint-url", &moto.endpoint]);
    assert_eq!(answer.code, 2);
    assert!(answer.stdout.contains("there is none"), "{}", answer.stdout);
}

#[test]
fn what_fails_goes_first_and_quiet_lists_it() {
    let cli = good(2);
    write(&cli, "z-bad", 10, |r| r.security["verdict"] = json!("FAIL"));
    let shown = audit(&cli, &[]).stdout;
    let at = |word: &str| shown.find(word).unwrap_or_else(|| panic!("no {word:?} in {shown}"));
    assert!(at("z-bad") < at("run-0"), "{shown}");
    let quiet = audit(&cli, &["-q"]).stdout;
    assert!(quiet.contains("z-bad SW514") && !quiet.contains("run-0"), "{quiet}");
}

#[test]
fn a_file_among_runs_is_incomplete_and_no_failure() {
    let cli = good(1);
    cli.write("store/evidence/runs/README.md", "# Runs\n");
    let (code, report) = json_of(&cli, &[]);
    assert_eq!(code, 2);
    let found = rows(&report);
    assert!(found.iter().any(|r| r.starts_with("evidence/runs/README.md incomplete")), "{found:#?}");
    assert!(report["runs"][1]["reason"].as_str().unwrap().contains("a run is a directory"), "{report:#}");
}

#[test]
fn a_phase_that_no_run_has_is_named() {
    let cli = good(2);
    // A phase that was typed is a mistake of who typed it: nothing is judged.
    cli.run(&["audit", "store", "--phase", "P(-2)"]).error(&["no run has the phase P(-2)", PHASE]);
    // The contract's phase is what the runs were to have: what they lack is a finding of each.
    cli.write("seaworthy.toml", "version = 1\n[evidence]\nphase_id = \"P(-2)\"\n");
    let answer = cli.run(&["audit", "store"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("no run has the phase P(-2)"), "{}", answer.stderr);
    assert!(answer.stderr.contains(PHASE), "{}", answer.stderr);
    assert!(answer.stdout.contains("SW501"), "{}", answer.stdout);
}

#[test]
fn a_run_that_was_repeated_tells_both_verdicts() {
    let cli = good(1);
    let old = r#"{"verdict": "FAIL", "written_at_utc": "2026-01-01T00:00:00Z"}"#;
    cli.write(
        &format!("store/evidence/runs/run-0/{PHASE}/security_secret_injection_checks.replaced-1.json"),
        old,
    );
    let (code, report) = json_of(&cli, &[]);
    assert_eq!(code, 0);
    let earlier = &report["runs"][0]["earlier_evidence"][0];
    assert_eq!(
        (earlier["verdict"].as_str(), earlier["written_at_utc"].as_str()),
        (Some("fail"), Some("2026-01-01T00:00:00Z"))
    );
    let shown = audit(&cli, &[]).stdout;
    assert!(shown.contains("before: fail of 2026-01-01") && shown.contains("now: pass"), "{shown}");
}

#[test]
fn many_earlier_documents_are_cut_aloud() {
    let cli = good(1);
    for n in 1..=21 {
        let name =
            format!("store/evidence/runs/run-0/{PHASE}/security_secret_injection_checks.replaced-{n}.json");
        cli.write(&name, "{\"verdict\": \"FAIL\"}");
    }
    let (code, report) = json_of(&cli, &[]);
    assert_eq!(code, 0);
    assert_eq!(report["runs"][0]["earlier_evidence"].as_array().unwrap().len(), 20);
    let told = "only the first 20 of its replaced evidence files are listed";
    assert!(report.to_string().contains(told), "{report:#}");
}

#[test]
fn only_tags_whose_runs_differ_are_told() {
    let cli = zoo();
    let (_, report) = json_of(&cli, &[]);
    let tags = report["tags"].as_array().unwrap();
    assert!(
        !tags.is_empty() && tags.iter().all(|t| !t["changes"].as_array().unwrap().is_empty()),
        "{tags:#?}"
    );
}
