//! `[[waivers]]`: controls of the profile that need not be checked, for a time and a reason.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::marked::{Marked, Text};
use crate::contract::names;
use crate::contract::profile::id;
use crate::contract::validator::Validator;
use crate::profile::{Profile, Waiver};

/// A control that need not be checked for a time. A waiver covers what is not checked or not requested, never a finding.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawWaiver {
    /// The ID of a control of the profile, or of a group of them, such as `C.3.1` or `D.3`.
    #[schemars(required)]
    pub control: Text,
    /// Why the run may do without it, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which the waiver counts, as `YYYY-MM-DD`.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}

impl Validator<'_> {
    /// Checks `[[waivers]]` against the profile; nothing is known of one that could not be read. `path` is the
    /// contract's, for warnings.
    pub(in crate::contract) fn waivers(
        &mut self,
        raw: Vec<Marked<RawWaiver>>,
        profile: Option<&Profile>,
        path: &std::path::Path,
    ) -> Vec<Waiver> {
        let mut waivers = Vec::new();
        for entry in raw {
            let RawWaiver { control, reason, expires } = entry.value;
            if let (Some(text), Some(profile)) = (&control, profile)
                && id(&text.value).is_ok()
                && !profile.knows(&text.value)
            {
                let message = format!("the profile {} has no such control", profile.name);
                let help = format!("`seaworthy explain {}` lists its controls", profile.name);
                self.report(text.span, message, help);
            }
            let control = self.text("control", control, id);
            let reason = self.text("reason", reason, names::reason);
            let expires = self.text("expires", expires, names::date);
            if let (Some(control), Some(reason), Some(expires)) = (control, reason, expires) {
                let place = format!("{}:{}", path.display(), self.position(entry.span));
                waivers.push(Waiver { place, control, reason, expires });
            }
        }
        waivers
    }
}
