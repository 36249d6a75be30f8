//! SW410: a role's trust policy lets in more than ECS tasks, or keeps them out.

use std::collections::BTreeSet;

use super::Wiring;
use super::ground::Ground;
use super::symbol::UNKNOWN_SYMBOL;
use super::task_definition::{exceptions, named, role_fields, tasks};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Fingerprint, Reads, Severity, hidden};
use seaworthy_aws::{Document, Role, Seen};
use seaworthy_iam::{
    Arn, Condition, Decision, Effect, Policy, PolicySet, PrincipalEntry, Request, Statement, evaluate,
};

/// SW410.
pub struct TrustTooWide;

const META: CheckMeta = CheckMeta {
    id: "SW410",
    name: "trust-too-wide",
    summary: "A role's trust policy lets in more than ECS tasks, or keeps ECS tasks out.",
    why: "Anyone who can assume the role reads what the task reads: another service that can be made to act for a stranger, another account, a pipeline. And a task whose role ECS cannot assume does not start.",
    fix: "Let the role be assumed by `Principal: {\"Service\": \"ecs-tasks.amazonaws.com\"}` with sts:AssumeRole (and sts:TagSession) alone, with aws:SourceAccount as a condition. Give people and pipelines roles of their own.",
    example: Example {
        fails: hidden!(
            r#"# the task role's trust policy
{"Effect": "Allow", "Principal": {"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]}, "Action": "sts:AssumeRole"}"#
        ),
        mended: r#"# the task role's trust policy
{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"],
"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}"#,
        silent: "Principals that an exception of the contract accepts, and conditions that name the account. A condition that names one cluster or task is not checked: ECS does not document which one it sends.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-284", "CWE-441"],
};

/// The one principal that tasks come as.
pub(super) const TASKS: &str = "ecs-tasks.amazonaws.com";

/// What ECS needs, and what may stand beside it.
const ACTIONS: [&str; 3] = ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity"];

impl Check<Wiring<'_>> for TrustTooWide {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn takes_exceptions(&self) -> bool {
        true
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Roles], answers);
        for name in roles(wiring, &META, answers) {
            let not_checked = |reason: String| {
                wiring.not_checked(
                    &META,
                    wiring.nowhere(&name),
                    format!("trust policy of the role {name}"),
                    reason,
                )
            };
            match wiring.snapshot.role(&name) {
                // SW409 tells of a role that is missing.
                Seen::Absent => {}
                Seen::NotSeen(gap) => answers.not_checked.push(not_checked(gap.to_string())),
                Seen::Value(role) => match &role.trust {
                    Seen::Value(document) => judge_key(wiring, context, &name, role, document, answers),
                    Seen::Absent => {
                        answers.not_checked.push(not_checked("the source does not tell it".to_owned()));
                    }
                    Seen::NotSeen(gap) => answers.not_checked.push(not_checked(gap.to_string())),
                },
            }
        }
    }
}

/// The contract's roles, and every role that a task definition uses.
pub(super) fn roles(
    wiring: &Wiring<'_>,
    meta: &'static CheckMeta,
    answers: &mut Answers,
) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = wiring.expectations.roles.iter().map(|r| r.name.clone()).collect();
    let seen = tasks(wiring, meta, answers);
    for field in role_fields(wiring, &seen) {
        let reason = match field.role {
            Seen::Absent => continue,
            Seen::NotSeen(gap) => gap.to_string(),
            Seen::Value(text) => match named(wiring, text) {
                Some(role) => {
                    names.insert(role.name);
                    continue;
                }
                None => format!("which role {text} means is not known"),
            },
        };
        let what = format!("trust policy of the role in {} of the task {}", field.name, field.task);
        answers.not_checked.push(wiring.not_checked(meta, wiring.origin(field.place), what, reason));
    }
    names
}

fn judge_key(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    name: &str,
    role: &Role,
    document: &Document,
    answers: &mut Answers,
) {
    let origin = wiring.origin(&document.place);
    let policy = match wiring.policy("the trust policy", document) {
        Ok(policy) => policy,
        Err(gap) => {
            let what = format!("trust policy of the role {name}");
            answers.not_checked.push(wiring.not_checked(&META, origin, what, gap.to_string()));
            return;
        }
    };
    let (out, open) = match tasks_come_in(wiring, name, role, &policy) {
        Entrance::Open => (None, None),
        Entrance::Shut(why) => (Some(why), None),
        Entrance::Unknown(why) => (None, Some(why)),
    };
    if let Some(why) = open {
        let what = format!("whether ECS tasks can assume the role {name}");
        answers.not_checked.push(wiring.not_checked(&META, origin.clone(), what, why));
    }
    if let Some(why) = out {
        answers.findings.push(Finding {
            check: META.id,
            detector: None,
            severity: META.severity,
            confidence: Confidence::High,
            message: format!("ECS tasks cannot assume the role {name}: {why}"),
            fix: META.fix.into(),
            origin: origin.clone(),
            secret: None,
            fingerprint: Fingerprint::new(context.key, META.id, "tasks-kept-out", &[name], None),
            places: Vec::new(),
            notes: Vec::new(),
        });
    }
    let excepted: Vec<&str> = exceptions(wiring, META.id).into_iter().map(|e| e.arn.as_str()).collect();
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect == Effect::Deny {
            continue;
        }
        let place = match &statement.sid {
            Some(sid) => format!("statement {sid:?}"),
            None => format!("statement {index}"),
        };
        for (severity, who) in outsiders(statement, &excepted) {
            let Some(severity) = severity else {
                let what = format!("who may assume the role {name} ({place})");
                let reason = format!("{who} is not known yet");
                answers.not_checked.push(wiring.not_checked(&META, origin.clone(), what, reason));
                continue;
            };
            let sid = statement.sid.clone().unwrap_or_default();
            answers.findings.push(
                Finding::build(
                    &META,
                    origin.clone(),
                    format!(
                        "the role {name} lets in more than ECS tasks: {who} ({place} of its trust policy)"
                    ),
                )
                .severity(severity)
                .notes(conditions(statement))
                .named(context.key, &[name, &sid, &who]),
            );
        }
    }
}

/// The request by which ECS assumes a role for a task of `account`, and the trust policy alone.
pub(super) fn assumes(
    wiring: &Wiring<'_>,
    name: &str,
    role: &Role,
    policy: &Policy,
    account: Option<&str>,
) -> Option<(PolicySet, Request)> {
    let arn = wiring.role_arn(name, role.arn.as_deref(), role.path.as_deref());
    let mut context = seaworthy_iam::Context::open();
    // A service has no session of its own, and belongs to no organization.
    for absent in ["sts:ExternalId", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:MultiFactorAuthPresent"] {
        context.set(absent, Vec::new());
    }
    context.set("aws:SecureTransport", vec!["true".to_owned()]);
    context.set("aws:PrincipalIsAWSService", vec!["true".to_owned()]);
    context.set("aws:PrincipalServiceName", vec![TASKS.to_owned()]);
    if let Some(account) = account {
        let (p, region) = (wiring.placement.partition(), wiring.placement.known_region().unwrap_or("*"));
        context.set("aws:SourceAccount", vec![account.to_owned()]);
        if region != "*" {
            // Of which task or cluster is not known.
            let resource = &format!("{UNKNOWN_SYMBOL}task}}");
            let source = Arn { partition: p, service: "ecs", region, account, resource };
            context.set("aws:SourceArn", vec![source.to_string()]);
        }
    }
    let owner = Arn::account_of(&arn);
    let request = Request::new(TASKS, "sts:AssumeRole", &arn, owner, context).ok()?;
    Some((PolicySet { resource: Some(policy.clone()), ..PolicySet::default() }, request))
}

/// Whether ECS can assume a role for its tasks.
enum Entrance {
    Open,
    /// Certainly not, for this reason.
    Shut(String),
    /// It cannot be said, for this reason.
    Unknown(String),
}

/// Whether ECS can assume a role for a task of this account.
fn tasks_come_in(wiring: &Wiring<'_>, name: &str, role: &Role, policy: &Policy) -> Entrance {
    let account = wiring.placement.known_account();
    let Some((policies, request)) = assumes(wiring, name, role, policy, account) else {
        return Entrance::Unknown("its ARN cannot be read".to_owned());
    };
    let evaluation = evaluate(&policies, &request);
    match evaluation.decision {
        Decision::Allowed => Entrance::Open,
        Decision::ExplicitlyDenied => Entrance::Shut(evaluation.explain(&policies, &request).text),
        Decision::ImplicitlyDenied => {
            // Whether it is the account that does not fit.
            let anybody = assumes(wiring, name, role, policy, None)
                .map(|(policies, request)| evaluate(&policies, &request).decision);
            Entrance::Shut(match account {
                Some(account) if anybody.is_some_and(|d| d != Decision::ImplicitlyDenied) => {
                    format!("its conditions name another account or region than {account}")
                }
                _ => format!("no statement allows {TASKS} sts:AssumeRole under conditions that ECS meets"),
            })
        }
        Decision::Unknown => {
            // Without the statements that StringEquals keeps from ever applying.
            let mut rest = policy.clone();
            rest.statements.retain(|statement| !statement.conditions.iter().any(takes_wildcard_literally));
            let others = assumes(wiring, name, role, &rest, account)
                .map(|(policies, request)| evaluate(&policies, &request).decision);
            if rest.statements.len() < policy.statements.len() && others == Some(Decision::ImplicitlyDenied) {
                let why =
                    "StringEquals takes `*` in aws:SourceArn as a character; ArnLike takes it for anything";
                return Entrance::Shut(why.to_owned());
            }
            let allows = policy.statements.iter().filter(|s| s.effect == Effect::Allow);
            let conditions = allows.flat_map(|s| &s.conditions);
            let mut keys: Vec<&str> = conditions.map(|c| c.key()).collect();
            keys.sort_unstable();
            keys.dedup();
            Entrance::Unknown(format!(
                "it hangs on {}; ECS documents aws:SourceAccount, and aws:SourceArn with a wildcard for the resource",
                keys.join(", ")
            ))
        }
    }
}

/// Whether a condition compares aws:SourceArn with a wildcard by an operator that knows none.
fn takes_wildcard_literally(condition: &Condition) -> bool {
    condition.operator().to_string().to_lowercase().contains("stringequals")
        && condition.key() == "aws:sourcearn"
        && condition.values().iter().any(|value| value.contains(['*', '?']))
}

/// Whom and what a statement lets in beyond ECS tasks; without severity where it is not known who that is.
fn outsiders(statement: &Statement, excepted: &[&str]) -> Vec<(Option<Severity>, String)> {
    let mut out = Vec::new();
    let Some(principals) = &statement.principals else { return out };
    // What beside sts:AssumeRole is allowed gives no session by itself.
    let gives_sessions = statement.may_cover("sts:AssumeRole")
        || ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"].iter().any(|a| statement.may_cover(a));
    if !gives_sessions {
        return out;
    }
    if principals.negated {
        return vec![(Some(Severity::Critical), "everyone but those whom NotPrincipal names".to_owned())];
    }
    for entry in &principals.entries {
        let (severity, text) = match entry {
            PrincipalEntry::Service(service) if service == TASKS => continue,
            PrincipalEntry::Everyone => (Severity::Critical, "everyone (*)".to_owned()),
            PrincipalEntry::Account(account) => {
                (Severity::High, format!("every principal of the account {account} that its policies allow"))
            }
            PrincipalEntry::Aws(arn) if excepted.contains(&arn.as_str()) => continue,
            PrincipalEntry::Provider(arn) if excepted.contains(&arn.as_str()) => continue,
            PrincipalEntry::Aws(arn) => (Severity::High, arn.clone()),
            PrincipalEntry::Provider(provider) => (Severity::High, format!("identities of {provider}")),
            PrincipalEntry::CanonicalUser(_) => (Severity::High, "a canonical user".to_owned()),
            PrincipalEntry::Service(service) if service == "*" => {
                (Severity::Critical, "every service".to_owned())
            }
            PrincipalEntry::Service(service) => (Severity::Medium, format!("the service {service}")),
        };
        let known = !text.contains(UNKNOWN_SYMBOL);
        out.push((known.then_some(severity), text));
    }
    let more: Vec<&str> = statement
        .actions
        .written
        .iter()
        .filter(|a| statement.actions.negated || !ACTIONS.contains(&a.to_lowercase().as_str()))
        .map(String::as_str)
        .collect();
    if !more.is_empty() || statement.actions.negated {
        let actions = if statement.actions.negated { "NotAction".to_owned() } else { more.join(", ") };
        out.push((Some(Severity::Low), format!("more actions than sts:AssumeRole: {actions}")));
    }
    out
}

/// The conditions that limit a statement, so that a reader can weigh it.
fn conditions(statement: &Statement) -> Vec<String> {
    let limits = |key: &str| match key {
        "aws:sourceaccount" | "aws:sourcearn" => " (against a service that is made to act for a stranger)",
        _ => "",
    };
    statement
        .conditions
        .iter()
        .map(|c| format!("limited by {} on {}{}", c.operator(), c.key(), limits(c.key())))
        .collect()
}
