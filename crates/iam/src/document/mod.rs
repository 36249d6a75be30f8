//! Policy documents: what they say, and where.
//!
//! Reading is strict: an element, value or type that the policy grammar does not know is an error with its place. Rules
//! that depend on where a document is attached (an identity policy names no Principal, a resource policy must) are a
//! second step, [`Policy::problems`]; [`Policy::parse`] does both.
//!
//! Source: "Grammar of the IAM JSON policy language"; "IAM Access Analyzer policy check reference" for what AWS refuses.

mod kind;
mod read;

use super::condition::Condition;
use super::context::Context;
use super::pattern::Pattern;
use super::principal::PrincipalEntry;
use super::truth::Truth;
use seaworthy_source::Position;
use seaworthy_source::json::{self, JsonError, Limits};

/// Bounds on a policy document's text: AWS's longest policy is far below them.
pub const POLICY_LIMITS: Limits = Limits { bytes: 1 << 20, depth: 64, values: 1 << 20 };

/// One policy document.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What the caller calls it: an ARN, an inline policy's name, or its place in the input.
    pub name: String,
    /// The language version.
    pub version: Version,
    /// The `Id` element.
    pub id: Option<String>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
}

/// The version of the policy language; a document without `Version` has the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`: `${...}` is plain text.
    V2008,
    /// `2012-10-17`: policy variables count.
    V2012,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where it starts in its document.
    pub at: Position,
    /// The `Sid` element.
    pub sid: Option<String>,
    /// The `Effect` element.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`.
    pub actions: ActionElement,
    /// `Resource` or `NotResource`.
    pub resources: Option<ResourceElement>,
    /// The `Condition` element: all of them must hold.
    pub conditions: Vec<Condition>,
}

/// A Principal or NotPrincipal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    /// Where the element stands.
    pub at: Position,
    /// Whether it is NotPrincipal.
    pub negated: bool,
    /// Whom it names.
    pub entries: Vec<PrincipalEntry>,
    /// Whether it is a plain string other than `*`, which the grammar does not allow; read as an `AWS` entry.
    pub bare: bool,
}

/// An Action or NotAction element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionElement {
    /// Where the element stands.
    pub at: Position,
    /// Whether it is NotAction.
    pub negated: bool,
    /// The actions, in lower case.
    pub patterns: Vec<Pattern>,
    /// The actions as they were written.
    pub written: Vec<String>,
}

/// A Resource or NotResource element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceElement {
    /// Where the element stands.
    pub at: Position,
    /// Whether it is NotResource.
    pub negated: bool,
    /// The resources; an incomplete ARN stands here as it is written and as IAM completes it.
    pub patterns: Vec<Pattern>,
    /// The resources as they were written.
    pub written: Vec<String>,
}

/// Where a policy is attached, which decides what it must and must not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// To a user, group or role; permissions boundaries and session policies have the same form.
    Identity,
    /// To a resource. Some services (Amazon ECR) leave Resource out.
    Resource,
    /// A role's trust policy: no Resource.
    Trust,
    /// A service control policy of an organization.
    ServiceControl,
    /// A resource control policy of an organization.
    ResourceControl,
}

/// A rule of the policy's kind that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct Problem {
    /// The element, or the statement that lacks it.
    pub at: Position,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a text is not a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy {policy}: {at}: {reason}")]
pub struct DocumentError {
    /// The policy's name, as given by the caller.
    pub policy: String,
    /// Where, counted in the document's own text.
    pub at: Position,
    /// What is wrong.
    pub reason: Reason,
}

impl ActionElement {
    /// Whether the element is about an action, which is in lower case.
    pub(super) fn covers(&self, action: &str) -> Truth {
        let named =
            self.patterns.iter().map(|pattern| pattern.names_action(action)).fold(Truth::False, Truth::or);
        if self.negated { named.negated() } else { named }
    }
}

impl Statement {
    /// Whether the statement may be about an action, whatever its resources and conditions.
    pub fn may_cover(&self, action: &str) -> bool {
        self.actions.covers(&action.to_lowercase()) != Truth::False
    }

    /// The same for an action on one resource, whatever the conditions and the values of variables.
    pub fn may_be_about(&self, action: &str, resource: &str) -> bool {
        let open = Context::open();
        let may_match = |element: &ResourceElement| {
            element.negated || element.patterns.iter().any(|p| p.matches(resource, &open) != Truth::False)
        };
        self.may_cover(action) && self.resources.as_ref().is_none_or(may_match)
    }
}

impl Policy {
    /// Reads a document and checks it against the rules of its kind.
    ///
    /// # Errors
    /// [`DocumentError`] with the first fault and its place.
    pub fn parse(name: &str, text: &str, kind: PolicyKind) -> Result<Self, DocumentError> {
        let policy = Self::read(name, text)?;
        match policy.problems(kind).into_iter().next() {
            None => Ok(policy),
            Some(Problem { at, reason }) => Err(DocumentError { policy: name.to_owned(), at, reason }),
        }
    }

    /// Reads a document by the grammar alone, wherever it is attached.
    ///
    /// # Errors
    /// [`DocumentError`] with the first fault and its place.
    pub fn read(name: &str, text: &str) -> Result<Self, DocumentError> {
        let json = |JsonError { at, fault, .. }| DocumentError {
            policy: name.to_owned(),
            at,
            reason: Reason::Json(fault),
        };
        Self::from_node(name, &json::read_first(text.as_bytes(), POLICY_LIMITS).map_err(json)?)
    }
}

#[cfg(test)]
mod tests;

pub use super::reason::Reason;
