//! A gate: every part that a contract asks for, one after the other, the controls of its profile, and one verdict. What
//! goes wrong in a part stops no other; it is an item that was not checked, so that the verdict is no pass.

mod checkout;
mod parts;

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Outcome, ScanError, Setup};
use crate::check::provenance::{ExaminedArtifacts, OTHER_RECIPE};
use crate::check::{Masker, catalogue};
use crate::finding::{EVIDENCE, NotChecked, Part, PartState, Report, Subject};
use crate::profile::{self, EvidenceGap, Profile, RunFacts, Waiver};
use seaworthy_provenance::{Field, read_security};
use seaworthy_source::{Origin, OriginKind, RunId};

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
        so_far.attestations.extend(outcome.facts.attestations.iter().cloned());
        so_far.entrypoint = outcome.facts.entrypoint.clone();
        so_far.directory = outcome.facts.directory.clone();
        so_far.user = outcome.facts.user.clone();
        so_far.recipe = outcome.facts.recipe.clone();
    }
}

/// What the evidence of a gate says that ran before the run header was written.
const BEFORE_HEADER: &str = "The gate ran before the run header was written (--before-run-header): nothing of the header was checked.";

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
    /// All parts together, with the controls table.
    pub report: Report,
    /// What became of each part.
    pub parts: BTreeMap<Part, PartState>,
    /// Things that the user should know and that say nothing of the artifacts.
    pub warnings: Vec<String>,
    profile: Profile,
    waivers: Vec<Waiver>,
    today: Date,
    /// What is known of the run besides.
    run: RunFacts,
}

/// Examines everything that the options, the contract and its profile request of a run: context, image, wiring and
/// documents, each once; and judges the profile's controls.
///
/// # Errors
/// If the contract's profile cannot be read.
pub fn gate(setup: &Setup<'_>, options: &GateOptions, run: GateRun<'_>) -> Result<Gate, ScanError> {
    let masker = Masker::new(setup.rules);
    let profile = setup.contract.controls().map_err(|e| ScanError::Request(e.to_string()))?;
    let examiner = Examiner { setup, options, masker: &masker, run, profile: &profile };
    let facts = RunFacts {
        evidence: Err(EvidenceGap::new("it is not written yet")),
        before_run_header: options.before_run_header,
        other_context: examiner.other_context(),
    };
    let mut so_far = ExaminedArtifacts {
        before_run_header: facts.before_run_header,
        is_other_commit: facts.other_context.is_some(),
        context: examiner.context_path(),
        ..ExaminedArtifacts::default()
    };
    so_far.compares_recipe = profile.controls.iter().any(|c| c.checks.contains(&OTHER_RECIPE));
    Ok(examine(setup, profile.clone(), examiner.plans(), facts, so_far))
}

/// Examines all parts in order and judges `profile`. A part without a plan is not asked for.
fn examine(
    setup: &Setup<'_>,
    profile: Profile,
    plans: BTreeMap<Part, Plan<'_>>,
    run: RunFacts,
    mut so_far: ExaminedArtifacts,
) -> Gate {
    let (mut reports, mut not_checked, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut parts, mut carried) = (BTreeMap::new(), Vec::new());
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
        not_checked.push(unexamined(part, &missing));
        parts.insert(part, PartState::Missing(missing));
    }
    for (part, carrier) in carried {
        let state = carried_state(parts.get(&carrier), carrier);
        if let PartState::Missing(reason) = &state {
            not_checked.push(unexamined(part, reason));
        }
        parts.insert(part, state);
    }
    if reports.is_empty() && not_checked.is_empty() {
        not_checked.push(nothing_examined());
    }
    // A profile may be stricter than the contract, never milder.
    let own = setup.contract.policy.fail_on;
    let fail_on = profile.fail_on.map_or(own, |severity| severity.min(own));
    let mut report = Report::merge(fail_on, &catalogue(), reports, not_checked);
    report.rules_digest = setup.rules.digest().to_owned();
    report.contract_digest = setup.contract.digest().map(str::to_owned);
    let (waivers, today) = (setup.contract.waivers.clone(), setup.today);
    if run.before_run_header {
        report.notes.push(BEFORE_HEADER.to_owned());
    }
    let mut gate = Gate { report, parts, warnings, profile, waivers, today, run };
    gate.judge();
    gate
}

/// What became of a part that another one examines on its way.
fn carried_state(carrier_state: Option<&PartState>, carrier: Part) -> PartState {
    match carrier_state {
        Some(PartState::Done) => PartState::Done,
        _ => PartState::Missing(format!(
            "it is checked with the {} part, and that could not be",
            carrier.as_str()
        )),
    }
}

/// What a gate says that examined nothing, so that it is no pass.
fn nothing_examined() -> NotChecked {
    let reason = "nothing was examined: neither the profile's controls nor the contract names anything";
    let gate = Origin::new(OriginKind::Artifact, "gate");
    NotChecked::new(gate, "what the profile asks".to_owned(), reason.to_owned(), Vec::new())
}

impl Gate {
    /// Judges the controls, and what they add up to.
    fn judge(&mut self) {
        let judged = profile::judge_controls(
            &self.profile,
            &self.waivers,
            self.today,
            &self.report,
            &self.parts,
            &self.run,
        );
        self.report.profile = Some(self.profile.record());
        self.report.controls = judged.controls;
        self.report.verdict = judged.verdict;
    }

    /// Judges the evidence of the gate itself as it would be written: whether it names what it must, and this run.
    pub fn record_evidence(&mut self, bytes: &[u8], run: &RunId) {
        let security = read_security(bytes);
        let named = security.reading.fields.text(Field::PlatformRunId);
        self.run.evidence = match security.reading.mistakes.first() {
            Some(mistake) => {
                Err(EvidenceGap::new(format!("security evidence: {} {}", mistake.pointer, mistake.message)))
            }
            None if named != Some(run.to_string().as_str()) => {
                Err(EvidenceGap::new("security evidence: it does not name this run"))
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
    /// `supply` is the way out, where there is one of its own.
    pub fn miss(&mut self, what: &str, reason: &str, supply: Option<&str>) {
        let item = NotChecked::new(
            Origin::new(OriginKind::Artifact, "gate"),
            what.to_owned(),
            reason.to_owned(),
            Vec::new(),
        );
        let fail_on = self.report.fail_on;
        self.report = Report::merge(fail_on, &catalogue(), vec![self.report.clone()], vec![item]);
        if what == EVIDENCE {
            // The controls need not repeat where it should have been written.
            let short = reason.split_once(".json: ").map_or(reason, |(_, why)| why);
            self.run.evidence = Err(EvidenceGap {
                reason: format!("security evidence: {short}"),
                supply: supply.map(str::to_owned),
            });
        }
        self.judge();
    }
}

fn unexamined(part: Part, reason: &str) -> NotChecked {
    let of_part = catalogue().into_iter().filter(|m| Part::of(m) == Some(part)).map(|m| m.id);
    NotChecked::new(
        Origin::new(OriginKind::Artifact, "gate"),
        format!("{} part", part.as_str()),
        reason.to_owned(),
        of_part.collect(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::contract::{Contract, built_in};
    use crate::finding::{
        ArtifactRecord, Confidence, ControlStatus, Coverage, Finding, Fingerprint, FingerprintKey, Severity,
        Verdict,
    };
    use crate::rule::Rules;
    use crate::scan::Progress;

    const EVIDENCE_OF_RUN: &str = r#"{"checks": [1], "actor": "ci", "platform_run_id": "run_1",
        "written_at_utc": "2026-01-01T00:00:00Z", "verdict": "PASS"}"#;

    fn outcome(subject: Subject, found: &[&'static str]) -> Outcome {
        let finding = |check: &&'static str| Finding {
            check,
            detector: None,
            severity: Severity::High,
            confidence: Confidence::High,
            message: "found".to_owned(),
            fix: "mend it".into(),
            origin: Origin::new(OriginKind::Artifact, "app"),
            secret: None,
            fingerprint: Fingerprint::new(&FingerprintKey::PlaceOnly, check, "", &["app"], None),
            places: Vec::new(),
            notes: Vec::new(),
        };
        let known = catalogue();
        let part = match subject {
            Subject::Image => Part::Image,
            Subject::Document => Part::Documents,
            _ => Part::Context,
        };
        let asked: Vec<&'static str> =
            known.iter().filter(|m| Part::of(m) == Some(part)).map(|m| m.id).collect();
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
        Outcome {
            report,
            warnings: Vec::new(),
            indexes: Vec::new(),
            facts: super::super::ImageFacts::default(),
        }
    }

    fn examined<'a>(subject: Subject, found: &'static [&'static str]) -> Plan<'a> {
        Plan::Examine(Box::new(move |_| Ok(outcome(subject, found))))
    }

    fn judged(
        profile: &str,
        waived: &[&str],
        plans: impl IntoIterator<Item = (Part, Plan<'static>)>,
    ) -> Gate {
        let (rules, progress) = (Rules::load(&[], &[]).unwrap(), Progress::default());
        let waiver = |control: &&str| Waiver {
            place: "seaworthy.toml:3:1".to_owned(),
            control: (*control).to_owned(),
            reason: "not yet".to_owned(),
            expires: date(2026, 1, 1),
        };
        let mut contract = Contract::default();
        contract.waivers = waived.iter().map(waiver).collect();
        let setup = Setup {
            contract: &contract,
            rules: &rules,
            key: FingerprintKey::PlaceOnly,
            jobs: 1,
            today: date(2026, 1, 1),
            progress: &progress,
        };
        examine(
            &setup,
            built_in(profile).unwrap().unwrap(),
            plans.into_iter().collect(),
            facts(),
            ExaminedArtifacts::default(),
        )
    }

    fn facts() -> RunFacts {
        RunFacts {
            evidence: Err(EvidenceGap::new("it is not written yet")),
            before_run_header: false,
            other_context: None,
        }
    }

    fn run(plans: impl IntoIterator<Item = (Part, Plan<'static>)>) -> Gate {
        judged("m1", &[], plans)
    }

    fn status(gate: &Gate, name: &str) -> ControlStatus {
        let groups = &gate.report.controls;
        let group = groups.iter().find(|g| g.id == name).map(|g| g.status);
        let control = || groups.iter().flat_map(|g| &g.controls).find(|c| c.id == name).map(|c| c.status);
        group.or_else(control).unwrap()
    }

    fn whole() -> Vec<(Part, Plan<'static>)> {
        vec![
            (Part::Context, examined(Subject::Context, &[])),
            (Part::Image, examined(Subject::Image, &[])),
            (Part::Documents, examined(Subject::Document, &[])),
        ]
    }

    /// A context has a Dockerfile.
    fn small() -> Vec<(Part, Plan<'static>)> {
        let build = |_: &ExaminedArtifacts| {
            let mut outcome = outcome(Subject::Context, &[]);
            let dockerfile =
                ArtifactRecord { subject: Subject::Dockerfile, ..outcome.report.artifacts[0].clone() };
            outcome.report.artifacts.push(dockerfile);
            Ok(outcome)
        };
        vec![(Part::Context, Plan::Examine(Box::new(build))), (Part::Image, examined(Subject::Image, &[]))]
    }

    #[test]
    fn a_gate_passes_only_with_every_required_control() {
        let gate = judged("image", &[], small());
        assert_eq!(gate.report.verdict, Verdict::Pass, "{:#?}", gate.report.controls);
        assert!(gate.report.controls.iter().all(|g| g.status == ControlStatus::Pass));
        assert_eq!(gate.report.profile.as_ref().unwrap().name, "image");
        // The same artifacts do not make an M1.
        let gate = run(small());
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        assert!(gate.report.not_checked.is_empty());
        for (name, expected) in [
            ("A.1", ControlStatus::Pass),
            ("A", ControlStatus::NotRequested),
            ("B", ControlStatus::NotRequested),
            ("D.2.1", ControlStatus::Pass),
            ("D.4.1", ControlStatus::Pass),
            ("D.4.3", ControlStatus::NotRequested),
            ("E", ControlStatus::NotRequested),
        ] {
            assert_eq!(status(&gate, name), expected, "{name}");
        }
        assert!(gate.report.contract_digest.is_none() && !gate.report.rules_digest.is_empty());
    }

    #[test]
    fn waivers_cover_what_is_not_proved_and_never_a_finding() {
        let all = ["A", "B", "C", "D", "E", "F"];
        let gate = judged("m1", &all, small());
        assert_eq!(gate.report.verdict, Verdict::Pass, "{:#?}", gate.report.controls);
        assert_eq!(status(&gate, "B"), ControlStatus::Waived);
        assert_eq!(status(&gate, "A.1"), ControlStatus::Pass);
        assert!(gate.waiver_warnings().is_empty(), "{:?}", gate.waiver_warnings());
        // What one of them leaves out is missed.
        let gate = judged("m1", &all[1..], small());
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        assert_eq!(status(&gate, "A"), ControlStatus::NotRequested);
        let mut plans = small();
        plans[1].1 = examined(Subject::Image, &["SW301"]);
        let gate = judged("m1", &all, plans);
        assert_eq!((gate.report.verdict, status(&gate, "D.2.1")), (Verdict::Fail, ControlStatus::Fail));
        // A day later they count no more, and that is said.
        let mut gate = judged("m1", &all, small());
        gate.today = date(2026, 1, 2);
        gate.judge();
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        let group = gate.report.controls.iter().find(|g| g.id == "B").unwrap();
        assert!(group.controls[0].reasons.contains(&"its waiver expired on 2026-01-01".to_owned()));
        assert!(gate.waiver_warnings().iter().any(|w| w.contains("no longer counts")));
        let gate = judged("image", &["digests"], small());
        assert!(gate.waiver_warnings()[0].contains("covers nothing"));
    }

    #[test]
    fn what_was_asked_for_must_have_been_there() {
        // The documents were asked for, and none was there.
        let nothing = |_: &ExaminedArtifacts| {
            let mut outcome = outcome(Subject::Document, &[]);
            outcome.report.artifacts.clear();
            Ok(outcome)
        };
        let mut plans = small();
        plans.push((Part::Documents, Plan::Examine(Box::new(nothing))));
        let gate = run(plans);
        assert_eq!(status(&gate, "A"), ControlStatus::NotChecked);
        let group = gate.report.controls.iter().find(|g| g.id == "A").unwrap();
        let control = group.controls.iter().find(|c| c.id == "A.2").unwrap();
        assert_eq!(control.reasons, ["no packaging provenance was examined"]);
        assert!(control.supply[0].contains("packaging_provenance.json"));
    }

    #[test]
    fn evidence_that_could_not_be_written_is_no_pass() {
        let run_id = RunId::parse("run_1").unwrap();
        let mut gate = judged("image", &[], small());
        gate.miss("report", "the disk is full", None);
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        let mut gate = run(whole());
        let why = |gate: &Gate| {
            let group = gate.report.controls.iter().find(|g| g.id == "D.4.5").unwrap();
            group.controls[0].reasons.clone()
        };
        let says = |gate: &Gate, word: &str| why(gate).iter().any(|reason| reason.contains(word));
        gate.record_evidence(EVIDENCE_OF_RUN.as_bytes(), &run_id);
        assert!(!says(&gate, "evidence"), "{:?}", why(&gate));
        gate.record_evidence(b"{}", &run_id);
        assert!(says(&gate, "/actor"), "{:?}", why(&gate));
        gate.record_evidence(EVIDENCE_OF_RUN.as_bytes(), &RunId::parse("run_2").unwrap());
        assert!(says(&gate, "this run"), "{:?}", why(&gate));
        gate.record_evidence(EVIDENCE_OF_RUN.as_bytes(), &run_id);
        gate.miss(EVIDENCE, "the disk is full", None);
        assert!(says(&gate, "the disk is full"), "{:?}", why(&gate));
        assert_eq!(status(&gate, "F"), ControlStatus::NotChecked);
    }

    #[test]
    fn a_part_that_cannot_be_examined_stops_no_other() {
        let failed = Plan::Examine(Box::new(|_| Err("the image cannot be had".to_owned())));
        let mut plans = small();
        plans[1].1 = failed;
        let gate = run(plans);
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        let item = &gate.report.not_checked[0];
        assert_eq!((item.what.as_str(), item.reason.as_str()), ("image part", "the image cannot be had"));
        assert!(item.checks.contains(&"SW301") && !item.checks.contains(&"SW101"));
        assert_eq!(status(&gate, "D.4.1"), ControlStatus::Pass);
        for control in ["D.2", "D.4.2", "F"] {
            assert_eq!(status(&gate, control), ControlStatus::NotChecked, "{control}");
        }
        // A waiver covers it.
        let mut plans = small();
        plans[1].1 = Plan::Missing("no image".to_owned());
        let gate = judged("image", &["secrets.image", "digests"], plans);
        assert_eq!(gate.report.verdict, Verdict::Pass);
        // Findings weigh more than what is missing.
        let gate = run([
            (Part::Context, examined(Subject::Context, &["SW201"])),
            (Part::Image, Plan::Missing("no image".to_owned())),
        ]);
        assert_eq!(gate.report.verdict, Verdict::Fail);
        assert_eq!(status(&gate, "D.4.1"), ControlStatus::Fail);
        assert_eq!(status(&gate, "D.4.2"), ControlStatus::NotChecked);
        assert_eq!(status(&gate, "F"), ControlStatus::Fail);
    }

    #[test]
    fn a_part_that_another_examines_shares_its_fate() {
        let mut plans = whole();
        plans.push((Part::Entrypoints, Plan::With(Part::Image)));
        let gate = run(plans);
        assert_eq!(gate.parts[&Part::Entrypoints], PartState::Done);
        let gate = run([
            (Part::Image, Plan::Missing("no image".to_owned())),
            (Part::Entrypoints, Plan::With(Part::Image)),
        ]);
        assert!(gate.report.not_checked.iter().any(|u| u.what == "entrypoints part"));
        assert_eq!(status(&gate, "B"), ControlStatus::NotChecked);
    }

    #[test]
    fn nothing_asked_is_not_proved() {
        let gate = run([(Part::Context, Plan::NotAsked)]);
        assert!(gate.report.controls.iter().all(|g| g.status != ControlStatus::Pass));
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
    }

    #[test]
    fn what_no_control_asks_blocks_too() {
        let mut plans = small();
        plans.push((Part::Workflow, Plan::Missing("cannot be examined".to_owned())));
        let gate = judged("image", &["secrets", "digests", "base"], plans);
        assert_eq!(gate.report.verdict, Verdict::Incomplete);
        let mut plans = small();
        plans.push((Part::Workflow, examined(Subject::Context, &["SW604"])));
        assert_eq!(judged("image", &[], plans).report.verdict, Verdict::Fail);
    }

    #[test]
    fn a_profile_may_be_stricter_and_never_milder() {
        for (severity, expected) in [(Severity::Low, Severity::Low), (Severity::Critical, Severity::Medium)] {
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
            let profile = Profile { fail_on: Some(severity), ..built_in("image").unwrap().unwrap() };
            assert_eq!(
                examine(&setup, profile, BTreeMap::new(), facts(), ExaminedArtifacts::default())
                    .report
                    .fail_on,
                expected
            );
        }
    }

    #[test]
    fn reports_come_in_one_order_whatever_the_plans() {
        let parts = [Part::Documents, Part::Image, Part::Context];
        let gate = run(whole().into_iter().rev().zip(parts).map(|((_, plan), part)| (part, plan)));
        let names: Vec<&str> = gate.report.artifacts.iter().map(|a| a.subject.as_str()).collect();
        assert_eq!(names, ["context", "image", "document"]);
    }
}
