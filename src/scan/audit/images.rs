//! The images of audited runs, examined again with today's detectors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::check::image::ALL;
use crate::check::{Context, Masker, catalogue};
use crate::finding::{NotChecked, Report};
use crate::scan::image::{known_image, limits};
use crate::scan::request::registry_options;
use crate::scan::{ImageRequest, Setup};
use seaworthy_image::{Source, archive, layout, registry};
use seaworthy_provenance::Field;
use seaworthy_source::{Origin, OriginKind};

/// Which images are examined, and where they are had from.
pub struct ImagesRequest {
    /// Where from.
    pub source: ImageSource,
    /// How many at most; runs of further ones are incomplete.
    pub most: usize,
}

/// Where images are had from.
pub enum ImageSource {
    /// From the repository that the provenance names, by digest.
    Registry {
        /// Speak plain HTTP.
        plain_http: bool,
    },
    /// From a directory in which each has its digest for a name: `sha256-HEX.tar`, also `.tar.gz`, `.tgz`, `.tar.zst`,
    /// or an OCI layout `sha256-HEX/`.
    Directory(PathBuf),
}

/// What may follow the digest in an archive's name.
const ENDINGS: [&str; 5] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ""];

/// An image as a provenance names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    /// The repository.
    pub repository: String,
    /// The digest.
    pub digest: String,
}

/// Examines each image once and puts what was found into the reports of its runs.
pub(super) fn examine<'r>(
    setup: &Setup<'_>,
    request: &ImagesRequest,
    runs: impl Iterator<Item = (&'r mut Report, Option<Named>)>,
) {
    let mut images: BTreeMap<Named, Vec<&mut Report>> = BTreeMap::new();
    for (report, named) in runs {
        match named {
            Some(named) => images.entry(named).or_default().push(report),
            None => miss(setup, report, "image", "the provenance names no repository and digest"),
        }
    }
    let masker = Masker::new(setup.rules);
    for (count, (image, reports)) in images.into_iter().enumerate() {
        let found = match count < request.most {
            true => one(setup, request, &image),
            false => Err(format!("only {} images are examined; --max-images raises that", request.most)),
        };
        let name = format!("{}@{}", image.repository, image.digest);
        for report in reports {
            match &found {
                Ok(found) => merge(setup, report, vec![found.clone()], Vec::new()),
                Err(reason) => miss(setup, report, &name, &masker.mask(reason)),
            }
        }
    }
}

fn one(setup: &Setup<'_>, request: &ImagesRequest, image: &Named) -> Result<Report, String> {
    let source = open(setup, &request.source, image)?;
    let (outcome, is_it) =
        known_image(setup, &ImageRequest { source, recipe: None, exec: None }, &image.digest)
            .map_err(|e| e.to_string())?;
    if !is_it {
        return Err("what lies under its name is another image, or does not tell the digest of its manifest"
            .to_owned());
    }
    Ok(outcome.report)
}

fn open(setup: &Setup<'_>, source: &ImageSource, image: &Named) -> Result<Box<dyn Source>, String> {
    let name = format!("{}@{}", image.repository, image.digest);
    match source {
        ImageSource::Registry { plain_http } => {
            let pinned = setup.contract.documents.pinned.iter();
            let mut pinned = pinned.filter(|(field, _)| *field == Field::RepositoryUri);
            if pinned.any(|(_, wanted)| *wanted != image.repository) {
                // A document must not choose whom our credentials are shown to.
                return Err("the provenance names another repository than the contract pins".to_owned());
            }
            let options = registry_options(setup.contract, *plain_http);
            registry::open(&name, &name, &options, &limits(setup.contract)).map_err(|e| e.to_string())
        }
        ImageSource::Directory(directory) => {
            let path = archived(directory, &image.digest)?;
            let limits = limits(setup.contract);
            let opened = match path.is_dir() {
                true => layout::open(&name, &path, None, &limits),
                false => archive::open(&name, &path, None, &limits),
            };
            opened.map_err(|e| e.to_string())
        }
    }
}

/// The archive of an image in a directory.
fn archived(directory: &Path, digest: &str) -> Result<PathBuf, String> {
    // A digest of the documents is one algorithm and hex digits, so this is a plain name.
    let stem = digest.replace(':', "-");
    let mut paths = ENDINGS.into_iter().map(|ending| directory.join(format!("{stem}{ending}")));
    paths.find(|p| p.exists()).ok_or_else(|| format!("there is no {stem}.tar in {}", directory.display()))
}

fn miss(setup: &Setup<'_>, report: &mut Report, name: &str, reason: &str) {
    let context = Context::new(setup.rules, &setup.key);
    let item = NotChecked::new(
        Origin::new(OriginKind::Artifact, name),
        "image",
        reason.to_owned(),
        ALL.iter().filter(|c| c.is_requested(&context)).map(|c| c.meta().id).collect(),
    );
    merge(setup, report, Vec::new(), vec![item]);
}

fn merge(setup: &Setup<'_>, report: &mut Report, more: Vec<Report>, not_checked: Vec<NotChecked>) {
    let notes = report.notes.clone();
    let mut parts = vec![report.clone()];
    parts.extend(more);
    *report = Report::merge(setup.contract.policy.fail_on, &catalogue(), parts, not_checked);
    report.notes = notes;
}
