//! Policy documents of a plan: known texts, and those that are put together again from a deferred
//! `aws_iam_policy_document`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::config::Expr;
use super::link::Leaf;
use super::place::Texts;
use super::policy_source::policy_text;
use super::resource::Resource;
use crate::{Document, Gap, Place, Seen, Text};

/// Where a policy's text comes from.
impl Texts<'_> {
    /// The document in an attribute. Absent if the attribute is not set.
    pub fn document_in(&self, resource: &Resource, attribute: &str) -> Seen<Document> {
        match resource.values.get(attribute) {
            Some(Value::String(text)) if !text.is_empty() => {
                let text = if resource.sensitive.contains(attribute) {
                    self.document.secrets.taken_out_of(text)
                } else {
                    text.clone()
                };
                return Seen::Value(Document::new(text, place(resource)));
            }
            Some(Value::Object(_) | Value::Array(_)) => {
                return Seen::NotSeen(Gap::new("the policy is not text"));
            }
            _ if !resource.is_unknown(attribute) => return Seen::Absent,
            _ => {}
        }
        if let Some(text) = self.evaluated(resource, attribute).and_then(|tree| policy_text(&tree)) {
            return Seen::Value(Document::new(text, place(resource)));
        }
        let leaves = self.linker.leaves_of(resource, attribute);
        match leaves.as_slice() {
            [Leaf::Attribute { address, kind, attribute: of }]
                if kind == "aws_iam_policy_document" && matches!(of.as_str(), "json" | "minified_json") =>
            {
                match self.document.resources.get(address) {
                    Some(data) => self.document_of(data),
                    None => Seen::NotSeen(Gap::new(format!(
                        "known only after apply: {address} is not in the plan"
                    ))),
                }
            }
            [Leaf::Attribute { address, kind, attribute: of }]
                if kind == "aws_iam_policy" && of == "policy" =>
            {
                match self.document.resources.get(address) {
                    Some(policy) if policy.address != resource.address => self.document_in(policy, "policy"),
                    _ => Seen::NotSeen(Gap::new("known only after apply")),
                }
            }
            leaves => Seen::NotSeen(after_apply(leaves)),
        }
    }

    /// The document of `aws_iam_policy_document`, with `${unknown:…}` for what is not known.
    pub fn document_of(&self, data: &Resource) -> Seen<Document> {
        if let Some(text) = data.text("json") {
            return Seen::Value(Document::new(text.to_owned(), place(data)));
        }
        if let Some(text) = self.document_from_source(data) {
            return Seen::Value(Document::new(text, place(data)));
        }
        for merged in ["source_policy_documents", "override_policy_documents", "source_json", "override_json"]
        {
            let is_set = data.values.get(merged).is_some_and(|value| !value.is_null() && *value != json!([]));
            if is_set || data.is_unknown(merged) {
                let gap = format!("known only after apply: {} merges documents ({merged})", data.address);
                return Seen::NotSeen(Gap::new(gap));
            }
        }
        let empty = Value::Null;
        let marks = data.unknown.get("statement").unwrap_or(&empty);
        let (Some(Value::Array(statements)), false) =
            (data.values.get("statement"), *marks == Value::Bool(true))
        else {
            return Seen::NotSeen(Gap::new(format!(
                "known only after apply: the statements of {}",
                data.address
            )));
        };
        // Dynamic blocks are not in the configuration: then its blocks cannot be told apart.
        let blocks = match self.linker.expression(data, "statement") {
            Some(Expr::Blocks(blocks)) if blocks.len() == statements.len() => Some(blocks),
            _ => None,
        };
        let rebuilt: Option<Vec<Value>> = statements
            .iter()
            .enumerate()
            .map(|(index, statement)| {
                let reader = Statement {
                    texts: self,
                    data,
                    at: format!("{}.statement.{index}", data.address),
                    block: blocks.and_then(|blocks| blocks.get(index)),
                };
                reader.rebuild(statement, marks.get(index).unwrap_or(&empty))
            })
            .collect();
        let Some(statements) = rebuilt else {
            return Seen::NotSeen(Gap::new(format!(
                "known only after apply: an effect or a condition in {}",
                data.address
            )));
        };
        let version = data.text("version").unwrap_or("2012-10-17");
        let text = json!({ "Version": version, "Statement": statements }).to_string();
        Seen::Value(Document::new(text, place(data)))
    }
}

/// A gap that names what a value hangs on.
pub(super) fn after_apply(leaves: &[Leaf]) -> Gap {
    let names: Vec<String> = leaves
        .iter()
        .filter_map(|leaf| match leaf {
            Leaf::Attribute { address, attribute, .. } if attribute.is_empty() => Some(address.clone()),
            Leaf::Attribute { address, attribute, .. } => Some(format!("{address}.{attribute}")),
            Leaf::Variable { name, .. } => Some(format!("var.{name}")),
            Leaf::Opaque(name) => Some(name.clone()),
            Leaf::Constant => None,
        })
        .take(5)
        .collect();
    if names.is_empty() {
        Gap::new("known only after apply")
    } else {
        Gap::new(format!("known only after apply: it is made of {}", names.join(", ")))
    }
}

pub(super) fn place(resource: &Resource) -> Place {
    Place { address: resource.address.clone(), ..Place::default() }
}

struct Statement<'a> {
    texts: &'a Texts<'a>,
    data: &'a Resource,
    at: String,
    block: Option<&'a BTreeMap<String, Expr>>,
}

impl Statement<'_> {
    /// The statement in the policy language; nothing if its effect or a condition's key is not known.
    fn rebuild(&self, statement: &Value, marks: &Value) -> Option<Value> {
        let mut out = Map::new();
        let known = |name: &str| statement.get(name).and_then(Value::as_str);
        if marks.get("effect") == Some(&Value::Bool(true)) || *marks == Value::Bool(true) {
            return None;
        }
        out.insert("Effect".into(), known("effect").unwrap_or("Allow").into());
        if let Some(sid) = known("sid").filter(|sid| !sid.is_empty()) {
            out.insert("Sid".into(), sid.into());
        }
        for (name, element) in [
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
            ("not_resources", "NotResource"),
        ] {
            let expression = self.block.and_then(|block| block.get(name));
            let texts = self.list(name, statement.get(name), marks.get(name), expression);
            if !texts.is_empty() {
                out.insert(element.into(), texts.into());
            }
        }
        for (name, element) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
            if let Some(principals) = self.principals(name, statement.get(name), marks.get(name)) {
                out.insert(element.into(), principals);
            }
        }
        if let Some(conditions) = self.conditions(statement.get("condition"), marks.get("condition"))? {
            out.insert("Condition".into(), conditions);
        }
        Some(out.into())
    }

    /// The blocks of this name, as many as there are values.
    fn blocks(&self, name: &str, count: usize) -> Option<&[BTreeMap<String, Expr>]> {
        match self.block?.get(name)? {
            Expr::Blocks(blocks) if blocks.len() == count => Some(blocks),
            _ => None,
        }
    }

    fn hole(&self, at: &str) -> String {
        Text::symbol(format!("{}.{at}", self.at)).to_policy()
    }

    /// A list's texts; what is not known is linked by the configuration's references where that is certain.
    fn list(
        &self,
        at: &str,
        values: Option<&Value>,
        marks: Option<&Value>,
        written: Option<&Expr>,
    ) -> Vec<String> {
        if marks == Some(&Value::Bool(true)) {
            return vec![self.hole(at)];
        }
        let values = values.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let unknown = values.iter().filter(|value| !value.is_string()).count();
        let mut linked = written.map_or(Vec::new(), |expression| self.linked(expression));
        if linked.len() != unknown {
            linked.clear();
        }
        let mut linked = linked.into_iter();
        values
            .iter()
            .enumerate()
            .map(|(index, value)| match value.as_str() {
                // The data source writes policy variables as `&{…}`.
                Some(text) => text.replace("&{", "${"),
                None => linked.next().unwrap_or_else(|| self.hole(&format!("{at}.{index}"))),
            })
            .collect()
    }

    /// The texts of the unknown items, if each reference to something unknown can only be one whole item: a key's, a
    /// secret's or a role's ARN with more text behind it names nothing.
    fn linked(&self, expression: &Expr) -> Vec<String> {
        let whole = |leaf: &Leaf| match leaf {
            Leaf::Attribute { kind, attribute, .. } => {
                let kinds = ["aws_kms_key", "aws_secretsmanager_secret", "aws_iam_role"];
                attribute == "arn" && kinds.contains(&kind.as_str())
            }
            _ => false,
        };
        let leaves = self.texts.linker.leaves(self.data, expression);
        let unknown = |leaf: &&Leaf| match leaf {
            Leaf::Attribute { address, attribute, .. } => {
                self.texts.document.resources.get(address).is_none_or(|r| r.text(attribute).is_none())
            }
            Leaf::Opaque(_) => true,
            Leaf::Variable { .. } | Leaf::Constant => false,
        };
        let leaves: Vec<&Leaf> = leaves.iter().filter(unknown).collect();
        if !leaves.iter().all(|leaf| whole(leaf)) {
            return Vec::new();
        }
        leaves.iter().filter_map(|leaf| Some(self.texts.leaf(leaf)?.to_policy())).collect()
    }

    fn principals(&self, name: &str, values: Option<&Value>, marks: Option<&Value>) -> Option<Value> {
        if marks == Some(&Value::Bool(true)) {
            return Some(json!({ "AWS": self.hole(name) }));
        }
        let values = values.and_then(Value::as_array)?;
        let blocks = self.blocks(name, values.len());
        let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (index, value) in values.iter().enumerate() {
            let marks = marks.and_then(|marks| marks.get(index));
            let written = blocks.and_then(|blocks| blocks.get(index)?.get("identifiers"));
            let at = format!("{name}.{index}.identifiers");
            let marks = marks.and_then(|marks| marks.get("identifiers"));
            let texts = self.list(&at, value.get("identifiers"), marks, written);
            let kind = value.get("type").and_then(Value::as_str).unwrap_or("AWS");
            if kind == "*" {
                return Some("*".into());
            }
            out.entry(kind.to_owned()).or_default().extend(texts);
        }
        (!out.is_empty()).then(|| json!(out))
    }

    /// Nothing if an operator or a key is not known: then no one can say when the statement counts.
    fn conditions(&self, values: Option<&Value>, marks: Option<&Value>) -> Option<Option<Value>> {
        let mut out: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        if marks == Some(&Value::Bool(true)) {
            return None;
        }
        let values = values.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let blocks = self.blocks("condition", values.len());
        for (index, value) in values.iter().enumerate() {
            let text = |name: &str| value.get(name).and_then(Value::as_str);
            let (test, variable) = (text("test")?, text("variable")?);
            let at = format!("condition.{index}.values");
            let marks = marks.and_then(|marks| marks.get(index)).and_then(|marks| marks.get("values"));
            let written = blocks.and_then(|blocks| blocks.get(index)?.get("values"));
            let texts = self.list(&at, value.get("values"), marks, written);
            out.entry(test.to_owned()).or_default().entry(variable.to_owned()).or_default().extend(texts);
        }
        Some((!out.is_empty()).then(|| json!(out)))
    }
}
