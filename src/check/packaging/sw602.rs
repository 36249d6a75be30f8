//! SW602: an entrypoint does not know a required argument.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Finding, Reads, Severity};
use crate::observe::entrypoint::options::Source;
use crate::observe::entrypoint::{Entrypoint, Started, Startup};

/// SW602.
pub struct UnknownArgument;

const META: CheckMeta = CheckMeta {
    id: "SW602",
    name: "entrypoint-argument-unknown",
    summary: "An entrypoint does not know an option or a subcommand that the contract gives it.",
    why: "A command line that the program refuses ends the task at its start, and a pinned contract that the code left behind proves nothing.",
    fix: "Give the program the option, or correct the contract's [[entrypoints]].",
    clause: "B",
    severity: Severity::High,
    reads: &[Reads::Layers, Reads::Entrypoints],
    tags: &[],
};

impl Check<Startup<'_>> for UnknownArgument {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, startup: &Startup<'_>, context: &Context<'_>, answers: &mut Answers) {
        for entrypoint in startup.entrypoints {
            let machine = match startup.machine(entrypoint) {
                Ok(machine) => machine,
                Err(reason) => {
                    answers.not_checked.push(startup.not_checked(entrypoint, META.id, &reason));
                    continue;
                }
            };
            // What does not start is told by SW601; its options are then beside the point.
            let Ok(started) = machine.start(&startup.command(entrypoint), 0) else { continue };
            let filesystem = machine.filesystem;
            let (source, file, arguments) = match &started {
                Started::Python { file, module, arguments } => {
                    (Source::python(filesystem, file, module.as_ref()), file, arguments)
                }
                Started::Script { file, language, arguments } => {
                    let mut source = Source::file(filesystem, file);
                    let reason =
                        format!("the options of a {language} file are only known where they are written out");
                    source.partial = source.partial.or(Some(reason));
                    (source, file, arguments)
                }
                Started::Program { what } => {
                    if !asked(entrypoint, &[]).is_empty() {
                        let reason = format!("the options of {what} cannot be seen without running it");
                        answers.not_checked.push(startup.not_checked(entrypoint, META.id, &reason));
                    }
                    continue;
                }
            };
            let mut unknown: Vec<String> =
                asked(entrypoint, arguments).into_iter().filter(|o| !source.knows_option(o)).collect();
            let subcommand = arguments.first().filter(|a| !a.starts_with('-') && is_name(a));
            unknown.extend(subcommand.filter(|s| !source.knows_subcommand(s)).cloned());
            if unknown.is_empty() {
                continue;
            }
            if let Some(reason) = source.unclear() {
                let reason = format!("whether it knows {} is not known: {reason}", unknown.join(", "));
                answers.not_checked.push(startup.not_checked(entrypoint, META.id, &reason));
                continue;
            }
            for argument in unknown {
                let command = entrypoint.shown();
                let what = if argument.starts_with('-') { "option" } else { "subcommand" };
                answers.findings.push(
                    Finding::build(
                        &META,
                        filesystem.origin(startup.image, file),
                        format!("{} does not know the {what} {argument}", entrypoint.handle),
                    )
                    .confidence(Confidence::Medium)
                    .notes(vec![format!(
                        "the contract asks for `{command}` on line {}",
                        entrypoint.position.line
                    )])
                    .named(context.key, &[&entrypoint.handle, &command, &argument]),
                );
            }
        }
    }
}

/// The options that the program is given: required, optional, and those in the command itself.
fn asked(entrypoint: &Entrypoint, arguments: &[String]) -> Vec<String> {
    let listed = entrypoint.required_args.iter().chain(&entrypoint.optional_args).cloned();
    let given = arguments.iter().filter(|a| a.starts_with("--") && a.len() > 2);
    let mut all: Vec<String> =
        listed.chain(given.map(|a| a.split('=').next().unwrap_or_default().to_owned())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a word may be a subcommand rather than a path or a value.
fn is_name(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
