//! Causes, as the versioned documents have them.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Confidence, Severity};
use crate::finding as inner;
use crate::report::phrase::printable;

/// Findings that share a root: a secret, a file, an instruction, a layer or a statement. Every finding is in one cause.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Cause {
    /// What its leading finding says, in one sentence.
    message: String,
    /// The highest severity of its findings.
    severity: Severity,
    /// The highest confidence of its findings.
    confidence: Confidence,
    /// IDs of its checks: the leading finding's first, then in order.
    checks: Vec<&'static str>,
    /// Fingerprints of its findings: the leading finding's first.
    fingerprints: Vec<String>,
}

impl Cause {
    /// The causes of a report, worst first.
    pub(in crate::report) fn all(report: &inner::Report) -> Vec<Self> {
        report
            .causes
            .iter()
            .map(|cause| {
                let findings = || cause.findings.iter().filter_map(|i| report.findings.get(*i));
                Self {
                    message: findings().next().map(|f| printable(&f.message)).unwrap_or_default(),
                    severity: cause.severity.into(),
                    confidence: cause.confidence.into(),
                    checks: cause.checks.clone(),
                    fingerprints: findings().map(|f| f.fingerprint.as_str().to_owned()).collect(),
                }
            })
            .collect()
    }
}
