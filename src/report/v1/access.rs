//! The table of roles and secrets.

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding as inner;
use crate::report::phrase::printable;

/// Which role can read which secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::report) struct Access {
    /// The contract's secrets, in its order.
    secrets: Vec<Secret>,
    /// The contract's roles, in its order.
    roles: Vec<Role>,
}

/// A secret of the contract.
#[derive(Debug, Serialize, JsonSchema)]
struct Secret {
    /// Its handle.
    handle: String,
    /// Its parameter's name or its ARN.
    kept: String,
    /// Whether it is there.
    state: Existence,
}

/// Whether a secret is there: `planned` if an apply that has not happened will create it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Existence {
    Exists,
    Planned,
    Absent,
    Unknown,
}

/// A role of the contract.
#[derive(Debug, Serialize, JsonSchema)]
struct Role {
    /// Its handle.
    handle: String,
    /// Its name.
    role: String,
    /// `task` or `execution`.
    kind: &'static str,
    /// One entry for each of `secrets`, in their order.
    reads: Vec<Reading>,
}

/// Whether a role can read a secret: `required` (it must and can), `cannot` (it must and cannot), `allowed` (it can, and
/// the contract allows that), `excess` (it can and should not), `none` (it cannot), `unknown`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Reading {
    Required,
    Cannot,
    Allowed,
    Excess,
    None,
    Unknown,
}

impl From<&inner::AccessTable> for Access {
    fn from(table: &inner::AccessTable) -> Self {
        let secrets = table.secrets.iter().map(|secret| Secret {
            handle: printable(&secret.handle),
            kept: printable(&secret.kept),
            state: match secret.state {
                inner::Existence::Exists => Existence::Exists,
                inner::Existence::Planned => Existence::Planned,
                inner::Existence::Absent => Existence::Absent,
                inner::Existence::Unknown => Existence::Unknown,
            },
        });
        let roles = table.roles.iter().map(|role| Role {
            handle: printable(&role.handle),
            role: printable(&role.role),
            kind: role.kind,
            reads: role.cells.iter().map(Into::into).collect(),
        });
        Self { secrets: secrets.collect(), roles: roles.collect() }
    }
}

impl From<&inner::Reading> for Reading {
    fn from(reading: &inner::Reading) -> Self {
        match reading {
            inner::Reading::Required => Self::Required,
            inner::Reading::Cannot => Self::Cannot,
            inner::Reading::Allowed => Self::Allowed,
            inner::Reading::Excess => Self::Excess,
            inner::Reading::None => Self::None,
            inner::Reading::Unknown => Self::Unknown,
        }
    }
}
