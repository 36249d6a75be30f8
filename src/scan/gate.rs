//! A gate: every part that a contract asks for, one after the other, and one verdict. What goes wrong in a part stops
//! no other; it is an unchecked item, so that the verdict is no pass.

mod parts;

use std::collections::BTreeMap;

use super::{Outcome, Setup};
use crate::check::provenance::ExaminedArtifacts;
use crate::check::{Masker, catalogue};
use crate::finding::{Part, PartState, Report, Subject, Unchecked, closure};
use seaworthy_source::{Origin, OriginKind};

use parts::Examiner;
pub use parts::{GateOptions, GateRun};

/// What examines a part, given what the parts before it saw; the error is its reason, secrets masked.
type Examination<'a> = Box<dyn FnOnce(&ExaminedArtifacts) -> Result<Outcome, String> + 'a>;

/// Adds what an outcome examined.
fn note_examined(so_far: &mut ExaminedArtifacts, outcome: &Outcome) {
    let dockerfile = outcome.report.artifacts.iter().find(|a| a.subject == Subject::Dockerfile);
    so_far.dockerfile = so_far.dockerfile.take().or_else(|| dockerfile.map(|a| a.name.clone()));
    let images = outcome.report.artifacts.iter().filter(|a| a.subject == Subject::Image);
    let digests: Vec<Option<String>> = images.map(|a| a.digest.clone()).collect();
    if !digests.is_empty() {
        let all = so_far.image.get_or_insert_default();
        all.extend(digests.into_iter().flatten().chain(outcome.indexes.iter().cloned()));
    }
}

/// What is to be done about a part.
enum Plan<'a> {
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
    /// All parts together, with the closure table.
    pub report: Report,
    /// What became of each part.
    pub parts: BTreeMap<Part, PartState>,
    /// Things that the user should know and that say nothing of the artifacts.
    pub warnings: Vec<String>,
    documents: Vec<String>,
}

/// Examines everything that the options and the contract request of a run: context, image, wiring and documents, each
/// once.
pub fn gate(setup: &Setup<'_>, options: &GateOptions, run: GateRun<'_>) -> Gate {
    let masker = Masker::new(setup.rules);
    let plans = Examiner { setup, options, masker: &masker, run }.plans();
    examine(setup, plans, run.place.documents())
}

/// Examines all parts in order. A part without a plan is not asked for. `documents` are the places of the run's
/// documents.
fn examine(setup: &Setup<'_>, plans: BTreeMap<Part, Plan<'_>>, documents: Vec<String>) -> Gate {
    let (mut reports, mut unchecked, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut parts, mut carried, mut so_far) = (BTreeMap::new(), Vec::new(), ExaminedArtifacts::default());
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
            Plan::Examine(examination) => match examination(&so_far) {
                Ok(outcome) => {
                    note_examined(&mut so_far, &outcome);
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
    let fail_on = setup.contract.policy.fail_on;
    let mut report = Report::merge(fail_on, &catalogue(), reports, unchecked);
    report.rules_digest = setup.rules.digest().to_owned();
    report.contract_digest = setup.contract.digest().map(str::to_owned);
    report.closure = closure(&report, &parts, &documents);
    Gate { report, parts, warnings, documents }
}

impl Gate {
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
        self.report.closure = closure(&self.report, &self.parts, &self.documents);
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
        examine(&setup, plans.into_iter().collect(), vec![DOCUMENTS.to_owned()])
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
