//! From answers to the report: repeats across platforms put together, quoted texts masked, acceptances applied.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{ImageFacts, Outcome, Setup, source_lines};
use crate::check::{Answers, Masker, catalogue};
use crate::contract::{AcceptEntry, AcceptMatch, printed_paths};
use crate::finding::{Accepted, ArtifactRecord, Coverage, DetectorRecord, Finding, NotChecked, Report};
use seaworthy_source::{Origin, OriginKind, Place};

/// Findings that a run lists.
const MAX_FINDINGS: usize = 20_000;

/// Findings that a warning lists.
const MAX_LISTED: usize = 5;

pub(super) fn conclude(
    setup: &Setup<'_>,
    masker: &Masker<'_>,
    answers: Answers,
    mut artifacts: Vec<ArtifactRecord>,
    mut coverage: Coverage,
) -> Outcome {
    coverage.examples_held_back += answers.examples_held_back;
    for artifact in &mut artifacts {
        artifact.name = masker.mask(&artifact.name);
        artifact.tags.iter_mut().chain(&mut artifact.platform).for_each(|text| *text = masker.mask(text));
    }
    let mut found = together(numbered(answers.findings));
    mask_findings(masker, &mut found);
    let asked = answers.asked;
    let mut not_checked = merged(answers.not_checked);
    not_checked.iter_mut().for_each(|u| {
        mask(masker, &mut u.origin);
        u.what = masker.mask(&u.what);
        u.reason = masker.mask(&u.reason);
    });
    let warnings = unused_acceptances(setup, &asked, &found, &not_checked);
    let (mut findings, accepted) = accept_findings(setup, found);
    let (mut not_checked, notes) = accept_not_checked(setup, not_checked);
    not_checked.extend(limit(&mut findings, MAX_FINDINGS, artifacts.first()));
    let fail_on = setup.contract.policy.fail_on;
    let known = catalogue();
    let mut report =
        Report::judge(fail_on, &known, &asked, findings, accepted, not_checked, artifacts, coverage);
    report.notes = notes;
    report.source_lines = source_lines::lines_of_causes(&report, masker);
    report.rules_digest = setup.rules.digest().to_owned();
    report.detectors = detectors(setup, &report);
    report.contract_digest = setup.contract.digest().map(str::to_owned);
    Outcome { report, warnings, indexes: Vec::new(), facts: ImageFacts::default() }
}

/// Takes secrets out of what findings say of themselves and of where they are.
fn mask_findings(masker: &Masker<'_>, found: &mut [Finding]) {
    // Thousands of findings share what is to be done about them.
    let mut fixes: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    for finding in found {
        mask(masker, &mut finding.origin);
        finding.message = masker.mask(&finding.message);
        let masked = || masker.mask(&finding.fix).into();
        finding.fix = Arc::clone(fixes.entry(Arc::clone(&finding.fix)).or_insert_with(masked));
        finding.notes.iter_mut().for_each(|note| *note = masker.mask(note));
        finding.secret.iter_mut().filter_map(|s| s.name.as_mut()).for_each(|name| *name = masker.mask(name));
        finding.places.iter_mut().for_each(|p| mask(masker, &mut p.origin));
        finding.places.sort();
    }
}

/// A warning for each acceptance of the contract that matches nothing.
fn unused_acceptances(
    setup: &Setup<'_>,
    asked: &[&'static str],
    found: &[Finding],
    not_checked: &[NotChecked],
) -> Vec<String> {
    let unused = setup.contract.unused_accept_entries(found, not_checked);
    // An entry for a check that was not asked may be of use to another command.
    let unused = unused.iter().filter(|entry| asked.contains(&entry.check.as_str()));
    let warning = |entry: &&AcceptEntry| {
        let path = setup.contract.path().map(|p| p.display().to_string()).unwrap_or_default();
        let open = open_findings(found, &entry.check);
        format!("{path}:{}: this acceptance matches nothing{open}", entry.position)
    };
    unused.map(warning).collect()
}

/// What is left of the findings when those that the contract accepts are taken out, and these.
fn accept_findings(setup: &Setup<'_>, found: Vec<Finding>) -> (Vec<Finding>, Vec<Accepted>) {
    let mut accepted = Vec::new();
    // Collected where they stand: tens of thousands of findings are not there twice.
    let findings = found
        .into_iter()
        .filter_map(|mut finding| match setup.contract.accept(&finding, setup.today) {
            Some(AcceptMatch::Accepted { reason, expires, .. }) => {
                accepted.push(Accepted { reason: reason.to_owned(), expires: expires.to_string(), finding });
                None
            }
            Some(AcceptMatch::Expired { on, .. }) => {
                finding.notes.push(format!("the contract accepted it until {on}; that has expired"));
                Some(finding)
            }
            None => Some(finding),
        })
        .collect();
    (findings, accepted)
}

/// Keeps the worst `most` findings; the others are one item that was not checked, so that no check of theirs passes.
fn limit(findings: &mut Vec<Finding>, most: usize, artifact: Option<&ArtifactRecord>) -> Option<NotChecked> {
    if findings.len() <= most {
        return None;
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let rest = findings.split_off(most);
    let checks: BTreeSet<&'static str> = rest.iter().map(|finding| finding.check).collect();
    Some(NotChecked::new(
        Origin::new(OriginKind::Artifact, artifact.map(|a| a.name.clone()).unwrap_or_default()),
        format!("{} further findings", rest.len()),
        format!("a run lists its worst {most} findings; the others are counted here and not listed"),
        checks.into_iter().collect(),
    ))
}

/// What is left of the items that were not checked when those that the contract accepts are taken out, and a note for
/// each of these.
fn accept_not_checked(setup: &Setup<'_>, items: Vec<NotChecked>) -> (Vec<NotChecked>, Vec<String>) {
    let (mut left, mut notes) = (Vec::new(), Vec::new());
    for mut item in items {
        match setup.contract.accept_not_checked(&item, setup.today) {
            Some(AcceptMatch::Accepted { reason, expires, .. }) => {
                let path = item.origin.whole_path().unwrap_or_default();
                let why = &item.reason;
                notes.push(format!(
                    "{path} was not checked ({why}); the contract accepts that until {expires}: {reason}"
                ));
            }
            Some(AcceptMatch::Expired { on, .. }) => {
                item.reason.push_str(&format!("; the contract accepted that until {on}, which has expired"));
                left.push(item);
            }
            None => left.push(item),
        }
    }
    (left, notes)
}

/// What is known of the detectors that found something.
fn detectors(setup: &Setup<'_>, report: &Report) -> BTreeMap<String, DetectorRecord> {
    let accepted = report.accepted.iter().map(|a| &a.finding);
    let ids: BTreeSet<&str> =
        report.findings.iter().chain(accepted).filter_map(|f| f.detector.as_deref()).collect();
    ids.into_iter()
        .filter_map(|id| {
            let rule = setup.rules.find(id)?;
            let record = DetectorRecord {
                name: rule.name.to_string(),
                severity: rule.severity,
                description: rule.description.to_string(),
                fix: rule.fix.to_string(),
            };
            Some((id.to_owned(), record))
        })
        .collect()
}

/// Findings of a check that an acceptance could name: the path and the fingerprint of each.
fn open_findings(found: &[Finding], check: &str) -> String {
    let of_check: Vec<&Finding> = found.iter().filter(|f| f.check == check).collect();
    if of_check.is_empty() {
        return format!(" and can be removed: {check} found nothing");
    }
    let shown = of_check.iter().take(MAX_LISTED).map(|finding| {
        let path = printed_paths(&finding.origin).next().unwrap_or_default();
        let other =
            finding.places.iter().filter_map(|p| printed_paths(&p.origin).next()).find(|o| *o != path);
        let also = other.filter(|_| finding.secret.is_some()).map(|o| format!("  (also in {o})"));
        let fingerprint = finding.fingerprint.as_str();
        format!("\n  path = \"{path}\"  fingerprint = \"{fingerprint}\"{}", also.unwrap_or_default())
    });
    let more = of_check.len().saturating_sub(MAX_LISTED);
    let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    format!("; the findings of {check} are:{}{rest}", shown.collect::<String>())
}

/// Findings that check, place and structure do not tell apart have one fingerprint each: by their order in the file, on
/// each platform.
fn numbered(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|a, b| findings[*a].origin.cmp(&findings[*b].origin));
    let mut seen: HashMap<(&'static str, &str, Option<&str>), usize> = HashMap::new();
    let mut numbers = vec![1; findings.len()];
    for index in order {
        let finding = &findings[index];
        let name = (finding.check, finding.fingerprint.as_str(), finding.origin.platform.as_deref());
        let number = seen.entry(name).or_default();
        *number += 1;
        numbers[index] = *number;
    }
    for (finding, number) in findings.iter_mut().zip(numbers) {
        finding.fingerprint = finding.fingerprint.clone().numbered(number);
    }
    findings
}

/// The same finding on another platform is another place of the first.
fn together(findings: Vec<Finding>) -> Vec<Finding> {
    // Most runs see one platform: no list of tens of thousands is made anew.
    let mut platforms = findings.iter().map(|f| &f.origin.platform);
    let first = platforms.next();
    if platforms.all(|platform| Some(platform) == first) {
        return findings;
    }
    let mut first: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut out: Vec<Finding> = Vec::new();
    for finding in findings {
        let key = (finding.check, finding.fingerprint.as_str().to_owned());
        let same = first.get(&key).copied().filter(|i| out[*i].origin.platform != finding.origin.platform);
        match same {
            Some(i) => out[i].absorb(finding),
            None => {
                first.insert(key, out.len());
                out.push(finding);
            }
        }
    }
    out
}

/// A path, a key of a document or the name of a platform may be a secret, too.
fn mask(masker: &Masker<'_>, origin: &mut Origin) {
    let texts = origin.path.iter_mut().chain(&mut origin.inside).chain(&mut origin.platform);
    texts.for_each(|text| *text = masker.mask(text));
    if let Some(layer) = &mut origin.layer {
        layer.digest = masker.mask(&layer.digest);
    }
    if let Place::Pointer(pointer) = &mut origin.place {
        *pointer = pointer.map(|text| masker.mask(text));
    }
}

/// The same gap, met by several checks, is one item.
fn merged(not_checked: Vec<NotChecked>) -> Vec<NotChecked> {
    let mut merged: BTreeMap<(Origin, String, String, bool), Vec<&'static str>> = BTreeMap::new();
    for item in not_checked {
        let checks = merged.entry((item.origin, item.what, item.reason, item.acceptable)).or_default();
        checks.extend(item.checks);
        checks.sort_unstable();
        checks.dedup();
    }
    merged
        .into_iter()
        .map(|((origin, what, reason, acceptable), checks)| NotChecked {
            acceptable,
            ..NotChecked::new(origin, what, reason, checks)
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Fingerprint, FingerprintKey, Severity};

    #[test]
    fn no_check_passes_whose_findings_are_not_listed() {
        let finding = |check: &'static str, severity| Finding {
            check,
            detector: None,
            severity,
            confidence: Confidence::High,
            message: String::new(),
            fix: "".into(),
            origin: Origin::new(OriginKind::Artifact, "app"),
            secret: None,
            fingerprint: Fingerprint::new(&FingerprintKey::PlaceOnly, check, "", &["app"], None),
            places: Vec::new(),
            notes: Vec::new(),
        };
        let mut findings = vec![
            finding("SW101", Severity::Low),
            finding("SW102", Severity::High),
            finding("SW103", Severity::Low),
        ];
        assert!(limit(&mut findings, 3, None).is_none());
        let rest = limit(&mut findings, 1, None).unwrap();
        assert_eq!(findings.iter().map(|f| f.check).collect::<Vec<_>>(), ["SW102"]);
        assert_eq!((rest.what.as_str(), &rest.checks[..]), ("2 further findings", &["SW101", "SW103"][..]));
    }
}
