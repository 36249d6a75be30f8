//! Why a part of a policy document is not what it must be.

use seaworthy_source::json;

use super::pattern::PatternError;

/// What is wrong with a policy document. Values are not repeated; the place says which one is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not JSON.
    #[error("{0}")]
    Json(json::Fault),
    /// A value of the wrong type.
    #[error("{element} must be {expected}, not {found}")]
    Type {
        /// The element.
        element: &'static str,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// An element that the grammar does not know.
    #[error("unknown element")]
    Unknown,
    /// An element that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Two elements that exclude each other.
    #[error("{0} and {1} exclude each other")]
    Both(&'static str, &'static str),
    /// An element that policies of this kind do not have.
    #[error("{0} is not allowed in {1}")]
    NotAllowed(&'static str, &'static str),
    /// A `Version` that does not exist.
    #[error("Version must be 2012-10-17 or 2008-10-17")]
    Version,
    /// An `Effect` that does not exist.
    #[error("Effect must be Allow or Deny")]
    Effect,
    /// A kind of principal that does not exist.
    #[error("a principal's type must be AWS, Federated, Service or CanonicalUser")]
    PrincipalType,
    /// A string Principal other than `*`.
    #[error("a Principal that is a string must be \"*\"")]
    BarePrincipal,
    /// `*` as a part of a principal.
    #[error("a principal cannot contain a wildcard")]
    WildcardPrincipal,
    /// An action without service prefix.
    #[error("an action must be \"*\" or start with a service and a colon")]
    Action,
    /// A resource that is neither `*` nor an ARN.
    #[error("a resource must be \"*\" or an ARN")]
    Resource,
    /// A condition operator that does not exist.
    #[error("unknown condition operator")]
    Operator,
    /// `IfExists` on `Null`.
    #[error("Null does not take IfExists")]
    NullIfExists,
    /// Two condition keys of one operator that differ only in case.
    #[error("the condition key occurs twice")]
    DuplicateKey,
    /// A malformed policy variable.
    #[error("{0}")]
    Pattern(PatternError),
    /// Two statements with one Sid.
    #[error("the Sid occurs twice")]
    DuplicateSid,
}
