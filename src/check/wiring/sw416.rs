//! SW416: a task role can change or delete a secret.

use super::access::Access;
use super::allowing::{Allowing, allowing};
use super::ground::Ground;
use super::target::Found;
use super::{RoleKind, Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity};
use seaworthy_aws::{Document, Seen};
use seaworthy_iam::{ActionExcess, Language, PolicySet, ResourceRule, StatementRef};

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
const WRITES: [&str; 11] = [
    "ssm:PutParameter",
    "ssm:DeleteParameter",
    "ssm:DeleteParameters",
    "ssm:LabelParameterVersion",
    "ssm:UnlabelParameterVersion",
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

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        // Of execution roles alone there is nothing that this check could ask about.
        let roles = &wiring.expectations.roles;
        if roles.is_empty() || roles.iter().any(|role| role.kind == RoleKind::Task) {
            Applies::Asked
        } else {
            Applies::NotRequested
        }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets, Ground::Roles], answers);
        // SW405 asks what an execution role may do.
        wiring.each_role(&META, wiring.roles_of(RoleKind::Task), answers, |access, answers| {
            judge(wiring, context, access, answers);
        });
    }
}

/// One question about one role: whose policies are asked, and of which secrets.
struct Asked<'q> {
    policies: PolicySet,
    secrets: Language,
    /// The secret whose own policy is asked, if it is not the role's.
    own: Option<&'q Document>,
}

fn judge(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let targets = wiring.targets();
    let secrets = Language::union(targets.iter().map(|target| target.arns.clone()));
    let policies = PolicySet { resource_rule: ResourceRule::Either, ..access.policies.clone() };
    ask(wiring, context, access, Asked { policies, secrets, own: None }, answers);
    for target in &targets {
        let not_checked = |gap: String| {
            let what = format!("whether {} can change or delete {}", access.name, target.name());
            let reason = format!("the policy of the secret was not seen: {gap}");
            wiring.not_checked(&META, wiring.origin(&access.seen.place), what, reason)
        };
        let secret = match &target.found {
            Found::Secret(Seen::Value(secret)) => secret,
            // A parameter has no policy of its own; SW401 tells of a secret that is not there.
            Found::Parameter(_) | Found::Secret(Seen::Absent) => continue,
            Found::Secret(Seen::NotSeen(gap)) => {
                answers.not_checked.push(not_checked(gap.to_string()));
                continue;
            }
        };
        let document = match &secret.policy {
            Seen::Absent => continue,
            Seen::NotSeen(gap) => {
                answers.not_checked.push(not_checked(gap.to_string()));
                continue;
            }
            Seen::Value(document) => document,
        };
        match wiring.policy(&format!("the policy of the secret {}", target.name()), document) {
            Ok(policy) => {
                let own = &access.policies;
                let policies = PolicySet { resource: Some(policy), identity: Vec::new(), ..own.clone() };
                let secrets = Language::from(wiring.secret_arn(secret).as_str());
                ask(wiring, context, access, Asked { policies, secrets, own: Some(document) }, answers);
            }
            Err(gap) => answers.not_checked.push(not_checked(gap.to_string())),
        }
    }
}

fn ask(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    mut asked: Asked<'_>,
    answers: &mut Answers,
) {
    let operations = Language::union(WRITES.map(|action| Language::from(action.to_lowercase().as_str())));
    let mut found = Vec::new();
    let question = (&operations, &asked.secrets);
    let requests = wiring.context(&access.principal);
    let open = allowing(wiring, access, &mut asked.policies, question, &mut |policies, one| {
        let all = one.statement.map(|of| allowed_writes(access, policies, of, question, &requests));
        let by = one.statement.map(|of| statement::described(policies, of));
        let named = one.statement.map(|of| statement::identity(policies, of));
        found.push((one, all.unwrap_or_default(), by, named));
    });
    let origin = || wiring.origin(&access.seen.place);
    for (Allowing { action, resource, statement: of }, mut all, by, named) in found {
        if all.is_empty() {
            all.push(as_written(&action.text).to_owned());
        }
        let (actions, resource) = (all.join(", "), &resource.text);
        let by = by.unwrap_or_else(|| "its policies together".to_owned());
        if let Some(boundary) = &access.unseen_boundary {
            let what = format!("whether {} is allowed {actions} on {resource}", access.name);
            let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
            answers.not_checked.push(wiring.not_checked(&META, origin(), what, reason));
            continue;
        }
        let place = match (asked.own, of) {
            (Some(document), _) => document.place.clone(),
            (None, Some(of)) => access.place(of),
            (None, None) => access.seen.place.clone(),
        };
        let unseen =
            access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what));
        let [policy, sid] = named.unwrap_or_default();
        let message = format!("{} is allowed {actions} on {resource} by {by}", access.name);
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

/// The writing actions that a statement allows on some of the secrets, in AWS's spelling.
fn allowed_writes(
    access: &Access<'_>,
    policies: &PolicySet,
    of: StatementRef,
    (_, secrets): (&Language, &Language),
    requests: &seaworthy_iam::Context,
) -> Vec<String> {
    let Some((_, said)) = policies.statement(of) else { return Vec::new() };
    let allows = |action: &&&str| {
        let one = Language::from(action.to_lowercase().as_str());
        let answer =
            ActionExcess::find_among(policies, &access.principal, &one, secrets, requests, &access.limits);
        statement::names_action(said, action) && matches!(answer, Ok(ActionExcess::Excess { .. }))
    };
    WRITES.iter().filter(allows).map(|action| (*action).to_owned()).collect()
}

/// An action in AWS's spelling.
fn as_written(action: &str) -> &str {
    WRITES.iter().find(|known| known.eq_ignore_ascii_case(action)).copied().unwrap_or(action)
}
