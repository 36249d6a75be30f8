//! The smallest policy that lets a role read what it requires, ready to paste.

use serde_json::{Value, json};

use super::Wiring;
use super::key::KeyUse;
use super::target::Target;

/// The policy as JSON; nothing if nothing is required.
pub(super) fn smallest_policy(wiring: &Wiring<'_>, targets: &[Target<'_>]) -> Option<String> {
    let mut statements: Vec<Value> = Vec::new();
    for parameters in [true, false] {
        let of_kind = || targets.iter().filter(|t| t.is_parameter() == parameters);
        let arns: Vec<&str> = of_kind().map(|t| t.arn.as_str()).collect();
        if arns.is_empty() {
            continue;
        }
        let (sid, actions, service) = match parameters {
            true => ("ReadParameters", vec!["ssm:GetParameter", "ssm:GetParameters"], "ssm"),
            false => ("ReadSecrets", vec!["secretsmanager:GetSecretValue"], "secretsmanager"),
        };
        statements.push(json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": arns}));
        let mut keys: Vec<String> = of_kind()
            .filter_map(|t| match wiring.key_of(t) {
                KeyUse::Customer { arn, .. } => Some(arn),
                KeyUse::Open | KeyUse::Unknown(_) => None,
            })
            .collect();
        keys.sort();
        keys.dedup();
        if !keys.is_empty() {
            let via = format!("{service}.{}.{}", wiring.placement.region(), wiring.placement.suffix());
            statements.push(json!({
                "Sid": if parameters { "DecryptParameters" } else { "DecryptSecrets" },
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": keys,
                "Condition": {"StringEquals": {"kms:ViaService": via}},
            }));
        }
    }
    if statements.is_empty() {
        return None;
    }
    serde_json::to_string_pretty(&json!({"Version": "2012-10-17", "Statement": statements})).ok()
}

/// The remedy as the end of a finding's fix.
pub(super) fn advice(wiring: &Wiring<'_>, targets: &[Target<'_>]) -> String {
    match smallest_policy(wiring, targets) {
        Some(policy) => format!("This is all that the role needs to read its secrets:\n{policy}"),
        None => "The contract requires no secret for this role: take every reading action away.".to_owned(),
    }
}
