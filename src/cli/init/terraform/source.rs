//! The blocks of Terraform files, by what they declare.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block as Written, BlockLabel, Body as WrittenBody, Structure};

/// Deepest nesting of brackets in a file that is parsed.
const MAX_DEPTH: usize = 100;

/// What stands in a block.
#[derive(Default)]
pub(super) struct Body {
    pub(super) attributes: BTreeMap<String, Expression>,
    /// Blocks in it, by their kind; `dynamic "x"` has its own label and stands under `dynamic`.
    pub(super) blocks: Vec<(String, Vec<String>, Self)>,
}

/// A block and its place.
#[derive(Default)]
pub(super) struct Block {
    file: String,
    line: usize,
    pub(super) body: Body,
}

impl Block {
    /// Its file and line.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl Body {
    /// An attribute that is a plain text.
    pub(super) fn constant(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name)? {
            Expression::String(text) => Some(text.as_str()),
            _ => None,
        }
    }

    fn of(body: WrittenBody) -> Self {
        let mut out = Self::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    out.attributes.insert(attribute.key.as_str().to_owned(), attribute.value);
                }
                Structure::Block(block) => {
                    let labels = labels(&block);
                    out.blocks.push((block.ident.as_str().to_owned(), labels, Self::of(block.body)));
                }
            }
        }
        out
    }

    /// What an override file says goes over what is there.
    fn overlay(&mut self, other: Self) {
        self.attributes.extend(other.attributes);
        self.blocks.retain(|(kind, ..)| !other.blocks.iter().any(|(other, ..)| other == kind));
        self.blocks.extend(other.blocks);
    }
}

fn labels(block: &Written) -> Vec<String> {
    let text = |label: &BlockLabel| match label {
        BlockLabel::Ident(ident) => ident.as_str().to_owned(),
        BlockLabel::String(text) => text.as_str().to_owned(),
    };
    block.labels.iter().map(text).collect()
}

/// The Terraform files of one directory.
#[derive(Default)]
pub(in crate::cli::init) struct Module {
    /// Resources by kind and label.
    pub(super) resources: BTreeMap<(String, String), Block>,
    pub(super) data: BTreeMap<(String, String), Block>,
    pub(super) locals: BTreeMap<String, Expression>,
    pub(super) variables: BTreeMap<String, Block>,
    pub(super) outputs: BTreeMap<String, Block>,
    pub(super) calls: BTreeMap<String, Block>,
    pub(super) providers: Vec<Block>,
    /// Values of variables from `*.tfvars`.
    pub(super) given: BTreeMap<String, Expression>,
}

impl Module {
    /// What it declares, to compare it with others: kinds and labels.
    pub(in crate::cli::init) fn addresses(&self) -> impl Iterator<Item = String> {
        let relevant = self.resources.keys().filter(|(kind, _)| super::KINDS.contains(&kind.as_str()));
        let resources = relevant.map(|(kind, label)| format!("{kind}.{label}"));
        resources.chain(self.calls.keys().map(|name| format!("module.{name}")))
    }

    /// Reads the files of a directory, overrides last. `chosen` is a file of values that was asked for.
    pub(super) fn read(
        files: &[(String, String)],
        chosen: Option<&str>,
        faults: &mut Vec<(String, String)>,
    ) -> Self {
        let mut out = Self::default();
        let is_override = |path: &str| path.ends_with("override.tf");
        let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| is_override(path));
        for (path, text) in first.into_iter().chain(last) {
            match parse(text) {
                Ok(body) if path.ends_with(".tfvars") => {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    let is_read = name == "terraform.tfvars" || name.ends_with(".auto.tfvars");
                    if is_read || chosen == Some(path) {
                        out.given.extend(Body::of(body).attributes);
                    }
                }
                Ok(body) => out.add(path, text, body, is_override(path)),
                Err(fault) => faults.push((path.clone(), fault)),
            }
        }
        out
    }

    fn add(&mut self, path: &str, text: &str, body: WrittenBody, overrides: bool) {
        let mut lines = Lines { text, at: 0, line: 1 };
        for structure in body {
            let Structure::Block(block) = structure else { continue };
            let line = block.ident.span().map_or(1, |span| lines.of(span.start));
            let (kind, labels) = (block.ident.as_str().to_owned(), labels(&block));
            let block = Block { file: path.to_owned(), line, body: Body::of(block.body) };
            match (kind.as_str(), labels.as_slice()) {
                ("resource", [of, name]) => {
                    put(&mut self.resources, (of.clone(), name.clone()), block, overrides);
                }
                ("data", [of, name]) => put(&mut self.data, (of.clone(), name.clone()), block, overrides),
                ("variable", [name]) => put(&mut self.variables, name.clone(), block, overrides),
                ("output", [name]) => put(&mut self.outputs, name.clone(), block, overrides),
                ("module", [name]) => put(&mut self.calls, name.clone(), block, overrides),
                ("provider", [name]) if name == "aws" => self.providers.push(block),
                ("locals", _) => self.locals.extend(block.body.attributes),
                _ => {}
            }
        }
    }
}

fn put<K: Ord>(map: &mut BTreeMap<K, Block>, key: K, block: Block, overrides: bool) {
    match map.get_mut(&key) {
        Some(there) if overrides => there.body.overlay(block.body),
        _ => _ = map.insert(key, block),
    }
}

/// Parses a file. The fault names the place and repeats nothing.
fn parse(text: &str) -> Result<WrittenBody, String> {
    if !is_flat(text) {
        return Err("is nested too deeply to be read".to_owned());
    }
    let error = |e: hcl_edit::parser::Error| {
        format!("is not HCL at line {}, column {}", e.location().line(), e.location().column())
    };
    hcl_edit::parser::parse_body(text.trim_start_matches('\u{feff}')).map_err(error)
}

/// Whether brackets and operators are few enough for a parser that recurses.
fn is_flat(text: &str) -> bool {
    let (mut depth, mut run, mut choices) = (0_usize, 0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'?' => choices += 1,
            _ => {}
        }
        run = if matches!(byte, b'!' | b'-') { run + 1 } else { 0 };
        if depth > MAX_DEPTH || run > 1_000 || choices > 2_000 {
            return false;
        }
    }
    true
}

/// Counts lines; offsets ascend.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> usize {
        let passed = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count();
        self.at = self.at.max(offset);
        self.line
    }
}
