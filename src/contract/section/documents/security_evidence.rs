//! `[security_evidence]`: what the run's security evidence must say.

use schemars::JsonSchema;
use serde::Deserialize;

use super::is_set;
use crate::check::provenance::Expectations;
use crate::contract::marked::Marked;

/// What the run's security evidence must say.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawSecurityEvidence {
    /// Whether there must be some. Default: where it is looked for by run.
    pub required: Option<Marked<bool>>,
    /// Whether it must name the image by its digest, as seaworthy's own does.
    #[schemars(extend("default" = false))]
    pub require_image_digest: Option<Marked<bool>>,
}

impl RawSecurityEvidence {
    /// Takes in what is written.
    pub(super) fn expect(self, out: &mut Expectations) {
        out.security_required = self.required.map(|r| r.value);
        out.security_names_image = is_set(self.require_image_digest, false);
    }
}
