//! Shells: scripts that end in an `exec`, and `sh -c`, gone through as a shell would: folders, variables, `set -e`.

use super::machine::Machine;
use super::{Fault, Started};
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{self, Command, CommandKind, Link, Operator, Script, Word, WordPart};

/// Commands that a shell has itself.
#[rustfmt::skip]
const BUILT_IN: &[&str] = &[
    ":", ".", "[", "[[", "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "declare",
    "disown", "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "let",
    "local", "mapfile", "printf", "pushd", "popd", "pwd", "read", "readarray", "readonly", "return", "set", "shift",
    "shopt", "source", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
];

/// `sh FILE …`, `sh -c TEXT`.
pub(crate) fn start(machine: &Machine<'_>, arguments: &[String], steps: u8) -> Result<Started, Fault> {
    let mut rest = arguments;
    let mut fails = false;
    while let Some((first, tail)) = rest.split_first()
        && first.starts_with(['-', '+'])
    {
        rest = tail;
        let flags = first.strip_prefix('-').filter(|f| !f.starts_with('-')).unwrap_or_default();
        fails |= flags.contains('e');
        if flags.ends_with('o') {
            fails |= rest.first().is_some_and(|o| o == "errexit");
            rest = rest.get(1..).unwrap_or_default();
        }
        // `-c`, `-lc`, `-euc`: the next word is the script.
        if flags.contains('c') {
            let Some(text) = rest.first() else {
                return Err(Fault::Broken("`sh -c` has no script".to_owned()));
            };
            let tail = rest.get(2..).unwrap_or_default();
            let zero = rest.get(1).map(String::as_str).unwrap_or("sh");
            return follow(machine, text, (Some(zero), tail), steps, fails, true)
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
    let first = text.lines().next().unwrap_or_default();
    let fails = first.starts_with("#!")
        && first.split_whitespace().skip(1).any(|w| w.starts_with('-') && w.contains('e'));
    follow(machine, text, (None, arguments), steps, fails, false).unwrap_or_else(|| Ok(own()))
}

/// Goes through a script's commands that are run whatever happens. Gives what takes the script's place in the end: the
/// last `exec`, or the last command of `sh -c`; or the first command that cannot run and ends the script.
fn follow(
    machine: &Machine<'_>,
    text: &str,
    (zero, arguments): (Option<&str>, &[String]),
    steps: u8,
    fails: bool,
    inline: bool,
) -> Option<Result<Started, Fault>> {
    let script = shell::read(&Text::of(text));
    let mut shell = Shell { machine: machine.clone(), arguments, fails, functions: functions(&script) };
    shell.machine.set_words(zero, arguments);
    let last = script.commands.iter().rposition(|c| c.group.is_none() && !c.words.is_empty())?;
    // A command under a condition may be all that is run, as in `if …; then exec a; else exec b; fi`.
    let ends_in_group = script.commands.iter().skip(last + 1).any(|c| c.group.is_some());
    let mut is_certain = true;
    for (index, command) in script.commands.iter().enumerate() {
        if command.group.is_some() || command.kind != CommandKind::Simple {
            // What groups do to variables and folders is not followed.
            continue;
        }
        let is_last = index == last && !ends_in_group;
        let after_or =
            index.checked_sub(1).and_then(|i| script.commands.get(i)).is_some_and(|c| c.link == Link::Or);
        let after_and =
            index.checked_sub(1).and_then(|i| script.commands.get(i)).is_some_and(|c| c.link == Link::And);
        let program = command.program();
        if let Some("." | "source") = program.as_deref()
            && (after_and || after_or || command.link == Link::Or)
        {
            // `[ -f FILE ] && . FILE`
            continue;
        }
        let execs = program.as_deref() == Some("exec");
        if !(is_last || execs) || after_or {
            match shell.pass(command, steps) {
                Some(fault) if !after_or && command.link != Link::Or => return Some(Err(fault)),
                _ => {}
            }
            is_certain &= !after_or;
            continue;
        }
        shell.assign(command);
        let words = if execs { command.words.get(1..)? } else { command.words.get(..).filter(|_| inline)? };
        let words = match shell.words(words) {
            Some(words) => words,
            None if inline && execs => {
                let reason = "what its shell runs in the end is known only when it runs";
                return Some(Err(Fault::Unclear(reason.to_owned())));
            }
            None => return None,
        };
        // A script that hands on what it is given, and is given nothing, runs nothing that is known.
        let program = words.first()?;
        if !execs && (BUILT_IN.contains(&program.as_str()) || shell.functions.contains(program)) {
            return None;
        }
        let started = shell.machine.start(&words, steps + 1);
        return Some(match started {
            Err(Fault::Broken(what)) if !is_certain => Err(Fault::Unclear(what)),
            other => other,
        });
    }
    None
}

fn functions(script: &Script) -> Vec<String> {
    let defined = script.commands.iter().filter(|c| c.kind == CommandKind::Function);
    let names = defined.filter_map(|c| c.words.iter().filter_map(Word::literal).find(|w| w != "function"));
    names.map(|n| n.trim_end_matches("()").to_owned()).collect()
}

struct Shell<'s, 'a> {
    machine: Machine<'a>,
    arguments: &'s [String],
    /// Whether a command that fails ends the script.
    fails: bool,
    functions: Vec<String>,
}

impl Shell<'_, '_> {
    /// Takes in what a command changes. Gives why the script ends at it, if it does.
    fn pass(&mut self, command: &Command, steps: u8) -> Option<Fault> {
        self.assign(command);
        let words = self.words(&command.words)?;
        let (program, rest) = words.split_first()?;
        match program.as_str() {
            "set" => {
                for (i, word) in rest.iter().enumerate() {
                    let flags = word.strip_prefix('-').unwrap_or_default();
                    let named = flags.ends_with('o') && rest.get(i + 1).is_some_and(|o| o == "errexit");
                    self.fails |= flags.contains('e') || named;
                }
                None
            }
            "cd" => {
                let target = rest.iter().find(|w| !w.starts_with('-'))?;
                if target.is_empty() {
                    return None;
                }
                let path = self.machine.absolute(target);
                if !path.is_empty()
                    && !self.machine.filesystem.tree.is_folder(&path)
                    && (self.fails || command.link == Link::And)
                {
                    return Some(Fault::Broken(format!(
                        "the folder {target}, which it changes to, is not in the image"
                    )));
                }
                self.machine.folder = format!("/{}", String::from_utf8_lossy(&path));
                None
            }
            "." | "source" => {
                // Devices are the runtime's.
                let target = rest.first().filter(|t| t.contains('/') && !t.starts_with("/dev/"))?;
                let is_there = self.machine.filesystem.tree.file(&self.machine.absolute(target)).is_some();
                let said = format!("{target}, which its script reads first, is not in the image");
                match (is_there, self.fails || command.link == Link::And) {
                    (true, _) => None,
                    (false, true) => Some(Fault::Broken(said)),
                    // `sh` ends at it, and bash goes on.
                    (false, false) => {
                        self.machine.note_unclear(said);
                        None
                    }
                }
            }
            name if BUILT_IN.contains(&name) || self.functions.iter().any(|f| f == name) => None,
            _ => {
                let ends = self.fails || command.link == Link::And;
                match self.machine.start(&words, steps + 1) {
                    Err(fault @ Fault::Broken(_)) if ends => Some(fault),
                    Err(Fault::Unclear(reason)) if ends => {
                        self.machine.note_unclear(format!("{program}, which a script runs first: {reason}"));
                        None
                    }
                    _ => None,
                }
            }
        }
    }

    fn assign(&mut self, command: &Command) {
        for assignment in command.declarations() {
            if let Some(value) = self.word(&assignment.value) {
                self.machine.set(assignment.name.as_str(), &value);
            }
        }
    }

    /// The words as the shell makes them; nothing if the program itself is not known.
    fn words(&self, words: &[Word]) -> Option<Vec<String>> {
        let mut out: Vec<String> = Vec::new();
        for word in words {
            let variables = word.variables();
            match (self.word(word), variables.as_slice()) {
                (None, [("@" | "*", _)]) if word.parts.len() == 1 => {
                    out.extend(self.arguments.iter().cloned());
                }
                (Some(text), _) => {
                    // A variable without quotes is as many words as its value has, none included.
                    let is_split =
                        matches!(word.parts.as_slice(), [WordPart::Variable { quoted: false, .. }]);
                    if is_split {
                        out.extend(text.split_whitespace().map(str::to_owned));
                    } else {
                        out.push(text);
                    }
                }
                // A value after the program and its module changes nothing about where they are.
                (None, _) if out.len() >= 3 => out.push(String::new()),
                (None, _) => return None,
            }
        }
        Some(out)
    }

    /// A word's text, if all of it is known.
    fn word(&self, word: &Word) -> Option<String> {
        let mut out = String::new();
        for part in &word.parts {
            match part {
                WordPart::Literal { text, .. } => out.push_str(text),
                WordPart::Variable { name, operator, argument, .. } => {
                    let value = self.machine.variable(name.as_str());
                    match (value, operator) {
                        (
                            Some(value),
                            None | Some(Operator::Default | Operator::Assign | Operator::Require),
                        ) => {
                            out.push_str(value);
                        }
                        (None, Some(Operator::Default | Operator::Assign)) => {
                            out.push_str(&argument.as_ref().map_or(Some(String::new()), |a| self.word(a))?);
                        }
                        _ => return None,
                    }
                }
                WordPart::Substitution { .. } | WordPart::Arithmetic { .. } => return None,
            }
        }
        Some(out)
    }
}
