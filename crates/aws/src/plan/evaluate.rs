//! Expressions of the Terraform source, worked out as far as the plan knows their parts. What apply will tell is a symbol,
//! named by address and attribute; what cannot be worked out is a symbol that is like no other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, Traversal, TraversalOperator, UnaryOperator};
use hcl_edit::template::{Directive, Element};

use super::function;
use super::overrides::known;
use super::place::Texts;
use super::resource::{Resource, quoted};
use super::tasks::is_secret;
use crate::terraform::{Body, Configuration, Module};
use crate::tree::{Marked, Tree};
use crate::{Part, Seen, Text};

/// Deepest chain of expressions and references.
const MAX_DEPTH: usize = 96;
/// Most values that are worked out for one plan.
const MAX_STEPS: usize = 3_000_000;
/// The member of a resource's object that holds its address.
const ADDRESS: &str = "\u{1f}address";

/// Works out expressions.
pub(super) struct Evaluator<'a> {
    configuration: &'a Configuration,
    steps: Cell<usize>,
    symbols: Cell<usize>,
    /// Locals, variables and the like, by module and name.
    known: RefCell<HashMap<(String, String), Tree>>,
}

/// Where an expression stands.
#[derive(Clone, Default)]
struct Scope {
    /// The module's address, with instance keys.
    module: String,
    /// `each.key` and `each.value`, or the variables of a `for`.
    variables: Vec<(String, Tree)>,
}

impl Scope {
    fn with(&self, name: &str, value: Tree) -> Self {
        let mut out = self.clone();
        out.variables.push((name.to_owned(), value));
        out
    }

    fn variable(&self, name: &str) -> Option<&Tree> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl<'a> Evaluator<'a> {
    pub fn new(configuration: &'a Configuration) -> Self {
        Self { configuration, steps: Cell::new(0), symbols: Cell::new(0), known: RefCell::default() }
    }

    /// The block that a resource is written as, in its module.
    pub fn written(&self, resource: &Resource) -> Option<&'a crate::terraform::Block> {
        self.module(&resource.module)?.1.resources.get(&resource.local)
    }

    fn module(&self, address: &str) -> Option<(&'a Path, &'a Module)> {
        let calls = super::link::calls(address);
        self.configuration.find(&calls.iter().map(|(name, _)| *name).collect::<Vec<_>>())
    }

    /// An attribute of a resource; nothing if it is not written, or an override file may say otherwise.
    pub fn attribute(&self, texts: &Texts<'_>, resource: &Resource, attribute: &str) -> Option<Tree> {
        let (_, module) = self.module(&resource.module)?;
        if module.overridden.contains(&resource.local) {
            return None;
        }
        let body = &module.resources.get(&resource.local)?.body;
        let scope = Run { evaluator: self, texts }.scope_of(resource, body);
        Run { evaluator: self, texts }.member(body, attribute, &scope, MAX_DEPTH)
    }
}

/// One evaluation: the expressions and what the plan knows.
#[derive(Clone, Copy)]
struct Run<'r, 'a> {
    evaluator: &'r Evaluator<'a>,
    texts: &'r Texts<'a>,
}

fn text(text: &str) -> Tree {
    Tree::Text(Marked { text: text.into(), taints: Vec::new() })
}

/// The one known text, number or boolean that a value is.
pub(super) fn scalar(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Scalar(text) => Some(text.clone()),
        Tree::Text(marked) => marked.text.known().map(str::to_owned),
        _ => None,
    }
}

fn boolean(tree: &Tree) -> Option<bool> {
    match scalar(tree)?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

impl<'a> Run<'_, 'a> {
    /// What the expressions of a resource may use besides: its instance's key and value.
    fn scope_of(self, resource: &Resource, body: &Body) -> Scope {
        let module = Scope { module: resource.module.clone(), variables: Vec::new() };
        self.instance(module.clone(), resource.index.as_deref(), body, &module)
    }

    fn instance(self, inner: Scope, index: Option<&str>, body: &Body, outer: &Scope) -> Scope {
        let Some(index) = index else { return inner };
        let Some(key) = index.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return inner.with(
                "count",
                Tree::Map(BTreeMap::from([("index".to_owned(), Tree::Scalar(index.to_owned()))])),
            );
        };
        let key = key.replace("\\\"", "\"").replace("\\\\", "\\");
        let all = body.attributes.get("for_each").map(|each| self.eval(each, outer, MAX_DEPTH / 2));
        let value = match all {
            Some(Tree::Map(mut members)) => {
                members.remove(&key).unwrap_or_else(|| self.unknown("each.value", &[]))
            }
            // A set: the value is the key.
            Some(Tree::List(_)) => text(&key),
            Some(other) => self.unknown("each.value", &[&other]),
            None => self.unknown("each.value", &[]),
        };
        let each = [("key".to_owned(), text(&key)), ("value".to_owned(), value)];
        inner.with("each", Tree::Map(each.into_iter().collect()))
    }

    /// A symbol that is like no other, into which the secrets of some values flow.
    fn unknown(self, what: &str, from: &[&Tree]) -> Tree {
        let count = &self.evaluator.symbols;
        count.set(count.get() + 1);
        let taints = from.iter().flat_map(|tree| tree.taints()).collect();
        Tree::Text(Marked { text: Text::symbol(format!("{what} #{}", count.get())), taints })
    }

    /// An attribute, or the blocks of this name as a list.
    fn member(self, body: &Body, name: &str, scope: &Scope, depth: usize) -> Option<Tree> {
        if let Some(expression) = body.attributes.get(name) {
            return Some(self.eval(expression, scope, depth));
        }
        let is_dynamic = |kind: &str, labels: &[String]| kind == "dynamic" && labels == [name];
        let mut blocks =
            body.blocks.iter().filter(|b| b.kind == name || is_dynamic(&b.kind, &b.labels)).peekable();
        blocks.peek()?;
        let mut out = Vec::new();
        for block in blocks {
            if block.kind == name {
                out.push(self.object(&block.body, scope, depth));
                continue;
            }
            let each = block.body.attributes.get("for_each").map(|each| self.eval(each, scope, depth));
            let iterator = match block.body.attributes.get("iterator") {
                Some(Expression::Variable(ident)) => ident.as_str(),
                _ => name,
            };
            let content = block.body.blocks.iter().find(|block| block.kind == "content")?;
            for (key, value) in self.pairs(&each?)? {
                let pair =
                    Tree::Map([("key".to_owned(), key), ("value".to_owned(), value)].into_iter().collect());
                out.push(self.object(&content.body, &scope.with(iterator, pair), depth));
            }
        }
        Some(Tree::List(out))
    }

    /// A block as an object.
    fn object(self, body: &Body, scope: &Scope, depth: usize) -> Tree {
        let Some(depth) = depth.checked_sub(1) else { return self.unknown("nested too deeply", &[]) };
        let attributes = body.attributes.keys().map(String::as_str);
        let blocks = body.blocks.iter().map(|b| match (b.kind.as_str(), b.labels.first()) {
            ("dynamic", Some(label)) => label.as_str(),
            (kind, _) => kind,
        });
        let names = attributes.chain(blocks);
        let member = |name: &str| {
            let value = self.member(body, name, scope, depth);
            (name.to_owned(), value.unwrap_or_else(|| self.unknown(name, &[])))
        };
        Tree::Map(names.map(member).collect())
    }

    /// The items of a known collection, each with its key or index.
    fn pairs(self, tree: &Tree) -> Option<Vec<(Tree, Tree)>> {
        match tree {
            Tree::Map(members) => Some(
                members
                    .iter()
                    .filter(|(key, _)| *key != ADDRESS)
                    .map(|(key, value)| (text(key), value.clone()))
                    .collect(),
            ),
            Tree::List(items) => {
                let index = |index: usize| Tree::Scalar(index.to_string());
                Some(items.iter().enumerate().map(|(at, item)| (index(at), item.clone())).collect())
            }
            Tree::Null => Some(Vec::new()),
            _ => None,
        }
    }

    fn eval(self, expression: &Expression, scope: &Scope, depth: usize) -> Tree {
        let steps = &self.evaluator.steps;
        steps.set(steps.get() + 1);
        let Some(depth) = depth.checked_sub(1).filter(|_| steps.get() < MAX_STEPS) else {
            return self.unknown("nested too deeply", &[]);
        };
        let eval = |inner: &Expression| self.eval(inner, scope, depth);
        match expression {
            Expression::Null(_) => Tree::Null,
            Expression::Bool(value) => Tree::Scalar(value.to_string()),
            Expression::Number(number) => Tree::Scalar(number.value().to_string()),
            Expression::String(literal) => text(literal.as_str()),
            Expression::Array(items) => Tree::List(items.iter().map(eval).collect()),
            Expression::Object(object) => {
                let mut out = BTreeMap::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
                        ObjectKey::Expression(Expression::Variable(ident)) => Some(ident.as_str().to_owned()),
                        ObjectKey::Expression(key) => scalar(&eval(key)),
                    };
                    let value = eval(value.expr());
                    match key {
                        Some(key) => {
                            out.insert(key, value);
                        }
                        None => return self.unknown("an object with a key that is not known", &[&value]),
                    }
                }
                Tree::Map(out)
            }
            Expression::StringTemplate(template) => self.template(template.iter(), scope, depth),
            Expression::HeredocTemplate(heredoc) => self.template(heredoc.template.iter(), scope, depth),
            Expression::Parenthesis(inner) => eval(inner.inner()),
            Expression::Variable(ident) => {
                scope.variable(ident.as_str()).cloned().unwrap_or_else(|| self.unknown(ident.as_str(), &[]))
            }
            Expression::Traversal(traversal) => self.traversal(traversal, scope, depth),
            Expression::Conditional(conditional) => match boolean(&eval(&conditional.cond_expr)) {
                Some(true) => eval(&conditional.true_expr),
                Some(false) => eval(&conditional.false_expr),
                None => {
                    let (yes, no) = (eval(&conditional.true_expr), eval(&conditional.false_expr));
                    self.unknown("a conditional", &[&yes, &no])
                }
            },
            Expression::UnaryOp(op) => {
                let value = eval(&op.expr);
                match (op.operator.value(), boolean(&value), scalar(&value)) {
                    (UnaryOperator::Not, Some(value), _) => Tree::Scalar((!value).to_string()),
                    (UnaryOperator::Neg, _, Some(number)) if number.parse::<f64>().is_ok() => {
                        Tree::Scalar(format!("-{number}"))
                    }
                    _ => self.unknown("an operation", &[&value]),
                }
            }
            Expression::BinaryOp(op) => {
                let (one, other) = (eval(&op.lhs_expr), eval(&op.rhs_expr));
                operated(*op.operator.value(), &one, &other)
                    .unwrap_or_else(|| self.unknown("an operation", &[&one, &other]))
            }
            Expression::ForExpr(each) => self.each(each, scope, depth),
            Expression::FuncCall(call) => self.call(call, scope, depth),
        }
    }

    fn each(self, each: &hcl_edit::expr::ForExpr, scope: &Scope, depth: usize) -> Tree {
        let all = self.eval(&each.intro.collection_expr, scope, depth);
        let Some(pairs) = self.pairs(&all) else { return self.unknown("a for expression", &[&all]) };
        let (mut list, mut map) = (Vec::new(), BTreeMap::<String, Tree>::new());
        for (key, value) in pairs {
            let mut scope = scope.with(each.intro.value_var.as_str(), value);
            if let Some(name) = &each.intro.key_var {
                scope = scope.with(name.as_str(), key);
            }
            if let Some(condition) = &each.cond {
                match boolean(&self.eval(&condition.expr, &scope, depth)) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return self.unknown("a for expression", &[&all]),
                }
            }
            let value = self.eval(&each.value_expr, &scope, depth);
            match &each.key_expr {
                None => list.push(value),
                Some(key) => match scalar(&self.eval(key, &scope, depth)) {
                    None => return self.unknown("a for expression", &[&all, &value]),
                    Some(key) if each.grouping => {
                        match map.entry(key).or_insert_with(|| Tree::List(Vec::new())) {
                            Tree::List(items) => items.push(value),
                            other => *other = value,
                        }
                    }
                    Some(key) => {
                        map.insert(key, value);
                    }
                },
            }
        }
        if each.key_expr.is_some() { Tree::Map(map) } else { Tree::List(list) }
    }

    fn template<'e>(self, elements: impl Iterator<Item = &'e Element>, scope: &Scope, depth: usize) -> Tree {
        let (mut parts, mut taints) = (Vec::new(), Vec::new());
        for element in elements {
            let tree = match element {
                Element::Literal(literal) => text(literal.as_str()),
                Element::Interpolation(inner) => self.eval(&inner.expr, scope, depth),
                Element::Directive(directive) => self.directive(directive, scope, depth),
            };
            taints.extend(tree.taints());
            match tree.marked() {
                Some(marked) => parts.extend(marked.text.parts().iter().cloned()),
                None => {
                    let unknown = self.unknown("a part of a template", &[]);
                    parts.extend(unknown.marked().iter().flat_map(|m| m.text.parts()).cloned());
                }
            }
        }
        Tree::Text(Marked { text: Text::new(parts), taints })
    }

    fn directive(self, directive: &Directive, scope: &Scope, depth: usize) -> Tree {
        let Some(depth) = depth.checked_sub(1) else { return self.unknown("nested too deeply", &[]) };
        match directive {
            Directive::If(choice) => match boolean(&self.eval(&choice.if_expr.cond_expr, scope, depth)) {
                Some(true) => self.template(choice.if_expr.template.iter(), scope, depth),
                Some(false) => match &choice.else_expr {
                    Some(other) => self.template(other.template.iter(), scope, depth),
                    None => text(""),
                },
                None => self.unknown("a directive", &[]),
            },
            Directive::For(each) => {
                let all = self.eval(&each.for_expr.collection_expr, scope, depth);
                let Some(pairs) = self.pairs(&all) else { return self.unknown("a directive", &[&all]) };
                let parts = pairs.into_iter().map(|(key, value)| {
                    let mut scope = scope.with(each.for_expr.value_var.as_str(), value);
                    if let Some(name) = &each.for_expr.key_var {
                        scope = scope.with(name.as_str(), key);
                    }
                    self.template(each.for_expr.template.iter(), &scope, depth)
                });
                let parts: Vec<Marked> = parts.filter_map(|tree| tree.marked()).collect();
                let taints = parts.iter().flat_map(|marked| marked.taints.clone()).collect();
                let parts = parts.iter().flat_map(|marked| marked.text.parts().to_vec());
                Tree::Text(Marked { text: Text::new(parts.collect::<Vec<_>>()), taints })
            }
        }
    }

    fn call(self, call: &hcl_edit::expr::FuncCall, scope: &Scope, depth: usize) -> Tree {
        let name = call.name.name.as_str();
        if name == "try" {
            // The first that is known; an argument that is not may be the one that counts.
            let first = call.args.iter().next().map(|argument| self.eval(argument, scope, depth));
            return first.unwrap_or_else(|| self.unknown(name, &[]));
        }
        let mut arguments: Vec<Tree> =
            call.args.iter().map(|argument| self.eval(argument, scope, depth)).collect();
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Tree::List(items)) => arguments.extend(items),
                other => return self.unknown(name, &other.iter().chain(&arguments).collect::<Vec<_>>()),
            }
        }
        let file = matches!(name, "file" | "templatefile").then(|| self.file(&arguments, scope)).flatten();
        let found = match (name, file) {
            ("file", Some(content)) => Some(text(&content)),
            ("templatefile", Some(content)) => {
                let template: Option<hcl_edit::template::Template> = content.parse().ok();
                let inner = match arguments.get(1) {
                    Some(Tree::Map(members)) => members.iter().fold(
                        Scope { module: scope.module.clone(), variables: Vec::new() },
                        |scope, (name, value)| scope.with(name, value.clone()),
                    ),
                    _ => Scope::default(),
                };
                template.map(|template| self.template(template.iter(), &inner, depth))
            }
            _ => function::call(name, &arguments),
        };
        found.unwrap_or_else(|| self.unknown(name, &arguments.iter().collect::<Vec<_>>()))
    }

    /// A file that an expression reads: below the root directory, and not nested too deeply for a template.
    fn file(self, arguments: &[Tree], scope: &Scope) -> Option<String> {
        let path = scalar(arguments.first()?)?;
        let (directory, _) = self.evaluator.module(&scope.module)?;
        let path = PathBuf::from(path);
        let candidates = [path.clone(), directory.join(path)];
        let content = candidates.iter().find_map(|path| self.evaluator.configuration.text(path))?;
        crate::terraform::is_flat(&content).then_some(content)
    }

    fn traversal(self, traversal: &Traversal, scope: &Scope, depth: usize) -> Tree {
        let operators: Vec<&TraversalOperator> = traversal.operators.iter().map(|op| op.value()).collect();
        let (value, rest) = match &traversal.expr {
            Expression::Variable(ident) => match scope.variable(ident.as_str()) {
                Some(value) => (value.clone(), operators.as_slice()),
                None => self.named(ident.as_str(), &operators, scope, depth),
            },
            other => (self.eval(other, scope, depth), operators.as_slice()),
        };
        self.steps_into(value, rest, scope, depth)
    }

    /// What follows a value: `.name`, `[key]`, `[*]`.
    fn steps_into(self, mut value: Tree, rest: &[&TraversalOperator], scope: &Scope, depth: usize) -> Tree {
        for (at, operator) in rest.iter().enumerate() {
            value = match operator {
                TraversalOperator::GetAttr(name) => self.get(&value, name.as_str()),
                TraversalOperator::Index(key) => {
                    let key = self.eval(key, scope, depth);
                    match scalar(&key) {
                        Some(key) => self.get(&value, &key),
                        None => self.unknown("an item", &[&value]),
                    }
                }
                TraversalOperator::LegacyIndex(index) => self.get(&value, &index.to_string()),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
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
                (None, None) => self.unknown(name, &[value]),
            },
            Tree::List(items) => match name.parse::<usize>().ok().and_then(|at| items.get(at)) {
                Some(item) => item.clone(),
                None => self.unknown(name, &[value]),
            },
            other => self.unknown(name, &[other]),
        }
    }

    /// What a reference begins with, and the operators behind it.
    fn named<'o>(
        self,
        name: &str,
        operators: &'o [&'o TraversalOperator],
        scope: &Scope,
        depth: usize,
    ) -> (Tree, &'o [&'o TraversalOperator]) {
        let attribute = |at: usize| match operators.get(at) {
            Some(TraversalOperator::GetAttr(name)) => Some(name.as_str()),
            _ => None,
        };
        let after = |count: usize| operators.get(count..).unwrap_or_default();
        let key = |at: usize| match operators.get(at) {
            Some(TraversalOperator::Index(key)) => scalar(&self.eval(key, scope, depth)),
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
        rest: &'o [&'o TraversalOperator],
        scope: &Scope,
    ) -> (Tree, &'o [&'o TraversalOperator]) {
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
            let kind = super::link::kind_of(address);
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
            let value = self.variable_value(name, module, depth);
            if !sensitive {
                return value;
            }
            let source =
                if module.is_empty() { format!("var.{name}") } else { format!("{module}.var.{name}") };
            match value {
                Tree::Text(marked) => Tree::Text(Marked { taints: vec![source], ..marked }),
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
        let Some((call, parent, index)) = super::link::split_call(module) else {
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
                self.eval(expression, &scope, depth)
            }
            None => default(),
        }
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

/// The result of an operation on known values.
fn operated(operator: BinaryOperator, one: &Tree, other: &Tree) -> Option<Tree> {
    use BinaryOperator as B;
    let truth = |value: bool| Some(Tree::Scalar(value.to_string()));
    let (left, right) = (boolean(one), boolean(other));
    match operator {
        B::And if left == Some(false) || right == Some(false) => return truth(false),
        B::Or if left == Some(true) || right == Some(true) => return truth(true),
        B::And | B::Or => {
            return truth(left? && right?).filter(|_| operator == B::And).or_else(|| truth(left? || right?));
        }
        _ => {}
    }
    if matches!(operator, B::Eq | B::NotEq) {
        let same = match (one, other) {
            (Tree::Null, Tree::Null) => true,
            (Tree::Null, known) | (known, Tree::Null) if scalar(known).is_some() => false,
            (Tree::Null, Tree::Map(_) | Tree::List(_)) | (Tree::Map(_) | Tree::List(_), Tree::Null) => false,
            (Tree::List(a), Tree::List(b)) if a.is_empty() || b.is_empty() => a.is_empty() && b.is_empty(),
            _ => scalar(one)? == scalar(other)?,
        };
        return truth(same == (operator == B::Eq));
    }
    let (a, b) = (scalar(one)?.parse::<f64>().ok()?, scalar(other)?.parse::<f64>().ok()?);
    match operator {
        B::Less => truth(a < b),
        B::LessEq => truth(a <= b),
        B::Greater => truth(a > b),
        B::GreaterEq => truth(a >= b),
        B::Plus => Some(Tree::Scalar((a + b).to_string())),
        B::Minus => Some(Tree::Scalar((a - b).to_string())),
        B::Mul => Some(Tree::Scalar((a * b).to_string())),
        B::Div if b != 0.0 => Some(Tree::Scalar((a / b).to_string())),
        B::Mod if b != 0.0 => Some(Tree::Scalar((a % b).to_string())),
        _ => None,
    }
}

impl Texts<'_> {
    /// An attribute as the Terraform source says it, as far as its parts are known; nothing without the source.
    pub fn evaluated(&self, resource: &Resource, attribute: &str) -> Option<Tree> {
        self.evaluator.as_ref()?.attribute(self, resource, attribute)
    }

    /// The same as one text, if a part of it is known: a symbol that is like no other says nothing.
    pub fn evaluated_text(&self, resource: &Resource, attribute: &str) -> Option<Text> {
        let text = self.evaluated(resource, attribute)?.text()?;
        let is_opaque = |part: &Part| matches!(part, Part::Symbol(name) if name.contains(" #"));
        (!text.parts().iter().any(is_opaque)).then_some(text)
    }
}
