//! SW413: a role, or a resource's policy, newly allows what the snapshot of before did not.

use std::collections::BTreeMap;

use super::access::Access;
use super::changed_tags::{self, ChangedTags};
use super::own::Own;
use super::{Role, Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{Document, Gap, Key, KeyGrant, Place, Seen, Snapshot};
use seaworthy_iam::{
    Difference, Limits, NewAccess, Policy, PolicySet, StatementRef, has_unknown, new_access, new_principals,
};

/// SW413.
pub struct NewAccessGranted;

const META: CheckMeta = CheckMeta {
    id: "SW413",
    name: "new-access",
    summary: "A role's policies, a trust policy, the policy of a secret or of a key, or a grant allow something that was not allowed before.",
    why: "A change that only moves or removes permissions needs no second look; one that adds any does. The answer is a proof over all actions, resources and conditions, not a comparison of texts.",
    fix: "If the access is meant, review it and save a new snapshot with --save-snapshot. Else take it out of the statement.",
    example: Example {
        fails: hidden!(
            r#"# --against: the old policy has GetItem alone
"Action": ["dynamodb:GetItem", "dynamodb:PutItem"]"#
        ),
        mended: r#"# the same in both
"Action": ["dynamodb:GetItem", "dynamodb:PutItem"]"#,
        silent: "Policies that are written otherwise and allow the same or less. Without --against the check is not requested.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-269"],
};

/// Statements that are named for one role at most.
const MAX_STATEMENTS: usize = 16;

impl Check<Wiring<'_>> for NewAccessGranted {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        if wiring.against.is_some() { Applies::Asked } else { Applies::NotRequested }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        let Some(before) = wiring.against else { return };
        let old = wiring.before(before);
        let tags = changed_tags::changed(&old, wiring);
        let compared = Compared { wiring, context, old: &old, tags };
        for (place, gap) in &before.gaps {
            let what = format!(
                "{} of the snapshot to compare with",
                if place.address.is_empty() { "a part" } else { &place.address }
            );
            compared.not_checked(what, gap.to_string(), Some(place), answers);
        }
        for (name, seen) in &wiring.snapshot.roles {
            compared.role(name, seen, answers);
        }
        for (name, seen) in &wiring.snapshot.secrets {
            let what = format!("the policy of the secret {name}");
            let secret = match seen {
                Seen::Value(secret) => secret,
                Seen::Absent => continue,
                Seen::NotSeen(gap) => {
                    compared.not_checked(format!("new access by {what}"), gap.to_string(), None, answers);
                    continue;
                }
            };
            let was = match before.secrets.get(name) {
                None | Some(Seen::Absent) => None,
                Some(Seen::Value(was)) => Some(was.policy.as_ref()),
                Some(Seen::NotSeen(gap)) => Some(Seen::NotSeen(gap.clone())),
            };
            compared.resource(&what, &secret.policy, was, answers);
        }
        for (name, seen) in &wiring.snapshot.keys {
            // A key that is new is told by what uses it; its policy is read by other checks.
            let what = format!("the policy of the key {name}");
            match (seen, before.keys.get(name)) {
                (Seen::Value(is), Some(Seen::Value(was))) if !is.aws_managed => {
                    let (new, was) = (wiring.bare_policy_of_key(is), old.bare_policy_of_key(was));
                    compared.own(&what, &new, &was, &is.place, answers);
                }
                (Seen::NotSeen(gap), _) | (Seen::Value(_), Some(Seen::NotSeen(gap))) => {
                    compared.not_checked(format!("new access by {what}"), gap.to_string(), None, answers);
                }
                _ => {}
            }
        }
        for (arn, key) in wiring.keys_with_grants() {
            // A policy that leaves the decision to the account lets no one in by itself: grants are compared with grants.
            let (what, new) = (format!("a grant of the key {arn}"), wiring.grants_on(&arn));
            let place = new.first_place().cloned().unwrap_or_default();
            compared.own(&what, &new, &old.grants_on(&compared.key_before(&arn, key)), &place, answers);
        }
        compared.grants_on_unknown_keys(answers);
    }
}

impl<'a> Wiring<'a> {
    /// The same questions about another snapshot.
    fn before(&self, snapshot: &'a Snapshot) -> Wiring<'a> {
        Wiring::new(self.contract, snapshot, self.expectations, self.today, self.placement, self.organization)
    }
}

/// What is now, and what was before.
struct Compared<'c, 'w> {
    wiring: &'c Wiring<'w>,
    context: &'c Context<'c>,
    old: &'c Wiring<'w>,
    /// What has other tags now.
    tags: Vec<ChangedTags>,
}

impl Compared<'_, '_> {
    /// The ARN that a key had before: one that is made anew has another, and stands at the same place.
    fn key_before(&self, arn: &str, key: Option<&Key>) -> String {
        let address = key.map(|key| key.place.address.as_str()).filter(|address| !address.is_empty());
        let known = self.old.snapshot.keys.values().filter_map(Seen::value);
        let mut known = known.filter(|was| address == Some(was.place.address.as_str()));
        known.next().map_or_else(|| arn.to_owned(), |was| self.old.key_arn(was))
    }

    /// Grants that are new, and of which it is not known which key they are on.
    fn grants_on_unknown_keys(&self, answers: &mut Answers) {
        let before = &self.old.snapshot.grants;
        for grant in self.wiring.unresolved_grants() {
            let is_same = |was: &&KeyGrant| was.key == grant.key && was.document.text == grant.document.text;
            if before.iter().any(|was| is_same(&was)) {
                continue;
            }
            let what = format!("new access by the grant {}", grant.document.place.address);
            let reason = format!("which key {} means is not known", grant.key);
            self.not_checked(what, reason, Some(&grant.document.place), answers);
        }
    }

    fn not_checked(&self, what: String, reason: String, at: Option<&Place>, answers: &mut Answers) {
        let origin = at.map_or_else(|| self.wiring.nowhere(&what), |place| self.wiring.origin(place));
        answers.not_checked.push(self.wiring.not_checked(&META, origin, what, reason));
    }

    fn role(&self, name: &str, seen: &Seen<seaworthy_aws::Role>, answers: &mut Answers) {
        let own = Role::of_task(name.to_owned());
        let new = match seen {
            Seen::Absent => return,
            Seen::NotSeen(gap) => {
                return self.not_checked(
                    format!("new access of the role {name}"),
                    gap.to_string(),
                    None,
                    answers,
                );
            }
            Seen::Value(_) => match self.wiring.access(&own) {
                Seen::Value(access) => access,
                _ => return,
            },
        };
        let was =
            if self.old.snapshot.roles.contains_key(name) { self.old.access(&own) } else { Seen::Absent };
        let old = match &was {
            Seen::Value(access) => Some(access),
            Seen::Absent => None,
            Seen::NotSeen(gap) => {
                let reason = format!("the snapshot to compare with does not tell of the role: {gap}");
                let what = format!("new access of the role {name}");
                return self.not_checked(what, reason, Some(&new.seen.place), answers);
            }
        };
        new.tell(self.wiring, &META, answers);
        self.access(&new, old, answers);
        let trust = old.map(|old| old.seen.trust.as_ref());
        self.resource(&format!("the trust policy of the role {name}"), &new.seen.trust, trust, answers);
    }

    /// What the role's own policies newly allow.
    fn access(&self, new: &Access<'_>, old: Option<&Access<'_>>, answers: &mut Answers) {
        let name = new.name;
        let what = || format!("new access of the role {name}");
        // What was allowed before may have been more, or less.
        let unsure = old.and_then(|old| old.unseen.first()).or(new.unseen_boundary.as_ref());
        let unsure = unsure.map(|missing| format!("{} was not seen: {}", missing.what, missing.gap));
        if let Some(missing) = old.and_then(|old| old.unseen_boundary.as_ref()) {
            let reason =
                format!("in the snapshot to compare with, {} was not seen: {}", missing.what, missing.gap);
            return self.not_checked(what(), reason, Some(&new.seen.place), answers);
        }
        let none = PolicySet { scps: new.policies.scps.clone(), ..PolicySet::default() };
        let before = old.map_or(&none, |old| &old.policies);
        let mut context = self.wiring.context(&new.principal);
        let retagged = old.and_then(|_| self.retagged(before, new));
        if let Some(reason) = &retagged {
            self.not_checked(what(), reason.clone(), Some(&new.seen.place), answers);
            let own = self.tags.iter().filter(|tags| tags.is(&new.principal));
            own.flat_map(ChangedTags::principal_keys).for_each(|key| {
                context.set_unknown(&key);
            });
        }
        let unsure = unsure.or(retagged);
        let mut policies = new.policies.clone();
        let mut found: BTreeMap<Option<StatementRef>, NewAccess> = BTreeMap::new();
        for attempt in 0..=MAX_STATEMENTS {
            match new_access(before, &policies, &context, &new.limits) {
                Difference::None => break,
                Difference::TooComplex => {
                    let reason = "the policies are too complex to be compared in full".to_owned();
                    self.not_checked(what(), reason, Some(&new.seen.place), answers);
                    break;
                }
                Difference::New(_) if attempt == MAX_STATEMENTS => {
                    let reason = format!(
                        "more than {MAX_STATEMENTS} statements allow more than before; the rest is not listed"
                    );
                    self.not_checked(what(), reason, Some(&new.seen.place), answers);
                }
                Difference::New(access) => {
                    let of = access.statement;
                    found.insert(of, access);
                    let Some(of) = of else { break };
                    statement::disarm(&mut policies, of);
                }
            }
        }
        for (of, access) in found {
            let place = &of.map_or_else(|| new.seen.place.clone(), |of| new.place(of));
            let by =
                of.map_or_else(|| "its policies".to_owned(), |of| statement::described(&new.policies, of));
            let action = of.and_then(|of| new.policies.statement(of)).map_or_else(
                || access.action.clone(),
                |(_, written)| statement::written(written, &access.action),
            );
            let mut allowed = format!("{action} on {}", access.resource);
            if !access.conditions.is_empty() {
                allowed.push_str(&format!(", if {}", access.conditions.join(" and ")));
            }
            let doubt = unsure.clone().or_else(|| unknown(&access));
            if let Some(doubt) = doubt {
                self.not_checked(
                    format!("whether {name} is newly allowed {allowed}"),
                    doubt,
                    Some(place),
                    answers,
                );
                continue;
            }
            let message = match old {
                Some(_) => format!("{name} is newly allowed {allowed}, by {by}"),
                None => format!("the role {name} is new, and is allowed {allowed}, by {by}"),
            };
            let [policy, sid] = of.map_or_else(Default::default, |of| statement::identity(&new.policies, of));
            answers.findings.push(
                Finding::build(&META, self.wiring.origin(place), message)
                    .named(self.context.key, &[name, &policy, &sid]),
            );
        }
    }

    /// Why the role's policies cannot be compared: they ask for tags that are not what they were.
    fn retagged(&self, before: &PolicySet, new: &Access<'_>) -> Option<String> {
        let mut all = statement::binding(before);
        all.extend(statement::binding(&new.policies));
        self.tags.iter().find_map(|tags| {
            let own = tags.is(&new.principal).then(|| tags.doubt_of_principal(&all)).flatten();
            own.or_else(|| tags.doubt_of_resource(&all))
        })
    }

    /// Whom and what the policy of a resource newly lets in. `old` is nothing if the resource itself is new.
    fn resource(
        &self,
        what: &str,
        new: &Seen<Document>,
        old: Option<Seen<&Document>>,
        answers: &mut Answers,
    ) {
        // A role or a secret that is new is told by itself; its policy is read by other checks.
        let Some(old) = old else { return };
        let Seen::Value(document) = new else {
            if let Seen::NotSeen(gap) = new {
                self.not_checked(format!("new access by {what}"), gap.to_string(), None, answers);
            }
            return;
        };
        let read = |wiring: &Wiring<'_>, document: &Document| wiring.policy(what, document);
        let was = match old {
            Seen::Absent => Ok(None),
            Seen::NotSeen(gap) => Err(gap),
            Seen::Value(old) => read(self.old, old).map(Some),
        };
        let both: Result<_, Gap> = was.and_then(|was| Ok((was, read(self.wiring, document)?)));
        let (was, is) = match both {
            Ok(both) => both,
            Err(gap) => {
                let what = format!("new access by {what}");
                return self.not_checked(what, gap.to_string(), Some(&document.place), answers);
            }
        };
        self.newly(what, was.as_ref(), &is, &document.place, answers);
    }

    /// What a thing says newly of who may use it, grants included.
    fn own(&self, what: &str, is: &Own<'_>, was: &Own<'_>, place: &Place, answers: &mut Answers) {
        if let Some(gap) = is.gap.as_ref().or(was.gap.as_ref()) {
            let what = format!("new access by {what}");
            self.not_checked(what, gap.to_string(), Some(place), answers);
        } else if let Some(policy) = &is.policy {
            self.newly(what, was.policy.as_ref(), policy, place, answers);
        }
    }

    /// Whom and what one policy lets in that the other does not.
    fn newly(&self, what: &str, was: Option<&Policy>, is: &Policy, place: &Place, answers: &mut Answers) {
        let both: Vec<_> = was.into_iter().chain([is]).flat_map(|policy| &policy.statements).collect();
        let retagged = self
            .tags
            .iter()
            .find_map(|tags| tags.doubt_of_principal(&both).or_else(|| tags.doubt_of_resource(&both)));
        if let Some(reason) = &retagged {
            let what = format!("new access by {what}");
            self.not_checked(what, reason.clone(), Some(place), answers);
        }
        match new_principals(was, is, &Limits::default()) {
            Difference::None => {}
            Difference::TooComplex => {
                let reason = "the policies are too complex to be compared in full".to_owned();
                self.not_checked(format!("new access by {what}"), reason, Some(place), answers);
            }
            Difference::New(access) => {
                let who =
                    access.principal.split_once(':').map_or(access.principal.as_str(), |(_, name)| name);
                let mut allowed = format!("{who} {}", access.action);
                if !access.conditions.is_empty() {
                    allowed.push_str(&format!(", if {}", access.conditions.join(" and ")));
                }
                if let Some(doubt) = retagged.or_else(|| unknown(&access)) {
                    let what = format!("whether {what} newly allows {allowed}");
                    return self.not_checked(what, doubt, Some(place), answers);
                }
                let message = format!("{what} newly allows {allowed}");
                answers.findings.push(
                    Finding::build(&META, self.wiring.origin(place), message)
                        .named(self.context.key, &[what, "", ""]),
                );
            }
        }
    }
}

/// Why it is not sure that the access is new: what an apply fills in may be what was named before.
fn unknown(access: &NewAccess) -> Option<String> {
    let texts = [&access.principal, &access.resource].into_iter().chain(&access.conditions);
    let reason = "it names what is known only after apply, and that may be what was allowed before";
    texts.into_iter().any(|text| has_unknown(text)).then(|| reason.to_owned())
}
