//! A template's text as a tree with lines: JSON, or YAML with CloudFormation's tags.
//!
//! CloudFormation takes neither aliases nor merges in YAML, so an alias is an error here too.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::AwsError;

/// Deepest nesting of what is read.
const DEEPEST: usize = 96;

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
pub(super) fn read(name: &str, text: &[u8]) -> Result<Node, AwsError> {
    let text = std::str::from_utf8(text).map_err(|_| AwsError::new(name, "not UTF-8"))?;
    if text.trim_start().starts_with('{') {
        let limits = seaworthy_iam::JsonLimits { bytes: super::LONGEST, depth: DEEPEST };
        let json = seaworthy_iam::read_json(text, limits);
        return json.map(from_json).map_err(|error| AwsError::new(name, error.to_string()));
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
const MOST_MOVED: usize = 2_000;
/// Most bytes that are read again for them.
const MOST_READ: usize = 256 << 20;
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
        if moved > MOST_MOVED || read > MOST_READ || one.len() - one.trim_start().len() >= DEEP {
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
fn from_json(node: seaworthy_iam::Node) -> Node {
    let value = match node.value {
        seaworthy_iam::Value::Null => Value::Null,
        seaworthy_iam::Value::Bool(value) => Value::Scalar(value.to_string()),
        seaworthy_iam::Value::Number(text) => Value::Scalar(text),
        seaworthy_iam::Value::String(text) => Value::Text(text),
        seaworthy_iam::Value::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        seaworthy_iam::Value::Object(members) => Value::Map(
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

/// A list or a map that is not complete yet.
struct Open {
    node: Node,
    /// The name of the member that comes next.
    key: Option<(String, u32)>,
    tag: Option<String>,
}

fn yaml(name: &str, text: &str) -> Result<Node, Fault> {
    let fault = |line: u32, what: &str| Fault {
        error: AwsError::new(name, format!("line {line}: {what}")),
        shallow: None,
    };
    let (mut stack, mut root): (Vec<Open>, Option<Node>) = (Vec::new(), None);
    for event in Parser::new_from_str(text) {
        // The scanner's words name its rules, not the text; but to be safe only the place is told.
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            let is_shallow = error.info().starts_with("invalid indentation");
            Fault {
                error: AwsError::new(name, format!("{}:{}: not YAML", at.line(), at.col() + 1)),
                shallow: is_shallow.then(|| at.line()),
            }
        })?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let done = match event {
            Event::Alias(_) => return Err(fault(line, "an alias, which CloudFormation does not take")),
            Event::SequenceStart(_, tag) => {
                stack.push(Open {
                    node: Node { line, value: Value::List(Vec::new()) },
                    key: None,
                    tag: short(tag.as_deref()),
                });
                None
            }
            Event::MappingStart(_, tag) => {
                stack.push(Open {
                    node: Node { line, value: Value::Map(Vec::new()) },
                    key: None,
                    tag: short(tag.as_deref()),
                });
                None
            }
            Event::Scalar(text, style, _, tag) => {
                let expects_key = stack
                    .last()
                    .is_some_and(|open| matches!(open.node.value, Value::Map(_)) && open.key.is_none());
                if expects_key {
                    if let Some(open) = stack.last_mut() {
                        let is_new = open.node.get(&text).is_none();
                        if !is_new {
                            return Err(fault(line, "a member that occurs twice"));
                        }
                        open.key = Some((text.into_owned(), line));
                    }
                    continue;
                }
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = match text.as_ref() {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
                    _ => Value::Text(text.into_owned()),
                };
                Some(tagged(Node { line, value }, short(tag.as_deref())))
            }
            Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|open| tagged(open.node, open.tag)),
            Event::DocumentStart(_) if root.is_some() => return Err(fault(line, "a second document")),
            _ => None,
        };
        if stack.len() > DEEPEST {
            return Err(fault(line, "nested too deeply"));
        }
        let Some(done) = done else { continue };
        match stack.last_mut() {
            None => root = Some(done),
            Some(Open { node: Node { value: Value::List(items), .. }, .. }) => items.push(done),
            Some(Open { node: Node { value: Value::Map(members), .. }, key, .. }) => match key.take() {
                Some((key, line)) => members.push((key, Node { line, ..done })),
                None => return Err(fault(done.line, "a member whose name is no text")),
            },
            Some(_) => {}
        }
    }
    root.ok_or_else(|| Fault { error: AwsError::new(name, "empty"), shallow: None })
}

/// The name of a tag of CloudFormation: `Sub` of `!Sub`.
fn short(tag: Option<&Tag>) -> Option<String> {
    tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| tag.suffix.clone())
}

/// `!Sub x` is `{"Fn::Sub": x}`.
fn tagged(node: Node, tag: Option<String>) -> Node {
    let Some(tag) = tag.filter(|tag| !tag.is_empty()) else { return node };
    let line = node.line;
    let value = match (tag.as_str(), &node.value) {
        // `!GetAtt Role.Arn`; an attribute may have dots of its own.
        ("GetAtt", Value::Text(text)) => {
            let part = |text: &str| Node { line, value: Value::Text(text.to_owned()) };
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            Node { line, value: Value::List(vec![part(resource), part(attribute)]) }
        }
        _ => node,
    };
    let name = if matches!(tag.as_str(), "Ref" | "Condition") { tag } else { format!("Fn::{tag}") };
    Node { line, value: Value::Map(vec![(name, value)]) }
}
