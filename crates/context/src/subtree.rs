//! Choosing entries below a directory by patterns, as `COPY --exclude` and `COPY --parents` do.

use super::resolve::Node;
use super::scope::Scope;
use super::{Context, FileKind, IgnoreRules};

/// The directories that the selection is inside of.
struct Level<'r> {
    end: usize,
    include: Option<Scope<'r>>,
    exclude: Option<Scope<'r>>,
}

impl Context {
    /// Calls `take` with the index of every entry below `base` that a pattern of `include` matches (or all, without
    /// one) and none of `exclude` does. Patterns are relative to `base`, in the syntax of the ignore file.
    pub(super) fn select(
        &self,
        base: Node,
        include: Option<&IgnoreRules>,
        exclude: Option<&IgnoreRules>,
        mut take: impl FnMut(usize),
    ) {
        let range = self.content(base);
        let skip = match self.node_path(base).len() {
            0 => 0,
            len => len + 1,
        };
        let top =
            Level { end: range.end, include: include.map(Scope::root), exclude: exclude.map(Scope::root) };
        let mut levels = vec![top];
        for index in range {
            while levels.last().is_some_and(|level| level.end <= index) {
                levels.pop();
            }
            let Some(level) = levels.last() else { return };
            let path = self.files[index].bytes().get(skip..).unwrap_or_default();
            let included = level.include.as_ref().is_none_or(|scope| scope.excludes(path));
            let excluded = level.exclude.as_ref().is_some_and(|scope| scope.excludes(path));
            if included && !excluded {
                take(index);
            }
            if self.files[index].kind == FileKind::Directory {
                levels.push(Level {
                    end: self.end_of(index),
                    include: level.include.as_ref().map(|scope| scope.enter(path)),
                    exclude: level.exclude.as_ref().map(|scope| scope.enter(path)),
                });
            }
        }
    }
}
