//! `seaworthy accept`: from a report's fingerprint to an entry of the contract.

use crate::support::{Cli, findings};

/// A project whose `.env` a COPY takes.
fn project() -> Cli {
    let cli = Cli::new();
    cli.write("Dockerfile", "FROM scratch\nCOPY . .\n")
        .write(".env", "SECRET_KEY=q8Zr2LwT9vXc4KpN\nDATABASE_URL=postgres://app:Harbour2024!@db/app\n");
    cli
}

fn until() -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.saturating_add(jiff::Span::new().days(30)).to_string()
}

fn fingerprints(cli: &Cli) -> Vec<(String, String)> {
    let report = cli.run(&["context", "--report", "json"]).json();
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    findings(&report).iter().map(|f| (text(&f["check"]), text(&f["fingerprint"]))).collect()
}

#[test]
fn a_finding_is_accepted_by_its_first_digits() {
    let cli = project();
    let all = fingerprints(&cli);
    let (check, fingerprint) = all.iter().find(|(c, _)| c == "SW102").unwrap();
    let until = until();
    let answer = cli.run(&[
        "accept",
        fingerprint.get(..8).unwrap_or_default(),
        "--until",
        &until,
        "--reason",
        "invented for this test",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let contract = cli.read("seaworthy.toml");
    for line in [
        "[[accept]]".to_owned(),
        format!("check = \"{check}\""),
        "path = \".env\"".to_owned(),
        format!("fingerprint = \"{fingerprint}\""),
        format!("expires = \"{until}\""),
    ] {
        assert!(contract.lines().any(|l| l == line), "{line}: {contract}");
        assert!(answer.stdout.contains(&line), "{}", answer.stdout);
    }
    let after = cli.run(&["context", "--report", "json"]).json();
    assert_eq!(after["accepted"].as_array().unwrap().len(), 1);
    assert_eq!(findings(&after).len(), all.len() - 1);
    // Once is enough, and it is no open finding any more.
    let again = cli.run(&["accept", fingerprint, "--until", &until, "--reason", "invented for this test"]);
    again.error(&["no open finding"]);
}

#[test]
fn a_cause_is_accepted_as_a_whole_and_a_contract_keeps_its_text() {
    let cli = project();
    let old = "# ours\nversion = 1 # one\n\n[policy]\nfail_on = \"low\"\n";
    cli.write("seaworthy.toml", old);
    let report = cli.run(&["context", "--report", "json"]).json();
    let cause = &report["causes"][0]["fingerprints"];
    assert!(cause.as_array().unwrap().len() > 3, "{report:#}");
    let first = cause[0].as_str().unwrap();
    let answer =
        cli.run(&["accept", first, "--cause", "--until", &until(), "--reason", "invented for this test"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(cli.read("seaworthy.toml").starts_with(old));
    let after = cli.run(&["context", "--report", "json"]).json();
    assert_eq!(findings(&after).len(), 0, "{after:#}");
}

#[test]
fn what_cannot_be_accepted_says_why() {
    let cli = project();
    let fingerprint = fingerprints(&cli)[0].1.clone();
    let accept = |more: &[&str]| {
        let until = until();
        let mut arguments = vec!["accept"];
        arguments.extend_from_slice(more);
        if !more.contains(&"--until") {
            arguments.extend(["--until", until.as_str()]);
        }
        if !more.contains(&"--reason") {
            arguments.extend(["--reason", "invented for this test"]);
        }
        cli.run(&arguments)
    };
    accept(&["1234567"]).error(&["8 to 32 hex digits"]);
    accept(&["xyzxyzxyz"]).error(&["8 to 32 hex digits"]);
    accept(&["00000000"]).error(&["no open finding", "SW102", &fingerprint]);
    accept(&[&fingerprint, "--until", "2020-01-01"]).error(&["is over"]);
    accept(&[&fingerprint, "--until", "2999-01-01"]).error(&["400 days"]);
    accept(&[&fingerprint, "--until", "soon"]).error(&["2027-01-31"]);
    accept(&[&fingerprint, "--reason", "short"]).error(&["reason"]);
    accept(&[&fingerprint, "--from", "no.json"]).error(&["no such file"]);
    cli.write("other.json", "{\"schema\": \"x\"}");
    accept(&[&fingerprint, "--from", "other.json"]).error(&["not a JSON report"]);
    assert!(!cli.path("seaworthy.toml").exists());
    cli.run(&["context", "--report", "json=r.json"]);
    cli.write("seaworthy.toml", "version = = 1\n");
    accept(&[&fingerprint, "--from", "r.json"]).error(&["seaworthy.toml"]);
}

#[test]
fn ambiguous_digits_are_refused() {
    let cli = project();
    let finding = |fingerprint: &str| {
        format!(
            "{{\"check\": \"SW102\", \"fingerprint\": \"{fingerprint}\", \"message\": \"m\", \
             \"origin\": {{\"artifact\": \".\", \"path\": \"a\"}}}}"
        )
    };
    let (one, two) = (format!("{:0<32}", "aabbccdd1"), format!("{:0<32}", "aabbccdd2"));
    let report = format!(
        "{{\"schema\": \"seaworthy/report/v1\", \"findings\": [{}, {}]}}",
        finding(&one),
        finding(&two)
    );
    cli.write("r.json", report);
    let until = until();
    let accept = |digits: &str| {
        cli.run(&[
            "accept",
            digits,
            "--from",
            "r.json",
            "--until",
            &until,
            "--reason",
            "invented for this test",
        ])
    };
    accept("aabbccdd").error(&["ambiguous", &one, &two]);
    assert_eq!(accept("aabbccdd2").code, 0);
    assert!(cli.read("seaworthy.toml").contains(&two));
}

#[test]
fn a_cause_takes_along_no_file_of_the_image_that_is_another() {
    let cli = project();
    let finding = |digit: char, kind: &str, path: &str, instruction: &str| {
        format!(
            "{{\"check\": \"SW301\", \"fingerprint\": \"{}\", \"message\": \"m\", \"origin\": {{\"kind\": \"{kind}\", \
             \"artifact\": \"app.tar\", \"path\": \"{path}\", \"layer\": {{\"instruction\": \"{instruction}\"}}}}}}",
            digit.to_string().repeat(32)
        )
    };
    let all = ['a', 'b', 'c', 'd'];
    let findings = [
        finding('a', "context", "src/settings.py", ""),
        finding('b', "file", "app/src/settings.py", "COPY src /app/src # buildkit"),
        finding('c', "file", "usr/lib/other/settings.py", "COPY lib /usr/lib # buildkit"),
        finding('d', "file", "opt/src/settings.py", "RUN pip install other"),
    ];
    let fingerprints = all.map(|c| format!("\"{}\"", c.to_string().repeat(32))).join(", ");
    cli.write(
        "r.json",
        format!(
            "{{\"schema\": \"seaworthy/report/v1\", \"findings\": [{}], \"causes\": [{{\"fingerprints\": [{fingerprints}]}}]}}",
            findings.join(", ")
        ),
    );
    let answer = cli.run(&[
        "accept",
        "aaaaaaaa",
        "--cause",
        "--from",
        "r.json",
        "--until",
        &until(),
        "--reason",
        "invented for this test",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let contract = cli.read("seaworthy.toml");
    for (digit, is_accepted) in all.into_iter().zip([true, true, false, false]) {
        let fingerprint = digit.to_string().repeat(32);
        assert_eq!(contract.contains(&fingerprint), is_accepted, "{fingerprint}: {contract}");
        assert_eq!(answer.stderr.contains(&fingerprint), !is_accepted, "{fingerprint}: {}", answer.stderr);
    }
}

/// Check and fingerprint of each finding, sorted.
fn named(report: &serde_json::Value) -> Vec<(String, String)> {
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let mut all: Vec<_> =
        findings(report).iter().map(|f| (text(&f["check"]), text(&f["fingerprint"]))).collect();
    all.sort();
    all
}

#[test]
fn fingerprints_and_paths_do_not_depend_on_how_the_context_is_named() {
    let cli = Cli::new();
    cli.write(
        "acc/Dockerfile",
        "FROM python:3.13\nARG API_TOKEN=Kb7vq2Xm9Rt4\nENV DB_PASSWORD=Harbour2024x\nCOPY . /app\n",
    )
    .write("acc/.dockerignore", "*\n!.env\n!app\n!app/x.txt\n")
    .write("acc/app/x.txt", "x\n")
    .write("acc/.env", "SECRET_KEY=q8Zr2LwT9vXc4KpN\n");
    let absolute = cli.path("acc").display().to_string();
    let within = |directory: &str, arguments: &[&str]| {
        let mut all = vec!["context"];
        all.extend(arguments);
        all.extend(["--report", "json"]);
        cli.run_in(directory, &all).json()
    };
    let first = within("acc", &["."]);
    let checks: Vec<String> = named(&first).into_iter().map(|(check, _)| check).collect();
    for check in ["SW104", "SW201", "SW202", "SW204", "SW209"] {
        assert!(checks.iter().any(|c| c == check), "{check}: {checks:?}");
    }
    let spellings: [(&str, &[&str]); 6] = [
        ("acc", &[]),
        ("acc", &["../acc"]),
        ("acc", &[&absolute]),
        (".", &["acc"]),
        (".", &["./acc/", "-f", "acc/../acc/Dockerfile"]),
        (".", &[&absolute, "-f", "./acc/Dockerfile"]),
    ];
    for (directory, arguments) in spellings {
        let report = within(directory, arguments);
        assert_eq!(named(&report), named(&first), "{directory} {arguments:?}");
        for finding in findings(&report).iter().filter(|f| f["origin"]["kind"] == "dockerfile") {
            let path = finding["origin"]["path"].as_str().unwrap();
            assert!(["Dockerfile", ".dockerignore"].contains(&path), "{path}");
        }
        // The source line is quoted all the same.
        let mut text = vec!["context"];
        text.extend(arguments);
        let text = cli.run_in(directory, &text).stdout;
        assert!(text.contains("ARG API_TOKEN=****"), "{directory} {arguments:?}: {text}");
    }
    // A SARIF location is the file's own path.
    let sarif = cli.run(&["context", "acc", "--report", "sarif"]).stdout;
    assert!(sarif.contains("acc/Dockerfile"), "{sarif}");
}

#[test]
fn an_accepted_copy_does_not_hide_the_next_secret_file() {
    let cli = project();
    let all = fingerprints(&cli);
    let (_, copy) = all.iter().find(|(c, _)| c == "SW204").unwrap();
    let until = until();
    let answer = cli.run(&["accept", copy, "--until", &until, "--reason", "invented for this test"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    // The entry names the place that the report prints, and it holds.
    assert!(answer.stdout.contains("path = \"Dockerfile\""), "{}", answer.stdout);
    let has_copy = |cli: &Cli| fingerprints(cli).iter().any(|(c, _)| c == "SW204");
    assert!(!has_copy(&cli));
    cli.write("id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    assert!(has_copy(&cli));
}

#[test]
fn the_path_that_a_warning_names_is_one_that_matches() {
    let cli = project();
    let entry = |path: &str| {
        format!(
            "version = 1\n[[accept]]\ncheck = \"SW204\"\npath = \"{path}\"\nreason = \"invented for this test\"\n\
             expires = \"{}\"\n",
            until()
        )
    };
    cli.write("seaworthy.toml", entry("nowhere"));
    let warned = cli.run(&["context"]).stderr;
    assert!(warned.contains("path = \"Dockerfile\""), "{warned}");
    cli.write("seaworthy.toml", entry("Dockerfile"));
    let after = cli.run(&["context", "--report", "json"]).json();
    assert_eq!(after["accepted"][0]["finding"]["check"], "SW204", "{after:#}");
}
