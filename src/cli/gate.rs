//! `seaworthy gate`.

use std::path::{Path, PathBuf};

use super::args::Gate as Arguments;
use super::output::{Side, Terminal, tell_stored, wanted, write_side};
use super::session::{Session, exit_code};
use super::{Failure, context, environment, output};
use crate::check::Masker;
use crate::check::provenance::{PROVENANCE_MISSING, RegistryKind};
use crate::contract::Contract;
use crate::finding::EVIDENCE;
use crate::report::evidence;
use crate::scan::request::{ContextOptions, ImageOptions, Place, WiringOptions};
use crate::scan::{self, Gate, GateOptions, GateRun, RegistryAccess};
use crate::store::StoreError;
use seaworthy_aws::live::LiveOptions;
use seaworthy_source::RunId;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let session = Session::open(common, Path::new("."), terminal)?;
    let contract = &session.contract;
    if contract.path().is_none() {
        // A gate judges what a contract promises: without one there is nothing to judge, and nothing is written.
        return Err(Failure(format!(
            "there is no {} here: write one with `seaworthy init`, or name it with --contract FILE",
            environment::CONTRACT
        )));
    }
    let Some(id) = &common.run_id else {
        return Err(Failure("no run: give its ID with --run-id, or set SEAWORTHY_RUN_ID".into()));
    };
    let id = RunId::parse(id).map_err(|rule| Failure(format!("--run-id {rule}")))?;
    let place = Place::open(
        contract,
        &id,
        arguments.endpoint_url.as_deref().filter(|_| contract.evidence.bucket.is_some()),
    )?;
    output::spare(output::files(&reports), &inputs(arguments, contract, &place))?;
    let info = environment::run_info(contract, common);
    let masker = Masker::new(&session.rules);
    let options = options(arguments, contract)?;
    let run = GateRun { id: &id, place: &place };
    let mut gate = session.run(terminal, |setup| scan::gate(setup, &options, run))?;
    let document = |gate: &Gate| -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        evidence::write(&gate.report, &info, &mut bytes)?;
        terminal.masked(bytes)
    };
    // A dry run judges the same evidence, which it does not write.
    gate.record_evidence(&document(&gate)?, &id);
    for warning in gate.warnings.iter().chain(&gate.waiver_warnings()) {
        terminal.warn(warning);
    }
    if gate.report.findings.iter().any(|f| f.check == PROVENANCE_MISSING)
        && let Some(hint) = place.runs_beside(&id)
    {
        terminal.warn(&hint);
    }
    let mut gate = Telling { gate, faults: Vec::new(), masker: &masker };
    let tell =
        |gate: &Gate, side| write_side(&reports, side, &gate.report, &info, contract, common, terminal);
    let store = |gate: &Gate, replace| -> Result<(), Fault> {
        tell_stored(&place.put(&document(gate)?, replace).map_err(|e| not_recorded(e, &id))?, terminal);
        Ok(())
    };
    // A report that cannot be written must not lie beside evidence of a pass, nor evidence that cannot be written
    // beside reports of one: each failure is a part of all that is written after it.
    gate.attempt("report", |gate| tell(gate, Side::Files));
    if arguments.dry_run {
        terminal.note(&format!("dry run: no evidence is written to {}", place.evidence()));
    }
    let stored = !arguments.dry_run && gate.attempt(EVIDENCE, |gate| store(gate, common.replace));
    if !gate.faults.is_empty() {
        let _ = tell(&gate.gate, Side::Files);
    }
    let copied = !stored || gate.attempt("report", |gate| tell(gate, Side::Copies));
    let shown = gate.attempt("report", |gate| tell(gate, Side::Screen));
    if !(copied && shown) {
        if stored {
            // What was just stored may say pass. It is kept, and no longer stands for the run.
            gate.attempt(EVIDENCE, |gate| store(gate, true));
        }
        let _ = tell(&gate.gate, Side::Files);
    }
    if !gate.faults.is_empty() {
        return Err(Failure(gate.faults.join("\n")));
    }
    let verdict = gate.gate.report.verdict;
    Ok(exit_code(verdict, common))
}

/// Why evidence was not stored. That the store has another result of the run is no fault of the store, and has a way out.
fn not_recorded(error: StoreError, id: &RunId) -> Fault {
    match error {
        StoreError::Exists { place, recorded: Some(recorded), .. } => Fault {
            text: format!(
                "{place}: has this run's {recorded}; add --replace to record this result too (the old file is kept)"
            ),
            supply: Some(format!(
                "record this result beside the earlier one: seaworthy gate --run-id {id} --replace"
            )),
        },
        other => Fault { text: other.to_string(), supply: None },
    }
}

/// Why something was not written, and the way out where there is one of its own.
struct Fault {
    text: String,
    supply: Option<String>,
}

impl From<Failure> for Fault {
    fn from(Failure(text): Failure) -> Self {
        Self { text, supply: None }
    }
}

/// What was typed.
fn options(arguments: &Arguments, contract: &Contract) -> Result<GateOptions, Failure> {
    let live = arguments.live.then(|| LiveOptions {
        region: contract.aws.region.clone(),
        profile: None,
        account: contract.aws.account.clone(),
        endpoint: arguments.endpoint_url.clone(),
    });
    Ok(GateOptions {
        context: ContextOptions {
            directory: arguments.context.clone(),
            dockerfile: arguments.file.as_deref().map(context::dockerfile).transpose()?,
            target: arguments.target.clone(),
            builder: arguments.builder.into(),
            may_lack_dockerfile: false,
        },
        image: ImageOptions {
            reference: arguments.reference.clone(),
            dockerfile: arguments.file.clone(),
            target: arguments.target.clone(),
            plain_http: arguments.plain_http,
            exec: arguments.exec.map(Into::into),
        },
        wiring: WiringOptions { live, ..(&arguments.files).into() },
        registry: arguments.registry,
        before_run_header: arguments.before_run_header,
        access: RegistryAccess {
            plain_http: arguments.plain_http,
            // The address is S3's, too: only a registry that is known to be ECR is asked there.
            endpoint: arguments
                .endpoint_url
                .clone()
                .filter(|_| contract.documents.registry_kind == RegistryKind::Ecr),
        },
    })
}

/// The files that are examined, as far as they are named.
fn inputs(arguments: &Arguments, contract: &Contract, place: &Place) -> Vec<PathBuf> {
    let mut inputs = place.files();
    inputs.extend(contract.path().map(Path::to_owned));
    inputs.extend(contract.profile.iter().filter_map(|p| p.path.clone()));
    inputs.extend(arguments.file.clone().or_else(|| contract.image.dockerfile.clone()));
    let reference = arguments.reference.as_ref().or(contract.image.reference.as_ref());
    // Behind a transport there may be a path.
    let archive = reference.map(|r| r.split_once(':').map_or(r.as_str(), |(_, path)| path));
    inputs.extend(archive.map(PathBuf::from));
    inputs.extend(contract.workflow.iter().flat_map(|w| w.files.clone()));
    inputs
}

/// A gate that is being told, and what went wrong with that.
struct Telling<'m> {
    gate: Gate,
    faults: Vec<String>,
    masker: &'m Masker<'m>,
}

impl Telling<'_> {
    /// Writes something; a failure becomes a part of the gate's report. Whether it was written.
    fn attempt<E: Into<Fault>>(&mut self, what: &str, write: impl FnOnce(&Gate) -> Result<(), E>) -> bool {
        let Err(error) = write(&self.gate) else { return true };
        let Fault { text, supply } = error.into();
        let fault = self.masker.mask(&text);
        self.gate.miss(what, &fault, supply.as_deref());
        self.faults.push(fault);
        false
    }
}
