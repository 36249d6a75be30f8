//! SW602: an entrypoint's program refuses the contract's command line.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Example, Finding, Reads, Severity, hidden};
use crate::observe::entrypoint::Startup;
use seaworthy_source::{OriginKind, escape_bytes};

/// SW602.
pub struct UnknownArgument;

const META: CheckMeta = CheckMeta {
    id: "SW602",
    name: "entrypoint-argument-unknown",
    summary: "An entrypoint's program does not take the command line that the contract gives it: it does not know an option or a subcommand, or needs another.",
    why: "A command line that the program refuses ends the task at its start, and a pinned contract that the code left behind proves nothing.",
    fix: "Give the program the option, or correct the contract's [[entrypoints]].",
    example: Example {
        fails: hidden!(
            r#"command = ["python", "-m", "orders.cli", "replay"]
# orders/cli.py
commands.add_parser("run")"#
        ),
        mended: r#"command = ["python", "-m", "orders.cli", "run"]
# orders/cli.py
commands.add_parser("run")"#,
        silent: "Options of the contract that the parser knows under another of their names. A parser that is made while the program runs is not checked, with the line.",
    },
    severity: Severity::High,
    reads: &[Reads::Layers, Reads::Entrypoints],
    tags: &[],
};

impl Check<Startup<'_>> for UnknownArgument {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, startup: &Startup<'_>, context: &Context<'_>, answers: &mut Answers) {
        for (entrypoint, judged) in startup.entrypoints.iter().zip(startup.judged()) {
            let command = entrypoint.shown();
            if let Some(reason) = &judged.unknown {
                answers.not_checked.push(startup.not_checked(entrypoint, META.id, reason));
            }
            for refusal in &judged.refusals {
                let what = escape_bytes(refusal.what.as_bytes());
                let place = match (&refusal.at, &judged.file) {
                    (Some(at), _) if !at.file.is_empty() => startup.line_origin(&at.file, at.line),
                    (_, Some(file)) => startup.file_origin(file),
                    _ => startup.origin(OriginKind::Artifact),
                };
                if !refusal.is_certain {
                    let mut item =
                        startup.not_checked(entrypoint, META.id, &format!("whether it {}", refusal.what));
                    item.origin = place;
                    answers.not_checked.push(item);
                    continue;
                }
                answers.findings.push(
                    Finding::build(&META, place, format!("{} {what}", entrypoint.handle))
                        .confidence(Confidence::Medium)
                        .notes(vec![format!(
                            "line {} of the contract asks for `{command}`",
                            entrypoint.position.line
                        )])
                        .named(context.key, &[&entrypoint.handle, &command, &what]),
                );
            }
        }
    }
}
