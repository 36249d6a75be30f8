//! Accepted findings: which entry of the contract speaks of a finding, and whether it still holds.

use globset::GlobSet;
use jiff::civil::Date;

use crate::finding::{Finding, Fingerprint};
use seaworthy_source::Position;

use super::Contract;

/// One `[[accept]]`: a finding that is accepted for a time. It names a check, and one of detector, path and fingerprint
/// at least; all that it names must match.
#[derive(Clone, Debug)]
pub struct AcceptEntry {
    /// Its place among the contract's entries, from 0.
    pub index: usize,
    /// Where it stands in the contract.
    pub position: Position,
    /// The check's ID.
    pub check: String,
    /// The ID of the detector that recognised the secret.
    pub detector: Option<String>,
    /// A glob on the finding's path.
    pub path: Option<PathGlob>,
    /// The finding's fingerprint.
    pub fingerprint: Option<Fingerprint>,
    /// Why.
    pub reason: String,
    /// The last day on which the entry holds.
    pub expires: Date,
}

/// A glob on a finding's path; `*` and `?` stop at a slash and `**` does not.
#[derive(Clone, Debug)]
pub struct PathGlob {
    text: String,
    set: GlobSet,
}

impl PathGlob {
    /// A glob that is compiled already, with the text that it was made from.
    pub(super) fn new(text: String, set: GlobSet) -> Self {
        Self { text, set }
    }

    /// The text as the contract has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// What the contract says of one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptMatch<'c> {
    /// It is accepted.
    Accepted {
        /// The entry's place among [`Contract::accept_entries`].
        index: usize,
        /// Why, in the contract's words.
        reason: &'c str,
        /// The last day on which it is accepted.
        expires: Date,
    },
    /// It was accepted and is a finding again.
    Expired {
        /// The entry's place among [`Contract::accept_entries`].
        index: usize,
        /// The last day on which it was accepted.
        on: Date,
    },
}

impl AcceptEntry {
    /// Whether the entry speaks of the finding, on whatever day. With a path, every place of the secret must match:
    /// a secret that is also elsewhere is more than what was accepted.
    pub fn matches(&self, finding: &Finding) -> bool {
        self.check == finding.check
            && self.detector.as_ref().is_none_or(|d| finding.detector.as_ref() == Some(d))
            && self.fingerprint.as_ref().is_none_or(|f| finding.fingerprint == *f)
            && self.path.as_ref().is_none_or(|glob| {
                finding
                    .origins()
                    .all(|origin| origin.path.as_ref().is_some_and(|path| glob.set.is_match(path)))
            })
    }

    /// Whether the entry still holds on the day `today`.
    pub fn holds(&self, today: Date) -> bool {
        today <= self.expires
    }
}

impl Contract {
    /// What the contract says of a finding on the day `today`. Of several entries that match, one that still holds
    /// counts before one that does not, and among equals the first.
    pub fn accept(&self, finding: &Finding, today: Date) -> Option<AcceptMatch<'_>> {
        let matching = || self.accept_entries.iter().filter(|entry| entry.matches(finding));
        let holding = matching().find(|entry| entry.holds(today));
        match holding {
            Some(e) => Some(AcceptMatch::Accepted { index: e.index, reason: &e.reason, expires: e.expires }),
            None => matching().next().map(|e| AcceptMatch::Expired { index: e.index, on: e.expires }),
        }
    }

    /// The entries that speak of none of `findings` (all of a run's, accepted ones too): they can be removed.
    pub fn unused_accept_entries<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f Finding>,
    ) -> Vec<&AcceptEntry> {
        let mut unused: Vec<&AcceptEntry> = self.accept_entries.iter().collect();
        for finding in findings {
            unused.retain(|entry| !entry.matches(finding));
        }
        unused
    }
}
