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
    let list = statements.join(",\n");
    (!statements.is_empty()).then(|| format!("{{\"Version\":\"2012-10-17\",\"Statement\":[\n{list}]}}"))
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

/// What to change in the statement that allows too much, as lines that go (-) and come (+), so that what the role requires
/// is left.
pub(super) fn change(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    of: Option<StatementRef>,
    targets: &[Target<'_>],
) -> String {
    let present = of.and_then(|of| Some((of, access.written(of)?)));
    let Some((of, present)) = present else { return whole(wiring, targets) };
    let wanted = smallest_policy(wiring, &targets.iter().collect::<Vec<_>>());
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect()
    };
    let (old, new) = (lines(&spread(&present)), wanted.as_deref().map(lines).unwrap_or_default());
    let new: Vec<String> = new.into_iter().filter(|line| !line.starts_with("{\"Version\"")).collect();
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("-{line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+{line}"));
    let changed: Vec<String> = gone.chain(come).collect();
    let place = described(&access.policies, of);
    if new.is_empty() {
        return format!("The contract requires no secret for this role. In {place}:\n{}", changed.join("\n"));
    }
    format!("This is all that the role needs to read its secrets. In {place}:\n{}", changed.join("\n"))
}

/// A statement with an element and a list's item on each line. No blanks: reports break lines there.
fn spread(statement: &Value) -> String {
    let Value::Object(members) = statement else { return statement.to_string() };
    let order = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"];
    let first = order.iter().filter_map(|name| members.get_key_value(*name));
    let rest = members.iter().filter(|(name, _)| !order.contains(&name.as_str()));
    let line = |(name, value): (&String, &Value)| match value {
        Value::Array(items) if name.ends_with("Resource") => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            format!("{}:[{}]", json!(name), items.join(",\n"))
        }
        value if name.ends_with("Resource") => format!("{}:[{value}]", json!(name)),
        value => format!("{}:{value}", json!(name)),
    };
    first.chain(rest).map(line).collect::<Vec<_>>().join(",\n")
}

/// What a role needs to read one secret, as the end of a finding's fix.
pub(super) fn one(wiring: &Wiring<'_>, target: &Target<'_>) -> String {
    let policy = smallest_policy(wiring, &[target]);
    policy.map_or_else(String::new, |policy| format!("This suffices:\n{policy}"))
}
