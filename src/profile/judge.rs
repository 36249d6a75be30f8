//! From a gate's report to what became of each control, and to the verdict. A control passes only if each of its checks
//! was requested, could look, and passed, and everything that it needs was examined.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Condition, Control, Need, Profile, covers};
use crate::finding::{
    ArtifactRecord, CheckStatus, CheckSummary, ControlGroup, ControlResult, ControlStatus, Finding, Part,
    PartState, Report, Subject, Verdict, WaiverRecord,
};
use seaworthy_provenance::DocumentKind;

/// One `[[waivers]]` of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Where it stands in the contract, for warnings: `seaworthy.toml:12:1`.
    pub place: String,
    /// The control or the group that it names.
    pub control: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Waiver {
    /// Whether it still holds on the day `today`.
    pub fn holds(&self, today: Date) -> bool {
        today <= self.expires
    }

    fn record(&self) -> WaiverRecord {
        WaiverRecord {
            control: self.control.clone(),
            reason: self.reason.clone(),
            expires: self.expires.to_string(),
        }
    }
}

/// What the controls add up to.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The controls table.
    pub controls: Vec<ControlGroup>,
    /// The verdict: pass only if every required control passes or is waived.
    pub verdict: Verdict,
}

/// What is known of an artifact that a control needs.
enum Supply {
    Examined,
    NotChecked(String),
    NotRequested,
}

/// Why the security evidence of a run is not complete or not written.
#[derive(Clone, Debug)]
pub struct EvidenceGap {
    /// The reason, for a control's row.
    pub reason: String,
    /// How it is supplied, where that is known better than [`Need::how`] says.
    pub supply: Option<String>,
}

impl EvidenceGap {
    /// A gap that is supplied as evidence always is.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), supply: None }
    }
}

/// What a gate knows of its run besides what its parts examined.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// Whether the security evidence of this run is complete and can be written, or why not.
    pub evidence: Result<(), EvidenceGap>,
    /// Whether the run header is still to be written, so that nothing is asked of it.
    pub before_run_header: bool,
    /// Why the context is not the one that was packaged, if that is known.
    pub other_context: Option<String>,
}

/// The gate's own state: what was examined, and what is known of the run.
struct State<'a> {
    report: &'a Report,
    parts: &'a BTreeMap<Part, PartState>,
    run: &'a RunFacts,
}

/// Judges `profile` on the day `today`. `parts` are the states of the gate's parts.
pub fn judge_controls(
    profile: &Profile,
    waivers: &[Waiver],
    today: Date,
    report: &Report,
    parts: &BTreeMap<Part, PartState>,
    run: &RunFacts,
) -> Judged {
    let state = State { report, parts, run };
    let mut results: Vec<ControlResult> = Vec::new();
    // Those that build on others come last: a profile has no chain of them.
    let (leaning, plain): (Vec<&Control>, Vec<&Control>) =
        profile.controls.iter().partition(|c| !c.controls.is_empty());
    for control in plain.into_iter().chain(leaning) {
        let mut result = state.result(control);
        state.lean(control, &results, &mut result);
        waive(&mut result, waivers, today);
        results.push(result);
    }
    let verdict = verdict(profile, report, &results);
    let mut controls = Vec::new();
    for (id, title, members) in profile.grouped() {
        let of_group = members.iter().filter_map(|c| results.iter().find(|r| r.id == c.id).cloned());
        controls.push(ControlGroup::new(id, title, of_group.collect()));
    }
    Judged { controls, verdict }
}

/// An item that was not checked blocks unless one of its checks belongs to a control: then the controls decide.
fn verdict(profile: &Profile, report: &Report, results: &[ControlResult]) -> Verdict {
    let fails = report.findings.iter().any(|f| f.severity >= report.fail_on)
        || results.iter().any(|r| r.status == ControlStatus::Fail);
    let stray = report.not_checked.iter().any(|item| !item.checks.iter().any(|id| profile.names_check(id)));
    // What no one requires must still have been seen where somebody asked for it.
    let was_asked = |r: &ControlResult| r.checks.iter().any(|(_, s)| *s == CheckStatus::NotChecked);
    let open = results.iter().any(|r| match r.status {
        ControlStatus::Pass | ControlStatus::Waived => false,
        ControlStatus::NotRequested => r.required,
        ControlStatus::NotChecked => r.required || was_asked(r),
        ControlStatus::Fail => true,
    });
    match (fails, stray || open) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Incomplete,
        (false, false) => Verdict::Pass,
    }
}

/// Waivers that have expired, and those that cover only controls in `groups` that pass without them.
pub fn warnings(waivers: &[Waiver], today: Date, groups: &[ControlGroup]) -> Vec<String> {
    let mut covering = groups.iter().flat_map(|g| &g.controls).filter_map(|c| c.waiver.as_ref());
    let used: BTreeSet<&str> = covering.by_ref().map(|w| w.control.as_str()).collect();
    let passes = |waiver: &Waiver| {
        let controls = groups.iter().flat_map(|g| &g.controls);
        controls.filter(|c| covers(&waiver.control, &c.id)).all(|c| c.status == ControlStatus::Pass)
    };
    let told = waivers.iter().filter_map(|waiver| {
        let (place, control, on) = (&waiver.place, &waiver.control, waiver.expires);
        if !waiver.holds(today) {
            Some(format!("{place}: the waiver of {control} expired on {on} and no longer counts"))
        } else if !used.contains(waiver.control.as_str()) && passes(waiver) {
            Some(format!("{place}: the waiver of {control} covers nothing and can be removed"))
        } else {
            None
        }
    });
    told.collect()
}

/// A waiver covers what is not checked or not requested, never a fail.
fn waive(result: &mut ControlResult, waivers: &[Waiver], today: Date) {
    if !matches!(result.status, ControlStatus::NotChecked | ControlStatus::NotRequested) {
        return;
    }
    let naming = || waivers.iter().filter(|w| covers(&w.control, &result.id));
    match naming().find(|w| w.holds(today)) {
        Some(waiver) => {
            result.status = ControlStatus::Waived;
            result.waiver = Some(waiver.record());
        }
        None => {
            let expired: Vec<String> =
                naming().map(|w| format!("its waiver expired on {}", w.expires)).collect();
            result.reasons.extend(expired);
        }
    }
}

impl State<'_> {
    /// What its own checks and needs say of a control.
    fn result(&self, control: &Control) -> ControlResult {
        let unasked = match control.when {
            Some(Condition::Wiring) if self.report.task_definitions == 0 => {
                Some("no source of the wiring has a task definition")
            }
            // What builds on other controls is judged without the header.
            _ if self.waits_for_header(control) && control.controls.is_empty() => {
                Some("the run header is still to be written: --before-run-header")
            }
            _ => None,
        };
        let asked = unasked.is_none();
        let mut result = ControlResult {
            id: control.id.clone(),
            title: control.title.clone(),
            status: ControlStatus::Pass,
            required: control.required && asked,
            checks: Vec::new(),
            examined: examined(self.report, control),
            reasons: Vec::new(),
            supply: Vec::new(),
            waiver: None,
        };
        for id in &control.checks {
            let summary = self.report.checks.iter().find(|c| c.meta.id == *id);
            result.checks.push((*id, summary.map_or(CheckStatus::NotRequested, |c| c.status)));
        }
        self.findings(control, &mut result);
        if let Some(reason) = unasked {
            if result.status != ControlStatus::Fail {
                result.status = ControlStatus::NotRequested;
                result.reasons = vec![reason.to_owned()];
            }
            return result;
        }
        self.needs(control, &mut result);
        self.not_requested(control, &mut result);
        result
    }

    /// Whether a control needs the run header, which is still to be written.
    fn waits_for_header(&self, control: &Control) -> bool {
        self.run.before_run_header && control.needs.contains(&Need::RunHeader)
    }

    /// Whether a part was to be examined and could not be.
    fn is_missing(&self, part: Part) -> bool {
        matches!(self.parts.get(&part), Some(PartState::Missing(_)))
    }

    fn summary(&self, id: &str) -> Option<&CheckSummary> {
        self.report.checks.iter().find(|c| c.meta.id == id)
    }

    /// Checks that failed or could not look.
    fn findings(&self, control: &Control, result: &mut ControlResult) {
        for (id, status) in result.checks.clone() {
            let Some(summary) = self.summary(id) else { continue };
            let fails = |finding: &Finding| finding.check == id && Some(finding.severity) >= control.fail_on;
            let is_strict = control.fail_on.is_some() && self.report.findings.iter().any(fails);
            if status == CheckStatus::Fail || is_strict {
                let n = summary.findings;
                result.worsen(ControlStatus::Fail, format!("{id}: {}", plural(n, "finding")));
            }
            if summary.not_checked > 0 {
                let mut items = self.report.not_checked.iter().filter(|u| u.checks.contains(&id));
                let first = items.next().map(|u| format!(": {}: {}", u.what, u.reason)).unwrap_or_default();
                let more = match summary.not_checked {
                    0 | 1 => String::new(),
                    n => format!(", the first of {n} items"),
                };
                result.worsen(ControlStatus::NotChecked, format!("{id} not checked{more}{first}"));
                // A control may have a check of a part that it does not need as a whole.
                if let Some(need) =
                    Part::of(summary.meta).filter(|part| self.is_missing(*part)).and_then(Need::of)
                {
                    result.supply(need.how_to_mend());
                }
            }
        }
    }

    /// Artifacts that were not checked.
    fn needs(&self, control: &Control, result: &mut ControlResult) {
        let waits = self.waits_for_header(control);
        for need in control.needs.iter().filter(|need| !(waits && **need == Need::RunHeader)) {
            let (status, reason) = match self.supply(*need) {
                Supply::Examined => continue,
                Supply::NotChecked(reason) => (ControlStatus::NotChecked, reason),
                Supply::NotRequested => {
                    (ControlStatus::NotRequested, format!("nothing asks for the {}", need.noun()))
                }
            };
            result.worsen(status, reason);
            // Entrypoints are looked for in the image: without one, it is what is missing.
            let lacks_image = self.is_missing(Part::Image);
            let need = if *need == Need::Entrypoints && lacks_image { Need::Image } else { *need };
            let gap = self.run.evidence.as_ref().err().filter(|_| need == Need::Evidence);
            result.supply(match gap.and_then(|gap| gap.supply.as_deref()) {
                Some(supply) => supply,
                None if status == ControlStatus::NotChecked => need.how_to_mend(),
                None => need.how(),
            });
        }
    }

    /// Checks that no one asked, where no need tells of it already.
    fn not_requested(&self, control: &Control, result: &mut ControlResult) {
        let ids: Vec<&str> = result
            .checks
            .iter()
            .filter(|(_, status)| *status == CheckStatus::NotRequested)
            .map(|(id, _)| *id)
            .collect();
        if ids.is_empty() || self.waits_for_header(control) {
            return;
        }
        // What is missing says why.
        if !result.supply.is_empty() {
            result.status = result.status.max(ControlStatus::NotRequested);
            return;
        }
        let nothing =
            if ids.len() == 1 { "it has nothing to look at" } else { "they have nothing to look at" };
        result.worsen(ControlStatus::NotRequested, format!("not requested: {}: {nothing}", ids.join(", ")));
        let names =
            "the contract or the documents name nothing that these checks compare; see `seaworthy explain`";
        result.supply.push(control.supply.clone().unwrap_or_else(|| names.to_owned()));
    }

    /// What the controls that a control builds on say of it.
    fn lean(&self, control: &Control, results: &[ControlResult], result: &mut ControlResult) {
        if control.controls.is_empty() {
            return;
        }
        for status in [
            ControlStatus::Fail,
            ControlStatus::NotChecked,
            ControlStatus::NotRequested,
            ControlStatus::Waived,
        ] {
            let ids: Vec<&str> = results
                .iter()
                .filter(|r| r.required || r.status == ControlStatus::Fail)
                .filter(|r| r.status == status && r.id != control.id)
                .filter(|r| control.controls.iter().any(|name| covers(name, &r.id)))
                .map(|r| r.id.as_str())
                .collect();
            if !ids.is_empty() {
                result.worsen(status, format!("{status}: {}", ids.join(", ")));
            }
        }
        let stray = self.report.not_checked.iter().find(|item| item.checks.is_empty());
        if let Some(item) = stray {
            result.worsen(ControlStatus::NotChecked, format!("{}: {}", item.what, item.reason));
        }
    }

    fn supply(&self, need: Need) -> Supply {
        let subject = |subject| move |a: &ArtifactRecord| a.subject == subject;
        let document = |kind: DocumentKind| {
            move |a: &ArtifactRecord| {
                let is_kind = a.tags.iter().any(|t| t == kind.as_str());
                a.subject == Subject::Document && is_kind && a.digest.is_some()
            }
        };
        let artifacts = &self.report.artifacts;
        let (part, is_there) = match need {
            Need::Context => (Part::Context, artifacts.iter().any(subject(Subject::Context))),
            Need::Dockerfile => (Part::Context, artifacts.iter().any(subject(Subject::Dockerfile))),
            Need::Image => (Part::Image, artifacts.iter().any(subject(Subject::Image))),
            Need::Wiring => (Part::Wiring, artifacts.iter().any(subject(Subject::Aws))),
            Need::Workflow => (Part::Workflow, artifacts.iter().any(subject(Subject::Workflow))),
            Need::Provenance => (Part::Documents, artifacts.iter().any(document(DocumentKind::Provenance))),
            Need::Receipt => (Part::Documents, artifacts.iter().any(document(DocumentKind::Receipt))),
            Need::RunHeader => (Part::Documents, artifacts.iter().any(document(DocumentKind::RunHeader))),
            Need::Entrypoints => (Part::Entrypoints, true),
            Need::Registry => (Part::Registry, true),
            Need::Evidence => {
                return match &self.run.evidence {
                    Ok(()) => Supply::Examined,
                    Err(gap) => Supply::NotChecked(gap.reason.clone()),
                };
            }
        };
        let other = self.run.other_context.as_ref().filter(|_| part == Part::Context);
        match self.parts.get(&part) {
            Some(PartState::Done) if other.is_some() => Supply::NotChecked(format!(
                "{}: {}",
                need.noun(),
                other.map(String::as_str).unwrap_or_default()
            )),
            Some(PartState::Done) if is_there => Supply::Examined,
            Some(PartState::Done) => Supply::NotChecked(format!("no {} was examined", need.noun())),
            Some(PartState::Missing(reason)) => Supply::NotChecked(format!("{}: {reason}", need.noun())),
            Some(PartState::NotAsked) | None => Supply::NotRequested,
        }
    }
}

impl ControlResult {
    /// Takes in a reason; the worst status counts.
    fn worsen(&mut self, status: ControlStatus, reason: String) {
        self.status = self.status.max(status);
        self.reasons.push(reason);
    }

    /// Takes in how something that is missing is supplied, once.
    fn supply(&mut self, how: &str) {
        if !self.supply.iter().any(|known| known == how) {
            self.supply.push(how.to_owned());
        }
    }
}

fn plural(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// The artifacts that were examined for a control.
fn examined(report: &Report, control: &Control) -> Vec<String> {
    let needed = |a: &&ArtifactRecord| {
        control.needs.iter().any(|need| match need {
            Need::Context => a.subject == Subject::Context,
            Need::Dockerfile => a.subject == Subject::Dockerfile,
            Need::Image | Need::Entrypoints => a.subject == Subject::Image,
            Need::Wiring => a.subject == Subject::Aws,
            Need::Workflow => a.subject == Subject::Workflow,
            Need::Provenance => a.tags.iter().any(|t| t == DocumentKind::Provenance.as_str()),
            Need::Receipt => a.tags.iter().any(|t| t == DocumentKind::Receipt.as_str()),
            Need::RunHeader => a.tags.iter().any(|t| t == DocumentKind::RunHeader.as_str()),
            Need::Evidence | Need::Registry => false,
        })
    };
    let named = report.artifacts.iter().filter(needed).map(|a| {
        let digest = a.digest.as_ref().map(|d| format!(" {d}")).unwrap_or_default();
        format!("{} {}{digest}", a.subject.as_str(), a.name)
    });
    named.collect::<BTreeSet<_>>().into_iter().collect()
}
