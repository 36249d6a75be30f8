//! The commands of a script as a tree: lists, pipelines, branches, loops and functions.

use std::collections::BTreeMap;

use super::{Command, CommandKind, Group, GroupKind, Keyword, Link, Script};

/// Commands that run one after the other, each with what joins it to the next.
pub type List<'s> = Vec<Item<'s>>;

/// A command or a compound command of a list.
#[derive(Debug)]
pub struct Item<'s> {
    /// What it is.
    pub node: Node<'s>,
    /// How it is joined to what follows.
    pub link: Link,
    /// Whether `!` turns its status round.
    pub negated: bool,
    keyword: Option<Keyword>,
}

/// What runs.
#[derive(Debug)]
pub enum Node<'s> {
    /// A simple command.
    Command(&'s Command),
    /// `( … )`
    Subshell(List<'s>),
    /// `{ …; }`
    Brace(List<'s>),
    /// `if` and `elif`, each with its condition, and `else`.
    If {
        /// Conditions, each with what runs where it holds.
        branches: Vec<(List<'s>, List<'s>)>,
        /// What runs where none holds.
        otherwise: List<'s>,
    },
    /// `for`: its head, and what runs in each round.
    For(&'s Command, List<'s>),
    /// `while`, or `until`: its condition, and what runs in each round.
    While {
        /// Whether it ends once the condition holds.
        until: bool,
        /// The condition.
        condition: List<'s>,
        /// What runs in each round.
        body: List<'s>,
    },
    /// `case`: its head, and the patterns of each branch with what runs then.
    Case(Option<&'s Command>, Vec<(&'s Command, List<'s>)>),
    /// A function that is defined here: its name, and its body as one item.
    Function(String, Box<Item<'s>>),
}

/// The list that a script is.
pub fn list(script: &Script) -> List<'_> {
    let mut children = BTreeMap::new();
    for (index, group) in script.groups.iter().enumerate().filter(|(_, g)| !g.commands.is_empty()) {
        children.entry((group.parent, group.commands.start)).or_insert(index);
    }
    Builder { script, children }.list(None, 0..script.commands.len())
}

/// The name of the function that a command defines.
pub fn function_name(command: &Command) -> Option<String> {
    if command.kind != CommandKind::Function {
        return None;
    }
    let mut names = command.words.iter().filter_map(|w| w.literal()).filter(|w| w != "function");
    names.next().map(|w| w.trim_end_matches("()").to_owned())
}

struct Builder<'s> {
    script: &'s Script,
    /// Groups by the group around them and their first command.
    children: BTreeMap<(Option<usize>, usize), usize>,
}

impl<'s> Builder<'s> {
    fn list(&self, parent: Option<usize>, range: std::ops::Range<usize>) -> List<'s> {
        let mut items: List<'s> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let group =
                self.children.get(&(parent, at)).and_then(|i| Some((*i, self.script.groups.get(*i)?)));
            let (item, next) = match group {
                Some((index, group)) => (self.group(index, group), group.commands.end),
                None => {
                    let Some(command) = self.script.commands.get(at) else { break };
                    let (link, negated, keyword) = (command.link, command.negated, command.keyword);
                    (Item { node: Node::Command(command), link, negated, keyword }, at + 1)
                }
            };
            join(&mut items, item);
            at = next.max(at + 1);
        }
        items
    }

    fn group(&self, index: usize, group: &'s Group) -> Item<'s> {
        let all = self.list(Some(index), group.commands.clone());
        let node = match group.kind {
            GroupKind::Subshell => Node::Subshell(all),
            GroupKind::Brace => Node::Brace(all),
            GroupKind::If => branches(all),
            GroupKind::Loop => rounds(all),
            GroupKind::Case => Node::Case(None, cases(all)),
        };
        Item { node, link: group.link, negated: group.negated, keyword: group.keyword }
    }
}

/// Adds an item; the body of a function and the branches of a `case` join the head that stands before them.
fn join<'s>(items: &mut List<'s>, item: Item<'s>) {
    let head = match items.last() {
        Some(Item { node: Node::Command(head), .. }) => Some(*head),
        _ => None,
    };
    let (is_function, is_case) =
        head.map_or((false, false), |h| (h.kind == CommandKind::Function, h.kind == CommandKind::Case));
    let is_body = !matches!(item.node, Node::Command(_) | Node::Function(..));
    match (head, items.last_mut(), item.node) {
        (Some(head), Some(last), node) if is_function && is_body => {
            let name = function_name(head).unwrap_or_default();
            let link = item.link;
            let body = Box::new(Item { node, ..item });
            (last.node, last.link) = (Node::Function(name, body), link);
        }
        (Some(head), Some(last), Node::Case(None, branches)) if is_case => {
            (last.node, last.link) = (Node::Case(Some(head), branches), item.link);
        }
        (_, _, node) => items.push(Item { node, ..item }),
    }
}

fn branches(all: List<'_>) -> Node<'_> {
    let mut branches: Vec<(List<'_>, List<'_>)> = Vec::new();
    let mut otherwise = Vec::new();
    let mut part = Keyword::If;
    for item in all {
        part = item.keyword.unwrap_or(part);
        if branches.is_empty() || item.keyword == Some(Keyword::Elif) {
            branches.push((Vec::new(), Vec::new()));
        }
        let Some((condition, body)) = branches.last_mut() else { continue };
        match part {
            Keyword::Then => body.push(item),
            Keyword::Else => otherwise.push(item),
            _ => condition.push(item),
        }
    }
    Node::If { branches, otherwise }
}

fn rounds(all: List<'_>) -> Node<'_> {
    let until = all.first().is_some_and(|i| i.keyword == Some(Keyword::Until));
    let head = match all.first() {
        Some(Item { node: Node::Command(head), .. }) if head.kind == CommandKind::For => Some(*head),
        _ => None,
    };
    let mut part = Keyword::While;
    let (mut condition, mut body) = (Vec::new(), Vec::new());
    for item in all {
        part = item.keyword.unwrap_or(part);
        if part == Keyword::Do { body.push(item) } else { condition.push(item) }
    }
    match head {
        Some(head) => Node::For(head, body),
        None => Node::While { until, condition, body },
    }
}

fn cases(all: List<'_>) -> Vec<(&Command, List<'_>)> {
    let mut branches: Vec<(&Command, List<'_>)> = Vec::new();
    for item in all {
        match (item.node, branches.last_mut()) {
            (Node::Command(pattern), _) if pattern.kind == CommandKind::Pattern => {
                branches.push((pattern, Vec::new()));
            }
            (node, Some((_, body))) => body.push(Item { node, ..item }),
            (_, None) => {}
        }
    }
    branches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;
    use crate::shell;

    /// A tree in one line, each command by its program.
    fn shown(list: &[Item<'_>]) -> String {
        let one = |item: &Item<'_>| {
            let node = match &item.node {
                Node::Command(c) => c.program().unwrap_or_default(),
                Node::Subshell(l) => format!("({})", shown(l)),
                Node::Brace(l) => format!("{{{}}}", shown(l)),
                Node::If { branches, otherwise } => {
                    let all: Vec<String> =
                        branches.iter().map(|(c, b)| format!("{}?{}", shown(c), shown(b))).collect();
                    format!("if[{}:{}]", all.join("|"), shown(otherwise))
                }
                Node::For(_, b) => format!("for[{}]", shown(b)),
                Node::While { until, condition, body } => {
                    format!(
                        "{}[{}?{}]",
                        if *until { "until" } else { "while" },
                        shown(condition),
                        shown(body)
                    )
                }
                Node::Case(_, b) => {
                    format!("case[{}]", b.iter().map(|(_, l)| shown(l)).collect::<Vec<_>>().join("|"))
                }
                Node::Function(name, body) => {
                    let inner = match &body.node {
                        Node::Brace(l) | Node::Subshell(l) => shown(l),
                        _ => String::new(),
                    };
                    format!("{name}(){{{inner}}}")
                }
            };
            if item.negated { format!("!{node}") } else { node }
        };
        list.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn trees() {
        for (text, expected) in [
            ("a; b && c | d", "a b c d"),
            ("if a; then b; elif c; then d; e; else f; fi; g", "if[a?b|c?d e:f] g"),
            ("if ! a; then\n b\nfi", "if[!a?b:]"),
            ("if (a); then { b; }; fi", "if[(a)?{b}:]"),
            ("for i in 1 2; do a && break; done", "for[a break]"),
            ("until a; do b; done", "until[a?b]"),
            ("while [ x ]; do if a; then b; fi; done", "while[[?if[a?b:]]"),
            ("case $x in a) b; c;; *) d;; esac; e", "case[b c|d] e"),
            ("f() { a; b; }; function g { c; }; f", "f(){a b} g(){c} f"),
            ("(a; (b)) || c", "(a (b)) c"),
            ("! a", "!a"),
        ] {
            let script = shell::parse(&Text::of(text));
            assert_eq!(shown(&list(&script)), expected, "{text}");
        }
    }
}
