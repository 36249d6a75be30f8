//! The imports of a module that happen whatever happens else: those under a guard that the image decides, and not those
//! that may fail.

use super::ast::{Alias, Argument, Expr, ExprKind, Stmt, StmtKind};
use super::guard::Guards;
use super::imports::absolute;

/// An import that happens.
pub(super) struct Import<'s> {
    /// The module, dotted; relative names are made absolute.
    pub(super) module: String,
    /// The names that are taken from it; none for `import module`.
    pub(super) names: &'s [Alias],
    pub(super) line: u32,
}

/// The modules that statements import whatever happens, each with its line.
pub(super) fn imported(body: &[Stmt], package: &str, guards: Guards) -> Vec<(String, u32)> {
    let mut collector = Collector { package, guards, imports: Vec::new() };
    collector.statements(body);
    collector.imports.into_iter().map(|i| (i.module, i.line)).collect()
}

/// Collects the imports that happen when a module is run or imported.
pub(super) struct Collector<'c> {
    pub(super) package: &'c str,
    pub(super) guards: Guards,
    pub(super) imports: Vec<Import<'c>>,
}

impl<'c> Collector<'c> {
    pub(super) fn statements(&mut self, body: &'c [Stmt]) {
        for statement in body {
            let line = statement.line;
            match &statement.kind {
                StmtKind::Import(aliases) => {
                    let import = |a: &Alias| Import { module: a.name.clone(), names: &[], line };
                    self.imports.extend(aliases.iter().map(import));
                }
                StmtKind::ImportFrom { level, module, names } => {
                    let Some(module) = absolute(self.package, *level, module) else { continue };
                    if module != "__future__" {
                        self.imports.push(Import { module, names, line });
                    }
                }
                StmtKind::If(branches) => {
                    for (test, body) in branches {
                        match test.as_ref().map_or(Some(true), |t| self.guards.holds(t)) {
                            Some(true) => {
                                self.statements(body);
                                break;
                            }
                            Some(false) => {}
                            // What only a run decides is exempt, and so is what comes after it.
                            None => break,
                        }
                    }
                }
                StmtKind::Try { body, handlers, otherwise, finally } => {
                    let is_taken = |(caught, body): &(Option<Expr>, Vec<Stmt>)| {
                        catches_import_error(caught.as_ref()) && !body.iter().any(ends)
                    };
                    if !handlers.iter().any(is_taken) {
                        self.statements(body);
                        self.statements(otherwise);
                    }
                    self.statements(finally);
                }
                StmtKind::With { items, body } if !items.iter().any(|(item, _)| suppresses(item)) => {
                    self.statements(body);
                }
                StmtKind::Class { body, .. } => self.statements(body),
                StmtKind::Expr(value) | StmtKind::Assign { value, .. } => {
                    let module = named_import(value);
                    self.imports.extend(module.map(|m| Import { module: m.to_owned(), names: &[], line }));
                }
                StmtKind::Raise(_) => return,
                _ => {}
            }
        }
    }
}

/// The absolute name in `importlib.import_module("a.b")` or `__import__("a.b")`.
pub(super) fn named_import(expression: &Expr) -> Option<&str> {
    let ExprKind::Call(function, arguments) = &expression.kind else { return None };
    let function = function.dotted()?;
    if !matches!(function.as_str(), "importlib.import_module" | "import_module" | "__import__") {
        return None;
    }
    let [Argument::Positional(name)] = arguments.as_slice() else { return None };
    let name = name.text()?;
    let is_name = !name.is_empty() && name.split('.').all(|p| !p.is_empty());
    is_name.then_some(name)
}

/// Whether a statement ends the program, or fails itself.
fn ends(statement: &Stmt) -> bool {
    match &statement.kind {
        StmtKind::Raise(_) => true,
        StmtKind::Expr(Expr { kind: ExprKind::Call(function, _), .. }) => {
            let name = function.dotted().unwrap_or_default();
            matches!(name.as_str(), "sys.exit" | "exit" | "quit" | "os._exit" | "os.abort")
        }
        _ => false,
    }
}

/// Whether a handler takes an import that fails.
fn catches_import_error(caught: Option<&Expr>) -> bool {
    let is_one = |e: &Expr| {
        let name = e.dotted().unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or_default();
        matches!(last, "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException")
    };
    let Some(caught) = caught else { return true };
    match &caught.kind {
        ExprKind::Tuple(items) => items.iter().any(is_one),
        // `except ImportError as e` is kept whole by the grammar.
        ExprKind::Other => true,
        _ => is_one(caught),
    }
}

/// `with contextlib.suppress(ImportError):`
pub(super) fn suppresses(item: &Expr) -> bool {
    let ExprKind::Call(function, _) = &item.kind else { return false };
    function.dotted().is_some_and(|f| f.ends_with("suppress") || f.ends_with("raises"))
}
