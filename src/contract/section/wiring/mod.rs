//! The sections on who reads what in an account, one file each: `[aws]`, `[[roles]]`, `[[tasks]]`, `[[forbidden_roles]]` and
//! `[[exceptions]]`. Handles are compared across sections: what nothing defines is a mistake here and no surprise later.

mod aws;
mod exceptions;
mod forbidden_roles;
mod roles;
mod tasks;

use std::collections::BTreeSet;

use crate::check::wiring::Expectations;
use crate::contract::marked::Marked;
use crate::contract::section::SecretEntry;
use crate::contract::validator::Validator;
use seaworthy_source::Span;

pub use aws::AwsSection;
pub(in crate::contract) use aws::RawAws;
pub(in crate::contract) use exceptions::RawException;
pub(in crate::contract) use forbidden_roles::RawForbiddenRole;
pub(in crate::contract) use roles::RawRole;
pub(in crate::contract) use tasks::RawTask;

/// The raw sections.
pub(in crate::contract) struct RawWiring {
    pub(in crate::contract) aws: RawAws,
    pub(in crate::contract) roles: Vec<Marked<RawRole>>,
    pub(in crate::contract) tasks: Vec<Marked<RawTask>>,
    pub(in crate::contract) forbidden_roles: Vec<Marked<RawForbiddenRole>>,
    pub(in crate::contract) exceptions: Vec<Marked<RawException>>,
}

impl Validator<'_> {
    /// Checks all sections on the wiring.
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

    /// The handles of secrets, as far as the contract has them.
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
}
