//! SW407: a secret literal in a task definition, or a reference that carries one there.

use super::sw406::{at, tasks};
use super::{Secret, Wiring};
use crate::artifact::aws::{Container, Literal, LiteralPlace, Seen, Sighting, TaskDefinition};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Finding, Fingerprint, Redacted, Severity};

/// SW407.
pub struct SecretInTaskDefinition;

const META: CheckMeta = CheckMeta {
    id: "SW407",
    name: "secret-in-task-definition",
    summary: "A task definition holds a secret in clear, or a reference that carries one there.",
    why: "Whoever may describe task definitions reads it, in every revision ever registered, in the console, in the plan and in the state. Revisions stay readable after they are deregistered.",
    fix: "Take it out of the task definition and let the application read it at start with its task role. Then rotate it: the old revisions keep the value.",
    clause: "D.3.3",
    severity: Severity::High,
    tags: &["CWE-526", "CWE-312", "CWE-798"],
};

impl Check<Wiring<'_>> for SecretInTaskDefinition {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        for (family, task) in tasks(wiring, &META, answers) {
            let containers = match &task.containers {
                Seen::Value(containers) => containers.as_slice(),
                Seen::Absent => &[],
                Seen::NotSeen(gap) => {
                    let what = format!("container definitions of the task {family}");
                    let origin = wiring.origin(&task.place);
                    answers.unchecked.push(wiring.unchecked(&META, origin, what, gap.to_string()));
                    continue;
                }
            };
            for container in containers {
                for literal in &container.literals {
                    Asked { wiring, context, family, task, container, literal }.judge(answers);
                }
            }
        }
    }
}

/// One literal, and where it stands.
struct Asked<'a, 'w> {
    wiring: &'a Wiring<'w>,
    context: &'a Context<'a>,
    family: &'a str,
    task: &'a TaskDefinition,
    container: &'a Container,
    literal: &'a Literal,
}

impl Asked<'_, '_> {
    fn judge(&self, answers: &mut Answers) {
        let value = &self.literal.value;
        let secret = self.contract_secret();
        let promised = secret.map(|s| format!("the contract keeps it as {}", s.handle));
        for sighting in &value.sightings {
            answers.findings.push(self.sighted(sighting, promised.clone()));
        }
        for taint in &value.taints {
            let message = format!("{} carries the value of {taint}", self.place());
            answers.findings.push(self.finding("reference", META.severity, message, taint, promised.clone()));
        }
        if let Some(secret) = secret.filter(|_| value.sightings.is_empty() && value.taints.is_empty()) {
            let (handle, place) = (&secret.handle, self.place());
            let (severity, message) = match value.empty {
                true => (
                    Severity::Medium,
                    format!("{place} is set to an empty text, but the contract keeps it as {handle}"),
                ),
                false => {
                    (META.severity, format!("{place} is set in clear, but the contract keeps it as {handle}"))
                }
            };
            answers.findings.push(self.finding("promised", severity, message, handle, None));
        } else if let Some(gap) = &value.gap {
            let origin = self.origin();
            answers.unchecked.push(self.wiring.unchecked(&META, origin, self.place(), gap.to_string()));
        }
    }

    /// The secret of the contract that this variable carries.
    fn contract_secret(&self) -> Option<&Secret> {
        let name = &self.literal.name;
        let secrets = self.wiring.expectations.secrets.iter();
        let mut carriers = secrets.filter(|s| s.variables.iter().any(|v| v == name));
        carriers.next().filter(|_| self.literal.place == LiteralPlace::Environment)
    }

    fn place(&self) -> String {
        let field = match self.literal.place {
            LiteralPlace::Environment => "environment",
            LiteralPlace::Command => "command",
            LiteralPlace::EntryPoint => "entryPoint",
            LiteralPlace::HealthCheck => "healthCheck",
            LiteralPlace::Label => "dockerLabels",
            LiteralPlace::LogOption => "logConfiguration.options",
            LiteralPlace::Other => "another field",
        };
        let (family, container) = (self.family, &self.container.name);
        format!("{} in `{field}` of the container {container} of the task {family}", self.literal.name)
    }

    fn origin(&self) -> crate::location::Origin {
        at(self.wiring.origin(&self.task.place), self.literal.pointer.as_ref())
    }

    fn sighted(&self, sighting: &Sighting, note: Option<String>) -> Finding {
        let severity = Severity::from_word(&sighting.severity).unwrap_or(META.severity);
        let confidence = Confidence::from_word(&sighting.confidence).unwrap_or(Confidence::Medium);
        let severity = if confidence == Confidence::Low { severity.lowered() } else { severity };
        let message = format!("{}: {}", sighting.what, self.place());
        let redacted = Redacted { preview: sighting.preview.clone(), length: sighting.length };
        Finding {
            detector: Some(sighting.detector.clone()),
            confidence,
            fix: format!("{} {}", META.fix, sighting.rotate),
            secret: Some(redacted),
            ..self.finding(&sighting.detector, severity, message, "", note)
        }
    }

    fn finding(
        &self,
        kind: &str,
        severity: Severity,
        message: String,
        what: &str,
        note: Option<String>,
    ) -> Finding {
        let container = self.container.name.to_string();
        let place = [self.family, &container, &self.literal.name, what];
        Finding {
            check: META.id,
            detector: None,
            severity,
            confidence: Confidence::High,
            message,
            fix: META.fix.to_owned(),
            origin: self.origin(),
            secret: None,
            fingerprint: Fingerprint::new(self.context.key, META.id, kind, &place, None),
            places: Vec::new(),
            notes: note.into_iter().collect(),
        }
    }
}
