//! What a class is made of, and annotations: Python before 3.14 evaluates those of functions and classes where they stand,
//! unless the module asks for `from __future__ import annotations`. <https://peps.python.org/pep-0649/>

use std::collections::BTreeSet;

use super::super::ast::{Expr, ExprKind, Function, Stmt, StmtKind};
use super::super::imports::Problem;
use super::super::names;
use super::{Place, Walker};

/// Types that every module has.
const TYPES: [&str; 12] =
    ["int", "str", "float", "bool", "bytes", "complex", "list", "dict", "set", "frozenset", "tuple", "type"];

/// The minor version of Python 3 from which on annotations are evaluated only when they are asked for.
const LAZY_SINCE: u8 = 14;

impl<'f, 'a> Walker<'f, 'a> {
    /// The annotations of a function's parameters and of what it gives.
    pub(super) fn annotations(
        &mut self,
        function: &'f Function,
        place: Place<'f, 'a>,
        locals: &BTreeSet<String>,
    ) {
        let own = (!function.types.is_empty()).then(|| with(locals, &function.types));
        let locals = own.as_ref().unwrap_or(locals);
        let was = std::mem::replace(&mut self.annotates, true);
        let all = function.parameters.iter().filter_map(|p| p.annotation.as_ref());
        all.chain(&function.returns).for_each(|a| self.annotation(a, place, locals));
        self.annotates = was;
    }

    pub(super) fn annotation(
        &mut self,
        annotation: &'f Expr,
        place: Place<'f, 'a>,
        locals: &BTreeSet<String>,
    ) {
        let is_lazy = self.version.is_some_and(|v| v.major == 3 && v.minor >= LAZY_SINCE);
        if is_lazy || !self.annotates || has_texts(place) {
            return;
        }
        // Without a version the image may have one that evaluates none.
        let was = std::mem::replace(&mut self.is_certain, self.version.is_some());
        self.expression(annotation, place, locals);
        self.is_certain = was;
    }

    /// Types that are put together in a way that the image's version does not know: `int | None` before 3.10, `list[int]`
    /// before 3.9. <https://peps.python.org/pep-0604/>, <https://peps.python.org/pep-0585/>
    pub(super) fn types_by_version(&mut self, expression: &Expr, place: Place<'f, 'a>) {
        let Some(version) = self.version.filter(|v| v.major == 3) else { return };
        let is_type = |e: &Expr| matches!(&e.kind, ExprKind::Name(name) if TYPES.contains(&name.as_str()));
        let what = match &expression.kind {
            ExprKind::Operation(left, right) if version.minor < 10 => {
                let between = place.module.text.get(left.range.end..right.range.start).unwrap_or_default();
                let is_none = |e: &Expr| matches!(e.kind, ExprKind::None);
                let is_one = |e: &Expr| {
                    is_type(e) || is_none(e) || matches!(&e.kind, ExprKind::Subscript(of, _) if is_type(of))
                };
                if between.trim() != "|" || !(is_one(left) || is_one(right)) {
                    return;
                }
                "joins types with |, which Python has from 3.10 on"
            }
            ExprKind::Subscript(of, _) if version.minor < 9 && is_type(of) => {
                "gives a type of Python's own parameters in brackets, which Python has from 3.9 on"
            }
            _ => return,
        };
        let line = expression.line;
        let what = format!("line {line} {what}");
        let problem = Problem { file: place.module.path.clone(), line, what, is_certain: true };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// A class: what it is derived from, and what its body runs.
    pub(super) fn class(&mut self, statement: &'f Stmt, place: Place<'f, 'a>, locals: &BTreeSet<String>) {
        let StmtKind::Class { name, arguments, body, types, decorators } = &statement.kind else { return };
        decorators.iter().for_each(|d| self.expression(d, place, locals));
        let outer = with(locals, types);
        arguments.iter().for_each(|a| self.expression(a.value(), place, &outer));
        let Some(own) = names::locals(body) else { return };
        let inner = with(&outer, own.iter());
        let was = std::mem::replace(&mut self.annotates, true);
        if self.is_module_level {
            self.classes.push(name.clone());
        }
        if arguments.is_empty() {
            self.body(body, place, &inner);
        } else {
            // A metaclass may give the body names of its own.
            for statement in body {
                if self.is_module_level {
                    self.now = Some(statement.line);
                }
                match &statement.kind {
                    StmtKind::Function(function) => self.annotations(function, place, &inner),
                    StmtKind::Annotate { annotation, .. } => self.annotation(annotation, place, &inner),
                    _ => {}
                }
            }
        }
        if self.is_module_level {
            self.classes.pop();
        }
        self.annotates = was;
    }
}

fn with<'n>(locals: &BTreeSet<String>, more: impl IntoIterator<Item = &'n String>) -> BTreeSet<String> {
    let mut all = locals.clone();
    all.extend(more.into_iter().cloned());
    all
}

/// Whether a module keeps its annotations as texts.
fn has_texts(place: Place<'_, '_>) -> bool {
    let mut head = place.module.body.iter().map(|s| &s.kind);
    let head = head.by_ref().take_while(|kind| match kind {
        StmtKind::Expr(_) => true,
        StmtKind::ImportFrom { module, .. } => module == "__future__",
        _ => false,
    });
    head.into_iter().any(|kind| {
        matches!(kind, StmtKind::ImportFrom { names, .. } if names.iter().any(|n| n.name == "annotations"))
    })
}
