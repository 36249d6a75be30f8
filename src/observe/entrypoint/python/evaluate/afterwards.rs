//! Calls that a program makes once its arguments are parsed, with other arguments than the function has parameters for:
//! the command line is taken, and the program ends all the same.

use std::collections::BTreeSet;

use super::super::ast::{Argument, Expr, ExprKind, Stmt, StmtKind};
use super::super::{arity, names, unbound};
use super::Evaluator;
use super::value::{Scope, Value};

/// Most functions that are gone through.
const MAX_FUNCTIONS: usize = 500;

/// How deep statements and calls are followed.
const MAX_DEPTH: u8 = 40;

/// Statements that are gone through: where they stand, and what is known of them.
struct Walk<'s> {
    scope: &'s Scope,
    /// Names that the function binds itself, and that stand for nothing that is known.
    locals: BTreeSet<String>,
    /// Whether they run whatever happens.
    is_sure: bool,
    depth: u8,
}

/// A call that does not fit.
struct Wrong {
    what: String,
    scope: Scope,
    line: u32,
    is_certain: bool,
}

impl Evaluator<'_, '_> {
    /// Tells of calls that do not fit, in statements that follow the parsing and in the functions that they call.
    pub(super) fn calls_afterwards(&mut self, rest: &[Stmt], scope: &Scope) {
        let Some(locals) = names::locals(rest) else { return };
        let is_sure = self.maybe == 0 && self.caught == 0 && !self.doubt.of_function;
        let mut seen = BTreeSet::new();
        let mut wrong = Vec::new();
        self.walk(rest, Walk { scope, locals, is_sure, depth: 0 }, &mut seen, &mut wrong);
        for one in wrong {
            self.end(&one.what, &one.scope, one.line, one.is_certain);
        }
    }

    /// Goes through statements; gives whether what follows them runs.
    fn walk(
        &self,
        body: &[Stmt],
        mut walk: Walk<'_>,
        seen: &mut BTreeSet<usize>,
        wrong: &mut Vec<Wrong>,
    ) -> bool {
        if walk.depth >= MAX_DEPTH {
            return false;
        }
        for statement in body {
            let (outer, locals, scope, depth) =
                (walk.is_sure, walk.locals.clone(), walk.scope, walk.depth + 1);
            let inner =
                |is_sure: bool| Walk { scope, locals: locals.clone(), is_sure: outer && is_sure, depth };
            let mut goes_on = true;
            match &statement.kind {
                StmtKind::Expr(value)
                | StmtKind::Assign { value, .. }
                | StmtKind::Augment { value, .. }
                | StmtKind::Annotate { value: Some(value), .. } => {
                    self.calls_in(value, &walk, seen, wrong);
                    goes_on = !lasts(value);
                }
                StmtKind::Return(value) => {
                    value.iter().for_each(|v| self.calls_in(v, &walk, seen, wrong));
                    return false;
                }
                StmtKind::With { items, body } => {
                    items.iter().for_each(|(item, _)| self.calls_in(item, &walk, seen, wrong));
                    let is_sure = !items.iter().any(|(item, _)| unbound::may_suppress(item));
                    goes_on = self.walk(body, inner(is_sure), seen, wrong);
                }
                StmtKind::Try { body, handlers, finally, .. } => {
                    goes_on = self.walk(body, inner(handlers.is_empty()), seen, wrong);
                    goes_on &= self.walk(finally, inner(goes_on), seen, wrong);
                }
                StmtKind::If(branches) => {
                    goes_on = false;
                    for (test, body) in branches {
                        let known = test.as_ref().map_or(Some(true), |t| self.asked(t, walk.scope));
                        match known {
                            Some(false) => {}
                            Some(true) => {
                                goes_on |= self.walk(body, inner(true), seen, wrong);
                                break;
                            }
                            None => {
                                goes_on |= self.walk(body, inner(false), seen, wrong);
                                walk.is_sure &= !body.iter().any(|s| leaves(&s.kind));
                            }
                        }
                    }
                    goes_on |= branches.last().is_some_and(|(test, _)| test.is_some());
                }
                StmtKind::For { iterable, body, .. } => {
                    self.calls_in(iterable, &walk, seen, wrong);
                    self.walk(body, inner(false), seen, wrong);
                    goes_on = !body.iter().any(|s| leaves(&s.kind));
                }
                StmtKind::While { body, .. } => {
                    self.walk(body, inner(false), seen, wrong);
                    goes_on = false;
                }
                StmtKind::Match(_) | StmtKind::Break | StmtKind::Continue => goes_on = false,
                StmtKind::Raise(_) => return false,
                _ => {}
            }
            // What follows may not be reached.
            walk.is_sure &= goes_on;
        }
        walk.is_sure
    }

    /// The calls that an expression makes whatever its parts give.
    fn calls_in(
        &self,
        expression: &Expr,
        walk: &Walk<'_>,
        seen: &mut BTreeSet<usize>,
        wrong: &mut Vec<Wrong>,
    ) {
        let mut open = vec![expression];
        while let Some(one) = open.pop() {
            match &one.kind {
                ExprKind::Call(function, arguments) => {
                    open.push(function);
                    open.extend(arguments.iter().map(Argument::value));
                    self.called(function, arguments, (walk, one.line), seen, wrong);
                }
                ExprKind::Attribute(inner, name) => {
                    open.push(inner);
                    if let Some(full) = self.missing_attribute(inner, name, walk) {
                        wrong.push(Wrong {
                            what: format!("uses {full}, which the module does not have"),
                            scope: Scope::clone(walk.scope),
                            line: one.line,
                            is_certain: walk.is_sure,
                        });
                    }
                }
                ExprKind::Wrapped(inner)
                | ExprKind::Star(inner)
                | ExprKind::Named(_, inner)
                | ExprKind::Not(inner)
                | ExprKind::Junction { left: inner, .. }
                | ExprKind::Choice { test: inner, .. } => open.push(inner),
                ExprKind::Add(a, b) | ExprKind::Operation(a, b) | ExprKind::Compare(a, _, b) => {
                    open.extend([&**a, &**b]);
                }
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Format(items) => {
                    open.extend(items);
                }
                _ => {}
            }
        }
    }

    /// The full name of an attribute that a module of the project does not have.
    fn missing_attribute(&self, object: &Expr, name: &str, walk: &Walk<'_>) -> Option<String> {
        let ExprKind::Name(of) = &object.kind else { return None };
        match walk.scope.get(of).filter(|_| !walk.locals.contains(of)) {
            Some(Value::Module(index)) => self.lacking(index, name),
            _ => None,
        }
    }

    fn called(
        &self,
        function: &Expr,
        arguments: &[Argument],
        (walk, line): (&Walk<'_>, u32),
        seen: &mut BTreeSet<usize>,
        wrong: &mut Vec<Wrong>,
    ) {
        let all = self.callees(function, walk);
        let is_open = arguments.iter().any(|a| matches!(a, Argument::Star(_) | Argument::DoubleStar(_)));
        let values = arguments.iter().filter(|a| matches!(a, Argument::Positional(_))).count();
        let named = arguments.iter().filter_map(|a| match a {
            Argument::Keyword(name, _) => Some(name.as_str()),
            _ => None,
        });
        let named: Vec<&str> = named.collect();
        let mut faults = Vec::new();
        for (index, has_object) in &all {
            let Some(known) = self.functions.get(*index).filter(|f| f.syntax.decorators.is_empty()) else {
                return;
            };
            let fault = arity::wrong(known.syntax, values + usize::from(*has_object), &named);
            faults.extend(fault.filter(|_| !is_open).map(|fault| (known.syntax.name.as_str(), fault)));
        }
        if let Some((name, fault)) = faults.first() {
            // Of several functions, which one is called hangs on the arguments.
            let is_certain = walk.is_sure && faults.len() == all.len();
            let may = if is_certain { "calls" } else { "may call" };
            wrong.push(Wrong {
                what: format!("{may} {name} {fault}, once it has its arguments"),
                scope: Scope::clone(walk.scope),
                line,
                is_certain,
            });
            return;
        }
        for (index, _) in all {
            self.follow(index, walk, seen, wrong);
        }
    }

    fn follow(&self, index: usize, walk: &Walk<'_>, seen: &mut BTreeSet<usize>, wrong: &mut Vec<Wrong>) {
        let Some(function) = self.functions.get(index) else { return };
        if seen.len() >= MAX_FUNCTIONS || !seen.insert(index) {
            return;
        }
        let Some(mut locals) = names::locals(&function.syntax.body) else { return };
        locals.extend(function.syntax.parameters.iter().map(|p| p.name.clone()));
        // A coroutine runs when something waits for it.
        let is_sure = walk.is_sure && !function.syntax.is_lazy;
        let inner = Walk { scope: &function.scope, locals, is_sure, depth: walk.depth + 1 };
        self.walk(&function.syntax.body, inner, seen, wrong);
    }

    /// The functions of the project that an expression may stand for, each with whether it is given an object first.
    fn callees(&self, function: &Expr, walk: &Walk<'_>) -> Vec<(usize, bool)> {
        let class = |index: usize| match self.member(index, "__init__", &Value::Unknown) {
            Some(Value::Method(_, function)) => vec![(function, true)],
            _ => Vec::new(),
        };
        let plain = |value: Option<Value>| match value {
            Some(Value::Function(index)) => vec![(index, false)],
            Some(Value::Method(_, index)) => vec![(index, true)],
            Some(Value::Class(index)) => class(index),
            _ => Vec::new(),
        };
        match &function.kind {
            ExprKind::Name(name) if !walk.locals.contains(name) => plain(walk.scope.get(name)),
            ExprKind::Wrapped(inner) => self.callees(inner, walk),
            ExprKind::Attribute(object, name) => match &object.kind {
                // `R().go(…)`
                ExprKind::Call(made, _) => {
                    let ExprKind::Name(of) = &made.kind else { return Vec::new() };
                    match walk.scope.get(of).filter(|_| !walk.locals.contains(of)) {
                        Some(Value::Class(index)) => plain(self.member(index, name, &Value::Unknown)),
                        _ => Vec::new(),
                    }
                }
                ExprKind::Name(of) => match walk.scope.get(of) {
                    // `args.func(args)`: one of those that `set_defaults` gave.
                    Some(Value::Namespace) => self.given_functions(name),
                    Some(Value::Module(index)) if !walk.locals.contains(of) => {
                        let scope = self.loaded.get(index).map(|l| &l.scope);
                        plain(scope.and_then(|s| s.names.borrow().get(name).cloned()))
                    }
                    Some(Value::Object(index)) if !walk.locals.contains(of) => {
                        let class = self.objects.get(index).map(|(class, _)| *class);
                        plain(class.and_then(|c| self.member(c, name, &Value::Unknown)))
                    }
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The functions that `set_defaults` keeps under a name; none if there may be others.
    fn given_functions(&self, name: &str) -> Vec<(usize, bool)> {
        let (is_open, known) = &self.later_defaults;
        let own: Vec<&Value> = known.iter().filter(|(n, _)| n == name).map(|(_, v)| v).collect();
        let functions = own.iter().map(|v| if let Value::Function(i) = v { Some((*i, false)) } else { None });
        functions.collect::<Option<Vec<_>>>().filter(|_| !is_open).unwrap_or_default()
    }
}

/// Whether a call goes on for as long as the program runs, or ends it.
fn lasts(value: &Expr) -> bool {
    let ExprKind::Call(function, _) = &value.kind else { return false };
    let name = match &function.kind {
        ExprKind::Name(name) | ExprKind::Attribute(_, name) => name.as_str(),
        _ => return false,
    };
    let is_method = matches!(function.kind, ExprKind::Attribute(..));
    // A function of the project may have such a name, too, and is gone through.
    let may_last = is_method || !matches!(name, "main" | "run" | "start" | "execute" | "consume");
    may_last && super::ending::LASTING.contains(&name) || matches!(name, "exit" | "quit" | "_exit" | "abort")
}

/// Whether a statement may leave the ones that it stands in.
fn leaves(kind: &StmtKind) -> bool {
    match kind {
        StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Assert(_) | StmtKind::Break => true,
        StmtKind::Function(_) | StmtKind::Class { .. } => false,
        StmtKind::Expr(value) => lasts(value),
        _ => kind.bodies().into_iter().flatten().any(|s| leaves(&s.kind)),
    }
}
