//! SW411: a role can widen its access.

use std::collections::BTreeMap;

use super::access::Access;
use super::entry::{self, Entries};
use super::ground::Ground;
use super::host::{self, Hosts};
use super::route::{self, Open};
use super::{RoleKind, Wiring, statement, sw404};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity, hidden};
use seaworthy_iam::StatementRef;

/// SW411.
pub struct RoleWidensItself;

const META: CheckMeta = CheckMeta {
    id: "SW411",
    name: "role-widens-itself",
    summary: "A role can widen its access: change permissions, take off a limit, act as another role, or run code in another task.",
    why: "What a role's policies name is then not all that it reaches. Anyone who takes over the task writes the role another policy, passes a broader role to a task of their own, or opens a shell where another role's credentials are.",
    fix: "Take the action away, or name the exact targets that the task needs. What remains by intent belongs in `roles.extras` of the contract: the target's ARN, with a reason.",
    example: Example {
        fails: hidden!(
            r#"{"Sid": "Others", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/reports-*"}"#
        ),
        mended: r#"# one role, which roles.extras of the contract names with a reason
{"Sid": "Others", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/reports-reader"}"#,
        silent: "A role that assumes itself or what the contract declares, PassRole of a role that reads nothing, and routes that a Deny or a boundary closes.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-269"],
};

/// Routes that a message names; the notes have all.
const NAMED: usize = 3;

impl Check<Wiring<'_>> for RoleWidensItself {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Roles], answers);
        // SW409 tells that a role is missing.
        wiring.each_role(&META, wiring.roles_of(RoleKind::Task), answers, |access, answers| {
            judge_role(wiring, context, access, answers);
        });
    }
}

fn judge_role(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let (permitted, _) = sw404::permitted(wiring, access);
    let extras = access.accepted(wiring.today);
    on_hosts(wiring, context, access, &host::hosts(wiring, access, &permitted, &extras), answers);
    by_trust(wiring, context, access, entry::entries(wiring, access, &permitted, &extras), answers);
    let routes = route::routes(wiring, access, &permitted, &extras);
    // One reason may leave many routes open: it is told once.
    let mut doubts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for doubt in routes.doubts {
        let on = doubt.resource.map(|r| format!(" on {r}")).unwrap_or_default();
        let what = format!("{}{on}", doubt.action);
        let all = doubts.entry(doubt.why).or_default();
        if !all.contains(&what) {
            all.push(what);
        }
    }
    for (why, all) in doubts {
        let more = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more actions that widen its access"),
        };
        let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let what = format!("whether {} is allowed {named}{more}", access.name);
        answers.not_checked.push(wiring.not_checked(&META, wiring.origin(&access.seen.place), what, why));
    }
    let mut by_statement: BTreeMap<Option<StatementRef>, Vec<Open>> = BTreeMap::new();
    for open in routes.open {
        by_statement.entry(open.statement).or_default().push(open);
    }
    for (of, open) in by_statement {
        report(wiring, context, access, of, &open, answers);
    }
}

/// Roles whose own trust policies let the role in.
fn by_trust(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    entries: Entries,
    answers: &mut Answers,
) {
    for entry in &entries.open {
        let severity = if entry.secret.is_some() { META.severity } else { Severity::Medium };
        let who = entry.let_in(access.name);
        let message = format!(
            "{} can act as {}, whose trust policy lets in {who} without a policy of its own: by that it can {}",
            access.name,
            entry.way(),
            entry.worst()
        );
        let fix = format!(
            "Take {who} out of the trust policy of {}, or what it allows out of its policies. What remains by intent \
             belongs in `roles.extras` of the contract: {}, with a reason.",
            entry.name, entry.arn
        );
        answers.findings.push(
            Finding::build(&META, wiring.origin(&entry.place), message)
                .severity(severity)
                .fix(fix)
                .notes(vec![entry.note()])
                .named(context.key, &[access.name, &entry.name, "trust"]),
        );
    }
    for (what, why) in entries.doubts {
        let origin = wiring.origin(&access.seen.place);
        answers.not_checked.push(wiring.not_checked(&META, origin, what, why));
    }
}

/// What the role's tasks reach through the instances that they run on.
fn on_hosts(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    hosts: &Hosts,
    answers: &mut Answers,
) {
    for host in &hosts.wider {
        let (severity, reads) = match &host.secret {
            Some(secret) => (META.severity, format!("{secret} among others")),
            None => (Severity::Medium, host.reads.clone()),
        };
        let message = format!(
            "tasks of {} run on instances with the role {}, and their containers can take its credentials: it reads {reads}",
            access.name, host.name
        );
        let fix = "Keep containers from the instances' metadata (ECS_AWSVPC_BLOCK_IMDS with the network mode awsvpc, a hop \
                   limit of 1 and required tokens with bridge, never the mode host), run the tasks on Fargate, or take \
                   the reading away from the instances' role. Where the instances keep them out, say so in \
                   `roles.extras` with the role's ARN.";
        answers.findings.push(
            Finding::build(&META, wiring.origin(&host.place), message)
                .severity(severity)
                .confidence(Confidence::Medium)
                .fix(fix.to_owned())
                .notes(vec![format!("the instances' role is {}: {}", host.arn, host.reads)])
                .named(context.key, &[access.name, &host.name, "instance"]),
        );
    }
    for (what, why) in &hosts.doubts {
        let origin = wiring.origin(&access.seen.place);
        answers.not_checked.push(wiring.not_checked(&META, origin, what.clone(), why.clone()));
    }
    if let Some(family) = &hosts.unseen {
        let what = format!("instances that the task {family} runs on");
        let reason = "no source has a role that may join a cluster (ecs:RegisterContainerInstance), so what its \
                      credentials reach is not known";
        let origin = wiring.origin(&access.seen.place);
        answers.not_checked.push(wiring.not_checked(&META, origin, what, reason));
    }
}

/// One route in words.
fn told(open: &Open) -> String {
    let actions: Vec<&str> = [open.route.action].into_iter().chain(open.route.also.iter().copied()).collect();
    let reaches = open.reaches.as_ref().map(|what| format!("; by that it can {what}")).unwrap_or_default();
    let route = open.route;
    format!("{} ({} on {}: {}){reaches}", route.does, actions.join(" with "), open.target, route.name)
}

fn report(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    of: Option<StatementRef>,
    open: &[Open],
    answers: &mut Answers,
) {
    let by = of
        .map_or_else(|| "its policies together".to_owned(), |of| statement::described(&access.policies, of));
    let place = of.map_or_else(|| access.seen.place.clone(), |of| access.place(of));
    let origin = wiring.origin(&place);
    // What certainly reaches a secret is told first.
    let mut sorted: Vec<&Open> = open.iter().collect();
    sorted.sort_by_key(|open| open.reaches.is_none());
    let Some(first) = sorted.first() else { return };
    if let Some(boundary) = &access.unseen_boundary {
        let what = format!("whether {} can {}", access.name, told(first));
        let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
        answers.not_checked.push(wiring.not_checked(&META, origin, what, reason));
        return;
    }
    let severity = if first.reaches.is_some() { META.severity } else { Severity::Medium };
    let routes: Vec<String> = sorted.iter().take(NAMED).map(|open| told(open)).collect();
    let more = match sorted.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and by {more} more routes"),
    };
    let message = format!("{} can widen its access by {by}: it can {}{more}", access.name, routes.join(", "));
    let mut notes: Vec<String> =
        if sorted.len() > 1 { sorted.iter().map(|open| told(open)).collect() } else { Vec::new() };
    let target = &first.target.text;
    let request = wiring.context_on(&access.principal, target);
    notes.extend(access.unstopped(&access.policies, first.route.action, target, request));
    notes.extend(access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what)));
    let expired = access.role.extras.iter().filter_map(|e| Some((e, e.expires?)));
    notes.extend(
        expired
            .filter(|(_, day)| *day < wiring.today)
            .map(|(e, day)| format!("the contract allowed {} until {day}; that has expired", e.resource)),
    );
    let [policy, sid] = of.map_or_else(Default::default, |of| statement::identity(&access.policies, of));
    answers.findings.push(
        Finding::build(&META, origin, message)
            .severity(severity)
            .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
            .notes(notes)
            .named(context.key, &[access.name, &policy, &sid]),
    );
}
