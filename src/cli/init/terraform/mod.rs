//! Terraform source, as far as it says what runs and what it may read: root modules, the local modules that they call,
//! and their resources with the values that can be worked out without a plan.

mod evaluate;
mod function;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Tree, Value};
use evaluate::{Evaluator, Scope};
use source::Block;
pub(super) use source::Module;

/// Most instances of modules and resources.
const MAX_INSTANCES: usize = 5_000;
/// Deepest chain of calls.
const MAX_CALLS: usize = 8;
/// Stack for the parser and the evaluator, which recurse as deep as expressions are nested.
const STACK: usize = 64 << 20;

/// What is said where the thread of the parser or the evaluator could not run to its end.
const NOT_READ: &str = "its Terraform files could not be read";

/// Kinds of resources that say something of a contract.
const KINDS: [&str; 9] = [
    "aws_ecs_task_definition",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_policy",
    "aws_iam_role_policy_attachment",
    "aws_ssm_parameter",
    "aws_secretsmanager_secret",
    "aws_ecr_repository",
    "aws_s3_bucket",
];

/// Something that a file declares: a Terraform resource, or the same in a template or a document of its own.
pub(super) struct Resource {
    /// Terraform's name of its kind.
    pub(super) kind: String,
    /// Its label or logical ID.
    pub(super) label: String,
    /// Its file and line.
    pub(super) from: String,
    /// Its attributes and blocks.
    pub(super) body: Tree,
}

/// What all Terraform files of a repository say.
#[derive(Default)]
pub(super) struct Terraform {
    /// Directories that no other calls as a module, and what they declare.
    pub(super) roots: BTreeMap<String, Vec<Resource>>,
    /// The regions of the providers, with their places.
    pub(super) regions: Vec<(String, String)>,
    /// Modules that are called and lie elsewhere.
    pub(super) elsewhere: BTreeSet<String>,
    /// Roots that were not worked out whole, and why.
    pub(super) cut: Vec<(String, String)>,
}

/// Files of the repository that expressions may read, by path.
pub(super) type Texts<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Reads the files: by directory, each with its path and text. Faults are told as path and reason.
pub(super) fn parse(
    files: &BTreeMap<String, Vec<(String, String)>>,
    chosen: Option<&str>,
) -> (BTreeMap<String, Module>, Vec<(String, String)>) {
    let read = || {
        let (mut modules, mut faults) = (BTreeMap::new(), Vec::new());
        for (directory, files) in files {
            let module = Module::read(files, chosen, &mut faults);
            modules.insert(directory.clone(), module);
        }
        (modules, faults)
    };
    let broken = || (BTreeMap::new(), vec![(".".to_owned(), NOT_READ.to_owned())]);
    on_large_stack(read).unwrap_or_else(broken)
}

/// Evaluates all roots.
pub(super) fn evaluate(
    modules: &BTreeMap<String, Module>,
    account: Option<&str>,
    texts: Texts<'_>,
) -> Terraform {
    let broken = || Terraform { cut: vec![(".".to_owned(), NOT_READ.to_owned())], ..Terraform::default() };
    on_large_stack(|| {
        let called = called(modules);
        let roots = modules.keys().filter(|d| !called.contains(*d));
        let mut terraform = Terraform::default();
        for root in roots {
            let evaluator = Evaluator::new(modules, account, texts);
            let mut walk = Walk {
                evaluator: &evaluator,
                out: Vec::new(),
                terraform: &mut terraform,
                left: MAX_INSTANCES,
                cut: BTreeSet::new(),
            };
            if let Some(scope) = evaluator.root(root) {
                walk.module(&scope, 0);
            }
            let (out, mut cut) = (walk.out, walk.cut);
            if evaluator.is_cut() {
                cut.insert("Terraform that is too intricate to be worked out whole".to_owned());
            }
            terraform.cut.extend(cut.into_iter().map(|reason| (root.clone(), reason)));
            if !out.is_empty() {
                terraform.roots.insert(root.clone(), out);
            }
        }
        terraform
    })
    .unwrap_or_else(broken)
}

fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}

/// Directories that are called as modules.
fn called(modules: &BTreeMap<String, Module>) -> BTreeSet<String> {
    let calls = modules.iter().flat_map(|(d, m)| m.calls.values().map(move |call| (d, call)));
    calls.filter_map(|(directory, call)| local_source(directory, call)).collect()
}

/// The directory of a local module.
fn local_source(directory: &str, call: &Block) -> Option<String> {
    let source = call.constant("source")?;
    source.starts_with('.').then(|| super::paths::join(directory, source)).flatten()
}

struct Walk<'w, 'a> {
    evaluator: &'w Evaluator<'a>,
    terraform: &'w mut Terraform,
    out: Vec<Resource>,
    left: usize,
    /// Why not all was walked.
    cut: BTreeSet<String>,
}

impl<'a> Walk<'_, 'a> {
    /// Counts an instance of a resource or module; the answer is whether it may be looked at.
    fn instance(&mut self) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            self.cut.insert(format!(
                "only the first {MAX_INSTANCES} instances of its resources and modules were looked at"
            ));
            return false;
        };
        self.left = left;
        true
    }

    fn module(&mut self, scope: &Scope<'a>, depth: usize) {
        for ((kind, label), block) in &scope.module.resources {
            if !KINDS.contains(&kind.as_str()) {
                continue;
            }
            for instance in self.evaluator.instances(block, scope) {
                if !self.instance() {
                    return;
                }
                let body = self.evaluator.body(&block.body, &instance);
                let (kind, label) = (kind.clone(), label.clone());
                self.out.push(Resource { kind, label, from: block.place(), body });
            }
        }
        for provider in &scope.module.providers {
            let region = provider.body.attributes.get("region").map(|e| self.evaluator.value(e, scope));
            if let Some(region) = region.as_ref().and_then(Tree::text) {
                self.terraform.regions.push((region.to_owned(), provider.place()));
            }
        }
        for (name, call) in &scope.module.calls {
            if depth == MAX_CALLS {
                self.cut.insert(format!("modules more than {MAX_CALLS} calls deep are not looked at"));
                return;
            }
            let Some(target) = local_source(&scope.directory, call) else {
                let source = call.constant("source").unwrap_or("a computed source");
                self.terraform.elsewhere.insert(format!("{name} ({source}), {}", call.place()));
                continue;
            };
            for instance in self.evaluator.instances(call, scope) {
                if !self.instance() {
                    return;
                }
                if let Some(inner) = self.evaluator.called(&target, call, &instance) {
                    self.module(&inner, depth + 1);
                }
            }
        }
    }
}

/// The value, or nothing where it is not known.
fn known(tree: Tree) -> Option<Tree> {
    (!matches!(tree.value, Value::Unknown)).then_some(tree)
}

/// Directories that no other calls as a module.
pub(super) fn roots(modules: &BTreeMap<String, Module>) -> Vec<&str> {
    let called = called(modules);
    modules.keys().filter(|d| !called.contains(*d)).map(String::as_str).collect()
}
