//! What `wiring` examines.

use std::path::{Path, PathBuf};

use seaworthy_aws::live::LiveOptions;

use super::refused;
use crate::contract::Contract;
use crate::scan::{ScanError, WiringRequest, WiringSource, read_file};

/// The largest file that is read, in bytes: plans of a few hundred megabytes exist.
const MAX_FILE: u64 = 1 << 30;

/// The sources of the wiring, as they were given.
#[derive(Clone, Debug, Default)]
pub struct WiringOptions {
    /// Terraform plans and states (`terraform show -json`).
    pub plans: Vec<PathBuf>,
    /// CloudFormation templates.
    pub templates: Vec<PathBuf>,
    /// Saved snapshots.
    pub snapshots: Vec<PathBuf>,
    /// How to reach the account, if it is to be looked at.
    pub live: Option<LiveOptions>,
    /// Whether AWS's simulation API is asked, too.
    pub simulate: bool,
}

impl WiringOptions {
    fn names_file(&self) -> bool {
        !(self.plans.is_empty() && self.templates.is_empty() && self.snapshots.is_empty())
    }

    /// Whether there is a source, given or in the contract.
    pub fn has_source(&self, contract: &Contract) -> bool {
        let aws = &contract.aws;
        let by_contract = [&aws.plans, &aws.templates, &aws.snapshots];
        self.live.is_some() || self.names_file() || by_contract.iter().any(|list| !list.is_empty())
    }
}

impl WiringRequest {
    /// What is to be examined: what was given, else what the contract names. Files of the contract are not read where
    /// the account itself is looked at.
    ///
    /// # Errors
    /// If there is no source, or a file cannot be read.
    pub fn open(options: &WiringOptions, contract: &Contract) -> Result<Self, ScanError> {
        let aws = &contract.aws;
        let (plans, templates, snapshots) = if options.names_file() || options.live.is_some() {
            (&options.plans, &options.templates, &options.snapshots)
        } else {
            (&aws.plans, &aws.templates, &aws.snapshots)
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
        if sources.is_empty() && options.live.is_none() {
            return Err(refused(
                "no source describes the account: give --plan, --template, --snapshot or --live, or set `aws.plan`, \
                 `aws.template` or `aws.snapshot` in the contract (seaworthy wiring --help)",
            ));
        }
        Ok(Self { sources, live: options.live.clone(), simulate: options.simulate })
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<Vec<u8>, ScanError> {
    read_file(path, MAX_FILE).map_err(|reason| refused(format!("{}: {reason}", path.display())))
}
