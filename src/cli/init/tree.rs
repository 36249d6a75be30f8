//! Values of whatever form a file has (JSON, YAML, HCL), as far as they are known.

use seaworthy_source::yaml::{Node, NodeKind};

/// Stands in a text for a part that no file tells, such as the account's number.
pub(super) const UNKNOWN: &str = "${?}";

/// A value. It may hold a secret, so it has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Tree {
    /// The line that it stands in, from 1; 0 if it stands in another file.
    pub(super) line: u32,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Clone, Default)]
pub(super) enum Value {
    /// Only an apply tells it.
    #[default]
    Unknown,
    /// A text, a number or a boolean; [`UNKNOWN`] stands in it for what is not known.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A mapping.
    Map(Vec<(String, Tree)>),
}

/// A key without the marks by which formats differ: `taskRoleArn`, `TaskRoleArn` and `task_role_arn` are one.
fn plain(key: &str) -> impl Iterator<Item = u8> {
    key.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase())
}

impl Tree {
    pub(super) fn text_of(text: impl Into<String>) -> Self {
        Self { line: 0, value: Value::Text(text.into()) }
    }

    pub(super) fn map(entries: Vec<(String, Self)>) -> Self {
        Self { line: 0, value: Value::Map(entries) }
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self { line: 0, value: Value::List(items) }
    }

    /// The value of a key, however its words are joined.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| plain(k).eq(plain(key))).map(|(_, v)| v)
    }

    /// The value of exactly this key.
    pub(super) fn get_exactly(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The items of a list; a value that is no list is its own only item, as policies have it.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Unknown => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The text, parts that are not known included.
    pub(super) fn any_text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The text, if all of it is known.
    pub(super) fn text(&self) -> Option<&str> {
        self.any_text().filter(|t| !t.contains(UNKNOWN))
    }

    /// A text of this key.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// What a copy of it costs: its values, and one more for each 64 bytes of text.
    pub(super) fn weight(&self) -> usize {
        let of_text = |text: &str| text.len() / 64;
        1 + match &self.value {
            Value::Unknown => 0,
            Value::Text(text) => of_text(text),
            Value::List(items) => items.iter().map(Self::weight).sum(),
            Value::Map(entries) => entries.iter().map(|(k, v)| of_text(k) + v.weight()).sum(),
        }
    }

    /// The words of a command, if all are known.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        match &self.value {
            Value::List(items) => items.iter().map(|i| i.text().map(str::to_owned)).collect(),
            _ => None,
        }
    }

    /// A policy or a list of containers may be written as the text of a JSON document.
    pub(super) fn decoded(&self) -> Self {
        let Some(text) = self.any_text() else { return self.clone() };
        let json = serde_json::from_str::<serde_json::Value>(text);
        json.map_or_else(|_| self.clone(), |json| Self::of_json(&json, self.line))
    }

    /// Every value of the document gets the line of the document's text; serde_json bounds the depth.
    fn of_json(json: &serde_json::Value, line: u32) -> Self {
        use serde_json::Value as Json;
        let value = match json {
            Json::Null => Value::Unknown,
            Json::Bool(b) => Value::Text(b.to_string()),
            Json::Number(n) => Value::Text(n.to_string()),
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(|i| Self::of_json(i, line)).collect()),
            Json::Object(map) => {
                Value::Map(map.iter().map(|(k, v)| (k.clone(), Self::of_json(v, line))).collect())
            }
        };
        Self { line, value }
    }

    /// The value of a YAML node. The short functions of CloudFormation (`!Sub`) become the long ones (`Fn::Sub`).
    pub(super) fn of_yaml(node: &Node) -> Self {
        if let Some(tag) = &node.tag {
            let function = if &**tag == "Ref" { tag.to_string() } else { format!("Fn::{tag}") };
            let inner = Self::of_yaml(&Node { tag: None, ..node.clone() });
            return Self { line: node.position.line, value: Value::Map(vec![(function, inner)]) };
        }
        let value = match &node.kind {
            NodeKind::Scalar(scalar) => Value::Text(scalar.text.clone()),
            NodeKind::List(items) => Value::List(items.iter().map(Self::of_yaml).collect()),
            NodeKind::Map(entries) => {
                Value::Map(entries.iter().map(|(k, v)| (k.text.clone(), Self::of_yaml(v))).collect())
            }
        };
        Self { line: node.position.line, value }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_in_every_format() {
        let tree = Tree::map(vec![("taskRoleArn".to_owned(), Tree::text_of("a"))]);
        for key in ["task_role_arn", "TaskRoleArn", "taskRoleArn"] {
            assert_eq!(tree.text_at(key), Some("a"));
        }
        assert!(Tree::text_of(format!("a{UNKNOWN}")).text().is_none());
        let policy = Tree::text_of(r#"{"Statement": [{"Action": "*"}]}"#).decoded();
        assert_eq!(policy.get("statement").unwrap().items()[0].text_at("action"), Some("*"));
    }
}
