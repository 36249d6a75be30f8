//! Roles, and the policies that other resources attach to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::link::Leaf;
use super::place::{Location, Texts};
use super::policy::{after_apply, place};
use super::resource::{Action, Resource, has_true};
use crate::{Document, Gap, Place, PolicyAttachment, PolicySource, Role, Seen, Snapshot, Text, managed};

/// Reads all roles into the snapshot.
pub(super) fn collect(texts: &Texts<'_>, out: &mut Snapshot) {
    let mut roles = Roles {
        texts,
        policies: Policies::index(texts),
        drafts: BTreeMap::new(),
        by_name: BTreeMap::new(),
        by_text: HashMap::new(),
        stale: BTreeSet::new(),
        strays: Vec::new(),
        gaps: Vec::new(),
    };
    roles.draft();
    roles.index();
    roles.attach();
    roles.own();
    roles.finish(out);
}

/// Managed policies of the plan, by ARN: what is known of it, as policies write it.
struct Policies<'a> {
    texts: &'a Texts<'a>,
    by_arn: HashMap<String, &'a Resource>,
}

impl<'a> Policies<'a> {
    fn index(texts: &'a Texts<'a>) -> Self {
        let policies = texts.document.resources.values().filter(|r| r.kind == "aws_iam_policy" && r.stays());
        let by_arn = policies.filter_map(|r| Some((texts.identity(r, "arn")?.to_policy(), r))).collect();
        Self { texts, by_arn }
    }

    /// A managed policy's document by its ARN.
    fn by_arn(&self, arn: &str, at: &Resource) -> Seen<Document> {
        if let Some(policy) = self.by_arn.get(arn) {
            return self.of(policy);
        }
        if let Some(text) = managed::document(arn) {
            return Seen::Value(Document::new(text.to_owned(), place(at)));
        }
        Seen::NotSeen(
            Gap::new("the plan names this managed policy and does not hold it")
                .by_call("iam:GetPolicyVersion"),
        )
    }

    fn of(&self, policy: &Resource) -> Seen<Document> {
        match self.texts.document_in(policy, "policy") {
            Seen::Absent => Seen::NotSeen(Gap::new("the plan does not tell the policy's document")),
            seen => seen,
        }
    }

    /// The policy that a leaf names.
    fn by_leaf(&self, leaf: &Leaf) -> Option<(Text, Seen<Document>)> {
        let Leaf::Attribute { address, kind, attribute } = leaf else { return None };
        if kind != "aws_iam_policy" || !matches!(attribute.as_str(), "arn" | "id" | "") {
            return None;
        }
        let policy = self.texts.document.resources.get(address)?;
        Some((self.texts.identity(policy, "arn")?, self.of(policy)))
    }

    /// The policy that a text of the source names: by its ARN, or a symbol of its own.
    fn by_text(&self, text: &Text, at: &Resource) -> Option<(Text, Seen<Document>)> {
        if let Some(arn) = text.known() {
            return Some((text.clone(), self.by_arn(arn, at)));
        }
        self.by_arn.get(&text.to_policy()).map(|policy| (text.clone(), self.of(policy)))
    }

    /// The managed policy that an attribute names.
    fn named(&self, at: &Resource, attribute: &str) -> (Text, Seen<Document>) {
        if let Some(arn) = at.text(attribute) {
            return (arn.into(), self.by_arn(arn, at));
        }
        if let Some(found) = self.texts.evaluated_text(at, attribute).and_then(|text| self.by_text(&text, at))
        {
            return found;
        }
        let leaves = self.texts.linker.targets_of(at, attribute);
        if let [leaf] = leaves.as_slice()
            && let Some(found) = self.by_leaf(leaf)
        {
            return found;
        }
        (Text::symbol(format!("{}.{attribute}", at.address)), Seen::NotSeen(after_apply(&leaves)))
    }
}

struct Roles<'a> {
    texts: &'a Texts<'a>,
    policies: Policies<'a>,
    /// By key in the snapshot.
    drafts: BTreeMap<String, Seen<Role>>,
    /// Address to key.
    by_name: BTreeMap<String, String>,
    /// Name, ID or ARN to key, as policies write what is known of them.
    by_text: HashMap<String, String>,
    /// Inline policies (role's key, name) and attachments (role's key, ARN) that the plan takes away.
    stale: BTreeSet<(String, String)>,
    /// Resources by which any role may have a policy more.
    strays: Vec<Place>,
    /// Roles that were not looked at.
    gaps: Vec<(Place, Gap)>,
}

/// Which role a policy belongs to.
enum Owner {
    Key(String),
    /// A role of another account, which nothing else is known of.
    Elsewhere,
    Unknown,
}

impl Roles<'_> {
    fn draft(&mut self) {
        for resource in self.texts.document.resources.values().filter(|r| r.kind == "aws_iam_role") {
            let Some(name) = self.texts.identity(resource, "name") else { continue };
            let mut key = name.known().map_or_else(|| resource.address.clone(), str::to_owned);
            let away = match self.texts.location(resource) {
                Location::Home => None,
                Location::Elsewhere { told, .. } => Some(format!("is {told}, not here")),
                Location::Unknown(why) => Some(format!("is not the one for certain: {why}")),
            };
            if let Some(away) = away {
                // Another role of the same name, in another account: it is known by its address.
                let gap = Gap::new(format!("{} has this name and {away}", resource.address));
                self.drafts.entry(key).or_insert(Seen::NotSeen(gap));
                key = resource.address.clone();
            }
            self.by_name.insert(resource.address.clone(), key.clone());
            if !resource.stays() {
                self.drafts.entry(key).or_insert(Seen::Absent);
                continue;
            }
            // A role that the plan manages tells more than one that it only reads.
            let is_known = matches!(self.drafts.get(&key), Some(Seen::Value(_)));
            if is_known && resource.is_data {
                continue;
            }
            let managed = |r: &&Resource| !r.is_data && r.stays() && r.address != resource.address;
            let twin = self.by_name.iter().filter(|(_, other)| **other == key).map(|(address, _)| address);
            if is_known
                && let Some(twin) =
                    twin.filter_map(|address| self.texts.document.resources.get(address)).find(managed)
            {
                let reason = format!(
                    "{} has the same name: which of the two roles is meant is not known",
                    twin.address
                );
                self.gaps.push((place(resource), Gap::new(reason)));
                continue;
            }
            let role = self.role(resource, name);
            self.drafts.insert(key, Seen::Value(role));
        }
    }

    fn role(&self, resource: &Resource, name: Text) -> Role {
        let texts = self.texts;
        let trust = match texts.document_in(resource, "assume_role_policy") {
            Seen::Absent => {
                Seen::NotSeen(Gap::new("the plan does not tell the trust policy").by_call("iam:GetRole"))
            }
            seen => seen,
        };
        let attribute = "permissions_boundary";
        let has_boundary = resource.text(attribute).is_some_and(|arn| !arn.is_empty());
        let boundary = if has_boundary || resource.is_unknown(attribute) {
            self.policies.named(resource, attribute).1
        } else {
            Seen::Absent
        };
        let gap = if resource.is_data {
            Some(
                Gap::new("the plan only reads this role: its policies are not in it")
                    .by_call("iam:ListAttachedRolePolicies"),
            )
        } else {
            texts.document.partial.map(Gap::new)
        };
        let arn = texts.identity(resource, "arn").and_then(|arn| arn.known().map(str::to_owned));
        let path = resource.text("path").map(str::to_owned);
        let (place, policies) = (place(resource), Vec::new());
        let tags = resource.tags();
        Role { name, arn, path, place, trust, policies, policies_gap: gap, boundary, tags }
    }

    /// What other resources attach.
    fn attach(&mut self) {
        let document = self.texts.document;
        for resource in document.resources.values().filter(|r| !r.is_data) {
            match resource.kind.as_str() {
                "aws_iam_role_policy" => {
                    let owner = self.owner(resource, "role");
                    let symbol = || Text::symbol(format!("{}.name", resource.address));
                    let name = resource.text("name").map_or_else(symbol, Text::from);
                    let document = match self.texts.document_in(resource, "policy") {
                        Seen::Absent => {
                            Seen::NotSeen(Gap::new("the plan does not tell the policy's document"))
                        }
                        seen => seen,
                    };
                    self.add(
                        owner,
                        resource,
                        PolicyAttachment { source: PolicySource::Inline, name, document },
                    );
                }
                "aws_iam_role_policy_attachment" => {
                    let owner = self.owner(resource, "role");
                    let (name, document) = self.policies.named(resource, "policy_arn");
                    self.add(
                        owner,
                        resource,
                        PolicyAttachment { source: PolicySource::Managed, name, document },
                    );
                }
                "aws_iam_role_policy_attachments_exclusive" => self.attach_all(resource),
                "aws_iam_policy_attachment" => {
                    let (name, document) = self.policies.named(resource, "policy_arn");
                    for owner in self.owners(resource) {
                        let (name, document) = (name.clone(), document.clone());
                        let policy = PolicyAttachment { source: PolicySource::Managed, name, document };
                        self.add(owner, resource, policy);
                    }
                }
                _ => {}
            }
        }
        for resource in document.resources.values().filter(|r| !r.is_data && r.stays()) {
            if resource.kind == "aws_iam_role_policies_exclusive" {
                self.keep_alone(resource);
            }
        }
    }

    /// A list of managed policies that are attached to a role, and no others: the provider attaches those that are not.
    fn attach_all(&mut self, resource: &Resource) {
        let listed = list(resource, "policy_arns");
        let unknown = listed.iter().filter(|arn| arn.as_str().is_none()).count();
        let mut policies: Vec<(Text, Seen<Document>)> = Vec::new();
        for arn in listed.iter().filter_map(Value::as_str) {
            policies.push((arn.into(), self.policies.by_arn(arn, resource)));
        }
        if unknown > 0 || resource.is_unknown("policy_arns") {
            let leaves = self.texts.linker.leaves_of(resource, "policy_arns");
            let linked: Vec<_> = leaves.iter().filter_map(|leaf| self.policies.by_leaf(leaf)).collect();
            // How many there are is not known where the list as a whole is not.
            if linked.is_empty() || linked.len() < unknown.max(leaves.len()) {
                policies.push((
                    Text::symbol(format!("{}.policy_arns", resource.address)),
                    Seen::NotSeen(after_apply(&leaves)),
                ));
            }
            policies.extend(linked);
        }
        for (name, document) in policies {
            let owner = self.owner(resource, "role_name");
            self.add(owner, resource, PolicyAttachment { source: PolicySource::Managed, name, document });
        }
    }

    /// The inline policies that a role keeps: the provider takes the others away.
    fn keep_alone(&mut self, resource: &Resource) {
        let key = match self.owner(resource, "role_name") {
            Owner::Key(key) => key,
            Owner::Unknown => return self.strays.push(place(resource)),
            Owner::Elsewhere => return,
        };
        let listed = list(resource, "policy_names");
        let is_open =
            resource.is_unknown("policy_names") || listed.iter().any(|name| name.as_str().is_none());
        let names: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
        let leaves = self.texts.linker.leaves_of(resource, "policy_names");
        let open = after_apply(&leaves);
        let refers_to = |name: &str| {
            leaves
                .iter()
                .any(|leaf| matches!(leaf, Leaf::Attribute { address, .. } if name.contains(address)))
        };
        let Some(Seen::Value(role)) = self.drafts.get_mut(&key) else { return };
        let inline = role.policies.iter().filter(|policy| policy.source == PolicySource::Inline);
        let mut others = inline.filter(|policy| match policy.name.known() {
            Some(name) => !names.contains(name),
            None => !refers_to(&policy.name.to_string()),
        });
        if let Some(other) = others.next().map(|policy| taken(&policy.name)) {
            role.policies_gap.get_or_insert(if is_open { open } else { other });
        }
    }

    fn add(&mut self, owner: Owner, at: &Resource, policy: PolicyAttachment) {
        let Owner::Key(key) = owner else {
            if at.stays() && matches!(owner, Owner::Unknown) {
                self.strays.push(place(at));
            }
            return;
        };
        if !at.stays() {
            self.stale.insert((key, policy.name.to_string()));
            return;
        }
        let role = self.drafts.entry(key.clone()).or_insert_with(|| Seen::Value(elsewhere(&key, at)));
        if let Seen::Value(role) = role {
            if differs(&role.policies, &policy) {
                let gap = twice(&policy.name);
                role.policies_gap.get_or_insert(gap);
            }
            push(&mut role.policies, policy);
        }
    }

    /// The key of the role of this name. IAM takes a role's name in any case.
    fn key_named(&self, name: &str) -> String {
        if self.drafts.contains_key(name) {
            return name.to_owned();
        }
        let same = self.drafts.keys().find(|key| key.eq_ignore_ascii_case(name));
        same.map_or_else(|| name.to_owned(), String::clone)
    }

    /// The role that an attribute names.
    fn owner(&self, resource: &Resource, attribute: &str) -> Owner {
        if self.texts.location(resource) != Location::Home {
            // Its role is in another account: only a reference tells which one it is.
            return match self.texts.linker.targets_of(resource, attribute).as_slice() {
                [leaf] => self.key_of(leaf).map_or(Owner::Elsewhere, Owner::Key),
                _ => Owner::Elsewhere,
            };
        }
        if let Some(name) = resource.text(attribute) {
            // Some write the role's ARN.
            let name = name.rsplit('/').next().unwrap_or(name);
            return Owner::Key(self.key_named(name));
        }
        if let Some(key) =
            self.texts.evaluated_text(resource, attribute).and_then(|text| self.key_of_text(&text))
        {
            return Owner::Key(key);
        }
        match self.texts.linker.targets_of(resource, attribute).as_slice() {
            [leaf] => self.key_of(leaf).map_or(Owner::Unknown, Owner::Key),
            _ => Owner::Unknown,
        }
    }

    /// The role that a text of the source names: by its name, its ARN, or a symbol of its own.
    fn key_of_text(&self, text: &Text) -> Option<String> {
        let known = || text.known().map(|name| self.key_named(name.rsplit('/').next().unwrap_or(name)));
        self.by_text.get(&text.to_policy()).cloned().or_else(known)
    }

    /// Names all drafts by the texts that expressions have for them.
    fn index(&mut self) {
        for (address, key) in &self.by_name {
            let Some(role) = self.texts.document.resources.get(address) else { continue };
            for text in ["name", "id", "arn"].iter().filter_map(|of| self.texts.identity(role, of)) {
                self.by_text.entry(text.to_policy()).or_insert_with(|| key.clone());
            }
        }
    }

    fn key_of(&self, leaf: &Leaf) -> Option<String> {
        match leaf {
            Leaf::Attribute { address, kind, .. } if kind == "aws_iam_role" => {
                self.by_name.get(address).cloned()
            }
            _ => None,
        }
    }

    fn owners(&self, resource: &Resource) -> Vec<Owner> {
        let values = resource.values.get("roles").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut out: Vec<Owner> =
            values.iter().filter_map(Value::as_str).map(|name| Owner::Key(self.key_named(name))).collect();
        if resource.is_unknown("roles") {
            let leaves = self.texts.linker.leaves_of(resource, "roles");
            let keys: Option<Vec<String>> = leaves.iter().map(|leaf| self.key_of(leaf)).collect();
            match keys {
                Some(keys) if !keys.is_empty() => out.extend(keys.into_iter().map(Owner::Key)),
                _ => out.push(Owner::Unknown),
            }
        }
        out
    }

    /// What the roles' own attributes attach. Terraform also shows there what other resources attached before, so what
    /// is known by name already stands, and what the plan takes away goes.
    fn own(&mut self) {
        let document = self.texts.document;
        for resource in
            document.resources.values().filter(|r| r.kind == "aws_iam_role" && r.stays() && !r.is_data)
        {
            let Some(key) = self.by_name.get(&resource.address).cloned() else { continue };
            let (policies, gap) = self.embedded(resource, &key);
            let is_partial = resource
                .unknown
                .get("inline_policy")
                .is_some_and(|mark| !mark.is_boolean() && has_true(mark));
            let is_set = is_partial || self.texts.linker.expression(resource, "inline_policy").is_some();
            if let Some(Seen::Value(role)) = self.drafts.get_mut(&key) {
                // What the role's own block says and another resource says otherwise: the last one to write wins.
                let inline = policies.iter().filter(|p| is_set && p.source == PolicySource::Inline);
                let twins = inline.filter(|policy| differs(&role.policies, policy));
                let gap = gap.or(twins.map(|policy| twice(&policy.name)).next());
                policies.into_iter().for_each(|policy| push(&mut role.policies, policy));
                role.policies_gap = role.policies_gap.take().or(gap);
            }
        }
    }

    fn embedded(&self, resource: &Resource, key: &str) -> (Vec<PolicyAttachment>, Option<Gap>) {
        let (mut out, mut gap) = (Vec::new(), None);
        let is_stale = |name: &str| self.stale.contains(&(key.to_owned(), name.to_owned()));
        let is_set = |attribute: &str| self.texts.linker.expression(resource, attribute).is_some();
        let list = |name: &str| list(resource, name);
        for (index, policy) in list("inline_policy").iter().enumerate() {
            let text = |name: &str| policy.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            if text("name").is_none() && text("policy").is_none() && !resource.is_unknown("inline_policy") {
                // An empty block says that the role has no inline policies.
                continue;
            }
            let symbol = || Text::symbol(format!("{}.inline_policy.{index}.name", resource.address));
            let document = text("policy").map(str::to_owned);
            let document =
                document.or_else(|| self.texts.inline_from_source(resource, text("name")?)).map_or_else(
                    || Seen::NotSeen(after_apply(&self.texts.linker.leaves_of(resource, "inline_policy"))),
                    |text| Seen::Value(Document::new(text, place(resource))),
                );
            let name = text("name").map_or_else(symbol, Text::from);
            let stale = name.known().is_some_and(is_stale);
            if stale && is_set("inline_policy") {
                gap = Some(taken(&name));
            }
            if !stale || is_set("inline_policy") {
                out.push(PolicyAttachment { source: PolicySource::Inline, name, document });
            }
        }
        let mut unknown = 0;
        for arn in list("managed_policy_arns") {
            match arn.as_str() {
                Some(arn) if is_stale(arn) && !is_set("managed_policy_arns") => {}
                Some(arn) => {
                    if is_stale(arn) {
                        gap = Some(taken(&arn.into()));
                    }
                    let document = self.policies.by_arn(arn, resource);
                    out.push(PolicyAttachment { source: PolicySource::Managed, name: arn.into(), document });
                }
                None => unknown += 1,
            }
        }
        for attribute in ["inline_policy", "managed_policy_arns"] {
            // Without an expression the attribute only shows what there is: nothing, if the role is new. Of a role that
            // is there it is known, unless a dynamic block, which has no expression, hangs on something unknown.
            let is_new = resource.action == Action::Create;
            let is_whole = resource.unknown.get(attribute) == Some(&Value::Bool(true));
            if (is_set(attribute) || !is_new) && is_whole {
                gap = Some(after_apply(&self.texts.linker.leaves_of(resource, attribute)));
            }
        }
        if unknown > 0 {
            let leaves = self.texts.linker.leaves_of(resource, "managed_policy_arns");
            let known: BTreeSet<String> = out.iter().map(|policy| policy.name.to_string()).collect();
            let linked: Vec<_> = leaves
                .iter()
                .filter_map(|leaf| self.policies.by_leaf(leaf))
                .filter(|(name, _)| !known.contains(&name.to_string()))
                .collect();
            if linked.len() == unknown {
                let attachment =
                    |(name, document)| PolicyAttachment { source: PolicySource::Managed, name, document };
                out.extend(linked.into_iter().map(attachment));
            } else {
                gap = Some(after_apply(&leaves));
            }
        }
        (out, gap)
    }

    fn finish(mut self, out: &mut Snapshot) {
        // What a plan changes in a role that it only reads, no one learns from the account as it is.
        for (key, name) in &self.stale {
            if let Some(Seen::Value(role)) = self.drafts.get_mut(key)
                && role.policies_gap.is_some()
            {
                role.policies_gap =
                    Some(Gap::new(format!("the plan takes {name} away, and does not tell the rest")));
            }
        }
        if let Some(first) = self.strays.first() {
            let gap = Gap::new(format!(
                "the role of {} is known only after apply: the policy may belong to this role",
                first.address
            ));
            // It may also be a role that another source tells of.
            let gap_of_any = "its role is known only after apply: the policy may belong to any";
            out.gaps.extend(self.strays.iter().map(|at| (at.clone(), Gap::new(gap_of_any))));
            for role in self.drafts.values_mut() {
                if let Seen::Value(role) = role
                    && role.policies_gap.as_ref().is_none_or(|gap| gap.call.is_some())
                {
                    role.policies_gap = Some(gap.clone());
                }
            }
        }
        out.roles = self.drafts;
        out.gaps.append(&mut self.gaps);
    }
}

/// Whether the role has a policy of this name that says something else.
fn differs(policies: &[PolicyAttachment], policy: &PolicyAttachment) -> bool {
    let text = |policy: &PolicyAttachment| policy.document.value().map(|document| document.text.clone());
    let same = |other: &&PolicyAttachment| (other.source, &other.name) == (policy.source, &policy.name);
    policy.source == PolicySource::Inline
        && policies
            .iter()
            .find(same)
            .is_some_and(|other| text(other).is_none() || text(other) != text(policy))
}

fn twice(name: &Text) -> Gap {
    Gap::new(format!("two resources of the plan write the policy {name}, and they say different things"))
}

fn taken(name: &Text) -> Gap {
    Gap::new(format!("the plan both attaches {name} and takes it away"))
}

/// The items of an attribute that is a list; none for what is no list.
fn list<'a>(resource: &'a Resource, attribute: &str) -> &'a [Value] {
    resource.values.get(attribute).and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

/// Adds a policy that the role does not have yet.
fn push(policies: &mut Vec<PolicyAttachment>, policy: PolicyAttachment) {
    let has = policies.iter().any(|other| (other.source, &other.name) == (policy.source, &policy.name));
    if !has {
        policies.push(policy);
    }
}

/// A role of which the plan tells only that a policy is attached to it.
fn elsewhere(name: &str, at: &Resource) -> Role {
    let gap = || Gap::new("the role is not in the plan").by_call("iam:GetRole");
    Role {
        name: name.into(),
        arn: None,
        path: None,
        place: place(at),
        trust: Seen::NotSeen(gap()),
        policies: Vec::new(),
        tags: BTreeMap::new(),
        policies_gap: Some(Gap::new("the role is not in the plan").by_call("iam:ListAttachedRolePolicies")),
        boundary: Seen::NotSeen(gap()),
    }
}
