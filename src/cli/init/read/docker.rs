//! Dockerfiles: stages, what they copy, and what the last stage starts.

use super::{File, simple_words};
use crate::cli::init::facts::{Dockerfile as Found, Facts};
use seaworthy_dockerfile::{Base, CommandLine, Dockerfile, Kind, Source};

pub(super) fn collect(file: &File<'_>, facts: &mut Facts) {
    let dockerfile = match Dockerfile::parse(file.text.as_bytes()) {
        Ok(dockerfile) => dockerfile,
        Err(e) => {
            facts.leave_out(file.shown, format!("is no Dockerfile that can be built (line {})", e.line));
            return;
        }
    };
    let first = dockerfile.stages.first().and_then(|s| dockerfile.instructions.get(s.instructions.start));
    let mut found = Found {
        path: file.path.to_owned(),
        from: file.at(first.map_or(1, |i| i.lines.first)),
        last_stage: dockerfile.stages.last().and_then(|s| s.name.clone()),
        entrypoint: None,
        command: None,
        sources: Vec::new(),
    };
    for files in dockerfile.instructions.iter().filter(|i| !from_stage(&i.kind)).filter_map(|i| i.files()) {
        let plain = |source: &Source| match source {
            Source::Path(path) if !path.contains(['*', '?', '[', '$', ':']) => Some(path.as_str().to_owned()),
            _ => None,
        };
        found.sources.extend(files.sources.iter().filter_map(plain));
    }
    // From the last stage down to what it is built on; a stage has no more parents than the file has stages.
    let mut stage = dockerfile.stages.last();
    while let Some(current) = stage {
        let instructions = dockerfile.instructions.get(current.instructions.clone()).unwrap_or_default();
        for instruction in instructions.iter().rev() {
            let place = file.at(instruction.lines.first);
            match &instruction.kind {
                Kind::Entrypoint(line) if found.entrypoint.is_none() => {
                    found.entrypoint = Some((words(line), place));
                }
                Kind::Cmd(line) if found.command.is_none() => found.command = Some((words(line), place)),
                _ => {}
            }
        }
        stage = match current.base {
            Base::Stage(parent) if parent < current.index => dockerfile.stages.get(parent),
            _ => None,
        };
    }
    facts.dockerfiles.push(found);
}

fn from_stage(kind: &Kind) -> bool {
    matches!(kind, Kind::Copy(copy) if copy.from.as_ref().is_some_and(|f| !f.is_empty()))
}

/// The words; none where a shell does more than split them.
fn words(line: &CommandLine) -> Vec<String> {
    match line {
        CommandLine::Exec(words) => words.iter().map(|w| w.as_str().to_owned()).collect(),
        CommandLine::Shell(text) => simple_words(text.as_str()).unwrap_or_default(),
    }
}
