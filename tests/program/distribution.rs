//! What a release is made of, as far as it can be made here: archives, the formula, and the action's scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::Cli;

const BINARY: &str = env!("CARGO_BIN_EXE_seaworthy");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The release's archive for `target`, made in `directory`.
fn archive(directory: &Path, target: &str) -> PathBuf {
    let made = Command::new("python3")
        .arg(root().join("packaging/archive.py"))
        .args([BINARY, target])
        .arg(directory)
        .args(["--epoch", "1700000000", "--level", "1"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    PathBuf::from(text(&made.stdout).trim())
}

/// The target that the action chooses on this machine.
fn target() -> String {
    let os = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-musl" };
    format!("{}-{os}", std::env::consts::ARCH)
}

#[test]
fn an_archive_has_the_same_bytes_twice_and_a_page_for_every_command() {
    let cli = Cli::new();
    let (one, two) = (archive(&cli.path("one"), "x"), archive(&cli.path("two"), "x"));
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    let listed = Command::new("tar").arg("-tvzf").arg(&one).env("TZ", "UTC").output().unwrap();
    let listed = text(&listed.stdout);
    for name in
        ["/seaworthy\n", "man/seaworthy.1", "man/seaworthy-gate.1", "completions/_seaworthy", "LICENSE"]
    {
        assert!(listed.contains(name), "{name}: {listed}");
    }
    assert!(listed.lines().all(|l| l.contains("2023-11-14") && l.contains("0/0")), "{listed}");
}

#[test]
fn the_formula_has_every_checksum_or_none_is_written() {
    let cli = Cli::new();
    let targets = [
        "x86_64-unknown-linux-musl",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
    ];
    let version = env!("CARGO_PKG_VERSION");
    let sum = |at: usize| format!("{at:x}").repeat(64);
    let lines: Vec<String> = targets
        .iter()
        .enumerate()
        .map(|(at, t)| format!("{}  seaworthy-{version}-{t}.tar.gz\n", sum(at)))
        .collect();
    cli.write("SHA256SUMS", lines.concat()).write("short", lines[..3].concat());
    let formula = |sums: &str| {
        let script = root().join("packaging/homebrew/formula.py");
        Command::new("python3").arg(script).arg(cli.path(sums)).output().unwrap()
    };
    let made = text(&formula("SHA256SUMS").stdout);
    assert!((0..4).all(|at| made.contains(&sum(at))) && !made.contains('@'), "{made}");
    let failed = formula("short");
    assert!(!failed.status.success() && failed.stdout.is_empty());
}

/// The names of an archive's entries.
fn entries(archive: &Path) -> Vec<String> {
    let listed = Command::new("tar").arg("-tzf").arg(archive).output().unwrap();
    text(&listed.stdout).lines().map(str::to_owned).collect()
}

/// `cargo binstall` and Homebrew find the archive by its name, and in it what they install.
#[test]
fn installers_name_the_archive_and_what_is_in_it() {
    let cli = Cli::new();
    let target = "x86_64-unknown-linux-musl";
    let archive = archive(&cli.path("dist"), target);
    let name = archive.file_name().unwrap().to_str().unwrap();
    let entries = entries(&archive);

    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let values = [
        ("repo", env!("CARGO_PKG_REPOSITORY")),
        ("version", env!("CARGO_PKG_VERSION")),
        ("target", target),
        ("bin", "seaworthy"),
        ("binary-ext", ""),
    ];
    let filled = |key: &str| {
        let template = binstall[key].as_str().unwrap().to_owned();
        values.iter().fold(template, |text, (name, value)| text.replace(&format!("{{ {name} }}"), value))
    };
    let release =
        format!("{}/releases/download/v{}", env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    assert_eq!(filled("pkg-url"), format!("{release}/{name}"));
    assert!(entries.contains(&filled("bin-dir")), "{} is not in {entries:?}", filled("bin-dir"));

    let formula = fs::read_to_string(root().join("packaging/homebrew/seaworthy.rb.in")).unwrap();
    assert!(
        formula.replace("@VERSION@", env!("CARGO_PKG_VERSION")).contains(&format!("\"{release}/{name}\""))
    );
    let installed = formula.lines().filter(|l| l.contains(".install "));
    let paths: Vec<&str> = installed.filter_map(|l| l.split('"').nth(1)).collect();
    assert_eq!(paths.len(), 5, "{paths:?}");
    for path in paths {
        let (start, end) = path.split_once('*').unwrap_or((path, ""));
        let is_it = |entry: &String| {
            let inside = entry.split_once('/').map_or("", |(_, rest)| rest);
            inside.starts_with(start) && inside.ends_with(end)
        };
        assert!(entries.iter().any(is_it), "no {path} in {entries:?}");
    }
}

fn install(cli: &Cli, settings: &[(&str, &str)]) -> Output {
    let base = format!("file://{}", cli.path("release").display());
    let mut command = Command::new("bash");
    command.arg(root().join("packaging/action/install.sh")).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("RUNNER_TEMP", cli.dir.path());
    command.env("GITHUB_PATH", cli.path("path")).env("SEAWORTHY_BASE_URL", base);
    command.env("SEAWORTHY_VERSION", env!("CARGO_PKG_VERSION")).env("SEAWORTHY_VERIFY", "false");
    command.envs(settings.iter().copied()).output().unwrap()
}

/// What the action downloads must have the checksum that the release, or the workflow, names.
#[test]
fn the_action_installs_only_what_has_the_right_checksum() {
    let cli = Cli::new();
    let path = archive(&cli.path("release"), &target());
    let sum = seaworthy_source::sha256_hex(&fs::read(&path).unwrap());
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    cli.write("release/SHA256SUMS", format!("{}  other\n{sum}  {name}\n", "0".repeat(64)));
    let done = install(&cli, &[]);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    let directory = cli.read("path");
    assert!(Path::new(directory.trim()).join("seaworthy").exists());
    assert!(install(&cli, &[("SEAWORTHY_SHA256", &sum)]).status.success());

    let refused = |settings: &[(&str, &str)], words: &str| {
        let refused = install(&cli, settings);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stdout).contains(words), "{}", text(&refused.stdout));
    };
    refused(&[("SEAWORTHY_SHA256", &"0".repeat(64))], "has the SHA-256");
    refused(&[("SEAWORTHY_SHA256", "none")], "no SHA-256 is known");
    refused(&[("SEAWORTHY_VERSION", "latest; rm -rf /")], "expected a release");
    refused(&[("SEAWORTHY_VERSION", "9.9.9")], "could not be downloaded");
    cli.write("release/SHA256SUMS", format!("{}  {name}\n", "0".repeat(64)));
    refused(&[], "has the SHA-256");
}

fn run(cli: &Cli, inputs: &[(&str, &str)]) -> Output {
    let mut command = Command::new("bash");
    command.arg(root().join("packaging/action/run.sh")).current_dir(cli.dir.path()).env_clear();
    let path =
        format!("{}:{}", Path::new(BINARY).parent().unwrap().display(), std::env::var("PATH").unwrap());
    command.env("PATH", path).env("RUNNER_TEMP", cli.dir.path()).env("GITHUB_OUTPUT", cli.path("outputs"));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", cli.path("summary.md"));
    for name in ["CONTEXT", "DOCKERFILE", "IMAGE", "RUN_ID", "CONTRACT", "FAIL_ON", "ARGUMENTS"] {
        command.env(format!("INPUT_{name}"), "");
    }
    command.env("INPUT_CATEGORY", "seaworthy").envs(inputs.iter().copied()).output().unwrap()
}

fn output(cli: &Cli, name: &str) -> Option<String> {
    let outputs = cli.read("outputs");
    outputs.lines().rev().find_map(|l| l.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

#[test]
fn the_action_tells_the_verdict_and_where_the_reports_are() {
    let cli = Cli::new();
    cli.write("app/Dockerfile", "FROM scratch\nENV DB_PASSWORD=correct-horse-battery\n")
        .write("app/a b.txt", "x");
    let done = run(&cli, &[("INPUT_COMMAND", "context"), ("INPUT_CONTEXT", "app")]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(output(&cli, "verdict").as_deref(), Some("fail"));
    assert_eq!(output(&cli, "exit-code").as_deref(), Some("1"));
    for format in ["sarif", "json", "html"] {
        assert!(fs::metadata(output(&cli, format).unwrap()).unwrap().len() > 100);
    }
    assert!(text(&done.stdout).contains("::error "), "{}", text(&done.stdout));
    let summary = cli.read("summary.md");
    assert!(summary.contains("FAIL") && !summary.contains("correct-horse"), "{summary}");

    // Arguments are one a line, and nothing in an input is run by the shell.
    cli.write("b/Dockerfile", "FROM scratch\n").write("b/$(touch injected)/x", "x");
    run(
        &cli,
        &[
            ("INPUT_COMMAND", "context"),
            ("INPUT_CONTEXT", "b"),
            ("INPUT_ARGUMENTS", "--target\n$(touch injected)"),
        ],
    );
    assert_eq!(output(&cli, "verdict").as_deref(), Some("error"));
    assert!(!cli.path("injected").exists());
    run(&cli, &[("INPUT_COMMAND", "context"), ("INPUT_CONTEXT", "b"), ("INPUT_FAIL_ON", "high")]);
    assert_eq!(output(&cli, "verdict").as_deref(), Some("pass"));
}
