//! From raw to checked: what a schema cannot say. Everything that is wrong is collected; an entry with a mistake is
//! left out, and the contract is only handed on when there was none.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::diagnostic::Diagnostic;
use super::fault::Fault;
use super::marked::{Marked, Text};
use super::names;
use seaworthy_source::{LineIndex, Position, Span};

/// What the checked sections are made with.
pub(super) struct Validator<'t> {
    lines: &'t LineIndex,
    directory: &'t Path,
    /// What was wrong.
    pub mistakes: Vec<Diagnostic>,
    /// The dates up to which something is waived, for [`super::Contract::check_dates`].
    pub dates: Vec<(Span, Date)>,
}

impl<'t> Validator<'t> {
    /// Relative paths are joined to `directory`.
    pub(super) fn new(lines: &'t LineIndex, directory: &'t Path) -> Self {
        Self { lines, directory, mistakes: Vec::new(), dates: Vec::new() }
    }

    /// Notes a mistake.
    pub(super) fn report(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.mistakes.push(Diagnostic { span, message: message.into(), help: Some(help.into()) });
    }

    /// Reads one text; reports its fault with the text's name before it.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        text: &Marked<String>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        match parse(&text.value) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.report(text.span, format!("{name} {}", fault.message), fault.help);
                None
            }
        }
    }

    /// Reads a text that may be missing.
    pub(super) fn text<T>(
        &mut self,
        key: &str,
        text: Text,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        self.read(&format!("`{key}`"), &text?, parse)
    }

    /// Reads a path and joins it to the contract's directory.
    pub(super) fn path(&mut self, key: &str, text: Text) -> Option<PathBuf> {
        self.text(key, text, names::path).map(|path| self.directory.join(path))
    }

    /// The directory that relative paths are joined to.
    pub(super) fn directory(&self) -> &'t Path {
        self.directory
    }

    pub(super) fn position(&self, span: Span) -> Position {
        self.lines.position(span.start)
    }

    /// Reports a value that an earlier entry has, naming the line of that one.
    pub(super) fn unique(&mut self, seen: &mut HashMap<String, Position>, key: &str, text: &Marked<String>) {
        let here = self.position(text.span);
        if let Some(first) = seen.get(&text.value) {
            let message = format!("this {key} is used already, on line {}", first.line);
            self.report(text.span, message, format!("remove one of the two, or give it another {key}"));
        } else {
            seen.insert(text.value.clone(), here);
        }
    }

    /// Reads a day up to which something is waived.
    pub(super) fn date(&mut self, text: Text) -> Option<Date> {
        let text = text?;
        let date = self.read("`expires`", &text, names::date)?;
        self.dates.push((text.span, date));
        Some(date)
    }
}
