//! One question about one role, answered for people.

use super::own::Own;
use super::{Role, Wiring};
use seaworthy_aws::Seen;
use seaworthy_iam::{Arn, Decision, PolicySet, Request, ResourceRule, evaluate, parameter_arn};

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is allowed; nothing if no one can say.
    pub allowed: Option<bool>,
    /// Who asks: the role's ARN.
    pub principal: String,
    /// The resource's ARN.
    pub resource: String,
    /// Why, in one sentence.
    pub reason: String,
    /// What is not known and would settle it.
    pub open: Vec<String>,
}

/// Whether the role may do something to a resource. A resource that begins with `/` is the name of a parameter.
///
/// # Errors
/// A sentence that tells why the question is none.
pub fn answer_question(
    wiring: &Wiring<'_>,
    role: &str,
    action: &str,
    resource: &str,
    given: &[(String, String)],
) -> Result<Answer, String> {
    let name = role.split_once(":role/").map_or(role, |(_, path)| path.rsplit('/').next().unwrap_or(path));
    let role = Role::of_task(name.to_owned());
    let access = match wiring.access(&role) {
        Seen::Value(access) => access,
        Seen::Absent => return Err(format!("there is no role {name}")),
        Seen::NotSeen(gap) => return Err(format!("the role {name} was not seen: {gap}")),
    };
    let (p, r, a) = (wiring.placement.partition(), wiring.placement.region(), wiring.placement.account());
    let resource =
        if resource.starts_with('/') { parameter_arn(p, r, a, resource) } else { resource.to_owned() };
    let mut context = wiring.context_on(&access.principal, &resource);
    let mut keys: Vec<&str> = given.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    for key in keys {
        let values = given.iter().filter(|(k, _)| k == key).map(|(_, value)| value.clone()).collect();
        context.set(key, values);
    }
    let (policies, missing) = with_resource_policy(wiring, &access.policies, action, &resource);
    let account = Arn::account_of(&resource);
    let request = Request::new(&access.principal, action, &resource, account, context)
        .map_err(|error| error.to_string())?;
    let evaluation = evaluate(&policies, &request);
    let explanation = evaluation.explain(&policies, &request);
    let mut unseen: Vec<String> =
        access.unseen.iter().map(|m| format!("{} was not seen: {}", m.what, m.gap)).collect();
    unseen.extend(missing);
    let boundary = access.unseen_boundary.as_ref().map(|m| format!("{} was not seen: {}", m.what, m.gap));
    let (allowed, open) = match evaluation.decision {
        Decision::ExplicitlyDenied => (Some(false), Vec::new()),
        Decision::Allowed => {
            unseen.extend(boundary);
            (unseen.is_empty().then_some(true), unseen)
        }
        Decision::ImplicitlyDenied => (unseen.is_empty().then_some(false), unseen),
        Decision::Unknown => {
            let causes = explanation.unknown.iter().map(|open| match &open.statement {
                Some(place) => format!("{} ({place})", open.cause),
                None => open.cause.clone(),
            });
            (None, causes.chain(unseen).chain(boundary).collect())
        }
    };
    Ok(Answer { allowed, principal: access.principal, resource, reason: explanation.text, open })
}

/// The policies with that of the resource, if it has one, and what of it was not seen.
fn with_resource_policy(
    wiring: &Wiring<'_>,
    policies: &PolicySet,
    action: &str,
    resource: &str,
) -> (PolicySet, Option<String>) {
    let mut policies = policies.clone();
    let own = own_policy(wiring, action, resource);
    let missing = match own {
        None => unseen_owner(action, resource),
        Some(own) => {
            policies.resource = own.policy;
            own.gap.map(|gap| format!("the resource's policy was not seen: {gap}"))
        }
    };
    // What no one saw is taken to leave the decision to the role's own policies.
    if missing.is_some() {
        policies.resource_rule = ResourceRule::Either;
    }
    (policies, missing)
}

/// The policy of the resource that is asked about, if a source has the resource and it is of a kind that has one.
fn own_policy<'a>(wiring: &Wiring<'a>, action: &str, resource: &str) -> Option<Own<'a>> {
    let snapshot = wiring.snapshot;
    let mut secrets = snapshot.secrets.values().filter_map(Seen::value);
    let mut keys = snapshot.keys.values().filter_map(Seen::value);
    let mut roles = snapshot.roles.iter().filter_map(|(name, role)| Some((name, role.value()?)));
    let is_asked = |(name, role): &(&String, &seaworthy_aws::Role)| {
        wiring.role_arn(name, role.arn.as_deref(), role.path.as_deref()) == resource
    };
    match Arn::parse(resource)?.service {
        "secretsmanager" => {
            secrets.find(|s| wiring.secret_arn(s) == resource).map(|s| wiring.policy_of_secret(s))
        }
        "kms" => keys.find(|k| wiring.key_arn(k) == resource).map(|k| wiring.policy_of_key(k)),
        "iam" if assumes(action) => roles.find(is_asked).map(|(_, role)| wiring.trust_of(role)),
        _ => None,
    }
}

/// Whether an action is one that a role's trust policy decides.
fn assumes(action: &str) -> bool {
    let action = action.to_lowercase();
    ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity"]
        .iter()
        .any(|begin| action.starts_with(begin))
}

/// What a source would have to tell of a resource that none has.
fn unseen_owner(action: &str, resource: &str) -> Option<String> {
    let arn = Arn::parse(resource)?;
    let what = match arn.service {
        "kms" if arn.resource.starts_with("key/") => "key's policy",
        "secretsmanager" => "secret's policy",
        "iam" if assumes(action) && arn.resource.starts_with("role/") => "trust policy of the role",
        _ => return None,
    };
    Some(format!("the {what} was not seen"))
}
