//! The contract: what it accepts, what it asks for, and what it says of its own mistakes.

use jiff::{ToSpan as _, Zoned};
use serde_json::Value;

use crate::support::{Cli, GITHUB, GITLAB, Layer, Spec, Tar, findings, ids, planted};

/// A day so many days from today, as contracts write it.
fn day(days: i64) -> String {
    Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date().checked_add(days.days()).unwrap().to_string()
}

fn image(contract: &str) -> Cli {
    let cli = Cli::new();
    cli.write("image.tar", planted().docker_archive(&["app:1"]));
    cli.write("seaworthy.toml", format!("version = 1\n{contract}"));
    cli
}

fn accept(what: &str, expires: &str) -> String {
    format!("[[accept]]\n{what}\nreason = \"a test of the contract\"\nexpires = \"{expires}\"\n")
}

#[test]
fn an_accepted_finding_stays_in_the_record_alone() {
    let contract =
        accept("check = \"SW301\"\ndetector = \"github-pat-classic\"\npath = \"app/*.ini\"", &day(30));
    let cli = image(&contract);
    let arguments = [
        "image",
        "image.tar",
        "--report=json=r.json",
        "--report=sarif=r.sarif",
        "--report=evidence=e.json",
        "--report=text",
    ];
    let answer = cli.run(&arguments);
    let (json, sarif, evidence) =
        (cli.read_json("r.json"), cli.read_json("r.sarif"), cli.read_json("e.json"));
    let is_it = |f: &Value| f["check"] == "SW301" && f["detector"] == "github-pat-classic";
    assert!(!findings(&json).iter().any(is_it));
    let accepted = json["accepted"].as_array().unwrap();
    assert_eq!(accepted.len(), 1);
    assert!(is_it(&accepted[0]["finding"]));
    assert_eq!(accepted[0]["reason"], "a test of the contract");
    assert_eq!(accepted[0]["expires"], day(30).as_str());
    assert_eq!(json["summary"]["accepted"], 1);
    assert!(!sarif.to_string().contains("settings.ini"), "suppressed results would become open alerts");
    let check = evidence["checks"].as_array().unwrap().iter().find(|c| c["id"] == "SW301").unwrap();
    assert_eq!(check["accepted_count"], 1);
    assert_eq!(check["accepted"][0]["reason"], "a test of the contract");
    assert!(answer.stdout.contains("accepted"), "{}", answer.stdout);
    // The rest still fails.
    assert_eq!(answer.code, 1);
}

#[test]
fn accepting_all_makes_a_pass() {
    let cli = Cli::new();
    let spec = Spec::new([Layer::from(Tar::new().file("app/x", GITHUB))]);
    cli.write("image.tar", spec.docker_archive(&[]));
    let (code, report) = cli.image("image.tar");
    assert_eq!(code, 1);
    let fingerprint = findings(&report)[0]["fingerprint"].as_str().unwrap();
    let by_fingerprint = format!("check = \"SW301\"\nfingerprint = \"{fingerprint}\"");
    cli.write("seaworthy.toml", format!("version = 1\n{}", accept(&by_fingerprint, &day(1))));
    let (code, report) = cli.image("image.tar");
    assert_eq!((code, report["verdict"].as_str()), (0, Some("pass")));
    // Today is the last day on which it holds; after that it is a finding again, and says why.
    cli.write("seaworthy.toml", format!("version = 1\n{}", accept(&by_fingerprint, &day(0))));
    assert_eq!(cli.image("image.tar").0, 0);
    cli.write("seaworthy.toml", format!("version = 1\n{}", accept(&by_fingerprint, &day(-1))));
    let (code, report) = cli.image("image.tar");
    assert_eq!(code, 1);
    assert!(findings(&report)[0]["notes"].to_string().contains("that has expired"), "{report:#}");
    // One that matches nothing is told, with its line.
    let other = accept("check = \"SW301\"\npath = \"no/such\"", &day(1));
    cli.write("seaworthy.toml", format!("version = 1\n{other}"));
    let answer = cli.run(&["image", "image.tar"]);
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("seaworthy.toml:2:1: this acceptance matches nothing"),
        "{}",
        answer.stderr
    );
}

#[test]
fn the_image_cannot_silence_the_tool() {
    let everything = accept("check = \"SW301\"\npath = \"**\"", &day(30));
    let tar = Tar::new()
        .file("seaworthy.toml", format!("version = 1\n{everything}"))
        .file("app/x", format!("{GITHUB} # seaworthy:ignore nosec gitleaks:allow\n"));
    let cli = Cli::new();
    Spec::new([Layer::from(tar)]).layout("1").write(&cli.path("layout"));
    cli.write("layout/seaworthy.toml", format!("version = 1\n{everything}"));
    let (code, report) = cli.image("oci:layout");
    assert_eq!((code, ids(&report)), (1, vec!["SW301"]));
}

#[test]
fn mistakes_are_shown_in_their_lines() {
    let cases: [(&str, &str, &str); 7] = [
        ("versoin = 1\n", "versoin", ":1:1"),
        ("version = 2\n", "version", ":1:11"),
        ("version = 1\n[policy]\nfail_on = \"hihg\"\n", "hihg", ":3:11"),
        ("version = 1\n[limits]\nmax_layer_bytes = 0\n", "max_layer_bytes", ":3:19"),
        ("version = 1\n[[accept]]\ncheck = \"SW301\"\n", "reason", ":2:1"),
        ("version = 1\n[image\n", "", ":2:"),
        ("version = 1\n[limits]\nmax_layer_bytes = \"many\"\n", "", ":3:19"),
    ];
    for (text, word, place) in cases {
        let cli = Cli::new();
        cli.write("image.tar", planted().docker_archive(&[])).write("my.toml", text);
        let answer = cli.run(&["image", "image.tar", "--contract", "my.toml", "--exit-zero"]);
        answer.error(&["my.toml", word, place]);
    }
}

#[test]
fn a_contract_that_is_not_there() {
    let cli = image("");
    cli.run(&["image", "image.tar", "--contract", "other.toml"]).error(&["other.toml"]);
    let named = image("").env("SEAWORTHY_CONTRACT", "other.toml");
    named.run(&["image", "image.tar"]).error(&["other.toml"]);
    // The option goes over the environment.
    assert_eq!(named.run(&["image", "image.tar", "--contract", "seaworthy.toml"]).code, 1);
    // One that is there and cannot be read is not passed over.
    let cli = Cli::new();
    cli.write("image.tar", planted().docker_archive(&[])).write("seaworthy.toml/x", "");
    cli.run(&["image", "image.tar"]).error(&["seaworthy.toml"]);
    let cli = Cli::new();
    cli.write("image.tar", planted().docker_archive(&[]));
    std::os::unix::fs::symlink("nowhere", cli.path("seaworthy.toml")).unwrap();
    cli.run(&["image", "image.tar"]).error(&["seaworthy.toml"]);
}

#[test]
fn fail_on_moves_the_verdict_and_hides_nothing() {
    let cli = Cli::new();
    // Worth a "medium".
    cli.write(
        "image.tar",
        Spec::new([Layer::from(Tar::new().file("root/.bash_history", "ls"))]).docker_archive(&[]),
    );
    for (fail_on, code) in [("low", 1), ("medium", 1), ("high", 0), ("critical", 0)] {
        cli.write("seaworthy.toml", format!("version = 1\n[policy]\nfail_on = \"{fail_on}\"\n"));
        let (got, report) = cli.image("image.tar");
        assert_eq!((got, ids(&report)), (code, vec!["SW308"]), "{fail_on}");
        assert_eq!(report["fail_on"], fail_on);
    }
}

#[test]
fn detectors_are_off_for_a_time() {
    let disable = |days| {
        let on = day(days);
        format!(
            "[[rules.disable]]\ndetector = \"gitlab-pat\"\nreason = \"a test of the contract\"\nexpires = \"{on}\"\n"
        )
    };
    let has = |report: &Value| findings(report).iter().any(|f| f["detector"] == "gitlab-pat");
    assert!(!has(&image(&disable(3)).image("image.tar").1));
    let cli = image(&disable(-3));
    let answer = cli.run(&["image", "image.tar", "--report", "json"]);
    assert!(has(&answer.json()));
    assert!(answer.stderr.contains("gitlab-pat was disabled until"), "{}", answer.stderr);
    let cli = image(&disable(3).replace("gitlab-pat", "no-such-detector"));
    let answer = cli.run(&["image", "image.tar"]);
    assert!(answer.stderr.contains("no-such-detector, which does not exist"), "{}", answer.stderr);
}

#[test]
fn a_key_changes_the_fingerprints() {
    let contract = "[fingerprints]\nkey_env = \"FINGERPRINT_KEY\"\n";
    let prints = |cli: &Cli| -> Vec<String> {
        let (_, report) = cli.image("image.tar");
        findings(&report).iter().map(|f| f["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let plain = prints(&image(""));
    let one = prints(&image(contract).env("FINGERPRINT_KEY", "one"));
    let two = prints(&image(contract).env("FINGERPRINT_KEY", "two"));
    assert_eq!(one, prints(&image(contract).env("FINGERPRINT_KEY", "one")));
    for (a, b) in [(&plain, &one), (&one, &two), (&plain, &two)] {
        assert!(a.iter().zip(b).all(|(a, b)| a != b));
    }
    // Without the variable the findings are there all the same, and it is said.
    let cli = image(contract);
    let answer = cli.run(&["image", "image.tar"]);
    assert!(answer.stderr.contains("FINGERPRINT_KEY is not set"), "{}", answer.stderr);
    assert_eq!(prints(&cli), plain);
    // With a key two secrets at one place differ.
    let other = |secret: &str| {
        let cli = Cli::new().env("FINGERPRINT_KEY", "one");
        cli.write("seaworthy.toml", format!("version = 1\n{contract}"));
        cli.write("image.tar", Spec::new([Layer::from(Tar::new().file("x", secret))]).docker_archive(&[]));
        prints(&cli)
    };
    assert_ne!(other("key = AKIAN454ZW6VN7XW6C4X"), other("key = AKIAALTK6CZTD7LOPFCY"));
}

#[test]
fn limits_leave_things_not_checked() {
    let long = "n".repeat(300);
    let cases: [(&str, Tar, &str); 4] = [
        (
            "max_layer_bytes = 1024",
            Tar::new().file("x", vec![b'x'; 3 << 20]),
            "larger than the limit of 1024 bytes",
        ),
        ("max_entries_per_layer = 1", Tar::new().file("a", "").file("b", ""), "more than 1 entries"),
        ("max_path_bytes = 100", Tar::new().gnu_long(&long, ""), "more than the limit of 100"),
        (
            "max_pax_bytes = 100",
            Tar::new().pax(&[("comment", long.as_bytes())], "a", ""),
            "over the limit of 100",
        ),
    ];
    for (limit, tar, reason) in cases {
        let cli = Cli::new();
        cli.write("image.tar", Spec::new([Layer::from(tar)]).docker_archive(&[]));
        assert_eq!(cli.image("image.tar").0, 0, "{limit}");
        cli.write("seaworthy.toml", format!("version = 1\n[limits]\n{limit}\n"));
        let (code, report) = cli.image("image.tar");
        assert_eq!((code, report["verdict"].as_str()), (2, Some("incomplete")), "{limit}");
        assert!(report["not_checked"].to_string().contains(reason), "{limit}: {:#}", report["not_checked"]);
    }
    let cli = image("[limits]\nmax_manifest_bytes = 10\n");
    cli.run(&["image", "image.tar"]).error(&["manifest.json", "larger than the limit of 10 bytes"]);
}

#[test]
fn injected_variables_have_no_default() {
    let secrets =
        "[[secrets]]\nhandle = \"npm\"\nparameter = \"/ci/npm\"\nvariables = [\"NPM_TOKEN\", \"OTHER\"]\n";
    let (_, report) = image(secrets).image("image.tar");
    let found: Vec<&Value> = findings(&report).iter().filter(|f| f["check"] == "SW305").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["origin"]["pointer"], "/config/Env/1");
    assert!(found[0]["message"].as_str().unwrap().contains("(npm)"));
    let status = |report: &Value| {
        report["checks"].as_array().unwrap().iter().find(|c| c["id"] == "SW305").unwrap()["status"].clone()
    };
    assert_eq!(status(&report), "fail");
    assert_eq!(status(&image("").image("image.tar").1), "not-requested");
}

#[test]
fn the_contract_names_image_dockerfile_and_evidence() {
    let cli = Cli::new();
    let contract = "version = 1\n[image]\nname = \"orders-api\"\nreference = \"docker-archive:out/image.tar\"\n\
        dockerfile = \"Dockerfile\"\n[evidence]\ndirectory = \"records\"\nphase_id = \"P(-1)\"\n";
    cli.write("project/seaworthy.toml", contract);
    cli.write("project/Dockerfile", "FROM scratch\nCOPY . /app\nRUN rm /app/gone.txt\nRUN echo x | login\n");
    cli.write("project/out/image.tar", planted().docker_archive(&[]));
    // Paths in it are relative to it, wherever the command runs.
    let answer = cli.run(&[
        "image",
        "--contract",
        "project/seaworthy.toml",
        "--report",
        "json",
        "--report",
        "evidence",
    ]);
    let report = answer.json();
    assert_eq!(report["artifacts"][0]["name"], "orders-api");
    let made_by = &findings(&report)[0]["origin"]["made_by"];
    assert_eq!((made_by["path"].as_str(), made_by["line"].as_u64()), (Some("project/Dockerfile"), Some(2)));
    let evidence = cli.read_json("project/records/security_secret_injection_checks.json");
    assert_eq!(evidence["phase_id"], "P(-1)");
    assert!(report["contract"]["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(evidence["contract"], report["contract"]);
    // Without a reference there is nothing to do, and it says what to write.
    Cli::new().run(&["image"]).error(&["no image is named", "image.reference"]);
}

#[test]
fn detectors_of_ones_own() {
    let rule = "[[detector]]\nid = \"harbour-pass\"\nname = \"Harbour pass\"\nanchors = [\"hbr_\"]\n\
        pattern = '''\\b(?P<secret>hbr_[a-z0-9]{20})\\b'''\nseverity = \"high\"\nconfidence = \"high\"\n\
        description = \"A pass of the harbour.\"\nfix = \"Ask for another.\"\n\
        references = [\"https://example.com/passes\"]\n\
        examples = ['''pass = hbr_8f2k4m6p9q1r3t5v7w0x''']\nnegative_examples = ['''hbr_short''']\n";
    let cli = Cli::new();
    cli.write("rules/harbour.toml", rule);
    let tar = Tar::new().file("pass", "hbr_1a2b3c4d5e6f7g8h9i0j").file("other", GITLAB);
    cli.write("image.tar", Spec::new([Layer::from(tar)]).docker_archive(&[]));
    let answer = cli.run(&["image", "image.tar", "--rules", "rules", "--report", "json"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report = answer.json();
    let found: Vec<&str> = findings(&report).iter().filter_map(|f| f["detector"].as_str()).collect();
    assert!(found.contains(&"harbour-pass") && found.contains(&"gitlab-pat"), "{found:?}");
    cli.write("seaworthy.toml", "version = 1\n[rules]\ndirectories = [\"rules\"]\n");
    assert_eq!(findings(&cli.image("image.tar").1).len(), 2);
}
