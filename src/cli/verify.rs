//! `seaworthy verify`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::Verify as Arguments;
use super::output::{Terminal, wanted, write_all};
use super::{Failure, environment, output, place};
use crate::check::Masker;
use crate::contract::{Contract, EvidenceSection};
use crate::finding::Verdict;
use crate::scan::{self, Progress, RegistryAccess, Security, Setup, StoredRun};
use seaworthy_provenance::{Content, Paper, PaperKind, Papers, read_named};
use seaworthy_source::{Key, RunId};

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
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
    let masked = |text: String| Failure(Masker::new(&rules).mask(&text));
    let mut papers = papers(arguments, &setup).map_err(|Failure(text)| masked(text))?;
    papers.now = Timestamp::now();
    let outcome = scan::verify(&setup, papers, arguments.registry.then_some(&access), None);
    for warning in &outcome.warnings {
        terminal.warn(warning);
    }
    let run = environment::run_info(&contract, common);
    write_all(&reports, &outcome.report, &run, &contract, common, terminal)?;
    let verdict = outcome.report.verdict;
    Ok(if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() })
}

/// The papers that were named, or those of the run in the contract's store.
fn papers(arguments: &Arguments, setup: &Setup<'_>) -> Result<Papers, Failure> {
    let contract = setup.contract;
    let run_id = arguments.common.run_id.as_ref().map(ToString::to_string);
    let Some(provenance) = &arguments.provenance else {
        let run = RunId::parse(run_id.as_deref().unwrap_or_default())?;
        let is_bucket = contract.evidence.bucket.is_some();
        let directory = &contract.evidence.directory;
        if !is_bucket && !directory.is_dir() {
            return Err(Failure(format!("{}: there is no such folder of evidence", directory.display())));
        }
        let endpoint = arguments.endpoint_url.as_deref().filter(|_| is_bucket);
        let (store, layout) = (place::store(contract, endpoint)?, place::layout(contract)?);
        let stored = StoredRun { store: &store, layout: &layout, run: &run };
        return Ok(scan::stored(setup, stored, Security::Read)?);
    };
    let files = [
        (PaperKind::Provenance, Some(provenance)),
        (PaperKind::RunHeader, arguments.run.as_ref()),
        (PaperKind::Receipt, arguments.receipt.as_ref()),
        (PaperKind::Security, arguments.security.as_ref()),
        (PaperKind::Attestation, arguments.attestation.as_ref()),
    ];
    // Of papers that lie anywhere, a phase is known only if the contract names one.
    let phase_id = Some(contract.evidence.phase_id.clone()).filter(|p| p != EvidenceSection::PHASE_ID);
    let mut papers = Papers { run_id, phase_id, ..Papers::default() };
    for (kind, path) in files.into_iter().filter_map(|(kind, path)| Some((kind, path?))) {
        let paper = match path.to_str().and_then(|text| text.strip_prefix("s3://")) {
            Some(object) => object_of(kind, object, contract, arguments.endpoint_url.as_deref())?,
            None => read_named(kind, path),
        };
        if paper.content == Content::Missing {
            return Err(Failure(format!("{}: no such file", paper.name)));
        }
        *papers.paper_mut(kind) = paper;
    }
    Ok(papers)
}

/// A paper in a bucket, named as `BUCKET/KEY`.
fn object_of(
    kind: PaperKind,
    object: &str,
    contract: &Contract,
    endpoint: Option<&str>,
) -> Result<Paper, Failure> {
    let name = format!("s3://{object}");
    let fail = |reason: &str| Failure(format!("{name}: {reason}"));
    let (bucket, key) = object.split_once('/').ok_or_else(|| fail("expected s3://BUCKET/KEY"))?;
    let key = Key::parse(key).map_err(|rule| fail(&format!("the key {rule}")))?;
    let store = place::bucket(bucket, "", contract, endpoint).map_err(|Failure(reason)| fail(&reason))?;
    Ok(Paper { content: scan::content(&store, &key, kind.limit()), name })
}
