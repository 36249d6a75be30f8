#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

const DOCUMENT: Limits = Limits { bytes: 1 << 20, depth: 32, values: 100_000 };

fn told(bytes: &[u8]) -> String {
    let errors = parse(bytes, DOCUMENT).unwrap_err();
    errors.iter().map(|e| format!("{}@{}:{}", e.pointer, e.span.start, e.fault)).collect::<Vec<_>>().join("|")
}

#[test]
fn values_keep_their_place_and_numbers_their_text() {
    let text = br#" {"a": [1.50, -0e+1], "b\u0063": null} "#;
    let node = parse(text, DOCUMENT).unwrap();
    let number = node.find("/a/0").unwrap();
    assert_eq!(number.value, Value::Number("1.50".into()));
    assert_eq!(number.span.of(text), b"1.50");
    assert_eq!(node.get("bc").unwrap().value, Value::Null);
    assert_eq!(node.find("/a/00"), None);
    assert_eq!(node.find("/a/+1"), None);
    assert_eq!(node.find("a"), None);
    assert_eq!(node.find(""), Some(&node));
}

#[test]
fn all_duplicates_are_told_also_spelled_with_escapes() {
    assert_eq!(
        told(br#"{"a":1,"\u0061":2,"b":{"c":1,"c":2}}"#),
        "/a@7:stands twice in its object|/b/c@29:stands twice in its object"
    );
}

#[test]
fn what_is_no_json_is_refused() {
    for (bytes, word) in [
        (&b""[..], "ends inside"),
        (b"{", "ends inside"),
        (b"{} {}", "after the end"),
        (b"{}x", "after the end"),
        (b"{\"a\":NaN}", "a JSON value"),
        (b"{\"a\":Infinity}", "a JSON value"),
        (b"{\"a\":-Infinity}", "malformed number"),
        (b"{\"a\":01}", "expected"),
        (b"{\"a\":1.}", "malformed number"),
        (b"{\"a\":+1}", "a JSON value"),
        (b"{\"a\":1,}", "the name of a member"),
        (b"[1,]", "a JSON value"),
        (b"{'a':1}", "the name of a member"),
        (b"{a:1}", "the name of a member"),
        (b"// x\n{}", "a JSON value"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"{\"a\":\"\xff\"}", "not UTF-8"),
        (b"{\"a\":\"\xed\xa0\x80\"}", "not UTF-8"),
        (b"{\"a\":\"\\ud800\"}", "surrogate"),
        (b"{\"a\":\"\\udc00\"}", "surrogate"),
        (b"{\"a\":\"\\ud800\\u0041\"}", "surrogate"),
        (b"{\"a\":\"\\x41\"}", "escape"),
        (b"{\"a\":\"\n\"}", "control"),
        (b"{\"a\":\"\0\"}", "control"),
        (b"\0", "a JSON value"),
        (b"nul", "a JSON value"),
    ] {
        let told = told(bytes);
        assert!(told.contains(word), "{}: {told}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn depth_size_and_number_of_values_are_bounded() {
    let deep = [vec![b'['; 33], vec![b']'; 33]].concat();
    assert!(told(&deep).contains("deeper than 32"));
    assert!(parse(&[vec![b'['; 32], vec![b']'; 32]].concat(), DOCUMENT).is_ok());
    assert!(told(&vec![b' '; (1 << 20) + 1]).contains("larger than 1048576"));
    let many = format!("[{}0]", "0,".repeat(100_000));
    assert!(told(many.as_bytes()).contains("more than 100000 values"));
    let same = format!("{{{}\"a\":0}}", "\"a\":0,".repeat(1000));
    assert_eq!(parse(same.as_bytes(), DOCUMENT).unwrap_err().len(), DUPLICATES);
}

#[test]
fn a_value_is_never_repeated() {
    let secret = br#"{"token-of-mine":"hunter2hunter2", "hunter2 hunter2":1, "hunter2 hunter2":2}"#;
    assert!(!told(secret).contains("hunter2"));
}

fn fault(text: &str) -> (String, Fault) {
    let error = read_first(text.as_bytes(), DOCUMENT).expect_err(text);
    (error.at.to_string(), error.fault)
}

#[test]
fn places_of_values() {
    let node = parse("{\n  \"a\": [1, \"é\", true],\n\t\"b\": null }".as_bytes(), DOCUMENT).unwrap();
    assert_eq!(node.at.to_string(), "1:1");
    let Value::Object(members) = &node.value else { panic!() };
    assert_eq!(
        (members[0].at.to_string(), members[0].node.at.to_string()),
        ("2:3".to_owned(), "2:8".to_owned())
    );
    let Value::Array(items) = &members[0].node.value else { panic!() };
    // Columns count bytes: `é` has two.
    assert_eq!(items[2].at.to_string(), "2:18");
    assert_eq!(members[1].at.to_string(), "3:2");
}

#[test]
fn faults_and_their_places() {
    for (text, at, expected) in [
        ("", "1:1", Fault::End),
        ("{\"a\":1", "1:7", Fault::End),
        ("{} x", "1:4", Fault::Trailing),
        ("\u{feff}{}", "1:1", Fault::ByteOrderMark),
        ("[1,]", "1:4", Fault::Expected("a JSON value")),
        ("{a:1}", "1:2", Fault::Expected("the name of a member")),
        ("{\"a\" 1}", "1:6", Fault::Expected("`:`")),
        ("[1 2]", "1:4", Fault::Expected("`,` or `]`")),
        ("nul", "1:1", Fault::Expected("a JSON value")),
        ("01", "1:2", Fault::Trailing),
        ("1.", "1:3", Fault::End),
        ("1.x", "1:3", Fault::Number),
        ("-", "1:2", Fault::End),
        ("\"a\nb\"", "1:3", Fault::Control),
        ("\"\\x\"", "1:3", Fault::Escape),
        ("\"\\ud800\"", "1:8", Fault::Surrogate),
        ("\"\\udc00\"", "1:8", Fault::Surrogate),
        ("{\"a\":1,\n\"a\":2}", "2:1", Fault::Duplicate),
        ("{\"Effect\":1, \"\\u0045ffect\":2}", "1:14", Fault::Duplicate),
    ] {
        assert_eq!(fault(text), (at.to_owned(), expected), "{text}");
    }
}

#[test]
fn escapes() {
    let node = parse(r#""\u00e9\ud83d\ude00\n\/\"\\""#.as_bytes(), DOCUMENT).unwrap();
    assert_eq!(node.value, Value::String("é😀\n/\"\\".to_owned()));
}

/// The value as serde_json has it, so that both readers can be compared.
fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => serde_json::from_str(text).unwrap(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => members.iter().map(|m| (m.name.clone(), plain(&m.node))).collect(),
    }
}

proptest! {
    #[test]
    fn agrees_with_serde_json(text in r#"([\[\]{}:, \n]|"[a-c]{0,2}"|"\\u00[0-9a-g]{2}"|-?[0-9]{1,2}(\.[0-9])?|true|null|"\\?.){0,12}"#) {
        match (read_first(text.as_bytes(), DOCUMENT), serde_json::from_str::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(plain(&ours), theirs),
            (Err(error), Ok(_)) => prop_assert_eq!(error.fault, Fault::Duplicate),
            (Ok(_), Err(_)) => prop_assert!(false, "accepted what serde_json refuses"),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn reads_what_serde_json_writes(text in ".{0,40}", numbers in prop::collection::vec(any::<i64>(), 0..4)) {
        let value = serde_json::json!({ "text": text, "list": numbers, "nested": { (text.as_str()): null } });
        let read = read_first(value.to_string().as_bytes(), DOCUMENT);
        prop_assert_eq!(plain(&read.unwrap()), value);
    }

    #[test]
    fn never_panics(text in ".{0,60}") {
        let _ = read_first(text.as_bytes(), DOCUMENT);
    }
}
