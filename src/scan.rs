//! The spine: plan, load, check, sort, verdict. The only owner of threads.

mod audit;
mod context;
mod documents;
mod exec;
mod gate;
mod image;
mod opener;
mod packaging;
mod pipeline;
pub mod request;
mod source_lines;
mod unreached;
mod verdict;
mod verify;
mod wiring;

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;

use crate::check::Context;
use crate::check::provenance::{ImageAttestation, RecipeDifference};
use crate::check::wiring::AGENT_READS_SECRET;
use crate::contract::{Contract, SecretEntry};
use crate::finding::{FingerprintKey, Report};
use crate::observe::InjectedSecret;
use crate::profile::Profile;
use crate::rule::Rules;
use crate::store::StoreError;
use seaworthy_aws::AwsError;
use seaworthy_context::{ContextError, IgnoreError};
use seaworthy_image::ImageError;

pub use audit::{AuditRequest, ImageSource, ImagesRequest, audit};
pub use context::{ContextRequest, DockerfileSource, Listing, context, list};
pub use documents::{DocumentsRequest, Security, StoredRun, content, documents, stored};
pub use exec::{Engine, ExecRequest};
pub use gate::{Gate, GateOptions, GateRun, gate};
pub use image::{ImageRequest, Recipe, image};
pub use packaging::PackagedBuild;
pub use verify::{RegistryAccess, SIGNED, UNSIGNED, report, verify};
use wiring::wiring_with;
pub use wiring::{
    SourceHelp, TaskImage, WiringOutcome, WiringRequest, WiringSource, ask_role, read_file, wanted, wiring,
};

/// What every scan needs.
pub struct Setup<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The detectors.
    pub rules: &'a Rules,
    /// The key of the fingerprints.
    pub key: FingerprintKey,
    /// Number of threads; one at least.
    pub jobs: usize,
    /// The day on which acceptances are judged.
    pub today: Date,
    /// Told how far the scan is.
    pub progress: &'a Progress,
}

/// What checks are told beside the artifact. `secrets` are those of the contract, by [`injected`].
fn check_context<'a>(setup: &'a Setup<'_>, secrets: &'a [InjectedSecret]) -> Context<'a> {
    let names = |profile: &Profile| profile.names_check(AGENT_READS_SECRET);
    // The profile of a contract that names none does.
    let forbids_task_secrets =
        setup.contract.path().is_some() && setup.contract.profile.as_ref().is_none_or(names);
    Context { secrets, forbids_task_secrets, ..Context::new(setup.rules, &setup.key) }
}

/// The secrets that a contract injects, as checks know them.
fn injected(contract: &Contract) -> Vec<InjectedSecret> {
    let secret = |s: &SecretEntry| InjectedSecret {
        handle: s.handle.clone(),
        variables: s.variables.clone(),
        required: s.required,
    };
    contract.secrets.iter().map(secret).collect()
}

/// What a scan ends with.
#[derive(Debug)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// Things that the user should know and that say nothing of the artifact.
    pub warnings: Vec<String>,
    /// Digests of the indexes that led to an examined image: other names of it.
    pub indexes: Vec<String>,
    /// What later parts of a gate compare with.
    pub facts: ImageFacts,
}

/// What an examined image says of itself, for later parts of a gate.
#[derive(Clone, Debug, Default)]
pub struct ImageFacts {
    /// Attestations that came with it.
    pub attestations: Vec<ImageAttestation>,
    /// Its `ENTRYPOINT`, if all images that were examined have the same.
    pub entrypoint: Option<Vec<String>>,
    /// The `WORKDIR` of the image, if it is known.
    pub directory: Option<String>,
    /// The `USER` of the image, if it is known; empty for root.
    pub user: Option<String>,
    /// Where its history is not the one that the Dockerfile makes; nothing if no Dockerfile was given.
    pub recipe: Option<Vec<RecipeDifference>>,
}

/// Why a scan could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The options or the contract name nothing that could be examined; the text says what to do.
    #[error("{0}")]
    Request(String),
    /// The image could not be had.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The store of the run's documents has no place for them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No Dockerfile was given.
    #[error("there is no Dockerfile; name it with -f")]
    NoDockerfile,
    /// The Dockerfile cannot be read as one.
    #[error("{path}:{line}: {reason}")]
    Dockerfile {
        /// Its name.
        path: String,
        /// Line, from 1.
        line: u32,
        /// What is wrong.
        reason: String,
    },
    /// The Dockerfile has no such stage.
    #[error("{path}: {reason}")]
    Target {
        /// The Dockerfile's name.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The ignore file cannot be used.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// The context cannot be listed.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A source of the wiring cannot be used, or the account cannot be asked.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The wiring cannot be looked at.
    #[error("{0}")]
    Wiring(String),
    /// A document was named that is not there, or a run that cannot be.
    #[error("{path}: {reason}")]
    RunDocument {
        /// Its name.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The threads could not be started.
    #[error("cannot start {jobs} threads: {source}")]
    Threads {
        /// How many.
        jobs: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}

/// How far a scan is; read it from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    layers: AtomicU64,
    layers_done: AtomicU64,
    bytes: AtomicU64,
    runs: AtomicU64,
    documents: AtomicU64,
    runs_done: AtomicU64,
}

impl Progress {
    /// Layers that are to be read, as far as is known.
    pub fn layers(&self) -> u64 {
        self.layers.load(Ordering::Relaxed)
    }

    /// Layers that were read.
    pub fn layers_done(&self) -> u64 {
        self.layers_done.load(Ordering::Relaxed)
    }

    /// Runs that are to be judged, as far as is known.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Documents of runs that were read.
    pub fn documents(&self) -> u64 {
        self.documents.load(Ordering::Relaxed)
    }

    /// Runs that were judged.
    pub fn runs_done(&self) -> u64 {
        self.runs_done.load(Ordering::Relaxed)
    }

    /// Unpacked bytes that were read.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
