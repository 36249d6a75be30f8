//! The rules as they stand inside one directory: what parents decided is settled, and most patterns are ruled out
//! or reduced to a comparison of names, so that each file costs little.

use super::pattern::{Children, NameTest, Pattern};
use super::{Builder, IgnoreRules};

/// A set of pattern numbers.
#[derive(Clone, Debug, Default)]
struct Bits(Box<[u64]>);

impl Bits {
    fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)].into())
    }

    fn get(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn set(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }
}

/// Which patterns matched a directory or one of its parents, by each way of keeping count.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// As the walk counts. Docker's builders do not note a pattern that they did not try, because it could not
    /// change the answer; buildah tries them all.
    walked: Bits,
    /// All matches. Kept only where the two can differ.
    all: Option<Bits>,
}

impl Memory {
    /// What is known at the root: nothing.
    pub(super) fn new(rules: &IgnoreRules) -> Self {
        let bits = Bits::new(rules.patterns().len());
        let differs = rules.has_exceptions() && rules.builder() != Builder::Buildah;
        Self { walked: bits.clone(), all: differs.then_some(bits) }
    }
}

enum Test<'r> {
    /// It matched a parent.
    Settled,
    /// It matches every child.
    Always,
    Name(NameTest<'r>),
    Path,
}

struct Step<'r> {
    index: usize,
    pattern: &'r Pattern,
    test: Test<'r>,
}

impl Step<'_> {
    fn matches(&self, name: &[u8], path: &[u8]) -> bool {
        match &self.test {
            Test::Settled | Test::Always => true,
            Test::Name(test) => test.matches(name),
            Test::Path => self.pattern.matches(path),
        }
    }
}

/// The rules inside one directory. All paths given to it are whole paths of children of that directory.
pub(super) struct Scope<'r> {
    rules: &'r IgnoreRules,
    /// Where a child's name starts in its path.
    name_at: usize,
    memory: Memory,
    walked: Vec<Step<'r>>,
    all: Option<Vec<Step<'r>>>,
}

impl<'r> Scope<'r> {
    /// The rules at the context's root.
    pub(super) fn root(rules: &'r IgnoreRules) -> Self {
        Self::new(rules, b"", Memory::new(rules))
    }

    /// The rules inside `dir`, given what [`Scope::remember`] said of it.
    pub(super) fn new(rules: &'r IgnoreRules, dir: &[u8], memory: Memory) -> Self {
        let steps = |bits: &Bits| {
            let step = |(index, pattern): (usize, &'r Pattern)| {
                let test = if bits.get(index) {
                    Test::Settled
                } else {
                    match pattern.children(dir) {
                        Children::None => return None,
                        Children::All => Test::Always,
                        Children::Name(test) => Test::Name(test),
                        Children::Path => Test::Path,
                    }
                };
                Some(Step { index, pattern, test })
            };
            rules.patterns().iter().enumerate().filter_map(step).collect::<Vec<_>>()
        };
        let walked = steps(&memory.walked);
        let all = memory.all.as_ref().map(steps);
        let name_at = if dir.is_empty() { 0 } else { dir.len() + 1 };
        Self { rules, name_at, memory, walked, all }
    }

    /// Whether the walk leaves out the child.
    pub(super) fn excludes(&self, path: &[u8]) -> bool {
        run(&self.walked, self.name(path), path)
    }

    /// Whether the patterns, each tried on the path and all its parents, exclude the child.
    pub(super) fn refuses_content(&self, path: &[u8]) -> bool {
        run(self.all.as_ref().unwrap_or(&self.walked), self.name(path), path)
    }

    fn name<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        path.get(self.name_at..).unwrap_or_default()
    }

    /// What is known inside a child directory.
    pub(super) fn remember(&self, path: &[u8]) -> Memory {
        let mut memory = self.memory.clone();
        let name = self.name(path);
        if let (Some(bits), Some(steps)) = (&mut memory.all, &self.all) {
            steps.iter().filter(|s| s.matches(name, path)).for_each(|s| bits.set(s.index));
        }
        let notes_all = self.rules.builder() == Builder::Buildah;
        let mut excluded = false;
        for step in &self.walked {
            let tried = notes_all || matches!(step.test, Test::Settled) || step.pattern.exception == excluded;
            if tried && step.matches(name, path) {
                memory.walked.set(step.index);
                excluded = !step.pattern.exception;
            }
        }
        memory
    }

    /// The rules inside a child directory.
    pub(super) fn enter(&self, path: &[u8]) -> Scope<'r> {
        Scope::new(self.rules, path, self.remember(path))
    }
}

fn run(steps: &[Step<'_>], name: &[u8], path: &[u8]) -> bool {
    let mut excluded = false;
    for step in steps {
        // Only a pattern that can change the answer is tried, as the builders do.
        if step.pattern.exception == excluded && step.matches(name, path) {
            excluded = !excluded;
        }
    }
    excluded
}
