//! The lines of a Dockerfile: BuildKit's line algorithm, before any instruction is understood.
//!
//! The pieces that it returns lie end to end and cover the file, so nothing in the file goes unseen.

use super::error::{Error, ErrorKind};
use super::heredoc::{self, Heredoc};
use super::lines::{Line, Lines, is_comment, trim_continuation, trim_start};
use super::node::{self, Node};
use super::remark::{Comment, Directive, DirectiveName, Directives};
use super::text::TextBuilder;
use seaworthy_source::Span;

/// Lines of a file, both counted from 1 and both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineRange {
    /// The first line.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

/// The lines of a Dockerfile, sorted into what they are.
#[derive(Clone, Debug)]
pub struct Syntax {
    /// All bytes of the file, in order, without gap or overlap.
    pub pieces: Vec<TopLevel>,
    /// Parser directives, in order.
    pub directives: Vec<Directive>,
    /// Comments, those inside a continued instruction included; heredoc bodies have none.
    pub comments: Vec<Comment>,
    /// Blank lines inside a continued instruction: deprecated, and skipped.
    pub blank_continuations: Vec<Span>,
    /// The escape character: a backslash, or the backtick if the `escape` directive says so.
    pub escape: char,
    /// Instructions, split into words and not yet understood.
    pub nodes: Vec<Node>,
}

/// One top-level piece of the file: whole lines with their line ends, or the byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopLevel {
    /// What it is.
    pub kind: TopLevelKind,
    /// Its bytes.
    pub span: Span,
}

/// What a top-level piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopLevelKind {
    /// The UTF-8 byte order mark at the start of the file.
    ByteOrderMark,
    /// A line with a parser directive.
    Directive,
    /// A comment line.
    Comment,
    /// A line with nothing but space.
    Blank,
    /// An instruction with its continuations and heredocs; the number counts instructions from 0.
    Instruction(usize),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Syntax {
    /// Reads the lines of a Dockerfile.
    ///
    /// # Errors
    /// Where BuildKit's parser fails, without looking at what the instructions mean: an empty file, a line that is
    /// too long, a wrong directive, an unterminated heredoc, a JSON array of non-strings, a broken `ENV` or `LABEL`.
    pub fn read(file: &[u8]) -> Result<Self, Error> {
        if file.is_empty() {
            return Err(Error { line: 1, span: Span::default(), kind: ErrorKind::Empty });
        }
        let mut syntax = Self {
            pieces: Vec::new(),
            directives: Vec::new(),
            comments: Vec::new(),
            blank_continuations: Vec::new(),
            escape: '\\',
            nodes: Vec::new(),
        };
        let start = if file.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        if start > 0 {
            syntax.pieces.push(TopLevel { kind: TopLevelKind::ByteOrderMark, span: Span::new(0, start) });
        }
        let mut lines = Lines::new(file, start);
        let mut directives = Directives::default();
        while let Some(line) = lines.next_line()? {
            let kind = syntax.top_level(&line, &mut lines, &mut directives)?;
            let span = Span::new(line.start, lines.offset());
            syntax.pieces.push(TopLevel { kind, span });
        }
        if syntax.nodes.is_empty() {
            let span = Span::new(start, file.len());
            return Err(Error { line: lines.number().max(1), span, kind: ErrorKind::NoInstructions });
        }
        Ok(syntax)
    }

    fn top_level(
        &mut self,
        line: &Line<'_>,
        lines: &mut Lines<'_>,
        directives: &mut Directives,
    ) -> Result<TopLevelKind, Error> {
        let indent = line.content.len() - trim_start(line.content).len();
        let content = &line.content[indent..];
        if let Some(directive) = directives.read(content, line.start + indent, line.number)? {
            if directive.name == DirectiveName::Escape {
                self.escape = if directive.value.as_str() == "`" { '`' } else { '\\' };
            }
            self.directives.push(directive);
            return Ok(TopLevelKind::Directive);
        }
        if content.first() == Some(&b'#') {
            self.comments.push(Comment::new(content, line.start + indent, line.number));
            return Ok(TopLevelKind::Comment);
        }
        if content.is_empty() {
            return Ok(TopLevelKind::Blank);
        }
        self.instruction(content, line.start + indent, line, lines)
    }

    fn instruction(
        &mut self,
        content: &[u8],
        start: usize,
        line: &Line<'_>,
        lines: &mut Lines<'_>,
    ) -> Result<TopLevelKind, Error> {
        let mut text = TextBuilder::with_capacity(content.len());
        let (part, mut more) = trim_continuation(content, self.escape);
        text.push_bytes(part, start);
        let mut end = line.start + line.content.len();
        while more {
            let Some(next) = lines.next_line()? else { break };
            end = next.start + next.content.len();
            if is_comment(next.content) {
                let indent = next.content.len() - trim_start(next.content).len();
                self.comments.push(Comment::new(&next.content[indent..], next.start + indent, next.number));
                continue;
            }
            if trim_start(next.content).is_empty() {
                self.blank_continuations.push(Span::new(next.start, end));
                continue;
            }
            let part;
            (part, more) = trim_continuation(next.content, self.escape);
            text.push_bytes(part, next.start);
        }
        let text = text.finish(start);
        let fail = |kind, end| Error { line: line.number, span: Span::new(start, end), kind };
        let mut node = node::parse(text, self.escape).map_err(|kind| fail(kind, end))?;
        if node.can_hold_heredocs() {
            for word in heredoc::words(&node.text).map_err(|kind| fail(kind, end))? {
                let Some(heredoc) = Heredoc::read(word, lines)? else {
                    return Err(fail(ErrorKind::UnterminatedHeredoc, lines.offset()));
                };
                end = heredoc.terminator.end;
                node.heredocs.push(heredoc);
            }
        }
        node.span = Span::new(start, end);
        node.lines = LineRange { first: line.number, last: lines.number() };
        self.nodes.push(node);
        Ok(TopLevelKind::Instruction(self.nodes.len() - 1))
    }
}
