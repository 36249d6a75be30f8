//! What an archive or a layout holds beside its images: members that no manifest reaches.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rayon::Scope;

use super::image::Seen;
use super::pipeline::{Expected, Pipeline};
use crate::check::image::ALL;
use crate::check::{Context, readers_of};
use crate::finding::{NotChecked, Reads};
use crate::observe::Unreached;
use seaworthy_image::{Images, MembersAsTar, Source};
use seaworthy_source::Place;

/// Examines the members that no manifest reaches, and takes what a stream handed on as layers and no image has.
pub(super) fn examine<'s>(
    scope: &Scope<'s>,
    pipeline: &'s Pipeline<'_>,
    source: &dyn Source,
    images: &Images,
    seen: &mut Seen,
) -> Vec<Unreached> {
    let missed = || images.missed.first().map(|missed| missed.origin.artifact.clone());
    let name = images.images.first().map(|image| image.name.clone()).or_else(missed).unwrap_or_default();
    let layers = images.images.iter().flat_map(|i| &i.layers).map(|layer| layer.blob.key.as_str());
    let layers: HashSet<&str> = layers.chain(images.not_requested.iter().map(String::as_str)).collect();
    let mut members: Vec<String> =
        seen.keys().filter(|key| !layers.contains(key.as_str())).cloned().collect();
    members.sort_unstable();
    let mut unreached = Vec::new();
    for member in members {
        if let Some(Ok(facts)) = seen.remove(&member) {
            unreached.push(Unreached { artifact: name.clone(), member: Some(member), facts });
        }
    }
    if !images.unreached.is_empty() {
        pipeline.progress.layers.fetch_add(1, Ordering::Relaxed);
        let tar = MembersAsTar::new(source, &images.unreached);
        let facts = Arc::new(pipeline.layer(scope, Box::new(tar), &Expected::default()));
        unreached.push(Unreached { artifact: name, member: None, facts });
    }
    unreached
}

/// What could not be examined of them.
pub(super) fn not_checked(unreached: &[Unreached], context: &Context<'_>) -> Vec<NotChecked> {
    let mut all = Vec::new();
    for one in unreached {
        let readers = || readers_of(ALL, Reads::Layers, context);
        for (what, reason) in &one.facts.summary.missed {
            all.push(NotChecked::new(one.whole(), what.clone(), reason.clone(), readers()));
        }
        for fault in &one.facts.not_opened {
            let origin = one.file(&fault.file, Place::Whole);
            all.push(NotChecked::file(origin, fault.reason.clone(), readers()));
        }
    }
    all
}
