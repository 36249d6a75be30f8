//! The programs, scripts and servers of `tests/entrypoints/*.toml`: each comes to the answer that stands beside it.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{Blobs, Cli, Layer, Spec, Tar};
use serde::Deserialize;
use serde_json::json;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// `pass`, `fail`, or `open` for what is not checked.
    right: String,
    /// The text of its module `pk.NAME`, which its command runs.
    module: Option<String>,
    /// The words after that.
    #[serde(default)]
    words: Vec<String>,
    /// Its command, where it has no module.
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    variables: Vec<String>,
    user: Option<String>,
    directory: Option<String>,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    elf: bool,
    /// Where it leads, if it is a symbolic link.
    link: Option<String>,
    mode: Option<u32>,
    #[serde(default)]
    owner: [u32; 2],
}

fn cases(name: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/entrypoints").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str::<Cases>(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())).case
}

fn command(case: &Case) -> Vec<String> {
    let own = ["python3".to_owned(), "-m".to_owned(), format!("pk.{}", case.name)];
    if case.command.is_empty() {
        own.into_iter().chain(case.words.clone()).collect()
    } else {
        case.command.clone()
    }
}

fn add(tar: Tar, file: &File) -> Tar {
    if let Some(target) = &file.link {
        return tar.symlink(&file.path, target);
    }
    let content = if file.elf { crate::support::elf(62, LOADER) } else { file.text.clone().into_bytes() };
    tar.owned(&file.path, content, file.mode.unwrap_or(0o644), file.owner)
}

/// The image of some cases, whose first says what its configuration has.
fn image(cases: &[&Case]) -> Spec {
    let given: Vec<&File> = cases.iter().flat_map(|c| &c.files).collect();
    let mut tar = given.iter().filter(|f| f.path.ends_with('/')).fold(Tar::new(), |tar, f| add(tar, f));
    for path in [
        "usr/local/bin/python3.11",
        "usr/local/bin/python3",
        "bin/sh",
        "usr/bin/env",
        "bin/true",
        "bin/false",
    ] {
        if !given.iter().any(|f| f.path == path) {
            tar = tar.executable(path, crate::support::elf(62, LOADER));
        }
    }
    tar = tar.executable("lib64/ld-linux-x86-64.so.2", "");
    let cli = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--profile', required=True)\np.parse_args()\n";
    tar = tar.file("app/pk/__init__.py", "").file("app/pk/cli.py", cli);
    tar = tar.file("usr/local/lib/python3.11/site-packages/click/__init__.py", "");
    for case in cases.iter().filter_map(|c| Some((&c.name, c.module.as_ref()?))) {
        tar = tar.file(&format!("app/pk/{}.py", case.0), case.1);
    }
    tar = given.iter().filter(|f| !f.path.ends_with('/')).fold(tar, |tar, f| add(tar, f));
    let first = cases[0];
    let mut variables = vec!["PATH=/usr/local/bin:/usr/bin:/bin".to_owned()];
    variables.extend(first.directory.is_none().then(|| "PYTHONPATH=/app".to_owned()));
    variables.extend(first.variables.clone());
    let mut spec = Spec::new([Layer::from(tar)]);
    let directory = first.directory.as_deref().unwrap_or("/app");
    spec.config =
        json!({ "Env": variables, "WorkingDir": directory, "User": first.user.as_deref().unwrap_or("") });
    spec
}

/// What the cases of one image come to, where it is not what it should be.
fn wrong(cases: &[&Case]) -> Vec<String> {
    let mut contract = "version = 1\n".to_owned();
    for case in cases {
        let (handle, command, required) = (case.name.to_uppercase(), command(case), &case.required);
        let _ = write!(
            contract,
            "\n[[entrypoints]]\nhandle = \"{handle}\"\ncommand = {command:?}\nrequired_args = {required:?}\n"
        );
    }
    let cli = Cli::new();
    cli.write("seaworthy.toml", contract);
    let mut blobs = Blobs::default();
    let root = blobs.image(&image(cases));
    blobs.root(root, "1");
    cli.write("image.tar", blobs.tar().done());
    let answer = cli.run(&["image", "oci-archive:image.tar", "--report", "json"]);
    let report = answer.json();
    let rows = report["entrypoints"].as_array().unwrap_or_else(|| panic!("{}", answer.stderr));
    let of = |case: &&&Case| {
        let row = rows.iter().find(|r| r["handle"] == case.name.to_uppercase()).unwrap();
        let status = match row["status"].as_str().unwrap() {
            known @ ("pass" | "fail") => known,
            _ => "open",
        };
        (status != case.right).then(|| format!("{} must be {}: {row}", case.name, case.right))
    };
    cases.iter().filter_map(|case| of(&case)).collect()
}

#[test]
fn programs_of_python() {
    let all = cases("python.toml");
    let wrong = wrong(&all.iter().collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn each(name: &str) {
    let all = cases(name);
    let wrong: Vec<String> = all.iter().flat_map(|case| wrong(&[case])).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn scripts_and_users() {
    each("wrappers.toml");
}

#[test]
fn servers_and_packages() {
    each("others.toml");
}

#[test]
fn further_edits_of_programs() {
    each("further.toml");
}

#[test]
fn edits_of_programs() {
    each("edits.toml");
}
