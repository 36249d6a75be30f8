//! Docstrings: `__doc__` is `None` where there is none, and where Python is told to leave them out (`-OO`).
//! <https://docs.python.org/3/using/cmdline.html#cmdoption-OO>

use super::super::ast::{Expr, ExprKind, Stmt, StmtKind};
use super::Evaluator;
use super::value::{Scope, Value};

impl Evaluator<'_, '_> {
    /// What `__doc__` is for a body.
    pub(super) fn docstring(&self, body: &[Stmt]) -> Value {
        let first = body.first().map(|s| &s.kind);
        match first {
            Some(StmtKind::Expr(Expr { kind: ExprKind::Text(text), .. })) if self.has_docstrings() => {
                Value::Text(text.as_str().into())
            }
            Some(StmtKind::Expr(Expr { kind: ExprKind::Call(..) | ExprKind::Ellipsis, .. })) => Value::None,
            Some(StmtKind::Expr(_)) if self.has_docstrings() => Value::Unknown,
            _ => Value::None,
        }
    }

    /// The docstring of a function; one that is decorated may have another's.
    pub(super) fn docstring_of(&self, function: usize) -> Value {
        match self.functions.get(function).map(|f| f.syntax) {
            Some(syntax) if syntax.decorators.is_empty() => self.docstring(&syntax.body),
            _ => Value::Unknown,
        }
    }

    fn has_docstrings(&self) -> bool {
        self.script.search.optimizes < 2
    }

    /// Tells of a use of `__doc__` that `None` does not allow.
    pub(super) fn uses_docstring(&mut self, object: &Expr, value: &Value, scope: &Scope) {
        let is_docstring = match &object.kind {
            ExprKind::Name(name) | ExprKind::Attribute(_, name) => name == "__doc__",
            _ => false,
        };
        if is_docstring && matches!(value, Value::None) {
            let why = if self.has_docstrings() { "there is none" } else { "Python is told to leave it out" };
            let what = format!("takes `__doc__` for a text, and {why}");
            self.fails(&what, scope, object.line, true);
        }
    }
}
