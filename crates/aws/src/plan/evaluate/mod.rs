//! Expressions of the Terraform source, worked out as far as the plan knows their parts. What apply will tell is a symbol,
//! named by address and attribute; what cannot be worked out is a symbol that is like no other.

mod operation;
mod reference;
mod template;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator, UnaryOperator};

pub(super) use operation::scalar;
use operation::{boolean, operated, text};

use super::place::Texts;
use super::resource::Resource;
use crate::terraform::{Block, Body, Configuration, Module, Nested};
use crate::tree::{Marked, Tree};
use crate::{Part, Text};

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
    pub fn written(&self, resource: &Resource) -> Option<&'a Block> {
        self.module(&resource.module)?.1.resources.get(&resource.local)
    }

    /// The block that holds the policy of a resource, and the lines of its statements.
    pub fn statements(&self, resource: &Resource) -> Option<(&'a Block, Vec<u32>)> {
        let block = self.written(resource)?;
        if resource.kind == "aws_iam_policy_document" {
            return Some((block, lines_of_blocks(block)?));
        }
        match block.body.attributes.get("policy")? {
            Expression::Traversal(traversal) => {
                // `policy = data.aws_iam_policy_document.NAME.json` is written there.
                let local = data_document(traversal)?;
                let block = self.module(&resource.module)?.1.resources.get(&local)?;
                Some((block, lines_of_blocks(block)?))
            }
            Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => {
                let Some(Expression::Object(policy)) = call.args.get(0) else { return None };
                let is_statement = |key: &ObjectKey| match key {
                    ObjectKey::Ident(ident) => ident.as_str() == "Statement",
                    ObjectKey::Expression(Expression::String(text)) => text.as_str() == "Statement",
                    ObjectKey::Expression(_) => false,
                };
                let (_, statements) = policy.iter().find(|(key, _)| is_statement(key))?;
                let Expression::Array(items) = statements.expr() else { return None };
                let line = |item: &Expression| Some(block.line_of(item.span()?.start));
                Some((block, items.iter().map(line).collect::<Option<_>>()?))
            }
            _ => None,
        }
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

/// The lines of the statements of a policy document, if none is made by a loop.
fn lines_of_blocks(block: &Block) -> Option<Vec<u32>> {
    let is_statement = |nested: &&Nested| nested.kind == "statement";
    if block.body.blocks.iter().any(|nested| nested.kind == "dynamic") {
        return None;
    }
    block.body.blocks.iter().filter(is_statement).map(|nested| Some(block.line_of(nested.offset?))).collect()
}

/// The policy document whose `json` a reference is.
fn data_document(traversal: &Traversal) -> Option<String> {
    let Expression::Variable(first) = &traversal.expr else { return None };
    let name = |at: usize| match traversal.operators.get(at)?.value() {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    };
    let is_document = first.as_str() == "data" && name(0)? == "aws_iam_policy_document" && name(2)? == "json";
    is_document.then(|| Some(format!("data.aws_iam_policy_document.{}", name(1)?))).flatten()
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
