//! `[handles]`: where names live that the contract uses.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::Text;
use crate::contract::names;
use crate::contract::validator::Validator;

/// Where names live that the contract uses.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawHandles {
    /// The file of the handles, relative to the contract's directory: TOML, JSON, `.env`, or Markdown whose bullets
    /// hold `KEY = "value"` in backticks. `${KEY}` in a string of the contract stands for the value.
    #[schemars(required)]
    pub file: Text,
}

impl Validator<'_> {
    /// Checks `[handles]`. The registry was read before the contract; here is only told what is wrong with its name.
    pub(in crate::contract) fn handles(&mut self, raw: RawHandles) {
        let _: Option<String> = self.text("file", raw.file, names::path);
    }
}
