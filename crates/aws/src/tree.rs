//! JSON whose texts may be known only in part: what a plan's or a template's values become before they are read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Part, Text};

/// Deepest nesting of a value that is written as JSON.
const MAX_JSON_DEPTH: usize = 64;
/// Deepest nesting of a value that is weighed.
const MAX_WEIGHED_DEPTH: usize = 256;

/// A value. Texts hold secrets while they are read: this type has no `Debug` and leaves no reader.
#[derive(Clone)]
pub(super) enum Tree {
    Null,
    Scalar(String),
    Text(Marked),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
    /// The JSON text of a value: `jsonencode(…)`.
    Encoded(Box<Tree>),
    /// One of these, as a condition has it; or nothing.
    Choice {
        condition: String,
        of: Vec<Tree>,
    },
}

/// A text, and the secrets that flow into it by reference.
#[derive(Clone, Default)]
pub(super) struct Marked {
    pub text: Text,
    pub taints: Vec<String>,
}

impl Tree {
    /// A member, however its name is capitalised: plans write `valueFrom`, templates `ValueFrom`, and AWS takes both.
    pub fn get(&self, name: &str) -> Option<&Tree> {
        let members = match self {
            Self::Map(members) => members,
            Self::Choice { of, .. } => return of.iter().find_map(|tree| tree.get(name)),
            _ => return None,
        };
        members.get(name).or_else(|| {
            members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
    }

    /// A list's items; one value alone counts as a list of one, null as none. What hangs on a condition counts.
    pub fn items(&self) -> Vec<&Tree> {
        match self {
            Self::Null => Vec::new(),
            Self::List(items) | Self::Choice { of: items, .. } => {
                items.iter().flat_map(|item| item.one()).collect()
            }
            one => vec![one],
        }
    }

    /// An item of a list, or the items that a condition chooses from.
    fn one(&self) -> Vec<&Tree> {
        match self {
            Self::Choice { of, .. } => of.iter().flat_map(Self::items).collect(),
            one => vec![one],
        }
    }

    /// The first condition that something in it hangs on.
    pub fn condition(&self) -> Option<&str> {
        match self {
            Self::Choice { condition, .. } => Some(condition),
            Self::List(items) => items.iter().find_map(Self::condition),
            Self::Map(members) => members.values().find_map(Self::condition),
            Self::Encoded(inner) => inner.condition(),
            Self::Null | Self::Scalar(_) | Self::Text(_) => None,
        }
    }

    /// The text of a text, number or boolean. What a condition chooses from texts is a symbol.
    pub fn marked(&self) -> Option<Marked> {
        match self {
            Self::Text(marked) => Some(marked.clone()),
            Self::Scalar(text) => Some(Marked { text: text.as_str().into(), taints: Vec::new() }),
            Self::Choice { condition, of } => {
                let all: Vec<Marked> = of.iter().map(Self::marked).collect::<Option<_>>()?;
                let shown: Vec<String> = all.iter().map(|marked| marked.text.to_string()).collect();
                let text = Text::symbol(format!("Fn::If {condition}: {} or nothing", shown.join(" or ")));
                Some(Marked { text, taints: all.into_iter().flat_map(|marked| marked.taints).collect() })
            }
            Self::Encoded(inner) => {
                let text = Text::from_policy(&inner.to_json(MAX_JSON_DEPTH)?.to_string());
                Some(Marked { text, taints: inner.taints() })
            }
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The secrets that flow into any text in it.
    pub fn taints(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut stack = vec![self];
        while let Some(tree) = stack.pop() {
            match tree {
                Self::Text(marked) => out.extend(marked.taints.iter().cloned()),
                Self::List(items) | Self::Choice { of: items, .. } => stack.extend(items),
                Self::Map(members) => stack.extend(members.values()),
                Self::Encoded(inner) => stack.push(inner),
                Self::Null | Self::Scalar(_) => {}
            }
        }
        out
    }

    /// Whether any text in it has such a symbol.
    pub fn has_symbol(&self, is: &dyn Fn(&str) -> bool) -> bool {
        let mut stack = vec![self];
        while let Some(tree) = stack.pop() {
            match tree {
                Self::Text(marked) if marked.text.symbols().any(is) => return true,
                Self::Text(_) | Self::Null | Self::Scalar(_) => {}
                Self::List(items) | Self::Choice { of: items, .. } => stack.extend(items),
                Self::Map(members) => stack.extend(members.values()),
                Self::Encoded(inner) => stack.push(inner),
            }
        }
        false
    }

    /// What a JSON text says.
    pub fn decoded(&self) -> Option<Self> {
        match self {
            Self::Encoded(inner) => Some((**inner).clone()),
            other => Self::from_json_text(&other.marked()?),
        }
    }

    /// What the JSON in a text says; symbols in it stay symbols. Nothing if it is not JSON.
    pub fn from_json_text(marked: &Marked) -> Option<Self> {
        let text: String = marked
            .text
            .parts()
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Symbol(name) => {
                    let escaped = Value::String(Text::symbol(name.as_str()).to_policy()).to_string();
                    escaped.trim_matches('"').to_owned()
                }
            })
            .collect();
        Some(Self::with_symbols(serde_json::from_str(&text).ok()?, &marked.taints))
    }

    fn with_symbols(value: Value, taints: &[String]) -> Self {
        match value {
            Value::String(text) => {
                let text = Text::from_policy(&text);
                let flows = text.symbols().next().map_or(&[][..], |_| taints);
                Self::Text(Marked { text, taints: flows.to_vec() })
            }
            Value::Array(items) => {
                Self::List(items.into_iter().map(|item| Self::with_symbols(item, taints)).collect())
            }
            Value::Object(members) => Self::Map(
                members.into_iter().map(|(key, value)| (key, Self::with_symbols(value, taints))).collect(),
            ),
            other => other.into(),
        }
    }

    /// About how many bytes the value takes, and its JSON; the most there can be if it is nested too deeply to be told.
    pub fn weight(&self) -> u64 {
        self.weight_within(MAX_WEIGHED_DEPTH)
    }

    fn weight_within(&self, depth: usize) -> u64 {
        let Some(depth) = depth.checked_sub(1) else { return u64::MAX };
        let sum = |items: &mut dyn Iterator<Item = u64>| items.fold(32_u64, u64::saturating_add);
        match self {
            Self::Null => 32,
            Self::Scalar(text) => 32 + text.len() as u64,
            Self::Text(marked) => {
                let parts = marked.text.parts().iter().map(|part| match part {
                    Part::Literal(text) | Part::Symbol(text) => 32 + text.len() as u64,
                });
                sum(&mut parts.chain(marked.taints.iter().map(|taint| 32 + taint.len() as u64)))
            }
            Self::List(items) | Self::Choice { of: items, .. } => {
                sum(&mut items.iter().map(|item| item.weight_within(depth)))
            }
            Self::Map(members) => sum(&mut members
                .iter()
                .map(|(key, value)| value.weight_within(depth).saturating_add(64 + key.len() as u64))),
            // Each encoding may escape every character of the one before.
            Self::Encoded(inner) => inner.weight_within(depth).saturating_mul(2),
        }
    }

    pub fn text(&self) -> Option<Text> {
        self.marked().map(|marked| marked.text)
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Plain JSON, with `${unknown:NAME}` for what is not known; nothing if the value is nested too
    /// deeply, or hangs on a condition.
    pub fn to_json(&self, depth: usize) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Scalar(text) => match text.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                number => number
                    .parse::<serde_json::Number>()
                    .map_or_else(|_| Value::String(text.clone()), Value::Number),
            },
            Self::Text(marked) => Value::String(marked.text.to_policy()),
            Self::Encoded(inner) => Value::String(inner.to_json(depth.checked_sub(1)?)?.to_string()),
            Self::Choice { .. } => return None,
            Self::List(items) => Value::Array(
                items.iter().map(|item| item.to_json(depth.checked_sub(1)?)).collect::<Option<_>>()?,
            ),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| Some((key.clone(), value.to_json(depth.checked_sub(1)?)?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }
}

impl From<Value> for Tree {
    /// serde_json bounds the depth of what it reads, so this recursion is bounded too.
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Scalar(value.to_string()),
            Value::Number(value) => Self::Scalar(value.to_string()),
            Value::String(text) => Self::Text(Marked { text: text.into(), taints: Vec::new() }),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Map(members.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

/// The length of a text's known pieces, in bytes.
pub(super) fn known_length(text: &Text) -> usize {
    text.parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.len(),
            Part::Symbol(_) => 0,
        })
        .sum()
}
