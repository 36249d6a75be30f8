//! Compose files: `build:` says which Dockerfile goes with which context, target and arguments.
//! <https://docs.docker.com/reference/compose-file/build/>

use super::{File, simple_words};
use crate::cli::init::facts::{Build, Builder, Facts};
use crate::cli::init::paths;
use crate::cli::init::tree::{Tree, Value};

/// Most services of a file.
const MAX_SERVICES: usize = 500;

pub(super) fn collect(file: &File<'_>, facts: &mut Facts) {
    if paths::is_example(file.path) {
        return;
    }
    let tree = match file.yaml() {
        Ok(tree) => tree,
        Err(reason) => return facts.leave_out(file.shown, reason),
    };
    let services = tree.get_exactly("services").map(Tree::entries).unwrap_or_default();
    if services.len() > MAX_SERVICES {
        facts.leave_out(file.shown, format!("only the first {MAX_SERVICES} services were looked at"));
    }
    for (name, service) in services.iter().take(MAX_SERVICES) {
        let Some(build) = service.get_exactly("build") else { continue };
        let text = |key: &str| build.get_exactly(key).and_then(Tree::any_text);
        let context = match &build.value {
            Value::Text(context) => context.as_str(),
            Value::Map(_) => text("context").unwrap_or("."),
            _ => continue,
        };
        if text("dockerfile_inline").is_some() {
            facts.leave_out(file.at(build.line), "an inline Dockerfile is not read");
            continue;
        }
        let inside = |directory: &str, path: &str| {
            let is_plain = !path.contains('$');
            is_plain.then(|| paths::join(directory, path)).flatten()
        };
        let context = inside(paths::parent(file.path), context);
        let dockerfile =
            context.as_deref().and_then(|c| inside(c, text("dockerfile").unwrap_or("Dockerfile")));
        let (Some(context), Some(dockerfile)) = (context, dockerfile) else {
            facts
                .leave_out(file.at(build.line), "a build's context or file is outside, or set by a variable");
            continue;
        };
        let arguments = build.get_exactly("args").map(names).unwrap_or_default();
        facts.builds.push(Build {
            by: Builder::Compose,
            name: name.clone(),
            context,
            dockerfile,
            target: text("target").map(str::to_owned),
            arguments,
            from: file.at(build.line),
            entrypoint: service.get_exactly("entrypoint").and_then(words),
            command: service.get_exactly("command").and_then(words),
        });
    }
}

/// The names of `args`, written as a mapping or as a list of `NAME=value`.
fn names(arguments: &Tree) -> Vec<String> {
    match &arguments.value {
        Value::Map(entries) => entries.iter().map(|(name, _)| name.clone()).collect(),
        _ => {
            let name = |item: &Tree| Some(item.any_text()?.split('=').next()?.to_owned());
            arguments.items().iter().filter_map(name).collect()
        }
    }
}

fn words(command: &Tree) -> Option<Vec<String>> {
    match &command.value {
        Value::Text(text) => simple_words(text),
        _ => command.words().filter(|words| words.iter().all(|w| !w.contains('$'))),
    }
}
