//! Several sources together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ACCOUNT, Container, Document, Gap, Key, KeyGrant, ManagedSecret, Parameter, Place, PolicyAttachment,
    REGION, Repository, Role, SecretReference, Seen, Snapshot, Source, TaskDefinition, Text,
};

impl Snapshot {
    /// Adds what `other` knows and this snapshot has not seen; where both have seen, this one is kept. The places of
    /// `other` are renumbered.
    ///
    /// A role, task definition or other part that both have seen is filled in itself: its parts that this snapshot did
    /// not see are taken from the other. What only the apply of a plan will tell, no account and no state tells before.
    /// If the two are about different accounts, regions or partitions, nothing is taken but a gap that says so.
    pub fn fill(&mut self, mut other: Self) {
        let later: Vec<bool> = self.sources.iter().map(Source::is_later).collect();
        let is_now = !other.sources.iter().any(Source::is_later);
        let offset = self.sources.len();
        other.each_place(&mut |place| place.source = place.source.saturating_add(offset));
        self.sources.append(&mut other.sources);
        let facts = [
            ("accounts", &self.account, &other.account),
            ("regions", &self.region, &other.region),
            ("partitions", &self.partition, &other.partition),
        ];
        let differs = |(what, ours, theirs): &(&str, &Option<String>, &Option<String>)| match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours != theirs => Some(format!(
                "the sources are about different {what}, {ours} and {theirs}: nothing was taken from this one"
            )),
            _ => None,
        };
        if let Some(reason) = facts.iter().find_map(differs) {
            let place = Place { source: offset, ..Place::default() };
            self.gaps.push((place, Gap::new(reason)));
            return;
        }
        for (ours, theirs) in [
            (&mut self.account, &other.account),
            (&mut self.region, &other.region),
            (&mut self.partition, &other.partition),
        ] {
            if ours.is_none() {
                ours.clone_from(theirs);
            }
        }
        let (account, region) = (self.account.clone(), self.region.clone());
        self.settle(account.as_deref(), region.as_deref());
        other.settle(account.as_deref(), region.as_deref());
        for address in self.namesakes(&mut other) {
            let reason = "another source has a part of the same address: what refers to it is not known";
            self.gaps.push((Place { source: offset, address, ..Place::default() }, Gap::new(reason)));
        }
        other.roles = self.cased(std::mem::take(&mut other.roles));
        let fill = Fill { later, is_now };
        let gaps = &mut self.gaps;
        fill.merge(&mut self.roles, other.roles, |role| &role.place, role, gaps);
        fill.merge(&mut self.parameters, other.parameters, |part| &part.place, parameter, gaps);
        fill.merge(&mut self.secrets, other.secrets, |part| &part.place, secret, gaps);
        fill.merge(&mut self.tasks, other.tasks, |part| &part.place, task, gaps);
        fill.merge(&mut self.repositories, other.repositories, |part| &part.place, repository, gaps);
        fill.merge(&mut self.keys, other.keys, |part| &part.place, key, gaps);
        self.overrides.append(&mut other.overrides);
        for grant in other.grants {
            let is_told = |own: &&KeyGrant| own.key == grant.key && own.document.text == grant.document.text;
            if !self.grants.iter().any(|own| is_told(&own)) {
                self.grants.push(grant);
            }
        }
        self.gaps.append(&mut other.gaps);
    }

    /// Roles under the names that this snapshot has for them: IAM takes a role's name in any case.
    fn cased(&self, roles: BTreeMap<String, Seen<Role>>) -> BTreeMap<String, Seen<Role>> {
        let own = |name: &String| {
            let same = |(own, role): &(&String, &Seen<Role>)| {
                let is_name = role.value().is_none_or(|role| role.name.known() == Some(own.as_str()));
                is_name && own.eq_ignore_ascii_case(name)
            };
            let exact = self.roles.contains_key(name);
            self.roles.iter().find(same).filter(|_| !exact).map(|(own, _)| own.clone())
        };
        roles.into_iter().map(|(name, role)| (own(&name).unwrap_or(name), role)).collect()
    }

    /// Addresses that mean different parts in the two snapshots, and by which something is named in one of them: two
    /// plans may each have a `aws_kms_key.main`.
    fn namesakes(&mut self, other: &mut Self) -> BTreeSet<String> {
        let (ours, theirs) = (self.identities(), other.identities());
        let same = |address: &String, name: &Option<String>| {
            theirs.get(address).is_none_or(|other| other.is_some() && other == name)
        };
        let differ: Vec<&String> =
            ours.iter().filter(|(address, name)| !same(address, name)).map(|(address, _)| address).collect();
        if differ.is_empty() {
            return BTreeSet::new();
        }
        let used = self.symbols().into_iter().chain(other.symbols()).collect::<BTreeSet<_>>();
        let is_used = |address: &str| {
            used.iter().any(|symbol| {
                symbol.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        differ.into_iter().filter(|address| is_used(address)).cloned().collect()
    }

    /// The parts by address, each with its name, ARN or ID where that is known.
    fn identities(&self) -> BTreeMap<String, Option<String>> {
        let roles = self.roles.values().filter_map(Seen::value);
        let roles = roles.map(|p| (&p.place, p.name.known().map(str::to_owned)));
        let parameters = self.parameters.values().filter_map(Seen::value);
        let parameters = parameters.map(|p| (&p.place, Some(p.name.clone())));
        let secrets = self.secrets.values().filter_map(Seen::value);
        let secrets = secrets.map(|p| (&p.place, Some(p.name.clone())));
        let keys = self.keys.values().filter_map(Seen::value);
        let keys = keys.map(|p| (&p.place, p.arn.known().map(str::to_owned)));
        let all = roles.chain(parameters).chain(secrets).chain(keys);
        all.map(|(place, name)| (place.address.clone(), name)).collect()
    }

    /// The names of all symbols.
    fn symbols(&mut self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        self.each_text(&mut |text| out.extend(text.symbols().map(str::to_owned)));
        self.each_document(&mut |document| {
            for rest in document.text.split("${unknown:").skip(1) {
                let name = rest.split('}').next().unwrap_or_default();
                out.insert(name.replace("\\\"", "\""));
            }
        });
        out
    }

    /// Puts the account and the region where sources left their symbols ([`ACCOUNT`], [`REGION`]), and keeps them if
    /// they were not known.
    pub fn settle(&mut self, account: Option<&str>, region: Option<&str>) {
        let value = |symbol: &str| match symbol {
            ACCOUNT => account.map(str::to_owned),
            REGION => region.map(str::to_owned),
            _ => None,
        };
        self.each_text(&mut |text| *text = text.settle(&value));
        for (symbol, value) in [(ACCOUNT, account), (REGION, region)] {
            if let Some(value) = value {
                let hole = Text::symbol(symbol).to_policy();
                self.each_document(&mut |document| {
                    if document.text.contains(&hole) {
                        document.text = document.text.replace(&hole, value);
                    }
                });
            }
        }
        self.account = self.account.take().or_else(|| account.map(str::to_owned));
        self.region = self.region.take().or_else(|| region.map(str::to_owned));
    }

    /// Changes every place.
    pub(super) fn each_place(&mut self, change: &mut dyn FnMut(&mut Place)) {
        values(&mut self.roles).for_each(|part| change(&mut part.place));
        values(&mut self.parameters).for_each(|part| change(&mut part.place));
        values(&mut self.secrets).for_each(|part| change(&mut part.place));
        values(&mut self.tasks).for_each(|part| change(&mut part.place));
        values(&mut self.repositories).for_each(|part| change(&mut part.place));
        values(&mut self.keys).for_each(|part| change(&mut part.place));
        self.overrides.iter_mut().for_each(|part| change(&mut part.place));
        self.gaps.iter_mut().for_each(|(place, _)| change(place));
        self.each_document(&mut |document| change(&mut document.place));
    }

    /// Changes every document.
    pub(super) fn each_document(&mut self, change: &mut dyn FnMut(&mut Document)) {
        let mut one = |seen: &mut Seen<Document>| {
            if let Seen::Value(document) = seen {
                change(document);
            }
        };
        for role in values(&mut self.roles) {
            one(&mut role.trust);
            one(&mut role.boundary);
            role.policies.iter_mut().for_each(|policy| one(&mut policy.document));
        }
        values(&mut self.secrets).for_each(|part| one(&mut part.policy));
        values(&mut self.keys).for_each(|part| one(&mut part.policy));
        self.grants.iter_mut().for_each(|grant| change(&mut grant.document));
    }

    /// Changes every text.
    fn each_text(&mut self, change: &mut dyn FnMut(&mut Text)) {
        for role in values(&mut self.roles) {
            change(&mut role.name);
            role.policies.iter_mut().for_each(|policy| change(&mut policy.name));
        }
        for task in values(&mut self.tasks) {
            change(&mut task.family);
            for seen in [&mut task.task_role, &mut task.execution_role] {
                if let Seen::Value(text) = seen {
                    change(text);
                }
            }
            if let Seen::Value(containers) = &mut task.containers {
                each_text_of(containers, &mut task.references, change);
            } else {
                each_text_of(&mut [], &mut task.references, change);
            }
        }
        for part in &mut self.overrides {
            for seen in [&mut part.task, &mut part.task_role, &mut part.execution_role] {
                if let Seen::Value(text) = seen {
                    change(text);
                }
            }
            each_text_of(&mut part.containers, &mut part.references, change);
        }
        let parameters = values(&mut self.parameters).map(|part| &mut part.key);
        for seen in parameters.chain(values(&mut self.secrets).map(|part| &mut part.key)) {
            if let Seen::Value(text) = seen {
                change(text);
            }
        }
        values(&mut self.keys).for_each(|part| change(&mut part.arn));
        self.grants.iter_mut().for_each(|grant| change(&mut grant.key));
    }
}

fn each_text_of(
    containers: &mut [Container],
    references: &mut [SecretReference],
    change: &mut dyn FnMut(&mut Text),
) {
    for container in containers {
        change(&mut container.name);
        if let Seen::Value(image) = &mut container.image {
            change(image);
        }
    }
    for reference in references {
        change(&mut reference.value_from);
        if let Some(container) = &mut reference.container {
            change(container);
        }
    }
}

fn values<T>(map: &mut BTreeMap<String, Seen<T>>) -> impl Iterator<Item = &mut T> {
    map.values_mut().filter_map(|seen| match seen {
        Seen::Value(value) => Some(value),
        Seen::Absent | Seen::NotSeen(_) => None,
    })
}

/// How one snapshot fills another.
struct Fill {
    /// By source of the snapshot that is filled: whether it tells what will be.
    later: Vec<bool>,
    /// Whether the snapshot that fills tells what there is now.
    is_now: bool,
}

/// What one part fills another with.
struct Part<'a> {
    fill: &'a Fill,
    /// Whether the part that is filled tells what will be.
    is_later: bool,
}

impl Fill {
    fn merge<T>(
        &self,
        ours: &mut BTreeMap<String, Seen<T>>,
        theirs: BTreeMap<String, Seen<T>>,
        place: fn(&T) -> &Place,
        fill: fn(&mut T, T, &Part<'_>) -> Option<Gap>,
        gaps: &mut Vec<(Place, Gap)>,
    ) {
        for (name, theirs) in theirs {
            match (ours.get_mut(&name), theirs) {
                (Some(Seen::Value(ours)), Seen::Value(theirs)) => {
                    let is_later = self.later.get(place(ours).source).copied().unwrap_or(true);
                    let at = place(&theirs).clone();
                    let gap = fill(ours, theirs, &Part { fill: self, is_later });
                    gaps.extend(gap.map(|gap| (at, gap)));
                }
                // Two sources that tell what will be must not disagree.
                (Some(Seen::Absent), Seen::Value(theirs)) if !self.is_now => {
                    let gap = Gap::new(format!("another source says that {name} will not be there"));
                    gaps.push((place(&theirs).clone(), gap));
                }
                (Some(Seen::Value(ours)), Seen::Absent) if !self.is_now => {
                    let gap = Gap::new(format!("another source says that {name} will not be there"));
                    gaps.push((place(ours).clone(), gap));
                }
                (Some(ours @ Seen::NotSeen(_)), theirs @ (Seen::Value(_) | Seen::Absent)) => *ours = theirs,
                (Some(_), _) => {}
                (None, theirs) => {
                    ours.insert(name, theirs);
                }
            }
        }
    }
}

impl Part<'_> {
    /// Whether what a gap hides can be learned from the other: a gap that names no call hides what an apply will make,
    /// and what there is now is something else.
    fn fills(&self, gap: &Gap) -> bool {
        !(self.is_later && self.fill.is_now) || gap.call.is_some() || gap.permission.is_some()
    }

    /// Takes what was not seen from the other.
    fn complete<T>(&self, ours: &mut Seen<T>, theirs: Seen<T>) {
        if let Seen::NotSeen(gap) = &*ours
            && self.fills(gap)
            && !matches!(theirs, Seen::NotSeen(_))
        {
            *ours = theirs;
        }
    }

    /// Why it is not known which of two parts there will be, if both tell of what will be and they differ.
    fn unless(&self, same: bool, what: &str) -> Option<Gap> {
        let reason = || Gap::new(format!("another source has {what} of the same name, and it differs"));
        (!same && !self.fill.is_now).then(reason)
    }
}

fn role(ours: &mut Role, theirs: Role, part: &Part<'_>) -> Option<Gap> {
    ours.arn = ours.arn.take().or(theirs.arn);
    ours.path = ours.path.take().or(theirs.path);
    add_tags(&mut ours.tags, theirs.tags);
    let same =
        is_same_document(&ours.trust, &theirs.trust) && is_same_document(&ours.boundary, &theirs.boundary);
    part.complete(&mut ours.trust, theirs.trust);
    part.complete(&mut ours.boundary, theirs.boundary);
    let lacks = ours.policies_gap.as_ref().is_some_and(|gap| part.fills(gap));
    if lacks && theirs.policies_gap.is_none() {
        ours.policies_gap = None;
    }
    let mut twice = false;
    for policy in theirs.policies {
        let same = |own: &&mut PolicyAttachment| (own.source, &own.name) == (policy.source, &policy.name);
        match ours.policies.iter_mut().find(same) {
            Some(own) => {
                if let (Seen::Value(one), Seen::Value(other)) = (&own.document, &policy.document) {
                    twice |= one.text != other.text;
                }
                part.complete(&mut own.document, policy.document);
            }
            // A list that is whole is kept as it is, unless another plan attaches something, too.
            None if lacks || !part.fill.is_now => ours.policies.push(policy),
            None => {}
        }
    }
    part.unless(same && !twice, "a role")
}

fn parameter(ours: &mut Parameter, theirs: Parameter, part: &Part<'_>) -> Option<Gap> {
    let same = ours.kind.value().zip(theirs.kind.value()).is_none_or(|(one, other)| one == other);
    part.complete(&mut ours.kind, theirs.kind);
    part.complete(&mut ours.version, theirs.version);
    part.complete(&mut ours.key, theirs.key);
    add_tags(&mut ours.tags, theirs.tags);
    part.unless(same, "a parameter")
}

fn secret(ours: &mut ManagedSecret, theirs: ManagedSecret, part: &Part<'_>) -> Option<Gap> {
    ours.arn = ours.arn.take().or(theirs.arn);
    let same = is_same_document(&ours.policy, &theirs.policy) && is_same(&ours.key, &theirs.key);
    part.complete(&mut ours.key, theirs.key);
    part.complete(&mut ours.policy, theirs.policy);
    add_tags(&mut ours.tags, theirs.tags);
    part.unless(same, "a secret")
}

/// Whether two answers are one; what was not seen says nothing.
fn is_same<T: PartialEq>(one: &Seen<T>, other: &Seen<T>) -> bool {
    matches!(one, Seen::NotSeen(_)) || matches!(other, Seen::NotSeen(_)) || one == other
}

/// The same of documents, wherever they are told of.
fn is_same_document(one: &Seen<Document>, other: &Seen<Document>) -> bool {
    is_same(&one.as_ref().map(|document| &document.text), &other.as_ref().map(|document| &document.text))
}

fn add_tags(ours: &mut BTreeMap<String, String>, theirs: BTreeMap<String, String>) {
    for (key, value) in theirs {
        ours.entry(key).or_insert(value);
    }
}

fn task(ours: &mut TaskDefinition, theirs: TaskDefinition, part: &Part<'_>) -> Option<Gap> {
    let same = (&ours.task_role, &ours.execution_role, &ours.containers, &ours.references)
        == (&theirs.task_role, &theirs.execution_role, &theirs.containers, &theirs.references);
    part.complete(&mut ours.task_role, theirs.task_role);
    part.complete(&mut ours.execution_role, theirs.execution_role);
    if let Seen::NotSeen(gap) = &ours.containers
        && part.fills(gap)
        && matches!(theirs.containers, Seen::Value(_))
    {
        ours.references = theirs.references;
        ours.containers = theirs.containers;
    }
    part.unless(same, "a task definition")
}

fn repository(ours: &mut Repository, theirs: Repository, part: &Part<'_>) -> Option<Gap> {
    ours.uri = ours.uri.take().or(theirs.uri);
    let same = is_same(&ours.mutability, &theirs.mutability);
    part.complete(&mut ours.mutability, theirs.mutability);
    part.unless(same, "a repository")
}

fn key(ours: &mut Key, theirs: Key, part: &Part<'_>) -> Option<Gap> {
    let same = is_same_document(&ours.policy, &theirs.policy);
    part.complete(&mut ours.policy, theirs.policy);
    add_tags(&mut ours.tags, theirs.tags);
    ours.aliases.extend(theirs.aliases);
    ours.aliases.sort();
    ours.aliases.dedup();
    part.unless(same, "a key")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::{PolicySource, SourceKind};

    fn source(kind: SourceKind) -> Source {
        Source { kind, name: "x".into(), digest: None, tool: None }
    }

    fn document(text: &str) -> Document {
        Document::new(text, Place::default())
    }

    fn policy(name: &str, document: Seen<Document>) -> PolicyAttachment {
        PolicyAttachment { source: PolicySource::Managed, name: name.into(), document }
    }

    fn role(policies: Vec<PolicyAttachment>, gap: Option<Gap>, trust: Seen<Document>) -> Snapshot {
        let role = Role {
            name: "app".into(),
            arn: None,
            path: None,
            place: Place::default(),
            trust,
            policies,
            policies_gap: gap,
            boundary: Seen::Absent,
            tags: BTreeMap::new(),
        };
        let mut snapshot = Snapshot { sources: vec![source(SourceKind::Plan)], ..Snapshot::default() };
        snapshot.roles.insert("app".into(), Seen::Value(role));
        snapshot
    }

    #[test]
    fn a_role_is_filled_and_places_are_renumbered() {
        let gap = || Gap::new("not in the plan").by_call("iam:GetRole");
        let mut plan = role(vec![policy("a", Seen::NotSeen(gap()))], Some(gap()), Seen::NotSeen(gap()));
        let live = role(
            vec![policy("a", Seen::Value(document("A"))), policy("b", Seen::Value(document("B")))],
            None,
            Seen::Value(document("T")),
        );
        plan.fill(live);
        let role = plan.roles["app"].value().unwrap();
        assert_eq!(role.policies_gap, None);
        assert_eq!(role.policies.len(), 2);
        assert_eq!(role.trust.value().unwrap().place.source, 1);
        assert_eq!(role.place.source, 0);
        assert_eq!(role.policies[0].document.value().unwrap().text, "A");
    }

    #[test]
    fn what_was_seen_is_kept() {
        let mut plan = role(vec![], None, Seen::Value(document("new")));
        plan.parameters.insert("/gone".into(), Seen::Absent);
        let mut live =
            role(vec![policy("old", Seen::Value(document("A")))], None, Seen::Value(document("old")));
        live.sources = vec![source(SourceKind::Live)];
        live.parameters.insert("/gone".into(), Seen::NotSeen(Gap::new("x")));
        live.parameters.insert("/other".into(), Seen::Absent);
        plan.fill(live);
        let role = plan.roles["app"].value().unwrap();
        assert_eq!((role.policies.len(), role.trust.value().unwrap().text.as_str()), (0, "new"));
        assert_eq!((&plan.parameters["/gone"], &plan.parameters["/other"]), (&Seen::Absent, &Seen::Absent));
    }

    #[test]
    fn what_an_apply_will_make_is_not_what_there_is() {
        let later = || Gap::new("known only after apply");
        let plan = || role(vec![policy("a", Seen::NotSeen(later()))], Some(later()), Seen::NotSeen(later()));
        let there = || role(vec![policy("a", Seen::Value(document("A")))], None, Seen::Value(document("T")));
        for kind in [SourceKind::Live, SourceKind::State] {
            let (mut plan, mut live) = (plan(), there());
            live.sources = vec![source(kind)];
            plan.fill(live);
            let role = plan.roles["app"].value().unwrap();
            assert_eq!((&role.policies_gap, &role.trust), (&Some(later()), &Seen::NotSeen(later())));
            assert_eq!(role.policies[0].document, Seen::NotSeen(later()));
        }
    }

    #[test]
    fn another_plan_may_attach_more() {
        let mut one = role(vec![policy("a", Seen::Value(document("A")))], None, Seen::Value(document("T")));
        let gap = Gap::new("the role is not in the plan").by_call("iam:GetRole");
        let other =
            role(vec![policy("b", Seen::Value(document("B")))], Some(gap.clone()), Seen::NotSeen(gap));
        one.fill(other);
        assert_eq!(one.roles["app"].value().unwrap().policies.len(), 2);
        assert_eq!(one.gaps, []);
        // What says otherwise is told.
        one.fill(role(vec![policy("b", Seen::Value(document("C")))], None, Seen::Value(document("T"))));
        assert!(one.gaps[0].1.reason.contains("it differs"));
    }

    #[test]
    fn plans_that_disagree_are_told() {
        let secret = |policy: Seen<Document>| {
            let mut plan = role(vec![], None, Seen::Absent);
            let secret = ManagedSecret {
                name: "db".into(),
                name_prefix: None,
                arn: None,
                place: Place::default(),
                planned: true,
                key: Seen::Absent,
                policy,
                tags: BTreeMap::new(),
            };
            plan.secrets.insert("db".into(), Seen::Value(secret));
            plan
        };
        let gaps = |mut one: Snapshot, other: Snapshot| {
            one.fill(other);
            one.gaps.into_iter().map(|(_, gap)| gap.reason).collect::<Vec<_>>()
        };
        let policy = || Seen::Value(document("P"));
        assert_eq!(gaps(secret(policy()), secret(policy())), Vec::<String>::new());
        assert!(gaps(secret(policy()), secret(Seen::Absent))[0].contains("a secret of the same name"));
        let mut gone = secret(Seen::Absent);
        gone.secrets.insert("db".into(), Seen::Absent);
        for (one, other) in [(gone.clone(), secret(policy())), (secret(policy()), gone.clone())] {
            assert!(gaps(one, other)[0].contains("will not be there"));
        }
        // What there is now is no other plan.
        let mut now = secret(policy());
        now.sources = vec![source(SourceKind::Live)];
        assert_eq!(gaps(gone, now), Vec::<String>::new());
    }

    #[test]
    fn one_address_in_two_plans_is_two_parts() {
        let plan = |name: &str| {
            let mut plan = role(vec![], None, Seen::Value(document("${unknown:aws_kms_key.main.key_id}")));
            let place = Place { address: "aws_kms_key.main".into(), ..Place::default() };
            let (arn, aliases) = (Text::symbol("aws_kms_key.main.key_id"), vec![name.to_owned()]);
            let tags = BTreeMap::new();
            let key = Key { arn, aliases, place, aws_managed: false, policy: Seen::Absent, tags };
            plan.keys.insert("aws_kms_key.main".into(), Seen::Value(key));
            plan
        };
        let mut one = plan("alias/one");
        one.fill(plan("alias/two"));
        assert!(one.gaps[0].1.reason.contains("the same address"), "{:?}", one.gaps);
    }

    #[test]
    fn an_account_that_is_learned_settles_the_symbols() {
        let mut plan = role(vec![], None, Seen::Value(document("arn:aws:iam::${unknown:account}:root")));
        let live = Snapshot { account: Some("111122223333".into()), ..Snapshot::default() };
        plan.fill(live);
        let role = plan.roles["app"].value().unwrap();
        assert_eq!(role.trust.value().unwrap().text, "arn:aws:iam::111122223333:root");
        assert_eq!(plan.account.as_deref(), Some("111122223333"));
    }

    #[test]
    fn another_account_fills_nothing() {
        let mut plan = Snapshot { account: Some("1".into()), ..Snapshot::default() };
        let mut live = role(vec![], None, Seen::Absent);
        live.account = Some("2".into());
        plan.fill(live);
        assert!(plan.roles.is_empty());
        assert!(plan.gaps[0].1.reason.contains("different accounts"));
        assert_eq!((plan.gaps[0].0.source, plan.sources.len()), (0, 1));
    }
}
