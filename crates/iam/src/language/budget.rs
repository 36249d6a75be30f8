//! Work that many searches share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Steps that several searches may spend together. A single question is bounded by its limits; a policy that makes every
/// question hard is bounded by this. Clones share what is left.
#[derive(Clone, Debug)]
pub struct Budget {
    left: Arc<AtomicUsize>,
    /// What a larger whole has left: it is spent too.
    parent: Option<Arc<Budget>>,
}

impl Budget {
    /// A budget of this many steps.
    pub fn new(steps: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(steps)), parent: None }
    }

    /// A smaller budget within this one.
    #[must_use]
    pub fn part(&self, steps: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(steps)), parent: Some(Arc::new(self.clone())) }
    }

    /// How many steps are left.
    pub fn left(&self) -> usize {
        let own = self.left.load(Ordering::Relaxed);
        self.parent.as_ref().map_or(own, |parent| own.min(parent.left()))
    }

    pub(super) fn spend(&self, steps: usize) {
        let less = |left: usize| Some(left.saturating_sub(steps));
        // The closure always answers, so that the update cannot fail.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if let Some(parent) = &self.parent {
            parent.spend(steps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_spends_the_whole() {
        let whole = Budget::new(10);
        let part = whole.part(8);
        part.spend(6);
        assert_eq!((part.left(), whole.left()), (2, 4));
        let other = whole.part(8);
        assert_eq!(other.left(), 4);
        other.spend(20);
        assert_eq!((other.left(), whole.left(), part.left()), (0, 0, 0));
    }
}
