//! Commands that a shell has itself: those that change what comes after them, ask, end the script or read another.

use super::BUILT_IN;
use super::run::{Flow, Run, Status};
use crate::observe::entrypoint::Fault;
use crate::observe::entrypoint::machine::Machine;
use seaworthy_dockerfile::shell::Link;

impl Run<'_, '_, '_> {
    /// Runs one.
    pub(super) fn built_in(&mut self, program: &str, rest: &[String], link: Link) -> Flow {
        match program {
            "[[" | "source" if self.options.is_dash => {
                let what = format!("its script uses `{program}`, which dash does not have");
                if self.options.fails && link != Link::Or || link == Link::And {
                    return Flow::End(Err(self.supposed(Fault::Broken(what))));
                }
                self.machine.note_unclear(what);
                return Flow::Next(Status::False);
            }
            "[" | "[[" => {
                let end = rest.len().saturating_sub(1);
                return Flow::Next(self.test(rest.get(..end).unwrap_or_default()));
            }
            "test" => return Flow::Next(self.test(rest)),
            "true" | ":" => return Flow::Next(Status::True),
            "false" => return Flow::Next(Status::False),
            "exit" => return Flow::Exit(rest.first().and_then(|code| code.parse().ok())),
            "return" => return Flow::Return,
            "exec" => return self.exec(rest),
            "cd" => return self.change_directory(rest, link),
            "." | "source" => return self.source(rest, link),
            "command" | "type" | "hash" => {
                let is_question =
                    program != "command" || rest.first().is_some_and(|o| o == "-v" || o == "-V");
                let named = rest.iter().find(|w| !w.starts_with('-'));
                if let Some(named) = named.filter(|_| is_question) {
                    let is_there = BUILT_IN.contains(&named.as_str()) || self.machine.find(named).is_ok();
                    return Flow::Next(if is_there { Status::True } else { Status::False });
                }
                if !rest.is_empty() && program == "command" {
                    let result = self.machine.start(rest, self.steps + 1);
                    let is_given = self.uses_arguments;
                    return self.ran(result, is_given, false);
                }
            }
            "set" => self.set(rest),
            "shift" => {
                let count = rest.first().map_or(Some(1), |n| n.parse().ok());
                match count.filter(|n| *n <= self.arguments.len()) {
                    Some(count) => drop(self.arguments.drain(..count)),
                    None => {
                        self.arguments = vec![Machine::unknown("arguments")];
                        self.has_unknown_count = true;
                    }
                }
            }
            "read" => {
                for name in rest.iter().filter(|w| !w.starts_with('-')) {
                    self.machine.set(name, &Machine::unknown(name));
                }
            }
            "eval" => self.has_sourced = true,
            "unset" => rest.iter().for_each(|name| self.machine.unset(name)),
            _ => {}
        }
        Flow::Next(Status::True)
    }

    fn set(&mut self, rest: &[String]) {
        let mut words = rest;
        while let Some((first, tail)) = words.split_first() {
            if first == "--" {
                self.arguments = tail.to_vec();
                return;
            }
            let flags = first.strip_prefix('-').filter(|f| !f.is_empty());
            if let Some(flags) = flags {
                if self.options.is_dash
                    && flags.ends_with('o')
                    && tail.first().is_some_and(|n| n == "pipefail")
                {
                    let what = "its script sets pipefail, which dash before 0.5.13 does not have and ends at";
                    self.machine.note_unclear(what.to_owned());
                }
                self.options.take(flags, tail.first());
            } else if let Some(flags) = first.strip_prefix('+') {
                self.options.fails &= !flags.contains('e');
                self.options.needs_set &= !flags.contains('u');
            } else {
                self.arguments = words.to_vec();
                return;
            }
            let named = usize::from(first.ends_with('o'));
            words = tail.get(named..).unwrap_or_default();
        }
    }

    fn exec(&mut self, rest: &[String]) -> Flow {
        let mut words = rest;
        while let Some((first, tail)) = words.split_first()
            && first.starts_with('-')
            && !Machine::is_unknown(first)
        {
            // `exec -a NAME PROGRAM`
            words = tail.get(usize::from(first == "-a")..).unwrap_or_default();
        }
        if words.is_empty() {
            if rest.is_empty() && self.uses_arguments {
                let what = "its script runs the words that it is given, and is given none".to_owned();
                return Flow::End(Err(self.supposed(Fault::Broken(what))));
            }
            return Flow::Next(Status::True);
        }
        let result = self.machine.start(words, self.steps + 1);
        Flow::End(result.map_err(|fault| self.supposed(fault)))
    }

    fn change_directory(&mut self, rest: &[String], link: Link) -> Flow {
        let Some(target) = rest.iter().find(|w| !w.starts_with('-')) else { return Flow::Next(Status::True) };
        if target.is_empty() || Machine::is_unknown(target) {
            return Flow::Next(Status::Likely);
        }
        let path = self.machine.absolute(target);
        if !path.is_empty() && !self.machine.filesystem.tree.is_directory(&path) {
            let fault =
                Fault::Broken(format!("the directory {target}, which it changes to, is not in the image"));
            if self.options.fails || link == Link::And {
                return Flow::End(Err(self.supposed(fault)));
            }
            return Flow::Next(Status::False);
        }
        self.machine.directory = format!("/{}", String::from_utf8_lossy(&path));
        Flow::Next(Status::True)
    }

    fn source(&mut self, rest: &[String], link: Link) -> Flow {
        self.has_sourced = true;
        // A virtual environment puts its directory in front.
        if let Some(directory) =
            rest.first().and_then(|t| t.strip_suffix("/activate")).filter(|f| f.ends_with("/bin"))
        {
            let path = self.machine.variable("PATH").unwrap_or_default();
            let path = format!("{directory}:{path}");
            self.machine.set("PATH", &path);
        }
        // Devices are the runtime's.
        let Some(target) = rest.first().filter(|t| t.contains('/') && !t.starts_with("/dev/")) else {
            return Flow::Next(Status::Likely);
        };
        if Machine::is_unknown(target)
            || self.machine.filesystem.tree.file(&self.machine.absolute(target)).is_some()
        {
            return Flow::Next(Status::Likely);
        }
        let said = format!("{target}, which its script reads first, is not in the image");
        if self.options.fails || link == Link::And {
            return Flow::End(Err(self.supposed(Fault::Broken(said))));
        }
        // `sh` ends at it, and bash goes on.
        self.machine.note_unclear(said);
        Flow::Next(Status::False)
    }
}
