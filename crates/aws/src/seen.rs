//! Three answers to "what is there?": a value, its absence, or that no one could look.

use serde::{Deserialize, Serialize};

/// What is known of a thing that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen<T> {
    /// It is there.
    Value(T),
    /// It was looked for where it would be, and it is not there.
    Absent,
    /// No one could look.
    NotSeen(Gap),
}

/// Why something was not seen, and what would show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The reason, in words that hold no secret: `not in the plan`, `AccessDenied`, `known after apply`.
    pub reason: String,
    /// The call that would have shown it, such as `ssm:DescribeParameters`.
    pub call: Option<String>,
    /// The permission that is missing, such as `iam:GetRolePolicy`, where the account refused the call.
    pub permission: Option<String>,
}

impl Gap {
    /// A gap of which only the reason is known.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), call: None, permission: None }
    }

    /// The same, naming the call that would have shown it.
    #[must_use]
    pub fn by_call(mut self, call: impl Into<String>) -> Self {
        self.call = Some(call.into());
        self
    }

    /// The same, naming the permission that is missing.
    #[must_use]
    pub fn without(mut self, permission: impl Into<String>) -> Self {
        self.permission = Some(permission.into());
        self
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)?;
        match (&self.call, &self.permission) {
            (_, Some(permission)) => write!(f, "; the permission {permission} is missing"),
            (Some(call), None) => write!(f, "; {call} would tell"),
            (None, None) => Ok(()),
        }
    }
}

impl<T> Seen<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::NotSeen(_) => None,
        }
    }

    /// Why no one could look, if so.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Self::NotSeen(gap) => Some(gap),
            Self::Value(_) | Self::Absent => None,
        }
    }

    /// The same answer about a reference.
    pub fn as_ref(&self) -> Seen<&T> {
        match self {
            Self::Value(value) => Seen::Value(value),
            Self::Absent => Seen::Absent,
            Self::NotSeen(gap) => Seen::NotSeen(gap.clone()),
        }
    }

    /// The same answer about what is made of the value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Value(value) => Seen::Value(make(value)),
            Self::Absent => Seen::Absent,
            Self::NotSeen(gap) => Seen::NotSeen(gap),
        }
    }

    /// This answer, or `other` where this one saw nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotSeen(_), other @ (Self::Value(_) | Self::Absent)) => other,
            (this, _) => this,
        }
    }
}
