//! The reference answers in `fixtures/vectors.json`: all matches, ignore files and trees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use seaworthy_context::{Builder, Context, FileKind, IgnoreRules, ignore_lines};
use serde_json::Value;

type Check = fn(&Value) -> Result<(), String>;

fn strings(value: &Value) -> Vec<String> {
    value.as_array().map_or(Vec::new(), |list| list.iter().map(|s| s.as_str().unwrap().to_owned()).collect())
}

fn rules(vector: &Value) -> Result<IgnoreRules, seaworthy_context::IgnoreError> {
    IgnoreRules::from_patterns(&strings(&vector["patterns"]), "vectors.json", Builder::BuildKit)
}

fn check_match(vector: &Value) -> Result<(), String> {
    let rules = rules(vector);
    if vector.get("error").is_some() {
        return if rules.is_err() { Ok(()) } else { Err("was accepted".into()) };
    }
    let rules = rules.map_err(|error| error.to_string())?;
    let path = vector["path"].as_str().unwrap().as_bytes();
    let expected = vector["expected"].as_bool().unwrap();
    let content = vector.get("or_parent").map_or(expected, |answer| answer.as_bool().unwrap());
    match (rules.excluded(path) == expected, rules.refuses_content(path) == content) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("excluded is {}", !expected)),
        (true, false) => Err(format!("refuses_content is {}", !content)),
    }
}

fn check_ignore_file(vector: &Value) -> Result<(), String> {
    let text = vector["text"].as_str().unwrap().as_bytes();
    let lines = ignore_lines(text, "vectors.json", Builder::BuildKit).map_err(|error| error.to_string())?;
    let got: Vec<String> = lines.into_iter().map(|line| String::from_utf8(line.pattern).unwrap()).collect();
    if got == strings(&vector["patterns"]) { Ok(()) } else { Err(format!("read {got:?}")) }
}

fn check_tree(vector: &Value) -> Result<(), String> {
    let root = tempfile::tempdir().unwrap();
    for file in strings(&vector["tree"]) {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, "x").unwrap();
    }
    let rules = rules(vector).map_err(|error| error.to_string())?;
    let context = Context::walk(root.path(), &rules, NonZeroUsize::new(2).unwrap()).unwrap();
    let name = |f: &seaworthy_context::ContextFile| {
        let slash = if f.kind == FileKind::Directory { "/" } else { "" };
        format!("{}{slash}", f.path.display())
    };
    let got: BTreeSet<String> = context.files.iter().map(name).collect();
    let expected: BTreeSet<String> = strings(&vector["included"]).into_iter().collect();
    if got == expected { Ok(()) } else { Err(format!("listed {got:?}")) }
}

#[test]
fn reference_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vectors.json");
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let categories: [(&str, usize, Check); 3] =
        [("match", 648, check_match), ("ignorefile", 9, check_ignore_file), ("trees", 12, check_tree)];
    let named: Vec<&String> = vectors.as_object().unwrap().keys().filter(|key| *key != "note").collect();
    assert_eq!(named.len(), categories.len(), "a category has no check: {named:?}");
    let mut wrong = Vec::new();
    for (category, count, check) in categories {
        let list = vectors[category].as_array().unwrap();
        assert_eq!(list.len(), count, "{category}");
        for vector in list {
            if let Err(reason) = check(vector) {
                wrong.push(format!("{category} {}: {reason}", vector["patterns"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
