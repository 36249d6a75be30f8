//! The parts that the versioned documents (report v1, evidence v1) are made of: written as they are promised, apart
//! from the internal types, so that these can change without breaking a reader. Fields that are not known are `null`,
//! never absent.

mod access;
mod cause;
mod control;

use schemars::JsonSchema;
use serde::Serialize;

use super::phrase::{printable, prose};
use super::{TOOL, VERSION};
use crate::finding as inner;

pub(super) use access::Access;
pub(super) use cause::Cause;
pub(super) use control::{Group, Profile};

/// The tool that wrote the document.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tool {
    /// Its name.
    name: &'static str,
    /// Its version (Semantic Versioning 2.0).
    version: &'static str,
    /// Digest of the detectors that were used.
    rules_digest: String,
}

impl Tool {
    pub(super) fn of(report: &inner::Report) -> Self {
        Self::with(&report.rules_digest)
    }

    pub(super) fn with(rules_digest: &str) -> Self {
        Self { name: TOOL, version: VERSION, rules_digest: printable(rules_digest) }
    }
}

/// The contract that was enforced.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Contract {
    /// Digest of the contract file.
    digest: String,
}

impl Contract {
    pub(super) fn of(report: &inner::Report) -> Option<Self> {
        report.contract_digest.as_deref().map(Self::with)
    }

    pub(super) fn with(digest: &str) -> Self {
        Self { digest: printable(digest) }
    }
}

/// The answer: `pass`, `fail`, or `incomplete` when nothing failed but something could not be seen.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Pass,
    Fail,
    Incomplete,
}

impl From<inner::Verdict> for Verdict {
    fn from(verdict: inner::Verdict) -> Self {
        match verdict {
            inner::Verdict::Pass => Self::Pass,
            inner::Verdict::Fail => Self::Fail,
            inner::Verdict::Incomplete => Self::Incomplete,
        }
    }
}

/// How bad a finding is if it is true.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl From<inner::Severity> for Severity {
    fn from(severity: inner::Severity) -> Self {
        match severity {
            inner::Severity::Low => Self::Low,
            inner::Severity::Medium => Self::Medium,
            inner::Severity::High => Self::High,
            inner::Severity::Critical => Self::Critical,
        }
    }
}

/// How sure the tool is that a finding is true.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Confidence {
    Low,
    Medium,
    High,
}

impl From<inner::Confidence> for Confidence {
    fn from(confidence: inner::Confidence) -> Self {
        match confidence {
            inner::Confidence::Low => Self::Low,
            inner::Confidence::Medium => Self::Medium,
            inner::Confidence::High => Self::High,
        }
    }
}

/// What became of a check.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    Pass,
    Fail,
    NotChecked,
    NotRequested,
}

impl From<inner::CheckStatus> for Status {
    fn from(status: inner::CheckStatus) -> Self {
        match status {
            inner::CheckStatus::Pass => Self::Pass,
            inner::CheckStatus::Fail => Self::Fail,
            inner::CheckStatus::NotChecked => Self::NotChecked,
            inner::CheckStatus::NotRequested => Self::NotRequested,
        }
    }
}

/// One thing that was examined.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Artifact {
    /// What kind of thing: `image`, `context` or `dockerfile`.
    kind: &'static str,
    /// Its name as the user gave it.
    name: String,
    /// Names that it carries itself, such as repository tags in an archive.
    tags: Vec<String>,
    /// The image's platform, such as `linux/amd64`.
    platform: Option<String>,
    /// The manifest's digest, or that of the file.
    digest: Option<String>,
    /// The image config's digest.
    config_digest: Option<String>,
    /// Number of layers.
    layers: usize,
}

impl From<&inner::ArtifactRecord> for Artifact {
    fn from(record: &inner::ArtifactRecord) -> Self {
        Self {
            kind: record.subject.as_str(),
            name: printable(&record.name),
            tags: record.tags.iter().map(|t| printable(t)).collect(),
            platform: record.platform.as_deref().map(printable),
            digest: record.digest.as_deref().map(printable),
            config_digest: record.config_digest.as_deref().map(printable),
            layers: record.layers,
        }
    }
}

/// A layer of an image.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Layer {
    /// Place in the image, from 0 (the base).
    index: usize,
    /// Its diff ID where known, else its blob digest, else its name in the archive.
    digest: String,
    /// The instruction that made it, from the history, secrets masked.
    instruction: Option<String>,
}

/// A range of lines in a source file.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SourceLines {
    /// The file's path as the user gave it.
    path: String,
    /// First line, from 1.
    line: u32,
    /// Last line, from 1.
    end_line: u32,
}

/// Whether a layer's file is in the final filesystem. What is not is shipped all the same.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Final,
    Deleted,
    Overwritten,
}

/// Where bytes were found.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Origin {
    /// What it points into: `dockerfile`, `context`, `file` (of a layer), `layer`, `history`, `config`, `manifest`,
    /// `attestation` or `artifact`.
    kind: &'static str,
    /// The artifact's name as the user gave it.
    artifact: String,
    /// The image's platform, such as `linux/amd64`.
    platform: Option<String>,
    /// The layer.
    layer: Option<Layer>,
    /// The path inside the artifact, bytes that cannot be printed escaped as `\xNN`.
    path: Option<String>,
    /// Line, from 1.
    line: Option<u32>,
    /// Column in bytes, from 1.
    column: Option<u32>,
    /// Offset of the first byte from the start of the file, from 0.
    offset: Option<u64>,
    /// JSON pointer (RFC 6901) into the document.
    pointer: Option<String>,
    /// For a layer's file: whether it is in the final filesystem.
    state: Option<State>,
    /// Index of the later layer that deletes or overwrites the file.
    hidden_by_layer: Option<usize>,
    /// The lines of the Dockerfile that made it, when the Dockerfile was at hand.
    made_by: Option<SourceLines>,
}

impl From<&seaworthy_source::Origin> for Origin {
    fn from(origin: &seaworthy_source::Origin) -> Self {
        let (mut line, mut column, mut offset, mut pointer) = (None, None, None, None);
        match &origin.place {
            seaworthy_source::Place::Whole => {}
            seaworthy_source::Place::Text { position, offset: start } => {
                (line, column, offset) = (Some(position.line), Some(position.column), Some(*start));
            }
            seaworthy_source::Place::Byte(start) => offset = Some(*start),
            seaworthy_source::Place::Pointer(at) => pointer = Some(printable(at.as_str())),
        }
        Self {
            kind: origin.kind.as_str(),
            artifact: printable(&origin.artifact),
            platform: origin.platform.as_deref().map(printable),
            layer: origin.layer.as_ref().map(|l| Layer {
                index: l.index,
                digest: printable(&l.digest),
                instruction: l.instruction.as_deref().map(printable),
            }),
            path: origin.whole_path().as_deref().map(printable),
            line,
            column,
            offset,
            pointer,
            state: origin.state.map(|s| match s {
                seaworthy_source::FileState::Final => State::Final,
                seaworthy_source::FileState::Deleted(_) => State::Deleted,
                seaworthy_source::FileState::Overwritten(_) => State::Overwritten,
            }),
            hidden_by_layer: origin.state.and_then(seaworthy_source::FileState::by_layer),
            made_by: origin.made_by.as_ref().map(|m| SourceLines {
                path: printable(&m.path),
                line: m.line,
                end_line: m.end_line,
            }),
        }
    }
}

/// A secret, redacted. Its value is in no report.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Secret {
    /// The public prefix that all tokens of its kind share, then an ellipsis; else the ellipsis alone.
    preview: String,
    /// Length of the value in bytes, for tokens of a fixed form; `null` for passwords and the like.
    length: Option<usize>,
    /// The variable or key that holds it, where the text around it tells.
    name: Option<String>,
}

/// The artifact is bad, here, for this reason.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Finding {
    /// ID of the check that found it.
    check: &'static str,
    /// The detector that recognised the secret, if one did.
    detector: Option<String>,
    /// How bad it is.
    severity: Severity,
    /// How sure it is.
    confidence: Confidence,
    /// What was found, in one sentence.
    message: String,
    /// What to do about it.
    fix: String,
    /// Where.
    origin: Origin,
    /// The secret, redacted.
    secret: Option<Secret>,
    /// A stable name for it: a keyed hash in hex.
    fingerprint: String,
    /// Further places of the same secret, each with its own severity.
    places: Vec<FindingPlace>,
    /// What else is known.
    notes: Vec<String>,
}

/// A further place of a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FindingPlace {
    /// How bad it is there.
    severity: Severity,
    /// How sure it is there.
    confidence: Confidence,
    #[serde(flatten)]
    origin: Origin,
}

impl From<&inner::FindingPlace> for FindingPlace {
    fn from(place: &inner::FindingPlace) -> Self {
        Self {
            severity: place.severity.into(),
            confidence: place.confidence.into(),
            origin: (&place.origin).into(),
        }
    }
}

impl From<&inner::Finding> for Finding {
    fn from(finding: &inner::Finding) -> Self {
        Self {
            check: finding.check,
            detector: finding.detector.as_deref().map(printable),
            severity: finding.severity.into(),
            confidence: finding.confidence.into(),
            message: printable(&finding.message),
            fix: prose(&finding.fix),
            origin: (&finding.origin).into(),
            secret: finding.secret.as_ref().map(|s| Secret {
                preview: printable(&s.preview),
                length: s.length,
                name: s.name.as_deref().map(printable),
            }),
            fingerprint: finding.fingerprint.as_str().to_owned(),
            places: finding.places.iter().map(Into::into).collect(),
            notes: finding.notes.iter().map(|n| prose(n)).collect(),
        }
    }
}

/// A finding that the contract accepts: it does not count for the verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Accepted {
    /// The finding.
    finding: Finding,
    /// Why it is accepted, in the contract's words.
    reason: String,
    /// The last day on which it is, as `YYYY-MM-DD`.
    expires: String,
}

impl From<&inner::Accepted> for Accepted {
    fn from(accepted: &inner::Accepted) -> Self {
        Self {
            finding: (&accepted.finding).into(),
            reason: prose(&accepted.reason),
            expires: printable(&accepted.expires),
        }
    }
}

/// A thing that was to be examined and could not be.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NotChecked {
    /// What it is.
    what: String,
    /// Why it could not be examined.
    reason: String,
    /// IDs of the checks that would have looked at it.
    checks: Vec<&'static str>,
    /// Where it is.
    origin: Origin,
}

impl From<&inner::NotChecked> for NotChecked {
    fn from(not_checked: &inner::NotChecked) -> Self {
        Self {
            what: printable(&not_checked.what),
            reason: printable(&not_checked.reason),
            checks: not_checked.checks.clone(),
            origin: (&not_checked.origin).into(),
        }
    }
}

/// The ledger of what was seen and what was not. Sizes are in bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Coverage {
    /// Layers (or contexts) read to their end.
    layers: u64,
    /// Layers that could not be read, or not to their end.
    layers_not_seen: u64,
    /// Files whose content was read.
    files: u64,
    /// Bytes of file content that were read.
    bytes: u64,
    /// Files whose content could not be read.
    files_not_seen: u64,
    /// Bytes that could not be read, as far as their number is known.
    bytes_not_seen: u64,
    /// Files that hold compressed or encrypted data of their own: read as bytes, not decoded.
    files_not_decoded: u64,
    /// Bytes in those files.
    bytes_not_decoded: u64,
    /// Examples in the tests and documentation of installed libraries: found, and no findings.
    examples_held_back: u64,
}

impl From<&inner::Coverage> for Coverage {
    fn from(coverage: &inner::Coverage) -> Self {
        Self {
            layers: coverage.layers,
            layers_not_seen: coverage.layers_not_seen,
            files: coverage.files,
            bytes: coverage.bytes,
            files_not_seen: coverage.files_not_seen,
            bytes_not_seen: coverage.bytes_not_seen,
            files_not_decoded: coverage.files_not_decoded,
            bytes_not_decoded: coverage.bytes_not_decoded,
            examples_held_back: coverage.examples_held_back,
        }
    }
}
