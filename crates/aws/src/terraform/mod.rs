//! The Terraform source that a plan was made of: where its resources are written, and the expressions that a plan leaves out.
//!
//! Read are `*.tf` and `*.tf.json` of a directory and of the modules that it calls: local ones by their path, others where
//! `terraform init` put them (`.terraform/modules/modules.json`).

mod body;
mod json;
mod parser;
mod syntax;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seaworthy_source::input;
use serde_json::Value;

use super::AwsError;
pub use body::{Body, HclError, Nested, blocks, template, values};
pub use syntax::{Expression, For, Names, Operator, Piece, Step};

/// The largest file, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// The largest file that an expression reads, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// Most bytes of all files.
const MAX_BYTES: usize = 128 << 20;
/// Most modules.
const MAX_MODULES: usize = 2_000;

/// The source of one root module, and of all modules that it calls.
pub struct Configuration {
    /// The directory as the user named it.
    root: PathBuf,
    /// By directory.
    modules: BTreeMap<PathBuf, Module>,
    /// Where modules from elsewhere are, by their calls' names with dots between.
    installed: BTreeMap<String, PathBuf>,
}

/// A module as it is written.
#[derive(Default)]
pub(crate) struct Module {
    /// Resources and data sources, by address without key: `aws_iam_role.app`, `data.aws_region.here`.
    pub resources: BTreeMap<String, Block>,
    pub locals: BTreeMap<String, Expression>,
    pub variables: BTreeMap<String, Body>,
    pub outputs: BTreeMap<String, Body>,
    pub calls: BTreeMap<String, Block>,
    /// The blocks of override files that change resources: what those say together is not known here.
    pub overrides: BTreeMap<String, Vec<Block>>,
}

/// A block, and where it is written.
pub(crate) struct Block {
    /// The file, as the user would name it.
    pub file: String,
    /// The line of its head, from 1.
    pub line: u32,
    pub body: Body,
    /// Where the file's lines end.
    breaks: Arc<[usize]>,
}

impl Block {
    /// The line of an offset in the block's file.
    pub fn line_of(&self, offset: usize) -> u32 {
        u32::try_from(self.breaks.partition_point(|end| *end < offset) + 1).unwrap_or(u32::MAX)
    }
}

/// Whether a file's blocks are laid over those of the others: `override.tf` and `*_override.tf`, and the same in JSON.
/// <https://developer.hashicorp.com/terraform/language/files/override>
pub fn is_override(name: &str) -> bool {
    let stem = name.trim_end_matches(".json").trim_end_matches(".tf");
    stem == "override" || stem.ends_with("_override")
}

impl Configuration {
    /// Reads the source of the root module in `directory`.
    ///
    /// # Errors
    /// [`AwsError`] if there is no Terraform file, or one cannot be read.
    pub fn read(directory: &Path) -> Result<Self, AwsError> {
        let mut out =
            Self { root: directory.to_owned(), modules: BTreeMap::new(), installed: installed(directory) };
        let mut left = MAX_BYTES;
        out.module(directory, &mut Vec::new(), &mut left)?;
        let is_empty = out.modules.get(directory).is_none_or(Module::is_empty);
        if is_empty {
            let reason = "holds no Terraform source: neither *.tf nor *.tf.json";
            return Err(AwsError::new(directory.display().to_string(), reason));
        }
        Ok(out)
    }

    /// The module that is called by these names, one after the other; the root has none.
    pub(crate) fn find(&self, calls: &[&str]) -> Option<(&Path, &Module)> {
        let mut directory = self.root.as_path();
        for (depth, name) in calls.iter().enumerate() {
            let module = self.modules.get(directory)?;
            let call = module.calls.get(*name)?;
            directory = self.called(directory, call, calls.get(..=depth)?)?;
        }
        let (directory, module) = self.modules.get_key_value(directory)?;
        Some((directory.as_path(), module))
    }

    /// The directory of a called module, if it was read.
    fn called(&self, from: &Path, call: &Block, names: &[&str]) -> Option<&Path> {
        let target = self.target(from, call, &names.join("."))?;
        self.modules.get_key_value(&target).map(|(directory, _)| directory.as_path())
    }

    fn target(&self, from: &Path, call: &Block, key: &str) -> Option<PathBuf> {
        let source = call.body.attributes.get("source").and_then(Expression::as_text)?;
        if source.starts_with("./") || source.starts_with("../") {
            return Some(plain(&from.join(source)));
        }
        self.installed.get(key).cloned()
    }

    fn module(
        &mut self,
        directory: &Path,
        names: &mut Vec<String>,
        left: &mut usize,
    ) -> Result<(), AwsError> {
        if self.modules.contains_key(directory) || self.modules.len() >= MAX_MODULES || names.len() > 32 {
            return Ok(());
        }
        let module = Module::read(directory, left)?;
        let mut calls = Vec::new();
        for (name, call) in &module.calls {
            let key = names.iter().map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join(".");
            calls.extend(self.target(directory, call, &key).map(|target| (name.clone(), target)));
        }
        self.modules.insert(directory.to_owned(), module);
        for (name, target) in calls.into_iter().filter(|(_, target)| target.is_dir()) {
            names.push(name);
            self.module(&target, names, left)?;
            names.pop();
        }
        Ok(())
    }

    /// The text of a file below the root directory, as `file` and `templatefile` read it.
    pub(crate) fn text(&self, path: &Path) -> Option<String> {
        let (path, length) = self.own_file(path)?;
        (length <= MAX_TEXT).then(|| std::fs::read_to_string(&path).ok()).flatten()
    }

    /// Whether it is a file below the root directory that is not read for its size.
    pub(crate) fn is_too_large(&self, path: &Path) -> bool {
        self.own_file(path).is_some_and(|(_, length)| length > MAX_TEXT)
    }

    /// A file below the root directory, and its bytes.
    fn own_file(&self, path: &Path) -> Option<(PathBuf, u64)> {
        let (root, path) = (self.root.canonicalize().ok()?, path.canonicalize().ok()?);
        let meta = std::fs::metadata(&path).ok().filter(|meta| meta.is_file() && path.starts_with(root))?;
        Some((path, meta.len()))
    }
}

/// A path without `.` and with `..` taken back, so that one directory has one name.
fn plain(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// What `terraform init` wrote of modules from elsewhere.
fn installed(root: &Path) -> BTreeMap<String, PathBuf> {
    let path = root.join(".terraform/modules/modules.json");
    let is_small = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE);
    let text = is_small.then(|| std::fs::read(&path).ok()).flatten().unwrap_or_default();
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    let entries = value.get("Modules").and_then(Value::as_array).cloned().unwrap_or_default();
    let entry = |entry: &Value| {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        Some((text("Key")?, plain(&root.join(text("Dir")?))))
    };
    entries.iter().filter_map(entry).filter(|(key, _)| !key.is_empty()).collect()
}

impl Module {
    fn is_empty(&self) -> bool {
        self.resources.is_empty()
            && self.locals.is_empty()
            && self.variables.is_empty()
            && self.outputs.is_empty()
            && self.calls.is_empty()
    }

    fn read(directory: &Path, left: &mut usize) -> Result<Self, AwsError> {
        let shown = |path: &Path| path.display().to_string();
        let fault = |e: std::io::Error| AwsError::new(shown(directory), e.to_string());
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if !name.starts_with('.') && (name.ends_with(".tf") || name.ends_with(".tf.json")) {
                files.push((name, path));
            }
        }
        files.sort();
        let mut out = Self::default();
        files.sort_by_key(|(name, _)| is_override(name));
        for (name, path) in files {
            let fault = |reason: String| AwsError::new(shown(&path), reason);
            let most = MAX_FILE.min(*left as u64);
            let bytes = input::read_file(&path, most).map_err(|error| fault(error.to_string()))?;
            *left -= bytes.len().min(*left);
            let text = String::from_utf8(bytes).map_err(|_| fault("not UTF-8".to_owned()))?;
            let breaks: Arc<[usize]> = text.match_indices('\n').map(|(at, _)| at).collect();
            let blocks = match name.ends_with(".json") {
                true => json::parse(&shown(&path), &text)?,
                false => blocks(&text).map_err(|error| fault(error.to_string()))?,
            };
            for (nested, line) in blocks {
                let block =
                    Block { file: shown(&path), line, body: Body::default(), breaks: Arc::clone(&breaks) };
                out.add(nested, block, is_override(&name));
            }
        }
        Ok(out)
    }

    /// Adds a block of the top level.
    fn add(&mut self, nested: Nested, at: Block, overrides: bool) {
        let Nested { kind, labels, body, .. } = nested;
        let block = |body| Block { body, ..at };
        match (kind.as_str(), labels.as_slice()) {
            ("resource" | "data", [of, name]) => {
                let local = format!("{}{of}.{name}", if kind == "data" { "data." } else { "" });
                if overrides {
                    self.overrides.entry(local).or_default().push(block(body));
                } else {
                    self.resources.insert(local, block(body));
                }
            }
            // Attributes of an override take the place of the block's own.
            ("module", [name]) if overrides => {
                if let Some(call) = self.calls.get_mut(name) {
                    call.body.attributes.extend(body.attributes);
                }
            }
            ("module", [name]) => {
                self.calls.insert(name.clone(), block(body));
            }
            ("variable", [name]) => {
                self.variables.entry(name.clone()).or_default().attributes.extend(body.attributes);
            }
            ("output", [name]) => {
                self.outputs.entry(name.clone()).or_default().attributes.extend(body.attributes);
            }
            ("locals", _) => self.locals.extend(body.attributes),
            _ => {}
        }
    }
}
