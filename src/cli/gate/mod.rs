//! `seaworthy gate`.

mod parts;
pub(super) mod place;

use std::path::Path;

use super::args::{Gate as Arguments, Global};
use super::output::{Side, Terminal, tell_stored, wanted, write_side};
use super::{Failure, environment, progress};
use crate::check::Masker;
use crate::finding::Verdict;
use crate::location::RunId;
use crate::report::evidence;
use crate::scan::{self, Gate, Progress, Setup};
use parts::Run;

pub(super) fn run(_global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let Some(id) = &common.run_id else {
        return Err(Failure(
            "a gate is for a run: give its ID with --run-id, or set SEAWORTHY_RUN_ID".into(),
        ));
    };
    let id = RunId::parse(id).map_err(|rule| Failure(format!("--run-id {rule}")))?;
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
    let place = place::open(&contract, &id, arguments.endpoint_url.as_deref())?;
    let rules = environment::rules(&contract, &common.rules, terminal)?;
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: environment::fingerprint_key(&contract, terminal),
        jobs: environment::jobs(common),
        today: environment::today(),
        progress: &progress,
    };
    let info = environment::run_info(&contract, common);
    let masker = Masker::new(&rules);
    let plans = parts::plans(&Run { arguments, setup: &setup, masker: &masker, place: &place, id: &id });
    let mut gate = progress::with(terminal, &progress, || scan::gate(&setup, plans, place.documents()));
    for warning in &gate.warnings {
        terminal.warn(warning);
    }
    let tell =
        |gate: &Gate, side| write_side(&reports, side, &gate.report, &info, &contract, common, terminal);
    // A report that cannot be written must not lie beside evidence of a pass, nor evidence that cannot be written
    // beside reports of one: each failure is a part of what is written after it. Copies of the evidence come when it
    // is safe in its place.
    let mut faults = Vec::new();
    if let Err(Failure(fault)) = tell(&gate, Side::Files) {
        gate = gate.missed("report", &masker.mask(&fault));
        faults.push(fault);
    }
    if arguments.dry_run {
        terminal.note(&format!("dry run: no evidence is written to {}", place.evidence()));
    } else {
        let mut bytes = Vec::new();
        evidence::write(&gate.report, &info, &mut bytes)?;
        match place.put(&bytes, common.replace) {
            Ok(stored) => {
                tell_stored(&stored, terminal);
                faults.extend(tell(&gate, Side::Copies).err().map(|Failure(fault)| fault));
            }
            Err(fault) => {
                let fault = fault.to_string();
                gate = gate.missed("evidence", &masker.mask(&fault));
                faults.push(fault);
            }
        }
    }
    // Nothing that was written before a failure still says pass.
    if !faults.is_empty() {
        let _ = tell(&gate, Side::Files);
    }
    if let Err(Failure(fault)) = tell(&gate, Side::Screen) {
        faults.push(fault);
    }
    if !faults.is_empty() {
        return Err(Failure(masker.mask(&faults.join("\n"))));
    }
    let verdict = gate.report.verdict;
    Ok(if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() })
}
