//! The controls of a gate: one row for each group of the profile, with the reason if it does not pass. `-v` opens every
//! group into its controls and tells what each rests on.

use std::io;

use super::TextOptions;
use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Piece, Screen};
use crate::finding::{CheckStatus, ControlGroup, ControlResult, ControlStatus, Report};
use crate::report::phrase::{count, ids, printable, short_digests, shorten};

/// Widths of the first three columns: the longest status and ID of M1, and a title.
const STATUS: usize = 13;
const ID: usize = 8;
const TITLE: usize = 28;
/// Indent, columns and what sets them apart.
const BEFORE: usize = 2 + STATUS + 1 + ID + 1 + TITLE + 1;
/// The least room beside the columns in which a reason stands on the same line.
const REASON: usize = 28;

/// Writes the table, if there is one.
pub(super) fn write(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    if report.controls.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    let of = |status| report.controls.iter().filter(|g| g.status == status).count();
    let mut tally =
        format!("  {} of {} pass", of(ControlStatus::Pass), count(report.controls.len(), "group"));
    if of(ControlStatus::Waived) > 0 {
        tally.push_str(&format!(", {} waived", of(ControlStatus::Waived)));
    }
    if let Some(profile) = &report.profile {
        tally.push_str(&format!(", profile {}", printable(&profile.name)));
    }
    screen.wrapped(&[(BOLD, "Controls".to_owned())], 2, &[(DIM, tally)])?;
    let table = Table { report, options };
    report.controls.iter().try_for_each(|group| table.group(group, screen))
}

struct Table<'a> {
    report: &'a Report,
    options: &'a TextOptions,
}

impl Table<'_> {
    fn group(&self, group: &ControlGroup, screen: &mut Screen<'_>) -> io::Result<()> {
        let (reason, checks) = match group.status {
            ControlStatus::Pass => (String::new(), String::new()),
            _ => self.group_reason(group),
        };
        self.row(&group.id, group.status, &group.title, &reason, &checks, 0, screen)?;
        if self.options.verbose == 0 {
            return Ok(());
        }
        for control in &group.controls {
            // A group of one is its control: a line would only say the same again.
            if control.id != group.id {
                let (reason, checks) = self.reason(control);
                self.row(&control.id, control.status, &control.title, &reason, &checks, 1, screen)?;
            }
            let examined = control.examined.iter().map(|e| format!("rests on {e}"));
            let supply = control
                .supply
                .iter()
                .filter(|_| !control.status.is_satisfied())
                .map(|s| format!("supply: {s}"));
            let reasons = control.reasons.iter().skip(1).cloned();
            for text in reasons.chain(supply).chain(examined) {
                let indent = " ".repeat(2 + STATUS + 1);
                screen.wrapped(&[(DIM, indent)], 2 + STATUS + 3, &[(DIM, printable(&text))])?;
            }
        }
        Ok(())
    }

    /// The reason of a group: that of its worst control, and how many more there are.
    fn group_reason(&self, group: &ControlGroup) -> (String, String) {
        let worst: Vec<&ControlResult> = group.controls.iter().filter(|c| c.status == group.status).collect();
        let Some(first) = worst.first() else { return Default::default() };
        if group.status == ControlStatus::Fail {
            let failing: Vec<&'static str> = worst.iter().flat_map(|c| failing(c)).collect();
            let message =
                self.worst_message(&failing).or_else(|| first.reasons.first().map(|r| printable(r)));
            return (message.unwrap_or_default(), ids(&failing));
        }
        let (mut reason, checks) = self.reason(first);
        if worst.len() > 1 {
            reason = format!("{} of {}: {reason}", worst.len(), count(group.controls.len(), "control"));
        }
        (reason, checks)
    }

    /// Why a control does not pass: what was found, else what is missing; and the checks that say so.
    fn reason(&self, control: &ControlResult) -> (String, String) {
        if control.status == ControlStatus::Pass {
            let passed = control.checks.iter().filter(|(_, s)| *s == CheckStatus::Pass).count();
            return (count(passed, "check"), String::new());
        }
        if let Some(waiver) = &control.waiver {
            return (
                format!("until {}: {}", printable(&waiver.expires), printable(&waiver.reason)),
                String::new(),
            );
        }
        let failing = failing(control);
        let message = self.worst_message(&failing);
        let reason = message.or_else(|| control.reasons.first().map(|r| printable(r))).unwrap_or_default();
        (reason, ids(&failing))
    }

    /// What the worst cause with a finding of these checks says.
    fn worst_message(&self, checks: &[&'static str]) -> Option<String> {
        let findings = |c: &crate::finding::Cause| -> Option<String> {
            let of_cause = c.findings.iter().filter_map(|i| self.report.findings.get(*i));
            // Of several that are as bad the first.
            let of_checks = of_cause.filter(|f| checks.contains(&f.check)).rev();
            of_checks.max_by_key(|f| f.severity).map(|f| short_digests(&printable(&f.message)))
        };
        let mut causes = self.report.causes.iter().filter_map(findings);
        let first = causes.next()?;
        let more = causes.count();
        Some(if more > 0 { format!("{first} (+{more})") } else { first })
    }

    #[allow(clippy::too_many_arguments)]
    fn row(
        &self,
        id: &str,
        status: ControlStatus,
        title: &str,
        reason: &str,
        checks: &str,
        indent: usize,
        screen: &mut Screen<'_>,
    ) -> io::Result<()> {
        let style = match status {
            ControlStatus::Pass => GOOD,
            ControlStatus::Fail => BAD,
            ControlStatus::NotChecked => OPEN,
            // What is waived or optional is no alarm.
            ControlStatus::Waived | ControlStatus::NotRequested => DIM,
        };
        let bold = if indent == 0 { BOLD } else { PLAIN };
        let word = if status == ControlStatus::Fail { "FAIL" } else { status.as_str() };
        let (id, title) = (printable(id), printable(title));
        let shown = format!("{}{id}", " ".repeat(indent));
        let mut pieces: Vec<Piece> =
            vec![(style, format!("  {word:STATUS$}")), (bold, format!("{shown:ID$}"))];
        let width = screen.width();
        let room = width.saturating_sub(BEFORE);
        let reason = if checks.is_empty() { reason.to_owned() } else { format!("{reason}  {checks}") };
        if room < REASON {
            let first = [(style, format!("  {word}")), (bold, id)];
            screen.wrapped(&first, 4, &[(PLAIN, title)])?;
            if reason.is_empty() {
                return Ok(());
            }
            return screen.wrapped(&[(PLAIN, " ".repeat(3))], 4, &[(DIM, reason)]);
        }
        if reason.is_empty() {
            pieces.push((PLAIN, shorten(&title, width.saturating_sub(BEFORE - TITLE).max(8))));
            return screen.heading(&pieces);
        }
        pieces.push((PLAIN, format!("{:TITLE$}", shorten(&title, TITLE))));
        if self.options.verbose > 0 {
            return screen.wrapped(&pieces, BEFORE, &[(PLAIN, reason)]);
        }
        match reason.rsplit_once("  ").filter(|_| !checks.is_empty()) {
            Some((text, checks)) if room > checks.chars().count() + 12 => {
                let room = room - checks.chars().count() - 2;
                pieces.push((PLAIN, shorten(text, room)));
                pieces.push((DIM, format!(" {checks}")));
            }
            _ => pieces.push((PLAIN, shorten(&reason, room))),
        }
        screen.heading(&pieces)
    }
}

fn failing(control: &ControlResult) -> Vec<&'static str> {
    control.checks.iter().filter(|(_, s)| *s == CheckStatus::Fail).map(|(id, _)| *id).collect()
}
