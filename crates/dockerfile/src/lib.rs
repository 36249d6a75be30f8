//! Dockerfiles: BuildKit's line algorithm, instructions, stages, variable expansion, and where each byte stands.
//!
//! ```text
//! bytes ──▶ syntax (lines, heredocs) ──▶ instructions ──▶ stages
//!                                             │              │
//!                                             ├─ expand ◀────┤  variables, with their origins
//!                                             ├─ shell       │  the commands of a RUN
//!                                             └─ history ◀───┘  which instruction made which history entry
//! ```
//! Offsets are bytes of the file, lines count from 1. A file that BuildKit's parser refuses is an [`Error`] here.
//!
//! What BuildKit looks at only while it builds is left to it: durations of `HEALTHCHECK`, options of mounts, whether
//! a `${...}` is well formed, whether images and files exist. Paths are those of Linux images. Tests compare the
//! reader with BuildKit's own answers for `tests/fixtures`.
//!
//! ```
//! use seaworthy_dockerfile::{Dockerfile, Keyword};
//!
//! let text = b"FROM debian:12 AS build\nRUN make\nFROM scratch\nCOPY --from=build /app /app\n";
//! let dockerfile = Dockerfile::parse(text)?;
//! let keywords: Vec<Keyword> = dockerfile.instructions.iter().map(|i| i.keyword).collect();
//! assert_eq!(keywords, [Keyword::From, Keyword::Run, Keyword::From, Keyword::Copy]);
//! // Only what the target needs is built.
//! assert_eq!(dockerfile.needed_stages(None).map(|stages| stages.len()), Ok(2));
//! # Ok::<(), seaworthy_dockerfile::Error>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod environment;
mod error;
mod expand;
mod expanded;
mod file;
mod flags;
mod heredoc;
pub mod history;
mod instruction;
mod json;
mod keyword;
mod lines;
mod mount;
mod node;
mod pattern;
mod remark;
pub mod shell;
mod stage;
mod syntax;
#[cfg(test)]
mod tests;
mod text;
mod understand;
mod words;

pub use environment::{Binding, BindingKind, Resolution};
pub use error::{Error, ErrorKind};
pub use expanded::{Expanded, Part, PartKind, SubstitutionError, Via};
pub use file::Dockerfile;
pub use flags::Flag;
pub use heredoc::{Heredoc, HeredocWord};
pub use instruction::{
    Add, ArgDeclaration, CommandLine, Copy, Files, From, Healthcheck, Instruction, Kind, Run, Source,
};
pub use keyword::Keyword;
pub use mount::{Mount, MountOption, MountType};
pub use node::{Arguments, Node};
pub use remark::{Comment, Directive, DirectiveName, Suppression};
pub use stage::{Base, Dependency, ImageReference, Referrer, Stage, StageSource, UnknownTarget};
pub use syntax::{LineRange, Syntax, TopLevel, TopLevelKind};
pub use text::Text;
pub use words::{Pair, Value};
