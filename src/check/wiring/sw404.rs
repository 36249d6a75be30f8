//! SW404: a role can read a secret that it does not require.

use std::collections::BTreeMap;

use super::access::Access;
use super::excess::{self, Owner, Permitted, Reach};
use super::ground::Ground;
use super::key::KeyUse;
use super::known;
use super::target::Target;
use super::{Extra, RoleKind, Wiring, miss, remedy, statement};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::Gap;
use seaworthy_iam::{Arn, Effect, Glob, Language, StatementRef};

/// SW404.
pub struct RoleReadsMore;

pub(super) const META: CheckMeta = CheckMeta {
    id: "SW404",
    name: "role-reads-more",
    summary: "A role can read a secret that it does not require.",
    why: "Anyone who takes over the task reads whatever its role can: the secrets of other services and of other environments. A wildcard also covers what will be created tomorrow. The answer is a proof over all names, not a sample.",
    fix: "Name the exact ARNs of what the role requires, without wildcards. What it may read beyond that belongs in `roles.extras` of the contract, with a reason.",
    example: Example {
        fails: hidden!(
            r#"# app* is also every other parameter below /app.
{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app*"}"#
        ),
        mended: r#"{"Sid": "Read", "Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"}"#,
        silent: "What a boundary or a Deny takes away again, the random characters at the end of a secret's ARN, and what roles.extras accepts with a reason.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-272"],
};

impl Check<Wiring<'_>> for RoleReadsMore {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets, Ground::Roles], answers);
        // SW409 tells that a role is missing.
        wiring.each_role(&META, wiring.roles_of(RoleKind::Task), answers, |access, answers| {
            judge_role(wiring, context, access, answers);
        });
    }
}

/// What a role may read: what it requires, and its extras that hold.
pub(super) fn permitted(wiring: &Wiring<'_>, access: &Access<'_>) -> (Permitted, Vec<Gap>) {
    let targets = wiring.required(&access.role.requires);
    let holds = |extra: &&Extra| extra.expires.is_none_or(|day| wiring.today <= day);
    let extras: Vec<Language> =
        access.role.extras.iter().filter(holds).map(|e| Language::from(e.resource.as_str())).collect();
    let with = |more: Vec<Language>| Language::union(more.into_iter().chain(extras.iter().cloned()));
    let of = |parameters: bool| targets.iter().filter(move |t| t.is_parameter() == parameters);
    // The ARN of a target with some of its parts left open.
    let opened = |target: &Target<'_>, open: fn(Arn<'_>) -> Arn<'_>| {
        let pattern = Arn::parse(&target.arn).map(|arn| open(arn).to_string());
        Language::from(pattern.as_deref().unwrap_or(&target.arn))
    };
    let (mut keys, mut gaps) = (Vec::new(), Vec::new());
    for target in &targets {
        match wiring.key_of(target) {
            KeyUse::Customer { arn, .. } => keys.push(Language::from(arn.as_str())),
            KeyUse::Open => {}
            KeyUse::Unknown(gap) => gaps.push(gap),
        }
    }
    let permitted = Permitted {
        parameters: with(of(true).map(|t| t.arns.clone()).collect()),
        parameters_anywhere: with(of(true).map(|t| opened(t, |arn| Arn { region: "*", ..arn })).collect()),
        parameters_in_all_accounts: with(
            of(true).map(|t| opened(t, |arn| Arn { region: "*", account: "*", ..arn })).collect(),
        ),
        paths: with(of(true).filter_map(|t| childless(wiring, t)).collect()),
        secrets: with(of(false).map(|t| t.arns.clone()).collect()),
        secrets_anywhere: with(of(false).map(|t| opened(t, |arn| Arn { account: "*", ..arn })).collect()),
        keys: with(keys),
    };
    (permitted, gaps)
}

/// A required parameter as a path: `ssm:GetParameter*` on its exact ARN allows to ask for it as one, too, and that returns
/// nothing as long as no parameter stands below it.
fn childless(wiring: &Wiring<'_>, target: &Target<'_>) -> Option<Language> {
    let below = format!("{}/", target.parameter_name()?);
    let next = wiring.parameters.range(below.clone()..).next();
    let has_children = next.is_some_and(|name| name.starts_with(&below));
    (!has_children).then(|| Language::glob(Glob::literal(&target.arn)))
}

fn judge_role(wiring: &Wiring<'_>, context: &Context<'_>, access: &Access<'_>, answers: &mut Answers) {
    let (permitted, key_gaps) = permitted(wiring, access);
    let mut excesses = excess::reading(wiring, access, &permitted);
    let origin = wiring.origin(&access.seen.place);
    // A key that may be that of a required secret cannot be called an excess.
    if let Some(gap) = key_gaps.first()
        && excesses.found.iter().any(|reach| reach.action == "kms:Decrypt")
    {
        excesses.found.retain(|reach| reach.action != "kms:Decrypt");
        let what = format!("keys that {} can decrypt with", access.name);
        let reason = format!("the key of a secret that it requires was not seen: {gap}");
        answers.not_checked.push(wiring.not_checked(&META, origin.clone(), what, reason));
    }
    for doubt in excesses.doubts {
        let on = doubt.resource.map(|r| format!(" on {r}")).unwrap_or_default();
        let what = format!("whether {} is allowed {}{on}", access.name, doubt.action);
        answers.not_checked.push(wiring.not_checked(&META, origin.clone(), what, doubt.why));
    }
    let mut by_statement: BTreeMap<(Option<StatementRef>, Option<Owner>), Vec<Reach>> = BTreeMap::new();
    for reach in excesses.found {
        by_statement.entry((reach.statement, reach.owner.clone())).or_default().push(reach);
    }
    let targets = wiring.required(&access.role.requires);
    for ((of, owner), reaches) in by_statement {
        let known = owner.is_none().then(|| known::among(wiring, access, &permitted, of, &reaches)).flatten();
        report(wiring, context, access, &targets, of, owner.as_ref(), &reaches, known, answers);
    }
}

#[allow(clippy::too_many_arguments)]
fn report(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    targets: &[Target<'_>],
    of: Option<StatementRef>,
    owner: Option<&Owner>,
    reaches: &[Reach],
    known: Option<String>,
    answers: &mut Answers,
) {
    let actions: Vec<&str> = reaches.iter().map(|r| r.action).collect();
    let Some(first) = reaches.iter().find(|r| !r.elsewhere).or(reaches.first()) else { return };
    let by = match (of, owner) {
        (_, Some(owner)) => owner.to_string(),
        (Some(of), None) => statement::described(&access.policies, of),
        (None, None) => "its policies together".to_owned(),
    };
    let origin = match (of, owner) {
        (_, Some(owner)) => wiring.origin(owner.place.as_ref().unwrap_or(&access.seen.place)),
        (Some(of), None) => wiring.origin(&access.place(of)),
        (None, None) => wiring.origin(&access.seen.place),
    };
    if let Some(boundary) = &access.unseen_boundary {
        let what = format!("whether {} is allowed {} on {}", access.name, first.action, first.witness);
        let reason = format!("{by} allows it, and {} was not seen: {}", boundary.what, boundary.gap);
        answers.not_checked.push(wiring.not_checked(&META, origin, what, reason));
        return;
    }
    let only_elsewhere = reaches.iter().all(|r| r.elsewhere);
    let only_keys = reaches.iter().all(|r| r.action == "kms:Decrypt");
    let severity = match () {
        () if only_elsewhere => Severity::Low,
        () if only_keys => Severity::Medium,
        () => META.severity,
    };
    let than = if only_elsewhere { "in other regions or accounts, too" } else { "beyond what it requires" };
    // A name that the reader knows says more than a shortest one; the notes tell that one, too.
    let example = known.map_or_else(
        || format!("for example on {}", first.witness),
        |known| format!("among others on {known}"),
    );
    let message = format!("{} is allowed {} {than}, {example}, by {by}", access.name, actions.join(", "));
    let mut notes: Vec<String> = reaches.iter().map(|r| format!("{} on {}", r.action, r.witness)).collect();
    if owner.is_none() {
        let context = wiring.context_on(&access.principal, &first.witness.text);
        notes.extend(access.unstopped(&access.policies, first.action, &first.witness.text, context));
    }
    let misspelt = miss::misspelt(access).into_iter().filter(|misspelt| misspelt.effect == Effect::Deny);
    notes.extend(misspelt.map(|misspelt| format!("{}; as it stands it denies nothing", misspelt.told)));
    notes.extend(access.unseen.iter().map(|m| format!("{} was not seen; it could still deny this", m.what)));
    let expired = access.role.extras.iter().filter_map(|e| Some((e, e.expires?)));
    notes.extend(
        expired
            .filter(|(_, day)| *day < wiring.today)
            .map(|(e, day)| format!("the contract allowed {} until {day}; that has expired", e.resource)),
    );
    let named = match (of, owner) {
        (_, Some(owner)) => [owner.name.clone(), owner.grant.clone().unwrap_or_default()],
        (Some(of), None) => statement::identity(&access.policies, of),
        (None, None) => [String::new(), String::new()],
    };
    let place = [access.name, &named[0], &named[1], if only_elsewhere { "elsewhere" } else { "" }];
    answers.findings.push(
        Finding::build(&META, origin, message)
            .severity(severity)
            .confidence(if access.unseen.is_empty() { Confidence::High } else { Confidence::Medium })
            .fix(format!("{} {}", META.fix, remedy::change(wiring, access, of, targets)))
            .notes(notes)
            .named(context.key, &place),
    );
}

/// What SW404 found for each role, for the simulation: role, action, resource.
pub(super) fn witnesses(wiring: &Wiring<'_>, access: &Access<'_>) -> Vec<(&'static str, String)> {
    let (permitted, _) = permitted(wiring, access);
    let found = excess::reading(wiring, access, &permitted).found;
    found.into_iter().filter(|r| r.owner.is_none()).map(|r| (r.action, r.witness.text)).collect()
}
