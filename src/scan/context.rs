//! One build before it is done: the Dockerfile and its context, end to end.

mod copies;
mod read;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::{Outcome, PackagedBuild, ScanError, Setup};
use crate::check::dockerfile::build::{Build, ExaminedContext, Recipe};
use crate::check::packaging::CheckedStage;
use crate::check::{
    Answers, Context, Masker, context as context_checks, dockerfile as dockerfile_checks, readers_of,
    run_checks,
};
use crate::finding::{ArtifactRecord, NotChecked, Reads, Subject};
use crate::observe::fallback::Watch;
use crate::observe::library::OwnPackages;
use seaworthy_context::{
    Builder, Context as Files, FileKind, GitIndex, IgnoreRules, SpecialKind, Unread, reach,
};
use seaworthy_dockerfile::Dockerfile;
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// What is to be examined.
pub struct ContextRequest {
    /// The directory that the builder is given.
    pub root: PathBuf,
    /// The Dockerfile; a listing can do without.
    pub dockerfile: Option<DockerfileSource>,
    /// The stage to build, if it is not the last.
    pub target: Option<String>,
    /// Who builds.
    pub builder: Builder,
    /// What the packaging provenance says of the build, where a run is examined.
    pub packaged: PackagedBuild,
}

/// A Dockerfile as it was read.
#[derive(Clone, Debug)]
pub struct DockerfileSource {
    /// Where it was read; nothing for standard input.
    pub path: Option<PathBuf>,
    /// Its name as the user gave it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The files of a context.
pub struct Listing {
    /// Their paths as raw bytes, in byte order. Directories are not listed, nor are sockets, which builders leave out.
    pub paths: Vec<Vec<u8>>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
}

/// Examines a build before it is done.
///
/// # Errors
/// If there is no Dockerfile, or if it, the ignore file or the directory cannot be used. Single files that cannot be
/// read are in the report.
pub fn context(setup: &Setup<'_>, request: &ContextRequest) -> Result<Outcome, ScanError> {
    let source = request.dockerfile.as_ref().ok_or(ScanError::NoDockerfile)?;
    let dockerfile = parse(source)?;
    let (files, rules) = walk(request, setup.jobs)?;
    let resolution = dockerfile.resolve();
    let needed = needed(&dockerfile, request, source)?;
    let copies = copies::sources(&resolution, &needed);
    let taken: Vec<_> = copies.iter().map(|(_, c)| c.clone()).collect();
    let reach = reach(&files, &taken);
    let mut answers = Answers::default();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(setup.jobs)
        .build()
        .map_err(|source| ScanError::Threads { jobs: setup.jobs, source })?;
    let name = request.root.display().to_string();
    let secrets = super::injected(setup.contract);
    let watch = Watch::new(&secrets);
    let seen = pool.install(|| read::all(setup, watch.as_ref(), &files));
    let mut coverage = seen.coverage.clone();
    coverage.files_not_seen += files.unread.len() as u64;
    let context = super::check_context(setup, &secrets);
    answers.not_checked = files_not_checked(&seen, &files, &name, &context);
    let mut recipe = Recipe::new(source.name.clone(), &source.bytes, &resolution, request.target.as_deref());
    if source.path.is_some() {
        recipe = recipe.named_from(&request.root);
    }
    let readers = [context_checks::ALL, dockerfile_checks::ALL];
    for (copy, reason) in &reach.refused {
        let Some((_, copy)) = copies.get(*copy) else { continue };
        answers.not_checked.push(NotChecked::new(
            recipe.origin(copy.span),
            "pattern",
            reason.clone(),
            readers.iter().flat_map(|checks| readers_of(checks, Reads::CopiedFiles, &context)).collect(),
        ));
    }
    let own = source.path.as_deref().and_then(|path| inside(&request.root, path));
    // Only a finding asks git.
    let asked_git = !seen.facts.secret_files.is_empty() || !seen.facts.sightings.is_empty();
    let git = if asked_git { GitIndex::discover(&request.root).map_err(|e| e.to_string()) } else { Ok(None) };
    let examined = ExaminedContext {
        name,
        rules,
        dockerfile: own.and_then(|path| files.position(&path)),
        own: own_packages(setup, &files),
        files,
        copies,
        reach,
        facts: seen.facts,
        git,
    };
    let build = Build { recipe, context: examined };
    let masker = Masker::new(setup.rules);
    run_checks(context_checks::ALL, &build, &context, &mut answers);
    run_checks(dockerfile_checks::ALL, &build, &context, &mut answers);
    let examined = super::packaging::ExaminedBuild {
        stage: checked_stage(&dockerfile, request.target.as_deref()),
        ignored: Some(build.context.rules.clone()),
    };
    let workflows =
        super::packaging::build_surface(setup, &context, &mut answers, &request.packaged, examined);
    let mut artifacts = records(request, source, &build.context.name);
    artifacts.extend(workflows);
    let mut outcome = super::verdict::conclude(setup, &masker, answers, artifacts, coverage);
    outcome.warnings.extend(looked_away(&build.recipe));
    Ok(outcome)
}

/// The files and entries of the context `name` that could not be looked at, or not into their end.
fn files_not_checked(seen: &read::Seen, files: &Files, name: &str, context: &Context<'_>) -> Vec<NotChecked> {
    let readers = readers_of(context_checks::ALL, Reads::ContextFiles, context);
    let origin = |path: &[u8]| Origin {
        path: Some(escape_bytes(path)),
        ..Origin::new(OriginKind::Context, name.to_owned())
    };
    let inner = seen.facts.not_opened.iter().map(|fault| {
        let inside = Some(fault.file.inside().to_owned()).filter(|i| !i.is_empty());
        let origin = Origin { inside, ..origin(fault.file.path.as_bytes()) };
        NotChecked::file(origin, fault.reason.clone(), readers.clone())
    });
    let whole = seen.unread.iter().map(|(file, reason)| {
        NotChecked::new(origin(files.files[*file].bytes()), "file", reason.clone(), readers.clone())
    });
    let entries = files.unread.iter().map(|unread| {
        let path = std::os::unix::ffi::OsStrExt::as_bytes(unread.path.as_os_str());
        NotChecked::new(origin(path), "entry", unread.reason.clone(), readers.clone())
    });
    inner.chain(whole).chain(entries).collect()
}

/// The files that the builder is given; with `reachable`, those that a COPY, ADD or bind mount takes.
///
/// # Errors
/// As for [`context`]; a Dockerfile is wanted only for `reachable`.
pub fn list(request: &ContextRequest, reachable: bool, jobs: usize) -> Result<Listing, ScanError> {
    let parsed = match &request.dockerfile {
        Some(source) if reachable => Some((parse(source)?, source)),
        _ => None,
    };
    if reachable && parsed.is_none() {
        return Err(ScanError::NoDockerfile);
    }
    let (files, _) = walk(request, jobs)?;
    let reach = match &parsed {
        None => None,
        Some((dockerfile, source)) => {
            let needed = needed(dockerfile, request, source)?;
            let copies = copies::sources(&dockerfile.resolve(), &needed);
            let copies: Vec<_> = copies.into_iter().map(|(_, c)| c).collect();
            Some(reach(&files, &copies))
        }
    };
    let listed =
        |kind: &FileKind| !matches!(kind, FileKind::Directory | FileKind::Special(SpecialKind::Socket));
    let mut paths: Vec<Vec<u8>> = files
        .files
        .iter()
        .enumerate()
        .filter(|(i, f)| listed(&f.kind) && reach.as_ref().is_none_or(|r| r.is_reachable(*i)))
        .map(|(_, f)| f.bytes().to_vec())
        .collect();
    paths.sort_unstable();
    Ok(Listing { paths, unread: files.unread })
}

fn parse(source: &DockerfileSource) -> Result<Dockerfile, ScanError> {
    Dockerfile::parse(&source.bytes).map_err(|e| ScanError::Dockerfile {
        path: source.name.clone(),
        line: e.line,
        reason: e.kind.to_string(),
    })
}

fn walk(request: &ContextRequest, jobs: usize) -> Result<(Files, IgnoreRules), ScanError> {
    let path = request.dockerfile.as_ref().and_then(|d| d.path.as_deref());
    let rules = IgnoreRules::load(&request.root, path, request.builder)?;
    let threads = NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN);
    Ok((Files::walk(&request.root, &rules, threads)?, rules))
}

fn needed(
    dockerfile: &Dockerfile,
    request: &ContextRequest,
    source: &DockerfileSource,
) -> Result<Vec<usize>, ScanError> {
    let target = request.target.as_deref();
    dockerfile.needed_stages(target).map_err(|_| {
        let name = |(at, stage): (usize, &seaworthy_dockerfile::Stage)| {
            stage.name.as_deref().map_or_else(|| at.to_string(), |n| escape_bytes(n.as_bytes()))
        };
        let stages: Vec<String> = dockerfile.stages.iter().enumerate().map(name).collect();
        let wanted = escape_bytes(target.unwrap_or_default().as_bytes());
        let reason = format!("there is no stage {wanted}; there are: {}", stages.join(", "));
        ScanError::Target { path: source.name.clone(), reason }
    })
}

/// The stage that is examined.
fn checked_stage(dockerfile: &Dockerfile, target: Option<&str>) -> Option<CheckedStage> {
    let stage = dockerfile.target(target).ok()?;
    let names = stage.name.iter().cloned().chain([stage.index.to_string()]).collect();
    Some(CheckedStage { names, is_last: stage.index + 1 == dockerfile.stages.len() })
}

/// The project's own packages: those that the contract starts, and the directories at the context's root and in `src`.
fn own_packages(setup: &Setup<'_>, files: &Files) -> OwnPackages {
    const NOT_OWN: [&str; 6] = ["node_modules", "vendor", "src", "test", "tests", "lib"];
    let mut own = OwnPackages::default();
    for entrypoint in super::packaging::entrypoints(setup.contract) {
        own.add_command(entrypoint.command.iter().map(String::as_str));
    }
    for file in files.files.iter().filter(|f| f.kind == FileKind::Directory) {
        let Ok(path) = std::str::from_utf8(file.bytes()) else { continue };
        let name = path.strip_prefix("src/").unwrap_or(path);
        if !name.contains('/') && !NOT_OWN.contains(&name) {
            own.add_name(name);
        }
    }
    own
}

/// A file's path below a directory, if it lies there.
fn inside(root: &Path, path: &Path) -> Option<Vec<u8>> {
    let (root, path) = (std::fs::canonicalize(root).ok()?, std::fs::canonicalize(path).ok()?);
    let below = path.strip_prefix(root).ok()?;
    Some(std::os::unix::ffi::OsStrExt::as_bytes(below.as_os_str()).to_vec())
}

fn records(request: &ContextRequest, source: &DockerfileSource, name: &str) -> Vec<ArtifactRecord> {
    let digest: String = seaworthy_source::sha256_hex(&source.bytes);
    let record = |subject, name: &str, digest| ArtifactRecord {
        subject,
        name: name.to_owned(),
        tags: request.target.iter().filter(|_| subject == Subject::Dockerfile).cloned().collect(),
        platform: None,
        digest,
        config_digest: None,
        layers: 0,
    };
    vec![
        record(Subject::Context, name, None),
        record(Subject::Dockerfile, &source.name, Some(format!("sha256:{digest}"))),
    ]
}

/// Orders to other tools to look away: told, not obeyed. Nothing in an artifact silences a check; the contract does.
fn looked_away(recipe: &Recipe<'_>) -> Vec<String> {
    const HOW: &str = "is not obeyed here; accept a finding in the contract";
    let path = escape_bytes(recipe.given.as_bytes());
    let mut out = Vec::new();
    for directive in recipe.dockerfile.directives.iter().filter(|d| !d.skipped_rules().is_empty()) {
        out.push(format!("{path}:{}: `# check=skip=` {HOW}", directive.line));
    }
    for comment in &recipe.dockerfile.comments {
        if let Some(suppression) = &comment.suppression {
            out.push(format!("{path}:{}: the ignore comment for {} {HOW}", comment.line, suppression.tool));
        }
    }
    out
}
