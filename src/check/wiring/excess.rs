//! What a role can read beyond a set: every reading action, on all resources at once.
//!
//! `secretsmanager:BatchGetSecretValue` is not asked about by itself: it reads only what `GetSecretValue` is allowed on.
//! `ssm:GetParameterHistory` of a parameter that is in the set is no excess: it returns older values of the same secret.
//! `ssm:GetParametersByPath` is one on every path: it returns what will ever be created below it.

use std::collections::BTreeSet;

use super::Wiring;
use super::access::Access;
use super::own::Own;
use super::{region, statement};
use seaworthy_aws::{Place, Seen};
use seaworthy_iam::{
    Arn, Context, Language, PolicySet, Privilege, Query, ResourceRule, StatementRef, Undecided, Witness,
    parameter_universe, path_arn, path_universe, slashed_path_universe,
};

/// Statements that are named for one action at most.
const MAX_STATEMENTS: usize = 32;
/// What uses a key to read.
const DECRYPT: &str = "kms:Decrypt";
/// Stands in the address of a grant.
const GRANT: &str = "aws_kms_grant.";

/// What may be read, by the kind of thing.
pub(super) struct Permitted {
    pub(super) parameters: Language,
    /// The same names in every region.
    pub(super) parameters_anywhere: Language,
    /// The same names in every region and account.
    pub(super) parameters_in_all_accounts: Language,
    pub(super) paths: Language,
    pub(super) secrets: Language,
    /// The same names in every account.
    pub(super) secrets_anywhere: Language,
    pub(super) keys: Language,
}

/// Something that can be read and is not permitted.
#[derive(Clone)]
pub(super) struct Reach {
    /// The action.
    pub(super) action: &'static str,
    /// A shortest resource.
    pub(super) witness: Witness,
    /// The statement that allows it.
    pub(super) statement: Option<StatementRef>,
    /// Where the statement is that of the thing's own policy: whose.
    pub(super) owner: Option<Owner>,
    /// Whether it is only the same name in another region.
    pub(super) elsewhere: bool,
}

/// A thing whose own policy lets a role in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    /// What it is: `secret`, `key`.
    pub(super) noun: &'static str,
    /// Its name.
    pub(super) name: String,
    /// The grant of the key that does it, if it is not the policy.
    pub(super) grant: Option<String>,
    /// Where that is told of.
    pub(super) place: Option<Place>,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.grant {
            Some(grant) => write!(f, "the grant {grant} of the {} {}", self.noun, self.name),
            None => write!(f, "the policy of the {} {}", self.noun, self.name),
        }
    }
}

/// A question that has no answer.
#[derive(Clone)]
pub(super) struct Doubt {
    /// The action.
    pub(super) action: &'static str,
    /// The resource on which the answer hangs, where there is one.
    pub(super) resource: Option<String>,
    /// Why.
    pub(super) why: String,
}

/// What a role can read beyond what is permitted, and what cannot be told.
#[derive(Clone, Default)]
pub(super) struct Excesses {
    pub(super) found: Vec<Reach>,
    pub(super) doubts: Vec<Doubt>,
}

/// One question: an action, over all resources of a kind, without those that are permitted.
pub(super) struct Question<'q> {
    pub(super) action: &'static str,
    pub(super) universe: &'q Language,
    pub(super) permitted: &'q Language,
    pub(super) context: Context,
    pub(super) elsewhere: bool,
}

/// Everything that the role can read beyond what is permitted.
pub(super) fn reading(wiring: &Wiring<'_>, access: &Access<'_>, permitted: &Permitted) -> Excesses {
    let place = wiring.placement;
    let (p, r, a) = (place.partition(), place.region(), place.account());
    let (here, paths) = (parameter_universe(p, r, a), path_universe(p, r, a));
    // The wildcard of a region must not run over a colon.
    let colons = Language::from("*:*:*:*:*:*:*");
    let there = parameter_universe(p, "?*", a).minus(&here).minus(&colons);
    let paths_there = path_universe(p, "?*", a).minus(&paths).minus(&colons);
    let context = || wiring.context(&access.principal);
    // A request is made in the region of what it is about.
    let context_here = || wiring.context_on(&access.principal, &path_arn(p, r, a, "/"));
    let mut all = Excesses::default();
    let mut policies = access.policies.clone();
    let via_services = names_key(&access.policies, "aws:viaawsservice");
    let mut ask_in = |context, action, universe: &Language, permitted: &Language, elsewhere| {
        let question = Question { action, universe, permitted, context, elsewhere };
        add_excesses(access, &access.policies, &question, &mut all);
        if via_services {
            through_services(access, question, &mut all);
        }
    };
    // Every question is asked: one statement's excess may be accepted, and must not hide that of another.
    for action in ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParameterHistory"] {
        // The names that are permitted, in other regions, are a milder question than other names there.
        ask_in(context_here(), action, &here, &permitted.parameters, false);
        ask_in(context(), action, &there, &permitted.parameters_anywhere, false);
        ask_in(context(), action, &there, &permitted.parameters, true);
    }
    let action = "ssm:GetParametersByPath";
    ask_in(context_here(), action, &paths, &permitted.paths, false);
    ask_in(context(), action, &paths_there, &permitted.paths, false);
    let action = "secretsmanager:GetSecretValue";
    let (all_secrets, secrets_here) = (secrets(p, "?*", a), secrets(p, r, a));
    ask_in(context_here(), action, &secrets_here, &permitted.secrets, false);
    ask_in(context(), action, &all_secrets.minus(&secrets_here), &permitted.secrets, false);
    let slashed = slashed_path_universe(p, "?*", a).minus(&colons);
    let why = "on which ARN a path with a slash at its end is authorised is not documented";
    unsure(access, "ssm:GetParametersByPath", &slashed, &permitted.paths, context(), why, &mut all);
    let others = secrets(p, "?*", "?*").minus(&all_secrets);
    foreign(access, action, &others, (&permitted.secrets, &permitted.secrets_anywhere), context(), &mut all);
    // A parameter of another account can be shared with this one.
    let others = parameter_universe(p, "?*", "?*").minus(&parameter_universe(p, "?*", a)).minus(&colons);
    for action in ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParameterHistory"] {
        let permitted = (&permitted.parameters, &permitted.parameters_in_all_accounts);
        foreign(access, action, &others, permitted, context(), &mut all);
    }
    let keys = arns(Arn { partition: p, service: "kms", region: "?*", account: a, resource: "key/?*" })
        .minus(&colons);
    // A key that no one saw is taken to leave the decision to the account's policies, as new keys do.
    policies.resource_rule = ResourceRule::Either;
    for service in DECRYPTED_THROUGH {
        let context = decrypt_context(wiring, context(), service);
        let (universe, permitted) = (&keys, &permitted.keys);
        let question = Question { action: DECRYPT, universe, permitted, context, elsewhere: false };
        add_excesses(access, &policies, &question, &mut all);
    }
    resource_policies(wiring, access, permitted, &mut all);
    key_policies(wiring, access, permitted, &mut all);
    dedup(&mut all);
    all
}

/// The ARNs that a pattern means.
fn arns(pattern: Arn<'_>) -> Language {
    Language::from(pattern.to_string().as_str())
}

/// The ARNs of all secrets of an account and region: six colons, and six random characters at the end.
fn secrets(partition: &str, region: &str, account: &str) -> Language {
    let all =
        arns(Arn { partition, service: "secretsmanager", region, account, resource: "secret:?*-??????" });
    all.minus(&Language::from("*:*:*:*:*:*:*:*"))
}

/// Of what is in another account, that account's policy decides, too; no one sees it from here. `permitted` is what is
/// permitted here, and the same names in every account: those are a milder question where the account is a wildcard.
fn foreign(
    access: &Access<'_>,
    action: &'static str,
    universe: &Language,
    (permitted, anywhere): (&Language, &Language),
    context: Context,
    all: &mut Excesses,
) {
    let why = "the policy of what is in another account decides, too, and is not seen from here";
    unsure(access, action, universe, anywhere, context.clone(), why, all);
    let told = all.found.len();
    let question = Question { action, universe, permitted, context, elsewhere: true };
    add_excesses(access, &access.policies, &question, all);
    for reach in all.found.split_off(told) {
        let told = all.found.iter().any(|r| r.action == action && r.statement == reach.statement);
        let account = Arn::account_of(&reach.witness.text).unwrap_or_default();
        let is_named = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        match (told, is_named) {
            (true, _) => {}
            // A statement that names the other account means it.
            (false, true) => {
                let resource = Some(reach.witness.shown);
                all.doubts.push(Doubt { action, resource, why: why.to_owned() });
            }
            (false, false) => all.found.push(reach),
        }
    }
}

/// What is found there is not sure, for this reason.
fn unsure(
    access: &Access<'_>,
    action: &'static str,
    universe: &Language,
    permitted: &Language,
    context: Context,
    why: &str,
    all: &mut Excesses,
) {
    let told = all.found.len();
    let question = Question { action, universe, permitted, context, elsewhere: false };
    add_excesses(access, &access.policies, &question, all);
    let found = all.found.split_off(told);
    // A statement that reads too much here is told of already.
    let told: Vec<_> = all.found.iter().filter(|r| r.action == action).map(|r| r.statement).collect();
    let found = found.into_iter().filter(|reach| !told.contains(&reach.statement));
    all.doubts.extend(found.map(|reach| Doubt {
        action,
        resource: Some(reach.witness.shown),
        why: why.to_owned(),
    }));
}

/// A role can make services act for it, and their requests have `aws:ViaAWSService` true: what only such a request may do
/// is a doubt.
fn through_services(access: &Access<'_>, mut question: Question<'_>, all: &mut Excesses) {
    question.context.set_unknown("aws:ViaAWSService");
    let mut through = Excesses::default();
    add_excesses(access, &access.policies, &question, &mut through);
    let told = |of: &Option<StatementRef>| {
        all.found.iter().any(|r| r.action == question.action && r.statement == *of)
    };
    if through.found.iter().all(|reach| told(&reach.statement)) {
        all.doubts.append(&mut through.doubts);
    }
}

/// Whether a condition of a policy asks for a key, which is in lower case.
fn names_key(policies: &PolicySet, key: &str) -> bool {
    statement::binding(policies).iter().flat_map(|s| &s.conditions).any(|c| c.key() == key)
}

/// Adds all statements that answer the question with an excess, one after the other.
pub(super) fn add_excesses(
    access: &Access<'_>,
    policies: &PolicySet,
    question: &Question<'_>,
    all: &mut Excesses,
) {
    let Question { action, universe, permitted, context, elsewhere } = question;
    let service = region::service_of(action);
    for (universe, context) in access.by_region(policies, service, universe, context) {
        let (universe, elsewhere) = (&universe, *elsewhere);
        ask_at_once(access, policies, &Question { action, universe, permitted, context, elsewhere }, all);
    }
}

/// The same where every request is made in one region, or in any.
fn ask_at_once(access: &Access<'_>, policies: &PolicySet, question: &Question<'_>, all: &mut Excesses) {
    let Question { action, universe, permitted, context, elsewhere } = question;
    let mut policies = policies.clone();
    for attempt in 0..=MAX_STATEMENTS {
        let doubt = |resource: Option<String>, why: String| Doubt { action, resource, why };
        let query = match Query::new(&policies, &access.principal, action, None, context.clone()) {
            Ok(query) => query.with_limits(access.limits.clone()),
            Err(error) => {
                all.doubts.push(doubt(None, error.to_string()));
                return;
            }
        };
        match query.excess(universe, permitted) {
            Privilege::Exact => return,
            Privilege::Excess(_) if attempt == MAX_STATEMENTS => {
                all.doubts.push(doubt(
                    None,
                    format!("more than {MAX_STATEMENTS} statements allow it; the rest is not listed"),
                ));
                return;
            }
            Privilege::Excess(excess) => {
                let statement = excess.statement;
                all.found.push(Reach {
                    action,
                    witness: excess.witness,
                    statement,
                    owner: None,
                    elsewhere: *elsewhere,
                });
                let Some(of) = statement else { return };
                statement::disarm(&mut policies, of);
            }
            Privilege::Undecided(Undecided::TooComplex) => {
                all.doubts
                    .push(doubt(None, "the policies are too complex to be compared in full".to_owned()));
                return;
            }
            Privilege::Undecided(Undecided::Conditional { witness, uncertainties }) => {
                // What hangs on statements that are told of already is told; other statements are not.
                let told = |of: &StatementRef| {
                    all.found.iter().any(|r| r.action == *action && r.statement == Some(*of))
                };
                let open: Option<Vec<StatementRef>> =
                    uncertainties.iter().map(|u| u.statement.filter(|of| told(of))).collect();
                if let Some(open) = open.filter(|open| !open.is_empty()) {
                    open.into_iter().for_each(|of| statement::disarm(&mut policies, of));
                    continue;
                }
                let why = statement::open_questions(&policies, &uncertainties);
                all.doubts.push(doubt(Some(witness.shown), why));
                return;
            }
        }
    }
}

/// A secret's own policy can let a role in that no identity policy does.
fn resource_policies(wiring: &Wiring<'_>, access: &Access<'_>, permitted: &Permitted, all: &mut Excesses) {
    for (name, secret) in &wiring.snapshot.secrets {
        let Seen::Value(secret) = secret else { continue };
        let arn = wiring.secret_arn(secret);
        if permitted.secrets.contains(&arn) {
            continue;
        }
        let thing = Thing {
            noun: "secret",
            name,
            asked: ("secretsmanager:GetSecretValue", arn.as_str(), &permitted.secrets),
            contexts: vec![wiring.context_on(&access.principal, &arn)],
        };
        own_policy(access, &thing, &wiring.policy_of_secret(secret), all);
    }
}

/// A key's own policy, or a grant of it, can let a role decrypt that no identity policy does. A policy that leaves the
/// decision to the account's policies does not.
fn key_policies(wiring: &Wiring<'_>, access: &Access<'_>, permitted: &Permitted, all: &mut Excesses) {
    let contexts = |arn: &str| {
        DECRYPTED_THROUGH
            .map(|service| decrypt_context(wiring, wiring.context_on(&access.principal, arn), service))
            .to_vec()
    };
    let mut ask_key = |name: &str, arn: &str, own: &Own<'_>| {
        let asked = (DECRYPT, arn, &permitted.keys);
        own_policy(access, &Thing { noun: "key", name, asked, contexts: contexts(arn) }, own, all);
    };
    // A snapshot lists a key under each of its names.
    let mut seen = BTreeSet::new();
    for (name, key) in &wiring.snapshot.keys {
        let Seen::Value(key) = key else { continue };
        let arn = wiring.key_arn(key);
        if !key.aws_managed && !permitted.keys.contains(&arn) && seen.insert(arn.clone()) {
            ask_key(name, &arn, &wiring.policy_of_key(key));
        }
    }
    for arn in wiring.keys_with_grants_alone() {
        if !permitted.keys.contains(&arn) {
            ask_key(&arn, &arn, &wiring.grants_on(&arn));
        }
    }
    let own = wiring.grants_on_unknown_keys();
    all.doubts.extend(own.gap.as_ref().map(|gap| Doubt {
        action: DECRYPT,
        resource: None,
        why: format!("a grant on a key that is not known was not seen: {gap}"),
    }));
    let Some(policies) = own.alone(&access.policies) else { return };
    let place = wiring.placement;
    let any =
        Arn { partition: place.partition(), service: "kms", region: "?*", account: "?*", resource: "key/?*" };
    let (universe, nothing) = (arns(any), Language::nothing());
    let mut through = Excesses::default();
    for context in contexts("*") {
        let (action, permitted) = (DECRYPT, &nothing);
        let question = Question { action, universe: &universe, permitted, context, elsewhere: false };
        add_excesses(access, &policies, &question, &mut through);
    }
    all.doubts.extend((!through.found.is_empty() || !through.doubts.is_empty()).then(|| Doubt {
        action: DECRYPT,
        resource: None,
        why: "a grant allows it, and which key the grant is about is known only after apply".to_owned(),
    }));
}

/// A thing whose own policy is asked.
struct Thing<'q> {
    noun: &'static str,
    name: &'q str,
    /// The action, the thing's ARN, and what is permitted.
    asked: (&'static str, &'q str, &'q Language),
    contexts: Vec<Context>,
}

/// What a thing's own policy lets a role do with it.
fn own_policy(access: &Access<'_>, thing: &Thing<'_>, own: &Own<'_>, all: &mut Excesses) {
    let (action, arn, permitted) = thing.asked;
    if let Some(gap) = &own.gap {
        let why = format!("the policy of the {} was not seen: {gap}", thing.noun);
        all.doubts.push(Doubt { action, resource: Some(arn.to_owned()), why });
    }
    let Some(policies) = own.alone(&access.policies) else { return };
    let universe = Language::from(arn);
    // Statements are told apart by their number, which those of another thing's policy have, too.
    let mut found = Excesses::default();
    for context in &thing.contexts {
        let context = context.clone();
        let question = Question { action, universe: &universe, permitted, context, elsewhere: false };
        add_excesses(access, &policies, &question, &mut found);
    }
    all.doubts.append(&mut found.doubts);
    let owner = |of: Option<StatementRef>| {
        let place = of.and_then(|of| own.place(of)).cloned();
        let grant = place.as_ref().filter(|place| place.address.contains(GRANT)).map(|p| p.address.clone());
        Owner { noun: thing.noun, name: thing.name.to_owned(), grant, place }
    };
    all.found
        .extend(found.found.into_iter().map(|reach| Reach { owner: Some(owner(reach.statement)), ..reach }));
}

/// The services through which a role may decrypt, and nothing for a call of its own.
const DECRYPTED_THROUGH: [Option<&str>; 3] = [Some("ssm"), Some("secretsmanager"), None];

/// What is known of a request to decrypt, directly or through a service.
fn decrypt_context(wiring: &Wiring<'_>, mut context: Context, service: Option<&str>) -> Context {
    let place = wiring.placement;
    let via = service.map(|s| format!("{s}.{}.{}", place.region(), place.suffix()));
    // Decrypt can be called directly, too: then the key is absent.
    context.set("kms:ViaService", via.iter().cloned().collect());
    if service.is_some() && place.partition() == "aws-cn" {
        // Which of its two suffixes a service's name has there is not documented.
        context.set_unknown("kms:ViaService");
    }
    context.set("aws:ViaAWSService", vec![via.is_some().to_string()]);
    if let Some(account) = place.known_account() {
        context.set("kms:CallerAccount", vec![account.to_owned()]);
    }
    context
}

/// The same statement answers for `Decrypt` through each service; the first answer is enough, and so is the first doubt.
pub(super) fn dedup(all: &mut Excesses) {
    let mut seen = Vec::new();
    all.found.retain(|reach| {
        let key = (reach.action, reach.statement, reach.owner.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    let mut seen = Vec::new();
    all.doubts.retain(|doubt| {
        let key = (doubt.action, doubt.why.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
}
