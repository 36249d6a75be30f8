//! Following secrets through the commands of a script.

use std::ops::ControlFlow;

use super::super::literal::base_name;
use super::super::path::{absolute, below};
use super::super::rendered::Rendered;
use super::effect::Kept;
use super::programs::{ECHOES, FILTERS, is_silent};
use super::{End, Flow, Flows, Sources, is_outside};
use seaworthy_detect::validate::is_secret_name;
use seaworthy_dockerfile::Text;
use seaworthy_dockerfile::shell::{
    self, Command, CommandKind, Operator, Redirection, RedirectionOperator, Script, Word, WordPart,
};
use seaworthy_source::Span;

/// Most files, variables, flows and removals of one script that are kept in mind each. A script with more is followed
/// as far as that goes, and said to be.
const MAX_TRACKED: usize = 2_000;

/// Substitutions in substitutions that are followed.
const MAX_DEPTH: usize = 16;

pub(super) struct Tracker {
    sources: Sources,
    directory: String,
    pub(super) flows: Vec<Flow>,
    /// Paths that were removed, each with the number of flows there were before.
    removed: Vec<(String, usize)>,
    /// What programs keep in their own files.
    pub(super) kept: Vec<Kept>,
    /// Flows that a program took back.
    pub(super) undone: Vec<usize>,
    traced: bool,
    /// The label of a secret file that the shell read as commands: it sets variables whose names are not seen.
    sourced: Option<String>,
    /// The command of the Dockerfile that a script inside it belongs to, where its own places are not the file's.
    outer: Option<Span>,
    /// Whether everything could be followed.
    complete: bool,
}

impl Tracker {
    pub(super) fn new(sources: Sources, directory: String, traced: bool) -> Self {
        Self {
            sources,
            directory,
            flows: Vec::new(),
            removed: Vec::new(),
            kept: Vec::new(),
            undone: Vec::new(),
            traced,
            sourced: None,
            outer: None,
            complete: true,
        }
    }

    pub(super) fn follow(mut self, script: &Script) -> Flows {
        self.script(script, None, 0);
        let Self { flows, removed, sources, complete, undone, .. } = self;
        let gone = |index: usize, path: &str| {
            removed.iter().any(|(gone, before)| *before > index && covers(gone, path))
        };
        let stays = |(index, flow): (usize, Flow)| match &flow.end {
            End::Written(_) if undone.contains(&index) => None,
            End::Written(path) if is_outside(&sources, path) || gone(index, path) => None,
            _ => Some(flow),
        };
        let mut kept: Vec<Flow> = flows.into_iter().enumerate().filter_map(stays).collect();
        kept.dedup_by(|a, b| a.label == b.label && a.end == b.end);
        Flows { found: kept, complete }
    }

    /// Goes through a script; returns the label of the secret in its standard output where that is not the log.
    /// `captured` says that the output goes to anyone who reads it.
    fn script(&mut self, script: &Script, captured: Option<()>, depth: usize) -> Option<String> {
        let mut inputs: Vec<Option<String>> = vec![None; script.commands.len()];
        let mut result = None;
        for index in 0..script.commands.len() {
            let Some(command) = script.commands.get(index) else { break };
            let input = inputs.get(index).cloned().flatten();
            let output = self.command(script, index, command, input, depth);
            let Some(label) = output else { continue };
            match self.destination(script, index) {
                Destination::Files(paths) => {
                    for path in paths {
                        self.wrote(&label, &path, command);
                    }
                }
                Destination::Nowhere => {}
                Destination::Output => match script.reader_of(index) {
                    Some(reader) => {
                        if let Some(slot) = inputs.get_mut(reader) {
                            *slot = Some(label);
                        }
                    }
                    None if captured.is_some() => result = Some(label),
                    None => self.printed(&label, "prints it", command),
                },
                Destination::Log => self.printed(&label, "prints it", command),
            }
        }
        result
    }

    /// Carries one command out as far as secrets are concerned; returns the label of what is in its output.
    fn command(
        &mut self,
        script: &Script,
        index: usize,
        command: &Command,
        input: Option<String>,
        depth: usize,
    ) -> Option<String> {
        if depth > MAX_DEPTH {
            self.complete = false;
            return None;
        }
        let input = input.or_else(|| self.read(script, index, depth));
        let traced = self.traced;
        let mut shown: Option<String> = None;
        for assignment in command.declarations() {
            if let Some(label) = self.carried(&assignment.value, depth) {
                shown.get_or_insert_with(|| label.clone());
                self.taint(&assignment.name, label);
            }
        }
        let words: Vec<String> = command.words.iter().map(|w| Rendered::word(w).text).collect();
        let labels: Vec<Option<String>> = command.words.iter().map(|w| self.carried(w, depth)).collect();
        shown = shown.or_else(|| labels.iter().flatten().next().cloned());
        if traced && let Some(label) = &shown {
            self.printed(label, "is traced with `set -x`, which prints it", command);
        }
        let Some(program) = words.first().map(|w| base_name(w).to_owned()) else {
            // `< file` alone, in a substitution, is the file.
            return if command.assignments.is_empty() { input } else { None };
        };
        if !matches!(command.kind, CommandKind::Simple | CommandKind::For) {
            return None;
        }
        if command.kind == CommandKind::For {
            if let (Some(name), Some(label)) = (words.get(1), labels.iter().flatten().next()) {
                self.taint(name, label.clone());
            }
            return None;
        }
        let arguments = &words[1..];
        if let ControlFlow::Break(output) =
            self.builtin(&program, command, arguments, &labels, input.as_ref(), depth)
        {
            return output;
        }
        self.special(&program, command, arguments, &labels, input.as_ref());
        let given = labels.iter().skip(1).flatten().next().cloned();
        if ECHOES.contains(&program.as_str()) {
            return given;
        }
        if !FILTERS.contains(&program.as_str()) || is_silent(&program, arguments) {
            return None;
        }
        // What a filter is told to match is not what it writes.
        let pattern = matches!(program.as_str(), "grep" | "egrep" | "fgrep" | "tr" | "cut");
        let file = arguments.iter().find_map(|a| self.file(a.strip_prefix("if=").unwrap_or(a)));
        input
            .or(file)
            .or(if pattern { None } else { given })
            .or_else(|| (program == "envsubst").then(|| self.any_variable()).flatten())
    }

    /// What a built-in of the shell, or a program like one, does to what is known, and what it writes; nothing of any
    /// other.
    fn builtin(
        &mut self,
        program: &str,
        command: &Command,
        arguments: &[String],
        labels: &[Option<String>],
        input: Option<&String>,
        depth: usize,
    ) -> ControlFlow<Option<String>> {
        let output = match program {
            "set" => {
                self.set(arguments);
                if arguments.is_empty() { self.any_variable() } else { None }
            }
            "export" if arguments.is_empty() || arguments == ["-p"] => self.any_variable(),
            // `export $(cat FILE)`: what it sets is in the file.
            "export" if command.words.iter().skip(1).any(|w| w.assignment().is_none()) => {
                self.sourced = labels.iter().flatten().next().cloned().or(self.sourced.take());
                None
            }
            "declare" | "typeset" if arguments.iter().all(|a| a.starts_with('-')) => self.any_variable(),
            "env" if arguments.iter().all(|a| a.starts_with('-')) => self.any_variable(),
            "printenv" => match arguments.iter().find(|a| !a.starts_with('-')) {
                Some(name) => self.variable(name),
                None => self.any_variable(),
            },
            "cd" | "pushd" => {
                if let Some(to) = arguments.iter().find(|a| !a.starts_with('-')) {
                    self.directory = absolute(&self.directory, to);
                }
                None
            }
            "unset" => {
                self.sources.variables.retain(|(name, _)| !arguments.contains(name));
                None
            }
            "read" => {
                let name = arguments.iter().rev().find(|a| !a.starts_with('-'));
                if let (Some(label), Some(name)) = (input, name) {
                    self.taint(name, label.clone());
                }
                None
            }
            "rm" | "unlink" | "shred" | "srm" => {
                self.remove(arguments);
                None
            }
            "trap" => {
                self.trap(command);
                None
            }
            "sh" | "bash" | "ash" | "dash" | "zsh" => self.nested(command, arguments, depth),
            "xargs" if arguments.iter().all(|a| a.starts_with('-')) => input.cloned(),
            "source" | "." => {
                self.sourced = arguments.first().and_then(|a| self.file(a)).or(self.sourced.take());
                None
            }
            "find" if arguments.iter().any(|a| matches!(a.as_str(), "-delete" | "rm")) => {
                let starts: Vec<String> =
                    arguments.iter().take_while(|a| !a.starts_with('-')).cloned().collect();
                self.remove(&starts);
                None
            }
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(output)
    }

    fn set(&mut self, arguments: &[String]) {
        for (i, argument) in arguments.iter().enumerate() {
            let named = arguments.get(i + 1).is_some_and(|n| n == "xtrace");
            let short = |sign: char| {
                argument.starts_with(sign) && !argument.starts_with("--") && argument.contains('x')
            };
            if short('-') || argument == "-o" && named {
                self.traced = true;
            } else if short('+') || argument == "+o" && named {
                self.traced = false;
            }
        }
    }

    /// `sh -c '…'`.
    fn nested(&mut self, command: &Command, arguments: &[String], depth: usize) -> Option<String> {
        let at =
            arguments.iter().position(|a| a.starts_with('-') && !a.starts_with("--") && a.ends_with('c'))?;
        if arguments.get(at).is_some_and(|a| a.contains('x')) {
            self.traced = true;
        }
        let word = command.words.get(at + 2)?;
        if let [WordPart::Literal { text, .. }] = word.parts.as_slice() {
            return self.script(&shell::parse(text), Some(()), depth + 1);
        }
        // What the outer shell puts in is followed as if the inner one did.
        let outer = self.outer.replace(self.outer.unwrap_or(command.span));
        let text = Text::of(&Rendered::word(word).text);
        let label = self.script(&shell::parse(&text), Some(()), depth + 1);
        self.outer = outer;
        label
    }

    fn remove(&mut self, arguments: &[String]) {
        let before = self.flows.len();
        for path in arguments.iter().filter(|a| !a.starts_with('-')) {
            self.gone(path, before);
        }
    }

    /// What a trap removes, it removes at the end.
    fn trap(&mut self, command: &Command) {
        let Some(word) = command.words.get(1) else { return };
        let [WordPart::Literal { text, .. }] = word.parts.as_slice() else { return };
        for command in &shell::parse(text).commands {
            if command.program().is_some_and(|p| matches!(base_name(&p), "rm" | "unlink" | "shred")) {
                let words = command.words.iter().skip(1).map(|w| Rendered::word(w).text);
                for path in words.filter(|w| !w.starts_with('-')) {
                    self.gone(&path, usize::MAX);
                }
            }
        }
    }

    /// The secret in a command's redirected input.
    fn read(&mut self, script: &Script, index: usize, depth: usize) -> Option<String> {
        let all: Vec<&Redirection> = script.redirections_of(index).collect();
        all.into_iter().find_map(|r| match r.operator {
            RedirectionOperator::Read => self.file(&Rendered::word(&r.target).text),
            RedirectionOperator::HereString => self.carried(&r.target, depth),
            _ => self.carried(r.body.as_ref()?, depth),
        })
    }

    fn destination(&self, script: &Script, index: usize) -> Destination {
        let mut files = Vec::new();
        let mut nowhere = false;
        for redirection in script.redirections_of(index) {
            let output = redirection.descriptor.is_none_or(|d| d == 1);
            let target = Rendered::word(&redirection.target).text;
            match redirection.operator {
                RedirectionOperator::DuplicateOutput if output && target == "2" => return Destination::Log,
                o if o.writes() && output => match target.as_str() {
                    "/dev/null" => nowhere = true,
                    "/dev/stdout" | "/dev/stderr" | "/dev/tty" => return Destination::Log,
                    _ => files.push(target),
                },
                _ => {}
            }
            if nowhere || !files.is_empty() {
                break;
            }
        }
        match (nowhere, files.is_empty()) {
            (true, _) => Destination::Nowhere,
            (_, false) => Destination::Files(files),
            _ => Destination::Output,
        }
    }

    /// The secret that a word's value holds.
    fn carried(&mut self, word: &Word, depth: usize) -> Option<String> {
        for part in &word.parts {
            let label = match part {
                WordPart::Variable { name, operator, argument, .. } => {
                    let value = !matches!(operator, Some(Operator::Alternative | Operator::Length));
                    let own = if value { self.variable(name) } else { None };
                    own.or_else(|| argument.as_ref().and_then(|a| self.carried(a, depth)))
                }
                WordPart::Substitution { script, .. } if depth < MAX_DEPTH => {
                    self.script(script, Some(()), depth + 1)
                }
                WordPart::Substitution { .. } => {
                    self.complete = false;
                    None
                }
                _ => None,
            };
            if label.is_some() {
                return label;
            }
        }
        None
    }

    fn variable(&self, name: &str) -> Option<String> {
        let known = self.sources.variables.iter().find(|(n, _)| n == name).map(|(_, label)| label.clone());
        known.or_else(|| self.sourced.clone().filter(|_| is_secret_name(name)))
    }

    fn any_variable(&self) -> Option<String> {
        self.sources.variables.first().map(|(_, label)| label).or(self.sourced.as_ref()).cloned()
    }

    fn taint(&mut self, name: &str, label: String) {
        if self.variable(name).is_some() {
            return;
        }
        if self.sources.variables.len() < MAX_TRACKED {
            self.sources.variables.push((name.to_owned(), label));
        } else {
            self.complete = false;
        }
    }

    /// The secret file that a word names, alone, by a wildcard or by its directory.
    pub(super) fn file(&self, word: &str) -> Option<String> {
        if word.is_empty() || word.starts_with('-') {
            return None;
        }
        let path = absolute(&self.directory, word);
        let takes = |f: &&(String, String)| below(&path, &f.0).is_some() && path != "/";
        self.sources.files.iter().find(takes).map(|(_, label)| label.clone())
    }

    pub(super) fn wrote(&mut self, label: &str, path: &str, command: &Command) {
        if path.is_empty() || path.starts_with("/dev/") {
            return;
        }
        let path = absolute(&self.directory, path);
        if self.sources.files.len() < MAX_TRACKED {
            self.sources.files.push((path.clone(), label.to_owned()));
        } else {
            self.complete = false;
        }
        self.flow(label, End::Written(path), command);
    }

    fn printed(&mut self, label: &str, how: &'static str, command: &Command) {
        self.flow(label, End::Printed(how), command);
    }

    fn flow(&mut self, label: &str, end: End, command: &Command) {
        if self.flows.len() < MAX_TRACKED {
            self.flows.push(Flow { label: label.to_owned(), end, span: self.outer.unwrap_or(command.span) });
        } else {
            self.complete = false;
        }
    }

    pub(super) fn gone(&mut self, path: &str, before: usize) {
        if self.removed.len() < MAX_TRACKED {
            self.removed.push((absolute(&self.directory, path), before));
        } else {
            self.complete = false;
        }
    }
}

/// Where a command's standard output goes.
enum Destination {
    Files(Vec<String>),
    Nowhere,
    /// Into a pipe, a substitution, or the log.
    Output,
    Log,
}

/// Whether removing `gone` removes a written path. A file that was copied into a directory has its name below it.
fn covers(gone: &str, path: &str) -> bool {
    below(gone, path).is_some() || gone.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}
