//! What a shell makes of a command's failure, and whether it comes to the command at all; the options that decide it.

use seaworthy_dockerfile::shell::{Command, Script};

/// Whether a script that succeeds has run a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    #[default]
    Always,
    /// A condition of the script decides.
    Sometimes,
    Never,
}

/// What a script does if a command fails, each time that it is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// It ends, and fails.
    #[default]
    Stops,
    /// What is known only when it runs decides.
    Depends,
    /// It tries again without end.
    Endless,
    /// It goes on, and succeeds.
    Passes,
}

/// What becomes of a command of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandOutcome {
    pub(super) reach: Reach,
    pub(super) failure: Failure,
}

impl CommandOutcome {
    /// What becomes of a command of a script that a command of this outcome runs.
    pub(super) fn around(self, inner: Self) -> Self {
        Self { reach: self.reach.max(inner.reach), failure: self.failure.max(inner.failure) }
    }
}

/// The options of a shell that end a script at a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `-e`: a command's failure ends the script.
    pub(super) errexit: bool,
    /// `-o pipefail`: a pipeline fails with any of its commands.
    pub(super) pipefail: bool,
    /// `-x`: each command is written to the log, with the values of its variables.
    pub(super) xtrace: bool,
}

impl Options {
    /// The options with which GitHub runs the script of a step, by the step's `shell`.
    /// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell>
    pub(super) fn of_step(shell: Option<&str>) -> Self {
        match shell.map(str::trim) {
            None | Some("sh") => Self { errexit: true, ..Self::default() },
            Some("bash") => Self { errexit: true, pipefail: true, xtrace: false },
            Some(own) => {
                let words: Vec<String> = own.split_whitespace().skip(1).map(str::to_owned).collect();
                let mut options = Self::default();
                options.set(&words);
                options
            }
        }
    }

    /// The options with which a script's own first line runs it.
    pub(super) fn of_script(text: &str) -> Self {
        let first = text.lines().next().and_then(|l| l.strip_prefix("#!")).unwrap_or_default();
        let words: Vec<String> = first.split_whitespace().skip(1).map(str::to_owned).collect();
        let mut options = Self::default();
        options.set(&words);
        options
    }

    /// Takes in the arguments of `set`.
    pub(super) fn set(&mut self, words: &[String]) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (on, flags) = match word.split_at_checked(1) {
                Some(("-", flags)) if !flags.starts_with('-') => (true, flags),
                Some(("+", flags)) => (false, flags),
                _ => continue,
            };
            if flags.contains('e') {
                self.errexit = on;
            }
            if flags.contains('x') {
                self.xtrace = on;
            }
            if flags.ends_with('o') {
                match words.next().map(String::as_str) {
                    Some("errexit") => self.errexit = on,
                    Some("pipefail") => self.pipefail = on,
                    Some("xtrace") => self.xtrace = on,
                    _ => {}
                }
            }
        }
    }
}

/// Whether the script ends at a command, whatever came before.
pub(super) fn ends(script: &Script, command: &Command) -> bool {
    use seaworthy_dockerfile::shell::Link;
    let index = script.commands.partition_point(|c| c.range.start < command.range.start);
    let before = index.checked_sub(1).and_then(|i| script.commands.get(i));
    let alone = before.is_none_or(|c| !matches!(c.link, Link::And | Link::Or));
    command.group.is_none() && alone && command.program().as_deref() == Some("exit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_as_set_has_them() {
        let set = |text: &str| {
            let mut options = Options::default();
            options.set(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
            (options.errexit, options.pipefail)
        };
        assert_eq!(set("-euo pipefail"), (true, true));
        assert_eq!(set("-e -o pipefail"), (true, true));
        assert_eq!(set("-o errexit"), (true, false));
        assert_eq!(set("-e +e"), (false, false));
        assert_eq!(set("-- -e"), (true, false));
        assert_eq!(
            Options::of_step(Some("bash --noprofile -eo pipefail {0}")),
            Options::of_step(Some("bash"))
        );
        assert!(Options::of_script("#!/bin/sh -e\n").errexit && !Options::of_script("#!/bin/sh\n").errexit);
    }
}
