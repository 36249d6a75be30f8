//! Mistakes in a contract, and how they are shown: each in its line, with a caret under it.

use std::fmt;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use seaworthy_source::{LineIndex, Span, escape_bytes};

use super::mask::masked;

/// The number of mistakes that [`ContractError::render`] shows; the rest is counted.
const SHOWN: usize = 50;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where it is, in bytes of the contract's text.
    pub span: Span,
    /// What is wrong. It names keys, never values.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// There is no such file.
    #[error("no such file")]
    Missing,
    /// The path names a directory.
    #[error("it is a directory, not a file")]
    Directory,
    /// The path names a pipe, a device or a socket.
    #[error("it is not a regular file")]
    NotAFile,
    /// The user may not read it.
    #[error("permission denied")]
    Denied,
    /// It is longer than it may be.
    #[error("it is larger than the {limit} bytes that it may have")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It is not UTF-8, which TOML asks for.
    #[error("it is not UTF-8 text: the first wrong byte is at offset {offset}")]
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// Reading failed for another reason.
    #[error("{0}")]
    Io(std::io::ErrorKind),
}

/// The mistakes of one contract, with the text that they are shown in.
#[derive(Clone, PartialEq, Eq)]
pub struct Mistakes {
    path: PathBuf,
    /// The contract's text with everything that may be a secret replaced by asterisks, byte for byte.
    text: String,
    diagnostics: Vec<Diagnostic>,
}

impl Mistakes {
    /// Sorts the mistakes by their places and takes a masked copy of the text.
    pub(super) fn new(path: PathBuf, text: &str, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by(|a, b| (a.span, &a.message).cmp(&(b.span, &b.message)));
        diagnostics.dedup();
        Self { path, text: masked(text), diagnostics }
    }

    fn path_text(&self) -> String {
        escape_bytes(self.path.as_os_str().as_encoded_bytes())
    }

    fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let path = self.path_text();
        let lines = LineIndex::new(self.text.as_bytes());
        let mut out = String::new();
        for diagnostic in self.diagnostics.iter().take(SHOWN) {
            out.push_str(&self.render_one(diagnostic, &renderer, &lines, &path));
            out.push_str("\n\n");
        }
        if let Some(more @ 1..) = self.diagnostics.len().checked_sub(SHOWN) {
            let title = format!("and {more} more in {path}");
            out.push_str(&renderer.render(&[Level::ERROR.primary_title(title).elements(NOTHING)]));
            out.push_str("\n\n");
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    /// Shows the one line in which a mistake begins; a span that goes on is cut at the line's end.
    fn render_one(
        &self,
        diagnostic: &Diagnostic,
        renderer: &Renderer,
        lines: &LineIndex,
        path: &str,
    ) -> String {
        let start = self.text.floor_char_boundary(diagnostic.span.start);
        let position = lines.position(start);
        let line_start = start - (position.column as usize - 1);
        let line = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let end = self.text.ceil_char_boundary(diagnostic.span.end).max(start);
        let caret = (start - line_start).min(line.len())..(end - line_start).min(line.len());
        let snippet = Snippet::source(line)
            .line_start(position.line as usize)
            .path(path)
            .annotation(AnnotationKind::Primary.span(caret));
        let mut group = Level::ERROR.primary_title(diagnostic.message.as_str()).element(snippet);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// A title without anything below it.
const NOTHING: [annotate_snippets::Message<'static>; 0] = [];

impl fmt::Debug for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mistakes").field("path", &self.path).field("diagnostics", &self.diagnostics).finish()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.diagnostics.len();
        write!(f, "{}: {count} mistake{}", self.path_text(), if count == 1 { "" } else { "s" })?;
        match self.diagnostics.first() {
            Some(first) => write!(f, ", the first: {}", first.message),
            None => Ok(()),
        }
    }
}

/// A contract that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The file could not be read.
    #[error("cannot read the {what} {}: {problem}", escape_bytes(path.as_os_str().as_encoded_bytes()))]
    File {
        /// What it was to be: `contract` or `profile`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: FileProblem,
    },
    /// The registry of handles that the contract names cannot be read as one.
    #[error("{}{}: {reason}", escape_bytes(path.as_os_str().as_encoded_bytes()), colon(*line))]
    Handles {
        /// The registry's file.
        path: PathBuf,
        /// Line in it, from 1; none if it could not be read at all.
        line: Option<usize>,
        /// What is wrong. It may name a key and never a value.
        reason: String,
    },
    /// The file was read, and something in it is wrong.
    #[error("{0}")]
    Invalid(Mistakes),
}

fn colon(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

impl ContractError {
    /// All mistakes in the text, in its order; none if the file could not be read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::File { .. } | Self::Handles { .. } => &[],
            Self::Invalid(mistakes) => &mistakes.diagnostics,
        }
    }

    /// The error for a terminal, with a line feed at its end: every mistake with file, line, column, the source line
    /// and a caret; `color` adds ANSI escapes. What may be a secret in a source line is shown as asterisks.
    pub fn render(&self, color: bool) -> String {
        match self {
            Self::Invalid(mistakes) => mistakes.render(color),
            Self::File { .. } | Self::Handles { .. } => {
                let renderer = if color { Renderer::styled() } else { Renderer::plain() };
                let title = Level::ERROR.primary_title(self.to_string());
                format!("{}\n", renderer.render(&[title.elements(NOTHING)]))
            }
        }
    }
}
