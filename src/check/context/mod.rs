//! Questions about build contexts: what a builder is given that it should not have.

mod sw101;
mod sw102;
mod sw103;
mod sw104;

use super::Check;
use super::dockerfile::build::{Build, ExaminedContext};
use super::sw408::SilentFallback;

use crate::finding::Severity;
use seaworthy_context::{Builder, GitReach};
use seaworthy_source::escape_bytes;

/// The checks on contexts.
pub const ALL: &[&dyn for<'a> Check<Build<'a>>] = &[
    &sw101::SecretFileInContext,
    &sw102::SecretInContext,
    &sw103::UnboundedContext,
    &sw104::ExceptionTooWide,
    &SilentFallback,
];

/// Whether a COPY or an ADD can take a file, and how a report says so.
fn reached(build: &Build<'_>, file: usize) -> (bool, String) {
    let context = &build.context;
    let copies: Vec<_> = context.reach.copies_of(file).filter_map(|c| context.copies.get(c)).collect();
    let lasting = copies.iter().find(|(_, c)| c.kind != seaworthy_context::CopyKind::BindMount);
    match (lasting, copies.first()) {
        (Some((_, copy)), _) => {
            let keyword = if copy.kind == seaworthy_context::CopyKind::Add { "ADD" } else { "COPY" };
            (true, format!("reaches the build, and the {keyword} on line {} takes it", copy.line))
        }
        (None, Some((_, copy))) => (
            true,
            format!("reaches the build, and the RUN on line {} sees it through a bind mount", copy.line),
        ),
        (None, None) => (false, format!("lies in the build context{}", only_sent(context))),
    }
}

/// What is said of a file that no instruction takes.
fn only_sent(context: &ExaminedContext) -> &'static str {
    match context.files.builder {
        Builder::BuildKit => {
            "; no COPY or ADD takes it, so BuildKit does not send it, but the classic builder does"
        }
        Builder::Classic => " and is sent to the builder, though no COPY or ADD takes it",
        Builder::Buildah => ", though no COPY or ADD takes it",
    }
}

/// One step worse, at most critical.
fn raised(severity: Severity) -> Severity {
    match severity {
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// What is to be known of a file that git tracks: staged, committed and shared are three things.
fn git_tracks(name: &str, reach: GitReach) -> String {
    match reach {
        GitReach::Staged => {
            format!("git tracks `{name}`: it is staged and not committed yet (git rm --cached {name})")
        }
        GitReach::Local => format!(
            "git tracks `{name}`: if it is committed, take it out of the history before the first push (git filter-repo)"
        ),
        GitReach::Shared => {
            format!(
                "git tracks `{name}`: once it is committed and pushed, others have it and it has to be rotated"
            )
        }
    }
}

/// What git knows of a file: whether it tracks it, and how a report says so.
fn tracked(context: &ExaminedContext, file: usize) -> (Option<GitReach>, String) {
    let Some(entry) = context.files.files.get(file) else { return (None, String::new()) };
    let name = escape_bytes(entry.bytes());
    // A repository never tracks what it is made of.
    if name.split('/').any(|part| part == ".git") {
        return (None, String::new());
    }
    match &context.git {
        Ok(Some(index)) if index.tracks(entry.bytes()) => {
            (Some(index.reach()), git_tracks(&name, index.reach()))
        }
        Ok(Some(_)) => (None, format!("git does not track `{name}`")),
        Ok(None) => (None, String::new()),
        Err(reason) => (None, format!("whether git tracks `{name}` is not known: {reason}")),
    }
}
