//! Evidence: `security_secret_injection_checks.json`, the record of what was checked that is kept with a run. It has
//! two verdicts, as packaging contract M1 (D) asks: what could not be decided is FAIL, with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::phrase::{count, printable};
use super::{tally, v1};
use crate::finding::{
    CheckMeta, CheckStatus, CheckSummary, ControlGroup, ControlStatus, Report, Subject, Verdict,
};

/// The file's name in a run's directory.
pub const FILE_NAME: &str = "security_secret_injection_checks.json";

/// What the caller knows of the run that the evidence is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// The phase, such as `P(-1)`.
    pub phase_id: String,
    /// The run, if there is one yet.
    pub platform_run_id: Option<String>,
    /// Who ran the checks: an operator or a CI principal.
    pub actor: String,
    /// When, in RFC 3339 and UTC.
    pub written_at_utc: String,
}

/// Writes the evidence as JSON. The same report and run give the same bytes.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, run: &RunInfo, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(report, run))?;
    writeln!(out)
}

/// The record of a run's security checks. Secrets are redacted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "seaworthy evidence, version 1", deny_unknown_fields)]
pub(super) struct Document {
    /// Name and version of this format.
    #[schemars(extend("const" = "seaworthy/evidence/v1"))]
    schema: &'static str,
    /// The phase, such as `P(-1)`.
    phase_id: String,
    /// The run; `null` if there was none yet.
    platform_run_id: Option<String>,
    /// When it was written, in RFC 3339 and UTC.
    written_at_utc: String,
    /// Who ran the checks: an operator or a CI principal.
    actor: String,
    /// PASS when everything that was asked for was seen, nothing that fails was found, and every required control of
    /// the profile passes or is waived; else FAIL.
    verdict: Binary,
    /// Why the verdict is FAIL, `null` for PASS. It begins with `incomplete: ` when nothing that fails was found but
    /// something could not be examined.
    failure_reason: Option<String>,
    /// What blocks the run, sorted and unique: `SW302` for a check with findings that fail, `SW302-NOT-CHECKED` for one
    /// that could not look at everything, `NOT-CHECKED` for an item that was not checked and belongs to no check, and
    /// `CONTROL-A.3-NOT-REQUESTED` or `CONTROL-A.3-NOT-CHECKED` for a required control. Empty for PASS.
    blocker_codes: Vec<String>,
    /// The minimum severity that fails the run.
    fail_on: v1::Severity,
    /// The tool that wrote it.
    tool: v1::Tool,
    /// The contract that was enforced, `null` if there was none.
    contract: Option<v1::Contract>,
    /// Manifest digests of the images that were examined, sorted and unique.
    image_digests: Vec<String>,
    /// Everything that was examined, with digests.
    inputs: Vec<v1::Artifact>,
    /// Every check that could have been asked, in order of their IDs.
    checks: Vec<Check>,
    /// The findings by what they have in common, worst first.
    causes: Vec<v1::Cause>,
    /// What could not be checked.
    not_checked: Vec<v1::NotChecked>,
    /// What must be known to read the verdict rightly; left out when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What became of each entrypoint of the contract; left out when it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoints: Vec<v1::Entrypoint>,
    /// What was seen and what was not.
    coverage: v1::Coverage,
    /// The profile that a gate judged by; `null` for all but a gate.
    profile: Option<v1::Profile>,
    /// What became of the profile's controls, by group; empty for all but a gate.
    controls: Vec<v1::Group>,
}

/// A verdict of two values.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Binary {
    Pass,
    Fail,
}

/// One check, what became of it and what it found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Check {
    /// Its ID, such as `SW301`.
    id: &'static str,
    /// Its name, such as `secret-in-file`; `null` if the run's catalogue does not know it.
    name: Option<&'static str>,
    /// The controls of the run's profile that it proves; empty for all but a gate.
    controls: Vec<String>,
    /// What became of it.
    status: v1::Status,
    /// Number of findings, accepted ones not counted.
    findings_count: usize,
    /// Number of accepted findings.
    accepted_count: usize,
    /// Number of items that it could not look at.
    not_checked_count: usize,
    /// What it found.
    findings: Vec<v1::Finding>,
    /// What it found and the contract accepts, with reason and expiry.
    accepted: Vec<v1::Accepted>,
}

impl Document {
    fn of(report: &Report, run: &RunInfo) -> Self {
        let blocker_codes = blocker_codes(report);
        let images = report.artifacts.iter().filter(|a| a.subject == Subject::Image);
        let image_digests: BTreeSet<String> =
            images.filter_map(|a| a.digest.as_deref()).map(printable).collect();
        Self {
            schema: "seaworthy/evidence/v1",
            phase_id: printable(&run.phase_id),
            platform_run_id: run.platform_run_id.as_deref().map(printable),
            written_at_utc: printable(&run.written_at_utc),
            actor: printable(&run.actor),
            verdict: if report.verdict == Verdict::Pass { Binary::Pass } else { Binary::Fail },
            failure_reason: failure_reason(report, &blocker_codes),
            blocker_codes,
            fail_on: report.fail_on.into(),
            tool: v1::Tool::of(report),
            contract: v1::Contract::of(report),
            image_digests: image_digests.into_iter().collect(),
            inputs: report.artifacts.iter().map(Into::into).collect(),
            checks: checks(report),
            causes: v1::Cause::all(report),
            not_checked: report.not_checked.iter().map(Into::into).collect(),
            notes: report.notes.iter().map(|n| printable(n)).collect(),
            entrypoints: report.entrypoints.iter().map(Into::into).collect(),
            coverage: (&report.coverage).into(),
            profile: report.profile.as_ref().map(Into::into),
            controls: report.controls.iter().map(Into::into).collect(),
        }
    }
}

fn blocker_codes(report: &Report) -> Vec<String> {
    if report.verdict == Verdict::Pass {
        return Vec::new();
    }
    let failing = report.findings.iter().filter(|f| f.severity >= report.fail_on).map(|f| f.check.to_owned());
    let not_checked = report.not_checked.iter().flat_map(|u| match u.checks.is_empty() {
        true => vec!["NOT-CHECKED".to_owned()],
        false => u.checks.iter().map(|id| format!("{id}-NOT-CHECKED")).collect(),
    });
    let open = report.controls.iter().flat_map(ControlGroup::open);
    let controls = open.filter_map(|control| match control.status {
        ControlStatus::NotRequested => Some(format!("CONTROL-{}-NOT-REQUESTED", printable(&control.id))),
        ControlStatus::NotChecked => Some(format!("CONTROL-{}-NOT-CHECKED", printable(&control.id))),
        _ => None,
    });
    failing.chain(not_checked).chain(controls).collect::<BTreeSet<_>>().into_iter().collect()
}

fn failure_reason(report: &Report, codes: &[String]) -> Option<String> {
    let codes = codes.join(", ");
    match report.verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some(format!("{}: {codes}", tally::parts(report).join(", "))),
        Verdict::Incomplete => {
            let open = report.controls.iter().map(|g| g.open().count()).sum::<usize>();
            let items = match (report.not_checked.len(), open) {
                (0, open) => format!("{} not passed", count(open, "control")),
                (items, 0) => format!("{} not checked", count(items, "item")),
                (items, open) => {
                    format!("{} not passed, {} not checked", count(open, "control"), count(items, "item"))
                }
            };
            let first = report.not_checked.first().map_or_else(String::new, |u| {
                format!("; the first: {}: {}", printable(&u.what), printable(&u.reason))
            });
            Some(format!("incomplete: {items}: {codes}{first}"))
        }
    }
}

/// The catalogue's checks, and any other that a finding or an item that was not checked names: nothing is lost because
/// a list is short.
fn checks(report: &Report) -> Vec<Check> {
    let named = report.findings.iter().map(|f| f.check);
    let accepted = report.accepted.iter().map(|a| a.finding.check);
    let not_checked = report.not_checked.iter().flat_map(|u| u.checks.iter().copied());
    let mut all: BTreeMap<&'static str, Option<&CheckSummary>> =
        named.chain(accepted).chain(not_checked).map(|id| (id, None)).collect();
    all.extend(report.checks.iter().map(|c| (c.meta.id, Some(c))));
    all.into_iter().map(|(id, summary)| Check::of(report, id, summary)).collect()
}

impl Check {
    fn of(report: &Report, id: &'static str, summary: Option<&CheckSummary>) -> Self {
        let of_check = || report.findings.iter().filter(move |f| f.check == id);
        let not_checked_count = report.not_checked.iter().filter(|u| u.checks.contains(&id)).count();
        let status = summary.map(|s| s.status).unwrap_or_else(|| {
            if of_check().any(|f| f.severity >= report.fail_on) {
                CheckStatus::Fail
            } else if not_checked_count > 0 {
                CheckStatus::NotChecked
            } else {
                CheckStatus::Pass
            }
        });
        let meta: Option<&CheckMeta> = summary.map(|s| s.meta);
        let accepted: Vec<v1::Accepted> =
            report.accepted.iter().filter(|a| a.finding.check == id).map(Into::into).collect();
        Self {
            id,
            name: meta.map(|m| m.name),
            controls: controls_of(report, id),
            status: status.into(),
            findings_count: of_check().count(),
            accepted_count: accepted.len(),
            not_checked_count,
            findings: of_check().map(Into::into).collect(),
            accepted,
        }
    }
}

/// The IDs of the profile's controls that name a check.
fn controls_of(report: &Report, check: &str) -> Vec<String> {
    let all = report.controls.iter().flat_map(|group| &group.controls);
    all.filter(|control| control.checks.iter().any(|(id, _)| *id == check)).map(|c| c.id.clone()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::samples;

    fn run() -> RunInfo {
        RunInfo {
            phase_id: "P(-1)".to_owned(),
            platform_run_id: Some("platform_20260101T000000Z".to_owned()),
            actor: "ci:release".to_owned(),
            written_at_utc: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    fn evidence(report: &Report, run: &RunInfo) -> Value {
        let mut out = Vec::new();
        write(report, run, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_pass_has_no_reason_and_no_codes() {
        let document = evidence(&samples::pass(), &run());
        assert_eq!(document["verdict"], "PASS");
        assert_eq!(document["failure_reason"], Value::Null);
        assert_eq!(document["blocker_codes"], json!([]));
        assert_eq!(document["image_digests"], json!([samples::digest('4')]));
    }

    #[test]
    fn a_fail_names_its_checks_once_and_in_order() {
        let document = evidence(&samples::fail(), &run());
        assert_eq!(document["verdict"], "FAIL");
        let codes = json!(["SW301", "SW302", "SW303", "SW304", "SW307", "SW309-NOT-CHECKED"]);
        assert_eq!(document["blocker_codes"], codes);
        let reason = document["failure_reason"].as_str().unwrap();
        assert!(reason.ends_with(": SW301, SW302, SW303, SW304, SW307, SW309-NOT-CHECKED"), "{reason}");
    }

    #[test]
    fn what_is_incomplete_is_a_fail_that_says_so() {
        let document = evidence(&samples::incomplete(), &run());
        assert_eq!(document["verdict"], "FAIL");
        let reason = document["failure_reason"].as_str().unwrap();
        assert!(
            reason.starts_with("incomplete: 2 items not checked: SW301-NOT-CHECKED, SW302-NOT-CHECKED"),
            "{reason}"
        );
    }

    #[test]
    fn an_item_of_no_check_blocks_too() {
        let mut report = samples::incomplete();
        report.not_checked[0].checks.clear();
        assert!(
            evidence(&report, &run())["blocker_codes"].as_array().unwrap().contains(&json!("NOT-CHECKED"))
        );
    }

    #[test]
    fn accepted_findings_keep_reason_and_expiry() {
        let document = evidence(&samples::accepted(), &run());
        let check = document["checks"].as_array().unwrap().iter().find(|c| c["id"] == "SW308").unwrap();
        assert_eq!(check["accepted_count"], 1);
        assert_eq!(check["accepted"][0]["expires"], "2026-12-31");
        assert!(check["accepted"][0]["reason"].as_str().unwrap().contains("test"));
    }

    #[test]
    fn checks_that_no_catalogue_knows_are_kept() {
        let mut report = samples::fail();
        report.checks.clear();
        let document = evidence(&report, &run());
        let kept: u64 = document["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["findings_count"].as_u64().unwrap())
            .sum();
        assert_eq!(kept, report.findings.len() as u64);
        assert_eq!(document["checks"][0]["status"], "fail");
        assert_eq!(document["checks"][0]["name"], Value::Null);
    }

    #[test]
    fn only_time_and_actor_differ_between_runs() {
        let other = RunInfo {
            actor: "operator:ann".to_owned(),
            written_at_utc: "2026-01-02T00:00:00Z".to_owned(),
            ..run()
        };
        let (mut one, mut two) = (evidence(&samples::fail(), &run()), evidence(&samples::fail(), &other));
        assert_ne!(one, two);
        for document in [&mut one, &mut two] {
            let object = document.as_object_mut().unwrap();
            object.remove("actor");
            object.remove("written_at_utc");
        }
        assert_eq!(one, two);
    }
}
