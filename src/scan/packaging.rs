//! The files that build the image, as the contract names them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::Setup;
use crate::check::packaging::{
    BuildFile, BuildSurface, CheckedStage, Content, ExpectedBuild, Family, SURFACE, changed_paths, wanted,
};
use crate::check::{Answers, Context, readers_of, run_checks};
use crate::contract::{Contract, WorkflowSection};
use crate::finding::{ArtifactRecord, NotChecked, Reads, Subject};
use crate::observe::entrypoint::Entrypoint;
use seaworthy_context::IgnoreRules;
use seaworthy_provenance::Field;
use seaworthy_source::{Origin, OriginKind, Place, escape_bytes, input};
use seaworthy_workflow::{CompositeAction, MAX_BYTES, Workflow};

/// What the packaging provenance says of the build.
#[derive(Clone, Debug, Default)]
pub struct PackagedBuild {
    /// The repository that the image was pushed to.
    pub repository: Option<String>,
    /// The Dockerfile.
    pub dockerfile: Option<String>,
    /// The build context.
    pub context: Option<String>,
}

/// What was examined of the build itself.
#[derive(Clone, Debug, Default)]
pub(super) struct ExaminedBuild {
    /// The stage of the Dockerfile, if there is one.
    pub(super) stage: Option<CheckedStage>,
    /// What the builder is not sent.
    pub(super) ignored: Option<IgnoreRules>,
}

/// Reads and examines what the contract's `[workflow]` names, and compares it with what the packaging provenance says.
/// Gives what was read; nothing without such a section.
pub(super) fn build_surface(
    setup: &Setup<'_>,
    context: &Context<'_>,
    answers: &mut Answers,
    packaged: &PackagedBuild,
    examined: ExaminedBuild,
) -> Vec<ArtifactRecord> {
    let Some(section) = &setup.contract.workflow else { return Vec::new() };
    let mut records = Vec::new();
    let readers = readers_of(SURFACE, Reads::Workflows, context);
    let mut surface = load(section, setup.contract, &readers, answers, &mut records);
    let expected = &mut surface.expected;
    expected.packaged.clone_from(&packaged.repository);
    expected.packaged_dockerfile.clone_from(&packaged.dockerfile);
    expected.packaged_context.clone_from(&packaged.context);
    (expected.stage, expected.ignored) = (examined.stage, examined.ignored);
    run_checks(SURFACE, &surface, context, answers);
    records
}

/// The entrypoints of a contract, as checks know them.
pub(super) fn entrypoints(contract: &Contract) -> Vec<Entrypoint> {
    let entries = contract.entrypoints.iter().cloned();
    entries
        .map(|e| Entrypoint {
            position: e.position,
            handle: e.handle,
            command: e.command,
            required_args: e.required_args,
            optional_args: e.optional_args,
            working_dir: e.working_dir,
            user: e.user,
            dry_run: e.dry_run,
            fixtures: e.fixtures,
            args_at_start: e.args_at_start,
            unused: e.unused,
        })
        .collect()
}

/// Most workflows of the repository that are read because others call them.
const MAX_CALLED: usize = 32;

fn load(
    section: &WorkflowSection,
    contract: &Contract,
    asked: &[&'static str],
    answers: &mut Answers,
    records: &mut Vec<ArtifactRecord>,
) -> BuildSurface {
    let root = checkout_root(section, contract);
    let mut surface = BuildSurface {
        family: section.family,
        job: section.job.clone(),
        files: Vec::new(),
        expected: expected(section, contract, &root),
    };
    let mut open: Vec<(PathBuf, Option<String>)> = section.files.iter().map(|p| (p.clone(), None)).collect();
    let mut next = 0;
    while let Some((path, called_as)) = open.get(next).cloned() {
        next += 1;
        let name = path.display().to_string();
        let mut miss = |place: Place, reason: String| {
            let shown = escape_bytes(name.as_bytes());
            let origin =
                Origin { path: Some(shown.clone()), place, ..Origin::new(OriginKind::Workflow, shown) };
            let what = "build workflow".to_owned();
            answers.not_checked.push(NotChecked::new(origin, what, reason, asked.to_vec()));
        };
        let text = match read_text(&path) {
            Ok(text) => text,
            Err(reason) => {
                miss(Place::Whole, reason);
                continue;
            }
        };
        records.push(record(&name, &text));
        let content = match section.family {
            Family::LocalCli => Content::Script,
            Family::GithubActions => match Workflow::parse(&text) {
                Ok(workflow) => {
                    for called in called(&workflow) {
                        let known =
                            open.iter().any(|(_, as_path)| as_path.as_deref() == Some(called.as_str()));
                        if known {
                            continue;
                        }
                        if open.len() >= section.files.len() + MAX_CALLED {
                            let called = escape_bytes(called.as_bytes());
                            miss(
                                Place::Whole,
                                format!(
                                    "it calls {called}, and more than {MAX_CALLED} called workflows are not read"
                                ),
                            );
                            break;
                        }
                        open.push((root.join(&called), Some(called)));
                    }
                    Content::Workflow(workflow)
                }
                Err(error) => {
                    miss(Place::Text { position: error.position, offset: 0 }, error.reason);
                    continue;
                }
            },
        };
        let own = below(&root, &path);
        surface.files.push(BuildFile { name, text, content, path: own, called_as });
    }
    add_scripts(&mut surface, &root, records);
    surface.expected.run = surface.files.iter().filter_map(|f| f.called_as.clone()).collect();
    surface.expected.committed = committed(&root, changed_paths(&surface));
    surface
}

/// Most files that are looked at below directories that a build changes.
const MAX_COMMITTED: usize = 20_000;

/// The files of a checkout that are among paths, or below them.
fn committed(root: &Path, paths: BTreeSet<String>) -> BTreeSet<String> {
    let is_plain = |path: &String| {
        !path.starts_with(['/', '~', '$', '`']) && path.split('/').all(|part| !matches!(part, ".." | ""))
    };
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = paths.into_iter().filter(is_plain).collect();
    let mut looked = 0;
    while let Some(path) = open.pop().filter(|_| looked < MAX_COMMITTED) {
        looked += 1;
        let place = root.join(&path);
        let Ok(kind) = place.symlink_metadata() else { continue };
        if !kind.is_dir() {
            found.insert(path);
            continue;
        }
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name != ".git" {
                open.push(if path == "." { name } else { format!("{path}/{name}") });
            }
        }
    }
    found
}

/// Most scripts of the repository that are read because others run them.
const MAX_SCRIPTS: usize = 64;

/// Adds the scripts, makefiles and composite actions of the repository that those of the surface run. One that is not there, or is none, is
/// what the surface cannot see into.
fn add_scripts(surface: &mut BuildSurface, root: &Path, records: &mut Vec<ArtifactRecord>) {
    let mut asked: BTreeSet<String> = BTreeSet::new();
    loop {
        let new: Vec<String> = wanted(surface).into_iter().filter(|p| asked.insert(p.clone())).collect();
        if new.is_empty() || asked.len() > MAX_SCRIPTS {
            return;
        }
        for path in new {
            if path.split('/').any(|part| matches!(part, ".." | "")) {
                continue;
            }
            let file = root.join(&path);
            let Ok(text) = read_text(&file) else { continue };
            let first = text.lines().next().unwrap_or_default();
            if first.starts_with("#!") && !first.ends_with("sh") && !first.contains("sh ") {
                continue;
            }
            let content = if is_action(&path) {
                // Another kind of action, or none, is what cannot be seen into.
                let Ok(Some(action)) = CompositeAction::parse(&text) else { continue };
                Content::Action(action)
            } else {
                Content::Script
            };
            let name = file.display().to_string();
            records.push(record(&name, &text));
            let own = Some(path.clone());
            surface.files.push(BuildFile { name, text, content, path: own, called_as: Some(path) });
        }
    }
}

/// Whether a path is that of an action's metadata.
fn is_action(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"))
}

fn record(name: &str, text: &str) -> ArtifactRecord {
    let digest: String = seaworthy_source::sha256_hex(text.as_bytes());
    ArtifactRecord {
        subject: Subject::Workflow,
        name: name.to_owned(),
        tags: Vec::new(),
        platform: None,
        digest: Some(format!("sha256:{digest}")),
        config_digest: None,
        layers: 0,
    }
}

/// The workflows of the repository that a workflow calls, from the root of the checkout.
fn called(workflow: &Workflow) -> Vec<String> {
    let uses = workflow.jobs.iter().filter_map(|j| j.uses.as_ref());
    let local = uses.filter_map(|u| u.text.trim().strip_prefix("./"));
    local.filter(|path| path.split('/').all(|part| !matches!(part, ".." | ""))).map(str::to_owned).collect()
}

/// The root of the checkout: what holds `.github`, else the contract's directory.
fn checkout_root(section: &WorkflowSection, contract: &Contract) -> PathBuf {
    for file in &section.files {
        let parts: Vec<Component<'_>> = file.components().collect();
        if let Some(at) = parts.iter().position(|c| c.as_os_str() == ".github") {
            return parts.iter().take(at).collect();
        }
    }
    contract.path().and_then(Path::parent).map(Path::to_owned).unwrap_or_default()
}

/// What the contract says of the build.
fn expected(section: &WorkflowSection, contract: &Contract, root: &Path) -> ExpectedBuild {
    let documents = &contract.documents;
    let pinned =
        |field: Field| documents.pinned.iter().find(|(f, _)| *f == field).map(|(_, text)| text.clone());
    let own = |path: &Option<PathBuf>| path.as_deref().and_then(|p| below(root, p));
    ExpectedBuild {
        committed: BTreeSet::new(),
        run: BTreeSet::new(),
        packaged: None,
        packaged_dockerfile: None,
        packaged_context: None,
        stage: None,
        ignored: None,
        repository: pinned(Field::RepositoryUri),
        dockerfile: pinned(Field::DockerfilePath).or_else(|| own(&contract.image.dockerfile)),
        context: pinned(Field::BuildPath).or_else(|| own(&contract.image.context)),
        platforms: section.platforms.clone(),
        tag_pattern: documents.tag_pattern.clone(),
        tag_output: section.tag_output.clone(),
        digest_output: section.digest_output.clone(),
        tools: section.tools.clone(),
        handles: contract
            .handles
            .iter()
            .flat_map(|h| h.entries().map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<Vec<_>>())
            .collect(),
    }
}

/// A path from the root, `.` for the root itself; nothing if it is not below it.
fn below(root: &Path, path: &Path) -> Option<String> {
    let (root, path) = (lexical(root)?, lexical(path)?);
    let rest = path.strip_prefix(&root).ok()?.to_str()?.to_owned();
    Some(if rest.is_empty() { ".".to_owned() } else { rest })
}

/// A path without `.` and `..`, absolute; links are not followed.
fn lexical(path: &Path) -> Option<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let mut out = PathBuf::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    Some(out)
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = input::read_file(path, MAX_BYTES).map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
