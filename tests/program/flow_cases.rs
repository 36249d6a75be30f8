//! Edits of a workflow and of a script that build, push and resolve in the agreed sequence: `tests/flow`. Each is put
//! into the demo, and what SW604 and SW606 answer is compared with what stands there.

use std::collections::BTreeMap;
use std::path::Path;

use crate::gate::demo;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    #[serde(default)]
    parts: BTreeMap<String, String>,
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    name: String,
    answer: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// What stands in the filled file, and what is written in its place.
    #[serde(default)]
    replace: Vec<(String, String)>,
    /// The same of the contract.
    #[serde(default)]
    contract: Vec<(String, String)>,
    /// What is written in the places of the file.
    #[serde(flatten)]
    parts: BTreeMap<String, String>,
}

/// A file with its places filled: each line of a part at the place's own indentation.
fn filled(template: &str, edit: &Edit, defaults: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for line in template.lines() {
        let bare = line.trim_start();
        let Some(place) = bare.strip_prefix('@').and_then(|b| b.strip_suffix('@')) else {
            out.push_str(&format!("{line}\n"));
            continue;
        };
        let part = edit.parts.get(place).or_else(|| defaults.get(place)).map_or("", String::as_str);
        let indent = " ".repeat(line.len() - bare.len());
        for text in part.trim().lines() {
            out.push_str(&format!("{indent}{text}\n"));
        }
    }
    out
}

/// A text with other texts in the place of some of its own.
fn replaced(text: String, pairs: &[(String, String)]) -> String {
    pairs.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// Judges the edits in a file, which are of the template `name` with the parts of its own file.
fn judged(name: &str, edits: &str, file: &str, contract: &[(&str, &str)]) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow");
    let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
    let template = read(name);
    let all = |name: &str| -> Edits { toml::from_str(&read(name)).unwrap() };
    let parts = all(&Path::new(name).with_extension("toml").display().to_string()).parts;
    let edits = all(edits);
    let mut wrong = Vec::new();
    for edit in &edits.edit {
        let unknown: Vec<_> = edit.parts.keys().filter(|p| !template.contains(&format!("@{p}@"))).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", edit.name);
        let cli = demo(None);
        for (from, to) in contract {
            let before = cli.read("seaworthy.toml");
            assert!(before.contains(from), "{from}");
            cli.write("seaworthy.toml", before.replace(from, to));
        }
        cli.write("seaworthy.toml", replaced(cli.read("seaworthy.toml"), &edit.contract));
        cli.write(file, replaced(filled(&template, edit, &parts), &edit.replace));
        for (path, text) in &edit.files {
            cli.write(path, text.trim_start());
        }
        let answer = cli.run(&["context", "--report", "json"]);
        let report = answer.json();
        let status = |id: &str| {
            let checks = report["checks"].as_array().unwrap();
            checks.iter().find(|c| c["id"] == id).map(|c| c["status"].as_str().unwrap().to_owned()).unwrap()
        };
        let both = [status("SW604"), status("SW606")];
        let has = |status: &str| both.iter().any(|s| s == status);
        let given = if has("fail") {
            "fail"
        } else if has("not-checked") {
            "open"
        } else if both.iter().all(|s| s == "pass") {
            "pass"
        } else {
            "?"
        };
        if given != edit.answer {
            let own = |item: &&serde_json::Value| {
                item.to_string().contains("SW604") || item.to_string().contains("SW606")
            };
            let of = |key: &str, text: &str| -> Vec<String> {
                let all = report[key].as_array().unwrap().iter().filter(own);
                all.map(|item| format!("\n    {}", item[text].as_str().unwrap_or_default())).collect()
            };
            let texts = [of("findings", "message"), of("not_checked", "reason")].concat().concat();
            wrong.push(format!("{}: {given}, and not {}{texts}", edit.name, edit.answer));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), edits.edit.len(), wrong.join("\n"));
}

const WORKFLOW: &str = ".github/workflows/release.yml";

/// What a contract says whose image is built by a script.
const SCRIPTED: [(&str, &str); 2] = [
    ("files = [\".github/workflows/release.yml\"]", "files = [\"build.sh\"]"),
    ("family = \"github_actions\"", "family = \"local_cli\""),
];

#[test]
fn edits_of_a_workflow() {
    judged("workflow.yml", "workflow.toml", WORKFLOW, &[]);
}

#[test]
fn edits_of_builds_tags_and_digests() {
    judged("workflow.yml", "builds.toml", WORKFLOW, &[]);
    judged("workflow.yml", "digests.toml", WORKFLOW, &[]);
}

#[test]
fn edits_of_sources_before_the_build() {
    judged("workflow.yml", "sources.toml", WORKFLOW, &[]);
}

#[test]
fn edits_that_move_secrets() {
    judged("workflow.yml", "secrets.toml", WORKFLOW, &[]);
}

#[test]
fn edits_of_a_script() {
    judged("script.sh", "script.toml", "build.sh", &SCRIPTED);
    judged("script.sh", "drivers.toml", "build.sh", &SCRIPTED);
}

#[test]
fn hostile_scripts_end_soon() {
    for text in [
        "f() { f; f; }\nf\n".to_owned(),
        "a() { b; b; }\nb() { c; c; }\nc() { a; a; }\na\n".to_owned(),
        "./build.sh && ./build.sh\n".repeat(20),
        "eval \"".repeat(2_000),
        "bash -c 'eval \"$X\"' ".repeat(2_000),
        "if a; then ".repeat(5_000),
        "f() { ( ".repeat(3_000) + "f",
        "$(".repeat(5_000),
        "`a ".repeat(5_000),
        "docker push r:$x || true\n".repeat(1_000),
        (0..500).map(|n| format!("docker push r:{n} || true\n")).collect(),
        (0..100).map(|n| format!("while a; do docker push r:{n} && b; done\n")).collect(),
        (0..100).map(|n| format!("if [ -n \"$X{n}\" ]; then Y{n}=1; fi\ndocker push r:{n}\n")).collect(),
        "for a in 1 2 3 4 5 6 7 8; do for b in 1 2 3 4 5 6 7 8; do docker push r:$a$b; done; done\n"
            .repeat(200),
        "make all\n".to_owned(),
    ] {
        let cli = demo(None);
        let before = cli.read("seaworthy.toml");
        let file = before
            .replace(".github/workflows/release.yml", "build.sh")
            .replace("github_actions", "local_cli");
        cli.write("seaworthy.toml", file);
        cli.write("build.sh", &text);
        cli.write("Makefile", "all: all\n\tmake all; make all\n");
        let start = std::time::Instant::now();
        let answer = cli.run(&["context", "--report", "json"]);
        let shown: String = text.chars().take(40).collect();
        assert!(matches!(answer.code, 1 | 2), "{shown}: {}", answer.stderr);
        assert!(start.elapsed().as_secs() < 120, "{shown}: {:?}", start.elapsed());
    }
}
