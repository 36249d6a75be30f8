//! From JSON to a document, by the grammar alone.

use std::collections::HashSet;

use super::super::condition::{Condition, Operator};
use super::super::pattern::Pattern;
use super::super::principal::PrincipalEntry;
use super::{
    ActionElement, DocumentError, Effect, Policy, Principals, Problem, Reason, ResourceElement, Statement,
    Version,
};
use seaworthy_source::Position;
use seaworthy_source::json::{Member, Node, Value};

type Read<T> = Result<T, Problem>;

const STRINGS: &str = "a string or an array of strings";

impl Policy {
    /// Reads a document that is part of a larger JSON text; places are those of that text.
    ///
    /// # Errors
    /// [`DocumentError`] with the first fault and its place.
    pub fn from_node(name: &str, node: &Node) -> Result<Self, DocumentError> {
        read_policy(name, node).map_err(|Problem { at, reason }| DocumentError {
            policy: name.to_owned(),
            at,
            reason,
        })
    }
}

fn read_policy(name: &str, node: &Node) -> Read<Policy> {
    let (mut version, mut id, mut statements) = (Version::V2008, None, None);
    for member in object("the policy", node)? {
        match member.name.as_str() {
            "Version" => version = read_version(&member.node)?,
            "Id" => id = Some(string("Id", &member.node)?.to_owned()),
            "Statement" => statements = Some(&member.node),
            _ => return fail(member.at, Reason::Unknown),
        }
    }
    let Some(statements) = statements else { return fail(node.at, Reason::Missing("Statement")) };
    let items = match &statements.value {
        Value::Array(items) => items.as_slice(),
        Value::Object(_) => std::slice::from_ref(statements),
        other => return wrong_type(statements.at, "Statement", "an object or an array of objects", other),
    };
    let variables = version == Version::V2012;
    let statements = items.iter().map(|item| read_statement(item, variables)).collect::<Read<_>>()?;
    Ok(Policy { name: name.to_owned(), version, id, statements })
}

fn read_version(node: &Node) -> Read<Version> {
    match string("Version", node)? {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        _ => fail(node.at, Reason::Version),
    }
}

fn read_statement(node: &Node, variables: bool) -> Read<Statement> {
    let (mut sid, mut effect, mut conditions) = (None, None, Vec::new());
    let (mut principals, mut actions, mut resources) = (None, None, None);
    for Member { name, at, node: value, .. } in object("a statement", node)? {
        match name.as_str() {
            "Sid" => sid = Some(string("Sid", value)?.to_owned()),
            "Effect" => effect = Some(read_effect(value)?),
            "Principal" | "NotPrincipal" => {
                let read = read_principals(*at, value, name == "NotPrincipal")?;
                once(&mut principals, read, *at, ("Principal", "NotPrincipal"))?;
            }
            "Action" | "NotAction" => {
                let written = strings("Action", value)?;
                let pattern = |(at, text): &(Position, &str)| {
                    Pattern::action(text).map_err(|error| Problem { at: *at, reason: Reason::Pattern(error) })
                };
                let patterns = written.iter().map(pattern).collect::<Read<_>>()?;
                let written = written.into_iter().map(|(_, text)| text.to_owned()).collect();
                let read = ActionElement { at: *at, negated: name == "NotAction", patterns, written };
                once(&mut actions, read, *at, ("Action", "NotAction"))?;
            }
            "Resource" | "NotResource" => {
                let read = read_resources(*at, value, name == "NotResource", variables)?;
                once(&mut resources, read, *at, ("Resource", "NotResource"))?;
            }
            "Condition" => conditions = read_conditions(value, variables)?,
            _ => return fail(*at, Reason::Unknown),
        }
    }
    let Some(effect) = effect else { return fail(node.at, Reason::Missing("Effect")) };
    let Some(actions) = actions else { return fail(node.at, Reason::Missing("Action or NotAction")) };
    Ok(Statement { at: node.at, sid, effect, principals, actions, resources, conditions })
}

/// Stores the one of two exclusive elements; JSON has already refused the same one twice.
fn once<T>(slot: &mut Option<T>, value: T, at: Position, names: (&'static str, &'static str)) -> Read<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => fail(at, Reason::Both(names.0, names.1)),
    }
}

fn read_effect(node: &Node) -> Read<Effect> {
    match string("Effect", node)? {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => fail(node.at, Reason::Effect),
    }
}

fn read_principals(at: Position, node: &Node, negated: bool) -> Read<Principals> {
    let members = match &node.value {
        Value::String(text) => {
            let entries = vec![PrincipalEntry::aws(text)];
            return Ok(Principals { at, negated, entries, bare: text != "*" });
        }
        Value::Object(members) => members,
        other => return wrong_type(node.at, "Principal", "\"*\" or an object", other),
    };
    let mut entries = Vec::new();
    for member in members {
        let entry: fn(&str) -> PrincipalEntry = match member.name.as_str() {
            "AWS" => PrincipalEntry::aws,
            "Service" => |text| PrincipalEntry::Service(text.to_owned()),
            "Federated" => |text| PrincipalEntry::Provider(text.to_owned()),
            "CanonicalUser" => |text| PrincipalEntry::CanonicalUser(text.to_owned()),
            _ => return fail(member.at, Reason::PrincipalType),
        };
        entries.extend(strings("a principal", &member.node)?.into_iter().map(|(_, text)| entry(text)));
    }
    Ok(Principals { at, negated, entries, bare: false })
}

fn read_resources(at: Position, node: &Node, negated: bool, variables: bool) -> Read<ResourceElement> {
    let (mut patterns, mut written) = (Vec::new(), Vec::new());
    for (place, text) in strings("Resource", node)? {
        let pattern = Pattern::resource(text, variables);
        let fault = |error| Problem { at: place, reason: Reason::Pattern(error) };
        patterns.push(pattern.map_err(fault)?);
        if let Some(whole) = Pattern::completed(text) {
            patterns.push(Pattern::resource(&whole, variables).map_err(fault)?);
        }
        written.push(text.to_owned());
    }
    Ok(ResourceElement { at, negated, patterns, written })
}

fn read_conditions(node: &Node, variables: bool) -> Read<Vec<Condition>> {
    let mut conditions: Vec<Condition> = Vec::new();
    for Member { name, at, node: keys, .. } in object("Condition", node)? {
        let operator = Operator::parse(name).map_err(|reason| Problem { at: *at, reason })?;
        let mut seen = HashSet::new();
        for Member { name: key, at, node: values, .. } in object("a condition", keys)? {
            let values = condition_values(values)?;
            let condition = Condition::new(*at, operator, key, &values, variables);
            let condition = condition.map_err(|error| Problem { at: *at, reason: Reason::Pattern(error) })?;
            if !seen.insert(condition.key().to_owned()) {
                return fail(*at, Reason::DuplicateKey);
            }
            conditions.push(condition);
        }
    }
    Ok(conditions)
}

/// "Quotation marks are optional for numeric and Boolean values."
fn condition_values(node: &Node) -> Read<Vec<&str>> {
    match &node.value {
        Value::Array(items) => items.iter().map(condition_value).collect(),
        _ => Ok(vec![condition_value(node)?]),
    }
}

fn condition_value(node: &Node) -> Read<&str> {
    match &node.value {
        Value::String(text) | Value::Number(text) => Ok(text),
        Value::Bool(true) => Ok("true"),
        Value::Bool(false) => Ok("false"),
        other => wrong_type(node.at, "a condition value", "a string, number or boolean", other),
    }
}

fn object<'a>(element: &'static str, node: &'a Node) -> Read<&'a [Member]> {
    match &node.value {
        Value::Object(members) => Ok(members),
        other => wrong_type(node.at, element, "an object", other),
    }
}

fn string<'a>(element: &'static str, node: &'a Node) -> Read<&'a str> {
    match &node.value {
        Value::String(text) => Ok(text),
        other => wrong_type(node.at, element, "a string", other),
    }
}

fn strings<'a>(element: &'static str, node: &'a Node) -> Read<Vec<(Position, &'a str)>> {
    let one = |node: &'a Node| match &node.value {
        Value::String(text) => Ok((node.at, text.as_str())),
        other => wrong_type(node.at, element, STRINGS, other),
    };
    match &node.value {
        Value::Array(items) => items.iter().map(one).collect(),
        _ => Ok(vec![one(node)?]),
    }
}

fn wrong_type<T>(at: Position, element: &'static str, expected: &'static str, found: &Value) -> Read<T> {
    fail(at, Reason::Type { element, expected, found: found.kind() })
}

fn fail<T>(at: Position, reason: Reason) -> Read<T> {
    Err(Problem { at, reason })
}
