//! Secrets in files that a builder is sent.

use super::act::{Act, Stage};
use super::changes::REMOVED;
use super::recipe;
use super::secret::{Exposure, How};
use super::surface::ExpectedBuild;

/// The secrets that are written into a file of the build context before the build, and are there when it begins.
pub(super) fn exposures(acts: &[Act], expected: &ExpectedBuild) -> Vec<Exposure> {
    let mut found = Vec::new();
    for (index, act) in acts.iter().enumerate().filter(|(_, a)| a.never.is_none()) {
        let Stage::Writes(what) = &act.stage else { continue };
        let Some(path) = act.references.first() else { continue };
        let later = acts.iter().skip(index).filter(|a| a.never.is_none() && a.stage == Stage::Uploads);
        if later.flat_map(|a| &a.references).any(|kept| is_below(path, kept)) {
            found.push(Exposure { at: act.at, how: How::Artifact, what: what.clone() });
        }
        // What is not in the checkout, or known only when it runs.
        if path.starts_with(['/', '~', '$', '`', '.']) && !is_hidden(path) {
            continue;
        }
        let builds =
            acts.iter().enumerate().skip(index).filter(|(_, a)| a.stage == Stage::Build && a.never.is_none());
        let is_removed = |build: usize| {
            let between = acts.iter().take(build).skip(index + 1);
            between
                .filter(|a| a.stage == Stage::Change && a.source.as_deref() == Some(REMOVED))
                .any(|a| a.references.contains(path))
        };
        let hows =
            builds.filter(|(build, _)| !is_removed(*build)).filter_map(|(_, a)| sent(path, a, expected));
        if let Some(how) = hows.min_by_key(|how| *how != How::InContext) {
            found.push(Exposure { at: act.at, how, what: what.clone() });
        }
    }
    found
}

/// Whether a path is another one, or lies below it.
fn is_below(path: &str, directory: &str) -> bool {
    directory == "."
        || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A file or directory whose name begins with a dot, such as `.env`.
fn is_hidden(path: &str) -> bool {
    path.strip_prefix('.').is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['.', '/']))
}

/// Whether a build is sent a file.
pub(super) fn sent(path: &str, build: &Act, expected: &ExpectedBuild) -> Option<How> {
    let recipe = build.recipe.as_ref().filter(|r| !r.is_remote)?;
    let context = recipe::context_of(recipe);
    let inside = if context == "." { Some(path) } else { path.strip_prefix(&context)?.strip_prefix('/') }?;
    match &expected.ignored {
        // The rules are those of the context that is checked.
        Some(rules) if expected.context.as_ref().is_none_or(|own| *own == context) => {
            (!rules.excluded(inside.as_bytes())).then_some(How::InContext)
        }
        _ => Some(How::PerhapsInContext),
    }
}
