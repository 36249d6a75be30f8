//! SW601: an entrypoint's module or binary is not in the image, or does not start there.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Example, Finding, Reads, Severity, hidden};
use crate::observe::entrypoint::{Fault, Startup};
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// SW601.
pub struct EntrypointMissing;

const META: CheckMeta = CheckMeta {
    id: "SW601",
    name: "entrypoint-missing",
    summary: "What the contract starts the image with is not in the image, cannot be read by its user, does not parse there, imports what is not there, or ends at its start.",
    why: "The image builds, is pushed and is signed, and the task that uses it dies at its start: in the phase where that is most expensive.",
    fix: "Put the module or program into the image, or correct the command in the contract's [[entrypoints]].",
    example: Example {
        fails: hidden!(
            r#"# command = ["python3", "-m", "app_pkg.cli"]; the image has no app_pkg/config.py
from app_pkg.config import load"#
        ),
        mended: r#"# the contract names a module that is there
command = ["python", "-m", "orders.cli"]"#,
        silent: "Imports under TYPE_CHECKING, in functions, in `try` … `except ImportError`, and under a guard that is false for the image's version. An import hook or a changed sys.path is not checked.",
    },
    severity: Severity::High,
    reads: &[Reads::Layers, Reads::Entrypoints],
    tags: &[],
};

impl Check<Startup<'_>> for EntrypointMissing {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, startup: &Startup<'_>, context: &Context<'_>, answers: &mut Answers) {
        for (entrypoint, judged) in startup.entrypoints.iter().zip(startup.judged()) {
            let command = entrypoint.shown();
            let asks = format!("line {} of the contract asks for `{command}`", entrypoint.position.line);
            let mut report = |what: &str, origin: Origin| {
                let what = escape_bytes(what.as_bytes());
                answers.findings.push(
                    Finding::build(&META, origin, format!("{} cannot start: {what}", entrypoint.handle))
                        .notes(vec![asks.clone()])
                        .named(context.key, &[&entrypoint.handle, &command, &what]),
                );
            };
            match &judged.started {
                Ok(_) => {}
                Err(Fault::Broken(what)) => report(what, startup.origin(OriginKind::Artifact)),
                Err(Fault::Unclear(reason)) => {
                    answers.not_checked.push(startup.not_checked(entrypoint, META.id, reason));
                }
            }
            for reason in &judged.unclear {
                answers.not_checked.push(startup.not_checked(entrypoint, META.id, reason));
            }
            for problem in &judged.problems {
                if problem.is_certain {
                    report(&problem.what, startup.line_origin(&problem.file, problem.line));
                } else {
                    let mut item = startup.not_checked(entrypoint, META.id, &problem.what);
                    item.origin = startup.line_origin(&problem.file, problem.line);
                    answers.not_checked.push(item);
                }
            }
        }
    }
}
