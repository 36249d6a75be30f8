//! SW405: the execution role can do more than pull and log, above all read secrets.

use std::collections::BTreeMap;

use super::access::Access;
use super::entry::{self, Entry};
use super::excess::{self, Owner, Permitted};
use super::ground::Ground;
use super::task_definition::{Named, exceptions, named, role_fields};
use super::{Role, RoleKind, Wiring, statement};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::Seen;
use seaworthy_iam::{
    ActionExcess, Arn, Glob, Language, PolicySet, READING_ACTIONS, ResourceRule, StatementRef, Undecided,
    Witness,
};

/// SW405.
pub struct ExecutionRoleDoesMore;

const META: CheckMeta = CheckMeta {
    id: "SW405",
    name: "execution-role-does-more",
    summary: "An execution role can do more than pull images and write logs.",
    why: "The ECS agent acts as this role for every task that names it. What it can read reaches any container definition that asks for it, past the task role and its boundaries.",
    fix: "Give the role AmazonECSTaskExecutionRolePolicy and nothing else. Let the application read its secrets at start, with its task role.",
    example: Example {
        fails: hidden!(
            r#"# the execution role's policy
{"Effect": "Allow", "Action": ["ssm:GetParameters"],
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/*"}"#
        ),
        mended: r#"# the execution role's policy
{"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents"],
"Resource": "*"}"#,
        silent: "Pulling images, pull-through caches, writing logs, and what an exception of the contract accepts until a day.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-272"],
};

/// What pulling and logging takes: AmazonECSTaskExecutionRolePolicy, the creation of log groups, and pull-through caches.
const PULL_AND_LOG: [&str; 9] = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:CreateLogGroup",
    "ecr:CreateRepository",
    "ecr:BatchImportUpstreamImage",
];

/// Statements that are listed for one role at most.
const MAX_STATEMENTS: usize = 32;

/// What one statement allows beyond pull and log.
#[derive(Default)]
struct Beyond {
    actions: Vec<String>,
    notes: Vec<String>,
    reads: bool,
    /// Whose own policy allows it, where it is none of the role's.
    owner: Option<Owner>,
    /// One action and resource of them.
    first: Option<(String, String)>,
}

impl Beyond {
    /// Adds actions as the statement writes them, with one of them that is allowed on a resource.
    fn add(&mut self, written: impl Iterator<Item = String>, action: &Witness, resource: &Witness) {
        let before = self.actions.len();
        for written in written {
            if !self.actions.iter().any(|known| known.eq_ignore_ascii_case(&written)) {
                self.actions.push(written);
            }
        }
        if self.actions.len() > before {
            self.first.get_or_insert((action.text.clone(), resource.text.clone()));
            self.notes.push(format!("{action} on {resource}"));
        }
    }

    /// Why nothing stops the first of them.
    fn unstopped(&self, wiring: &Wiring<'_>, access: &Access<'_>) -> Option<String> {
        let (action, resource) = self.first.as_ref()?;
        let context = wiring.context_on(&access.principal, resource);
        access.unstopped(&access.policies, action, resource, context)
    }
}

/// What was found of one role, by statement.
type Found = BTreeMap<Option<StatementRef>, Beyond>;

impl Check<Wiring<'_>> for ExecutionRoleDoesMore {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn takes_exceptions(&self) -> bool {
        true
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        let named = wiring.expectations.roles.iter().any(|r| r.kind == RoleKind::Execution);
        let mut tasks = wiring.snapshot.tasks.values().filter_map(Seen::value);
        let is_used = tasks.any(|task| task.execution_role != Seen::Absent);
        // Without an execution role there is nothing that this check could ask about.
        if named || is_used || wiring.expectations.roles.is_empty() {
            Applies::Asked
        } else {
            Applies::NotRequested
        }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Roles], answers);
        let roles = execution_roles(wiring, answers);
        wiring.each_role(&META, &roles, answers, |access, answers| {
            judge_role(wiring, context, access, answers);
        });
    }
}

/// The contract's execution roles, and those that task definitions use: what such a role may do needs no contract.
fn execution_roles(wiring: &Wiring<'_>, answers: &mut Answers) -> Vec<Role> {
    let is_agent = |r: &&Role| r.kind == RoleKind::Execution;
    let mut roles: Vec<Role> = wiring.expectations.roles.iter().filter(is_agent).cloned().collect();
    let tasks =
        wiring.snapshot.tasks.iter().filter_map(|(family, task)| Some((family.as_str(), task.value()?)));
    let tasks: Vec<_> = tasks.collect();
    let fields = role_fields(wiring, &tasks).into_iter().filter(|field| field.name == "executionRoleArn");
    for field in fields {
        let reason = match field.role {
            Seen::Absent => continue,
            Seen::NotSeen(gap) => Err(gap.to_string()),
            Seen::Value(text) => {
                named(wiring, text).ok_or_else(|| format!("which role {text} means is not known"))
            }
        };
        let Named { name, .. } = match reason {
            Ok(named) => named,
            Err(reason) => {
                let what = format!("execution role of the task {}", field.task);
                answers.not_checked.push(wiring.not_checked(&META, wiring.origin(field.place), what, reason));
                continue;
            }
        };
        if roles.iter().all(|r| r.name != name) {
            roles.push(Role::of_task(name));
        }
    }
    roles
}

/// What an execution role may read: what is excepted, and its extras.
pub(super) fn permitted(wiring: &Wiring<'_>, access: &Access<'_>) -> Permitted {
    let excepted = exceptions(wiring, META.id).into_iter().map(|e| Language::from(e.arn.as_str()));
    let holds = |e: &&super::Extra| e.expires.is_none_or(|day| wiring.today <= day);
    let extras = access.role.extras.iter().filter(holds).map(|e| Language::from(e.resource.as_str()));
    let all = Language::union(excepted.chain(extras));
    Permitted {
        parameters: all.clone(),
        parameters_anywhere: all.clone(),
        parameters_in_all_accounts: all.clone(),
        paths: all.clone(),
        secrets: all.clone(),
        secrets_anywhere: all.clone(),
        keys: all,
    }
}

fn judge_role(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let mut found = Found::new();
    let mut doubts: Vec<(String, String)> = Vec::new();
    let excesses = excess::reading(wiring, access, &permitted(wiring, access));
    for reach in excesses.found {
        let beyond = found.entry(reach.statement.filter(|_| reach.owner.is_none())).or_default();
        // A key by itself reads nothing.
        beyond.reads |= reach.owner.as_ref().is_none_or(|owner| owner.noun != "key");
        beyond.owner = beyond.owner.take().or_else(|| reach.owner.clone());
        let by = reach.owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
        if !beyond.actions.iter().any(|a| a == reach.action) {
            beyond.actions.push(reach.action.to_owned());
        }
        if by.is_empty() {
            beyond.first.get_or_insert((reach.action.to_owned(), reach.witness.text.clone()));
        }
        beyond.notes.push(format!("{} on {}{by}", reach.action, reach.witness));
    }
    for doubt in excesses.doubts {
        let on = doubt.resource.map(|r| format!(" on {r}")).unwrap_or_default();
        doubts.push((format!("whether {} is allowed {}{on}", access.name, doubt.action), doubt.why));
    }
    others(wiring, access, &mut found, &mut doubts);
    let permitted = permitted(wiring, access);
    let entries = entry::entries(wiring, access, &permitted, &permitted.parameters);
    doubts.extend(entries.doubts);
    for entry in &entries.open {
        by_trust(wiring, context, access, entry, answers);
    }
    let origin = wiring.origin(&access.seen.place);
    for (what, why) in doubts {
        answers.not_checked.push(wiring.not_checked(&META, origin.clone(), what, why));
    }
    for (of, beyond) in found {
        report(wiring, context, access, of, &beyond, answers);
    }
}

/// What goes beyond pulling and logging, for this role: actions, in lower case, and resources.
fn beyond_pull_and_log(wiring: &Wiring<'_>, access: &Access<'_>) -> (Language, Language) {
    // Where reading is excepted for single ARNs, the proof of what is read says whether it goes beyond them.
    let is_excepted = |action: &&&str| {
        let service = action.split(':').next();
        let excepted = exceptions(wiring, META.id).into_iter().map(|e| e.arn.as_str());
        let extras = access.role.extras.iter().map(|e| e.resource.as_str());
        excepted.chain(extras).any(|arn| Arn::parse(arn).is_some_and(|arn| Some(arn.service) == service))
    };
    let allowed = PULL_AND_LOG.iter().chain(READING_ACTIONS.iter().filter(is_excepted));
    let allowed = allowed.map(|action| Language::from(action.to_lowercase().as_str()));
    let everywhere = Language::union([Language::from("arn:*:*:*:*:?*"), Language::glob(Glob::literal("*"))]);
    (Language::from("*").minus(&Language::union(allowed)), everywhere)
}

/// Every other action, statement by statement.
fn others(wiring: &Wiring<'_>, access: &Access<'_>, found: &mut Found, doubts: &mut Vec<(String, String)>) {
    let (operations, resources) = beyond_pull_and_log(wiring, access);
    let mut policies = access.policies.clone();
    // Policies of keys and roles that no one saw are taken to leave the decision to this role's own.
    policies.resource_rule = ResourceRule::Either;
    let context = wiring.context(&access.principal);
    for (resources, context) in access.by_region(&policies, None, &resources, &context) {
        others_at_once(access, &mut policies, (&operations, &resources), &context, found, doubts);
    }
}

/// The same where every request is made in one region, or in any.
fn others_at_once(
    access: &Access<'_>,
    policies: &mut PolicySet,
    asked: (&Language, &Language),
    context: &seaworthy_iam::Context,
    found: &mut Found,
    doubts: &mut Vec<(String, String)>,
) {
    let (operations, resources) = asked;
    let who = &access.principal;
    for attempt in 0..=MAX_STATEMENTS {
        match ActionExcess::find_among(policies, who, operations, resources, context, &access.limits) {
            Ok(ActionExcess::None) => return,
            Ok(ActionExcess::Excess { .. }) if attempt == MAX_STATEMENTS => {
                let what = format!("further statements of {}", access.name);
                doubts.push((what, format!("more than {MAX_STATEMENTS} of them go beyond pull and log")));
                return;
            }
            Ok(ActionExcess::Excess { action, resource, statement: of }) => {
                let own = of.and_then(|of| policies.statement(of)).map(|(_, statement)| statement);
                let own =
                    own.map_or_else(|| action.text.clone(), |own| statement::written(own, &action.text));
                let all = of.map(|of| statement::allowed_actions(access, policies, of, asked, context));
                let written = all.into_iter().flatten().chain([own]);
                found.entry(of).or_default().add(written, &action, &resource);
                let Some(of) = of else { return };
                statement::disarm(policies, of);
            }
            Ok(ActionExcess::Undecided { action, why }) => {
                let action = action.map_or_else(|| "an action".to_owned(), |a| a.to_string());
                let why = match why {
                    Undecided::Conditional { uncertainties, .. } => {
                        statement::open_questions(policies, &uncertainties)
                    }
                    Undecided::TooComplex => "the policies are too complex to be compared in full".to_owned(),
                };
                let what = format!("whether {} is allowed {action}, beyond pull and log", access.name);
                // What is not known of one region is mostly not known of the others.
                if !doubts.iter().any(|(_, told)| *told == why) {
                    doubts.push((what, why));
                }
                return;
            }
            Err(error) => {
                doubts.push((format!("role {}", access.name), error.to_string()));
                return;
            }
        }
    }
}

/// A role whose own trust policy lets the execution role in.
fn by_trust(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    entry: &Entry,
    answers: &mut Answers,
) {
    let reads = entry.secret.is_some();
    let who = entry.let_in(access.name);
    let message = format!(
        "the execution role {} can act as {}, whose trust policy lets in {who}: by that it can {}",
        access.name,
        entry.way(),
        entry.worst()
    );
    answers.findings.push(
        Finding::build(&META, wiring.origin(&entry.place), message)
            .severity(if reads { Severity::Critical } else { META.severity })
            .fix(format!("Take {who} out of the trust policy of {}.", entry.name))
            .notes(vec![entry.note()])
            .named(context.key, &[access.name, &entry.name, "trust"]),
    );
}

fn report(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    of: Option<StatementRef>,
    beyond: &Beyond,
    answers: &mut Answers,
) {
    let by = of.map_or_else(
        || beyond.owner.as_ref().map_or_else(|| "a resource policy".to_owned(), ToString::to_string),
        |of| statement::described(&access.policies, of),
    );
    let place = of.map_or_else(|| access.seen.place.clone(), |of| access.place(of));
    let origin = wiring.origin(&place);
    let actions = beyond.actions.join(", ");
    if let Some(boundary) = &access.unseen_boundary {
        let what = format!("whether the execution role {} is allowed {actions}", access.name);
        let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
        answers.not_checked.push(wiring.not_checked(&META, origin, what, reason));
        return;
    }
    let [policy, sid] = of.map_or_else(Default::default, |of| statement::identity(&access.policies, of));
    let what = if beyond.reads { "can read secrets" } else { "can do more than pull and log" };
    answers.findings.push(
        Finding::build(
            &META,
            origin,
            format!("the execution role {} {what}: {by} allows {actions}", access.name),
        )
        .severity(if beyond.reads { Severity::Critical } else { META.severity })
        .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
        .notes(beyond.notes.iter().cloned().chain(beyond.unstopped(wiring, access)).collect())
        .named(context.key, &[access.name, &policy, &sid]),
    );
}
