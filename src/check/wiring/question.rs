//! One question about one role, answered for people.

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
pub fn ask(
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
    let (policies, missing) = with_resource_policy(wiring, &access.policies, &resource);
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
    resource: &str,
) -> (PolicySet, Option<String>) {
    let mut policies = policies.clone();
    let mut missing = None;
    let secrets = wiring.snapshot.secrets.values().filter_map(Seen::value);
    let of_secret = secrets.filter(|s| wiring.secret_arn(s) == resource).map(|s| &s.policy).next();
    let keys = wiring.snapshot.keys.values().filter_map(Seen::value);
    let of_key = keys.filter(|k| wiring.key_arn(k) == resource).map(|k| &k.policy).next();
    match of_secret.or(of_key) {
        Some(Seen::Value(document)) => match wiring.policy("the resource's policy", document) {
            Ok(policy) => policies.resource = Some(policy),
            Err(gap) => missing = Some(format!("the resource's policy: {gap}")),
        },
        Some(Seen::NotSeen(gap)) => missing = Some(format!("the resource's policy was not seen: {gap}")),
        // New keys leave the decision to the account's policies.
        Some(Seen::Absent) => policies.resource_rule = ResourceRule::Either,
        None if resource.contains(":kms:") && resource.contains(":key/") => {
            policies.resource_rule = ResourceRule::Either;
            missing = Some("the key's policy was not seen".to_owned());
        }
        None if resource.contains(":secretsmanager:") => {
            missing = Some("the secret's policy was not seen".to_owned());
        }
        None => {}
    }
    if missing.is_some() {
        policies.resource_rule = ResourceRule::Either;
    }
    (policies, missing)
}
