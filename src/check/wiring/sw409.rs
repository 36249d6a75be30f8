//! SW409: a task without exactly one mapped task role, or running as the execution role or as a forbidden one.

use super::ground::Ground;
use super::sample::task_definition;
use super::task_definition::{Named, described, named, started, tasks};
use super::{ForbiddenRole, Role, RoleKind, Task, Wiring};
use crate::check::{Answers, Applies, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use seaworthy_aws::{Place, Seen, TaskDefinition, TaskOverride, Text};
use seaworthy_iam::Arn;
use seaworthy_source::Origin;

/// SW409.
pub struct TaskRoleNotMapped;

const META: CheckMeta = CheckMeta {
    id: "SW409",
    name: "task-role-not-mapped",
    summary: "A task does not run as exactly the role that the contract maps to it.",
    why: "What was proved of a role says nothing of a task that runs as another one. A task without role on an EC2 host can reach the credentials of that host; one that runs as the execution role or as the role that applies Terraform can do what those can.",
    fix: "Give the task definition the task role (taskRoleArn) that the contract maps to its family, and add a [[tasks]] entry for a family that has none.",
    example: Example {
        fails: hidden!(task_definition!("other")),
        mended: task_definition!("app-task"),
        silent: "Roles that a reference resolves to the right one. A role that only a symbol names is not checked.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-266", "CWE-269"],
};

impl Check<Wiring<'_>> for TaskRoleNotMapped {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        let absent = |role: &&Role| wiring.snapshot.role(&role.name) == Seen::Absent;
        if wiring.expectations.roles.iter().any(|role| absent(&role)) {
            Applies::Asked
        } else {
            wiring.asks_for_tasks()
        }
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Tasks], answers);
        for role in &wiring.expectations.roles {
            if wiring.snapshot.role(&role.name) == Seen::Absent {
                let origin = wiring.nowhere(&role.name);
                let message = format!("the role {}, which the contract names, does not exist", role.name);
                answers.findings.push(finding(context, origin, META.severity, message, &["", &role.name]));
            }
        }
        for task in &wiring.expectations.tasks {
            if wiring.snapshot.task(&task.family) == Seen::Absent {
                let origin = wiring.nowhere(&task.family);
                let message = format!("the task {}, which the contract names, does not exist", task.family);
                answers.findings.push(finding(context, origin, Severity::Medium, message, &[&task.family]));
            }
        }
        for (family, seen) in tasks(wiring, &META, answers) {
            let family = seen.family.known().unwrap_or(family);
            let mapped = wiring.expectations.tasks.iter().find(|t| t.family == family);
            Asked { wiring, context, family, place: &seen.place, mapped }.judge(seen, answers);
        }
        for of in &wiring.snapshot.overrides {
            let family = started(wiring, of);
            let mapped = wiring.expectations.tasks.iter().find(|t| Some(&t.family) == family.as_ref());
            let shown = described(wiring, of);
            Asked { wiring, context, family: &shown, place: &of.place, mapped }.overridden(of, answers);
        }
    }
}

/// One task definition.
struct Asked<'a, 'w> {
    wiring: &'a Wiring<'w>,
    context: &'a Context<'a>,
    family: &'a str,
    place: &'a Place,
    mapped: Option<&'a Task>,
}

impl Asked<'_, '_> {
    fn judge(&self, seen: &TaskDefinition, answers: &mut Answers) {
        if self.mapped.is_none() {
            if seen.family.known().is_none() {
                let reason = format!("its family {} is not known yet", seen.family);
                self.not_checked("task definition", &reason, answers);
            } else {
                let message = format!("the task {} is not mapped to a role in the contract", self.family);
                self.found("unmapped", Severity::Medium, message, answers);
            }
        }
        let task_role = self.field("taskRoleArn", &seen.task_role, answers);
        let execution_role = self.field("executionRoleArn", &seen.execution_role, answers);
        if seen.task_role == Seen::Absent {
            let only_fargate = matches!(seen.compatibilities.as_slice(), [kind] if kind == "FARGATE");
            let result = if only_fargate {
                "so its application has no credentials of its own"
            } else {
                "so its application can reach the credentials of its host"
            };
            let message = format!("the task {} has no task role, {result}", self.family);
            self.found("no-role", META.severity, message, answers);
        }
        if let Some(role) = &task_role {
            self.task_role(role, execution_role.as_ref(), answers);
        }
        self.pinned(execution_role.as_ref(), &seen.execution_role, answers);
    }

    /// What starts the task with other roles than its definition has.
    fn overridden(&self, of: &TaskOverride, answers: &mut Answers) {
        let task_role = self.field("taskRoleArn", &of.task_role, answers);
        let execution_role = self.field("executionRoleArn", &of.execution_role, answers);
        if self.mapped.is_none() && (of.task_role != Seen::Absent || of.execution_role != Seen::Absent) {
            let reason = of.task.gap().map_or_else(
                || "the contract maps no role to the task that is started".to_owned(),
                ToString::to_string,
            );
            self.not_checked("roles", &reason, answers);
        }
        if let Some(role) = &task_role {
            self.task_role(role, execution_role.as_ref(), answers);
        }
        if of.execution_role != Seen::Absent {
            self.pinned(execution_role.as_ref(), &of.execution_role, answers);
        }
    }

    /// Whether the execution role is the one that the contract pins.
    fn pinned(&self, execution_role: Option<&Named>, seen: &Seen<Text>, answers: &mut Answers) {
        let pinned = self.mapped.and_then(|t| t.execution_role.as_deref());
        let Some(pinned) = pinned.and_then(|handle| self.wiring.expectations.role(handle)) else { return };
        match (execution_role, seen) {
            (Some(role), _) if !role.is(&expected(pinned)) => {
                let message = format!(
                    "the task {} has the execution role {}, and the contract pins {}",
                    self.family, role.name, pinned.name
                );
                self.found("pinned-execution-role", META.severity, message, answers);
            }
            (None, Seen::Absent) => {
                let message = format!(
                    "the task {} has no execution role, and the contract pins {}",
                    self.family, pinned.name
                );
                self.found("pinned-execution-role", Severity::Medium, message, answers);
            }
            _ => {}
        }
    }

    /// The role that a field names. What could not be seen is told.
    fn field(&self, field: &str, seen: &Seen<Text>, answers: &mut Answers) -> Option<Named> {
        match seen {
            Seen::Absent => None,
            Seen::NotSeen(gap) => {
                self.not_checked(field, &gap.to_string(), answers);
                None
            }
            Seen::Value(text) => {
                let role = named(self.wiring, text);
                if role.is_none() {
                    self.not_checked(field, &format!("which role {text} means is not known"), answers);
                }
                role
            }
        }
    }

    /// What is wrong with the task role: the worst is the finding, the rest its notes.
    fn task_role(&self, role: &Named, execution_role: Option<&Named>, answers: &mut Answers) {
        let (family, name) = (self.family, &role.name);
        let mut faults: Vec<(&str, Severity, String)> = Vec::new();
        let mut fault = |about, severity, text: String| faults.push((about, severity, text));
        let roles = &self.wiring.expectations.roles;
        let forbidden = |f: &&ForbiddenRole| Named::new(&f.role).is(role);
        if let Some(forbidden) = self.wiring.expectations.forbidden_roles.iter().find(forbidden) {
            let reason = &forbidden.reason;
            fault("forbidden", Severity::Critical, format!("{name}, which no task may: {reason}"));
        }
        if execution_role.is_some_and(|e| e.is(role)) {
            fault("execution-role", META.severity, format!("its own execution role {name}"));
        } else if roles.iter().any(|r| r.kind == RoleKind::Execution && expected(r).is(role)) {
            fault("execution-role", META.severity, format!("the execution role {name}"));
        }
        let wanted = self.mapped.and_then(|t| self.wiring.expectations.role(&t.role));
        if let Some(wanted) = wanted.filter(|w| !expected(w).is(role)) {
            let shown = role.arn.as_deref().filter(|_| wanted.name == role.name).unwrap_or(name);
            let meant = wanted.arn.as_deref().unwrap_or(&wanted.name);
            fault("other-role", META.severity, format!("{shown}, and the contract maps it to {meant}"));
        }
        let account = role.arn.as_deref().and_then(Arn::account_of);
        if let (Some(own), Some(other)) = (self.wiring.placement.known_account(), account)
            && own != other
        {
            fault("other-account", META.severity, format!("a role of the account {other}, not of {own}"));
        }
        let mut faults = faults.into_iter();
        let Some((about, severity, text)) = faults.next() else { return };
        self.found(about, severity, format!("the task {family} runs as {text}"), answers);
        if let Some(finding) = answers.findings.last_mut() {
            finding.notes.extend(faults.map(|(_, _, text)| format!("it runs as {text}")));
        }
    }

    fn origin(&self) -> Origin {
        self.wiring.origin(self.place)
    }

    fn found(&self, about: &str, severity: Severity, message: String, answers: &mut Answers) {
        let place = [self.family, about];
        answers.findings.push(finding(self.context, self.origin(), severity, message, &place));
    }

    fn not_checked(&self, what: &str, reason: &str, answers: &mut Answers) {
        let what = format!("{what} of the task {}", self.family);
        answers.not_checked.push(self.wiring.not_checked(&META, self.origin(), what, reason));
    }
}

/// A role of the contract, as it is compared.
fn expected(role: &Role) -> Named {
    Named { name: role.name.clone(), arn: role.arn.clone() }
}

fn finding(
    context: &Context<'_>,
    origin: Origin,
    severity: Severity,
    message: String,
    place: &[&str],
) -> Finding {
    Finding::build(&META, origin, message).severity(severity).named(context.key, place)
}
