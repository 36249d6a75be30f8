//! Near misses: resources of a policy that were meant to name a thing and never match it.

use super::access::Access;
use super::statement::{described, matches, names_action};
use seaworthy_iam::{Effect, Layer, READING_ACTIONS, StatementRef, likely_action};

/// Why a role that seems to be allowed is not: the statement that comes closest, and what is wrong with it.
pub(super) fn near(access: &Access<'_>, actions: &[&str], arn: &str) -> Option<String> {
    let is_meant = |misspelt: &Misspelt| {
        let (_, statement) = access.policies.statement(misspelt.statement)?;
        let resources = statement.resources.as_ref().filter(|r| !r.negated)?;
        let names = resources.written.iter().any(|written| matches(written, arn));
        (misspelt.effect == Effect::Allow && names && actions.contains(&misspelt.likely.as_str()))
            .then_some(())
    };
    let misspelt = misspelt(access).into_iter().find(|misspelt| is_meant(misspelt).is_some());
    misspelt.map(|misspelt| misspelt.told).or_else(|| near_resource(access, actions, arn))
}

/// An action that AWS does not have, and that was meant to be one that reads.
pub(super) struct Misspelt {
    pub(super) statement: StatementRef,
    pub(super) effect: Effect,
    likely: String,
    /// What is wrong, in words.
    pub(super) told: String,
}

/// All such actions of the role's own policies.
pub(super) fn misspelt(access: &Access<'_>) -> Vec<Misspelt> {
    let mut out = Vec::new();
    for (policy, document) in access.policies.identity.iter().enumerate() {
        for (at, statement) in document.statements.iter().enumerate() {
            let of = StatementRef { layer: Layer::Identity, level: 0, policy, statement: at };
            for written in statement.actions.written.iter().filter(|_| !statement.actions.negated) {
                let likely = likely_action(written);
                let Some(likely) = likely.filter(|likely| READING_ACTIONS.contains(&likely.as_str())) else {
                    continue;
                };
                let by = described(&access.policies, of);
                let told = format!(
                    "{by} names the action {written}, which AWS does not have: {likely} may be meant"
                );
                out.push(Misspelt { statement: of, effect: statement.effect, likely, told });
            }
        }
    }
    out
}

fn near_resource(access: &Access<'_>, actions: &[&str], arn: &str) -> Option<String> {
    for (index, policy) in access.policies.identity.iter().enumerate() {
        for (at, statement) in policy.statements.iter().enumerate() {
            let meant =
                statement.effect == Effect::Allow && actions.iter().any(|a| names_action(statement, a));
            let Some(resources) = statement.resources.as_ref().filter(|r| meant && !r.negated) else {
                continue;
            };
            for resource in &resources.written {
                let Some(fault) = fault(resource, arn) else { continue };
                let of = StatementRef { layer: Layer::Identity, level: 0, policy: index, statement: at };
                return Some(format!(
                    "{} nearly names it: {resource} {fault}",
                    described(&access.policies, of)
                ));
            }
        }
    }
    None
}

/// What keeps a resource from matching an ARN that it was meant to match.
fn fault(resource: &str, arn: &str) -> Option<String> {
    if matches(resource, arn) {
        return Some("does match, but the statement's condition does not hold".to_owned());
    }
    if is_without_suffix(resource, arn) {
        return Some(
            "lacks the hyphen and six characters that Secrets Manager adds: write `-??????` behind it"
                .to_owned(),
        );
    }
    let undoubled = resource.replace("parameter//", "parameter/");
    if undoubled != resource && matches(&undoubled, arn) {
        return Some("has two slashes after `parameter`, and so matches no parameter".to_owned());
    }
    if matches(&resource.to_lowercase(), &arn.to_lowercase()) {
        return Some("differs in upper and lower case, which counts in ARNs".to_owned());
    }
    let mut own: Vec<&str> = resource.splitn(6, ':').collect();
    let real: Vec<&str> = arn.splitn(6, ':').collect();
    if own.len() != 6 || real.len() != 6 {
        return None;
    }
    let mut faults = Vec::new();
    for (at, what) in [(1, "partition"), (3, "region"), (4, "account")] {
        if !matches(own[at], real[at]) {
            faults.push(match own[at] {
                "" => format!("leaves the {what} empty"),
                other => format!("names the {what} {other}, not {}", real[at]),
            });
            own[at] = real[at];
        }
    }
    let fixed = own.join(":").replace("parameter//", "parameter/");
    (!faults.is_empty() && matches(&fixed, arn)).then(|| faults.join(" and "))
}

/// Whether a resource names a secret by its name alone.
fn is_without_suffix(resource: &str, arn: &str) -> bool {
    let is_secret = arn.contains(":secretsmanager:") && !resource.ends_with('*');
    is_secret && matches(&format!("{resource}-??????"), arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_resource_from_matching() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/db";
        let ask = |resource: &str| fault(resource, arn).unwrap_or_default();
        assert!(ask("arn:aws:ssm:*:*:parameter//prod/*").contains("two slashes"));
        assert!(ask("arn:aws:ssm:*:*:parameter/Prod/db").contains("upper and lower case"));
        assert!(
            ask("arn:aws:ssm:::parameter/prod/db").contains("leaves the region empty and leaves the account")
        );
        assert!(ask("arn:aws:ssm:eu-west-2:*:parameter/prod/db").contains("region eu-west-2, not eu-west-1"));
        assert!(ask("arn:aws:ssm:*:999999999999:parameter//prod/db").contains("names the account"));
        assert_eq!(ask("arn:aws:ssm:*:*:parameter/dev/db"), "");
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db";
        let short = fault(secret, &format!("{secret}-AbCdEf")).unwrap_or_default();
        assert!(short.contains("six characters"), "{short}");
    }
}
