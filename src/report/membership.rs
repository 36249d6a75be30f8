//! Which cause each finding belongs to, for formats that list findings one by one.

use std::collections::BTreeMap;

use super::phrase::{printable, sentence};
use crate::finding::{Finding, Report};

/// The cause that a finding belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership<'r> {
    /// The cause's number in the report, from 1: the worst is the first.
    pub(super) number: usize,
    /// The finding that speaks for it.
    pub(super) lead: &'r Finding,
}

impl<'r> Membership<'r> {
    /// The cause of each finding of the report, by its fingerprint.
    pub(super) fn of(report: &'r Report) -> BTreeMap<&'r str, Self> {
        let mut all = BTreeMap::new();
        for (at, cause) in report.causes.iter().enumerate() {
            let Some(lead) = report.findings.get(cause.lead) else { continue };
            for finding in cause.findings.iter().filter_map(|i| report.findings.get(*i)) {
                all.entry(finding.fingerprint.as_str()).or_insert(Self { number: at + 1, lead });
            }
        }
        all
    }

    /// `Same cause as SW101: …`; nothing for the finding that speaks for the cause.
    pub(super) fn sentence(self, finding: &Finding) -> Option<String> {
        let Self { lead, .. } = self;
        (lead.fingerprint != finding.fingerprint)
            .then(|| format!("Same cause as {}: {}", lead.check, sentence(&printable(&lead.message))))
    }
}
