//! The locations of a cause beside its lead's: one row each, nothing that repeats a row above it.

use std::collections::HashMap;

use super::screen::{DIM, LINK, OPEN, PLAIN, Piece};
use crate::finding::{Cause, Finding, Report};
use crate::report::phrase::{self, hidden, ids, place, printable, redacted, short_digests, shorten};
use seaworthy_source::{Origin, OriginKind, Place};

/// Characters of an instruction that are shown.
const INSTRUCTION: usize = 60;

/// One row: where, what is there, and which checks say so.
pub(super) struct Row {
    place: String,
    what: String,
    around: Vec<String>,
    checks: Vec<&'static str>,
}

/// The rows of a cause; those of its lead's own place are left out.
pub(super) fn rows(report: &Report, cause: &Cause) -> Vec<Row> {
    let findings: Vec<&Finding> = cause.findings.iter().filter_map(|i| report.findings.get(*i)).collect();
    let Some((lead, others)) = findings.split_first() else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::new();
    // Rows by their places, and by what those begin with: a place without a line is that of the rows with one.
    let mut known: HashMap<String, usize> = HashMap::new();
    // What stands in an image is told at large only where no file of a context tells it.
    let in_context = findings.iter().any(|f| f.origin.kind == OriginKind::Context);
    let at = |origin: &Origin| at(origin, in_context);
    let own = at(&lead.origin);
    let mut all: Vec<(&Finding, &Origin)> =
        others.iter().flat_map(|f| f.origins().map(move |o| (*f, o))).collect();
    all.extend(lead.places.iter().map(|p| (*lead, &p.origin)));
    // Rows with a line say more than those of the whole file.
    all.sort_by_key(|(_, o)| (is_image(o.kind), o.place == Place::Whole));
    for (finding, origin) in all {
        let place = at(origin);
        if place == own {
            // Another thing that is wrong at the same place, such as one more step that a job lacks.
            if finding.check == lead.check && finding.secret.is_none() && finding.message != lead.message {
                let what = what(finding, origin, in_context);
                if !rows.iter().any(|row| row.what == what) {
                    rows.push(Row { place, what, around: Vec::new(), checks: vec![finding.check] });
                }
            }
            continue;
        }
        if let Some(row) = known.get(&place).and_then(|at| rows.get_mut(*at)) {
            if !row.checks.contains(&finding.check) {
                row.checks.push(finding.check);
            }
            continue;
        }
        for (end, _) in place.match_indices(':') {
            if let Some(start) = place.get(..end).filter(|start| !known.contains_key(*start)) {
                known.insert(start.to_owned(), rows.len());
            }
        }
        known.entry(place.clone()).or_insert(rows.len());
        let around = [made_in(origin), hidden(origin)].into_iter().flatten().collect();
        rows.push(Row {
            place: short_digests(&place),
            what: what(finding, origin, in_context),
            around,
            checks: vec![finding.check],
        });
    }
    rows
}

/// What made a layer: the lines of the Dockerfile where they are known, else the instruction.
pub(super) fn made_in(origin: &Origin) -> Option<String> {
    let instruction = if origin.made_by.is_some() { 0 } else { INSTRUCTION };
    let text = phrase::made_in(origin, instruction)?;
    Some(text.trim_end_matches(", ").trim_end_matches(", …").to_owned())
}

/// Where: a file of an image whose lines are told in the context is named once.
fn at(origin: &Origin, in_context: bool) -> String {
    match origin.kind {
        OriginKind::LayerFile if in_context => place(&Origin { place: Place::Whole, ..origin.clone() }),
        _ => place(origin),
    }
}

fn is_image(kind: OriginKind) -> bool {
    matches!(
        kind,
        OriginKind::LayerFile
            | OriginKind::Layer
            | OriginKind::History
            | OriginKind::Config
            | OriginKind::Manifest
            | OriginKind::Attestation
    )
}

/// What is there: the variable and the kind of secret, or the message.
fn what(finding: &Finding, origin: &Origin, in_context: bool) -> String {
    let message = short_digests(&printable(&finding.message));
    // What stands in an image was named where it came from.
    if in_context && origin.kind == OriginKind::LayerFile {
        return String::new();
    }
    let Some(secret) = &finding.secret else { return message };
    let kind = message.split(" in a ").next().unwrap_or(&message).to_owned();
    let name = secret.name.as_deref().map(printable).unwrap_or_default();
    let value = if secret.length.is_some() { redacted(secret) } else { String::new() };
    [name, kind, value].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("  ")
}

impl Row {
    /// The row on one line of at most `width` characters; `first` is the width of its first column.
    pub(super) fn pieces(&self, first: usize, width: usize) -> Vec<Piece> {
        let checks = ids(&self.checks);
        let text = [self.what.as_str(), &self.around.join("; ")]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join("  ");
        let style = if self.around.iter().any(|a| a.contains("still shipped")) { OPEN } else { PLAIN };
        let used = first.max(self.place.chars().count()) + checks.chars().count() + 5;
        let room = width.saturating_sub(used);
        let mut pieces = vec![(LINK, format!("{:first$}", self.place))];
        if room >= 8 && !text.is_empty() {
            pieces.push((style, format!(" {}", shorten(&text, room))));
        }
        pieces.push((DIM, format!(" {checks}")));
        pieces
    }

    /// Characters of the place.
    pub(super) fn place_width(&self) -> usize {
        self.place.chars().count()
    }
}
