//! Patterns as automata, run side by side on one set of positions.
//!
//! A position stands before a symbol of a pattern, or at its end. Once a `*` is reached, the pattern's positions before it
//! add nothing: whatever they would still accept, the `*` accepts too. So a set holds, for each pattern, the last `*`
//! reached and what lies behind it, and stays small.

use super::{Glob, Symbol};

/// Any number of patterns, their symbols one after the other.
#[derive(Default)]
pub(super) struct Automata {
    /// The symbols; `None` ends a pattern.
    symbols: Vec<Option<Symbol>>,
    /// The pattern to which a position belongs.
    owners: Vec<usize>,
    /// Where each pattern begins.
    starts: Vec<usize>,
}

impl Automata {
    /// Adds a pattern and gives it the next number.
    pub(super) fn add(&mut self, glob: &Glob) -> usize {
        let number = self.starts.len();
        self.starts.push(self.symbols.len());
        self.symbols.extend(glob.symbols().iter().copied().map(Some).chain([None]));
        self.owners.resize(self.symbols.len(), number);
        number
    }

    /// How many patterns there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The pattern to which a position belongs.
    pub(super) fn owner(&self, position: usize) -> usize {
        self.owners[position]
    }

    /// The positions before anything is read, ascending.
    pub(super) fn start(&self) -> Vec<usize> {
        let mut positions = Vec::with_capacity(self.len() * 2);
        for &start in &self.starts {
            self.enter(start, positions.len(), &mut positions);
        }
        positions
    }

    /// Writes the positions after reading a character into `to`; `None` stands for one that no pattern waits for.
    pub(super) fn step(&self, from: &[usize], read: Option<char>, to: &mut Vec<usize>) {
        to.clear();
        let (mut owner, mut first) = (usize::MAX, 0);
        for &position in from {
            if self.owners[position] != owner {
                (owner, first) = (self.owners[position], to.len());
            }
            match self.symbols[position] {
                Some(Symbol::Many) => self.enter(position, first, to),
                Some(Symbol::Part) if read != Some(':') => self.enter(position, first, to),
                Some(Symbol::One) => self.enter(position + 1, first, to),
                Some(Symbol::PartOne) if read != Some(':') => self.enter(position + 1, first, to),
                Some(Symbol::Char(wanted)) if Some(wanted) == read => self.enter(position + 1, first, to),
                Some(Symbol::Char(_) | Symbol::Part | Symbol::PartOne) | None => {}
            }
        }
    }

    /// Adds a position, and behind a `*` the next one too; a `*` makes those of its pattern, from `first` on, superfluous.
    fn enter(&self, position: usize, first: usize, to: &mut Vec<usize>) {
        if self.symbols[position] == Some(Symbol::Many) {
            to.truncate(first);
            to.extend([position, position + 1]);
            return;
        }
        // Positions stay in order, so that one set is written in one way.
        if let Err(at) = to.get(first..).unwrap_or_default().binary_search(&position) {
            to.insert(first + at, position);
        }
        if self.symbols[position] == Some(Symbol::Part) {
            self.enter(position + 1, first, to);
        }
    }

    /// Whether the pattern matches if the string ends here.
    pub(super) fn is_final(&self, position: usize) -> bool {
        self.symbols[position].is_none()
    }

    /// Whether the pattern matches however the string goes on.
    pub(super) fn is_everything(&self, position: usize) -> bool {
        self.symbols[position] == Some(Symbol::Many) && self.symbols[position + 1].is_none()
    }

    /// The character that the position waits for.
    pub(super) fn awaited(&self, position: usize) -> Option<char> {
        match self.symbols[position] {
            Some(Symbol::Char(wanted)) => Some(wanted),
            Some(Symbol::Part | Symbol::PartOne) => Some(':'),
            _ => None,
        }
    }
}

/// Whether a pattern matches a string.
pub(super) fn accepts(glob: &Glob, text: &str) -> bool {
    let mut automata = Automata::default();
    automata.add(glob);
    let (mut from, mut to) = (automata.start(), Vec::new());
    for read in text.chars() {
        automata.step(&from, Some(read), &mut to);
        std::mem::swap(&mut from, &mut to);
    }
    from.iter().any(|position| automata.is_final(*position))
}
