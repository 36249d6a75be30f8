//! The decision about one request.
//!
//! A pass over all statements tells what each layer allows and whether anything denies; [`layers`] puts the layers
//! together by AWS's rules. The explanation is made afterwards and only on demand, so that a decision allocates little.

mod explain;
pub(super) mod layers;
mod obstacle;
mod request;

pub use explain::{Cause, Explanation, Uncertainty};
use layers::{Parts, Relation, combine};
pub use obstacle::Obstacle;
pub use request::{Request, RequestError};

use super::document::{Effect, Policy, Statement};
use super::principal::{self, Ways};
use super::truth::Truth;

/// All policies that bear on a request.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// Policies of the principal: attached, inline, and those of its groups.
    pub identity: Vec<Policy>,
    /// Permissions boundaries. `None`: none is attached. An empty list is attached and allows nothing.
    pub boundaries: Option<Vec<Policy>>,
    /// Session policies; one of them must allow. `None`: none was passed.
    pub session: Option<Vec<Policy>>,
    /// Service control policies over the principal's account: one entry for the root, each OU and the account.
    pub scps: Vec<Level>,
    /// Resource control policies over the resource's account.
    pub rcps: Vec<Level>,
    /// The resource's own policy.
    pub resource: Option<Policy>,
    /// What the resource's own policy counts for.
    pub resource_rule: ResourceRule,
}

/// One level of an organization and the policies attached to it.
#[derive(Clone, Debug)]
pub struct Level {
    /// The root, OU or account.
    pub org: String,
    /// The policies attached there.
    pub policies: Vec<Policy>,
}

/// Whether, within one account, an identity policy suffices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceRule {
    /// As the service does: KMS keys and role trust policies must themselves allow the principal or its account.
    #[default]
    ByService,
    /// Identity policy or resource policy, either suffices.
    Either,
    /// The resource policy must allow the principal, or its account.
    Required,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// Nothing denies it, but some layer does not allow it.
    ImplicitlyDenied,
    /// A Deny statement applies.
    ExplicitlyDenied,
    /// It depends on something that is not known.
    Unknown,
}

/// A kind of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// The resource's own policy.
    Resource,
    /// Identity policies.
    Identity,
    /// Permissions boundaries.
    Boundary,
    /// Session policies.
    Session,
}

/// A statement of a [`PolicySet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef {
    /// Its layer.
    pub layer: Layer,
    /// Its level, in the two control layers; otherwise 0.
    pub level: usize,
    /// Its policy's index in the layer or level.
    pub policy: usize,
    /// Its index in the policy.
    pub statement: usize,
}

/// A decision, and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// The layer that decided: that of the statement, or the one that does not allow. `None` where no policy counts.
    pub layer: Option<Layer>,
    /// The level of the control layer that does not allow.
    pub level: Option<usize>,
    /// The statement that decided; for an implicit denial there is none.
    pub statement: Option<StatementRef>,
}

impl PolicySet {
    /// The statement that a reference means, and its policy.
    pub fn statement(&self, of: StatementRef) -> Option<(&Policy, &Statement)> {
        let policy = match of.layer {
            Layer::Identity => self.identity.get(of.policy),
            Layer::Boundary => self.boundaries.as_ref()?.get(of.policy),
            Layer::Session => self.session.as_ref()?.get(of.policy),
            Layer::ServiceControl => self.scps.get(of.level)?.policies.get(of.policy),
            Layer::ResourceControl => self.rcps.get(of.level)?.policies.get(of.policy),
            Layer::Resource => self.resource.as_ref(),
        }?;
        Some((policy, policy.statements.get(of.statement)?))
    }

    /// Every group of policies that binds a request: layer, level, policies.
    pub(super) fn groups(&self, request: &Request) -> impl Iterator<Item = (Layer, usize, &[Policy])> {
        let spared = request.principal.is_service_linked(&request.context);
        let scps = if spared || request.principal.account().is_none() { &[] } else { self.scps.as_slice() };
        let rcps = if spared { &[] } else { self.rcps.as_slice() };
        let scps =
            scps.iter().enumerate().map(|(i, level)| (Layer::ServiceControl, i, level.policies.as_slice()));
        let rcps =
            rcps.iter().enumerate().map(|(i, level)| (Layer::ResourceControl, i, level.policies.as_slice()));
        let others = [
            (Layer::Resource, 0, self.resource.as_slice()),
            (Layer::Identity, 0, self.identity.as_slice()),
            (Layer::Boundary, 0, self.boundaries.as_deref().unwrap_or_default()),
            (Layer::Session, 0, self.session.as_deref().unwrap_or_default()),
        ];
        scps.chain(rcps).chain(others)
    }
}

/// Decides a request.
///
/// Explicit denies in any layer come first. Then the layers are put together as AWS does for requests within an account,
/// across accounts, or without an account.
pub fn evaluate(policies: &PolicySet, request: &Request) -> Evaluation {
    if layers::needs_no_permission(&request.action) {
        return Evaluation { decision: Decision::Allowed, layer: None, level: None, statement: None };
    }
    let tally = Tally::of(policies, request);
    let denied = tally.deny.truth;
    if denied == Truth::True {
        let layer = tally.deny.by.map(|by| by.layer);
        return Evaluation {
            decision: Decision::ExplicitlyDenied,
            layer,
            level: None,
            statement: tally.deny.by,
        };
    }
    let (relation, other) = layers::relations(policies, request);
    let allowed = tally.allowed(relation);
    let allowed =
        if other.is_none_or(|other| tally.allowed(other) == allowed) { allowed } else { Truth::Unknown };
    match (allowed, denied) {
        (Truth::False, _) => tally.missing(relation),
        (Truth::True, Truth::False) => {
            let by = tally.granting(relation);
            let layer = by.map(|by| by.layer);
            Evaluation { decision: Decision::Allowed, layer, level: None, statement: by }
        }
        _ => Evaluation { decision: Decision::Unknown, layer: None, level: None, statement: None },
    }
}

/// What some statements say together: the strongest truth, and the statement that gives it.
#[derive(Clone, Copy)]
struct Found {
    truth: Truth,
    by: Option<StatementRef>,
}

impl Found {
    const NOTHING: Self = Self { truth: Truth::False, by: None };
    const GIVEN: Self = Self { truth: Truth::True, by: None };

    fn raise(&mut self, truth: Truth, by: StatementRef) {
        if truth > self.truth {
            *self = Self { truth, by: Some(by) };
        }
    }
}

/// What each layer says about a request.
struct Tally {
    deny: Found,
    parts: Parts<Found>,
    /// The level of the service control policies that allows least.
    scp_level: Option<usize>,
}

impl Tally {
    fn of(policies: &PolicySet, request: &Request) -> Self {
        let given = |yes: &bool| if *yes { Found::GIVEN } else { Found::NOTHING };
        let start = layers::start(policies, &request.principal);
        let mut tally = Self { deny: Found::NOTHING, parts: start.map(given), scp_level: None };
        let bounded = policies.boundaries.is_some();
        for (layer, level, group) in policies.groups(request) {
            let mut allow = Found::NOTHING;
            for (policy, document) in group.iter().enumerate() {
                for (index, statement) in document.statements.iter().enumerate() {
                    let gate = gate(statement, layer, request, bounded);
                    if gate.any() == Truth::False {
                        continue;
                    }
                    let ways = gate.and(covers(statement, layer, request));
                    let by = StatementRef { layer, level, policy, statement: index };
                    match (statement.effect, layer) {
                        (Effect::Deny, _) => tally.deny.raise(ways.any(), by),
                        (Effect::Allow, Layer::Resource) => {
                            tally.parts.direct.raise(ways.direct, by);
                            tally.parts.entity.raise(ways.entity, by);
                            tally.parts.account.raise(ways.account, by);
                        }
                        (Effect::Allow, _) => allow.raise(ways.any(), by),
                    }
                }
            }
            match layer {
                Layer::ServiceControl if allow.truth < tally.parts.scp.truth => {
                    tally.parts.scp = allow;
                    tally.scp_level = Some(level);
                }
                Layer::Identity => keep_stronger(&mut tally.parts.identity, allow),
                Layer::Boundary => keep_stronger(&mut tally.parts.boundary, allow),
                Layer::Session => keep_stronger(&mut tally.parts.session, allow),
                // "RCPFullAWSAccess" is attached everywhere and cannot be detached: only denies count there.
                Layer::ServiceControl | Layer::ResourceControl | Layer::Resource => {}
            }
        }
        tally
    }

    fn allowed(&self, relation: Relation) -> Truth {
        let truths = self.parts.map(|found| found.truth);
        combine(&truths, relation)
    }

    /// The statement to name for an allowed request: the one nearest to the principal.
    fn granting(&self, relation: Relation) -> Option<StatementRef> {
        let Parts { identity, direct, entity, account, .. } = &self.parts;
        let order = match relation {
            Relation::ResourceOnly => [direct, direct, direct, direct],
            _ => [identity, direct, entity, account],
        };
        order.into_iter().filter(|found| found.truth == Truth::True).find_map(|found| found.by)
    }

    /// The first layer, in AWS's order, without which the request is not allowed.
    fn missing(&self, relation: Relation) -> Evaluation {
        let Parts { scp, identity, boundary, session, direct, entity, account } =
            self.parts.map(|found| found.truth);
        let no = |truth| truth == Truth::False;
        let from_resource = direct.or(entity).or(account);
        let layer = match relation {
            _ if relation != Relation::ResourceOnly && no(scp) => Layer::ServiceControl,
            Relation::ResourceOnly => Layer::Resource,
            Relation::Cross | Relation::SameRequired if no(from_resource) => Layer::Resource,
            _ if no(identity) && (no(entity) || relation == Relation::Cross) => Layer::Identity,
            _ if no(boundary) => Layer::Boundary,
            _ if no(session) => Layer::Session,
            _ => Layer::Identity,
        };
        let level = self.scp_level.filter(|_| layer == Layer::ServiceControl);
        Evaluation { decision: Decision::ImplicitlyDenied, layer: Some(layer), level, statement: None }
    }
}

fn keep_stronger(slot: &mut Found, found: Found) {
    if found.truth > slot.truth {
        *slot = found;
    }
}

/// Whether a statement is about the request's action and principal and its conditions hold, whatever the resource.
pub(super) fn gate(statement: &Statement, layer: Layer, request: &Request, bounded: bool) -> Ways {
    let named = statement.actions.covers(&request.action);
    if named == Truth::False {
        return Ways::NONE;
    }
    let principals = statement.principals.as_ref();
    let reached = match layer {
        Layer::Resource => principal::reach(principals, statement.effect, &request.principal, bounded),
        Layer::ResourceControl => principal::reach(principals, statement.effect, &request.principal, false)
            .and(layers::control_reaches(&request.action)),
        _ => Ways::direct(Truth::True),
    };
    let mut holds = reached.any().and(named);
    for condition in &statement.conditions {
        if holds == Truth::False {
            return Ways::NONE;
        }
        holds = holds.and(condition.holds(&request.context));
    }
    reached.and(holds)
}

/// Whether a statement is about the request's resource. A resource policy without Resource is about what it is attached to.
fn covers(statement: &Statement, layer: Layer, request: &Request) -> Truth {
    let Some(element) = &statement.resources else { return Truth::from(layer == Layer::Resource) };
    let mut named = Truth::False;
    for pattern in &element.patterns {
        named = named.or(pattern.matches(&request.resource, &request.context));
        if named == Truth::True {
            break;
        }
    }
    if element.negated { named.negated() } else { named }
}

#[cfg(test)]
mod tests;
