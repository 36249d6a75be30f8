//! `[[forbidden_roles]]`: roles that no task may run as.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::wiring::{ForbiddenRole, Role};
use crate::contract::marked::{Marked, Text};
use crate::contract::names::{self, aws as aws_names};
use crate::contract::validator::Validator;

/// A role that no task may run as.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawForbiddenRole {
    /// The role's name or ARN.
    #[schemars(required)]
    pub role: Text,
    /// Why, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
}

impl Validator<'_> {
    /// Checks `[[forbidden_roles]]`.
    pub(super) fn forbidden_roles(
        &mut self,
        raw: Vec<Marked<RawForbiddenRole>>,
        roles: &[Role],
    ) -> Vec<ForbiddenRole> {
        let mut named = HashMap::new();
        let mut forbidden = Vec::new();
        for entry in raw {
            let RawForbiddenRole { role, reason } = entry.value;
            let role = role.and_then(|text| {
                self.unique(&mut named, "role", &text);
                let (name, arn) = self.read("`role`", &text, aws_names::role)?;
                if roles.iter().any(|r| r.name == name && (arn.is_none() || r.arn.is_none() || r.arn == arn))
                {
                    self.report(
                        text.span,
                        "this role stands in [[roles]], too",
                        "a role that tasks run as cannot be forbidden: remove one of the two",
                    );
                }
                Some(text.value)
            });
            let reason = self.text("reason", reason, names::reason);
            if let (Some(role), Some(reason)) = (role, reason) {
                forbidden.push(ForbiddenRole { position: self.position(entry.span), role, reason });
            }
        }
        forbidden
    }
}
