//! Shells: scripts that end in an `exec`, and `sh -c`.

use super::machine::Machine;
use super::{Fault, Started};
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command, Word};

/// `sh FILE …`, `sh -c TEXT`.
pub(crate) fn start(machine: &Machine<'_>, arguments: &[String], steps: u8) -> Result<Started, Fault> {
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first()
        && first.starts_with(['-', '+'])
    {
        rest = tail;
        // `-c`, `-lc`, `-euc`: the next word is the script.
        if first.starts_with('-') && !first.starts_with("--") && first.ends_with('c') {
            let Some(text) = rest.first() else {
                return Err(Fault::Broken("`sh -c` has no script".to_owned()));
            };
            let tail = rest.get(2..).unwrap_or_default();
            return follow(machine, text, tail, steps, true)
                .unwrap_or_else(|| Ok(Started::Program { what: "sh -c".to_owned() }));
        }
    }
    let Some((file, tail)) = rest.split_first() else {
        return Ok(Started::Program { what: "sh".to_owned() });
    };
    let path = machine.absolute(file);
    let Some((real, node)) = machine.filesystem.tree.file(&path) else {
        return Err(Fault::Broken(format!("{file}, which the shell is to run, is not in the image")));
    };
    let text = machine.filesystem.content(node).text();
    script(machine, &real, text, tail, steps)
}

/// A shell script: what it runs in the end, if that can be told.
pub(crate) fn script(
    machine: &Machine<'_>,
    file: &[u8],
    text: Option<&str>,
    arguments: &[String],
    steps: u8,
) -> Result<Started, Fault> {
    let own = || Started::Script { file: file.to_vec(), language: "shell", arguments: arguments.to_vec() };
    let Some(text) = text else { return Ok(own()) };
    follow(machine, text, arguments, steps, false).unwrap_or_else(|| Ok(own()))
}

/// The command that takes a script's place: the last `exec` outside of conditions, or the only command of `sh -c`.
fn follow(
    machine: &Machine<'_>,
    text: &str,
    arguments: &[String],
    steps: u8,
    inline: bool,
) -> Option<Result<Started, Fault>> {
    let script = shell::read(&Text::of(text));
    let outside = |c: &&Command| c.group.is_none() && !c.words.is_empty();
    let execs = |c: &Command| c.program().as_deref() == Some("exec");
    let last = script.commands.iter().rfind(outside)?;
    let single = inline && script.commands.iter().filter(outside).count() == 1;
    let words = if execs(last) { last.words.get(1..)? } else { last.words.get(..).filter(|_| single)? };
    let words = words_of(words, arguments)?;
    // A script that hands on what it is given, and is given nothing, runs nothing that is known.
    (!words.is_empty()).then(|| machine.start(&words, steps + 1))
}

/// The words as the shell makes them, if nothing but `"$@"` has to be put in.
fn words_of(words: &[Word], arguments: &[String]) -> Option<Vec<String>> {
    let mut out = Vec::new();
    for word in words {
        let variables = word.variables();
        match (word.literal(), variables.as_slice()) {
            (Some(text), _) => out.push(text),
            (None, [("@" | "*", _)]) if word.parts.len() == 1 => out.extend(arguments.iter().cloned()),
            // A value after the program and its module changes nothing about where they are.
            (None, _) if out.len() >= 3 => out.push(String::new()),
            (None, _) => return None,
        }
    }
    Some(out)
}
