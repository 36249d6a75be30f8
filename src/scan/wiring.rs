//! The wiring of an account, end to end: sources filled into one snapshot, checks, and the table of who reads what.

mod organization;
mod sources;
mod tasks;

use super::{Outcome, ScanError, Setup};
use crate::check::wiring::{
    ALL, Answer, COMMANDS, Placement, Wiring, access_table, answer_question, compare, origin, probes,
    resolved,
};
use crate::check::{Answers, Masker, readers_of, run_checks};
use crate::contract::Contract;
use crate::finding::{AccessTable, ArtifactRecord, Coverage, NotChecked, Reads, Subject};
use seaworthy_aws::live::{self, LiveOptions};
use seaworthy_aws::{Seen, Snapshot, saved};

pub use sources::{SourceHelp, WiringSource, read_file, wanted};
pub use tasks::TaskImage;

/// What the wiring is read from.
pub struct WiringRequest {
    /// Files, in the order in which they fill the snapshot.
    pub sources: Vec<WiringSource>,
    /// What completes them.
    pub help: SourceHelp,
    /// A saved snapshot that new access is asked against: its name and bytes.
    pub against: Option<(String, Vec<u8>)>,
    /// How to reach the account, if it is to be looked at.
    pub live: Option<LiveOptions>,
    /// Whether AWS's simulation API is asked, too.
    pub simulate: bool,
}

/// What a look at the wiring ends with.
pub struct WiringOutcome {
    /// The report.
    pub outcome: Outcome,
    /// All that was read.
    pub snapshot: Snapshot,
}

/// Examines the wiring.
///
/// # Errors
/// If a source cannot be read or the account cannot be asked at all, or if what is there is another account than the
/// contract's. Single things that could not be seen are in the report.
pub fn wiring(setup: &Setup<'_>, request: WiringRequest) -> Result<WiringOutcome, ScanError> {
    wiring_with(setup, request, None)
}

/// Examines the wiring; a gate gives what it knows of the image besides, so that the tasks' images and commands are
/// compared with it.
///
/// # Errors
/// As for [`wiring`].
pub(super) fn wiring_with(
    setup: &Setup<'_>,
    request: WiringRequest,
    image: Option<&TaskImage>,
) -> Result<WiringOutcome, ScanError> {
    let contract = setup.contract;
    let (mut artifacts, coverage) = files(&request);
    let WiringRequest { sources, help, against, live, simulate } = request;
    let snapshot = sources::snapshot(setup, sources, &help, live.as_ref())?;
    let against = against.map(|(name, bytes)| saved::parse(&name, &bytes)).transpose()?;
    let placement = sources::placement(contract, &snapshot)?;
    let organization = organization::levels(&contract.aws.service_control_policies)?;
    let expectations = resolved(&contract.expectations, &snapshot);
    let name = contract_name(contract);
    let wiring = Wiring::new(&name, &snapshot, &expectations, setup.today, &placement, &organization)
        .compared_with(against.as_ref());
    let masker = Masker::new(setup.rules);
    let secrets = super::injected(contract);
    let context = super::check_context(setup, &secrets);
    let mut answers = Answers::default();
    run_checks(ALL, &wiring, &context, &mut answers);
    run_checks(COMMANDS, &wiring, &context, &mut answers);
    if let Some(image) = image {
        tasks::ask_task_checks(setup, &wiring, image, &context, &mut answers);
    }
    if let (true, Some(options)) = (simulate, &live) {
        let probes = probes(&wiring);
        let requests: Vec<_> = probes.iter().map(|p| p.request.clone()).collect();
        compare(&probes, &live::simulate(&requests, options)?, &mut answers);
    }
    let mut readers = readers_of(ALL, Reads::Aws, &context);
    let asked = readers_of(COMMANDS, Reads::Aws, &context).into_iter().chain(tasks::readers(&context));
    readers.extend(asked.filter(|id| answers.asked.contains(id)));
    let gaps = snapshot.gaps.iter().map(|(place, gap)| {
        NotChecked::new(
            origin(&snapshot, place),
            if place.address.is_empty() { "a part of the source".to_owned() } else { place.address.clone() },
            gap.to_string(),
            readers.clone(),
        )
    });
    answers.not_checked.extend(gaps);
    speak(&placement, &mut answers);
    let mut table = access_table(&wiring);
    mask(&masker, &mut table);
    complete(&mut artifacts, &snapshot, contract);
    let mut outcome = super::verdict::conclude(setup, &masker, answers, artifacts, coverage);
    outcome.report.access = Some(table);
    outcome.report.task_definitions = snapshot.tasks.values().filter_map(Seen::value).count();
    Ok(WiringOutcome { outcome, snapshot })
}

/// Whether one role may do one thing, with the contract's placement and organization policies.
///
/// # Errors
/// As for [`wiring`], and if the question is none.
pub fn ask_role(
    setup: &Setup<'_>,
    request: WiringRequest,
    role: &str,
    action: &str,
    resource: &str,
    given: &[(String, String)],
) -> Result<Answer, ScanError> {
    let contract = setup.contract;
    let snapshot = sources::snapshot(setup, request.sources, &request.help, request.live.as_ref())?;
    let placement = sources::placement(contract, &snapshot)?;
    let organization = organization::levels(&contract.aws.service_control_policies)?;
    let expectations = resolved(&contract.expectations, &snapshot);
    let name = contract_name(contract);
    let wiring = Wiring::new(&name, &snapshot, &expectations, setup.today, &placement, &organization);
    let answer = answer_question(&wiring, role, action, resource, given).map_err(ScanError::Wiring)?;
    Ok(Answer {
        principal: placement.spoken(&answer.principal),
        resource: placement.spoken(&answer.resource),
        reason: placement.spoken(&answer.reason),
        open: answer.open.iter().map(|open| placement.spoken(open)).collect(),
        ..answer
    })
}

/// The contract's name, for what it gives no ground to ask.
fn contract_name(contract: &Contract) -> String {
    contract.path().map_or_else(|| "seaworthy.toml".to_owned(), |p| p.display().to_string())
}

/// Takes what stands for an unknown account or region out of the texts that people read.
fn speak(placement: &Placement, answers: &mut Answers) {
    let spoken = |text: &mut String| *text = placement.spoken(text);
    for finding in &mut answers.findings {
        spoken(&mut finding.message);
        let mut fix = finding.fix.to_string();
        spoken(&mut fix);
        finding.fix = fix.into();
        finding.notes.iter_mut().for_each(spoken);
    }
    for item in &mut answers.not_checked {
        spoken(&mut item.what);
        spoken(&mut item.reason);
    }
}

/// A handle or a name may be a secret in the wrong place.
fn mask(masker: &Masker<'_>, table: &mut AccessTable) {
    for column in &mut table.secrets {
        column.handle = masker.mask(&column.handle);
        column.kept = masker.mask(&column.kept);
    }
    for row in &mut table.roles {
        row.handle = masker.mask(&row.handle);
        row.role = masker.mask(&row.role);
    }
}

fn record(subject: Subject, name: String, digest: Option<String>, tags: Vec<String>) -> ArtifactRecord {
    ArtifactRecord { subject, name, tags, platform: None, digest, config_digest: None, layers: 0 }
}

/// The files that are read.
fn files(request: &WiringRequest) -> (Vec<ArtifactRecord>, Coverage) {
    let mut coverage = Coverage::default();
    let mut records = Vec::new();
    let sources = request.sources.iter().map(|source| (source.name(), source.bytes()));
    let help = request.help.parameters.iter().chain(&request.against);
    for (name, bytes) in sources.chain(help.map(|(name, bytes)| (name.as_str(), bytes.as_slice()))) {
        let hex: String = seaworthy_source::sha256_hex(bytes);
        coverage.files += 1;
        coverage.bytes += bytes.len() as u64;
        records.push(record(Subject::Aws, name.to_owned(), Some(format!("sha256:{hex}")), Vec::new()));
    }
    (records, coverage)
}

/// Adds what the snapshot says of its sources, and the contract's registry of handles.
fn complete(records: &mut Vec<ArtifactRecord>, snapshot: &Snapshot, contract: &Contract) {
    for source in &snapshot.sources {
        let tags: Vec<String> = source.tool.iter().cloned().collect();
        match records.iter_mut().find(|r| r.name == source.name) {
            Some(known) => known.tags.extend(tags),
            None => records.push(record(Subject::Aws, source.name.clone(), source.digest.clone(), tags)),
        }
    }
    if let Some(handles) = &contract.handles {
        let name = handles.path().display().to_string();
        records.push(record(Subject::Document, name, Some(handles.digest().to_owned()), Vec::new()));
    }
}
