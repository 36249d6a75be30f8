//! Expressions, as far as the files alone tell their values. What only an apply knows is unknown; in a text,
//! [`UNKNOWN`] stands for it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use seaworthy_aws::terraform::{self, Body, Expression, For, Operator, Piece, Step as Written};

use super::source::{Block, Module};
use super::{Texts, function, known};
use crate::cli::init::tree::{Tree, UNKNOWN, Value};

/// Deepest chain of expressions and references.
const MAX_DEPTH: usize = 48;
/// Most values that are worked out for one root.
const MAX_STEPS: usize = 400_000;
/// Most parts of values that are copied for one root, as [`Tree::weight`] counts them.
const MAX_WEIGHT: usize = 20_000_000;

/// Works out expressions.
pub(super) struct Evaluator<'a> {
    modules: &'a BTreeMap<String, Module>,
    account: Option<&'a str>,
    texts: Texts<'a>,
    steps: Cell<usize>,
    weight: Cell<usize>,
    /// Whether a value was left unknown because it is too deep or one too many.
    is_cut: Cell<bool>,
}

/// Where an expression stands.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) directory: String,
    pub(super) module: &'a Module,
    /// What a call gives to the module's variables.
    given: Rc<BTreeMap<String, Tree>>,
    /// `each.key` and `each.value`.
    each: Option<(String, Rc<Tree>)>,
    /// Variables of `for`, innermost last, and of a template's call.
    names: Vec<(String, Rc<Tree>)>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        modules: &'a BTreeMap<String, Module>,
        account: Option<&'a str>,
        texts: Texts<'a>,
    ) -> Self {
        let (steps, weight) = (Cell::new(0), Cell::new(0));
        Self { modules, account, texts, steps, weight, is_cut: Cell::new(false) }
    }

    /// Whether a value was left unknown because it is too deep or one too many.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.get()
    }

    /// Whether what may be worked out for one root has been.
    fn is_spent(&self) -> bool {
        let is_spent = self.steps.get() > MAX_STEPS || self.weight.get() > MAX_WEIGHT;
        if is_spent {
            self.is_cut.set(true);
        }
        is_spent
    }

    /// The scope of a root module.
    pub(super) fn root(&self, directory: &str) -> Option<Scope<'a>> {
        let module = self.modules.get(directory)?;
        let mut scope = Scope {
            directory: directory.to_owned(),
            module,
            given: Rc::default(),
            each: None,
            names: Vec::new(),
        };
        let values = module.given.iter().map(|(k, e)| (k.clone(), self.value(e, &scope)));
        scope.given = Rc::new(values.collect());
        Some(scope)
    }

    /// The scope inside a called module.
    pub(super) fn called(&self, target: &str, call: &Block, outer: &Scope<'a>) -> Option<Scope<'a>> {
        let module = self.modules.get(target)?;
        let values = call.body.attributes.iter().map(|(k, e)| (k.clone(), self.value(e, outer)));
        let given = Rc::new(values.collect());
        Some(Scope { directory: target.to_owned(), module, given, each: None, names: Vec::new() })
    }

    /// One scope for each instance of a block with `for_each` or `count`.
    pub(super) fn instances(&self, block: &Block, scope: &Scope<'a>) -> Vec<Scope<'a>> {
        let Some(each) = block.body.attributes.get("for_each") else {
            let count = block.body.attributes.get("count").map(|c| self.value(c, scope));
            return match count.as_ref().and_then(Tree::text) {
                Some("0") => Vec::new(),
                _ => vec![scope.clone()],
            };
        };
        let of = |key: &str, value: &Tree| Scope {
            each: Some((key.to_owned(), Rc::new(value.clone()))),
            ..scope.clone()
        };
        let each = self.value(each, scope);
        match &each.value {
            Value::Map(entries) => entries.iter().map(|(k, v)| of(k, v)).collect(),
            Value::List(items) => items.iter().filter_map(|i| Some(of(i.text()?, i))).collect(),
            _ => vec![of(UNKNOWN, &Tree::default())],
        }
    }

    /// The attributes and blocks of a body.
    pub(super) fn body(&self, body: &Body, scope: &Scope<'a>) -> Tree {
        self.body_at(body, scope, 0)
    }

    fn body_at(&self, body: &Body, scope: &Scope<'a>, depth: usize) -> Tree {
        if depth > 16 || self.is_spent() {
            self.is_cut.set(true);
            return Tree::default();
        }
        let mut entries: Vec<(String, Tree)> =
            body.attributes.iter().map(|(k, e)| (k.clone(), self.value(e, scope))).collect();
        for block in &body.blocks {
            let mut items = Vec::new();
            let name = match (block.kind.as_str(), block.labels.as_slice()) {
                ("dynamic", [name]) => {
                    items.extend(self.dynamic(name, &block.body, scope, depth));
                    name
                }
                _ => {
                    items.push(self.body_at(&block.body, scope, depth + 1));
                    &block.kind
                }
            };
            match entries.iter_mut().find(|(k, _)| k == name) {
                Some((_, Tree { value: Value::List(there), .. })) => there.extend(items),
                Some(_) => {}
                None => entries.push((name.clone(), Tree::list(items))),
            }
        }
        Tree::map(entries)
    }

    /// `dynamic "name" { for_each = …, content { … } }`
    fn dynamic(&self, name: &str, body: &Body, scope: &Scope<'a>, depth: usize) -> Vec<Tree> {
        let Some(content) = body.blocks.iter().find(|b| b.kind == "content") else { return Vec::new() };
        let Some(each) = body.attributes.get("for_each") else { return Vec::new() };
        let iterator = match body.attributes.get("iterator") {
            Some(Expression::Name(name)) => name.as_str(),
            _ => name,
        };
        let pairs = pairs(&self.value(each, scope));
        let of = |(key, value): (Tree, Tree)| {
            let pair = Tree::map(vec![("key".to_owned(), key), ("value".to_owned(), value)]);
            self.body_at(&content.body, &scope.with(iterator, pair), depth + 1)
        };
        pairs.into_iter().take_while(|_| !self.is_spent()).map(of).collect()
    }

    /// The value of an expression.
    pub(super) fn value(&self, expression: &Expression, scope: &Scope<'a>) -> Tree {
        self.at(expression, scope, 0)
    }

    pub(super) fn at(&self, expression: &Expression, scope: &Scope<'a>, depth: usize) -> Tree {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.is_spent() {
            self.is_cut.set(true);
            return Tree::default();
        }
        let value = self.worked_out(expression, scope, depth);
        self.weight.set(self.weight.get().saturating_add(value.weight()));
        value
    }

    fn worked_out(&self, expression: &Expression, scope: &Scope<'a>, depth: usize) -> Tree {
        let next = |e: &Expression| self.at(e, scope, depth + 1);
        match expression {
            Expression::Null => Tree::default(),
            Expression::Bool(value) => Tree::text_of(value.to_string()),
            Expression::Number(number) => Tree::text_of(number.as_str()),
            Expression::Template(pieces) => self.template(pieces, scope, depth),
            Expression::List(items) => Tree::list(items.iter().map(|(_, item)| next(item)).collect()),
            Expression::Object(members) => {
                let pair = |(key, value): &(Expression, Expression)| {
                    Some((next(key).text()?.to_owned(), next(value)))
                };
                Tree::map(members.iter().filter_map(pair).collect())
            }
            Expression::Name(name) => scope.name(name).unwrap_or_default(),
            Expression::Conditional(parts) => {
                let [condition, yes, no] = parts.as_ref();
                match next(condition).text() {
                    Some("true") => next(yes),
                    Some("false") => next(no),
                    _ => Tree::default(),
                }
            }
            Expression::Call { name, arguments, expands } => {
                let mut arguments: Vec<Tree> = arguments.iter().map(next).collect();
                if *expands && let Some(last) = arguments.pop() {
                    if matches!(last.value, Value::Unknown) {
                        return Tree::default();
                    }
                    arguments.extend_from_slice(last.items());
                }
                self.call(name, &arguments, scope, depth)
            }
            Expression::Path(root, steps) => self.traversal(root, steps, scope, depth),
            Expression::Not(inner) => match next(inner).text() {
                Some("true") => Tree::text_of("false"),
                Some("false") => Tree::text_of("true"),
                _ => Tree::default(),
            },
            Expression::Negative(inner) => match next(inner).text() {
                Some(number) if number.parse::<f64>().is_ok() => Tree::text_of(format!("-{number}")),
                _ => Tree::default(),
            },
            Expression::Binary(operator, sides) => {
                let (left, right) = (next(&sides[0]), next(&sides[1]));
                let (Some(left), Some(right)) = (left.text(), right.text()) else { return Tree::default() };
                let answer = match operator {
                    Operator::Equal => left == right,
                    Operator::NotEqual => left != right,
                    Operator::And => left == "true" && right == "true",
                    Operator::Or => left == "true" || right == "true",
                    _ => return Tree::default(),
                };
                Tree::text_of(answer.to_string())
            }
            Expression::For(each) => self.each(each, scope, depth),
        }
    }

    fn call(&self, name: &str, arguments: &[Tree], scope: &Scope<'a>, depth: usize) -> Tree {
        if matches!(name, "file" | "templatefile") {
            return self.file(arguments, scope, depth, name == "templatefile");
        }
        function::call(name, arguments).unwrap_or_else(|function::TooLarge| {
            self.is_cut.set(true);
            Tree::default()
        })
    }

    fn template(&self, pieces: &[Piece], scope: &Scope<'a>, depth: usize) -> Tree {
        if let [Piece::Value(value)] = pieces {
            return self.at(value, scope, depth + 1);
        }
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value(value) => {
                    text.push_str(self.at(value, scope, depth + 1).any_text().unwrap_or(UNKNOWN));
                }
                Piece::If { .. } | Piece::For { .. } => text.push_str(UNKNOWN),
            }
            if text.len() > function::MAX_TEXT {
                self.is_cut.set(true);
                return Tree::default();
            }
        }
        Tree::text_of(text)
    }

    /// `file` and `templatefile`, of files of the repository.
    fn file(&self, arguments: &[Tree], scope: &Scope<'a>, depth: usize, is_template: bool) -> Tree {
        let Some(path) = arguments.first().and_then(Tree::text) else { return Tree::default() };
        let path = path.trim_start_matches('/');
        let text = crate::cli::init::paths::join(&scope.directory, path).and_then(|p| (self.texts)(&p));
        let Some(text) = text else { return Tree::default() };
        let names = arguments.get(1).map(Tree::entries).unwrap_or_default();
        if !is_template {
            return Tree::text_of(text);
        }
        let Ok(pieces) = terraform::template(&text) else { return Tree::default() };
        let names = names.iter().map(|(name, value)| (name.clone(), Rc::new(value.clone())));
        let inner = Scope { names: names.collect(), ..scope.clone() };
        self.template(&pieces, &inner, depth + 1)
    }

    fn each(&self, each: &For, scope: &Scope<'a>, depth: usize) -> Tree {
        let collection = self.at(&each.collection, scope, depth + 1);
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        for (key, value) in pairs(&collection) {
            if self.is_spent() {
                break;
            }
            let mut inner = scope.with(&each.names.value, value);
            if let Some(name) = &each.names.key {
                inner = inner.with(name, key);
            }
            let kept = each.condition.as_ref().map(|condition| self.at(condition, &inner, depth + 1));
            if kept.as_ref().and_then(Tree::text) == Some("false") {
                continue;
            }
            let value = self.at(&each.value, &inner, depth + 1);
            match &each.key {
                Some(key) => {
                    if let Some(key) = self.at(key, &inner, depth + 1).text() {
                        entries.push((key.to_owned(), value));
                    }
                }
                None => items.push(value),
            }
        }
        if each.key.is_some() { Tree::map(entries) } else { Tree::list(items) }
    }

    fn traversal(&self, root: &Expression, steps: &[Written], scope: &Scope<'a>, depth: usize) -> Tree {
        let steps: Vec<Step> = steps.iter().map(|step| self.step(step, scope, depth)).collect();
        let Expression::Name(root) = root else {
            let value = self.at(root, scope, depth + 1);
            return follow(value, &steps);
        };
        if let Some(value) = scope.name(root) {
            return follow(value, &steps);
        }
        let Some((Step::Name(first), rest)) = steps.split_first() else { return Tree::default() };
        match root.as_str() {
            "var" => follow(self.variable(first, scope, depth), rest),
            "local" => {
                let value = scope.module.locals.get(first).map(|e| self.at(e, scope, depth + 1));
                follow(value.unwrap_or_default(), rest)
            }
            "each" => match (&scope.each, first.as_str()) {
                (Some((key, _)), "key") => Tree::text_of(key.as_str()),
                (Some((_, value)), "value") => follow(Tree::clone(value), rest),
                _ => Tree::default(),
            },
            "module" => self.output(first, rest, scope, depth),
            "path" => Tree::text_of("."),
            "data" => match rest.split_first() {
                Some((Step::Name(label), rest)) => self.declared(true, first, label, rest, scope, depth),
                _ => Tree::default(),
            },
            kind => self.declared(false, kind, first, rest, scope, depth),
        }
    }

    fn step(&self, step: &Written, scope: &Scope<'a>, depth: usize) -> Step {
        match step {
            Written::Attribute(name) => Step::Name(name.clone()),
            Written::Index(index) => {
                let index = self.at(index, scope, depth + 1);
                index.text().map_or(Step::Unknown, |text| Step::Key(text.to_owned()))
            }
            Written::Splat => Step::All,
        }
    }

    fn variable(&self, name: &str, scope: &Scope<'a>, depth: usize) -> Tree {
        let given = scope.given.get(name).cloned().and_then(known);
        let default = || {
            let default = scope.module.variables.get(name)?.body.attributes.get("default")?;
            Some(self.at(default, scope, depth + 1))
        };
        given.or_else(default).unwrap_or_default()
    }

    /// `module.NAME[KEY].OUTPUT`
    fn output(&self, name: &str, rest: &[Step], scope: &Scope<'a>, depth: usize) -> Tree {
        let found = || {
            let call = scope.module.calls.get(name)?;
            let target = super::local_source(&scope.directory, call)?;
            let (key, rest) = keyed(rest);
            let outer = self.chosen(call, scope, key)?;
            let inner = self.called(&target, call, &outer)?;
            let (Step::Name(output), rest) = rest.split_first()? else { return None };
            let value = inner.module.outputs.get(output)?.body.attributes.get("value")?;
            Some(follow(self.at(value, &inner, depth + 1), rest))
        };
        found().unwrap_or_default()
    }

    /// The instance of a block with this key.
    fn chosen(&self, block: &Block, scope: &Scope<'a>, key: Option<&str>) -> Option<Scope<'a>> {
        let instances = self.instances(block, scope);
        let fits = |s: &Scope<'_>| match (key, &s.each) {
            (Some(key), Some((own, _))) => own == key,
            _ => true,
        };
        instances.into_iter().find(fits)
    }

    /// An attribute of a resource or data source.
    fn declared(
        &self,
        is_data: bool,
        kind: &str,
        label: &str,
        rest: &[Step],
        scope: &Scope<'a>,
        depth: usize,
    ) -> Tree {
        let (key, rest) = keyed(rest);
        let Some((Step::Name(attribute), rest)) = rest.split_first() else { return Tree::default() };
        let account = || Tree::text_of(self.account.unwrap_or(UNKNOWN));
        match (kind, attribute.as_str()) {
            ("aws_caller_identity", "account_id") => return account(),
            ("aws_partition", "partition") => return Tree::text_of("aws"),
            ("aws_region", _) => return Tree::text_of(self.region(scope)),
            _ => {}
        }
        let map = if is_data { &scope.module.data } else { &scope.module.resources };
        let found = || {
            let block = map.get(&(kind.to_owned(), label.to_owned()))?;
            let scope = self.chosen(block, scope, key)?;
            if (kind, attribute.as_str()) == ("aws_iam_policy_document", "json") {
                return Some(self.body(&block.body, &scope));
            }
            let own = |name: &str| {
                let value = self.at(block.body.attributes.get(name)?, &scope, depth + 1);
                value.any_text().map(str::to_owned)
            };
            if let Some(value) = block.body.attributes.get(attribute.as_str()) {
                return Some(follow(self.at(value, &scope, depth + 1), rest));
            }
            self.computed(kind, attribute, &own, &scope).map(Tree::text_of)
        };
        found().unwrap_or_default()
    }

    /// An attribute that AWS makes of others.
    fn computed(
        &self,
        kind: &str,
        attribute: &str,
        own: &dyn Fn(&str) -> Option<String>,
        scope: &Scope<'a>,
    ) -> Option<String> {
        let account = self.account.unwrap_or(UNKNOWN);
        let name = own("name");
        match (kind, attribute) {
            ("aws_iam_role" | "aws_ssm_parameter", "id") => name,
            ("aws_iam_role", "arn") => Some(format!("arn:aws:iam::{account}:role/{}", name?)),
            ("aws_iam_policy", "arn" | "id") => Some(format!("arn:aws:iam::{account}:policy/{}", name?)),
            ("aws_ssm_parameter", "arn") => {
                let name = name?;
                let slash = if name.starts_with('/') { "" } else { "/" };
                Some(format!("arn:aws:ssm:{}:{account}:parameter{slash}{name}", self.region(scope)))
            }
            ("aws_secretsmanager_secret" | "aws_secretsmanager_secret_version", "arn" | "id") => Some(
                format!("arn:aws:secretsmanager:{}:{account}:secret:{}-{UNKNOWN}", self.region(scope), name?),
            ),
            ("aws_ecr_repository", "repository_url") => {
                Some(format!("{account}.dkr.ecr.{}.amazonaws.com/{}", self.region(scope), name?))
            }
            ("aws_s3_bucket", "id") => own("bucket"),
            _ => None,
        }
    }

    /// The region of the module's provider; a called module has none of its own.
    fn region(&self, scope: &Scope<'a>) -> String {
        let provider = scope.module.providers.first().and_then(|p| p.constant("region"));
        provider.unwrap_or(UNKNOWN).to_owned()
    }
}

/// One step of a traversal.
enum Step {
    Name(String),
    Key(String),
    All,
    Unknown,
}

/// The instance's key before an attribute, if there is one.
fn keyed(steps: &[Step]) -> (Option<&str>, &[Step]) {
    match steps.split_first() {
        Some((Step::Key(key), rest)) => (Some(key), rest),
        Some((Step::Unknown | Step::All, rest)) => (None, rest),
        _ => (None, steps),
    }
}

fn follow(mut value: Tree, steps: &[Step]) -> Tree {
    for (at, step) in steps.iter().enumerate() {
        let next = match (step, &value.value) {
            (Step::Name(name) | Step::Key(name), Value::Map(_)) => value.get_exactly(name).cloned(),
            (Step::Key(index), Value::List(items)) => {
                index.parse::<usize>().ok().and_then(|i| items.get(i)).cloned()
            }
            (Step::All, Value::List(items)) => {
                let rest = steps.get(at + 1..).unwrap_or_default();
                return Tree::list(items.iter().map(|i| follow(i.clone(), rest)).collect());
            }
            _ => None,
        };
        value = next.unwrap_or_default();
    }
    value
}

/// Keys and values of a collection; a list has its indexes for keys.
fn pairs(collection: &Tree) -> Vec<(Tree, Tree)> {
    match &collection.value {
        Value::Map(entries) => entries.iter().map(|(k, v)| (Tree::text_of(k.as_str()), v.clone())).collect(),
        Value::List(items) => {
            items.iter().enumerate().map(|(i, v)| (Tree::text_of(i.to_string()), v.clone())).collect()
        }
        _ => Vec::new(),
    }
}

impl Scope<'_> {
    fn with(&self, name: &str, value: Tree) -> Self {
        let mut out = self.clone();
        out.names.push((name.to_owned(), Rc::new(value)));
        out
    }

    fn name(&self, name: &str) -> Option<Tree> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, value)| Tree::clone(value))
    }
}
