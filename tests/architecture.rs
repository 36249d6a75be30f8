//! The layout is the design: who may import whom, how large a file may be, and what each check must bring along.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → what it may import of ours, as the design's table has it. `*` is everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("location", &[]),
    ("finding", &["location"]),
    ("iam", &[]),
    ("detect", &[]),
    ("artifact", &["location", "iam"]),
    ("rule", &["detect", "finding", "location"]),
    ("check", &["artifact", "iam", "detect", "rule", "finding", "location"]),
    ("report", &["finding", "location"]),
    ("store", &["finding", "location"]),
    ("profile", &["finding"]),
    ("contract", &["finding", "rule", "check", "profile", "location"]),
    (
        "scan",
        &[
            "artifact", "iam", "detect", "rule", "check", "contract", "finding", "location", "profile",
            "store",
        ],
    ),
    ("cli", &["*"]),
];

/// Most lines of a file without its tests.
const LINES: usize = 600;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .map(|e| e.unwrap().into_path())
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .map(|p| (p.strip_prefix(&root).unwrap().to_owned(), fs::read_to_string(&p).unwrap()))
        .collect()
}

/// The top-level module of a source file.
fn module(path: &Path) -> String {
    path.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    body.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &Path) -> bool {
    path.iter().any(|p| p == "tests" || p == "tests.rs" || p == "samples.rs" || p == "agreement.rs")
}

/// The modules that a text names after `crate::`, grouped imports included.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let heads: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for head in heads {
            let name: String = head.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let module = module(&path);
        if matches!(module.as_str(), "lib" | "main") || is_test_file(&path) {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            faults.push(format!("src/{}: the module {module} is not in the table", path.display()));
            continue;
        };
        for import in imports(&code(&text)) {
            let known = allowed.contains_key(import.as_str());
            if known && import != module && !may.contains(&import.as_str()) && !may.contains(&"*") {
                faults.push(format!("src/{}: {module} may not import {import}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn domains_of_artifacts_do_not_know_each_other() {
    let domains = ["dockerfile", "context", "image", "aws", "provenance", "workflow"];
    for (path, text) in sources() {
        let mut parts = path.iter().map(|p| p.to_string_lossy().into_owned());
        let (Some(first), Some(own)) = (parts.next(), parts.next()) else { continue };
        if first != "artifact" || is_test_file(&path) {
            continue;
        }
        for other in domains.iter().filter(|d| **d != own) {
            let import = format!("artifact::{other}");
            assert!(!code(&text).contains(&import), "src/{} imports {import}", path.display());
        }
    }
}

#[test]
fn only_the_account_knows_policies() {
    for (path, text) in sources().into_iter().filter(|(p, _)| p.starts_with("artifact") && !is_test_file(p)) {
        let knows = imports(&code(&text)).contains("iam");
        assert!(!knows || path.starts_with("artifact/aws"), "src/{} imports iam", path.display());
    }
}

#[test]
fn only_the_spine_owns_threads_and_only_the_command_line_prints() {
    for (path, text) in sources() {
        let (module, code) = (module(&path), code(&text));
        if module != "scan" {
            assert!(!code.contains("rayon::"), "src/{} uses rayon", path.display());
        }
        if !matches!(module.as_str(), "cli" | "main") {
            for word in ["println!", "eprintln!", "io::stdout()", "io::stderr()"] {
                assert!(!code.contains(word), "src/{} prints: {word}", path.display());
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_one_module() {
    for (path, text) in sources() {
        let is_home = path == Path::new("detect/simd.rs");
        assert!(is_home || !code(&text).contains("unsafe"), "src/{} has unsafe code", path.display());
    }
}

#[test]
fn files_are_small_and_rooms_have_names() {
    for (path, text) in sources().into_iter().filter(|(p, _)| !is_test_file(p)) {
        let lines = code(&text).lines().count();
        assert!(lines <= LINES, "src/{} has {lines} lines", path.display());
        assert!(
            !path.to_string_lossy().contains("util"),
            "src/{}: name it for what it holds",
            path.display()
        );
    }
    let main = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() < 60);
}

#[test]
fn the_readme_tells_why_each_dependency_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for table in ["dependencies", "dev-dependencies"] {
        for name in manifest[table].as_table().unwrap().keys() {
            assert!(readme.contains(&format!("`{name}`")), "README.md says nothing of the dependency {name}");
        }
    }
}
