//! From a template's resources to a snapshot.

use std::collections::BTreeMap;

use super::node::Node;
use super::resolve::{Resource, Template};
use crate::containers::{self, Flow};
use crate::overrides::Overrides;
use crate::tree::Tree;
use crate::{
    ACCOUNT, Document, Gap, Inspector, Key, ManagedSecret, Mutability, Parameter, ParameterKind, Place,
    PolicyAttachment, PolicySource, REGION, Repository, Role, Seen, Snapshot, Text, managed,
};
use seaworthy_source::JsonPointer;

/// Deepest nesting of a policy.
const MAX_DEPTH: usize = 32;
/// The function that lets a macro rewrite what stands beside it.
const MACRO: &str = "Fn::Transform";

/// Types of Amazon ECS that run nothing by themselves.
const QUIET: [&str; 6] = [
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::Cluster",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECS::PrimaryTaskSet",
    "AWS::ECS::Service",
    "AWS::ECS::TaskSet",
];
const CHANGED: &str = "a macro may change it when the template is deployed";

/// Whether a macro stands anywhere in it.
fn is_macro(node: &Node) -> bool {
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        if node.get(MACRO).is_some() {
            return true;
        }
        stack.extend(node.members().iter().map(|(_, member)| member));
        stack.extend(node.items());
    }
    false
}

/// Reads all resources.
pub(super) fn collect(template: &Template<'_>, inspector: &dyn Inspector, out: &mut Snapshot) {
    let mut builder = Builder { template, inspector, out };
    builder.whole();
    // What hangs on a condition that does not hold is not there.
    let there = || template.resources.iter().filter(|(_, resource)| template.is_there(resource));
    for (name, resource) in there() {
        builder.one(name, resource);
    }
    for (name, resource) in there() {
        builder.attach(name, resource);
    }
}

struct Builder<'a> {
    template: &'a Template<'a>,
    inspector: &'a dyn Inspector,
    out: &'a mut Snapshot,
}

fn place(name: &str, resource: &Resource<'_>) -> Place {
    let pointer = JsonPointer::root().key("Resources").key(name);
    Place {
        address: name.to_owned(),
        pointer: Some(pointer),
        line: Some(resource.node.line),
        ..Place::default()
    }
}

impl Builder<'_> {
    fn gap(&mut self, place: Place, reason: impl Into<String>) {
        self.out.gaps.push((place, Gap::new(reason)));
    }

    /// What adds resources that are not in the template.
    fn whole(&mut self) {
        if let Some(transform) = self.template.root.get("Transform") {
            let place = Place { address: "Transform".into(), line: Some(transform.line), ..Place::default() };
            self.gap(place, "a macro may add and change resources when the template is deployed");
        }
        let listed = self.template.root.get("Resources").map_or(&[][..], |node| node.members());
        for (name, node) in
            listed.iter().filter(|(name, _)| !self.template.resources.contains_key(name.as_str()))
        {
            let place = Place { address: name.clone(), line: Some(node.line), ..Place::default() };
            self.gap(place, "a resource without a Type, such as a loop, was not looked at");
        }
        // The section's own macro is among the resources without a Type above.
        for (name, node) in self.template.root.members().iter().filter(|(name, _)| name != "Resources") {
            if name == MACRO || is_macro(node) {
                let place = Place { address: name.clone(), line: Some(node.line), ..Place::default() };
                self.gap(place, CHANGED);
            }
        }
    }

    fn one(&mut self, name: &str, resource: &Resource<'_>) {
        let known = matches!(
            resource.kind,
            "AWS::IAM::Role"
                | "AWS::IAM::Policy"
                | "AWS::IAM::ManagedPolicy"
                | "AWS::IAM::RolePolicy"
                | "AWS::SSM::Parameter"
                | "AWS::SecretsManager::Secret"
                | "AWS::SecretsManager::ResourcePolicy"
                | "AWS::KMS::Key"
                | "AWS::KMS::Alias"
                | "AWS::ECS::TaskDefinition"
                | "AWS::ECR::Repository"
        );
        if is_macro(resource.node) {
            self.gap(place(name, resource), CHANGED);
        }
        // A condition that is known to hold was not left; a resource without it is not there.
        if let Some(condition) =
            resource.condition.filter(|name| known && self.template.holds(name).is_none())
        {
            let reason = format!(
                "it is there only if the condition {condition} holds, which the template does not tell"
            );
            self.gap(place(name, resource), reason);
        }
        match resource.kind {
            "AWS::IAM::Role" => self.role(name, resource),
            "AWS::SSM::Parameter" => self.parameter(name, resource),
            "AWS::SecretsManager::Secret" => self.secret(name, resource),
            "AWS::KMS::Key" => self.key(name, resource),
            "AWS::ECS::TaskDefinition" => self.task(name, resource),
            "AWS::ECR::Repository" => self.repository(name, resource),
            "AWS::Events::Rule"
            | "AWS::Scheduler::Schedule"
            | "AWS::Pipes::Pipe"
            | "AWS::StepFunctions::StateMachine" => self.overrides(name, resource),
            "AWS::CloudFormation::Stack" => {
                self.gap(place(name, resource), "a nested stack: its template was not looked at");
            }
            "AWS::CloudFormation::StackSet" | "AWS::ServiceCatalog::CloudFormationProvisionedProduct" => {
                self.gap(place(name, resource), "it makes stacks of a template that was not looked at");
            }
            kind if kind.starts_with("AWS::ECS::") && !QUIET.contains(&kind) => {
                self.gap(place(name, resource), "it makes tasks of its own, which were not looked at");
            }
            kind if kind.ends_with("::MODULE") => {
                self.gap(place(name, resource), "a module: its resources were not looked at");
            }
            _ => {}
        }
    }

    /// The tags that are known: a list of pairs, or a map (Systems Manager).
    fn tags(&self, resource: &Resource<'_>) -> BTreeMap<String, String> {
        let known = |tree: Option<&Tree>| tree?.text()?.known().map(str::to_owned);
        match self.template.property(resource, "Tags") {
            Some(Tree::Map(members)) => {
                members.iter().filter_map(|(key, value)| Some((key.clone(), known(Some(value))?))).collect()
            }
            Some(Tree::List(items)) => {
                let pair = |item: &Tree| Some((known(item.get("Key"))?, known(item.get("Value"))?));
                items.iter().filter_map(pair).collect()
            }
            _ => BTreeMap::new(),
        }
    }

    fn text(&self, resource: &Resource<'_>, name: &str) -> Option<Text> {
        self.template.property(resource, name)?.text()
    }

    /// A document in a property.
    fn document(&self, name: &str, resource: &Resource<'_>, property: &str) -> Seen<Document> {
        match self.template.property(resource, property) {
            None => Seen::Absent,
            Some(tree) => {
                let node = resource.properties.and_then(|properties| properties.get(property));
                with_lines(self.policy(name, resource, &tree), node)
            }
        }
    }

    fn policy(&self, name: &str, resource: &Resource<'_>, tree: &Tree) -> Seen<Document> {
        let place = place(name, resource);
        match tree {
            // Some write the policy as a JSON text.
            Tree::Text(marked) => match marked.text.known() {
                Some(text) => Seen::Value(Document::new(text.to_owned(), place)),
                None => Seen::NotSeen(Gap::new("the policy is not known until it is deployed")),
            },
            tree => match tree.to_json(MAX_DEPTH) {
                Some(json) => Seen::Value(Document::new(json.to_string(), place)),
                None => Seen::NotSeen(Gap::new("a part of the policy hangs on a condition")),
            },
        }
    }

    fn unset(reason: &str, seen: Seen<Document>) -> Seen<Document> {
        match seen {
            Seen::Absent => Seen::NotSeen(Gap::new(reason)),
            seen => seen,
        }
    }

    fn role(&mut self, name: &str, resource: &Resource<'_>) {
        let role_name = self.template.identity(name, None);
        let mut gap = None;
        let trust = self.document(name, resource, "AssumeRolePolicyDocument");
        let mut policies = Vec::new();
        let inline = self.template.property(resource, "Policies");
        let nodes = resource.properties.and_then(|properties| properties.get("Policies"));
        let nodes = nodes.map_or(&[][..], Node::items);
        let items = inline.as_ref().map_or_else(Vec::new, Tree::items);
        for (index, item) in items.iter().enumerate() {
            let document =
                item.get("PolicyDocument").map_or(Seen::Absent, |tree| self.policy(name, resource, tree));
            // Where a condition chooses, items and nodes are not the same.
            let node = nodes.get(index).filter(|_| nodes.len() == items.len());
            let document = with_lines(document, node.and_then(|node| node.get("PolicyDocument")));
            policies.push(PolicyAttachment {
                source: PolicySource::Inline,
                name: item.get("PolicyName").and_then(Tree::text).unwrap_or_default(),
                document: Self::unset("the policy has no document", document),
            });
        }
        let managed = self.template.property(resource, "ManagedPolicyArns");
        for item in managed.iter().flat_map(Tree::items) {
            match item.text() {
                Some(arn) => {
                    let document = self.managed(name, resource, &arn);
                    policies.push(PolicyAttachment { source: PolicySource::Managed, name: arn, document });
                }
                None => gap = Some(Gap::new("which managed policies are attached hangs on a condition")),
            }
        }
        if matches!(inline, Some(Tree::Text(_)))
            || matches!(&managed, Some(Tree::Text(marked)) if marked.text.known().is_none())
        {
            gap = Some(Gap::new("the list of policies is not known until it is deployed"));
        }
        let boundary = match self.template.property(resource, "PermissionsBoundary").map(|tree| tree.text()) {
            Some(Some(arn)) => self.managed(name, resource, &arn),
            Some(None) => Seen::NotSeen(Gap::new("the boundary hangs on a condition")),
            None => Seen::Absent,
        };
        let condition = inline.iter().chain(&managed).find_map(Tree::condition);
        if let Some(condition) = condition {
            gap.get_or_insert(Gap::new(format!(
                "which policies the role has hangs on the condition {condition}"
            )));
        }
        let arn = self.template.identity(name, Some("Arn"));
        let role = Role {
            tags: self.tags(resource),
            arn: arn.known().map(str::to_owned),
            path: self.text(resource, "Path").and_then(|path| path.known().map(str::to_owned)),
            place: place(name, resource),
            trust: Self::unset("the role has no trust policy", trust),
            policies,
            policies_gap: gap,
            boundary,
            name: role_name,
        };
        let key = role.name.known().map_or_else(|| name.to_owned(), str::to_owned);
        if self.out.roles.contains_key(&key) {
            return self.gap(
                role.place,
                "another role of the template has the same name: this one was not looked at",
            );
        }
        self.out.roles.insert(key, Seen::Value(role));
    }

    /// A managed policy by its ARN: of the template, or AWS's own.
    fn managed(&self, name: &str, resource: &Resource<'_>, arn: &Text) -> Seen<Document> {
        let own = self.template.resources.iter().find(|(name, resource)| {
            resource.kind == "AWS::IAM::ManagedPolicy" && self.template.identity(name, None) == *arn
        });
        if let Some((own, policy)) = own {
            return Self::unset("the policy has no document", self.document(own, policy, "PolicyDocument"));
        }
        match arn.known().and_then(managed::document) {
            Some(text) => Seen::Value(Document::new(text.to_owned(), place(name, resource))),
            None => {
                let gap = Gap::new("the template names this managed policy and does not hold it");
                // Which one a condition or a parameter chooses, no call tells.
                let is_named = arn.symbols().all(|symbol| matches!(symbol, ACCOUNT | REGION));
                Seen::NotSeen(if is_named { gap.by_call("iam:GetPolicyVersion") } else { gap })
            }
        }
    }

    /// Policies that are resources of their own.
    fn attach(&mut self, name: &str, resource: &Resource<'_>) {
        let (source, roles) = match resource.kind {
            "AWS::IAM::Policy" => (PolicySource::Inline, "Roles"),
            "AWS::IAM::RolePolicy" => (PolicySource::Inline, "RoleName"),
            "AWS::IAM::ManagedPolicy" => (PolicySource::Managed, "Roles"),
            "AWS::SecretsManager::ResourcePolicy" => return self.secret_policy(name, resource),
            _ => return,
        };
        let Some(roles) = self.template.property(resource, roles) else { return };
        let document =
            Self::unset("the policy has no document", self.document(name, resource, "PolicyDocument"));
        let own = match source {
            PolicySource::Inline => self.text(resource, "PolicyName").unwrap_or_default(),
            PolicySource::Managed => self.template.identity(name, None),
        };
        for item in roles.items() {
            let attachment = PolicyAttachment { source, name: own.clone(), document: document.clone() };
            let Some(role_name) = item.text() else {
                self.stray(name);
                continue;
            };
            // IAM takes a role's name in any case.
            let same = |name: &Text| match (name.known(), role_name.known()) {
                (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
                _ => *name == role_name,
            };
            let found = self.out.roles.values_mut().find_map(|seen| match seen {
                Seen::Value(role) if same(&role.name) => Some(role),
                _ => None,
            });
            match (found, role_name.known()) {
                (Some(role), _) => {
                    let same = |p: &&PolicyAttachment| (p.source, &p.name) == (source, &attachment.name);
                    let text = |p: &PolicyAttachment| p.document.value().map(|d| d.text.clone());
                    match role.policies.iter().find(same) {
                        Some(twin) if text(twin).is_some() && text(twin) == text(&attachment) => {}
                        Some(_) => {
                            // Both are put under one name, and the last one stays: which it is, no one knows. Both count
                            // as what the role may have.
                            let reason = format!(
                                "two resources of the template write the policy {}, and they say different things",
                                attachment.name
                            );
                            role.policies_gap.get_or_insert(Gap::new(reason));
                            role.policies.push(attachment);
                        }
                        None => role.policies.push(attachment),
                    }
                }
                (None, Some(known)) => {
                    let role = elsewhere(known, place(name, resource), attachment);
                    self.out.roles.insert(known.to_owned(), Seen::Value(role));
                }
                (None, None) => self.stray(name),
            }
        }
    }

    /// A policy whose role is not known may belong to any.
    fn stray(&mut self, policy: &str) {
        if let Some(resource) = self.template.resources.get(policy) {
            let reason = "its role is not known until it is deployed: the policy may belong to any";
            self.gap(place(policy, resource), reason);
        }
        for seen in self.out.roles.values_mut() {
            if let Seen::Value(role) = seen
                && role.policies_gap.as_ref().is_none_or(|gap| gap.call.is_some())
            {
                let reason =
                    format!("the role of {policy} is not known until it is deployed: it may be this one");
                role.policies_gap = Some(Gap::new(reason));
            }
        }
    }

    fn parameter(&mut self, name: &str, resource: &Resource<'_>) {
        let physical = self.template.identity(name, None);
        let Some(known) = physical.known() else {
            return self.gap(place(name, resource), "its name is not known until it is deployed");
        };
        let kind = match self.text(resource, "Type").as_ref().and_then(Text::known) {
            Some("String") => Seen::Value(ParameterKind::String),
            Some("StringList") => Seen::Value(ParameterKind::StringList),
            _ => Seen::NotSeen(Gap::new(
                "CloudFormation makes parameters of the types String and StringList only",
            )),
        };
        let parameter = Parameter {
            name: known.to_owned(),
            place: place(name, resource),
            planned: true,
            key: if kind.value().is_some() {
                Seen::Absent
            } else {
                Seen::NotSeen(Gap::new("its type is not known"))
            },
            kind,
            version: Seen::NotSeen(Gap::new("its version is not known until it is deployed")),
            tags: self.tags(resource),
        };
        self.out.parameters.insert(known.to_owned(), Seen::Value(parameter));
    }

    /// A key as others name it; a key of the template always by its ARN.
    fn key_text(&self, resource: &Resource<'_>, property: &str) -> Seen<Text> {
        let text = match self.template.property(resource, property).map(|tree| tree.text()) {
            Some(Some(text)) => text,
            Some(None) => return Seen::NotSeen(Gap::new("the key hangs on a condition")),
            None => return Seen::Absent,
        };
        let own = self.template.resources.iter().find(|(name, resource)| {
            resource.kind == "AWS::KMS::Key" && self.template.identity(name, None) == text
        });
        Seen::Value(own.map_or(text, |(name, _)| self.template.identity(name, Some("Arn"))))
    }

    fn secret(&mut self, name: &str, resource: &Resource<'_>) {
        // Without a name CloudFormation makes one of the logical ID, a dash and twelve characters.
        let written = self.template.property(resource, "Name");
        let name_prefix = written.is_none().then(|| format!("{name}-"));
        let known = match (&name_prefix, written) {
            (Some(prefix), _) => Some(format!("{prefix}XXXXXXXXXXXX")),
            (None, written) => written.and_then(|tree| tree.text()?.known().map(str::to_owned)),
        };
        let Some(known) = known else {
            return self.gap(place(name, resource), "its name is not known until it is deployed");
        };
        let secret = ManagedSecret {
            name: known.clone(),
            name_prefix,
            arn: None,
            place: place(name, resource),
            planned: true,
            key: self.key_text(resource, "KmsKeyId"),
            policy: Seen::Absent,
            tags: self.tags(resource),
        };
        self.out.secrets.insert(known, Seen::Value(secret));
    }

    fn secret_policy(&mut self, name: &str, resource: &Resource<'_>) {
        let of = self.text(resource, "SecretId");
        let document = self.document(name, resource, "ResourcePolicy");
        // A secret of the template, by reference or by its name.
        let is = |secret: &ManagedSecret, of: &Text| {
            let named = of.known().is_some_and(|of| {
                let of = of.rsplit(":secret:").next().unwrap_or(of);
                // An ARN may have six characters of AWS's choice at its end.
                of.strip_prefix(&secret.name).is_some_and(|rest| rest.is_empty() || rest.len() == 7)
            });
            named || *of == self.template.identity(&secret.place.address, None)
        };
        let mut found = false;
        for seen in self.out.secrets.values_mut() {
            if let Seen::Value(secret) = seen
                && of.as_ref().is_some_and(|of| is(secret, of))
            {
                secret.policy = document.clone();
                found = true;
            }
        }
        // A known name or ARN of another secret is no concern of those here.
        let is_elsewhere = of.is_some_and(|of| of.known().is_some());
        if found || is_elsewhere {
            return;
        }
        for seen in self.out.secrets.values_mut() {
            if let Seen::Value(secret) = seen {
                let reason =
                    format!("the secret of {name} is not known until it is deployed: it may be this one");
                secret.policy = Seen::NotSeen(Gap::new(reason));
            }
        }
    }

    fn key(&mut self, name: &str, resource: &Resource<'_>) {
        let arn = self.template.identity(name, Some("Arn"));
        let id = self.template.identity(name, None);
        let aliases = self.template.resources.iter().filter(|(_, other)| {
            let target = self.text(other, "TargetKeyId");
            other.kind == "AWS::KMS::Alias" && target.is_some_and(|target| target == arn || target == id)
        });
        let aliases =
            aliases.filter_map(|(name, _)| self.template.identity(name, None).known().map(str::to_owned));
        let unset = "the key gets AWS's default policy for new keys, which the template does not hold";
        let key = Key {
            aliases: aliases.collect(),
            arn,
            place: place(name, resource),
            aws_managed: false,
            policy: Self::unset(unset, self.document(name, resource, "KeyPolicy")),
            tags: self.tags(resource),
        };
        self.out.keys.insert(name.to_owned(), Seen::Value(key));
    }

    fn repository(&mut self, name: &str, resource: &Resource<'_>) {
        let known = self.text(resource, "RepositoryName").and_then(|text| text.known().map(str::to_owned));
        let Some(known) = known else {
            return self.gap(place(name, resource), "its name is not known until it is deployed");
        };
        let filters = || -> Vec<String> {
            let filters = self.template.property(resource, "ImageTagMutabilityExclusionFilters");
            let filter =
                |item: &Tree| Some(item.get("ImageTagMutabilityExclusionFilterValue")?.text()?.to_string());
            filters.iter().flat_map(Tree::items).filter_map(filter).collect()
        };
        let mutability = match self.text(resource, "ImageTagMutability") {
            None => Seen::Value(Mutability::Mutable),
            Some(text) => match text.known() {
                Some("MUTABLE") => Seen::Value(Mutability::Mutable),
                Some("IMMUTABLE") => Seen::Value(Mutability::Immutable),
                Some("IMMUTABLE_WITH_EXCLUSION") => Seen::Value(Mutability::ImmutableExcept(filters())),
                Some("MUTABLE_WITH_EXCLUSION") => Seen::Value(Mutability::MutableExcept(filters())),
                _ => Seen::NotSeen(Gap::new("ImageTagMutability is not known until it is deployed")),
            },
        };
        let repository =
            Repository { name: known.clone(), uri: None, place: place(name, resource), mutability };
        self.out.repositories.insert(known, Seen::Value(repository));
    }

    fn task(&mut self, name: &str, resource: &Resource<'_>) {
        let family = self.text(resource, "Family").unwrap_or_else(|| Text::symbol(name));
        let tree = resource.properties.map_or(Tree::Null, |properties| self.template.tree(properties));
        let at = JsonPointer::root().key("Resources").key(name).key("Properties");
        let place = place(name, resource);
        let key = family.known().map_or_else(|| name.to_owned(), str::to_owned);
        if self.out.tasks.contains_key(&key) {
            let reason =
                "another task definition of the template has the same family: this one was not looked at";
            return self.gap(place, reason);
        }
        let is_plain = |symbol: &str| self.template.is_plain(symbol);
        let flow = Flow { taints: &|_| Vec::new(), is_plain: &is_plain };
        let (inspector, gaps) = (self.inspector, &mut self.out.gaps);
        let task = containers::task(&tree, &at, capitalised, (family, place), (inspector, flow), gaps);
        self.out.tasks.insert(key, Seen::Value(task));
    }

    /// What starts tasks otherwise than their definitions say.
    fn overrides(&mut self, name: &str, resource: &Resource<'_>) {
        let Some(properties) = resource.properties else { return };
        let tree = self.template.tree(properties);
        let is_plain = |symbol: &str| self.template.is_plain(symbol);
        let flow = Flow { taints: &|_| Vec::new(), is_plain: &is_plain };
        let at = JsonPointer::root().key("Resources").key(name).key("Properties");
        let mut reader = Overrides::new(place(name, resource), self.inspector, flow);
        match resource.kind {
            "AWS::Events::Rule" => {
                for target in tree.get("Targets").map_or_else(Vec::new, Tree::items) {
                    reader.target(target, &at.key("Targets"));
                }
            }
            "AWS::Scheduler::Schedule" => {
                tree.get("Target").into_iter().for_each(|target| reader.target(target, &at.key("Target")));
            }
            "AWS::Pipes::Pipe" => {
                tree.get("TargetParameters")
                    .into_iter()
                    .for_each(|t| reader.pipe(t, &at.key("TargetParameters")));
            }
            "AWS::StepFunctions::StateMachine" => {
                let definition = tree.get("Definition").or_else(|| tree.get("DefinitionString"));
                let values = tree.get("DefinitionSubstitutions");
                match definition {
                    Some(definition) => reader.state_machine(definition, values, &at.key("Definition")),
                    None => reader.gap("its definition is not in the template"),
                }
            }
            _ => return,
        }
        reader.finish(self.out);
    }
}

/// A member's name as CloudFormation writes it.
fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A document with the lines of its statements, if they are written as a list.
fn with_lines(document: Seen<Document>, node: Option<&Node>) -> Seen<Document> {
    let statements = node.and_then(|node| node.get("Statement")).map_or(&[][..], Node::items);
    let lines = statements.iter().map(|statement| statement.line).collect();
    document.map(|document| Document { lines, ..document })
}

/// A role of which the template tells only that a policy is attached to it.
fn elsewhere(name: &str, place: Place, policy: PolicyAttachment) -> Role {
    let gap = |call: &str| Gap::new("the role is not in the template").by_call(call);
    Role {
        name: name.into(),
        arn: None,
        path: None,
        place,
        trust: Seen::NotSeen(gap("iam:GetRole")),
        policies: vec![policy],
        policies_gap: Some(gap("iam:ListAttachedRolePolicies")),
        boundary: Seen::NotSeen(gap("iam:GetRole")),
        tags: BTreeMap::new(),
    }
}
