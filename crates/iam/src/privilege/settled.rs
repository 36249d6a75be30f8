//! Statements that allow nothing new, seen without a search: each pair of an action and a resource that they allow is
//! within one pair of before, under conditions that ask no less, and nothing that was denied is denied no longer.
//!
//! This is sound and not complete: what is not settled here is left to the search.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::condition::Condition;
use super::super::context::Context;
use super::super::document::{ActionElement, Effect, Policy, ResourceElement, Statement};
use super::super::evaluate::{Layer, PolicySet};
use super::super::language::{Glob, Language, Limits, Search, Symbol};
use super::super::pattern::Pattern;
use super::super::truth::Truth;
use super::difference::{Atom, Space, groups};

/// Pairs of statements and of patterns that are compared at most; beyond, nothing more is settled.
const MAX_PAIRS: usize = 2_000_000;
/// Bounds of comparing two patterns.
const PATTERN: (usize, usize) = (2_000, 100_000);

/// The statements of the new policies that allow nothing new, by policy and index.
pub(super) struct Settled(HashSet<(usize, usize)>);

impl Settled {
    pub(super) fn of(space: &Space<'_>, old: &PolicySet, new: &PolicySet, limits: &Limits) -> Self {
        let limits = Limits { states: PATTERN.0, steps: PATTERN.1, budget: limits.budget.clone() };
        let (left, globs, known) = (Cell::new(MAX_PAIRS), RefCell::default(), RefCell::default());
        let compare = Compare { space, limits, left, globs, known };
        let (was, is) = (groups(old), groups(new));
        // Whatever else bound before, a boundary or the organization's policies, binds as tightly now.
        let mut others = was.iter().filter(|(layer, _, _)| *layer != Layer::Identity);
        let bound = others.all(|(layer, level, before)| {
            is.iter().any(|(of, at, now)| of == layer && at == level && compare.is_within(now, before))
        });
        if !bound || !compare.denies(&new.identity, &old.identity) {
            return Self(HashSet::new());
        }
        let allowed = Compare::of(&old.identity, Effect::Allow);
        let all = new.identity.iter().enumerate().flat_map(|(policy, document)| {
            document.statements.iter().enumerate().map(move |(index, statement)| ((policy, index), statement))
        });
        let allows = all.filter(|(_, statement)| statement.effect == Effect::Allow);
        Self(allows.filter(|(_, s)| compare.is_covered(s, &allowed)).map(|(at, _)| at).collect())
    }

    /// The identity policies without the settled statements.
    pub(super) fn without(&self, new: &PolicySet) -> Vec<Policy> {
        let mut all = new.identity.clone();
        for (policy, document) in all.iter_mut().enumerate() {
            let mut index = 0;
            document.statements.retain(|_| {
                index += 1;
                !self.0.contains(&(policy, index - 1))
            });
        }
        all
    }
}

struct Compare<'s, 'a> {
    space: &'s Space<'a>,
    limits: Limits,
    left: Cell<usize>,
    globs: RefCell<Globs>,
    /// Whether the first glob matches all that the second does, by their numbers.
    known: RefCell<HashMap<(usize, usize), bool>>,
}

/// The globs of patterns, each made once and numbered by what it is.
#[derive(Default)]
struct Globs {
    numbers: HashMap<Rc<Glob>, usize>,
    /// By where a pattern stands: statements do not move while they are compared.
    by_pattern: HashMap<*const Pattern, (usize, Rc<Glob>)>,
}

impl Globs {
    fn of(&mut self, pattern: &Pattern, context: &Context) -> (usize, Rc<Glob>) {
        let numbers = &mut self.numbers;
        let made = self.by_pattern.entry(std::ptr::from_ref(pattern)).or_insert_with(|| {
            let glob: Rc<Glob> = Rc::new(pattern.opaque(context).into_iter().collect());
            let next = numbers.len();
            (*numbers.entry(Rc::clone(&glob)).or_insert(next), glob)
        });
        (made.0, Rc::clone(&made.1))
    }
}

impl Compare<'_, '_> {
    fn of(policies: &[Policy], effect: Effect) -> Vec<&Statement> {
        policies.iter().flat_map(|policy| &policy.statements).filter(|s| s.effect == effect).collect()
    }

    /// Whether a group of policies allows nothing that the other does not.
    fn is_within(&self, now: &[Policy], before: &[Policy]) -> bool {
        let allowed = Self::of(before, Effect::Allow);
        Self::of(now, Effect::Allow).iter().all(|s| self.is_covered(s, &allowed)) && self.denies(now, before)
    }

    /// Whether all that was denied is denied still.
    fn denies(&self, now: &[Policy], before: &[Policy]) -> bool {
        let denied = Self::of(now, Effect::Deny);
        Self::of(before, Effect::Deny).iter().all(|s| self.is_covered(s, &denied))
    }

    /// Whether each pair of an action and a resource of the statement is within one of the others.
    fn is_covered(&self, narrow: &Statement, others: &[&Statement]) -> bool {
        if narrow.conditions.iter().any(|c| c.holds(self.space.context) == Truth::False) {
            return true;
        }
        let able: Vec<&Statement> =
            others.iter().copied().filter(|wide| self.asks_no_more(wide, narrow)).collect();
        if narrow.actions.negated || narrow.resources.as_ref().is_some_and(|r| r.negated) {
            return able.iter().any(|wide| is_same(wide, narrow));
        }
        let resources = narrow.resources.as_ref().map_or(&[][..], |element| &element.patterns);
        narrow.actions.patterns.iter().all(|action| {
            let able: Vec<&Statement> =
                able.iter().copied().filter(|wide| self.has_action(&wide.actions, action)).collect();
            let has =
                |wide: &Statement, one: Option<&Pattern>| self.has_resource(wide.resources.as_ref(), one);
            match narrow.resources {
                None => able.iter().any(|wide| has(wide, None)),
                Some(_) => resources.iter().all(|one| able.iter().any(|wide| has(wide, Some(one)))),
            }
        })
    }

    /// Whether the first statement applies wherever the second one does, as far as principals and conditions say.
    fn asks_no_more(&self, wide: &Statement, narrow: &Statement) -> bool {
        if !self.spend() || wide.principals.is_some() || narrow.principals.is_some() {
            return false;
        }
        let own: Vec<Atom> = narrow.conditions.iter().map(Atom::of).collect();
        let is_met = |condition: &Condition| match Condition::holds(condition, self.space.context) {
            Truth::True => true,
            Truth::False => false,
            Truth::Unknown => {
                let wanted = Atom::of(condition);
                own.iter().any(|atom| *atom == wanted || atom.implies(&wanted))
            }
        };
        wide.conditions.iter().all(is_met)
    }

    fn has_action(&self, wide: &ActionElement, narrow: &Pattern) -> bool {
        !wide.negated
            && wide.patterns.iter().any(|pattern| {
                (!pattern.has_wild_service() || narrow.has_wild_service()) && self.has(pattern, narrow)
            })
    }

    fn has_resource(&self, wide: Option<&ResourceElement>, narrow: Option<&Pattern>) -> bool {
        match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => !wide.negated && wide.patterns.iter().any(|p| self.has(p, narrow)),
        }
    }

    /// Whether the first pattern matches all that the second does.
    fn has(&self, wide: &Pattern, narrow: &Pattern) -> bool {
        if !self.spend() {
            return false;
        }
        let glob = |pattern: &Pattern| self.globs.borrow_mut().of(pattern, self.space.context);
        let ((first, wide), (second, narrow)) = (glob(wide), glob(narrow));
        if first == second {
            return true;
        }
        let fixed = wide.symbols().iter().take_while(|s| matches!(s, Symbol::Char(_))).count();
        if fixed == wide.symbols().len() || wide.symbols().get(..fixed) != narrow.symbols().get(..fixed) {
            return false;
        }
        if wide.symbols().get(fixed..) == Some(&[Symbol::Many]) {
            return true;
        }
        let pair = (first, second);
        if let Some(known) = self.known.borrow().get(&pair) {
            return *known;
        }
        let rest = Language::glob((*narrow).clone()).minus(&Language::glob((*wide).clone()));
        let is_within = rest.shortest(&Language::everything(), &self.limits) == Search::Empty;
        self.known.borrow_mut().insert(pair, is_within);
        is_within
    }

    fn spend(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }
}

/// Whether two statements name the same actions and resources, wherever they stand.
fn is_same(one: &Statement, other: &Statement) -> bool {
    let resources = |s: &Statement| s.resources.as_ref().map(|r| (r.negated, r.patterns.clone()));
    one.actions.negated == other.actions.negated
        && one.actions.patterns == other.actions.patterns
        && resources(one) == resources(other)
}
