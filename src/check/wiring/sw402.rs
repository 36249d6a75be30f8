//! SW402: a secret parameter is not a SecureString, or not the pinned version or key.

use super::Wiring;
use super::ground::Ground;
use super::target::{Found, Target};
use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Fingerprint, Reads, Severity, hidden};
use seaworthy_aws::{Parameter, ParameterKind, Seen, Text};
use seaworthy_source::Origin;

/// SW402.
pub struct SecretNotAsPinned;

const META: CheckMeta = CheckMeta {
    id: "SW402",
    name: "secret-not-as-pinned",
    summary: "A secret parameter is not a SecureString, or not of the version or key that the contract pins.",
    why: "A String is kept in clear: anyone who may describe, list or back up the account's parameters sees it, and no KMS key stands before it. A pin that does not hold means that another value than the reviewed one goes into production.",
    fix: "Write the parameter anew as a SecureString with the pinned key, and pin its new version in the contract. The type of an existing parameter cannot be changed: delete it first. Rotate what was kept in clear.",
    example: Example {
        fails: hidden!(
            r#"# parameters.tf: the contract lists it as a secret
type  = "String""#
        ),
        mended: r#"# main.tf
type  = "SecureString""#,
        silent: "Versions and keys that the contract does not pin.",
    },
    severity: Severity::High,
    reads: &[Reads::Aws],
    tags: &["CWE-311", "CWE-312"],
};

/// What an answer about one secret is made with.
struct Asked<'a, 'w> {
    wiring: &'a Wiring<'w>,
    target: &'a Target<'w>,
    origin: Origin,
    context: &'a Context<'a>,
}

impl Check<Wiring<'_>> for SecretNotAsPinned {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, wiring: &Wiring<'_>, context: &Context<'_>, answers: &mut Answers) {
        wiring.needs(&META, &[Ground::Secrets], answers);
        for target in wiring.targets() {
            let origin =
                target.place().map_or_else(|| wiring.nowhere(target.name()), |place| wiring.origin(place));
            let asked = Asked { wiring, target, origin, context };
            // A secret of Secrets Manager is always encrypted: only a pinned key can be missed.
            if !target.is_parameter() && target.secret.key.is_none() {
                continue;
            }
            if let Seen::NotSeen(gap) = target.there() {
                asked.not_checked("type and pins", &gap.to_string(), answers);
                continue;
            }
            match &target.found {
                Found::Parameter(Seen::Value(parameter)) => asked.parameter(parameter, answers),
                Found::Secret(Seen::Value(secret)) => {
                    asked.key(&secret.key, "alias/aws/secretsmanager", answers);
                }
                // What is absent has no type; SW401 tells of it.
                Found::Parameter(_) | Found::Secret(_) => {}
            }
        }
    }
}

impl Asked<'_, '_> {
    fn parameter(&self, parameter: &Parameter, answers: &mut Answers) {
        let secret = self.target.secret;
        let name = self.target.name();
        match &parameter.kind {
            Seen::Value(ParameterKind::SecureString) => self.key(&parameter.key, "alias/aws/ssm", answers),
            Seen::Value(kind) => {
                let kind = kind.as_str();
                let message =
                    format!("the parameter {name} is a {kind}, not a SecureString: it is kept in clear");
                self.found("kind", Severity::High, message, answers);
            }
            Seen::Absent => self.not_checked("type", "the source does not tell the type", answers),
            Seen::NotSeen(gap) => {
                self.not_checked("type", &gap.to_string(), answers);
                if secret.key.is_some() {
                    self.key(&parameter.key, "alias/aws/ssm", answers);
                }
            }
        }
        if let Some(pinned) = secret.version {
            match &parameter.version {
                Seen::Value(version) if *version == pinned => {}
                Seen::Value(version) => {
                    let message = format!(
                        "the parameter {name} is of version {version}, and the contract pins {pinned}"
                    );
                    self.found("version", Severity::Medium, message, answers);
                }
                Seen::Absent => self.not_checked("version", "the source does not tell the version", answers),
                Seen::NotSeen(gap) => self.not_checked("version", &gap.to_string(), answers),
            }
        }
        if let Some(label) = &secret.label {
            let reason =
                format!("whether it carries the label {label} cannot be verified without reading values");
            self.not_checked("label", &reason, answers);
        }
    }

    /// Compares the key with the pinned one; `default` is the key that is used where none is named.
    fn key(&self, key: &Seen<Text>, default: &str, answers: &mut Answers) {
        let Some(pinned) = &self.target.secret.key else { return };
        let text = match key {
            Seen::Value(text) => self.wiring.text(text).ok_or_else(|| text.to_string()),
            Seen::Absent => Ok(default.to_owned()),
            Seen::NotSeen(gap) => return self.not_checked("key", &gap.to_string(), answers),
        };
        let name = match text {
            Ok(name) => name,
            Err(symbol) => {
                return self.not_checked("key", &format!("which key {symbol} means is not known"), answers);
            }
        };
        match self.wiring.same_key(&name, pinned) {
            Some(true) => {}
            Some(false) => {
                let (noun, secret) = (self.target.noun(), self.target.name());
                let message =
                    format!("the {noun} {secret} is encrypted with {name}, and the contract pins {pinned}");
                self.found("key", Severity::High, message, answers);
            }
            None => {
                let reason = format!(
                    "whether {name} and {pinned} are one key is not known; kms:DescribeKey would tell"
                );
                self.not_checked("key", &reason, answers);
            }
        }
    }

    fn found(&self, about: &str, severity: Severity, message: String, answers: &mut Answers) {
        answers.findings.push(Finding {
            check: META.id,
            detector: None,
            severity,
            confidence: Confidence::High,
            message,
            fix: META.fix.into(),
            origin: self.origin.clone(),
            secret: None,
            fingerprint: Fingerprint::new(self.context.key, META.id, about, &[self.target.name()], None),
            places: Vec::new(),
            notes: Vec::new(),
        });
    }

    fn not_checked(&self, what: &str, reason: &str, answers: &mut Answers) {
        let what = format!("{what} of {}", self.target.secret.handle);
        answers.not_checked.push(self.wiring.not_checked(&META, self.origin.clone(), what, reason));
    }
}
