//! The report for a terminal: what was checked, the controls of a gate, one block for each cause, what was not checked
//! and how to supply it, and last the verdict with its counts. Long lists are counted, never cut in silence.

mod access;
pub mod audit;
mod causes;
mod controls;
mod details;
mod entrypoints;
mod ledger;
mod locations;
mod quiet;
mod screen;
mod steps;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::time::Duration;

use super::phrase::{artifact, count, printable};
use super::tally;
use unicode_width::UnicodeWidthStr as _;

use crate::finding::{CheckStatus, ControlGroup, ControlStatus, EVIDENCE, Report, Subject, Verdict};
use screen::{BAD, DIM, GOOD, OPEN, PLAIN, Piece, Screen};

/// Entries of one list that are shown unless all are asked for.
const SHOWN: usize = 10;
/// How a person gets the rest of a list.
const THE_REST: &str = "(-v lists all, and so does --report json)";

/// How the text report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Whether to write colours, as ANSI escapes.
    pub color: bool,
    /// 0: long lists are summed up; 1: everything is listed, with fingerprints and every check; 2: with digests and
    /// offsets too.
    pub verbose: u8,
    /// One line for each finding and each item that was not checked, place first; then the verdict. `verbose` is not
    /// heeded.
    pub quiet: bool,
    /// Columns of the terminal; fewer than 20 are taken as 20.
    pub width: usize,
    /// How long the run took, if the report says so.
    pub elapsed: Option<Duration>,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { color: false, verbose: 0, quiet: false, width: 100, elapsed: None }
    }
}

impl TextOptions {
    /// How many of a list's entries to show.
    fn shown(&self, all: usize) -> usize {
        // A list that is longer by one would spend the same line on saying so.
        if self.verbose > 0 || all <= SHOWN + 1 { all } else { SHOWN }
    }
}

/// Writes the report for a terminal.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let screen = &mut Screen::new(out, options.color, options.width);
    if options.quiet || options.verbose > 0 {
        screen.keep_names();
    }
    if options.quiet {
        quiet::write(report, screen)?;
        return verdict(report, options, screen);
    }
    let bare = report.findings.is_empty() && report.not_checked.is_empty() && report.controls.is_empty();
    if bare && report.verdict == Verdict::Pass && report.access.is_none() && options.verbose == 0 {
        ledger::accepted(report, options, screen)?;
        notes(report, screen)?;
        return verdict(report, options, screen);
    }
    examined(report, options, screen)?;
    controls::write(report, options, screen)?;
    causes::write(report, options, screen)?;
    access::write(report, options.width, screen)?;
    entrypoints::write(report, screen)?;
    ledger::missing(report, options, screen)?;
    ledger::accepted(report, options, screen)?;
    details::write(report, options, screen)?;
    screen.blank()?;
    notes(report, screen)?;
    next(report, options, screen)?;
    verdict(report, options, screen)
}

/// What was checked, on one line: names and platforms, layers and files.
fn examined(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    screen.wrapped(&[], 2, &[(DIM, subject(report, options.verbose > 0))])
}

/// What was checked, in words; with digests if they are wanted.
fn subject(report: &Report, digests: bool) -> String {
    let mut parts: Vec<String> = Vec::new();
    let shown = if digests { report.artifacts.len() } else { 4 };
    for record in report.artifacts.iter().take(shown) {
        let mut text = match (record.subject, record.name.as_str()) {
            (Subject::Context, "." | "") => "context".to_owned(),
            (Subject::Context, name) => format!("context {}", printable(name)),
            (_, name) => artifact(name, record.platform.as_deref()),
        };
        if record.layers > 0 {
            text.push_str(&format!(" {}", count(record.layers, "layer")));
        }
        if let Some(digest) = record.digest.as_deref().map(printable) {
            match (digests, record.subject) {
                (true, _) => text.push_str(&format!(" {digest}")),
                (false, Subject::Image) => {
                    text.push_str(&format!(
                        " {}",
                        digest.chars().take("sha256:".len() + 12).collect::<String>()
                    ));
                }
                (false, _) => {}
            }
        }
        parts.push(text);
    }
    if report.artifacts.len() > shown {
        parts.push(format!("{} more", report.artifacts.len() - shown));
    }
    if report.coverage.files > 0 {
        parts.push(count(report.coverage.files, "file"));
    }
    parts.join(", ")
}

fn notes(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    for note in &report.notes {
        screen.wrapped(&[(DIM, "note: ".to_owned())], 6, &[(PLAIN, printable(note))])?;
    }
    Ok(())
}

/// Where more is said.
fn next(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let lead = report.causes.first().and_then(|c| report.findings.get(c.lead));
    let mut parts = Vec::new();
    if let Some(lead) = lead {
        parts.push(format!("explain a check: seaworthy explain {}", lead.check));
    }
    let hidden = report.causes.iter().any(|c| c.findings.len() > 1) || report.causes.len() > SHOWN;
    if options.verbose == 0 && hidden {
        parts.push("every finding: -v".to_owned());
    }
    if !report.causes.is_empty() && !causes::is_of_context(report) {
        parts.push("to accept: --report json=REPORT.json".to_owned());
    }
    if let Some(day) = report.accepted.iter().map(|a| &a.expires).min() {
        parts.push(format!("an acceptance ends on {}", printable(day)));
    }
    match parts.is_empty() {
        true => Ok(()),
        false => screen.wrapped(&[], 0, &[(DIM, parts.join("; "))]),
    }
}

/// The last line.
fn verdict(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let style = match report.verdict {
        Verdict::Pass => GOOD,
        Verdict::Fail => BAD,
        Verdict::Incomplete => OPEN,
    };
    let word = report.verdict.as_str().to_uppercase();
    let mut text = tally::parts(report).join(", ");
    if report.verdict == Verdict::Incomplete {
        // Where nothing else is missing, what was examined is all as it should be: only its record is not there.
        let is_unrecorded = matches!(&report.not_checked[..], [item] if item.what == EVIDENCE);
        text.push_str(if is_unrecorded { ": the result is not recorded" } else { ": this is not a pass" });
    }
    // A control may be stricter than the run's severity.
    let strict =
        report.controls.iter().flat_map(ControlGroup::open).filter(|c| c.status == ControlStatus::Fail);
    let strict: Vec<String> = strict.map(|c| printable(&c.id)).collect();
    if report.verdict == Verdict::Fail && report.failing() == 0 && !strict.is_empty() {
        text.push_str(&format!(": {} fails at a lower severity than the run", strict.join(", ")));
    }
    let ran = report.checks.iter().filter(|c| c.status != CheckStatus::NotRequested).count();
    if report.verdict == Verdict::Pass && report.findings.is_empty() && !options.quiet {
        let subject = if report.controls.is_empty() { subject(report, false) } else { String::new() };
        text = format!("{}, {text}", count(ran, "check"));
        // Beside what was checked if both fit, else below it: the verdict is the last line.
        let whole = format!("{word}  {subject}: {text}").width();
        match subject.is_empty() {
            true => {}
            false if whole <= screen.width() => {
                text = format!("{subject}: {text}");
            }
            false => screen.wrapped(&[], 2, &[(DIM, subject)])?,
        }
    }
    let mut pieces: Vec<Piece> = vec![(style, word), (PLAIN, format!(" {text}"))];
    if let Some(elapsed) = options.elapsed {
        pieces.push((DIM, format!("({:.2} s)", elapsed.as_secs_f64())));
    }
    screen.heading(&pieces)
}
