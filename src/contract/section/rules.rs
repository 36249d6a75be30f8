//! `[rules]`: detectors of the user's own, and detectors that are turned off.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::{Marked, Text};
use crate::contract::names;
use crate::contract::validator::Validator;
use seaworthy_source::Position;

/// Detectors of your own, and detectors that are turned off.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawRules {
    /// Directories with detectors of your own, relative to the contract's directory.
    pub directories: Option<Vec<Marked<String>>>,
    /// Detectors that are turned off for a time. One `[[rules.disable]]` for each.
    pub disable: Option<Vec<Marked<RawDisable>>>,
}

/// A detector that is turned off for a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawDisable {
    /// The detector's ID.
    #[schemars(required, regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub detector: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which the detector is off, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}

/// `[rules]`: detectors of the user's own, and detectors that are turned off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesSection {
    /// Directories with further detectors, joined to the contract's directory.
    pub directories: Vec<PathBuf>,
    /// Detectors that are turned off for a time.
    pub disable: Vec<DisableEntry>,
}

/// One `[[rules.disable]]`: a detector that is turned off for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisableEntry {
    /// Where the entry stands in the contract.
    pub position: Position,
    /// The detector's ID.
    pub detector: String,
    /// Why.
    pub reason: String,
    /// The last day on which the entry holds.
    pub expires: Date,
}

impl DisableEntry {
    /// Whether the detector is still off on the day `today`; after its last day it is on again.
    pub fn holds(&self, today: Date) -> bool {
        today <= self.expires
    }
}

impl Validator<'_> {
    /// Checks `[rules]`.
    pub(in crate::contract) fn rules(&mut self, raw: RawRules) -> RulesSection {
        let directories = raw.directories.unwrap_or_default();
        let directory = self.directory();
        let directories = directories
            .iter()
            .filter_map(|text| self.read("an entry of `directories`", text, names::path))
            .map(|path| directory.join(path))
            .collect();
        let mut seen = HashMap::new();
        let mut disable = Vec::new();
        for entry in raw.disable.unwrap_or_default() {
            let RawDisable { detector, reason, expires } = entry.value;
            let detector = detector.and_then(|text| {
                self.unique(&mut seen, "detector", &text);
                self.read("`detector`", &text, names::detector)
            });
            let reason = self.text("reason", reason, names::reason);
            let expires = self.date(expires);
            if let (Some(detector), Some(reason), Some(expires)) = (detector, reason, expires) {
                disable.push(DisableEntry { position: self.position(entry.span), detector, reason, expires });
            }
        }
        RulesSection { directories, disable }
    }
}
