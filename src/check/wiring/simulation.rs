//! The local decisions beside those of AWS's simulation API. Where the two differ, or one is missing, nothing is known.

use super::{RoleKind, Wiring, sw403, sw404};
use crate::check::Answers;
use crate::finding::NotChecked;
use seaworthy_aws::Seen;
use seaworthy_aws::live::{Simulated, SimulationRequest};
use seaworthy_iam::{Arn, Decision, Request, ResourceRule, evaluate};
use seaworthy_source::Origin;

/// One question that both are asked.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What the API is asked.
    pub request: SimulationRequest,
    /// What was decided here.
    local: Decision,
    check: &'static str,
    role: String,
    origin: Origin,
}

/// Every required secret, and every excess that was found, of every task role that was seen.
pub fn probes(wiring: &Wiring<'_>) -> Vec<Probe> {
    let mut probes = Vec::new();
    for role in wiring.expectations.roles.iter().filter(|r| r.kind == RoleKind::Task) {
        let Seen::Value(access) = wiring.access(role) else { continue };
        let mut asked: Vec<(&'static str, &'static str, String)> = Vec::new();
        for target in wiring.required(&role.requires) {
            for action in sw403::actions(&target) {
                asked.push((sw403::META.id, action, target.arn.clone()));
            }
        }
        for (action, resource) in sw404::witnesses(wiring, &access) {
            asked.push((sw404::META.id, action, resource));
        }
        // The API does not know the policies of resources either.
        let mut policies = access.policies.clone();
        policies.resource_rule = ResourceRule::Either;
        for (check, action, resource) in asked {
            let context = wiring.context_on(&access.principal, &resource);
            let account = Arn::account_of(&resource);
            let local = Request::new(&access.principal, action, &resource, account, context)
                .map_or(Decision::Unknown, |request| evaluate(&policies, &request).decision);
            let request =
                SimulationRequest { role: access.principal.clone(), action: action.to_owned(), resource };
            let origin = wiring.origin(&access.seen.place);
            probes.push(Probe { request, local, check, role: role.name.clone(), origin });
        }
    }
    probes
}

/// Tells where the API and the local decision differ, or where one has no answer. An answer that is missing altogether
/// counts as none.
pub fn compare(probes: &[Probe], answers: &[Simulated], out: &mut Answers) {
    for probe in probes {
        let answer = answers.iter().find(|a| a.request == probe.request).map(|a| &a.decision);
        let local = match probe.local {
            Decision::Allowed => "allowed",
            Decision::ImplicitlyDenied => "implicitDeny",
            Decision::ExplicitlyDenied => "explicitDeny",
            Decision::Unknown => "unknown",
        };
        let said = match answer {
            Some(Ok(said)) if agrees(probe.local, said) => continue,
            Some(Ok(said)) => said.clone(),
            Some(Err(why)) => format!("no answer ({why})"),
            None => "no answer".to_owned(),
        };
        let SimulationRequest { action, resource, .. } = &probe.request;
        out.not_checked.push(NotChecked::new(
            probe.origin.clone(),
            format!("whether {} is allowed {action} on {resource}", probe.role),
            format!("decided here: {local}; the simulation API: {said}"),
            vec![probe.check],
        ));
    }
}

/// Both deny, or both allow. What kind of denial it is may differ: the API knows denials that are not shown here.
fn agrees(local: Decision, said: &str) -> bool {
    match local {
        Decision::Allowed => said == "allowed",
        Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => {
            matches!(said, "implicitDeny" | "explicitDeny")
        }
        Decision::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_source::OriginKind;

    #[test]
    fn what_differs_or_is_missing_is_not_checked() {
        let request = |action: &str| SimulationRequest {
            role: "arn:aws:iam::111122223333:role/app".to_owned(),
            action: action.to_owned(),
            resource: "*".to_owned(),
        };
        let probe = |action: &str, local| Probe {
            request: request(action),
            local,
            check: "SW403",
            role: "app".to_owned(),
            origin: Origin::new(OriginKind::Account, "account"),
        };
        let probes = [
            probe("a:same", Decision::Allowed),
            probe("a:denied", Decision::ImplicitlyDenied),
            probe("a:other", Decision::Allowed),
            probe("a:failed", Decision::Allowed),
            probe("a:gone", Decision::Allowed),
            probe("a:open", Decision::Unknown),
        ];
        let answer = |action: &str, decision: Result<&str, &str>| Simulated {
            request: request(action),
            decision: decision.map(str::to_owned).map_err(str::to_owned),
        };
        let said = [
            answer("a:same", Ok("allowed")),
            answer("a:denied", Ok("explicitDeny")),
            answer("a:other", Ok("implicitDeny")),
            answer("a:failed", Err("missing aws:PrincipalTag/x")),
            answer("a:open", Ok("allowed")),
        ];
        let mut out = Answers::default();
        compare(&probes, &said, &mut out);
        let reasons: Vec<&str> = out.not_checked.iter().map(|u| u.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "decided here: allowed; the simulation API: implicitDeny",
                "decided here: allowed; the simulation API: no answer (missing aws:PrincipalTag/x)",
                "decided here: allowed; the simulation API: no answer",
                "decided here: unknown; the simulation API: allowed",
            ]
        );
    }
}
