//! Tags that differ between a snapshot and the one of before. A proof has one context for both sides, so that a policy
//! that asks for such a tag cannot be compared.

use std::collections::{BTreeMap, BTreeSet};

use super::{Wiring, statement};
use seaworthy_aws::Seen;
use seaworthy_iam::{Arn, Statement};

/// What has other tags than before.
pub(super) struct ChangedTags {
    /// In words, such as `the role app`.
    what: String,
    /// Its ARN.
    arn: String,
    /// Whether it can be a principal: a role.
    is_role: bool,
    /// The keys of the tags that differ, in lower case.
    keys: BTreeSet<String>,
}

type Tags = BTreeMap<String, String>;

/// All roles, parameters, secrets and keys of both snapshots whose known tags differ.
pub(super) fn changed(old: &Wiring<'_>, new: &Wiring<'_>) -> Vec<ChangedTags> {
    let mut out = Vec::new();
    let mut add = |what: String, arn: String, is_role: bool, tags: [&Tags; 2]| {
        let [was, is] = tags;
        let differs = |key: &&String| was.get(*key) != is.get(*key);
        let keys: BTreeSet<String> =
            was.keys().chain(is.keys()).filter(differs).map(|key| key.to_lowercase()).collect();
        if !keys.is_empty() {
            out.push(ChangedTags { what, arn, is_role, keys });
        }
    };
    for (name, seen) in &new.snapshot.roles {
        if let (Seen::Value(is), Some(Seen::Value(was))) = (seen, old.snapshot.roles.get(name)) {
            let arn = new.role_arn(name, is.arn.as_deref(), is.path.as_deref());
            add(format!("the role {name}"), arn, true, [&was.tags, &is.tags]);
        }
    }
    for (name, seen) in &new.snapshot.secrets {
        if let (Seen::Value(is), Some(Seen::Value(was))) = (seen, old.snapshot.secrets.get(name)) {
            add(format!("the secret {name}"), new.secret_arn(is), false, [&was.tags, &is.tags]);
        }
    }
    for (name, seen) in &new.snapshot.keys {
        if let (Seen::Value(is), Some(Seen::Value(was))) = (seen, old.snapshot.keys.get(name)) {
            add(format!("the key {name}"), new.key_arn(is), false, [&was.tags, &is.tags]);
        }
    }
    let (p, r, a) = (new.placement.partition(), new.placement.region(), new.placement.account());
    for (name, seen) in &new.snapshot.parameters {
        if let (Seen::Value(is), Some(Seen::Value(was))) = (seen, old.snapshot.parameters.get(name)) {
            let made = || seaworthy_iam::parameter_arn(p, r, a, &is.name);
            let arn = if Arn::is_meant(name) { name.clone() } else { made() };
            add(format!("the parameter {name}"), arn, false, [&was.tags, &is.tags]);
        }
    }
    out
}

impl ChangedTags {
    /// Whether this is the role of this ARN.
    pub(super) fn is(&self, arn: &str) -> bool {
        self.is_role && self.arn == arn
    }

    /// The keys, as a context names them.
    pub(super) fn principal_keys(&self) -> impl Iterator<Item = String> + '_ {
        self.keys.iter().map(|key| format!("aws:principaltag/{key}"))
    }

    /// Why these statements cannot be compared, if they ask for one of the tags as the principal's.
    pub(super) fn doubt_of_principal(&self, statements: &[&Statement]) -> Option<String> {
        let asks = self.is_role && statements.iter().any(|of| self.asks(of, "principaltag/"));
        asks.then(|| self.reason())
    }

    /// Why these statements cannot be compared, if they ask for one of the tags as the resource's.
    pub(super) fn doubt_of_resource(&self, statements: &[&Statement]) -> Option<String> {
        let asks = statements.iter().any(|of| self.asks(of, "resourcetag/") && self.is_meant_by(of));
        asks.then(|| self.reason())
    }

    fn reason(&self) -> String {
        let keys = self.keys.iter().cloned().collect::<Vec<_>>().join(", ");
        format!("{} has other tags than before ({keys}), and the policies ask for them", self.what)
    }

    fn asks(&self, of: &Statement, kind: &str) -> bool {
        // A tag whose key is a variable may be any.
        let names = |text: &str| {
            let text = text.to_lowercase();
            let mut parts = text.split(kind);
            parts.next();
            parts.any(|rest| {
                let is_key = |key: &String| {
                    let end = rest.strip_prefix(key.as_str()).map(|after| after.chars().next());
                    end.is_some_and(|next| next.is_none_or(|c| matches!(c, '}' | '/' | ',')))
                };
                rest.starts_with("${") || self.keys.iter().any(is_key)
            })
        };
        statement::texts(of).any(names)
    }

    /// Whether the statement may be about the resource. A policy of the resource itself names none, or itself.
    fn is_meant_by(&self, of: &Statement) -> bool {
        of.resources.as_ref().is_none_or(|element| {
            let is_named = |text: &String| text.contains("${") || statement::matches(text, &self.arn);
            element.negated || element.written.iter().any(is_named)
        })
    }
}
