//! References: to variables, locals, outputs of modules, and attributes of resources.

use std::collections::BTreeMap;

use super::super::link::{kind_of, split_call};
use super::super::overrides::known;
use super::super::resource::{Resource, quoted};
use super::super::tasks::is_secret;
use super::operation::{scalar, text};
use super::{ADDRESS, MISSING, Run, Scope};
use crate::terraform::{Body, Expression, Step};
use crate::tree::{Marked, Tree};
use crate::{Seen, Text};

impl Run<'_, '_> {
    /// A reference, or steps into another value.
    pub(super) fn path(self, root: &Expression, steps: &[Step], scope: &Scope, depth: usize) -> Tree {
        let (value, rest) = match root {
            Expression::Name(name) => match scope.variable(name) {
                Some(value) => (value.clone(), steps),
                None => self.named(name, steps, scope, depth),
            },
            other => (self.eval(other, scope, depth), steps),
        };
        self.steps_into(value, rest, scope, depth)
    }

    /// What follows a value: `.name`, `[key]`, `[*]`.
    fn steps_into(self, mut value: Tree, rest: &[Step], scope: &Scope, depth: usize) -> Tree {
        for (at, step) in rest.iter().enumerate() {
            value = match step {
                Step::Attribute(name) => self.get(&value, name),
                Step::Index(key) => match scalar(&self.eval(key, scope, depth)) {
                    Some(key) => self.get(&value, &key),
                    None => self.unknown("an item", &[&value]),
                },
                Step::Splat => {
                    let after = rest.get(at + 1..).unwrap_or_default();
                    let each = |item: Tree| self.steps_into(item, after, scope, depth);
                    return match value {
                        Tree::List(items) => Tree::List(items.into_iter().map(each).collect()),
                        Tree::Null => Tree::List(Vec::new()),
                        Tree::Map(_) => Tree::List(vec![each(value)]),
                        other => self.unknown("a splat", &[&other]),
                    };
                }
            };
        }
        value
    }

    /// A member of an object, or an item of a list.
    fn get(self, value: &Tree, name: &str) -> Tree {
        match value {
            Tree::Map(members) => match (members.get(name), members.get(ADDRESS)) {
                (Some(member), _) => member.clone(),
                (None, Some(address)) => self.attribute(&scalar(address).unwrap_or_default(), name),
                (None, None) => self.unknown(&format!("{MISSING}{name}"), &[value]),
            },
            Tree::List(items) => match name.parse::<usize>().ok().and_then(|at| items.get(at)) {
                Some(item) => item.clone(),
                None => self.unknown(&format!("{MISSING}{name}"), &[value]),
            },
            // What null has is an error of Terraform.
            Tree::Null => self.unknown(&format!("{MISSING}{name}"), &[]),
            // What is behind a member that is not there is not there.
            other if other.has_symbol(&|symbol| symbol.starts_with(MISSING)) => other.clone(),
            other => self.unknown(name, &[other]),
        }
    }

    /// What a reference begins with, and the operators behind it.
    fn named<'o>(self, name: &str, operators: &'o [Step], scope: &Scope, depth: usize) -> (Tree, &'o [Step]) {
        let attribute = |at: usize| match operators.get(at) {
            Some(Step::Attribute(name)) => Some(name.as_str()),
            _ => None,
        };
        let after = |count: usize| operators.get(count..).unwrap_or_default();
        let key = |at: usize| match operators.get(at) {
            Some(Step::Index(key)) => scalar(&self.eval(key, scope, depth)),
            _ => None,
        };
        match (name, attribute(0)) {
            ("var", Some(variable)) => (self.variable(variable, &scope.module, depth), after(1)),
            ("local", Some(local)) => (self.local(local, &scope.module, depth), after(1)),
            ("path", Some(what)) => {
                let directory = match what {
                    "module" => self.evaluator.module(&scope.module),
                    _ => self.evaluator.module(""),
                };
                let shown = directory.map(|(directory, _)| directory.display().to_string());
                (shown.map_or_else(|| self.unknown("path", &[]), |path| text(&path)), after(1))
            }
            ("module", Some(call)) => {
                let key = key(1);
                let used = if key.is_some() { 2 } else { 1 };
                (self.called(call, key.as_deref(), scope, depth), after(used))
            }
            ("data", Some(kind)) => match attribute(1) {
                Some(name) => self.resource(&format!("data.{kind}.{name}"), key(2), after(2), scope),
                None => (self.unknown("data", &[]), &[]),
            },
            ("terraform" | "each" | "count" | "self", _) => (self.unknown(name, &[]), &[]),
            (kind, Some(name)) => self.resource(&format!("{kind}.{name}"), key(1), after(1), scope),
            (kind, None) => (self.unknown(kind, &[]), &[]),
        }
    }

    /// One instance of a resource, or all of them.
    fn resource<'o>(
        self,
        local: &str,
        key: Option<String>,
        rest: &'o [Step],
        scope: &Scope,
    ) -> (Tree, &'o [Step]) {
        let dot = if scope.module.is_empty() { "" } else { "." };
        let base = format!("{}{dot}{local}", scope.module);
        let all = &self.texts.document.resources;
        if let Some(key) = key {
            let number = format!("{base}[{key}]");
            let address =
                if all.contains_key(&number) { number } else { format!("{base}[{}]", quoted(&key)) };
            return (self.object_at(&address), rest.get(1..).unwrap_or_default());
        }
        let open = format!("{base}[");
        let instances: Vec<&Resource> = all
            .range(open.clone()..)
            .take_while(|(address, _)| address.starts_with(&open))
            .map(|(_, r)| r)
            .collect();
        if all.contains_key(&base) || instances.is_empty() {
            return (self.object_at(&base), rest);
        }
        let is_list =
            instances.iter().all(|r| r.index.as_deref().is_some_and(|index| !index.starts_with('"')));
        if is_list {
            let mut sorted = instances;
            sorted.sort_by_key(|r| r.index.as_deref().and_then(|index| index.parse::<usize>().ok()));
            return (Tree::List(sorted.iter().map(|r| self.object_at(&r.address)).collect()), rest);
        }
        let member = |r: &&Resource| {
            let key = r.index.as_deref().unwrap_or_default().trim_matches('"').to_owned();
            (key, self.object_at(&r.address))
        };
        (Tree::Map(instances.iter().map(member).collect()), rest)
    }

    /// A resource as an object whose members are looked up when they are asked for.
    fn object_at(self, address: &str) -> Tree {
        Tree::Map(BTreeMap::from([(ADDRESS.to_owned(), text(address))]))
    }

    /// An attribute of the resource at an address.
    fn attribute(self, address: &str, name: &str) -> Tree {
        let symbol = || {
            let kind = kind_of(address);
            let source = format!("{address}.{name}");
            let secret = is_secret(kind, name) || self.texts.document.secrets.by_source.contains_key(&source);
            let taints = if secret { vec![source.clone()] } else { Vec::new() };
            Tree::Text(Marked { text: Text::symbol(source), taints })
        };
        let Some(resource) = self.texts.document.resources.get(address) else { return symbol() };
        if resource.kind == "aws_iam_policy_document" && matches!(name, "json" | "minified_json") {
            let document = self.texts.document_of(resource);
            let Seen::Value(document) = document else { return symbol() };
            let marked = Marked { text: Text::from_policy(&document.text), taints: Vec::new() };
            return Tree::from_json_text(&marked).map_or_else(symbol, |tree| Tree::Encoded(Box::new(tree)));
        }
        let sensitive = resource.sensitive.contains(name);
        match resource.values.get(name) {
            Some(value) if !sensitive && !value.is_null() => {
                known(value.clone(), resource.unknown.get(name), &format!("{address}.{name}"))
            }
            _ => match self.texts.identity(resource, name) {
                Some(found) if !sensitive => Tree::Text(Marked { text: found, taints: Vec::new() }),
                _ => symbol(),
            },
        }
    }

    fn remembered(self, module: &str, name: String, make: impl FnOnce() -> Tree) -> Tree {
        let key = (module.to_owned(), name);
        if let Some(known) = self.evaluator.known.borrow().get(&key) {
            return known.clone();
        }
        let value = make();
        self.evaluator.known.borrow_mut().insert(key, value.clone());
        value
    }

    fn local(self, name: &str, module: &str, depth: usize) -> Tree {
        // What a chain that is too deep gives must not be remembered; such chains are circles.
        self.remembered(module, format!("local.{name}"), || {
            let found = self.evaluator.module(module).and_then(|(_, module)| module.locals.get(name));
            let scope = Scope { module: module.to_owned(), variables: Vec::new() };
            found.map_or_else(|| self.unknown(name, &[]), |local| self.eval(local, &scope, depth))
        })
    }

    fn variable(self, name: &str, module: &str, depth: usize) -> Tree {
        self.remembered(module, format!("var.{name}"), || {
            let written = self.texts.linker.module(module).and_then(|module| module.variables.get(name));
            let sensitive = written.is_some_and(|variable| variable.sensitive);
            let source = self.evaluator.module(module).and_then(|(_, m)| m.variables.get(name));
            let value = self.variable_value(name, module, depth);
            let value = match source {
                Some(variable) => self.converted(value, variable, depth),
                None => value,
            };
            if !sensitive {
                return value;
            }
            let source =
                if module.is_empty() { format!("var.{name}") } else { format!("{module}.var.{name}") };
            match value {
                Tree::Null => Tree::Null,
                // The value itself goes nowhere: neither into a policy nor into a name.
                other => Tree::Text(Marked {
                    text: Text::symbol(source.clone()),
                    taints: other.taints().into_iter().chain([source]).collect(),
                }),
            }
        })
    }

    fn variable_value(self, name: &str, module: &str, depth: usize) -> Tree {
        let default = || {
            let written = self.texts.linker.module(module).and_then(|module| module.variables.get(name));
            let value = written.and_then(|variable| variable.default.clone());
            let own = self
                .evaluator
                .module(module)
                .and_then(|(_, m)| m.variables.get(name)?.attributes.get("default"));
            match (value, own) {
                (Some(value), _) => value.into(),
                (None, Some(own)) => self.eval(own, &Scope::default(), depth),
                (None, None) => self.unknown(&format!("var.{name}"), &[]),
            }
        };
        let Some((call, parent, index)) = split_call(module) else {
            return match self.texts.document.variables.get(name) {
                Some(value) => value.clone().into(),
                None => default(),
            };
        };
        let Some(block) = self.evaluator.module(parent).and_then(|(_, module)| module.calls.get(call)) else {
            return self.unknown(&format!("var.{name}"), &[]);
        };
        let outer = Scope { module: parent.to_owned(), variables: Vec::new() };
        match block.body.attributes.get(name) {
            Some(expression) => {
                let scope = self.instance(outer.clone(), index, &block.body, &outer);
                match self.eval(expression, &scope, depth) {
                    // Null is a value of its own, unless the variable takes none.
                    Tree::Null if !self.is_nullable(name, module) => default(),
                    value => value,
                }
            }
            None => default(),
        }
    }

    /// Whether a variable may be null (`nullable`, true if it is not said).
    fn is_nullable(self, name: &str, module: &str) -> bool {
        let variable = self.evaluator.module(module).and_then(|(_, m)| m.variables.get(name));
        let nullable = variable.and_then(|variable| variable.attributes.get("nullable"));
        !matches!(nullable, Some(Expression::Bool(false)))
    }

    /// A module that is called: its outputs, of one instance or of all by key.
    fn called(self, call: &str, key: Option<&str>, scope: &Scope, depth: usize) -> Tree {
        let dot = if scope.module.is_empty() { "" } else { "." };
        let base = format!("{}{dot}module.{call}", scope.module);
        let outputs = |address: String| {
            let Some((_, module)) = self.evaluator.module(&address) else {
                return self.unknown(&address, &[]);
            };
            let output = |(name, body): (&String, &Body)| {
                let value = self.remembered(&address, format!("output.{name}"), || {
                    let scope = Scope { module: address.clone(), variables: Vec::new() };
                    let value = body.attributes.get("value").map(|value| self.eval(value, &scope, depth));
                    value.unwrap_or_else(|| self.unknown(name, &[]))
                });
                (name.clone(), value)
            };
            Tree::Map(module.outputs.iter().map(output).collect())
        };
        if let Some(key) = key {
            let number = key.parse::<usize>().is_ok() && self.has_module(&format!("{base}[{key}]"));
            return outputs(if number {
                format!("{base}[{key}]")
            } else {
                format!("{base}[{}]", quoted(key))
            });
        }
        let open = format!("{base}[");
        let mut keys: Vec<String> = self
            .texts
            .document
            .resources
            .values()
            .filter_map(|r| {
                let rest = r.module.strip_prefix(&open)?;
                let end =
                    if rest.starts_with('"') { rest.get(1..)?.find("\"]")? + 2 } else { rest.find(']')? };
                Some(rest.get(..end)?.to_owned())
            })
            .collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return outputs(base);
        }
        let member = |key: &String| (key.trim_matches('"').to_owned(), outputs(format!("{base}[{key}]")));
        Tree::Map(keys.iter().map(member).collect())
    }

    fn has_module(self, address: &str) -> bool {
        self.texts.document.resources.values().any(|r| r.module == address)
    }
}
