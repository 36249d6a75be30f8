//! What a class of the project has, and what it lacks.

use super::super::ast::{Argument, Expr, ExprKind, Stmt, StmtKind};
use super::super::names;
use super::Evaluator;
use super::expression::Arguments;
use super::value::{Class, Scope, Value};

/// Most attributes whose absence is looked for in the texts of all modules.
const MAX_ASKED: usize = 300;

/// Classes of libraries that give those that are derived from them no attributes but hidden ones.
const PLAIN_BASES: [&str; 5] =
    ["builtins.object", "abc.ABC", "typing.Protocol", "builtins.Exception", "builtins.ValueError"];

/// Decorators that leave a class the attributes that it has.
const PLAIN_DECORATORS: [&str; 9] = [
    "dataclass",
    "dataclasses.dataclass",
    "final",
    "typing.final",
    "total_ordering",
    "functools.total_ordering",
    "unique",
    "enum.unique",
    "runtime_checkable",
];

impl Class {
    /// A class by its statement.
    pub(super) fn new(
        name: &str,
        (bases, arguments): (Vec<Value>, &[Argument]),
        decorators: &[Expr],
        body: &[Stmt],
        scope: Scope,
    ) -> Self {
        let is_plain = |e: &Expr| {
            let function = if let ExprKind::Call(function, _) = &e.kind { function } else { e };
            function.dotted().is_some_and(|name| PLAIN_DECORATORS.contains(&name.as_str()))
        };
        let is_closed =
            arguments.iter().all(|a| matches!(a, Argument::Positional(_))) && decorators.iter().all(is_plain);
        Self { name: name.to_owned(), bases, scope, own: names::locals(body).filter(|_| is_closed) }
    }
}

impl Evaluator<'_, '_> {
    /// The full name of an attribute that neither a class of the project has nor, as far as any text tells, its objects.
    pub(super) fn lacking_in_class(&self, class: usize, name: &str) -> Option<String> {
        let own = self.classes.get(class)?;
        if name.starts_with("__") || self.steps >= super::MAX_STEPS {
            return None;
        }
        let known = self.lacking.borrow().get(&(class, name.to_owned())).copied();
        let is_lacking = match known {
            Some(known) => known,
            None if self.lacking.borrow().len() >= MAX_ASKED => false,
            None => {
                let is_lacking = self.lacks_attribute(class, name, 0) && !self.is_set_anywhere(name);
                self.lacking.borrow_mut().insert((class, name.to_owned()), is_lacking);
                is_lacking
            }
        };
        is_lacking.then(|| format!("{}.{name}", own.name))
    }

    /// A module of a package, which is an attribute of it once it is imported.
    pub(super) fn module_of_package(&self, package: usize, name: &str) -> Option<Value> {
        let full = format!("{}.{name}", self.loaded.get(package)?.name);
        self.loaded.iter().position(|l| l.name == full).map(Value::Module)
    }

    /// Tells of an attribute that a class of the project and its objects do not have.
    pub(super) fn lacks_in_class(&mut self, class: usize, name: &str, scope: &Scope, line: u32) {
        if self.is_sure()
            && let Some(full) = self.lacking_in_class(class, name)
        {
            self.fails(&format!("uses {full}, which the class does not have"), scope, line, true);
        }
    }

    /// Whether a method is asked for as an attribute.
    pub(super) fn is_property(&self, function: usize) -> bool {
        let is_one = |e: &Expr| {
            let name = e.dotted().unwrap_or_default();
            matches!(name.as_str(), "property" | "cached_property" | "functools.cached_property")
        };
        self.functions
            .get(function)
            .is_some_and(|f| matches!(f.syntax.decorators.as_slice(), [one] if is_one(one)))
    }

    /// What a property gives; a cached one gives the same from then on.
    pub(super) fn property(
        &mut self,
        object: &Value,
        name: &str,
        function: usize,
        scope: &Scope,
        line: u32,
    ) -> Value {
        let value = self.function(function, &Arguments::default(), Some(object));
        let decorator = self.functions.get(function).and_then(|f| f.syntax.decorators.first());
        if decorator.and_then(Expr::dotted).is_some_and(|n| n != "property") {
            self.set_attribute(object, name, value.clone(), scope, line);
        }
        value
    }

    /// The same for a name that is put together: what the class and its bases bind is all that it has.
    pub(super) fn lacks_by_text(&self, class: usize, name: &str) -> Option<String> {
        let is_lacking = !name.starts_with("__") && self.lacks_attribute(class, name, 0);
        (is_lacking && !self.is_set_anywhere(name)).then(|| format!("{}.{name}", self.classes[class].name))
    }

    fn lacks_attribute(&self, index: usize, name: &str, depth: u8) -> bool {
        let Some(class) = self.classes.get(index).filter(|_| depth < 20) else { return false };
        let Some(own) = &class.own else { return false };
        let gives = [name, "__getattr__", "__getattribute__", "__slots__"];
        if gives.iter().any(|n| own.contains(*n)) || class.scope.names.borrow().contains_key(name) {
            return false;
        }
        class.bases.iter().all(|base| match base {
            Value::Class(base) => self.lacks_attribute(*base, name, depth + 1),
            Value::External(base) if base.starts_with("enum.") => {
                !name.starts_with('_') && !["name", "value", "mro"].contains(&name)
            }
            // Members of texts and numbers are written in small letters.
            Value::External(base) if matches!(&**base, "builtins.str" | "builtins.int") => {
                name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
            }
            Value::External(base) => {
                PLAIN_BASES.contains(&&**base)
                    && !["register", "args", "mro", "with_traceback", "add_note"].contains(&name)
            }
            _ => false,
        })
    }

    /// Whether some module of the project may give an object an attribute of this name.
    fn is_set_anywhere(&self, name: &str) -> bool {
        let forms = [
            format!(".{name} ="),
            format!(".{name}="),
            format!(".{name}:"),
            format!(".{name},"),
            format!("\"{name}\""),
            format!("'{name}'"),
        ];
        let may_set = |text: &str| {
            ["setattr(", "__dict__", "__getattr"].iter().any(|w| text.contains(w))
                || forms.iter().any(|form| text.contains(form.as_str()))
        };
        self.modules.values().any(|m| m.as_ref().map_or(true, |m| m.is_cut || may_set(m.text)))
    }

    /// The class's name and the first of its abstract methods that nothing defines.
    pub(super) fn abstract_method(&self, class: usize) -> Option<(String, String)> {
        if !self.derives_from(class, "abc.ABC") {
            return None;
        }
        let mut names = Vec::new();
        let mut open = vec![class];
        let mut left = 50;
        while let Some(index) = open.pop().filter(|_| left > 0) {
            left -= 1;
            let one = self.classes.get(index)?;
            one.own.as_ref()?;
            names.extend(one.scope.names.borrow().keys().cloned());
            for base in &one.bases {
                match base {
                    Value::Class(base) => open.push(*base),
                    Value::External(base) if PLAIN_BASES.contains(&&**base) => {}
                    _ => return None,
                }
            }
        }
        names.sort_unstable();
        let is_abstract = |name: &String| {
            let Some(Value::Method(_, function)) = self.member(class, name, &Value::Unknown) else {
                return false;
            };
            let decorators = self.functions.get(function).map(|f| f.syntax.decorators.as_slice());
            let is_mark =
                |e: &Expr| e.dotted().is_some_and(|n| n == "abstractmethod" || n == "abc.abstractmethod");
            decorators.is_some_and(|all| all.iter().any(is_mark))
        };
        let method = names.into_iter().find(is_abstract)?;
        Some((self.classes.get(class)?.name.clone(), method))
    }

    /// Tells of a data class that Python refuses to make: a field without a default after one that has it, or a default
    /// that all objects would share. <https://docs.python.org/3/library/dataclasses.html>
    pub(super) fn check_dataclass(&mut self, statement: &Stmt, scope: &Scope) {
        let StmtKind::Class { name, arguments, decorators, body, .. } = &statement.kind else { return };
        let is_one = |e: &Expr| {
            let (function, arguments) = match &e.kind {
                ExprKind::Call(function, arguments) => (&**function, arguments.as_slice()),
                _ => (e, &[][..]),
            };
            let is_dataclass =
                function.dotted().is_some_and(|n| n == "dataclass" || n == "dataclasses.dataclass");
            // Fields that are given by name may stand in any order.
            is_dataclass
                && !arguments
                    .iter()
                    .any(|a| matches!(a, Argument::Keyword(n, _) if n == "kw_only" || n == "init"))
        };
        let own = scope.get("dataclass").or_else(|| scope.get("dataclasses"));
        let is_library = matches!(&own, Some(Value::External(n)) if n.starts_with("dataclasses"));
        if !decorators.iter().any(is_one) || !is_library || !arguments.is_empty() {
            return;
        }
        let mut with_default: Option<&str> = None;
        for field in body {
            let StmtKind::Annotate { target, annotation, value } = &field.kind else { continue };
            let ExprKind::Name(own) = &target.kind else { continue };
            let text = self.loaded.get(scope.module).map(|l| l.module.text).unwrap_or_default();
            let annotation = text.get(annotation.range.clone()).unwrap_or_default();
            if annotation.contains("KW_ONLY") {
                return;
            }
            if annotation.contains("ClassVar") {
                continue;
            }
            if value.as_ref().is_some_and(is_shared) {
                let what = format!(
                    "gives the field {own} of the data class {name} a default that is shared: use default_factory"
                );
                self.fails(&what, scope, field.line, true);
                return;
            }
            match value.as_ref().map(has_default) {
                Some(None) => return,
                Some(Some(true)) => with_default = Some(own),
                Some(Some(false)) | None => {
                    if let Some(before) = with_default {
                        let what = format!(
                            "has the field {own} of the data class {name}, which has no default, after {before}, which has one"
                        );
                        self.fails(&what, scope, field.line, true);
                        return;
                    }
                }
            }
        }
    }
}

/// Whether a default is a list, a dictionary or a set.
fn is_shared(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::List(_) | ExprKind::Dict(_) => true,
        ExprKind::Call(function, arguments) => {
            arguments.is_empty() && matches!(function.dotted().as_deref(), Some("list" | "dict" | "set"))
        }
        _ => false,
    }
}

/// Whether a field has a default; nothing if that is not known, or if it is given by name alone.
fn has_default(value: &Expr) -> Option<bool> {
    let ExprKind::Call(function, arguments) = &value.kind else { return Some(true) };
    let name = function.dotted()?;
    if name != "field" && name != "dataclasses.field" {
        return Some(true);
    }
    let has = |names: &[&str]| {
        arguments.iter().any(|a| matches!(a, Argument::Keyword(n, _) if names.contains(&n.as_str())))
    };
    let is_open = has(&["kw_only", "init"]) || arguments.iter().any(|a| matches!(a, Argument::DoubleStar(_)));
    (!is_open).then(|| has(&["default", "default_factory"]))
}
