//! What reports say of a detector that found something.

use super::Severity;

/// A detector that recognised a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectorRecord {
    /// What a person calls what it finds, such as `SendGrid API key`.
    pub name: String,
    /// How bad a find is where nothing lowers it.
    pub severity: Severity,
    /// What such a secret opens.
    pub description: String,
    /// How to rotate it.
    pub fix: String,
}
