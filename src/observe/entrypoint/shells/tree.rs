//! A script's commands as the lists and compound commands that they stand in. The lexer gives them flat, with the groups
//! around them; which part of an `if` a command belongs to stands in the text before it.

use std::ops::Range;

use seaworthy_dockerfile::shell::{Command, CommandKind, GroupKind, Link, Script, Word};

/// A command, or commands that stand together.
pub(super) enum Node<'s> {
    Command(&'s Command),
    If { branches: Vec<Branch<'s>>, otherwise: Vec<Item<'s>> },
    Case { subject: &'s Word, branches: Vec<(&'s [Word], Vec<Item<'s>>)> },
    Loop { head: LoopHead<'s>, body: Vec<Item<'s>> },
    Brace(Vec<Item<'s>>),
    Subshell(Vec<Item<'s>>),
    Function { name: String, body: Vec<Item<'s>> },
}

/// A branch of an `if`.
#[derive(Default)]
pub(super) struct Branch<'s> {
    pub(super) test: Vec<Item<'s>>,
    pub(super) body: Vec<Item<'s>>,
}

/// What a loop goes by.
pub(super) enum LoopHead<'s> {
    For(&'s Command),
    While { is_until: bool, test: Vec<Item<'s>> },
}

/// A part of a list.
pub(super) struct Item<'s> {
    pub(super) node: Node<'s>,
    /// How it is joined to what follows.
    pub(super) link: Link,
    /// Whether a `!` stands before it.
    pub(super) is_negated: bool,
    word: Option<Keyword>,
}

/// The word of a compound command that stands before a part of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Then,
    Elif,
    Else,
    Do,
}

/// The list that a script is.
pub(super) fn list<'s>(script: &'s Script, text: &str) -> Vec<Item<'s>> {
    Reader { script, text }.items(0..script.commands.len(), None)
}

struct Reader<'s, 't> {
    script: &'s Script,
    text: &'t str,
}

impl<'s> Reader<'s, '_> {
    fn items(&self, range: Range<usize>, parent: Option<usize>) -> Vec<Item<'s>> {
        let mut items: Vec<Item<'s>> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let Some(command) = self.script.commands.get(at) else { break };
            let inner = self.child(command.group, parent);
            let Some((number, group)) = inner.and_then(|n| Some((n, self.script.groups.get(n)?))) else {
                items.push(self.item(at, Node::Command(command), command.link, false));
                at += 1;
                continue;
            };
            let end = group.commands.end.max(at + 1);
            let node = self.group(group.kind, number, at..end.min(range.end), items.last());
            // The head of a `case` or a function is a command before its group.
            let has_head = matches!(node, Node::Case { .. } | Node::Function { .. });
            let mut item = self.item(at, node, group.link, true);
            if has_head && let Some(head) = items.pop() {
                (item.word, item.is_negated) = (head.word, head.is_negated);
            }
            items.push(item);
            at = end;
        }
        items
    }

    /// The group below `parent` that a command's group is in, or is.
    fn child(&self, group: Option<usize>, parent: Option<usize>) -> Option<usize> {
        let mut own = group?;
        if Some(own) == parent {
            return None;
        }
        loop {
            let above = self.script.groups.get(own)?.parent;
            if above == parent {
                return Some(own);
            }
            own = above?;
        }
    }

    fn group(
        &self,
        kind: GroupKind,
        number: usize,
        range: Range<usize>,
        before: Option<&Item<'s>>,
    ) -> Node<'s> {
        let first = range.start;
        let items = self.items(range, Some(number));
        let head = match before.map(|i| &i.node) {
            Some(Node::Command(command)) => Some(*command),
            _ => None,
        };
        let name = head.filter(|h| h.kind == CommandKind::Function).map(|h| {
            let words = h.words.iter().filter_map(Word::literal).filter(|w| w != "function");
            words.map(|w| w.trim_end_matches("()").to_owned()).next().unwrap_or_default()
        });
        if let Some(name) = name {
            return Node::Function { name, body: items };
        }
        match kind {
            GroupKind::Subshell => Node::Subshell(items),
            GroupKind::Brace => Node::Brace(items),
            GroupKind::If => branches(items),
            GroupKind::Loop => self.each(items, first),
            GroupKind::Case => {
                let subject = head.filter(|h| h.kind == CommandKind::Case).and_then(|h| h.words.get(1));
                match subject {
                    Some(subject) => Node::Case { subject, branches: cases(items) },
                    None => Node::Brace(items),
                }
            }
        }
    }

    fn each(&self, items: Vec<Item<'s>>, first: usize) -> Node<'s> {
        let is_until = self.words_before(first).contains(&"until");
        let (mut test, mut body): (Vec<Item<'s>>, Vec<Item<'s>>) = (Vec::new(), Vec::new());
        for (at, item) in items.into_iter().enumerate() {
            let is_body = at > 0 && item.word == Some(Keyword::Do) || !body.is_empty();
            if is_body { body.push(item) } else { test.push(item) }
        }
        let head = match test.first().map(|i| &i.node) {
            Some(Node::Command(command)) if command.kind == CommandKind::For => LoopHead::For(command),
            _ => LoopHead::While { is_until, test },
        };
        Node::Loop { head, body }
    }

    /// The reserved words between a command and the one before it.
    fn words_before(&self, at: usize) -> Vec<&str> {
        let previous = at.checked_sub(1).and_then(|i| self.script.commands.get(i));
        let start = previous.map_or(0, |c| c.range.end);
        let end = self.script.commands.get(at).map_or(start, |c| c.range.start);
        let lines = self.text.get(start..end).unwrap_or_default().lines();
        let code = lines.map(|l| l.split('#').next().unwrap_or_default());
        code.flat_map(|l| l.split([' ', '\t', ';', '(', ')', '\r'])).filter(|w| !w.is_empty()).collect()
    }

    fn item(&self, at: usize, node: Node<'s>, link: Link, is_group: bool) -> Item<'s> {
        let words = self.words_before(at);
        let is_opener = |w: &&&str| matches!(**w, "if" | "while" | "until" | "for" | "case" | "{");
        let keyword = |w: &&str| match *w {
            "then" => Some(Keyword::Then),
            "elif" => Some(Keyword::Elif),
            "else" => Some(Keyword::Else),
            "do" => Some(Keyword::Do),
            _ => None,
        };
        let is_negated = match is_group {
            true => words.iter().take_while(|w| !is_opener(w)).any(|w| *w == "!"),
            false => words.iter().rev().take_while(|w| !is_opener(w)).any(|w| *w == "!"),
        };
        Item { node, link, is_negated, word: words.iter().rev().find_map(keyword) }
    }
}

fn branches(items: Vec<Item<'_>>) -> Node<'_> {
    let mut branches = vec![Branch::default()];
    let mut otherwise = Vec::new();
    let (mut in_body, mut in_else) = (false, false);
    for (at, item) in items.into_iter().enumerate() {
        // What stands before the first command belongs to what is around.
        match item.word.filter(|_| at > 0) {
            Some(Keyword::Then) => in_body = true,
            Some(Keyword::Elif) => {
                branches.push(Branch::default());
                in_body = false;
            }
            Some(Keyword::Else) => in_else = true,
            _ => {}
        }
        match branches.last_mut() {
            Some(_) if in_else => otherwise.push(item),
            Some(branch) if in_body => branch.body.push(item),
            Some(branch) => branch.test.push(item),
            None => {}
        }
    }
    Node::If { branches, otherwise }
}

fn cases<'s>(items: Vec<Item<'s>>) -> Vec<(&'s [Word], Vec<Item<'s>>)> {
    let mut all: Vec<(&'s [Word], Vec<Item<'s>>)> = Vec::new();
    for item in items {
        match item.node {
            Node::Command(command) if command.kind == CommandKind::Pattern => {
                all.push((&command.words, Vec::new()));
            }
            _ => {
                if let Some((_, body)) = all.last_mut() {
                    body.push(item);
                }
            }
        }
    }
    all
}
