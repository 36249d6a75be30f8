//! YAML 1.2 as a small tree in which everything keeps its place. Depth and size are bounded, aliases are put in with
//! what they stand for and count towards the size, and a key that stands twice is an error: readers differ in which
//! of the two they take.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::WorkflowError;
use seaworthy_source::Position;

/// The most nodes that a document may have, with aliases put in.
const MOST_NODES: usize = 50_000;

/// The deepest nesting.
const MOST_DEPTH: usize = 64;

/// A scalar and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, quotes and indentation taken out.
    pub text: String,
    /// Where it begins; of a block, where its first line does.
    pub position: Position,
    /// Whether it is a literal block (`|`), whose lines are those of the file.
    pub literal: bool,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub position: Position,
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
    /// A mapping, in the order in which it is written.
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

/// A collection that is not closed yet.
struct Open {
    anchor: usize,
    position: Position,
    kind: NodeKind,
    /// Of a mapping: the key that waits for its value.
    key: Option<Scalar>,
}

/// Reads the one document of a text.
///
/// # Errors
/// If it is not YAML, holds no or more than one document, or exceeds a bound.
pub fn parse(text: &str) -> Result<Node, WorkflowError> {
    let mut reader = Reader { lines: text.lines().collect(), ..Reader::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|e| WorkflowError {
            position: reader.position(e.marker()),
            // The scanner's words name what it expected, and never what it read.
            reason: format!("it is not YAML: {}", e.info()),
        })?;
        reader.take(event, &span.start)?;
    }
    reader
        .root
        .ok_or(WorkflowError { position: Position { line: 1, column: 1 }, reason: "it is empty".to_owned() })
}

#[derive(Default)]
struct Reader<'t> {
    lines: Vec<&'t str>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Reader<'_> {
    /// The scanner counts characters from 0; people's editors and our reports count bytes from 1.
    fn position(&self, marker: &Marker) -> Position {
        let line = self.lines.get(marker.line().saturating_sub(1)).copied().unwrap_or_default();
        let column = line.char_indices().nth(marker.col()).map_or(line.len(), |(i, _)| i) + 1;
        let to_u32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: to_u32(marker.line().max(1)), column: to_u32(column) }
    }

    fn take(&mut self, event: Event<'_>, start: &Marker) -> Result<(), WorkflowError> {
        let position = self.position(start);
        let fault = |reason: &str| WorkflowError { position, reason: reason.to_owned() };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let literal = style == ScalarStyle::Literal;
                let scalar = Scalar { text: text.into_owned(), position, literal };
                self.add(anchor, Node { position, kind: NodeKind::Scalar(scalar) })
            }
            Event::SequenceStart(anchor, _) => self.open(anchor, position, NodeKind::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.open(anchor, position, NodeKind::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Err(fault("a collection ends that never began"));
                };
                self.put(open.anchor, Node { position: open.position, kind: open.kind })
            }
            Event::Alias(anchor) => {
                // An anchor inside itself is not closed yet, and so not known.
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(fault("an alias stands for nothing, or for what it is itself in"));
                };
                self.nodes += node.size();
                self.add(0, Node { position, ..node })
            }
            Event::DocumentStart(_) if self.root.is_some() => Err(fault("it holds more than one document")),
            _ => Ok(()),
        }
    }

    fn open(&mut self, anchor: usize, position: Position, kind: NodeKind) -> Result<(), WorkflowError> {
        if self.open.len() >= MOST_DEPTH {
            return Err(WorkflowError { position, reason: format!("it is nested deeper than {MOST_DEPTH}") });
        }
        self.open.push(Open { anchor, position, kind, key: None });
        Ok(())
    }

    fn add(&mut self, anchor: usize, node: Node) -> Result<(), WorkflowError> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let reason = format!("it has more than {MOST_NODES} values, aliases put in");
            return Err(WorkflowError { position: node.position, reason });
        }
        self.put(anchor, node)
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, anchor: usize, node: Node) -> Result<(), WorkflowError> {
        if anchor != 0 {
            self.nodes += node.size();
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.kind {
            NodeKind::List(items) => items.push(node),
            NodeKind::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let NodeKind::Scalar(key) = node.kind else {
                        let reason = "a key is not a plain text".to_owned();
                        return Err(WorkflowError { position: node.position, reason });
                    };
                    if entries.iter().any(|(k, _)| k.text == key.text) {
                        let reason = "a key stands twice in one mapping".to_owned();
                        return Err(WorkflowError { position: key.position, reason });
                    }
                    open.key = Some(key);
                }
            },
            NodeKind::Scalar(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn everything_keeps_its_place() {
        let node = parse("on: push\njobs:\n  b:\n    é: [x, y]\n    run: |\n      echo a\n").unwrap();
        let b = node.get("jobs").and_then(|j| j.get("b")).unwrap();
        assert_eq!(b.get("é").unwrap().position, Position { line: 4, column: 9 });
        assert_eq!(b.get("é").unwrap().items().len(), 2);
        let run = b.get("run").unwrap().scalar().unwrap();
        assert_eq!((run.position.line, run.literal, run.text.as_str()), (6, true, "echo a\n"));
    }

    #[test]
    fn aliases_are_put_in() {
        let node = parse("a: &x {k: v}\nb: *x\n").unwrap();
        assert_eq!(node.get("b").unwrap().get("k").unwrap().scalar().unwrap().text, "v");
    }

    #[test]
    fn what_readers_differ_in_or_choke_on_is_an_error() {
        let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (from, to) in ('a'..'h').zip('b'..='h') {
            laughs.push_str(&format!("{to}: &{to} [*{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}]\n"));
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
            let error = parse(text).unwrap_err();
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
    }
}
