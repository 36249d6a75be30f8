//! What cargo cannot know of the layout: who may import whom inside the program, how large a file may be, that
//! directories do not import each other in circles, and what each check must bring along.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module of the program → what it may import of the program. `*` is everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("finding", &[]),
    ("rule", &["finding"]),
    ("observe", &["finding", "rule"]),
    ("check", &["observe", "rule", "finding"]),
    ("report", &["finding"]),
    ("store", &["finding"]),
    ("profile", &["finding"]),
    ("contract", &["finding", "rule", "check", "profile", "store"]),
    ("scan", &["observe", "rule", "check", "contract", "finding", "profile", "store"]),
    ("cli", &["*"]),
];

/// Most lines of a file without its tests.
const MAX_LINES: usize = 600;

/// One source file: its path below `src/` or `crates/NAME/src/`, the modules that it is in, and its code without
/// comments and tests.
struct SourceFile {
    path: PathBuf,
    /// The crate's directory: empty for the program.
    package: String,
    module: Vec<String>,
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<SourceFile> {
    let mut packages = vec![(String::new(), root().join("src"))];
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let entry = entry.unwrap();
        packages.push((entry.file_name().into_string().unwrap(), entry.path().join("src")));
    }
    let mut all = Vec::new();
    for (package, directory) in packages {
        for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            if path.extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let below = path.strip_prefix(&directory).unwrap().to_owned();
            if is_test_file(&below) {
                continue;
            }
            let mut module: Vec<String> =
                below.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
            let code = code(&fs::read_to_string(&path).unwrap());
            let path = path.strip_prefix(root()).unwrap().to_owned();
            all.push(SourceFile { path, package: package.clone(), module, code });
        }
    }
    all
}

fn is_test_file(path: &Path) -> bool {
    path.iter().any(|p| p == "tests" || p == "tests.rs" || p == "samples.rs" || p == "agreement.rs")
}

/// Code without comments, and without every item that stands under `#[cfg(test)]`, wherever it stands.
fn code(text: &str) -> String {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let bare = line.trim_start();
        if bare.starts_with("//") {
            continue;
        }
        if bare != "#[cfg(test)]" {
            out.push(line);
            continue;
        }
        // The item ends at its `;`, or at the brace that stands as far to the left as it began.
        let indent = line.get(..line.len() - bare.len()).unwrap_or_default();
        let end = format!("{indent}}}");
        for line in lines.by_ref() {
            let is_attribute = line.trim_start().starts_with("#[");
            let is_short = line.starts_with(indent) && line.ends_with(';') && !line.ends_with("};");
            if !is_attribute
                && (line == end
                    || (is_short && !line.get(indent.len()..).unwrap_or_default().starts_with(' ')))
            {
                break;
            }
        }
    }
    out.join("\n")
}

/// The paths that a code imports or names, as lists of their parts, `crate` and `super` first.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let is_start = code.get(..at).unwrap_or_default().ends_with(['\n', ' ', '('])
            || at == 0
            || code.get(..at).unwrap_or_default().ends_with(')');
        if let (true, Some(end)) = (is_start, code.get(at..).unwrap_or_default().find(';')) {
            expand(&[], code.get(at + 4..at + end).unwrap_or_default(), &mut found);
        }
    }
    for head in ["crate::", "super::"] {
        for (at, _) in code.match_indices(head) {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let end = code.get(at..).unwrap_or_default().find(|c| !is_path(c)).map_or(code.len(), |e| at + e);
            found.push(code.get(at..end).unwrap_or_default().split("::").map(str::to_owned).collect());
        }
    }
    found
}

/// The paths of a `use` tree.
fn expand(prefix: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(tree.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(tree.get(start..).unwrap_or_default());
    for part in parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        let (head, group) = match part.find('{') {
            Some(open) => (
                part.get(..open).unwrap_or_default(),
                part.rfind('}').and_then(|close| part.get(open + 1..close)),
            ),
            None => (part, None),
        };
        let words = head.split("::").map(|w| w.split(" as ").next().unwrap_or_default().trim());
        let mut path = prefix.to_vec();
        path.extend(words.filter(|w| !w.is_empty()).map(str::to_owned));
        match group {
            Some(group) => expand(&path, group, found),
            None => found.push(path),
        }
    }
}

/// The modules of its own package that a file imports, each as deep as it is a file.
fn imports(file: &SourceFile, modules: &BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for path in paths(&file.code) {
        let mut parts = path.iter().map(String::as_str).peekable();
        let mut at: Vec<String> = match parts.peek() {
            Some(&"crate") => {
                parts.next();
                Vec::new()
            }
            Some(&"super") => {
                let mut at = file.module.clone();
                while parts.next_if_eq(&"super").is_some() {
                    at.pop();
                }
                at
            }
            _ => continue,
        };
        for part in parts {
            let deeper: Vec<String> = at.iter().cloned().chain([part.to_owned()]).collect();
            if !modules.contains(&deeper) {
                break;
            }
            at = deeper;
        }
        found.insert(at);
    }
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let files = sources();
    let modules: BTreeSet<Vec<String>> =
        files.iter().filter(|f| f.package.is_empty()).map(|f| f.module.clone()).collect();
    let mut faults = Vec::new();
    for file in files.iter().filter(|f| f.package.is_empty() && !f.module.is_empty()) {
        let own = file.module[0].as_str();
        let Some(may) = allowed.get(own) else {
            faults.push(format!("{}: the module {own} is not in the table", file.path.display()));
            continue;
        };
        for import in imports(file, &modules).iter().filter_map(|i| i.first()) {
            if import != own && !may.contains(&import.as_str()) && !may.contains(&"*") {
                faults.push(format!("{}: {own} may not import {import}", file.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn directories_beside_each_other_do_not_import_in_circles() {
    let files = sources();
    let packages: BTreeSet<&str> = files.iter().map(|f| f.package.as_str()).collect();
    let mut circles = Vec::new();
    for package in packages {
        let own: Vec<&SourceFile> = files.iter().filter(|f| f.package == package).collect();
        let modules: BTreeSet<Vec<String>> = own.iter().map(|f| f.module.clone()).collect();
        // Nodes are directories: modules at depth two of the program, and at depth one of an engine, that hold files.
        let depth = if package.is_empty() { 2 } else { 1 };
        let directories: BTreeSet<&[String]> =
            own.iter().filter(|f| f.module.len() > depth).map(|f| &f.module[..depth]).collect();
        let mut edges: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
        for file in &own {
            let Some(from) = file.module.get(..depth) else { continue };
            for import in imports(file, &modules) {
                let Some(to) = import.get(..depth) else { continue };
                let is_beside = from != to && from[..depth - 1] == to[..depth - 1];
                if is_beside && directories.contains(from) && directories.contains(to) {
                    edges.entry(from.to_vec()).or_default().insert(to.to_vec());
                }
            }
        }
        for start in edges.keys() {
            let mut seen = BTreeSet::new();
            let mut next: Vec<&Vec<String>> = edges[start].iter().collect();
            while let Some(node) = next.pop() {
                if seen.insert(node) {
                    next.extend(edges.get(node).into_iter().flatten());
                }
            }
            if seen.contains(start) {
                circles.push(format!("{package} {}", start.join("::")));
            }
        }
    }
    assert!(circles.is_empty(), "these import themselves by way of others:\n{}", circles.join("\n"));
}

#[test]
fn engines_depend_only_on_what_the_design_allows() {
    let extra = BTreeMap::from([("aws", "seaworthy-iam"), ("context", "seaworthy-dockerfile")]);
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let text = fs::read_to_string(root().join("crates").join(&name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        for dependency in manifest["dependencies"].as_table().unwrap().keys() {
            let is_ours = dependency.starts_with("seaworthy");
            let allowed = dependency == "seaworthy-source" && !["source", "detect"].contains(&name.as_str())
                || extra.get(name.as_str()).is_some_and(|d| d == dependency);
            assert!(!is_ours || allowed, "crates/{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn only_the_spine_owns_threads_and_only_the_command_line_prints() {
    for file in sources() {
        let own =
            if file.package.is_empty() { file.module.first().map_or("main", String::as_str) } else { "" };
        if own != "scan" {
            assert!(!file.code.contains("rayon::"), "{} uses rayon", file.path.display());
        }
        if !["cli", "main"].contains(&own) {
            for word in ["println!", "eprintln!", "io::stdout()", "io::stderr()"] {
                assert!(!file.code.contains(word), "{} prints: {word}", file.path.display());
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_one_module() {
    for file in sources() {
        let is_home = file.path == Path::new("crates/detect/src/simd.rs");
        assert!(
            is_home || !file.code.contains("unsafe {") && !file.code.contains("unsafe fn"),
            "{} has unsafe code",
            file.path.display()
        );
    }
}

#[test]
fn no_check_is_named_by_its_id_outside_its_own_file() {
    let mut faults = Vec::new();
    for file in sources() {
        let stem = file.path.file_stem().unwrap().to_string_lossy().to_uppercase();
        for (at, _) in file.code.match_indices("\"SW") {
            let id: String = file.code.get(at + 1..).unwrap_or_default().chars().take(5).collect();
            let is_id = id.len() == 5 && id.get(2..).unwrap_or_default().bytes().all(|b| b.is_ascii_digit());
            if is_id && stem != id && file.code.get(at + 6..).unwrap_or_default().starts_with('"') {
                faults.push(format!("{} names {id}", file.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_are_small_and_rooms_have_names() {
    for file in sources() {
        let lines = file.code.lines().count();
        let path = file.path.display();
        assert!(lines <= MAX_LINES, "{path} has {lines} lines");
        assert!(!file.path.to_string_lossy().contains("util"), "{path}: name it for what it holds");
    }
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() < 60);
}

/// A function of a module that is called `read` or `of` is not found by a search: its name says what it gives.
#[test]
fn functions_of_modules_have_names_that_can_be_found() {
    const BARE: [&str; 7] = ["read", "of", "judge", "look", "ask", "had", "tell"];
    let mut faults = Vec::new();
    for file in sources() {
        for line in file.code.lines() {
            // Methods are indented, and their types tell the rest.
            let Some((visibility, rest)) = line.split_once("fn ") else { continue };
            let is_of_module = visibility.is_empty() || visibility.starts_with("pub");
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if is_of_module && BARE.contains(&name.as_str()) {
                faults.push(format!("{}: {line}", file.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn tests_do_not_hide_code() {
    let text = "use a::b;\n#[cfg(test)]\nmod tests;\nfn one() {}\n#[cfg(test)]\nmod more {\n    fn x() {}\n}\nfn two() {}\n";
    assert_eq!(code(text), "use a::b;\nfn one() {}\nfn two() {}");
    assert_eq!(
        paths("use crate::a::{b, c::{self, D as E}};\n"),
        [
            vec!["crate", "a", "b"],
            vec!["crate", "a", "c", "self"],
            vec!["crate", "a", "c", "D"],
            vec!["crate", "a", ""]
        ]
    );
}

#[test]
fn the_documentation_tells_why_each_dependency_is_there() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let text = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    for name in manifest["workspace"]["dependencies"].as_table().unwrap().keys() {
        let is_told = name.starts_with("seaworthy-") || text.contains(&format!("`{name}`"));
        assert!(is_told, "docs/dependencies.md says nothing of the dependency {name}");
    }
}
