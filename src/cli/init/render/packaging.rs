//! `[image]`, `[evidence]`, `[workflow]`, `[[entrypoints]]` and `[[waivers]]`.

use std::collections::BTreeSet;

use super::{Out, Source};
use crate::cli::init::facts::Guess;
use crate::cli::init::paths;
use crate::cli::init::survey::single;
use crate::contract::{EvidenceSection, default_profile};
use crate::profile::Need;

/// The phase that M1 pins for the documents of packaging.
const M1_PHASE: &str = "P(-1)";
/// Days for which what init waives is waived.
const WAIVED_DAYS: i64 = 30;

pub(super) fn image(source: &Source<'_>, out: &mut Out<'_>) {
    let facts = source.facts;
    out.line("\n[image]");
    if let Some(image) = source.image {
        let name = format!("name = {}", out.quoted(&image.name));
        if out.loads(&name) {
            out.line(&name);
        }
        out.key("dockerfile", std::slice::from_ref(&image.dockerfile));
        out.key("context", std::slice::from_ref(&image.context));
        if let Some(question) = &image.question {
            out.comment(question);
        }
        if let Some(target) = &image.target {
            let place = out.place(&format!(
                "{} builds the stage {target}: give --target {target} to context and gate",
                image.context.from
            ));
            out.comment(&place);
        }
        if !image.arguments.is_empty() {
            let place = out.place(&format!(
                "{} gives it the arguments {}",
                image.context.from,
                image.arguments.join(", ")
            ));
            out.comment(&place);
        }
        if !source.others.is_empty() {
            let place =
                out.place(&format!("A contract is for one image. Others here: {}", source.others.join(", ")));
            out.comment(&place);
        }
    } else {
        out.comment("dockerfile = \"Dockerfile\"  # none was found");
    }
    if facts.ignore_files.is_empty() {
        out.comment("No ignore file was found: all of the context reaches the builder.");
    }
    out.comment("The built image: an archive, a layout or a registry reference, as for `seaworthy image`.");
    match single(&facts.archives) {
        Some(archive) => out.key("reference", std::slice::from_ref(archive)),
        None => {
            let archives = facts.archives.iter().map(|a| (a.value.clone(), &a.from));
            let repositories =
                facts.repositories.iter().map(|r| (format!("docker://{}:git-<sha>", r.value), &r.from));
            let mut seen = BTreeSet::new();
            let all: Vec<_> =
                archives.chain(repositories).filter(|(v, _)| seen.insert(v.clone())).take(5).collect();
            for (value, from) in &all {
                let line = format!("reference = {}  # guessed from {}", out.quoted(value), out.place(from));
                out.comment(&line);
            }
            match all.as_slice() {
                [] => out.comment("reference = \"oci-archive:out/app.tar\"  # where is it?"),
                [_] => out.comment("Is it this? The gate also takes it from the command line: seaworthy gate --run-id ID REF"),
                _ => out.comment("Which of these is it?"),
            }
        }
    }
}

pub(super) fn evidence(source: &Source<'_>, out: &mut Out<'_>) {
    let facts = source.facts;
    out.line("\n[evidence]");
    let mut directories: Vec<Guess> = facts
        .runs
        .iter()
        .filter(|r| !paths::is_example(&r.from))
        .map(|r| Guess::new(paths::written(&r.directory), r.from.as_str()))
        .collect();
    directories.sort();
    directories.dedup_by(|a, b| a.value == b.value);
    if directories.is_empty() {
        out.line(&format!("directory = \"{}\"", EvidenceSection::DIRECTORY));
    } else {
        out.key("directory", &directories);
    }
    let of_runs = facts.runs.iter().filter_map(|r| Some(Guess::new(r.phase.as_deref()?, r.from.as_str())));
    let mut phases: Vec<Guess> = of_runs.collect();
    phases.sort();
    phases.extend(facts.phases.iter().cloned());
    if phases.is_empty() && source.is_m1 {
        out.line(&format!("phase_id = \"{M1_PHASE}\"  # no file names a phase: this is the one of M1"));
    } else if phases.is_empty() {
        out.line(&format!("phase_id = \"{}\"", EvidenceSection::PHASE_ID));
    } else {
        out.key("phase_id", &phases);
    }
    let mut seen = BTreeSet::new();
    let buckets: Vec<&Guess> = facts.buckets.iter().filter(|b| seen.insert(&b.value)).take(3).collect();
    if !buckets.is_empty() {
        out.comment("A bucket in place of the directory; the gate then needs credentials that may write there. Is it this?");
    }
    for bucket in buckets {
        let line = format!(
            "store = {}  # guessed from {}",
            out.quoted(&format!("s3://{}", bucket.value)),
            out.place(&bucket.from)
        );
        out.comment(&line);
    }
}

pub(super) fn workflow(source: &Source<'_>, out: &mut Out<'_>) {
    let Some(image) = source.image else { return };
    let is_of_image = |path: &str| {
        let mut builds = source.facts.builds.iter().filter(|b| b.from.starts_with(path)).peekable();
        builds.peek().is_none() || builds.any(|b| b.dockerfile == image.dockerfile.value)
    };
    let found: Vec<_> =
        source.facts.workflows.iter().filter(|w| source.others.is_empty() || is_of_image(&w.path)).collect();
    let (ecr, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|w| w.is_ecr);
    if !ecr.is_empty() {
        let places: Vec<String> = ecr.iter().map(|w| out.place(&w.from)).collect();
        let files = out.list(ecr.iter().map(|w| w.path.as_str()));
        let jobs: BTreeSet<&String> = ecr.iter().flat_map(|w| &w.jobs).collect();
        let mut entry = format!("\n[workflow]  # guessed from {}\nfiles = {files}\n", places.join(", "));
        if let (true, Some(job), 1) = (ecr.iter().any(|w| w.total > 1), jobs.first(), jobs.len()) {
            entry.push_str(&format!("job = {}\n", out.quoted(job)));
        }
        match source.is_m1 {
            true => out.entries(&[entry]),
            false => {
                out.comment("The profile m1 also asks how the image is built and published:");
                out.comment(entry.trim_start());
            }
        }
    }
    for workflow in other {
        let registries: BTreeSet<&str> = workflow.registries.iter().map(String::as_str).collect();
        let registries: Vec<&str> = registries.into_iter().collect();
        let to = if registries.is_empty() {
            "no registry that is named".to_owned()
        } else {
            registries.join(", ")
        };
        let text = out.place(&format!(
            "{} publishes to {to}: the sequence that [workflow] asks for is that of Amazon ECR, so it is left out.",
            workflow.from
        ));
        out.comment(&text);
    }
}

pub(super) fn entrypoints(source: &Source<'_>, out: &mut Out<'_>) {
    if source.starts.is_empty() {
        return;
    }
    out.line("\n# How the image is started; `required_args` are the options that each program must know.");
    let (mut sure, mut open) = (Vec::new(), Vec::new());
    for start in source.starts {
        let (from, handle) = (out.place(&start.from), out.quoted(&start.handle));
        let mut entry = format!(
            "[[entrypoints]]  # guessed from {from}\nhandle = {handle}\ncommand = {}\n",
            out.list(&start.words)
        );
        if !start.required.is_empty() {
            entry.push_str(&format!("required_args = {}\n", out.list(&start.required)));
        }
        if !start.optional.is_empty() {
            entry.push_str(&format!("optional_args = {}\n", out.list(&start.optional)));
        }
        if start.args_at_start {
            entry.push_str("args_at_start = true  # its task gives it no arguments\n");
        }
        match &start.question {
            None => sure.push(entry),
            Some(question) => open.push((question.clone(), entry)),
        }
    }
    out.entries(&sure);
    let mut last = String::new();
    for (question, entry) in open {
        if question != last {
            out.comment(&question);
        }
        last = question;
        out.comment(&entry);
    }
}

/// An archive cannot be asked what its registry says: the controls that ask it are waived for a time, and that is told.
pub(super) fn waivers(source: &Source<'_>, out: &mut Out<'_>) {
    let is_archive = single(&source.facts.archives).is_some();
    let profile = default_profile().ok().filter(|_| source.is_m1 && is_archive);
    let Some(profile) = profile else { return };
    let asks = profile.controls.iter().filter(|c| c.required && c.needs.contains(&Need::Registry));
    let controls: Vec<&str> = asks.map(|c| c.id.as_str()).collect();
    if controls.is_empty() {
        return;
    }
    let expires = source.today.saturating_add(jiff::Span::new().days(WAIVED_DAYS));
    out.line(&format!(
        "\n# The image is an archive, so no registry is asked. With a docker:// reference these waivers can go; until\n\
         # {expires} they let a gate pass without the registry's answer. Is that right?"
    ));
    let entry = |id: &&str| {
        format!(
            "[[waivers]]\ncontrol = \"{id}\"\nreason = \"written by seaworthy init: the image is an archive, so no registry is asked\"\n\
             expires = \"{expires}\"\n"
        )
    };
    let entries: Vec<String> = controls.iter().map(entry).collect();
    out.entries(&entries);
    out.warnings.push(format!(
        "{} waived until {expires}, because the image is an archive and no registry is asked",
        match controls.as_slice() {
            [one] => format!("the control {one} is"),
            all => format!("the controls {} are", all.join(", ")),
        }
    ));
}
