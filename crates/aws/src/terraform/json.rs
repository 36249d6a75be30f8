//! The JSON form of Terraform's language (`*.tf.json`), which CDKTF writes: texts are templates.

use seaworthy_source::json::{self, Node, Value};

use super::body::{Body, Nested};
use super::parser;
use super::syntax::{Expression, Piece};
use crate::AwsError;

/// Bounds on one file.
const LIMITS: json::Limits = json::Limits { bytes: 4 << 20, depth: 96, values: 1_000_000 };

/// The blocks of a file, each with its line.
pub(super) fn parse(name: &str, text: &str) -> Result<Vec<(Nested, u32)>, AwsError> {
    let root = json::read_first(text.as_bytes(), LIMITS).map_err(|e| AwsError::new(name, e.to_string()))?;
    let mut out = Vec::new();
    for (kind, node) in members(&root) {
        let labels = match kind {
            "resource" | "data" => 2,
            "module" | "variable" | "output" => 1,
            "locals" => 0,
            _ => continue,
        };
        blocks(kind, node, labels, Vec::new(), &mut out);
    }
    Ok(out)
}

fn members(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let members = match &node.value {
        Value::Object(members) => members.as_slice(),
        _ => &[],
    };
    // `//` is a comment.
    members.iter().map(|member| (member.name.as_str(), &member.node)).filter(|(name, _)| *name != "//")
}

/// Blocks of one kind: objects by label, or lists of them.
fn blocks(kind: &str, node: &Node, labels: usize, given: Vec<String>, out: &mut Vec<(Nested, u32)>) {
    if let Value::Array(items) = &node.value {
        items.iter().for_each(|item| blocks(kind, item, labels, given.clone(), out));
        return;
    }
    if labels == 0 {
        let attributes = members(node).map(|(name, node)| (name.to_owned(), expression(node)));
        let body = Body { attributes: attributes.collect(), blocks: Vec::new() };
        out.push((Nested { kind: kind.to_owned(), labels: given, body, offset: None }, node.at.line));
        return;
    }
    for (name, node) in members(node) {
        let given = given.iter().cloned().chain([name.to_owned()]).collect();
        blocks(kind, node, labels - 1, given, out);
    }
}

/// The reader has bounded the depth.
fn expression(node: &Node) -> Expression {
    match &node.value {
        Value::Null => Expression::Null,
        Value::Bool(value) => Expression::Bool(*value),
        Value::Number(text) => Expression::Number(text.clone()),
        Value::String(text) => template(text),
        Value::Array(items) => Expression::List(items.iter().map(|item| (0, expression(item))).collect()),
        Value::Object(_) => {
            // A key is a template, too.
            let pair = |(name, node): (&str, &Node)| (template(name), expression(node));
            Expression::Object(members(node).map(pair).collect())
        }
    }
}

/// A text with `${…}` in it; one that is nothing else is the expression itself.
fn template(text: &str) -> Expression {
    // What is no template is left as a name that nothing knows.
    let Ok(mut pieces) = parser::template(text) else { return Expression::Name("unknown".to_owned()) };
    match (pieces.pop(), pieces.is_empty()) {
        (Some(Piece::Value(value)), true) => value,
        (last, _) => {
            pieces.extend(last);
            Expression::Template(pieces)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_templates_are_read() {
        let text = r#"{"//": {}, "resource": {"aws_iam_role": {
            "app": {"name": "app-${var.env}", "count": 2, "arn": "${aws_iam_role.x.arn}"}}},
            "locals": [{"a": [1, true, null]}], "output": {"o": {"value": "x"}}}"#;
        let read = parse("cdk.tf.json", text).unwrap();
        let role = &read[0].0;
        assert_eq!((role.labels.join("."), read[0].1), ("aws_iam_role.app".to_owned(), 2));
        assert!(matches!(role.body.attributes["name"], Expression::Template(_)));
        assert!(matches!(role.body.attributes["arn"], Expression::Path(..)));
        assert_eq!(read.len(), 3);
        assert!(parse("x", "[").is_err());
    }
}
