//! Shells: scripts and `sh -c`, gone through as a shell would in a container that has no variables but the image's:
//! directories, variables, conditions, `set -e`, and what takes the script's place in the end.

mod builtin;
mod condition;
mod run;
mod words;

use super::machine::Machine;
use super::{Fault, Started};
use run::{Options, Run};
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, GroupKind, tree};

/// Commands that a shell has itself.
#[rustfmt::skip]
const BUILT_IN: &[&str] = &[
    ":", ".", "[", "[[", "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "declare",
    "disown", "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "let",
    "local", "mapfile", "printf", "pushd", "popd", "pwd", "read", "readarray", "readonly", "return", "set", "shift",
    "shopt", "source", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
];

/// `sh FILE …`, `sh -c TEXT`. `shell` is the file that the shell is, with all links followed.
pub(crate) fn start(
    machine: &Machine<'_>,
    shell: &[u8],
    arguments: &[String],
    steps: u8,
) -> Result<Started, Fault> {
    let mut rest = arguments;
    let mut options = Options::of(shell);
    while let Some((first, tail)) = rest.split_first()
        && first.starts_with(['-', '+'])
    {
        rest = tail;
        let flags = first.strip_prefix('-').filter(|f| !f.starts_with('-')).unwrap_or_default();
        options.take(flags, rest.first());
        if flags.ends_with('o') {
            rest = rest.get(1..).unwrap_or_default();
        }
        // `-c`, `-lc`, `-euc`: the next word is the script.
        if flags.contains('c') {
            let Some(text) = rest.first() else {
                return Err(Fault::Broken("`sh -c` has no script".to_owned()));
            };
            let tail = rest.get(2..).unwrap_or_default();
            let zero = rest.get(1).map(String::as_str).unwrap_or("sh");
            return follow(machine, text, (Some(zero), tail), steps, options)
                .unwrap_or_else(|| Ok(Started::Program { what: "sh -c".to_owned(), has_words: false }));
        }
    }
    let Some((file, tail)) = rest.split_first() else {
        return Ok(Started::Program { what: "sh".to_owned(), has_words: false });
    };
    let path = machine.absolute(file);
    let Some((real, node)) = machine.filesystem.tree.file(&path) else {
        return Err(Fault::Broken(format!("{file}, which the shell is to run, is not in the image")));
    };
    machine.readable(&path)?;
    let text = machine.filesystem.content(node).text();
    run_file(machine, (&real, file), text, tail, steps, options)
}

/// A shell script that is run by its `#!` line, as it was called.
pub(crate) fn script(
    machine: &Machine<'_>,
    shell: &[u8],
    (file, called): (&[u8], &str),
    text: Option<&str>,
    arguments: &[String],
    steps: u8,
) -> Result<Started, Fault> {
    let mut options = Options::of(shell);
    let first = text.and_then(|t| t.lines().next()).unwrap_or_default();
    let flags = first.split_whitespace().skip(1).filter_map(|w| w.strip_prefix('-'));
    flags.for_each(|f| options.take(f, None));
    run_file(machine, (file, called), text, arguments, steps, options)
}

fn run_file(
    machine: &Machine<'_>,
    (file, called): (&[u8], &str),
    text: Option<&str>,
    arguments: &[String],
    steps: u8,
    options: Options,
) -> Result<Started, Fault> {
    let own = || Started::Script { file: file.to_vec(), language: "shell", arguments: arguments.to_vec() };
    let Some(text) = text else { return Ok(own()) };
    // The carriage return of a line is a part of its last word.
    let returns = text.matches("\r\n").count();
    let what = format!("the lines of /{} end in carriage returns", String::from_utf8_lossy(file));
    // The kernel may have taken the first line without one.
    if returns > 0 && returns + 1 >= text.matches('\n').count() {
        return Err(Fault::Broken(what));
    }
    if returns > 0 {
        machine.note_unclear(format!("some of {what}"));
    }
    follow(machine, text, (Some(called), arguments), steps, options).unwrap_or_else(|| Ok(own()))
}

/// Runs a text. Gives what takes its place in the end, if something does, or why it ends before.
fn follow(
    machine: &Machine<'_>,
    text: &str,
    (zero, arguments): (Option<&str>, &[String]),
    steps: u8,
    options: Options,
) -> Option<Result<Started, Fault>> {
    let script = shell::parse(&Text::of(text));
    // What an installer writes for a path that is too long for a `#!` line is Python after its second line.
    if let Some(kind) = script.unclosed.filter(|_| !text.contains("\'\'\'exec\'")) {
        let kind = match kind {
            GroupKind::Subshell => "`(`",
            GroupKind::Brace => "`{`",
            GroupKind::If => "`if`",
            GroupKind::Loop => "loop",
            GroupKind::Case => "`case`",
        };
        return Some(Err(Fault::Unclear(format!(
            "a {kind} of its script is not closed, as far as it parses"
        ))));
    }
    if let Some(what) = options.refuses(text) {
        return Some(Err(Fault::Broken(what)));
    }
    let items = tree::list(&script);
    let mut machine = machine.clone();
    machine.set_words(zero, arguments);
    Run::new(machine, text, arguments, options, steps).whole(&items)
}
