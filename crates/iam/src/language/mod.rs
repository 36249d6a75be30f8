//! Languages of wildcard patterns: union, intersection, complement, emptiness, and a shortest readable witness.
//!
//! A question "is there a string that matches these and none of those" is a boolean formula over patterns. [`search`]
//! walks the product of the patterns' automata breadth first and only where it has to: the alphabet falls into the few
//! characters that some pattern waits for and "any other", and a branch in which the formula can no longer become true is
//! cut. The first accepting state gives a shortest string. The walk is bounded; past the bound the answer is "too complex".

mod automaton;
mod budget;
mod formula;
mod search;

pub use budget::Budget;
pub use search::{Limits, Search, Witness};

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::hole;
use super::truth::Truth;

/// A symbol of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// Any string without a colon: a `*` in one of the first five parts of an ARN.
    Part,
    /// Any one character but a colon: a `?` there.
    PartOne,
    /// `*`: any string.
    Many,
}

impl Hash for Symbol {
    /// One number for each: patterns are hashed for every search.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let number = match self {
            Self::Char(c) => u32::from(*c),
            Self::One => u32::MAX,
            Self::Part => u32::MAX - 1,
            Self::PartOne => u32::MAX - 2,
            Self::Many => u32::MAX - 3,
        };
        state.write_u32(number);
    }
}

/// A wildcard pattern, in normal form: a run of wildcards is all its `?`, then at most one `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    symbols: Vec<Symbol>,
}

impl Glob {
    /// A pattern with the wildcards `*` and `?`.
    pub fn parse(text: &str) -> Self {
        let symbol = |symbol| match symbol {
            '*' => Symbol::Many,
            '?' => Symbol::One,
            other => Symbol::Char(other),
        };
        text.chars().map(symbol).collect()
    }

    /// A pattern of whole ARNs: a wildcard in one of the first five parts does not run over a colon. What has fewer than
    /// six parts is read like [`Glob::parse`] does.
    pub fn arn(text: &str) -> Self {
        let Some((at, _)) = text.match_indices(':').nth(4) else { return Self::parse(text) };
        let (head, resource) = text.split_at(at);
        let head = Self::parse(head).symbols.into_iter();
        let part = |symbol| match symbol {
            Symbol::Many => Symbol::Part,
            Symbol::One => Symbol::PartOne,
            other => other,
        };
        head.map(part).chain(Self::parse(resource).symbols).collect()
    }

    /// A pattern that means itself.
    pub fn literal(text: &str) -> Self {
        text.chars().map(Symbol::Char).collect()
    }

    /// Whether the pattern matches, or may match if its holes are filled.
    fn may_accept(&self, text: &str) -> bool {
        // Runs of plain text, each with the wildcard before it.
        let mut runs: Vec<(Option<hole::Symbol<'_>>, String)> = vec![(None, String::new())];
        for symbol in &self.symbols {
            match symbol {
                Symbol::Char(c) => {
                    if let Some((_, run)) = runs.last_mut() {
                        run.push(*c);
                    }
                }
                Symbol::One | Symbol::PartOne => runs.push((Some(hole::Symbol::One), String::new())),
                Symbol::Part | Symbol::Many => runs.push((Some(hole::Symbol::Many), String::new())),
            }
        }
        let (mut pattern, mut symbols) = (Vec::new(), Vec::new());
        for (wildcard, run) in &runs {
            pattern.extend(*wildcard);
            hole::symbols(run, &mut pattern);
        }
        hole::symbols(text, &mut symbols);
        hole::matches(&pattern, &symbols) != Truth::False
    }

    pub(super) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }
}

impl FromIterator<Symbol> for Glob {
    fn from_iter<I: IntoIterator<Item = Symbol>>(symbols: I) -> Self {
        let mut normal: Vec<Symbol> = Vec::new();
        for symbol in symbols {
            match (normal.last(), symbol) {
                (Some(Symbol::Many), Symbol::Many | Symbol::Part) | (Some(Symbol::Part), Symbol::Part) => {}
                (Some(Symbol::Many), Symbol::One) => {
                    normal.pop();
                    normal.extend([Symbol::One, Symbol::Many]);
                }
                _ => normal.push(symbol),
            }
        }
        Self { symbols: normal }
    }
}

/// A set of strings, built from patterns. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Language(Arc<Node>);

#[derive(Debug)]
pub(super) enum Node {
    /// Every string or none.
    Constant(bool),
    Glob(Glob),
    And(Vec<Language>),
    Or(Vec<Language>),
    Not(Language),
}

impl Language {
    /// Every string.
    pub fn everything() -> Self {
        Self(Arc::new(Node::Constant(true)))
    }

    /// The ARNs that a pattern means, if a wildcard in one of its first five parts does not run over a colon.
    pub fn arns(pattern: &str) -> Self {
        Self::glob(Glob::arn(pattern))
    }

    /// No string.
    pub fn nothing() -> Self {
        Self(Arc::new(Node::Constant(false)))
    }

    /// The strings that a pattern matches.
    pub fn glob(glob: Glob) -> Self {
        if glob.symbols == [Symbol::Many] { Self::everything() } else { Self(Arc::new(Node::Glob(glob))) }
    }

    /// The strings in one of the languages.
    pub fn union(languages: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for language in languages {
            match &*language.0 {
                Node::Constant(false) => {}
                Node::Constant(true) => return language,
                Node::Or(inner) => parts.extend(inner.iter().cloned()),
                _ => parts.push(language),
            }
        }
        Self::collect(parts, false, Node::Or)
    }

    /// The strings in all of the languages.
    pub fn intersection(languages: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for language in languages {
            match &*language.0 {
                Node::Constant(true) => {}
                Node::Constant(false) => return language,
                Node::And(inner) => parts.extend(inner.iter().cloned()),
                _ => parts.push(language),
            }
        }
        Self::collect(parts, true, Node::And)
    }

    fn collect(mut parts: Vec<Self>, neutral: bool, node: fn(Vec<Self>) -> Node) -> Self {
        match parts.len() {
            0 => Self(Arc::new(Node::Constant(neutral))),
            1 => parts.remove(0),
            _ => Self(Arc::new(node(parts))),
        }
    }

    /// The strings that are not in the language.
    #[must_use]
    pub fn complement(&self) -> Self {
        match &*self.0 {
            Node::Constant(all) => Self(Arc::new(Node::Constant(!all))),
            Node::Not(inner) => inner.clone(),
            _ => Self(Arc::new(Node::Not(self.clone()))),
        }
    }

    /// The strings of this language that are not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self::intersection([self.clone(), other.complement()])
    }

    /// Whether a string is in the language.
    pub fn contains(&self, text: &str) -> bool {
        match &*self.0 {
            Node::Constant(all) => *all,
            Node::Glob(glob) => automaton::accepts(glob, text),
            Node::And(parts) => parts.iter().all(|part| part.contains(text)),
            Node::Or(parts) => parts.iter().any(|part| part.contains(text)),
            Node::Not(inner) => !inner.contains(text),
        }
    }

    /// Whether a string is in the language, or may be if a hole (`${unknown:…}`) in one of its patterns is filled.
    pub(super) fn may_contain(&self, text: &str) -> bool {
        match &*self.0 {
            Node::Glob(glob) => glob.may_accept(text),
            Node::Or(parts) => parts.iter().any(|part| part.may_contain(text)),
            Node::And(parts) => parts.iter().all(|part| part.may_contain(text)),
            Node::Constant(_) | Node::Not(_) => self.contains(text),
        }
    }

    /// Looks for a shortest string of the language that `universe` holds too, and among those for a readable one.
    ///
    /// In [`Witness::shown`] a `…` stands for any string with which the whole is in `universe`.
    pub fn search(&self, universe: &Self, limits: &Limits) -> Search {
        search::search(self, universe, limits)
    }

    /// The same, for who needs no more than the string: [`Witness::shown`] is the string itself, which costs a fraction.
    pub(super) fn shortest(&self, universe: &Self, limits: &Limits) -> Search {
        search::shortest(self, universe, limits)
    }

    /// What [`Self::shortest`] found, as [`Self::search`] shows it.
    pub(super) fn shown(&self, universe: &Self, found: Witness, limits: &Limits) -> Witness {
        search::shown(self, universe, found, limits)
    }

    pub(super) fn node(&self) -> &Node {
        &self.0
    }
}

#[cfg(test)]
mod tests;
