//! Whether an image is built from the commit that it is named after: what is checked out, and what changes the checkout
//! before the build.

use super::act::{Act, At, Recipe, Stage};
use super::changes::{ALTERED, NAMED, REMOVED, REPLACED, TOUCHED};
use super::context_files;
use super::paths;
use super::reading;
use super::recipe;
use super::sequence::Fault;
use super::surface::{BuildSurface, ExpectedBuild, Family, joined};
use std::collections::BTreeSet;

use seaworthy_source::Position;
use seaworthy_workflow::{Job, Step};

/// The action that checks a repository out.
const CHECKOUT: &str = "actions/checkout";

/// Expressions of GitHub that are the commit of the run, as they are written.
const COMMIT_EXPRESSIONS: [&str; 4] =
    ["${{ github.sha }}", "${{github.sha}}", "${{ env.GITHUB_SHA }}", "${{env.GITHUB_SHA}}"];

/// What a job checks out beside the commit of its run, step by step; `file` is the workflow's number. What comes after
/// the last build, which begins at `until`, changes nothing about the image. `named` is the commit in the image's tag,
/// where that is another expression than the commit of the run.
pub(super) fn checkouts(job: &Job, file: usize, until: Option<Position>, named: Option<&str>) -> Vec<Fault> {
    let steps = job.steps.iter().filter(|step| until.is_none_or(|until| step.position <= until));
    let is_checkout =
        |step: &&Step| step.uses.as_ref().is_some_and(|uses| uses.text.split('@').next() == Some(CHECKOUT));
    steps
        .filter(is_checkout)
        .flat_map(|step| checkout(step, At { file, position: step.position }, named))
        .collect()
}

/// Whether a step checks out something else than the commit of the run, or may, in its place.
pub(super) fn takes_others(step: &Step) -> bool {
    let is_checkout = step.uses.as_ref().is_some_and(|uses| uses.text.split('@').next() == Some(CHECKOUT));
    is_checkout && !checkout(step, At { file: 0, position: step.position }, None).is_empty()
}

/// The directory that a job checks its own repository out into, if that is another one than the workspace.
pub(super) fn own_directory(job: &Job) -> Option<String> {
    let is_own =
        |step: &&Step| step.action().as_deref() == Some(CHECKOUT) && step.input("repository").is_none();
    let path = |step: &Step| step.input("path").map(|p| joined("", p.value.text.trim()));
    let mut paths: Vec<Option<String>> = job.steps.iter().filter(is_own).map(path).collect();
    paths.dedup();
    match paths.as_slice() {
        [Some(path)] if path != "." && !path.contains('$') => Some(path.clone()),
        _ => None,
    }
}

/// Paths from the workspace as paths from a directory of it, which the repository is checked out into.
pub(super) fn from_directory(acts: &mut [Act], directory: &str) {
    let from = |path: &str| match path.strip_prefix(directory) {
        Some("") => ".".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/').to_owned(),
        _ if path.starts_with(['/', '~', '$', '`']) || path.contains("://") => path.to_owned(),
        _ => format!("../{path}"),
    };
    for act in acts {
        if matches!(act.stage, Stage::Change | Stage::Writes(_)) {
            act.references.iter_mut().for_each(|path| *path = from(path));
        }
        let Some(recipe) = act.recipe.as_mut().filter(|r| !r.is_remote) else { continue };
        let context = recipe::context_of(recipe);
        recipe.dockerfile = Some(from(&recipe::dockerfile_of(recipe, &context)));
        recipe.context = Some(from(&context));
        recipe.directory = String::new();
    }
}

/// What a step of `actions/checkout` takes: its inputs `repository`, `ref` and `path` as the action's README has them.
fn checkout(step: &Step, at: At, named: Option<&str>) -> Vec<Fault> {
    let input = |name: &str| {
        let pair = step.with.iter().find(|pair| pair.name == name);
        pair.map(|pair| pair.value.text.trim()).filter(|value| !value.is_empty())
    };
    // Beside the sources, another repository is at its own place.
    if input("path").is_some_and(|path| path != ".") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if let Some(named) = named.filter(|_| input("repository").is_none()) {
        let inner = input("ref").and_then(|r| r.strip_prefix("${{")?.strip_suffix("}}"));
        if inner.is_some_and(|i| i.trim() == named) {
            return faults;
        }
        if input("ref").is_none() {
            let reason = format!(
                "the image is named after {named}, and whether that is the commit that is checked out is not known"
            );
            return vec![Fault::unclear(at, "sources", reason)];
        }
    }
    const REPOSITORY: [&str; 2] = ["${{ github.repository }}", "${{github.repository}}"];
    for (name, own) in [("ref", &COMMIT_EXPRESSIONS[..]), ("repository", &REPOSITORY)] {
        let Some(value) = input(name).filter(|value| !own.contains(value)) else { continue };
        if value.contains("${{") {
            let reason =
                format!("it checks out the {name} {value}, and whether that is the commit's is not known");
            faults.push(Fault::unclear(at, "sources", reason));
        } else {
            faults.push(Fault::deviates(
                at,
                format!(
                    "it checks out the {name} {value}, and the image is named after the commit of the run"
                ),
                "Remove the input, so that the commit of the run is checked out.",
            ));
        }
    }
    faults
}

/// The builds of acts whose image is published, each with its place among them.
pub(super) fn published<'a>(
    acts: &'a [Act],
    is_right: &'a dyn Fn(&Act) -> bool,
) -> impl Iterator<Item = (usize, &'a Act)> {
    acts.iter().enumerate().filter(move |(_, a)| a.stage == Stage::Build && a.never.is_none() && is_right(a))
}

/// What is changed before the image is built: its Dockerfile, the ignore file beside it, the sources.
pub(super) fn changes(
    acts: &[Act],
    family: Family,
    expected: &ExpectedBuild,
    is_right: &dyn Fn(&Act) -> bool,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let builds: Vec<(usize, &Act, &Recipe)> = published(acts, is_right)
        .filter_map(|(i, a)| Some((i, a, a.recipe.as_ref().filter(|r| !r.is_remote)?)))
        .collect();
    for (index, act) in acts.iter().enumerate().filter(|(_, a)| a.never.is_none()) {
        let later = || builds.iter().filter(|(build, ..)| *build > index);
        if later().next().is_none() {
            continue;
        }
        let fault = match &act.stage {
            Stage::Change => later()
                .find_map(|(_, _, recipe)| changed(act, recipe))
                .or_else(|| later().find_map(|(_, build, _)| altered(act, build, expected))),
            // A script of its own tells the commit after it changed the sources.
            Stage::Sources { commits: true }
                if family == Family::LocalCli
                    && acts.iter().skip(index).any(|a| a.stage == Stage::Commit) =>
            {
                None
            }
            Stage::Sources { .. } => {
                let reason = "git puts other sources in place of those that were checked out: whether they are \
                              those of the commit is not known";
                Some(Fault::unclear(act.at, "sources", reason))
            }
            _ => None,
        };
        faults.extend(fault.filter(|f| !faults.contains(f)));
    }
    faults
}

/// The files and directories that the surface's files change, from the root of the checkout.
pub fn changed_paths(surface: &BuildSurface) -> BTreeSet<String> {
    let works: Vec<reading::Work> = match surface.family {
        Family::LocalCli => vec![reading::scripts(surface, &[])],
        Family::GithubActions => reading::jobs(surface, &[]).into_iter().flat_map(|j| j.rounds).collect(),
    };
    let acts = works.into_iter().flat_map(|w| w.acts).filter(|a| a.stage == Stage::Change);
    let place = |path: String| if paths::is_pattern(&path) { paths::fixed_part(&path) } else { path };
    acts.flat_map(|a| a.references).map(place).collect()
}

/// A change of a source that the builder is sent: what the commit has there is not what is built. A file that is written
/// as a whole, such as one with the version, is made by the build.
fn altered(act: &Act, build: &Act, expected: &ExpectedBuild) -> Option<Fault> {
    let is_plain = |path: &&String| *path == "." || !path.starts_with(['/', '~', '$', '`', '.']);
    let sent = |path: &str| context_files::sent(path, build, expected).is_some();
    // A directory with files of the commit that the builder is sent.
    let holds = |path: &str| {
        let is_in =
            |f: &&String| path == "." || f.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        expected.committed.iter().filter(is_in).any(|f| sent(f))
    };
    let fitting = |path: &str| expected.committed.iter().any(|f| paths::fits(path, f) && sent(f));
    let is_changed = |path: &&String| match act.source.as_deref() {
        Some(TOUCHED) => false,
        _ if paths::is_pattern(path) => fitting(path),
        Some(NAMED) => expected.committed.contains(*path) && sent(path) || holds(path),
        // Nothing is known of what is new in the root: only what would be sent whatever its name counts.
        Some(ALTERED) if *path == "." => sent("file"),
        Some(ALTERED) => sent(path) || holds(path),
        Some(REMOVED | REPLACED) => {
            expected.committed.contains(*path) && sent(path) || *path != "." && holds(path)
        }
        _ => expected.committed.contains(*path) && sent(path),
    };
    let is_run = |path: &&String| expected.run.contains(*path) && act.source.as_deref() != Some(TOUCHED);
    if let Some(path) = act.references.iter().find(is_run) {
        let reason =
            format!("{path}, which the build runs, is changed before: what it does then is not known");
        return Some(Fault::unclear(act.at, "sources", reason));
    }
    let path = act.references.iter().filter(is_plain).find(is_changed)?;
    let reason = format!(
        "{path} is changed before the build: whether what is built is that of the commit is not known"
    );
    Some(Fault::unclear(act.at, "sources", reason))
}

/// A change of a file that decides what is built.
fn changed(act: &Act, recipe: &Recipe) -> Option<Fault> {
    let context = recipe::context_of(recipe);
    let dockerfile = recipe::dockerfile_of(recipe, &context);
    let in_context = if context == "." { String::new() } else { format!("{context}/") };
    let is = |path: &str| act.references.iter().any(|r| r == path);
    let fits = |path: &str| {
        let is_open = |r: &String| paths::is_pattern(r) && paths::fits(r, path);
        act.references.iter().any(is_open) || act.source.as_deref() == Some(NAMED) && is(path)
    };
    let ignores = [format!("{dockerfile}.dockerignore"), format!("{in_context}.dockerignore")];
    let is_touched = act.source.as_deref() == Some(TOUCHED);
    if let Some(path) = ignores.iter().chain([&dockerfile]).find(|path| fits(path)).filter(|_| !is_touched) {
        let reason =
            format!("{path} may be changed before the build: whether it is that of the commit is not known");
        return Some(Fault::unclear(act.at, "sources", reason));
    }
    if is(&dockerfile) {
        return Some(Fault::deviates(
            act.at,
            "the Dockerfile is changed before the build: the image is not built from the one of the commit",
            "Commit the Dockerfile as it is built; values of a run are build arguments.",
        ));
    }
    ignores.iter().any(|path| is(path)).then(|| {
        Fault::deviates(
            act.at,
            "the ignore file is changed before the build: the builder is sent other files than those that were checked",
            "Commit the ignore file as it is used.",
        )
    })
}
