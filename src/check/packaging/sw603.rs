//! SW603: the image needs a secret to answer `--help`. The only check for which something of the image is run, and
//! only where the user asks for it.

use crate::check::{Answers, Check, Context};
use crate::finding::{
    CheckMeta, CheckStatus, Confidence, EntrypointRow, Example, Finding, Judgement, NotChecked, Reads,
    Severity, hidden,
};
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
    example: Example {
        fails: hidden!(
            r#"# `--help` in a container without secrets
exit = 1
output = "KeyError: DB_PASSWORD (was hunter2)""#
        ),
        mended: r#"exit = 0
output = "usage: run [--profile]""#,
        silent: "Entrypoints that were not run: without --exec the check is not requested.",
    },
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

/// What an entrypoint was run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// `--help`
    Help,
    /// The contract's arguments of a dry run.
    DryRun,
}

impl Trial {
    /// What a report calls it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Help => "--help",
            Self::DryRun => "the dry run",
        }
    }
}

/// One entrypoint that was run.
#[derive(Clone, Debug)]
pub struct HelpRun {
    /// The entrypoint.
    pub entrypoint: Entrypoint,
    /// What it was run with.
    pub trial: Trial,
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

impl HelpRuns {
    /// Adds to the rows of a matrix what running gave.
    pub fn add_to(&self, rows: &mut [EntrypointRow]) {
        let rank = |s: CheckStatus| match s {
            CheckStatus::Fail => 2,
            CheckStatus::NotChecked => 1,
            _ => 0,
        };
        for row in rows {
            let is_of_row =
                |r: &&HelpRun| r.entrypoint.handle == row.handle && r.entrypoint.shown() == row.command;
            let runs: Vec<&HelpRun> = self.runs.iter().filter(is_of_row).collect();
            for run in runs {
                let what = run.trial.as_str();
                let (status, reason) = match &run.answered {
                    Answered::Exit(0) => (CheckStatus::Pass, None),
                    Answered::Exit(code) => {
                        (CheckStatus::Fail, Some(format!("{what} ends with code {code}")))
                    }
                    Answered::TimedOut(seconds) => {
                        (CheckStatus::Fail, Some(format!("{what} does not end within {seconds} seconds")))
                    }
                    Answered::NotRun(reason) => {
                        (CheckStatus::NotChecked, Some(escape_bytes(reason.as_bytes())))
                    }
                };
                if !matches!(run.answered, Answered::NotRun(_)) && !row.judged.contains(&Judgement::Executed)
                {
                    row.judged.push(Judgement::Executed);
                }
                if rank(status) > rank(row.status) {
                    (row.status, row.reason) = (status, reason);
                }
            }
        }
    }
}

impl Check<HelpRuns> for HelpNeedsSecret {
    fn meta(&self) -> &'static CheckMeta {
        &META
    }

    fn run(&self, help: &HelpRuns, context: &Context<'_>, answers: &mut Answers) {
        let origin = Origin::new(OriginKind::Artifact, help.image.clone());
        for HelpRun { entrypoint, trial, answered, named } in &help.runs {
            let asked = match trial {
                Trial::Help => "asked for --help without secrets",
                Trial::DryRun => "run with the contract's `dry_run`",
            };
            let command = entrypoint.shown();
            let what = match answered {
                Answered::Exit(0) => continue,
                Answered::NotRun(reason) => {
                    answers.not_checked.push(NotChecked::new(
                        origin.clone(),
                        format!("entrypoint {} ({command}, {})", entrypoint.handle, trial.as_str()),
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
                Finding::build(&META, origin.clone(), format!("{} {asked} {what}{asks}", entrypoint.handle))
                    .confidence(if named.is_empty() { Confidence::Medium } else { Confidence::High })
                    .notes(vec![format!(
                        "it ran as `{command}` with {}, no network and no variable but the image's own",
                        trial.as_str()
                    )])
                    .named(context.key, &[&entrypoint.handle, &command, trial.as_str()]),
            );
        }
    }
}
