//! `seaworthy image`.

use std::path::Path;

use super::args::{Engine, Global, Image as Arguments};
use super::output::{Terminal, wanted, write_all};
use super::{Failure, environment, progress};
use crate::check::Masker;
use crate::contract::Contract;
use crate::finding::Verdict;
use crate::scan::{self, ExecRequest, ImageRequest, Progress, Recipe, Setup};
use seaworthy_dockerfile::Dockerfile;
use seaworthy_image::registry::RegistryOptions;
use seaworthy_image::{Limits, Reference, Source, archive, daemon, layout, registry};

pub(super) fn run(_global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
    let rules = environment::rules(&contract, &common.rules, terminal)?;
    let key = environment::fingerprint_key(&contract, terminal);
    // What an image says of itself is quoted in errors, and a reference may carry a login.
    let masker = Masker::new(&rules);
    let masked = |Failure(message): Failure| Failure(masker.mask(&message));
    let request = request(arguments, &contract, &masker).map_err(masked)?;
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key,
        jobs: environment::jobs(common),
        today: environment::today(),
        progress: &progress,
    };
    let outcome = progress::with(terminal, &progress, || scan::image(&setup, &request))
        .map_err(|e| masked(Failure::from(e)))?;
    for warning in &outcome.warnings {
        terminal.warn(warning);
    }
    let run = environment::run_info(&contract, common);
    write_all(&reports, &outcome.report, &run, &contract, common, terminal)?;
    let verdict = outcome.report.verdict;
    Ok(if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() })
}

/// What is to be examined: what was typed, else what the contract says. Errors may quote a login.
pub(super) fn request(
    arguments: &Arguments,
    contract: &Contract,
    masker: &Masker<'_>,
) -> Result<ImageRequest, Failure> {
    let reference = reference(arguments, contract)?;
    // What was typed is the image's name; the contract's name is for the contract's image.
    let own = contract.image.name.as_deref().filter(|_| arguments.reference.is_none());
    let name = masker.mask(own.unwrap_or(&reference));
    let source = open(&name, &reference, arguments, contract)?;
    let exec = exec(arguments, &reference, contract)?;
    Ok(ImageRequest { source, recipe: recipe(arguments, contract)?, exec })
}

/// How long an entrypoint may take to answer, in seconds.
const HELP_SECONDS: u64 = 60;

/// Whether entrypoints are to be run, and from which archive.
fn exec(arguments: &Arguments, reference: &str, contract: &Contract) -> Result<Option<ExecRequest>, Failure> {
    let Some(engine) = arguments.exec else { return Ok(None) };
    if contract.entrypoints.is_empty() {
        return Err(Failure("--exec has nothing to run: the contract has no [[entrypoints]]".to_owned()));
    }
    let (archive, tag) = match Reference::parse(reference)? {
        Reference::DockerArchive { path, tag } | Reference::OciArchive { path, tag } => (Some(path), tag),
        _ => (None, None),
    };
    let engine = match engine {
        Engine::Docker => scan::Engine::Docker,
        Engine::Podman => scan::Engine::Podman,
    };
    Ok(Some(ExecRequest { engine, archive, tag, seconds: HELP_SECONDS }))
}

/// The Dockerfile that was named, or the contract's.
fn recipe(arguments: &Arguments, contract: &Contract) -> Result<Option<Recipe>, Failure> {
    let Some(path) = arguments.file.as_ref().or(contract.image.dockerfile.as_ref()) else { return Ok(None) };
    let fail = |reason: String| Failure(format!("{}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
    let dockerfile =
        Dockerfile::parse(&bytes).map_err(|e| Failure(format!("{}:{}: {e}", path.display(), e.line)))?;
    let target = arguments.target.clone();
    if let Some(name) = target.as_deref().filter(|t| dockerfile.target(Some(t)).is_err()) {
        return Err(fail(format!("has no stage {name}")));
    }
    Ok(Some(Recipe { path: path.display().to_string(), dockerfile, target }))
}

/// The reference that was typed, or the contract's: a path in a contract is relative to its folder.
fn reference(arguments: &Arguments, contract: &Contract) -> Result<String, Failure> {
    if let Some(reference) = &arguments.reference {
        return Ok(reference.clone());
    }
    let Some(reference) = &contract.image.reference else {
        return Err(Failure(
            "no image is named: give a REF, or set image.reference in the contract (seaworthy image --help)"
                .into(),
        ));
    };
    if contract.folder.as_os_str().is_empty() {
        return Ok(reference.clone());
    }
    let (transport, path) = match reference.split_once(':') {
        Some((t @ ("docker-archive" | "oci-archive" | "oci"), path)) => (format!("{t}:"), path),
        Some(("docker" | "docker-daemon", _)) => return Ok(reference.clone()),
        _ => (String::new(), reference.as_str()),
    };
    Ok(format!("{transport}{}", contract.folder.join(path).display()))
}

fn open(
    name: &str,
    reference: &str,
    arguments: &Arguments,
    contract: &Contract,
) -> Result<Box<dyn Source>, Failure> {
    let limits = Limits { timeout_seconds: contract.limits.registry_timeout_seconds, ..Limits::default() };
    Ok(match Reference::parse(reference)? {
        Reference::DockerArchive { path, tag } | Reference::OciArchive { path, tag } => {
            archive::open(name, &path, tag)?
        }
        Reference::OciLayout { path, tag } => layout::open(name, &path, tag)?,
        Reference::Registry(image) => {
            let options = RegistryOptions { plain_http: arguments.plain_http, ..RegistryOptions::default() };
            registry::open(name, &image, &options, &limits)?
        }
        Reference::Daemon(image) => daemon::open(name, &image, &limits)?,
    })
}
