//! Reads the document piece by piece: of each resource only what is asked about is kept.

use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::config::{Module, Provider};
use super::resource::{Action, Resource, Secrets};
use crate::AwsError;

/// The longest document, in bytes.
pub(super) const LONGEST: usize = 512 << 20;
/// Deepest nesting of modules. serde_json bounds all other nesting, at 128.
const MAX_DEPTH: usize = 32;

/// What is kept of a plan or a state.
#[derive(Default)]
pub(super) struct Document {
    pub format: Option<String>,
    pub terraform: Option<String>,
    /// Whether it is a plan; else it is a state.
    pub is_plan: bool,
    /// Whether `planned_values` names a resource.
    pub has_planned: bool,
    /// Whether there are `resource_changes`.
    pub has_changes: bool,
    /// Whether there is a `configuration`.
    pub has_configuration: bool,
    /// Whether it is a raw state file.
    pub is_raw_state: bool,
    /// Whether the plan says that it leaves something out, or that it failed.
    pub partial: Option<&'static str>,
    pub variables: BTreeMap<String, Value>,
    /// By address.
    pub resources: BTreeMap<String, Resource>,
    pub secrets: Secrets,
    pub root: Module,
    pub providers: Vec<Provider>,
}

/// Reads `text`, which was decoded to UTF-8.
pub(super) fn parse(name: &str, text: &[u8]) -> Result<Document, AwsError> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err(AwsError::new(
            name,
            "not JSON; of a plan file, `terraform show -json` writes it".to_owned(),
        ));
    }
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    Top(&mut document).deserialize(&mut json).and_then(|()| json.end()).map_err(|e| fault(name, &e))?;
    Ok(document)
}

/// serde's messages may quote values; the kind and the place do not.
pub(crate) fn fault(name: &str, error: &serde_json::Error) -> AwsError {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the JSON text ends too early",
        Category::Syntax => "not JSON, or nested too deeply",
        Category::Data => "a value of another type than the format has there",
        Category::Io => "cannot be read",
    };
    AwsError::new(name, format!("{}:{}: {what}", error.line(), error.column()))
}

/// Where a resource is told of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A state's values.
    Values,
    /// What was there before the plan.
    Prior,
    /// A plan's values: the changes hold them too, and say what is unknown.
    Planned,
    Changes,
}

struct Top<'a>(&'a mut Document);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a plan or a state")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let out = self.0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "format_version" => out.format = text(map.next_value()?),
                "terraform_version" => out.terraform = text(map.next_value()?),
                "version" | "serial" | "lineage" => {
                    map.next_value::<IgnoredAny>()?;
                    out.is_raw_state = true;
                }
                "complete" if map.next_value::<Value>()? == Value::Bool(false) => {
                    out.partial.get_or_insert("the plan leaves something out: it was targeted or deferred");
                }
                "errored" if map.next_value::<Value>()? == Value::Bool(true) => {
                    out.partial = Some("the plan failed");
                }
                "complete" | "errored" => {}
                "variables" => out.variables = variables(map.next_value()?),
                "values" => map.next_value_seed(Values { out, part: Part::Values })?,
                "planned_values" => {
                    out.is_plan = true;
                    map.next_value_seed(Values { out, part: Part::Planned })?;
                }
                "prior_state" => map.next_value_seed(Within { key: "values", part: Part::Prior, out })?,
                "resource_changes" => {
                    (out.is_plan, out.has_changes) = (true, true);
                    map.next_value_seed(Resources { out, part: Part::Changes })?;
                }
                "configuration" => {
                    let (root, providers) = map.next_value_seed(super::config::Seed)?;
                    (out.root, out.providers, out.has_configuration) = (root, providers, true);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn variables(value: Value) -> BTreeMap<String, Value> {
    let Value::Object(members) = value else { return BTreeMap::new() };
    let value = |mut entry: Value| entry.as_object_mut().and_then(|entry| entry.remove("value"));
    members.into_iter().filter_map(|(name, entry)| Some((name, value(entry)?))).collect()
}

/// `{"values": …}` inside `prior_state`.
struct Within<'a> {
    key: &'static str,
    part: Part,
    out: &'a mut Document,
}

/// A state's or a plan's values: `{"root_module": …}`.
struct Values<'a> {
    out: &'a mut Document,
    part: Part,
}

/// One module: its resources, and the modules in it.
struct Modules<'a> {
    out: &'a mut Document,
    part: Part,
    depth: usize,
}

/// A list of modules.
struct Children<'a> {
    out: &'a mut Document,
    part: Part,
    depth: usize,
}

/// A list of resources.
struct Resources<'a> {
    out: &'a mut Document,
    part: Part,
}

/// Null stands for nothing in all of them.
macro_rules! seed {
    ($name:ident) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

seed!(Within);
seed!(Values);
seed!(Modules);
seed!(Children);
seed!(Resources);

impl<'de> Visitor<'de> for Within<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a state")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                map.next_value_seed(Values { out: self.out, part: self.part })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("values")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "root_module" {
                map.next_value_seed(Modules { out: self.out, part: self.part, depth: 0 })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Modules<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a module")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "resources" => map.next_value_seed(Resources { out: self.out, part: self.part })?,
                "child_modules" if self.depth < MAX_DEPTH => {
                    map.next_value_seed(Children { out: self.out, part: self.part, depth: self.depth + 1 })?;
                }
                "child_modules" => return Err(A::Error::custom("modules are nested too deeply")),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Children<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("modules")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (part, depth) = (self.part, self.depth);
        while list.next_element_seed(Modules { out: &mut *self.out, part, depth })?.is_some() {}
        Ok(())
    }
}

impl<'de> Visitor<'de> for Resources<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("resources")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.part == Part::Planned {
            while list.next_element::<IgnoredAny>()?.is_some() {
                self.out.has_planned = true;
            }
            return Ok(());
        }
        while let Some(members) = list.next_element::<Map<String, Value>>()? {
            keep(self.out, self.part, members);
        }
        Ok(())
    }
}

/// Keeps what is asked about of one resource.
fn keep(out: &mut Document, part: Part, mut members: Map<String, Value>) {
    let change = members.remove("change");
    let Some(mut resource) = Resource::named(&members) else { return };
    // A deposed object is what is left of a replaced one; the resource itself has an entry of its own.
    if members.contains_key("deposed") {
        return;
    }
    let (values, sensitive) = match change {
        Some(Value::Object(mut change)) => {
            resource.action = Action::read(change.get("actions"));
            if let Some(Value::Object(unknown)) = change.remove("after_unknown") {
                resource.unknown = unknown;
            }
            let gone = matches!(resource.action, Action::Delete | Action::Forget);
            let side = |name: &str, change: &mut Map<String, Value>| match change.remove(name) {
                Some(Value::Object(members)) => members,
                _ => Map::new(),
            };
            let (values, marks) =
                if gone { ("before", "before_sensitive") } else { ("after", "after_sensitive") };
            (side(values, &mut change), side(marks, &mut change))
        }
        _ => {
            let mut side = |name: &str| match members.remove(name) {
                Some(Value::Object(members)) => members,
                _ => Map::new(),
            };
            (side("values"), side("sensitive_values"))
        }
    };
    out.secrets.collect(&resource, &values, &sensitive);
    resource.keep(values, sensitive);
    match part {
        // What the prior state alone tells stays as it is; what changes tell replaces it.
        Part::Prior => {
            out.resources.entry(resource.address.clone()).or_insert(resource);
        }
        Part::Values | Part::Planned | Part::Changes => {
            out.resources.insert(resource.address.clone(), resource);
        }
    }
}
