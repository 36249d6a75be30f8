//! SW414: a role is allowed what the contract denies it.

use super::access::Access;
use super::allowing::{Allowing, allowing};
use super::expectation::Denied;
use super::{Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Finding, Reads, Severity};
use seaworthy_aws::{Document, Place, Seen};
use seaworthy_iam::{Arn, Language, PolicySet, ResourceRule, StatementRef, Witness};

/// SW414.
pub struct DeniedAccess;

const META: CheckMeta = CheckMeta {
    id: "SW414",
    name: "denied-access",
    summary: "A role is allowed an action on a resource that the contract denies it ([[roles.denied]]).",
    why: "The contract says what the role must never do: delete a production table, write where it only reads, pass a role. The answer is a proof over all actions and resources, not a sample.",
    fix: "Take the action or the resource out of the statement, or deny it in a policy of the role.",
    clause: "D.3.2",
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-269"],
};

impl Check<Wiring<'_>> for DeniedAccess {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        let names_any = wiring.expectations.roles.iter().any(|role| !role.denied.is_empty());
        if names_any { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        let roles = wiring.expectations.roles.iter().filter(|role| !role.denied.is_empty());
        wiring.each_role(&META, roles, answers, |access, answers| {
            for denied in &access.role.denied {
                Asked { wiring, context, access, denied }.judge(answers);
            }
        });
    }
}

/// Whether a name has wildcards or variables.
fn resource_is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '$'])
}

/// One entry of one role.
struct Asked<'a, 'w> {
    wiring: &'a Wiring<'w>,
    context: &'a Context<'a>,
    access: &'a Access<'a>,
    denied: &'a Denied,
}

impl Asked<'_, '_> {
    fn judge(&self, answers: &mut Answers) {
        // A resource's policy that no one saw is taken to leave the decision to the role's own.
        let own = PolicySet { resource_rule: ResourceRule::Either, ..self.access.policies.clone() };
        self.ask(own, &self.resources(), None, answers);
        if self.is_about("secretsmanager") {
            for (name, secret) in &self.wiring.snapshot.secrets {
                let what = format!("the policy of the secret {name}");
                match secret {
                    Seen::Absent => {}
                    Seen::NotSeen(gap) => {
                        let arn =
                            self.wiring.placement.arn("secretsmanager", &format!("secret:{name}-XXXXXX"));
                        let arn = if Arn::is_meant(name) { name.clone() } else { arn };
                        self.policy_of(&what, &arn, &Seen::NotSeen(gap.clone()), answers);
                    }
                    Seen::Value(secret) => {
                        self.policy_of(&what, &self.wiring.secret_arn(secret), &secret.policy, answers);
                    }
                }
            }
        }
        if self.is_about("kms") {
            for (name, key) in &self.wiring.snapshot.keys {
                let what = format!("the policy of the key {name}");
                match key {
                    Seen::Absent => {}
                    Seen::NotSeen(gap) => {
                        let made = || self.wiring.placement.arn("kms", &format!("key/{name}"));
                        let arn = if Arn::is_meant(name) { name.clone() } else { made() };
                        self.policy_of(&what, &arn, &Seen::NotSeen(gap.clone()), answers);
                    }
                    Seen::Value(key) => {
                        self.policy_of(&what, &self.wiring.key_arn(key), &key.policy, answers);
                    }
                }
            }
        }
        for resource in &self.denied.resources {
            self.unseen_policy(resource, answers);
        }
    }

    /// Asks the policy of a resource by itself, if the entry is about that resource.
    fn policy_of(&self, what: &str, arn: &str, policy: &Seen<Document>, answers: &mut Answers) {
        if !self.resources().contains(arn) {
            return;
        }
        let document = match policy {
            Seen::Absent => return,
            Seen::NotSeen(gap) => return self.not_checked(what.to_owned(), gap.to_string(), answers),
            Seen::Value(document) => document,
        };
        match self.wiring.policy(what, document) {
            Ok(policy) => {
                let own = &self.access.policies;
                let alone = PolicySet { resource: Some(policy), identity: Vec::new(), ..own.clone() };
                self.ask(alone, &Language::from(arn), Some(&document.place), answers);
            }
            Err(gap) => self.not_checked(what.to_owned(), gap.to_string(), answers),
        }
    }

    /// Tells of a single secret or key that the entry names and no source has: its own policy may let the role in.
    fn unseen_policy(&self, resource: &str, answers: &mut Answers) {
        let Some(arn) = Arn::parse(resource) else { return };
        let (noun, name) = match arn.service {
            "secretsmanager" => ("secret", arn.resource.strip_prefix("secret:")),
            "kms" => ("key", arn.resource.strip_prefix("key/")),
            _ => return,
        };
        let Some(name) = name.map(|name| name.trim_end_matches("-??????").trim_end_matches("-*")) else {
            return;
        };
        let is_single = !name.is_empty() && !resource_is_pattern(name);
        let named = Language::from(resource);
        let snapshot = self.wiring.snapshot;
        let is_seen = match noun {
            "secret" => {
                let mut all = snapshot.secrets.iter();
                all.any(|(key, secret)| {
                    key == name || secret.value().is_some_and(|s| named.contains(&self.wiring.secret_arn(s)))
                })
            }
            _ => snapshot.keys.iter().any(|(key, seen)| {
                key == name || seen.value().is_some_and(|key| named.contains(&self.wiring.key_arn(key)))
            }),
        };
        if is_single && !is_seen && self.is_about(arn.service) {
            let reason = format!("no source defines this {noun}, and its own policy may let the role in");
            self.not_checked(format!("the policy of the {noun} {name}"), reason, answers);
        }
    }

    /// Whether the entry denies an action of a service.
    fn is_about(&self, service: &str) -> bool {
        self.denied.actions.iter().any(|action| {
            let named = action.split_once(':').map_or(action.as_str(), |(named, _)| named).to_lowercase();
            statement::matches(&named, service)
        })
    }

    fn resources(&self) -> Language {
        let named = self.denied.resources.iter().map(|resource| Language::from(resource.as_str()));
        Language::union(named)
    }

    /// Names every statement that allows the denied actions on some of `resources`.
    fn ask(&self, policies: PolicySet, resources: &Language, at: Option<&Place>, answers: &mut Answers) {
        let operations =
            self.denied.actions.iter().map(|action| Language::from(action.to_lowercase().as_str()));
        let operations = Language::union(operations);
        let (found, open) = allowing(self.wiring, self.access, policies.clone(), &operations, resources);
        for one in found {
            self.found(&policies, &one, at, answers);
        }
        if let Some(reason) = open {
            let what = format!("whether {} is allowed {}", self.access.name, self.shown());
            self.not_checked(what, reason, answers);
        }
    }

    fn shown(&self) -> String {
        format!("{} on {}", self.denied.actions.join(", "), self.denied.resources.join(", "))
    }

    /// The action as the contract writes it, or else as the policy does.
    fn action(&self, policies: &PolicySet, action: &Witness, of: Option<StatementRef>) -> String {
        let same = |written: &&String| written.eq_ignore_ascii_case(&action.text);
        let written = of.and_then(|of| policies.statement(of));
        self.denied.actions.iter().find(same).cloned().unwrap_or_else(|| {
            written.map_or_else(|| action.text.clone(), |(_, s)| statement::written(s, &action.text))
        })
    }

    fn found(&self, policies: &PolicySet, one: &Allowing, at: Option<&Place>, answers: &mut Answers) {
        let Allowing { action, resource, statement: of } = one;
        let (access, of) = (self.access, *of);
        let by = of.map_or_else(|| "its policies".to_owned(), |of| statement::described(policies, of));
        let own = || of.map_or_else(|| access.seen.place.clone(), |of| access.place(of));
        let place = &at.cloned().unwrap_or_else(own);
        let action = self.action(policies, action, of);
        if let Some(boundary) = &access.unseen_boundary {
            let what = format!("whether {} is allowed {action} on {resource}", access.name);
            let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
            return self.not_checked(what, reason, answers);
        }
        let reason = &self.denied.reason;
        let message = format!(
            "{} is allowed {action} on {resource} by {by}, and the contract denies it {}: {reason}",
            access.name,
            self.shown()
        );
        let unseen =
            access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what));
        let [policy, sid] = of.map_or_else(Default::default, |of| statement::identity(policies, of));
        answers.findings.push(
            Finding::build(&META, self.wiring.origin(place), message)
                .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
                .notes(unseen.collect())
                .named(self.context.key, &[access.name, &policy, &sid, &self.shown()]),
        );
    }

    fn not_checked(&self, what: String, reason: String, answers: &mut Answers) {
        let origin = self.wiring.origin(&self.access.seen.place);
        answers.not_checked.push(self.wiring.not_checked(&META, origin, what, reason));
    }
}
