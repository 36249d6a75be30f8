//! SW412: a task does not inject a secret that the contract says it requires.

use super::ground::Ground;
use super::sample::task_definition;
use super::target::is_same_secret;
use super::task_definition::{at, tasks};
use super::{Kept, Secret, Wiring};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{SecretReference, SecretReferenceKind, Seen};
use seaworthy_iam::Arn;

/// SW412.
pub struct SecretNotInjected;

const META: CheckMeta = CheckMeta {
    id: "SW412",
    name: "secret-not-injected",
    summary: "A task definition does not inject a secret that the contract says it injects, or fills a secret's variable from another place.",
    why: "A task that lacks its secret stops at its start, and one that gets another secret in its place uses it where it does not belong.",
    fix: "Add the secret to the container's `secrets` with the parameter that the contract pins, or correct the contract's [[tasks]].",
    example: Example {
        fails: hidden!(task_definition!("app-task")),
        mended: task_definition!(
            "app-task",
            r#""secrets": [{"name": "DB_PASSWORD",
      "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"}]"#
        ),
        silent: "Tasks whose contract entry has no injects.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-522"],
};

/// The fix where the contract's profile forbids that the agent reads secrets.
const BY_ITSELF: &str = "Take the secret out of `injects` of the contract's [[tasks]] if the program reads it itself, with its \
    task role. Where it must be injected, add it to the container's `secrets`, and name the exact ARN in an [[exceptions]] \
    entry of the contract with a reason.";

impl Check<Wiring<'_>> for SecretNotInjected {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        wiring.asks_for_tasks()
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Tasks], answers);
        for (family, task) in tasks(wiring, &META, answers) {
            let injected: Vec<&SecretReference> =
                task.references.iter().filter(|r| r.kind == SecretReferenceKind::Secrets).collect();
            for reference in &injected {
                let secrets = wiring.expectations.secrets.iter();
                let mut carried = secrets.filter(|s| s.variables.contains(&reference.name));
                let Some(secret) = carried.next() else { continue };
                let origin = at(wiring.origin(&task.place), reference.pointer.as_ref());
                match is_from(wiring, reference, secret) {
                    Some(true) => {}
                    Some(false) => {
                        let message = format!(
                            "the task {family} fills {} from another place than the one where the contract keeps {}",
                            reference.name, secret.handle
                        );
                        let place = [family, reference.name.as_str(), "other"];
                        answers
                            .findings
                            .push(Finding::build(&META, origin, message).named(context.key, &place));
                    }
                    None => {
                        let what = format!("the secret that the task {family} fills {} from", reference.name);
                        let reason = "it is known only when it is deployed".to_owned();
                        answers.not_checked.push(wiring.not_checked(&META, origin, what, reason));
                    }
                }
            }
            let Some(expected) = wiring.expectations.tasks.iter().find(|t| t.family == family) else {
                continue;
            };
            if let (Seen::NotSeen(gap), false) = (&task.containers, expected.injects.is_empty()) {
                let what = format!("container definitions of the task {family}");
                let origin = wiring.origin(&task.place);
                answers.not_checked.push(wiring.not_checked(&META, origin, what, gap.to_string()));
                continue;
            }
            for handle in &expected.injects {
                let Some(secret) = wiring.expectations.secret(handle) else { continue };
                let carries = |r: &&&SecretReference| {
                    secret.variables.contains(&r.name) || is_from(wiring, r, secret) == Some(true)
                };
                if injected.iter().find(carries).is_none() {
                    let message = format!("the task {family} does not inject {handle}");
                    let place = [family, handle.as_str(), "missing"];
                    let origin = wiring.origin(&task.place);
                    let mut finding = Finding::build(&META, origin, message);
                    if context.forbids_task_secrets {
                        finding = finding.fix(BY_ITSELF);
                    }
                    answers.findings.push(finding.named(context.key, &place));
                }
            }
        }
    }
}

/// Whether a reference reads the secret where the contract keeps it, if that is known. What is no ARN is the name of a
/// parameter in the task's own account and region; what follows a name picks a version, a key or a stage of it.
fn is_from(wiring: &Wiring<'_>, reference: &SecretReference, secret: &Secret) -> Option<bool> {
    let text = wiring.text(&reference.value_from)?;
    let there = Arn::is_meant(&text).then(|| Arn::parse(&text));
    match &secret.kept {
        Kept::Parameter(own) => match there {
            None => Some(bare(&text) == bare(own)),
            Some(there) => {
                let is_named = there.and_then(parameter_of) == Some(bare(own));
                is_here(wiring, there.filter(|_| is_named))
            }
        },
        Kept::ParameterArn(own) => {
            let own = Arn::parse(own)?;
            match there {
                None => is_here(wiring, Some(own).filter(|own| parameter_of(*own) == Some(bare(&text)))),
                Some(there) => Some(there.is_some_and(|there| {
                    is_same_place(own, there) && parameter_of(there) == parameter_of(own)
                })),
            }
        }
        Kept::SecretArn(own) => {
            let own = Arn::parse(own)?;
            Some(there.flatten().is_some_and(|there| {
                let names = own.secret_name().zip(there.secret_name());
                is_same_place(own, there) && names.is_some_and(|(own, there)| is_same_secret(own, there))
            }))
        }
    }
}

/// A parameter's name without the slash that may begin it, and without a version or a label.
fn bare(name: &str) -> &str {
    name.trim_start_matches('/').split(':').next().unwrap_or_default()
}

fn parameter_of(arn: Arn<'_>) -> Option<&str> {
    let name = arn.resource.strip_prefix("parameter/").filter(|_| arn.service == "ssm")?;
    Some(bare(name))
}

fn is_same_place(one: Arn<'_>, other: Arn<'_>) -> bool {
    one.service == other.service && one.region == other.region && one.account == other.account
}

/// Whether an ARN is in the account and region that are looked at, if that is known.
fn is_here(wiring: &Wiring<'_>, arn: Option<Arn<'_>>) -> Option<bool> {
    let Some(arn) = arn else { return Some(false) };
    let place = wiring.placement;
    let same = |known: Option<&str>, stands_for: &str, named: &str| match known {
        Some(known) => Some(known == named),
        None => (stands_for == named).then_some(true),
    };
    let region = same(place.known_region(), place.region(), arn.region);
    let account = same(place.known_account(), place.account(), arn.account);
    match (region, account) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
