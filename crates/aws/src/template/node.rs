//! A template's text as a tree with lines: JSON, or YAML with CloudFormation's tags.
//!
//! CloudFormation takes neither aliases nor merges in YAML, so an alias is an error here too.

use seaworthy_source::json::{self, Value as Json};
use seaworthy_source::yaml::{self, NodeKind, Style};

use crate::AwsError;

/// Deepest nesting of what is read.
const MAX_DEPTH: usize = 96;
/// Most values of a template; CloudFormation takes 1 MB of text.
const MAX_VALUES: usize = 500_000;

/// A value, and the line where it begins: that of its name, if it is a member. It may hold secrets, so it has no `Debug`.
#[derive(Clone)]
pub(super) struct Node {
    pub line: u32,
    pub value: Value,
}

#[derive(Clone)]
pub(super) enum Value {
    Null,
    /// A number or boolean of JSON.
    Scalar(String),
    Text(String),
    List(Vec<Node>),
    /// Members in their order.
    Map(Vec<(String, Node)>),
}

impl Node {
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    pub fn members(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Scalar(text) => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }
}

/// Reads a template's text.
pub(super) fn parse(name: &str, text: &[u8]) -> Result<Node, AwsError> {
    let text = std::str::from_utf8(text).map_err(|_| AwsError::new(name, "not UTF-8"))?;
    if text.trim_start().starts_with('{') {
        let limits = json::Limits { bytes: super::LONGEST as u64, depth: MAX_DEPTH, values: MAX_VALUES };
        return json::read_first(text.as_bytes(), limits)
            .map(from_json)
            .map_err(|error| AwsError::new(name, error.to_string()));
    }
    let first = yaml(name, text);
    match first {
        Err(Fault { shallow: Some(line), .. }) => shallow(name, text, line).or(first),
        other => other,
    }
    .map_err(|fault| fault.error)
}

/// Why a text is no template.
struct Fault {
    error: AwsError,
    /// The line, from 1, that the parser refuses because a list or map in brackets goes on, or ends, no deeper than the
    /// name before it. YAML forbids that; the parsers that CloudFormation and people use take it.
    shallow: Option<usize>,
}

/// Most lines that are moved for one template.
const MAX_MOVED: usize = 2_000;
/// Most bytes that are read again for them.
const MAX_READ: usize = 256 << 20;
/// Deeper than any name.
const DEEP: usize = 512;

/// Reads the text with the lines that stand too far to the left within brackets moved to the right: there the column says
/// nothing. Lines keep their numbers.
fn shallow(name: &str, text: &str, mut line: usize) -> Result<Node, Fault> {
    let mut lines: Vec<std::borrow::Cow<'_, str>> = text.lines().map(Into::into).collect();
    let (mut moved, mut read) = (0, 0);
    loop {
        moved += 1;
        read += text.len();
        let out_of_bounds = || AwsError::new(name, format!("line {line}: not YAML"));
        let Some(one) = line.checked_sub(1).and_then(|at| lines.get_mut(at)) else {
            return Err(Fault { error: out_of_bounds(), shallow: None });
        };
        if moved > MAX_MOVED || read > MAX_READ || one.len() - one.trim_start().len() >= DEEP {
            return Err(Fault { error: out_of_bounds(), shallow: None });
        }
        *one = format!("{}{one}", " ".repeat(DEEP)).into();
        match yaml(name, &lines.join("\n")) {
            Err(Fault { shallow: Some(next), .. }) => line = next,
            other => return other,
        }
    }
}

/// The reader has bounded the depth.
fn from_json(node: json::Node) -> Node {
    let value = match node.value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Scalar(value.to_string()),
        Json::Number(text) => Value::Scalar(text),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        Json::Object(members) => Value::Map(
            members
                .into_iter()
                .map(|member| {
                    let line = member.at.line;
                    (member.name, Node { line, ..from_json(member.node) })
                })
                .collect(),
        ),
    };
    Node { line: node.at.line, value }
}

fn yaml(name: &str, text: &str) -> Result<Node, Fault> {
    let limits = yaml::Limits { nodes: MAX_VALUES, depth: MAX_DEPTH, aliases: false };
    yaml::parse(text, limits).map(from_yaml).map_err(|error| {
        let (at, shallow) = (
            error.at,
            matches!(&error.fault, yaml::Fault::Syntax(info) if info.starts_with("invalid indentation")),
        );
        Fault { error: AwsError::new(name, error.to_string()), shallow: shallow.then_some(at.line as usize) }
    })
}

/// The reader has bounded the depth.
fn from_yaml(node: yaml::Node) -> Node {
    let line = node.position.line;
    let value = match node.kind {
        NodeKind::Scalar(scalar) => {
            let is_plain = scalar.style == Style::Plain && node.tag.is_none();
            match scalar.text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" if is_plain => Value::Null,
                _ => Value::Text(scalar.text),
            }
        }
        NodeKind::List(items) => Value::List(items.into_iter().map(from_yaml).collect()),
        NodeKind::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, node)| (key.text, Node { line: key.position.line, ..from_yaml(node) }))
                .collect(),
        ),
    };
    tagged(Node { line, value }, node.tag.as_deref())
}

/// `!Sub x` is `{"Fn::Sub": x}`.
fn tagged(node: Node, tag: Option<&str>) -> Node {
    let Some(tag) = tag else { return node };
    let line = node.line;
    let value = match (tag, &node.value) {
        // `!GetAtt Role.Arn`; an attribute may have dots of its own.
        ("GetAtt", Value::Text(text)) => {
            let part = |text: &str| Node { line, value: Value::Text(text.to_owned()) };
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            Node { line, value: Value::List(vec![part(resource), part(attribute)]) }
        }
        _ => node,
    };
    let name = if matches!(tag, "Ref" | "Condition") { tag.to_owned() } else { format!("Fn::{tag}") };
    Node { line, value: Value::Map(vec![(name, value)]) }
}
