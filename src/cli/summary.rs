//! The summary of a GitHub Actions step: written without being asked for, since no one reads a log who can read a table.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use super::output::Terminal;
use super::render::{Surroundings, render};
use crate::report::Format;

/// Appends the report to the file that `$GITHUB_STEP_SUMMARY` names, in GitHub Actions only. A summary that cannot be
/// written is told and changes no verdict: the reports that were asked for are elsewhere.
pub(super) fn append(around: &Surroundings<'_>, terminal: &Terminal) {
    let Some(path) = path() else { return };
    let written = render(Format::Markdown, around, terminal)
        .and_then(|b| terminal.masked(b))
        .map_err(|f| format!("{f:?}"))
        .and_then(|bytes| {
            let mut file =
                OpenOptions::new().append(true).create(true).open(&path).map_err(|e| e.to_string())?;
            file.write_all(&bytes).map_err(|e| e.to_string())
        });
    if let Err(reason) = written {
        terminal.warn(&format!("{}: the step's summary cannot be written: {reason}", path.display()));
    }
}

/// Whether there is a file that a summary is appended to.
pub(super) fn is_wanted() -> bool {
    path().is_some()
}

fn path() -> Option<PathBuf> {
    std::env::var_os("GITHUB_ACTIONS").filter(|v| v == "true")?;
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|v| !v.is_empty()).map(PathBuf::from)
}
