//! Small readers of the syntaxes in which a value is given to a name. A detector names one in place of a pattern: where
//! its anchor stands, the reader looks for the whole name, what joins it to a value, and where that value ends.
//!
//! A reader looks at no more than [`MAX_LOOKBEHIND`](super::MAX_LOOKBEHIND) bytes before the anchor and
//! [`MAX_MATCH`](super::MAX_MATCH) after it, so a window gives the result of the whole file. The rows of a table go on: they
//! are read to the window's end, and that they do not end there is told by [`Reach`].

mod argument;
mod assignment;
mod command;
mod element;
mod list;
mod login_list;
mod markdown;
mod nested;
mod operator;
mod pair;
mod reach;
mod row;
mod scan;
mod section;
mod setting;
mod statement;
mod table;
mod value;

use std::ops::Range;

use super::kind::FileKind;

/// What a reader found: places in the bytes that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// From the name's first byte to the value's last.
    pub matched: Range<usize>,
    /// The whole name.
    pub name: Range<usize>,
    /// The value, without what wraps it.
    pub secret: Range<usize>,
    /// How the value is written.
    pub quoting: Quoting,
}

/// Where a reader stands: the bytes, the anchor, and what the file's path says.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The bytes that may be looked at.
    pub bytes: &'a [u8],
    /// Where the anchor begins.
    pub start: usize,
    /// Where the anchor ends.
    pub end: usize,
    /// The kind of the file.
    pub kind: FileKind,
    /// How far rows of a table may be read.
    pub reach: &'a Reach,
}

/// Reads around an anchor and reports what it finds.
pub type Lexer = fn(&Place<'_>, &mut dyn FnMut(Reading));

/// Every reader that a rules file may name: its name, the function, and one line on what it reads.
pub const ALL: &[(&str, Lexer, &str)] = &[
    (
        "quoted-assignment",
        assignment::quoted,
        "a literal in quotes given to a name, in code and configuration",
    ),
    (
        "bare-assignment",
        assignment::bare,
        "a literal without quotes given to a name, in files of settings and scripts",
    ),
    (
        "name-value-pair",
        pair::pair,
        "an object of a name and a value, in either order: task definitions, parameters",
    ),
    ("xml-element", element::element, "the text of an element of that name, or of the value beside a name"),
    ("sql-password", statement::sql, "the password that a statement of SQL sets"),
    ("sql-row", row::row, "the cells of a row that SQL inserts, in columns of a secret's name"),
    (
        "sql-copy",
        row::copy,
        "the cells of rows that `COPY … FROM stdin` loads, in columns of a secret's name",
    ),
    (
        "sql-table",
        row::table,
        "the cells of rows that SQL inserts without naming columns, as the table's definition names them",
    ),
    ("secret-section", section::secret_manifest, "the values of a Kubernetes Secret"),
    ("table-column", table::column, "the cells below a column's head in CSV"),
    ("markdown-column", markdown::column, "the cells below a column's head in a table of Markdown"),
    ("chpasswd-list", login_list::chpasswd, "the passwords of a list that cloud-init or `chpasswd` sets"),
    ("login-argument", argument::login, "the password among the arguments of a call that logs in"),
    ("key-argument", argument::key, "the literals among the arguments of a call that signs or encrypts"),
    ("command", command::command, "the word that a program takes as its password or token on a command line"),
];

/// The reader of this name.
pub fn by_name(name: &str) -> Option<Lexer> {
    ALL.iter().find(|(known, _, _)| *known == name).map(|(_, lexer, _)| *lexer)
}

#[cfg(test)]
mod tests;

pub use crate::quoting::Quoting;
pub use reach::Reach;
