//! The smallest policy that lets a role read what it requires, ready to paste.

use serde_json::{Value, json};

use super::Wiring;
use super::access::Access;
use super::key::KeyUse;
use super::statement::{described, matches};
use super::target::Target;
use seaworthy_iam::{READING_ACTIONS, StatementRef};

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

/// What to write in the place of the statement that allows too much, as a diff against it: its lines with a minus, what stays
/// of it and what the role requires and does not have elsewhere with a plus.
pub(super) fn change(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    of: Option<StatementRef>,
    targets: &[Target<'_>],
) -> String {
    let present = of.and_then(|of| Some((of, access.written(of)?)));
    let Some((of, present)) = present else { return whole(wiring, targets) };
    let wanted = smallest_statements(wiring, &targets.iter().collect::<Vec<_>>());
    let why = if wanted.is_empty() { "The contract requires no secret for this role. " } else { "" };
    let others = access.written_beside(of);
    let missing = wanted.iter().filter(|wanted| !others.iter().any(|other| covers(other, wanted)));
    let (kept, wide) = without_reading(&present);
    let signed =
        |sign: char, text: &str| text.lines().map(|line| format!("{sign}{line}")).collect::<Vec<_>>();
    let mut lines = signed('-', &elements(&present));
    lines.extend(kept.iter().flat_map(|kept| signed('+', &elements(kept))));
    lines.extend(missing.flat_map(|statement| statement.lines()).map(|line| format!("+{line}")));
    let open = match wide.is_empty() {
        true => String::new(),
        false => format!("\nWhat else the role needs of {} has to be named.", wide.join(", ")),
    };
    format!("{why}In {}:\n{}{open}", described(&access.policies, of), lines.join("\n"))
}

/// A statement without its reading actions, if any other is left, and the patterns that went with them.
fn without_reading(statement: &Value) -> (Option<Value>, Vec<String>) {
    if statement.get("NotAction").is_some() {
        return (None, vec!["what its NotAction leaves".to_owned()]);
    }
    let words: Vec<&str> = match statement.get("Action") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    };
    let reads = |word: &&str| {
        READING_ACTIONS.iter().any(|action| matches(&word.to_lowercase(), &action.to_lowercase()))
    };
    let (reading, left): (Vec<&str>, Vec<&str>) = words.into_iter().partition(reads);
    let wide = reading.into_iter().filter(|word| word.contains(['*', '?'])).map(str::to_owned).collect();
    let kept = match left.as_slice() {
        [] => None,
        [one] => Some(json!(one)),
        more => Some(json!(more)),
    };
    let kept = kept.map(|actions| {
        let mut kept = statement.as_object().cloned().unwrap_or_default();
        kept.insert("Action".to_owned(), actions);
        Value::Object(kept)
    });
    (kept, wide)
}

/// A statement as JSON without blanks, in the order in which people write it, a line for each element. What conditions compare with is left out: some
/// compare with a shared secret.
fn elements(statement: &Value) -> String {
    const ELEMENTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
    let member = |name: &&str| Some(format!("\"{name}\":{}", statement.get(*name)?));
    let head: Vec<String> = ["Sid", "Effect"].iter().filter_map(member).collect();
    let head = (!head.is_empty()).then(|| head.join(","));
    let mut members: Vec<String> = head.into_iter().chain(ELEMENTS.iter().filter_map(member)).collect();
    members.extend(statement.get("Condition").map(|_| "\"Condition\":{…}".to_owned()));
    format!("{{{}}}", members.join(",\n"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_of_a_statement_reads_nothing() {
        let statement =
            |actions: Value| json!({"Sid": "A", "Effect": "Allow", "Action": actions, "Resource": "*"});
        let of = |actions: Value| {
            let (kept, wide) = without_reading(&statement(actions));
            (kept.map(|kept| elements(&kept)), wide)
        };
        let kept = "{\"Sid\":\"A\",\"Effect\":\"Allow\",\n\"Action\":\"s3:GetObject\",\n\"Resource\":\"*\"}";
        assert_eq!(of(json!(["ssm:getparameter", "s3:GetObject"])), (Some(kept.to_owned()), Vec::new()));
        assert_eq!(of(json!("ssm:GetParameter")), (None, Vec::new()));
        assert_eq!(of(json!(["ssm:*", "kms:Decrypt"])), (None, vec!["ssm:*".to_owned()]));
        let limited =
            json!({"Effect": "Allow", "Action": "s3:*", "Condition": {"StringLike": {"aws:Referer": "x"}}});
        assert_eq!(elements(&limited), "{\"Effect\":\"Allow\",\n\"Action\":\"s3:*\",\n\"Condition\":{…}}");
    }
}
