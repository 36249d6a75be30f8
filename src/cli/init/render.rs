//! The contract's text. A guess that is sure enough to load is written out; the rest are comments to be completed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::survey::{Guess, SecretGuess, Survey};
use crate::contract::{Contract, EvidenceSection};
use seaworthy_source::escape_bytes;

/// Keys that a person must complete or confirm: an image that does not exist yet, a bucket that is written to.
const OPEN: [&str; 2] = ["reference", "store"];

/// How many further guesses of one kind are listed.
const MORE: usize = 5;

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Text in a comment: one line, nothing hidden.
fn comment(text: &str) -> String {
    escape_bytes(text.as_bytes())
}

/// Writes the contract.
pub(super) fn render(survey: &Survey) -> String {
    let mut out = String::from(
        "# What this project promises about its container image. `seaworthy schema contract` describes every key.\n\
         # Each guess names the place that it was made from: read it before you rely on it.\nversion = 1\n\
         # The controls that a gate judges by: m1 (the default), image (the small profile), or a file of your own.\n\
         # profile = \"image\"\n",
    );
    image(survey, &mut out);
    evidence(survey, &mut out);
    waivers(&mut out);
    secrets(survey, &mut out);
    aws(survey, &mut out);
    entrypoints(survey, &mut out);
    workflow(survey, &mut out);
    out.push_str(
        "\n# An accepted finding needs a reason and a date.\n# [[accept]]\n# check = \"SW301\"\n# path = \"app/vendor/**\"\n\
         # reason = \"test keys that the vendored library publishes\"\n# expires = \"YYYY-MM-DD\"\n",
    );
    out
}

/// One key of a section with the best guess that loads, and the others below it as comments.
fn key(out: &mut String, section: &str, key: &str, guesses: &[Guess]) {
    let mut seen = BTreeSet::new();
    let fits = |g: &&Guess| loads(&format!("[{section}]\n{key} = {}\n", one_line(&g.value)));
    let unique: Vec<&Guess> = guesses.iter().filter(|g| seen.insert(&g.value)).filter(fits).collect();
    let active = !OPEN.contains(&key);
    for (n, guess) in unique.iter().take(1 + MORE).enumerate() {
        let mark = if n == 0 && active { "" } else { "# " };
        let _ = writeln!(
            out,
            "{mark}{key} = {}  # guessed from {}",
            one_line(&guess.value),
            comment(&guess.from)
        );
    }
    if let Some(more @ 1..) = unique.len().checked_sub(1 + MORE) {
        let _ = writeln!(out, "# and {more} more");
    }
}

/// A TOML string on one line, whatever it holds.
fn one_line(text: &str) -> String {
    let quoted = quoted(text);
    if quoted.contains('\n') { quoted.replace('\n', "\\n") } else { quoted }
}

/// Whether the contract loads with this value.
fn loads(section: &str) -> bool {
    Contract::parse(&format!("version = 1\n{section}"), Path::new("seaworthy.toml")).is_ok()
}

fn image(survey: &Survey, out: &mut String) {
    out.push_str("\n[image]\n");
    let mut dockerfiles = survey.pinned_dockerfiles.clone();
    dockerfiles.retain(|pin| survey.dockerfiles.iter().any(|d| d.value == pin.value));
    let mut found = survey.dockerfiles.clone();
    // The one nearest to the root, and of several the plainest name.
    found.sort_by_key(|g| (g.value.matches('/').count(), g.value.len(), g.value.clone()));
    dockerfiles.extend(found);
    key(out, "image", "dockerfile", &dockerfiles);
    if dockerfiles.is_empty() {
        out.push_str("# dockerfile = \"Dockerfile\"  # none was found\n");
    }
    let mut contexts = survey.contexts.clone();
    if let Some(first) = dockerfiles.first() {
        let folder = first.value.rsplit_once('/').map_or(".", |(folder, _)| folder);
        contexts.push(Guess { value: folder.to_owned(), from: format!("the folder of {}", first.value) });
    }
    key(out, "image", "context", &contexts);
    if survey.ignore_files.is_empty() {
        out.push_str("# No ignore file was found: all of the context reaches the builder (SW103).\n");
    }
    out.push_str(
        "# The built image: an archive, a layout or a registry reference, as for `seaworthy image`.\n",
    );
    let references: Vec<Guess> = survey
        .repositories
        .iter()
        .map(|r| Guess { value: format!("docker://{}:git-<sha>", r.value), from: r.from.clone() })
        .collect();
    key(out, "image", "reference", &references);
    if references.is_empty() {
        out.push_str("# reference = \"oci-archive:out/app.tar\"\n");
    }
    out.push_str("\n[policy]\nfail_on = \"medium\"  # low, medium, high or critical\n");
}

fn evidence(survey: &Survey, out: &mut String) {
    let _ = writeln!(out, "\n[evidence]\ndirectory = \"{}\"", EvidenceSection::DIRECTORY);
    key(out, "evidence", "phase_id", &survey.phases);
    if survey.phases.is_empty() {
        let _ = writeln!(out, "phase_id = \"{}\"", EvidenceSection::PHASE_ID);
    }
    let stores: Vec<Guess> = survey
        .buckets
        .iter()
        .map(|b| Guess { value: format!("s3://{}", b.value), from: b.from.clone() })
        .collect();
    out.push_str("# A bucket in place of the folder:\n");
    key(out, "evidence", "store", &stores);
    if stores.is_empty() {
        out.push_str("# store = \"s3://bucket/prefix\"\n");
    }
}

fn waivers(out: &mut String) {
    out.push_str(
        "\n# A control that cannot be proved yet needs a waiver with a reason and a date; `seaworthy explain m1` lists all.\n\
         # [[waivers]]\n# control = \"C.3.1\"\n# reason = \"the release job asks the registry, not this one\"\n\
         # expires = \"YYYY-MM-DD\"\n",
    );
}

/// Secrets whose parameter is known are entries; those of which only the name is known are comments.
fn secrets(survey: &Survey, out: &mut String) {
    out.push_str(
        "\n# Secrets that arrive at runtime: a default in the image is a finding, an empty one too.\n",
    );
    let (mut handles, mut variables, mut open) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let mut written = 0;
    let known: BTreeSet<&str> =
        survey.secrets.iter().filter(|s| s.is_variable).filter_map(|s| s.variable.as_deref()).collect();
    let (placed, named): (Vec<&SecretGuess>, Vec<&SecretGuess>) =
        survey.secrets.iter().partition(|s| s.parameter.is_some());
    let mut parameters = BTreeSet::new();
    for secret in placed {
        let Some(parameter) = &secret.parameter else { continue };
        // A variable that nothing but a handle's name speaks for is no guess.
        let variable = secret.variable.as_deref().filter(|v| known.contains(v) && !variables.contains(*v));
        if !parameters.insert(parameter.clone()) || handles.contains(&secret.handle) {
            continue;
        }
        let carried = variable.map(|v| format!("variables = [{}]\n", quoted(v))).unwrap_or_default();
        let entry = format!(
            "[[secrets]]  # guessed from {}\nhandle = {}\nparameter = {}\n{carried}",
            comment(&secret.from),
            quoted(&secret.handle),
            quoted(parameter)
        );
        if !loads(&entry) {
            open.push(format!(
                "# {}: {} is not the name of a parameter yet\n",
                comment(&secret.from),
                comment(&secret.handle)
            ));
            continue;
        }
        handles.insert(secret.handle.clone());
        variables.extend(variable.map(str::to_owned));
        let _ = writeln!(out, "{entry}");
        written += 1;
    }
    for secret in named {
        if variables.contains(&secret.handle) || !handles.insert(secret.handle.clone()) {
            continue;
        }
        open.push(format!(
            "# [[secrets]]  # named in {}; where is it kept?\n# handle = {}\n# parameter = \"/app/env/name\"\n# variables = [{}]\n",
            comment(&secret.from),
            one_line(&secret.handle),
            one_line(&secret.handle)
        ));
    }
    open.iter().for_each(|text| out.push_str(text));
    if written == 0 && open.is_empty() {
        out.push_str("# [[secrets]]\n# handle = \"DB_PASSWORD\"\n# parameter = \"/app/prod/db/password\"\n# variables = [\"DB_PASSWORD\"]\n");
    }
}

/// Roles and tasks are comments: which secrets a role requires is nobody's guess.
fn aws(survey: &Survey, out: &mut String) {
    if survey.roles.is_empty() && survey.execution_roles.is_empty() && survey.task_definitions.is_empty() {
        return;
    }
    out.push_str(
        "\n# What tells of the account, and who may read what.\n# [aws]\n# account = \"111122223333\"\n\
         # region = \"eu-west-1\"\n# plan = [\"plan.json\"]  # terraform show -json plan.out\n",
    );
    // A role is the same by its name and by its ARN.
    let name = |guess: &Guess| guess.value.rsplit('/').next().unwrap_or_default().to_owned();
    let execution: BTreeSet<String> = survey.execution_roles.iter().map(name).collect();
    let of_tasks = survey.roles.iter().filter(|g| !execution.contains(&name(g)));
    let of_tasks = of_tasks.map(|g| (g, "requires = []  # the secrets that it reads"));
    let of_agents = survey.execution_roles.iter().map(|g| (g, "kind = \"execution\""));
    let mut seen = BTreeSet::new();
    for (guess, last) in of_tasks.chain(of_agents).filter(|(g, _)| seen.insert(name(g))) {
        let (handle, role, from) = (one_line(&name(guess)), one_line(&guess.value), comment(&guess.from));
        let _ = writeln!(
            out,
            "# [[roles]]  # guessed from {from}\n# handle = {handle}\n# role = {role}\n# {last}"
        );
    }
    let mut files = BTreeSet::new();
    for guess in survey.task_definitions.iter().filter(|g| files.insert(&g.value)) {
        let from = comment(&guess.from);
        let _ = writeln!(
            out,
            "# [[tasks]]  # guessed from {from}\n# family = \"…\"\n# role = \"…\"  # a handle of [[roles]]"
        );
    }
}

fn entrypoints(survey: &Survey, out: &mut String) {
    if survey.entrypoints.is_empty() {
        return;
    }
    out.push_str("\n# How the image is started; `required_args` are the options that each must know.\n");
    for (handle, guess) in &survey.entrypoints {
        let words: Vec<String> = guess.value.split_whitespace().map(one_line).collect();
        let from = comment(&guess.from);
        let entry = format!(
            "[[entrypoints]]  # guessed from {from}\nhandle = {}\ncommand = [{}]\n",
            one_line(handle),
            words.join(", ")
        );
        if loads(&entry) {
            out.push_str(&entry);
        } else {
            entry.lines().for_each(|line| _ = writeln!(out, "# {line}"));
        }
    }
}

fn workflow(survey: &Survey, out: &mut String) {
    let mut seen = BTreeSet::new();
    let found: Vec<&Guess> = survey.workflows.iter().filter(|g| seen.insert(&g.value)).collect();
    if found.is_empty() {
        return;
    }
    let places: Vec<String> = found.iter().map(|g| comment(&g.from)).collect();
    let files: Vec<String> = found.iter().map(|g| one_line(&g.value)).collect();
    let entry =
        format!("\n[workflow]  # guessed from {}\nfiles = [{}]\n", places.join(", "), files.join(", "));
    if loads(&entry) {
        out.push_str(&entry);
    }
}
