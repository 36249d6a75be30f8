//! The matrix of entrypoints: a line for each.

use std::io;

use anstyle::Style;

use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Screen};
use crate::finding::{CheckStatus, Report};
use crate::report::phrase::{count, printable, shorten};

/// Characters of a handle, of a command and of a reason that are shown.
const NAME: usize = 32;
const COMMAND: usize = 60;

/// Writes the matrix, if the contract has entrypoints.
pub(super) fn write(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    if report.entrypoints.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    let passed = report.entrypoints.iter().filter(|r| r.status == CheckStatus::Pass).count();
    let tally = format!("· {passed} of {} pass", count(report.entrypoints.len(), "row"));
    screen.heading(&[(BOLD, "Entrypoints".to_owned()), (DIM, tally)])?;
    let widest = report.entrypoints.iter().map(|row| word(row.status).1.len()).max().unwrap_or(0);
    for row in &report.entrypoints {
        let (style, word) = word(row.status);
        let judged: Vec<&str> = row.judged.iter().map(|j| j.as_str()).collect();
        let first = [(style, format!("{word:<widest$}")), (BOLD, shorten(&printable(&row.handle), NAME))];
        let mut pieces = vec![
            (PLAIN, format!("`{}`", shorten(&printable(&row.command), COMMAND))),
            (DIM, format!(" · {}", judged.join(" and "))),
        ];
        pieces.extend(row.reason.as_ref().map(|r| (PLAIN, format!(" · {}", printable(r)))));
        screen.wrapped(&first, 4, &pieces)?;
    }
    Ok(())
}

/// How a status is written.
fn word(status: CheckStatus) -> (Style, &'static str) {
    match status {
        CheckStatus::Pass => (GOOD, "pass"),
        CheckStatus::Fail => (BAD, "FAIL"),
        CheckStatus::NotChecked => (OPEN, "not checked"),
        CheckStatus::NotRequested => (DIM, "not requested"),
    }
}
