//! Breadth-first search for a shortest string of a language.

use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

use super::automaton::Automata;
use super::budget::Budget;
use super::formula::{Formula, SearchOutcome};
use super::{Language, Symbol};

/// Bounds of a search.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most states that are visited.
    pub states: usize,
    /// Most work: positions moved and parts of the formula evaluated.
    pub steps: usize,
    /// What all searches together may spend.
    pub budget: Option<Budget>,
}

impl Default for Limits {
    /// 50,000 states and 50 million steps: about a second, and far above what policies need.
    fn default() -> Self {
        Self { states: 50_000, steps: 50_000_000, budget: None }
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The language is empty.
    Empty,
    /// A shortest string.
    Witness(Witness),
    /// Past the limits; nothing is said.
    TooComplex,
}

/// A string of a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// A shortest string; where any character would do, a letter.
    pub text: String,
    /// The same with `…` where any string may stand: all such strings of the universe are in the language.
    pub shown: String,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

pub(super) fn search(language: &Language, universe: &Language, limits: &Limits) -> Search {
    match shortest(language, universe, limits) {
        Search::Witness(found) => Search::Witness(shown(language, universe, found, limits)),
        other => other,
    }
}

pub(super) fn shown(language: &Language, universe: &Language, found: Witness, limits: &Limits) -> Witness {
    Witness { shown: generalise(language, universe, &found.text, limits), text: found.text }
}

pub(super) fn shortest(language: &Language, universe: &Language, limits: &Limits) -> Search {
    match Machine::new(&Language::intersection([universe.clone(), language.clone()])).run(limits) {
        Found::Nothing => Search::Empty,
        Found::TooComplex => Search::TooComplex,
        Found::Text(text) => Search::Witness(Witness { shown: text.clone(), text }),
    }
}

enum Found {
    Nothing,
    Text(String),
    TooComplex,
}

/// A language as patterns that run side by side, and a formula over them.
struct Machine {
    automata: Automata,
    formula: Formula,
}

/// How a state was reached.
struct Visit {
    state: Rc<[usize]>,
    parent: usize,
    read: char,
}

impl Machine {
    fn new(language: &Language) -> Self {
        let mut automata = Automata::default();
        let formula = Formula::of(language, &mut automata);
        Self { automata, formula }
    }

    fn run(&mut self, limits: &Limits) -> Found {
        let most = limits.budget.as_ref().map_or(limits.steps, |budget| budget.left().min(limits.steps));
        let mut steps = 0;
        let found = self.walk(limits.states, most, &mut steps);
        if let Some(budget) = &limits.budget {
            budget.spend(steps);
        }
        found
    }

    fn walk(&mut self, most_states: usize, most_steps: usize, steps: &mut usize) -> Found {
        let mut state = self.automata.start();
        if !self.reduce(&mut state) {
            return Found::Nothing;
        }
        if self.accepts(&state) {
            return Found::Text(String::new());
        }
        let start: Rc<[usize]> = Rc::from(state.as_slice());
        let mut seen = HashSet::from([Rc::clone(&start)]);
        let mut visits = vec![Visit { state: start, parent: 0, read: ' ' }];
        let mut at = 0;
        // The list of visits is the queue: it is walked in the order in which it grows.
        while let Some(Visit { state: from, .. }) = visits.get(at) {
            let from = Rc::clone(from);
            for (read, symbol) in self.alphabet(&from) {
                if *steps > most_steps || visits.len() > most_states {
                    return Found::TooComplex;
                }
                let before = self.formula.work();
                self.automata.step(&from, symbol, &mut state);
                let goes_on = self.reduce(&mut state);
                // A part may be met on the way from several patterns; more than all of them once is not charged.
                let worked = (self.formula.work() - before).min(self.formula.size());
                *steps += from.len() + worked;
                if !goes_on {
                    continue;
                }
                if self.accepts(&state) {
                    return Found::Text(spell(&visits, at, read));
                }
                if !seen.contains(state.as_slice()) {
                    let state: Rc<[usize]> = Rc::from(state.as_slice());
                    seen.insert(Rc::clone(&state));
                    visits.push(Visit { state, parent: at, read });
                }
            }
            at += 1;
        }
        Found::Nothing
    }

    /// The characters to try: those that some pattern waits for and one for all others, readable ones first.
    fn alphabet(&self, state: &[usize]) -> Vec<(char, Option<char>)> {
        let mut awaited: Vec<char> =
            state.iter().filter_map(|position| self.automata.awaited(*position)).collect();
        awaited.sort_unstable();
        awaited.dedup();
        let mut symbols: Vec<(char, Option<char>)> =
            awaited.iter().map(|symbol| (*symbol, Some(*symbol))).collect();
        let other = READABLE.chars().chain('\u{a1}'..).find(|symbol| awaited.binary_search(symbol).is_err());
        symbols.extend(other.map(|symbol| (symbol, None)));
        symbols.sort_by_key(|(symbol, _)| (READABLE.find(*symbol).unwrap_or(usize::MAX), *symbol));
        symbols
    }

    /// Drops the positions of patterns that no longer matter. False when no continuation can be accepted.
    fn reduce(&mut self, state: &mut Vec<usize>) -> bool {
        let Self { automata, formula } = self;
        for own in state.chunk_by(|one, other| automata.owner(*one) == automata.owner(*other)) {
            formula.set(automata.owner(own[0]), Self::outcome_of(automata, own));
        }
        let outcome = formula.outcome();
        let mut kept = 0;
        let mut first = 0;
        while outcome != SearchOutcome::Never && first < state.len() {
            let owner = automata.owner(state[first]);
            let rest = &state[first..];
            let end = first + rest.iter().take_while(|position| automata.owner(**position) == owner).count();
            // A sure pattern stays, for the formula may hang on it; an unsure one stays if the formula does.
            let is_sure = Self::outcome_of(automata, &state[first..end]) == SearchOutcome::Always;
            if is_sure || outcome == SearchOutcome::Maybe && formula.hangs_on(owner) {
                state.copy_within(first..end, kept);
                kept += end - first;
            }
            first = end;
        }
        state.truncate(kept);
        formula.forget();
        outcome != SearchOutcome::Never
    }

    /// What is sure of the pattern that these positions belong to.
    fn outcome_of(automata: &Automata, own: &[usize]) -> SearchOutcome {
        if own.iter().any(|position| automata.is_everything(*position)) {
            SearchOutcome::Always
        } else {
            SearchOutcome::Maybe
        }
    }

    fn accepts(&mut self, state: &[usize]) -> bool {
        let Self { automata, formula } = self;
        for &position in state.iter().filter(|position| automata.is_final(**position)) {
            formula.set(automata.owner(position), SearchOutcome::Always);
        }
        let is_accepted = formula.outcome() == SearchOutcome::Always;
        formula.forget();
        is_accepted
    }
}

/// Characters in the order in which a person would like to see them.
const READABLE: &str = "xyzabcdefghijklmnopqrstuvw0123456789-/_.XYZABCDEFGHIJKLMNOPQRSTUVW:=+@,";

fn spell(visits: &[Visit], mut from: usize, last: char) -> String {
    let mut reversed = vec![last];
    while from != 0 {
        reversed.push(visits[from].read);
        from = visits[from].parent;
    }
    reversed.iter().rev().collect()
}

/// Puts `…` where any string may stand: after the shortest beginning that lets every end follow, and for parts between
/// separators that are empty or one character, as a `*` leaves them in a shortest string. Each guess is proved. What the
/// universe prescribes at the beginning stays as it is.
fn generalise(language: &Language, universe: &Language, text: &str, limits: &Limits) -> String {
    let limits = Limits {
        states: limits.states.min(5_000),
        steps: limits.steps.min(2_000_000),
        budget: limits.budget.clone(),
    };
    let is_empty = |language: &Language| matches!(Machine::new(language).run(&limits), Found::Nothing);
    let glob = |symbols: &[Symbol]| Language::glob(symbols.iter().copied().collect());
    let outside = universe.minus(language);
    let is_inside = |symbols: &[Symbol]| is_empty(&Language::intersection([glob(symbols), outside.clone()]));

    let mut symbols: Vec<Symbol> = text.chars().map(Symbol::Char).collect();
    let open = |length: usize| [&symbols[..length], &[Symbol::Many]].concat();
    let whole = symbols.len();
    // The longest beginning that all strings of the universe share.
    let prescribed = first(whole, |length| !is_empty(&universe.minus(&glob(&open(length + 1)))));
    let longer = Language::intersection([universe.clone(), glob(&open(whole))]).minus(&glob(&symbols));
    let continues = !is_empty(&longer);
    if continues && is_inside(&open(whole)) {
        // Once a beginning lets every end follow, so does every longer one.
        symbols = open(first(whole, |length| length >= prescribed && is_inside(&open(length))));
    }
    let separates = |symbol: Option<&Symbol>| matches!(symbol, Some(Symbol::Char(c)) if !c.is_alphanumeric());
    for start in prescribed.max(1)..symbols.len() {
        let end = if separates(symbols.get(start)) { start } else { start + 1 };
        if separates(symbols.get(start - 1)) && separates(symbols.get(end)) {
            let guess = [&symbols[..start], &[Symbol::Many], &symbols[end..]].concat();
            if is_inside(&guess) {
                symbols = guess;
            }
        }
    }
    let show = |symbol: &Symbol| match symbol {
        Symbol::Char(symbol) => *symbol,
        Symbol::One | Symbol::Part | Symbol::PartOne | Symbol::Many => '…',
    };
    symbols.iter().map(show).collect()
}

/// The least number below `end` for which `holds`, or `end`; once it holds it holds for all greater ones.
fn first(end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
