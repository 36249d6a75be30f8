//! `[[roles]]`: roles, and the secrets that each must be able to read.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::wiring::{Denied, Extra, Role, RoleKind};
use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::names::{self, aws as aws_names};
use crate::contract::section::SecretEntry;
use crate::contract::validator::Validator;

/// A role, and the secrets that it must be able to read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawRole {
    /// The role's handle in this contract.
    #[schemars(required, regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]*$"))]
    pub handle: Text,
    /// The role's name or ARN.
    #[schemars(required)]
    pub role: Text,
    /// What it is for: a task role is the application's, an execution role is the ECS agent's, which pulls and logs.
    #[schemars(extend("enum" = ["task", "execution"]), extend("default" = "task"))]
    pub kind: Text,
    /// Handles of the secrets that it must be able to read. It may read nothing else.
    pub requires: Option<Vec<Marked<String>>>,
    /// What it may read although it does not require it. One `[[roles.extras]]` for each.
    pub extras: Option<Vec<Marked<RawExtra>>>,
    /// What it must not be allowed, whatever its policies say otherwise. One `[[roles.denied]]` for each.
    pub denied: Option<Vec<Marked<RawDenied>>>,
}

/// Something that a role must not be allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawDenied {
    /// Actions such as `s3:DeleteObject` or `dynamodb:*`. `*` and `?` are wildcards.
    #[schemars(required, length(min = 1))]
    pub actions: Option<Vec<Marked<String>>>,
    /// ARNs of resources; `*` and `?` are wildcards.
    #[schemars(extend("default" = ["*"]))]
    pub resources: Option<Vec<Marked<String>>>,
    /// Why, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
}

/// Something that a role may read although it does not require it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawExtra {
    /// An ARN. `*` and `?` are wildcards, as in a policy.
    #[schemars(required)]
    pub resource: Text,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which this holds, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(extend("format" = "date"))]
    pub expires: Text,
}

impl Validator<'_> {
    /// Checks `[[roles]]`; `lenient` if the secrets have mistakes of their own.
    pub(super) fn roles(
        &mut self,
        raw: Vec<Marked<RawRole>>,
        secrets: &[SecretEntry],
        lenient: bool,
    ) -> Vec<Role> {
        let (mut handles, mut named, mut agents) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut roles = Vec::new();
        for entry in raw {
            let RawRole { handle, role, kind, requires, extras, denied } = entry.value;
            let handle = handle.and_then(|text| {
                self.unique(&mut handles, "handle", &text);
                self.read("`handle`", &text, names::handle)
            });
            let kind = match kind.as_ref().map(|k| k.value.as_str()) {
                Some("execution") => RoleKind::Execution,
                _ => RoleKind::Task,
            };
            let role = role.and_then(|text| {
                // A task has two roles, and `task:FAMILY` means the one of the entry's kind.
                let is_agent = kind == RoleKind::Execution && text.value.starts_with("task:");
                self.unique(if is_agent { &mut agents } else { &mut named }, "role", &text);
                self.read("`role`", &text, aws_names::role)
            });
            let requires = requires.unwrap_or_default();
            if let (RoleKind::Execution, Some(first)) = (kind, requires.first()) {
                self.report(
                    first.span,
                    "an execution role requires no secret: it pulls images and writes logs",
                    "let the application read the secret with its task role; for one that ECS must read, add an \
                     [[exceptions]] entry with its ARN",
                );
            }
            let requires = self.required(&requires, secrets, lenient);
            let extras = extras.unwrap_or_default().into_iter().filter_map(|e| self.extra(e)).collect();
            let denied = denied.unwrap_or_default().into_iter().filter_map(|d| self.denied(d)).collect();
            if let (Some(handle), Some((name, arn))) = (handle, role) {
                let position = self.position(entry.span);
                roles.push(Role { position, handle, name, arn, kind, requires, extras, denied });
            }
        }
        roles
    }

    fn extra(&mut self, raw: Marked<RawExtra>) -> Option<Extra> {
        let RawExtra { resource, reason, expires } = raw.value;
        let resource = self.text("resource", resource, aws_names::pattern);
        let reason = self.text("reason", reason, names::reason);
        let limited = expires.is_some();
        let expires = self.date(expires);
        // A date that cannot be read must not turn into none.
        if limited && expires.is_none() {
            return None;
        }
        Some(Extra { resource: resource?, reason: reason?, expires })
    }

    fn denied(&mut self, raw: Marked<RawDenied>) -> Option<Denied> {
        let RawDenied { actions, resources, reason } = raw.value;
        let reason = self.text("reason", reason, names::reason);
        let actions = actions.unwrap_or_default();
        if actions.is_empty() {
            let advice = "name what the role must not do, such as `s3:DeleteObject`";
            self.report(raw.span, "an entry of `denied` has no `actions`", advice);
        }
        let mut each = |key: &str, list: &[Marked<String>], grammar: fn(&str) -> Result<String, Fault>| {
            let name = format!("an entry of `{key}`");
            list.iter().map(|text| self.read(&name, text, grammar)).collect::<Option<Vec<String>>>()
        };
        let actions = each("actions", &actions, aws_names::action);
        let resources = match resources {
            None => Some(vec!["*".to_owned()]),
            Some(list) => each("resources", &list, aws_names::pattern_or_all),
        };
        Some(Denied {
            actions: actions.filter(|list| !list.is_empty())?,
            resources: resources?,
            reason: reason?,
        })
    }
}
