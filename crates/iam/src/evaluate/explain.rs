//! Why a decision is what it is.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::document::{Effect, Statement};
use super::super::hole;
use super::super::principal;
use super::super::truth::Truth;
use super::{Decision, Evaluation, Layer, PolicySet, Request, StatementRef, covers, gate, layers};

/// A statement that may or may not apply, and what would settle it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncertainty {
    /// The statement; `None` where the question is whose the resource is.
    pub statement: Option<StatementRef>,
    /// What is not known.
    pub cause: Cause,
}

/// What is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A condition, named by its operator and key, of which the key's value is unknown.
    Condition {
        /// The operator, as in `StringEquals`.
        operator: String,
        /// The key, in lower case.
        key: String,
    },
    /// A condition whose key is known but whose result AWS does not define (several values and no set operator, or a value
    /// that the operator cannot compare).
    Undefined {
        /// The operator.
        operator: String,
        /// The key, in lower case.
        key: String,
    },
    /// A policy variable whose value is unknown, or that has several.
    Variable {
        /// The key, in lower case.
        key: String,
    },
    /// A text that a plan or a template knows only when it is applied.
    Hole {
        /// Its name.
        name: String,
    },
    /// Whether the statement's principals include the requester.
    Principal,
    /// Whether a statement counts whose action has a wildcard in its service.
    WildcardService,
    /// Whether resource control policies bind the action's service.
    ControlledService,
    /// Which account owns the resource.
    ResourceAccount,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Condition { operator, key } => {
                write!(f, "{operator} on {key}: the key's value is not known")
            }
            Self::Undefined { operator, key } => {
                write!(f, "{operator} on {key}: AWS does not define the result")
            }
            Self::Variable { key } => write!(f, "the value of the variable {key} is not known"),
            Self::Hole { name } => write!(f, "the value of {name} is not known until apply"),
            Self::Principal => {
                f.write_str("whether the statement's principals include the requester is not known")
            }
            Self::WildcardService => {
                f.write_str("IAM refuses an action with a wildcard in its service, so what it would cover is not known")
            }
            Self::ControlledService => f.write_str(
                "the service is not on AWS's list of those that resource control policies bind; the list grows",
            ),
            Self::ResourceAccount => f.write_str("which account owns the resource is not known"),
        }
    }
}

/// An explanation, ready to print or to write as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// One sentence.
    pub text: String,
    /// The layer that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// The root, OU or account whose service control policies do not allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// The statement that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Place>,
    /// What would settle it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Open>,
}

/// Where a statement stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The policy's name.
    pub policy: String,
    /// The statement's index, from 0.
    pub index: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Its effect.
    pub effect: Effect,
    /// Line in the policy's text.
    pub line: u32,
    /// Byte column in the policy's text.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Line and column are those of the policy's own text, which mostly stands escaped in another one.
        let Self { policy, index, sid, .. } = self;
        match sid {
            Some(sid) => write!(f, "statement {sid:?} of {policy}"),
            None => write!(f, "statement {index} of {policy}"),
        }
    }
}

/// One thing that is not known, for print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// What.
    pub cause: String,
    /// The statement that hangs on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Place>,
}

impl PolicySet {
    /// Where a statement stands, for messages.
    pub fn place(&self, of: StatementRef) -> Option<Place> {
        let (policy, Statement { at, sid, effect, .. }) = self.statement(of)?;
        let (sid, effect) = (sid.clone(), *effect);
        let (policy, index) = (policy.name.clone(), of.statement);
        Some(Place { policy, index, sid, effect, line: at.line, column: at.column })
    }

    /// What would settle a request whose decision is unknown: the statements that may or may not apply, denies included.
    /// Allows beside a sure one of the same layer are left out; they settle nothing.
    pub fn uncertainties(&self, request: &Request) -> Vec<Uncertainty> {
        let mut found = Vec::new();
        let bounded = self.boundaries.is_some();
        for (layer, level, group) in self.groups(request) {
            let applies =
                |statement| gate(statement, layer, request, bounded).and(covers(statement, layer, request));
            let mut all = group.iter().flat_map(|policy| &policy.statements);
            let settled = layer != Layer::Resource
                && all.any(|statement| {
                    statement.effect == Effect::Allow && applies(statement).any() == Truth::True
                });
            for (policy, document) in group.iter().enumerate() {
                for (index, statement) in document.statements.iter().enumerate() {
                    let matters =
                        statement.effect == Effect::Deny || (!settled && layer != Layer::ResourceControl);
                    if matters && applies(statement).is_unsure() {
                        let by = Some(StatementRef { layer, level, policy, statement: index });
                        let causes = causes(statement, layer, request, bounded).into_iter();
                        found.extend(causes.map(|cause| Uncertainty { statement: by, cause }));
                    }
                }
            }
        }
        if layers::relations(self, request).1.is_some() {
            found.push(Uncertainty { statement: None, cause: Cause::ResourceAccount });
        }
        found
    }
}

fn causes(statement: &Statement, layer: Layer, request: &Request, bounded: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let context = &request.context;
    if matches!(layer, Layer::Resource | Layer::ResourceControl) {
        let bounded = bounded && layer == Layer::Resource;
        let reached =
            principal::reach(statement.principals.as_ref(), statement.effect, &request.principal, bounded);
        if reached.is_unsure() {
            causes.push(Cause::Principal);
        }
    }
    if layer == Layer::ResourceControl && layers::control_reaches(&request.action) == Truth::Unknown {
        causes.push(Cause::ControlledService);
    }
    if statement.actions.covers(&request.action) == Truth::Unknown {
        causes.push(Cause::WildcardService);
    }
    for condition in
        statement.conditions.iter().filter(|condition| condition.holds(context) == Truth::Unknown)
    {
        let (operator, key) = (condition.operator().to_string(), condition.key().to_owned());
        let before = causes.len();
        if condition.key_is_unknown(context) {
            causes.push(Cause::Condition { operator: operator.clone(), key: key.clone() });
        }
        causes
            .extend(condition.unknown_variables(context).map(|key| Cause::Variable { key: key.to_owned() }));
        causes.extend(condition.holes().map(|name| Cause::Hole { name: name.to_owned() }));
        if causes.len() == before {
            causes.push(Cause::Undefined { operator, key });
        }
    }
    for element in statement.resources.iter().filter(|_| covers(statement, layer, request) == Truth::Unknown)
    {
        let unknown = element.patterns.iter().flat_map(|pattern| pattern.unknown_variables(context));
        causes.extend(unknown.map(|key| Cause::Variable { key: key.to_owned() }));
        let asked = hole::unknown_names(&request.resource).into_iter();
        let holes = element.patterns.iter().flat_map(|pattern| pattern.holes()).chain(asked);
        let holes: BTreeSet<&str> = holes.collect();
        causes.extend(holes.into_iter().map(|name| Cause::Hole { name: name.to_owned() }));
    }
    causes
}

impl Evaluation {
    /// Says why, in words and with places.
    pub fn explain(&self, policies: &PolicySet, request: &Request) -> Explanation {
        let statement = self.statement.and_then(|by| policies.place(by));
        let org = self.level.and_then(|level| policies.scps.get(level)).map(|level| level.org.clone());
        let mut unknown = Vec::new();
        if self.decision == Decision::Unknown {
            for Uncertainty { statement, cause } in policies.uncertainties(request) {
                let statement = statement.and_then(|by| policies.place(by));
                unknown.push(Open { cause: cause.to_string(), statement });
            }
        }
        let text = match (self.decision, &statement, self.layer) {
            (Decision::Allowed, Some(place), _) => format!("allowed by {place}"),
            (Decision::Allowed, None, _) if layers::needs_no_permission(&request.action) => {
                "the action needs no permission".to_owned()
            }
            (Decision::Allowed, None, _) => "the account's root user needs no policy".to_owned(),
            (Decision::ExplicitlyDenied, Some(place), _) => format!("denied by {place}"),
            (Decision::ImplicitlyDenied, _, Some(layer)) => self.shortfall(layer, org.as_deref(), policies),
            (Decision::Unknown, ..) => {
                let causes: BTreeSet<&str> = unknown.iter().map(|open| open.cause.as_str()).collect();
                let causes: Vec<&str> = causes.into_iter().collect();
                format!("depends on what is not known: {}", causes.join("; "))
            }
            _ => "no statement applies".to_owned(),
        };
        Explanation { text, layer: self.layer, org, statement, unknown }
    }

    fn shortfall(&self, layer: Layer, org: Option<&str>, policies: &PolicySet) -> String {
        let text = match layer {
            Layer::ServiceControl => {
                return format!("no service control policy at {} allows it", org.unwrap_or("some level"));
            }
            Layer::Resource if policies.resource.is_none() => {
                "a resource policy must allow it, and there is none"
            }
            Layer::Resource => "no statement of the resource policy allows it to this principal",
            Layer::Identity => "no statement of an identity policy allows it",
            Layer::Boundary => "the permissions boundary does not allow it",
            Layer::Session if policies.session.is_none() => {
                "a federated session has only what a session policy allows"
            }
            Layer::Session => "the session policy does not allow it",
            Layer::ResourceControl => "a resource control policy does not allow it",
        };
        text.to_owned()
    }
}
