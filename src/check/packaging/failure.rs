//! What a shell makes of a command's failure, and whether it comes to the command at all.

use std::collections::BTreeSet;

use seaworthy_dockerfile::shell::{Command, CommandKind, GroupKind, Link, Script};

/// The options of a shell that end a script at a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `-e`: a command's failure ends the script.
    pub(super) errexit: bool,
    /// `-o pipefail`: a pipeline fails with any of its commands.
    pub(super) pipefail: bool,
}

impl Options {
    /// The options with which GitHub runs the script of a step, by the step's `shell`.
    /// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell>
    pub(super) fn of_step(shell: Option<&str>) -> Self {
        match shell.map(str::trim) {
            None | Some("sh") => Self { errexit: true, pipefail: false },
            Some("bash") => Self { errexit: true, pipefail: true },
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
            if flags.ends_with('o') {
                match words.next().map(String::as_str) {
                    Some("errexit") => self.errexit = on,
                    Some("pipefail") => self.pipefail = on,
                    _ => {}
                }
            }
        }
    }
}

/// Whether a command's failure is let pass. A second try lets none pass, nor does an alternative that ends the script.
pub(super) fn is_tolerated(script: &Script, command: &Command, text: &str, options: Options) -> bool {
    let index = index_of(script, command);
    let negated = text.get(..command.range.start).is_some_and(|t| t.trim_end().ends_with('!'));
    // Who asks for the status himself knows what he does.
    let asks = || text.get(command.range.end..).is_some_and(|t| t.contains("$?"));
    match command.link {
        Link::Or => lets_pass(script, index + 1),
        Link::Pipe | Link::PipeBoth => !options.pipefail,
        Link::Background => true,
        // A loop that gives up in silence: `for … do X && break; done`.
        Link::And => {
            let next = script.commands.get(index + 1).and_then(Command::program);
            next.as_deref() == Some("break")
        }
        Link::End => negated,
        Link::Sequence => negated || !options.errexit && index + 1 < script.commands.len() && !asks(),
    }
}

/// Whether what comes next is decided by how a command ended: it is the condition of an `if` or of a loop, or what stands
/// before `||`.
pub(super) fn is_asked(command: &Command, text: &str) -> bool {
    let before = text.get(..command.range.start).unwrap_or_default();
    let word = before.split_whitespace().next_back().unwrap_or_default();
    command.link == Link::Or || matches!(word, "if" | "elif" | "while" | "until" | "!")
}

/// Whether the commands after `||` succeed whatever happened: nothing there ends the script or tries again.
fn lets_pass(script: &Script, next: usize) -> bool {
    let Some(first) = script.commands.get(next) else { return false };
    // The outermost group that begins here is the alternative.
    let group = script.groups_of(next).filter(|g| g.commands.start == next).last();
    let range = group.map_or(next..next + 1, |g| g.commands.clone());
    let Some(commands) = script.commands.get(range) else { return false };
    let is_harmless = |c: &Command| {
        let program = c.program().unwrap_or_default();
        let argument = c.words.get(1).and_then(|w| w.literal());
        match program.rsplit('/').next().unwrap_or_default() {
            "true" | ":" | "echo" | "printf" | "logger" | "cat" | "sleep" | "continue" | "break" => true,
            "exit" | "return" => argument.as_deref() == Some("0"),
            _ => false,
        }
    };
    // After an `echo` that a line end does not end, as in `|| echo … && exit 1`, something else may come.
    let joined = group.is_none() && matches!(first.link, Link::And | Link::Or);
    !joined && commands.iter().all(is_harmless)
}

/// Whether a command runs only under a condition of the script.
pub(super) fn is_conditional(script: &Script, command: &Command) -> bool {
    let index = index_of(script, command);
    let before = index.checked_sub(1).and_then(|i| script.commands.get(i));
    // `[ … ] && docker push` is as good as an `if`, and what comes after `||` runs if something failed.
    let tested = before.is_some_and(|c| {
        let program = c.program();
        let test = matches!(program.as_deref(), Some("[" | "test" | "[[" | "false" | "grep"))
            || c.kind == CommandKind::Test;
        c.link == Link::Or || test && c.link == Link::And
    });
    tested
        || script.groups_of(index).any(|g| match g.kind {
            GroupKind::If | GroupKind::Case => true,
            // A list runs; `while` and `until` depend on what they ask, unless a counter makes them a retry that ends.
            GroupKind::Loop => {
                let is_list =
                    script.commands.get(g.commands.start).is_some_and(|c| c.kind == CommandKind::For);
                let is_counted =
                    || script.commands.get(g.commands.clone()).is_some_and(|all| all.iter().any(counts));
                !is_list && !is_counted()
            }
            GroupKind::Subshell | GroupKind::Brace => false,
        })
}

/// Whether a command compares numbers, as a loop that counts its rounds does.
fn counts(command: &Command) -> bool {
    let is_comparison = |w: String| matches!(w.as_str(), "-lt" | "-le" | "-gt" | "-ge" | "-eq" | "-ne");
    command.words.iter().filter_map(|w| w.literal()).any(is_comparison)
}

/// The functions of a script that nothing in it calls.
pub(super) fn uncalled(script: &Script) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    script.walk(&mut |_, c| {
        // Also as an argument, as in `retry push`; `name() {` itself is of another kind.
        if c.kind != CommandKind::Function {
            called.extend(c.words.iter().filter_map(|w| w.literal()));
        }
    });
    let defined = script.commands.iter().filter(|c| c.kind == CommandKind::Function);
    defined.filter_map(name).filter(|n| !called.contains(n)).collect()
}

/// The name of the function that a command defines.
fn name(command: &Command) -> Option<String> {
    command
        .words
        .iter()
        .filter_map(|w| w.literal())
        .find(|w| w != "function")
        .map(|w| w.trim_end_matches("()").to_owned())
}

/// Whether a command stands in one of these functions.
pub(super) fn is_in(script: &Script, command: &Command, functions: &BTreeSet<String>) -> bool {
    !functions.is_empty()
        && script.groups_of(index_of(script, command)).any(|g| {
            let head = g.commands.start.checked_sub(1).and_then(|i| script.commands.get(i));
            head.filter(|c| c.kind == CommandKind::Function)
                .and_then(name)
                .is_some_and(|n| functions.contains(&n))
        })
}

/// Whether the script ends at a command, whatever came before.
pub(super) fn ends(script: &Script, command: &Command) -> bool {
    let before = index_of(script, command).checked_sub(1).and_then(|i| script.commands.get(i));
    let alone = before.is_none_or(|c| !matches!(c.link, Link::And | Link::Or));
    command.group.is_none() && alone && command.program().as_deref() == Some("exit")
}

/// The place of a command among those of its script, which stand in their order.
fn index_of(script: &Script, command: &Command) -> usize {
    script.commands.partition_point(|c| c.range.start < command.range.start)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use seaworthy_dockerfile::Text;
    use seaworthy_dockerfile::shell;

    fn push(text: &str, options: Options) -> (bool, bool) {
        let script = shell::read(&Text::of(text));
        let command = script.commands.iter().find(|c| c.program().as_deref() == Some("push")).unwrap();
        (is_conditional(&script, command), is_tolerated(&script, command, text, options))
    }

    #[test]
    fn failures_that_are_let_pass() {
        let step = Options::of_step(None);
        for text in [
            "push || true",
            "push || /bin/true",
            "push || exit 0",
            "push || { echo no; }",
            "push || (true)",
            "push || logger no",
            "push | tee log",
            "push |& cat",
            "push &",
            "! push",
            "for i in 1 2; do push && break; done",
        ] {
            assert!(push(text, step).1, "{text}");
        }
        for text in [
            "push",
            "push\necho",
            "push && echo",
            "push || push",
            "push || exit 1",
            "push || exit",
            "push || die no",
            "push || { echo no; exit 1; }",
            "push || (sleep 5 && push)",
            "push || echo no && exit 1",
            "date | push",
        ] {
            assert_eq!(push(text, step), (false, false), "{text}");
        }
        assert!(!push("push | tee log", Options::of_step(Some("bash"))).1);
        let none = Options::of_step(Some("bash {0}"));
        assert!(push("push\necho", none).1);
        assert!(!push("push && echo", none).1 && !push("push", none).1);
        assert!(!push("push\ncode=$?\nexit $code", none).1);
    }

    #[test]
    fn what_may_not_be_reached() {
        let step = Options::of_step(None);
        for text in [
            "if push; then echo; fi",
            "while push; do break; done",
            "false && push",
            "true || push",
            "[ -n \"$X\" ] && push",
        ] {
            assert!(push(text, step).0, "{text}");
        }
        assert!(!push("for x in a b; do push $x; done", step).0);
        assert!(!push("cd x && push", step).0);
        // A retry that ends.
        for text in [
            "n=0; until push; do n=$((n+1)); [ $n -ge 3 ] && exit 1; sleep 5; done",
            "n=0\nwhile [ \"$n\" -lt 3 ]; do\n  push && exit 0\n  n=$((n+1))\ndone\nexit 1",
        ] {
            assert!(!push(text, step).0, "{text}");
        }
    }

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

    #[test]
    fn functions_that_nothing_calls() {
        let script = shell::read(&Text::of("f() {\n push\n}\nfunction g { push; }\ng"));
        assert_eq!(uncalled(&script), BTreeSet::from(["f".to_owned()]));
        let inside: Vec<bool> = script
            .commands
            .iter()
            .filter(|c| c.program().as_deref() == Some("push"))
            .map(|c| is_in(&script, c, &uncalled(&script)))
            .collect();
        assert_eq!(inside, [true, false]);
    }
}
