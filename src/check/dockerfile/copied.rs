//! Which secret files each COPY and ADD takes, and where it puts them.

use std::collections::BTreeMap;

use super::path::absolute;
use crate::check::Context;
use crate::check::dockerfile::build::{ExaminedContext, Recipe};
use crate::finding::{Confidence, Severity};
use crate::observe::SecretFileSighting;
use seaworthy_context::{CopySource, FileKind, SourcePath};
use seaworthy_dockerfile::Instruction;

/// A file of the context that holds a secret.
#[derive(Clone, Debug)]
pub(super) struct SecretFile {
    /// Its place in the list of entries.
    pub(super) file: usize,
    /// What it is, for people.
    pub(super) what: String,
    /// How bad it is to have it in an image.
    pub(super) severity: Severity,
}

/// All files of the context that are secret by their kind or hold a secret.
pub(super) fn secret_files(context: &Context<'_>, examined: &ExaminedContext) -> Vec<SecretFile> {
    let mut files: BTreeMap<usize, SecretFile> = BTreeMap::new();
    let index = |ordinal: u64| usize::try_from(ordinal).unwrap_or(usize::MAX);
    let surroundings = examined.surroundings();
    for SecretFileSighting { file: meta, kind, severity } in &examined.facts.secret_files {
        if surroundings.sample_of(meta.path.as_bytes()).is_some() {
            continue;
        }
        let file = index(meta.ordinal);
        files.insert(file, SecretFile { file, what: kind.what.to_owned(), severity: *severity });
    }
    for sighting in &examined.facts.sightings {
        let Some(rule) = context.rules.get(sighting.rule) else { continue };
        let file = index(sighting.file.ordinal);
        // The Dockerfile's own secrets are told at their instructions.
        let own = examined.dockerfile == Some(file);
        let rating = surroundings.rate(&sighting.subject(rule), sighting.file.path.as_bytes());
        if !rating.held_back
            && rating.confidence > Confidence::Low
            && rating.severity >= Severity::High
            && !own
        {
            let what = format!("holds: {}", rule.name);
            let secret = files.entry(file).or_insert(SecretFile { file, what, severity: rating.severity });
            secret.severity = secret.severity.max(rating.severity);
        }
    }
    files.into_values().collect()
}

/// Where a COPY or ADD puts an entry that it takes (absolute).
pub(super) fn target(
    recipe: &Recipe<'_>,
    number: usize,
    examined: &ExaminedContext,
    copy: &CopySource,
    file: usize,
) -> Option<String> {
    let inner = recipe.dockerfile.instructions.get(number).map(Instruction::innermost)?;
    let files = inner.files()?;
    let expanded = recipe.resolution.expand(number, &files.destination);
    let destination = expanded.map_or_else(|_| files.destination.to_string(), |e| e.as_str().to_owned());
    let base = absolute(recipe.directory(number), &destination);
    let path = String::from_utf8_lossy(examined.files.files.get(file)?.bytes()).into_owned();
    if copy.parents {
        return Some(absolute(&base, &path));
    }
    let directory = destination.ends_with('/') || destination.ends_with('.') || copy.sources.len() > 1;
    let texts = |source: &'_ SourcePath| match source {
        SourcePath::Known(text) | SourcePath::Prefix(text) => vec![text.clone()],
        SourcePath::OneOf(texts) => texts.clone(),
    };
    for source in copy.sources.iter().flat_map(texts) {
        let source = source.as_str();
        let clean = absolute("/", source);
        let clean = clean.trim_start_matches('/');
        if clean.is_empty() {
            return Some(absolute(&base, &path));
        }
        if path == clean {
            let name = path.rsplit('/').next().unwrap_or_default();
            return Some(if directory { absolute(&base, name) } else { base });
        }
        let is_directory = examined
            .files
            .position(clean.as_bytes())
            .and_then(|i| examined.files.files.get(i))
            .is_some_and(|f| f.kind == FileKind::Directory);
        if is_directory && let Some(rest) = path.strip_prefix(clean).and_then(|r| r.strip_prefix('/')) {
            return Some(absolute(&base, rest));
        }
    }
    // By a wildcard, a link or an unknown variable: the name is kept.
    Some(absolute(&base, path.rsplit('/').next().unwrap_or_default()))
}
