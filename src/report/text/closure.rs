//! The closure table: one line for each clause of the packaging contract, columns aligned.

use std::io;

use super::TextOptions;
use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Screen};
use crate::finding::{CheckStatus, Clause, ClauseStatus, Report};
use crate::report::phrase::{count, printable, shorten};

/// Widths of the first three columns.
const CLAUSE: usize = 6;
const STATUS: usize = 10;
const TITLE: usize = 27;
/// Indent, columns and what sets them apart.
const BEFORE: usize = 2 + CLAUSE + 2 + STATUS + 2 + TITLE + 2;

/// Writes the table, if there is one; with `verbose`, what each row rests on.
pub(super) fn write(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    if report.closure.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    let closed = report.closure.iter().filter(|c| c.status == ClauseStatus::Pass).count();
    let tally = format!("· {closed} of {} closed", count(report.closure.len(), "clause"));
    screen.heading(&[(BOLD, "Closure".to_owned()), (DIM, tally)])?;
    for clause in &report.closure {
        let style = match clause.status {
            ClauseStatus::Pass => GOOD,
            ClauseStatus::Fail => BAD,
            ClauseStatus::Incomplete => OPEN,
            ClauseStatus::NotAsked => DIM,
        };
        let room = options.width.max(BEFORE + 24) - BEFORE;
        screen.heading(&[
            (PLAIN, " ".to_owned()),
            (BOLD, format!("{:CLAUSE$} ", clause.clause)),
            (style, format!("{:STATUS$} ", clause.status.as_str())),
            (PLAIN, format!("{:TITLE$} ", shorten(clause.title, TITLE))),
            (PLAIN, shorten(&detail(clause), room)),
        ])?;
        if options.verbose > 0 {
            // One reason stands in the row itself.
            let reasons = clause.reasons.iter().filter(|_| clause.reasons.len() > 1);
            let more = reasons.chain(&clause.evidence).map(|line| printable(line));
            more.into_iter()
                .try_for_each(|line| screen.heading(&[(DIM, format!("{}{line}", " ".repeat(BEFORE)))]))?;
        }
    }
    Ok(())
}

/// Why a clause is not closed, or how many checks close it.
fn detail(clause: &Clause) -> String {
    if clause.status == ClauseStatus::Pass {
        let asked = clause.checks.iter().filter(|(_, s)| *s == CheckStatus::Pass).count();
        return match clause.evidence.as_slice() {
            _ if asked > 0 => count(asked, "check"),
            documents => count(documents.len(), "document"),
        };
    }
    let failing: Vec<&str> =
        clause.checks.iter().filter(|(_, s)| *s == CheckStatus::Fail).map(|(id, _)| *id).collect();
    match failing.as_slice() {
        [] => printable(&clause.reasons.join("; ")),
        failing => failing.join(" "),
    }
}
