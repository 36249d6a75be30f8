//! The blocks of Terraform files, by what they declare.

use std::collections::BTreeMap;

use seaworthy_aws::terraform::{self, Body, Expression, HclError, Nested, is_override};

/// A block and its place.
#[derive(Default)]
pub(super) struct Block {
    file: String,
    line: u32,
    pub(super) body: Body,
}

impl Block {
    /// Its file and line.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// An attribute that is a plain text.
    pub(super) fn constant(&self, name: &str) -> Option<&str> {
        self.body.attributes.get(name)?.as_text()
    }
}

/// What an override file says goes over what is there.
fn overlay(body: &mut Body, other: Body) {
    body.attributes.extend(other.attributes);
    body.blocks.retain(|block| !other.blocks.iter().any(|over| over.kind == block.kind));
    body.blocks.extend(other.blocks);
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
        let is_override = |path: &str| is_override(path.rsplit('/').next().unwrap_or(path));
        let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| is_override(path));
        for (path, text) in first.into_iter().chain(last) {
            let read = if path.ends_with(".tfvars") {
                out.give(path, text, chosen)
            } else {
                out.add(path, text, is_override(path))
            };
            if let Err(HclError { line, column, reason }) = read {
                faults.push((path.clone(), format!("is not HCL at line {line}, column {column}: {reason}")));
            }
        }
        out
    }

    /// Adds the values of a file of variables, if Terraform reads it without being told or it was asked for.
    fn give(&mut self, path: &str, text: &str, chosen: Option<&str>) -> Result<(), HclError> {
        let values = terraform::values(text)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == "terraform.tfvars" || name.ends_with(".auto.tfvars") || chosen == Some(path) {
            self.given.extend(values);
        }
        Ok(())
    }

    fn add(&mut self, path: &str, text: &str, overrides: bool) -> Result<(), HclError> {
        for (Nested { kind, labels, body, .. }, line) in terraform::blocks(text)? {
            let block = Block { file: path.to_owned(), line, body };
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
        Ok(())
    }
}

fn put<K: Ord>(map: &mut BTreeMap<K, Block>, key: K, block: Block, overrides: bool) {
    match map.get_mut(&key) {
        Some(there) if overrides => overlay(&mut there.body, block.body),
        _ => _ = map.insert(key, block),
    }
}
