//! What all findings and items that were not checked add up to: the report, and its verdict, computed before anything is rendered.

use std::collections::BTreeMap;

use super::{
    AccessTable, Cause, CheckMeta, ControlGroup, DetectorRecord, EntrypointRow, Finding, LayerRecord,
    NotChecked, ProfileRecord, Severity, SourceLine, SourceLineKey,
};

/// The one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything that was asked for was seen, and nothing that fails was found.
    Pass,
    /// Something was found.
    Fail,
    /// Nothing was found, but something could not be seen.
    Incomplete,
}

impl Verdict {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
        }
    }

    /// The process's exit code for it: 0 pass, 1 fail, 2 could not decide.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Incomplete => 2,
        }
    }
}

/// What became of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// It looked at everything and found nothing that fails.
    Pass,
    /// It found something that fails.
    Fail,
    /// It found nothing that fails, but could not look at everything.
    NotChecked,
    /// This run did not ask it, or it had nothing to look at.
    NotRequested,
}

impl CheckStatus {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotChecked => "not-checked",
            Self::NotRequested => "not-requested",
        }
    }
}

/// One check's line in the report.
#[derive(Clone, Debug)]
pub struct CheckSummary {
    /// The check.
    pub meta: &'static CheckMeta,
    /// What became of it.
    pub status: CheckStatus,
    /// Its findings, accepted ones not counted.
    pub findings: usize,
    /// Its findings that the contract accepts.
    pub accepted: usize,
    /// Items that it could not look at.
    pub not_checked: usize,
}

/// What kind of thing was examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A container image.
    Image,
    /// A build context.
    Context,
    /// A Dockerfile.
    Dockerfile,
    /// An AWS account, or what a plan or a template says of one.
    Aws,
    /// A document of a run.
    Document,
    /// A CI workflow.
    Workflow,
}

impl Subject {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Context => "context",
            Self::Dockerfile => "dockerfile",
            Self::Aws => "aws",
            Self::Document => "document",
            Self::Workflow => "workflow",
        }
    }
}

/// One thing that was examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactRecord {
    /// What kind of thing.
    pub subject: Subject,
    /// Its name as the user gave it.
    pub name: String,
    /// Names that it carries itself, such as repository tags in an archive.
    pub tags: Vec<String>,
    /// The image's platform.
    pub platform: Option<String>,
    /// The manifest's digest, or that of the file.
    pub digest: Option<String>,
    /// The image config's digest.
    pub config_digest: Option<String>,
    /// Number of layers.
    pub layers: usize,
}

/// The ledger of what was seen and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Layers read to their end; a context has none.
    pub layers: u64,
    /// Layers that could not be read, or not to their end.
    pub layers_not_seen: u64,
    /// Files whose content was read.
    pub files: u64,
    /// Bytes of file content that were read.
    pub bytes: u64,
    /// Files whose content could not be read.
    pub files_not_seen: u64,
    /// Bytes that could not be read, as far as their number is known.
    pub bytes_not_seen: u64,
    /// Files that hold compressed or encrypted data of their own (zip, jar, gzip …): read as bytes, not decoded.
    pub files_not_decoded: u64,
    /// Bytes in those files.
    pub bytes_not_decoded: u64,
    /// Examples in the tests and documentation of installed libraries that were found, and are no findings.
    pub examples_held_back: u64,
}

impl Coverage {
    /// Adds another part of the ledger.
    pub fn add(&mut self, other: &Self) {
        self.layers += other.layers;
        self.layers_not_seen += other.layers_not_seen;
        self.files += other.files;
        self.bytes += other.bytes;
        self.files_not_seen += other.files_not_seen;
        self.bytes_not_seen += other.bytes_not_seen;
        self.files_not_decoded += other.files_not_decoded;
        self.bytes_not_decoded += other.bytes_not_decoded;
        self.examples_held_back += other.examples_held_back;
    }
}

/// A finding that the contract accepts: kept in the report and the evidence, out of the verdict and of SARIF.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The finding.
    pub finding: Finding,
    /// Why it is accepted, in the contract's words.
    pub reason: String,
    /// The last day on which it is, as `YYYY-MM-DD`.
    pub expires: String,
}

/// All that a run found out; the reports are functions of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Digest of the detectors that were used.
    pub rules_digest: String,
    /// Digest of the contract file, if there was one.
    pub contract_digest: Option<String>,
    /// The minimum severity that fails the run.
    pub fail_on: Severity,
    /// The verdict.
    pub verdict: Verdict,
    /// What was examined.
    pub artifacts: Vec<ArtifactRecord>,
    /// What was found, by check, origin and span.
    pub findings: Vec<Finding>,
    /// The findings by what they have in common, worst first; every finding is in one of them.
    pub causes: Vec<Cause>,
    /// Lines that findings point at, values masked: only those where masking is certain.
    pub source_lines: BTreeMap<SourceLineKey, SourceLine>,
    /// What was found and is accepted.
    pub accepted: Vec<Accepted>,
    /// What could not be seen.
    pub not_checked: Vec<NotChecked>,
    /// What must be known to read the verdict rightly, and is no finding.
    pub notes: Vec<String>,
    /// The ledger.
    pub coverage: Coverage,
    /// Every check of the families that this run could ask, in order of their IDs.
    pub checks: Vec<CheckSummary>,
    /// Task definitions that the sources of the wiring have.
    pub task_definitions: usize,
    /// The profile that a gate judged by; nothing for all but a gate.
    pub profile: Option<ProfileRecord>,
    /// What became of the profile's controls, by group; empty for all but a gate.
    pub controls: Vec<ControlGroup>,
    /// Which role can read which secret, if that was asked.
    pub access: Option<AccessTable>,
    /// What became of each way in which the contract starts the image.
    pub entrypoints: Vec<EntrypointRow>,
    /// The layers of the images, image by image, base first.
    pub layers: Vec<LayerRecord>,
    /// The detectors that found something, by their IDs.
    pub detectors: BTreeMap<String, DetectorRecord>,
}

impl Report {
    /// Puts findings and items that were not checked into their order, sums up each check and computes the verdict. `asked` lists
    /// the checks that ran; `known` all that exist.
    #[allow(clippy::too_many_arguments)]
    pub fn judge(
        fail_on: Severity,
        known: &[&'static CheckMeta],
        asked: &[&'static str],
        mut findings: Vec<Finding>,
        mut accepted: Vec<Accepted>,
        mut not_checked: Vec<NotChecked>,
        artifacts: Vec<ArtifactRecord>,
        coverage: Coverage,
    ) -> Self {
        let order = |a: &Finding, b: &Finding| {
            (a.check, &a.origin, &a.detector, &a.fingerprint).cmp(&(
                b.check,
                &b.origin,
                &b.detector,
                &b.fingerprint,
            ))
        };
        findings.sort_by(order);
        accepted.sort_by(|a, b| order(&a.finding, &b.finding));
        not_checked.sort();
        not_checked.dedup();
        let fails = |f: &Finding| f.severity >= fail_on;
        let checks = known
            .iter()
            .map(|meta| {
                let of_check = |f: &&Finding| f.check == meta.id;
                let missed = not_checked.iter().filter(|u| u.checks.contains(&meta.id)).count();
                let status = if findings.iter().filter(of_check).any(fails) {
                    CheckStatus::Fail
                } else if missed > 0 {
                    CheckStatus::NotChecked
                } else if asked.contains(&meta.id) {
                    CheckStatus::Pass
                } else {
                    CheckStatus::NotRequested
                };
                CheckSummary {
                    meta,
                    status,
                    findings: findings.iter().filter(of_check).count(),
                    accepted: accepted.iter().filter(|a| a.finding.check == meta.id).count(),
                    not_checked: missed,
                }
            })
            .collect();
        let verdict = if findings.iter().any(fails) {
            Verdict::Fail
        } else if not_checked.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Incomplete
        };
        Self {
            rules_digest: String::new(),
            contract_digest: None,
            fail_on,
            verdict,
            artifacts,
            causes: Cause::group(&findings),
            source_lines: BTreeMap::new(),
            findings,
            accepted,
            not_checked,
            notes: Vec::new(),
            coverage,
            checks,
            task_definitions: 0,
            profile: None,
            controls: Vec::new(),
            access: None,
            entrypoints: Vec::new(),
            layers: Vec::new(),
            detectors: BTreeMap::new(),
        }
    }

    /// One report of several, judged anew: all that they found and could not see, and `not checked` besides. Digests of
    /// detectors and contract are those of the first.
    pub fn merge(
        fail_on: Severity,
        known: &[&'static CheckMeta],
        parts: Vec<Self>,
        mut not_checked: Vec<NotChecked>,
    ) -> Self {
        let (mut findings, mut accepted, mut artifacts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut asked, mut coverage) = (Vec::new(), Coverage::default());
        let (mut notes, mut access, mut task_definitions) = (Vec::new(), None, 0);
        let mut entrypoints = Vec::new();
        let (mut layers, mut detectors) = (Vec::new(), BTreeMap::new());
        let mut source_lines = BTreeMap::new();
        let digests = parts.first().map(|p| (p.rules_digest.clone(), p.contract_digest.clone()));
        for part in parts {
            asked.extend(
                part.checks.iter().filter(|c| c.status != CheckStatus::NotRequested).map(|c| c.meta.id),
            );
            coverage.add(&part.coverage);
            findings.extend(part.findings);
            accepted.extend(part.accepted);
            not_checked.extend(part.not_checked);
            artifacts.extend(part.artifacts);
            notes.extend(part.notes);
            source_lines.extend(part.source_lines);
            access = access.or(part.access);
            entrypoints.extend(part.entrypoints);
            layers.extend(part.layers);
            detectors.extend(part.detectors);
            task_definitions += part.task_definitions;
        }
        notes.dedup();
        let mut report =
            Self::judge(fail_on, known, &asked, findings, accepted, not_checked, artifacts, coverage);
        (report.rules_digest, report.contract_digest) = digests.unwrap_or_default();
        (report.notes, report.access, report.task_definitions) = (notes, access, task_definitions);
        report.entrypoints = entrypoints;
        (report.layers, report.detectors) = (layers, detectors);
        report.source_lines = source_lines;
        report
    }

    /// The number of findings that fail the verdict.
    pub fn failing(&self) -> usize {
        self.findings.iter().filter(|f| f.severity >= self.fail_on).count()
    }
}
