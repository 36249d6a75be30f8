//! Task definitions, and the secrets that flow into them.

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::evaluate::is_opaque;
use super::link::{Leaf, kind_of};
use super::overrides;
use super::place::Texts;
use super::policy::{after_apply, place};
use super::resource::Resource;
use crate::containers::{self, Containers, Flow};
use crate::tree::Tree;
use crate::{
    Command, Container, Expression, Gap, Inspector, Literal, LiteralPlace, Seen, Snapshot, TaskDefinition,
    Text, UNKNOWN_LAUNCH_TYPE,
};
use seaworthy_source::JsonPointer;

/// Types and attributes whose values are secret, `*` being all of a type.
const SECRET: &[(&str, &[&str])] = &[
    ("aws_db_instance", &["password"]),
    ("aws_docdb_cluster", &["master_password"]),
    ("aws_elasticache_replication_group", &["auth_token"]),
    ("aws_iam_access_key", &["secret", "ses_smtp_password_v4"]),
    ("aws_rds_cluster", &["master_password"]),
    ("aws_redshift_cluster", &["master_password"]),
    ("aws_secretsmanager_random_password", &["random_password", ""]),
    ("aws_secretsmanager_secret_version", &["secret_string", "secret_binary", "secret_string_wo"]),
    ("aws_ssm_parameter", &["value", "value_wo"]),
    ("aws_ssm_parameters_by_path", &["values"]),
    ("github_actions_secret", &["plaintext_value"]),
    ("random_password", &["result", "bcrypt_hash", ""]),
    ("tls_private_key", &["private_key_pem", "private_key_openssh", "private_key_pem_pkcs8", ""]),
    ("vault_generic_secret", &["data", "data_json", ""]),
    ("vault_kv_secret_v2", &["data", "data_json", ""]),
];

/// Whether an attribute of a type is secret.
pub(super) fn is_secret(kind: &str, attribute: &str) -> bool {
    SECRET.iter().any(|(name, of)| *name == kind && of.contains(&attribute))
}

/// Whether a symbol of the source is a name, an address or an ARN, and so no secret.
fn is_plain(symbol: &str) -> bool {
    const ENDS: &[&str] = &[
        "arn", "name", "id", "url", "uri", "address", "port", "endpoint", "host", "bucket", "region",
        "domain",
    ];
    let Some((address, attribute)) = symbol.rsplit_once('.') else { return false };
    let kind = kind_of(address);
    let ends = ENDS.iter().any(|end| attribute == *end || attribute.ends_with(&format!("_{end}")));
    kind.starts_with("aws_") && ends && !is_secret(kind, attribute)
}

/// Recognises values that are marked sensitive, wherever they stand.
struct Known<'a> {
    automaton: Option<AhoCorasick>,
    sources: Vec<(&'a str, usize)>,
}

/// A text that holds a shorter secret as a part may do so by chance.
const SHORTEST_PART: usize = 12;

impl<'a> Known<'a> {
    fn of(texts: &Texts<'a>) -> Self {
        let (sources, values): (Vec<_>, Vec<_>) =
            texts.document.secrets.telling().map(|(source, value)| ((source, value.len()), value)).unzip();
        let automaton = if values.is_empty() { None } else { AhoCorasick::new(&values).ok() };
        Self { automaton, sources }
    }

    fn within(&self, text: &str) -> Vec<String> {
        let found = self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text));
        found
            .filter_map(|hit| self.sources.get(hit.pattern().as_usize()))
            .filter(|(_, length)| *length == text.len() || *length >= SHORTEST_PART)
            .map(|(source, _)| (*source).to_owned())
            .collect()
    }
}

pub(super) fn collect(texts: &Texts<'_>, inspector: &dyn Inspector, out: &mut Snapshot) {
    let known = Known::of(texts);
    for resource in texts.document.resources.values().filter(|r| r.kind == "aws_ecs_task_definition") {
        let Some(family) = texts.identity(resource, "family") else { continue };
        let key = family.known().map_or_else(|| resource.address.clone(), str::to_owned);
        if !resource.stays() {
            out.tasks.entry(key).or_insert(Seen::Absent);
            continue;
        }
        if resource.is_data {
            let gap =
                Gap::new("the plan only reads this task definition").by_call("ecs:DescribeTaskDefinition");
            out.tasks.entry(key).or_insert(Seen::NotSeen(gap));
            continue;
        }
        if matches!(out.tasks.get(&key), Some(Seen::Value(_))) {
            let gap = Gap::new(
                "another task definition of the plan has the same family: this one was not looked at",
            );
            out.gaps.push((place(resource), gap));
            continue;
        }
        let task = Task { texts, resource, known: &known }.read(family, inspector, out);
        out.tasks.insert(key, Seen::Value(task));
    }
    let taints = |text: &str| known.within(text);
    overrides::collect(texts, Flow { taints: &taints, is_plain: &is_plain }, inspector, out);
}

struct Task<'a> {
    texts: &'a Texts<'a>,
    resource: &'a Resource,
    known: &'a Known<'a>,
}

impl Task<'_> {
    fn read(&self, family: Text, inspector: &dyn Inspector, out: &mut Snapshot) -> TaskDefinition {
        let attribute = "container_definitions";
        let (mut references, leaves) = (Vec::new(), self.texts.linker.leaves_of(self.resource, attribute));
        let containers = match self.resource.text(attribute).map(serde_json::from_str::<Value>) {
            Some(Ok(list)) => {
                let read = self.containers(&Tree::from(list), &leaves, inspector, false);
                references = read.references;
                Seen::Value(read.containers)
            }
            Some(Err(_)) => Seen::NotSeen(Gap::new("the container definitions are not JSON")),
            None if let Some(list @ Tree::List(_)) = self.source_of(attribute) => {
                let read = self.containers(&list, &leaves, inspector, true);
                references = read.references;
                Seen::Value(read.containers)
            }
            None => {
                let gap = after_apply(&leaves);
                let taints = self.taints(&leaves);
                if taints.is_empty() {
                    Seen::NotSeen(gap)
                } else {
                    // What flows in is known although the text is not; the rest of it stays unseen.
                    out.gaps.push((place(self.resource), gap.clone()));
                    Seen::Value(vec![tainted_alone(taints, gap)])
                }
            }
        };
        let mut containers = containers;
        let volumes = Tree::from(self.resource.values.get("volume").cloned().unwrap_or_default());
        let taints = |text: &str| self.known.within(text);
        let flow = Flow { taints: &taints, is_plain: &is_plain };
        let (logins, literals) =
            containers::volumes(&volumes, &JsonPointer::root().key("volume"), inspector, flow);
        references.extend(logins);
        if let Seen::Value(containers) = &mut containers
            && let Some(first) = containers.first_mut()
        {
            first.literals.extend(literals);
        }
        if self.resource.unknown.get("volume") == Some(&Value::Bool(true)) {
            let gap = Gap::new("the volumes of the task are known only after apply");
            out.gaps.push((place(self.resource), gap));
        }
        TaskDefinition {
            compatibilities: launch_types(self.resource.values.get("requires_compatibilities")),
            family,
            revision: self.resource.values.get("revision").and_then(Value::as_u64),
            place: place(self.resource),
            task_role: self.role("task_role_arn"),
            execution_role: self.role("execution_role_arn"),
            containers,
            references,
        }
    }

    /// The secrets that flow into an attribute that is JSON text, where the Terraform source tells all of it.
    fn exact_flows(&self, attribute: &str) -> Option<Vec<String>> {
        let tree = self.source_of(attribute).filter(|tree| !tree.has_symbol(&is_opaque))?;
        Some(tree.taints())
    }

    /// What the Terraform source says of an attribute that is JSON text.
    fn source_of(&self, attribute: &str) -> Option<Tree> {
        self.texts.evaluated(self.resource, attribute)?.decoded()
    }

    fn role(&self, attribute: &str) -> Seen<Text> {
        if let Some(text) = self.resource.text(attribute) {
            return if text.is_empty() { Seen::Absent } else { Seen::Value(text.into()) };
        }
        if !self.resource.is_unknown(attribute) {
            return Seen::Absent;
        }
        // The provider shows the attribute as unknown also where no one sets it.
        if self.texts.linker.expression(self.resource, attribute).is_none() {
            return Seen::Absent;
        }
        if let Some(text) = self.texts.evaluated_text(self.resource, attribute) {
            return Seen::Value(text);
        }
        let leaves = self.texts.linker.targets_of(self.resource, attribute);
        let role = match leaves.as_slice() {
            [Leaf::Attribute { address, kind, .. }] if kind == "aws_iam_role" => {
                self.texts.document.resources.get(address).and_then(|role| self.texts.identity(role, "arn"))
            }
            _ => None,
        };
        role.map_or_else(|| Seen::NotSeen(after_apply(&leaves)), Seen::Value)
    }

    /// The containers of a list; `from_source` says that each value in it is as the source writes it.
    fn containers(
        &self,
        list: &Tree,
        leaves: &[Leaf],
        inspector: &dyn Inspector,
        from_source: bool,
    ) -> Containers {
        let flowing = self.taints(leaves);
        let values = &self.texts.document.secrets.by_source;
        // What the configuration says flows in is recognised at any length.
        let named: Vec<(&str, &str)> = flowing
            .iter()
            .filter_map(|source| Some((source.as_str(), values.get(source)?.as_str())))
            .collect();
        let taints = |text: &str| {
            let mut found = self.known.within(text);
            let here = named.iter().filter(|(_, value)| text.contains(value));
            found.extend(here.map(|(source, _)| (*source).to_owned()));
            found
        };
        let pointer = JsonPointer::root();
        let flow = Flow { taints: &taints, is_plain: &is_plain };
        let mut read = containers::read_containers(list, &pointer, inspector, flow);
        let attributed: Vec<String> = read
            .containers
            .iter()
            .flat_map(|container| &container.literals)
            .flat_map(|literal| literal.value.taints.clone())
            .collect();
        let mut lost: Vec<String> =
            flowing.into_iter().filter(|source| !attributed.contains(source)).collect();
        // What the configuration names besides may be in a branch that is not taken: the source tells.
        if !lost.is_empty()
            && let Some(flows) = self.exact_flows("container_definitions")
        {
            lost.retain(|source| flows.contains(source));
        }
        // A plan marks the whole text when any part of it may be sensitive; the source tells which part is.
        if !from_source
            && attributed.is_empty()
            && lost.is_empty()
            && self.resource.sensitive.contains("container_definitions")
        {
            lost.push("a value that is marked sensitive".to_owned());
        }
        if !lost.is_empty()
            && let Some(first) = read.containers.first_mut()
        {
            first.literals.push(whole(lost, None));
        }
        read
    }

    /// The secrets among the leaves, by address and attribute.
    fn taints(&self, leaves: &[Leaf]) -> Vec<String> {
        let mut out: Vec<String> = leaves
            .iter()
            .filter_map(|leaf| match leaf {
                Leaf::Attribute { address, kind, attribute } => {
                    let source =
                        if attribute.is_empty() { address.clone() } else { format!("{address}.{attribute}") };
                    (is_secret(kind, attribute)
                        || self.texts.document.secrets.by_source.contains_key(&source))
                    .then_some(source)
                }
                Leaf::Variable { name, sensitive: true } => Some(variable(name)),
                Leaf::Variable { .. } | Leaf::Constant | Leaf::Opaque(_) => None,
            })
            .collect();
        out.sort();
        out.dedup();
        out
    }
}

/// A variable's name as a source.
fn variable(name: &str) -> String {
    if name.starts_with("module.") { name.to_owned() } else { format!("var.{name}") }
}

/// A literal that stands for the whole text of the container definitions.
fn whole(taints: Vec<String>, gap: Option<Gap>) -> Literal {
    Literal {
        place: LiteralPlace::Other,
        name: "container_definitions".to_owned(),
        pointer: None,
        value: Expression { taints, gap, ..Expression::default() },
    }
}

/// A container that stands for all containers of a text that is known only after apply.
fn tainted_alone(taints: Vec<String>, gap: Gap) -> Container {
    Container {
        name: Text::symbol("container_definitions"),
        image: Seen::NotSeen(gap.clone()),
        command: Command { gap: Some(gap.to_string()), ..Command::default() },
        essential: true,
        literals: vec![whole(taints, Some(gap))],
    }
}

/// The launch types that a task definition names. What is no list of names stands for one that is not known.
fn launch_types(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().unwrap_or(UNKNOWN_LAUNCH_TYPE).to_uppercase()).collect()
        }
        Some(_) => vec![UNKNOWN_LAUNCH_TYPE.to_owned()],
    }
}
