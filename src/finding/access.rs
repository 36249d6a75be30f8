//! Which role can read which secret.

/// The table of roles and secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessTable {
    /// The columns: the contract's secrets, in its order.
    pub secrets: Vec<AccessColumn>,
    /// The rows: the contract's roles, in its order.
    pub roles: Vec<AccessRow>,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessColumn {
    /// Its handle.
    pub handle: String,
    /// Its parameter's name or its ARN.
    pub kept: String,
    /// Whether it exists.
    pub state: Existence,
}

/// Whether a secret exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// It does.
    Exists,
    /// An apply that has not happened will create it.
    Planned,
    /// It does not.
    Absent,
    /// No one could look.
    Unknown,
}

/// A role and what it can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub role: String,
    /// `task` or `execution`.
    pub kind: &'static str,
    /// One cell for each of [`AccessTable::secrets`].
    pub cells: Vec<Reading>,
}

/// Whether a role can read a secret, and whether it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It requires it and can.
    Required,
    /// It requires it and cannot.
    Cannot,
    /// It does not require it and can; the contract allows that.
    Allowed,
    /// It does not require it and can.
    Excess,
    /// It does not require it and cannot.
    None,
    /// No one can say.
    Unknown,
}

impl Existence {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Planned => "planned",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}

impl Reading {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Cannot => "cannot",
            Self::Allowed => "allowed",
            Self::Excess => "excess",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}
