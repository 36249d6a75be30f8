//! Which variables of a Dockerfile are secrets.

use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};

use super::literal::{assigned, severity};
use crate::check::Context;
use crate::check::dockerfile::build::{Recipe, Run};
use crate::finding::Severity;
use seaworthy_detect::validate::{NameKind, is_placeholder, is_plain_setting, name_kind};
use seaworthy_dockerfile::{Base, Binding, BindingKind, Kind};

/// The secret variables of a file. Made in one pass: a file may have many variables and many commands.
pub(super) struct SecretVariables<'r> {
    recipe: &'r Recipe<'r>,
    /// For each binding, whether it is a secret.
    secret: Vec<bool>,
    /// The bindings that each instruction makes.
    made: HashMap<usize, Vec<usize>>,
    /// For each `RUN` that has one, the first secret argument in its scope, used there or not.
    in_scope: HashMap<usize, String>,
}

/// The shortest value that is looked for in texts, in bytes: a shorter one stands in many words.
const SHORTEST_VALUE: usize = 6;

/// The values of a file's secret variables.
pub struct SecretValues {
    values: AhoCorasick,
    /// For each, what is shown in its place.
    shown: Vec<String>,
}

impl SecretValues {
    /// Nothing if no secret variable has a value that could stand in a text.
    pub(super) fn of(context: &Context<'_>, recipe: &Recipe<'_>) -> Option<Self> {
        let (mut values, mut shown) = (Vec::new(), Vec::new());
        for binding in recipe.resolution.bindings() {
            let Some(value) = binding.value.as_ref().map(|v| v.as_str()) else { continue };
            if value.len() >= SHORTEST_VALUE && is_secret(context, recipe, binding) {
                values.push(value.to_owned());
                shown.push(format!("${}", seaworthy_source::escape_bytes(binding.name.as_str().as_bytes())));
            }
        }
        let found = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&values).ok();
        found.filter(|_| !values.is_empty()).map(|values| Self { values, shown })
    }

    /// The text with the variables' names in place of their values.
    pub(super) fn taken_out(&self, text: &str) -> String {
        self.values.replace_all(text, &self.shown)
    }
}

/// The first instruction that a secret argument's value lands in.
pub(super) struct Landing<'r> {
    /// The argument.
    pub(super) binding: &'r Binding,
    /// The instruction.
    pub(super) instruction: usize,
}

impl<'r> SecretVariables<'r> {
    pub(super) fn new(context: &Context<'_>, recipe: &'r Recipe<'r>) -> Self {
        let bindings = recipe.resolution.bindings();
        let secret: Vec<bool> = bindings.iter().map(|b| is_secret(context, recipe, b)).collect();
        let mut made: HashMap<usize, Vec<usize>> = HashMap::new();
        for (i, binding) in bindings.iter().enumerate() {
            made.entry(binding.instruction).or_default().push(i);
        }
        let mut all = Self { recipe, secret, made, in_scope: HashMap::new() };
        all.in_scope = all.scopes();
        all
    }

    /// Whether a binding is a secret.
    pub(super) fn is_secret(&self, number: usize) -> bool {
        self.secret.get(number).copied().unwrap_or(false)
    }

    /// The secret arguments that an instruction declares.
    fn declared(&self, instruction: usize) -> impl Iterator<Item = &'r Binding> {
        let bindings = self.recipe.resolution.bindings();
        let numbers = self.made.get(&instruction).into_iter().flatten();
        let secret: Vec<&Binding> = numbers
            .filter(|i| self.is_secret(**i))
            .filter_map(|i| bindings.get(*i))
            .filter(|b| b.kind == BindingKind::Arg)
            .collect();
        secret.into_iter()
    }

    fn scopes(&self) -> HashMap<usize, String> {
        let dockerfile = self.recipe.dockerfile;
        let mut out = HashMap::new();
        let mut ends: Vec<Option<String>> = Vec::new();
        for stage in &dockerfile.stages {
            let mut first = match stage.base {
                Base::Stage(parent) => ends.get(parent).cloned().flatten(),
                _ => None,
            };
            let triggers = dockerfile.triggers(stage).map(|(number, _)| number);
            for number in triggers.chain(stage.instructions.clone()) {
                match dockerfile.instructions.get(number).map(|i| &i.kind) {
                    // What it leaves for a child is not yet here.
                    Some(Kind::Onbuild(_)) if stage.instructions.contains(&number) => {}
                    Some(Kind::Run(_)) => {
                        if let Some(name) = &first {
                            out.insert(number, name.clone());
                        }
                    }
                    _ if first.is_none() => first = self.declared(number).next().map(|b| b.name.to_string()),
                    _ => {}
                }
            }
            ends.push(first);
        }
        out
    }

    /// Every secret argument whose value lands somewhere, with the first place: a `RUN` has all arguments in its
    /// scope, any other instruction those that `takes` says.
    pub(super) fn landings(&self, takes: impl Fn(usize, &str) -> bool) -> Vec<Landing<'r>> {
        let dockerfile = self.recipe.dockerfile;
        let mut out: Vec<Landing<'r>> = Vec::new();
        let mut ends: Vec<Vec<&'r Binding>> = Vec::new();
        let mut told: HashSet<(usize, String)> = HashSet::new();
        for stage in &dockerfile.stages {
            let mut open: Vec<&Binding> = match stage.base {
                Base::Stage(parent) => ends.get(parent).cloned().unwrap_or_default(),
                _ => Vec::new(),
            };
            let triggers = dockerfile.triggers(stage).map(|(number, _)| number);
            for number in triggers.chain(stage.instructions.clone()) {
                let Some(instruction) = dockerfile.instructions.get(number) else { continue };
                match &instruction.kind {
                    Kind::Onbuild(_) if stage.instructions.contains(&number) => continue,
                    Kind::Run(_) | Kind::Env(_) | Kind::Label(_) | Kind::Add(_) => {}
                    _ => {
                        open.extend(self.declared(number));
                        continue;
                    }
                }
                let run = matches!(instruction.kind, Kind::Run(_));
                let lands = |b: &&Binding| run || takes(number, &b.name);
                let (landed, rest): (Vec<&Binding>, Vec<&Binding>) = open.into_iter().partition(lands);
                open = rest;
                for binding in landed {
                    if told.insert((binding.instruction, binding.name.to_string())) {
                        out.push(Landing { binding, instruction: number });
                    }
                }
            }
            ends.push(open);
        }
        out
    }

    /// The secret variables that a `RUN` names, and the first secret argument that it sees without naming it.
    pub(super) fn of(&self, run: &Run<'_>) -> Vec<String> {
        let bindings = self.recipe.resolution.bindings();
        let named = |name: &String| {
            let found = self.recipe.resolution.binding_at(run.instruction, name);
            let number = found.and_then(|b| {
                let made = self.made.get(&b.instruction)?;
                made.iter().copied().find(|i| bindings.get(*i).is_some_and(|o| std::ptr::eq(o, b)))
            });
            number.is_some_and(|n| self.is_secret(n))
        };
        let mut names: Vec<String> = run.names.iter().filter(|n| named(n)).cloned().collect();
        names.sort_unstable();
        let other = self.in_scope.get(&run.instruction).filter(|n| !names.contains(n)).cloned();
        names.extend(other);
        names
    }
}

/// Whether a variable is a secret, by its value or, where the file does not tell the value, by its name or its use.
fn is_secret(context: &Context<'_>, recipe: &Recipe<'_>, binding: &Binding) -> bool {
    let own = binding.name.as_str();
    let is_used = recipe.is_used_as_secret(context, binding.instruction, own);
    let name = if is_used { "password" } else { own };
    let named = name_kind(name.as_bytes()) != NameKind::Harmless;
    let Some(value) = &binding.value else { return named };
    let bad = |s: &crate::check::TextSecret| severity(s, name, false) > Severity::Low;
    if assigned(context, name, value.as_str()).iter().any(bad) {
        return true;
    }
    // A default that stands for nothing is there to be overridden.
    let text = value.as_str().as_bytes();
    let open = match binding.kind {
        BindingKind::Arg | BindingKind::GlobalArg => {
            text.is_empty() || !value.is_known() || is_placeholder(text)
        }
        BindingKind::Env => !value.is_known(),
    };
    named && open && (text.is_empty() || !is_plain_setting(text))
}
