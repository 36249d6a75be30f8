//! The report for a terminal: the worst first, grouped; then what was accepted and what was not examined; then what was
//! seen; the verdict last. Long lists are summed up, never cut in silence.

mod access;
pub mod audit;
mod controls;
mod entrypoints;
mod findings;
mod ledger;
mod screen;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::phrase::{artifact, count, number, printable};
use super::tally;
use crate::finding::{Report, Verdict};
use screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Screen};

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
    /// One line for each kind of finding, and the verdict; `verbose` is not heeded.
    pub quiet: bool,
    /// Columns of the terminal; fewer than 40 are taken as 40.
    pub width: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { color: false, verbose: 0, quiet: false, width: 100 }
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
    if options.quiet {
        findings::brief(report, screen)?;
        return verdict(report, screen);
    }
    examined(report, options, screen)?;
    findings::write(report, options, screen)?;
    access::write(report, options.width, screen)?;
    entrypoints::write(report, screen)?;
    ledger::accepted(report, options, screen)?;
    ledger::not_checked(report, options, screen)?;
    controls::write(report, options, screen)?;
    screen.blank()?;
    ledger::coverage(report, screen)?;
    ledger::checks(report, options, screen)?;
    for note in &report.notes {
        screen.say("note", printable(note))?;
    }
    next(report, screen)?;
    verdict(report, screen)
}

fn examined(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let shown = options.shown(report.artifacts.len());
    for record in report.artifacts.iter().take(shown) {
        let mut pieces = vec![(BOLD, artifact(&record.name, record.platform.as_deref()))];
        if record.layers > 0 {
            pieces.push((DIM, format!("· {}", count(record.layers, "layer"))));
        }
        if let Some(digest) = &record.digest {
            pieces.push((DIM, format!("\n{}", printable(digest))));
        }
        screen.entry(DIM, record.subject.as_str(), &pieces)?;
    }
    if shown < report.artifacts.len() {
        screen.say("…", format!("and {} more {THE_REST}", number(report.artifacts.len() - shown)))?;
    }
    Ok(())
}

/// What to do now.
fn next(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let failing = || report.findings.iter().filter(|f| f.severity >= report.fail_on);
    let text = match report.verdict {
        Verdict::Fail => {
            let secrets = failing().any(|f| f.secret.is_some());
            let mut text = match secrets {
                true => {
                    "Revoke each secret above, remove it where it comes from, rebuild, run again.".to_owned()
                }
                false => "Fix what is listed above and run again.".to_owned(),
            };
            if !report.not_checked.is_empty() {
                text.push_str(" Then see to what was not examined.");
            }
            if let Some(worst) = failing().max_by_key(|f| (f.severity, std::cmp::Reverse(f.check))) {
                text.push_str(&format!(" `seaworthy explain {}` says more.", worst.check));
            }
            text
        }
        Verdict::Incomplete => {
            if report.not_checked.is_empty() && !report.controls.is_empty() {
                "Supply what the controls above miss, or waive them in the contract for a time ([[waivers]]). The \
                 result is incomplete."
                    .to_owned()
            } else {
                "Make what is listed as not examined readable and run again. The result is incomplete."
                    .to_owned()
            }
        }
        Verdict::Pass => match report.accepted.iter().map(|a| &a.expires).min() {
            Some(day) => format!("Renew or mend what is accepted before {} ends.", printable(day)),
            None => return Ok(()),
        },
    };
    screen.say("next", text)
}

fn verdict(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let style = match report.verdict {
        Verdict::Pass => GOOD,
        Verdict::Fail => BAD,
        Verdict::Incomplete => OPEN,
    };
    let word = report.verdict.as_str().to_uppercase();
    let tally = format!("· {}", tally::parts(report).join(" · "));
    screen.one_line(BOLD, "verdict", &[(style, word), (PLAIN, tally)])
}
