//! The configuration part of a plan: which values flow where. It holds references and constants, and neither the shape
//! of an expression nor local values.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::resource::attributes;

/// A module as it is written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Module {
    /// By address without instance key.
    #[serde(deserialize_with = "resources")]
    pub resources: BTreeMap<String, Configured>,
    pub module_calls: BTreeMap<String, Call>,
    pub variables: BTreeMap<String, Variable>,
    pub outputs: BTreeMap<String, Output>,
}

/// A resource as it is written.
#[derive(Default)]
pub(super) struct Configured {
    pub expressions: BTreeMap<String, Expr>,
    pub for_each: Vec<String>,
    /// The key of the provider's configuration, such as `aws.us`.
    pub provider: String,
}

/// A call of a module.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    #[serde(deserialize_with = "expressions")]
    pub expressions: BTreeMap<String, Expr>,
    #[serde(deserialize_with = "expression")]
    pub for_each_expression: Expr,
    pub module: Module,
}

/// A variable.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Variable {
    pub default: Option<Value>,
    pub sensitive: bool,
}

/// An output.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Output {
    #[serde(deserialize_with = "expression")]
    pub expression: Expr,
    pub sensitive: bool,
}

/// A provider's configuration.
pub(super) struct Provider {
    /// Its key, such as `aws`, `aws.us` or `module.x:aws`.
    pub key: String,
    pub name: String,
    /// Whether it is the root's own, without alias.
    pub is_default: bool,
    pub expressions: BTreeMap<String, Expr>,
}

/// An expression.
#[derive(PartialEq)]
pub(super) enum Expr {
    /// It is written out.
    Constant(Value),
    /// It is made of these, in a way that the plan does not tell.
    References(Vec<String>),
    /// Nested blocks.
    Blocks(Vec<BTreeMap<String, Expr>>),
}

impl Default for Expr {
    fn default() -> Self {
        Self::References(Vec::new())
    }
}

impl Expr {
    /// What it refers to.
    pub fn references(&self) -> &[String] {
        match self {
            Self::References(names) => names,
            Self::Constant(_) | Self::Blocks(_) => &[],
        }
    }

    /// Recursion is bounded: serde_json bounds the depth of values.
    fn read(value: Value) -> Self {
        match value {
            Value::Object(mut members) => {
                let names = match members.remove("references") {
                    Some(Value::Array(names)) => {
                        Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
                    }
                    _ => None,
                };
                // Of the JSON form of the language (CDKTF) a plan has the raw template as a constant beside what it
                // refers to.
                let is_template = names.as_ref().is_some_and(|names| !names.is_empty());
                if let Some(constant) = members.remove("constant_value").filter(|_| !is_template) {
                    return Self::Constant(constant);
                }
                match names {
                    Some(names) => Self::References(names),
                    _ if members.is_empty() => Self::default(),
                    _ => Self::Blocks(vec![Self::members(members)]),
                }
            }
            Value::Array(blocks) => Self::Blocks(
                blocks
                    .into_iter()
                    .map(|block| match block {
                        Value::Object(members) => Self::members(members),
                        _ => BTreeMap::new(),
                    })
                    .collect(),
            ),
            _ => Self::default(),
        }
    }

    fn members(members: Map<String, Value>) -> BTreeMap<String, Self> {
        members.into_iter().map(|(name, value)| (name, Self::read(value))).collect()
    }
}

fn expression<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expr, D::Error> {
    Value::deserialize(deserializer).map(Expr::read)
}

fn expressions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Expr>, D::Error> {
    Map::deserialize(deserializer).map(Expr::members)
}

/// Keeps the resources whose types are read, one at a time.
fn resources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Configured>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = BTreeMap<String, Configured>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("resources")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut out = BTreeMap::new();
            while let Some(mut members) = list.next_element::<Map<String, Value>>()? {
                let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
                let Some(wanted) = attributes(kind) else { continue };
                let Some(Value::String(address)) = members.remove("address") else { continue };
                let mut expressions = match members.remove("expressions") {
                    Some(Value::Object(members)) => members,
                    _ => Map::new(),
                };
                expressions.retain(|name, _| wanted.contains(&name.as_str()));
                let provider = members.get("provider_config_key").and_then(Value::as_str);
                let provider = provider.unwrap_or_default().to_owned();
                let for_each = members.remove("for_each_expression").map(Expr::read).unwrap_or_default();
                let resource = Configured {
                    expressions: Expr::members(expressions),
                    for_each: for_each.references().to_vec(),
                    provider,
                };
                out.insert(address, resource);
            }
            Ok(out)
        }
    }
    deserializer.deserialize_seq(List)
}

/// Reads `configuration`.
pub(super) struct Seed;

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = (Module, Vec<Provider>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Raw {
            provider_config: BTreeMap<String, Map<String, Value>>,
            root_module: Module,
        }
        let raw = Option::<Raw>::deserialize(deserializer)?.unwrap_or_default();
        let provider = |(key, mut members): (String, Map<String, Value>)| {
            let name = members.get("name").and_then(Value::as_str)?.to_owned();
            // An alias or a module may configure another account or region.
            let is_default = !members.contains_key("alias") && !members.contains_key("module_address");
            let expressions = match members.remove("expressions") {
                Some(Value::Object(expressions)) => Expr::members(expressions),
                _ => BTreeMap::new(),
            };
            Some(Provider { key, name, is_default, expressions })
        };
        Ok((raw.root_module, raw.provider_config.into_iter().filter_map(provider).collect()))
    }
}
