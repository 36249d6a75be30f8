//! The controls table of a gate: one line for each group of the profile, columns aligned. A group that does not pass
//! is opened into its controls, with why and with how to supply what is missing.

use std::io;

use super::TextOptions;
use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Piece, Screen};
use crate::finding::{CheckStatus, ControlGroup, ControlResult, ControlStatus, Report};
use crate::report::phrase::{count, printable, shorten};

/// Widths of the first three columns: the longest ID and status of M1, and a title.
const ID: usize = 9;
const STATUS: usize = 13;
const TITLE: usize = 28;
/// Indent, columns and what sets them apart.
const BEFORE: usize = 2 + ID + 1 + STATUS + 1 + TITLE + 1;

/// Writes the table, if there is one; with `verbose`, every control and what was examined for it.
pub(super) fn write(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    if report.controls.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    let of = |status| report.controls.iter().filter(|g| g.status == status).count();
    let mut tally =
        format!("· {} of {} pass", of(ControlStatus::Pass), count(report.controls.len(), "group"));
    if of(ControlStatus::Waived) > 0 {
        tally.push_str(&format!(", {} waived", of(ControlStatus::Waived)));
    }
    let profile = report.profile.as_ref().map(|p| format!(" · profile {}", printable(&p.name)));
    tally.push_str(&profile.unwrap_or_default());
    screen.heading(&[(BOLD, "Controls".to_owned()), (DIM, tally)])?;
    report.controls.iter().try_for_each(|group| show(group, options, screen))
}

fn show(group: &ControlGroup, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    // A group of one is its control: a line would only say the same again.
    if let [only] = group.controls.as_slice()
        && only.id == group.id
    {
        let first = if only.status == ControlStatus::Pass { passed(only) } else { why(only) };
        line(&group.id, group.status, &group.title, &first, 0, options, screen)?;
        return details(only, options, screen);
    }
    let required: Vec<&ControlResult> = group.controls.iter().filter(|c| c.required).collect();
    let satisfied = required.iter().filter(|c| c.status == ControlStatus::Pass).count();
    let detail = match group.status {
        ControlStatus::Pass => count(required.len(), "control"),
        _ => format!("{satisfied} of {} pass", count(required.len(), "control")),
    };
    line(&group.id, group.status, &group.title, &detail, 0, options, screen)?;
    for control in &group.controls {
        let is_open = control.required && control.status != ControlStatus::Pass;
        let concerns = matches!(control.status, ControlStatus::Fail | ControlStatus::NotChecked);
        if is_open || concerns || options.verbose > 0 {
            let detail = if control.status == ControlStatus::Pass { passed(control) } else { why(control) };
            line(&control.id, control.status, &control.title, &detail, 2, options, screen)?;
            details(control, options, screen)?;
        }
    }
    Ok(())
}

fn line(
    id: &str,
    status: ControlStatus,
    title: &str,
    detail: &str,
    indent: usize,
    options: &TextOptions,
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
    let (id_width, title_width) = (ID.saturating_sub(indent), TITLE);
    let room = options.width.max(BEFORE + 24) - BEFORE;
    let pieces: [Piece; 5] = [
        (PLAIN, " ".repeat(1 + indent)),
        (bold, format!("{:id_width$}", printable(id))),
        (style, format!("{:STATUS$}", status.as_str())),
        (PLAIN, format!("{:title_width$}", shorten(&printable(title), title_width))),
        (PLAIN, shorten(detail, room)),
    ];
    screen.heading(&pieces)
}

/// What does not fit into a control's own line: further reasons, how to supply what is missing, what was examined.
fn details(control: &ControlResult, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    if control.required && !control.status.is_satisfied() {
        // Failing checks stand in the control's own line, and so does the first reason of others.
        let is_failing = |reason: &String| {
            let fails =
                |(id, s): &(&'static str, CheckStatus)| *s == CheckStatus::Fail && reason.starts_with(id);
            control.checks.iter().any(fails)
        };
        let shown = usize::from(!control.checks.iter().any(|(_, s)| *s == CheckStatus::Fail));
        lines.extend(control.reasons.iter().skip(shown).filter(|r| !is_failing(r)).cloned());
        lines.extend(control.supply.iter().map(|how| format!("→ {how}")));
    }
    if options.verbose > 0 {
        lines.extend(control.examined.iter().cloned());
    }
    let indent = 2 + ID + 1;
    let room = options.width.max(indent + 24) - indent;
    for text in lines {
        let text = printable(&text);
        let text = if options.verbose > 0 { text } else { shorten(&text, room) };
        screen.heading(&[(DIM, format!("{}{text}", " ".repeat(indent)))])?;
    }
    Ok(())
}

fn passed(control: &ControlResult) -> String {
    let asked = control.checks.iter().filter(|(_, s)| *s == CheckStatus::Pass).count();
    count(asked, "check")
}

/// Why a control does not pass, in a line.
fn why(control: &ControlResult) -> String {
    if let Some(waiver) = &control.waiver {
        return format!("until {}: {}", printable(&waiver.expires), printable(&waiver.reason));
    }
    let failing: Vec<&str> =
        control.checks.iter().filter(|(_, s)| *s == CheckStatus::Fail).map(|(id, _)| *id).collect();
    match failing.as_slice() {
        [] => control.reasons.first().map(|r| printable(r)).unwrap_or_default(),
        failing => failing.join(" "),
    }
}
