//! The quieter half of the text report: what is accepted, what was not examined, what was seen, which checks ran.

use std::io;

use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Screen};
use super::{THE_REST, TextOptions};
use crate::finding::{Accepted, CheckStatus, Coverage, NotChecked, Report};
use crate::report::phrase::{artifact, count, number, place, printable, prose, size};

/// Findings that the contract accepts.
pub(super) fn accepted(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    list(
        "Accepted by the contract",
        "finding",
        &report.accepted,
        options,
        screen,
        |accepted: &Accepted, screen| {
            let finding = &accepted.finding;
            let text = format!(
                "{}\nuntil {}: {}",
                place(&finding.origin),
                printable(&accepted.expires),
                prose(&accepted.reason)
            );
            screen.entry(
                DIM,
                finding.check,
                &[(PLAIN, format!("{} ·", printable(&finding.message))), (DIM, text)],
            )
        },
    )
}

/// Items that could not be examined.
pub(super) fn not_checked(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    list("Not examined", "item", &report.not_checked, options, screen, |item: &NotChecked, screen| {
        let named = artifact(&item.origin.artifact, item.origin.platform.as_deref());
        let mut text = format!("\n{}", printable(&item.reason));
        if !item.checks.is_empty() {
            text.push_str(&format!("\nleft open: {}", item.checks.join(", ")));
        }
        let (what, at) = (printable(&item.what), place(&item.origin));
        let at =
            if at == what || at == named { format!("· {named}") } else { format!("· {at} in {named}") };
        screen.entry(OPEN, "not checked", &[(BOLD, what), (DIM, at), (PLAIN, text)])
    })
}

fn list<T>(
    heading: &str,
    noun: &str,
    items: &[T],
    options: &TextOptions,
    screen: &mut Screen<'_>,
    show: impl Fn(&T, &mut Screen<'_>) -> io::Result<()>,
) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.heading(&[(BOLD, heading.to_owned()), (DIM, format!("· {}", count(items.len(), noun)))])?;
    let shown = options.shown(items.len());
    items.iter().take(shown).try_for_each(|item| show(item, screen))?;
    if shown < items.len() {
        screen.say("…", format!("and {} {THE_REST}", count(items.len() - shown, &format!("more {noun}"))))?;
    }
    Ok(())
}

/// The ledger: what was read, what was read but not decoded, what was not seen.
pub(super) fn coverage(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let c: &Coverage = &report.coverage;
    // Only images have layers.
    let layered = c.layers + c.layers_not_seen > 0;
    let mut seen = things(c.layers, layered, c.files, c.bytes);
    if c.files_not_decoded > 0 {
        let archives = count(c.files_not_decoded, "archive");
        seen.push_str(&format!("; not decoded: {archives}, {}", size(c.bytes_not_decoded)));
    }
    screen.say("seen", seen)?;
    if c.examples_held_back > 0 {
        let examples = count(c.examples_held_back, "example");
        screen.say("held back", format!("{examples} of installed libraries' tests and documentation"))?;
    }
    if c.layers_not_seen + c.files_not_seen + c.bytes_not_seen > 0 {
        screen.entry(
            OPEN,
            "not seen",
            &[(PLAIN, things(c.layers_not_seen, layered, c.files_not_seen, c.bytes_not_seen))],
        )?;
    }
    Ok(())
}

fn things(layers: u64, layered: bool, files: u64, bytes: u64) -> String {
    let layers = if layered { format!("{}, ", count(layers, "layer")) } else { String::new() };
    format!("{layers}{}, {}", count(files, "file"), size(bytes))
}

/// The checks: their number by status, or all of them.
pub(super) fn checks(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let of = |status: CheckStatus| report.checks.iter().filter(|c| c.status == status).count();
    if options.verbose > 0 {
        for check in &report.checks {
            let style = match check.status {
                CheckStatus::Pass => GOOD,
                CheckStatus::Fail => BAD,
                CheckStatus::NotChecked => OPEN,
                CheckStatus::NotRequested => DIM,
            };
            let word = match check.status {
                CheckStatus::NotRequested => "not requested",
                status => status.as_str(),
            };
            let mut text = check.meta.name.to_owned();
            for (n, what) in
                [(check.findings, "found"), (check.accepted, "accepted"), (check.not_checked, "not examined")]
            {
                if n > 0 {
                    text.push_str(&format!(" · {} {what}", number(n)));
                }
            }
            screen.entry(style, word, &[(BOLD, check.meta.id.to_owned()), (PLAIN, text)])?;
        }
        screen.blank()?;
    }
    let kinds =
        [(CheckStatus::Pass, "pass"), (CheckStatus::Fail, "fail"), (CheckStatus::NotChecked, "not checked")];
    let asked: usize = kinds.iter().map(|(s, _)| of(*s)).sum();
    let counts: Vec<String> = kinds
        .iter()
        .map(|(s, word)| (of(*s), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", number(n)))
        .collect();
    let mut text = format!("{}: {}", count(asked, "check"), counts.join(", "));
    if asked == 0 {
        text = "no check was asked".to_owned();
    }
    if of(CheckStatus::NotRequested) > 0 {
        text.push_str(&format!("; {} not requested", number(of(CheckStatus::NotRequested))));
    }
    screen.say("asked", text)
}
