//! How an image is started: tables of entrypoints, the commands of its tasks and services, its own Dockerfile.

use std::collections::BTreeSet;

use super::facts::{Container, Dockerfile, Facts, Start, Task};
use super::images::Image;
use super::paths;
use super::read::{handle_of, split};
use super::tree::UNKNOWN;

/// The tasks that run one of the images. What names no image is of the first.
pub(super) fn tasks<'f>(facts: &'f Facts, image: &Image, images: &[Image]) -> Vec<&'f Task> {
    let is_alone = images.len() < 2;
    let is_main = images.first().is_none_or(|first| first == image);
    let runs = |task: &Task, image: &Image| {
        task.containers.iter().any(|c| is_own(facts, image, c, is_alone, task.containers.len()))
    };
    let is_of_none = |task: &Task| !images.iter().any(|image| runs(task, image));
    facts.tasks.iter().filter(|task| runs(task, image) || is_main && is_of_none(task)).collect()
}

/// The starts of one of the images. What names no image is of the first.
pub(super) fn starts(facts: &Facts, image: &Image, images: &[Image]) -> Vec<Start> {
    let is_alone = images.len() < 2;
    let is_main = images.first().is_none_or(|first| first == image);
    let file = facts.dockerfiles.iter().find(|d| d.path == image.dockerfile.value);
    let mut out: Vec<Start> = Vec::new();
    let sure = facts.starts.iter().filter(|s| s.question.is_none() && is_main);
    sure.for_each(|s| add(&mut out, s.clone()));
    for task in &facts.tasks {
        let own: Vec<&Container> = task
            .containers
            .iter()
            .filter(|c| is_own(facts, image, c, is_alone, task.containers.len()))
            .collect();
        for container in &own {
            let name = if own.len() > 1 {
                format!("{}_{}", task.family, container.name)
            } else {
                task.family.clone()
            };
            let start = composed(file, container.entrypoint.as_deref(), container.command.as_deref());
            let from = task.from.clone();
            push(&mut out, handle_of(&name), start, from, container.is_open);
        }
    }
    for build in facts.builds.iter().filter(|b| b.dockerfile == image.dockerfile.value) {
        if build.command.is_some() || build.entrypoint.is_some() {
            let start = composed(file, build.entrypoint.as_deref(), build.command.as_deref());
            push(&mut out, handle_of(&build.name), start, build.from.clone(), false);
        }
    }
    if out.iter().all(|s| s.question.is_some())
        && let Some(file) = file
        && let Some((_, from)) = file.entrypoint.as_ref().or(file.command.as_ref())
    {
        push(&mut out, handle_of(&image.name), composed(Some(file), None, None), from.clone(), false);
    }
    let unsure = facts.starts.iter().filter(|s| s.question.is_some() && is_main);
    unsure.for_each(|s| add(&mut out, s.clone()));
    out.iter_mut().for_each(|start| require(facts, start));
    number(facts, &mut out);
    out
}

/// Numbers the handles that were made of names and are taken: rows of a table may share one, which stands for several
/// programs on purpose; names of tasks, services and files that happen to be the same do not.
fn number(facts: &Facts, starts: &mut [Start]) {
    let is_declared = |s: &Start| facts.starts.iter().any(|d| d.question.is_none() && d.from == s.from);
    let mut taken: BTreeSet<String> =
        starts.iter().filter(|s| is_declared(s)).map(|s| s.handle.clone()).collect();
    for start in starts.iter_mut().filter(|s| !is_declared(s)) {
        let own = start.handle.clone();
        let numbered = (2..).map(|n| format!("{own}_{n}"));
        let free = std::iter::once(own.clone()).chain(numbered).find(|handle| !taken.contains(handle));
        start.handle = free.unwrap_or(own);
        taken.insert(start.handle.clone());
    }
}

/// Adds the options that the started Python program itself requires.
fn require(facts: &Facts, start: &mut Start) {
    let module = start.words.iter().position(|w| w == "-m").and_then(|at| start.words.get(at + 1));
    let file = match (module, start.words.get(1)) {
        (Some(module), _) => format!("{}.py", module.replace('.', "/")),
        (None, Some(script)) if script.ends_with(".py") => script.trim_start_matches('/').to_owned(),
        _ => return,
    };
    let inside = format!("/{file}");
    let Some((_, options)) = facts.required.iter().find(|(p, _)| **p == file || p.ends_with(&inside)) else {
        return;
    };
    // A task without arguments, of a program that cannot do without: they are given when it is started.
    start.args_at_start = !facts.tasks.is_empty()
        && start.required.is_empty()
        && start.optional.is_empty()
        && !options.is_empty();
    for option in options {
        if !start.required.contains(option) {
            start.required.push(option.clone());
        }
    }
    start.optional.retain(|o| !start.required.contains(o));
}

fn add(out: &mut Vec<Start>, start: Start) {
    match out.iter_mut().find(|s| s.words == start.words) {
        Some(there) => {
            // Another place that starts the same program: it must know what either gives it.
            let more: Vec<String> =
                start.required.into_iter().filter(|r| !there.required.contains(r)).collect();
            there.optional.retain(|o| !more.contains(o));
            if there.question.is_none() && start.question.is_none() {
                there.required.extend(more);
            }
        }
        None => out.push(start),
    }
}

fn push(out: &mut Vec<Start>, handle: String, words: Option<Vec<String>>, from: String, is_open: bool) {
    let words = words.filter(|w| !w.is_empty());
    let question = match (&words, is_open) {
        (_, true) => Some("a part of the command is only known after an apply: how does it end?".to_owned()),
        (None, _) => Some("the command needs a shell: which program does it start?".to_owned()),
        _ => None,
    };
    let (words, required) = split(&words.unwrap_or_default());
    add(out, Start { handle, words, required, optional: Vec::new(), args_at_start: false, from, question });
}

/// The words that the container runtime would start; nothing where a shell's text is in the way.
fn composed(
    file: Option<&Dockerfile>,
    entrypoint: Option<&[String]>,
    command: Option<&[String]>,
) -> Option<Vec<String>> {
    type Written = Option<(Vec<String>, String)>;
    let own = |part: fn(&Dockerfile) -> &Written| file.and_then(|f| part(f).as_ref());
    let of_file = |words: &(Vec<String>, String)| (!words.0.is_empty()).then(|| words.0.clone());
    let head = match (entrypoint, own(|f| &f.entrypoint)) {
        (Some(words), _) => words.to_vec(),
        (None, Some(words)) => of_file(words)?,
        (None, None) => Vec::new(),
    };
    // An entrypoint that replaces the image's own takes the image's command away, too.
    let tail = match (command, own(|f| &f.command), entrypoint) {
        (Some(words), ..) => words.to_vec(),
        (None, Some(words), None) => of_file(words)?,
        _ => Vec::new(),
    };
    Some([head, tail].concat())
}

/// Whether a container of a task runs this image and not a sidecar's.
fn is_own(facts: &Facts, image: &Image, container: &Container, is_alone: bool, beside: usize) -> bool {
    let Some(name) = container.image.as_deref() else { return is_alone };
    let repository = name.split('@').next().unwrap_or(name);
    let last = paths::name(repository);
    let last = last.split(':').next().unwrap_or(last);
    if last == image.name {
        return true;
    }
    let is_known = facts.repositories.iter().any(|r| paths::name(&r.value) == last);
    let is_open = last.is_empty() || name.contains(UNKNOWN) && !is_known && last.contains(UNKNOWN);
    is_alone && (is_known || is_open || beside == 1)
}
