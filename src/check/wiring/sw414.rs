//! SW414: a role is allowed what the contract denies it.

use super::access::Access;
use super::allowing::{Allowing, MAX_STATEMENTS, allowing};
use super::expectation::Denied;
use super::own::Own;
use super::{Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{Gap, Key, ManagedSecret, Seen};
use seaworthy_iam::{
    Arn, Decision, Glob, Language, PolicySet, Request, ResourceRule, StatementRef, Witness, evaluate,
    known_actions,
};

/// SW414.
pub struct DeniedAccess;

const META: CheckMeta = CheckMeta {
    id: "SW414",
    name: "denied-access",
    summary: "A role is allowed an action on a resource that the contract denies it ([[roles.denied]]).",
    why: "The contract says what the role must never do: delete a production table, write where it only reads, pass a role. The answer is a proof over all actions and resources, not a sample.",
    fix: "Take the action or the resource out of the statement, or deny it in a policy of the role.",
    example: Example {
        fails: hidden!(
            r#"# the contract: [[roles.denied]] actions = ["dynamodb:PutItem"], resources = ["…:table/orders"]
"Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders""#
        ),
        mended: r#""Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": "arn:aws:dynamodb:eu-west-1:111122223333:table/carts""#,
        silent: "Roles without [[roles.denied]].",
    },
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
                // A `*` for a region or an account means one, not whatever follows.
                let resources = denied.resources.iter().flat_map(|text| meant(wiring, text));
                let resources = Language::union(resources.map(|text| Language::arns(&text)));
                let actions = denied.actions.iter().map(|text| text.to_lowercase());
                let operations = Language::union(actions.map(|text| Language::from(text.as_str())));
                Asked { wiring, context, access, denied, resources, operations }.judge(answers);
            }
        });
    }
}

/// What the contract means by a resource: what it says, and with the region and account that are looked at where it leaves
/// them out. S3 has buckets without either, and other things with them.
fn meant(wiring: &Wiring<'_>, resource: &str) -> Vec<String> {
    let mut all = vec![resource.to_owned()];
    if let Some(arn) = Arn::parse(resource).filter(|arn| arn.account.is_empty() && arn.service != "s3") {
        let here = Arn { account: wiring.placement.account(), ..arn };
        all.push(here.to_string());
        if here.region.is_empty() {
            all.push(Arn { region: wiring.placement.region(), ..here }.to_string());
        }
    }
    all
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
    /// The entry's resources.
    resources: Language,
    /// The entry's actions, in lower case.
    operations: Language,
}

/// What one statement allows.
struct Allowed {
    /// A shortest action, in lower case.
    action: Witness,
    /// A shortest resource.
    resource: Witness,
    /// The statement.
    of: Option<StatementRef>,
    /// All its actions that the entry denies, as it writes them.
    all: Vec<String>,
}

impl Asked<'_, '_> {
    fn judge(&self, answers: &mut Answers) {
        // A resource's policy that no one saw is taken to leave the decision to the role's own.
        let own = PolicySet { resource_rule: ResourceRule::Either, ..self.access.policies.clone() };
        self.ask(own, &self.resources, None, answers);
        if self.is_about("secretsmanager") {
            for (name, secret) in &self.wiring.snapshot.secrets {
                self.policy_of_secret(name, secret, answers);
            }
        }
        if self.is_about("kms") {
            for (name, key) in &self.wiring.snapshot.keys {
                self.policy_of_key(name, key, answers);
            }
            for arn in self.wiring.keys_with_grants_alone() {
                self.policy_of(
                    &format!("grants of the key {arn}"),
                    &arn,
                    &self.wiring.grants_on(&arn),
                    answers,
                );
            }
            if self.wiring.unresolved_grants().next().is_some() {
                let reason = "which key it is about is known only after apply";
                self.not_checked("a grant".to_owned(), reason.to_owned(), answers);
            }
        }
        for resource in &self.denied.resources {
            self.unseen_policy(resource, answers);
        }
    }

    fn policy_of_secret(&self, name: &str, secret: &Seen<ManagedSecret>, answers: &mut Answers) {
        let what = format!("the policy of the secret {name}");
        match secret {
            Seen::Absent => {}
            Seen::NotSeen(gap) => self.unseen_thing("secretsmanager", name, (&what, gap), answers),
            Seen::Value(secret) => {
                let (arn, own) = (self.wiring.secret_arn(secret), self.wiring.policy_of_secret(secret));
                self.policy_of(&what, &arn, &own, answers);
            }
        }
    }

    fn policy_of_key(&self, name: &str, key: &Seen<Key>, answers: &mut Answers) {
        let what = format!("the policy of the key {name}");
        match key {
            Seen::Absent => {}
            Seen::NotSeen(gap) => self.unseen_thing("kms", name, (&what, gap), answers),
            Seen::Value(key) => {
                let (arn, own) = (self.wiring.key_arn(key), self.wiring.policy_of_key(key));
                self.policy_of(&what, &arn, &own, answers);
            }
        }
    }

    /// Tells of a secret or a key that was not seen, if the entry is about it.
    fn unseen_thing(&self, service: &str, name: &str, (what, gap): (&str, &Gap), answers: &mut Answers) {
        let resource = if service == "kms" { format!("key/{name}") } else { format!("secret:{name}-XXXXXX") };
        let made = || self.wiring.placement.arn(service, &resource);
        let arn = if Arn::is_meant(name) { name.to_owned() } else { made() };
        if self.resources.contains(&arn) {
            self.not_checked(what.to_owned(), gap.to_string(), answers);
        }
    }

    /// Asks the policy of a resource by itself, if the entry is about that resource.
    fn policy_of(&self, what: &str, arn: &str, own: &Own<'_>, answers: &mut Answers) {
        if !self.resources.contains(arn) {
            return;
        }
        if let Some(gap) = &own.gap {
            self.not_checked(what.to_owned(), gap.to_string(), answers);
        }
        if let Some(alone) = own.alone(&self.access.policies) {
            self.ask(alone, &Language::from(arn), Some(own), answers);
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
        let named =
            Language::union(meant(self.wiring, resource).iter().map(|text| Language::from(text.as_str())));
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

    /// Names every statement that allows the denied actions on some of `resources`. Where the entry is about everything,
    /// ARNs are asked about first: they say more to a reader than `*`.
    fn ask(
        &self,
        mut policies: PolicySet,
        resources: &Language,
        at: Option<&Own<'_>>,
        answers: &mut Answers,
    ) {
        let universes = if self.denied.resources.iter().any(|resource| resource == "*") {
            let partition = self.wiring.placement.partition();
            let arns = Arn { partition, service: "*", region: "*", account: "*", resource: "?*" }.to_string();
            let arns = Language::from(arns.as_str());
            let all = Language::union([arns.clone(), Language::glob(Glob::literal("*"))]);
            [arns, all].map(|of| Language::intersection([of, resources.clone()])).to_vec()
        } else {
            vec![resources.clone()]
        };
        // What the last question leaves open counts: it is about all that the others are about.
        let mut doubt = None;
        for universe in &universes {
            doubt = self.ask_on(&mut policies, universe, at, answers);
        }
        if let Some(why) = doubt {
            let what = format!("whether {} is allowed {}", self.access.name, self.shown());
            self.not_checked(what, why, answers);
        }
    }

    /// Names statements one after the other, and takes them out; the answer is why not all could be told.
    fn ask_on(
        &self,
        policies: &mut PolicySet,
        resources: &Language,
        at: Option<&Own<'_>>,
        answers: &mut Answers,
    ) -> Option<String> {
        let (access, asked) = (self.access, (&self.operations, resources));
        let context = self.wiring.context(&access.principal);
        allowing(access, policies, asked, &context, &mut |policies, one| {
            let Allowing { action, resource, statement: of, context } = one;
            let all = of.map(|of| statement::allowed_actions(access, policies, of, asked, &context));
            let all = all.unwrap_or_default();
            self.found(policies, &Allowed { action, resource, of, all }, at, answers);
        })
    }

    fn shown(&self) -> String {
        format!("{} on {}", self.denied.actions.join(", "), self.denied.resources.join(", "))
    }

    /// Whether one action is allowed on one resource.
    fn is_allowed(&self, policies: &PolicySet, action: &str, resource: &str) -> bool {
        let context = self.wiring.context_on(&self.access.principal, resource);
        let account = Arn::account_of(resource).unwrap_or(self.wiring.placement.account());
        Request::new(&self.access.principal, action, resource, Some(account), context)
            .is_ok_and(|request| evaluate(policies, &request).decision == Decision::Allowed)
    }

    /// One action that AWS has and one resource by which a statement goes against the entry. A shortest ARN gets the account
    /// and region that are looked at, where it is one that may have them; where the data know no such action, a shortest one
    /// of the pattern stands for it.
    fn witness(&self, policies: &PolicySet, found: &Allowed) -> (String, String) {
        let (action, resource) = (&found.action.text, &found.resource.text);
        let place = self.wiring.placement;
        let service = action.split(':').next().unwrap_or_default();
        let filled = Arn::parse(resource).map(|arn| {
            let or = |given, own| if str::is_empty(given) { own } else { given };
            let (region, account) = (or(arn.region, place.region()), or(arn.account, place.account()));
            Arn { service: or(arn.service, service), region, account, ..arn }.to_string()
        });
        let filled = filled
            .filter(|filled| self.resources.contains(filled) && self.is_allowed(policies, action, filled));
        let resource = filled.unwrap_or_else(|| resource.clone());
        let statement = found.of.and_then(|of| policies.statement(of)).map(|(_, statement)| statement);
        let known = known_actions().filter(|known| {
            statement.is_none_or(|statement| statement::names_action(statement, known))
                && self.operations.contains(&known.to_lowercase())
        });
        let known = known.take(MAX_STATEMENTS).find(|known| self.is_allowed(policies, known, &resource));
        (known.unwrap_or_else(|| action.clone()), resource)
    }

    /// The actions as the contract writes them, or else as the policy does.
    fn actions(&self, policies: &PolicySet, found: &Allowed) -> String {
        let same = |written: &&String| written.eq_ignore_ascii_case(&found.action.text);
        if !found.all.is_empty() {
            return found.all.join(", ");
        }
        let statement = found.of.and_then(|of| policies.statement(of));
        self.denied.actions.iter().find(same).cloned().unwrap_or_else(|| {
            let own = || found.action.text.clone();
            statement.map_or_else(own, |(_, s)| statement::written(s, &found.action.text))
        })
    }

    fn found(&self, policies: &PolicySet, found: &Allowed, at: Option<&Own<'_>>, answers: &mut Answers) {
        let access = self.access;
        let Allowed { resource, of, .. } = found;
        let by = of.map_or_else(|| "its policies".to_owned(), |of| statement::described(policies, of));
        let own = || of.map_or_else(|| access.seen.place.clone(), |of| access.place(of));
        let at_resource = at.and_then(|at| at.place((*of)?)).cloned();
        let place = &at_resource.unwrap_or_else(own);
        let actions = self.actions(policies, found);
        if let Some(boundary) = &access.unseen_boundary {
            let what = format!("whether {} is allowed {actions} on {resource}", access.name);
            let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
            return self.not_checked(what, reason, answers);
        }
        let reason = &self.denied.reason;
        let message = format!(
            "{} is allowed {actions} on {resource} by {by}, and the contract denies it {}: {reason}",
            access.name,
            self.shown()
        );
        let (witness, resource) = self.witness(policies, found);
        let mut notes = vec![format!("{witness} on {resource}")];
        let context = self.wiring.context_on(&access.principal, &resource);
        // What a resource's own policy allows is not followed through the layers of the role.
        let own = at.is_none().then_some(&access.policies);
        notes.extend(own.and_then(|own| access.unstopped(own, &witness, &resource, context)));
        notes.extend(
            access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what)),
        );
        let [policy, sid] = of.map_or_else(Default::default, |of| statement::identity(policies, of));
        answers.findings.push(
            Finding::build(&META, self.wiring.origin(place), message)
                .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
                .notes(notes)
                .named(self.context.key, &[access.name, &policy, &sid, &self.shown()]),
        );
    }

    fn not_checked(&self, what: String, reason: String, answers: &mut Answers) {
        let origin = self.wiring.origin(&self.access.seen.place);
        answers.not_checked.push(self.wiring.not_checked(&META, origin, what, reason));
    }
}
