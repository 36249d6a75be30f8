//! How far rows are read: a table has one head, and as many rows as it likes.

use std::cell::Cell;

/// What readers of rows may still look at behind what every window holds, and whether a table went on.
#[derive(Debug)]
pub struct Reach {
    left: Cell<usize>,
    cut: Cell<bool>,
}

impl Reach {
    /// A reach of this many bytes.
    pub const fn new(left: usize) -> Self {
        Self { left: Cell::new(left), cut: Cell::new(false) }
    }

    /// What is left of it, in bytes.
    pub fn left(&self) -> usize {
        self.left.get()
    }

    /// Whether rows go on where reading ended: the bytes at hand end there, or so many may not be read.
    pub fn is_cut(&self) -> bool {
        self.cut.get()
    }

    /// Takes `bytes` of it; if no more is left, the table is cut.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(bytes));
        if bytes > left {
            self.cut.set(true);
        }
        bytes <= left
    }

    /// Tells that the bytes at hand end before the table does.
    pub(super) fn cut(&self) {
        self.cut.set(true);
    }
}
