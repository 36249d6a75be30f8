//! What a file of bake defines: targets, groups, variables, functions. HCL and its JSON form.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{Function, Scope, is_variable};
use super::{MAX_DEPTH, UNKNOWN, Values, compose};
use seaworthy_aws::terraform::{self, Body, Expression, Nested};
use serde_json::Value;

/// Most values and blocks of one file.
const MAX_PARTS: usize = 5_000;

/// Keys of a target by which one block stands for several targets, or which change the image otherwise.
const UNFOLLOWED: [&str; 2] = ["matrix", "call"];

/// A target, or what it says besides what it inherits. Values are the shell's, as in double quotes.
#[derive(Clone, Default)]
pub(super) struct Target {
    pub(super) inherits: Vec<String>,
    pub(super) texts: Values,
    pub(super) lists: BTreeMap<String, Vec<String>>,
    pub(super) arguments: Values,
    pub(super) contexts: Values,
    pub(super) labels: Values,
    /// Whether its Dockerfile stands in the file itself.
    pub(super) has_inline: bool,
    /// Whether something of it is not followed.
    is_open: bool,
    /// Lists that `--set` gave.
    is_set: BTreeSet<String>,
}

impl Target {
    /// Takes what another says over what this one does.
    fn take(&mut self, other: Self) {
        self.inherits.extend(other.inherits);
        self.texts.extend(other.texts);
        self.lists.extend(other.lists);
        self.arguments.extend(other.arguments);
        self.contexts.extend(other.contexts);
        self.labels.extend(other.labels);
        self.has_inline |= other.has_inline;
        self.is_open |= other.is_open;
    }

    /// `--set TARGET.KEY=VALUE`; nothing for a key that is not followed.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key.split_once('.') {
            Some(("args", name)) => {
                self.arguments.insert(name.to_owned(), value.to_owned());
            }
            Some(("contexts", name)) => {
                self.contexts.insert(name.to_owned(), value.to_owned());
            }
            Some(("labels", name)) => {
                self.labels.insert(name.to_owned(), value.to_owned());
            }
            Some(_) => return None,
            None => {
                let (key, adds) = key.strip_suffix('+').map_or((key, false), |key| (key, true));
                match key {
                    "context" | "dockerfile" | "target" => {
                        self.texts.insert(key.to_owned(), value.to_owned());
                    }
                    "tags" | "output" | "platform" | "platforms" | "secrets" | "secret" => {
                        let key = if key == "platform" { "platforms" } else { key };
                        let key = if key == "secrets" { "secret" } else { key };
                        let list = self.lists.entry(key.to_owned()).or_default();
                        // Several values of one key are a list.
                        if !adds && self.is_set.insert(key.to_owned()) {
                            list.clear();
                        }
                        list.push(value.to_owned());
                    }
                    "cache-from" | "cache-to" | "no-cache" | "pull" | "attest" | "no-cache-filter"
                    | "ssh" => {}
                    _ => return None,
                }
            }
        }
        Some(())
    }
}

/// All that files of bake define.
#[derive(Default)]
pub(super) struct Definition {
    pub(super) targets: BTreeMap<String, Target>,
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// Variables with their defaults, as the shell has them in double quotes.
    variables: Vec<(String, String)>,
}

impl Definition {
    pub(super) fn add(&mut self, other: Self) {
        for (name, target) in other.targets {
            self.targets.entry(name).or_default().take(target);
        }
        self.groups.extend(other.groups);
        self.variables.retain(|(name, _)| !other.variables.iter().any(|(n, _)| n == name));
        self.variables.extend(other.variables);
    }

    /// A target with what it inherits. Nothing if something of it is not followed.
    pub(super) fn inherited(&self, name: &str, depth: u8) -> Option<Target> {
        let own = self.targets.get(name).filter(|t| depth < MAX_DEPTH && !t.is_open)?;
        let mut whole = Target::default();
        for from in &own.inherits {
            whole.take(self.inherited(from, depth + 1)?);
        }
        whole.take(own.clone());
        Some(whole)
    }

    /// The variables as a shell sets them: the environment goes before the defaults, and those that others need go first.
    pub(super) fn variables(&self) -> Option<String> {
        let mut left: Vec<&(String, String)> = self.variables.iter().collect();
        let mut out = String::new();
        while !left.is_empty() {
            let is_needed =
                |value: &str, other: &(String, String)| value.contains(&format!("${{{}}}", other.0));
            let free = left.iter().position(|(name, value)| {
                !left.iter().any(|other| other.0 != *name && is_needed(value, other))
            })?;
            let (name, value) = left.remove(free);
            // Without a default it has the environment's value, or none.
            if !value.is_empty() {
                out.push_str(&format!("{name}=\"${{{name}-{value}}}\"\n"));
            }
        }
        Some(out)
    }
}

/// Reads a file: HCL, JSON, or a compose file. Nothing if it is none of them.
pub(super) fn definition_of(text: &str) -> Option<Definition> {
    if text.trim_start().starts_with('{') {
        return of_json(text);
    }
    match terraform::blocks(text) {
        Ok(blocks) if !blocks.is_empty() => {
            // Values outside of blocks are variables, too.
            let defaults = terraform::values(text).ok()?;
            let blocks: Vec<Nested> = blocks.into_iter().map(|(block, _)| block).collect();
            of_blocks(&blocks, &defaults)
        }
        _ => compose::compose_definition(text),
    }
}

fn of_blocks(blocks: &[Nested], values: &BTreeMap<String, Expression>) -> Option<Definition> {
    if blocks.len() + values.len() > MAX_PARTS {
        return None;
    }
    let mut functions = BTreeMap::new();
    for block in blocks.iter().filter(|b| b.kind == "function") {
        let (Some(name), Some(result)) = (block.labels.first(), block.body.attributes.get("result")) else {
            continue;
        };
        let Some(Expression::List(all)) = block.body.attributes.get("params") else { continue };
        let parameter = |item: &(usize, Expression)| match &item.1 {
            Expression::Name(name) => Some(name.clone()),
            other => other.as_text().map(str::to_owned),
        };
        let parameters: Option<Vec<String>> = all.iter().map(parameter).collect();
        let is_plain = !block.body.attributes.contains_key("variadic_params");
        if let (Some(parameters), true) = (parameters, is_plain) {
            functions.insert(name.clone(), Function { parameters, result: result.clone() });
        }
    }
    let scope = Scope { functions: &functions, locals: Values::new(), depth: 0 };
    let mut whole = Definition::default();
    for (name, value) in values.iter().filter(|(name, _)| is_variable(name)) {
        whole.variables.push((name.clone(), scope.text(value)));
    }
    for block in blocks {
        let Some(name) = block.labels.first() else { continue };
        match block.kind.as_str() {
            "variable" if is_variable(name) => {
                let default = block.body.attributes.get("default").map(|d| scope.text(d));
                whole.variables.push((name.clone(), default.unwrap_or_default()));
            }
            "group" => {
                let members = block.body.attributes.get("targets").map(|t| scope.texts(t));
                whole.groups.entry(name.clone()).or_default().extend(members.unwrap_or_default());
            }
            "target" => {
                whole.targets.entry(name.clone()).or_default().take(target(&block.body, &scope));
            }
            _ => {}
        }
    }
    Some(whole)
}

fn target(body: &Body, scope: &Scope<'_>) -> Target {
    let mut target = Target::default();
    for (key, value) in &body.attributes {
        match key.as_str() {
            "inherits" => target.inherits.extend(scope.texts(value)),
            "context" | "dockerfile" | "target" if !matches!(value, Expression::Null) => {
                target.texts.insert(key.clone(), scope.text(value));
            }
            "tags" | "platforms" | "output" | "secret" => {
                target.lists.insert(key.clone(), scope.texts(value));
            }
            "args" | "contexts" | "labels" => match scope.values(value) {
                Some(values) if key == "args" => target.arguments = values,
                Some(values) if key == "contexts" => target.contexts = values,
                Some(values) => target.labels = values,
                None => target.is_open = true,
            },
            "dockerfile-inline" => target.has_inline = true,
            _ => target.is_open |= UNFOLLOWED.contains(&key.as_str()),
        }
    }
    let is_unknown = |text: &String| text == UNKNOWN;
    target.is_open |= target.inherits.iter().any(is_unknown);
    // `args { … }` as a block.
    target.is_open |= !body.blocks.is_empty();
    target
}

/// The JSON form: its texts are templates.
fn of_json(text: &str) -> Option<Definition> {
    let Value::Object(whole) = serde_json::from_str::<Value>(text).ok()? else { return None };
    let mut blocks = Vec::new();
    let mut values = BTreeMap::new();
    for (kind, content) in whole {
        match (kind.as_str(), content) {
            ("variable" | "target" | "group" | "function", Value::Object(all)) => {
                for (name, block) in all {
                    // Several blocks of one name may stand in a list.
                    let many = match block {
                        Value::Array(many) => many,
                        one => vec![one],
                    };
                    for one in many {
                        let Value::Object(attributes) = one else { return None };
                        let mut body = Body::default();
                        for (key, value) in attributes {
                            body.attributes.insert(key, expression(value, 0)?);
                        }
                        let labels = vec![name.clone()];
                        blocks.push(Nested { kind: kind.clone(), labels, body, offset: None });
                    }
                }
            }
            ("variable" | "target" | "group" | "function", _) => return None,
            (_, value) => {
                values.insert(kind, expression(value, 0)?);
            }
        }
    }
    of_blocks(&blocks, &values)
}

fn expression(value: Value, depth: u8) -> Option<Expression> {
    if depth >= MAX_DEPTH {
        return None;
    }
    Some(match value {
        Value::Null => Expression::Null,
        Value::Bool(value) => Expression::Bool(value),
        Value::Number(number) => Expression::Number(number.to_string()),
        Value::String(text) => Expression::Template(terraform::template(&text).ok()?),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| Some((0, expression(item, depth + 1)?)));
            Expression::List(items.collect::<Option<_>>()?)
        }
        Value::Object(pairs) => {
            let pairs = pairs
                .into_iter()
                .map(|(key, value)| Some((Expression::text(key), expression(value, depth + 1)?)));
            Expression::Object(pairs.collect::<Option<_>>()?)
        }
    })
}
