//! `[aws]`, `[[roles]]`, `[[tasks]]`, `[[forbidden_roles]]` and `[[exceptions]]`: the account, and who reads what in it. Handles are compared across sections: what nothing defines is a mistake here and no
//! surprise later.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::wiring::{Denied, Exception, Expectations, Extra, ForbiddenRole, Role, RoleKind, Task};
use crate::contract::fault::Fault;
use crate::contract::marked::{Marked, Text};
use crate::contract::names::{self, aws as aws_names};
use crate::contract::section::SecretEntry;
use crate::contract::validator::Validator;
use seaworthy_source::Span;

/// The account that the wiring is checked in.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::contract) struct RawAws {
    /// The partition: aws, aws-cn, aws-us-gov.
    #[schemars(extend("default" = "aws"))]
    pub partition: Text,
    /// The account's 12 digits, in quotes.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub account: Text,
    /// The region, such as `eu-west-1`.
    pub region: Text,
    /// Plans or states (`terraform show -json`) that are read when the command line names no source, relative to the
    /// contract's folder.
    pub plan: Option<Vec<Marked<String>>>,
    /// CloudFormation templates that are read when the command line names no source.
    pub template: Option<Vec<Marked<String>>>,
    /// Saved snapshots that are read when the command line names no source.
    pub snapshot: Option<Vec<Marked<String>>>,
    /// Task definitions as JSON (`aws ecs describe-task-definition`, or what a deploy action registers) that are read when
    /// the command line names no source.
    pub task_definition: Option<Vec<Marked<String>>>,
    /// Files with the values of the templates' parameters.
    pub parameters: Option<Vec<Marked<String>>>,
    /// Directories with the Terraform source of the plans.
    pub source: Option<Vec<Marked<String>>>,
    /// A saved snapshot: what roles may do beyond what it allows is new access.
    pub against: Text,
    /// Files with service control policies over the account, one for each level from the root to the account: a policy,
    /// or a list of policies. A level that only denies is read beside AWS's FullAWSAccess.
    pub service_control_policies: Option<Vec<Marked<String>>>,
}

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

/// `[aws]`: the account that the wiring is checked in. Paths are joined to the contract's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSection {
    /// The partition; `aws` where nothing says otherwise.
    pub partition: Option<String>,
    /// The account's 12 digits.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Plans and states that are read when the command line names no source.
    pub plans: Vec<PathBuf>,
    /// Templates that are read when the command line names no source.
    pub templates: Vec<PathBuf>,
    /// Saved snapshots that are read when the command line names no source.
    pub snapshots: Vec<PathBuf>,
    /// Task definitions that are read when the command line names no source.
    pub task_definitions: Vec<PathBuf>,
    /// Values of the templates' parameters.
    pub parameters: Vec<PathBuf>,
    /// Directories with the Terraform source of the plans.
    pub source_directories: Vec<PathBuf>,
    /// A saved snapshot that new access is asked against.
    pub against: Option<PathBuf>,
    /// Service control policies, one file for each level from the root to the account.
    pub service_control_policies: Vec<PathBuf>,
}

/// The raw sections.
pub(in crate::contract) struct RawWiring {
    pub(in crate::contract) aws: RawAws,
    pub(in crate::contract) roles: Vec<Marked<RawRole>>,
    pub(in crate::contract) tasks: Vec<Marked<RawTask>>,
    pub(in crate::contract) forbidden_roles: Vec<Marked<RawForbiddenRole>>,
    pub(in crate::contract) exceptions: Vec<Marked<RawException>>,
}

impl Validator<'_> {
    pub(in crate::contract) fn wiring(
        &mut self,
        raw: RawWiring,
        secrets: &[SecretEntry],
    ) -> (AwsSection, Expectations) {
        let aws = self.aws(raw.aws);
        let broken_secrets = !self.mistakes.is_empty();
        let roles = self.roles(raw.roles, secrets, broken_secrets);
        let broken_roles = !self.mistakes.is_empty();
        let tasks = self.tasks(raw.tasks, &roles, secrets, broken_roles);
        let forbidden_roles = self.forbidden_roles(raw.forbidden_roles, &roles);
        let exceptions = self.exceptions(raw.exceptions);
        let secrets = secrets.iter().map(SecretEntry::expected).collect();
        (aws, Expectations { secrets, roles, tasks, forbidden_roles, exceptions })
    }

    fn aws(&mut self, raw: RawAws) -> AwsSection {
        AwsSection {
            partition: self.text("partition", raw.partition, aws_names::partition),
            account: self.text("account", raw.account, aws_names::account),
            region: self.text("region", raw.region, aws_names::region),
            plans: self.paths("plan", raw.plan),
            templates: self.paths("template", raw.template),
            snapshots: self.paths("snapshot", raw.snapshot),
            task_definitions: self.paths("task_definition", raw.task_definition),
            parameters: self.paths("parameters", raw.parameters),
            source_directories: self.paths("source", raw.source),
            against: self.paths("against", raw.against.map(|path| vec![path])).pop(),
            service_control_policies: self.paths("service_control_policies", raw.service_control_policies),
        }
    }

    fn paths(&mut self, key: &str, raw: Option<Vec<Marked<String>>>) -> Vec<PathBuf> {
        let folder = self.folder();
        let name = format!("an entry of `{key}`");
        let raw = raw.unwrap_or_default();
        raw.iter().filter_map(|text| self.read(&name, text, names::path)).map(|p| folder.join(p)).collect()
    }

    fn roles(&mut self, raw: Vec<Marked<RawRole>>, secrets: &[SecretEntry], lenient: bool) -> Vec<Role> {
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

    fn required(&mut self, raw: &[Marked<String>], secrets: &[SecretEntry], lenient: bool) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut requires = Vec::new();
        for text in raw {
            if !seen.insert(text.value.as_str()) {
                self.report(text.span, "this handle stands in `requires` twice", "remove one of the two");
            } else if secrets.iter().any(|s| s.handle == text.value) {
                requires.push(text.value.clone());
            } else if !lenient {
                self.unknown(text.span, "secret", "secrets");
            }
        }
        requires
    }

    fn unknown(&mut self, span: Span, what: &str, section: &str) {
        let message = format!("no {what} of the contract has this handle");
        self.report(span, message, format!("correct it, or add a [[{section}]] entry with this `handle`"));
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

    fn tasks(
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

    fn forbidden_roles(&mut self, raw: Vec<Marked<RawForbiddenRole>>, roles: &[Role]) -> Vec<ForbiddenRole> {
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

    fn exceptions(&mut self, raw: Vec<Marked<RawException>>) -> Vec<Exception> {
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
