//! SW412: a task does not inject a secret that the contract says it requires.

use super::task_definition::{at, tasks};
use super::{Kept, Secret, Wiring};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Finding, Reads, Severity};
use seaworthy_aws::{SecretReference, SecretReferenceKind, Seen};

/// SW412.
pub struct SecretNotInjected;

const META: CheckMeta = CheckMeta {
    id: "SW412",
    name: "secret-not-injected",
    summary: "A task definition does not inject a secret that the contract says it injects, or fills a secret's variable from another place.",
    why: "A task that lacks its secret stops at its start, and one that gets another secret in its place uses it where it does not belong.",
    fix: "Add the secret to the container's `secrets` with the parameter that the contract pins, or correct the contract's [[tasks]].",
    clause: "D.3.3",
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-522"],
};

impl Check<Wiring<'_>> for SecretNotInjected {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
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
                    answers.findings.push(Finding::build(&META, origin, message).named(context.key, &place));
                }
            }
        }
    }
}

/// Whether a reference reads the secret where the contract keeps it, if that is known.
fn is_from(wiring: &Wiring<'_>, reference: &SecretReference, secret: &Secret) -> Option<bool> {
    let text = wiring.text(&reference.value_from)?;
    let name = |arn: &str| arn.split_once(":parameter").map(|(_, name)| name.to_owned());
    let bare = |name: &str| name.trim_start_matches('/').to_owned();
    Some(match &secret.kept {
        Kept::Parameter(own) => bare(&name(&text).unwrap_or_else(|| text.clone())) == bare(own),
        Kept::ParameterArn(own) => {
            text == *own || !text.starts_with("arn:") && name(own).is_some_and(|n| bare(&n) == bare(&text))
        }
        // What follows the name picks a key, a stage and a version; six random characters may be left out.
        Kept::SecretArn(own) => {
            let own_name = own.split(':').nth(6).unwrap_or_default();
            let there = text.split(':').nth(6).unwrap_or(text.as_str());
            own_name == there
                || own_name.strip_prefix(there).is_some_and(|rest| rest.len() == 7 && rest.starts_with('-'))
        }
    })
}
