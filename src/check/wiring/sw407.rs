//! SW407: a secret literal in a task definition, or a reference that carries one there.

use super::ground::Ground;
use super::sample::task_definition;
use super::target::Target;
use super::task_definition::{at, described, tasks};
use super::{Secret, Wiring};
use crate::check::{Answers, Applies, Check, Context, examine_assignment};
use crate::finding::{
    CheckMeta, Confidence, Example, Finding, Fingerprint, Reads, Redacted, Severity, hidden,
};
use seaworthy_aws::{Container, Literal, LiteralPlace, ParameterKind, Place, Seen, Sighting};

/// SW407.
pub struct SecretInTaskDefinition;

const META: CheckMeta = CheckMeta {
    id: "SW407",
    name: "secret-in-task-definition",
    summary: "A task definition holds a secret in clear, or a reference that carries one there.",
    why: "Anyone who may describe task definitions reads it, in every revision ever registered, in the console, in the plan and in the state. Revisions stay readable after they are deregistered.",
    fix: "Take it out of the task definition and let the application read it at start with its task role. Then rotate it: the old revisions keep the value.",
    example: Example {
        fails: hidden!(task_definition!(
            "app-task",
            r#""environment": [{"name": "DB_PASSWORD", "value": "tR7uK2mQx9Wd"}]"#
        )),
        mended: task_definition!("app-task"),
        silent: "Placeholders, and values that no detector and no contract calls a secret.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-526", "CWE-312", "CWE-798"],
};

/// A text that is a secret under the name of one, and nothing under another.
const RANDOM: &str = "q7Rk2vX9bT4mZs8W";

impl Check<Wiring<'_>> for SecretInTaskDefinition {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn applies(&self, wiring: &Wiring<'_>, _: &Context<'_>) -> Applies {
        wiring.asks_for_tasks()
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Tasks], answers);
        for (family, task) in tasks(wiring, &META, answers) {
            let containers = match &task.containers {
                Seen::Value(containers) => containers.as_slice(),
                Seen::Absent => &[],
                Seen::NotSeen(gap) => {
                    let what = format!("container definitions of the task {family}");
                    let origin = wiring.origin(&task.place);
                    answers.not_checked.push(wiring.not_checked(&META, origin, what, gap.to_string()));
                    continue;
                }
            };
            for container in containers {
                for literal in &container.literals {
                    let place = &task.place;
                    Asked { wiring, context, family, at: place, container, literal }.judge(answers);
                }
            }
        }
        for of in &wiring.snapshot.overrides {
            let (family, place) = (described(wiring, of), &of.place);
            for container in &of.containers {
                for literal in &container.literals {
                    Asked { wiring, context, family: &family, at: place, container, literal }.judge(answers);
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
    at: &'a Place,
    container: &'a Container,
    literal: &'a Literal,
}

impl Asked<'_, '_> {
    fn judge(&self, answers: &mut Answers) {
        let value = &self.literal.value;
        let promised = self.contract_secret();
        let taints = self.taints();
        if !taints.is_empty() {
            answers.findings.push(self.tainted(&taints, promised));
        } else if let (Some(secret), []) = (promised, value.sightings.as_slice()) {
            let (handle, place) = (&secret.handle, self.place());
            let (severity, how) = if value.empty {
                (Severity::Medium, "to an empty text")
            } else {
                (META.severity, "in clear")
            };
            let message = match &value.gap {
                // Nothing of the value is known: only that the variable does not come from `secrets`.
                Some(gap) if value.length == 0 => {
                    format!("{place} is no injection, but the contract keeps it as {handle}: {gap}")
                }
                _ => format!("{place} is set {how}, but the contract keeps it as {handle}"),
            };
            let notes = value.gap.iter().map(ToString::to_string).collect();
            answers.findings.push(Finding { notes, ..self.finding("promised", severity, message, handle) });
        } else {
            for sighting in &value.sightings {
                answers.findings.push(self.sighted(sighting, promised));
            }
        }
        // Of a variable that is a finding already, nothing is left open.
        if let (Some(gap), None, true) = (&value.gap, promised, taints.is_empty()) {
            let origin = self.origin();
            answers.not_checked.push(self.wiring.not_checked(&META, origin, self.place(), gap.to_string()));
        }
    }

    /// The secret of the contract that this variable carries.
    fn contract_secret(&self) -> Option<&Secret> {
        let name = &self.literal.name;
        let secrets = self.wiring.expectations.secrets.iter();
        let mut carriers = secrets.filter(|s| s.variables.iter().any(|v| v == name));
        carriers.next().filter(|_| self.literal.place == LiteralPlace::Environment)
    }

    /// The secrets that flow in. `{{resolve:ssm:NAME}}`, and a template's parameter of a type `AWS::SSM::Parameter::Value`,
    /// take parameters in clear only, so they carry a secret where the contract or the source says that this is one.
    fn taints(&self) -> Vec<&str> {
        let is_secret = |taint: &&str| {
            let Some(rest) = taint.strip_prefix("{{resolve:ssm:") else { return true };
            let name = rest.split([':', '}']).next().unwrap_or_default();
            let is_named = |target: &Target<'_>| {
                target.name() == name || target.parameter_name().is_some_and(|own| own == name)
            };
            let promised = self.wiring.targets().iter().any(is_named);
            let seen = self.wiring.snapshot.parameters.get(name).and_then(Seen::value);
            let is_kept = seen.is_some_and(|p| p.kind == Seen::Value(ParameterKind::SecureString));
            let last = name.rsplit('/').next().unwrap_or_default();
            promised || is_kept || self.is_secret_like(last) || self.is_secret_like(&self.literal.name)
        };
        self.literal.value.taints.iter().map(String::as_str).filter(is_secret).collect()
    }

    /// Whether a random text under this name would be taken for a secret.
    fn is_secret_like(&self, name: &str) -> bool {
        !examine_assignment(self.context, name, RANDOM).is_empty()
    }

    fn place(&self) -> String {
        let name = &self.literal.name;
        let what = match self.literal.place {
            LiteralPlace::Environment => format!("{name} in `environment`"),
            LiteralPlace::Command => format!("argument {name} of `command`"),
            LiteralPlace::EntryPoint => format!("argument {name} of `entryPoint`"),
            LiteralPlace::HealthCheck => format!("argument {name} of `healthCheck.command`"),
            LiteralPlace::Label => format!("{name} in `dockerLabels`"),
            LiteralPlace::LogOption => format!("{name} in `logConfiguration.options`"),
            LiteralPlace::Other => format!("`{name}`"),
        };
        let container = self.container.name.known().map(|c| format!(" of the container {c}"));
        format!("{what}{} of the task {}", container.unwrap_or_default(), self.family)
    }

    fn origin(&self) -> seaworthy_source::Origin {
        at(self.wiring.origin(self.at), self.literal.pointer.as_ref())
    }

    /// A literal that a detector recognises; one that the contract keeps as a secret is one for certain.
    fn sighted(&self, sighting: &Sighting, promised: Option<&Secret>) -> Finding {
        let severity = Severity::from_word(&sighting.severity).unwrap_or(META.severity);
        let confidence = Confidence::from_word(&sighting.confidence).unwrap_or(Confidence::Medium);
        let (severity, confidence) = match promised {
            Some(_) => (severity.max(META.severity), Confidence::High),
            None if confidence == Confidence::Low => (severity.lowered(), confidence),
            None => (severity, confidence),
        };
        let message = format!("{}: {}", sighting.what, self.place());
        Finding {
            detector: Some(sighting.detector.clone()),
            confidence,
            // What says no more than the check itself is left out.
            fix: match sighting.rotate.starts_with("Rotate the value") {
                true => META.fix.into(),
                false => format!("{} {}", META.fix, sighting.rotate).into(),
            },
            secret: Some(redacted(sighting)),
            notes: promised.map(|s| format!("the contract keeps it as {}", s.handle)).into_iter().collect(),
            ..self.finding(&sighting.detector, severity, message, "")
        }
    }

    /// A literal that a secret flows into by reference.
    fn tainted(&self, taints: &[&str], promised: Option<&Secret>) -> Finding {
        let value = &self.literal.value;
        let taints = taints.join(", ");
        let message = format!("{} carries the value of {taints}", self.place());
        let mut notes: Vec<String> =
            value.sightings.iter().map(|s| format!("it is recognised as: {}", s.what)).collect();
        notes.extend(promised.map(|s| format!("the contract keeps it as {}", s.handle)));
        let secret = value.sightings.first().map(redacted);
        Finding { notes, secret, ..self.finding("reference", META.severity, message, &taints) }
    }

    fn finding(&self, kind: &str, severity: Severity, message: String, what: &str) -> Finding {
        let container = self.container.name.to_string();
        let place = [self.family, &container, &self.literal.name, what];
        Finding {
            check: META.id,
            detector: None,
            severity,
            confidence: Confidence::High,
            message,
            fix: META.fix.into(),
            origin: self.origin(),
            secret: None,
            fingerprint: Fingerprint::new(self.context.key, META.id, kind, &place, None),
            places: Vec::new(),
            notes: Vec::new(),
        }
    }
}

fn redacted(sighting: &Sighting) -> Redacted {
    let length = (sighting.length > 0).then_some(sighting.length);
    Redacted { preview: sighting.preview.clone(), length, ..Redacted::unseen() }
}
