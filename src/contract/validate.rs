//! From raw to checked: what a schema cannot say. Everything that is wrong is collected; an entry with a mistake is
//! left out, and the contract is only handed on when there was none.

mod papers;
mod wiring;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::check::provenance::Expectations as Papers;
use crate::finding::Severity;
use seaworthy_source::{LineIndex, Position, Span};

use self::wiring::RawWiring;
use super::accept::{AcceptEntry, PathGlob};
use super::diagnostic::{Diagnostic, Fault};
use super::evidence::EvidenceSection;
use super::names;
use super::packaging::{EntrypointEntry, WorkflowSection};
use super::parameter::Parameter;
use super::raw::{
    Count, Marked, RawAccept, RawContract, RawDisable, RawImage, RawLimits, RawRules, RawSecret, Text,
};
use super::sections::{DisableEntry, Fingerprints, ImageSection, Limits, Policy, RulesSection, SecretEntry};
use super::wiring::AwsSection;
use crate::check::wiring::Expectations;

/// What the checked sections are made with.
pub(super) struct Validator<'t> {
    lines: &'t LineIndex,
    folder: &'t Path,
    /// What was wrong.
    pub mistakes: Vec<Diagnostic>,
    /// The dates up to which something is waived, for [`super::Contract::check_dates`].
    pub dates: Vec<(Span, Date)>,
}

/// The checked sections.
pub(super) struct Sections {
    pub image: ImageSection,
    pub policy: Policy,
    pub fingerprints: Fingerprints,
    pub rules: RulesSection,
    pub evidence: EvidenceSection,
    pub limits: Limits,
    pub secrets: Vec<SecretEntry>,
    pub workflow: Option<WorkflowSection>,
    pub entrypoints: Vec<EntrypointEntry>,
    pub accept: Vec<AcceptEntry>,
    pub papers: Papers,
    pub aws: AwsSection,
    pub expectations: Expectations,
}

impl<'t> Validator<'t> {
    /// Relative paths are joined to `folder`.
    pub(super) fn new(lines: &'t LineIndex, folder: &'t Path) -> Self {
        Self { lines, folder, mistakes: Vec::new(), dates: Vec::new() }
    }

    /// Checks all sections.
    pub(super) fn sections(&mut self, raw: RawContract) -> Sections {
        let fail_on = raw.policy.unwrap_or_default().fail_on;
        let key_env = raw.fingerprints.unwrap_or_default().key_env;
        let secrets = self.secrets(raw.secrets.unwrap_or_default());
        // The registry was read before the contract; here is only told what is wrong with its name.
        let _: Option<String> = self.text("file", raw.handles.unwrap_or_default().file, names::path);
        let wiring = RawWiring {
            aws: raw.aws.unwrap_or_default(),
            roles: raw.roles.unwrap_or_default(),
            tasks: raw.tasks.unwrap_or_default(),
            forbidden_roles: raw.forbidden_roles.unwrap_or_default(),
            exceptions: raw.exceptions.unwrap_or_default(),
        };
        let (aws, expectations) = self.wiring(wiring, &secrets);
        Sections {
            image: self.image(raw.image.unwrap_or_default()),
            policy: fail_on
                .and_then(|word| Severity::from_word(&word.value))
                .map_or_else(Policy::default, |fail_on| Policy { fail_on }),
            fingerprints: Fingerprints { key_env: self.text("key_env", key_env, names::key_variable) },
            rules: self.rules(raw.rules.unwrap_or_default()),
            evidence: self.evidence(raw.evidence.unwrap_or_default()),
            limits: limits(&raw.limits.unwrap_or_default()),
            workflow: raw.workflow.and_then(|w| self.workflow(w)),
            entrypoints: self.entrypoints(raw.entrypoints.unwrap_or_default()),
            accept: self.accept(raw.accept.unwrap_or_default()),
            papers: self.papers(papers::RawPapers {
                provenance: raw.provenance.unwrap_or_default(),
                run_header: raw.run_header.unwrap_or_default(),
                receipt: raw.receipt.unwrap_or_default(),
                security_evidence: raw.security_evidence.unwrap_or_default(),
                signature: raw.signature.unwrap_or_default(),
                registry: raw.registry.unwrap_or_default(),
            }),
            secrets,
            aws,
            expectations,
        }
    }

    /// Notes a mistake.
    pub(super) fn report(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Diagnostic { span, message: message.into(), help: Some(help.into()) });
    }

    /// Reads one text; reports its fault with the text's name before it.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        text: &Marked<String>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        match parse(&text.value) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.report(text.span, format!("{name} {}", fault.message), fault.help);
                None
            }
        }
    }

    /// Reads a text that may be missing.
    pub(super) fn text<T>(
        &mut self,
        key: &str,
        text: Text,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        self.read(&format!("`{key}`"), &text?, parse)
    }

    /// Reads a path and joins it to the contract's folder.
    pub(super) fn path(&mut self, key: &str, text: Text) -> Option<PathBuf> {
        self.text(key, text, names::path).map(|path| self.folder.join(path))
    }

    /// The folder that relative paths are joined to.
    pub(super) fn folder(&self) -> &'t Path {
        self.folder
    }

    pub(super) fn position(&self, span: Span) -> Position {
        self.lines.position(span.start)
    }

    fn image(&mut self, raw: RawImage) -> ImageSection {
        ImageSection {
            name: self.text("name", raw.name, names::line),
            reference: self.text("reference", raw.reference, names::line),
            dockerfile: self.path("dockerfile", raw.dockerfile),
            context: self.path("context", raw.context),
        }
    }

    fn rules(&mut self, raw: RawRules) -> RulesSection {
        let directories = raw.directories.unwrap_or_default();
        let folder = self.folder;
        let directories = directories
            .iter()
            .filter_map(|text| self.read("an entry of `directories`", text, names::path))
            .map(|path| folder.join(path))
            .collect();
        let mut seen = HashMap::new();
        let mut disable = Vec::new();
        for entry in raw.disable.unwrap_or_default() {
            let RawDisable { detector, reason, expires } = entry.value;
            let detector = detector.and_then(|text| {
                self.unique(&mut seen, "detector", &text);
                self.read("`detector`", &text, names::detector)
            });
            let reason = self.text("reason", reason, names::reason);
            let expires = self.date(expires);
            if let (Some(detector), Some(reason), Some(expires)) = (detector, reason, expires) {
                disable.push(DisableEntry { position: self.position(entry.span), detector, reason, expires });
            }
        }
        RulesSection { directories, disable }
    }

    /// Reports a value that an earlier entry has, naming the line of that one.
    pub(super) fn unique(&mut self, seen: &mut HashMap<String, Position>, key: &str, text: &Marked<String>) {
        let here = self.position(text.span);
        if let Some(first) = seen.get(&text.value) {
            let message = format!("this {key} is used already, on line {}", first.line);
            self.report(text.span, message, format!("remove one of the two, or give it another {key}"));
        } else {
            seen.insert(text.value.clone(), here);
        }
    }

    fn date(&mut self, text: Text) -> Option<Date> {
        let text = text?;
        let date = self.read("`expires`", &text, names::date)?;
        self.dates.push((text.span, date));
        Some(date)
    }

    fn secrets(&mut self, raw: Vec<Marked<RawSecret>>) -> Vec<SecretEntry> {
        let (mut handles, mut carriers) = (HashMap::new(), HashMap::new());
        let mut secrets = Vec::new();
        for entry in raw {
            let RawSecret { handle, parameter, variables, required, version, label, kms_key } = entry.value;
            let handle = handle.and_then(|text| {
                self.unique(&mut handles, "handle", &text);
                self.read("`handle`", &text, names::handle)
            });
            let parameter = self.text("parameter", parameter, Parameter::parse);
            let version = self.of_parameter(version, "version", parameter.as_ref()).map(|v| v.value);
            let label = self.of_parameter(label, "label", parameter.as_ref());
            let label = self.text("label", label, names::aws::label);
            let kms_key = self.text("kms_key", kms_key, names::aws::key);
            let mut names = Vec::new();
            for text in variables.unwrap_or_default() {
                self.unique(&mut carriers, "variable", &text);
                names.extend(self.read("an entry of `variables`", &text, names::variable));
            }
            if let (Some(handle), Some(parameter)) = (handle, parameter) {
                let required = required.is_none_or(|r| r.value);
                let position = self.position(entry.span);
                secrets.push(SecretEntry {
                    position,
                    handle,
                    parameter,
                    variables: names,
                    required,
                    version,
                    label,
                    kms_key,
                });
            }
        }
        secrets
    }

    /// A pin that only parameters of Systems Manager have.
    fn of_parameter<T>(
        &mut self,
        pin: Option<Marked<T>>,
        key: &str,
        kept: Option<&Parameter>,
    ) -> Option<Marked<T>> {
        let pin = pin?;
        if matches!(kept, Some(Parameter::SecretArn(_))) {
            let message = format!("`{key}` pins a parameter, and this secret is kept in Secrets Manager");
            self.report(pin.span, message, "remove it, or name a parameter");
            return None;
        }
        Some(pin)
    }

    fn accept(&mut self, raw: Vec<Marked<RawAccept>>) -> Vec<AcceptEntry> {
        let mut entries = Vec::new();
        for (index, entry) in raw.into_iter().enumerate() {
            let RawAccept { check, detector, path, fingerprint, reason, expires } = entry.value;
            if detector.is_none() && path.is_none() && fingerprint.is_none() {
                self.report(
                    entry.span,
                    "this [[accept]] would accept every finding of its check",
                    "add a `fingerprint`, a `path` or a `detector`",
                );
            }
            let check = self.text("check", check, names::check);
            let detector = self.text("detector", detector, names::detector);
            let path = self.text("path", path, |t| Ok(PathGlob::new(t.to_owned(), names::glob(t)?)));
            let fingerprint = self.text("fingerprint", fingerprint, names::fingerprint);
            let reason = self.text("reason", reason, names::reason);
            let expires = self.date(expires);
            if let (Some(check), Some(reason), Some(expires)) = (check, reason, expires) {
                let position = self.position(entry.span);
                entries.push(AcceptEntry {
                    index,
                    position,
                    check,
                    detector,
                    path,
                    fingerprint,
                    reason,
                    expires,
                });
            }
        }
        entries
    }
}

/// Limits of zero do not get here: the schema's minimum is 1.
fn limits(raw: &RawLimits) -> Limits {
    let default = Limits::default();
    let or = |count: &Count, default: u64| count.as_ref().map_or(default, |c| c.value);
    Limits {
        max_layer_bytes: or(&raw.max_layer_bytes, default.max_layer_bytes),
        max_total_bytes: or(&raw.max_total_bytes, default.max_total_bytes),
        max_entries_per_layer: or(&raw.max_entries_per_layer, default.max_entries_per_layer),
        max_compression_ratio: or(&raw.max_compression_ratio, default.max_compression_ratio),
        max_path_bytes: or(&raw.max_path_bytes, default.max_path_bytes),
        max_pax_bytes: or(&raw.max_pax_bytes, default.max_pax_bytes),
        max_manifest_bytes: or(&raw.max_manifest_bytes, default.max_manifest_bytes),
        registry_timeout_seconds: or(&raw.registry_timeout_seconds, default.registry_timeout_seconds),
    }
}
