//! Intrinsic functions: what is constant becomes text, all else a symbol.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::node::{Node, Value};
use super::parameters::Parameters;
use crate::plan::Meant;
use crate::tree::{Marked, Tree};
use crate::{ACCOUNT, Part, REGION, Text};

/// Deepest chain of functions and references.
const MAX_DEPTH: usize = 128;
/// The beginning of a dynamic reference.
const REFERENCE: &str = "{{resolve:";
/// Longest chain of names that refer to each other.
const CHAIN: usize = 8;
/// Most values of one template that are made, so that functions that repeat each other end.
const MAX_WORK: usize = 2_000_000;

/// A resource of the template.
pub(super) struct Resource<'a> {
    pub kind: &'a str,
    pub node: &'a Node,
    pub properties: Option<&'a Node>,
    pub condition: Option<&'a str>,
}

/// A template, taken apart.
pub(super) struct Template<'a> {
    pub root: &'a Node,
    pub(super) given: &'a Parameters,
    /// Where it will be deployed, as far as that is known.
    pub(super) meant: &'a Meant,
    /// Whether a condition is worked out.
    is_condition: Cell<bool>,
    pub resources: BTreeMap<&'a str, Resource<'a>>,
    counter: Cell<usize>,
    work: Cell<usize>,
    /// Names that are being worked out: one may refer to another, or to itself.
    names: Cell<usize>,
}

impl<'a> Template<'a> {
    /// A template with the values that a deployment gives its parameters, and where that is.
    pub fn new(root: &'a Node, given: &'a Parameters, meant: &'a Meant) -> Self {
        let listed = root.get("Resources").map_or(&[][..], Node::members);
        let resources = listed.iter().filter_map(|(name, node)| {
            let resource = Resource {
                kind: node.get("Type").and_then(Node::text)?,
                node,
                properties: node.get("Properties"),
                condition: node.get("Condition").and_then(Node::text),
            };
            Some((name.as_str(), resource))
        });
        Self {
            root,
            given,
            meant,
            is_condition: Cell::new(false),
            resources: resources.collect(),
            counter: Cell::new(0),
            work: Cell::new(0),
            names: Cell::new(0),
        }
    }

    /// A property of a resource, resolved.
    pub fn property(&self, resource: &Resource<'_>, name: &str) -> Option<Tree> {
        let tree = self.tree(resource.properties?.get(name)?);
        (!tree.is_null()).then_some(tree)
    }

    /// A value with its functions worked out.
    pub fn tree(&self, node: &Node) -> Tree {
        self.resolve(node, MAX_DEPTH)
    }

    pub(super) fn resolve(&self, node: &Node, depth: usize) -> Tree {
        self.work.set(self.work.get() + 1);
        let Some(depth) = depth.checked_sub(1).filter(|_| self.work.get() < MAX_WORK) else {
            return self.opaque("nested too deeply");
        };
        match &node.value {
            Value::Null => Tree::Null,
            Value::Scalar(text) => Tree::Scalar(text.clone()),
            Value::Text(text) => texted(Marked { text: text.as_str().into(), taints: Vec::new() }),
            Value::List(items) => {
                let items = items.iter().map(|item| self.resolve(item, depth));
                Tree::List(items.filter(|item| !item.is_null()).collect())
            }
            Value::Map(members) => match members.as_slice() {
                [(name, argument)] if name == "Ref" || name.starts_with("Fn::") => {
                    self.function(name, argument, depth)
                }
                _ => {
                    let member = |(name, node): &(String, Node)| (name.clone(), self.resolve(node, depth));
                    Tree::Map(members.iter().map(member).filter(|(_, tree)| !tree.is_null()).collect())
                }
            },
        }
    }

    /// Whether a condition holds, as far as parameters tell.
    pub fn holds(&self, condition: &str) -> Option<bool> {
        self.holds_at(condition, MAX_DEPTH)
    }

    fn holds_at(&self, condition: &str, depth: usize) -> Option<bool> {
        self.decide(self.root.get("Conditions")?.get(condition)?, depth)
    }

    /// Whether a resource is made: it has no condition, or one that may hold.
    pub fn is_there(&self, resource: &Resource<'_>) -> bool {
        resource.condition.and_then(|name| self.holds(name)) != Some(false)
    }

    /// A condition's value, if what it compares is known.
    fn decide(&self, node: &Node, depth: usize) -> Option<bool> {
        self.work.set(self.work.get() + 1);
        let depth = depth.checked_sub(1).filter(|_| self.work.get() < MAX_WORK)?;
        let [(function, argument)] = node.members() else { return None };
        let each = || argument.items().iter().map(|item| self.decide(item, depth)).collect::<Vec<_>>();
        match function.as_str() {
            "Condition" => self.holds_at(argument.text()?, depth),
            "Fn::Equals" => {
                let [one, other] = argument.items() else { return None };
                let outer = self.is_condition.replace(true);
                let [one, other] =
                    [one, other].map(|node| self.resolve(node, depth).text().map(|text| self.placed(&text)));
                self.is_condition.set(outer);
                Some(one?.known()? == other?.known()?)
            }
            "Fn::Not" => each().first().copied().flatten().map(|holds| !holds),
            "Fn::And" => {
                let all = each();
                if all.contains(&Some(false)) {
                    Some(false)
                } else {
                    all.iter().all(Option::is_some).then_some(true)
                }
            }
            "Fn::Or" => {
                let all = each();
                if all.contains(&Some(true)) {
                    Some(true)
                } else {
                    all.iter().all(Option::is_some).then_some(false)
                }
            }
            _ => None,
        }
    }

    /// Whether a symbol is a name, an address or an ARN that CloudFormation makes, and so no secret.
    pub fn is_plain(&self, symbol: &str) -> bool {
        // What is kept under a known name is a secret or not by that name.
        if symbol.starts_with("AWS::") || symbol.starts_with(REFERENCE) || self.stored_in(symbol).is_some() {
            return true;
        }
        let Some((name, attribute)) = symbol.split_once('.') else { return false };
        let Some(resource) = self.resources.get(name) else { return false };
        // What a resource of one's own makes may be anything.
        let is_own = resource.kind.starts_with("Custom::") || resource.kind.ends_with("::CustomResource");
        const ENDS: &[&str] =
            &["Ref", "Arn", "ARN", "Name", "Id", "ID", "Url", "URL", "Address", "Port", "Endpoint", "Suffix"];
        !is_own && ENDS.iter().any(|end| attribute.ends_with(end))
    }

    /// A symbol that is like no other.
    pub(super) fn opaque(&self, what: &str) -> Tree {
        self.counter.set(self.counter.get() + 1);
        Tree::Text(Marked {
            text: Text::symbol(format!("{what} #{}", self.counter.get())),
            taints: Vec::new(),
        })
    }

    fn function(&self, name: &str, argument: &Node, depth: usize) -> Tree {
        let list = || argument.items().iter().map(|item| self.resolve(item, depth)).collect::<Vec<_>>();
        match name {
            "Ref" => argument.text().map_or_else(|| self.opaque("Ref"), |name| self.reference(name)),
            "Fn::GetAtt" => {
                let parts: Option<Vec<&str>> = match argument.text() {
                    Some(text) => text.split_once('.').map(|(resource, attribute)| vec![resource, attribute]),
                    None => argument.items().iter().map(Node::text).collect(),
                };
                match parts.as_deref() {
                    Some([resource, attribute]) => self.attribute(resource, attribute),
                    _ => self.opaque(name),
                }
            }
            "Fn::Join" => match list().as_slice() {
                [separator, items] => join(separator, items).unwrap_or_else(|| self.opaque(name)),
                _ => self.opaque(name),
            },
            "Fn::Sub" => {
                let (text, values) = match &argument.value {
                    Value::List(items) => (items.first().and_then(Node::text), items.get(1)),
                    _ => (argument.text(), None),
                };
                text.map_or_else(|| self.opaque(name), |text| self.substitute(text, values, depth))
            }
            "Fn::If" => {
                let condition = argument.items().first().and_then(Node::text);
                let chosen = condition.and_then(|name| self.holds_at(name, depth));
                if let (Some(holds), [_, yes, no]) = (chosen, argument.items()) {
                    return self.resolve(if holds { yes } else { no }, depth);
                }
                let branches = list();
                match branches.as_slice() {
                    [_, yes, no] => self.either(condition.unwrap_or("?"), yes, no),
                    _ => self.opaque(name),
                }
            }
            "Fn::FindInMap" => self.find_in_map(argument, depth),
            "Fn::Split" => {
                let list = list();
                let texts: Option<Vec<Text>> = list.iter().map(Tree::text).collect();
                let parts = match texts.as_deref() {
                    Some([separator, text]) => separator.known().and_then(|separator| split(text, separator)),
                    _ => None,
                };
                let text = |text| Tree::Text(Marked { text, taints: taints(&list) });
                parts.map_or_else(
                    || self.opaque(name),
                    |parts| Tree::List(parts.into_iter().map(text).collect()),
                )
            }
            "Fn::Select" => match list().as_slice() {
                [index, Tree::List(items)] => index
                    .text()
                    .and_then(|index| items.get(index.known()?.parse::<usize>().ok()?).cloned())
                    .unwrap_or_else(|| self.opaque(name)),
                other => self.hidden(name, other),
            },
            "Fn::ImportValue" => {
                let export = self.resolve(argument, depth);
                let export = export.text().map(|text| text.to_string()).unwrap_or_default();
                Tree::Text(Marked {
                    text: Text::symbol(format!("Fn::ImportValue {export}")),
                    taints: Vec::new(),
                })
            }
            _ => self.hidden(name, &[self.resolve(argument, depth)]),
        }
    }

    /// A symbol into which secrets may flow.
    fn hidden(&self, what: &str, from: &[Tree]) -> Tree {
        match self.opaque(what) {
            Tree::Text(marked) => Tree::Text(Marked { taints: taints(from), ..marked }),
            other => other,
        }
    }

    fn reference(&self, name: &str) -> Tree {
        let text = |text: Text| Tree::Text(Marked { text, taints: Vec::new() });
        match name {
            "AWS::AccountId" => text(Text::symbol(ACCOUNT)),
            "AWS::Region" => text(Text::symbol(REGION)),
            "AWS::Partition" => text(self.partition().into()),
            "AWS::URLSuffix" => {
                text(if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }.into())
            }
            "AWS::NoValue" => Tree::Null,
            _ => match self.root.get("Parameters").and_then(|all| all.get(name)) {
                Some(parameter) => {
                    let stored = self.stored_in(name);
                    let stored = stored.map(|of| format!("{{{{resolve:ssm:{of}}}}} (parameter {name})"));
                    let taints = stored.into_iter().chain(secret(name, parameter)).collect::<Vec<_>>();
                    let value = match self.given.value(name) {
                        Some(given) => given.and_then(|given| valued(parameter, given)),
                        // A deployment that gives parameters and not this one may keep the value that its stack has:
                        // a condition is not decided by the default then.
                        None if self.is_condition.get() && self.given.is_given() => None,
                        None => {
                            parameter.get("Default").and_then(Node::text).and_then(|d| valued(parameter, d))
                        }
                    };
                    match value.filter(|_| taints.is_empty()) {
                        Some(tree) => tree,
                        None => Tree::Text(Marked { text: Text::symbol(name), taints }),
                    }
                }
                None => text(self.identity(name, None)),
            },
        }
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Tree {
        let kind = self.resources.get(resource).map_or("", |resource| resource.kind);
        let is_secret = matches!(
            (kind, attribute),
            ("AWS::SSM::Parameter", "Value")
                | ("AWS::IAM::AccessKey", "SecretAccessKey")
                | ("AWS::IAM::ServiceSpecificCredential", "ServicePassword")
                | ("AWS::Cognito::UserPoolClient", "ClientSecret")
                | ("AWS::AppSync::ApiKey", "ApiKey")
        );
        let taints = if is_secret { vec![format!("{resource}.{attribute}")] } else { Vec::new() };
        Tree::Text(Marked { text: self.identity(resource, Some(attribute)), taints })
    }

    /// The physical ID (`Ref`) or an attribute of a resource.
    pub fn identity(&self, name: &str, attribute: Option<&str>) -> Text {
        let symbol = |what: &str| Part::Symbol(format!("{name}.{what}"));
        let Some(resource) = self.resources.get(name) else {
            return Text::symbol(
                attribute.map_or_else(|| name.to_owned(), |attribute| format!("{name}.{attribute}")),
            );
        };
        let property = |property: &str, fallback: Part| -> Vec<Part> {
            let node = resource.properties.and_then(|properties| properties.get(property));
            let Some(node) = node.filter(|_| self.names.get() < CHAIN) else { return vec![fallback] };
            self.names.set(self.names.get() + 1);
            let text = self.resolve(node, MAX_DEPTH / 4).text();
            self.names.set(self.names.get() - 1);
            text.map_or_else(|| vec![fallback], |text| text.parts().to_vec())
        };
        let literal = |text: &str| Part::Literal(text.to_owned());
        let named = |key: &str| property(key, symbol("Name"));
        let arn = |service: &str, regional, rest: Vec<Part>| arn(self.partition(), service, regional, rest);
        match (resource.kind, attribute) {
            ("AWS::IAM::Role", None) => Text::new(named("RoleName")),
            ("AWS::IAM::Role", Some("Arn")) => {
                let rest = property("Path", literal("/")).into_iter().chain(named("RoleName"));
                arn("iam", false, std::iter::once(literal("role")).chain(rest).collect())
            }
            ("AWS::IAM::ManagedPolicy", None | Some("PolicyArn")) => {
                let rest = property("Path", literal("/")).into_iter().chain(named("ManagedPolicyName"));
                arn("iam", false, std::iter::once(literal("policy")).chain(rest).collect())
            }
            ("AWS::SSM::Parameter", None) => Text::new(named("Name")),
            ("AWS::SecretsManager::Secret", None | Some("Id")) => {
                // AWS adds a dash and six characters of its own choice.
                let rest = named("Name").into_iter().chain([literal("-"), symbol("Suffix")]);
                arn("secretsmanager", true, std::iter::once(literal("secret:")).chain(rest).collect())
            }
            // What attaches a secret to a database has the secret's ARN; CDK names the secrets of databases by it.
            (
                "AWS::SecretsManager::SecretTargetAttachment" | "AWS::SecretsManager::ResourcePolicy",
                None | Some("Id"),
            ) => Text::new(property("SecretId", symbol("Ref"))),
            ("AWS::KMS::Key", None | Some("KeyId")) => Text::new([symbol("KeyId")]),
            ("AWS::KMS::Key", Some("Arn")) => arn("kms", true, vec![literal("key/"), symbol("KeyId")]),
            ("AWS::KMS::Alias", None) => Text::new(named("AliasName")),
            ("AWS::Logs::LogGroup", None) => Text::new(named("LogGroupName")),
            ("AWS::ECR::Repository", None) => Text::new(named("RepositoryName")),
            ("AWS::ECR::Repository", Some("Arn")) => {
                let rest = named("RepositoryName");
                arn("ecr", true, std::iter::once(literal("repository/")).chain(rest).collect())
            }
            ("AWS::ECR::Repository", Some("RepositoryUri")) => {
                let region = Part::Symbol(REGION.to_owned());
                let head = [Part::Symbol(ACCOUNT.to_owned()), literal(".dkr.ecr."), region];
                Text::new(head.into_iter().chain([literal(".amazonaws.com/")]).chain(named("RepositoryName")))
            }
            (_, None) => Text::new([symbol("Ref")]),
            (_, Some(attribute)) => Text::new([symbol(attribute)]),
        }
    }

    fn substitute(&self, text: &str, values: Option<&Node>, depth: usize) -> Tree {
        let (mut parts, mut flows, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some((head, tail)) = rest.split_once("${") {
            parts.push(Part::Literal(head.to_owned()));
            let Some((name, after)) = tail.split_once('}') else {
                parts.push(Part::Literal(format!("${{{tail}")));
                rest = "";
                break;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                parts.push(Part::Literal(format!("${{{literal}}}")));
                continue;
            }
            let name = name.trim();
            let tree = match (values.and_then(|values| values.get(name)), name.split_once('.')) {
                (Some(node), _) => self.resolve(node, depth),
                (None, Some((resource, attribute))) => self.attribute(resource, attribute),
                (None, None) => self.reference(name),
            };
            match tree.marked() {
                Some(marked) => {
                    parts.extend(marked.text.parts().iter().cloned());
                    flows.extend(marked.taints);
                }
                None => parts.push(Part::Symbol(format!("Fn::Sub {name}"))),
            }
        }
        parts.push(Part::Literal(rest.to_owned()));
        texted(Marked { text: Text::new(parts), taints: flows })
    }

    /// One of two values: of two texts a symbol, else a choice.
    fn either(&self, condition: &str, yes: &Tree, no: &Tree) -> Tree {
        match (yes, no) {
            (Tree::Null, Tree::Null) => Tree::Null,
            // `AWS::NoValue` leaves a property or an item of a list out.
            (Tree::Null | Tree::Map(_) | Tree::List(_), _)
            | (_, Tree::Null | Tree::Map(_) | Tree::List(_)) => Tree::Choice {
                condition: condition.to_owned(),
                of: [yes, no].into_iter().filter(|tree| !tree.is_null()).cloned().collect(),
            },
            _ => {
                self.counter.set(self.counter.get() + 1);
                let text = Text::symbol(format!("Fn::If {condition} #{}", self.counter.get()));
                Tree::Text(Marked { text, taints: taints(&[yes.clone(), no.clone()]) })
            }
        }
    }
}

fn arn(partition: &str, service: &str, regional: bool, rest: Vec<Part>) -> Text {
    let region = if regional { Part::Symbol(REGION.to_owned()) } else { Part::Literal(String::new()) };
    let literal = |text: String| Part::Literal(text);
    let head = [literal(format!("arn:{partition}:{service}:")), region, literal(":".to_owned())];
    let account = [Part::Symbol(ACCOUNT.to_owned()), literal(":".to_owned())];
    Text::new(head.into_iter().chain(account).chain(rest))
}

fn join(separator: &Tree, items: &Tree) -> Option<Tree> {
    let separator = separator.text()?;
    let items = match items {
        Tree::List(items) => items,
        // A list that is not known is joined to one text that is not known.
        Tree::Text(marked) if marked.text.known().is_none() => return Some(Tree::Text(marked.clone())),
        _ => return None,
    };
    let texts: Vec<Marked> = items.iter().map(Tree::marked).collect::<Option<_>>()?;
    let (mut parts, mut flows) = (Vec::new(), Vec::new());
    for (index, marked) in texts.into_iter().enumerate() {
        if index > 0 {
            parts.extend(separator.parts().iter().cloned());
        }
        parts.extend(marked.text.parts().iter().cloned());
        flows.extend(marked.taints);
    }
    Some(texted(Marked { text: Text::new(parts), taints: flows }))
}

/// The parts of a text. Only the account and the region are symbols that certainly do not hold the separator.
fn split(text: &Text, separator: &str) -> Option<Vec<Text>> {
    let mut out: Vec<Vec<Part>> = vec![Vec::new()];
    for part in text.parts() {
        match part {
            Part::Literal(literal) if !separator.is_empty() => {
                for (index, piece) in literal.split(separator).enumerate() {
                    if index > 0 {
                        out.push(Vec::new());
                    }
                    if let Some(last) = out.last_mut() {
                        last.push(Part::Literal(piece.to_owned()));
                    }
                }
            }
            Part::Symbol(name) if name == ACCOUNT || name == REGION => out.last_mut()?.push(part.clone()),
            _ => return None,
        }
    }
    Some(out.into_iter().map(Text::new).collect())
}

/// A text with the dynamic references in it as symbols: CloudFormation fills them in when it deploys.
fn texted(mut marked: Marked) -> Tree {
    let (mut parts, mut open) = (Vec::new(), None::<String>);
    for part in marked.text.parts() {
        let Part::Literal(literal) = part else {
            match (&mut open, part) {
                (Some(reference), Part::Symbol(name)) => reference.push_str(name),
                _ => parts.push(part.clone()),
            }
            continue;
        };
        let mut rest = literal.as_str();
        loop {
            let mark = if open.is_some() { "}}" } else { REFERENCE };
            let Some((before, after)) = rest.split_once(mark) else { break };
            match open.take() {
                Some(reference) => parts.push(Part::Symbol(format!("{reference}{before}}}}}"))),
                None => {
                    parts.push(Part::Literal(before.to_owned()));
                    open = Some(REFERENCE.to_owned());
                }
            }
            rest = after;
        }
        match &mut open {
            Some(reference) => reference.push_str(rest),
            None => parts.push(Part::Literal(rest.to_owned())),
        }
    }
    parts.extend(open.map(Part::Literal));
    let is_of = |name: &&str| {
        let kind = name.strip_prefix(REFERENCE).and_then(|rest| rest.split(':').next());
        matches!(kind, Some("ssm" | "ssm-secure" | "secretsmanager"))
    };
    marked.text = Text::new(parts);
    marked.taints.extend(marked.text.symbols().filter(is_of).map(str::to_owned));
    Tree::Text(marked)
}

/// The taints of all texts in some trees.
fn taints(trees: &[Tree]) -> Vec<String> {
    trees.iter().flat_map(Tree::taints).collect()
}

/// What a parameter is with this value. Parameters that name a parameter of Systems Manager have its name as value, and
/// what they stand for is not known.
fn valued(parameter: &Node, value: &str) -> Option<Tree> {
    let kind = parameter.get("Type").and_then(Node::text)?;
    let one = |text: &str| Tree::Text(Marked { text: text.into(), taints: Vec::new() });
    if kind.starts_with("AWS::SSM::Parameter::Value") {
        None
    } else if kind == "CommaDelimitedList" || kind.starts_with("List<") {
        Some(Tree::List(value.split(',').map(|item| one(item.trim())).collect()))
    } else {
        Some(one(value))
    }
}

/// Why a template parameter is secret, if it is: it is never echoed.
fn secret(name: &str, parameter: &Node) -> Option<String> {
    let is_hidden = parameter.get("NoEcho").and_then(Node::text)?.eq_ignore_ascii_case("true");
    is_hidden.then(|| format!("{name} (NoEcho)"))
}
