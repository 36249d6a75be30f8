//! Actions beyond a permitted list.

use super::super::context::Context;
use super::super::document::{Effect, Policy, Statement};
use super::super::evaluate::{Layer, RequestError, StatementRef};
use super::super::language::{Glob, Language, Limits, Search, Witness};
use super::super::pattern::Pattern;
use super::super::principal::Requester;
use super::super::truth::Truth;
use super::{Approximation, Holes, PolicySet, Privilege, Query, Undecided};

/// How many candidates of one statement are tried when the first turn out to be denied.
const ATTEMPTS: usize = 8;

/// Whether a principal can perform an action that is not permitted, on any resource at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionExcess {
    /// It cannot: proved.
    None,
    /// It can.
    Excess {
        /// A shortest such action, in lower case; where the policy has a wildcard, not necessarily one that AWS has.
        action: Witness,
        /// A shortest resource on which it is allowed.
        resource: Witness,
        /// The statement that allows it.
        statement: Option<StatementRef>,
    },
    /// It depends on what is not known.
    Undecided {
        /// The action, unless the patterns are too complex.
        action: Option<Witness>,
        /// Why.
        why: Undecided,
    },
}

impl ActionExcess {
    /// Asks whether `principal` can do anything that none of the `permitted` actions (wildcards allowed) names.
    ///
    /// A candidate action is taken from the Allow statements and then asked about on all resources, so that denies,
    /// boundaries and organization policies count in full.
    ///
    /// # Errors
    /// [`RequestError`] when the principal is none.
    pub fn find(
        policies: &PolicySet,
        principal: &str,
        permitted: &[&str],
        context: &Context,
        limits: &Limits,
    ) -> Result<Self, RequestError> {
        let permitted = permitted.iter().map(|text| Language::from(text.to_lowercase().as_str()));
        let operations = Language::from("*").minus(&Language::union(permitted));
        let everything = [Language::from("arn:*:*:*:*:?*"), Language::glob(Glob::literal("*"))];
        Self::find_among(policies, principal, &operations, &Language::union(everything), context, limits)
    }

    /// Asks whether `principal` can do anything of `operations` (in lower case) on any of `resources`.
    ///
    /// # Errors
    /// [`RequestError`] when the principal is none.
    pub fn find_among(
        policies: &PolicySet,
        principal: &str,
        operations: &Language,
        resources: &Language,
        context: &Context,
        limits: &Limits,
    ) -> Result<Self, RequestError> {
        let well_formed = Language::from("?*:?*").minus(&Language::from("*:*:*"));
        let operations = Language::intersection([operations.clone(), well_formed]);
        let mut undecided = None;
        let requester = Requester::parse(principal)?;
        // Most statements are about other actions: that is told first, since few actions are asked about and often many
        // resources.
        let is_about = |layer, statement: &Statement| {
            if named(statement, context).shortest(&operations, limits) == Search::Empty {
                return false;
            }
            let reach = super::resources(statement, layer, context, Approximation::Over, Holes::Open);
            !matches!(reach.shortest(resources, limits), Search::Empty)
        };
        for candidates in candidates(policies, &requester, context, &is_about) {
            let mut rest = candidates;
            for attempt in 0..=ATTEMPTS {
                let action = match rest.shortest(&operations, limits) {
                    Search::Empty => break,
                    Search::Witness(action) if attempt < ATTEMPTS => action,
                    Search::Witness(_) | Search::TooComplex => {
                        undecided.get_or_insert(Self::Undecided { action: None, why: Undecided::TooComplex });
                        break;
                    }
                };
                let query = Query::new(policies, principal, &action.text, None, context.clone())?
                    .with_limits(limits.clone());
                let others = rest.minus(&Language::glob(Glob::literal(&action.text)));
                let shown = || rest.shown(&operations, action.clone(), limits);
                match query.excess(resources, &Language::nothing()) {
                    Privilege::Exact => {}
                    Privilege::Excess(excess) => {
                        let (resource, statement) = (excess.witness, excess.statement);
                        return Ok(Self::Excess { action: shown(), resource, statement });
                    }
                    // Another statement may still give a sure answer; the first doubt is kept.
                    Privilege::Undecided(why) => {
                        undecided.get_or_insert_with(|| Self::Undecided { action: Some(shown()), why });
                        break;
                    }
                }
                rest = others;
            }
        }
        Ok(undecided.unwrap_or(Self::None))
    }
}

/// For each Allow statement about the resources the actions that it names, without those that a sure Deny on every resource takes away, and, if
/// it is one of the principal's own, those that a boundary or the organization allows on nothing. Root may do everything
/// without a statement.
fn candidates(
    policies: &PolicySet,
    requester: &Requester,
    context: &Context,
    is_about: &dyn Fn(Layer, &Statement) -> bool,
) -> Vec<Language> {
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    if requester.is_root() {
        allowed.push(Language::everything());
    }
    let limits = limits(policies, context, is_about);
    let own = policies.identity.iter().chain(policies.boundaries.iter().flatten());
    let organization = policies.scps.iter().flat_map(|level| &level.policies);
    // What binds a service-linked role is another question: nothing of the organization's.
    let organization = organization.filter(|_| !requester.is_service_linked(context));
    for statement in own.chain(organization).flat_map(|policy| &policy.statements) {
        if statement.effect == Effect::Deny && is_total(statement, context) {
            denied.push(named(statement, context));
        }
    }
    let asked = |layer: Layer| move |of: &&Statement| of.effect == Effect::Allow && is_about(layer, of);
    let own = policies.identity.iter().flat_map(|policy| &policy.statements).filter(asked(Layer::Identity));
    allowed.extend(own.map(|statement| {
        let named = named(statement, context);
        if requester.is_root() || requester.is_service_linked(context) {
            return named;
        }
        Language::intersection([named].into_iter().chain(limits.iter().cloned()))
    }));
    let resource = policies.resource.iter().flat_map(|policy| &policy.statements);
    let resource = resource.filter(asked(Layer::Resource));
    allowed.extend(resource.map(|statement| named(statement, context)));
    let denied = Language::union(denied);
    allowed.into_iter().map(|named| named.minus(&denied)).collect()
}

/// What the boundary and each level of the organization allow on some of the resources, under some condition.
fn limits(
    policies: &PolicySet,
    context: &Context,
    is_about: &dyn Fn(Layer, &Statement) -> bool,
) -> Vec<Language> {
    let allowed = |all: &[Policy]| {
        let statements = all.iter().flat_map(|policy| &policy.statements);
        let statements = statements.filter(|of| of.effect == Effect::Allow && is_about(Layer::Boundary, of));
        Language::union(statements.map(|statement| named(statement, context)))
    };
    let levels = policies.scps.iter().map(|level| level.policies.as_slice());
    policies.boundaries.as_deref().into_iter().chain(levels).map(allowed).collect()
}

/// The actions that a statement names, or may name.
fn named(statement: &Statement, context: &Context) -> Language {
    let names = statement.actions.patterns.iter().filter_map(|pattern| pattern.language(context, true));
    let named = Language::union(names.map(Language::glob));
    if statement.actions.negated { named.complement() } else { named }
}

/// Whether a Deny of the principal's certainly holds, on every resource.
fn is_total(statement: &Statement, context: &Context) -> bool {
    let everywhere = statement
        .resources
        .as_ref()
        .is_some_and(|element| !element.negated && element.patterns.iter().any(Pattern::is_everything));
    let is_known = !statement.actions.patterns.iter().any(Pattern::has_wild_service);
    everywhere
        && is_known
        && statement.conditions.iter().all(|condition| condition.holds(context) == Truth::True)
}
