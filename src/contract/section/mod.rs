//! The sections of a contract, one file each: what may be written, how it is checked, its defaults and its
//! documentation. A new section is its file and a line in each list of this one.

mod accept;
mod documents;
mod evidence;
mod fingerprints;
mod handles;
mod image;
mod limits;
mod packaging;
mod policy;
mod registry;
mod rules;
mod secrets;
mod waivers;
mod wiring;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Contract;
use super::marked::{Count, Marked, Text};
use super::validator::Validator;

pub use accept::printed_paths;
pub use accept::{AcceptEntry, AcceptMatch, PathGlob};
pub use evidence::{Bucket, EvidenceKeys, EvidenceSection};
pub use fingerprints::Fingerprints;
pub use image::ImageSection;
pub use limits::Limits;
pub use packaging::{EntrypointEntry, WorkflowSection};
pub use policy::Policy;
pub use registry::RegistryHosts;
pub use rules::{DisableEntry, RulesSection};
pub use secrets::SecretEntry;
pub use wiring::AwsSection;

use accept::RawAccept;
use documents::{RawDocuments, RawProvenance, RawReceipt, RawRunHeader, RawSecurityEvidence, RawSignature};
use evidence::RawEvidence;
use fingerprints::RawFingerprints;
use handles::RawHandles;
use image::RawImage;
use limits::RawLimits;
use packaging::{RawEntrypoint, RawWorkflow};
use policy::RawPolicy;
use registry::RawRegistry;
use rules::RawRules;
use secrets::RawSecret;
use waivers::RawWaiver;
use wiring::{RawAws, RawException, RawForbiddenRole, RawRole, RawTask, RawWiring};

/// seaworthy's contract: what this project promises about its container image.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "seaworthy.toml")]
pub(in crate::contract) struct RawContract {
    /// Version of the contract's format. This seaworthy reads version 1.
    #[schemars(required, extend("const" = super::FORMAT))]
    pub version: Count,
    /// The controls that a gate judges by: `m1`, `image`, or the path of a profile of your own, relative to the
    /// contract's directory.
    #[schemars(extend("default" = crate::profile::DEFAULT))]
    pub profile: Text,
    /// The image that is examined when the command line names none, and what it is built from.
    pub image: Option<RawImage>,
    /// What fails the verdict.
    pub policy: Option<RawPolicy>,
    /// How findings get names that stay the same from run to run.
    pub fingerprints: Option<RawFingerprints>,
    /// Detectors of your own, and detectors that are turned off.
    pub rules: Option<RawRules>,
    /// Where the record of a run is kept.
    pub evidence: Option<RawEvidence>,
    /// What the packaging provenance of a run must hold. The default is packaging contract M1.
    pub provenance: Option<RawProvenance>,
    /// Where things stand in the run header, as JSON pointers.
    pub run_header: Option<RawRunHeader>,
    /// What the build receipt of a run must hold. The default is packaging contract M1.
    pub receipt: Option<RawReceipt>,
    /// What the run's security evidence must say.
    pub security_evidence: Option<RawSecurityEvidence>,
    /// Who may sign the documents.
    pub signature: Option<RawSignature>,
    /// How the registry is asked.
    pub registry: Option<RawRegistry>,
    /// Controls of the profile that need not be checked for a time. One `[[waivers]]` for each.
    pub waivers: Option<Vec<Marked<RawWaiver>>>,
    /// How much an image may ask of the reader. What exceeds a limit is reported as not checked, never skipped.
    pub limits: Option<RawLimits>,
    /// Secrets that reach the container at runtime and must not be in the image. One `[[secrets]]` for each.
    pub secrets: Option<Vec<Marked<RawSecret>>>,
    /// What builds and publishes the image.
    pub workflow: Option<Marked<RawWorkflow>>,
    /// The ways in which the image is started. One `[[entrypoints]]` for each.
    pub entrypoints: Option<Vec<Marked<RawEntrypoint>>>,
    /// Findings that are accepted for a time. One `[[accept]]` for each.
    pub accept: Option<Vec<Marked<RawAccept>>>,
    /// Where names live that the contract uses.
    pub handles: Option<RawHandles>,
    /// The account that the wiring is checked in.
    pub aws: Option<RawAws>,
    /// Roles, and the secrets that each must be able to read. One `[[roles]]` for each.
    pub roles: Option<Vec<Marked<RawRole>>>,
    /// Which role each task runs as. One `[[tasks]]` for each task definition.
    pub tasks: Option<Vec<Marked<RawTask>>>,
    /// Roles that no task may run as, such as the one that applies Terraform. One `[[forbidden_roles]]` for each.
    pub forbidden_roles: Option<Vec<Marked<RawForbiddenRole>>>,
    /// ARNs for which a rule of the wiring may be broken for a time. One `[[exceptions]]` for each.
    pub exceptions: Option<Vec<Marked<RawException>>>,
}

impl Validator<'_> {
    /// Checks all sections; what else a contract is, such as its file and its profile, is still to be filled in.
    pub(super) fn contract(&mut self, raw: RawContract) -> Contract {
        let secrets = self.secrets(raw.secrets.unwrap_or_default());
        self.handles(raw.handles.unwrap_or_default());
        let (aws, expectations) = self.wiring(
            RawWiring {
                aws: raw.aws.unwrap_or_default(),
                roles: raw.roles.unwrap_or_default(),
                tasks: raw.tasks.unwrap_or_default(),
                forbidden_roles: raw.forbidden_roles.unwrap_or_default(),
                exceptions: raw.exceptions.unwrap_or_default(),
            },
            &secrets,
        );
        let registry = raw.registry.unwrap_or_default();
        let workflow = raw.workflow.and_then(|w| self.workflow(w));
        let driver = workflow.as_ref().map(|w| w.family.as_str().to_owned());
        Contract {
            registry_hosts: self.registry_hosts(&registry),
            version: raw.version.as_ref().map_or(super::FORMAT, |v| v.value),
            directory: self.directory().to_owned(),
            image: self.image(raw.image.unwrap_or_default()),
            policy: self.policy(&raw.policy.unwrap_or_default()),
            fingerprints: self.fingerprints(raw.fingerprints.unwrap_or_default()),
            rules: self.rules(raw.rules.unwrap_or_default()),
            evidence: self.evidence(raw.evidence.unwrap_or_default()),
            limits: limits::limits(&raw.limits.unwrap_or_default()),
            workflow,
            entrypoints: self.entrypoints(raw.entrypoints.unwrap_or_default()),
            accept_entries: self.accept(raw.accept.unwrap_or_default()),
            documents: self.documents(RawDocuments {
                provenance: raw.provenance.unwrap_or_default(),
                run_header: raw.run_header.unwrap_or_default(),
                receipt: raw.receipt.unwrap_or_default(),
                security_evidence: raw.security_evidence.unwrap_or_default(),
                signature: raw.signature.unwrap_or_default(),
                registry: &registry,
                workflow_driver: driver,
            }),
            secrets,
            aws,
            expectations,
            profile: None,
            waivers: Vec::new(),
            handles: None,
            source: None,
        }
    }
}
