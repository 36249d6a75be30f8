//! `seaworthy verify`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::Verify as Arguments;
use super::output::{Terminal, wanted, write_all};
use super::{Failure, environment, output};
use crate::artifact::provenance::PaperKind;
use crate::check::Masker;
use crate::contract::{Contract, EvidenceSection};
use crate::finding::Verdict;
use crate::scan::{self, PapersSource, Progress, RegistryAccess, Setup, VerifyRequest};

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
    if arguments.provenance.is_none() && contract.evidence.bucket.is_some() {
        // A folder of the same name may hold papers of old; they are not the run's.
        let reason = "the contract's evidence.store is a bucket, and verify --run-id reads folders: name the files, or \
                      use `seaworthy audit` or `seaworthy gate`, which read buckets";
        return Err(Failure(reason.to_owned()));
    }
    let named = [&arguments.provenance, &arguments.run, &arguments.receipt, &arguments.security];
    let named = named.into_iter().chain([&arguments.attestation]).flatten().cloned();
    let inputs: Vec<PathBuf> = named.chain(contract.path().map(Path::to_owned)).collect();
    output::spare(output::files(&reports), &inputs)?;
    let rules = environment::rules(&contract, &common.rules, terminal)?;
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: environment::fingerprint_key(&contract, terminal),
        jobs: environment::jobs(common),
        today: environment::today(),
        progress: &Progress::default(),
    };
    let access =
        RegistryAccess { plain_http: arguments.plain_http, endpoint: arguments.endpoint_url.clone() };
    let request = VerifyRequest {
        source: source(arguments, &contract),
        registry: arguments.registry.then_some(access),
        now: Timestamp::now(),
    };
    let outcome =
        scan::verify(&setup, &request).map_err(|e| Failure(Masker::new(&rules).mask(&e.to_string())))?;
    for warning in &outcome.warnings {
        terminal.warn(warning);
    }
    let run = environment::run_info(&contract, common);
    write_all(&reports, &outcome.report, &run, &contract, common, terminal)?;
    let verdict = outcome.report.verdict;
    Ok(if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() })
}

fn source(arguments: &Arguments, contract: &Contract) -> PapersSource {
    let run_id = arguments.common.run_id.clone();
    let phase_id = contract.evidence.phase_id.clone();
    let Some(provenance) = &arguments.provenance else {
        return PapersSource::Run {
            root: contract.evidence.directory.clone(),
            run_id: run_id.unwrap_or_default(),
            phase_id,
            layout: Box::new(contract.papers.provenance.clone()),
            profiles: contract.papers.profiles.clone(),
        };
    };
    let files = [
        (PaperKind::Provenance, Some(provenance)),
        (PaperKind::RunHeader, arguments.run.as_ref()),
        (PaperKind::Receipt, arguments.receipt.as_ref()),
        (PaperKind::Security, arguments.security.as_ref()),
        (PaperKind::Attestation, arguments.attestation.as_ref()),
    ];
    let files = files.into_iter().filter_map(|(kind, path)| Some((kind, path?.clone()))).collect();
    // Of files that lie anywhere, a phase is known only if the contract names one.
    let phase_id = (phase_id != EvidenceSection::PHASE_ID).then_some(phase_id);
    PapersSource::Files { files, run_id, phase_id }
}
