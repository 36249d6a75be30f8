//! SW403: a role cannot read a secret that it requires.

use super::access::Access;
use super::ground::Ground;
use super::key::KeyUse;
use super::miss;
use super::remedy;
use super::target::{Found, Target};
use super::{Kept, RoleKind, Wiring, statement};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{Gap, Key, Seen};
use seaworthy_iam::{self, Arn, Decision, Effect, Layer, PolicySet, Request, ResourceRule, evaluate};
use seaworthy_source::Origin;

/// SW403.
pub struct RoleCannotRead;

pub(super) const META: CheckMeta = CheckMeta {
    id: "SW403",
    name: "role-cannot-read",
    summary: "A role cannot read a secret that the contract requires it to read.",
    why: "The task starts and fails at its first read, or falls back to something else. Boundaries, organization policies and key policies count as much as the role's own.",
    fix: "Allow the role to read exactly this secret, and to decrypt with its key.",
    example: Example {
        fails: hidden!(
            r#"# The parameter is in eu-west-1.
{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
"Resource": "arn:aws:ssm:us-east-1:111122223333:parameter/app/db"}"#
        ),
        mended: r#"{"Sid": "Read", "Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParameters"],
"Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"}"#,
        silent: "One of GetParameter and GetParameters is enough. Boundaries, organization policies, key policies and denies are looked at where a source has them; where one has an unknown part, the answer is not checked.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-280"],
};

/// Whether a role can read a secret.
pub(super) enum Readable {
    /// It can.
    Yes,
    /// It cannot, and why.
    No(String),
    /// A Deny keeps it from that, and which.
    Denied(String),
    /// No one can say, and why.
    Unknown(String),
}

impl Check<Wiring<'_>> for RoleCannotRead {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets, Ground::Roles, Ground::Readers], answers);
        for role in wiring.expectations.roles.iter().filter(|r| r.kind == RoleKind::Task) {
            let targets: Vec<Target<'_>> =
                wiring.required(&role.requires).into_iter().filter(asked_about).collect();
            if targets.is_empty() {
                continue;
            }
            match wiring.access(role) {
                Seen::NotSeen(gap) => answers.not_checked.push(wiring.not_checked(
                    &META,
                    wiring.nowhere(&role.name),
                    format!("role {}", role.name),
                    gap.to_string(),
                )),
                Seen::Absent => {
                    let origin = wiring.nowhere(&role.name);
                    let handles: Vec<&str> = targets.iter().map(|t| t.secret.handle.as_str()).collect();
                    let message = format!(
                        "the role {} does not exist, so it cannot read {}",
                        role.name,
                        handles.join(", ")
                    );
                    answers.findings.push(finding(
                        context,
                        origin,
                        message,
                        META.fix.to_owned(),
                        &[&role.name],
                    ));
                }
                Seen::Value(access) => {
                    access.tell(wiring, &META, answers);
                    let told = answers.findings.len();
                    for target in &targets {
                        judge_requirement(wiring, context, &access, target, answers);
                    }
                    misspelt(wiring, context, &access, told, answers);
                }
            }
        }
    }
}

/// An optional secret may be absent; then no one need read it.
fn asked_about(target: &Target<'_>) -> bool {
    target.secret.required || target.there() != Seen::Absent
}

fn judge_requirement(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    target: &Target<'_>,
    answers: &mut Answers,
) {
    let handle = &target.secret.handle;
    let origin = wiring.origin(&access.seen.place);
    match readable(wiring, access, target) {
        Readable::Yes => {}
        Readable::No(why) | Readable::Denied(why) => {
            let message = format!("{} cannot read {handle} ({}): {why}", access.name, target.name());
            let fix = format!("{} {}", META.fix, remedy::one(wiring, target));
            answers.findings.push(finding(context, origin, message, fix, &[access.name, handle]));
        }
        Readable::Unknown(why) => {
            let what = format!("whether {} can read {handle}", access.name);
            answers.not_checked.push(wiring.not_checked(&META, origin, what, why));
        }
    }
}

/// Tells of actions that allow nothing because AWS does not have them, where no other finding has told it: what the role
/// requires is allowed by another action, and what was meant is not.
/// Findings from the one numbered `told` on are about this role.
fn misspelt(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    access: &Access<'_>,
    told: usize,
    answers: &mut Answers,
) {
    for misspelt in miss::misspelt(access).into_iter().filter(|m| m.effect == Effect::Allow) {
        if answers.findings.iter().skip(told).any(|finding| finding.message.contains(&misspelt.told)) {
            continue;
        }
        let origin = wiring.origin(&access.place(misspelt.statement));
        let fix = "Correct the action's name, or take it out of the statement.".to_owned();
        let [policy, sid] = statement::identity(&access.policies, misspelt.statement);
        let message = format!("a permission of {} is without effect: {}", access.name, misspelt.told);
        answers.findings.push(
            Finding::build(&META, origin, message)
                .severity(Severity::Low)
                .fix(fix)
                .named(context.key, &[access.name, &policy, &sid, "misspelt"]),
        );
    }
}

fn finding(context: &Context<'_>, origin: Origin, message: String, fix: String, place: &[&str]) -> Finding {
    Finding::build(&META, origin, message).fix(fix).named(context.key, place)
}

/// The actions of which one suffices to read a secret.
pub(super) fn actions(target: &Target<'_>) -> &'static [&'static str] {
    if target.is_parameter() {
        &["ssm:GetParameter", "ssm:GetParameters"]
    } else {
        &["secretsmanager:GetSecretValue"]
    }
}

/// Whether a role can read a secret and decrypt it.
pub(super) fn readable(wiring: &Wiring<'_>, access: &Access<'_>, target: &Target<'_>) -> Readable {
    if let Some(gap) = differs(wiring, target) {
        return Readable::Unknown(gap.to_string());
    }
    match fetch(wiring, access, target) {
        Readable::Yes => {}
        other => return other,
    }
    match wiring.key_of(target) {
        KeyUse::Open => Readable::Yes,
        KeyUse::Unknown(gap) => Readable::Unknown(format!("the key that encrypts it was not seen: {gap}")),
        KeyUse::Customer { arn, key } => decrypt(wiring, access, target, &arn, key),
    }
}

/// Where account or region of what is looked at is not known, an ARN that names them cannot be compared.
fn differs(wiring: &Wiring<'_>, target: &Target<'_>) -> Option<Gap> {
    match &target.secret.kept {
        Kept::Parameter(_) => None,
        Kept::ParameterArn(arn) | Kept::SecretArn(arn) => wiring.placement.doubt(arn),
    }
}

/// Whether a reading action is allowed, the key aside.
fn fetch(wiring: &Wiring<'_>, access: &Access<'_>, target: &Target<'_>) -> Readable {
    let mut policies = access.policies.clone();
    let mut unseen_resource = None;
    if let Found::Secret(Seen::Value(secret)) = &target.found {
        let own = wiring.policy_of_secret(secret);
        unseen_resource = own.gap.map(|gap| format!("the secret's policy was not seen: {gap}"));
        policies.resource = own.policy;
    }
    let mut answers = actions(target).iter().map(|action| {
        decide(wiring, access, &policies, action, &target.arn, unseen_resource.as_deref(), |_| {})
    });
    let Some(first) = answers.next() else { return Readable::Yes };
    let answer = answers.fold(first, |best, next| match (&best, &next) {
        (Readable::Yes, _) | (Readable::Unknown(_), Readable::No(_) | Readable::Denied(_)) => best,
        (_, Readable::Yes) | (Readable::No(_) | Readable::Denied(_), Readable::Unknown(_)) => next,
        _ => best,
    });
    match answer {
        Readable::No(why) => {
            let near = miss::near(access, actions(target), &target.arn);
            Readable::No(near.map_or_else(|| why.clone(), |near| format!("{why}; {near}")))
        }
        other => other,
    }
}

/// Decides one request, with what was not seen: identity policies may allow or deny, a boundary can only take away, a
/// resource policy may do either.
fn decide(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    policies: &PolicySet,
    action: &str,
    resource: &str,
    unseen_resource: Option<&str>,
    more: impl FnOnce(&mut seaworthy_iam::Context),
) -> Readable {
    let mut context = wiring.context_on(&access.principal, resource);
    more(&mut context);
    let account = Arn::account_of(resource);
    let request = match Request::new(&access.principal, action, resource, account, context) {
        Ok(request) => request,
        Err(error) => return Readable::Unknown(error.to_string()),
    };
    let evaluation = evaluate(policies, &request);
    let explanation = evaluation.explain(policies, &request);
    let unseen = access.unseen.first().map(|m| format!("{} was not seen: {}", m.what, m.gap));
    let unseen = unseen.or_else(|| unseen_resource.map(str::to_owned));
    match evaluation.decision {
        Decision::ExplicitlyDenied => Readable::Denied(format!("{action}: {}", explanation.text)),
        // What limits was seen, and does not allow it: nothing unseen can.
        Decision::ImplicitlyDenied
            if matches!(evaluation.layer, Some(Layer::ServiceControl)) && unseen_resource.is_none() =>
        {
            Readable::No(format!("{action}: {}", explanation.text))
        }
        Decision::ImplicitlyDenied => match unseen {
            None => Readable::No(format!("{action}: {}", explanation.text)),
            Some(unseen) => Readable::Unknown(unseen),
        },
        Decision::Allowed => {
            let boundary = access.unseen_boundary.as_ref();
            let boundary = boundary.map(|m| format!("{} was not seen: {}", m.what, m.gap));
            unseen.or(boundary).map_or(Readable::Yes, Readable::Unknown)
        }
        Decision::Unknown => {
            let open = explanation.unknown.iter().map(|o| match &o.statement {
                Some(place) => format!("{} ({place})", o.cause),
                None => o.cause.clone(),
            });
            Readable::Unknown(format!("{action}: {}", open.collect::<Vec<_>>().join("; ")))
        }
    }
}

/// Whether the role can decrypt with the customer's key, as the service asks on its behalf.
fn decrypt(
    wiring: &Wiring<'_>,
    access: &Access<'_>,
    target: &Target<'_>,
    arn: &str,
    key: Option<&Key>,
) -> Readable {
    let mut policies = access.policies.clone();
    let own = key.map_or_else(|| wiring.grants_on(arn), |key| wiring.policy_of_key(key));
    let mut unseen = own.gap.as_ref().map(|gap| format!("the policy of the key {arn} was not seen: {gap}"));
    if key.is_none() {
        unseen = Some(format!("no source defines the key {arn}; grant kms:GetKeyPolicy to read its policy"));
    }
    policies.resource = own.policy;
    policies.resource_rule = if unseen.is_some() { ResourceRule::Either } else { ResourceRule::Required };
    let (service, encryption) = match target.is_parameter() {
        true => ("ssm", "PARAMETER_ARN"),
        false => ("secretsmanager", "SecretARN"),
    };
    let placement = wiring.placement;
    let answer = decide(wiring, access, &policies, "kms:Decrypt", arn, unseen.as_deref(), |context| {
        let via = format!("{service}.{}.{}", placement.region(), placement.suffix());
        context.set("kms:ViaService", vec![via]);
        context.set(&format!("kms:EncryptionContext:{encryption}"), vec![target.arn.clone()]);
        context.set("kms:CallerAccount", vec![placement.account().to_owned()]);
        context.set("aws:ViaAWSService", vec!["true".to_owned()]);
        context.set("aws:CalledVia", vec![format!("{service}.{}", placement.suffix())]);
        if placement.partition() == "aws-cn" {
            // Which of its two suffixes a service's name has there is not documented.
            context.set_unknown("kms:ViaService");
            context.set_unknown("aws:CalledVia");
        }
    });
    match answer {
        Readable::No(_) if may_be_granted(wiring, access, arn) => Readable::Unknown(
            "a grant is about a key that is known only after apply: it may be the one that encrypts it"
                .to_owned(),
        ),
        Readable::No(why) | Readable::Denied(why) => {
            let near = miss::near(access, &["kms:Decrypt"], arn).map(|near| format!("; {near}"));
            let near = near.unwrap_or_default();
            Readable::No(format!("it may fetch the value and not decrypt it with {arn}: {why}{near}"))
        }
        other => other,
    }
}

/// Whether a grant lets the role decrypt with a key that is not known, which may be this one.
fn may_be_granted(wiring: &Wiring<'_>, access: &Access<'_>, arn: &str) -> bool {
    let own = wiring.grants_on_unknown_keys();
    if own.gap.is_some() {
        return true;
    }
    let Some(policies) = own.alone(&access.policies) else { return false };
    let context = wiring.context_on(&access.principal, arn);
    Request::new(&access.principal, "kms:Decrypt", arn, Arn::account_of(arn), context).is_ok_and(|request| {
        matches!(evaluate(&policies, &request).decision, Decision::Allowed | Decision::Unknown)
    })
}
