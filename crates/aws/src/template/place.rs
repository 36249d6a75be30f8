//! What a template's place decides: its partition, and the rows of mappings that are chosen by region or account.

use super::node::{Node, Value};
use super::resolve::Template;
use crate::plan::partition_of;
use crate::tree::{Marked, Tree};
use crate::{ACCOUNT, REGION, Text};

/// Types of parameters whose value CloudFormation takes from Systems Manager.
const STORED: &str = "AWS::SSM::Parameter::Value";

impl Template<'_> {
    /// The partition of the region where it will be deployed; `aws` where that is not known.
    pub fn partition(&self) -> &'static str {
        self.meant.region.as_deref().map_or("aws", partition_of)
    }

    /// A text with the account and the region where it will be deployed.
    pub(super) fn placed(&self, text: &Text) -> Text {
        text.settle(&|symbol| match symbol {
            ACCOUNT => self.meant.account.clone(),
            REGION => self.meant.region.clone(),
            _ => None,
        })
    }

    /// The name of the parameter of Systems Manager that a parameter of the template has its value from, if that is known.
    pub(super) fn stored_in(&self, name: &str) -> Option<String> {
        let parameter = self.root.get("Parameters")?.get(name)?;
        if !parameter.get("Type").and_then(Node::text)?.starts_with(STORED) {
            return None;
        }
        match self.given.value(name) {
            Some(given) => given.map(str::to_owned),
            None => parameter.get("Default").and_then(Node::text).map(str::to_owned),
        }
    }

    /// `Fn::FindInMap`. A key that only the deployment tells chooses any row: where all have one value, that is it.
    pub(super) fn find_in_map(&self, argument: &Node, depth: usize) -> Tree {
        let opaque = || self.opaque("Fn::FindInMap");
        let [map, first, second, rest @ ..] = argument.items() else { return opaque() };
        let key = |node: &Node| self.resolve(node, depth).text().map(|text| self.placed(&text));
        let (Some(map), Some(first), Some(second)) = (key(map), key(first), key(second)) else {
            return opaque();
        };
        let rows = map.known().and_then(|name| self.root.get("Mappings")?.get(name));
        let Some(rows) = rows else { return opaque() };
        let cells = chosen(rows, &first).into_iter().flat_map(|row| chosen(row, &second));
        // With AWS::LanguageExtensions a key that is not there has a default value.
        let default = rest.first().and_then(|more| more.get("DefaultValue"));
        if first.known().is_some() && second.known().is_some() {
            let cell = cells.chain(default).next();
            return cell.map_or_else(opaque, |node| self.resolve(node, depth));
        }
        let mut cells = cells.chain(default);
        match cells.next() {
            Some(one) if cells.all(|other| is_same(one, other)) => self.resolve(one, depth),
            // The same question has the same answer wherever it is asked.
            _ => Tree::Text(Marked {
                text: Text::symbol(format!("Fn::FindInMap {map} {first} {second}")),
                taints: Vec::new(),
            }),
        }
    }
}

/// The members that a key chooses: the one of this name, or any where the key is not known.
fn chosen<'n>(of: &'n Node, key: &Text) -> Vec<&'n Node> {
    match key.known() {
        Some(key) => of.get(key).into_iter().collect(),
        None => of.members().iter().map(|(_, node)| node).collect(),
    }
}

/// Whether two values of a mapping, texts or lists of texts, are the same.
fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::List(items), Value::List(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(one, other)| is_same(one, other))
        }
        _ => one.text().is_some() && one.text() == other.text(),
    }
}
