//! SW603: the image needs a secret to answer `--help`. The only check for which something of the image is run, and
//! only where the user asks for it.

use crate::check::{Answers, Check, Context};
use crate::finding::{CheckMeta, Confidence, Finding, NotChecked, Reads, Severity};
use crate::observe::entrypoint::Entrypoint;
use seaworthy_source::{Origin, OriginKind, escape_bytes};

/// SW603.
pub struct HelpNeedsSecret;

const META: CheckMeta = CheckMeta {
    id: "SW603",
    name: "help-needs-secret",
    summary: "An entrypoint does not answer `--help` in a container that has no secret and no network.",
    why: "An image that asks for secrets before it can say what it is cannot be checked where it is built; what it reads at import time it also leaks at import time.",
    fix: "Read secrets when they are used, after the arguments are parsed, and not while modules are imported.",
    clause: "D.2, B",
    severity: Severity::Medium,
    reads: &[Reads::Entrypoints],
    tags: &["CWE-1188"],
};

/// What `--help` came to. No output is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It ended with this code.
    Exit(i32),
    /// It did not end in time: after how many seconds.
    TimedOut(u64),
    /// It could not be run: why.
    NotRun(String),
}

/// One entrypoint that was asked for help.
#[derive(Clone, Debug)]
pub struct HelpRun {
    /// The entrypoint.
    pub entrypoint: Entrypoint,
    /// What it answered.
    pub answered: Answered,
    /// Variables of the contract that its output names.
    pub named: Vec<String>,
}

/// All entrypoints of an image that were asked for help.
pub struct HelpRuns {
    /// The image's name.
    pub image: String,
    /// The runs, in the contract's order.
    pub runs: Vec<HelpRun>,
}

impl Check<HelpRuns> for HelpNeedsSecret {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, help: &HelpRuns, context: &Context<'_>, answers: &mut Answers) {
        let origin = Origin::new(OriginKind::Artifact, help.image.clone());
        for HelpRun { entrypoint, answered, named } in &help.runs {
            let command = entrypoint.shown();
            let what = match answered {
                Answered::Exit(0) => continue,
                Answered::NotRun(reason) => {
                    answers.not_checked.push(NotChecked::new(
                        origin.clone(),
                        format!("entrypoint {} ({command} --help)", entrypoint.handle),
                        escape_bytes(reason.as_bytes()),
                        vec![META.id],
                    ));
                    continue;
                }
                Answered::Exit(code) => format!("ends with code {code}"),
                Answered::TimedOut(seconds) => format!("does not end within {seconds} seconds"),
            };
            let asks = match named.as_slice() {
                [] => String::new(),
                names => format!(", and its output names {}", names.join(", ")),
            };
            answers.findings.push(
                Finding::build(
                    &META,
                    origin.clone(),
                    format!("{} asked for --help without secrets {what}{asks}", entrypoint.handle),
                )
                .confidence(if named.is_empty() { Confidence::Medium } else { Confidence::High })
                .notes(vec![format!(
                    "it ran as `{command} --help`, with no network and no variable but the image's own"
                )])
                .named(context.key, &[&entrypoint.handle, &command]),
            );
        }
    }
}
