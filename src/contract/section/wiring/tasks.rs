//! `[[tasks]]`: which role each task runs as.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::wiring::{Role, RoleKind, Task};
use crate::contract::marked::{Marked, Text};
use crate::contract::names::{self, aws as aws_names};
use crate::contract::section::SecretEntry;
use crate::contract::validator::Validator;

/// Which role a task runs as.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawTask {
    /// The task definition's family.
    #[schemars(required)]
    pub family: Text,
    /// The handle of its task role.
    #[schemars(required)]
    pub role: Text,
    /// The handle of its execution role, if it must be that one.
    pub execution_role: Text,
    /// The container that runs the contract's image. Default: the essential one from the contract's repository.
    pub container: Text,
    /// Containers that run other images, such as a log router.
    pub sidecars: Option<Vec<Marked<String>>>,
    /// Handles of the secrets that its definition must inject by `secrets`. Default: none; the application reads what its
    /// role requires.
    pub injects: Option<Vec<Marked<String>>>,
}

impl Validator<'_> {
    /// Checks `[[tasks]]`; `lenient` if roles or secrets have mistakes of their own.
    pub(super) fn tasks(
        &mut self,
        raw: Vec<Marked<RawTask>>,
        roles: &[Role],
        secrets: &[SecretEntry],
        lenient: bool,
    ) -> Vec<Task> {
        let mut families = HashMap::new();
        let mut tasks = Vec::new();
        for entry in raw {
            let RawTask { family, role, execution_role, container, sidecars, injects } = entry.value;
            let container = self.text("container", container, names::line);
            let mut named = |key: &str, list: Option<Vec<Marked<String>>>| -> Vec<String> {
                let name = format!("an entry of `{key}`");
                list.unwrap_or_default().iter().filter_map(|t| self.read(&name, t, names::line)).collect()
            };
            let (sidecars, injects) = (named("sidecars", sidecars), injects.unwrap_or_default());
            let injects = self.required(&injects, secrets, lenient);
            let family = family.and_then(|text| {
                self.unique(&mut families, "family", &text);
                self.read("`family`", &text, aws_names::family)
            });
            let role = self.role_of(role, RoleKind::Task, roles, lenient);
            let pinned = execution_role.is_some();
            let execution_role = self.role_of(execution_role, RoleKind::Execution, roles, lenient);
            if pinned && execution_role.is_none() {
                continue;
            }
            if let (Some(family), Some(role)) = (family, role) {
                let position = self.position(entry.span);
                tasks.push(Task { position, family, role, execution_role, container, sidecars, injects });
            }
        }
        tasks
    }

    /// The handle of a role of this kind.
    fn role_of(&mut self, text: Text, kind: RoleKind, roles: &[Role], lenient: bool) -> Option<String> {
        let text = text?;
        match roles.iter().find(|r| r.handle == text.value) {
            Some(role) if role.kind == kind => return Some(text.value),
            Some(_) => {
                let wanted = if kind == RoleKind::Task { "task" } else { "execution" };
                self.report(
                    text.span,
                    format!("this role is not of kind `{wanted}`"),
                    format!("name a role with `kind = \"{wanted}\"`, or change its kind"),
                );
            }
            None if lenient => {}
            None => self.unknown(text.span, "role", "roles"),
        }
        None
    }
}
