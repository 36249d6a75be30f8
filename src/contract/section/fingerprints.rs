//! `[fingerprints]`: how findings get names that stay the same from run to run.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::Text;
use crate::contract::names;
use crate::contract::validator::Validator;

/// How findings get names that stay the same from run to run.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawFingerprints {
    /// Name of the environment variable that holds the key. The key itself is never in the contract. Without it, two
    /// different secrets at one place have the same fingerprint.
    #[schemars(regex(pattern = r"^[A-Z_][A-Z0-9_]*$"))]
    pub key_env: Text,
}

/// `[fingerprints]`: how findings get names that stay the same from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprints {
    /// Name of the environment variable that holds the key. Without one, fingerprints are made of the place alone.
    pub key_env: Option<String>,
}

impl Validator<'_> {
    /// Checks `[fingerprints]`.
    pub(in crate::contract) fn fingerprints(&mut self, raw: RawFingerprints) -> Fingerprints {
        Fingerprints { key_env: self.text("key_env", raw.key_env, names::key_variable) }
    }
}
