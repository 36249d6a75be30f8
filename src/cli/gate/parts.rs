//! The parts of a gate: for each, whether the contract asks for it and how it is examined.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::check::Masker;
use crate::cli::args::{Context, Gate as Arguments, Image};
use crate::cli::place::Place;
use crate::cli::{Failure, context, image, wiring};
use crate::finding::Part;
use crate::profile::{Need, Profile};
use crate::scan::{self, PapersRequest, Plan, RegistryAccess, Setup, SoFar, StoredRun};
use seaworthy_aws::live::LiveOptions;
use seaworthy_source::RunId;

/// What the parts are examined with.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) setup: &'a Setup<'a>,
    pub(super) masker: &'a Masker<'a>,
    /// Where the run's documents are, for the papers.
    pub(super) place: &'a Place,
    /// The run, for the papers.
    pub(super) id: &'a RunId,
    /// The profile that is judged.
    pub(super) profile: &'a Profile,
}

/// What is to be done about each part.
pub(super) fn plans<'a>(run: &Run<'a>) -> BTreeMap<Part, Plan<'a>> {
    let plan = |part| match is_asked(part, run) {
        true => plan(part, *run),
        false => Plan::NotAsked,
    };
    Part::ALL.into_iter().map(|part| (part, plan(part))).collect()
}

/// Whether a part is asked for: context and image always, the run's documents if the profile has controls about them,
/// the rest if the contract configures it.
fn is_asked(part: Part, run: &Run<'_>) -> bool {
    let (contract, arguments) = (run.setup.contract, run.arguments);
    let (aws, expected) = (&contract.aws, &contract.expectations);
    match part {
        Part::Context | Part::Image => true,
        Part::Papers => {
            let documents = [Need::Provenance, Need::Receipt, Need::RunHeader];
            let checks = run.profile.controls.iter().flat_map(|c| &c.checks);
            run.profile.needs_any(&documents)
                || contract.papers.registry_required
                || checks.into_iter().any(|id| matches!(Part::of(id), Some(Part::Papers | Part::Registry)))
        }
        Part::Wiring => {
            let files = &arguments.files;
            let named =
                [&files.plan, &files.template, &files.snapshot, &aws.plans, &aws.templates, &aws.snapshots];
            arguments.live
                || named.iter().any(|list| !list.is_empty())
                || !(contract.secrets.is_empty() && expected.roles.is_empty() && expected.tasks.is_empty())
        }
        Part::Entrypoints => !contract.entrypoints.is_empty(),
        Part::Registry => {
            let reference = arguments.reference.as_ref().or(contract.image.reference.as_ref());
            let named = reference.is_some_and(|r| r.starts_with("docker://"));
            contract.papers.registry_required || named && is_asked(Part::Papers, run)
        }
        Part::Workflow => contract.workflow.is_some(),
    }
}

/// How a part that is asked for is examined.
fn plan(part: Part, run: Run<'_>) -> Plan<'_> {
    let contract = run.setup.contract;
    let examine: fn(Run<'_>, &SoFar) -> Result<scan::Outcome, Failure> = match part {
        Part::Context => examine_context,
        Part::Image => examine_image,
        Part::Wiring => examine_wiring,
        Part::Papers => examine_papers,
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
    Plan::Examine(Box::new(move |so_far| examine(run, so_far).map_err(|failure| masked(run, &failure))))
}

/// What goes wrong may quote what it was about, and a reference may carry a login.
fn masked(run: Run<'_>, Failure(message): &Failure) -> String {
    run.masker.mask(message)
}

fn examine_context(run: Run<'_>, _: &SoFar) -> Result<scan::Outcome, Failure> {
    let given = run.arguments;
    let arguments = Context {
        directory: given.context.clone(),
        file: given.file.clone(),
        target: given.target.clone(),
        builder: given.builder,
        list: false,
        reachable: false,
        null: false,
        common: given.common.clone(),
    };
    let request = context::request(&arguments, run.setup.contract)?;
    Ok(scan::context(run.setup, &request)?)
}

fn examine_image(run: Run<'_>, _: &SoFar) -> Result<scan::Outcome, Failure> {
    let given = run.arguments;
    let arguments = Image {
        reference: given.reference.clone(),
        file: given.file.clone(),
        target: given.target.clone(),
        plain_http: given.plain_http,
        exec: given.exec,
        common: given.common.clone(),
    };
    let request = image::request(&arguments, run.setup.contract, run.masker)?;
    Ok(scan::image(run.setup, &request)?)
}

fn examine_wiring(run: Run<'_>, _: &SoFar) -> Result<scan::Outcome, Failure> {
    let contract = run.setup.contract;
    let live = run.arguments.live.then(|| LiveOptions {
        region: contract.aws.region.clone(),
        profile: None,
        endpoint: None,
    });
    let request = wiring::request(&run.arguments.files, live, false, contract)?;
    Ok(scan::wiring(run.setup, request)?.outcome)
}

fn examine_papers(run: Run<'_>, so_far: &SoFar) -> Result<scan::Outcome, Failure> {
    let access = RegistryAccess { plain_http: run.arguments.plain_http, endpoint: None };
    let request = PapersRequest {
        stored: StoredRun { store: &run.place.store, layout: &run.place.layout, run: run.id },
        registry: is_asked(Part::Registry, &run).then_some(access),
        now: Timestamp::now(),
        image: so_far.image.as_ref(),
        dockerfile: so_far.dockerfile.as_deref(),
    };
    Ok(scan::papers(run.setup, &request)?)
}
