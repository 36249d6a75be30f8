//! Statements.

use super::super::ast::{Alias, Expr, ExprKind, Function as FunctionSyntax, Stmt, StmtKind};
use super::super::imports::{Target, absolute, package_of};
use super::value::{Class, Function, Scope, ScopeData, Value, truth};
use super::{Evaluator, Flow, MAX_CALLS, mutation};

/// Most rounds of a loop over a list that is written out.
pub(super) const MAX_ROUNDS: usize = 500;

impl<'m> Evaluator<'m, '_> {
    pub(super) fn body(&mut self, body: &'m [Stmt], scope: &Scope) -> Flow {
        for (at, statement) in body.iter().enumerate() {
            if !self.step() {
                return Flow::End;
            }
            let flow = self.statement(statement, scope);
            if self.root.is_some() {
                self.parsed_by(statement, scope);
            }
            match flow {
                Flow::Next => {}
                other => return other,
            }
            if self.root.is_some() {
                self.after_parsing(body.get(at + 1..).unwrap_or_default(), scope);
                return Flow::End;
            }
        }
        Flow::Next
    }

    #[expect(clippy::too_many_lines, reason = "one match over the kinds of statements")]
    fn statement(&mut self, statement: &'m Stmt, scope: &Scope) -> Flow {
        match &statement.kind {
            StmtKind::Function(function) => self.define(function, scope),
            StmtKind::Class { name, arguments, body, decorators, .. } => {
                self.check_dataclass(statement, scope);
                let bases = self.arguments(arguments, scope).positional;
                let inner = Scope::new(ScopeData {
                    parent: Some(Scope::clone(scope)),
                    module: scope.module,
                    ..ScopeData::default()
                });
                self.body(body, &inner);
                self.classes.push(Class::new(name, (bases, arguments), decorators, body, inner));
                scope.set(name, Value::Class(self.classes.len() - 1));
            }
            StmtKind::Return(value) => {
                let value = value.as_ref().map_or(Value::None, |v| self.expression(v, scope));
                return Flow::Return(value);
            }
            StmtKind::Assign { targets, value } => {
                let value = self.expression(value, scope);
                targets.iter().for_each(|t| self.assign(t, value.clone(), scope));
            }
            StmtKind::Augment { target, value } => {
                let (old, new) = (self.expression(target, scope), self.expression(value, scope));
                let sum = super::expression::sum(&old, &new);
                // A list is changed where it is, under all its names.
                self.forget(&old, scope);
                self.assign(target, sum, scope);
            }
            StmtKind::Annotate { target, value, .. } => {
                if let Some(value) = value {
                    let value = self.expression(value, scope);
                    self.assign(target, value, scope);
                }
            }
            StmtKind::Expr(expression) if self.runs_nothing(expression, scope) => {}
            StmtKind::Expr(expression) => {
                self.expression(expression, scope);
            }
            StmtKind::If(branches) => {
                if let [(Some(test), body), ..] = branches.as_slice()
                    && let Some(name) = missing_variable(test)
                    && body.last().is_some_and(ends_program)
                {
                    self.needs_variable(name, scope, statement.line);
                }
                return self.branches(branches, scope);
            }
            StmtKind::For { target, iterable, body, otherwise } => {
                return self.each(target, iterable, body, otherwise, scope);
            }
            StmtKind::While { test, body, .. } => {
                let lasts = self.test(test, scope) == Some(true);
                let flow = self.perhaps(body, scope);
                self.doubt.of_program |= lasts;
                return flow;
            }
            StmtKind::With { items, body } => {
                for (item, target) in items {
                    let value = self.expression(item, scope);
                    if let Some(target) = target {
                        self.assign(target, value, scope);
                    }
                }
                // A context manager may take what fails in it.
                let is_open = |item: &Expr| super::super::unbound::may_suppress(item);
                let taken = u32::from(items.iter().any(|(item, _)| is_open(item)));
                self.caught += taken;
                let flow = self.body(body, scope);
                self.caught -= taken;
                if let (Flow::End, true, true) = (&flow, self.root.is_none(), taken > 0) {
                    self.doubt.of_program = true;
                    return Flow::Next;
                }
                return flow;
            }
            StmtKind::Try { body, handlers, otherwise, finally } => {
                let taken = u32::from(!handlers.is_empty());
                self.caught += taken;
                let flow = self.body(body, scope);
                self.caught -= taken;
                match flow {
                    Flow::Next => {}
                    // What it raised may be taken.
                    Flow::End if self.root.is_none() && taken > 0 => self.doubt.of_program = true,
                    other => return other,
                }
                for part in [otherwise, finally] {
                    match self.body(part, scope) {
                        Flow::Next => {}
                        other => return other,
                    }
                }
            }
            StmtKind::Match(cases) => {
                for (_, body) in cases {
                    if let Flow::End = self.perhaps(body, scope)
                        && self.root.is_some()
                    {
                        return Flow::End;
                    }
                }
            }
            StmtKind::Import(aliases) => aliases.iter().for_each(|alias| self.import(alias, scope)),
            StmtKind::ImportFrom { level, module, names } => {
                self.import_from(*level, module, names, scope, statement.line);
            }
            // `raise SystemExit(main())`
            StmtKind::Raise(value) => {
                let raised = value.as_ref().map(|value| match &value.kind {
                    ExprKind::Call(function, _) if function.dotted().as_deref() == Some("SystemExit") => {
                        self.expression(value, scope)
                    }
                    ExprKind::Call(function, _) => {
                        self.expression(value, scope);
                        self.expression(function, scope)
                    }
                    _ => self.expression(value, scope),
                });
                if let Some(raised) =
                    raised.filter(|_| !matches!(value.as_ref().and_then(called), Some("SystemExit")))
                {
                    self.raises(&raised, scope, statement.line);
                }
                return Flow::End;
            }
            StmtKind::Assert(_) if self.script.search.optimizes > 0 => {}
            StmtKind::Assert(test) => {
                let known = self.test(test, scope);
                if known == Some(false)
                    && self.fails("asserts what does not hold", scope, statement.line, true)
                {
                    return Flow::End;
                }
                if let Some(name) = asserted_variable(test).filter(|_| known.is_none()) {
                    self.needs_variable(name, scope, statement.line);
                }
            }
            StmtKind::Break | StmtKind::Continue => return Flow::Break,
            StmtKind::Global(names) => {
                let module = self.loaded.get(scope.module).map(|l| Scope::clone(&l.scope));
                for name in names {
                    if let Some(value) = module.as_ref().and_then(|m| m.get(name)) {
                        scope.set(name, value);
                    }
                }
            }
            StmtKind::Other => {}
        }
        Flow::Next
    }

    /// Whether a statement calls a coroutine or a generator and leaves it: its body never runs.
    fn runs_nothing(&mut self, expression: &'m Expr, scope: &Scope) -> bool {
        let ExprKind::Call(function, _) = &expression.kind else { return false };
        let ExprKind::Name(name) = &function.kind else { return false };
        let Some(Value::Function(index)) = scope.get(name) else { return false };
        self.functions.get(index).is_some_and(|f| f.syntax.is_lazy && f.syntax.decorators.is_empty())
    }

    /// Statements that may be run or not.
    fn perhaps(&mut self, body: &'m [Stmt], scope: &Scope) -> Flow {
        self.maybe += 1;
        let flow = self.body(body, scope);
        self.maybe -= 1;
        self.doubt_flow(&flow);
        match flow {
            Flow::End if self.root.is_some() => Flow::End,
            // An early end under a condition, such as that of a usage text, ends nothing here.
            _ => Flow::Next,
        }
    }

    fn branches(&mut self, branches: &'m [(Option<Expr>, Vec<Stmt>)], scope: &Scope) -> Flow {
        let mut is_open = false;
        let mut returned = None;
        for (test, body) in branches {
            let known = match test {
                None => Some(true),
                Some(test) => self.test(test, scope),
            };
            match known {
                Some(false) => {}
                Some(true) if !is_open => return self.body(body, scope),
                _ => {
                    is_open = true;
                    self.maybe += 1;
                    let flow = self.body(body, scope);
                    self.maybe -= 1;
                    self.doubt_flow(&flow);
                    match flow {
                        Flow::End if self.root.is_some() => return Flow::End,
                        Flow::Return(value) => returned = returned.or(Some(value)),
                        _ => {}
                    }
                    if known == Some(true) {
                        break;
                    }
                }
            }
        }
        // A function that gives back a parser under a condition most often gives back the same below.
        let is_known = matches!(returned, Some(Value::Parser(..) | Value::Command(_) | Value::Typer(_)));
        match returned {
            Some(value) if is_known && branches.iter().any(|(test, _)| test.is_none()) => Flow::Return(value),
            _ => Flow::Next,
        }
    }

    /// Whether a condition holds, if that is known.
    pub(super) fn test(&mut self, test: &'m Expr, scope: &Scope) -> Option<bool> {
        if let Some(known) = self.guards(scope.module).holds(test) {
            return Some(known);
        }
        let value = self.expression(test, scope);
        truth(&value)
    }

    fn each(
        &mut self,
        target: &'m Expr,
        iterable: &'m Expr,
        body: &'m [Stmt],
        otherwise: &'m [Stmt],
        scope: &Scope,
    ) -> Flow {
        let items = match self.expression(iterable, scope) {
            Value::List(items) => items.to_vec(),
            Value::Dict(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            _ => {
                self.assign(target, Value::Unknown, scope);
                return self.perhaps(body, scope);
            }
        };
        let is_long = items.len() > MAX_ROUNDS;
        for item in items.into_iter().take(MAX_ROUNDS) {
            self.assign(target, item, scope);
            match self.body(body, scope) {
                Flow::Next => {}
                Flow::Break => self.doubt.of_function = true,
                other => return other,
            }
        }
        if is_long {
            self.alter("a loop of it has more rounds than are followed", scope, iterable.line);
        }
        self.body(otherwise, scope)
    }

    /// Gives a target a value. Under a condition that is not known a variable that had another value is not known.
    pub(super) fn assign(&mut self, target: &'m Expr, value: Value, scope: &Scope) {
        match &target.kind {
            ExprKind::Name(name) => {
                let other = scope.names.borrow().get(name).cloned();
                let is_same = other.as_ref().is_none_or(|o| super::value::equal(o, &value) == Some(true));
                let replaces_none = matches!(other, Some(Value::None));
                let is_kept = self.maybe == 0 || is_same || replaces_none || is_interface(&value);
                scope.set(name, if is_kept { value } else { Value::Unknown });
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets) => {
                let items = match &value {
                    Value::List(items) if items.len() == targets.len() => items.to_vec(),
                    _ => vec![Value::Unknown; targets.len()],
                };
                targets.iter().zip(items).for_each(|(t, item)| self.assign(t, item, scope));
            }
            ExprKind::Attribute(object, name) => {
                let object = self.expression(object, scope);
                self.set_attribute(&object, name, value, scope, target.line);
            }
            ExprKind::Subscript(object, of) => {
                // A list or a dictionary that is changed is not known any more.
                let object = self.expression(object, scope);
                // `sys.argv[0]` is the program's name, which scripts of installers make shorter.
                let is_name = matches!(of.as_slice(), [key] if key.number() == Some(0));
                if matches!((&object, is_name), (Value::Argv, false) | (Value::ArgvWords, _)) {
                    self.change_argv(scope, target.line);
                }
                let key = match of.as_slice() {
                    [key] => Some(self.expression(key, scope)),
                    _ => None,
                };
                self.set_item(&object, key, value, scope);
            }
            ExprKind::Star(inner) | ExprKind::Wrapped(inner) => self.assign(inner, Value::Unknown, scope),
            _ => {}
        }
    }

    pub(super) fn set_attribute(
        &mut self,
        object: &Value,
        name: &str,
        value: Value,
        scope: &Scope,
        line: u32,
    ) {
        match object {
            Value::Object(index) => {
                if let Some((_, attributes)) = self.objects.get(*index) {
                    attributes.set(name, value);
                }
            }
            Value::Class(index) => {
                if let Some(class) = self.classes.get(*index) {
                    class.scope.set(name, value);
                }
            }
            Value::Module(index) => {
                if let Some(loaded) = self.loaded.get(*index) {
                    loaded.scope.set(name, value);
                }
            }
            Value::External(module) if &**module == "sys" && name == "argv" => self.change_argv(scope, line),
            Value::Subparsers(parser) if name == "required" => self.require_subcommand(*parser, &value),
            Value::Parser(..) if mutation::decides(name) => {
                self.alter(&format!("it changes {name} of its parser"), scope, line);
            }
            _ => {}
        }
    }

    fn define(&mut self, function: &'m FunctionSyntax, scope: &Scope) {
        let mut defaults = Vec::new();
        let mut annotations = Vec::new();
        for parameter in &function.parameters {
            if let Some(default) = &parameter.default {
                defaults.push((parameter.name.clone(), self.expression(default, scope)));
            }
            if let Some(annotation) = &parameter.annotation {
                // It may be kept as a text.
                self.caught += 1;
                annotations.push((parameter.name.clone(), self.expression(annotation, scope)));
                self.caught -= 1;
            }
        }
        self.functions.push(Function {
            module: scope.module,
            syntax: function,
            scope: Scope::clone(scope),
            defaults,
            annotations,
            parameters: Vec::new(),
            open: None,
        });
        let mut value = Value::Function(self.functions.len() - 1);
        for decorator in function.decorators.iter().rev() {
            let with = self.expression(decorator, scope);
            value = self.decorate(&with, value, scope, decorator.line);
        }
        scope.set(&function.name, value);
    }

    fn import(&mut self, alias: &Alias, scope: &Scope) {
        let value = self.module_value(&alias.name);
        match &alias.other {
            Some(other) => scope.set(other, value),
            None => {
                let first = alias.name.split('.').next().unwrap_or_default();
                let value = if first == alias.name { value } else { self.module_value(first) };
                scope.set(first, value);
            }
        }
    }

    fn import_from(&mut self, level: usize, module: &str, names: &[Alias], scope: &Scope, line: u32) {
        let package =
            self.loaded.get(scope.module).map(|l| package_of(&l.name, l.is_package)).unwrap_or_default();
        let Some(module) = absolute(&package, level, module) else { return };
        let from = self.module_value(&module);
        for alias in names {
            if alias.name == "*" {
                if let Value::Module(index) = from {
                    self.check_all(index, &module, scope, line);
                }
                if let Value::Module(index) = from
                    && let Some(loaded) = self.loaded.get(index)
                {
                    let all: Vec<(String, Value)> =
                        loaded.scope.names.borrow().iter().map(|(n, v)| (n.clone(), v.clone())).collect();
                    all.into_iter().filter(|(n, _)| !n.starts_with('_')).for_each(|(n, v)| scope.set(&n, v));
                }
                if let Value::External(name) = &from {
                    for own in super::packages::exported(name) {
                        scope.set(own, Value::External(format!("{name}.{own}").into()));
                    }
                }
                continue;
            }
            if let Value::Module(index) = &from {
                self.check_circle(*index, &module, &alias.name, scope, line);
            }
            let value = match &from {
                Value::Module(index) => {
                    let own = self.loaded.get(*index).and_then(|l| l.scope.get(&alias.name));
                    own.unwrap_or_else(|| self.module_value(&format!("{module}.{}", alias.name)))
                }
                Value::External(name) => {
                    self.lacks_of_argparse(name, &alias.name, scope, line);
                    Value::External(format!("{name}.{}", alias.name).into())
                }
                _ => self.module_value(&format!("{module}.{}", alias.name)),
            };
            scope.set(alias.other.as_deref().unwrap_or(&alias.name), value);
        }
    }

    /// A name that is imported from a module that is still being run, and does not have it yet.
    fn check_circle(&mut self, index: usize, module: &str, name: &str, scope: &Scope, line: u32) {
        let Some(loaded) = self.loaded.get(index).filter(|l| l.is_open && index != 0) else { return };
        let is_bound = loaded.scope.names.borrow().contains_key(name);
        let is_defined = super::super::names::defined(loaded.module).is_some_and(|all| all.contains(name));
        let is_module = !matches!(self.finder.find(&format!("{module}.{name}")), Target::Missing { .. });
        if !is_bound && is_defined && !is_module {
            let what =
                format!("imports {name} from {module}, which is still being imported and has it only later");
            self.fails(&what, scope, line, true);
        }
    }

    /// A name that a module's `__all__` promises to `from module import *`, and that it does not have.
    fn check_all(&mut self, index: usize, module: &str, scope: &Scope, line: u32) {
        let Some(loaded) = self.loaded.get(index) else { return };
        let all = loaded.scope.names.borrow().get("__all__").and_then(super::value::texts_of);
        let defined = super::super::names::defined(loaded.module);
        let (Some(all), Some(defined)) = (all, defined) else { return };
        let is_module =
            |name: &str| !matches!(self.finder.find(&format!("{module}.{name}")), Target::Missing { .. });
        let missing = all.iter().find(|name| !defined.contains(*name) && !is_module(name));
        if let Some(name) = missing {
            let what = format!("imports all of {module}, whose __all__ names {name}, which it does not have");
            self.fails(&what, scope, line, true);
        }
    }

    /// A module as a value: entered if it is the project's own, else known by its name.
    fn module_value(&mut self, name: &str) -> Value {
        for (i, _) in name.match_indices('.') {
            // Packages are entered before what is in them.
            if let Some(package) = name.get(..i) {
                self.enter(package);
            }
        }
        self.enter(name).unwrap_or_else(|| Value::External(name.into()))
    }

    fn enter(&mut self, name: &str) -> Option<Value> {
        match self.finder.find(name) {
            Target::Source { path, is_package } => {
                if let Some(index) = self.by_path.get(&path) {
                    return Some(Value::Module(*index));
                }
                let Some(Ok(module)) = self.modules.get(&path) else { return None };
                if self.calls >= MAX_CALLS {
                    // What it would have done is not known.
                    self.doubt.of_program = true;
                    return None;
                }
                let index = self.open(module, name.to_owned(), is_package);
                let scope = Scope::clone(&self.loaded[index].scope);
                self.calls += 1;
                // A module is entered whatever condition is around.
                let (is_sure, doubt) = (self.is_sure(), self.doubt);
                let maybe = std::mem::take(&mut self.maybe);
                self.doubt.of_function = !is_sure;
                let flow = self.body(&module.body, &scope);
                self.maybe = maybe;
                self.doubt.of_function = doubt.of_function;
                if let Flow::End = flow {
                    self.doubt.of_program = true;
                }
                self.calls -= 1;
                self.loaded[index].is_open = false;
                Some(Value::Module(index))
            }
            Target::Namespace(_) => Some(Value::External(name.into())),
            _ => None,
        }
    }
}

/// The name of what an expression calls.
fn called(expression: &Expr) -> Option<&str> {
    match &expression.kind {
        ExprKind::Call(function, _) => called(function),
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// Whether a value is a parser or the like, which is not forgotten under a condition.
fn is_interface(value: &Value) -> bool {
    matches!(
        value,
        Value::Parser(..) | Value::Subparsers(_) | Value::Command(_) | Value::Typer(_) | Value::Object(_)
    )
}

/// The variable of the environment whose absence a condition asks for: `not os.environ.get("X")`, `"X" not in os.environ`.
fn missing_variable(test: &Expr) -> Option<&str> {
    match &test.kind {
        ExprKind::Not(inner) => asserted_variable(inner),
        ExprKind::Wrapped(inner) => missing_variable(inner),
        ExprKind::Compare(left, _, right) => {
            let is_none = matches!(right.kind, ExprKind::None);
            let is_environment = right.dotted().is_some_and(|name| name.ends_with("environ"));
            if is_none { asserted_variable(left) } else { left.text().filter(|_| is_environment) }
        }
        _ => None,
    }
}

/// Whether a statement ends the program or raises.
fn ends_program(statement: &Stmt) -> bool {
    match &statement.kind {
        StmtKind::Raise(_) => true,
        StmtKind::Expr(Expr { kind: ExprKind::Call(function, _), .. }) => {
            function.dotted().is_some_and(|n| matches!(n.as_str(), "sys.exit" | "exit" | "quit" | "os._exit"))
        }
        _ => false,
    }
}

/// The variable of the environment whose presence a condition asks for: `os.environ.get("X")`, `"X" in os.environ`.
fn asserted_variable(test: &Expr) -> Option<&str> {
    match &test.kind {
        ExprKind::Call(function, arguments) => {
            let name = function.dotted()?;
            let asks = ["environ.get", "getenv"].iter().any(|end| name.ends_with(end));
            let [super::super::ast::Argument::Positional(first)] = arguments.as_slice() else { return None };
            first.text().filter(|_| asks)
        }
        ExprKind::Wrapped(inner) => asserted_variable(inner),
        ExprKind::Compare(left, _, right) => {
            let is_environment = right.dotted().is_some_and(|name| name.ends_with("environ"));
            left.text().filter(|_| is_environment).or_else(|| asserted_variable(left))
        }
        ExprKind::Junction { is_and: true, left, right } => {
            asserted_variable(left).or_else(|| asserted_variable(right))
        }
        _ => None,
    }
}
