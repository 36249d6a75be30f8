//! What is known of an AWS account: roles, parameters, secrets, task definitions, repositories and keys, each with the
//! place that tells of it. A [`Snapshot`] is filled from a Terraform plan or state, a CloudFormation template, the live
//! account, a saved snapshot, or several of them.
//!
//! Two rules hold for every reader. What could not be seen is a value of its own ([`Seen::NotSeen`], with the call and
//! the permission that would have shown it), never an absence. And no secret value is held: a literal is looked at by
//! an [`Inspector`] while it is read, and only what that found is kept.
//!
//! ```
//! use seaworthy_aws::{Inspector, Sighting, template};
//!
//! /// Holds no value to be a secret.
//! struct Blind;
//! impl Inspector for Blind {
//!     fn inspect(&self, _name: &str, _value: &str) -> Vec<Sighting> {
//!         Vec::new()
//!     }
//! }
//!
//! let text = b"Resources:\n  Db:\n    Type: AWS::SSM::Parameter\n    Properties: {Name: /orders/db, Type: String, Value: x}\n";
//! let snapshot = template::parse("stack.yaml", text.to_vec(), &Blind)?;
//! let parameter = snapshot.parameters["/orders/db"].value();
//! assert_eq!(parameter.map(|parameter| parameter.place.address.as_str()), Some("Db"));
//! # Ok::<(), seaworthy_aws::AwsError>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

#[cfg(feature = "live")]
pub mod client;
mod containers;
pub mod ecr;
mod fill;
mod grants;
pub mod live;
mod managed;
mod model;
mod options;
mod overrides;
pub mod plan;
pub mod saved;
mod seen;
pub mod task_definition;
pub mod template;
pub mod terraform;
mod text;
mod tree;

pub use model::{
    Command, Container, Document, Expression, Key, KeyGrant, Literal, LiteralPlace, ManagedSecret,
    Mutability, Parameter, ParameterKind, Place, PolicyAttachment, PolicySource, Repository, Role,
    SecretReference, SecretReferenceKind, Sighting, Snapshot, Source, SourceKind, TaskDefinition,
    TaskOverride, UNKNOWN_LAUNCH_TYPE, Wanted,
};
pub use seen::{Gap, Seen};
pub use text::{ACCOUNT, Part, REGION, Text};

/// Looks at a literal while it is read, so that its value need not be kept.
pub trait Inspector: Sync {
    /// What is secret in `value`, which the variable or option `name` is set to.
    fn inspect(&self, name: &str, value: &str) -> Vec<Sighting>;
}

/// Why a source could not be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct AwsError {
    /// The file as the user named it, or the option.
    pub name: String,
    /// Why, with the place in the file where there is one; never a value from it.
    pub reason: String,
}

impl AwsError {
    /// An error about `name`.
    pub fn new(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into() }
    }
}
