//! What `-v` adds: every finding with its fingerprint, what was read, every check.

use std::io;

use super::TextOptions;
use super::screen::{BAD, BOLD, DIM, GOOD, LINK, OPEN, PLAIN, Screen, of_severity};
use crate::finding::{CheckStatus, Coverage, Finding, Report};
use crate::report::phrase::{count, hidden, made_in, number, place, printable, prose, redacted, size};
use seaworthy_source::Place;

/// One finding in full.
pub(super) fn finding(finding: &Finding, verbose: u8, screen: &mut Screen<'_>) -> io::Result<()> {
    let first = [
        (DIM, "  -".to_owned()),
        (of_severity(finding.severity), finding.severity.to_string()),
        (BOLD, finding.check.to_owned()),
        (LINK, place(&finding.origin)),
    ];
    screen.wrapped(&first, 6, &[(PLAIN, printable(&finding.message))])?;
    let mut parts = vec![format!("fingerprint {}", finding.fingerprint.as_str())];
    parts.extend(finding.detector.as_deref().map(|d| format!("detector {}", printable(d))));
    parts.push(format!("confidence {}", finding.confidence));
    if let Some(secret) = &finding.secret {
        let name = secret.name.as_deref().map(|n| format!("{} ", printable(n))).unwrap_or_default();
        parts.push(format!("{name}{}", redacted(secret)));
    }
    parts.extend(made_in(&finding.origin, usize::MAX));
    parts.extend(hidden(&finding.origin));
    if verbose > 1 {
        if let Place::Text { offset, .. } = &finding.origin.place {
            parts.push(format!("offset {}", number(*offset)));
        }
        parts.extend(finding.origin.layer.as_ref().map(|l| format!("digest {}", printable(&l.digest))));
    }
    screen.wrapped(&[(DIM, "   ".to_owned())], 6, &[(DIM, parts.join("; "))])?;
    for other in &finding.places {
        let around: Vec<String> =
            [made_in(&other.origin, usize::MAX), hidden(&other.origin)].into_iter().flatten().collect();
        let text = format!("{} {} {}", place(&other.origin), other.severity, around.join("; "));
        screen.wrapped(&[(DIM, "    also".to_owned())], 6, &[(PLAIN, text.trim_end().to_owned())])?;
    }
    for note in &finding.notes {
        screen.wrapped(&[(DIM, "    note".to_owned())], 6, &[(PLAIN, prose(note))])?;
    }
    Ok(())
}

/// What was read and which checks ran; with `-v` alone.
pub(super) fn write(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    if options.verbose == 0 {
        return Ok(());
    }
    screen.blank()?;
    screen.heading(&[(BOLD, "Checks".to_owned()), (DIM, format!("  {}", counts(report)))])?;
    for check in &report.checks {
        let (style, word) = match check.status {
            CheckStatus::Pass => (GOOD, "pass"),
            CheckStatus::Fail => (BAD, "fail"),
            CheckStatus::NotChecked => (OPEN, "not checked"),
            CheckStatus::NotRequested => (DIM, "not requested"),
        };
        let mut text = check.meta.name.to_owned();
        let numbers =
            [(check.findings, "found"), (check.accepted, "accepted"), (check.not_checked, "not checked")];
        for (n, what) in numbers.into_iter().filter(|(n, _)| *n > 0) {
            text.push_str(&format!(", {} {what}", number(n)));
        }
        screen.wrapped(
            &[(style, format!("  {word:13}")), (BOLD, check.meta.id.to_owned())],
            22,
            &[(PLAIN, text)],
        )?;
    }
    coverage(report, screen)
}

/// The number of checks by status.
fn counts(report: &Report) -> String {
    let of = |status: CheckStatus| report.checks.iter().filter(|c| c.status == status).count();
    let kinds = [
        (CheckStatus::Pass, "pass"),
        (CheckStatus::Fail, "fail"),
        (CheckStatus::NotChecked, "not checked"),
        (CheckStatus::NotRequested, "not requested"),
    ];
    let words: Vec<String> = kinds
        .into_iter()
        .map(|(s, word)| (of(s), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", number(n)))
        .collect();
    words.join(", ")
}

/// What was read, what was read without being decoded, what was not read.
fn coverage(report: &Report, screen: &mut Screen<'_>) -> io::Result<()> {
    let c: &Coverage = &report.coverage;
    // Only images have layers.
    let layered = c.layers + c.layers_not_seen > 0;
    let mut read = things(c.layers, layered, c.files, c.bytes);
    if c.files_not_decoded > 0 {
        let archives = count(c.files_not_decoded, "archive");
        read.push_str(&format!("; not decoded: {archives}, {}", size(c.bytes_not_decoded)));
    }
    screen.blank()?;
    screen.wrapped(&[(BOLD, "Read:".to_owned())], 2, &[(PLAIN, read)])?;
    if c.examples_held_back > 0 {
        let examples = count(c.examples_held_back, "example");
        let held = format!("{examples} of installed libraries' tests and documentation");
        screen.wrapped(&[(DIM, "Held back:".to_owned())], 2, &[(PLAIN, held)])?;
    }
    if c.layers_not_seen + c.files_not_seen + c.bytes_not_seen > 0 {
        let missed = things(c.layers_not_seen, layered, c.files_not_seen, c.bytes_not_seen);
        screen.wrapped(&[(OPEN, "Not read:".to_owned())], 2, &[(PLAIN, missed)])?;
    }
    Ok(())
}

fn things(layers: u64, layered: bool, files: u64, bytes: u64) -> String {
    let layers = if layered { format!("{}, ", count(layers, "layer")) } else { String::new() };
    format!("{layers}{}, {}", count(files, "file"), size(bytes))
}
