//! What `image` examines.

use std::path::PathBuf;

use seaworthy_dockerfile::Dockerfile;
use seaworthy_image::registry::RegistryOptions;
use seaworthy_image::{Reference, Source, archive, daemon, layout, registry};

use super::refused;
use crate::check::Masker;
use crate::contract::Contract;
use crate::scan::{DockerfileSource, ExecRequest, ImageRequest, Recipe, ScanError};

pub use crate::scan::Engine as ExecEngine;

/// How long an entrypoint may take to answer, in seconds.
const HELP_SECONDS: u64 = 60;

/// An image, as it was given.
#[derive(Clone, Debug, Default)]
pub struct ImageOptions {
    /// The reference; the contract's `image.reference` without.
    pub reference: Option<String>,
    /// The Dockerfile that built it; the contract's `image.dockerfile` without.
    pub dockerfile: Option<PathBuf>,
    /// The stage that was built, if it is not the last.
    pub target: Option<String>,
    /// Use HTTP instead of HTTPS for the registry.
    pub plain_http: bool,
    /// The engine that runs the contract's entrypoints; nothing of the image is run without.
    pub exec: Option<ExecEngine>,
}

impl ImageRequest {
    /// What is to be examined: what was given, else what the contract says. An error may quote a login that stands in
    /// the reference: mask it before it is shown.
    ///
    /// # Errors
    /// If no image is named, or it cannot be opened.
    pub fn open(options: &ImageOptions, contract: &Contract, masker: &Masker<'_>) -> Result<Self, ScanError> {
        let reference = reference(options, contract)?;
        // What was given is the image's name; the contract's name is for the contract's image.
        let own = contract.image.name.as_deref().filter(|_| options.reference.is_none());
        let name = masker.mask(own.unwrap_or(&reference));
        let parsed = Reference::parse(&reference).map_err(|e| refused(e.to_string()))?;
        let exec = exec(options, &parsed, contract)?;
        let source = open(&name, parsed, options, contract)?;
        Ok(Self { source, recipe: recipe(options, contract)?, exec })
    }
}

/// Whether entrypoints are to be run, and from which archive.
fn exec(
    options: &ImageOptions,
    reference: &Reference,
    contract: &Contract,
) -> Result<Option<ExecRequest>, ScanError> {
    let Some(engine) = options.exec else { return Ok(None) };
    if contract.entrypoints.is_empty() {
        return Err(refused("--exec has nothing to run: the contract has no [[entrypoints]]"));
    }
    let (archive, tag) = match reference {
        Reference::DockerArchive { path, tag } | Reference::OciArchive { path, tag } => {
            (Some(path.clone()), tag.clone())
        }
        _ => (None, None),
    };
    Ok(Some(ExecRequest { engine, archive, tag, seconds: HELP_SECONDS }))
}

/// The Dockerfile that was named, or the contract's.
fn recipe(options: &ImageOptions, contract: &Contract) -> Result<Option<Recipe>, ScanError> {
    let Some(path) = options.dockerfile.as_ref().or(contract.image.dockerfile.as_ref()) else {
        return Ok(None);
    };
    let DockerfileSource { name, bytes, .. } = DockerfileSource::open(path)?;
    let dockerfile = Dockerfile::parse(&bytes).map_err(|e| refused(format!("{name}:{}: {e}", e.line)))?;
    let target = options.target.clone();
    if let Some(stage) = target.as_deref().filter(|t| dockerfile.target(Some(t)).is_err()) {
        return Err(refused(format!("{name}: has no stage {stage}")));
    }
    Ok(Some(Recipe { path: name, dockerfile, target }))
}

/// The reference that was given, or the contract's: a path in a contract is relative to its directory.
fn reference(options: &ImageOptions, contract: &Contract) -> Result<String, ScanError> {
    if let Some(reference) = &options.reference {
        return Ok(reference.clone());
    }
    let Some(reference) = &contract.image.reference else {
        return Err(refused(
            "no image is named: give a REF, or set image.reference in the contract (seaworthy image --help)",
        ));
    };
    if contract.directory.as_os_str().is_empty() {
        return Ok(reference.clone());
    }
    let (transport, path) = match reference.split_once(':') {
        Some((t @ ("docker-archive" | "oci-archive" | "oci"), path)) => (format!("{t}:"), path),
        Some(("docker" | "docker-daemon", _)) => return Ok(reference.clone()),
        _ => (String::new(), reference.as_str()),
    };
    Ok(format!("{transport}{}", contract.directory.join(path).display()))
}

/// How a registry is spoken to under a contract.
pub(in crate::scan) fn registry_options(contract: &Contract, plain_http: bool) -> RegistryOptions {
    let hosts = contract.registry_hosts.clone();
    RegistryOptions { plain_http, auth_file: None, redirect_hosts: hosts.redirect, login_hosts: hosts.login }
}

fn open(
    name: &str,
    reference: Reference,
    options: &ImageOptions,
    contract: &Contract,
) -> Result<Box<dyn Source>, ScanError> {
    let limits = crate::scan::image::limits(contract);
    Ok(match reference {
        Reference::DockerArchive { path, tag } | Reference::OciArchive { path, tag } => {
            archive::open(name, &path, tag, &limits)?
        }
        Reference::OciLayout { path, tag } => layout::open(name, &path, tag, &limits)?,
        Reference::Registry(image) => {
            let options = registry_options(contract, options.plain_http);
            registry::open(name, &image, &options, &limits)?
        }
        Reference::Daemon(image) => daemon::open(name, &image, &limits)?,
    })
}
