//! The documentation is true as far as a machine can tell: links lead somewhere, every page is in the site's table of
//! contents, examples do what the page says, and versions are the same everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages of the site and the readme.
fn pages() -> Vec<PathBuf> {
    let below = walkdir::WalkDir::new(root().join("docs")).sort_by_file_name();
    let docs = below.into_iter().map(|e| e.unwrap().into_path()).filter(|p| p.extension().is_some_and(|e| e == "md"));
    docs.chain([root().join("README.md"), root().join("CONTRIBUTING.md")]).collect()
}

/// A text without its code, whose brackets are no links.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let parts = line.split('`').step_by(2).collect::<Vec<_>>();
            out.push_str(&parts.join(" "));
            out.push('\n');
        }
    }
    out
}

/// The targets of `[text](target)`.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let starts = prose.match_indices("](").map(|(at, _)| at + 2);
    starts.filter_map(|at| Some(prose[at..].split_once(')')?.0.to_owned())).collect()
}

/// The anchors that headings make, as GitHub and mdBook do.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut out = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            out.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    out
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text).iter().filter(|l| !l.contains("://") && !l.starts_with("mailto:")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let is_page = target.extension().is_some_and(|e| e == "md");
            let known = || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            if !target.exists() || (is_page && !anchor.is_empty() && !known()) {
                faults.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let docs = root().join("docs");
    let listed: BTreeSet<PathBuf> =
        links(&fs::read_to_string(docs.join("SUMMARY.md")).unwrap()).iter().map(|l| docs.join(l)).collect();
    let pages: BTreeSet<PathBuf> =
        pages().into_iter().filter(|p| p.starts_with(&docs) && !p.ends_with("SUMMARY.md")).collect();
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
            assert_eq!(output.status.code(), Some(code.parse().unwrap()), "{}: {script}{said}", page.display());
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
