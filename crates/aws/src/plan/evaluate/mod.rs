//! Expressions of the Terraform source, worked out as far as the plan knows their parts. What apply will tell is a symbol,
//! named by address and attribute; what cannot be worked out is a symbol that is like no other.

mod lines;
mod operation;
mod reference;
mod template;
mod types;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

pub(super) use operation::scalar;
use operation::{boolean, operated, text};

use super::place::Texts;
use super::resource::Resource;
use crate::Text;
use crate::terraform::{Block, Body, Configuration, Expression, For, Module, Names};
use crate::tree::{Marked, Tree};

/// Deepest chain of expressions and references.
const MAX_DEPTH: usize = 96;
/// Most values that are worked out for one plan.
const MAX_STEPS: usize = 3_000_000;
/// Largest value, in about as many bytes.
const MAX_VALUE: u64 = 16 << 20;
/// All values that are made for one plan, in about as many bytes.
const MAX_VALUES: u64 = 512 << 20;
/// The member of a resource's object that holds its address.
const ADDRESS: &str = "\u{1f}address";
/// What the symbol begins with that stands for a member that a known object or list does not have.
const MISSING: &str = "no member ";

/// Works out expressions.
pub(super) struct Evaluator<'a> {
    configuration: &'a Configuration,
    steps: Cell<usize>,
    symbols: Cell<usize>,
    /// What all values that were made weigh.
    weight: Cell<u64>,
    /// Whether a bound was met.
    exhausted: Cell<bool>,
    /// Locals, variables and the like, by module and name.
    known: RefCell<HashMap<(String, String), Tree>>,
}

/// Whether a symbol stands for what could not be worked out, and says nothing of it.
pub(super) fn is_opaque(symbol: &str) -> bool {
    symbol.contains(" #")
}

/// Where an expression stands.
#[derive(Clone, Default)]
struct Scope {
    /// The module's address, with instance keys.
    module: String,
    /// `each.key` and `each.value`, or the variables of a `for`.
    variables: Vec<(String, Rc<Tree>)>,
}

impl Scope {
    fn with(&self, name: &str, value: Tree) -> Self {
        let mut out = self.clone();
        out.variables.push((name.to_owned(), Rc::new(value)));
        out
    }

    /// The same within a loop.
    fn within(&self, names: &Names, key: Tree, value: Tree) -> Self {
        let out = self.with(&names.value, value);
        match &names.key {
            Some(name) => out.with(name, key),
            None => out,
        }
    }

    fn variable(&self, name: &str) -> Option<&Tree> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }
}

impl<'a> Evaluator<'a> {
    pub fn new(configuration: &'a Configuration) -> Self {
        Self {
            configuration,
            steps: Cell::new(0),
            symbols: Cell::new(0),
            weight: Cell::new(0),
            exhausted: Cell::new(false),
            known: RefCell::default(),
        }
    }

    /// The block that a resource is written as, in its module.
    pub fn written(&self, resource: &Resource) -> Option<&'a Block> {
        self.module(&resource.module)?.1.resources.get(&resource.local)
    }

    /// The block that a resource is written as, unless an override file may say otherwise.
    pub fn only_written(&self, resource: &Resource) -> Option<&'a Block> {
        let (_, module) = self.module(&resource.module)?;
        let block = module.resources.get(&resource.local)?;
        (!module.overrides.contains_key(&resource.local)).then_some(block)
    }

    /// Whether the bounds kept something from being worked out.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }

    fn module(&self, address: &str) -> Option<(&'a Path, &'a Module)> {
        let calls = super::link::calls(address);
        self.configuration.find(&calls.iter().map(|(name, _)| *name).collect::<Vec<_>>())
    }

    /// An attribute of a resource; nothing if it is not written, or an override file may say otherwise.
    pub fn attribute(&self, texts: &Texts<'_>, resource: &Resource, attribute: &str) -> Option<Tree> {
        let body = &self.only_written(resource)?.body;
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
                Some(Expression::Name(iterator)) => iterator.as_str(),
                _ => name,
            };
            let content = block.body.blocks.iter().find(|block| block.kind == "content");
            let pairs = each.as_ref().and_then(|each| self.pairs(each));
            let (Some(content), Some(pairs)) = (content, pairs) else {
                // How many blocks there are is not known, so that the others say nothing of the whole.
                return Some(self.unknown(name, &each.iter().chain(&out).collect::<Vec<_>>()));
            };
            for (key, value) in pairs {
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

    /// The value, if the bounds allow one of its weight. Values grow where others are named, put in or given to functions.
    fn bounded(self, value: Tree) -> Tree {
        let weight = value.weight();
        let all = self.evaluator.weight.get().saturating_add(weight);
        if weight > MAX_VALUE || all > MAX_VALUES {
            self.evaluator.exhausted.set(true);
            return self.unknown("too large a value", &[]);
        }
        self.evaluator.weight.set(all);
        value
    }

    fn eval(self, expression: &Expression, scope: &Scope, depth: usize) -> Tree {
        let value = self.worked_out(expression, scope, depth);
        match expression {
            Expression::Name(_)
            | Expression::Path(..)
            | Expression::Call { .. }
            | Expression::Template(_) => self.bounded(value),
            _ => value,
        }
    }

    fn worked_out(self, expression: &Expression, scope: &Scope, depth: usize) -> Tree {
        let steps = &self.evaluator.steps;
        steps.set(steps.get() + 1);
        let Some(depth) = depth.checked_sub(1).filter(|_| steps.get() < MAX_STEPS) else {
            self.evaluator.exhausted.set(true);
            return self.unknown("nested too deeply", &[]);
        };
        let eval = |inner: &Expression| self.eval(inner, scope, depth);
        match expression {
            Expression::Null => Tree::Null,
            Expression::Bool(value) => Tree::Scalar(value.to_string()),
            Expression::Number(number) => Tree::Scalar(number.clone()),
            Expression::Template(pieces) => self.template(pieces, scope, depth),
            Expression::List(items) => Tree::List(items.iter().map(|(_, item)| eval(item)).collect()),
            Expression::Object(members) => {
                let mut out = BTreeMap::new();
                for (key, value) in members {
                    let value = eval(value);
                    match scalar(&eval(key)) {
                        Some(key) => {
                            out.insert(key, value);
                        }
                        None => return self.unknown("an object with a key that is not known", &[&value]),
                    }
                }
                Tree::Map(out)
            }
            Expression::Name(name) => {
                scope.variable(name).cloned().unwrap_or_else(|| self.unknown(name, &[]))
            }
            Expression::Path(root, steps) => self.path(root, steps, scope, depth),
            Expression::Conditional(parts) => {
                let [condition, yes, no] = parts.as_ref();
                match boolean(&eval(condition)) {
                    Some(true) => eval(yes),
                    Some(false) => eval(no),
                    None => self.unknown("a conditional", &[&eval(yes), &eval(no)]),
                }
            }
            Expression::Not(inner) => {
                let value = eval(inner);
                let known = boolean(&value).map(|value| Tree::Scalar((!value).to_string()));
                known.unwrap_or_else(|| self.unknown("an operation", &[&value]))
            }
            Expression::Negative(inner) => {
                let value = eval(inner);
                let number = scalar(&value).filter(|number| number.parse::<f64>().is_ok());
                let known = number.map(|number| Tree::Scalar(format!("-{number}")));
                known.unwrap_or_else(|| self.unknown("an operation", &[&value]))
            }
            Expression::Binary(operator, sides) => {
                let (one, other) = (eval(&sides[0]), eval(&sides[1]));
                let known = operated(*operator, &one, &other);
                known.unwrap_or_else(|| self.unknown("an operation", &[&one, &other]))
            }
            Expression::For(each) => self.each(each, scope, depth),
            Expression::Call { name, arguments, expands } => {
                self.call(name, arguments, *expands, scope, depth)
            }
        }
    }

    fn each(self, each: &For, scope: &Scope, depth: usize) -> Tree {
        let all = self.eval(&each.collection, scope, depth);
        let Some(pairs) = self.pairs(&all) else { return self.unknown("a for expression", &[&all]) };
        let (mut list, mut map) = (Vec::new(), BTreeMap::<String, Tree>::new());
        for (key, value) in pairs {
            let scope = scope.within(&each.names, key, value);
            if let Some(condition) = &each.condition {
                match boolean(&self.eval(condition, &scope, depth)) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return self.unknown("a for expression", &[&all]),
                }
            }
            let value = self.eval(&each.value, &scope, depth);
            let Some(key) = &each.key else {
                list.push(value);
                continue;
            };
            match scalar(&self.eval(key, &scope, depth)) {
                None => return self.unknown("a for expression", &[&all, &value]),
                Some(key) if each.groups => match map.entry(key).or_insert_with(|| Tree::List(Vec::new())) {
                    Tree::List(items) => items.push(value),
                    other => *other = value,
                },
                Some(key) => {
                    map.insert(key, value);
                }
            }
        }
        if each.key.is_some() { Tree::Map(map) } else { Tree::List(list) }
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
        let is_known = !text.symbols().any(is_opaque);
        is_known.then_some(text)
    }
}
