//! Blocks of HCL, with the line of each.

use std::collections::BTreeMap;

use super::parser::{self, Item};
use super::syntax::{Expression, Piece};

/// What stands in a block. It may hold secrets, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Body {
    /// Values by name.
    pub attributes: BTreeMap<String, Expression>,
    /// Blocks, in order; `dynamic "x"` is one of its own.
    pub blocks: Vec<Nested>,
}

/// A block in a block.
#[derive(Clone)]
pub struct Nested {
    /// Its first word, such as `resource`.
    pub kind: String,
    /// The words behind it.
    pub labels: Vec<String>,
    /// What stands in it.
    pub body: Body,
    /// Where it begins in the file, if that is known.
    pub offset: Option<usize>,
}

/// Why a text is not HCL. Nothing of it is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: not HCL: {reason}")]
pub struct HclError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl HclError {
    fn of(text: &str, fault: &parser::Fault) -> Self {
        let before = text.get(..fault.offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, reason: fault.reason }
    }
}

fn items(text: &str) -> Result<Vec<Item>, HclError> {
    parser::body(text).map_err(|fault| HclError::of(text, &fault))
}

/// The blocks of a file, each with its line from 1.
///
/// # Errors
/// [`HclError`] if the text is not HCL, or is nested too deeply.
pub fn blocks(text: &str) -> Result<Vec<(Nested, u32)>, HclError> {
    let (mut line, mut at) = (1_u32, 0);
    let blocks = items(text)?.into_iter().filter_map(nested).map(|block| {
        let offset = block.offset.unwrap_or(at);
        let passed = text.as_bytes().get(at..offset).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        at = offset;
        (block, line)
    });
    Ok(blocks.collect())
}

/// The values of a file of variables (`*.tfvars`), by name.
///
/// # Errors
/// As for [`blocks`].
pub fn values(text: &str) -> Result<BTreeMap<String, Expression>, HclError> {
    let value = |item| match item {
        Item::Attribute(name, value) => Some((name, value)),
        Item::Block { .. } => None,
    };
    Ok(items(text)?.into_iter().filter_map(value).collect())
}

/// The pieces of a template: a file that `templatefile` reads, or a text of the JSON form.
///
/// # Errors
/// As for [`blocks`].
pub fn template(text: &str) -> Result<Vec<Piece>, HclError> {
    parser::template(text).map_err(|fault| HclError::of(text, &fault))
}

/// The parser has bounded the depth.
fn nested(item: Item) -> Option<Nested> {
    let Item::Block { kind, offset, labels, items } = item else { return None };
    let mut body = Body::default();
    for item in items {
        match item {
            Item::Attribute(name, value) => {
                body.attributes.insert(name, value);
            }
            block @ Item::Block { .. } => body.blocks.extend(nested(block)),
        }
    }
    Some(Nested { kind, labels, body, offset: Some(offset) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_lines() {
        let text = "# A comment.\nlocals {\n  a = 1\n}\n\nresource \"aws_iam_role\" \"app\" {\n  name = \"app\"\n\n  inline_policy {\n    name = \"x\"\n  }\n}\n";
        let read = blocks(text).unwrap();
        let lines: Vec<u32> = read.iter().map(|(_, line)| *line).collect();
        assert_eq!(lines, [2, 6]);
        let role = &read[1].0;
        assert_eq!(role.labels, ["aws_iam_role", "app"]);
        assert_eq!(role.body.attributes["name"].as_text(), Some("app"));
        assert_eq!(role.body.blocks[0].kind, "inline_policy");
    }

    #[test]
    fn what_is_no_hcl_is_an_error_with_its_place() {
        let fault = blocks("resource \"a\" \"b\" {\n  Hunter2 Hunter3 =\n}\n").err().unwrap();
        assert_eq!(fault.line, 2);
        assert!(!fault.to_string().contains("Hunter"), "{fault}");
        assert_eq!(template("${a").err().map(|fault| fault.line), Some(1));
    }

    #[test]
    fn values_of_variables_are_read() {
        let values = values("name = \"app\"\ncount = 2\n").unwrap();
        assert_eq!(values["name"].as_text(), Some("app"));
        assert_eq!(values.len(), 2);
    }
}
