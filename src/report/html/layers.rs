//! The layers of each image, drawn to scale, with the findings that lie in them. Widths are attributes of SVG shapes, for
//! the page's policy allows no style but its own.

use maud::{Markup, html};

use super::super::phrase::{artifact, count, printable, size};
use super::findings::Listed;
use crate::finding::{LayerRecord, Report, Severity};

/// Layers of one image that are drawn.
const MAX_LAYERS: usize = 200;
/// Findings of one layer that are linked.
const MAX_LINKS: usize = 12;

pub(super) fn section(report: &Report, listed: &Listed<'_>) -> Markup {
    let mut images: Vec<(&str, Option<&str>)> = Vec::new();
    for layer in &report.layers {
        let key = (layer.image.as_str(), layer.platform.as_deref());
        if !images.contains(&key) {
            images.push(key);
        }
    }
    html! {
        @if !images.is_empty() {
            section aria-labelledby="layers" {
                h2 id="layers" { "Layers" }
                p.small { "Base first. Bars show sizes without compression, to the scale of the largest layer." }
                @for (name, platform) in images {
                    @let layers = report.layers.iter().filter(|l| l.image == name && l.platform.as_deref() == platform);
                    (image(name, platform, &layers.collect::<Vec<_>>(), listed))
                }
            }
        }
    }
}

fn image(name: &str, platform: Option<&str>, layers: &[&LayerRecord], listed: &Listed<'_>) -> Markup {
    let largest = layers.iter().filter_map(|l| l.bytes).max().unwrap_or(0).max(1);
    html! {
        h3 { (artifact(name, platform)) }
        ol.layers start="0" {
            @for layer in layers.iter().take(MAX_LAYERS) {
                li {
                    div.layer {
                        span.index { (layer.index) }
                        (bar(layer, largest, listed.worst_in(layer)))
                        span.size { (layer.bytes.map_or_else(|| "size not known".to_owned(), size)) }
                        code.instruction { (instruction(layer)) }
                    }
                    (marks(layer, listed))
                }
            }
        }
        @if layers.len() > MAX_LAYERS { p { (count(layers.len() - MAX_LAYERS, "layer")) " more." } }
    }
}

/// A bar whose width is to scale; what has any size can be seen.
fn bar(layer: &LayerRecord, largest: u64, worst: Option<Severity>) -> Markup {
    let thousandths = layer.bytes.map_or(0, |b| (u128::from(b) * 1_000 / u128::from(largest)).max(4));
    let class = worst.map_or("bar", |s| match s {
        Severity::Critical => "bar critical",
        Severity::High => "bar high",
        Severity::Medium => "bar medium",
        Severity::Low => "bar low",
    });
    html! {
        svg class=(class) viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.track x="0" y="0" width="1000" height="10" {}
            rect.fill x="0" y="0" width=(thousandths) height="10" {}
        }
    }
}

fn instruction(layer: &LayerRecord) -> String {
    layer.instruction.as_deref().map_or_else(|| "instruction not known".to_owned(), printable)
}

fn marks(layer: &LayerRecord, listed: &Listed<'_>) -> Markup {
    let found: Vec<_> = listed.in_layer(layer).collect();
    html! {
        @if !found.is_empty() {
            p.marks {
                (count(found.len(), "finding")) ": "
                @for entry in found.iter().take(MAX_LINKS) {
                    a class=(format!("mark {}", entry.finding.severity)) href=(format!("#{}", entry.anchor())) {
                        (entry.finding.check) " " (entry.finding.severity)
                    } " "
                }
                @if found.len() > MAX_LINKS { "and " (found.len() - MAX_LINKS) " more" }
            }
        }
    }
}
