//! The JSON Schema and the reader agree.

use serde_json::Value;

use super::*;

/// Asserts that every key of the document is in the schema, and every key of the schema in the document.
fn agree(path: &str, value: &toml::Value, schema: &Value) {
    match value {
        toml::Value::Table(table) => {
            assert_eq!(schema["additionalProperties"], false, "{path}");
            let known = schema["properties"].as_object().unwrap();
            for (key, value) in table {
                agree(&format!("{path}.{key}"), value, known.get(key).expect(path));
            }
        }
        toml::Value::Array(items) => {
            for item in items {
                agree(path, item, &schema["items"]);
            }
        }
        toml::Value::String(_) => assert_eq!(schema["type"], "string", "{path}"),
        toml::Value::Integer(_) => assert_eq!(schema["type"], "integer", "{path}"),
        toml::Value::Boolean(_) => assert_eq!(schema["type"], "boolean", "{path}"),
        other => panic!("{path}: {other:?}"),
    }
}

/// All keys of a schema, as `section.key`.
fn keys(path: &str, schema: &Value, out: &mut Vec<String>) {
    let schema = schema.get("items").unwrap_or(schema);
    for (key, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        assert!(
            inner["description"].as_str().is_some_and(|d| !d.is_empty()),
            "{path}{key} has no description"
        );
        out.push(format!("{path}{key}"));
        keys(&format!("{path}{key}."), inner, out);
    }
}

#[test]
fn the_example_fits_the_schema_and_uses_all_of_it() {
    let schema = schema();
    let example: toml::Table = toml::from_str(EXAMPLE).unwrap();
    agree("", &toml::Value::Table(example), &schema);
    let mut all = Vec::new();
    keys("", &schema, &mut all);
    for key in all {
        let last = key.rsplit('.').next().unwrap();
        let written = EXAMPLE.contains(&format!("\n{last} = ")) || EXAMPLE.contains(&format!("[{key}]"));
        assert!(written, "the example lacks {key}");
    }
}

#[test]
fn the_schema_is_of_2020_12_and_knows_no_null_and_no_reference() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let text = schema.to_string();
    assert!(!text.contains("\"null\"") && !text.contains("$ref"));
    let text = serde_json::to_string_pretty(&schema).unwrap();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("schema", text) });
}
