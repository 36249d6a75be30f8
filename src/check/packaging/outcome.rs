//! What becomes of a script if one of its commands fails: it is gone through with that failure, on all ways that its
//! tests leave open. Nothing is run.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::act::Stage;
use super::failure::{CommandOutcome, Failure, Options, Reach};
use super::tool::{self, Use};
use super::variables::Variables;
use seaworthy_dockerfile::shell::tree::{self, Item, List, Node};
use seaworthy_dockerfile::shell::{Command, Link, Script};

mod commands;
mod compound;
mod texts;
mod words;

pub(super) use texts::{key, without_braces};

/// Most commands that are gone through for one question.
const MAX_STEPS: usize = 1_000;
/// How deep commands may stand in each other, calls of functions included.
const MAX_NESTING: u8 = 96;
/// How deep functions may call each other.
const MAX_CALLS: u8 = 16;

/// What variables hold, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    own: BTreeMap<String, Option<String>>,
    given: Rc<Variables>,
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.own == other.own
    }
}

impl Values {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match self.own.get(name) {
            Some(value) => value.clone(),
            None => self.given.literal(name),
        }
    }

    fn is_set(&self, name: &str) -> bool {
        // The runner sets those by itself.
        let is_own = ["GITHUB_", "RUNNER_", "CI"].iter().any(|p| name.starts_with(p));
        is_own || self.own.contains_key(name) || self.given.is_set(name)
    }

    /// Notes a value, or that it is not known any more.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.own.insert(name.to_owned(), value);
    }
}

/// A script whose commands can be asked for.
pub(super) struct Course<'s> {
    text: &'s str,
    tree: List<'s>,
    options: Options,
    values: Values,
    tools: &'s [String],
    gets_password: bool,
    /// Whether it takes in another file, whose functions are not known.
    takes_in: bool,
    /// Commands that were gone through outside functions, by where they begin.
    known: RefCell<HashMap<usize, Rc<Known>>>,
}

/// What a command is, whatever way leads to it.
struct Known {
    /// Its words, as [`key`] gives them.
    written: Vec<String>,
    key: String,
    /// Whether it builds, publishes or asks a registry.
    is_act: bool,
    /// Whether it only asks a registry.
    only_asks: bool,
}

/// What is supposed of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supposed {
    /// All that builds and publishes succeeds.
    Success,
    /// Any of it may fail.
    Any,
    /// The command that is asked for fails, each time.
    Failure,
}

/// Where a command stands, as far as its status matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// By itself: with `-e` its failure ends the script.
    Plain,
    /// Its failure ends nothing.
    Quiet,
    /// The condition of `if`, `while` or `until`.
    Condition,
    /// Before `&&`.
    BeforeAnd,
    /// Before `||`.
    BeforeOr,
}

/// One way through the script, up to some command.
#[derive(Clone, Debug, PartialEq)]
struct Way {
    values: Values,
    status: i32,
    options: Options,
    /// Whether the command that is asked for was run.
    ran: bool,
    /// Whether something that builds or publishes was left out since it failed.
    lacks: bool,
    on_exit: Option<String>,
    on_error: Option<String>,
    /// Whether a command in the background failed.
    background: bool,
    /// The arguments of the function that runs, as they are written.
    arguments: Vec<String>,
}

/// How a list of commands ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Next,
    Break(u32),
    Continue(u32),
    Return,
    Exit,
}

#[derive(Debug)]
struct End {
    way: Way,
    flow: Flow,
}

impl<'s> Course<'s> {
    /// `text` is what `script` was read from.
    pub(super) fn new(
        text: &'s str,
        script: &'s Script,
        options: Options,
        given: &Variables,
        tools: &'s [String],
        gets_password: bool,
    ) -> Self {
        let takes_in = script.commands.iter().any(|c| matches!(c.program().as_deref(), Some("." | "source")));
        let values = Values { own: BTreeMap::new(), given: Rc::new(given.clone()) };
        Self {
            text,
            tree: tree::list(script),
            options,
            values,
            tools,
            gets_password,
            takes_in,
            known: RefCell::default(),
        }
    }

    /// What becomes of a command: `key` is its text, as [`key`] gives it.
    pub(super) fn outcome_of(&self, key: &str) -> CommandOutcome {
        let (success, lost, _) = self.ends(key, Supposed::Success);
        let good = || success.iter().filter(|w| w.status == 0);
        let reach = if lost {
            Reach::Sometimes
        } else if good().next().is_some() && good().all(|w| w.ran) {
            Reach::Always
        } else if good().any(|w| w.ran) {
            Reach::Sometimes
        } else {
            let (any, lost, _) = self.ends(key, Supposed::Any);
            if lost || any.iter().any(|w| w.ran) { Reach::Sometimes } else { Reach::Never }
        };
        let (failed, lost, endless) = self.ends(key, Supposed::Failure);
        let failed: Vec<&Way> = failed.iter().filter(|w| w.ran).collect();
        let passes = failed.iter().filter(|w| w.status == 0).count();
        let failure = match (lost, failed.len(), passes) {
            (true, _, _) => Failure::Depends,
            (_, 0, _) if endless => Failure::Endless,
            (_, _, 0) => Failure::Stops,
            (_, all, passes) if all == passes => Failure::Passes,
            _ => Failure::Depends,
        };
        CommandOutcome { reach, failure }
    }

    /// All ends of the script, whether some were lost, and whether a loop did not end.
    fn ends(&self, key: &str, supposed: Supposed) -> (Vec<Way>, bool, bool) {
        let mut functions = BTreeMap::new();
        collect(&self.tree, &mut functions);
        let run = Run {
            course: self,
            functions,
            key,
            supposed,
            steps: Cell::new(0),
            depth: Cell::new(0),
            nesting: Cell::new(0),
            endless: Cell::new(false),
        };
        let way = Way {
            values: self.values.clone(),
            status: 0,
            options: self.options,
            ran: false,
            lacks: false,
            on_exit: None,
            on_error: None,
            background: false,
            arguments: Vec::new(),
        };
        let ends = run.list(&self.tree, way, Place::Plain);
        let ways = ends.into_iter().map(|end| {
            let mut way = end.way;
            if let Some(status) = way.on_exit.as_deref().and_then(|text| run.status_of_trap(text)) {
                way.status = status;
            }
            way
        });
        (ways.collect(), run.steps.get() > MAX_STEPS, run.endless.get())
    }
}

/// The status with which a command `exit` in a list ends the script, where it names one.
fn status_of_exit(list: &[Item<'_>]) -> Option<i32> {
    list.iter().find_map(|item| match &item.node {
        Node::Command(c) if c.program().as_deref() == Some("exit") => c.words.get(1)?.literal()?.parse().ok(),
        Node::Subshell(inner) | Node::Brace(inner) | Node::For(_, inner) => status_of_exit(inner),
        Node::If { branches, otherwise } => {
            branches.iter().find_map(|(_, body)| status_of_exit(body)).or_else(|| status_of_exit(otherwise))
        }
        _ => None,
    })
}

fn collect<'t, 's>(list: &'t [Item<'s>], functions: &mut BTreeMap<String, &'t Node<'s>>) {
    for item in list {
        match &item.node {
            Node::Function(name, body) => {
                functions.insert(name.clone(), &body.node);
            }
            Node::Subshell(inner) | Node::Brace(inner) | Node::For(_, inner) => collect(inner, functions),
            Node::If { branches, otherwise } => {
                branches.iter().for_each(|(_, body)| collect(body, functions));
                collect(otherwise, functions);
            }
            Node::While { body, .. } => collect(body, functions),
            Node::Case(_, branches) => branches.iter().for_each(|(_, body)| collect(body, functions)),
            Node::Command(_) => {}
        }
    }
}

/// One going-through.
struct Run<'r, 's> {
    course: &'r Course<'s>,
    functions: BTreeMap<String, &'r Node<'s>>,
    key: &'r str,
    supposed: Supposed,
    steps: Cell<usize>,
    depth: Cell<u8>,
    nesting: Cell<u8>,
    endless: Cell<bool>,
}

impl Run<'_, '_> {
    /// The status with which the commands of a `trap` end the script, if they end it with one of their own.
    fn status_of_trap(&self, text: &str) -> Option<i32> {
        let script = seaworthy_dockerfile::shell::parse(&seaworthy_dockerfile::Text::of(text));
        let own = status_of_exit(&tree::list(&script));
        own.or_else(|| {
            let name = script.commands.first()?.program()?;
            match self.functions.get(&name)? {
                Node::Brace(body) | Node::Subshell(body) => status_of_exit(body),
                _ => None,
            }
        })
    }

    /// Counts a step; no more are taken once there were too many.
    fn step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.steps.get() <= MAX_STEPS
    }

    /// What comes of the script is not known any more: no step is taken after this.
    fn give_up(&self) -> Vec<End> {
        self.steps.set(MAX_STEPS + 1);
        Vec::new()
    }

    fn list(&self, items: &[Item<'_>], way: Way, place: Place) -> Vec<End> {
        if self.nesting.get() >= MAX_NESTING {
            return self.give_up();
        }
        self.nesting.set(self.nesting.get() + 1);
        let ends = self.commands(items, way, place);
        self.nesting.set(self.nesting.get() - 1);
        ends
    }

    fn commands(&self, items: &[Item<'_>], way: Way, place: Place) -> Vec<End> {
        let mut open = vec![way];
        let mut done = Vec::new();
        let mut rest = items;
        while !rest.is_empty() {
            let joins = |i: &Item<'_>| matches!(i.link, Link::And | Link::Or | Link::Pipe | Link::PipeBoth);
            let length = rest.iter().position(|i| !joins(i)).map_or(rest.len(), |i| i + 1);
            let Some((chain, tail)) = rest.split_at_checked(length) else { break };
            let inner = match place {
                _ if tail.is_empty() => place,
                Place::Plain => Place::Plain,
                _ => Place::Quiet,
            };
            let background = chain.last().is_some_and(|i| i.link == Link::Background);
            let mut next: Vec<Way> = Vec::new();
            for way in open {
                if !self.step() {
                    return done;
                }
                for mut end in self.chain(chain, way, if background { Place::Quiet } else { inner }) {
                    if background {
                        end.way.background |= end.way.status != 0;
                        (end.way.status, end.flow) = (0, Flow::Next);
                    }
                    match end.flow {
                        Flow::Next if next.contains(&end.way) => {}
                        Flow::Next => next.push(end.way),
                        _ => done.push(end),
                    }
                }
            }
            open = next;
            rest = tail;
        }
        done.extend(open.into_iter().map(|way| End { way, flow: Flow::Next }));
        done
    }

    /// Pipelines joined by `&&` and `||`.
    fn chain(&self, items: &[Item<'_>], way: Way, place: Place) -> Vec<End> {
        let mut open = vec![(way, true)];
        let mut done = Vec::new();
        let mut rest = items;
        let mut before: Option<Link> = None;
        let mut last: &[Item<'_>] = items;
        while !rest.is_empty() {
            let length = rest
                .iter()
                .position(|i| !matches!(i.link, Link::Pipe | Link::PipeBoth))
                .map_or(rest.len(), |i| i + 1);
            let Some((pipeline, tail)) = rest.split_at_checked(length) else { break };
            let after = pipeline.last().map(|i| i.link).filter(|_| !tail.is_empty());
            let inner = match after {
                Some(_) if place == Place::Condition => Place::Condition,
                Some(Link::Or) => Place::BeforeOr,
                Some(_) => Place::BeforeAnd,
                None => place,
            };
            let mut next = Vec::new();
            for (mut way, _) in open {
                let runs = match before {
                    Some(Link::And) => way.status == 0,
                    Some(_) => way.status != 0,
                    None => true,
                };
                if !runs {
                    let failed = before == Some(Link::And) && way.ran && self.supposed == Supposed::Failure;
                    way.lacks |= failed && self.publishes(pipeline);
                    next.push((way, false));
                    continue;
                }
                for end in self.pipeline(pipeline, way, inner) {
                    match end.flow {
                        Flow::Next => next.push((end.way, tail.is_empty())),
                        _ => done.push(end),
                    }
                }
            }
            (open, rest, before, last) = (next, tail, after, pipeline);
        }
        for (mut way, ran_last) in open {
            let ends = ran_last && way.status != 0 && way.options.errexit && place == Place::Plain;
            let flow = if ends && ends_by_failure(last) { Flow::Exit } else { Flow::Next };
            if flow == Flow::Exit
                && let Some(status) = way.on_error.as_deref().and_then(|text| self.status_of_trap(text))
            {
                way.status = status;
            }
            done.push(End { way, flow });
        }
        done
    }

    fn pipeline(&self, items: &[Item<'_>], way: Way, place: Place) -> Vec<End> {
        let negated = items.first().is_some_and(|i| i.negated);
        let mut ends = match items {
            [one] => self.node(&one.node, way, if negated { Place::Condition } else { place }),
            _ => self.piped(items, way, place),
        };
        if negated {
            for end in ends.iter_mut().filter(|e| e.flow == Flow::Next) {
                end.way.status = i32::from(end.way.status == 0);
            }
        }
        ends
    }

    fn piped(&self, items: &[Item<'_>], way: Way, place: Place) -> Vec<End> {
        let mut open: Vec<(Way, Vec<i32>)> = vec![(way, Vec::new())];
        for (nth, item) in items.iter().enumerate() {
            let is_last = nth + 1 == items.len();
            let mut next = Vec::new();
            for (way, statuses) in open {
                // A program that wants input, behind the one that failed.
                let lacks_input = way.ran && statuses.last().is_some_and(|s| *s != 0) && wants_input(item);
                for end in self.node(&item.node, way.clone(), if is_last { place } else { Place::Quiet }) {
                    let mut all = statuses.clone();
                    all.push(if lacks_input { 1 } else { end.way.status });
                    next.push((outside(&way, &end.way), all));
                }
            }
            open = next;
        }
        let ended = |(mut way, all): (Way, Vec<i32>)| {
            let failed = all.iter().rev().find(|s| **s != 0).filter(|_| way.options.pipefail);
            way.status = failed.or(all.last()).copied().unwrap_or_default();
            if let Some(first) = all.first() {
                way.values.set("PIPESTATUS", Some(first.to_string()));
            }
            End { way, flow: Flow::Next }
        };
        open.into_iter().map(ended).collect()
    }

    /// Whether any of these commands builds or publishes.
    fn publishes(&self, items: &[Item<'_>]) -> bool {
        items.iter().any(|item| match &item.node {
            Node::Command(command) => self.known(command, &[]).is_act,
            Node::Subshell(list) | Node::Brace(list) => self.publishes(list),
            _ => false,
        })
    }

    /// What a command is, with the arguments of the function around it.
    fn known(&self, command: &Command, arguments: &[String]) -> Rc<Known> {
        let start = command.range.start;
        if let Some(known) = self.course.known.borrow().get(&start).filter(|_| arguments.is_empty()) {
            return known.clone();
        }
        let written = key(self.course.text, command, arguments);
        let used = tool::used(&written, self.course.gets_password, self.course.tools);
        let known = Rc::new(Known {
            key: written.join(" "),
            is_act: used.iter().any(|u| matches!(u, Use::Act { .. })),
            only_asks: used.iter().all(|u| matches!(u, Use::Act { stage: Stage::Digest, .. })),
            written,
        });
        if arguments.is_empty() {
            self.course.known.borrow_mut().insert(start, known.clone());
        }
        known
    }
}

/// The way after a subshell: of what happened in it, only what was run and its status are left.
fn outside(before: &Way, inside: &Way) -> Way {
    let Way { status, ran, lacks, .. } = *inside;
    Way { status, ran, lacks, ..before.clone() }
}

/// Whether a failure of this pipeline ends a script with `-e`.
fn ends_by_failure(pipeline: &[Item<'_>]) -> bool {
    match pipeline {
        [one] => !one.negated && matches!(one.node, Node::Command(_) | Node::Subshell(_)),
        _ => pipeline.first().is_some_and(|i| !i.negated),
    }
}

/// Programs that fail without input: `grep`, `jq -e`.
fn wants_input(item: &Item<'_>) -> bool {
    let Node::Command(command) = &item.node else { return false };
    let words: Vec<String> = command.words.iter().filter_map(|w| w.literal()).collect();
    let is_strict = |w: &String| w.starts_with('-') && !w.starts_with("--") && w.contains('e');
    match words.first().map(String::as_str) {
        Some("grep" | "egrep") => true,
        Some("jq") => words.iter().skip(1).any(|w| is_strict(w) || w == "--exit-status"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
