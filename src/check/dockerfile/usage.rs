//! Build arguments of neutral names that commands use as secrets: `ARG P` is a password in `curl -u ci:$P`.

use std::collections::HashSet;

use super::literal::in_command;
use crate::check::Context;
use crate::check::dockerfile::build::{Recipe, Run};
use seaworthy_detect::validate::{NameKind, name_kind};
use seaworthy_dockerfile::shell::{self, Word};
use seaworthy_dockerfile::{Binding, BindingKind, Text};
use seaworthy_source::Span;

/// What stands in a variable's place while a command is read: as good as random, of no vendor's form.
const STAND_IN: &str = "hX7PKR0CsTy4Qwb8zN2m";

/// The arguments that a command of the file uses where a literal would be a secret: the instruction that declares one,
/// and its name.
pub(super) fn used_as_secrets(context: &Context<'_>, recipe: &Recipe<'_>) -> HashSet<(usize, String)> {
    let mut found = HashSet::new();
    let arguments: HashSet<&str> =
        recipe.resolution.bindings().iter().filter(|b| may_be(b)).map(|b| b.name.as_str()).collect();
    for run in recipe.runs.iter().filter(|r| r.names.iter().any(|n| arguments.contains(n.as_str()))) {
        for name in names(context, run, &arguments) {
            let binding = recipe.resolution.binding_at(run.instruction, &name);
            if let Some(binding) = binding.filter(|b| may_be(b)) {
                found.insert((binding.instruction, name));
            }
        }
    }
    found
}

/// Whether a variable could be a secret whose name does not say so. A name that speaks of something else, as `…_FILE` and
/// `…_URL` do, says so.
fn may_be(binding: &Binding) -> bool {
    let name = binding.name.as_str();
    let of_secret = || name_kind(format!("SECRET_{name}").as_bytes()) != NameKind::Harmless;
    binding.kind != BindingKind::Env && name_kind(name.as_bytes()) == NameKind::Harmless && of_secret()
}

/// The variables among `arguments` that a `RUN` uses as secrets.
fn names(context: &Context<'_>, run: &Run<'_>, arguments: &HashSet<&str>) -> HashSet<String> {
    let Some(text) = run.text.as_ref() else { return HashSet::new() };
    let (command, stand_ins) = with_stand_ins(text.as_str(), arguments);
    let secrets = in_command(context, &command);
    let is_secret = |at: usize| secrets.iter().any(|s| s.span.contains(&at));
    stand_ins.into_iter().filter(|(at, _)| is_secret(*at)).map(|(_, name)| name).collect()
}

/// The command with [`STAND_IN`] for each use of these variables, and where in it each begins.
fn with_stand_ins(command: &str, variables: &HashSet<&str>) -> (String, Vec<(usize, String)>) {
    let script = shell::parse(&Text::of(command));
    let mut uses: Vec<(Span, &str)> = Vec::new();
    script.walk(&mut |_, command| {
        uses.extend(command.all_words().flat_map(Word::variables).map(|(name, span)| (span, name)));
    });
    uses.retain(|(_, name)| variables.contains(name));
    uses.sort_unstable();
    let (mut out, mut places, mut end) = (String::with_capacity(command.len()), Vec::new(), 0);
    for (span, name) in uses {
        // One inside another's default is a part of that.
        let Some(before) = command.get(end..span.start) else { continue };
        out.push_str(before);
        places.push((out.len(), name.to_owned()));
        out.push_str(STAND_IN);
        end = span.end;
    }
    out.push_str(command.get(end..).unwrap_or_default());
    (out, places)
}
