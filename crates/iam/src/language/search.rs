//! Breadth-first search for a shortest string of a language.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use super::automaton::Automata;
use super::budget::Budget;
use super::{Glob, Language, Node, Symbol};

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
        Search::Witness(Witness { text, .. }) => {
            Search::Witness(Witness { shown: generalise(language, universe, &text, limits), text })
        }
        other => other,
    }
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

/// A language as a formula over numbered patterns.
struct Machine {
    automata: Automata,
    formula: Formula,
}

enum Formula {
    Constant(bool),
    Leaf(usize),
    And(Vec<Formula>),
    Or(Vec<Formula>),
    Not(Box<Formula>),
}

/// What is sure of a pattern or a formula in a state, whatever is read next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SearchOutcome {
    Never,
    Maybe,
    Always,
}

/// How a state was reached.
struct Visit {
    state: Rc<[usize]>,
    parent: usize,
    read: char,
}

/// Memory that is used again for each state.
struct Scratch {
    fates: Vec<SearchOutcome>,
    marks: Vec<bool>,
}

impl Machine {
    fn new(language: &Language) -> Self {
        let (mut automata, mut numbers) = (Automata::default(), HashMap::new());
        let formula = Formula::of(language, &mut automata, &mut numbers);
        Self { automata, formula }
    }

    fn run(&self, limits: &Limits) -> Found {
        let most = limits.budget.as_ref().map_or(limits.steps, |budget| budget.left().min(limits.steps));
        let mut steps = 0;
        let found = self.walk(limits.states, most, &mut steps);
        if let Some(budget) = &limits.budget {
            budget.spend(steps);
        }
        found
    }

    fn walk(&self, most_states: usize, most_steps: usize, steps: &mut usize) -> Found {
        let patterns = self.automata.len();
        let mut scratch =
            Scratch { fates: vec![SearchOutcome::Never; patterns], marks: vec![false; patterns] };
        let mut state = self.automata.start();
        if !self.reduce(&mut state, &mut scratch) {
            return Found::Nothing;
        }
        if self.accepts(&state, &mut scratch) {
            return Found::Text(String::new());
        }
        let start: Rc<[usize]> = Rc::from(state.as_slice());
        let mut seen = HashSet::from([Rc::clone(&start)]);
        let mut visits = vec![Visit { state: start, parent: 0, read: ' ' }];
        let mut at = 0;
        let size = self.formula.size();
        // The list of visits is the queue: it is walked in the order in which it grows.
        while let Some(Visit { state: from, .. }) = visits.get(at) {
            let from = Rc::clone(from);
            for (read, symbol) in self.alphabet(&from) {
                *steps += from.len() + size;
                if *steps > most_steps || visits.len() > most_states {
                    return Found::TooComplex;
                }
                self.automata.step(&from, symbol, &mut state);
                if !self.reduce(&mut state, &mut scratch) {
                    continue;
                }
                if self.accepts(&state, &mut scratch) {
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
    fn reduce(&self, state: &mut Vec<usize>, scratch: &mut Scratch) -> bool {
        let Scratch { fates, marks } = scratch;
        fates.fill(SearchOutcome::Never);
        for &position in &*state {
            let outcome = if self.automata.is_everything(position) {
                SearchOutcome::Always
            } else {
                SearchOutcome::Maybe
            };
            let owner = self.automata.owner(position);
            fates[owner] = fates[owner].max(outcome);
        }
        let outcome = self.formula.outcome_of(fates);
        if outcome == SearchOutcome::Never {
            return false;
        }
        // A sure pattern stays, for the formula may hang on it; an unsure one stays if the formula does.
        for (mark, outcome) in marks.iter_mut().zip(&*fates) {
            *mark = *outcome == SearchOutcome::Always;
        }
        if outcome == SearchOutcome::Maybe {
            self.formula.mark(fates, marks);
        }
        state.retain(|position| marks[self.automata.owner(*position)]);
        true
    }

    fn accepts(&self, state: &[usize], scratch: &mut Scratch) -> bool {
        let finals = &mut scratch.marks;
        finals.fill(false);
        for &position in state {
            finals[self.automata.owner(position)] |= self.automata.is_final(position);
        }
        self.formula.holds(finals)
    }
}

impl Formula {
    fn of(language: &Language, automata: &mut Automata, numbers: &mut HashMap<Glob, usize>) -> Self {
        let mut all =
            |parts: &[Language]| parts.iter().map(|part| Self::of(part, automata, numbers)).collect();
        match language.node() {
            Node::Constant(all) => Self::Constant(*all),
            Node::And(parts) => Self::And(all(parts)),
            Node::Or(parts) => Self::Or(all(parts)),
            Node::Not(inner) => Self::Not(Box::new(Self::of(inner, automata, numbers))),
            Node::Glob(glob) => {
                Self::Leaf(*numbers.entry(glob.clone()).or_insert_with(|| automata.add(glob)))
            }
        }
    }

    /// How many parts it has.
    fn size(&self) -> usize {
        match self {
            Self::Constant(_) | Self::Leaf(_) => 1,
            Self::And(parts) | Self::Or(parts) => 1 + parts.iter().map(Self::size).sum::<usize>(),
            Self::Not(inner) => 1 + inner.size(),
        }
    }

    fn holds(&self, finals: &[bool]) -> bool {
        match self {
            Self::Constant(all) => *all,
            Self::Leaf(glob) => finals[*glob],
            Self::And(parts) => parts.iter().all(|part| part.holds(finals)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(finals)),
            Self::Not(inner) => !inner.holds(finals),
        }
    }

    fn outcome_of(&self, fates: &[SearchOutcome]) -> SearchOutcome {
        match self {
            Self::Constant(false) => SearchOutcome::Never,
            Self::Constant(true) => SearchOutcome::Always,
            Self::Leaf(glob) => fates[*glob],
            Self::And(parts) => {
                parts.iter().map(|part| part.outcome_of(fates)).min().unwrap_or(SearchOutcome::Always)
            }
            Self::Or(parts) => {
                parts.iter().map(|part| part.outcome_of(fates)).max().unwrap_or(SearchOutcome::Never)
            }
            Self::Not(inner) => match inner.outcome_of(fates) {
                SearchOutcome::Never => SearchOutcome::Always,
                SearchOutcome::Maybe => SearchOutcome::Maybe,
                SearchOutcome::Always => SearchOutcome::Never,
            },
        }
    }

    /// Marks the patterns on which an undecided formula depends.
    fn mark(&self, fates: &[SearchOutcome], marks: &mut [bool]) {
        match self {
            Self::Constant(_) => {}
            Self::Leaf(glob) => marks[*glob] = true,
            Self::And(parts) | Self::Or(parts) => {
                for part in parts.iter().filter(|part| part.outcome_of(fates) == SearchOutcome::Maybe) {
                    part.mark(fates, marks);
                }
            }
            Self::Not(inner) => inner.mark(fates, marks),
        }
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
