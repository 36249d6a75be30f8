//! The parts of a gate: for each, whether the contract asks for it and how it is examined.

use std::collections::BTreeMap;

use super::place::Place;
use crate::check::Masker;
use crate::cli::args::{Context, Gate as Arguments, Image};
use crate::cli::{Failure, context, image};
use crate::contract::Contract;
use crate::finding::Part;
use crate::location::RunId;
use crate::scan::{self, Examination, Plan, Setup};

/// What the parts are examined with.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) setup: &'a Setup<'a>,
    pub(super) masker: &'a Masker<'a>,
    /// Where the run's documents are, for the papers.
    #[allow(dead_code)]
    pub(super) place: &'a Place,
    /// The run, for the papers.
    #[allow(dead_code)]
    pub(super) id: &'a RunId,
}

/// What is to be done about each part.
pub(super) fn plans<'a>(run: &Run<'a>) -> BTreeMap<Part, Plan<'a>> {
    let asked = asked(run.arguments, run.setup.contract);
    let plan = |part| match (asked(part), slot(part, *run)) {
        (false, _) => Plan::NotAsked,
        (true, Some(examination)) => Plan::Examine(examination),
        (true, None) => Plan::Missing(format!("this version cannot examine {}", part.as_str())),
    };
    Part::ALL.into_iter().map(|part| (part, plan(part))).collect()
}

/// Whether a part is asked for: context, image and papers always, the rest if the contract configures or requires it.
fn asked<'a>(arguments: &Arguments, contract: &'a Contract) -> impl Fn(Part) -> bool + use<'a> {
    let reference = arguments.reference.as_ref().or(contract.image.reference.as_ref());
    let from_registry = reference.is_some_and(|r| r.starts_with("docker://"));
    move |part| {
        let configured = match part {
            Part::Context | Part::Image | Part::Papers => true,
            Part::Wiring => !contract.secrets.is_empty(),
            Part::Registry => from_registry,
            Part::Entrypoints | Part::Workflow => false,
        };
        configured || contract.gate.require.contains(&part)
    }
}

/// How a part is examined; none if this version cannot. A part that a version learns to examine gets an arm here, and
/// nothing else changes: until then it is unchecked wherever it is asked for.
fn slot(part: Part, run: Run<'_>) -> Option<Examination<'_>> {
    match part {
        Part::Context => Some(Box::new(move || examine_context(run).map_err(|f| masked(run, &f)))),
        Part::Image => Some(Box::new(move || examine_image(run).map_err(|f| masked(run, &f)))),
        Part::Wiring | Part::Entrypoints | Part::Papers | Part::Registry | Part::Workflow => None,
    }
}

/// What goes wrong may quote what it was about, and a reference may carry a login.
fn masked(run: Run<'_>, Failure(message): &Failure) -> String {
    run.masker.mask(message)
}

fn examine_context(run: Run<'_>) -> Result<scan::Outcome, Failure> {
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

fn examine_image(run: Run<'_>) -> Result<scan::Outcome, Failure> {
    let given = run.arguments;
    let arguments = Image {
        reference: given.reference.clone(),
        file: given.file.clone(),
        target: given.target.clone(),
        plain_http: given.plain_http,
        common: given.common.clone(),
    };
    let request = image::request(&arguments, run.setup.contract, run.masker)?;
    Ok(scan::image(run.setup, &request)?)
}
