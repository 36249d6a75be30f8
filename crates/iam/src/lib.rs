//! The IAM engine: what AWS policies allow, with a reason, and proofs about all resources at once.
//!
//! ```text
//! text ──document──▶ Policy ─┐
//!                            ├─ evaluate ──▶ Allowed | ImplicitlyDenied | ExplicitlyDenied | Unknown, and why
//! principal, action, ... ────┤
//!                            └─ privilege ─▶ (allowed − required) is empty, or a shortest witness
//! ```
//!
//! Answers are three-valued. A request's [`Context`] is by default the whole truth: a key that is not in it is absent,
//! as in AWS. A caller that does not know a key's value marks the key, or the whole context, as unknown; a decision that
//! hangs on such a key is [`Decision::Unknown`] and names the condition.
//!
//! The rules are those of the AWS documentation: "Policy evaluation logic", "Cross-account policy evaluation logic",
//! "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys", "IAM policy elements:
//! Variables and tags", "AWS JSON policy elements: Principal / NotPrincipal", "SCP evaluation" and "RCP evaluation".
//! Where that documentation is silent, the answer is `Unknown` and not a guess.
//!
//! ```
//! use seaworthy_iam::{Context, Language, Policy, PolicyKind, PolicySet, Privilege, Query, parameter_universe};
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": [
//!     {"Effect": "Allow", "Action": "ssm:GetParameter",
//!      "Resource": "arn:aws:ssm:eu-west-1:111122223333:parameter/orders/*"}]}"#;
//! let policy = Policy::parse("orders-task", text, PolicyKind::Identity)?;
//! let policies = PolicySet { identity: vec![policy], ..PolicySet::default() };
//! let role = "arn:aws:iam::111122223333:role/orders-task";
//! let query = Query::new(&policies, role, "ssm:GetParameter", None, Context::open())?;
//! // Everything that the role may read and does not require, by a shortest witness; or the proof that there is nothing.
//! let required = Language::from("arn:aws:ssm:eu-west-1:111122223333:parameter/orders/db");
//! let universe = parameter_universe("aws", "eu-west-1", "111122223333");
//! let Privilege::Excess(excess) = query.excess(&universe, &required) else { panic!("it reads more") };
//! assert!(excess.witness.to_string().starts_with("arn:aws:ssm:eu-west-1:111122223333:parameter/orders/"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod action;
mod arn;
pub mod cases;
mod condition;
mod context;
mod document;
mod escalation;
mod evaluate;
mod hole;
mod language;
mod pattern;
mod principal;
mod privilege;
mod reason;
mod ssm;
mod truth;

pub use action::{known_actions, likely_action};
pub use arn::Arn;
pub use condition::{Condition, Operator};
pub use context::Context;
pub use document::{
    ActionElement, DocumentError, Effect, POLICY_LIMITS, Policy, PolicyKind, Principals, Problem, Reason,
    ResourceElement, Statement, Version,
};
pub use escalation::{Gain, ROUTES, Route};
pub use evaluate::{
    Cause, Decision, Evaluation, Explanation, Layer, Level, Obstacle, PolicySet, Request, RequestError,
    ResourceRule, StatementRef, Uncertainty, evaluate,
};
pub use hole::{has_unknown, unknown_names};
pub use language::{Budget, Glob, Language, Limits, Search, Witness};
pub use pattern::{Pattern, PatternError};
pub use principal::{PrincipalEntry, PrincipalError, Requester};
pub use privilege::{
    ActionExcess, Approximation, Difference, Excess, NewAccess, Privilege, Query, Undecided, new_access,
    new_principals,
};
pub use ssm::{
    READING_ACTIONS, ancestors, parameter_arn, parameter_universe, path_arn, path_universe,
    slashed_path_universe,
};
pub use truth::Truth;
