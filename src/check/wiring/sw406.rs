//! SW406: a task definition makes the execution role read a secret.

use super::Wiring;
use super::ground::Ground;
use super::sample::task_definition;
use super::task_definition::{at, described, exceptions, tasks};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{Place, SecretReference};
use seaworthy_iam::Arn;

/// SW406.
pub struct ExecutionRoleInjects;

pub(super) const META: CheckMeta = CheckMeta {
    id: "SW406",
    name: "execution-role-injects",
    summary: "A task definition makes the execution role read a secret (secrets, secretOptions, repositoryCredentials, environmentFiles, credentialSpecs).",
    why: "ECS's agent reads these fields with the execution role, before the container starts, and hands the values over in the environment. So the execution role must be able to read secrets, and the task role's limits no longer decide who sees them.",
    fix: "Let the application read the value itself at start, with its task role (GetParameter, GetSecretValue). Where that cannot be, name the exact ARN in an [[exceptions]] entry for SW406 (and SW405) of the contract.",
    example: Example {
        fails: hidden!(task_definition!(
            "app-task",
            r#""secrets": [{"name": "DB_PASSWORD",
      "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db"}]"#
        )),
        mended: task_definition!("app-task"),
        silent: "References that an [[exceptions]] entry of the contract accepts until a day. A team that injects through the execution role on purpose uses a profile without D.3.2.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-250", "CWE-526"],
};

impl Check<Wiring<'_>> for ExecutionRoleInjects {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn takes_exceptions(&self) -> bool {
        true
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        wiring.asks_for_tasks()
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Tasks], answers);
        for (family, task) in tasks(wiring, &META, answers) {
            if let Some(gap) = task.containers.gap() {
                answers.not_checked.push(wiring.not_checked(
                    &META,
                    wiring.origin(&task.place),
                    format!("container definitions of the task {family}"),
                    gap.to_string(),
                ));
            }
            for reference in &task.references {
                judge_reference(wiring, context, family, &task.place, reference, answers);
            }
        }
        for of in &wiring.snapshot.overrides {
            for reference in &of.references {
                judge_reference(wiring, context, &described(wiring, of), &of.place, reference, answers);
            }
        }
    }
}

/// The ARN of what a reference reads, where it is known; what picks a key or a version of a secret is left off.
fn arn(wiring: &Wiring<'_>, reference: &SecretReference) -> Option<String> {
    let text = wiring.text(&reference.value_from)?;
    if !Arn::is_meant(&text) {
        let (p, r, a) = (wiring.placement.partition(), wiring.placement.region(), wiring.placement.account());
        return Some(seaworthy_iam::parameter_arn(p, r, a, &text));
    }
    Some(Arn::without_selectors(&text).to_owned())
}

fn judge_reference(
    wiring: &Wiring<'_>,
    context: &Context<'_>,
    family: &str,
    place: &Place,
    reference: &SecretReference,
    answers: &mut Answers,
) {
    let arn = arn(wiring, reference);
    let excepted = |e: &str| arn.as_deref() == Some(e);
    if exceptions(wiring, META.id).iter().any(|e| excepted(&e.arn)) {
        return;
    }
    let field = reference.kind.as_str();
    let container = reference.container.as_ref().map(ToString::to_string);
    let of = container.as_ref().map(|c| format!(" of the container {c}")).unwrap_or_default();
    let name = match reference.name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    let from = arn.clone().unwrap_or_else(|| reference.value_from.to_string());
    let expired = wiring.expectations.exceptions.iter().filter(|e| e.check == META.id && excepted(&e.arn));
    answers.findings.push(
        Finding::build(
            &META,
            at(wiring.origin(place), reference.pointer.as_ref()),
            format!("the task {family} makes the execution role read {from}: `{field}`{of}{name}"),
        )
        .fix(format!("{} The ARN is {from}.", META.fix))
        .notes(
            expired
                .map(|e| format!("the contract excepted it until {}; that has expired", e.expires))
                .collect(),
        )
        .named(context.key, &[family, field, container.as_deref().unwrap_or_default(), &reference.name]),
    );
}
