//! What was not checked and how to supply it; what the contract accepts.

use std::io;

use super::screen::{BOLD, DIM, LINK, OPEN, PLAIN, Screen};
use super::{THE_REST, TextOptions};
use crate::finding::{Accepted, ControlGroup, ControlResult, ControlStatus, NotChecked, Report};
use crate::report::phrase::{artifact, count, ids, place, printable, prose};

/// Findings that the contract accepts.
pub(super) fn accepted(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let items = &report.accepted;
    list("Accepted by the contract", "finding", items, options, screen, |accepted: &Accepted, screen| {
        let finding = &accepted.finding;
        let first = [
            (DIM, "  -".to_owned()),
            (BOLD, finding.check.to_owned()),
            (LINK, place(&finding.origin)),
            (DIM, format!("until {}", printable(&accepted.expires))),
        ];
        screen.wrapped(&first, 6, &[(PLAIN, printable(&finding.message))])?;
        screen.wrapped(&[(DIM, "    reason:".to_owned())], 6, &[(PLAIN, prose(&accepted.reason))])
    })
}

/// What could not be checked or was not requested, each with its reason and with what supplies it.
pub(super) fn missing(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    list("Not checked", "item", &report.not_checked, options, screen, |item: &NotChecked, screen| {
        let named = artifact(&item.origin.artifact, item.origin.platform.as_deref());
        let (what, at) = (printable(&item.what), place(&item.origin));
        let at = if at == what || at == named { named } else { format!("{at} in {named}") };
        let at = if at == what || at == "gate" { String::new() } else { format!(" ({at})") };
        let first = [(OPEN, "  ?".to_owned()), (BOLD, format!("{what}{at}:"))];
        let mut pieces = vec![(PLAIN, printable(&item.reason))];
        if !item.checks.is_empty() {
            pieces.push((DIM, format!(" ({})", ids(&item.checks))));
        }
        screen.wrapped(&first, 4, &pieces)
    })?;
    let open = report.controls.iter().flat_map(ControlGroup::open);
    let open: Vec<&ControlResult> =
        open.filter(|c| c.status != ControlStatus::Fail && !c.supply.is_empty()).collect();
    if open.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.wrapped(&[], 2, &[(BOLD, "Controls without proof, and how to supply it".to_owned())])?;
    // What is supplied once serves every control that needs it.
    let mut told: Vec<(&str, Vec<&ControlResult>)> = Vec::new();
    for control in open {
        for how in &control.supply {
            match told.iter_mut().find(|(known, _)| known == how) {
                Some((_, controls)) => controls.push(control),
                None => told.push((how, vec![control])),
            }
        }
    }
    for (how, controls) in told {
        let names: Vec<String> = controls.iter().map(|c| printable(&c.id)).collect();
        let first = [(OPEN, "  ?".to_owned()), (BOLD, format!("{}:", names.join(" ")))];
        screen.wrapped(&first, 4, &[(PLAIN, printable(how))])?;
    }
    Ok(())
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
    screen.wrapped(&[], 2, &[(BOLD, format!("{heading}:")), (DIM, count(items.len(), noun))])?;
    let shown = options.shown(items.len());
    items.iter().take(shown).try_for_each(|item| show(item, screen))?;
    if shown < items.len() {
        let text = format!("and {} {THE_REST}", count(items.len() - shown, &format!("more {noun}")));
        screen.wrapped(&[], 4, &[(DIM, text)])?;
    }
    Ok(())
}
