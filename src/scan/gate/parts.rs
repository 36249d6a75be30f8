//! The parts of a gate: for each, whether the contract asks for it and how it is examined.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Examination, Plan, checkout};
use crate::check::packaging::PackagedImage;
use crate::check::provenance::ExaminedArtifacts;
use crate::check::{Masker, catalogue};
use crate::finding::Part;
use crate::profile::{Need, Profile};
use crate::scan::request::{ContextOptions, ImageOptions, Place, WiringOptions};
use crate::scan::{
    ContextRequest, DocumentsRequest, ImageRequest, Outcome, PackagedBuild, RegistryAccess, ScanError, Setup,
    StoredRun, TaskImage, WiringRequest, content, context, documents, image, wiring_with,
};
use crate::store::Document;
use seaworthy_provenance::{Content, DocumentKind, Field, Fields, read_fields};
use seaworthy_source::{Origin, OriginKind, RunId};

/// What a gate examines, as it was given; the contract says the rest.
#[derive(Clone, Debug, Default)]
pub struct GateOptions {
    /// The build context and its Dockerfile.
    pub context: ContextOptions,
    /// The image.
    pub image: ImageOptions,
    /// The sources of the wiring.
    pub wiring: WiringOptions,
    /// Ask the registry even if the contract does not want it.
    pub registry: bool,
    /// How the registry is asked, where it is.
    pub access: RegistryAccess,
    /// The run header is still to be written: nothing is asked of it.
    pub before_run_header: bool,
}

/// The run that a gate is for.
#[derive(Clone, Copy)]
pub struct GateRun<'a> {
    /// The run.
    pub id: &'a RunId,
    /// Where its documents are.
    pub place: &'a Place,
}

/// What the parts are examined with.
#[derive(Clone, Copy)]
pub(super) struct Examiner<'a> {
    pub(super) setup: &'a Setup<'a>,
    pub(super) options: &'a GateOptions,
    pub(super) masker: &'a Masker<'a>,
    pub(super) run: GateRun<'a>,
    /// The profile that is judged.
    pub(super) profile: &'a Profile,
}

impl<'a> Examiner<'a> {
    /// What is to be done about each part.
    pub(super) fn plans(self) -> BTreeMap<Part, Plan<'a>> {
        let plan = |part| if self.is_requested(part) { self.plan(part) } else { Plan::NotAsked };
        Part::ALL.into_iter().map(|part| (part, plan(part))).collect()
    }

    /// Whether a part is requested: what the profile has controls about, and what the options or the contract name
    /// something of.
    fn is_requested(self, part: Part) -> bool {
        let (contract, options) = (self.setup.contract, self.options);
        let expected = &contract.expectations;
        match part {
            Part::Context => {
                let (named, own) = (&options.context, &contract.image);
                let is_named = named.directory.is_some() || named.dockerfile.is_some();
                is_named
                    || own.context.is_some()
                    || own.dockerfile.is_some()
                    || self.judges(part, &[Need::Context, Need::Dockerfile])
                    || self.is_requested(Part::Workflow)
            }
            Part::Image => {
                let reference = options.image.reference.as_ref().or(contract.image.reference.as_ref());
                reference.is_some()
                    || self.judges(part, &[Need::Image, Need::Entrypoints])
                    || self.is_requested(Part::Entrypoints)
            }
            Part::Documents => {
                options.registry
                    || contract.documents.registry_required
                    || self.judges(part, &[Need::Provenance, Need::Receipt, Need::RunHeader])
                    || self.judges(Part::Registry, &[])
            }
            Part::Wiring => {
                options.wiring.has_source(contract)
                    || !(contract.secrets.is_empty()
                        && expected.roles.is_empty()
                        && expected.tasks.is_empty())
            }
            Part::Entrypoints => !contract.entrypoints.is_empty(),
            Part::Registry => {
                let reference = options.image.reference.as_ref().or(contract.image.reference.as_ref());
                let named = reference.is_some_and(|r| r.starts_with("docker://"));
                options.registry
                    || contract.documents.registry_required
                    || named && self.is_requested(Part::Documents)
            }
            Part::Workflow => contract.workflow.is_some(),
        }
    }

    /// Whether the profile has controls with one of `needs`, or with checks that the part asks.
    fn judges(self, part: Part, needs: &[Need]) -> bool {
        let known = catalogue();
        let mut checks = self.profile.controls.iter().flat_map(|c| &c.checks);
        self.profile.needs_any(needs)
            || checks.any(|id| known.iter().any(|m| m.id == *id && Part::of(m) == Some(part)))
    }

    /// How a part that is requested is examined.
    fn plan(self, part: Part) -> Plan<'a> {
        let contract = self.setup.contract;
        let examine: fn(Self, &ExaminedArtifacts) -> Result<Outcome, ScanError> = match part {
            Part::Context => |e, _| {
                let mut request = ContextRequest::open(&e.options.context, e.setup.contract)?;
                request.packaged = e.packaged_build();
                context(e.setup, &request)
            },
            Part::Image => |e, so_far| {
                let request = ImageRequest::open(&e.image_options(so_far), e.setup.contract, e.masker)?;
                image(e.setup, &request)
            },
            Part::Wiring => |e, so_far| {
                let request = WiringRequest::open(&e.options.wiring, e.setup.contract)?;
                let image = e.task_image(so_far);
                Ok(wiring_with(e.setup, request, Some(&image))?.outcome)
            },
            Part::Documents => Self::documents,
            Part::Registry => return Plan::With(Part::Documents),
            Part::Entrypoints if contract.entrypoints.is_empty() => {
                return Plan::Missing("the contract has no [[entrypoints]]".to_owned());
            }
            Part::Entrypoints => return Plan::With(Part::Image),
            Part::Workflow if contract.workflow.is_none() => {
                return Plan::Missing("the contract has no [workflow]".to_owned());
            }
            Part::Workflow => return Plan::With(Part::Context),
        };
        let examination: Examination<'a> = Box::new(move |so_far| {
            // An error may quote what it is about, and a reference may carry a login.
            examine(self, so_far).map_err(|error| self.masker.mask(&error.to_string()))
        });
        Plan::Examine(examination)
    }

    /// How the image is examined: with the Dockerfile of the context and its stage, where no other is named.
    fn image_options(self, so_far: &ExaminedArtifacts) -> ImageOptions {
        let mut options = self.options.image.clone();
        if options.dockerfile.is_none() && self.setup.contract.image.dockerfile.is_none() {
            options.dockerfile = so_far.dockerfile.as_ref().map(PathBuf::from).filter(|path| path.is_file());
        }
        options.target = options.target.or_else(|| self.options.context.target.clone());
        options
    }

    /// Why the context that is examined is not the one that was packaged, if that is known: the checkout is at another
    /// commit than the packaging provenance names.
    pub(super) fn other_context(self) -> Option<String> {
        let contract = self.setup.contract;
        let own = |path: &Path| path.parent().map(Path::to_owned);
        let context = self.options.context.directory.clone().or_else(|| contract.image.context.clone());
        let workflow = contract.workflow.as_ref().and_then(|w| w.files.first());
        let root = workflow.and_then(|f| f.ancestors().find(|a| a.ends_with(".github")).and_then(own));
        let places = context.into_iter().chain(contract.path().and_then(own)).chain(root);
        let head = places.into_iter().find_map(|place| checkout::head_around(&place))?;
        let fields = self.provenance_fields()?;
        let packaged = fields.text(Field::GitSha)?;
        (head != packaged).then(|| format!("examined at commit {head}, packaged from {packaged}"))
    }

    /// The fields of the packaging provenance, as far as it is there and can be read.
    fn provenance_fields(self) -> Option<Fields> {
        let GateRun { id, place } = self.run;
        let key = place.layout.key(Document::Provenance, id).ok()?;
        let Content::Bytes(bytes) = content(&place.store, &key, DocumentKind::Provenance.limit()) else {
            return None;
        };
        let expectations = &self.setup.contract.documents;
        Some(read_fields(&bytes, &expectations.provenance, &expectations.profiles).fields)
    }

    /// What the packaging provenance says of the build.
    fn packaged_build(self) -> PackagedBuild {
        let fields = self.provenance_fields();
        let text = |field| fields.as_ref().and_then(|f| f.text(field)).map(str::to_owned);
        PackagedBuild {
            repository: text(Field::RepositoryUri),
            dockerfile: text(Field::DockerfilePath),
            context: text(Field::BuildPath),
        }
    }

    /// The build context that is examined, from the root of the checkout; from the root of the machine where none is
    /// known.
    pub(super) fn context_path(self) -> Option<String> {
        let contract = self.setup.contract;
        let given = self.options.context.directory.clone().or_else(|| contract.image.context.clone())?;
        let real = std::fs::canonicalize(&given).ok()?;
        let is_root = |a: &&Path| a.join(".git").exists() || a.join(".github").is_dir();
        let root = real.ancestors().find(is_root);
        let below = root.and_then(|root| real.strip_prefix(root).ok()).unwrap_or(&real);
        below.to_str().map(str::to_owned)
    }

    /// What is known of the image that tasks should run: the packaging provenance is read for it ahead of its own part.
    fn task_image(self, examined: &ExaminedArtifacts) -> TaskImage {
        let GateRun { id, place } = self.run;
        let key = place.layout.key(Document::Provenance, id).ok();
        let shown = key.as_ref().map_or_else(|| "packaging provenance".to_owned(), |k| place.store.place(k));
        let packaged = self.provenance_fields().and_then(|fields| {
            let own = fields.text(Field::ImageDigest).map(str::to_owned);
            // Of an index and its images each digest names the packaged image, if one of them is recorded.
            let is_examined = own.as_ref().is_some_and(|d| examined.image.iter().flatten().any(|e| e == d));
            let mut digests: Vec<String> = own.into_iter().collect();
            digests.extend(examined.image.iter().flatten().filter(|_| is_examined).cloned());
            Some(PackagedImage {
                repository: fields.text(Field::RepositoryUri)?.to_owned(),
                tag: fields.text(Field::ImageTag).map(str::to_owned),
                digests,
            })
        });
        TaskImage {
            entrypoint: examined.entrypoint.clone(),
            directory: examined.directory.clone(),
            user: examined.user.clone(),
            packaged,
            provenance: Origin::new(OriginKind::Document, self.masker.mask(&shown)),
        }
    }

    fn documents(self, examined: &ExaminedArtifacts) -> Result<Outcome, ScanError> {
        let GateRun { id, place } = self.run;
        let request = DocumentsRequest {
            stored: StoredRun { store: &place.store, layout: &place.layout, run: id },
            registry: self.is_requested(Part::Registry).then(|| self.options.access.clone()),
            now: Timestamp::now(),
            examined,
        };
        documents(self.setup, &request)
    }
}
