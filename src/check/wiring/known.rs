//! Secrets that are known by name and lie in an excess: those of the contract, and those of the snapshot.

use std::collections::BTreeSet;

use super::Wiring;
use super::access::Access;
use super::excess::{Permitted, Reach};
use super::statement;
use seaworthy_aws::{ParameterKind, Seen};
use seaworthy_iam::{
    self, Arn, Decision, Effect, Layer, PolicySet, READING_ACTIONS, Request, StatementRef, ancestors,
    evaluate, path_arn,
};

/// Names that a message gives; the rest is counted.
const MAX_NAMES: usize = 3;
/// Secrets of a snapshot that are asked about.
const ASKED: usize = 2_000;
/// Secrets that are tried for one other role.
const TRIED: usize = 200;

/// A secret that is known by name.
pub(super) struct Known {
    /// What people call it.
    pub(super) shown: String,
    arn: String,
    /// The name, with its slash, if it is a parameter.
    parameter: Option<String>,
}

/// The known secrets that a statement lets the role read beyond what is permitted, for a sentence; nothing if there are none.
pub(super) fn among(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    permitted: &Permitted,
    of: Option<StatementRef>,
    reaches: &[Reach],
) -> Option<String> {
    let policies = alone(&access.policies, of);
    let actions: BTreeSet<&str> = reaches.iter().filter(|r| !r.elsewhere).map(|r| r.action).collect();
    let mut found = known(wiring).iter().filter(|secret| {
        actions.iter().any(|action| {
            asked(wiring, secret, action, permitted).iter().any(|arn| {
                let context = wiring.context_on(&access.principal, arn);
                let account = Arn::account_of(arn);
                Request::new(&access.principal, action, arn, account, context)
                    .is_ok_and(|request| evaluate(&policies, &request).decision == Decision::Allowed)
            })
        })
    });
    let names: Vec<String> = found.by_ref().take(MAX_NAMES).map(|secret| secret.shown.clone()).collect();
    let more = match found.count() {
        0 => String::new(),
        more => format!(" and {more} more that are known"),
    };
    (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}

/// The policies, where this statement is the only one of the role's own that allows.
fn alone(policies: &PolicySet, of: Option<StatementRef>) -> PolicySet {
    let mut out = policies.clone();
    let Some(of) = of else { return out };
    for (policy, document) in policies.identity.iter().enumerate() {
        for (index, written) in document.statements.iter().enumerate() {
            let this = StatementRef { layer: Layer::Identity, level: 0, policy, statement: index };
            if this != of && written.effect == Effect::Allow {
                statement::disarm(&mut out, this);
            }
        }
    }
    out
}

/// The secrets of the contract, then those of the snapshot that are kept as secrets and the contract does not name.
fn known<'w>(wiring: &'w Wiring<'_>) -> &'w [Known] {
    wiring.known.get_or_init(|| all_known(wiring))
}

fn all_known(wiring: &Wiring<'_>) -> Vec<Known> {
    let own = wiring.targets().iter().map(|target| Known {
        shown: format!("{} ({})", target.secret.handle, target.name()),
        parameter: target.parameter_name(),
        arn: target.arn.clone(),
    });
    let mut all: Vec<Known> = own.collect();
    let mut seen: BTreeSet<String> = all.iter().map(|secret| secret.arn.clone()).collect();
    let (p, r, a) = (wiring.placement.partition(), wiring.placement.region(), wiring.placement.account());
    let parameters = wiring.snapshot.parameters.iter().filter_map(|(key, seen)| Some((key, seen.value()?)));
    let secret = |kind: &Seen<ParameterKind>| kind.value().is_none_or(|k| *k == ParameterKind::SecureString);
    let parameters = parameters.filter(|(_, p)| secret(&p.kind)).map(|(key, parameter)| Known {
        shown: parameter.name.clone(),
        // What is in another region or account stands under its ARN.
        arn: if Arn::is_meant(key) {
            key.clone()
        } else {
            seaworthy_iam::parameter_arn(p, r, a, &parameter.name)
        },
        parameter: Some(format!("/{}", parameter.name.trim_start_matches('/'))),
    });
    let secrets = wiring.snapshot.secrets.values().filter_map(Seen::value);
    let secrets = secrets.map(|secret| Known {
        shown: secret.name.clone(),
        arn: wiring.secret_arn(secret),
        parameter: None,
    });
    all.extend(parameters.chain(secrets).take(ASKED).filter(|secret| seen.insert(secret.arn.clone())));
    all
}

/// The first known secret that a role can read and that is not permitted; nothing where no one can say.
pub(super) fn readable_by(wiring: &Wiring<'_>, access: &Access<'_>, permitted: &Permitted) -> Option<String> {
    if access.unseen_boundary.is_some() {
        return None;
    }
    let allowed = |secret: &Known| {
        READING_ACTIONS.iter().any(|action| {
            asked(wiring, secret, action, permitted).iter().any(|arn| {
                let context = wiring.context_on(&access.principal, arn);
                let account = Arn::account_of(arn);
                Request::new(&access.principal, action, arn, account, context)
                    .is_ok_and(|request| evaluate(&access.policies, &request).decision == Decision::Allowed)
            })
        })
    };
    known(wiring).iter().take(TRIED).find(|secret| allowed(secret)).map(|secret| secret.shown.clone())
}

/// The first known secret that is not permitted.
pub(super) fn not_permitted(wiring: &Wiring<'_>, permitted: &Permitted) -> Option<String> {
    let beyond = |secret: &Known| match secret.parameter {
        Some(_) => !permitted.parameters.contains(&secret.arn),
        None => !permitted.secrets.contains(&secret.arn),
    };
    known(wiring).iter().find(|secret| beyond(secret)).map(|secret| secret.shown.clone())
}

/// The ARNs by which an action reads a secret that is not permitted.
fn asked(wiring: &Wiring<'_>, secret: &Known, action: &str, permitted: &Permitted) -> Vec<String> {
    let place = wiring.placement;
    match (&secret.parameter, action) {
        (Some(name), "ssm:GetParametersByPath") if !permitted.parameters.contains(&secret.arn) => {
            let paths = ancestors(name).into_iter();
            let arns = paths.map(|p| path_arn(place.partition(), place.region(), place.account(), &p));
            arns.filter(|arn| !permitted.paths.contains(arn)).collect()
        }
        (Some(_), "ssm:GetParameter" | "ssm:GetParameters" | "ssm:GetParameterHistory")
            if !permitted.parameters.contains(&secret.arn) =>
        {
            vec![secret.arn.clone()]
        }
        (None, "secretsmanager:GetSecretValue") if !permitted.secrets.contains(&secret.arn) => {
            vec![secret.arn.clone()]
        }
        _ => Vec::new(),
    }
}
