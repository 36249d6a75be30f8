//! `seaworthy verify`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::Verify as Arguments;
use super::output::{Terminal, wanted};
use super::session::Session;
use super::{Failure, environment, output};
use crate::scan::request::{DocumentFiles, documents};
use crate::scan::{self, Outcome, RegistryAccess, ScanError};

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    if arguments.provenance.is_none() && common.run_id.is_none() {
        return Err(Failure("what is to be verified? give --run-id ID or --provenance FILE".to_owned()));
    }
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
    let named = [&arguments.provenance, &arguments.run, &arguments.receipt, &arguments.security];
    let named = named.into_iter().chain([&arguments.attestation]).flatten().cloned();
    let inputs: Vec<PathBuf> = named.chain(contract.path().map(Path::to_owned)).collect();
    output::spare(output::files(&reports), &inputs)?;
    let session = Session::with_contract(contract, common, terminal)?;
    let access =
        RegistryAccess { plain_http: arguments.plain_http, endpoint: arguments.endpoint_url.clone() };
    let files = DocumentFiles {
        run_id: common.run_id.clone(),
        provenance: arguments.provenance.clone(),
        run_header: arguments.run.clone(),
        receipt: arguments.receipt.clone(),
        security: arguments.security.clone(),
        attestation: arguments.attestation.clone(),
        endpoint: arguments.endpoint_url.clone(),
    };
    let outcome = session.run(terminal, |setup| -> Result<Outcome, ScanError> {
        let mut documents = documents(&files, setup)?;
        documents.now = Timestamp::now();
        Ok(scan::verify(setup, documents, arguments.registry.then_some(&access), None))
    })?;
    session.conclude(&outcome, &reports, common, terminal)
}
