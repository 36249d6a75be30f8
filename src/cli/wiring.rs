//! `seaworthy wiring`.

use std::path::Path;

use super::args::{Files, Wiring as Arguments};
use super::output::{Terminal, wanted};
use super::session::Session;
use super::{Failure, environment};
use crate::contract::Contract;
use crate::scan::request::{WiringFiles, WiringOptions};
use crate::scan::{self, ScanError, WiringRequest};
use crate::store;
use seaworthy_aws::live::{self, LiveOptions};
use seaworthy_aws::saved;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
    if arguments.print_policy {
        return print_policy(arguments, &contract, terminal);
    }
    let session = Session::with_contract(contract, common, terminal)?;
    let live = arguments.live.then(|| LiveOptions {
        region: arguments.region.clone().or_else(|| session.contract.aws.region.clone()),
        profile: arguments.aws_profile.clone(),
        account: session.contract.aws.account.clone(),
        endpoint: arguments.endpoint_url.clone(),
    });
    let (against, simulate) = (arguments.against.clone(), arguments.simulate);
    let options = WiringOptions { against, live, simulate, ..(&arguments.files).into() };
    let done = session.run(terminal, |setup| -> Result<_, ScanError> {
        scan::wiring(setup, WiringRequest::open(&options, setup.contract)?)
    })?;
    if let Some(path) = &arguments.save_snapshot {
        store::write_atomically(path, &terminal.masked(saved::write(&done.snapshot)?)?)?;
        terminal.note(&format!("snapshot: {}", path.display()));
    }
    session.conclude(&done.outcome, &reports, common, terminal)
}

/// Prints what `--live` needs to be allowed.
fn print_policy(arguments: &Arguments, contract: &Contract, terminal: &Terminal) -> Result<u8, Failure> {
    let account = contract.aws.account.as_deref().unwrap_or("*");
    let region = arguments.region.as_deref().or(contract.aws.region.as_deref()).unwrap_or("*");
    let policy = live::policy(&scan::wanted(contract), account, region, arguments.simulate);
    terminal.print(format!("{}\n", policy.trim_end()).as_bytes())?;
    Ok(0)
}

impl From<&Files> for WiringOptions {
    fn from(files: &Files) -> Self {
        let files = WiringFiles {
            plans: files.plan.clone(),
            templates: files.template.clone(),
            snapshots: files.snapshot.clone(),
            task_definitions: files.task_definition.clone(),
            parameters: files.parameters.clone(),
            source_directories: files.source.clone(),
        };
        Self { files, ..Self::default() }
    }
}
