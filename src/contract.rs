//! `seaworthy.toml`: what a project promises. A contract is parsed, compared with its schema, read with its spans and
//! checked; every mistake in it is shown in its line. Nothing in an examined artifact can change a contract.
//!
//! A new section is its file under `section` and its line in each list of `section/mod.rs`; the schema, the hints and
//! the check for unknown keys follow from the raw struct.

mod diagnostic;
mod fault;
mod file;
mod handles;
mod hint;
mod json_schema;
mod marked;
mod mask;
mod names;
mod parameter;
mod profile;
mod schema;
mod section;
mod shape;
mod substitute;
#[cfg(test)]
mod tests;
mod validator;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::de::DeTable;

use crate::check::wiring::Expectations;
use crate::profile::{Profile, Waiver};
use seaworthy_source::{LineIndex, Span};

pub use diagnostic::{ContractError, Diagnostic, FileProblem, Mistakes};
pub use handles::Handles;
pub use parameter::Parameter;
pub use profile::{built_in, default_profile, profile_schema, read_profile};
pub use schema::schema;
pub use section::{
    AcceptEntry, AcceptMatch, AwsSection, Bucket, DisableEntry, EntrypointEntry, EvidenceKeys,
    EvidenceSection, Fingerprints, ImageSection, Limits, PathGlob, Policy, RegistryHosts, RulesSection,
    SecretEntry, WorkflowSection, printed_paths,
};

use section::RawContract;
use shape::Shape;
use validator::Validator;

/// The version of the contract's format that is read here. It changes when the meaning of a contract that was valid
/// changes; new optional keys do not change it.
pub const FORMAT: u64 = 1;

/// The size that a contract may have, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// How far ahead an `expires` may lie, in days: a year and a month, so that a yearly review can renew it in time.
pub const MAX_DAYS_AHEAD: i64 = 400;

/// A valid contract.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The version of the format that it is written in; [`FORMAT`] for the default one.
    pub version: u64,
    /// The directory that relative paths were joined to; empty for the current one.
    pub directory: PathBuf,
    /// `[image]`.
    pub image: ImageSection,
    /// `[policy]`.
    pub policy: Policy,
    /// `[fingerprints]`.
    pub fingerprints: Fingerprints,
    /// `[rules]`.
    pub rules: RulesSection,
    /// `[evidence]`.
    pub evidence: EvidenceSection,
    /// The profile that a gate judges by; without one it is the default, [`Contract::controls`].
    pub profile: Option<Profile>,
    /// Every `[[waivers]]`, in the contract's order.
    pub waivers: Vec<Waiver>,
    /// `[limits]`.
    pub limits: Limits,
    /// Every `[[secrets]]`, in the contract's order.
    pub secrets: Vec<SecretEntry>,
    /// What a run's documents must be: `[provenance]`, `[run_header]`, `[receipt]`, `[security_evidence]`,
    /// `[signature]` and `[registry]`.
    pub documents: crate::check::provenance::Expectations,
    /// Hosts that registries may send to: `[registry]`.
    pub registry_hosts: RegistryHosts,
    /// `[workflow]`; nothing if there is none.
    pub workflow: Option<WorkflowSection>,
    /// Every `[[entrypoints]]`, in the contract's order.
    pub entrypoints: Vec<EntrypointEntry>,
    /// Every `[[accept]]`, in the contract's order.
    pub accept_entries: Vec<AcceptEntry>,
    /// `[aws]`.
    pub aws: AwsSection,
    /// What `[[secrets]]`, `[[roles]]`, `[[tasks]]`, `[[forbidden_roles]]` and `[[exceptions]]` say of the wiring.
    pub expectations: Expectations,
    /// The registry that `[handles]` names, if it names one.
    pub handles: Option<Handles>,
    source: Option<Source>,
}

/// What a contract was read from.
#[derive(Clone)]
struct Source {
    path: PathBuf,
    text: String,
    digest: String,
    /// Where each `expires` stands.
    dates: Vec<(Span, Date)>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("path", &self.path)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// The contract of a project that has none: all defaults.
impl Default for Contract {
    fn default() -> Self {
        let nothing = LineIndex::new(b"");
        Validator::new(&nothing, Path::new("")).contract(RawContract::default())
    }
}

impl Contract {
    /// Reads the contract at `path`, and the registry of handles that it names. Its `expires` dates are compared with
    /// the day `today`; see [`Contract::check_dates`].
    ///
    /// # Errors
    /// [`ContractError::File`] if the file cannot be read, [`ContractError::Handles`] if its registry cannot,
    /// [`ContractError::Invalid`] with all mistakes of the contract.
    pub fn load(path: &Path, today: Date) -> Result<Self, ContractError> {
        Self::from_text(&file::read_text("contract", path)?, path, today)
    }

    /// Reads `text` as if it stood in the file at `path`, with all that it names on the disk.
    ///
    /// # Errors
    /// As [`Contract::load`].
    pub fn from_text(text: &str, path: &Path, today: Date) -> Result<Self, ContractError> {
        let handles = Handles::of_contract(text, path)?;
        let contract = Self::parse_with(text, path, handles, true)?;
        contract.check_dates(today)?;
        Ok(contract)
    }

    /// Reads a contract's text; `path` is where it stands: it is named in errors, and relative paths are joined to its
    /// directory. Nothing is read from the disk, so there is no registry of handles: `${HANDLE}` is a mistake; and in
    /// place of a profile of the project's own stands the default.
    ///
    /// # Errors
    /// [`ContractError::Invalid`] with all its mistakes.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ContractError> {
        Self::parse_with(text, path, None, false)
    }

    /// Reads a contract's text as [`Contract::parse`] does, with a registry of handles that was read before.
    ///
    /// # Errors
    /// [`ContractError::Invalid`] with all its mistakes.
    pub fn parse_with_handles(
        text: &str,
        path: &Path,
        handles: Option<Handles>,
    ) -> Result<Self, ContractError> {
        Self::parse_with(text, path, handles, false)
    }

    fn parse_with(
        text: &str,
        path: &Path,
        handles: Option<Handles>,
        from_disk: bool,
    ) -> Result<Self, ContractError> {
        let invalid = |mistakes| ContractError::Invalid(Mistakes::new(path.to_owned(), text, mistakes));
        let (mut document, broken) = DeTable::parse_recoverable(text);
        let lines = LineIndex::new(text.as_bytes());
        let mut mistakes = syntax_mistakes(&broken, &lines);
        if let Some(other) = other_format(document.get_ref()) {
            mistakes.push(other);
            return Err(invalid(mistakes));
        }
        let whole = mistakes.is_empty();
        let broken_lines: BTreeSet<u32> =
            mistakes.iter().map(|m| lines.position(m.span.start).line).collect();
        let mut further = substitute::fill(document.get_mut(), handles.as_ref());
        // What a handle that resolves to nothing leaves in a value is no second mistake.
        let unfilled: Vec<usize> = further.iter().map(|m| m.span.start).collect();
        further.extend(Shape::fit(&schema(), &mut document, whole));
        let mut raw = match RawContract::deserialize(toml::de::Deserializer::from(document)) {
            Ok(raw) => raw,
            Err(error) => {
                further.push(unreadable(&error, "contract"));
                RawContract::default()
            }
        };
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut validator = Validator::new(&lines, &directory);
        let profile = profile::chosen(raw.profile.take(), &mut validator, from_disk)?;
        let waivers = validator.waivers(raw.waivers.take().unwrap_or_default(), profile.as_ref(), path);
        let contract = validator.contract(raw);
        further.extend(validator.mistakes.drain(..).filter(|m| !unfilled.contains(&m.span.start)));
        // In a line that is not TOML, further mistakes are only echoes of the first.
        further.retain(|m| !broken_lines.contains(&lines.position(m.span.start).line));
        mistakes.append(&mut further);
        if !mistakes.is_empty() {
            return Err(invalid(mistakes));
        }
        let dates = validator.dates;
        let source = Source { path: path.to_owned(), text: text.to_owned(), digest: digest_of(text), dates };
        Ok(Self { profile, waivers, handles, source: Some(source), ..contract })
    }

    /// The profile that a gate judges by.
    ///
    /// # Errors
    /// If the default profile is none, which the tests rule out.
    pub fn controls(&self) -> Result<Profile, ContractError> {
        self.profile.clone().map_or_else(default_profile, Ok)
    }

    /// Checks that no `expires` lies more than [`MAX_DAYS_AHEAD`] days after `today`: a date that never comes is no
    /// expiry. A date in the past is no mistake; its entry no longer holds.
    ///
    /// # Errors
    /// [`ContractError::Invalid`] with a mistake for each such date.
    pub fn check_dates(&self, today: Date) -> Result<(), ContractError> {
        let Some(source) = &self.source else { return Ok(()) };
        let last = today.saturating_add(jiff::Span::new().days(MAX_DAYS_AHEAD));
        let far = source.dates.iter().filter(|(_, date)| *date > last);
        let mistakes: Vec<Diagnostic> = far
            .map(|(span, _)| Diagnostic {
                span: *span,
                message: format!("`expires` lies more than {MAX_DAYS_AHEAD} days ahead"),
                help: Some(format!("write {last} or an earlier day, and renew the entry when it comes")),
            })
            .collect();
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(ContractError::Invalid(Mistakes::new(source.path.clone(), &source.text, mistakes)))
    }

    /// The file that the contract was read from; none for the default one.
    pub fn path(&self) -> Option<&Path> {
        self.source.as_ref().map(|s| s.path.as_path())
    }

    /// The digest of the contract's bytes, `sha256:` and 64 hex digits; none for the default one.
    pub fn digest(&self) -> Option<&str> {
        self.source.as_ref().map(|s| s.digest.as_str())
    }
}

fn digest_of(text: &str) -> String {
    seaworthy_source::sha256_digest(text.as_bytes())
}

/// Mistakes against TOML itself, the first of each line: the further ones of a line follow from it. The parser's
/// messages name what it expected and never what it read.
fn syntax_mistakes(errors: &[toml::de::Error], lines: &LineIndex) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let mut mistakes = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or_default();
        let span = Span::new(span.start, span.end);
        if seen.insert(lines.position(span.start).line) {
            // The parser takes a bare word for the beginning of a number, such as `nginx` for that of `nan`.
            let unquoted = ["string values must be quoted", "invalid float"];
            let bare = unquoted.into_iter().any(|start| error.message().starts_with(start));
            mistakes.push(Diagnostic {
                span,
                message: format!("not TOML: {}", error.message()),
                help: bare.then(|| "if this is a string, put it in quotes".to_owned()),
            });
        }
    }
    mistakes
}

/// A value that fits the schema and not the raw type. The deserializer's message may repeat the value, so it is not
/// shown.
fn unreadable(error: &toml::de::Error, schema: &str) -> Diagnostic {
    let span = error.span().unwrap_or_default();
    Diagnostic {
        span: Span::new(span.start, span.end),
        message: "this value cannot be read".to_owned(),
        help: Some(format!("compare it with `seaworthy schema {schema}`")),
    }
}

/// A contract of another format: nothing else in it can be judged.
fn other_format(document: &DeTable<'_>) -> Option<Diagnostic> {
    let version = document.get("version")?;
    let number = version.get_ref().as_integer()?;
    if u64::from_str_radix(number.as_str(), number.radix()) == Ok(FORMAT) {
        return None;
    }
    let span = version.span();
    Some(Diagnostic {
        span: Span::new(span.start, span.end),
        message: format!("this seaworthy reads contracts of version {FORMAT} only"),
        help: Some(format!(
            "write `version = {FORMAT}`, or use the seaworthy that this contract was written for"
        )),
    })
}
