//! Questions about how runtime secrets reach the application: parameters, roles, task definitions.

mod expectation;

pub use expectation::{Exception, Expectations, Extra, ForbiddenRole, Kept, Role, RoleKind, Secret, Task};

use super::Check;
use crate::artifact::aws::Snapshot;

/// A snapshot, and what the contract promises of it.
pub struct Wiring<'a> {
    /// What is known of the account.
    pub snapshot: &'a Snapshot,
    /// What the contract promises.
    pub expectations: &'a Expectations,
    /// The day on which extras and exceptions are judged.
    pub today: jiff::civil::Date,
}

/// The checks on the wiring.
pub const ALL: &[&dyn Check<Wiring<'_>>] = &[];
