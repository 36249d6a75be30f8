//! The names that a module defines at its top level.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Expr, ExprKind, Stmt, StmtKind};
use super::guard::is_for_types;
use super::syntax::Module;

/// The names that a module defines in any of its branches; nothing if it may define any: by a star import, by
/// `__getattr__`, or by its own dictionary.
pub(super) fn defined(module: &Module<'_>) -> Option<BTreeSet<String>> {
    bindings(module).map(|all| all.into_keys().collect())
}

/// How a name is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Binding {
    /// How many statements bind it.
    pub(super) count: usize,
    /// The line of the first of them; 0 if a function does.
    pub(super) line: u32,
}

/// The same names, each with how it is bound.
pub(super) fn bindings(module: &Module<'_>) -> Option<BTreeMap<String, Binding>> {
    let tricks = [
        "globals()",
        "sys.modules",
        "setattr(",
        "exec(",
        "vars()",
        "locals()",
        "__dict__",
        "lazy",
        "\ntype ",
    ];
    if module.is_cut || tricks.iter().any(|t| module.text.contains(t)) {
        return None;
    }
    let mut names = Names::default();
    names.body(&module.body);
    (!names.is_open && !names.all.contains_key("__getattr__")).then_some(names.all)
}

/// The names that a function's body binds; nothing if they cannot be told.
pub(super) fn locals(body: &[Stmt]) -> Option<BTreeSet<String>> {
    let mut names = Names::default();
    names.body(body);
    (!names.is_open).then(|| names.all.into_keys().collect())
}

#[derive(Default)]
struct Names {
    all: BTreeMap<String, Binding>,
    is_open: bool,
    /// The line of the statement that is looked at.
    line: u32,
}

impl Names {
    fn body(&mut self, body: &[Stmt]) {
        body.iter().for_each(|s| self.statement(s));
    }

    fn add(&mut self, name: &str) {
        let line = self.line;
        let binding = self.all.entry(name.to_owned()).or_insert(Binding { count: 0, line });
        binding.count += 1;
        binding.line = binding.line.min(line);
    }

    fn statement(&mut self, statement: &Stmt) {
        self.line = statement.line;
        match &statement.kind {
            StmtKind::Function(function) => {
                self.add(&function.name);
                self.globals(&function.body);
                return;
            }
            StmtKind::Class { name, body, .. } => {
                self.add(name);
                self.globals(body);
                return;
            }
            StmtKind::Assign { targets, value } => {
                targets.iter().for_each(|t| self.target(t));
                self.walrus(value);
            }
            StmtKind::Augment { target, .. } | StmtKind::Annotate { target, .. } => self.target(target),
            StmtKind::For { target, .. } => self.target(target),
            StmtKind::While { test, .. } => self.walrus(test),
            StmtKind::If(branches) => {
                branches.iter().filter_map(|(t, _)| t.as_ref()).for_each(|t| self.walrus(t));
                // What is there for checkers of types alone is not there when the module runs.
                let runs = branches.iter().filter(|(t, _)| !t.as_ref().is_some_and(is_for_types));
                runs.for_each(|(_, body)| self.body(body));
                return;
            }
            StmtKind::With { items, .. } => {
                items.iter().filter_map(|(_, t)| t.as_ref()).for_each(|t| self.target(t));
            }
            StmtKind::Match(cases) => self.is_open |= cases.iter().any(|(is_plain, _)| !is_plain),
            StmtKind::Import(aliases) => {
                for alias in aliases {
                    let first = alias.name.split('.').next().unwrap_or_default();
                    self.add(alias.other.as_deref().unwrap_or(first));
                }
            }
            StmtKind::ImportFrom { names, .. } => {
                for alias in names {
                    self.is_open |= alias.name == "*";
                    self.add(alias.other.as_deref().unwrap_or(&alias.name));
                }
            }
            StmtKind::Expr(expression) => self.walrus(expression),
            _ => {}
        }
        statement.kind.bodies().into_iter().for_each(|body| self.body(body));
    }

    /// `global x` in a function defines `x` of the module.
    fn globals(&mut self, body: &[Stmt]) {
        for statement in body {
            if let StmtKind::Global(names) = &statement.kind {
                self.line = 0;
                names.iter().for_each(|n| self.add(n));
            }
            statement.kind.bodies().into_iter().for_each(|body| self.globals(body));
        }
    }

    fn target(&mut self, target: &Expr) {
        match &target.kind {
            ExprKind::Name(name) => self.add(name),
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|t| self.target(t)),
            ExprKind::Star(inner) | ExprKind::Wrapped(inner) => self.target(inner),
            _ => {}
        }
    }

    fn walrus(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Named(name, _) => self.add(name),
            ExprKind::Wrapped(inner) | ExprKind::Not(inner) => self.walrus(inner),
            ExprKind::Compare(left, _, _) => self.walrus(left),
            ExprKind::Junction { left, right, .. } => {
                self.walrus(left);
                self.walrus(right);
            }
            _ => {}
        }
    }
}
