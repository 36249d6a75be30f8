//! The one YAML 1.2 reader: a small tree in which everything keeps its place, its style and its tag.
//!
//! Depth and size are bounded, aliases are put in with what they stand for and count towards the size, and a key that
//! stands twice is an error: readers differ in which of the two they take.
//!
//! ```
//! use seaworthy_source::yaml::{self, Limits};
//!
//! let node = yaml::parse("services:\n  web: {image: app}\n", Limits::default())?;
//! let image = node.get("services").and_then(|s| s.get("web")).and_then(|w| w.get("image"));
//! assert_eq!(image.and_then(|i| i.scalar()).map(|s| s.text.as_str()), Some("app"));
//! assert_eq!(image.map(|i| i.position.to_string()).as_deref(), Some("2:16"));
//! # Ok::<(), seaworthy_source::yaml::YamlError>(())
//! ```

use std::collections::{HashMap, HashSet};
use std::fmt;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use crate::Position;

/// Bounds on what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most nodes of the document, keys included and aliases put in.
    pub nodes: usize,
    /// Deepest nesting.
    pub depth: usize,
    /// Whether aliases are taken.
    pub aliases: bool,
}

impl Default for Limits {
    /// For files that people write by hand: 50,000 nodes, 64 levels, with aliases.
    fn default() -> Self {
        Self { nodes: 50_000, depth: 64, aliases: true }
    }
}

/// A scalar and its place. Its text may be a secret, so `Debug` shows the place alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, quotes and indentation taken out.
    pub text: String,
    /// Where it begins; of a block, where its first line does.
    pub position: Position,
    /// How it is written.
    pub style: Style,
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scalar@{}", self.position)
    }
}

/// How a scalar is written (YAML 1.2.2, chapters 7.3 and 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: what may be a number or null.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// A literal block (`|`), whose lines are those of the file.
    Literal,
    /// A folded block (`>`).
    Folded,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub position: Position,
    /// The local tag that it bears, without `!`: `Sub` of `!Sub`. Tags of YAML itself (`!!str`) are left out.
    pub tag: Option<Box<str>>,
    /// What it is.
    pub kind: NodeKind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order in which it is written; no key stands twice.
    Map(Vec<(Scalar, Node)>),
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }

    /// The entries, if this is a mapping; else none.
    pub fn entries(&self) -> &[(Scalar, Self)] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, if this is a sequence; else none.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    /// The scalar, if this is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Number of nodes in it, itself included.
    fn size(&self) -> usize {
        match &self.kind {
            NodeKind::Scalar(_) => 1,
            NodeKind::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            NodeKind::Map(entries) => 1 + entries.iter().map(|(_, v)| 1 + v.size()).sum::<usize>(),
        }
    }
}

/// Why a text is not the YAML that was asked for, and where. It never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct YamlError {
    /// Where the fault was noticed.
    pub at: Position,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a YAML text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not YAML; the scanner's words name what it expected, and never what it read.
    #[error("it is not YAML: {0}")]
    Syntax(String),
    /// No document at all.
    #[error("it is empty")]
    Empty,
    /// A second document.
    #[error("it holds more than one document")]
    SecondDocument,
    /// Deeper than [`Limits::depth`].
    #[error("it is nested deeper than {0}")]
    TooDeep(usize),
    /// More nodes than [`Limits::nodes`].
    #[error("it has more than {0} values, counting what its aliases stand for")]
    TooMany(usize),
    /// A list or mapping as a key.
    #[error("a key is not a plain text")]
    Key,
    /// A key that its mapping already has.
    #[error("a key stands twice in one mapping")]
    Duplicate,
    /// An alias of nothing, or inside its own anchor.
    #[error("an alias stands for nothing, or for what it is itself in")]
    DanglingAlias,
    /// An alias where [`Limits::aliases`] takes none.
    #[error("an alias, which this format does not take")]
    Alias,
}

/// Reads the one document of a text.
///
/// # Errors
/// [`YamlError`] if it is not YAML, holds no or more than one document, repeats a key, or exceeds a limit.
pub fn parse(text: &str, limits: Limits) -> Result<Node, YamlError> {
    let mut reader = Reader {
        lines: text.lines().collect(),
        last: (0, 0, 0),
        limits,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| YamlError {
            at: reader.position(e.marker()),
            fault: Fault::Syntax(e.info().to_owned()),
        })?;
        reader.take(event, &span.start)?;
    }
    reader.root.ok_or(YamlError { at: Position { line: 1, column: 1 }, fault: Fault::Empty })
}

/// A collection that is not closed yet.
struct Open {
    anchor: usize,
    node: Node,
    /// Of a mapping: the keys that it has.
    keys: HashSet<String>,
    /// Of a mapping: the key that waits for its value.
    key: Option<Scalar>,
}

struct Reader<'t> {
    lines: Vec<&'t str>,
    /// The last place: line from 1, characters before it in that line, and bytes before it.
    last: (usize, usize, usize),
    limits: Limits,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Reader<'_> {
    /// The scanner counts characters from 0; people's editors and our reports count bytes from 1. A long line is walked
    /// once, not once for each of its values.
    fn position(&mut self, marker: &Marker) -> Position {
        let (line, wanted) = (marker.line().max(1), marker.col());
        let (known, characters, bytes) = self.last;
        let from = if known == line && characters <= wanted { (characters, bytes) } else { (0, 0) };
        let rest = self.lines.get(line - 1).and_then(|l| l.get(from.1..)).unwrap_or_default();
        let byte = from.1 + rest.char_indices().nth(wanted - from.0).map_or(rest.len(), |(at, _)| at);
        self.last = (line, wanted, byte);
        let to_u32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: to_u32(line), column: to_u32(byte + 1) }
    }

    fn take(&mut self, event: Event<'_>, start: &Marker) -> Result<(), YamlError> {
        let position = self.position(start);
        let fail = |fault| Err(YamlError { at: position, fault });
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let scalar = Scalar { text: text.into_owned(), position, style };
                self.add(
                    anchor,
                    Node { position, tag: local(tag.as_deref()), kind: NodeKind::Scalar(scalar) },
                )
            }
            Event::SequenceStart(anchor, tag) => self.open(
                anchor,
                Node { position, tag: local(tag.as_deref()), kind: NodeKind::List(Vec::new()) },
            ),
            Event::MappingStart(anchor, tag) => self
                .open(anchor, Node { position, tag: local(tag.as_deref()), kind: NodeKind::Map(Vec::new()) }),
            // The parser closes only what it has opened.
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.put(open.anchor, open.node),
                None => Ok(()),
            },
            Event::Alias(_) if !self.limits.aliases => fail(Fault::Alias),
            Event::Alias(anchor) => {
                // An anchor inside itself is not closed yet, and so not known.
                let Some(node) = self.anchors.get(&anchor) else { return fail(Fault::DanglingAlias) };
                self.nodes = self.nodes.saturating_add(node.size());
                self.bound(position)?;
                let node = Node { position, ..node.clone() };
                self.put(0, node)
            }
            Event::DocumentStart(_) if self.root.is_some() => fail(Fault::SecondDocument),
            _ => Ok(()),
        }
    }

    fn bound(&self, at: Position) -> Result<(), YamlError> {
        let most = self.limits.nodes;
        if self.nodes > most { Err(YamlError { at, fault: Fault::TooMany(most) }) } else { Ok(()) }
    }

    fn open(&mut self, anchor: usize, node: Node) -> Result<(), YamlError> {
        let deepest = self.limits.depth;
        if self.open.len() >= deepest {
            return Err(YamlError { at: node.position, fault: Fault::TooDeep(deepest) });
        }
        self.nodes += 1;
        self.bound(node.position)?;
        self.open.push(Open { anchor, node, keys: HashSet::new(), key: None });
        Ok(())
    }

    fn add(&mut self, anchor: usize, node: Node) -> Result<(), YamlError> {
        self.nodes += 1;
        self.bound(node.position)?;
        self.put(anchor, node)
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, anchor: usize, node: Node) -> Result<(), YamlError> {
        if anchor != 0 {
            // Its copy counts, too: the memory of all anchors is bounded with that of the tree.
            self.nodes = self.nodes.saturating_add(node.size());
            self.bound(node.position)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.node.kind {
            NodeKind::List(items) => items.push(node),
            NodeKind::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let NodeKind::Scalar(key) = node.kind else {
                        return Err(YamlError { at: node.position, fault: Fault::Key });
                    };
                    if !open.keys.insert(key.text.clone()) {
                        return Err(YamlError { at: key.position, fault: Fault::Duplicate });
                    }
                    open.key = Some(key);
                }
            },
            NodeKind::Scalar(_) => {}
        }
        Ok(())
    }
}

fn local(tag: Option<&Tag>) -> Option<Box<str>> {
    tag.filter(|tag| !tag.is_yaml_core_schema() && !tag.suffix.is_empty())
        .map(|tag| tag.suffix.as_str().into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Node, YamlError> {
        parse(text, Limits::default())
    }

    #[test]
    fn everything_keeps_its_place() {
        let node = parsed("on: push\njobs:\n  b:\n    é: [x, y]\n    run: |\n      echo a\n").unwrap();
        let b = node.get("jobs").and_then(|j| j.get("b")).unwrap();
        assert_eq!(b.get("é").unwrap().position, Position { line: 4, column: 9 });
        assert_eq!(b.get("é").unwrap().items()[1].position, Position { line: 4, column: 13 });
        let run = b.get("run").unwrap().scalar().unwrap();
        assert_eq!((run.position.line, run.style, run.text.as_str()), (6, Style::Literal, "echo a\n"));
    }

    #[test]
    fn aliases_are_put_in() {
        let node = parsed("a: &x {k: v}\nb: *x\n").unwrap();
        assert_eq!(node.get("b").unwrap().get("k").unwrap().scalar().unwrap().text, "v");
        let without = Limits { aliases: false, ..Limits::default() };
        assert_eq!(parse("a: &x {k: v}\nb: *x\n", without).unwrap_err().fault, Fault::Alias);
    }

    #[test]
    fn tags_are_kept_without_those_of_yaml() {
        let node = parsed("a: !Sub x\nb: !!str 1\nc: !GetAtt [r, Arn]\n").unwrap();
        let tag = |key: &str| node.get(key).unwrap().tag.as_deref();
        assert_eq!((tag("a"), tag("b"), tag("c")), (Some("Sub"), None, Some("GetAtt")));
    }

    #[test]
    fn what_readers_differ_in_or_choke_on_is_an_error() {
        let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (from, to) in ('a'..'h').zip('b'..='h') {
            laughs.push_str(&format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 9].join(", ")));
        }
        let deep = "[".repeat(100);
        for (text, reason) in [
            ("a: 1\na: 2\n", "stands twice"),
            ("a: &x [*x]\n", "alias"),
            ("a: *x\n", ""),
            ("", "empty"),
            ("a: 1\n---\nb: 2\n", "more than one"),
            ("? [a]\n: b\n", "key"),
            ("a: [\n", "not YAML"),
            ("a: \"x\n", "not YAML"),
            (laughs.as_str(), "values"),
            (deep.as_str(), "deeper"),
        ] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn one_long_line_and_many_keys_take_linear_time() {
        let keys: String = (0..20_000).map(|i| format!("k{i}: [é]\n")).collect();
        assert_eq!(
            parse(&keys, Limits { nodes: 100_000, ..Limits::default() }).unwrap().entries().len(),
            20_000
        );
        let line = format!("[{}]", "é, ".repeat(40_000));
        let node = parsed(&line).unwrap();
        assert_eq!(node.items()[39_999].position, Position { line: 1, column: 39_999 * 4 + 2 });
    }

    #[test]
    fn debug_shows_no_value() {
        assert!(!format!("{:?}", parsed("password: hunter2hunter2\n").unwrap()).contains("hunter2"));
    }
}
