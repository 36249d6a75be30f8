//! Least privilege, proved.
//!
//! "Reads only what it requires" is: what the policies allow, without what they deny and without what is required, is
//! empty. Here the answer is a proof over all resources at once, or a shortest resource that shows the contrary.
//!
//! Conditions, variables and principals whose outcome is not known are taken from both sides. The upper bound assumes that
//! unknown allows apply and unknown denies do not; the lower bound the reverse. A resource in the lower bound is a sure
//! excess. One that is only in the upper bound is [`Undecided`] and comes with what would settle it.

mod actions;
mod difference;
mod settled;

pub use actions::ActionExcess;
pub use difference::{Difference, NewAccess, new_access, new_principals};

use super::context::Context;
use super::document::{Effect, Statement};
use super::evaluate::layers::{self, Lattice, Parts, Required, combine};
use super::evaluate::{
    Decision, Layer, PolicySet, Request, RequestError, StatementRef, Uncertainty, evaluate, gate,
};
use super::hole::has_unknown;
use super::language::{Glob, Language, Limits, Search, Witness};
use super::pattern::Pattern;
use super::truth::Truth;

/// From which side an unknown is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approximation {
    /// An upper bound on what is allowed: for "must not".
    Over,
    /// A lower bound on what is allowed: for "must".
    Under,
}

/// A question about all resources: what may this principal do with this action?
#[derive(Clone, Debug)]
pub struct Query<'a> {
    policies: &'a PolicySet,
    request: Request,
    limits: Limits,
}

/// Whether a principal can reach more than it requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// It cannot: proved.
    Exact,
    /// It certainly can.
    Excess(Excess),
    /// No one can say.
    Undecided(Undecided),
}

/// A resource that is allowed and not required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// A shortest such resource.
    pub witness: Witness,
    /// The statement that allows it.
    pub statement: Option<StatementRef>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// It depends on what is not known.
    Conditional {
        /// A shortest resource on which the answers differ.
        witness: Witness,
        /// What would settle it for this resource.
        uncertainties: Vec<Uncertainty>,
    },
    /// The patterns are too complex for the limits.
    TooComplex,
}

impl<'a> Query<'a> {
    /// Asks what `principal` may do with `action`.
    ///
    /// `resource_account` is the account of the resources; `None` reads it as the principal's own. A context key that the
    /// caller does not know should be unknown, so usually `context` is [`Context::open`].
    ///
    /// # Errors
    /// [`RequestError`] when principal or action is none.
    pub fn new(
        policies: &'a PolicySet,
        principal: &str,
        action: &str,
        resource_account: Option<&str>,
        context: Context,
    ) -> Result<Self, RequestError> {
        let mut request = Request::new(principal, action, "*", resource_account, context)?;
        let own = request.principal.account().map(str::to_owned);
        if let (None, Some(own)) = (resource_account, own) {
            request = Request::new(principal, action, "*", Some(&own), request.context)?;
        }
        Ok(Self { policies, request, limits: Limits::default() })
    }

    /// The same question with other bounds on the work.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The resources for which the action is allowed: an upper or a lower bound.
    pub fn allowed(&self, side: Approximation) -> Language {
        self.bound(side, Holes::Open)
    }

    fn bound(&self, side: Approximation, holes: Holes<'_>) -> Language {
        let (policies, request) = (self.policies, &self.request);
        if layers::needs_no_permission(&request.action) {
            return Language::everything();
        }
        let given = |yes: &bool| if *yes { Language::everything() } else { Language::nothing() };
        let mut parts = layers::start(policies, &request.principal).map(given);
        let mut denied = Vec::new();
        for (layer, _, group) in policies.groups(request) {
            let (mut allow, mut direct, mut entity, mut account) = (vec![], vec![], vec![], vec![]);
            for statement in group.iter().flat_map(|policy| &policy.statements) {
                let side = if statement.effect == Effect::Allow { side } else { side.opposite() };
                let gate = gate(statement, layer, request, policies.boundaries.is_some());
                if !side.takes(gate.any()) {
                    continue;
                }
                let holes = if statement.effect == Effect::Allow { holes } else { Holes::Open };
                let resources = resources(statement, layer, &request.context, side, holes);
                match (statement.effect, layer) {
                    (Effect::Deny, _) => denied.push(resources),
                    (Effect::Allow, Layer::Resource) => {
                        let ways = [gate.direct, gate.entity, gate.account];
                        for (way, all) in ways.into_iter().zip([&mut direct, &mut entity, &mut account]) {
                            if side.takes(way) {
                                all.push(resources.clone());
                            }
                        }
                    }
                    (Effect::Allow, _) => allow.push(resources),
                }
            }
            let allow = Language::union(allow);
            match layer {
                Layer::ServiceControl => parts.scp = parts.scp.both(allow),
                Layer::Identity => parts.identity = parts.identity.either(allow),
                Layer::Boundary => parts.boundary = parts.boundary.either(allow),
                Layer::Session => parts.session = parts.session.either(allow),
                Layer::ResourceControl => {}
                Layer::Resource => {
                    parts.direct = Language::union(direct);
                    parts.entity = Language::union(entity);
                    parts.account = Language::union(account);
                }
            }
        }
        self.together(&parts, side).minus(&Language::union(denied))
    }

    /// Puts the layers together: where the resource policy must allow, apart from the other resources.
    fn together(&self, parts: &Parts<Language>, side: Approximation) -> Language {
        match layers::required_on(self.policies, &self.request.action) {
            Required::Never => self.related(parts, side, false),
            Required::Always => self.related(parts, side, true),
            Required::On(kind) => {
                let those = Language::from(format!("*{kind}*").as_str());
                let required = self.related(parts, side, true).both(those.clone());
                required.either(self.related(parts, side, false).minus(&those))
            }
        }
    }

    fn related(&self, parts: &Parts<Language>, side: Approximation, required: bool) -> Language {
        let (relation, other) = layers::relations_when(required, &self.request);
        let allowed = combine(parts, relation);
        match (other.map(|other| combine(parts, other)), side) {
            (None, _) => allowed,
            (Some(other), Approximation::Over) => allowed.either(other),
            (Some(other), Approximation::Under) => allowed.both(other),
        }
    }

    /// Whether anything in `universe` is allowed that `required` does not hold.
    pub fn excess(&self, universe: &Language, required: &Language) -> Privilege {
        let rest = |side, holes| self.bound(side, holes).minus(required).search(universe, &self.limits);
        let possible = match rest(Approximation::Over, Holes::Beyond(required)) {
            Search::Empty => return Privilege::Exact,
            Search::Witness(witness) => Some(witness),
            Search::TooComplex => None,
        };
        // Mostly the bounds agree, and the possible witness is a sure one.
        if let Some(witness) = &possible
            && !required.may_contain(&witness.text)
            && let Some(statement) = self.granting(&witness.text)
        {
            return Privilege::Excess(Excess { witness: witness.clone(), statement });
        }
        if let Search::Witness(witness) = rest(Approximation::Under, Holes::Open)
            && !required.may_contain(&witness.text)
        {
            let statement = self.granting(&witness.text).flatten();
            return Privilege::Excess(Excess { witness, statement });
        }
        Privilege::Undecided(possible.map_or(Undecided::TooComplex, |witness| self.conditional(witness)))
    }

    /// The statement that allows a resource, if it is allowed.
    fn granting(&self, resource: &str) -> Option<Option<StatementRef>> {
        let evaluation = evaluate(self.policies, &self.request.for_resource(resource));
        (evaluation.decision == Decision::Allowed).then_some(evaluation.statement)
    }

    /// Whether all of `required` is allowed: [`Privilege::Exact`] if so; an excess names a required resource that is
    /// certainly not allowed, and has no statement.
    pub fn shortfall(&self, required: &Language) -> Privilege {
        let missing = |side, holes| self.bound(side, holes).complement().search(required, &self.limits);
        if let Search::Witness(witness) = missing(Approximation::Over, Holes::Open) {
            let asked = self.request.for_resource(&witness.text);
            if has_unknown(&witness.text) && evaluate(self.policies, &asked).decision == Decision::Unknown {
                return Privilege::Undecided(self.conditional(witness));
            }
            return Privilege::Excess(Excess { witness, statement: None });
        }
        match missing(Approximation::Under, Holes::Same) {
            Search::Empty => Privilege::Exact,
            Search::TooComplex => Privilege::Undecided(Undecided::TooComplex),
            Search::Witness(witness) => Privilege::Undecided(self.conditional(witness)),
        }
    }

    fn conditional(&self, witness: Witness) -> Undecided {
        let uncertainties = self.policies.uncertainties(&self.request.for_resource(&witness.text));
        Undecided::Conditional { witness, uncertainties }
    }
}

impl Approximation {
    fn opposite(self) -> Self {
        match self {
            Self::Over => Self::Under,
            Self::Under => Self::Over,
        }
    }

    fn takes(self, truth: Truth) -> bool {
        match self {
            Self::Over => truth != Truth::False,
            Self::Under => truth == Truth::True,
        }
    }
}

/// What a hole in a resource stands for.
#[derive(Clone, Copy)]
enum Holes<'a> {
    /// Any text in an upper bound; in a lower one the pattern matches nothing.
    Open,
    /// The same, but a text that the language holds for every filling of its holes is left out.
    Beyond(&'a Language),
    /// Itself in a lower bound: what is required has the same hole.
    Same,
}

/// The resources that a statement is about.
fn resources(
    statement: &Statement,
    layer: Layer,
    context: &Context,
    side: Approximation,
    holes: Holes<'_>,
) -> Language {
    let Some(element) = &statement.resources else {
        return if layer == Layer::Resource { Language::everything() } else { Language::nothing() };
    };
    let side = if element.negated { side.opposite() } else { side };
    let over = side == Approximation::Over;
    let glob = |pattern: &Pattern| {
        let text = || pattern.holes().next().and_then(|_| pattern.one_text()).filter(|_| !element.negated);
        match holes {
            Holes::Beyond(required) if over && text().is_some_and(|text| required.contains(&text)) => None,
            Holes::Same if !over => {
                text().map(|text| Glob::literal(&text)).or_else(|| pattern.language(context, over))
            }
            _ => pattern.language(context, over),
        }
    };
    let globs = element.patterns.iter().filter_map(glob);
    let named = Language::union(globs.map(Language::glob));
    if element.negated { named.complement() } else { named }
}

impl Lattice for Language {
    fn both(self, other: Self) -> Self {
        Self::intersection([self, other])
    }

    fn either(self, other: Self) -> Self {
        Self::union([self, other])
    }
}

impl From<&str> for Language {
    /// The language of one pattern with `*` and `?`.
    fn from(pattern: &str) -> Self {
        Self::glob(Glob::parse(pattern))
    }
}

#[cfg(test)]
mod resolved;
#[cfg(test)]
mod tests;
