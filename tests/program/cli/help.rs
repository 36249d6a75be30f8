//! What the tool says of itself.

use serde_json::Value;

use crate::support::Cli;

const COMMANDS: [&str; 18] = [
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
fn every_command_is_listed_here() {
    let help = run("--help").stdout;
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    for line in listed.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(COMMANDS.contains(&name), "{name} has no test of its help");
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
    let ids: Vec<&str> = list.lines().map(|l| l.split_whitespace().next().unwrap()).collect();
    assert!(ids.contains(&"SW301") && ids.contains(&"SW309"), "{ids:?}");
    let mut all = String::new();
    for id in &ids {
        let page = run(&format!("explain {id}"));
        assert_eq!((page.code, page.stderr.as_str()), (0, ""));
        for word in [id, "Why it matters", "How to fix it", "Severity", "Contract", "Tags"] {
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
fn every_schema_is_one() {
    for name in ["contract", "report", "evidence", "audit"] {
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
        ("imgae x.tar", "'image'"),
        ("image x.tar --reprot json", "'--report'"),
        ("explain SW999", "`seaworthy explain` lists all"),
        ("schema nothing", "contract, report, evidence"),
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
    cli.run(&["image", "image.tar", "-f", "No.Dockerfile"]).error(&["No.Dockerfile", "No such file"]);
    cli.run(&["image", "image.tar", "-f", "Dockerfile", "--target", "other"])
        .error(&["Dockerfile", "no stage other"]);
    cli.write("Bad.Dockerfile", "FROM scratch\nNONSENSE x\n");
    cli.run(&["image", "image.tar", "-f", "Bad.Dockerfile"]).error(&["Bad.Dockerfile:2", "NONSENSE"]);
}
