//! `[policy]`: what fails the verdict.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::Text;
use crate::contract::validator::Validator;
use crate::finding::Severity;

/// What fails the verdict.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawPolicy {
    /// The minimum severity that fails the run.
    #[schemars(extend("enum" = Severity::ALL.map(Severity::as_str)), extend("default" = Policy::default().fail_on.as_str()))]
    pub fail_on: Text,
}

/// `[policy]`: what fails the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The minimum severity that fails the run.
    pub fail_on: Severity,
}

impl Default for Policy {
    fn default() -> Self {
        Self { fail_on: Severity::Medium }
    }
}

impl Validator<'_> {
    /// Checks `[policy]`.
    #[allow(clippy::unused_self)]
    pub(in crate::contract) fn policy(&mut self, raw: &RawPolicy) -> Policy {
        let severity = raw.fail_on.as_ref().and_then(|word| Severity::from_word(&word.value));
        severity.map_or_else(Policy::default, |fail_on| Policy { fail_on })
    }
}
