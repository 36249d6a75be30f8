//! Whether a module that is run does anything, beyond defining names.

use std::collections::BTreeSet;

use super::Script;
use super::ast::{Argument, Expr, ExprKind, Stmt, StmtKind};
use super::collect::imported;
use super::guard::Guards;
use super::imports::{Finder, Problem, Target, package_of};
use super::syntax::{Module, Modules};

/// How the problem begins.
const IDLE: &str = "the module does nothing when it is run";

/// How deep expressions are looked through.
const MAX_DEPTH: u8 = 40;

/// Functions of libraries that only make a value.
const MAKERS: [&str; 22] = [
    "getLogger",
    "get_logger",
    "getenv",
    "get",
    "TypeVar",
    "NewType",
    "namedtuple",
    "NamedTuple",
    "ParamSpec",
    "compile",
    "Path",
    "frozenset",
    "set",
    "dict",
    "list",
    "tuple",
    "int",
    "str",
    "float",
    "object",
    "FastAPI",
    "Flask",
];

/// What a statement does when its module is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    /// It defines names.
    Nothing,
    /// It calls something whose source is not read.
    Perhaps,
    Something,
}

/// Whether a problem is one that this module tells.
pub(crate) fn says_idle(problem: &Problem) -> bool {
    problem.what.starts_with(IDLE)
}

/// What is wrong with a module that `-m` runs and that does nothing, or perhaps nothing.
pub(super) fn check(modules: &Modules<'_>, script: &Script, finder: &Finder<'_, '_>) -> Option<Problem> {
    let Some(Ok(module)) = modules.get(&script.file) else { return None };
    let name = script.name.as_deref().unwrap_or_default();
    let version = script.search.version;
    let effect = effect_of(module, Guards { version, is_main: true });
    let by_import = || imports_something(modules, module, name, finder, script);
    let why = match module.text.contains("__name__") {
        true => "nothing is called under its `if __name__ …:`",
        false => "it has no `if __name__ == \"__main__\":`",
    };
    let (what, is_certain) = match effect {
        Effect::Something => return None,
        Effect::Nothing if !by_import() => (format!("{IDLE}: {why}"), true),
        _ => (format!("{IDLE}, as far as is seen: {why}, and it calls others"), false),
    };
    Some(Problem { file: script.file.clone(), line: 1, what, is_certain })
}

/// Whether a module of the project that is imported on the way does something.
fn imports_something(
    modules: &Modules<'_>,
    module: &Module<'_>,
    name: &str,
    finder: &Finder<'_, '_>,
    script: &Script,
) -> bool {
    let guards = Guards { version: script.search.version, is_main: true };
    let is_package = script.file.ends_with(b"/__main__.py") && !name.is_empty();
    let mut open: Vec<String> = imported(&module.body, &package_of(name, is_package), guards)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Target::Source { path, is_package } = finder.find(&name) else { continue };
        let Some(Ok(module)) = modules.get(&path).filter(|_| path != script.file) else { continue };
        let guards = Guards { version: script.search.version, is_main: false };
        if effect_of(module, guards) == Effect::Something {
            return true;
        }
        let package = package_of(&name, is_package);
        open.extend(imported(&module.body, &package, guards).into_iter().map(|(name, _)| name));
    }
    false
}

fn effect_of(module: &Module<'_>, guards: Guards) -> Effect {
    let mut own = BTreeSet::new();
    for statement in &module.body {
        match &statement.kind {
            StmtKind::Function(function) => {
                own.insert(function.name.clone());
            }
            StmtKind::ImportFrom { names, .. } => {
                own.extend(names.iter().map(|a| a.other.clone().unwrap_or_else(|| a.name.clone())));
            }
            _ => {}
        }
    }
    let reader = Reader { own, guards };
    module.body.iter().map(|s| reader.statement(s)).max().unwrap_or(Effect::Nothing)
}

struct Reader {
    /// Functions of the module, and names that it imports.
    own: BTreeSet<String>,
    guards: Guards,
}

impl Reader {
    fn statement(&self, statement: &Stmt) -> Effect {
        match &statement.kind {
            StmtKind::Expr(expression) => match expression.kind {
                ExprKind::Text(_) | ExprKind::Ellipsis | ExprKind::Name(_) => Effect::Nothing,
                _ => Effect::Something,
            },
            StmtKind::Assign { value, .. } | StmtKind::Augment { value, .. } => self.value(value, 0),
            StmtKind::Annotate { value: Some(value), .. } => self.value(value, 0),
            StmtKind::If(branches) => {
                let mut effect = Effect::Nothing;
                for (test, body) in branches {
                    match test.as_ref().map_or(Some(true), |t| self.guards.holds(t)) {
                        Some(true) => return effect.max(self.statements(body)),
                        Some(false) => {}
                        None => effect = effect.max(self.statements(body)),
                    }
                }
                effect
            }
            StmtKind::With { .. }
            | StmtKind::While { .. }
            | StmtKind::Raise(_)
            | StmtKind::Assert(_)
            | StmtKind::For { .. } => Effect::Something,
            StmtKind::Try { body, otherwise, finally, .. } => [body, otherwise, finally]
                .into_iter()
                .map(|b| self.statements(b))
                .max()
                .unwrap_or(Effect::Nothing),
            _ => Effect::Nothing,
        }
    }

    fn statements(&self, body: &[Stmt]) -> Effect {
        body.iter().map(|s| self.statement(s)).max().unwrap_or(Effect::Nothing)
    }

    /// What working out a value does.
    fn value(&self, value: &Expr, depth: u8) -> Effect {
        if depth > MAX_DEPTH {
            return Effect::Perhaps;
        }
        let inner = |e: &Expr| self.value(e, depth + 1);
        let all = |items: &[Expr]| items.iter().map(inner).max().unwrap_or(Effect::Nothing);
        match &value.kind {
            ExprKind::Call(function, arguments) => {
                let name = function.dotted().unwrap_or_default();
                let (first, last) =
                    (name.split('.').next().unwrap_or_default(), name.rsplit('.').next().unwrap_or_default());
                let own = match () {
                    () if MAKERS.contains(&last) => Effect::Nothing,
                    () if self.own.contains(&name) && !first.starts_with(char::is_uppercase) => {
                        Effect::Something
                    }
                    () => Effect::Perhaps,
                };
                let of_argument = |a: &Argument| match a {
                    Argument::Positional(e)
                    | Argument::Keyword(_, e)
                    | Argument::Star(e)
                    | Argument::DoubleStar(e) => inner(e),
                };
                arguments.iter().map(of_argument).max().unwrap_or(Effect::Nothing).max(own)
            }
            // `sys.argv[1]` fails without an argument; `os.environ["X"]` without the variable.
            ExprKind::Subscript(object, _) => match object.dotted().as_deref() {
                Some("sys.argv" | "argv") => Effect::Something,
                Some("os.environ" | "environ") => Effect::Perhaps,
                _ => inner(object),
            },
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Format(items) => all(items),
            ExprKind::Dict(pairs) => pairs.iter().map(|(_, v)| inner(v)).max().unwrap_or(Effect::Nothing),
            ExprKind::Star(e) | ExprKind::Not(e) | ExprKind::Wrapped(e) | ExprKind::Named(_, e) => inner(e),
            ExprKind::Attribute(e, _) => inner(e),
            ExprKind::Junction { left, right, .. }
            | ExprKind::Add(left, right)
            | ExprKind::Operation(left, right)
            | ExprKind::Compare(left, _, right) => inner(left).max(inner(right)),
            ExprKind::Choice { test, then, otherwise } => inner(test).max(inner(then)).max(inner(otherwise)),
            ExprKind::Comprehension { element, iterable, .. } => inner(element).max(inner(iterable)),
            _ => Effect::Nothing,
        }
    }
}
