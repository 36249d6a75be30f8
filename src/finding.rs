//! What a check answers with, and what it all adds up to. Findings, items that were not checked and errors are three types and
//! stay so to the end: a [`Finding`] says that the artifact is bad, a [`NotChecked`] that it could not be seen; errors
//! are the business of anyone who failed.

mod access;
mod audit;
mod cause;
mod control;
mod detector;
mod entrypoint;
mod hidden;
mod layer;
mod outcome;
mod part;
mod secret;
mod source_line;

use std::fmt;
use std::sync::Arc;

use seaworthy_source::Origin;

pub use access::{AccessColumn, AccessRow, AccessTable, Existence, Reading};
pub use audit::{Audit, AuditedRun, EarlierEvidence, FieldHistory, TagHistory};
pub use cause::Cause;
pub use control::{ControlGroup, ControlResult, ControlStatus, ProfileRecord, WaiverRecord};
pub use detector::DetectorRecord;
pub use entrypoint::{EntrypointRow, Judgement};
pub(crate) use hidden::hidden;
pub use hidden::{Hidden, complement};
pub use layer::LayerRecord;
pub use outcome::{Accepted, ArtifactRecord, CheckStatus, CheckSummary, Coverage, Report, Subject, Verdict};
pub use part::{Part, PartState};
pub use secret::{Fingerprint, FingerprintKey, Redacted, SecretMark};
pub use source_line::{SourceLine, SourceLineKey};

/// How bad it is if the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; does not fail a verdict by default.
    Low,
    /// Should be mended.
    Medium,
    /// A usable secret or a broken promise.
    High,
    /// A usable secret that opens much.
    Critical,
}

impl Severity {
    /// All of them, least severe first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in reports and in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// One step milder, at least [`Severity::Low`].
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::Low | Self::Medium => Self::Low,
            Self::High => Self::Medium,
            Self::Critical => Self::High,
        }
    }

    /// The severity that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sure the tool is that the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A guess worth a look.
    Low,
    /// Probably.
    Medium,
    /// As good as certain.
    High,
}

impl Confidence {
    /// All of them, least sure first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word used in reports and rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The confidence that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == word)
    }

    /// `steps` steps surer, or less sure if below zero.
    #[must_use]
    pub fn adjusted(self, steps: i8) -> Self {
        (0..steps.unsigned_abs()).fold(self, |c, _| if steps > 0 { c.raised() } else { c.lowered() })
    }

    /// One step surer, at most [`Confidence::High`].
    #[must_use]
    pub fn raised(self) -> Self {
        if self == Self::Low { Self::Medium } else { Self::High }
    }

    /// One step less sure, at least [`Confidence::Low`].
    #[must_use]
    pub fn lowered(self) -> Self {
        if self == Self::High { Self::Medium } else { Self::Low }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Everything that is said of a check in every place: help, report, SARIF rule, contract schema, documentation.
#[derive(Debug)]
pub struct CheckMeta {
    /// Stable ID, such as `SW301`.
    pub id: &'static str,
    /// Short name in kebab case, such as `secret-in-file`.
    pub name: &'static str,
    /// One line: what the check asks.
    pub summary: &'static str,
    /// Why a finding matters.
    pub why: &'static str,
    /// What to do about one.
    pub fix: &'static str,
    /// What fails, the same mended, and when it says nothing.
    pub example: Example,
    /// The severity of a finding when nothing more exact is known.
    pub severity: Severity,
    /// What it reads: a part of an artifact that cannot be read leaves these checks not checked.
    pub reads: &'static [Reads],
    /// Tags such as `CWE-798`.
    pub tags: &'static [&'static str],
}

/// What `explain` and the check's page show. Its lines stand in the check's fixtures, which prove the answers; lines that
/// begin with `# ` are remarks and captions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// Lines that give a finding.
    pub fails: Hidden,
    /// The same without one.
    pub mended: &'static str,
    /// What looks alike and gives none, in a sentence or two.
    pub silent: &'static str,
}

/// A part of an artifact that checks read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reads {
    /// A Dockerfile.
    Dockerfile,
    /// A build context as a whole: its ignore file and what it sends.
    Context,
    /// The content of a build context's files.
    ContextFiles,
    /// Which files of a build context COPY and ADD take.
    CopiedFiles,
    /// The files in an image's layers.
    Layers,
    /// An image's history.
    History,
    /// An image's config.
    Config,
    /// An image's manifests and indexes.
    Manifests,
    /// An image's attestations and other referrers.
    Attestations,
    /// An AWS account, or what a plan or a template says of one.
    Aws,
    /// The documents of a run.
    Documents,
    /// A registry's answer.
    Registry,
    /// CI workflows and build scripts.
    Workflows,
    /// The contract's entrypoints.
    Entrypoints,
}

/// The artifact is bad, here, for this reason.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check that found it.
    pub check: &'static str,
    /// The detector that recognised the secret, if one did.
    pub detector: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was found, in one sentence.
    pub message: String,
    /// What to do about it, for this very case. Thousands of findings say the same, and share it.
    pub fix: Arc<str>,
    /// Where.
    pub origin: Origin,
    /// The secret, redacted.
    pub secret: Option<Redacted>,
    /// A stable name for it.
    pub fingerprint: Fingerprint,
    /// Further places of the same secret, each with its own severity.
    pub places: Vec<FindingPlace>,
    /// What else is known, such as the account an access key belongs to.
    pub notes: Vec<String>,
}

/// A further place of a finding, and how bad and how sure it would be there alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingPlace {
    /// Where.
    pub origin: Origin,
    /// How bad it is there.
    pub severity: Severity,
    /// How sure it is there.
    pub confidence: Confidence,
}

impl Finding {
    /// Takes in the same secret found elsewhere. The finding has the highest severity and confidence of all its places
    /// and speaks of the place that has the highest severity; the others become further places.
    pub fn absorb(&mut self, mut other: Self) {
        let confidence = self.confidence.max(other.confidence);
        if other.severity > self.severity {
            std::mem::swap(self, &mut other);
        }
        let Self { origin, severity, confidence: own, places, .. } = other;
        self.places.push(FindingPlace { origin, severity, confidence: own });
        self.places.extend(places);
        self.confidence = confidence;
    }

    /// Adds a further place that is as bad and as sure as the finding itself.
    pub fn add_place(&mut self, origin: Origin) {
        self.places.push(FindingPlace { origin, severity: self.severity, confidence: self.confidence });
    }

    /// All origins: its own, then those of its further places.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.origin).chain(self.places.iter().map(|p| &p.origin))
    }
}

/// What a gate calls its own record of the checks among what was not checked: it could not be written.
pub const EVIDENCE: &str = "evidence";

/// A thing that seaworthy was asked to examine and could not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotChecked {
    /// Where it is.
    pub origin: Origin,
    /// What it is.
    pub what: String,
    /// Why it could not be examined.
    pub reason: String,
    /// The checks that would have looked at it.
    pub checks: Vec<&'static str>,
    /// Whether the contract may accept it: a file of a known form that could not be opened.
    pub acceptable: bool,
}

impl Finding {
    /// A finding of `meta` at `origin`: as severe as its check says, sure, with the check's own fix, and nothing else known.
    /// [`FindingBuilder::named`] ends it.
    pub fn build(meta: &'static CheckMeta, origin: Origin, message: impl Into<String>) -> FindingBuilder {
        FindingBuilder {
            check: meta.id,
            detector: None,
            severity: meta.severity,
            confidence: Confidence::High,
            message: message.into(),
            fix: meta.fix.into(),
            origin,
            secret: None,
            places: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// A finding without its name.
#[derive(Clone, Debug)]
pub struct FindingBuilder {
    check: &'static str,
    detector: Option<String>,
    severity: Severity,
    confidence: Confidence,
    message: String,
    fix: Arc<str>,
    origin: Origin,
    secret: Option<SecretMark>,
    places: Vec<FindingPlace>,
    notes: Vec<String>,
}

impl FindingBuilder {
    /// How bad it is, where that is not what the check says.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// How sure it is, where it is not certain.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// What to do about it, for this very case.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Arc<str>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The secret that it is about, and the detector that recognised it, if one did.
    #[must_use]
    pub fn secret(mut self, detector: Option<String>, mark: SecretMark) -> Self {
        (self.detector, self.secret) = (detector, Some(mark));
        self
    }

    /// Further places of the same.
    #[must_use]
    pub fn places(mut self, places: Vec<FindingPlace>) -> Self {
        self.places = places;
        self
    }

    /// What else is known.
    #[must_use]
    pub fn notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }

    /// The finding, named by `place`: parts that tell it from the check's others and stay the same from build to build.
    pub fn named(self, key: &FingerprintKey, place: &[&str]) -> Finding {
        let detector = self.detector.as_deref().unwrap_or_default();
        let fingerprint = Fingerprint::new(key, self.check, detector, place, self.secret.as_ref());
        Finding {
            check: self.check,
            detector: self.detector,
            severity: self.severity,
            confidence: self.confidence,
            message: self.message,
            fix: self.fix,
            origin: self.origin,
            secret: self.secret.map(|mark| mark.redacted),
            fingerprint,
            places: self.places,
            notes: self.notes,
        }
    }
}

impl NotChecked {
    /// Something of `what` at `origin` that `checks` could not examine, for `reason`.
    pub fn new(
        origin: Origin,
        what: impl Into<String>,
        reason: impl Into<String>,
        checks: Vec<&'static str>,
    ) -> Self {
        Self { origin, what: what.into(), reason: reason.into(), checks, acceptable: false }
    }

    /// A file of a known form that could not be opened: the contract may accept it.
    pub fn file(origin: Origin, reason: impl Into<String>, checks: Vec<&'static str>) -> Self {
        Self { acceptable: true, ..Self::new(origin, "file", reason, checks) }
    }
}
