//! What a program does once its arguments are parsed, and that fails whatever they are: calls with other arguments than the
//! function has parameters for, attributes and modules that are not there, exceptions that nothing catches. The command line
//! is taken, and the program ends all the same.

mod imports;
mod known;

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::cli::Ending;
use super::super::ast::{Argument, Expr, ExprKind, ParameterKind, Stmt, StmtKind};
use super::super::{arity, names, unbound};
use super::Evaluator;
use super::value::Scope;
use known::Seen;

/// Most functions that are gone through.
const MAX_FUNCTIONS: usize = 500;

/// How deep statements and calls are followed.
const MAX_DEPTH: u8 = 40;

/// Statements that are gone through: where they stand, and what is known of them.
struct Walk<'s> {
    scope: &'s Scope,
    /// Names that the function binds itself, and that stand for nothing that is known.
    locals: BTreeSet<String>,
    /// Of these, the ones that stand for something that is known.
    known: BTreeMap<String, Seen>,
    /// Whether they run whatever happens.
    is_sure: bool,
    /// Whether nothing before them may have gone on for as long as the program runs.
    is_quick: bool,
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
        let is_quick = !self.doubt.of_program;
        let walk = Walk { scope, locals, known: BTreeMap::new(), is_sure, is_quick, depth: 0 };
        self.walk(rest, walk, &mut seen, &mut wrong);
        for one in wrong {
            self.end(&one.what, &one.scope, one.line, one.is_certain);
        }
    }

    /// What fails in a function that a library calls with the parsed arguments, such as a command of click.
    pub(super) fn failures_in(&self, function: usize, is_sure: bool) -> Vec<Ending> {
        let Some(known) = self.functions.get(function) else { return Vec::new() };
        let Some(mut locals) = names::locals(&known.syntax.body) else { return Vec::new() };
        locals.extend(known.syntax.parameters.iter().map(|p| p.name.clone()));
        let is_sure = is_sure && !known.syntax.is_lazy;
        let scope = &known.scope;
        let walk = Walk { scope, locals, known: BTreeMap::new(), is_sure, is_quick: true, depth: 0 };
        let (mut seen, mut wrong) = (BTreeSet::from([function]), Vec::new());
        self.walk(&known.syntax.body, walk, &mut seen, &mut wrong);
        let ending = |one: Wrong| Ending {
            what: format!("{} ({})", one.what, self.place(&one.scope, one.line)),
            at: self.written(&one.scope, one.line),
            is_certain: one.is_certain,
        };
        wrong.into_iter().map(ending).collect()
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
            let (known, is_quick) = (walk.known.clone(), walk.is_quick);
            let inner = |is_sure: bool| Walk {
                scope,
                locals: locals.clone(),
                known: known.clone(),
                is_sure: outer && is_sure,
                is_quick,
                depth,
            };
            let mut goes_on = true;
            match &statement.kind {
                StmtKind::Expr(value)
                | StmtKind::Assign { value, .. }
                | StmtKind::Augment { value, .. }
                | StmtKind::Annotate { value: Some(value), .. } => {
                    self.calls_in(value, &walk, seen, wrong);
                    self.ended(value, &walk, wrong);
                    goes_on = !lasts(value);
                    walk.is_quick &= is_quick_value(value);
                    self.note_objects(&statement.kind, &mut walk);
                }
                StmtKind::Import(_) | StmtKind::ImportFrom { .. } => {
                    self.missing_modules(statement, &walk, wrong);
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
                StmtKind::Raise(raised) => {
                    self.raised(raised.as_ref(), statement.line, &walk, wrong);
                    return false;
                }
                _ => {}
            }
            // What follows may not be reached.
            walk.is_sure &= goes_on;
            let bodies = statement.kind.bodies();
            walk.is_quick &= bodies.is_empty();
            for name in bodies.into_iter().filter_map(|b| names::locals(b)).flatten() {
                walk.known.remove(&name);
            }
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
                    if let Some(full) = self.missing_by_name(one, walk) {
                        wrong.push(Wrong {
                            what: format!(
                                "uses {full}, which the class does not have, once it has its arguments"
                            ),
                            scope: Scope::clone(walk.scope),
                            line: one.line,
                            is_certain: walk.is_sure,
                        });
                    }
                    open.push(function);
                    open.extend(arguments.iter().map(Argument::value));
                    self.called(function, arguments, (walk, one.line), seen, wrong);
                }
                ExprKind::Name(name) if self.is_nowhere(name, walk) => wrong.push(Wrong {
                    what: format!(
                        "uses {name}, which nothing in its module defines, once it has its arguments"
                    ),
                    scope: Scope::clone(walk.scope),
                    line: one.line,
                    is_certain: walk.is_sure,
                }),
                ExprKind::Attribute(inner, name) => {
                    open.push(inner);
                    if let Some((full, of)) = self.missing_attribute(inner, name, walk) {
                        wrong.push(Wrong {
                            what: format!("uses {full}, which the {of} does not have"),
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

    /// Tells of a `sys.exit(1)`, where nothing before it may have lasted.
    fn ended(&self, value: &Expr, walk: &Walk<'_>, wrong: &mut Vec<Wrong>) {
        let ExprKind::Call(function, arguments) = &value.kind else { return };
        let is_end = matches!(function.dotted().as_deref(), Some("sys.exit" | "exit" | "quit" | "os._exit"));
        let code = super::namespace::literal_code(arguments);
        if is_end && walk.is_sure && walk.is_quick && code == super::ending::Code::Bad {
            wrong.push(Wrong {
                what: "ends with a code that is not 0, once it has its arguments".to_owned(),
                scope: Scope::clone(walk.scope),
                line: value.line,
                is_certain: true,
            });
        }
    }

    /// Tells of an exception that ends the program, where nothing before it may have lasted.
    fn raised(&self, raised: Option<&Expr>, line: u32, walk: &Walk<'_>, wrong: &mut Vec<Wrong>) {
        let Some(raised) = raised.filter(|_| walk.is_sure && walk.is_quick) else { return };
        let (of, arguments) = match &raised.kind {
            ExprKind::Call(of, arguments) => (of.dotted(), arguments.as_slice()),
            _ => (raised.dotted(), &[][..]),
        };
        let of = of.unwrap_or_default();
        let name = of.rsplit('.').next().unwrap_or_default();
        let is_good = match name {
            // What a command of click or typer raises to end well.
            "Abort" | "" => true,
            "SystemExit" | "Exit" => super::namespace::literal_code(arguments) != super::ending::Code::Bad,
            _ => false,
        };
        if !is_good {
            wrong.push(Wrong {
                what: format!("raises {name}, which nothing catches, once it has its arguments"),
                scope: Scope::clone(walk.scope),
                line,
                is_certain: true,
            });
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
        let values = arguments.iter().filter(|a| matches!(a, Argument::Positional(_))).count();
        let mut named: Vec<&str> = Vec::new();
        let mut is_open = false;
        for argument in arguments {
            match argument {
                Argument::Positional(_) => {}
                Argument::Keyword(name, _) => named.push(name),
                Argument::Star(_) => is_open = true,
                Argument::DoubleStar(all) => match self.names_of_arguments(all, walk) {
                    Some(all) => named.extend(all),
                    None => is_open = true,
                },
            }
        }
        if let Some((class, method)) = self.abstract_in(function, walk) {
            wrong.push(Wrong {
                what: format!("makes an object of {class}, whose abstract {method} nothing defines"),
                scope: Scope::clone(walk.scope),
                line,
                is_certain: walk.is_sure,
            });
        }
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
        let own = self.class_called(function, walk);
        // Of several functions, which one is called is not known.
        let is_one = all.len() == 1;
        for (index, has_object) in all {
            let object = own.filter(|_| has_object).map(Seen::Object);
            let values = arguments.iter().map_while(|a| match a {
                Argument::Positional(value) => Some(self.seen(value, walk, 0)),
                _ => None,
            });
            let given: Vec<Option<Seen>> = has_object.then_some(object).into_iter().chain(values).collect();
            self.follow(index, (given, is_one), walk, seen, wrong);
        }
    }

    /// Whether nothing defines a name that a function at the top of its module uses.
    fn is_nowhere(&self, name: &str, walk: &Walk<'_>) -> bool {
        let Some(loaded) = self.loaded.get(walk.scope.module) else { return false };
        let is_top = std::rc::Rc::ptr_eq(walk.scope, &loaded.scope);
        is_top
            && !walk.locals.contains(name)
            && !unbound::is_built_in(name)
            && walk.scope.get(name).is_none()
            && names::defined(loaded.module).is_some_and(|all| !all.contains(name))
    }

    fn follow(
        &self,
        index: usize,
        (given, is_one): (Vec<Option<Seen>>, bool),
        walk: &Walk<'_>,
        seen: &mut BTreeSet<usize>,
        wrong: &mut Vec<Wrong>,
    ) {
        let Some(function) = self.functions.get(index) else { return };
        if seen.len() >= MAX_FUNCTIONS || !seen.insert(index) {
            return;
        }
        let Some(mut locals) = names::locals(&function.syntax.body) else { return };
        locals.extend(function.syntax.parameters.iter().map(|p| p.name.clone()));
        // A coroutine runs when something waits for it.
        let is_sure = walk.is_sure && is_one && !function.syntax.is_lazy;
        let plain = function.syntax.parameters.iter().filter(|p| p.kind == ParameterKind::Plain);
        let known = plain.zip(given).filter_map(|(p, value)| Some((p.name.clone(), value?))).collect();
        let is_quick = walk.is_quick;
        let inner = Walk { scope: &function.scope, locals, known, is_sure, is_quick, depth: walk.depth + 1 };
        self.walk(&function.syntax.body, inner, seen, wrong);
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

/// Whether a value is worked out at once: it calls nothing but what prints, logs and makes values.
fn is_quick_value(value: &Expr) -> bool {
    let quick = [
        "print",
        "debug",
        "info",
        "warning",
        "warn",
        "error",
        "exception",
        "critical",
        "getLogger",
        "basicConfig",
        "str",
        "int",
        "float",
        "bool",
        "len",
        "dict",
        "list",
        "set",
        "tuple",
        "vars",
        "Path",
        "get",
        "getenv",
        "echo",
        "secho",
        "format",
        "join",
        "strip",
        "lower",
        "upper",
    ];
    match &value.kind {
        ExprKind::Call(function, arguments) => {
            let name = function.dotted().unwrap_or_default();
            quick.contains(&name.rsplit('.').next().unwrap_or_default())
                && arguments.iter().all(|a| is_quick_value(a.value()))
        }
        ExprKind::Attribute(inner, _) | ExprKind::Wrapped(inner) | ExprKind::Not(inner) => {
            is_quick_value(inner)
        }
        ExprKind::Format(items) | ExprKind::List(items) | ExprKind::Tuple(items) => {
            items.iter().all(is_quick_value)
        }
        ExprKind::Add(a, b) => is_quick_value(a) && is_quick_value(b),
        ExprKind::Name(_) | ExprKind::Text(_) | ExprKind::Int(_) | ExprKind::Bool(_) | ExprKind::None => true,
        _ => false,
    }
}
