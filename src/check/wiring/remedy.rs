//! The smallest policy that lets a role read what it requires, ready to paste.

use serde_json::{Value, json};

use super::Wiring;
use super::access::Access;
use super::key::KeyUse;
use super::statement::described;
use super::target::Target;
use seaworthy_iam::StatementRef;

/// The policy as JSON, a line for each element; nothing if nothing is required.
fn smallest_policy(wiring: &Wiring<'_>, targets: &[&Target<'_>]) -> Option<String> {
    policy_of(&smallest_statements(wiring, targets))
}

/// A policy of these statements; nothing without any.
fn policy_of(statements: &[String]) -> Option<String> {
    let list = statements.join(",\n");
    (!statements.is_empty()).then(|| format!("{{\"Version\":\"2012-10-17\",\"Statement\":[\n{list}]}}"))
}

/// The statements of that policy, each as JSON.
fn smallest_statements(wiring: &Wiring<'_>, targets: &[&Target<'_>]) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for parameters in [true, false] {
        let of_kind = || targets.iter().filter(|t| t.is_parameter() == parameters);
        let arns: Vec<String> = of_kind().map(|t| resource(t)).collect();
        if arns.is_empty() {
            continue;
        }
        let (what, actions, service) = match parameters {
            true => ("Parameters", json!(["ssm:GetParameter", "ssm:GetParameters"]), "ssm"),
            false => ("Secrets", json!("secretsmanager:GetSecretValue"), "secretsmanager"),
        };
        statements.push(statement(&format!("Read{what}"), &actions, &arns, ""));
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
            let condition = format!(",\n\"Condition\":{}", json!({"StringEquals": {"kms:ViaService": via}}));
            statements.push(statement(&format!("Decrypt{what}"), &json!("kms:Decrypt"), &keys, &condition));
        }
    }
    statements
}

/// One statement, in the order in which people write it. No blanks: reports break lines there.
fn statement(sid: &str, actions: &Value, resources: &[String], condition: &str) -> String {
    let resources: Vec<String> = resources.iter().map(|arn| json!(arn).to_string()).collect();
    format!(
        "{{\"Sid\":\"{sid}\",\"Effect\":\"Allow\",\n\"Action\":{actions},\n\"Resource\":[{}]{condition}}}",
        resources.join(",\n")
    )
}

/// The ARN to write; a secret that is made by an apply gets its random characters then.
fn resource(target: &Target<'_>) -> String {
    match target.arn.strip_suffix("-XXXXXX") {
        Some(base) if !target.is_parameter() => format!("{base}-??????"),
        _ => target.arn.clone(),
    }
}

/// All that a role needs to read its secrets, as the end of a finding's fix.
pub(super) fn whole(wiring: &Wiring<'_>, targets: &[Target<'_>]) -> String {
    match smallest_policy(wiring, &targets.iter().collect::<Vec<_>>()) {
        Some(policy) => format!("This is all that the role needs to read its secrets:\n{policy}"),
        None => "The contract requires no secret for this role: take every reading action away.".to_owned(),
    }
}

/// What to write in the place of the statement that allows too much: whole statements, without those that the role has
/// elsewhere already.
pub(super) fn change(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    of: Option<StatementRef>,
    targets: &[Target<'_>],
) -> String {
    let Some(of) = of.filter(|of| access.written(*of).is_some()) else { return whole(wiring, targets) };
    let place = described(&access.policies, of);
    let wanted = smallest_statements(wiring, &targets.iter().collect::<Vec<_>>());
    if wanted.is_empty() {
        return format!(
            "The contract requires no secret for this role: take every reading action out of {place}."
        );
    }
    let others = access.written_beside(of);
    let missing: Vec<String> = wanted.into_iter().filter(|w| !others.iter().any(|o| covers(o, w))).collect();
    match policy_of(&missing) {
        None => format!(
            "The role's other statements allow what it requires: take every reading action out of {place}."
        ),
        Some(policy) => format!(
            "Take every reading action out of {place} and let the role read what it requires with this policy:\n{policy}"
        ),
    }
}

/// Whether a written statement names all that `wanted` does, and asks for no other condition.
fn covers(written: &Value, wanted: &str) -> bool {
    let Ok(wanted) = serde_json::from_str::<Value>(wanted) else { return false };
    let list = |statement: &Value, element: &str| -> Vec<String> {
        let of = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            // Names of resources differ by case.
            if element == "Resource" { text.to_owned() } else { text.to_ascii_lowercase() }
        };
        match statement.get(element) {
            Some(Value::Array(items)) => items.iter().map(of).collect(),
            Some(value) => vec![of(value)],
            None => Vec::new(),
        }
    };
    let has_all = |element: &str| {
        let there = list(written, element);
        list(&wanted, element).iter().all(|w| there.contains(w))
    };
    let condition = written.get("Condition");
    list(written, "Effect") == ["allow"]
        && has_all("Action")
        && has_all("Resource")
        && (condition.is_none() || condition == wanted.get("Condition"))
}

/// What a role needs to read one secret, as the end of a finding's fix.
pub(super) fn one(wiring: &Wiring<'_>, target: &Target<'_>) -> String {
    let policy = smallest_policy(wiring, &[target]);
    policy.map_or_else(String::new, |policy| format!("This suffices:\n{policy}"))
}
