//! The simulation API: SimulatePrincipalPolicy, batched and paged.
//!
//! What counts is the answer for the resource itself. The answer above it is named by a template of an ARN and is a
//! union over resources. A key of the context that is missing makes the answer unknown, and so do two answers that
//! disagree.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::EvaluationResult;

use super::session::{Pages, Session};
use super::{Simulated, SimulationRequest};

const CALL: &str = "iam:SimulatePrincipalPolicy";
/// Actions of one call.
const ACTIONS: usize = 20;
/// Resources of one call.
const RESOURCES: usize = 20;
/// Results of one page.
const PAGE: i32 = 500;

/// One call: every action with every resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub role: String,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
}

/// The calls that ask exactly the pairs that were requested: actions with the same resources go together.
pub fn batches(requests: &[SimulationRequest]) -> Vec<Batch> {
    let mut wanted: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for request in requests {
        wanted.entry((&request.role, &request.action)).or_default().insert(&request.resource);
    }
    let mut alike: BTreeMap<(&str, Vec<&str>), Vec<&str>> = BTreeMap::new();
    for ((role, action), resources) in wanted {
        alike.entry((role, resources.into_iter().collect())).or_default().push(action);
    }
    let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    let mut batches = Vec::new();
    for ((role, resources), actions) in &alike {
        for actions in actions.chunks(ACTIONS) {
            for resources in resources.chunks(RESOURCES) {
                batches.push(Batch {
                    role: (*role).to_owned(),
                    actions: owned(actions),
                    resources: owned(resources),
                });
            }
        }
    }
    batches
}

/// Decisions by action (in lower case) and resource.
type Decisions = BTreeMap<(String, String), Result<String, String>>;

/// The answers of one call, one for each of its pairs.
pub async fn simulate(session: &Session, batch: Batch) -> Vec<Simulated> {
    let (decisions, failure) = pages(session, &batch).await;
    let mut answers = Vec::new();
    for action in &batch.actions {
        for resource in &batch.resources {
            let decision = match (decisions.get(&(action.to_ascii_lowercase(), resource.clone())), &failure) {
                // A page that is missing might disagree.
                (_, Some(failure)) => Err(failure.clone()),
                (Some(decision), None) => decision.clone(),
                (None, None) => Err(format!("{CALL} gave no answer for this action and resource")),
            };
            let request = SimulationRequest {
                role: batch.role.clone(),
                action: action.clone(),
                resource: resource.clone(),
            };
            answers.push(Simulated { request, decision });
        }
    }
    answers
}

/// Reads all pages; the text is why there are not all.
async fn pages(session: &Session, batch: &Batch) -> (Decisions, Option<String>) {
    let (mut decisions, mut pages, mut marker) = (Decisions::new(), Pages::default(), None);
    loop {
        let request = session.iam.simulate_principal_policy();
        let request = request
            .policy_source_arn(&batch.role)
            .set_action_names(Some(batch.actions.clone()))
            .set_resource_arns(Some(batch.resources.clone()))
            .max_items(PAGE)
            .set_marker(marker);
        let answer = match session.call(CALL, request.send()).await {
            Ok(answer) => answer,
            Err(failure) => return (decisions, Some(failure.gap().to_string())),
        };
        for result in answer.evaluation_results.unwrap_or_default() {
            read_result(&result, &mut decisions);
        }
        match pages.next_of(CALL, answer.is_truncated, answer.marker) {
            Ok(None) => return (decisions, None),
            Ok(next) => marker = next,
            Err(gap) => return (decisions, Some(gap.to_string())),
        }
    }
}

fn read_result(result: &EvaluationResult, decisions: &mut Decisions) {
    let mut add = |resource: &str, decision: &str, missing: BTreeSet<&str>| {
        let decision = if !missing.is_empty() {
            Err(format!("missing context: {}", Vec::from_iter(missing).join(", ")))
        } else if matches!(decision, "allowed" | "explicitDeny" | "implicitDeny") {
            Ok(decision.to_owned())
        } else {
            Err(format!("{CALL} gave a decision that is not known"))
        };
        let key = (result.eval_action_name.to_ascii_lowercase(), resource.to_owned());
        let disagree = || Err(format!("{CALL} gave two answers that disagree"));
        decisions
            .entry(key)
            .and_modify(|before| {
                if *before != decision {
                    *before = disagree();
                }
            })
            .or_insert_with(|| decision.clone());
    };
    let keys = |list: &Option<Vec<String>>| -> Vec<String> { list.clone().unwrap_or_default() };
    let above = keys(&result.missing_context_values);
    let specific = result.resource_specific_results.as_deref().unwrap_or_default();
    for of in specific {
        let own = keys(&of.missing_context_values);
        let missing = above.iter().chain(&own).map(String::as_str).collect();
        add(&of.eval_resource_name, of.eval_resource_decision.as_str(), missing);
    }
    // An action without resources, such as one that is only on `*`, is answered above alone.
    if let Some(resource) = result.eval_resource_name.as_deref().filter(|_| specific.is_empty()) {
        add(resource, result.eval_decision.as_str(), above.iter().map(String::as_str).collect());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn request(role: &str, action: &str, resource: &str) -> SimulationRequest {
        SimulationRequest { role: role.into(), action: action.into(), resource: resource.into() }
    }

    #[test]
    fn batches_ask_exactly_the_pairs_that_were_requested() {
        let mut requests = vec![request("r2", "ssm:GetParameter", "p0"), request("r1", "kms:Decrypt", "k")];
        for action in ["ssm:GetParameter", "ssm:GetParameters"] {
            requests.extend((0..50).map(|i| request("r1", action, &format!("p{i}"))));
        }
        let batches = batches(&requests);
        assert_eq!(batches.len(), 1 + 1 + 3, "50 resources are three calls for both actions");
        let mut pairs = BTreeSet::new();
        for batch in &batches {
            assert!(batch.actions.len() <= ACTIONS && batch.resources.len() <= RESOURCES);
            for action in &batch.actions {
                pairs.extend(batch.resources.iter().map(|r| request(&batch.role, action, r)));
            }
        }
        assert_eq!(pairs, BTreeSet::from_iter(requests));
    }
}
