//! What the tool says of itself.

use serde_json::Value;

use crate::support::Cli;

const COMMANDS: [&str; 19] = [
    "accept",
    "",
    "context",
    "image",
    "wiring",
    "verify",
    "attest",
    "gate",
    "audit",
    "init",
    "rules",
    "rules list",
    "rules show",
    "rules check",
    "explain",
    "schema",
    "simulate",
    "completions",
    "man",
];

fn run(arguments: &str) -> crate::support::Answer {
    Cli::new().run(&arguments.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn help_of_every_command() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    for command in COMMANDS {
        let answer = run(&format!("{command} --help"));
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{command}");
        let widest = answer.stdout.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= 120, "{command}: {widest}");
        let name = format!("help_{}", command.replace(' ', "_"));
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches('_'), answer.stdout));
        assert_eq!(run(&format!("{command} -h")).code, 0);
    }
}

#[test]
fn help_says_exit_codes_and_examples_and_breaks_no_command() {
    for command in COMMANDS.into_iter().filter(|c| !c.is_empty() && !c.starts_with("rules ")) {
        let help = run(&format!("{command} --help")).stdout;
        assert!(help.contains("Exit codes"), "{command}: {help}");
        assert!(help.contains("Examples:"), "{command}: {help}");
        // A line that is wrapped on a terminal of 80 columns is no command any more.
        let lines = help.lines().filter(|l| l.starts_with("  seaworthy ") || l.starts_with("    --report "));
        for line in lines {
            let typed = line.trim_start().split("  ").next().unwrap_or_default();
            assert!(typed.len() <= 78, "{command}: {line}");
        }
    }
    let headings = [
        ("accept", "Acceptance:"),
        ("simulate", "One request:"),
        ("init", "Output:"),
        ("attest", "Signature:"),
    ];
    for (command, heading) in headings {
        let help = run(&format!("{command} --help")).stdout;
        assert!(help.lines().any(|l| l == heading), "{command}: {help}");
    }
}

#[test]
fn every_command_is_listed_here() {
    let help = run("--help").stdout;
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    for line in listed.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(name == "help" || COMMANDS.contains(&name), "{name} has no test of its help");
    }
}

#[test]
fn versions() {
    for arguments in ["--version", "-V", "image --version"] {
        let answer = run(arguments);
        assert_eq!(answer.code, 0);
        assert!(answer.stdout.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{}", answer.stdout);
    }
}

#[test]
fn every_check_is_explained() {
    let list = run("explain").stdout;
    let ids: Vec<&str> =
        list.lines().filter_map(|l| l.split_whitespace().next()).filter(|w| w.starts_with("SW")).collect();
    assert!(ids.contains(&"SW301") && ids.contains(&"SW309"), "{ids:?}");
    let mut all = String::new();
    for id in &ids {
        let page = run(&format!("explain {id}"));
        assert_eq!((page.code, page.stderr.as_str()), (0, ""));
        for word in [id, "Why it matters", "How to fix it", "How to accept", "Severity", "Controls"] {
            assert!(page.stdout.contains(word), "{id}: {word}");
        }
        assert_eq!(page.stdout, run(&format!("explain {}", id.to_lowercase())).stdout);
        let name = page.stdout.lines().next().unwrap().split(' ').nth(1).unwrap().to_owned();
        assert_eq!(page.stdout, run(&format!("explain {name}")).stdout);
        if *id < "SW310" && *id > "SW300" {
            all.push_str(&page.stdout);
            all.push_str("----\n");
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("explain_image", all));
}

#[test]
fn controls_and_profiles_are_explained() {
    let m1 = run("explain m1");
    assert_eq!((m1.code, m1.stderr.as_str()), (0, ""));
    for line in [
        "A  image contract",
        "  A.3  tags that move prove nothing",
        "  B.1.1  entrypoints answer --help (optional)",
    ] {
        assert!(m1.stdout.lines().any(|l| l == line), "{line}: {}", m1.stdout);
    }
    assert!(run("explain image").stdout.contains("secrets.image"));
    // One control, by any case of its letters, and a group of them.
    let control = run("explain a.3").stdout;
    for word in ["A.3 tags that move", "SW507", "packaging provenance: ", "Required  yes"] {
        assert!(control.contains(word), "{word}: {control}");
    }
    let group = run("explain D.3").stdout;
    assert!(group.starts_with("D.3 runtime secret sources") && group.contains("D.3.3 injection"), "{group}");
    assert!(run("explain SW305").stdout.contains("Controls    m1 D.4.2.2, D.4.4"));
    // Every control of both can be asked about.
    for (name, text) in seaworthy::profile::BUILT_IN {
        let profile: toml::Table = text.parse().unwrap();
        for control in profile["controls"].as_array().unwrap() {
            let answer = run(&format!("explain {}", control["id"].as_str().unwrap()));
            assert_eq!(answer.code, 0, "{name}: {}", answer.stderr);
        }
    }
}

#[test]
fn every_schema_is_one() {
    for name in ["contract", "profile", "report", "evidence", "audit"] {
        let answer = run(&format!("schema {name}"));
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
        let schema: Value = serde_json::from_str(&answer.stdout).unwrap();
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("schema.json", schema).unwrap();
        compiler.compile("schema.json", &mut schemas).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn what_is_written_fits_its_schema() {
    let cli = Cli::new();
    cli.write("image.tar", crate::support::planted().docker_archive(&["app:1"]));
    cli.run(&["image", "image.tar", "--report=json=r.json", "--report=evidence=e.json"]);
    for (name, file) in [("report", "r.json"), ("evidence", "e.json")] {
        let schema: Value = serde_json::from_str(&run(&format!("schema {name}")).stdout).unwrap();
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("schema.json", schema).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        schemas.validate(&cli.read_json(file), index).unwrap_or_else(|e| panic!("{file}: {e:#}"));
    }
}

#[test]
fn completions_and_the_man_page() {
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef seaworthy"), ("fish", "complete -c seaworthy")]
    {
        let answer = run(&format!("completions {shell}"));
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
        assert!(answer.stdout.contains(word) && answer.stdout.contains("explain"), "{shell}");
    }
    // A shell takes what it is given.
    let cli = Cli::new();
    cli.write("completions.bash", run("completions bash").stdout);
    let status =
        std::process::Command::new("bash").arg("-n").arg(cli.path("completions.bash")).status().unwrap();
    assert!(status.success());
    let man = run("man");
    assert_eq!((man.code, man.stderr.as_str()), (0, ""));
    assert!(man.stdout.contains(".TH seaworthy 1") && man.stdout.contains("Exit codes"), "{}", man.stdout);
}

#[test]
fn what_is_unknown_is_told_with_a_hint() {
    let cases = [
        ("imgae x.tar", "did you mean `image`?"),
        ("image x.tar --reprot json", "did you mean `--report`?"),
        ("explain SW999", "`seaworthy explain` lists all"),
        ("schema nothing", "contract, profile, report, evidence"),
        ("explain A.99", "`seaworthy explain m1`"),
        ("wiring --live --profile ops", "--aws-profile"),
        ("rules show no-such", "`seaworthy rules list` lists all"),
        ("rules list --rules no-such", "no-such"),
        ("completions tcsh", "possible values"),
        ("image x.tar --report yaml", "yaml"),
        ("image x.tar --color sometimes", "possible values"),
        ("image x.tar --jobs 0", "--jobs"),
        ("image x.tar -q -v", "cannot be used with"),
        ("image x.tar --target build", "--file"),
        ("image docker:alpine", "docker://alpine"),
        ("image containers-storage:app", "skopeo copy"),
        ("image oci-archive:", "names nothing"),
        ("image docker://", "names no image"),
        ("", "Usage"),
    ];
    for (arguments, hint) in cases {
        let answer = run(arguments);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{arguments}");
        assert!(answer.stderr.contains(hint), "{arguments}: {}", answer.stderr);
    }
    // A Dockerfile or a stage that is not there.
    let cli = Cli::new();
    cli.write("image.tar", crate::support::planted().docker_archive(&[]))
        .write("Dockerfile", "FROM scratch AS base\n");
    cli.run(&["image", "image.tar", "-f", "No.Dockerfile"]).error(&[
        "No.Dockerfile",
        "no such file",
        "did you mean Dockerfile?",
    ]);
    cli.run(&["image", "image.tar", "-f", "Dockerfile", "--target", "other"])
        .error(&["Dockerfile", "no stage other"]);
    cli.write("Bad.Dockerfile", "FROM scratch\nNONSENSE x\n");
    cli.run(&["image", "image.tar", "-f", "Bad.Dockerfile"]).error(&["Bad.Dockerfile:2", "NONSENSE"]);
}
