//! What the surroundings say: contract file, fingerprint key, actor, day.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use super::Failure;
use super::args::Common;
use super::output::Terminal;
use crate::check::Masker;
use crate::check::catalogue;
use crate::contract::Contract;
use crate::finding::FingerprintKey;
use crate::report::evidence::RunInfo;
use crate::rule::Rules;

/// The contract's file where none is named.
pub(super) const CONTRACT: &str = "seaworthy.toml";

/// Today, in UTC.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// The contract that was named, or the one in `root`, or the defaults; what was typed takes precedence.
pub(super) fn contract(common: &Common, root: &Path, terminal: &Terminal) -> Result<Contract, Failure> {
    let mut contract = read_contract(common.contract.as_deref(), root, terminal)?;
    let known = catalogue();
    for entry in &contract.accept_entries {
        if !known.iter().any(|meta| meta.id == entry.check) {
            let path = contract.path().map(|p| p.display().to_string()).unwrap_or_default();
            let (at, id) = (entry.position, &entry.check);
            return Err(Failure(format!(
                "{path}:{at}: there is no check {id}; `seaworthy explain` lists all"
            )));
        }
    }
    if let Some(severity) = common.fail_on {
        contract.policy.fail_on = severity;
    }
    Ok(contract)
}

/// The contract alone, for commands without a verdict.
pub(super) fn contract_at(named: Option<&Path>, terminal: &Terminal) -> Result<Contract, Failure> {
    read_contract(named, Path::new("."), terminal)
}

/// The contract without what was typed.
pub(super) fn read_contract(
    named: Option<&Path>,
    root: &Path,
    terminal: &Terminal,
) -> Result<Contract, Failure> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => {
            let path = if root == Path::new(".") { PathBuf::from(CONTRACT) } else { root.join(CONTRACT) };
            // A contract that is there and cannot be read is an error, not the lack of one.
            if std::fs::symlink_metadata(&path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
                return Ok(Contract::default());
            }
            path
        }
    };
    Contract::load(&path, today()).or_else(|e| {
        // The lines with mistakes are shown, and a mistake may be a secret in the wrong place.
        let known = Rules::load(&[], &[])?;
        Err(Failure(Masker::new(&known).mask(e.render(terminal.color_err()).trim_end())))
    })
}

/// The detectors: built in, the contract's, and those of the command line.
pub(super) fn rules(
    contract: &Contract,
    more: &[PathBuf],
    terminal: &Terminal,
) -> Result<Arc<Rules>, Failure> {
    let directories: Vec<PathBuf> = contract.rules.directories.iter().chain(more).cloned().collect();
    let today = today();
    let (holding, expired): (Vec<_>, Vec<_>) = contract.rules.disable.iter().partition(|d| d.holds(today));
    for entry in expired {
        let (id, on) = (&entry.detector, entry.expires);
        terminal.warn(&format!("the detector {id} was disabled until {on}; it is in use again"));
    }
    let disabled: Vec<String> = holding.into_iter().map(|d| d.detector.clone()).collect();
    let known = Arc::new(Rules::load(&directories, &[])?);
    // What is disabled is no finding, and does not leave the program all the same.
    terminal.learn(&known);
    for id in disabled.iter().filter(|id| known.find(id).is_none()) {
        terminal.warn(&format!("the contract disables the detector {id}, which does not exist"));
    }
    if disabled.is_empty() { Ok(known) } else { Ok(Arc::new(known.without(&disabled)?)) }
}

/// The key of the fingerprints, from the variable that the contract names.
pub(super) fn fingerprint_key(contract: &Contract, terminal: &Terminal) -> FingerprintKey {
    let Some(variable) = &contract.fingerprints.key_env else { return FingerprintKey::PlaceOnly };
    match std::env::var_os(variable).filter(|v| !v.is_empty()) {
        Some(key) => FingerprintKey::Keyed(key.into_encoded_bytes()),
        None => {
            terminal.warn(&format!(
                "{variable} is not set: fingerprints are made of places alone, and acceptances by keyed fingerprint \
                 do not match"
            ));
            FingerprintKey::PlaceOnly
        }
    }
}

/// Who runs this, when, and for which run.
pub(super) fn run_info(contract: &Contract, common: &Common) -> RunInfo {
    let from_env = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let actor = common.actor.clone().or_else(|| from_env("GITHUB_ACTOR")).or_else(|| from_env("USER"));
    let now = Timestamp::now();
    let now = now.round(Unit::Second).unwrap_or(now);
    RunInfo {
        phase_id: contract.evidence.phase_id.clone(),
        platform_run_id: common.run_id.clone(),
        actor: actor.unwrap_or_else(|| "unknown".to_owned()),
        written_at_utc: now.to_string(),
    }
}

/// Number of threads.
pub(super) fn jobs(common: &Common) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    common.jobs.map_or_else(all, usize::from)
}
