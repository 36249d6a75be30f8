//! Blocks of HCL, with the line of each.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{BlockLabel, Structure};

use crate::AwsError;

/// Deepest nesting of brackets; the parser recurses for each.
const MAX_DEPTH: usize = 128;
/// Most operators in a row that the parser recurses for.
const MAX_OPERATORS: usize = 4_000;

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

/// A constant text.
pub(crate) fn text_of(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// The blocks of a file, each with its line.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<(Nested, u32)>, AwsError> {
    if !is_flat(text) {
        return Err(AwsError::new(name, "nested too deeply"));
    }
    let body = hcl_edit::parser::parse_body(text).map_err(|error| {
        // The parser's own message quotes the line.
        let at = error.location();
        AwsError::new(name, format!("{}:{}: not HCL", at.line(), at.column()))
    })?;
    let mut out = Vec::new();
    let mut lines = Lines { text, at: 0, line: 1 };
    for structure in body {
        if let Structure::Block(block) = structure {
            let line = block.ident.span().map_or(1, |span| lines.of(span.start));
            out.push((nested(block), line));
        }
    }
    Ok(out)
}

/// Counts lines; offsets ascend.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> u32 {
        let passed = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.at = self.at.max(offset);
        self.line
    }
}

/// The depth of the blocks is bounded by that of the brackets.
fn nested(block: hcl_edit::structure::Block) -> Nested {
    let labels = block.labels.iter().map(|label| match label {
        BlockLabel::Ident(ident) => ident.as_str().to_owned(),
        BlockLabel::String(text) => text.as_str().to_owned(),
    });
    let mut body = Body::default();
    let (kind, labels) = (block.ident.as_str().to_owned(), labels.collect());
    let offset = block.ident.span().map(|span| span.start);
    for structure in block.body {
        match structure {
            Structure::Attribute(attribute) => {
                body.attributes.insert(attribute.key.as_str().to_owned(), attribute.value);
            }
            Structure::Block(block) => body.blocks.push(nested(block)),
        }
    }
    Nested { kind, labels, body, offset }
}

/// Whether brackets are not nested too deeply, and operators are not too many, for a parser that recurses. Brackets within
/// texts count too; nobody writes as many.
pub(crate) fn is_flat(text: &str) -> bool {
    let (mut depth, mut operators, mut run) = (0_usize, 0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'?' => operators += 1,
            _ => {}
        }
        run = if matches!(byte, b'!' | b'-') { run + 1 } else { 0 };
        // A rule of dashes in a comment is long; one of `!` or `-` that is code is not.
        if depth > MAX_DEPTH || operators > MAX_OPERATORS || run > 1_000 {
            return false;
        }
    }
    true
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
        assert_eq!(role.body.attributes.get("name").and_then(text_of), Some("app"));
        assert_eq!(role.body.blocks[0].kind, "inline_policy");
    }

    #[test]
    fn what_is_no_hcl_is_an_error_with_its_place() {
        let fault = |text: &str| read("main.tf", text).err().unwrap().to_string();
        assert_eq!(
            fault("resource \"a\" \"b\" {\n  Hunter2 Hunter3 =\n}\n"),
            "main.tf:2:11: not HCL".replace(":2:11:", ": 2:11:")
        );
        for deep in ["a = ".to_owned() + &"[".repeat(100_000), "a = ".to_owned() + &"!".repeat(100_000)] {
            assert!(fault(&deep).contains("nested too deeply"));
        }
        let chain = "a = ".to_owned() + &"x ? y : ".repeat(100_000) + "z";
        assert!(fault(&chain).contains("nested too deeply"));
    }
}
