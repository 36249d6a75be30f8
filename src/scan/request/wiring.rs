//! What `wiring` examines.

use std::path::{Path, PathBuf};

use seaworthy_aws::live::LiveOptions;

use super::refused;
use crate::contract::Contract;
use crate::scan::{ScanError, SourceHelp, WiringRequest, WiringSource, read_file};

/// The largest file that is read, in bytes: plans of a few hundred megabytes exist.
const MAX_FILE: u64 = 1 << 30;

/// The sources of the wiring, as they were given.
#[derive(Clone, Debug, Default)]
pub struct WiringOptions {
    /// The files.
    pub files: WiringFiles,
    /// A saved snapshot that new access is asked against.
    pub against: Option<PathBuf>,
    /// How to reach the account, if it is to be looked at.
    pub live: Option<LiveOptions>,
    /// Whether AWS's simulation API is asked, too.
    pub simulate: bool,
}

/// Files that describe an account, and files that complete them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WiringFiles {
    /// Terraform plans and states (`terraform show -json`).
    pub plans: Vec<PathBuf>,
    /// CloudFormation templates.
    pub templates: Vec<PathBuf>,
    /// Saved snapshots.
    pub snapshots: Vec<PathBuf>,
    /// Task definitions as JSON.
    pub task_definitions: Vec<PathBuf>,
    /// Values of the templates' parameters.
    pub parameters: Vec<PathBuf>,
    /// Directories with the Terraform source of the plans.
    pub source_directories: Vec<PathBuf>,
}

impl WiringFiles {
    /// Whether one of them is a source by itself.
    fn names_source(&self) -> bool {
        let sources = [&self.plans, &self.templates, &self.snapshots, &self.task_definitions];
        sources.iter().any(|list| !list.is_empty())
    }

    /// What the contract names.
    fn of(contract: &Contract) -> Self {
        let aws = &contract.aws;
        Self {
            plans: aws.plans.clone(),
            templates: aws.templates.clone(),
            snapshots: aws.snapshots.clone(),
            task_definitions: aws.task_definitions.clone(),
            parameters: aws.parameters.clone(),
            source_directories: aws.source_directories.clone(),
        }
    }
}

impl WiringOptions {
    /// Whether there is a source, given or in the contract.
    pub fn has_source(&self, contract: &Contract) -> bool {
        self.live.is_some() || self.files.names_source() || WiringFiles::of(contract).names_source()
    }
}

impl WiringRequest {
    /// What is to be examined: what was given, else what the contract names. Files of the contract are not read where
    /// the account itself is looked at; what completes sources is taken from the contract where it was not given.
    ///
    /// # Errors
    /// If there is no source, or a file cannot be read.
    pub fn open(options: &WiringOptions, contract: &Contract) -> Result<Self, ScanError> {
        let own = WiringFiles::of(contract);
        let mut files = options.files.clone();
        if !files.names_source() && options.live.is_none() {
            let WiringFiles { plans, templates, snapshots, task_definitions, .. } = own.clone();
            files = WiringFiles { plans, templates, snapshots, task_definitions, ..files };
        }
        if files.parameters.is_empty() && !files.templates.is_empty() {
            files.parameters = own.parameters;
        }
        if files.source_directories.is_empty() {
            files.source_directories = own.source_directories;
        }
        let mut sources = Vec::new();
        type Make = fn(String, Vec<u8>) -> WiringSource;
        let kinds: [(&[PathBuf], Make); 4] = [
            (&files.plans, WiringSource::Plan),
            (&files.templates, WiringSource::Template),
            (&files.task_definitions, WiringSource::TaskDefinition),
            (&files.snapshots, WiringSource::Snapshot),
        ];
        for (paths, source) in kinds {
            for path in paths {
                sources.push(source(name(path), read_bytes(path)?));
            }
        }
        if sources.is_empty() && options.live.is_none() {
            return Err(refused(
                "no source describes the account: give --plan, --template, --task-definition, --snapshot or --live, \
                 or set `aws.plan`, `aws.template`, `aws.task_definition` or `aws.snapshot` in the contract \
                 (seaworthy wiring --help)",
            ));
        }
        let named = |path: &PathBuf| -> Result<_, ScanError> { Ok((name(path), read_bytes(path)?)) };
        let parameters = files.parameters.iter().map(named).collect::<Result<_, ScanError>>()?;
        let help = SourceHelp { parameters, directories: files.source_directories };
        let against = options.against.as_ref().or(contract.aws.against.as_ref()).map(named).transpose()?;
        Ok(Self { sources, help, against, live: options.live.clone(), simulate: options.simulate })
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, ScanError> {
    read_file(path, MAX_FILE).map_err(|reason| refused(format!("{}: {reason}", path.display())))
}
