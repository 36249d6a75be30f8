//! Questions about how runtime secrets reach the application: parameters, roles, task definitions.
//!
//! Every answer has three values. What a check needs and no one saw is not checked, with the call and the permission that
//! would show it; a rule that hangs on an unknown condition is not checked, with that condition. Only what was looked for
//! and is not there is absent.

mod access;
mod allowing;
mod changed_tags;
mod entry;
mod excess;
mod expectation;
mod ground;
mod host;
mod key;
mod known;
mod miss;
mod own;
mod place;
mod question;
mod reference;
mod region;
mod remedy;
mod route;
mod sample;
mod simulation;
mod statement;
mod sw401;
mod sw402;
mod sw403;
mod sw404;
mod sw405;
mod sw406;
mod sw407;
mod sw409;
mod sw410;
mod sw411;
mod sw412;
mod sw413;
mod sw414;
mod sw415;
mod sw416;
mod symbol;
mod table;
mod target;
mod task_definition;

pub use expectation::{
    Denied, Exception, Expectations, Extra, ForbiddenRole, Kept, Role, RoleKind, Secret, Task,
};
pub use place::{Placement, origin};
pub use question::{Answer, answer_question};
pub use reference::resolved;
pub use simulation::{Probe, compare, probes};
pub use table::access_table;

/// The check that refuses secrets which the agent of a task definition reads.
pub const AGENT_READS_SECRET: &str = sw406::META.id;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::civil::Date;

use target::Target;

use super::Check;
use seaworthy_aws::Snapshot;
use seaworthy_iam::{Budget, Level};

/// A snapshot, and what the contract promises of it.
pub struct Wiring<'a> {
    /// What is known of the account.
    pub snapshot: &'a Snapshot,
    /// What the contract promises.
    pub expectations: &'a Expectations,
    /// The day on which extras and exceptions are judged.
    pub today: Date,
    /// Where it all is.
    pub placement: &'a Placement,
    /// The service control policies over the account, from the root to the account.
    pub organization: &'a [Level],
    /// The contract's name, for what it gives no ground to ask.
    pub contract: &'a str,
    /// What was there before, if new access is asked about.
    pub against: Option<&'a Snapshot>,
    /// The known tags of parameters, secrets, keys and roles, by ARN.
    tags: BTreeMap<String, &'a BTreeMap<String, String>>,
    /// What the symbols of plans and templates stand for.
    symbols: BTreeMap<String, String>,
    /// The secrets of the contract; every role is asked about them.
    targets: Vec<Target<'a>>,
    /// The names of all parameters of the contract and the snapshot, with a slash before each.
    parameters: BTreeSet<String>,
    /// The roles whose trust policies may let in others than services.
    entrances: Vec<(&'a String, &'a seaworthy_aws::Role)>,
    /// The secrets that are known by name.
    known: OnceLock<Vec<known::Known>>,
    /// What all proofs of a run may spend.
    budget: Budget,
}

impl<'a> Wiring<'a> {
    /// A snapshot and what the contract, named `contract`, expects of it, on the day `today`.
    pub fn new(
        contract: &'a str,
        snapshot: &'a Snapshot,
        expectations: &'a Expectations,
        today: Date,
        placement: &'a Placement,
        organization: &'a [Level],
    ) -> Self {
        let symbols = BTreeMap::new();
        let budget = Budget::new(access::RUN_STEPS);
        let (against, tags) = (None, BTreeMap::new());
        let mut wiring = Self {
            contract,
            snapshot,
            expectations,
            today,
            placement,
            organization,
            against,
            tags,
            symbols,
            targets: Vec::new(),
            parameters: BTreeSet::new(),
            entrances: entry::entrances(snapshot),
            known: OnceLock::new(),
            budget,
        };
        wiring.symbols = wiring.parts();
        wiring.tags = wiring.tags_of_resources();
        wiring.targets = wiring.all_targets();
        wiring.parameters = wiring.names_of_parameters();
        wiring
    }

    /// The same, compared with what was there before.
    #[must_use]
    pub fn compared_with(mut self, before: Option<&'a Snapshot>) -> Self {
        self.against = before;
        self
    }
}

/// The checks on the commands of task definitions.
pub const COMMANDS: &[&dyn for<'a> Check<Wiring<'a>>] = &[&crate::check::sw408::SilentFallback];

/// The checks on the wiring.
pub const ALL: &[&dyn for<'a> Check<Wiring<'a>>] = &[
    &sw401::SecretMissing,
    &sw402::SecretNotAsPinned,
    &sw403::RoleCannotRead,
    &sw404::RoleReadsMore,
    &sw405::ExecutionRoleDoesMore,
    &sw406::ExecutionRoleInjects,
    &sw407::SecretInTaskDefinition,
    &sw409::TaskRoleNotMapped,
    &sw410::TrustTooWide,
    &sw411::RoleWidensItself,
    &sw412::SecretNotInjected,
    &sw413::NewAccessGranted,
    &sw414::DeniedAccess,
    &sw415::TrustWithoutSource,
    &sw416::RoleWritesSecret,
];
