//! Which file and which lines carry the statements of a policy.

use super::super::resource::Resource;
use super::Evaluator;
use crate::terraform::{Block, Expression, Module, Nested, Step};

impl<'a> Evaluator<'a> {
    /// The block that holds the policy of a resource, and the lines of its statements.
    pub fn statements(&self, resource: &Resource) -> Option<(&'a Block, Vec<u32>)> {
        let block = self.written(resource)?;
        if resource.kind == "aws_iam_policy_document" {
            let block = self.carrier(resource, block, "statement");
            return Some((block, lines_of_blocks(block)?));
        }
        let block = self.carrier(resource, block, "policy");
        match block.body.attributes.get("policy")? {
            Expression::Path(root, steps) => {
                // `policy = data.aws_iam_policy_document.NAME.json` is written there.
                let local = data_document(root, steps)?;
                let module = self.module(&resource.module)?.1;
                let block = carrier(module, &local, module.resources.get(&local)?, "statement");
                Some((block, lines_of_blocks(block)?))
            }
            Expression::Call { name, arguments, .. } if name == "jsonencode" => {
                let [Expression::Object(policy)] = arguments.as_slice() else { return None };
                let (_, statements) = policy.iter().find(|(key, _)| key.as_text() == Some("Statement"))?;
                let Expression::List(items) = statements else { return None };
                Some((block, items.iter().map(|(offset, _)| block.line_of(*offset)).collect()))
            }
            _ => None,
        }
    }

    /// The block that carries an attribute or the blocks of a name.
    fn carrier(&self, resource: &Resource, own: &'a Block, name: &str) -> &'a Block {
        self.module(&resource.module).map_or(own, |(_, module)| carrier(module, &resource.local, own, name))
    }
}

/// The block that says `name` of a resource: the last override that does, or else its own. An override takes the place of
/// an attribute, and of all blocks of a name.
fn carrier<'a>(module: &'a Module, local: &str, own: &'a Block, name: &str) -> &'a Block {
    let says = |block: &&Block| {
        let is_dynamic =
            |b: &Nested| b.kind == "dynamic" && b.labels.first().is_some_and(|label| label == name);
        block.body.attributes.contains_key(name)
            || block.body.blocks.iter().any(|b| b.kind == name || is_dynamic(b))
    };
    module.overrides.get(local).and_then(|all| all.iter().rev().find(says)).unwrap_or(own)
}

/// The lines of the statements of a policy document, if none is made by a loop.
fn lines_of_blocks(block: &Block) -> Option<Vec<u32>> {
    let is_statement = |nested: &&Nested| nested.kind == "statement";
    if block.body.blocks.iter().any(|nested| nested.kind == "dynamic") {
        return None;
    }
    block.body.blocks.iter().filter(is_statement).map(|nested| Some(block.line_of(nested.offset?))).collect()
}

/// The policy document whose `json` a reference is.
fn data_document(root: &Expression, steps: &[Step]) -> Option<String> {
    match (root, steps) {
        (Expression::Name(data), [Step::Attribute(kind), Step::Attribute(name), Step::Attribute(json)]) => {
            let is_document = data == "data" && kind == "aws_iam_policy_document" && json == "json";
            is_document.then(|| format!("data.aws_iam_policy_document.{name}"))
        }
        _ => None,
    }
}
