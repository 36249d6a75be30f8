//! Several sources together.

use std::collections::BTreeMap;

use super::{
    ACCOUNT, Document, Gap, Key, ManagedSecret, Parameter, Place, PolicyAttachment, REGION, Repository, Role,
    Seen, Snapshot, TaskDefinition, Text,
};

impl Snapshot {
    /// Adds what `other` knows and this snapshot has not seen; where both have seen, this one is kept. The places of
    /// `other` are renumbered.
    ///
    /// A role, task definition or other part that both have seen is filled in itself: its parts that this snapshot did
    /// not see are taken from the other. If the two are about different accounts, regions or partitions, nothing is
    /// taken but a gap that says so.
    pub fn fill(&mut self, mut other: Self) {
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
        merge(&mut self.roles, other.roles, role);
        merge(&mut self.parameters, other.parameters, parameter);
        merge(&mut self.secrets, other.secrets, secret);
        merge(&mut self.tasks, other.tasks, task);
        merge(&mut self.repositories, other.repositories, repository);
        merge(&mut self.keys, other.keys, key);
        self.gaps.append(&mut other.gaps);
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
        self.gaps.iter_mut().for_each(|(place, _)| change(place));
        self.each_document(&mut |document| change(&mut document.place));
    }

    /// Changes every document.
    fn each_document(&mut self, change: &mut dyn FnMut(&mut Document)) {
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
                for container in containers {
                    change(&mut container.name);
                    if let Seen::Value(image) = &mut container.image {
                        change(image);
                    }
                }
            }
            for reference in &mut task.references {
                change(&mut reference.value_from);
                if let Some(container) = &mut reference.container {
                    change(container);
                }
            }
        }
        let parameters = values(&mut self.parameters).map(|part| &mut part.key);
        for seen in parameters.chain(values(&mut self.secrets).map(|part| &mut part.key)) {
            if let Seen::Value(text) = seen {
                change(text);
            }
        }
        values(&mut self.keys).for_each(|part| change(&mut part.arn));
    }
}

fn values<T>(map: &mut BTreeMap<String, Seen<T>>) -> impl Iterator<Item = &mut T> {
    map.values_mut().filter_map(|seen| match seen {
        Seen::Value(value) => Some(value),
        Seen::Absent | Seen::NotSeen(_) => None,
    })
}

fn merge<T>(ours: &mut BTreeMap<String, Seen<T>>, theirs: BTreeMap<String, Seen<T>>, fill: fn(&mut T, T)) {
    for (name, theirs) in theirs {
        match (ours.get_mut(&name), theirs) {
            (Some(Seen::Value(ours)), Seen::Value(theirs)) => fill(ours, theirs),
            (Some(ours @ Seen::NotSeen(_)), theirs @ (Seen::Value(_) | Seen::Absent)) => *ours = theirs,
            (Some(_), _) => {}
            (None, theirs) => {
                ours.insert(name, theirs);
            }
        }
    }
}

/// Takes what was not seen from the other.
fn complete<T>(ours: &mut Seen<T>, theirs: Seen<T>) {
    if matches!(ours, Seen::NotSeen(_)) && !matches!(theirs, Seen::NotSeen(_)) {
        *ours = theirs;
    }
}

fn role(ours: &mut Role, theirs: Role) {
    ours.arn = ours.arn.take().or(theirs.arn);
    complete(&mut ours.trust, theirs.trust);
    complete(&mut ours.boundary, theirs.boundary);
    let lacks = ours.policies_gap.is_some();
    if lacks && theirs.policies_gap.is_none() {
        ours.policies_gap = None;
    }
    for policy in theirs.policies {
        let same = |own: &&mut PolicyAttachment| (own.source, &own.name) == (policy.source, &policy.name);
        match ours.policies.iter_mut().find(same) {
            Some(own) => complete(&mut own.document, policy.document),
            // A list that is whole is kept as it is.
            None if lacks => ours.policies.push(policy),
            None => {}
        }
    }
}

fn parameter(ours: &mut Parameter, theirs: Parameter) {
    complete(&mut ours.kind, theirs.kind);
    complete(&mut ours.version, theirs.version);
    complete(&mut ours.key, theirs.key);
}

fn secret(ours: &mut ManagedSecret, theirs: ManagedSecret) {
    ours.arn = ours.arn.take().or(theirs.arn);
    complete(&mut ours.key, theirs.key);
    complete(&mut ours.policy, theirs.policy);
}

fn task(ours: &mut TaskDefinition, theirs: TaskDefinition) {
    complete(&mut ours.task_role, theirs.task_role);
    complete(&mut ours.execution_role, theirs.execution_role);
    if matches!(ours.containers, Seen::NotSeen(_)) && matches!(theirs.containers, Seen::Value(_)) {
        ours.references = theirs.references;
        ours.containers = theirs.containers;
    }
}

fn repository(ours: &mut Repository, theirs: Repository) {
    ours.uri = ours.uri.take().or(theirs.uri);
    complete(&mut ours.mutability, theirs.mutability);
}

fn key(ours: &mut Key, theirs: Key) {
    complete(&mut ours.policy, theirs.policy);
    ours.aliases.extend(theirs.aliases);
    ours.aliases.sort();
    ours.aliases.dedup();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::artifact::aws::{PolicySource, Source, SourceKind};

    fn source(kind: SourceKind) -> Source {
        Source { kind, name: "x".into(), digest: None, tool: None }
    }

    fn document(text: &str) -> Document {
        Document { text: text.into(), place: Place::default() }
    }

    fn policy(name: &str, document: Seen<Document>) -> PolicyAttachment {
        PolicyAttachment { source: PolicySource::Managed, name: name.into(), document }
    }

    fn role(policies: Vec<PolicyAttachment>, gap: Option<Gap>, trust: Seen<Document>) -> Snapshot {
        let role = Role {
            name: "app".into(),
            arn: None,
            place: Place::default(),
            trust,
            policies,
            policies_gap: gap,
            boundary: Seen::Absent,
        };
        let mut snapshot = Snapshot { sources: vec![source(SourceKind::Plan)], ..Snapshot::default() };
        snapshot.roles.insert("app".into(), Seen::Value(role));
        snapshot
    }

    #[test]
    fn a_role_is_filled_and_places_are_renumbered() {
        let gap = || Gap::new("not in the plan");
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
        live.parameters.insert("/gone".into(), Seen::NotSeen(Gap::new("x")));
        live.parameters.insert("/other".into(), Seen::Absent);
        plan.fill(live);
        let role = plan.roles["app"].value().unwrap();
        assert_eq!((role.policies.len(), role.trust.value().unwrap().text.as_str()), (0, "new"));
        assert_eq!((&plan.parameters["/gone"], &plan.parameters["/other"]), (&Seen::Absent, &Seen::Absent));
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
