//! Policies as the Terraform source says them: JSON of any expression, and `aws_iam_policy_document`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::evaluate::scalar;
use super::place::Texts;
use super::resource::Resource;
use crate::tree::Tree;

/// Deepest nesting of a policy.
const MAX_DEPTH: usize = 32;

/// The text of a policy that an expression is, with `${unknown:…}` for what is not known; nothing if its shape is not known.
pub(super) fn policy_text(tree: &Tree) -> Option<String> {
    let policy = tree.decoded()?;
    let statements = policy.get("Statement")?;
    // A statement of which nothing is known may say anything.
    let is_known = statements.items().iter().all(|statement| {
        matches!(statement, Tree::Map(_))
            && ["Effect"].iter().all(|name| statement.get(name).and_then(scalar).is_some())
    });
    (is_known && !matches!(statements, Tree::Text(_)))
        .then(|| policy.to_json(MAX_DEPTH))
        .flatten()
        .map(|v| v.to_string())
}

impl Texts<'_> {
    /// The text of a block `inline_policy` by its name, as the Terraform source says it.
    pub fn inline_from_source(&self, resource: &Resource, name: &str) -> Option<String> {
        let Tree::List(blocks) = self.evaluated(resource, "inline_policy")? else { return None };
        let names =
            blocks.iter().map(|block| block.get("name").and_then(scalar)).collect::<Option<Vec<_>>>()?;
        let mut own = blocks.iter().zip(&names).filter(|(_, own)| own.as_str() == name);
        let (block, _) = own.next().filter(|_| own.next().is_none())?;
        policy_text(block.get("policy")?)
    }

    /// The document of `aws_iam_policy_document` by its source.
    pub fn document_from_source(&self, data: &Resource) -> Option<String> {
        self.evaluator.as_ref()?.only_written(data)?;
        let mut statements: Vec<Map<String, Value>> = Vec::new();
        for name in ["source_policy_documents", "source_json"] {
            self.merge(data, name, &mut statements)?;
        }
        let own = self.evaluated(data, "statement").unwrap_or(Tree::List(Vec::new()));
        let Tree::List(own) = own else { return None };
        for statement in &own {
            put(&mut statements, statement_of(statement)?);
        }
        for name in ["override_policy_documents", "override_json"] {
            self.merge(data, name, &mut statements)?;
        }
        let version = self.evaluated(data, "version").and_then(|tree| scalar(&tree));
        let version = version.unwrap_or_else(|| "2012-10-17".to_owned());
        Some(json!({ "Version": version, "Statement": statements }).to_string())
    }

    /// Adds the statements of other documents; nothing if one is not known.
    fn merge(&self, data: &Resource, name: &str, into: &mut Vec<Map<String, Value>>) -> Option<()> {
        let Some(tree) = self.evaluated(data, name) else { return Some(()) };
        let documents = match &tree {
            Tree::List(items) => items.iter().collect(),
            Tree::Null => Vec::new(),
            one => vec![one],
        };
        for document in documents {
            let text: Value = serde_json::from_str(&policy_text(document)?).ok()?;
            let statements = match text.get("Statement")? {
                Value::Array(items) => items.clone(),
                one => vec![one.clone()],
            };
            for statement in statements {
                let Value::Object(members) = statement else { return None };
                put(into, members);
            }
        }
        Some(())
    }
}

/// Adds a statement in place of the one with its Sid.
fn put(statements: &mut Vec<Map<String, Value>>, statement: Map<String, Value>) {
    let sid = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
    let same =
        |other: &&mut Map<String, Value>| sid.is_some() && other.get("Sid").and_then(Value::as_str) == sid;
    match statements.iter_mut().find(same) {
        Some(other) => *other = statement,
        None => statements.push(statement),
    }
}

/// A block `statement` in the policy language.
fn statement_of(tree: &Tree) -> Option<Map<String, Value>> {
    // What is no object is not known.
    let Tree::Map(_) = tree else { return None };
    let mut out = Map::new();
    let given = |name: &str| tree.get(name).filter(|member| !member.is_null());
    let effect = given("effect").map_or(Some("Allow".to_owned()), scalar)?;
    out.insert("Effect".to_owned(), effect.into());
    if let Some(sid) = given("sid").and_then(scalar).filter(|sid| !sid.is_empty()) {
        out.insert("Sid".to_owned(), sid.into());
    }
    for (name, element) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        let texts = given(name).map_or(Some(Vec::new()), texts)?;
        if !texts.is_empty() {
            out.insert(element.to_owned(), texts.into());
        }
    }
    for (name, element) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        let mut principals: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for block in given(name).map_or_else(Vec::new, Tree::items) {
            let kind = block.get("type").and_then(scalar)?;
            principals.entry(kind).or_default().extend(texts(block.get("identifiers")?)?);
        }
        if principals.contains_key("*") {
            out.insert(element.to_owned(), "*".into());
        } else if !principals.is_empty() {
            out.insert(element.to_owned(), json!(principals));
        }
    }
    let mut conditions: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for block in given("condition").map_or_else(Vec::new, Tree::items) {
        let (test, variable) = (block.get("test").and_then(scalar)?, block.get("variable").and_then(scalar)?);
        let values = texts(block.get("values")?)?;
        conditions.entry(test).or_default().entry(variable).or_default().extend(values);
    }
    if !conditions.is_empty() {
        out.insert("Condition".to_owned(), json!(conditions));
    }
    Some(out)
}

/// The texts of a list; nothing if how many there are is not known.
fn texts(tree: &Tree) -> Option<Vec<String>> {
    let Tree::List(items) = tree else { return None };
    let text = |item: &Tree| Some(item.text()?.to_policy().replace("&{", "${"));
    items.iter().map(text).collect()
}
