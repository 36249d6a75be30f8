//! A language as a formula over numbered patterns, worked out again only where a pattern changed.
//!
//! Most patterns of a policy are out of the game after the first characters that tell them apart. So the formula is kept
//! as it is when no pattern matches, and only what hangs on the few others is worked out, and taken back, for each state.

use std::collections::HashMap;

use super::automaton::Automata;
use super::{Glob, Language, Node};

/// What is sure of a pattern or a formula in a state, whatever is read next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SearchOutcome {
    Never,
    Maybe,
    Always,
}

impl SearchOutcome {
    fn opposite(self) -> Self {
        match self {
            Self::Never => Self::Always,
            Self::Maybe => Self::Maybe,
            Self::Always => Self::Never,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A pattern, or every string or none.
    Leaf,
    And,
    Or,
    Not,
}

/// A part of the formula, with what is sure of it and how many of its own parts are how sure.
struct Part {
    kind: Kind,
    /// The part that this one is in; the whole is in itself.
    parent: usize,
    outcome: SearchOutcome,
    never: usize,
    maybe: usize,
    always: usize,
}

impl Part {
    fn count(&mut self, outcome: SearchOutcome) -> &mut usize {
        match outcome {
            SearchOutcome::Never => &mut self.never,
            SearchOutcome::Maybe => &mut self.maybe,
            SearchOutcome::Always => &mut self.always,
        }
    }

    /// What follows from its parts.
    fn follows(&self) -> SearchOutcome {
        let (ends, ending, other) = match self.kind {
            Kind::Leaf => return self.outcome,
            Kind::And | Kind::Not => (self.never, SearchOutcome::Never, SearchOutcome::Always),
            Kind::Or => (self.always, SearchOutcome::Always, SearchOutcome::Never),
        };
        let outcome = match (ends, self.maybe) {
            (0, 0) => other,
            (0, _) => SearchOutcome::Maybe,
            _ => ending,
        };
        if self.kind == Kind::Not { outcome.opposite() } else { outcome }
    }
}

/// A formula, and what is sure of it. Between two questions no pattern matches.
pub(super) struct Formula {
    /// The whole is the first.
    parts: Vec<Part>,
    /// Where each pattern stands.
    leaves: Vec<Vec<usize>>,
    /// Patterns that may match now.
    set: Vec<usize>,
    /// Parts that were worked out so far.
    work: usize,
}

impl Formula {
    /// The formula of a language; its patterns are added to `automata`.
    pub(super) fn of(language: &Language, automata: &mut Automata) -> Self {
        let mut formula = Self { parts: Vec::new(), leaves: Vec::new(), set: Vec::new(), work: 0 };
        formula.add(language, 0, automata, &mut HashMap::new());
        formula
    }

    fn add<'l>(
        &mut self,
        language: &'l Language,
        parent: usize,
        automata: &mut Automata,
        numbers: &mut HashMap<&'l Glob, usize>,
    ) -> SearchOutcome {
        let at = self.parts.len();
        let (kind, inner): (Kind, &[Language]) = match language.node() {
            Node::Constant(_) | Node::Glob(_) => (Kind::Leaf, &[]),
            Node::And(parts) => (Kind::And, parts),
            Node::Or(parts) => (Kind::Or, parts),
            Node::Not(inner) => (Kind::Not, std::slice::from_ref(inner)),
        };
        let outcome = match language.node() {
            Node::Constant(true) => SearchOutcome::Always,
            _ => SearchOutcome::Never,
        };
        self.parts.push(Part { kind, parent, outcome, never: 0, maybe: 0, always: 0 });
        if let Node::Glob(glob) = language.node() {
            let number = *numbers.entry(glob).or_insert_with(|| automata.add(glob));
            if number == self.leaves.len() {
                self.leaves.push(Vec::new());
            }
            self.leaves[number].push(at);
        }
        for part in inner {
            let outcome = self.add(part, at, automata, numbers);
            *self.parts[at].count(outcome) += 1;
        }
        let outcome = self.parts[at].follows();
        self.parts[at].outcome = outcome;
        outcome
    }

    /// How many parts there are.
    pub(super) fn size(&self) -> usize {
        self.parts.len()
    }

    /// How much work was done so far: parts that were looked at.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Says of a pattern that it may match, or does, until [`Self::forget`].
    pub(super) fn set(&mut self, pattern: usize, outcome: SearchOutcome) {
        self.set.push(pattern);
        self.change(pattern, outcome);
    }

    /// No pattern matches any more.
    pub(super) fn forget(&mut self) {
        while let Some(pattern) = self.set.pop() {
            self.change(pattern, SearchOutcome::Never);
        }
    }

    /// What is sure of the whole.
    pub(super) fn outcome(&self) -> SearchOutcome {
        self.parts.first().map_or(SearchOutcome::Never, |whole| whole.outcome)
    }

    /// Whether the whole, if it is undecided, hangs on an undecided pattern.
    pub(super) fn hangs_on(&mut self, pattern: usize) -> bool {
        let Self { parts, leaves, work, .. } = self;
        leaves[pattern].iter().any(|leaf| {
            let mut at = *leaf;
            loop {
                *work += 1;
                let part = &parts[at];
                match part.outcome {
                    SearchOutcome::Maybe if part.parent == at => return true,
                    SearchOutcome::Maybe => at = part.parent,
                    _ => return false,
                }
            }
        })
    }

    fn change(&mut self, pattern: usize, outcome: SearchOutcome) {
        let Self { parts, leaves, work, .. } = self;
        for leaf in &leaves[pattern] {
            let (mut at, mut now) = (*leaf, outcome);
            loop {
                *work += 1;
                let before = std::mem::replace(&mut parts[at].outcome, now);
                let parent = parts[at].parent;
                if before == now || parent == at {
                    break;
                }
                *parts[parent].count(before) -= 1;
                *parts[parent].count(now) += 1;
                now = parts[parent].follows();
                at = parent;
            }
        }
    }
}
