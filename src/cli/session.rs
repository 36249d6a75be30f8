//! What every command that ends in a verdict begins and ends with.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::args::Common;
use super::output::{Terminal, Wanted, write_all};
use super::{Failure, environment, progress};
use crate::check::Masker;
use crate::contract::Contract;
use crate::finding::{FingerprintKey, Verdict};
use crate::rule::Rules;
use crate::scan::{Outcome, Progress, Setup};
use seaworthy_source::escape_bytes;

/// The contract, the detectors and the surroundings of one run of the program.
pub(super) struct Session {
    pub(super) contract: Contract,
    pub(super) rules: Arc<Rules>,
    key: FingerprintKey,
    jobs: usize,
    today: Date,
    progress: Progress,
}

impl Session {
    /// Reads the contract that was named, or that in `root`, and the detectors.
    pub(super) fn open(common: &Common, root: &Path, terminal: &Terminal) -> Result<Self, Failure> {
        Self::with_contract(environment::contract(common, root, terminal)?, common, terminal)
    }

    /// The same with a contract that was read before.
    pub(super) fn with_contract(
        contract: Contract,
        common: &Common,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        Ok(Self {
            rules: environment::rules(&contract, &common.rules, terminal)?,
            key: environment::fingerprint_key(&contract, terminal),
            jobs: environment::jobs(common),
            today: environment::today(),
            progress: Progress::default(),
            contract,
        })
    }

    /// What a scan needs.
    pub(super) fn setup(&self) -> Setup<'_> {
        Setup {
            contract: &self.contract,
            rules: &self.rules,
            key: self.key.clone(),
            jobs: self.jobs,
            today: self.today,
            progress: &self.progress,
        }
    }

    /// Does the work while its progress is shown. What is examined is quoted in errors, and a reference may carry a
    /// login: they are masked.
    pub(super) fn run<T: Send, E: std::fmt::Display + Send>(
        &self,
        terminal: &Terminal,
        work: impl FnOnce(&Setup<'_>) -> Result<T, E> + Send,
    ) -> Result<T, Failure> {
        let setup = self.setup();
        progress::with(terminal, &self.progress, || work(&setup)).map_err(|e| self.masked(&e.to_string()))
    }

    /// An error as it may be shown.
    pub(super) fn masked(&self, text: &str) -> Failure {
        let masked = Masker::new(&self.rules).mask(text);
        let lines: Vec<String> = masked.split('\n').map(|l| escape_bytes(l.as_bytes())).collect();
        Failure(lines.join("\n"))
    }

    /// Writes the reports; the answer is the exit code.
    pub(super) fn conclude(
        &self,
        outcome: &Outcome,
        reports: &[Wanted],
        common: &Common,
        terminal: &Terminal,
    ) -> Result<u8, Failure> {
        for warning in &outcome.warnings {
            terminal.warn(warning);
        }
        let run = environment::run_info(&self.contract, common);
        write_all(reports, &outcome.report, &run, &self.contract, common, terminal)?;
        Ok(exit_code(outcome.report.verdict, common))
    }
}

/// The exit code of a verdict: `--exit-zero` turns 1 into 0, never 2.
pub(super) fn exit_code(verdict: Verdict, common: &Common) -> u8 {
    if common.exit_zero && verdict == Verdict::Fail { 0 } else { verdict.exit_code() }
}
