//! The hooks through the real pre-commit from PyPI, in a git repository of its own: a leaky Dockerfile stops the
//! commit, a clean one does not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const VERSION: &str = "4.3.0";

/// pre-commit in a virtual environment under `target/`, made once.
fn pre_commit() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(install).clone()
}

fn install() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pre-commit-{VERSION}"));
    let program = venv.join("bin/pre-commit");
    if program.exists() {
        return program;
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
    let made = made.expect("this test runs pre-commit: install python3 with its venv module first");
    check(&made, "python3 -m venv (Debian: apt-get install python3-venv)");
    let pip = Command::new(venv.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .arg(format!("pre-commit=={VERSION}"))
        .output()
        .unwrap();
    check(&pip, "pip install pre-commit");
    program
}

fn check(output: &Output, what: &str) {
    assert!(output.status.success(), "{what} failed: {}{}", text(&output.stdout), text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A command in a directory, with the binary under test first in PATH and nothing of the user's git settings.
fn command(program: &Path, directory: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_seaworthy")).parent().unwrap().to_owned();
    let venv = pre_commit().parent().unwrap().to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([binary, venv].into_iter().chain(std::env::split_paths(&rest))).unwrap();
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env("PATH", path)
        .env("PRE_COMMIT_HOME", directory.join(".cache"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|n| (n, "a")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|n| (n, "a@example.com")))
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE");
    command
}

fn git(directory: &Path, arguments: &[&str]) -> Output {
    command(Path::new("git"), directory).args(arguments).output().unwrap()
}

#[test]
fn a_leaky_commit_is_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    // A repository that offers the hooks, as pre-commit wants one.
    let offer = scratch.path().join("hooks");
    std::fs::create_dir(&offer).unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    std::fs::copy(&manifest, offer.join(".pre-commit-hooks.yaml")).unwrap();
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "hooks"]] {
        check(&git(&offer, arguments), "git");
    }
    let revision = text(&git(&offer, &["rev-parse", "HEAD"]).stdout).trim().to_owned();

    let project = scratch.path().join("project");
    std::fs::create_dir(&project).unwrap();
    check(&git(&project, &["init", "-q"]), "git init");
    std::fs::write(project.join(".gitignore"), ".cache\n").unwrap();
    let config = format!(
        "repos:\n- repo: {}\n  rev: {revision}\n  hooks:\n  - id: seaworthy-context-system\n",
        offer.display()
    );
    std::fs::write(project.join(".pre-commit-config.yaml"), config).unwrap();
    check(&command(&pre_commit(), &project).args(["install"]).output().unwrap(), "pre-commit install");

    std::fs::write(project.join("Dockerfile"), "FROM alpine:3.20\nENV API_TOKEN=Zk4-vPq8sLw2nB\n").unwrap();
    check(&git(&project, &["add", "."]), "git add");
    let stopped = git(&project, &["commit", "-m", "leaky"]);
    let said = text(&stopped.stdout) + &text(&stopped.stderr);
    assert!(!stopped.status.success(), "the commit went through: {said}");
    assert!(said.contains("SW202") && said.contains("Dockerfile:2"), "{said}");
    assert!(!said.contains("Zk4-vPq8sLw2nB"), "the secret is in the output");

    std::fs::write(project.join("Dockerfile"), "FROM alpine:3.20\nRUN apk add --no-cache curl\n").unwrap();
    check(&git(&project, &["add", "."]), "git add");
    check(&git(&project, &["commit", "-m", "clean"]), "the clean commit");
}

#[test]
fn the_manifest_is_valid() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let output = Command::new(pre_commit()).arg("validate-manifest").arg(&manifest).output().unwrap();
    check(&output, "pre-commit validate-manifest");
    let written = std::fs::read_to_string(manifest).unwrap();
    for language in ["python", "system", "docker_image", "rust"] {
        assert_eq!(written.matches(&format!("language: {language}\n")).count(), 1, "{language}");
    }
    assert_eq!(written.matches("pass_filenames: false").count(), 4);
}
