//! `[[secrets]]`, `[aws]`, `[[roles]]`, `[[tasks]]` and `[[forbidden_roles]]`.

use super::{Out, Source};
use crate::cli::init::decide::{RoleEntry, Secret, Wiring};
use crate::cli::init::facts::{Facts, Guess};
use crate::cli::init::survey::single;

/// Entries that are commented out and listed one by one; more are counted.
const MAX_OPEN: usize = 12;

pub(super) fn secrets(source: &Source<'_>, out: &mut Out<'_>) {
    let (placed, named): (Vec<&Secret>, Vec<&Secret>) =
        source.wiring.secrets.iter().partition(|s| s.parameter.is_some());
    if placed.is_empty() && named.is_empty() {
        return;
    }
    out.line("\n# Secrets that arrive at runtime: a default in the image is a finding, an empty one too.");
    let entry = |secret: &&Secret| {
        let parameter = secret.parameter.as_deref().unwrap_or_default();
        let variables = match secret.variables.as_slice() {
            [] => String::new(),
            variables => format!("variables = {}\n", out.list(variables)),
        };
        format!(
            "[[secrets]]  # guessed from {}\nhandle = {}\nparameter = {}\n{variables}",
            out.place(&secret.from),
            out.quoted(&secret.handle),
            out.handle_or(source.facts, "SSM_", parameter)
        )
    };
    let entries: Vec<String> = placed.iter().map(entry).collect();
    out.entries(&entries);
    let silent: Vec<&str> =
        placed.iter().filter(|s| s.variables.is_empty()).map(|s| s.handle.as_str()).collect();
    if !silent.is_empty() {
        let text = out.place(&format!("Which variables = [...] carry {}?", silent.join(", ")));
        out.comment(&text);
    }
    if !named.is_empty() {
        out.comment("These seem to be secrets, too. Where is each kept?");
    }
    for secret in named.iter().take(MAX_OPEN) {
        let handle = out.quoted(&secret.handle);
        let line = format!(
            "[[secrets]]  # named in {}\nhandle = {handle}\nparameter = \"/app/env/name\"\nvariables = [{handle}]",
            out.place(&secret.from)
        );
        out.comment(&line);
    }
    if let Some(more @ 1..) = named.len().checked_sub(MAX_OPEN) {
        out.comment(&format!("and {more} more"));
    }
}

pub(super) fn aws(source: &Source<'_>, out: &mut Out<'_>) {
    let facts = source.facts;
    let has_wiring =
        !(source.wiring.roles.is_empty() && source.wiring.secrets.iter().all(|s| s.parameter.is_none()));
    if !has_wiring && facts.plans.is_empty() && facts.templates.is_empty() {
        return;
    }
    out.line("\n[aws]");
    for (key, guesses) in [("account", &facts.accounts), ("region", &facts.regions)] {
        match single(guesses) {
            Some(guess) => out.key(key, std::slice::from_ref(guess)),
            None if guesses.is_empty() => out.comment(&format!("{key} = \"…\"  # which?")),
            None => {
                let mut seen = std::collections::BTreeSet::new();
                for guess in guesses.iter().filter(|g| seen.insert(&g.value)).take(4) {
                    let line = format!(
                        "{key} = {}  # guessed from {}; which?",
                        out.quoted(&guess.value),
                        out.place(&guess.from)
                    );
                    out.comment(&line);
                }
            }
        }
    }
    let is_any = !facts.plans.is_empty() || !facts.templates.is_empty();
    for (key, guesses) in [("plan", &facts.plans), ("template", &facts.templates)] {
        if !guesses.is_empty() {
            let line = format!("{key} = {}", out.list(guesses.iter().map(|g| g.value.as_str())));
            out.entries(&[format!("{line}\n")]);
        }
    }
    if !is_any {
        out.comment("plan = [\"plan.json\"]  # `terraform plan -out=plan.out && terraform show -json plan.out`: where is it?");
    }
}

pub(super) fn roles(source: &Source<'_>, out: &mut Out<'_>) {
    let (facts, wiring) = (source.facts, source.wiring);
    if wiring.roles.is_empty()
        && wiring.tasks.is_empty()
        && wiring.open_roles.is_empty()
        && wiring.forbidden.is_empty()
    {
        return;
    }
    out.line("\n# Who may read what. `requires` is what the role's policies name today: does each role need each of them?");
    let roles: Vec<String> = wiring.roles.iter().map(|entry| role(facts, entry, out)).collect();
    out.entries(&roles);
    tasks(wiring, out);
    contradictions(wiring, out);
    let forbidden: Vec<String> = wiring.forbidden.iter().map(|guess| forbidden(facts, guess, out)).collect();
    out.entries(&forbidden);
    open_roles(facts, wiring, out);
}

fn role(facts: &Facts, entry: &RoleEntry, out: &Out<'_>) -> String {
    let mut text = format!(
        "[[roles]]  # guessed from {}\nhandle = {}\nrole = {}\nkind = \"{}\"\n",
        out.place(&entry.from),
        out.quoted(&entry.handle),
        out.handle_or(facts, "ROLE_", &entry.role),
        if entry.is_execution { "execution" } else { "task" }
    );
    if !entry.is_execution {
        text.push_str(&format!("requires = {}", out.list(&entry.requires)));
        if let Some(question) = &entry.question {
            text.push_str(&format!("  # {}", out.place(question)));
        }
        text.push('\n');
    }
    text
}

/// The tasks whose role is known as entries, the others as comments.
fn tasks(wiring: &Wiring, out: &mut Out<'_>) {
    let (mut tasks, mut open) = (Vec::new(), Vec::new());
    for task in &wiring.tasks {
        let head = format!(
            "[[tasks]]  # guessed from {}\nfamily = {}\n",
            out.place(&task.from),
            out.quoted(&task.family)
        );
        let execution = task.execution_role.as_ref().map(|r| format!("execution_role = {}\n", out.quoted(r)));
        let execution = execution.unwrap_or_default();
        match &task.role {
            Some(role) => tasks.push(format!("{head}role = {}\n{execution}", out.quoted(role))),
            None => open
                .push(format!("{head}role = \"…\"  # which role does the application run as?\n{execution}")),
        }
    }
    out.entries(&tasks);
    open.iter().take(MAX_OPEN).for_each(|entry| out.comment(entry));
    if let Some(more @ 1..) = open.len().checked_sub(MAX_OPEN) {
        out.comment(&format!("and {more} more tasks"));
    }
}

/// Families that another file defines again with another role, as comments.
fn contradictions(wiring: &Wiring, out: &mut Out<'_>) {
    for task in wiring.contradictions.iter().take(MAX_OPEN) {
        let role = task.role.as_deref().unwrap_or("…");
        let place = out.place(&format!(
            "{} defines the family {} again, with another role: which holds?",
            task.from, task.family
        ));
        out.comment(&place);
        let entry = format!("[[tasks]]\nfamily = {}\nrole = {}", out.quoted(&task.family), out.quoted(role));
        out.comment(&entry);
    }
    if let Some(more @ 1..) = wiring.contradictions.len().checked_sub(MAX_OPEN) {
        out.comment(&format!("and {more} more"));
    }
}

fn forbidden(facts: &Facts, guess: &Guess, out: &Out<'_>) -> String {
    format!(
        "[[forbidden_roles]]  # guessed from {}\nrole = {}\nreason = \"it builds, deploys or administers: no task may run as it\"\n",
        out.place(&guess.from),
        out.handle_or(facts, "ROLE_", &guess.value)
    )
}

/// Roles that no known task runs as, as comments.
fn open_roles(facts: &Facts, wiring: &Wiring, out: &mut Out<'_>) {
    for guess in wiring.open_roles.iter().take(MAX_OPEN) {
        let line = format!(
            "[[roles]]  # guessed from {}; which task runs as it?\nhandle = {}\nrole = {}\nrequires = []",
            out.place(&guess.from),
            out.quoted(&crate::cli::init::read::handle_of(&guess.value)),
            out.handle_or(facts, "ROLE_", &guess.value)
        );
        out.comment(&line);
    }
    if let Some(more @ 1..) = wiring.open_roles.len().checked_sub(MAX_OPEN) {
        out.comment(&format!("and {more} more roles"));
    }
}
