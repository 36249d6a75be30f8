//! SW415: a role's trust policy does not say for whom ECS may act.

use super::Wiring;
use super::ground::Ground;
use super::sw410::{assumes, roles};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::Seen;
use seaworthy_iam::{Decision, evaluate};

/// SW415.
pub struct TrustWithoutSource;

const META: CheckMeta = CheckMeta {
    id: "SW415",
    name: "trust-without-source",
    summary: "A role's trust policy lets ECS tasks in without a condition on aws:SourceAccount or aws:SourceArn.",
    why: "ECS assumes the role for anyone who makes it do so. Without a condition on the source, the trust policy does not limit that to tasks of this account (the confused deputy problem).",
    fix: "Add to the statement: `Condition: {\"StringEquals\": {\"aws:SourceAccount\": \"ACCOUNT\"}, \"ArnLike\": {\"aws:SourceArn\": \"arn:aws:ecs:REGION:ACCOUNT:*\"}}`.",
    example: Example {
        fails: hidden!(
            r#"{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}"#
        ),
        mended: r#"{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}"#,
        silent: "A condition on aws:SourceArn, or a Deny of other accounts.",
    },
    severity: Severity::Low,
    reads: &[Reads::Aws],
    tags: &["CWE-441"],
};

/// Accounts of no one: the first that is not the role's own stands for a stranger's.
const STRANGERS: [&str; 2] = ["000000000000", "999999999999"];

impl Check<Wiring<'_>> for TrustWithoutSource {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Roles], answers);
        for name in roles(wiring, &META, answers) {
            let not_checked = |reason: String| {
                let what = format!("trust policy of the role {name}");
                wiring.not_checked(&META, wiring.nowhere(&name), what, reason)
            };
            let role = match wiring.snapshot.role(&name) {
                // SW409 tells of a role that is missing.
                Seen::Absent => continue,
                Seen::NotSeen(gap) => {
                    answers.not_checked.push(not_checked(gap.to_string()));
                    continue;
                }
                Seen::Value(role) => role,
            };
            let document = match &role.trust {
                Seen::Value(document) => document,
                Seen::Absent => {
                    answers.not_checked.push(not_checked("the source does not tell it".to_owned()));
                    continue;
                }
                Seen::NotSeen(gap) => {
                    answers.not_checked.push(not_checked(gap.to_string()));
                    continue;
                }
            };
            let policy = match wiring.policy("the trust policy", document) {
                Ok(policy) => policy,
                Err(gap) => {
                    answers.not_checked.push(not_checked(gap.to_string()));
                    continue;
                }
            };
            let stranger = STRANGERS.iter().find(|account| **account != wiring.placement.account());
            let asked = assumes(wiring, &name, role, &policy, stranger.copied());
            let lets_in = asked.is_some_and(|(policies, request)| {
                evaluate(&policies, &request).decision == Decision::Allowed
            });
            if lets_in {
                answers.findings.push(Finding::build(&META, wiring.origin(&document.place), format!(
                        "the role {name} lets ECS tasks in whatever account they are of: its trust policy has no condition on aws:SourceAccount or aws:SourceArn"
                    )).named(context.key, &[&name]));
            }
        }
    }
}
