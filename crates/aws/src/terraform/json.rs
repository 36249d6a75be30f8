//! The JSON form of Terraform's language (`*.tf.json`), which CDKTF writes: texts are templates.

use std::str::FromStr as _;

use hcl_edit::expr::{Array, Expression, Object, ObjectKey, ObjectValue};
use hcl_edit::template::{Element, StringTemplate, Template};
use hcl_edit::{Decorated, Ident, Number};
use seaworthy_iam::{Node, Value};

use super::body::{Body, Nested, is_flat};
use crate::AwsError;

/// Bounds on one file.
const LIMITS: seaworthy_iam::JsonLimits = seaworthy_iam::JsonLimits { bytes: 4 << 20, depth: 96 };

/// The blocks of a file, each with its line.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<(Nested, u32)>, AwsError> {
    if !is_flat(text) {
        return Err(AwsError::new(name, "nested too deeply"));
    }
    let root = seaworthy_iam::read_json(text, LIMITS).map_err(|e| AwsError::new(name, e.to_string()))?;
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
        Value::Null => Expression::null(),
        Value::Bool(value) => Expression::from(*value),
        Value::Number(text) => {
            let number = text.parse::<i64>().ok().map(Number::from);
            let number = number.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
            number.map_or_else(|| Expression::from(text.as_str()), Expression::from)
        }
        Value::String(text) => template(text),
        Value::Array(items) => Expression::from(items.iter().map(expression).collect::<Array>()),
        Value::Object(_) => {
            let pair = |(name, node): (&str, &Node)| {
                (ObjectKey::Expression(Expression::from(name)), ObjectValue::from(expression(node)))
            };
            Expression::from(members(node).map(pair).collect::<Object>())
        }
    }
}

/// A text with `${…}` in it; one that is nothing else is the expression itself.
fn template(text: &str) -> Expression {
    if !text.contains("${") && !text.contains("%{") {
        return Expression::from(text);
    }
    // What is no template is left as an expression that nothing knows.
    let unknown = || Expression::Variable(Decorated::new(Ident::new("unknown")));
    let Ok(template) = Template::from_str(text) else { return unknown() };
    match template.as_single_element() {
        Some(Element::Interpolation(inner)) => inner.expr.clone(),
        _ => Expression::from(template.into_iter().collect::<StringTemplate>()),
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
        let read = read("cdk.tf.json", text).unwrap();
        let role = &read[0].0;
        assert_eq!((role.labels.join("."), read[0].1), ("aws_iam_role.app".to_owned(), 2));
        assert!(matches!(role.body.attributes["name"], Expression::StringTemplate(_)));
        assert!(matches!(role.body.attributes["arn"], Expression::Traversal(_)));
        assert_eq!(read.len(), 3);
        assert!(super::read("x", "[").is_err());
    }
}
