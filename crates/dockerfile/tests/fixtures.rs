//! The reader against BuildKit's own answers for 40 edge cases.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use seaworthy_dockerfile::{Arguments, Dockerfile, Error, ErrorKind, Keyword, Node, Syntax, TopLevelKind};
use serde_json::{Value, json};

/// The words of a node in the flat form of the reference.
fn args(node: &Node) -> Vec<String> {
    match &node.arguments {
        Arguments::Nothing if node.keyword.is_none() => vec![String::new()],
        Arguments::Nothing => Vec::new(),
        Arguments::Words(words) => words.iter().map(|w| w.to_string()).collect(),
        Arguments::Pairs(pairs) => pairs
            .iter()
            .flat_map(|p| {
                let separator = if p.legacy { "" } else { "=" };
                [p.key.to_string(), p.value.raw.to_string(), separator.to_owned()]
            })
            .collect(),
        Arguments::Trigger(_) => vec![String::new()],
    }
}

fn rendered(node: &Node) -> Value {
    let mut out = json!({
        "cmd": node.name.as_str(),
        "start": node.lines.first,
        "end": node.lines.last,
        "heredocs": node.heredocs.len(),
        "json": node.json,
        "orig": node.text.as_str(),
    });
    let list = |texts: Vec<String>| Value::from(texts);
    if !node.heredocs.is_empty() {
        out["hbodies"] = list(node.heredocs.iter().map(|h| h.body.to_string()).collect());
    }
    if !node.flags.is_empty() {
        out["flags"] = list(node.flags.iter().map(|f| f.to_string()).collect());
    }
    if !args(node).is_empty() {
        out["args"] = list(args(node));
    }
    out
}

/// Whether an error is the reference's: the same line, and the same words as far as they repeat no value.
fn agrees(error: &Error, reference: &str) -> bool {
    match error.kind {
        ErrorKind::UnknownInstruction { name: None, .. } => {
            let start = format!("dockerfile parse error on line {}: unknown instruction", error.line);
            reference.starts_with(&start)
        }
        _ => error.to_string() == reference || error.kind.to_string() == reference,
    }
}

#[test]
fn all_cases_agree_with_the_reference() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let expected = std::fs::read_to_string(directory.join("expected.jsonl")).unwrap();
    let mut cases = 0;
    for line in expected.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["file"].as_str().unwrap();
        let file = std::fs::read(directory.join(name)).unwrap();
        cases += 1;
        if let Some(reference) = case["parse_err"].as_str() {
            let error = Syntax::read(&file).unwrap_err();
            assert!(agrees(&error, reference), "{name}: {error}");
            assert_eq!(error.line, 2, "{name}");
            continue;
        }
        let syntax = Syntax::read(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(syntax.escape.to_string(), case["escape"].as_str().unwrap(), "{name}");
        let nodes: Vec<Value> = syntax.nodes.iter().map(rendered).collect();
        assert_eq!(Value::from(nodes), case["ins"], "{name}");
        match (Dockerfile::parse(&file), case["ins_err"].as_str()) {
            (Ok(_), None) => {}
            (Err(error), Some(reference)) => assert!(agrees(&error, reference), "{name}: {error}"),
            (result, reference) => panic!("{name}: {result:?} for {reference:?}"),
        }
        let covered: Vec<u8> = syntax.pieces.iter().flat_map(|p| p.span.of(&file)).copied().collect();
        assert_eq!(covered, file, "{name}");
        for node in &syntax.nodes {
            let start = node.name.span().of(&file);
            assert_eq!(String::from_utf8_lossy(start), node.name.as_str(), "{name}");
        }
    }
    assert_eq!(cases, 40);
}

#[test]
fn a_byte_order_mark_shifts_no_span() {
    let file = b"\xef\xbb\xbfFROM a\nRUN x\n";
    let parsed = Dockerfile::parse(file).unwrap();
    assert_eq!(parsed.pieces[0].kind, TopLevelKind::ByteOrderMark);
    assert_eq!(parsed.instructions[0].span.of(file), b"FROM a");
    assert_eq!(parsed.instructions[1].span.of(file), b"RUN x");
    assert_eq!(parsed.instructions[1].keyword, Keyword::Run);
}
