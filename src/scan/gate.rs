//! A gate: every part that a contract asks for, one after the other, the controls of its profile, and one verdict. What
//! goes wrong in a part stops no other; it is an unchecked item, so that the verdict is no pass.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Outcome, Setup};
use crate::check::catalogue;
use crate::finding::{Part, PartState, Report, Subject, Unchecked};
use crate::profile::{self, Profile, Waiver};
use seaworthy_provenance::{Field, read_security};
use seaworthy_source::{Origin, OriginKind, RunId};

/// What examines a part, given what the parts before it saw; the error is its reason, secrets masked.
pub type Examination<'a> = Box<dyn FnOnce(&SoFar) -> Result<Outcome, String> + 'a>;

/// What was seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Digests that name the examined image: of its manifests, and of the indexes that led to them. Empty for an image
    /// that has neither; nothing if no image was examined.
    pub image: Option<BTreeSet<String>>,
    /// The path of the Dockerfile that was examined.
    pub dockerfile: Option<String>,
}

impl SoFar {
    fn add(&mut self, outcome: &Outcome) {
        let dockerfile = outcome.report.artifacts.iter().find(|a| a.subject == Subject::Dockerfile);
        self.dockerfile = self.dockerfile.take().or_else(|| dockerfile.map(|a| a.name.clone()));
        let images = outcome.report.artifacts.iter().filter(|a| a.subject == Subject::Image);
        let digests: Vec<Option<String>> = images.map(|a| a.digest.clone()).collect();
        if !digests.is_empty() {
            let all = self.image.get_or_insert_default();
            all.extend(digests.into_iter().flatten().chain(outcome.indexes.iter().cloned()));
        }
    }
}

/// What [`Gate::miss`] calls the security evidence.
pub const EVIDENCE: &str = "evidence";

/// What is to be done about a part.
pub enum Plan<'a> {
    /// It is examined so.
    Examine(Examination<'a>),
    /// Another part examines it on its way.
    With(Part),
    /// It is asked for and cannot be examined, for this reason.
    Missing(String),
    /// It is not asked for.
    NotAsked,
}

/// What a gate found out so far.
pub struct Gate {
    /// All parts together, with the controls table.
    pub report: Report,
    /// What became of each part.
    pub parts: BTreeMap<Part, PartState>,
    /// Things that the user should know and that say nothing of the artifacts.
    pub warnings: Vec<String>,
    profile: Profile,
    waivers: Vec<Waiver>,
    today: Date,
    /// Whether this run's evidence is complete and can be written.
    evidence: Result<(), String>,
}

/// Examines all parts in order and judges `profile`. A part without a plan is not asked for.
pub fn gate(setup: &Setup<'_>, profile: Profile, plans: BTreeMap<Part, Plan<'_>>) -> Gate {
    let (mut reports, mut unchecked, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut parts, mut carried, mut so_far) = (BTreeMap::new(), Vec::new(), SoFar::default());
    for (part, plan) in plans {
        let missing = match plan {
            Plan::With(carrier) => {
                carried.push((part, carrier));
                continue;
            }
            Plan::NotAsked => {
                parts.insert(part, PartState::NotAsked);
                continue;
            }
            Plan::Missing(reason) => reason,
            Plan::Examine(examine) => match examine(&so_far) {
                Ok(outcome) => {
                    so_far.add(&outcome);
                    warnings.extend(outcome.warnings);
                    reports.push(outcome.report);
                    parts.insert(part, PartState::Done);
                    continue;
                }
                Err(reason) => reason,
            },
        };
        unchecked.push(unexamined(part, &missing));
        parts.insert(part, PartState::Missing(missing));
    }
    for (part, carrier) in carried {
        let state = match parts.get(&carrier) {
            Some(PartState::Done) => PartState::Done,
            _ => PartState::Missing(format!("it is examined with {}, which could not be", carrier.as_str())),
        };
        if let PartState::Missing(reason) = &state {
            unchecked.push(unexamined(part, reason));
        }
        parts.insert(part, state);
    }
    // A profile may be stricter than the contract, never milder.
    let own = setup.contract.policy.fail_on;
    let fail_on = profile.fail_on.map_or(own, |severity| severity.min(own));
    let mut report = Report::merge(fail_on, &catalogue(), reports, unchecked);
    report.rules_digest = setup.rules.digest().to_owned();
    report.contract_digest = setup.contract.digest().map(str::to_owned);
    let (waivers, today) = (setup.contract.waivers.clone(), setup.today);
    let evidence = Err("nobody has written it yet".to_owned());
    let mut gate = Gate { report, parts, warnings, profile, waivers, today, evidence };
    gate.judge();
    gate
}

impl Gate {
    /// Judges the controls, and what they add up to.
    fn judge(&mut self) {
        let judged = profile::judge(
            &self.profile,
            &self.waivers,
            self.today,
            &self.report,
            &self.parts,
            &self.evidence,
        );
        self.report.profile = Some(self.profile.record());
        self.report.controls = judged.controls;
        self.report.verdict = judged.verdict;
    }

    /// Judges the evidence of the gate itself as it would be written: whether it names what it must, and this run.
    pub fn record_evidence(&mut self, bytes: &[u8], run: &RunId) {
        let security = read_security(bytes);
        let named = security.reading.fields.text(Field::PlatformRunId);
        self.evidence = match security.reading.mistakes.first() {
            Some(mistake) => Err(format!("security evidence: {} {}", mistake.pointer, mistake.message)),
            None if named != Some(run.to_string().as_str()) => {
                Err("security evidence: it does not name this run".to_owned())
            }
            None => Ok(()),
        };
        self.judge();
    }

    /// What is to be known of the contract's waivers: those that expired, and those that cover nothing.
    pub fn waiver_warnings(&self) -> Vec<String> {
        profile::warnings(&self.waivers, self.today, &self.report.controls)
    }

    /// Notes that something of the gate itself could not be done, such as writing its evidence: it is no pass then.
    pub fn miss(&mut self, what: &str, reason: &str) {
        let item = Unchecked {
            origin: Origin::new(OriginKind::Artifact, "gate"),
            what: what.to_owned(),
            reason: reason.to_owned(),
            checks: Vec::new(),
        };
        let fail_on = self.report.fail_on;
        self.report = Report::merge(fail_on, &catalogue(), vec![self.report.clone()], vec![item]);
        if what == EVIDENCE {
            self.evidence = Err(format!("security evidence: {reason}"));
        }
        self.judge();
    }
}

fn unexamined(part: Part, reason: &str) -> Unchecked {
    let of_part = catalogue().into_iter().map(|m| m.id).filter(|id| Part::of(id) == Some(part));
    Unchecked {
        origin: Origin::new(OriginKind::Artifact, "gate"),
        what: format!("{} part", part.as_str()),
        reason: reason.to_owned(),
        checks: of_part.collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::contract::Contract;
    use crate::finding::{
        ArtifactRecord, ClauseStatus, Confidence, Coverage, Finding, Fingerprint, FingerprintKey, Severity,
        Verdict,
    };
    use crate::rule::Rules;
    use crate::scan::Progress;

    const DOCUMENTS: &str = "evidence/runs/r/P(-1)/security_secret_injection_checks.json";

    fn outcome(subject: Subject, found: &[&'static str]) -> Outcome {
        let finding = |check: &&'static str| Finding {
            check,
            detector: None,
            severity: Severity::High,
            confidence: Confidence::High,
            message: "found".to_owned(),
            fix: "mend it".to_owned(),
            origin: Origin::new(OriginKind::Artifact, "app"),
            secret: None,
            fingerprint: Fingerprint::new(&FingerprintKey::PlaceOnly, check, "", &["app"], None),
            places: Vec::new(),
            notes: Vec::new(),
        };
        let known = catalogue();
        let part = match subject {
            Subject::Image => Part::Image,
            Subject::Document => Part::Papers,
            _ => Part::Context,
        };
        let asked: Vec<&'static str> =
            known.iter().map(|m| m.id).filter(|id| Part::of(id) == Some(part)).collect();
        let artifact = ArtifactRecord {
            subject,
            name: "app".to_owned(),
            tags: Vec::new(),
            platform: None,
            digest: Some(format!("sha256:{}", "4".repeat(64))),
            config_digest: None,
            layers: 0,
        };
        let findings = found.iter().map(finding).collect();
        let report = Report::judge(
            Severity::Medium,
            &known,
            &asked,
            findings,
            Vec::new(),
            Vec::new(),
            vec![artifact],
            Coverage::default(),
        );
        Outcome { report, warnings: Vec::new(), indexes: Vec::new() }
    }

    fn examined<'a>(subject: Subject, found: &'static [&'static str]) -> Plan<'a> {
        Plan::Examine(Box::new(move |_| Ok(outcome(subject, found))))
    }

    fn run(plans: impl IntoIterator<Item = (Part, Plan<'static>)>) -> Gate {
        let (contract, rules, progress) =
            (Contract::default(), Rules::load(&[], &[]).unwrap(), Progress::default());
        let setup = Setup {
            contract: &contract,
            rules: &rules,
            key: FingerprintKey::PlaceOnly,
            jobs: 1,
            today: date(2026, 1, 1),
            progress: &progress,
        };
        gate(&setup, plans.into_iter().collect(), vec![DOCUMENTS.to_owned()])
    }

    fn status(gate: &Gate, clause: &str) -> ClauseStatus {
        gate.report.closure.iter().find(|c| c.clause == clause).unwrap().status
    }

    fn whole() -> Vec<(Part, Plan<'static>)> {
        vec![
            (Part::Context, examined(Subject::Context, &[])),
            (Part::Image, examined(Subject::Image, &[])),
            (Part::Papers, examined(Subject::Document, &[])),
        ]
    }

    #[test]
    fn all_that_is_asked_for_and_nothing_found_is_a_pass() {
        let mut gate = run(whole());
        assert_eq!(gate.report.verdict, Verdict::Pass);
        assert_eq!(gate.report.artifacts.len(), 3);
        for (clause, expected) in [
            ("B", ClauseStatus::NotAsked),
            ("D.2", ClauseStatus::Pass),
            ("D.4.1", ClauseStatus::Pass),
            ("D.4.2", ClauseStatus::Pass),
            ("D.4.3", ClauseStatus::NotAsked),
            ("F", ClauseStatus::NotAsked),
        ] {
            assert_eq!(status(&gate, clause), expected, "{clause}");
        }
        // What is then not written is no pass.
        gate.miss("evidence", "the disk is full");
        assert_eq!(
            (gate.report.verdict, status(&gate, "F")),
            (Verdict::Incomplete, ClauseStatus::Incomplete)
        );
        assert!(gate.report.contract_digest.is_none() && !gate.report.rules_digest.is_empty());
    }

    #[test]
    fn a_part_that_cannot_be_examined_stops_no_other() {
        let failed = Plan::Examine(Box::new(|_| Err("the image cannot be had".to_owned())));
        let mut plans = whole();
        plans[1].1 = failed;
        let gate = run(plans);
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        let item = &gate.report.unchecked[0];
        assert_eq!((item.what.as_str(), item.reason.as_str()), ("image part", "the image cannot be had"));
        assert!(item.checks.contains(&"SW301") && !item.checks.contains(&"SW101"));
        assert_eq!(status(&gate, "D.4.1"), ClauseStatus::Pass);
        for clause in ["D.2", "D.4.2", "F"] {
            assert_eq!(status(&gate, clause), ClauseStatus::Incomplete, "{clause}");
        }
        // Findings weigh more than what is missing.
        let gate = run([
            (Part::Context, examined(Subject::Context, &["SW201"])),
            (Part::Image, Plan::Missing("no image".to_owned())),
        ]);
        assert_eq!(gate.report.verdict, Verdict::Fail);
        assert_eq!(status(&gate, "D.4.1"), ClauseStatus::Fail);
        assert_eq!(status(&gate, "D.4.2"), ClauseStatus::Incomplete);
        assert_eq!(status(&gate, "F"), ClauseStatus::Fail);
    }

    #[test]
    fn a_part_that_another_examines_shares_its_fate() {
        let mut plans = whole();
        plans.push((Part::Entrypoints, Plan::With(Part::Image)));
        let gate = run(plans);
        assert_eq!((gate.report.verdict, &gate.parts[&Part::Entrypoints]), (Verdict::Pass, &PartState::Done));
        let gate = run([
            (Part::Image, Plan::Missing("no image".to_owned())),
            (Part::Entrypoints, Plan::With(Part::Image)),
        ]);
        assert!(gate.report.unchecked.iter().any(|u| u.what == "entrypoints part"));
        assert_eq!(status(&gate, "B"), ClauseStatus::Incomplete);
    }

    #[test]
    fn nothing_asked_is_not_closed() {
        let gate = run([(Part::Context, Plan::NotAsked)]);
        assert!(gate.report.closure.iter().all(|c| c.status != ClauseStatus::Pass));
    }

    #[test]
    fn a_part_that_no_catalogue_knows_blocks_too() {
        let mut plans = whole();
        plans.push((Part::Workflow, Plan::Missing("cannot be examined".to_owned())));
        let gate = run(plans);
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        assert_eq!(status(&gate, "F"), ClauseStatus::Incomplete);
    }

    #[test]
    fn reports_come_in_one_order_whatever_the_plans() {
        let parts = [Part::Papers, Part::Image, Part::Context];
        let gate = run(whole().into_iter().rev().zip(parts).map(|((_, plan), part)| (part, plan)));
        let names: Vec<&str> = gate.report.artifacts.iter().map(|a| a.subject.as_str()).collect();
        assert_eq!(names, ["context", "image", "document"]);
    }
}
