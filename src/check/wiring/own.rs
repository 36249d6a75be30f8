//! What things themselves say of who may use them: the policies of secrets, those of keys with their grants, and the trust
//! policies of roles. One reader for all checks.

use std::collections::BTreeMap;

use super::{Wiring, statement};
use seaworthy_aws::{Document, Gap, Key, KeyGrant, ManagedSecret, Place, Role, Seen};
use seaworthy_iam::{Arn, Effect, Layer, Policy, PolicySet, StatementRef};

/// What a thing says of who may use it.
pub(super) struct Own<'a> {
    /// Its policy as far as it is known, what grants add included; nothing if it has none, or none was seen.
    pub(super) policy: Option<Policy>,
    /// Why it may say more, or less, than that.
    pub(super) gap: Option<Gap>,
    /// Where each statement is told of.
    places: Vec<&'a Place>,
}

impl<'a> Own<'a> {
    fn none() -> Self {
        Self { policy: None, gap: None, places: Vec::new() }
    }

    /// Where a statement of it is told of.
    pub(super) fn place(&self, of: StatementRef) -> Option<&'a Place> {
        self.places.get(of.statement).copied().filter(|_| of.layer == Layer::Resource)
    }

    /// Where the first statement is told of.
    pub(super) fn first_place(&self) -> Option<&'a Place> {
        self.places.first().copied()
    }

    /// The policies of a role where this alone lets it in: what the role's own policies allow is another question; what they
    /// deny counts.
    pub(super) fn alone(&self, policies: &PolicySet) -> Option<PolicySet> {
        let resource = Some(self.policy.clone()?);
        let mut alone = PolicySet { resource, ..policies.clone() };
        let allows = policies.identity.iter().enumerate().flat_map(|(policy, document)| {
            let all = document.statements.iter().enumerate().filter(|(_, said)| said.effect == Effect::Allow);
            all.map(move |(statement, _)| StatementRef {
                layer: Layer::Identity,
                level: 0,
                policy,
                statement,
            })
        });
        allows.for_each(|of| statement::disarm(&mut alone, of));
        Some(alone)
    }

    fn add(&mut self, wiring: &Wiring<'_>, name: &str, document: &'a Document) {
        match wiring.policy(name, document) {
            Ok(policy) => {
                self.places.extend(policy.statements.iter().map(|_| &document.place));
                match &mut self.policy {
                    Some(own) => own.statements.extend(policy.statements),
                    None => self.policy = Some(policy),
                }
            }
            Err(gap) => self.gap = Some(gap),
        }
    }
}

impl<'a> Wiring<'a> {
    /// A policy that a source may have: what it says, nothing if there is none, or why it was not seen.
    fn own(&self, name: &str, policy: &'a Seen<Document>) -> Own<'a> {
        let mut own = Own::none();
        match policy {
            Seen::Absent => {}
            Seen::NotSeen(gap) => own.gap = Some(gap.clone()),
            Seen::Value(document) => own.add(self, name, document),
        }
        own
    }

    /// The policy of a secret.
    pub(super) fn policy_of_secret(&self, secret: &'a ManagedSecret) -> Own<'a> {
        self.own(&format!("the policy of the secret {}", secret.name), &secret.policy)
    }

    /// The trust policy of a role.
    pub(super) fn trust_of(&self, role: &'a Role) -> Own<'a> {
        self.own("the trust policy", &role.trust)
    }

    /// The policy of a key with what its grants allow.
    pub(super) fn policy_of_key(&self, key: &'a Key) -> Own<'a> {
        let mut own = self.bare_policy_of_key(key);
        self.add_grants(&mut own, &self.key_arn(key));
        own
    }

    /// The policy of a key. One without a policy of its own has AWS's default one, which leaves the decision to the account's
    /// policies ("Default key policy" of the KMS Developer Guide).
    pub(super) fn bare_policy_of_key(&self, key: &'a Key) -> Own<'a> {
        let name = key.aliases.first().unwrap_or(&key.place.address);
        let mut own = self.own(&format!("the policy of the key {name}"), &key.policy);
        if key.policy == Seen::Absent && !key.aws_managed {
            own.policy = default_key_policy(self);
            own.places = vec![&key.place];
        }
        own
    }

    /// What grants alone allow on a key.
    pub(super) fn grants_on(&self, arn: &str) -> Own<'a> {
        let mut own = Own::none();
        self.add_grants(&mut own, arn);
        own
    }

    /// The ARNs of the keys that have grants, each with the key if a source has it.
    pub(super) fn keys_with_grants(&self) -> BTreeMap<String, Option<&'a Key>> {
        let named = |grant: &KeyGrant| self.find_key(&self.text(&grant.key)?);
        self.snapshot.grants.iter().filter_map(named).collect()
    }

    /// The ARNs of those that no source has.
    pub(super) fn keys_with_grants_alone(&self) -> Vec<String> {
        self.keys_with_grants().into_iter().filter(|(_, key)| key.is_none()).map(|(arn, _)| arn).collect()
    }

    /// What the grants allow of which it is not known which key they are about.
    pub(super) fn grants_on_unknown_keys(&self) -> Own<'a> {
        let mut own = Own::none();
        for grant in self.unresolved_grants() {
            own.add(self, &format!("the grant {}", grant.document.place.address), &grant.document);
        }
        own
    }

    /// The grants of which it is not known which key they are about.
    pub(super) fn unresolved_grants(&self) -> impl Iterator<Item = &'a KeyGrant> {
        let is_known =
            |grant: &KeyGrant| self.text(&grant.key).and_then(|name| self.find_key(&name)).is_some();
        self.snapshot.grants.iter().filter(move |grant| !is_known(grant))
    }

    fn add_grants(&self, own: &mut Own<'a>, arn: &str) {
        for grant in &self.snapshot.grants {
            let named = self.text(&grant.key).and_then(|name| self.find_key(&name));
            if named.is_some_and(|(named, _)| named == arn) {
                let gap = own.gap.take();
                own.add(self, &format!("the grant {}", grant.document.place.address), &grant.document);
                own.gap = gap.or(own.gap.take());
            }
        }
    }
}

fn default_key_policy(wiring: &Wiring<'_>) -> Option<Policy> {
    let (partition, account) = (wiring.placement.partition(), wiring.placement.account());
    let root = Arn { partition, service: "iam", region: "", account, resource: "root" };
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{root}"}},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    Policy::read("the key's default policy", &text).ok()
}
