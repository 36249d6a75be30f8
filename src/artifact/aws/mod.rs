//! What is known of an AWS account: roles, parameters, secrets, task definitions, repositories and keys, each with the
//! place that tells of it. A [`Snapshot`] is filled from a Terraform plan or state, a CloudFormation template, the live
//! account, a saved snapshot, or several of them.
//!
//! Two rules hold for every reader. What could not be seen is a value of its own ([`Seen::NotSeen`], with the call and
//! the permission that would have shown it), never an absence. And no secret value is held: a literal is looked at by
//! an [`Inspector`] while it is read, and only what that found is kept.

mod model;
mod seen;
mod text;

pub use model::{
    Container, Document, Expression, Key, Literal, LiteralPlace, ManagedSecret, Mutability, Parameter,
    ParameterKind, Place, PolicyAttachment, PolicySource, Repository, Role, SecretReference,
    SecretReferenceKind, Sighting, Snapshot, Source, SourceKind, TaskDefinition, Wanted,
};
pub use seen::{Gap, Seen};
pub use text::{Part, Text};

/// Looks at a literal while it is read, so that its value need not be kept.
pub trait Inspector: Sync {
    /// What is secret in `value`, which the variable or option `name` is set to.
    fn inspect(&self, name: &str, value: &str) -> Vec<Sighting>;
}
