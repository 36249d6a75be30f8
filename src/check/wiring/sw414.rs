//! SW414: a role is allowed what the contract denies it.

use super::access::Access;
use super::expectation::Denied;
use super::{Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Finding, Reads, Severity};
use seaworthy_aws::{Place, Seen};
use seaworthy_iam::{ActionExcess, Language, PolicySet, ResourceRule, StatementRef, Undecided, Witness};

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

/// Statements that are named for one entry at most.
const MOST: usize = 16;

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
        for (name, secret) in &self.wiring.snapshot.secrets {
            let Seen::Value(secret) = secret else { continue };
            let arn = self.wiring.secret_arn(secret);
            let Seen::Value(document) = &secret.policy else { continue };
            if !self.resources().contains(&arn) {
                continue;
            }
            match self.wiring.policy(&format!("the policy of {name}"), document) {
                Ok(policy) => {
                    let alone = PolicySet {
                        resource: Some(policy),
                        identity: Vec::new(),
                        ..self.access.policies.clone()
                    };
                    self.ask(alone, &Language::from(arn.as_str()), Some(&document.place), answers);
                }
                Err(gap) => {
                    self.not_checked(format!("the policy of the secret {name}"), gap.to_string(), answers);
                }
            }
        }
    }

    fn resources(&self) -> Language {
        let named = self.denied.resources.iter().map(|resource| Language::from(resource.as_str()));
        Language::union(named)
    }

    /// Names every statement that allows the denied actions on some of `resources`.
    fn ask(&self, mut policies: PolicySet, resources: &Language, at: Option<&Place>, answers: &mut Answers) {
        let access = self.access;
        let operations =
            self.denied.actions.iter().map(|action| Language::from(action.to_lowercase().as_str()));
        let operations = Language::union(operations);
        let context = self.wiring.context(&access.principal);
        let what = || format!("whether {} is allowed {}", access.name, self.shown());
        for attempt in 0..=MOST {
            let found = ActionExcess::find_among(
                &policies,
                &access.principal,
                &operations,
                resources,
                &context,
                &access.limits,
            );
            match found {
                Ok(ActionExcess::None) => return,
                Ok(ActionExcess::Excess { .. }) if attempt == MOST => {
                    let reason = format!("more than {MOST} statements allow it; the rest is not listed");
                    return self.not_checked(what(), reason, answers);
                }
                Ok(ActionExcess::Excess { action, resource, statement: of }) => {
                    self.found(&policies, &action, &resource, of, at, answers);
                    let Some(of) = of else { return };
                    statement::disarm(&mut policies, of);
                }
                Ok(ActionExcess::Undecided { why, .. }) => {
                    let why = match why {
                        Undecided::Conditional { uncertainties, .. } => {
                            statement::open_questions(&policies, &uncertainties)
                        }
                        Undecided::TooComplex => {
                            "the policies are too complex to be compared in full".to_owned()
                        }
                    };
                    return self.not_checked(what(), why, answers);
                }
                Err(error) => return self.not_checked(what(), error.to_string(), answers),
            }
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

    fn found(
        &self,
        policies: &PolicySet,
        action: &Witness,
        resource: &Witness,
        of: Option<StatementRef>,
        at: Option<&Place>,
        answers: &mut Answers,
    ) {
        let access = self.access;
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
