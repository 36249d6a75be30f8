//! `[[accept]]`, findings that are accepted: which entry of the contract speaks of a finding, and whether it still holds.

use globset::GlobSet;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::finding::{Finding, Fingerprint, NotChecked};
use seaworthy_source::{Origin, OriginKind, Position};

use crate::contract::Contract;
use crate::contract::marked::{Marked, Text};
use crate::contract::names;
use crate::contract::validator::Validator;

/// A finding that is accepted for a time. It names a check, and one of `detector`, `path` and `fingerprint` at least.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{"required": ["detector"]}, {"required": ["path"]}, {"required": ["fingerprint"]}]))]
pub(in crate::contract) struct RawAccept {
    /// The check's ID.
    #[schemars(required, regex(pattern = r"^SW[0-9]{3}$"))]
    pub check: Text,
    /// The ID of the detector that recognised the secret.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub detector: Text,
    /// A glob on the path that reports print for the finding. `*` and `?` stop at a slash and `**` does not. Without a `fingerprint` every place of a secret must match.
    pub path: Text,
    /// The finding's fingerprint, as the report shows it.
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    pub fingerprint: Text,
    /// Whether the entry speaks of files that could not be opened (encrypted, damaged, over a limit) and not of findings; it
    /// then needs a `path`, names neither `detector` nor `fingerprint` (a file has none), and the check must be one that would
    /// have looked at the file.
    #[serde(default)]
    pub not_checked: bool,
    /// Why this is safe, in 10 characters or more.
    #[schemars(required, length(min = 10, max = 1024))]
    pub reason: Text,
    /// The last day on which the finding is accepted, as `YYYY-MM-DD`; at most 400 days ahead.
    #[schemars(required, extend("format" = "date"))]
    pub expires: Text,
}

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
    /// Whether it speaks of files that could not be opened, and not of findings.
    pub not_checked: bool,
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
    pub(in crate::contract) fn new(text: String, set: GlobSet) -> Self {
        Self { text, set }
    }

    /// Whether it matches the file that a place is in, or the way to a file inside that file.
    fn matches(&self, origin: &Origin) -> bool {
        printed_paths(origin).any(|path| self.set.is_match(path))
            || origin.whole_path().is_some_and(|path| self.set.is_match(path))
    }

    /// The text as the contract has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The paths under which reports show an origin: a file by its own path; what is in an infrastructure file, a workflow or
/// a document by that file's path too; what has no path by the artifact's name.
pub fn printed_paths(origin: &Origin) -> impl Iterator<Item = &str> {
    let by_file = match origin.kind {
        OriginKind::Infrastructure
        | OriginKind::Workflow
        | OriginKind::Document
        | OriginKind::Dockerfile
        | OriginKind::Registry
        | OriginKind::Account => true,
        OriginKind::Context
        | OriginKind::LayerFile
        | OriginKind::Layer
        | OriginKind::History
        | OriginKind::Config
        | OriginKind::Manifest
        | OriginKind::Attestation
        | OriginKind::Artifact => false,
    };
    let artifact = (by_file || origin.path.is_none()).then_some(origin.artifact.as_str());
    let plain = |path: &'_ str| -> usize {
        if path.starts_with("./") { 2 } else { usize::from(path.starts_with('/')) }
    };
    origin
        .path
        .as_deref()
        .into_iter()
        .chain(artifact)
        .map(move |path| path.get(plain(path)..).unwrap_or(path))
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
    /// Whether the entry speaks of the finding, on whatever day. A path must match the finding's own place, the one that
    /// reports print. Of a secret that no fingerprint names, every place must match: a secret that is also elsewhere is
    /// more than what was accepted.
    pub fn matches(&self, finding: &Finding) -> bool {
        !self.not_checked
            && self.check == finding.check
            && self.detector.as_ref().is_none_or(|d| finding.detector.as_ref() == Some(d))
            && self.fingerprint.as_ref().is_none_or(|f| finding.fingerprint == *f)
            && self.path.as_ref().is_none_or(|glob| {
                let own_place_is_enough =
                    self.fingerprint.is_some() || finding.detector.is_none() && finding.secret.is_none();
                let places = if own_place_is_enough { 1 } else { usize::MAX };
                finding.origins().take(places).all(|origin| glob.matches(origin))
            })
    }

    /// Whether the entry speaks of a file that could not be opened, on whatever day.
    pub fn matches_not_checked(&self, item: &NotChecked) -> bool {
        self.not_checked
            && item.acceptable
            && item.checks.contains(&self.check.as_str())
            && self.path.as_ref().is_some_and(|glob| glob.matches(&item.origin))
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
        self.first_that(today, |entry| entry.matches(finding))
    }

    /// What the contract says of a file that could not be opened, as [`Contract::accept`] does of a finding.
    pub fn accept_not_checked(&self, item: &NotChecked, today: Date) -> Option<AcceptMatch<'_>> {
        self.first_that(today, |entry| entry.matches_not_checked(item))
    }

    fn first_that(&self, today: Date, is_it: impl Fn(&AcceptEntry) -> bool) -> Option<AcceptMatch<'_>> {
        let matching = || self.accept_entries.iter().filter(|entry| is_it(entry));
        let holding = matching().find(|entry| entry.holds(today));
        match holding {
            Some(e) => Some(AcceptMatch::Accepted { index: e.index, reason: &e.reason, expires: e.expires }),
            None => matching().next().map(|e| AcceptMatch::Expired { index: e.index, on: e.expires }),
        }
    }

    /// The entries that speak of none of `findings` (all of a run's, accepted ones too) and of nothing that was not checked:
    /// they can be removed.
    pub fn unused_accept_entries<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f Finding>,
        not_checked: &[NotChecked],
    ) -> Vec<&AcceptEntry> {
        let mut unused: Vec<&AcceptEntry> = self.accept_entries.iter().collect();
        for finding in findings {
            unused.retain(|entry| !entry.matches(finding));
        }
        for item in not_checked {
            unused.retain(|entry| !entry.matches_not_checked(item));
        }
        unused
    }
}

impl Validator<'_> {
    /// Checks every `[[accept]]`.
    pub(in crate::contract) fn accept(&mut self, raw: Vec<Marked<RawAccept>>) -> Vec<AcceptEntry> {
        let mut entries = Vec::new();
        for (index, entry) in raw.into_iter().enumerate() {
            let RawAccept { check, detector, path, fingerprint, not_checked, reason, expires } = entry.value;
            if not_checked && path.is_none() {
                self.report(
                    entry.span,
                    "this [[accept]] would accept every file that could not be opened",
                    "add a `path`",
                );
            }
            let of_findings = [("detector", detector.is_some()), ("fingerprint", fingerprint.is_some())];
            for (key, _) in of_findings.into_iter().filter(|(_, is_given)| not_checked && *is_given) {
                self.report(
                    entry.span,
                    format!("`not_checked` speaks of a file, which has neither detector nor fingerprint; `{key}` is given"),
                    format!("remove `{key}`, or remove `not_checked` to accept a finding"),
                );
            }
            if detector.is_none() && path.is_none() && fingerprint.is_none() {
                self.report(
                    entry.span,
                    "this [[accept]] would accept every finding of its check",
                    "add a `fingerprint`, a `path` or a `detector`",
                );
            }
            let check = self.text("check", check, names::check);
            let detector = self.text("detector", detector, names::detector);
            let path = self.text("path", path, |t| Ok(PathGlob::new(t.to_owned(), names::glob(t)?)));
            let fingerprint = self.text("fingerprint", fingerprint, names::fingerprint);
            let reason = self.text("reason", reason, names::reason);
            let expires = self.date(expires);
            if let (Some(check), Some(reason), Some(expires)) = (check, reason, expires) {
                let position = self.position(entry.span);
                entries.push(AcceptEntry {
                    index,
                    position,
                    check,
                    detector,
                    path,
                    not_checked,
                    fingerprint,
                    reason,
                    expires,
                });
            }
        }
        entries
    }
}
