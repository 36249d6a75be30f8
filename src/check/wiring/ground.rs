//! What a check on the wiring needs the contract to promise. A contract that promises nothing of the wiring must not
//! read as a pass: what it gives no ground to ask is not checked.

use seaworthy_aws::Seen;
use seaworthy_source::{Origin, OriginKind};

use super::Wiring;
use crate::check::{Answers, Applies};
use crate::finding::{CheckMeta, NotChecked};

/// Something that the contract, or a source, must have for a check to be asked about anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// `[[secrets]]`.
    Secrets,
    /// `[[roles]]`.
    Roles,
    /// `[[tasks]]`, or a task definition in a source.
    Tasks,
    /// A role for each required secret that requires it.
    Readers,
}

impl Wiring<'_> {
    /// Answers that `meta` is not checked for each of `grounds` that is missing.
    pub(super) fn needs(&self, meta: &'static CheckMeta, grounds: &[Ground], answers: &mut Answers) {
        for ground in grounds {
            answers.not_checked.extend(self.missing(meta, *ground));
        }
    }

    /// Whether nothing is said of tasks because there are none to be said of: the contract names roles and no task, and
    /// the sources have roles and no task definition.
    pub(super) fn is_only_iam(&self) -> bool {
        let has_roles = self.snapshot.roles.values().any(|role| role.value().is_some());
        let has_tasks = self.snapshot.tasks.values().any(|task| *task != Seen::Absent);
        let (roles, tasks) = (&self.expectations.roles, &self.expectations.tasks);
        has_roles && !has_tasks && self.snapshot.overrides.is_empty() && !roles.is_empty() && tasks.is_empty()
    }

    /// Whether a check on tasks is asked.
    pub(super) fn asks_for_tasks(&self) -> Applies {
        if self.is_only_iam() { Applies::NotRequested } else { Applies::Asked }
    }

    fn missing(&self, meta: &'static CheckMeta, ground: Ground) -> Vec<NotChecked> {
        let item = |what: String, reason: &str| {
            NotChecked::new(
                Origin::new(OriginKind::Document, self.contract),
                what,
                reason.to_owned(),
                vec![meta.id],
            )
        };
        let expected = self.expectations;
        match ground {
            Ground::Secrets if expected.secrets.is_empty() => vec![item(
                "secrets".to_owned(),
                "the contract has no [[secrets]], so nothing was asked about their existence and their readers",
            )],
            Ground::Roles if expected.roles.is_empty() => vec![item(
                "roles".to_owned(),
                "the contract has no [[roles]], so nothing was asked about what any role can read",
            )],
            Ground::Tasks
                if expected.tasks.is_empty() && self.snapshot.tasks.values().all(|t| *t == Seen::Absent) =>
            {
                vec![item(
                    "tasks".to_owned(),
                    "neither the contract nor a source has a task definition, so nothing was asked about tasks",
                )]
            }
            Ground::Readers => {
                let read = |handle: &String| expected.roles.iter().any(|r| r.requires.contains(handle));
                let unread = expected.secrets.iter().filter(|s| s.required && !read(&s.handle));
                let reason = "no role of the contract requires it, so nothing was asked about whether its reader can \
                              read it";
                unread.map(|s| item(format!("secret {}", s.handle), reason)).collect()
            }
            Ground::Secrets | Ground::Roles | Ground::Tasks => Vec::new(),
        }
    }
}
