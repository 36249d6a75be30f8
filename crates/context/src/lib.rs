//! The build context: which files a builder is given, and which of them a Dockerfile can put into an image.
//!
//! Three steps: [`IgnoreRules`] reads the ignore file as the chosen [`Builder`] does, [`Context::walk`] lists what
//! is not ignored, and [`reach`] says which `COPY`, `ADD` or bind mount takes each of those files. "Sent to the
//! builder" and "reachable" stay two facts: the classic builder sends everything that is not ignored, BuildKit
//! only what an instruction can reach, and buildah sends nothing but copies from the directory itself.
//!
//! # Where the builders differ
//! | | BuildKit | classic | buildah |
//! |---|---|---|---|
//! | `<Dockerfile>.dockerignore` | replaces `.dockerignore` | not read | replaces the others |
//! | `.containerignore` | not read | not read | before `.dockerignore` |
//! | `**.env` on `a/prod.env` | excluded | excluded | kept |
//! | `a+` on `aa` | kept | kept | excluded (`+` repeats) |
//! | `*`, `!**/*.md` on `a/x.md` | kept | excluded (`a` is never entered) | excluded |
//! | `*`, `!k/id`, `k` on `k/id` | listed, not opened: a 0-byte file | sent since 23.0, not by 20.10 | excluded |
//!
//! The last row is [`Sent::NameOnly`] and [`Sent::VersionDependent`]. The rows were observed with moby's matcher
//! and file walk, the classic `docker build` of 28.2 and 20.10, and buildah 1.28.
//!
//! ```
//! use seaworthy_context::{Builder, IgnoreRules};
//!
//! let rules = IgnoreRules::parse(b"**\n!src\n", ".dockerignore", Builder::BuildKit)?;
//! assert!(rules.excluded(b".env"));
//! assert!(!rules.excluded(b"src/main.rs"));
//! # Ok::<(), seaworthy_context::IgnoreError>(())
//! ```
//!
//! The API is not stable yet: it serves seaworthy, and may change with any of its versions.

mod entry;
mod error;
mod go_path;
mod go_regexp;
mod ignore_file;
mod pattern;
mod reach;
mod resolve;
mod rules;
mod scope;
mod shape;
mod subtree;
mod tracked;
mod walk;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

pub use entry::{ContextFile, FileKind, Sent, SpecialKind, Unread};
pub use error::{ContextError, IgnoreError, PatternFault};
pub use ignore_file::{IgnoreLine, ignore_lines};
pub use reach::{CopyKind, CopySource, Reach, SourcePath, Unmatched, reach};
pub use rules::{Builder, IgnoreException, IgnoreRules};
pub use tracked::{GitError, GitIndex, GitReach};
pub use walk::Context;
