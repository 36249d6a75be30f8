//! The documentation as a site: every page is in its table of contents, examples do what their page says, and versions
//! are the same everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages of the site.
fn pages() -> Vec<PathBuf> {
    let below = walkdir::WalkDir::new(root().join("docs")).sort_by_file_name();
    below
        .into_iter()
        .map(|e| e.unwrap().into_path())
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect()
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let links = summary.split("](").skip(1).filter_map(|l| l.split_once(')'));
    let listed: BTreeSet<PathBuf> = links.map(|(link, _)| docs.join(link)).collect();
    let pages: BTreeSet<PathBuf> = pages().into_iter().filter(|p| !p.ends_with("SUMMARY.md")).collect();
    assert_eq!(pages, listed);
}

/// A directory with the demo's project, as it is or with the faults laid over it.
fn project(kind: &str) -> Cli {
    let cli = Cli::new();
    let copy = |from: &str| {
        let from = root().join("corpus/demo").join(from).join(".");
        let done = Command::new("cp").arg("-a").arg(from).arg(cli.dir.path()).status().unwrap();
        assert!(done.success());
    };
    copy("project");
    match kind {
        "demo-faults" => copy("faults"),
        "demo-pass" => {}
        other => panic!("no project {other}"),
    }
    cli
}

/// `<!-- run: PROJECT CODE -->` before a block of shell says what it does.
#[test]
fn examples_do_what_their_page_says() {
    let binary = Path::new(env!("CARGO_BIN_EXE_seaworthy")).parent().unwrap();
    let mut ran = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("<!-- run: ") {
            let (head, rest) = text[at + 10..].split_once(" -->\n```sh\n").unwrap();
            let (kind, code) = head.split_once(' ').unwrap();
            let script = rest.split_once("```").unwrap().0;
            let cli = project(kind);
            let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
            let output = Command::new("sh")
                .args(["-eu", "-c", script])
                .current_dir(cli.dir.path())
                .env_clear()
                .env("PATH", path)
                .env("HOME", cli.dir.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(
                output.status.code(),
                Some(code.parse().unwrap()),
                "{}: {script}{said}",
                page.display()
            );
            ran += 1;
        }
    }
    assert!(ran >= 9, "only {ran} examples were run");
}

#[test]
fn versions_are_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    let named = [
        ("action.yml", format!("default: \"{version}\"")),
        ("templates/seaworthy.gitlab-ci.yml", format!("SEAWORTHY_VERSION: \"{version}\"")),
        ("templates/seaworthy.gitlab-ci.yml", format!("/v{version}/")),
        ("templates/buildspec.yml", format!("SEAWORTHY_VERSION: \"{version}\"")),
        (".pre-commit-hooks.yaml", format!("seaworthy:{version} ")),
        ("packaging/pre-commit/pyproject.toml", format!("seaworthy=={version}")),
        ("docs/guides/before-the-build.md", format!("seaworthy=={version}")),
        ("docs/guides/before-the-build.md", format!("@v{version} ")),
    ];
    for (path, text) in named {
        assert!(fs::read_to_string(root().join(path)).unwrap().contains(&text), "{path} does not say {text}");
    }
}
