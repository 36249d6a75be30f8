//! What can go wrong before a single file is judged.

use std::path::PathBuf;

/// Why a pattern is refused. The pattern itself is not repeated: the file and line say where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// A `!` with nothing after it (`!/` included: cleaning leaves nothing).
    #[error("a bare `!` excepts nothing")]
    BareException,
    /// Go's `filepath.Match` refuses it: an unclosed or empty `[`, or a `\` at the end.
    #[error("syntax error in pattern")]
    Syntax,
    /// The regular expression that the builder makes of it is not one that Go's `regexp` accepts.
    #[error("the builder's matcher cannot compile it")]
    Regexp,
    /// The regular expression needs more memory than seaworthy gives to one pattern.
    #[error("it is too large to compile")]
    TooLarge,
}

/// An ignore file that cannot be used. Builders stop at the same place, so nothing is guessed from the rest.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreError {
    /// A pattern that every builder refuses, at the latest when it first tries it on a file.
    #[error("{file}:{line}: {fault}; the build fails in every builder")]
    Pattern {
        /// Name of the ignore file, as given by the caller.
        file: String,
        /// Line, from 1.
        line: u32,
        /// What is wrong.
        fault: PatternFault,
    },
    /// A line of 64 KiB or more, the limit of Docker's reader. (buildah has no such limit.)
    #[error("{file}:{line}: the line is longer than 65,535 bytes; the build fails in every Docker builder")]
    LineTooLong {
        /// Name of the ignore file.
        file: String,
        /// Line, from 1.
        line: u32,
    },
    /// The file exists and cannot be read.
    #[error("{}: cannot read the ignore file: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The name is taken by a directory, a FIFO or a device.
    #[error("{}: the ignore file is not a regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than 16 MiB, which is what a builder accepts in one message.
    #[error("{}: the ignore file is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
}

/// A context that cannot be listed at all. What is unreadable below the root is an [`Unread`](super::Unread).
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The root cannot be opened.
    #[error("{}: cannot read the build context: {source}", root.display())]
    Root {
        /// The root as given.
        root: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The root is not a directory.
    #[error("{}: the build context is not a directory", root.display())]
    NotADirectory {
        /// The root as given.
        root: PathBuf,
    },
    /// More entries than an index of 32 bits can number.
    #[error("{}: the build context has more than {limit} entries", root.display())]
    TooManyEntries {
        /// The root as given.
        root: PathBuf,
        /// The limit.
        limit: u32,
    },
}
