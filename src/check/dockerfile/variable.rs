//! Which variables of a Dockerfile are secrets.

use super::literal::{assigned, scripts, severity};
use crate::artifact::dockerfile::shell::{Script, Word};
use crate::artifact::dockerfile::{Binding, BindingKind};
use crate::check::Context;
use crate::check::build::{Recipe, Run};
use crate::detect::validate::{NameKind, is_placeholder, name_kind};
use crate::finding::Severity;

/// Whether a variable is a secret, by its value or, where the file does not tell the value, by its name.
pub(super) fn is_secret(context: &Context<'_>, binding: &Binding) -> bool {
    let name = binding.name.as_str();
    let kind = name_kind(name.as_bytes());
    let named = kind != NameKind::Harmless;
    let Some(value) = &binding.value else { return named };
    let bad = |s: &crate::check::TextSecret| severity(s, name, false) > Severity::Low;
    if assigned(context, name, value.as_str()).iter().any(bad) {
        return true;
    }
    // A default that stands for nothing is there to be overridden.
    let open = match binding.kind {
        BindingKind::Arg | BindingKind::GlobalArg => {
            value.as_str().is_empty() || !value.is_known() || is_placeholder(value.as_str().as_bytes())
        }
        BindingKind::Env => !value.is_known(),
    };
    let text = value.as_str().as_bytes();
    named && open && (text.is_empty() || !crate::detect::validate::is_plain_setting(text))
}

/// The secret variables that a `RUN` sees and names, and the secret arguments that it sees, named or not.
pub(super) fn secrets_of(context: &Context<'_>, recipe: &Recipe<'_>, run: &Run<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let arguments = recipe.resolution.args_at(run.instruction);
    names.extend(arguments.iter().filter(|b| is_secret(context, b)).map(|b| b.name.to_string()));
    for name in used(&run.script) {
        let binding = recipe.resolution.binding_at(run.instruction, &name);
        if !names.contains(&name) && binding.is_some_and(|b| is_secret(context, b)) {
            names.push(name);
        }
    }
    names
}

/// The names of all variables in a script, each once.
pub(super) fn used(script: &Script) -> Vec<String> {
    let mut names = Vec::new();
    for script in scripts(script) {
        let own = script.commands.iter().flat_map(|c| c.all_words());
        let grouped = script.groups.iter().flat_map(|g| &g.redirections);
        let words = own.chain(grouped.flat_map(|r| std::iter::once(&r.target).chain(&r.body)));
        for (name, _) in words.flat_map(Word::variables) {
            if !names.iter().any(|n| n == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}
