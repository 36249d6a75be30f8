//! The table of roles and secrets: who can read what, and who should.

use std::borrow::Cow;

use super::access::Access;
use super::excess::Permitted;
use super::sw403::{self, Readable};
use super::target::Target;
use super::{RoleKind, Wiring, sw404, sw405};
use crate::finding::{AccessColumn, AccessRow, AccessTable, Existence, Reading};
use seaworthy_aws::Seen;
use seaworthy_iam::{Arn, Decision, Effect, Request, ancestors, evaluate, path_arn};

/// Makes the table from the same questions that the checks ask.
pub fn access_table(wiring: &Wiring<'_>) -> AccessTable {
    let targets = wiring.targets();
    let roles = wiring.expectations.roles.iter().map(|role| {
        let kind = match role.kind {
            RoleKind::Task => "task",
            RoleKind::Execution => "execution",
        };
        let cells = match wiring.access(role) {
            Seen::Value(access) => {
                let permitted = match role.kind {
                    RoleKind::Task => sw404::permitted(wiring, &access).0,
                    RoleKind::Execution => sw405::permitted(wiring, &access),
                };
                targets.iter().map(|target| cell(wiring, &access, target, &permitted)).collect()
            }
            Seen::Absent => targets
                .iter()
                .map(|t| if requires(&role.requires, t) { Reading::Cannot } else { Reading::None })
                .collect(),
            Seen::NotSeen(_) => vec![Reading::Unknown; targets.len()],
        };
        AccessRow { handle: role.handle.clone(), role: role.name.clone(), kind, cells }
    });
    AccessTable { roles: roles.collect(), secrets: targets.iter().map(column).collect() }
}

fn requires(handles: &[String], target: &Target<'_>) -> bool {
    handles.contains(&target.secret.handle)
}

fn column(target: &Target<'_>) -> AccessColumn {
    let state = match target.there() {
        Seen::Value(()) if target.planned() => Existence::Planned,
        Seen::Value(()) => Existence::Exists,
        Seen::Absent => Existence::Absent,
        Seen::NotSeen(_) => Existence::Unknown,
    };
    AccessColumn { handle: target.secret.handle.clone(), kept: target.name().to_owned(), state }
}

fn cell(wiring: &Wiring<'_>, access: &Access<'_>, target: &Target<'_>, permitted: &Permitted) -> Reading {
    if requires(&access.role.requires, target) {
        return match sw403::readable(wiring, access, target) {
            Readable::Yes => Reading::Required,
            Readable::No(_) | Readable::Denied(_) => Reading::Cannot,
            Readable::Unknown(_) => Reading::Unknown,
        };
    }
    let allowed = match target.is_parameter() {
        true => permitted.parameters.contains(&target.arn),
        false => permitted.secrets.contains(&target.arn),
    };
    match reaches(wiring, access, target) {
        Decision::Allowed if access.unseen_boundary.is_some() => Reading::Unknown,
        Decision::Allowed if allowed => Reading::Allowed,
        Decision::Allowed => Reading::Excess,
        Decision::Unknown => Reading::Unknown,
        Decision::ImplicitlyDenied | Decision::ExplicitlyDenied if access.unseen.is_empty() => Reading::None,
        Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => Reading::Unknown,
    }
}

/// Whether any reading action reaches a secret, its key aside: the strongest answer.
fn reaches(wiring: &Wiring<'_>, access: &Access<'_>, target: &Target<'_>) -> Decision {
    let mut asked: Vec<(&str, String)> = Vec::new();
    match target.parameter_name() {
        Some(name) => {
            for action in ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParameterHistory"] {
                asked.push((action, target.arn.clone()));
            }
            if let Some(Arn { partition, region, account, .. }) = Arn::parse(&target.arn) {
                let paths = ancestors(&name).into_iter();
                asked.extend(
                    paths.map(|p| ("ssm:GetParametersByPath", path_arn(partition, region, account, &p))),
                );
            }
        }
        None => asked.push(("secretsmanager:GetSecretValue", target.arn.clone())),
    }
    let mut policies = Cow::Borrowed(&access.policies);
    if let super::target::Found::Secret(Seen::Value(secret)) = &target.found {
        match &secret.policy {
            Seen::Absent => {}
            Seen::NotSeen(_) => return Decision::Unknown,
            Seen::Value(document) => match wiring.policy("the secret's policy", document) {
                Ok(policy) => policies.to_mut().resource = Some(policy),
                Err(_) => return Decision::Unknown,
            },
        }
    }
    let mut answer = Decision::ImplicitlyDenied;
    // Most roles have nothing to do with most secrets: then nothing needs to be worked out.
    let may_allow = |action: &str, resource: &str| {
        let statements = policies.identity.iter().chain(&policies.resource).flat_map(|p| &p.statements);
        statements.filter(|s| s.effect == Effect::Allow).any(|s| s.may_be_about(action, resource))
    };
    for (action, resource) in asked.into_iter().filter(|(action, resource)| may_allow(action, resource)) {
        let account = Arn::account_of(&resource);
        let context = wiring.context_on(&access.principal, &resource);
        let decision = Request::new(&access.principal, action, &resource, account, context)
            .map_or(Decision::Unknown, |request| evaluate(&policies, &request).decision);
        match decision {
            Decision::Allowed => return Decision::Allowed,
            Decision::Unknown => answer = Decision::Unknown,
            Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => {}
        }
    }
    answer
}
