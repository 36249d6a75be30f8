//! What could have stopped a request that is allowed, and why it does not.

use super::super::document::{Effect, Statement};
use super::super::truth::Truth;
use super::explain::Place;
use super::{Layer, PolicySet, Request, StatementRef, covers, gate};

/// Something that was looked at: a Deny, a boundary, a level of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The statement, if it is one.
    pub statement: Option<Place>,
    /// Why it does not stop the request, in words that follow the statement.
    pub why: String,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.statement {
            Some(place) => write!(f, "the Deny {place} {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl PolicySet {
    /// Each Deny that is about the request's action, and each limit of the principal, with the reason why it does not stop
    /// the request.
    pub fn obstacles(&self, request: &Request) -> Vec<Obstacle> {
        let mut out = Vec::new();
        let bounded = self.boundaries.is_some();
        for (layer, level, group) in self.groups(request) {
            for (policy, document) in group.iter().enumerate() {
                for (statement, written) in document.statements.iter().enumerate() {
                    let of = StatementRef { layer, level, policy, statement };
                    if written.effect == Effect::Deny
                        && let Some(why) = passes(written, layer, request, bounded)
                    {
                        out.push(Obstacle { statement: self.place(of), why });
                    }
                }
            }
        }
        let limit = |why: &str| Obstacle { statement: None, why: why.to_owned() };
        if !out.iter().any(|obstacle| obstacle.statement.is_some()) {
            out.push(limit("no Deny is about this action"));
        }
        out.push(match &self.boundaries {
            None => limit("the role has no permissions boundary"),
            Some(_) => limit("the permissions boundary allows it"),
        });
        out.push(match self.scps.len() {
            0 => limit("no service control policies are given"),
            1 => limit("the service control policies allow it"),
            levels => limit(&format!("the service control policies of all {levels} levels allow it")),
        });
        out
    }
}

/// Why a Deny that is about the request's action does not stop it; nothing for one about other actions.
fn passes(statement: &Statement, layer: Layer, request: &Request, bounded: bool) -> Option<String> {
    if statement.actions.covers(&request.action) == Truth::False {
        return None;
    }
    if covers(statement, layer, request) == Truth::False {
        return Some("is about other resources".to_owned());
    }
    let open =
        |condition: &&super::super::condition::Condition| condition.holds(&request.context) == Truth::False;
    if let Some(condition) = statement.conditions.iter().find(open) {
        return Some(format!(
            "has a condition that does not hold: {} on {}",
            condition.operator(),
            condition.key()
        ));
    }
    if gate(statement, layer, request, bounded).any() == Truth::False {
        return Some("is about other principals".to_owned());
    }
    Some("may or may not apply".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::super::{Context, Policy};
    use super::*;

    #[test]
    fn each_deny_and_each_limit_is_told() {
        let text = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"},
            {"Sid": "Other", "Effect": "Deny", "Action": "ssm:Get*", "Resource": "arn:aws:ssm:*:*:parameter/b"},
            {"Sid": "Tls", "Effect": "Deny", "Action": "*", "Resource": "*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Sid": "S3", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}"#;
        let identity = vec![Policy::read("p", text).unwrap()];
        let policies = PolicySet { identity, ..PolicySet::default() };
        let mut context = Context::open();
        context.set("aws:SecureTransport", vec!["true".to_owned()]);
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/a";
        let role = "arn:aws:iam::111122223333:role/r";
        let request = Request::new(role, "ssm:GetParameter", arn, None, context).unwrap();
        let told: Vec<String> = policies.obstacles(&request).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "the Deny statement \"Other\" of p is about other resources",
                "the Deny statement \"Tls\" of p has a condition that does not hold: Bool on aws:securetransport",
                "the role has no permissions boundary",
                "no service control policies are given",
            ]
        );
    }
}
