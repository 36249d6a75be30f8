//! Parameters, secrets, keys and repositories.

use std::collections::BTreeMap;

use serde_json::Value;

use super::digest;
use super::link::Leaf;
use super::place::{Location, Texts};
use super::policy::place;
use super::resource::{Action, Resource};
use crate::{
    Document, Gap, Key, ManagedSecret, Mutability, Parameter, ParameterKind, Repository, Seen, Snapshot, Text,
};

pub(super) fn collect(texts: &Texts<'_>, out: &mut Snapshot) {
    let policies = attached_policies(texts);
    for resource in texts.document.resources.values() {
        match resource.kind.as_str() {
            "aws_ssm_parameter" => {
                let seen = |name: &str| Seen::Value(parameter(texts, resource, name));
                let same = |a: &Parameter, b: &Parameter| (&a.kind, &a.key) == (&b.kind, &b.key);
                insert(texts, resource, seen, same, &mut out.parameters, &mut out.gaps);
            }
            "aws_secretsmanager_secret" => {
                let seen = |name: &str| Seen::Value(secret(texts, resource, name, &policies));
                let same = |a: &ManagedSecret, b: &ManagedSecret| (&a.key, &a.policy) == (&b.key, &b.policy);
                insert(texts, resource, seen, same, &mut out.secrets, &mut out.gaps);
            }
            "aws_ecr_repository" => {
                let seen = |name: &str| Seen::Value(repository(resource, name));
                let same = |a: &Repository, b: &Repository| a.mutability == b.mutability;
                insert(texts, resource, seen, same, &mut out.repositories, &mut out.gaps);
            }
            "aws_kms_key" if resource.stays() => {
                let key = key(texts, resource, &policies);
                out.keys.insert(resource.address.clone(), Seen::Value(key));
            }
            _ => {}
        }
    }
}

/// Inserts by name. What stays wins over what goes, what the plan manages over what it only reads.
fn insert<T>(
    texts: &Texts<'_>,
    resource: &Resource,
    seen: impl FnOnce(&str) -> Seen<T>,
    same: impl FnOnce(&T, &T) -> bool,
    into: &mut BTreeMap<String, Seen<T>>,
    gaps: &mut Vec<(crate::Place, Gap)>,
) {
    let Some(name) = name_of(texts, resource) else {
        if resource.stays() {
            gaps.push((place(resource), Gap::new("its name is known only after apply")));
        }
        return;
    };
    match texts.location(resource) {
        Location::Home => {}
        Location::Elsewhere { told, .. } => {
            // Another thing of the same name: it is known by its ARN, and no proof of the one here.
            let gap = Gap::new(format!("{} has this name and is {told}, not here", resource.address));
            let arn = texts.identity(resource, "arn").and_then(|arn| arn.known().map(str::to_owned));
            if let (Some(arn), true) = (arn, resource.stays()) {
                into.insert(arn, seen(&name));
            }
            into.entry(name).or_insert(Seen::NotSeen(gap));
            return;
        }
        Location::Unknown(why) => {
            let gap = Gap::new(format!("{} has this name, and {why}", resource.address));
            into.entry(name).or_insert(Seen::NotSeen(gap));
            return;
        }
    }
    if !resource.stays() {
        if !matches!(into.get(&name), Some(Seen::Value(_))) {
            into.insert(name, Seen::Absent);
        }
    } else if resource.is_data {
        // A data source that is read in the apply does not prove that the thing is there.
        let deferred = resource.unknown.values().any(super::resource::has_true);
        let seen =
            if deferred { Seen::NotSeen(Gap::new("it is looked up during apply")) } else { seen(&name) };
        if !matches!(into.get(&name), Some(Seen::Value(_))) {
            into.insert(name, seen);
        }
    } else {
        let seen = seen(&name);
        let is_managed = |r: &&Resource| {
            r.kind == resource.kind
                && texts.location(r) == Location::Home
                && r.address < resource.address
                && !r.is_data
                && r.stays()
                && texts.attribute(r, "name").is_some_and(|other| other.known() == Some(name.as_str()))
        };
        // One of this name in another region or account is no twin in fact, but the plan does not tell which it is.
        if let (Some(Seen::Value(one)), Seen::Value(other)) = (into.get(&name), &seen)
            && !same(one, other)
            && let Some(twin) = texts.document.resources.values().find(is_managed)
        {
            let reason =
                format!("{} has the same name and differs: which is meant is not known", twin.address);
            gaps.push((place(resource), Gap::new(reason)));
        }
        into.insert(name, seen);
    }
}

/// The name of a thing; of a secret whose name only the apply makes up, a stand-in.
fn name_of(texts: &Texts<'_>, resource: &Resource) -> Option<String> {
    let known = || texts.attribute(resource, "name")?.known().map(str::to_owned);
    match made_up(texts, resource) {
        Some(prefix) => Some(format!("{prefix}{}", &digest(resource.address.as_bytes()).get(7..33)?)),
        None => known(),
    }
}

/// What the name of a secret begins with that has none: the provider adds 26 digits.
fn made_up(texts: &Texts<'_>, resource: &Resource) -> Option<String> {
    let is_open = texts.document.has_configuration
        && resource.kind == "aws_secretsmanager_secret"
        && resource.text("name").is_none()
        && resource.is_unknown("name")
        && !resource.is_data
        && texts.linker.expression(resource, "name").is_none()
        && (!resource.is_unknown("name_prefix")
            || texts.linker.expression(resource, "name_prefix").is_none());
    is_open.then(|| resource.text("name_prefix").unwrap_or("terraform-").to_owned())
}

fn parameter(texts: &Texts<'_>, resource: &Resource, name: &str) -> Parameter {
    let kind = match resource.text("type") {
        Some("String") => Seen::Value(ParameterKind::String),
        Some("StringList") => Seen::Value(ParameterKind::StringList),
        Some("SecureString") => Seen::Value(ParameterKind::SecureString),
        Some(_) => Seen::NotSeen(Gap::new("a type that AWS does not know")),
        None => Seen::NotSeen(Gap::new("its type is known only after apply")),
    };
    let key = match &kind {
        Seen::NotSeen(gap) => Seen::NotSeen(gap.clone()),
        Seen::Value(ParameterKind::SecureString) if resource.is_data => {
            Seen::NotSeen(Gap::new("the plan only reads this parameter").by_call("ssm:DescribeParameters"))
        }
        Seen::Value(ParameterKind::SecureString) => {
            let is_set = texts.linker.expression(resource, "key_id").is_some();
            let known = resource.text("key_id").filter(|id| !id.is_empty());
            match texts.key(resource, "key_id") {
                Some(key) if is_set || known.is_some() => Seen::Value(key),
                _ => Seen::Value("alias/aws/ssm".into()),
            }
        }
        _ => Seen::Absent,
    };
    let version = resource.values.get("version").and_then(Value::as_u64);
    let after_apply = || Seen::NotSeen(Gap::new("its version is known only after apply"));
    Parameter {
        name: name.to_owned(),
        place: place(resource),
        planned: resource.action == Action::Create,
        kind,
        version: version.map_or_else(after_apply, Seen::Value),
        key,
        tags: resource.tags(),
    }
}

/// Resource policies that resources of their own attach.
struct Attached<'a> {
    /// By the address that they name, or by name, ID or ARN.
    by_target: BTreeMap<String, &'a Resource>,
    /// Those of which it is not known what they are attached to.
    strays: Vec<&'a Resource>,
}

impl<'a> Attached<'a> {
    /// The policy of a secret or a key.
    fn to(&self, resource: &Resource) -> Option<&'a Resource> {
        let names = [resource.address.as_str()]
            .into_iter()
            .chain(["arn", "key_id", "name"].iter().filter_map(|n| resource.text(n)));
        if let Some(found) = names.into_iter().find_map(|name| self.by_target.get(name)) {
            return Some(found);
        }
        // An ARN ends with six characters of AWS's choice, which a plan may not know.
        let name = resource.text("name").filter(|_| resource.kind == "aws_secretsmanager_secret")?;
        let is = |target: &str| {
            let rest = target.split_once(":secret:").and_then(|(_, rest)| rest.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || (rest.len() == 7 && rest.starts_with('-')))
        };
        self.by_target.iter().find(|(target, _)| is(target)).map(|(_, policy)| *policy)
    }

    /// A policy that may be attached to this secret or key, or to another one.
    fn stray(&self, resource: &Resource) -> Option<&'a Resource> {
        self.strays.iter().copied().find(|policy| policy.kind.starts_with(&resource.kind))
    }
}

fn attached_policies<'a>(texts: &Texts<'a>) -> Attached<'a> {
    let mut out = Attached { by_target: BTreeMap::new(), strays: Vec::new() };
    let document = texts.document;
    for resource in document.resources.values().filter(|r| r.stays()) {
        let (attribute, kind) = match resource.kind.as_str() {
            "aws_secretsmanager_secret_policy" => ("secret_arn", "aws_secretsmanager_secret"),
            "aws_kms_key_policy" => ("key_id", "aws_kms_key"),
            _ => continue,
        };
        let leaves = texts.linker.leaves_of(resource, attribute);
        match (resource.text(attribute), leaves.as_slice()) {
            (text, [Leaf::Attribute { address, kind: of, .. }]) if of == kind => {
                out.by_target.insert(address.clone(), resource);
                if let Some(text) = text {
                    out.by_target.insert(text.to_owned(), resource);
                }
            }
            (Some(text), _) => {
                out.by_target.insert(text.to_owned(), resource);
            }
            (None, _) => out.strays.push(resource),
        }
    }
    out
}

/// The policy of a secret or a key: one that is attached, or its own. `created` is what there is if neither is set.
fn policy(
    texts: &Texts<'_>,
    resource: &Resource,
    attached: &Attached<'_>,
    unset: Seen<Document>,
) -> Seen<Document> {
    if let Some(other) = attached.to(resource) {
        return texts.document_in(other, "policy");
    }
    if let Some(stray) = attached.stray(resource) {
        let reason =
            format!("what {} is attached to is known only after apply: it may be this", stray.address);
        return Seen::NotSeen(Gap::new(reason));
    }
    let is_set = texts.linker.expression(resource, "policy").is_some();
    match texts.document_in(resource, "policy") {
        Seen::Absent => unset,
        Seen::NotSeen(_) if !is_set && resource.action == Action::Create => unset,
        seen => seen,
    }
}

fn secret(texts: &Texts<'_>, resource: &Resource, name: &str, attached: &Attached<'_>) -> ManagedSecret {
    let arn = texts.identity(resource, "arn").and_then(|arn| arn.known().map(str::to_owned));
    let is_set = texts.linker.expression(resource, "kms_key_id").is_some();
    let key = match texts.key(resource, "kms_key_id") {
        Some(key) if key.known() != Some("") && (is_set || key.known().is_some()) => Seen::Value(key),
        _ => Seen::Absent,
    };
    ManagedSecret {
        name: name.to_owned(),
        name_prefix: made_up(texts, resource),
        arn,
        place: place(resource),
        planned: resource.action == Action::Create,
        key,
        policy: policy(texts, resource, attached, Seen::Absent),
        tags: resource.tags(),
    }
}

fn key(texts: &Texts<'_>, resource: &Resource, attached: &Attached<'_>) -> Key {
    let symbol = || Text::symbol(format!("{}.arn", resource.address));
    let arn = texts.identity(resource, "arn").unwrap_or_else(symbol);
    let aliases = texts.document.resources.values().filter(|r| r.kind == "aws_kms_alias" && r.stays());
    let aliases = aliases.filter(|alias| {
        let by_leaf = texts
            .linker
            .leaves_of(alias, "target_key_id")
            .iter()
            .any(|leaf| matches!(leaf, Leaf::Attribute { address, .. } if *address == resource.address));
        let target = alias.text("target_key_id");
        by_leaf
            || target
                .is_some_and(|id| Some(id) == resource.text("key_id") || Some(id) == resource.text("arn"))
    });
    // A new key without a policy of its own gets AWS's default one: see "Default key policy" in the KMS guide.
    let unset = Seen::Absent;
    Key {
        arn,
        aliases: aliases.filter_map(|alias| alias.text("name").map(str::to_owned)).collect(),
        place: place(resource),
        aws_managed: false,
        policy: policy(texts, resource, attached, unset),
        tags: resource.tags(),
    }
}

fn repository(resource: &Resource, name: &str) -> Repository {
    let filters = || -> Vec<String> {
        let list = resource.values.get("image_tag_mutability_exclusion_filter").and_then(Value::as_array);
        let filter = |item: &Value| item.get("filter").and_then(Value::as_str).map(str::to_owned);
        list.into_iter().flatten().filter_map(filter).collect()
    };
    let mutability = match resource.text("image_tag_mutability") {
        Some("MUTABLE") => Seen::Value(Mutability::Mutable),
        Some("IMMUTABLE") => Seen::Value(Mutability::Immutable),
        Some("IMMUTABLE_WITH_EXCLUSION") => Seen::Value(Mutability::ImmutableExcept(filters())),
        Some("MUTABLE_WITH_EXCLUSION") => Seen::Value(Mutability::MutableExcept(filters())),
        Some(_) => Seen::NotSeen(Gap::new("an image_tag_mutability that AWS does not know")),
        None => {
            Seen::NotSeen(Gap::new("image_tag_mutability is not told").by_call("ecr:DescribeRepositories"))
        }
    };
    let uri = resource.text("repository_url").map(str::to_owned);
    Repository { name: name.to_owned(), uri, place: place(resource), mutability }
}
