//! What the contract says of the account, as the checks on the wiring take it.

use std::path::PathBuf;

use super::parameter::Parameter;
use super::sections::SecretEntry;
use crate::check::wiring::{Kept, Secret};

/// `[aws]`: the account that the wiring is checked in. Paths are joined to the contract's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSection {
    /// The partition; `aws` where nothing says otherwise.
    pub partition: Option<String>,
    /// The account's 12 digits.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Plans and states that are read when the command line names no source.
    pub plans: Vec<PathBuf>,
    /// Templates that are read when the command line names no source.
    pub templates: Vec<PathBuf>,
    /// Saved snapshots that are read when the command line names no source.
    pub snapshots: Vec<PathBuf>,
    /// Service control policies, one file for each level from the root to the account.
    pub service_control_policies: Vec<PathBuf>,
}

impl SecretEntry {
    /// The entry as the checks on the wiring take it.
    pub(super) fn expected(&self) -> Secret {
        Secret {
            position: self.position,
            handle: self.handle.clone(),
            kept: match &self.parameter {
                Parameter::Name(name) => Kept::Parameter(name.clone()),
                Parameter::ParameterArn(arn) => Kept::ParameterArn(arn.clone()),
                // What follows the name picks a key, a stage and a version; the secret is the same.
                Parameter::SecretArn(arn) => {
                    Kept::SecretArn(arn.split(':').take(7).collect::<Vec<_>>().join(":"))
                }
            },
            variables: self.variables.clone(),
            required: self.required,
            version: self.version,
            label: self.label.clone(),
            key: self.kms_key.clone(),
        }
    }
}
