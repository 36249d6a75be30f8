//! SW416: a task role can change or delete a secret.

use super::access::Access;
use super::allowing::{Allowing, allowing};
use super::ground::Ground;
use super::{RoleKind, Wiring, statement};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity};
use seaworthy_iam::{Language, PolicySet, ResourceRule};

/// SW416.
pub struct RoleWritesSecret;

const META: CheckMeta = CheckMeta {
    id: "SW416",
    name: "role-writes-secret",
    summary: "A task role can change or delete a secret of the contract.",
    why: "Tasks consume secrets; what provisions them owns them. Anyone who takes over a task that may write a secret replaces it for all that read it, or deletes it.",
    fix: "Name the reading actions one by one (ssm:GetParameter, ssm:GetParameters, secretsmanager:GetSecretValue) instead of a wildcard. Where a task renews its own secret, accept the finding with that reason.",
    example: Example {
        fails: r#"{"Sid": "Renew", "Effect": "Allow", "Action": "ssm:PutParameter",
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/*"}"#,
        mended: r#"{"Sid": "Read", "Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"}"#,
        silent: "Writing parameters that are no secret of the contract, and writing that a Deny or a boundary takes away again.",
    },
    severity: Severity::Medium,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-272"],
};

/// What changes or deletes the value of a parameter or a secret.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>
const WRITES: [&str; 9] = [
    "ssm:PutParameter",
    "ssm:DeleteParameter",
    "ssm:DeleteParameters",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:DeleteSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:CancelRotateSecret",
];

impl Check<Wiring<'_>> for RoleWritesSecret {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets, Ground::Roles], answers);
        // SW405 asks what an execution role may do.
        wiring.each_role(&META, wiring.roles_of(RoleKind::Task), answers, |access, answers| {
            judge(wiring, context, access, answers);
        });
    }
}

fn judge(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let secrets = Language::union(wiring.targets().into_iter().map(|target| target.arns));
    let operations = Language::union(WRITES.map(|action| Language::from(action.to_lowercase().as_str())));
    let mut policies = PolicySet { resource_rule: ResourceRule::Either, ..access.policies.clone() };
    let mut found = Vec::new();
    let asked = (&operations, &secrets);
    let open = allowing(wiring, access, &mut policies, asked, &mut |_, one| found.push(one));
    let origin = || wiring.origin(&access.seen.place);
    for Allowing { action, resource, statement: of } in found {
        let same = |known: &&&str| known.eq_ignore_ascii_case(&action.text);
        let action = WRITES.iter().find(same).copied().unwrap_or(&action.text);
        let by = of.map_or_else(
            || "its policies together".to_owned(),
            |of| statement::described(&access.policies, of),
        );
        if let Some(boundary) = &access.unseen_boundary {
            let what = format!("whether {} is allowed {action} on {resource}", access.name);
            let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
            answers.not_checked.push(wiring.not_checked(&META, origin(), what, reason));
            continue;
        }
        let place = of.map_or_else(|| access.seen.place.clone(), |of| access.place(of));
        let unseen =
            access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what));
        let [policy, sid] = of.map_or_else(Default::default, |of| statement::identity(&access.policies, of));
        let message = format!("{} is allowed {action} on {resource} by {by}", access.name);
        answers.findings.push(
            Finding::build(&META, wiring.origin(&place), message)
                .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
                .notes(unseen.collect())
                .named(context.key, &[access.name, &policy, &sid]),
        );
    }
    if let Some(reason) = open {
        let what = format!("whether {} can change or delete a secret", access.name);
        answers.not_checked.push(wiring.not_checked(&META, origin(), what, reason));
    }
}
