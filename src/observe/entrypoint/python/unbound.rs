//! Names that a program uses on every way through its start, and that nothing binds: it ends with a `NameError`.
//!
//! Only what runs whatever happens is looked at: the statements of the modules that are imported, and of the plain functions
//! that these call, up to the first that may leave. A module whose names cannot be told, because it has a star import or
//! changes its own dictionary, is left out.

mod annotations;

use std::collections::{BTreeMap, BTreeSet};

use super::Version;
use super::ast::{Argument, Expr, ExprKind, Function, Parameter, Stmt, StmtKind};
use super::guard::Guards;
use super::imports::{Finder, Problem, Target, absolute, package_of};
use super::names;
use super::syntax::{Module, Modules};

/// Most functions that are gone through.
const MAX_FUNCTIONS: usize = 2_000;

/// Names that every module has, of any version from 3.7 on. <https://docs.python.org/3/library/functions.html>
#[rustfmt::skip]
const BUILT_IN: [&str; 166] = [
    "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BaseExceptionGroup",
    "BlockingIOError", "BrokenPipeError", "BufferError", "BytesWarning", "ChildProcessError",
    "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError",
    "DeprecationWarning", "EOFError", "Ellipsis", "EncodingWarning", "EnvironmentError", "Exception",
    "ExceptionGroup", "False", "FileExistsError", "FileNotFoundError", "FloatingPointError", "FutureWarning",
    "GeneratorExit", "IOError", "ImportError", "ImportWarning", "IndentationError", "IndexError",
    "InterruptedError", "IsADirectoryError", "KeyError", "KeyboardInterrupt", "LookupError", "MemoryError",
    "ModuleNotFoundError", "NameError", "None", "NotADirectoryError", "NotImplemented", "NotImplementedError",
    "OSError", "OverflowError", "PendingDeprecationWarning", "PermissionError", "ProcessLookupError",
    "PythonFinalizationError", "RecursionError", "ReferenceError", "ResourceWarning", "RuntimeError",
    "RuntimeWarning", "StopAsyncIteration", "StopIteration", "SyntaxError", "SyntaxWarning", "SystemError",
    "SystemExit", "TabError", "TimeoutError", "True", "TypeError", "UnboundLocalError", "UnicodeDecodeError",
    "UnicodeEncodeError", "UnicodeError", "UnicodeTranslateError", "UnicodeWarning", "UserWarning",
    "ValueError", "Warning", "WindowsError", "ZeroDivisionError", "_", "__annotations__", "__build_class__",
    "__builtins__", "__cached__", "__class__", "__debug__", "__doc__", "__file__", "__import__", "__loader__",
    "__name__", "__package__", "__path__", "__spec__", "abs", "aiter", "all", "anext", "any", "ascii", "bin",
    "bool", "breakpoint", "bytearray", "bytes", "callable", "chr", "classmethod", "compile", "complex",
    "copyright", "credits", "delattr", "dict", "dir", "divmod", "enumerate", "eval", "exec", "exit", "filter",
    "float", "format", "frozenset", "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input",
    "int", "isinstance", "issubclass", "iter", "len", "license", "list", "locals", "map", "max", "memoryview",
    "min", "next", "object", "oct", "open", "ord", "pow", "print", "property", "quit", "range", "repr",
    "reversed", "round", "set", "setattr", "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple",
    "type", "vars", "zip",
];

/// Whether every module has a name.
pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.binary_search(&name).is_ok() || name.contains('.')
}

/// A module that is run or imported when a program starts.
pub(super) struct Reached {
    pub(super) path: Vec<u8>,
    /// Its dotted name; empty for a script.
    pub(super) name: String,
    pub(super) is_package: bool,
    pub(super) is_main: bool,
}

/// The names that nothing binds, in the modules that a program's start reaches.
pub(super) fn check(modules: &Modules<'_>, finder: Finder<'_, '_>, reached: &[Reached]) -> Vec<Problem> {
    // Names that a program gives all its modules are seen in none of them.
    let changes = |m: &Module<'_>| m.text.contains("builtins.") || m.text.contains("__builtins__");
    if modules.values().flatten().any(changes) {
        return Vec::new();
    }
    let by_path = reached.iter().map(|r| (r.path.as_slice(), r)).collect();
    let resolve = |name: &str| match finder.find(name) {
        Target::Source { path, .. } => Some(path),
        _ => None,
    };
    let mut walker = Walker {
        modules,
        resolve: &resolve,
        version: finder.script.search.version,
        by_path,
        bound: BTreeMap::new(),
        called: BTreeSet::new(),
        problems: Vec::new(),
        of: Vec::new(),
        now: None,
        is_module_level: false,
        annotates: true,
        is_certain: true,
        classes: Vec::new(),
    };
    for one in reached {
        if let Some(Ok(module)) = modules.get(&one.path) {
            let place = Place { module, reached: one };
            walker.of.clone_from(&one.path);
            walker.is_module_level = true;
            walker.body(&module.body, place, &BTreeSet::new());
        }
    }
    walker.problems
}

/// The module that is gone through.
#[derive(Clone, Copy)]
struct Place<'f, 'a> {
    module: &'f Module<'a>,
    reached: &'f Reached,
}

struct Walker<'f, 'a> {
    modules: &'f Modules<'a>,
    /// The file of a module that is the project's.
    resolve: &'f dyn Fn(&str) -> Option<Vec<u8>>,
    version: Option<Version>,
    by_path: BTreeMap<&'f [u8], &'f Reached>,
    /// How often each module binds each of its names; nothing if it may bind any.
    bound: BTreeMap<Vec<u8>, Option<BTreeMap<String, names::Binding>>>,
    /// The functions that were gone through.
    called: BTreeSet<(Vec<u8>, String)>,
    problems: Vec<Problem>,
    /// The module whose statements are gone through, and the line of the one that runs now.
    of: Vec<u8>,
    now: Option<u32>,
    /// Whether what is gone through is no function's.
    is_module_level: bool,
    /// Whether annotations of variables are evaluated: not in a function's own body.
    annotates: bool,
    /// Whether what is missing is certain to be asked for.
    is_certain: bool,
    /// The classes whose bodies are gone through: they are bound after that.
    classes: Vec<String>,
}

impl<'f, 'a> Walker<'f, 'a> {
    /// Goes through statements that run; the answer is whether what follows them runs, too.
    fn body(&mut self, body: &'f [Stmt], place: Place<'f, 'a>, locals: &BTreeSet<String>) -> bool {
        body.iter().all(|statement| self.statement(statement, place, locals))
    }

    fn statement(&mut self, statement: &'f Stmt, place: Place<'f, 'a>, locals: &BTreeSet<String>) -> bool {
        let of = |walker: &mut Self, expression: &'f Expr| walker.expression(expression, place, locals);
        if self.is_module_level {
            self.now = Some(statement.line);
        }
        match &statement.kind {
            StmtKind::Function(function) => {
                let defaults = function.parameters.iter().filter_map(|p| p.default.as_ref());
                function.decorators.iter().chain(defaults).for_each(|e| of(self, e));
                self.annotations(function, place, locals);
            }
            StmtKind::Class { .. } => self.class(statement, place, locals),
            StmtKind::Assign { value, .. } | StmtKind::Expr(value) | StmtKind::Assert(value) => {
                of(self, value);
            }
            StmtKind::Augment { target, value } => {
                of(self, target);
                of(self, value);
            }
            StmtKind::Annotate { annotation, value, .. } => {
                value.iter().for_each(|v| of(self, v));
                self.annotation(annotation, place, locals);
            }
            StmtKind::Return(value) | StmtKind::Raise(value) => {
                value.iter().for_each(|v| of(self, v));
                return false;
            }
            StmtKind::If(branches) => return self.branches(branches, place, locals),
            StmtKind::For { iterable, .. } => of(self, iterable),
            StmtKind::While { test, .. } => of(self, test),
            StmtKind::With { items, body } => {
                items.iter().for_each(|(item, _)| of(self, item));
                // What it holds may be let fail.
                let is_open = items.iter().any(|(item, _)| may_suppress(item));
                if !is_open {
                    return self.body(body, place, locals);
                }
            }
            StmtKind::Try { body, handlers, finally, .. } => {
                if handlers.is_empty() && !self.body(body, place, locals) {
                    return false;
                }
                if !self.body(finally, place, locals) {
                    return false;
                }
            }
            StmtKind::Break | StmtKind::Continue => return false,
            _ => {}
        }
        !may_leave(&statement.kind)
    }

    fn branches(
        &mut self,
        branches: &'f [(Option<Expr>, Vec<Stmt>)],
        place: Place<'f, 'a>,
        locals: &BTreeSet<String>,
    ) -> bool {
        let guards = Guards { version: self.version, is_main: place.reached.is_main };
        for (test, body) in branches {
            match test.as_ref().map_or(Some(true), |t| guards.holds(t)) {
                Some(true) => return self.body(body, place, locals),
                Some(false) => {}
                None => {
                    test.iter().for_each(|t| self.expression(t, place, locals));
                    return !branches.iter().any(|(_, body)| body.iter().any(|s| leaves(&s.kind)));
                }
            }
        }
        true
    }

    /// Goes through what is worked out of an expression whatever its parts give.
    fn expression(&mut self, expression: &'f Expr, place: Place<'f, 'a>, locals: &BTreeSet<String>) {
        let mut open = vec![expression];
        while let Some(one) = open.pop() {
            match &one.kind {
                ExprKind::Name(name) => self.name(name, one.line, place, locals),
                ExprKind::Call(function, arguments) => {
                    open.extend(arguments.iter().map(Argument::value));
                    open.push(function);
                    if let ExprKind::Name(name) = &function.kind
                        && !locals.contains(name)
                    {
                        self.call(name, place);
                    }
                }
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Format(items) => {
                    open.extend(items);
                }
                ExprKind::Dict(pairs) => {
                    open.extend(pairs.iter().flat_map(|(key, value)| key.iter().chain([value])));
                }
                ExprKind::Subscript(object, of) => {
                    self.types_by_version(one, place);
                    open.extend(of);
                    open.push(object);
                }
                ExprKind::Compare(left, _, right)
                | ExprKind::Add(left, right)
                | ExprKind::Operation(left, right) => {
                    self.types_by_version(one, place);
                    open.push(left);
                    open.push(right);
                }
                ExprKind::Junction { left, .. } => open.push(left),
                ExprKind::Choice { test, .. } => open.push(test),
                ExprKind::Comprehension { iterable, .. } => open.push(iterable),
                ExprKind::Attribute(inner, _)
                | ExprKind::Star(inner)
                | ExprKind::Wrapped(inner)
                | ExprKind::Not(inner)
                | ExprKind::Named(_, inner) => open.push(inner),
                _ => {}
            }
        }
    }

    fn bound(&mut self, module: &Module<'_>) -> Option<&BTreeMap<String, names::Binding>> {
        if !self.bound.contains_key(&module.path) {
            // An enumeration of C's constants puts its members into the module.
            let is_filled = module.text.contains("_convert_(") || module.text.contains("_convert(");
            let mut all = names::bindings(module).filter(|_| !is_filled);
            if let Some(all) = &mut all {
                for name in assigned_in_expressions(module.text) {
                    all.entry(name).or_default().count += 1;
                }
            }
            self.bound.insert(module.path.clone(), all);
        }
        self.bound.get(&module.path).and_then(Option::as_ref)
    }

    fn name(&mut self, name: &str, line: u32, place: Place<'f, 'a>, locals: &BTreeSet<String>) {
        if locals.contains(name) || is_built_in(name) {
            return;
        }
        let now = self.now.filter(|_| self.of == place.module.path).unwrap_or(u32::MAX);
        let is_open = self.classes.iter().any(|c| c == name);
        let what = match self.bound(place.module).map(|all| all.get(name)) {
            None => return,
            Some(None) => {
                format!("line {line} uses {name}, which nothing in the module defines when it runs")
            }
            // A class that has the name of one that it is derived from is bound after it is looked up.
            Some(Some(binding)) if binding.line > now => {
                format!("line {line} uses {name}, which line {} defines only later", binding.line)
            }
            Some(Some(binding)) if binding.count == 1 && is_open => {
                format!("line {line} uses {name} while the class is being made")
            }
            Some(Some(_)) => return,
        };
        let is_certain = self.is_certain;
        let problem = Problem { file: place.module.path.clone(), line, what, is_certain };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Goes through a function that is called by its name.
    fn call(&mut self, name: &str, place: Place<'f, 'a>) {
        let Some((place, function)) = self.function(name, place) else { return };
        let key = (place.module.path.clone(), function.name.clone());
        if self.called.len() >= MAX_FUNCTIONS || !self.called.insert(key) {
            return;
        }
        let Some(mut locals) = names::locals(&function.body) else { return };
        locals.extend(function.parameters.iter().map(|p: &Parameter| p.name.clone()));
        locals.extend(assigned_in_expressions(place.module.text));
        let was_module_level = std::mem::replace(&mut self.is_module_level, false);
        let annotated = std::mem::replace(&mut self.annotates, false);
        self.body(&function.body, place, &locals);
        self.annotates = annotated;
        self.is_module_level = was_module_level;
    }

    /// The one plain function that a name stands for, in its module or in the one that it is imported from.
    fn function(&mut self, name: &str, place: Place<'f, 'a>) -> Option<(Place<'f, 'a>, &'f Function)> {
        if self.bound(place.module)?.get(name).map(|b| b.count) != Some(1) {
            return None;
        }
        let mut imported = None;
        for statement in &place.module.body {
            match &statement.kind {
                StmtKind::Function(function) if function.name == name => {
                    let is_plain = function.is_direct && function.decorators.is_empty();
                    return is_plain.then_some((place, &**function));
                }
                StmtKind::ImportFrom { level, module, names } => {
                    let alias = names.iter().find(|a| a.other.as_deref().unwrap_or(&a.name) == name);
                    imported = imported.or(alias.map(|alias| (*level, module, &alias.name)));
                }
                _ => {}
            }
        }
        let (level, module, original) = imported?;
        let package = package_of(&place.reached.name, place.reached.is_package);
        let path = (self.resolve)(&absolute(&package, level, module)?)?;
        let Some(Ok(module)) = self.modules.get(&path) else { return None };
        let reached = self.by_path.get(path.as_slice()).copied()?;
        let place = Place { module, reached };
        let is_own = |s: &&Stmt| matches!(&s.kind, StmtKind::Function(f) if f.name == *original);
        // A name that is imported once more is not followed.
        place.module.body.iter().any(|s| is_own(&s)).then(|| self.function(original, place)).flatten()
    }
}

/// Whether what a `with` enters may let its block fail.
pub(super) fn may_suppress(item: &Expr) -> bool {
    item.dotted().is_some() || matches!(&item.kind, ExprKind::Call(function, _) if may_catch(function))
}

/// Whether a context manager may be one that lets its block fail.
fn may_catch(function: &Expr) -> bool {
    !matches!(function.dotted().as_deref(), Some("open" | "closing" | "contextlib.closing"))
}

/// Whether what follows a statement may not be reached because of what stands in it.
fn may_leave(kind: &StmtKind) -> bool {
    match kind {
        StmtKind::For { .. }
        | StmtKind::While { .. }
        | StmtKind::Try { .. }
        | StmtKind::With { .. }
        | StmtKind::Match(_) => kind.bodies().into_iter().flatten().any(|s| leaves(&s.kind)),
        _ => false,
    }
}

/// Whether a statement may leave the ones that it stands in.
fn leaves(kind: &StmtKind) -> bool {
    match kind {
        StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Assert(_) => true,
        StmtKind::Function(_) | StmtKind::Class { .. } => false,
        // It may end the program.
        StmtKind::Expr(expression) => matches!(expression.kind, ExprKind::Call(..)),
        _ => kind.bodies().into_iter().flatten().any(|s| leaves(&s.kind)),
    }
}

/// The names that `:=` gives a value somewhere in a text.
fn assigned_in_expressions(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let name = |(at, _): (usize, &str)| {
        let before = text.get(..at)?.trim_end();
        let start = before
            .rfind(|c| !is_part(c))
            .map_or(0, |i| i + before.get(i..).unwrap_or_default().chars().next().map_or(1, char::len_utf8));
        before.get(start..).filter(|name| !name.is_empty()).map(str::to_owned)
    };
    text.match_indices(":=").filter_map(name).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::syntax::parse_text;
    use super::*;

    /// The names that a module of its own uses on its way and does not have.
    fn unbound(text: &str) -> Vec<String> {
        let (body, is_cut) = parse_text(text, None).unwrap();
        let module = Module { path: b"app.py".to_vec(), text, body, is_cut };
        let reached =
            Reached { path: b"app.py".to_vec(), name: "app".to_owned(), is_package: false, is_main: true };
        let mut walker = Walker {
            modules: &Modules::default(),
            resolve: &|_| None,
            version: None,
            by_path: BTreeMap::new(),
            bound: BTreeMap::new(),
            called: BTreeSet::new(),
            problems: Vec::new(),
            of: b"app.py".to_vec(),
            now: None,
            is_module_level: true,
            annotates: true,
            is_certain: true,
            classes: Vec::new(),
        };
        walker.body(&module.body, Place { module: &module, reached: &reached }, &BTreeSet::new());
        let name = |p: &Problem| p.what.split([' ', ',']).nth(3).unwrap_or_default().to_owned();
        walker.problems.iter().map(name).collect()
    }

    #[test]
    fn names_that_nothing_binds() {
        for (text, name) in [
            ("print(missing)\n", "missing"),
            ("import os\nx = sys.argv\n", "sys"),
            ("def main():\n    a = os.environ\nmain()\n", "os"),
            ("def mine():\n    pass\nif __name__ == '__main__':\n    main()\n", "main"),
            ("import sys\ndef main():\n    return helper()\nsys.exit(main())\n", "helper"),
            ("def f(a=missing):\n    pass\n", "missing"),
            ("class A(Base):\n    pass\n", "Base"),
            ("start()\ndef start():\n    pass\n", "start"),
            ("def main():\n    helper()\nmain()\ndef helper():\n    pass\n", "helper"),
            ("x = y\ny = 1\n", "y"),
            ("class A(B):\n    pass\nclass B:\n    pass\n", "B"),
            ("if TYPE_CHECKING:\n    import a\ndef f(x: a.B): pass\n", "a"),
            ("class A:\n    x: missing\n", "missing"),
            ("class A:\n    def f(self) -> missing: pass\n", "missing"),
            ("class A:\n    def f(self) -> A: pass\n", "A"),
            ("class A:\n    b: B\nclass B:\n    pass\n", "B"),
            ("def main():\n    try:\n        x = missing\n    finally:\n        pass\nmain()\n", "missing"),
        ] {
            assert_eq!(unbound(text), [name], "{text}");
        }
    }

    #[test]
    fn names_that_something_may_bind() {
        for text in [
            "from x import *\nprint(missing)\n",
            "from __future__ import annotations\ndef f(x: missing) -> missing:\n    y: missing = 1\n",
            "def f(x: 'missing') -> list['missing']:\n    y: missing = 1\nf(1)\n",
            "class A:\n    B = int\n    x: B = 1\n    def f(self) -> B:\n        return A()\n",
            "def f[T](x: T) -> T:\n    return x\nclass A[T](list[T]):\n    x: T\n",
            "if TYPE_CHECKING:\n    import a\nelse:\n    a = None\nprint(a)\n",
            "try:\n    print(missing)\nexcept NameError:\n    pass\n",
            "def never():\n    missing()\n",
            "def f():\n    yield missing\nf()\n",
            "async def f():\n    missing()\nf()\n",
            "wrap = None\n@wrap\ndef f():\n    missing()\nf()\n",
            "x = 1\nif x:\n    missing()\n",
            "def f():\n    return\n    missing()\nf()\n",
            "def f(a, *b, **c):\n    print(a, b, c)\n    for d in b:\n        pass\n    print(d)\nf(1)\n",
            "def f():\n    global g\n    g = 1\nf()\nprint(g)\n",
            "if (n := 10) > 5:\n    pass\nprint(n)\n",
            "print(len([y for y in range(3)]), __file__, _('text'))\n",
            "suppress = 1\nwith open('x') as f, suppress(NameError):\n    missing()\n",
            "def f():\n    if a:\n        raise SystemExit\n    missing()\na = 1\nf()\n",
            "import a.b\nimport c as d\nfrom e import f as g\nprint(a, d, g)\n",
            "del print\n",
            "y = z = 1\nx = y if z else missing\n",
            "lambda: missing\n",
            "def main():\n    helper()\ndef helper():\n    pass\nmain()\n",
            "def f():\n    return later\nlater = 1\nf()\n",
            "try:\n    import a\nexcept ImportError:\n    a = None\nprint(a)\n",
            "for i in range(3):\n    total = i\nprint(total)\n",
        ] {
            assert_eq!(unbound(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn built_in_names_are_in_order() {
        assert!(BUILT_IN.is_sorted());
    }
}
