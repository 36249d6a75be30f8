//! Simple commands: what the shell itself does, what builds and publishes, and all others.

use super::words::{Emptied, Prepared};
use super::{End, Flow, Known, Place, Run, Supposed, Way};
use crate::check::packaging::{tool, truth};
use seaworthy_dockerfile::shell::{Command, CommandKind};

/// Functions that end a script, by the names that they usually have where they are defined in another file.
const ENDERS: [&str; 3] = ["die", "fatal", "abort"];

/// Functions that end a script or only say what went wrong, by the names that they usually have.
const PERHAPS_ENDERS: [&str; 5] = ["fail", "bail", "panic", "err", "error_exit"];

/// Programs that are asked more often than run for what they do.
const QUESTIONS: [&str; 8] = ["grep", "egrep", "command", "which", "type", "hash", "diff", "cmp"];

const DECLARATIONS: [&str; 5] = ["export", "declare", "local", "readonly", "typeset"];

fn end(mut way: Way, status: i32) -> Vec<End> {
    way.status = status;
    vec![End { way, flow: Flow::Next }]
}

fn both(way: &Way) -> Vec<End> {
    [0, 1].into_iter().flat_map(|status| end(way.clone(), status)).collect()
}

fn flow(mut way: Way, status: Option<i32>, flow: Flow) -> Vec<End> {
    way.status = status.unwrap_or(way.status);
    vec![End { way, flow }]
}

/// A program that ended with a status; `exec` ends the script with it.
fn ended(written: &[String], way: Way, status: i32) -> Vec<End> {
    let flow = if written.first().is_some_and(|w| w == "exec") { Flow::Exit } else { Flow::Next };
    vec![End { way: Way { status, ..way }, flow }]
}

impl Run<'_, '_> {
    pub(super) fn simple(&self, command: &Command, way: Way, place: Place) -> Vec<End> {
        if !self.step() {
            return Vec::new();
        }
        self.prepared(command, way).into_iter().flat_map(|p| self.with_words(command, p, place)).collect()
    }

    fn with_words(&self, command: &Command, prepared: Prepared, place: Place) -> Vec<End> {
        let Prepared { mut way, emptied, status } = prepared;
        if command.all_words().any(|w| self.lacks(w, &way)) {
            return flow(way, Some(1), Flow::Exit);
        }
        for assignment in command.declarations() {
            let value = self.value(&assignment.value, &way, &emptied).filter(|_| !assignment.append);
            way.values.set(&assignment.name, value);
        }
        if command.words.is_empty() {
            return end(way, status.unwrap_or(0));
        }
        let words: Vec<Option<String>> =
            command.words.iter().map(|w| self.value(w, &way, &emptied)).collect();
        match command.kind {
            CommandKind::Test => return self.answered(truth::test(&words), &way),
            CommandKind::Arithmetic => {
                let Some(raw) = words.into_iter().next().flatten() else { return both(&way) };
                let value = truth::arithmetic(&raw, &mut way.values);
                return self.answered(value.map(|n| n != 0), &way);
            }
            CommandKind::Function | CommandKind::Pattern | CommandKind::Case | CommandKind::For => {
                return end(way, 0);
            }
            CommandKind::Simple => {}
        }
        let known = self.known(command, &way.arguments);
        let written = &known.written;
        if known.key == self.key {
            way.ran = true;
            return match self.supposed {
                Supposed::Success => ended(written, way, 0),
                Supposed::Any => both(&way),
                Supposed::Failure => ended(written, way, 1),
            };
        }
        self.program(command, &known, &words, way, place, &emptied)
    }

    fn answered(&self, answer: Option<bool>, way: &Way) -> Vec<End> {
        match answer {
            Some(holds) => end(way.clone(), i32::from(!holds)),
            None => both(way),
        }
    }

    fn program(
        &self,
        command: &Command,
        known: &Known,
        words: &[Option<String>],
        mut way: Way,
        place: Place,
        emptied: &Emptied,
    ) -> Vec<End> {
        let written = &known.written;
        let first = written.first().map(String::as_str).unwrap_or_default();
        // `$pushed || exit 1`: the program that a variable names.
        let named = words.first().cloned().flatten().filter(|_| first.starts_with('$'));
        let first = named.as_deref().unwrap_or(first);
        let argument = |nth: usize| words.get(nth).cloned().flatten();
        let number = |default: i32| argument(1).map_or(Some(default), |text| text.parse().ok());
        if let Some(body) = self.functions.get(first) {
            let arguments = written.get(1..).unwrap_or_default().to_vec();
            return self.call(body, arguments, way, place);
        }
        match first {
            ":" | "true" => end(way, 0),
            "false" => end(way, 1),
            "[" | "test" => self.answered(truth::test(words), &way),
            "let" => {
                let Some(raw) = argument(1) else { return both(&way) };
                let value = truth::arithmetic(&raw, &mut way.values);
                self.answered(value.map(|n| n != 0), &way)
            }
            "set" => {
                let options: Vec<String> =
                    words.iter().skip(1).map(|w| w.clone().unwrap_or_default()).collect();
                way.options.set(&options);
                end(way, 0)
            }
            "exit" | "return" => {
                let kind = if first == "exit" || self.depth.get() == 0 { Flow::Exit } else { Flow::Return };
                match (command.words.get(1), number(way.status)) {
                    (None, _) => flow(way, None, kind),
                    (Some(_), Some(status)) if argument(1).is_some() => flow(way, Some(status), kind),
                    _ => both(&way).into_iter().map(|e| End { flow: kind, ..e }).collect(),
                }
            }
            "break" | "continue" => {
                let levels = number(1).and_then(|n| u32::try_from(n).ok()).unwrap_or(1).max(1);
                let kind = if first == "break" { Flow::Break(levels) } else { Flow::Continue(levels) };
                flow(way, Some(0), kind)
            }
            "shift" => {
                let count = number(1).and_then(|n| usize::try_from(n).ok());
                match count.filter(|n| *n <= way.arguments.len()) {
                    Some(count) => way.arguments.drain(..count).for_each(drop),
                    None => return end(way, 1),
                }
                end(way, 0)
            }
            "trap" => {
                let text = command.words.get(1).and_then(|w| self.value(w, &way, emptied));
                for signal in words.iter().skip(2).flatten() {
                    match signal.trim_start_matches("SIG") {
                        "EXIT" | "0" => way.on_exit.clone_from(&text),
                        "ERR" => way.on_error.clone_from(&text),
                        _ => {}
                    }
                }
                end(way, 0)
            }
            // Without a process to wait for, it always succeeds.
            "wait" => {
                let status = i32::from(way.background && command.words.len() > 1);
                end(way, status)
            }
            _ if DECLARATIONS.contains(&first) => end(way, 0),
            _ => self.other(known, way, place),
        }
    }

    /// Another program.
    fn other(&self, known: &Known, way: Way, place: Place) -> Vec<End> {
        let written = &known.written;
        let first = written.first().map(String::as_str).unwrap_or_default();
        if ENDERS.contains(&first) {
            return flow(way, Some(1), Flow::Exit);
        }
        if known.is_act {
            return match self.supposed {
                // What was not published can be neither pushed nor asked for.
                Supposed::Failure if way.lacks => ended(written, way, 1),
                Supposed::Any => both(&way),
                // A question whether a tag is there already.
                _ if place != Place::Plain && known.only_asks => both(&way),
                _ => ended(written, way, 0),
            };
        }
        // A function of the script, run by another program: `retry push`.
        let function = written.iter().skip(1).find_map(|w| self.functions.get(w.as_str()));
        if let Some(body) = function.filter(|_| tool::takes_command(first)) {
            return self.call(body, Vec::new(), way, place);
        }
        // With redirections alone the shell goes on.
        if first == "exec" && written.len() > 1 {
            return flow(way, Some(0), Flow::Exit);
        }
        let is_question = QUESTIONS.contains(&first);
        // What another file defines may end the script, or not.
        let is_foreign = self.course.takes_in && first.contains('_') || PERHAPS_ENDERS.contains(&first);
        let is_open = match place {
            Place::Plain => is_foreign,
            Place::Condition | Place::BeforeOr => true,
            Place::Quiet | Place::BeforeAnd => is_question || is_foreign,
        };
        if is_foreign && is_open {
            let mut ends = end(way.clone(), 0);
            ends.extend(flow(way, Some(1), Flow::Exit));
            return ends;
        }
        let says = matches!(first, "echo" | "printf" | "cd" | "sleep" | "cat" | "logger" | "shopt" | "mkdir");
        if is_open && !says { both(&way) } else { end(way, 0) }
    }
}
