//! The documentation as a site: every page is in its table of contents, and versions are the same everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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

#[test]
fn versions_are_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    let named = [
        ("action.yml", format!("default: \"{version}\"")),
        ("templates/seaworthy.gitlab-ci.yml", format!("SEAWORTHY_VERSION: \"{version}\"")),
        ("templates/seaworthy.gitlab-ci.yml", format!("/v{version}/")),
        ("templates/buildspec.yml", format!("SEAWORTHY_VERSION: \"{version}\"")),
        (".pre-commit-hooks.yaml", format!("seaworthy:{version} ")),
        ("pyproject.toml", format!("seaworthy=={version}")),
        ("pyproject.toml", format!("version = \"{version}\"")),
        ("docs/guides/before-the-build.md", format!("rev: v{version}\n")),
        ("docs/guides/before-the-build.md", format!("seaworthy=={version}")),
        ("docs/guides/before-the-build.md", format!("@v{version} ")),
    ];
    for (path, text) in named {
        assert!(fs::read_to_string(root().join(path)).unwrap().contains(&text), "{path} does not say {text}");
    }
}
