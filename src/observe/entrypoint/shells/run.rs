//! A script as it runs: command by command, as far as the image decides it. What hangs on variables that the image does not
//! set is followed as if they were not set, and said.

use super::BUILT_IN;
use super::condition::matches;
use crate::observe::entrypoint::machine::Machine;
use crate::observe::entrypoint::{Fault, Started};
use seaworthy_dockerfile::shell::tree::{Item, List, Node};
use seaworthy_dockerfile::shell::{Command, CommandKind, Link, Word};

/// How deep functions of a script call each other.
const MAX_CALLS: u8 = 8;
/// Most commands of a script that are gone through.
const MAX_WALKED: u32 = 20_000;

/// Options of a shell that end scripts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// `-e`: a command that fails ends the script.
    pub(super) fails: bool,
    /// `-u`: a variable that is not set does.
    pub(super) needs_set: bool,
    /// Whether it is dash, which has no arrays, no `[[`, no `source` and no `function`.
    pub(super) is_dash: bool,
}

impl Options {
    /// Those of a shell at its start.
    pub(super) fn of(shell: &[u8]) -> Self {
        Self { is_dash: shell.rsplit(|b| *b == b'/').next() == Some(b"dash"), ..Self::default() }
    }

    /// Why a shell does not take a script, if it does not: lines that it cannot parse before anything takes its place.
    pub(super) fn refuses(self, text: &str) -> Option<String> {
        if !self.is_dash || text.contains("<<") {
            return None;
        }
        let name = |line: &str| line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for (at, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let is_array = name(line).is_some_and(|end| {
                let rest = line.get(end..).unwrap_or_default();
                end > 0 && (rest.starts_with("=(") || rest.starts_with("+=("))
            });
            let what = match () {
                () if is_array => "an array",
                () if line.starts_with("function ") => "`function`",
                () if line.starts_with("exec ") => return None,
                () => continue,
            };
            return Some(format!("line {} of its script has {what}, which dash does not know", at + 1));
        }
        None
    }

    /// Takes letters such as `eu`, or `o` with the name that follows.
    pub(super) fn take(&mut self, flags: &str, name: Option<&String>) {
        let name = name.map(String::as_str).filter(|_| flags.ends_with('o'));
        self.fails |= flags.contains('e') || name == Some("errexit");
        self.needs_set |= flags.contains('u') || name == Some("nounset");
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    True,
    False,
    /// A program ran, and most likely did what it should.
    Likely,
    Unknown,
}

impl Status {
    pub(super) fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            _ => Self::Unknown,
        }
    }
}

/// What comes after a command.
pub(super) enum Flow {
    Next(Status),
    /// Something took the script's place, or it cannot go on.
    End(Result<Started, Fault>),
    /// `exit`, with its code if it is known.
    Exit(Option<i32>),
    /// `return`
    Return,
}

/// A script that is gone through.
pub(super) struct Run<'s, 'a, 't> {
    pub(super) machine: Machine<'a>,
    pub(super) text: &'t str,
    pub(super) arguments: Vec<String>,
    pub(super) options: Options,
    /// Whether there may be more or fewer arguments than are known.
    pub(super) has_unknown_count: bool,
    /// Whether another file was read, which may have set variables.
    pub(super) has_sourced: bool,
    /// Whether the words that were made last have arguments of the script in them.
    pub(super) uses_arguments: bool,
    functions: Vec<(String, &'s [Item<'s>])>,
    /// The program that ran last; one that was given the script's arguments counts more.
    last: Option<(bool, Result<Started, Fault>)>,
    /// What takes the script's place under a condition that is not known.
    alternative: Option<Started>,
    /// What the way so far hangs on, beside the image.
    assumed: Option<String>,
    /// What the words that were made last hang on.
    hangs_on: Option<String>,
    /// A variable that must be set and is not.
    required: Option<String>,
    calls: u8,
    /// Commands that were gone through.
    walked: u32,
    pub(super) steps: u8,
}

impl<'s, 'a, 't> Run<'s, 'a, 't> {
    pub(super) fn new(
        machine: Machine<'a>,
        text: &'t str,
        arguments: &[String],
        options: Options,
        steps: u8,
    ) -> Self {
        Self {
            machine,
            text,
            arguments: arguments.to_vec(),
            options,
            // How many values an option of the contract has is not told.
            has_unknown_count: arguments.iter().any(|a| Machine::is_unknown(a)),
            has_sourced: false,
            uses_arguments: false,
            functions: Vec::new(),
            last: None,
            alternative: None,
            assumed: None,
            hangs_on: None,
            required: None,
            calls: 0,
            walked: 0,
            steps,
        }
    }

    /// Goes through the whole script: what it comes to, if that is known.
    pub(super) fn whole(mut self, items: &'s [Item<'s>]) -> Option<Result<Started, Fault>> {
        let code = match self.list(items) {
            Flow::End(result) => return Some(result),
            Flow::Exit(code) => code,
            Flow::Next(_) | Flow::Return => None,
        };
        match (code, self.last.take(), self.alternative.take()) {
            (Some(code), Some((_, Err(fault))), _) if code != 0 => Some(Err(fault)),
            // What a script that runs no program ends with is its own business.
            (Some(code), _, _) if code != 0 && runs_program(items) => {
                let fault = Fault::Broken(format!("its script ends with code {code}"));
                Some(Err(self.supposed(fault)))
            }
            (_, Some((_, result)), _) => Some(result),
            (_, None, Some(started)) => Some(Ok(started)),
            (Some(_), None, None) if self.assumed.is_none() && hands_over(items) => {
                Some(Err(Fault::Broken("its script ends before it runs its program".to_owned())))
            }
            _ => None,
        }
    }

    /// A fault that holds only for what was assumed is none that is certain.
    pub(super) fn supposed(&self, fault: Fault) -> Fault {
        match (fault, self.assumed.as_ref().or(self.hangs_on.as_ref())) {
            (Fault::Broken(what), Some(assumed)) => Fault::Unclear(format!("{what}, where {assumed}")),
            (fault, _) => fault,
        }
    }

    /// Notes what the way hangs on.
    pub(super) fn assume(&mut self, what: String) {
        self.hangs_on.get_or_insert(what);
    }

    /// Notes that a variable is asked for that nothing sets.
    pub(super) fn unset(&mut self, name: &str) {
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        if !is_number || self.has_unknown_count {
            self.assume(format!("the variable {name} is not set: neither the image nor the script sets it"));
        }
    }

    /// Notes that the script ends without a variable.
    pub(super) fn require(&mut self, name: &str) {
        self.required.get_or_insert_with(|| name.to_owned());
    }

    fn list(&mut self, items: &'s [Item<'s>]) -> Flow {
        let mut status = Status::True;
        let mut before = Link::Sequence;
        for item in items {
            self.walked += 1;
            if self.walked > MAX_WALKED {
                return Flow::End(Err(Fault::Unclear("its script is longer than is followed".to_owned())));
            }
            let link = std::mem::replace(&mut before, item.link);
            let is_joined = matches!(item.link, Link::And | Link::Or);
            match (link, status) {
                (Link::And, Status::False) | (Link::Or, Status::True | Status::Likely) => continue,
                (Link::And | Link::Or, Status::Unknown) => {
                    self.perhaps(|own| own.item(item, is_joined));
                    continue;
                }
                (Link::And | Link::Or, _) => {}
                _ => self.assumed = self.assumed.take().filter(|_| self.calls > 0),
            }
            self.hangs_on = None;
            status = match self.item(item, is_joined) {
                Flow::Next(status) => status,
                Flow::Exit(code) => {
                    self.assumed = self.assumed.take().or(self.hangs_on.take());
                    return Flow::Exit(code);
                }
                other => return other,
            };
            if is_joined && self.assumed.is_none() {
                self.assumed = self.hangs_on.take();
            }
        }
        Flow::Next(status)
    }

    /// Goes through what may be run or not: what it changes is not known then.
    fn perhaps(&mut self, run: impl FnOnce(&mut Self) -> Flow) {
        let before = (self.machine.clone(), self.arguments.clone(), self.last.clone(), self.options);
        let flow = run(self);
        let (machine, arguments, last, options) = before;
        let changed = self.machine.changed_since(&machine);
        self.machine = machine;
        for name in changed {
            self.machine.set(&name, &Machine::unknown(&name));
        }
        if self.arguments != arguments {
            self.arguments = vec![Machine::unknown("arguments")];
            self.has_unknown_count = true;
        }
        let ended = match (flow, self.last.take()) {
            (Flow::End(Ok(started)), _) => Some(started),
            (Flow::Next(_), Some((true, Ok(started)))) if last.is_none() => Some(started),
            _ => None,
        };
        self.alternative = self.alternative.take().or(ended);
        (self.last, self.options, self.required) = (last, options, None);
    }

    fn item(&mut self, item: &'s Item<'s>, is_joined: bool) -> Flow {
        let is_asked = is_joined || item.negated;
        let flow = match &item.node {
            Node::Command(command) => self.command(command, is_asked, item.link),
            Node::Brace(items) => {
                let assumed = self.assumed.clone();
                self.supposing(assumed, items)
            }
            Node::Subshell(items) => {
                let before = (self.machine.clone(), self.arguments.clone(), self.options);
                let flow = self.list(items);
                (self.machine, self.arguments, self.options) = before;
                match flow {
                    // What takes a subshell's place is a program that runs.
                    Flow::End(result) => self.ran(result, true, is_asked),
                    Flow::Exit(code) => {
                        Flow::Next(if code == Some(0) { Status::True } else { Status::Unknown })
                    }
                    other => other,
                }
            }
            Node::If { branches, otherwise } => self.branches(branches, otherwise),
            Node::Case(head, branches) => self.case(*head, branches),
            Node::For(head, body) => {
                if let Some(name) = head.words.get(1).and_then(Word::literal) {
                    self.machine.set(&name, &Machine::unknown(&name));
                }
                self.rounds(false, body)
            }
            Node::While { until, condition, body } => match self.asked(condition) {
                Flow::Next(Status::True) => self.rounds(!until, body),
                Flow::Next(Status::False) => {
                    let is_certain = *until && self.hangs_on.is_none();
                    self.rounds(is_certain, body)
                }
                Flow::Next(_) => self.rounds(false, body),
                other => other,
            },
            Node::Function(name, body) => {
                self.functions.insert(0, (name.clone(), std::slice::from_ref(&**body)));
                Flow::Next(Status::True)
            }
        };
        let is_group = matches!(item.node, Node::Brace(_) | Node::Subshell(_));
        if let (Some((weight, Err(Fault::Broken(_)))), true) =
            (&mut self.last, is_group && is_pipe(item.link))
        {
            *weight = true;
        }
        match flow {
            Flow::Next(status) if item.negated => Flow::Next(status.not()),
            other => other,
        }
    }

    fn branches(&mut self, branches: &'s [(List<'s>, List<'s>)], otherwise: &'s [Item<'s>]) -> Flow {
        let mut bodies: Vec<&'s [Item<'s>]> = Vec::new();
        let mut assumed = None;
        for (test, body) in branches {
            self.hangs_on = None;
            let status = match self.asked(test) {
                Flow::Next(status) => status,
                other => return other,
            };
            assumed = assumed.or(self.hangs_on.take());
            match status {
                Status::True if bodies.is_empty() => return self.supposing(assumed, body),
                Status::True => {
                    bodies.push(body);
                    return self.one_of(&bodies);
                }
                Status::False => {}
                Status::Likely | Status::Unknown => bodies.push(body),
            }
        }
        if bodies.is_empty() {
            return self.supposing(assumed, otherwise);
        }
        bodies.push(otherwise);
        self.one_of(&bodies)
    }

    /// A list that is asked how it ends.
    fn asked(&mut self, test: &'s [Item<'s>]) -> Flow {
        let fails = std::mem::take(&mut self.options.fails);
        let (assumed, last) = (self.assumed.take(), self.last.take());
        let flow = self.list(test);
        self.hangs_on = self.hangs_on.take().or(self.assumed.take());
        (self.assumed, self.last) = (assumed, last);
        self.options.fails |= fails;
        flow
    }

    /// A list that is run if what it hangs on is so.
    fn supposing(&mut self, assumed: Option<String>, body: &'s [Item<'s>]) -> Flow {
        let before = self.assumed.clone();
        self.calls += 1;
        self.assumed = before.clone().or(assumed);
        let flow = self.list(body);
        self.calls -= 1;
        match flow {
            Flow::Next(status) => {
                self.assumed = before;
                Flow::Next(status)
            }
            Flow::End(Err(fault)) => Flow::End(Err(self.supposed(fault))),
            other => other,
        }
    }

    /// Lists of which one is run, and it is not known which.
    fn one_of(&mut self, bodies: &[&'s [Item<'s>]]) -> Flow {
        let mut ends = Vec::new();
        let mut goes_on = false;
        for body in bodies {
            let mut flow = None;
            self.perhaps(|own| {
                let own_flow = own.list(body);
                let copy = match &own_flow {
                    Flow::End(result) => Some(result.clone()),
                    Flow::Exit(_) => Some(Err(Fault::Unclear("its script may end".to_owned()))),
                    _ => None,
                };
                flow = copy;
                own_flow
            });
            goes_on |= flow.is_none();
            ends.extend(flow);
        }
        if goes_on {
            return Flow::Next(Status::Unknown);
        }
        let best = ends.iter().position(Result::is_ok).unwrap_or(0);
        match ends.into_iter().nth(best) {
            Some(Err(Fault::Broken(what))) => Flow::End(Err(Fault::Unclear(what))),
            Some(result) => Flow::End(result),
            None => Flow::Next(Status::Unknown),
        }
    }

    fn case(&mut self, head: Option<&'s Command>, branches: &'s [(&'s Command, List<'s>)]) -> Flow {
        self.hangs_on = None;
        let subject = head.and_then(|head| head.words.get(1)).map(|subject| self.word(subject));
        let subject = subject.unwrap_or_else(|| Machine::unknown("case"));
        let assumed = self.hangs_on.take();
        let mut bodies: Vec<&'s [Item<'s>]> = Vec::new();
        for (patterns, body) in branches {
            let answers: Vec<Option<bool>> =
                patterns.words.iter().map(|p| matches(&self.word(p), &subject)).collect();
            if answers.contains(&Some(true)) {
                if bodies.is_empty() {
                    return self.supposing(assumed, body);
                }
                bodies.push(body);
                return self.one_of(&bodies);
            }
            if answers.contains(&None) {
                bodies.push(body);
            }
        }
        if bodies.is_empty() {
            return Flow::Next(Status::True);
        }
        bodies.push(&[]);
        self.one_of(&bodies)
    }

    /// The rounds of a loop of which the first one is certain, or not.
    fn rounds(&mut self, is_certain: bool, body: &'s [Item<'s>]) -> Flow {
        if !is_certain {
            self.perhaps(|own| own.list(body));
            return Flow::Next(Status::Unknown);
        }
        match self.list(body) {
            Flow::Next(_) => Flow::Next(Status::Unknown),
            other => other,
        }
    }

    fn command(&mut self, command: &'s Command, is_asked: bool, link: Link) -> Flow {
        self.uses_arguments = false;
        for assignment in command.declarations() {
            let value = self.word(&assignment.value);
            self.machine.set(assignment.name.as_str(), &value);
        }
        let words = match command.kind {
            CommandKind::Simple | CommandKind::Test => self.words(&command.words),
            _ => return Flow::Next(Status::Unknown),
        };
        if let Some(name) = self.required.take() {
            let what = format!("its script ends, for it needs {name}");
            let fault = Fault::Broken(what);
            return Flow::End(Err(self.supposed(fault)));
        }
        let Some((program, rest)) = words.split_first() else { return Flow::Next(Status::True) };
        if let Some(at) = self.functions.iter().position(|(name, _)| name == program) {
            return self.function(at, rest);
        }
        let flow = match BUILT_IN.contains(&program.as_str()) {
            true => self.built_in(program, rest, link),
            false => {
                let result = self.machine.start(&words, self.steps + 1);
                if let (Err(Fault::Unclear(reason)), true) =
                    (&result, (self.options.fails || link == Link::And) && link != Link::End)
                {
                    self.machine.note_unclear(format!("{program}, which a script runs first: {reason}"));
                }
                // Without the first program of a pipe those behind it have nothing to read.
                let is_head = is_pipe(link) && matches!(result, Err(Fault::Broken(_)));
                let is_given = self.uses_arguments || is_head;
                self.ran(result, is_given, is_asked)
            }
        };
        match flow {
            Flow::Next(Status::False) if self.options.fails && !is_asked => {
                let fault = match &self.last {
                    Some((_, Err(fault))) => fault.clone(),
                    _ => Fault::Broken(format!("its script ends at `{program}`, which fails")),
                };
                Flow::End(Err(self.supposed(fault)))
            }
            other => other,
        }
    }

    /// Notes a program that ran, or could not.
    pub(super) fn ran(&mut self, result: Result<Started, Fault>, is_given: bool, _is_asked: bool) -> Flow {
        let result = result.map_err(|fault| self.supposed(fault));
        let status = match &result {
            Err(Fault::Broken(_)) => Status::False,
            Ok(Started::Program { what, .. }) if what == "true" => Status::True,
            Ok(Started::Program { what, .. }) if what == "false" => Status::False,
            _ => Status::Likely,
        };
        let is_python = |r: &Result<Started, Fault>| matches!(r, Ok(Started::Python(_)));
        let weight = is_given || is_python(&result);
        if weight || self.last.as_ref().is_none_or(|(heavy, _)| !heavy) {
            self.last = Some((weight, result));
        }
        Flow::Next(status)
    }

    fn function(&mut self, at: usize, rest: &[String]) -> Flow {
        if self.calls >= MAX_CALLS {
            return Flow::Next(Status::Unknown);
        }
        let Some((_, body)) = self.functions.get(at) else { return Flow::Next(Status::Unknown) };
        let body: &'s [Item<'s>] = body;
        let arguments = std::mem::replace(&mut self.arguments, rest.to_vec());
        self.calls += 1;
        let flow = self.list(body);
        self.calls -= 1;
        self.arguments = arguments;
        match flow {
            Flow::Return => Flow::Next(Status::Unknown),
            other => other,
        }
    }
}

/// Whether what follows reads what a command prints.
fn is_pipe(link: Link) -> bool {
    matches!(link, Link::Pipe | Link::PipeBoth)
}

/// Whether a list has a program anywhere, beside what a shell has itself.
fn runs_program(items: &[Item<'_>]) -> bool {
    items.iter().any(|item| match &item.node {
        Node::Command(command) if command.kind == CommandKind::Simple => match command.program().as_deref() {
            Some("exec") => command.words.len() > 1,
            Some(name) => !BUILT_IN.contains(&name),
            None => !command.words.is_empty(),
        },
        Node::Command(_) => false,
        Node::Brace(inner) | Node::Subshell(inner) => runs_program(inner),
        Node::Function(_, body) => runs_program(std::slice::from_ref(&**body)),
        Node::If { branches, otherwise } => {
            branches.iter().any(|(test, body)| runs_program(test) || runs_program(body))
                || runs_program(otherwise)
        }
        Node::Case(_, branches) => branches.iter().any(|(_, body)| runs_program(body)),
        Node::For(_, body) | Node::While { body, .. } => runs_program(body),
    })
}

/// Whether a list hands over to a program by `exec`.
fn hands_over(items: &[Item<'_>]) -> bool {
    items.iter().any(|item| match &item.node {
        Node::Command(command) => command.program().as_deref() == Some("exec") && command.words.len() > 1,
        Node::Brace(inner) | Node::Subshell(inner) => hands_over(inner),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dash_does_not_parse() {
        let (dash, bash) = (Options::of(b"bin/dash"), Options::of(b"bin/bash"));
        for text in ["a=1\nARGS=(a b)\n", "function f() {\n  :\n}\n", "  X+=(c)\n"] {
            assert!(dash.refuses(text).is_some() && bash.refuses(text).is_none(), "{text}");
        }
        for text in ["exec a\nARGS=(a b)\n", "f() {\n  :\n}\n", "a=$(b)\n", "cat <<E\nA=(b)\nE\n"] {
            assert_eq!(dash.refuses(text), None, "{text}");
        }
    }
}
