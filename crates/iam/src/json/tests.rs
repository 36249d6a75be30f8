#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn fault(text: &str) -> (String, Fault) {
    let error = read(text, Limits::default()).expect_err(text);
    (error.at.to_string(), error.fault)
}

#[test]
fn places_of_values() {
    let node = read("{\n  \"a\": [1, \"é\", true],\n\t\"b\": null }", Limits::default()).unwrap();
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
        ("\u{feff}{}", "1:1", Fault::Expected("a value")),
        ("[1,]", "1:4", Fault::Expected("a value")),
        ("{a:1}", "1:2", Fault::Expected("a member name")),
        ("{\"a\" 1}", "1:6", Fault::Expected("`:`")),
        ("[1 2]", "1:4", Fault::Expected("`,` or `]`")),
        ("nul", "1:1", Fault::Expected("a value")),
        ("01", "1:2", Fault::Trailing),
        ("1.", "1:3", Fault::Number),
        ("-", "1:2", Fault::Number),
        ("\"a\nb\"", "1:3", Fault::Control),
        ("\"\\x\"", "1:3", Fault::Escape),
        ("\"\\ud800\"", "1:8", Fault::Escape),
        ("\"\\udc00\"", "1:8", Fault::Escape),
        ("{\"a\":1,\n\"a\":2}", "2:1", Fault::Duplicate),
        ("{\"Effect\":1, \"\\u0045ffect\":2}", "1:14", Fault::Duplicate),
    ] {
        assert_eq!(fault(text), (at.to_owned(), expected), "{text}");
    }
}

#[test]
fn bounds() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(read(&deep(64), Limits::default()).is_ok());
    assert_eq!(fault(&deep(65)).1, Fault::TooDeep(64));
    assert_eq!(fault(&"[".repeat(1_000_000)).1, Fault::TooDeep(64));
    assert_eq!(read("123", Limits { bytes: 2, depth: 1 }).unwrap_err().fault, Fault::TooLong(2));
}

#[test]
fn escapes() {
    let node = read(r#""\u00e9\ud83d\ude00\n\/\"\\""#, Limits::default()).unwrap();
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
        match (read(&text, Limits::default()), serde_json::from_str::<serde_json::Value>(&text)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(plain(&ours), theirs),
            (Err(error), Ok(_)) => prop_assert_eq!(error.fault, Fault::Duplicate),
            (Ok(_), Err(_)) => prop_assert!(false, "accepted what serde_json refuses"),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn reads_what_serde_json_writes(text in ".{0,40}", numbers in prop::collection::vec(any::<i64>(), 0..4)) {
        let value = serde_json::json!({ "text": text, "list": numbers, "nested": { (text.as_str()): null } });
        let read = read(&value.to_string(), Limits::default());
        prop_assert_eq!(plain(&read.unwrap()), value);
    }

    #[test]
    fn never_panics(text in ".{0,60}") {
        let _ = read(&text, Limits::default());
    }
}
