//! The findings, worst first: each with its place, what to do, and how it came into the image.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::phrase::{
    artifact, count, hidden, lines, number, place, printable, prose, redacted, sentence,
};
use super::super::repository::Repository;
use super::super::source::Source;
use crate::finding::{Finding, LayerRecord, Report, Severity};
use seaworthy_source::Origin;

/// Further places of one finding that are listed.
const MAX_PLACES: usize = 20;

/// A finding and its number on the page, from 1.
#[derive(Clone, Copy)]
pub(super) struct Entry<'r> {
    pub(super) finding: &'r Finding,
    number: usize,
    /// The number of the finding that speaks for their common cause, if that is another.
    lead: Option<usize>,
}

impl Entry<'_> {
    /// The name by which the page links to it.
    pub(super) fn anchor(&self) -> String {
        format!("finding-{}", self.number)
    }
}

/// The findings of the page.
pub(super) struct Listed<'r> {
    entries: Vec<Entry<'r>>,
    left_out: usize,
}

impl<'r> Listed<'r> {
    /// All of a report but the `left_out` least severe.
    pub(super) fn of(report: &'r Report, left_out: usize) -> Self {
        let mut findings: Vec<(usize, &Finding)> = report.findings.iter().enumerate().collect();
        findings.sort_by_key(|(_, f)| Reverse((f.severity, f.confidence)));
        findings.truncate(report.findings.len() - left_out);
        let numbers: BTreeMap<usize, usize> =
            findings.iter().enumerate().map(|(at, (index, _))| (*index, at + 1)).collect();
        let members = report.causes.iter().flat_map(|c| c.findings.iter().map(|index| (*index, c.lead)));
        let leads: BTreeMap<usize, usize> = members.filter(|(index, lead)| index != lead).collect();
        let entry = |(at, (index, finding)): (usize, (usize, &'r Finding))| {
            let lead = leads.get(&index).and_then(|lead| numbers.get(lead)).copied();
            Entry { finding, number: at + 1, lead }
        };
        Self { entries: findings.into_iter().enumerate().map(entry).collect(), left_out }
    }

    /// Those that lie in a layer.
    pub(super) fn in_layer(&self, layer: &LayerRecord) -> impl Iterator<Item = &Entry<'r>> {
        let lies = move |origin: &Origin| {
            origin.artifact == layer.image
                && origin.platform == layer.platform
                && origin.layer.as_ref().is_some_and(|l| l.index == layer.index)
        };
        self.entries.iter().filter(move |e| e.finding.origins().any(lies))
    }

    /// How bad the worst in a layer is.
    pub(super) fn worst_in(&self, layer: &LayerRecord) -> Option<Severity> {
        self.in_layer(layer).map(|e| e.finding.severity).max()
    }
}

pub(super) fn section(report: &Report, listed: &Listed<'_>, repository: &Repository) -> Markup {
    html! {
        section aria-labelledby="findings" {
            h2 id="findings" { "Findings" }
            @if listed.entries.is_empty() { p { "Nothing was found." } } @else {
                (filters(report, listed))
                @if listed.left_out > 0 {
                    p { strong { (count(listed.left_out, "finding")) @if listed.left_out == 1 { " is" } @else { " are" } " left out: the least severe. The JSON report has all." } }
                }
                @for entry in &listed.entries { (article(report, entry, repository)) }
            }
        }
    }
}

/// Shown by the script alone; without it there is nothing to filter with.
fn filters(report: &Report, listed: &Listed<'_>) -> Markup {
    let of = |severity: Severity| listed.entries.iter().filter(|e| e.finding.severity == severity).count();
    let with = report.checks.iter().filter(|c| c.findings > 0);
    html! {
        form #filters hidden {
            fieldset {
                legend { "Show" }
                @for severity in Severity::ALL.into_iter().rev() {
                    @if of(severity) > 0 {
                        label { input type="checkbox" name="severity" value=(severity) checked; " " (severity) " (" (number(of(severity))) ")" }
                    }
                }
                label { "Check " select name="check" {
                    option value="" { "all" }
                    @for check in with { option value=(check.meta.id) { (check.meta.id) " " (check.meta.name) } }
                } }
                label { "Text " input type="search" name="text" autocomplete="off"; }
            }
            p role="status" { }
        }
    }
}

fn article(report: &Report, entry: &Entry<'_>, repository: &Repository) -> Markup {
    let Entry { finding, lead, .. } = *entry;
    let severity = finding.severity;
    let is_known = report.checks.iter().any(|c| c.meta.id == finding.check);
    html! {
        article id=(entry.anchor()) class=(severity) data-severity=(severity) data-check=(finding.check) {
            h3 {
                span class=(format!("severity {severity}")) { (severity) } " " (entry.number) ". "
                @if is_known { a href=(format!("#{}", finding.check)) { (finding.check) } } @else { (finding.check) }
                " " (sentence(&printable(&finding.message)))
            }
            dl {
                @if let Some(source) = Source::of(&finding.origin, repository) {
                    dt { "File" }
                    dd { code { (source.path) ":" (source.line) @if let Some(column) = source.column { ":" (column) } } }
                }
                dt { "Place" }
                dd { code { (place(&finding.origin)) } " in " (artifact(&finding.origin.artifact, finding.origin.platform.as_deref())) }
                (history(&finding.origin))
                @if let Some(secret) = &finding.secret { dt { "Secret" } dd { (redacted(secret)) @if let Some(detector) = &finding.detector { ", found by " (printable(detector)) } } }
                @if let Some(lead) = lead {
                    dt { "Cause" }
                    dd { "the same as " a href=(format!("#finding-{lead}")) { "finding " (lead) } }
                }
                dt { "Fix" }
                dd { @for line in prose(&finding.fix).lines() { p { (line) } } }
                @if !finding.notes.is_empty() { dt { "Notes" } dd { @for note in &finding.notes { p { (sentence(&prose(note))) } } } }
                @if !finding.places.is_empty() {
                    dt { "Also in" }
                    dd { ul {
                        @for other in finding.places.iter().take(MAX_PLACES) {
                            li {
                                code { (place(&other.origin)) }
                                @if other.severity != severity { " (" (other.severity) " there)" }
                                @if let Some(hidden) = hidden(&other.origin) { ", " (hidden) }
                            }
                        }
                        @if finding.places.len() > MAX_PLACES { li { (count(finding.places.len() - MAX_PLACES, "further place")) } }
                    } }
                }
                dt { "Accept" }
                dd { code { "seaworthy accept " (finding.fingerprint.as_str()) " --until DATE --reason TEXT" } }
            }
        }
    }
}

/// How it came into the image: the layer, the instruction that made it, and what hides it.
fn history(origin: &Origin) -> Markup {
    html! {
        @if origin.layer.is_some() || origin.made_by.is_some() {
            dt { "History" }
            dd {
                @if let Some(layer) = &origin.layer {
                    "layer " (layer.index)
                    @if let Some(instruction) = &layer.instruction { ": " code { (printable(instruction)) } }
                }
                @if let Some(made_by) = &origin.made_by { " from " code { (lines(made_by)) } }
                @if let Some(hidden) = hidden(origin) { ", " strong { (hidden) } }
            }
        }
    }
}
