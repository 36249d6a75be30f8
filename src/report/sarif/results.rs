//! Findings as SARIF results.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_sarif::sarif::{PropertyBag, Result as SarifResult};

use super::{bag, locations, message, rules};
use crate::finding::{Confidence, Finding, Severity};
use crate::report::membership::Membership;
use crate::report::phrase::{count, hidden, made_in, place, printable, prose, redacted, sentence};
use crate::report::repository::Repository;
use seaworthy_source::{FileState, Place};

/// Locations of a result that GitHub keeps.
const MAX_PLACES: usize = 100;

/// Each finding with its number, from 1, among those of the same fingerprint. Without a key, fingerprints are made of
/// the place alone, so that two secrets in one file share one; GitHub would show them as one alert.
pub(super) fn numbered(findings: &[Finding]) -> Vec<(&Finding, usize)> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    findings
        .iter()
        .map(|f| {
            let number = seen.entry((f.check, f.fingerprint.as_str())).or_default();
            *number += 1;
            (f, *number)
        })
        .collect()
}

/// The result of a finding; `number` is from [`numbered`], `rule` the ID of its rule and the index of that, `cause` the
/// cause that it belongs to.
pub(super) fn result(
    finding: &Finding,
    number: usize,
    (rule, index): (String, Option<usize>),
    cause: Option<Membership<'_>>,
    repository: &Repository,
) -> SarifResult {
    let origin = &finding.origin;
    let mut related: Vec<_> = locations::in_image(origin, 1, repository).into_iter().collect();
    let room = MAX_PLACES - 1 - related.len();
    for place in finding.places.iter().take(room) {
        let other = (place.severity != finding.severity).then_some(place.severity);
        related.push(locations::related(&place.origin, other, related.len() + 1, repository));
    }
    let fingerprint = finding.fingerprint.as_str();
    let prints = [
        // The form that GitHub's own action writes: a hash and the occurrence's number.
        ("primaryLocationLineHash".to_owned(), format!("{fingerprint}:{number}")),
        ("seaworthy/v1".to_owned(), fingerprint.to_owned()),
    ];
    let mut result = SarifResult::builder()
        .rule_id(rule)
        .level(rules::level(finding.severity))
        .message(message(&text(finding, cause)))
        .locations(vec![locations::primary(origin, repository)])
        .partial_fingerprints(BTreeMap::from(prints))
        .rank(rank(finding.severity, finding.confidence))
        .properties(properties(finding, finding.places.len().saturating_sub(room), cause))
        .build();
    result.rule_index = index.map(|i| i as i64);
    result.related_locations = (!related.is_empty()).then_some(related);
    result
}

fn text(finding: &Finding, cause: Option<Membership<'_>>) -> String {
    let origin = &finding.origin;
    let mut text = sentence(&printable(&finding.message));
    // The location tells the place, but not where in an image it is.
    if locations::in_an_image(origin.kind) {
        let parts = [Some(place(origin)), made_in(origin, 120), hidden(origin)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        text.push_str(&format!("\nIn the image: {}.", parts.join("; ")));
    }
    if let Some(secret) = &finding.secret {
        text.push_str(&format!("\nSecret: {}.", redacted(secret)));
    }
    if !finding.places.is_empty() {
        text.push_str(&format!("\nAlso in {}.", count(finding.places.len(), "further place")));
    }
    if let Some(same) = cause.and_then(|c| c.sentence(finding)) {
        text.push_str(&format!("\n{same}"));
    }
    format!("{text}\nFix: {}", sentence(&prose(&finding.fix)))
}

fn properties(finding: &Finding, places_left_out: usize, cause: Option<Membership<'_>>) -> PropertyBag {
    let origin = &finding.origin;
    let offset = match origin.place {
        Place::Text { offset, .. } | Place::Byte(offset) => json!(offset),
        Place::Whole | Place::Pointer(_) => Value::Null,
    };
    let pointer = match &origin.place {
        Place::Pointer(pointer) => json!(printable(pointer.as_str())),
        Place::Whole | Place::Text { .. } | Place::Byte(_) => Value::Null,
    };
    let layer = origin.layer.as_ref().map(|l| {
        json!({
            "index": l.index,
            "digest": printable(&l.digest),
            "instruction": l.instruction.as_deref().map(printable),
        })
    });
    bag([
        ("check", json!(finding.check)),
        ("severity", json!(finding.severity.as_str())),
        ("confidence", json!(finding.confidence.as_str())),
        ("detector", json!(finding.detector.as_deref().map(printable))),
        ("kind", json!(origin.kind.as_str())),
        ("platform", json!(origin.platform.as_deref().map(printable))),
        ("layer", json!(layer)),
        ("state", json!(origin.state.map(FileState::as_str))),
        ("hiddenByLayer", json!(origin.state.and_then(FileState::by_layer))),
        ("byteOffset", offset),
        ("pointer", pointer),
        ("notes", json!(finding.notes.iter().map(|n| prose(n)).collect::<Vec<_>>())),
        ("cause", json!(cause.map(|c| c.number))),
        ("causeFingerprint", json!(cause.map(|c| c.lead.fingerprint.as_str()))),
        ("placesLeftOut", if places_left_out > 0 { json!(places_left_out) } else { Value::Null }),
    ])
}

/// Priority from 0 to 100: by severity, then by confidence.
fn rank(severity: Severity, confidence: Confidence) -> f64 {
    let severity = match severity {
        Severity::Critical => 80.0,
        Severity::High => 55.0,
        Severity::Medium => 30.0,
        Severity::Low => 5.0,
    };
    let confidence = match confidence {
        Confidence::High => 20.0,
        Confidence::Medium => 10.0,
        Confidence::Low => 0.0,
    };
    severity + confidence
}
