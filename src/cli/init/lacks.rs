//! `seaworthy init --check`: what a contract that is there lacks for its profile, and what the repository has that it does
//! not speak of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::collect::last_name;
use super::{Session, decide, starts};
use crate::cli::output::Terminal;
use crate::cli::{Failure, environment};
use crate::contract::Contract;
use crate::profile::{Control, Need, Profile};

/// Compares the contract at `path` with its profile and with the repository; the answer is the exit code.
pub(super) fn run(session: &Session<'_>, path: &Path, terminal: &Terminal) -> Result<u8, Failure> {
    if std::fs::symlink_metadata(path).is_err() {
        return Err(Failure(format!(
            "{}: there is none to check; `seaworthy init` writes one",
            path.display()
        )));
    }
    let contract = Contract::load(path, environment::today())?;
    let profile = contract.controls()?;
    let mut lines = Vec::new();
    for (need, controls) in missing(session, &contract, &profile) {
        lines.push(format!("{}: {} (controls {})", need.as_str(), supply(need), controls.join(", ")));
    }
    lines.extend(unspoken(session, &contract));
    let mut text = String::new();
    for line in &lines {
        text.push_str(&session.masker.mask(line));
        text.push('\n');
    }
    terminal.print(text.as_bytes())?;
    let shown = path.display();
    match lines.len() {
        0 => terminal.note(&format!("{shown}: lacks nothing that the profile {} needs", profile.name)),
        n => terminal.note(&format!(
            "{shown}: {n} {} to add; `seaworthy init --print` shows guesses",
            if n == 1 { "thing" } else { "things" }
        )),
    }
    Ok(u8::from(!lines.is_empty()))
}

/// Needs of required controls that the contract cannot supply, unless a waiver covers the control.
fn missing<'p>(
    session: &Session<'_>,
    contract: &Contract,
    profile: &'p Profile,
) -> BTreeMap<Need, Vec<&'p str>> {
    let today = environment::today();
    let waived: BTreeSet<&str> =
        contract.waivers.iter().filter(|w| w.expires >= today).map(|w| w.control.as_str()).collect();
    let is_waived = |c: &Control| waived.iter().any(|w| c.id == *w || c.id.starts_with(&format!("{w}.")));
    let mut out: BTreeMap<Need, Vec<&str>> = BTreeMap::new();
    for control in profile.controls.iter().filter(|c| c.required && c.when.is_none() && !is_waived(c)) {
        for need in control.needs.iter().filter(|n| !has(session, contract, **n)) {
            out.entry(*need).or_default().push(&control.id);
        }
    }
    out
}

fn has(session: &Session<'_>, contract: &Contract, need: Need) -> bool {
    let reference = contract.image.reference.as_deref();
    match need {
        Need::Context => contract.image.context.as_ref().is_none_or(|c| c.is_dir()),
        Need::Dockerfile => match &contract.image.dockerfile {
            Some(path) => path.is_file(),
            None => session.directory.join("Dockerfile").is_file(),
        },
        Need::Image => reference.is_some(),
        Need::Entrypoints => !contract.entrypoints.is_empty(),
        Need::Wiring => {
            let aws = &contract.aws;
            !(aws.plans.is_empty() && aws.templates.is_empty() && aws.snapshots.is_empty())
        }
        Need::Provenance | Need::Receipt | Need::RunHeader => {
            contract.evidence.bucket.is_some() || contract.evidence.directory.is_dir()
        }
        Need::Registry => {
            contract.documents.registry_required || reference.is_some_and(|r| r.starts_with("docker://"))
        }
        Need::Workflow => contract.workflow.is_some(),
        Need::Evidence => true,
    }
}

/// What to write for a need.
fn supply(need: Need) -> &'static str {
    match need {
        Need::Context => "the directory of [image] context is not there",
        Need::Dockerfile => "the file of [image] dockerfile is not there",
        Need::Image => "[image] names no reference",
        Need::Entrypoints => "there is no [[entrypoints]]",
        Need::Wiring => "[aws] names no plan, template or snapshot",
        Need::Provenance | Need::Receipt | Need::RunHeader => {
            "the directory of [evidence] is not there, and it names no store"
        }
        Need::Registry => "[image] reference is no docker:// reference, and [registry] does not ask",
        Need::Workflow => "there is no [workflow]",
        Need::Evidence => "",
    }
}

/// Tasks, roles, secrets and entrypoints of the repository that the contract does not name.
fn unspoken(session: &Session<'_>, contract: &Contract) -> Vec<String> {
    let tasks: Vec<_> = session.facts.tasks.iter().collect();
    let wiring = decide::wiring(session.facts, &tasks);
    let expected = &contract.expectations;
    let mut lines = Vec::new();
    let families: BTreeSet<&str> = expected.tasks.iter().map(|t| t.family.as_str()).collect();
    for task in wiring.tasks.iter().filter(|t| !families.contains(t.family.as_str())) {
        lines.push(format!("task {}: is not in [[tasks]] ({})", task.family, task.from));
    }
    let named: BTreeSet<&str> = expected.roles.iter().filter_map(|r| last_name(&r.name)).collect();
    for role in wiring.roles.iter().filter(|r| !named.contains(r.role.as_str())) {
        lines.push(format!("role {}: is not in [[roles]] ({})", role.role, role.from));
    }
    let kept: BTreeSet<&str> = contract.secrets.iter().map(|s| s.parameter.as_str()).collect();
    for secret in &wiring.secrets {
        let Some(parameter) = &secret.parameter else { continue };
        let is_named = kept.iter().any(|k| k == parameter || k.ends_with(&format!(":parameter{parameter}")));
        if !is_named {
            lines.push(format!("secret {parameter}: is not in [[secrets]] ({})", secret.from));
        }
    }
    let commands: BTreeSet<&[String]> = contract.entrypoints.iter().map(|e| e.command.as_slice()).collect();
    let image = session.images.iter().find(|i| {
        let own = contract.image.dockerfile.as_ref();
        own.is_none_or(|path| *path == session.directory.join(&i.dockerfile.value))
    });
    let starts = image.map(|i| starts::starts(session.facts, i, session.images)).unwrap_or_default();
    for start in starts.iter().filter(|s| s.question.is_none() && !commands.contains(s.words.as_slice())) {
        lines.push(format!(
            "entrypoint {}: is not in [[entrypoints]] ({})",
            start.words.join(" "),
            start.from
        ));
    }
    lines
}
