//! What has been read of a script and what is still open.

use super::lexer::Lexer;
use super::{Assignment, Command, CommandKind, Group, GroupKind, Keyword, Link, Redirection, Script, Word};
use seaworthy_source::Span;

/// What is open while commands are read.
#[derive(Default)]
pub(super) struct State {
    pub(super) out: Script,
    pub(super) command: Pending,
    pub(super) frames: Vec<Frame>,
    /// The group that just closed: redirections and links that follow belong to it.
    pub(super) closed: Option<usize>,
    pub(super) documents: Vec<Document>,
    /// The reserved word before what comes next.
    pub(super) keyword: Option<Keyword>,
    /// Whether `!` stands before what comes next.
    pub(super) negated: bool,
}

/// A command that is being read.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) kind: CommandKind,
    pub(super) start: Option<usize>,
    pub(super) end: usize,
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    pub(super) redirections: Vec<Redirection>,
}

/// A group that is open.
pub(super) struct Frame {
    pub(super) kind: GroupKind,
    pub(super) group: usize,
    pub(super) start: usize,
    /// In a `case`: a pattern comes next.
    pub(super) pattern: bool,
}

/// A here-document whose lines are still to come.
pub(super) struct Document {
    pub(super) delimiter: String,
    pub(super) tabs: bool,
    pub(super) quoted: bool,
    /// A command or a group, by number, and the number of the redirection.
    pub(super) place: (bool, usize, usize),
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.start.is_none()
    }

    pub(super) fn extend(&mut self, start: usize, end: usize) {
        self.start.get_or_insert(start);
        self.end = self.end.max(end);
    }
}

impl State {
    pub(super) fn add(&mut self, word: Word) {
        self.closed = None;
        self.command.extend(word.range.start, word.range.end);
        self.command.words.push(word);
    }

    pub(super) fn assign(&mut self, assignment: Assignment, start: usize, end: usize) {
        self.closed = None;
        self.command.extend(start, end);
        self.command.assignments.push(assignment);
    }

    /// Whose redirections the next one joins, and its number there.
    pub(super) fn redirections(&self) -> (bool, usize, usize) {
        match self.closed.and_then(|g| Some((g, self.out.groups.get(g)?))) {
            Some((number, group)) => (false, number, group.redirections.len()),
            None => (true, self.out.commands.len(), self.command.redirections.len()),
        }
    }

    pub(super) fn redirect(&mut self, redirection: Redirection, start: usize, end: usize) {
        match self.closed.and_then(|g| self.out.groups.get_mut(g)) {
            Some(group) => group.redirections.push(redirection),
            None => {
                self.command.extend(start, end);
                self.command.redirections.push(redirection);
            }
        }
    }

    pub(super) fn set_body(&mut self, (command, number, redirection): (bool, usize, usize), body: Word) {
        let redirections = if command {
            self.out.commands.get_mut(number).map(|c| &mut c.redirections)
        } else {
            self.out.groups.get_mut(number).map(|g| &mut g.redirections)
        };
        if let Some(redirection) = redirections.and_then(|r| r.get_mut(redirection)) {
            redirection.body = Some(body);
        }
    }

    /// Ends the command that is being read, if there is one; else the link belongs to the group that just closed.
    pub(super) fn finish(&mut self, lexer: &Lexer<'_>, link: Link) {
        let command = std::mem::take(&mut self.command);
        let Some(start) = command.start else {
            if let Some(group) = self.closed.and_then(|g| self.out.groups.get_mut(g)) {
                group.link = link;
            }
            self.closed = None;
            return;
        };
        let range = start..command.end;
        self.out.commands.push(Command {
            kind: command.kind,
            assignments: command.assignments,
            words: command.words,
            redirections: command.redirections,
            link,
            keyword: self.keyword.take(),
            negated: std::mem::take(&mut self.negated),
            group: self.frames.last().map(|f| f.group),
            span: lexer.text.locate(range.clone()),
            range,
        });
    }

    pub(super) fn open(&self, kind: GroupKind) -> bool {
        self.frames.iter().any(|f| f.kind == kind)
    }

    pub(super) fn open_group(&mut self, kind: GroupKind, start: usize) {
        self.closed = None;
        let first = self.out.commands.len();
        self.frames.push(Frame {
            kind,
            group: self.out.groups.len(),
            start,
            pattern: kind == GroupKind::Case,
        });
        let parent = self.frames.len().checked_sub(2).and_then(|i| self.frames.get(i)).map(|f| f.group);
        self.out.groups.push(Group {
            kind,
            commands: first..first,
            parent,
            redirections: Vec::new(),
            link: Link::End,
            keyword: self.keyword.take(),
            negated: std::mem::take(&mut self.negated),
            span: Span::default(),
        });
    }

    /// Closes the innermost group of that kind, and what is open inside it.
    pub(super) fn close(&mut self, lexer: &Lexer<'_>, kind: GroupKind) {
        self.finish(lexer, Link::End);
        self.keyword = None;
        while let Some(frame) = self.frames.pop() {
            self.close_frame(lexer, &frame);
            if frame.kind == kind {
                self.closed = Some(frame.group);
                return;
            }
        }
    }

    pub(super) fn close_frame(&mut self, lexer: &Lexer<'_>, frame: &Frame) {
        let end = self.out.commands.len();
        if let Some(group) = self.out.groups.get_mut(frame.group) {
            group.commands.end = end;
            group.span = lexer.text.locate(frame.start..lexer.at);
        }
    }

    pub(super) fn end(mut self, lexer: &Lexer<'_>) -> Script {
        self.out.unclosed = self.frames.first().map(|frame| frame.kind);
        while let Some(frame) = self.frames.pop() {
            self.close_frame(lexer, &frame);
        }
        self.out
    }
}
