//! Modules that a program imports once its arguments are parsed, and that are not there.

use super::super::super::ast::{Stmt, StmtKind};
use super::super::super::imports::{Target, absolute, changes_search, package_of};
use super::super::super::names;
use super::super::Evaluator;
use super::super::value::Scope;
use super::{Walk, Wrong};

impl Evaluator<'_, '_> {
    /// Tells of modules of the project that an import in a function does not find. Not under a condition that is not known.
    pub(super) fn missing_modules(&self, statement: &Stmt, walk: &Walk<'_>, wrong: &mut Vec<Wrong>) {
        // An import in a function is no finding: it may be meant to fail. Of a library that is not there it most often is;
        // a module that is missing from a package of the project is told of.
        let is_own = |name: &str| {
            let top = name.split('.').next().unwrap_or_default();
            match self.finder.find(top) {
                Target::Source { path, .. } => self.finder.is_own(&path),
                Target::Namespace(_) => true,
                _ => false,
            }
        };
        let mut tell = |what: String| {
            // A program may change where modules are looked for.
            if self.modules.values().flatten().any(|m| changes_search(m.text)) {
                return;
            }
            let is_certain = false;
            let what = format!("{what}, once it has its arguments");
            wrong.push(Wrong { what, scope: Scope::clone(walk.scope), line: statement.line, is_certain });
        };
        if !walk.is_sure {
            return;
        }
        match &statement.kind {
            StmtKind::Import(aliases) => {
                for alias in aliases {
                    if let Target::Missing { part, why, .. } = self.finder.find(&alias.name)
                        && is_own(&alias.name)
                    {
                        tell(format!("imports {part}, which is not in the image{why}"));
                    }
                }
            }
            StmtKind::ImportFrom { level, module, names } => {
                let own = self.loaded.get(walk.scope.module);
                let package = own.map(|l| package_of(&l.name, l.is_package)).unwrap_or_default();
                let Some(module) = absolute(&package, *level, module).filter(|m| !m.starts_with('.')) else {
                    return;
                };
                let path = match self.finder.find(&module) {
                    Target::Missing { part, why, .. } if is_own(&module) => {
                        return tell(format!("imports {part}, which is not in the image{why}"));
                    }
                    Target::Source { path, .. } if module != "__future__" => path,
                    _ => return,
                };
                let Some(Ok(known)) = self.modules.get(&path) else { return };
                let Some(defined) = names::defined(known) else { return };
                let is_missing = |name: &str| {
                    let is_dunder = name.starts_with("__") && name.ends_with("__");
                    let inner = || self.finder.find(&format!("{module}.{name}"));
                    !is_dunder && !defined.contains(name) && matches!(inner(), Target::Missing { .. })
                };
                for alias in names.iter().filter(|a| a.name != "*" && is_missing(&a.name)) {
                    tell(format!("imports {} from {module}, which does not have it", alias.name));
                }
            }
            _ => {}
        }
    }
}
