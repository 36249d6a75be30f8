//! Reports and exit codes, from outside.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Cli, Layer, Spec, Tar, findings, gzip, planted, program};

const DOCKERFILE: &str = "FROM scratch\nCOPY . /app\nRUN rm /app/gone.txt\nRUN echo token | login\n";

/// A directory with the planted image, a clean one, and one that cannot be read to its end.
fn images() -> Cli {
    let cli = Cli::new();
    let clean = Spec::new([Layer::from(Tar::new().file("app/run", "x"))]);
    let mut cut = clean.layout("1");
    let layer = cut.get(&cut.roots[0])["layers"][0].clone();
    cut.remove(&layer);
    cli.write("fail.tar", planted().docker_archive(&["app:1"])).write("pass.tar", clean.docker_archive(&[]));
    cli.write("incomplete.tar", cut.tar().done()).write("Dockerfile", DOCKERFILE);
    cli
}

#[test]
fn several_reports_in_one_run() {
    let cli = images();
    let files = ["text", "json", "sarif", "github", "evidence"].map(|f| format!("{f}=out/{f}"));
    let arguments = files.iter().flat_map(|f| ["--report", f]);
    let all: Vec<&str> = ["image", "fail.tar"].into_iter().chain(arguments).collect();
    let answer = cli.run(&all);
    assert_eq!((answer.code, answer.stdout.as_str()), (1, ""));
    for format in ["text", "json", "sarif", "github"] {
        assert!(answer.stderr.contains(&format!("{format} report: out/{format}")), "{}", answer.stderr);
        // The same as the report alone on standard output.
        let alone = cli.run(&["image", "fail.tar", "--report", format]);
        assert_eq!((alone.code, alone.stderr.as_str()), (1, ""), "{format}");
        assert_eq!(alone.stdout, cli.read(&format!("out/{format}")), "{format}");
    }
    assert!(answer.stderr.contains("evidence: out/evidence"), "{}", answer.stderr);
    assert_eq!(cli.read_json("out/evidence")["verdict"], "FAIL");
    assert_eq!(std::fs::read_dir(cli.path("out")).unwrap().count(), 5, "no temporary file is left");
    // Comma-separated in the environment, and the option above it.
    let cli = images().env("SEAWORTHY_REPORT", "json=a.json,sarif=a.sarif");
    assert_eq!(cli.run(&["image", "fail.tar", "-q"]).stdout, "");
    assert_eq!(cli.read_json("a.json")["verdict"], "fail");
    assert_eq!(cli.read_json("a.sarif")["version"], "2.1.0");
    assert!(cli.run(&["image", "fail.tar", "--report", "text"]).stdout.contains("fail"));
}

#[test]
fn report_options_that_make_no_sense() {
    let cli = images();
    let cases: [(&[&str], &str); 5] = [
        (&["--report", "json", "--report", "text"], "both go to standard output"),
        (&["--report", "json=a", "--report", "sarif=a"], "two reports would go to a"),
        (&["--report", "xml"], "xml"),
        (&["--report", "json="], "no path after"),
        (&["--report", ""], "--report"),
    ];
    for (options, words) in cases {
        let arguments: Vec<&str> = ["image", "fail.tar"].iter().chain(options).copied().collect();
        cli.run(&arguments).error(&[words]);
    }
}

#[test]
fn json_sarif_github_and_evidence_agree() {
    for name in ["fail.tar", "pass.tar", "incomplete.tar"] {
        let cli = images();
        for more in [&[][..], &["-f", "Dockerfile"]] {
            let reports = ["json=r.json", "sarif=r.sarif", "github=r.github", "evidence=r.evidence"]
                .map(|r| format!("--report={r}"));
            let arguments = ["image", name]
                .into_iter()
                .chain(reports.iter().map(String::as_str))
                .chain(more.iter().copied());
            cli.run(&arguments.collect::<Vec<_>>());
            let [json, sarif, evidence] = ["r.json", "r.sarif", "r.evidence"].map(|p| cli.read_json(p));
            let found = findings(&json);
            let results = sarif["runs"][0]["results"].as_array().unwrap();
            assert_eq!(results.len(), found.len(), "{name}");
            assert_eq!(json["summary"]["findings"], found.len());
            let missed = json["not_checked"].as_array().unwrap().len();
            assert_eq!(json["summary"]["not_checked"], missed);
            let github = cli.read("r.github");
            assert_eq!(github.lines().count(), 1 + found.len() + missed, "{github}");
            let of_evidence: u64 = evidence["checks"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["findings_count"].as_u64().unwrap())
                .sum();
            assert_eq!(of_evidence, found.len() as u64);
            assert_eq!(evidence["not_checked"].as_array().unwrap().len(), missed);
            for check in json["checks"].as_array().unwrap() {
                let id = &check["id"];
                let of_check = found.iter().filter(|f| f["check"] == *id).count();
                assert_eq!(check["findings"], of_check);
                assert_eq!(results.iter().filter(|r| r["properties"]["check"] == *id).count(), of_check);
                let in_evidence =
                    evidence["checks"].as_array().unwrap().iter().find(|c| c["id"] == *id).unwrap();
                assert_eq!(in_evidence["findings_count"], of_check);
                assert_eq!(in_evidence["status"], check["status"]);
            }
            for severity in ["critical", "high", "medium", "low"] {
                let of_severity = found.iter().filter(|f| f["severity"] == severity).count();
                assert_eq!(json["summary"][severity], of_severity);
                let rank = |r: &&Value| r["properties"]["severity"] == severity;
                assert_eq!(results.iter().filter(rank).count(), of_severity, "{severity}: {:#}", results[0]);
            }
            let mut prints: Vec<&str> =
                results.iter().map(|r| r["partialFingerprints"]["seaworthy/v1"].as_str().unwrap()).collect();
            let mut own: Vec<&str> = found.iter().map(|f| f["fingerprint"].as_str().unwrap()).collect();
            prints.sort_unstable();
            own.sort_unstable();
            assert_eq!(prints, own);
        }
    }
}

#[test]
fn exit_codes_are_those_of_the_verdict_in_every_format() {
    let cli = images();
    for (name, code, lenient) in [("pass.tar", 0, 0), ("fail.tar", 1, 0), ("incomplete.tar", 2, 2)] {
        for format in ["text", "json", "sarif", "github", "json=r", "sarif=s", "evidence=e"] {
            let run = |more: &[&str]| {
                let arguments = ["image", name, "--replace", "--report", format];
                cli.run(&[&arguments[..], more].concat()).code
            };
            assert_eq!(run(&[]), code, "{name} {format}");
            assert_eq!(run(&["--exit-zero"]), lenient, "{name} {format}");
        }
    }
    assert_eq!(cli.run(&["image", "no-such.tar", "--exit-zero"]).code, 2);
    assert_eq!(cli.run(&["image", "--no-such-option", "--exit-zero"]).code, 2);
    let lenient = images().env("SEAWORTHY_EXIT_ZERO", "true");
    assert_eq!(lenient.run(&["image", "fail.tar"]).code, 0);
}

#[test]
fn a_report_that_cannot_be_written() {
    let cli = images();
    cli.write("file", "old").write("old.json", "old");
    std::fs::create_dir(cli.path("directory")).unwrap();
    for bad in ["file/below.json", "directory", "/proc/no/such.json"] {
        let arguments = [
            "image",
            "fail.tar",
            "--report",
            &format!("json={bad}"),
            "--report",
            "sarif=good.sarif",
            "--exit-zero",
        ];
        let answer = cli.run(&arguments);
        assert_eq!(answer.code, 2, "{bad}: {}", answer.stderr);
        assert!(answer.stderr.contains(bad), "{}", answer.stderr);
        assert_eq!(cli.read_json("good.sarif")["version"], "2.1.0", "{bad}");
        std::fs::remove_file(cli.path("good.sarif")).unwrap();
    }
    assert_eq!(cli.read("file"), "old");
    let mut names: Vec<String> = std::fs::read_dir(cli.dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    let all = ["Dockerfile", "directory", "fail.tar", "file", "incomplete.tar", "old.json", "pass.tar"];
    assert_eq!(names, all, "nothing half-written is left");
    // What was there is replaced as a whole.
    cli.run(&["image", "fail.tar", "--report", "json=old.json"]);
    assert_eq!(cli.read_json("old.json")["schema"], "seaworthy/report/v1");
    // An input that cannot be read leaves no report behind, and an older one alone.
    cli.write("kept.json", "kept");
    cli.run(&["image", "no-such.tar", "--report", "json=kept.json"]).error(&["no-such.tar"]);
    assert_eq!(cli.read("kept.json"), "kept");
}

#[test]
fn evidence_has_a_place_of_its_own_and_is_not_overwritten() {
    let cli = images();
    let path = "seaworthy-evidence/security_secret_injection_checks.json";
    let run = |image: &str, more: &[&str]| {
        let arguments =
            ["image", image, "--report", "evidence", "--run-id", "run_1", "--actor", "ci:release"];
        cli.run(&[&arguments[..], more].concat())
    };
    let answer = run("fail.tar", &[]);
    assert_eq!((answer.code, answer.stdout.as_str()), (1, ""));
    assert!(answer.stderr.contains(path), "{}", answer.stderr);
    let first = cli.read_json(path);
    assert_eq!(first["schema"], "seaworthy/evidence/v1");
    assert_eq!(
        (first["platform_run_id"].as_str(), first["actor"].as_str()),
        (Some("run_1"), Some("ci:release"))
    );
    assert_eq!((first["verdict"].as_str(), first["phase_id"].as_str()), (Some("FAIL"), Some("image")));
    // The same again is fine; another verdict is not, unless it is asked for, and then the old one is kept.
    assert_eq!(run("fail.tar", &[]).code, 1);
    let refused = run("pass.tar", &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
    assert_eq!(cli.read_json(path)["verdict"], "FAIL");
    let replaced = run("pass.tar", &["--replace"]);
    assert_eq!(replaced.code, 0, "{}", replaced.stderr);
    assert!(replaced.stderr.contains("kept as"), "{}", replaced.stderr);
    assert_eq!(cli.read_json(path)["verdict"], "PASS");
    let kept = cli.read_json("seaworthy-evidence/security_secret_injection_checks.replaced-1.json");
    assert_eq!(kept["verdict"], "FAIL");
    // What is not evidence is replaced only when that is asked for, and kept.
    cli.write("mine.json", "{}");
    let answer = cli.run(&["image", "pass.tar", "--report", "evidence=mine.json"]);
    assert_eq!((answer.code, cli.read("mine.json").as_str()), (2, "{}"));
    let answer = cli.run(&["image", "pass.tar", "--report", "evidence=mine.json", "--replace"]);
    assert_eq!((answer.code, cli.read("mine.replaced-1.json").as_str()), (0, "{}"));
    // An incomplete run is a FAIL that says so.
    cli.run(&["image", "incomplete.tar", "--report", "evidence=open.json"]);
    let open = cli.read_json("open.json");
    assert_eq!(open["verdict"], "FAIL");
    assert!(open["failure_reason"].as_str().unwrap().starts_with("incomplete: "));
}

#[test]
fn github_annotations_stand_at_the_dockerfiles_lines() {
    let cli = images();
    let answer = cli.run(&["image", "fail.tar", "-f", "Dockerfile", "--report", "github"]);
    let lines: Vec<&str> = answer.stdout.lines().collect();
    assert!(lines[0].starts_with("::error title=seaworthy%3A fail::"), "{}", lines[0]);
    assert!(lines.iter().all(|l| ["::error ", "::warning ", "::notice "].iter().any(|c| l.starts_with(c))));
    assert!(
        lines.iter().any(|l| l.starts_with("::error file=Dockerfile,line=2,") && l.contains("SW302")),
        "{lines:#?}"
    );
    let pass = cli.run(&["image", "pass.tar", "--report", "github"]);
    assert!(pass.stdout.starts_with("::notice "), "{}", pass.stdout);
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let escapes = |cli: Cli, arguments: &[&str]| {
        cli.run(&[&["image", "fail.tar"], arguments].concat()).stdout.contains('\x1b')
    };
    assert!(!escapes(images(), &[]), "standard output is no terminal");
    assert!(escapes(images(), &["--color", "always"]));
    assert!(escapes(images().env("NO_COLOR", "1"), &["--color", "always"]), "what is typed wins");
    assert!(escapes(images().env("FORCE_COLOR", "1"), &[]));
    assert!(escapes(images().env("CLICOLOR_FORCE", "1"), &[]));
    assert!(escapes(images().env("SEAWORTHY_COLOR", "always"), &[]));
    assert!(!escapes(images().env("FORCE_COLOR", "1").env("NO_COLOR", "1"), &[]));
    assert!(!escapes(images().env("FORCE_COLOR", "1"), &["--color", "never"]));
    assert!(!escapes(images().env("FORCE_COLOR", "1"), &["--report", "json"]));
    // A file gets none.
    let cli = images().env("FORCE_COLOR", "1");
    cli.run(&["image", "fail.tar", "--report", "text=r.txt"]);
    assert!(!cli.read("r.txt").contains('\x1b'));
    // Neither do progress bars appear where nobody looks.
    assert_eq!(cli.run(&["image", "pass.tar"]).stderr, "");
}

#[test]
fn the_text_report() {
    let cli = images();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"sha256:[0-9a-f]{64}", "sha256:…");
    settings.add_filter(r"seaworthy \d+\.\d+\.\d+", "seaworthy VERSION");
    let run = |more: &[&str]| cli.run(&[&["image", "fail.tar", "-f", "Dockerfile"], more].concat()).stdout;
    settings.bind(|| {
        insta::assert_snapshot!("text_report", run(&[]));
        insta::assert_snapshot!("text_report_quiet", run(&["-q"]));
        insta::assert_snapshot!("text_report_verbose", run(&["-v"]));
        insta::assert_snapshot!("text_report_pass", cli.run(&["image", "pass.tar"]).stdout);
        insta::assert_snapshot!("text_report_incomplete", cli.run(&["image", "incomplete.tar"]).stdout);
    });
}

#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    let cli = Cli::new();
    // More than a pipe holds, so that the writer must notice.
    let many = (0..3000).fold(Tar::new(), |tar, n| tar.file(&format!("app/.env.{n}"), "A=b"));
    cli.write("many.tar", Spec::new([Layer::from(many)]).docker_archive(&[]));
    for format in ["text", "json", "sarif", "github"] {
        let mut command = cli.command(&["image", "many.tar", "-v", "--report", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{format}: {err}");
        assert_eq!(err, "", "{format}");
    }
    for arguments in [&["rules", "list"][..], &["explain"], &["man"], &["--help"], &["image", "--help"]] {
        let mut child = cli.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let cli = images();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = cli.command(&["image", "fail.tar"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("standard output"), "{err}");
    let answer = cli.run(&["image", "fail.tar", "--report", "json=/dev/full"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("/dev/full"), "{}", answer.stderr);
}

/// Closed from the start, or opened for reading only: nothing was told, whatever the verdict is.
#[test]
fn standard_output_that_takes_nothing_is_an_error() {
    let cli = images();
    for arguments in ["image fail.tar", "explain SW101", "--help", "image --help", "--version"] {
        for redirection in [">&-", "1</dev/null"] {
            let script = format!("\"$0\" {arguments} {redirection}");
            let mut shell = Command::new("bash");
            shell.args(["-c", &script, env!("CARGO_BIN_EXE_seaworthy")]).current_dir(cli.path(""));
            let output = shell.output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{script}: {err}");
            assert!(err.contains("standard output"), "{script}: {err}");
        }
        let null =
            cli.command(&arguments.split(' ').collect::<Vec<_>>()).stdout(Stdio::null()).output().unwrap();
        assert_ne!(null.status.code(), Some(2), "{arguments}");
    }
}

/// What an argument holds is told and never written to the terminal as it is.
#[test]
fn messages_move_no_cursor() {
    let cli = images();
    let name = "x\u{1b}]0;y\u{7}\u{202e}z";
    for arguments in [
        vec!["context", name],
        vec!["context", "-f", name],
        vec!["image", name],
        vec!["image", "pass.tar", "--rules", name],
        vec!["init", name],
        vec!["init", "--env", name],
        vec!["attest", "--provenance", name],
        vec!["simulate", "--cases", name],
        vec!["accept", "0123456789", "--from", name, "--until", "2099-01-01", "--reason", "for a test"],
        vec![name],
        vec!["image", name, "--no-such-option"],
        vec!["image", "--report", name, "pass.tar"],
    ] {
        let answer = cli.run(&arguments);
        assert_eq!(answer.code, 2, "{arguments:?}: {}", answer.stderr);
        for raw in ['\u{1b}', '\u{7}', '\u{202e}'] {
            assert!(!answer.stderr.contains(raw), "{arguments:?}: {:?}", answer.stderr);
        }
    }
}

#[test]
fn sarif_passes_the_gates() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    // Asked for here, since the script's own message would be hidden in its output.
    drop(program("npm", "npm"));
    let cli = images();
    cli.write("odd.tar", odd_names().docker_archive(&["app:1"])).write("odd.tar.gz", gzip(b"x"));
    let mut gates = Command::new("bash");
    gates.arg(root.join("tests/sarif_gates.sh"));
    for (i, (image, more)) in [
        ("fail.tar", &["-f", "Dockerfile"][..]),
        ("fail.tar", &[]),
        ("pass.tar", &[]),
        ("incomplete.tar", &[]),
        ("odd.tar", &[]),
    ]
    .iter()
    .enumerate()
    {
        let file = format!("{i}.sarif");
        let report = format!("sarif={file}");
        cli.run(&[&["image", image, "--report", &report][..], more].concat());
        gates.arg(cli.path(&file));
    }
    let output = gates.output().unwrap();
    let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches(": no errors").count(), 5, "{text}");
}

/// Paths that make bad URIs if they are not encoded.
fn odd_names() -> Spec {
    let names = [
        "a b.env",
        "100%.env",
        "x:y/.env",
        "app/#1/.env",
        "ü/.env",
        "[1]?.env",
        "c\\d.env",
        "docker://x.env",
    ];
    let tar = names.iter().fold(Tar::new(), |tar, name| tar.file(name, crate::support::GITHUB));
    Spec::new([tar.into()])
}
