//! `[[exceptions]]`: ARNs for which a rule of the wiring may be broken for a time.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::wiring::Exception;
use crate::contract::marked::{Marked, Text};
use crate::contract::names::{self, aws as aws_names};
use crate::contract::validator::Validator;

/// One ARN for which a rule of the wiring may be broken for a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawException {
    /// The check: SW405 or SW406 with the ARN of what the execution role reads, SW410 with that of a principal.
    #[schemars(required, regex(pattern = r"^SW[0-9]{3}$"))]
    pub check: Text,
    /// The exact ARN, without wildcards.
    #[schemars(required)]
    pub arn: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which it holds, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}

impl Validator<'_> {
    /// Checks `[[exceptions]]`.
    pub(super) fn exceptions(&mut self, raw: Vec<Marked<RawException>>) -> Vec<Exception> {
        let mut exceptions = Vec::new();
        for entry in raw {
            let RawException { check, arn, reason, expires } = entry.value;
            let check = self.text("check", check, aws_names::excepted_check);
            let arn = self.text("arn", arn, aws_names::exact_arn);
            let reason = self.text("reason", reason, names::reason);
            let expires = self.date(expires);
            if let (Some(check), Some(arn), Some(reason), Some(expires)) = (check, arn, reason, expires) {
                let position = self.position(entry.span);
                exceptions.push(Exception { position, check, arn, reason, expires });
            }
        }
        exceptions
    }
}
