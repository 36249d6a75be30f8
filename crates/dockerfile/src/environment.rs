//! The variables of each stage: which `ARG` or `ENV` set them, in what order, and what no one can know before the
//! build.

use std::collections::HashMap;

use super::expand::{self, Found, Quotes};
use super::expanded::{Expanded, SubstitutionError};
use super::file::Dockerfile;
use super::instruction::{ArgDeclaration, Instruction, Kind};
use super::stage::Base;
use super::text::Text;
use super::words::{self, Pair};
use seaworthy_source::Span;

/// One variable as an `ARG` or an `ENV` sets it.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its name.
    pub name: Text,
    /// What sets it.
    pub kind: BindingKind,
    /// The instruction that does. For a trigger, the `ONBUILD` in the parent stage.
    pub instruction: usize,
    /// Where its value is written, if it is.
    pub value_span: Option<Span>,
    /// Its value; `None` when the file does not tell: an `ARG` that has neither a default nor a value to take over, or
    /// a value that cannot be expanded.
    pub value: Option<Expanded>,
    /// Why the value cannot be expanded.
    pub error: Option<SubstitutionError>,
}

/// What sets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// An `ARG` before the first `FROM`.
    GlobalArg,
    /// An `ARG` in a stage. The build may override its default.
    Arg,
    /// An `ENV`.
    Env,
}

/// Most bytes of values that the bindings of one file may hold together. What lies beyond is unknown, with
/// [`SubstitutionError::TooLarge`] as the reason.
const MAX_TOTAL: usize = 16 << 20;

/// The arguments before the first `FROM`.
pub(super) struct GlobalArgs {
    bindings: Vec<Binding>,
    last: HashMap<String, usize>,
    escape: char,
    spent: usize,
}

impl GlobalArgs {
    pub(super) fn new(instructions: &[Instruction], escape: char) -> Self {
        let mut globals = Self { bindings: Vec::new(), last: HashMap::new(), escape, spent: 0 };
        for (i, instruction) in instructions.iter().enumerate() {
            let Kind::Arg(declarations) = &instruction.kind else { break };
            for declaration in declarations {
                let value = declaration.default.as_ref().map(|d| globals.expand(&d.raw));
                let binding = bound(declaration, BindingKind::GlobalArg, i, value, &mut globals.spent);
                globals.last.insert(declaration.name.to_string(), globals.bindings.len());
                globals.bindings.push(binding);
            }
        }
        globals
    }

    /// Expands the base or the platform of a `FROM`. What is not declared may be one of the platform arguments.
    pub(super) fn expand(&self, text: &Text) -> Result<Expanded, SubstitutionError> {
        expand::expand(text, self.escape, Quotes::Remove, &|name| match self.last.get(name) {
            Some(i) => found(&self.bindings, *i),
            None if is_platform_argument(name) => Found::Unknown(None),
            None => Found::Unset,
        })
    }
}

fn bound(
    declaration: &ArgDeclaration,
    kind: BindingKind,
    instruction: usize,
    value: Option<Result<Expanded, SubstitutionError>>,
    spent: &mut usize,
) -> Binding {
    let (value, error) = charge(value, spent);
    let value_span = declaration.default.as_ref().map(|d| d.raw.span());
    Binding { name: declaration.name.clone(), kind, instruction, value_span, value, error }
}

/// Pays for a value from the budget of the file.
fn charge(
    value: Option<Result<Expanded, SubstitutionError>>,
    spent: &mut usize,
) -> (Option<Expanded>, Option<SubstitutionError>) {
    const PART: usize = 64;
    match value {
        None => (None, None),
        Some(Err(error)) => (None, Some(error)),
        Some(Ok(value)) => {
            *spent = spent.saturating_add(value.as_str().len() + value.parts().len() * PART);
            if *spent > MAX_TOTAL { (None, Some(SubstitutionError::TooLarge)) } else { (Some(value), None) }
        }
    }
}

fn found(bindings: &[Binding], i: usize) -> Found<'_> {
    match bindings.get(i).and_then(|b| b.value.as_ref()) {
        Some(value) => Found::Set(value, i),
        None => Found::Unknown(Some(i)),
    }
}

/// The arguments that BuildKit sets in the global scope.
fn is_platform_argument(name: &str) -> bool {
    const NAMES: [&str; 5] = ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"];
    name == "TARGETSTAGE"
        || name
            .strip_prefix("TARGET")
            .or_else(|| name.strip_prefix("BUILD"))
            .is_some_and(|n| NAMES.contains(&n))
}

/// The variables of one stage.
#[derive(Default)]
struct Scope {
    /// Bindings of each name, in order.
    names: HashMap<String, Vec<usize>>,
    /// The number of bindings there were when each instruction of the stage began.
    before: Vec<usize>,
    base: Option<Base>,
}

/// The variables of all stages of a file.
pub struct Resolution<'a> {
    file: &'a Dockerfile,
    bindings: Vec<Binding>,
    globals: HashMap<String, usize>,
    scopes: Vec<Scope>,
    spent: usize,
}

impl<'a> Resolution<'a> {
    pub(super) fn new(file: &'a Dockerfile) -> Self {
        let GlobalArgs { bindings, last, spent, .. } = GlobalArgs::new(&file.instructions, file.escape);
        let mut resolution = Self { file, bindings, globals: last, scopes: Vec::new(), spent };
        for stage in &file.stages {
            resolution.scopes.push(Scope { base: Some(stage.base), ..Scope::default() });
            let triggers: Vec<(usize, &Instruction)> = file.triggers(stage).collect();
            for i in stage.instructions.clone() {
                if let Some(scope) = resolution.scopes.last_mut() {
                    scope.before.push(resolution.bindings.len());
                }
                resolution.bind(i, &file.instructions[i]);
                if i == stage.instructions.start {
                    for (number, trigger) in &triggers {
                        resolution.bind(*number, trigger);
                    }
                }
            }
        }
        resolution
    }

    /// Adds what an instruction of the last stage sets.
    fn bind(&mut self, number: usize, instruction: &Instruction) {
        let stage = self.scopes.len().saturating_sub(1);
        let escape = self.file.escape;
        match &instruction.kind {
            Kind::Env(pairs) => {
                // All pairs of one instruction see the variables as they were before it.
                let limit = self.bindings.len();
                for Pair { key, value, .. } in pairs {
                    let expanded = self.expand_at(stage, limit, &value.raw, escape, Quotes::Remove);
                    let (expanded, error) = charge(Some(expanded), &mut self.spent);
                    let value_span = Some(value.span());
                    let (name, kind) = (words::unquote(key, escape), BindingKind::Env);
                    self.push(
                        stage,
                        Binding { name, kind, instruction: number, value_span, value: expanded, error },
                    );
                }
            }
            Kind::Arg(declarations) => {
                for declaration in declarations {
                    let limit = self.bindings.len();
                    let value = match &declaration.default {
                        Some(default) => {
                            Some(self.expand_at(stage, limit, &default.raw, escape, Quotes::Remove))
                        }
                        None => self.inherited_value(stage, limit, &declaration.name).map(Ok),
                    };
                    let binding = bound(declaration, BindingKind::Arg, number, value, &mut self.spent);
                    self.push(stage, binding);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, stage: usize, binding: Binding) {
        if let Some(scope) = self.scopes.get_mut(stage) {
            scope.names.entry(binding.name.to_string()).or_default().push(self.bindings.len());
            self.bindings.push(binding);
        }
    }

    /// What `ARG NAME` in a stage takes over: the global argument's value, or what the variable already had.
    fn inherited_value(&self, stage: usize, limit: usize, name: &str) -> Option<Expanded> {
        let global = self.globals.get(name).and_then(|i| self.bindings.get(*i)?.value.clone());
        global.or_else(|| match self.find(stage, limit, name) {
            Found::Set(value, _) => Some(value.clone()),
            Found::Unset | Found::Unknown(_) => None,
        })
    }

    /// What is known of a variable in a stage after the first `limit` bindings of the file.
    fn find(&self, stage: usize, limit: usize, name: &str) -> Found<'_> {
        let mut stage = stage;
        while let Some(scope) = self.scopes.get(stage) {
            let last = scope.names.get(name).and_then(|all| {
                let visible = all.partition_point(|i| *i < limit);
                all.get(visible.checked_sub(1)?)
            });
            if let Some(i) = last {
                return found(&self.bindings, *i);
            }
            match scope.base {
                // A stage is bound wholly before its children, so the limit hides nothing of it.
                Some(Base::Stage(parent)) => stage = parent,
                Some(Base::Image) if is_name(name) => return Found::Unknown(None),
                _ if name == "PATH" => return Found::Unknown(None),
                _ => return Found::Unset,
            }
        }
        Found::Unset
    }

    fn expand_at(
        &self,
        stage: usize,
        limit: usize,
        text: &Text,
        escape: char,
        quotes: Quotes,
    ) -> Result<Expanded, SubstitutionError> {
        expand::expand(text, escape, quotes, &|name| self.find(stage, limit, name))
    }

    /// Expands a text of an instruction, a raw value with its quotes, as BuildKit does before it carries the
    /// instruction out. For a `FROM` and the arguments before it, the global arguments count.
    ///
    /// BuildKit expands: the base and platform of `FROM`; defaults of `ARG`; keys and values of `ENV` and `LABEL`;
    /// sources, destination, `--chown`, `--chmod` and `--checksum` of `COPY` and `ADD`; mount options; the words of
    /// `WORKDIR`, `USER`, `VOLUME`, `EXPOSE` and `STOPSIGNAL`. It leaves commands to the shell.
    ///
    /// # Errors
    /// When the text is no valid substitution, or a required variable is not set.
    pub fn expand(&self, instruction: usize, text: &Text) -> Result<Expanded, SubstitutionError> {
        self.expand_in(instruction, text, Quotes::Remove)
    }

    /// Expands a heredoc's body, where quotes are plain characters.
    ///
    /// # Errors
    /// As for [`Self::expand`].
    pub fn expand_heredoc(&self, instruction: usize, body: &Text) -> Result<Expanded, SubstitutionError> {
        self.expand_in(instruction, body, Quotes::Ignore)
    }

    fn expand_in(
        &self,
        instruction: usize,
        text: &Text,
        quotes: Quotes,
    ) -> Result<Expanded, SubstitutionError> {
        let escape = self.file.escape;
        match self.place(instruction) {
            Some((stage, limit)) => self.expand_at(stage, limit, text, escape, quotes),
            None => {
                let limit = self.bindings.partition_point(|b| {
                    b.kind == BindingKind::GlobalArg
                        && (b.instruction < instruction || self.file.stage_of(instruction).is_some())
                });
                expand::expand(text, escape, quotes, &|name| self.find_global(limit, name))
            }
        }
    }

    /// The stage of an instruction and the bindings before it; `None` for `FROM` and what comes before the first.
    fn place(&self, instruction: usize) -> Option<(usize, usize)> {
        let stage = self.file.stage_of(instruction)?;
        if stage.instructions.start == instruction {
            return None;
        }
        let scope = self.scopes.get(stage.index)?;
        Some((stage.index, *scope.before.get(instruction - stage.instructions.start)?))
    }

    fn find_global(&self, limit: usize, name: &str) -> Found<'_> {
        let globals = self.bindings.get(..limit).unwrap_or_default();
        match globals.iter().rposition(|b| b.name.as_str() == name) {
            Some(i) => found(&self.bindings, i),
            None if is_platform_argument(name) => Found::Unknown(None),
            None => Found::Unset,
        }
    }

    /// The file.
    pub fn file(&self) -> &'a Dockerfile {
        self.file
    }

    /// All bindings of the file, in order. Their numbers are those of `Via::binding`.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// A binding by number.
    pub fn binding(&self, number: usize) -> Option<&Binding> {
        self.bindings.get(number)
    }

    /// The binding that gives a variable its value in an instruction of a stage: the last one before it, in the
    /// stage or in those that it is built on.
    pub fn binding_at(&self, instruction: usize, name: &str) -> Option<&Binding> {
        let (stage, limit) = self.place(instruction)?;
        match self.find(stage, limit, name) {
            Found::Set(_, i) | Found::Unknown(Some(i)) => self.bindings.get(i),
            Found::Unset | Found::Unknown(None) => None,
        }
    }

    /// The build arguments that an instruction of a stage sees, in the order of their declaration, each name once
    /// with its last binding: what a `RUN` writes into the image's history.
    pub fn args_at(&self, instruction: usize) -> Vec<&Binding> {
        let Some((stage, limit)) = self.place(instruction) else { return Vec::new() };
        self.args_in(stage, limit)
    }

    fn args_in(&self, stage: usize, limit: usize) -> Vec<&Binding> {
        let mut lineage = vec![stage];
        while let Some(Some(Base::Stage(parent))) =
            lineage.last().and_then(|s| self.scopes.get(*s)).map(|s| s.base)
        {
            lineage.push(parent);
        }
        let mut numbers: Vec<usize> = Vec::new();
        for stage in lineage {
            let all = self.scopes.get(stage).into_iter().flat_map(|s| s.names.values().flatten());
            numbers.extend(all.copied().filter(|i| *i < limit && self.bindings[*i].kind == BindingKind::Arg));
        }
        numbers.sort_unstable();
        let mut order: Vec<&str> = Vec::new();
        let mut last: HashMap<&str, &Binding> = HashMap::new();
        for binding in numbers.into_iter().filter_map(|i| self.bindings.get(i)) {
            if last.insert(&binding.name, binding).is_none() {
                order.push(&binding.name);
            }
        }
        order.into_iter().filter_map(|name| last.get(name).copied()).collect()
    }
}

/// Whether a program can have a variable of that name in its environment.
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
