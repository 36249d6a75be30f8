//! Actions beyond a permitted list.

use super::super::context::Context;
use super::super::document::Effect;
use super::super::evaluate::{Layer, RequestError, StatementRef};
use super::super::language::{Glob, Language, Limits, Search, Witness};
use super::super::pattern::Pattern;
use super::super::principal::Requester;
use super::{PolicySet, Privilege, Query, Undecided};

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
        for candidates in candidates(policies, &Requester::parse(principal)?, context) {
            let mut rest = candidates;
            for attempt in 0..=ATTEMPTS {
                let action = match rest.search(&operations, limits) {
                    Search::Empty => break,
                    Search::Witness(action) if attempt < ATTEMPTS => action,
                    Search::Witness(_) | Search::TooComplex => {
                        undecided.get_or_insert(Self::Undecided { action: None, why: Undecided::TooComplex });
                        break;
                    }
                };
                let query = Query::new(policies, principal, &action.text, None, context.clone())?
                    .with_limits(limits.clone());
                rest = rest.minus(&Language::glob(Glob::literal(&action.text)));
                match query.excess(resources, &Language::nothing()) {
                    Privilege::Exact => {}
                    Privilege::Excess(excess) => {
                        let (resource, statement) = (excess.witness, excess.statement);
                        return Ok(Self::Excess { action, resource, statement });
                    }
                    // Another statement may still give a sure answer; the first doubt is kept.
                    Privilege::Undecided(why) => {
                        undecided.get_or_insert(Self::Undecided { action: Some(action), why });
                        break;
                    }
                }
            }
        }
        Ok(undecided.unwrap_or(Self::None))
    }
}

/// For each Allow statement the actions that it names, without those that an unconditional Deny on every resource takes
/// away. Root may do everything without a statement.
fn candidates(policies: &PolicySet, requester: &Requester, context: &Context) -> Vec<Language> {
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    if requester.is_root() {
        allowed.push(Language::everything());
    }
    let identity = policies.identity.iter().map(|policy| (Layer::Identity, policy));
    let resource = policies.resource.iter().map(|policy| (Layer::Resource, policy));
    for (layer, policy) in identity.chain(resource) {
        for statement in &policy.statements {
            let names =
                statement.actions.patterns.iter().filter_map(|pattern| pattern.language(context, true));
            let named = Language::union(names.map(Language::glob));
            let named = if statement.actions.negated { named.complement() } else { named };
            let total = statement.resources.as_ref().is_some_and(|element| {
                !element.negated && element.patterns.iter().any(Pattern::is_everything)
            });
            match statement.effect {
                Effect::Allow => allowed.push(named),
                Effect::Deny if layer == Layer::Identity && total && statement.conditions.is_empty() => {
                    denied.push(named);
                }
                Effect::Deny => {}
            }
        }
    }
    let denied = Language::union(denied);
    allowed.into_iter().map(|named| named.minus(&denied)).collect()
}
