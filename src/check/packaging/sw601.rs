//! SW601: an entrypoint's module or binary is not in the image.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Finding, Reads, Severity};
use crate::observe::entrypoint::{Fault, Startup};
use seaworthy_source::{OriginKind, escape_bytes};

/// SW601.
pub struct EntrypointMissing;

const META: CheckMeta = CheckMeta {
    id: "SW601",
    name: "entrypoint-missing",
    summary: "What the contract starts the image with is not in the image, or cannot run there.",
    why: "The image builds, is pushed and is signed, and the task that uses it dies at its start: in the phase where that is most expensive.",
    fix: "Put the module or program into the image, or correct the command in the contract's [[entrypoints]].",
    clause: "B",
    severity: Severity::High,
    reads: &[Reads::Layers, Reads::Entrypoints],
    tags: &[],
};

impl Check<Startup<'_>> for EntrypointMissing {
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
            let what = match machine.start(&startup.command(entrypoint), 0) {
                Ok(_) => continue,
                Err(Fault::Unclear(reason)) => {
                    answers.not_checked.push(startup.not_checked(entrypoint, META.id, &reason));
                    continue;
                }
                Err(Fault::Broken(what)) => what,
            };
            let command = entrypoint.shown();
            answers.findings.push(
                Finding::build(
                    &META,
                    startup.origin(OriginKind::Artifact),
                    format!("{} cannot start: {}", entrypoint.handle, escape_bytes(what.as_bytes())),
                )
                .notes(vec![format!(
                    "the contract asks for `{command}` on line {}",
                    entrypoint.position.line
                )])
                .named(context.key, &[&entrypoint.handle, &command]),
            );
        }
    }
}
