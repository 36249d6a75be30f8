//! Changes of one leaf of a JSON document.

use serde_json::{Value, json};

/// Pointers of all values but the root, objects and lists included, in their order.
pub fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, out: &mut Vec<String>) {
        let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
        let mut child = |key: String, value: &Value| {
            let at = format!("{at}/{key}");
            out.push(at.clone());
            walk(value, &at, out);
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| child(escape(key), value)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, value)| child(n.to_string(), value));
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    out
}

/// Removes what a pointer leads to.
pub fn remove(document: &mut Value, pointer: &str) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return false };
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&key).is_some(),
        Some(Value::Array(items)) => {
            let at = key.parse::<usize>().unwrap();
            at < items.len() && {
                items.remove(at);
                true
            }
        }
        _ => false,
    }
}

/// Every broken value that may stand in the place of one, with the rule's name. `neighbour` is another value of the
/// same document.
pub fn broken(value: &Value, neighbour: Option<&Value>) -> Vec<(&'static str, Value)> {
    let empty = match value {
        Value::String(_) => json!(""),
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
        Value::Number(_) => json!(0),
        Value::Bool(_) | Value::Null => Value::Null,
    };
    let retyped = match value {
        Value::String(_) => json!(7),
        Value::Number(n) => json!(n.to_string()),
        Value::Bool(b) => json!(b.to_string()),
        Value::Null => json!("x"),
        Value::Array(_) | Value::Object(_) => json!("x"),
    };
    let altered = match value {
        Value::String(text) => {
            let last = text.chars().last().unwrap_or('a');
            let other = if last == '1' { '2' } else { '1' };
            let cut: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
            Some(json!(format!("{cut}{other}")))
        }
        Value::Number(n) => Some(json!(n.as_f64().unwrap() + 1.0)),
        Value::Bool(b) => Some(json!(!b)),
        _ => None,
    };
    let all = [
        ("emptied", Some(empty)),
        ("retyped", Some(retyped)),
        ("altered", altered),
        ("neighbour", neighbour.cloned()),
    ];
    all.into_iter().filter_map(|(rule, new)| Some((rule, new.filter(|new| new != value)?))).collect()
}
