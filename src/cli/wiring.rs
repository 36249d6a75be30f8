//! `seaworthy wiring`.

use std::path::Path;

use super::args::{Files, Global, Wiring as Arguments};
use super::output::{Terminal, wanted, write_all};
use super::{Failure, environment, progress};
use crate::check::Masker;
use crate::contract::Contract;
use crate::finding::Verdict;
use crate::scan::{self, Progress, Setup, WiringRequest, WiringSource};
use crate::store;
use seaworthy_aws::live::{self, LiveOptions};
use seaworthy_aws::saved;
use seaworthy_source::escape_bytes;

/// The largest file that is read, in bytes: plans of a few hundred megabytes exist.
const MOST: u64 = 1 << 30;

pub(super) fn run(_global: &Global, arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let common = &arguments.common;
    let reports = wanted(common)?;
    let contract = environment::contract(common, Path::new("."), terminal)?;
    if arguments.print_policy {
        return print_policy(arguments, &contract, terminal);
    }
    let live = arguments.live.then(|| LiveOptions {
        region: arguments.region.clone().or_else(|| contract.aws.region.clone()),
        profile: arguments.aws_profile.clone(),
        endpoint: arguments.endpoint_url.clone(),
    });
    let rules = environment::rules(&contract, &common.rules, terminal)?;
    let request = request(&arguments.files, live, arguments.simulate, &contract)?;
    let progress = Progress::default();
    let setup = Setup {
        contract: &contract,
        rules: &rules,
        key: environment::fingerprint_key(&contract, terminal),
        jobs: environment::jobs(common),
        today: environment::today(),
        progress: &progress,
    };
    // What a source says of itself may be in an error.
    let masker = Masker::new(&rules);
    let masked = |text: String| Failure(escape_bytes(masker.mask(&text).as_bytes()));
    let done = progress::with(terminal, &progress, || scan::wiring(&setup, request))
        .map_err(|e| masked(e.to_string()))?;
    let outcome = &done.outcome;
    for warning in &outcome.warnings {
        terminal.warn(warning);
    }
    if let Some(path) = &arguments.save_snapshot {
        store::write_atomically(path, &saved::write(&done.snapshot)?)?;
        terminal.note(&format!("snapshot: {}", path.display()));
    }
    let run = environment::run_info(&contract, common);
    write_all(&reports, &outcome.report, &run, &contract, common, terminal)?;
    let verdict = outcome.report.verdict;
    Ok(if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() })
}

/// Prints what `--live` needs to be allowed.
fn print_policy(arguments: &Arguments, contract: &Contract, terminal: &Terminal) -> Result<u8, Failure> {
    let account = contract.aws.account.as_deref().unwrap_or("*");
    let region = arguments.region.as_deref().or(contract.aws.region.as_deref()).unwrap_or("*");
    let policy = live::policy(&scan::wanted(contract), account, region, arguments.simulate);
    terminal.print(format!("{}\n", policy.trim_end()).as_bytes())?;
    Ok(0)
}

/// The files that were named, or the contract's, and the account.
pub(super) fn request(
    files: &Files,
    live: Option<LiveOptions>,
    simulate: bool,
    contract: &Contract,
) -> Result<WiringRequest, Failure> {
    let named = !(files.plan.is_empty() && files.template.is_empty() && files.snapshot.is_empty());
    let (plans, templates, snapshots) = if named || live.is_some() {
        (&files.plan, &files.template, &files.snapshot)
    } else {
        (&contract.aws.plans, &contract.aws.templates, &contract.aws.snapshots)
    };
    let mut sources = Vec::new();
    for path in plans {
        sources.push(WiringSource::Plan(name(path), read(path)?));
    }
    for path in templates {
        sources.push(WiringSource::Template(name(path), read(path)?));
    }
    for path in snapshots {
        sources.push(WiringSource::Snapshot(name(path), read(path)?));
    }
    if sources.is_empty() && live.is_none() {
        return Err(Failure(
            "nothing tells of the account: give --plan, --template, --snapshot or --live, or set `aws.plan`, \
             `aws.template` or `aws.snapshot` in the contract (seaworthy wiring --help)"
                .into(),
        ));
    }
    Ok(WiringRequest { sources, live, simulate })
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    scan::read_file(path, MOST).map_err(|reason| Failure(format!("{}: {reason}", path.display())))
}
