//! The parts of a gate: for each, whether the contract asks for it and how it is examined.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Examination, Plan};
use crate::check::provenance::ExaminedArtifacts;
use crate::check::{Masker, catalogue};
use crate::finding::Part;
use crate::profile::{Need, Profile};
use crate::scan::request::{ContextOptions, ImageOptions, Place, WiringOptions};
use crate::scan::{
    ContextRequest, ImageRequest, Outcome, PapersRequest, RegistryAccess, ScanError, Setup, StoredRun,
    WiringRequest, context, image, papers, wiring,
};
use seaworthy_source::RunId;

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

    /// Whether a part is requested: context and image always, the run's documents if the profile has controls about
    /// them, the rest if the options or the contract name something of it.
    fn is_requested(self, part: Part) -> bool {
        let (contract, options) = (self.setup.contract, self.options);
        let expected = &contract.expectations;
        match part {
            Part::Context | Part::Image => true,
            Part::Papers => {
                let documents = [Need::Provenance, Need::Receipt, Need::RunHeader];
                let known = catalogue();
                let mut checks = self.profile.controls.iter().flat_map(|c| &c.checks);
                options.registry
                    || contract.papers.registry_required
                    || self.profile.needs_any(&documents)
                    || checks.any(|id| {
                        let meta = known.iter().find(|m| m.id == *id);
                        matches!(meta.and_then(|m| Part::of(m)), Some(Part::Papers | Part::Registry))
                    })
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
                    || contract.papers.registry_required
                    || named && self.is_requested(Part::Papers)
            }
            Part::Workflow => contract.workflow.is_some(),
        }
    }

    /// How a part that is requested is examined.
    fn plan(self, part: Part) -> Plan<'a> {
        let contract = self.setup.contract;
        let examine: fn(Self, &ExaminedArtifacts) -> Result<Outcome, ScanError> = match part {
            Part::Context => |e, _| {
                let request = ContextRequest::open(&e.options.context, e.setup.contract)?;
                context(e.setup, &request)
            },
            Part::Image => |e, _| {
                let request = ImageRequest::open(&e.options.image, e.setup.contract, e.masker)?;
                image(e.setup, &request)
            },
            Part::Wiring => |e, _| {
                let request = WiringRequest::open(&e.options.wiring, e.setup.contract)?;
                Ok(wiring(e.setup, request)?.outcome)
            },
            Part::Papers => Self::documents,
            Part::Registry => return Plan::With(Part::Papers),
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

    fn documents(self, examined: &ExaminedArtifacts) -> Result<Outcome, ScanError> {
        let GateRun { id, place } = self.run;
        let request = PapersRequest {
            stored: StoredRun { store: &place.store, layout: &place.layout, run: id },
            registry: self.is_requested(Part::Registry).then(|| self.options.access.clone()),
            now: Timestamp::now(),
            examined,
        };
        papers(self.setup, &request)
    }
}
