//! Blocks of HCL, with the line of each.

use std::collections::BTreeMap;

use super::parser::{self, Item};
use super::syntax::Expression;
use crate::AwsError;

/// What stands in a block. It may hold secrets, so it has no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Body {
    pub attributes: BTreeMap<String, Expression>,
    pub blocks: Vec<Nested>,
}

/// A block in a block.
#[derive(Clone)]
pub(crate) struct Nested {
    pub kind: String,
    pub labels: Vec<String>,
    pub body: Body,
    /// Where it begins in the file, if that is known.
    pub offset: Option<usize>,
}

/// The blocks of a file, each with its line.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<(Nested, u32)>, AwsError> {
    let items = parser::body(text).map_err(|fault| {
        let before = text.get(..fault.offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        AwsError::new(name, format!("{line}:{column}: not HCL: {}", fault.reason))
    })?;
    let (mut line, mut at) = (1_u32, 0);
    let blocks = items.into_iter().filter_map(nested).map(|block| {
        let offset = block.offset.unwrap_or(at);
        let passed = text.as_bytes().get(at..offset).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        at = offset;
        (block, line)
    });
    Ok(blocks.collect())
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
        let read = read("main.tf", text).unwrap();
        let lines: Vec<u32> = read.iter().map(|(_, line)| *line).collect();
        assert_eq!(lines, [2, 6]);
        let role = &read[1].0;
        assert_eq!(role.labels, ["aws_iam_role", "app"]);
        assert_eq!(role.body.attributes["name"].as_text(), Some("app"));
        assert_eq!(role.body.blocks[0].kind, "inline_policy");
    }

    #[test]
    fn what_is_no_hcl_is_an_error_with_its_place() {
        let fault =
            read("main.tf", "resource \"a\" \"b\" {\n  Hunter2 Hunter3 =\n}\n").err().unwrap().to_string();
        assert!(fault.starts_with("main.tf: 2:") && !fault.contains("Hunter"), "{fault}");
    }
}
