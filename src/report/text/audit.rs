//! An audit for a terminal: one row for each run, then the reasons by check, then what changed between runs of one tag;
//! the verdict last.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::Style;

use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Piece, Screen};
use super::{THE_REST, TextOptions};
use crate::finding::{Audit, AuditedRun, CheckStatus, FieldHistory, TagHistory, Verdict};
use crate::report::audit::Only;
use crate::report::phrase::{count, number, printable, short_digests, shorten};

/// Spaces between columns.
const GAP: &str = "  ";
/// Below this many columns the digest and the time of day are left out.
const ROOMY: usize = 92;
/// Values of one field, and runs of one list, that are shown unless all are asked for.
const FEW: usize = 5;
/// Checks that could not look which are named in a row.
const FEW_CHECKS: usize = 3;
/// The least that is shown of a tag, which tells its commit.
const LEAST_TAG: usize = 12;

/// Writes the audit for a terminal.
///
/// # Errors
/// When `out` fails.
pub fn write(audit: &Audit, only: &Only, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let screen = &mut Screen::new(out, options.color, options.width);
    let mut runs = only.runs(audit);
    // What failed takes precedence; among runs of one verdict the order by date stays.
    runs.sort_by_key(|run| match run.report.verdict {
        Verdict::Fail => 0,
        Verdict::Incomplete => 1,
        Verdict::Pass => 2,
    });
    if options.quiet {
        failing(&runs, screen)?;
    } else {
        let all = count(audit.runs.len(), "run");
        let dates =
            audit.runs.iter().filter_map(|r| r.written_at).map(|(at, _)| at.strftime("%Y-%m-%d").to_string());
        let (first, last) = (dates.clone().min(), dates.max());
        let span = match (first, last) {
            (Some(first), Some(last)) if first == last => format!(" of {first}"),
            (Some(first), Some(last)) => format!(", {first} to {last}"),
            _ => String::new(),
        };
        let mut title = vec![(BOLD, printable(&audit.root)), (PLAIN, format!(" {all}{span}:"))];
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Incomplete];
        let counted = verdicts.map(|verdict| (verdict, audit.count(verdict)));
        let some: Vec<_> = counted.into_iter().filter(|(_, n)| *n > 0).collect();
        for (at, (verdict, n)) in some.iter().enumerate() {
            let comma = if at + 1 < some.len() { "," } else { "" };
            title.push((style(*verdict), format!("{} {}{comma}", number(*n), verdict.as_str())));
        }
        if audit.runs.is_empty() {
            title.truncate(1);
        }
        screen.wrapped(&[], 2, &title)?;
        if !runs.is_empty() {
            screen.blank()?;
            table(&runs, options, screen)?;
        }
        reasons(&runs, options, screen)?;
        repeated(&runs, screen)?;
        for tag in &audit.tags {
            history(tag, options, screen)?;
        }
        screen.blank()?;
        let dateless = audit.runs.iter().filter(|r| r.written_at.is_none()).count();
        if dateless > 0 {
            let text = format!("{} without a date that can be read; they come last", count(dateless, "run"));
            screen.say("note", text)?;
        }
        if audit.older > 0 {
            screen.say("note", format!("{} left out", count(audit.older, "earlier run")))?;
        }
        if runs.len() < audit.runs.len() {
            let text = format!("{} of {} shown", number(runs.len()), count(audit.runs.len(), "run"));
            screen.say("note", text)?;
        }
        for note in &audit.notes {
            screen.say("note", printable(note))?;
        }
    }
    for item in &audit.not_checked {
        let text = format!("{}: {}", printable(&item.what), printable(&item.reason));
        screen.entry(OPEN, "not checked", &[(PLAIN, text)])?;
    }
    verdict(audit, screen)
}

/// One line for each run that does not pass.
fn failing(runs: &[&AuditedRun], screen: &mut Screen<'_>) -> io::Result<()> {
    for run in runs.iter().filter(|r| r.report.verdict != Verdict::Pass) {
        let row = row(run, false);
        let verdict = run.report.verdict;
        screen.entry(
            style(verdict),
            verdict.as_str(),
            &[(BOLD, row.run), (PLAIN, format!(" {}", row.blockers))],
        )?;
    }
    Ok(())
}

/// Runs whose evidence was replaced: what it said before, and what it says now.
fn repeated(runs: &[&AuditedRun], screen: &mut Screen<'_>) -> io::Result<()> {
    for run in runs.iter().filter(|r| !r.earlier.is_empty()) {
        let mut text = String::new();
        for earlier in &run.earlier {
            let verdict = earlier.verdict.map_or("of a verdict that was not read", Verdict::as_str);
            let date = earlier.written_at.map_or_else(String::new, |at| format!(" of {at}"));
            text.push_str(&format!("\nbefore: {verdict}{date}, kept in {}", printable(&earlier.file)));
        }
        text.push_str(&format!("\nnow: {}", run.report.verdict.as_str()));
        screen.blank()?;
        screen.entry(DIM, "repeated", &[(BOLD, printable(&run.id)), (PLAIN, text)])?;
    }
    Ok(())
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => GOOD,
        Verdict::Fail => BAD,
        Verdict::Incomplete => OPEN,
    }
}

fn verdict(audit: &Audit, screen: &mut Screen<'_>) -> io::Result<()> {
    let of =
        |v: Verdict| Some(audit.count(v)).filter(|n| *n > 0).map(|n| format!("{} {}", number(n), v.as_str()));
    let parts: Vec<String> = [Verdict::Fail, Verdict::Incomplete].into_iter().filter_map(of).collect();
    let all = count(audit.runs.len(), "run");
    let mut text = if parts.is_empty() { all } else { format!("{} of {all}", parts.join(", ")) };
    if let Some(requests) = audit.requests {
        text.push_str(&format!("; {}", count(requests, "request")));
    }
    let word = audit.verdict.as_str().to_uppercase();
    screen.heading(&[(style(audit.verdict), word), (BOLD, format!(" {text}"))])
}

/// A row before it is laid out: run, date, tag, digest, verdict, blockers.
struct Row {
    run: String,
    date: String,
    tag: String,
    digest: String,
    verdict: Verdict,
    blockers: String,
}

fn row(run: &AuditedRun, is_roomy: bool) -> Row {
    let text = |name| run.field(name).map_or("-".to_owned(), printable);
    let digest = text("image_digest");
    let short = digest.split_once(':').map_or(digest.as_str(), |(_, hex)| hex);
    let date = run.written_at.map_or("-".to_owned(), |(at, _)| {
        let text = at.to_string();
        let length = if is_roomy { 16 } else { 10 };
        text.get(..length).unwrap_or(&text).replace('T', " ")
    });
    let of = |wanted: CheckStatus| run.blockers().filter(move |(_, s)| *s == wanted).map(|(id, _)| id);
    let mut blockers: Vec<String> = of(CheckStatus::Fail).map(str::to_owned).collect();
    // A document that is lost takes many checks with it; the reasons are below the table.
    let missed = of(CheckStatus::NotChecked).count();
    let named = if blockers.is_empty() { missed.min(FEW_CHECKS) } else { 0 };
    blockers.extend(of(CheckStatus::NotChecked).take(named).map(|id| format!("{id}?")));
    if missed > named {
        blockers.push(format!("+{}?", missed - named));
    }
    let has_none = blockers.is_empty() && run.report.verdict != Verdict::Pass;
    let reason = || run.reason().map_or_else(String::new, |r| printable(&r));
    Row {
        run: printable(&run.id),
        date,
        tag: text("image_tag"),
        digest: short.chars().take(12).collect(),
        verdict: run.report.verdict,
        blockers: if has_none { reason() } else { blockers.join(" ") },
    }
}

fn table(runs: &[&AuditedRun], options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let is_roomy = options.width >= ROOMY;
    let rows: Vec<Row> = runs.iter().map(|run| row(run, is_roomy)).collect();
    let widest = |least: usize, most: usize, text: &dyn Fn(&Row) -> usize| {
        rows.iter().map(text).max().unwrap_or(0).clamp(least, most)
    };
    let length = |text: &str| text.chars().count();
    let date = widest(4, 16, &|r| length(&r.date));
    let digest = if is_roomy { 12 } else { 0 };
    let verdict = 10;
    // What is left is shared by run, tag and blockers; the names get what they need as long as blockers have room.
    let fixed = date + verdict + digest + GAP.len() * if is_roomy { 5 } else { 4 };
    let room = options.width.saturating_sub(fixed + 12).max(16);
    let mut run = widest(3, room, &|r| length(&r.run));
    let mut tag = widest(3, room, &|r| length(&r.tag));
    if run + tag > room {
        run = run.min(room.saturating_sub(tag.min(LEAST_TAG)));
        tag = room - run;
    }
    let last = options.width.saturating_sub(fixed + run + tag).max(12);
    let fit = |text: &str, width: usize| format!("{:<width$}", shorten(text, width));
    let line = |screen: &mut Screen<'_>, cells: [&str; 6], styles: [Style; 6]| {
        let widths = [run, date, tag, digest, verdict, 0];
        let mut pieces: Vec<Piece> = Vec::new();
        for ((cell, style), width) in cells.into_iter().zip(styles).zip(widths) {
            match (width, cell.is_empty()) {
                (0, false) => pieces.push((style, cell.to_owned())),
                (0, true) => {}
                _ => pieces.push((style, fit(cell, width) + " ")),
            }
        }
        // Nothing at a line's end but what was written.
        if let Some((_, text)) = pieces.last_mut() {
            text.truncate(text.trim_end().len());
        }
        screen.heading(&pieces)
    };
    let short = |cell: &'static str| if is_roomy { cell } else { "" };
    line(screen, ["RUN", "DATE", "TAG", short("DIGEST"), "VERDICT", "BLOCKERS"], [DIM; 6])?;
    for row in &rows {
        let verdict = style(row.verdict);
        let mut parts = broken(&row.blockers, last).into_iter();
        let first = parts.next().unwrap_or_default();
        let digest = if is_roomy { row.digest.as_str() } else { "" };
        let cells = [&row.run, &row.date, &row.tag, digest, row.verdict.as_str(), &first];
        line(screen, cells, [BOLD, PLAIN, PLAIN, DIM, verdict, PLAIN])?;
        for part in parts {
            let pad = " ".repeat(fixed + run + tag);
            screen.heading(&[(PLAIN, format!("{pad}{part}"))])?;
        }
    }
    Ok(())
}

/// Breaks words into lines of at most `room` characters.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The rows' reasons, by check: how many runs have it, which, and the first one's words.
fn reasons(runs: &[&AuditedRun], options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut found: BTreeMap<&str, (Vec<&str>, &str)> = BTreeMap::new();
    let mut missed: BTreeMap<&str, (Vec<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for run in runs {
        for finding in &run.report.findings {
            let (ids, _) = found.entry(finding.check).or_insert_with(|| (Vec::new(), &finding.message));
            if ids.last() != Some(&run.id.as_str()) {
                ids.push(&run.id);
            }
        }
        for item in &run.report.not_checked {
            let (ids, whats) = missed.entry(&item.reason).or_default();
            whats.insert(&item.what);
            if ids.last() != Some(&run.id.as_str()) {
                ids.push(&run.id);
            }
        }
    }
    if !found.is_empty() || !missed.is_empty() {
        screen.blank()?;
    }
    for (check, (ids, message)) in found {
        let words = if ids.len() > 1 { "the first: " } else { "" };
        let message = printable(message);
        let message = if options.verbose > 0 { message } else { short_digests(&message) };
        let pieces = [(BOLD, names(&ids, options)), (PLAIN, format!("\n{words}{message}"))];
        screen.entry(BAD, check, &pieces)?;
    }
    let shown = options.shown(missed.len());
    let rest = missed.len().saturating_sub(shown);
    for (reason, (ids, whats)) in missed.into_iter().take(shown) {
        let whats: Vec<String> = whats.into_iter().map(printable).collect();
        let text = format!("\n{}: {}", whats.join(", "), printable(reason));
        screen.entry(OPEN, "not checked", &[(BOLD, names(&ids, options)), (PLAIN, text)])?;
    }
    if rest > 0 {
        screen.say("", format!("and {} not checked {THE_REST}", count(rest, "further thing")))?;
    }
    Ok(())
}

/// `3 runs: a, b, c`
fn names<S: AsRef<str>>(ids: &[S], options: &TextOptions) -> String {
    let most = if options.verbose > 0 || ids.len() <= FEW + 1 { ids.len() } else { FEW };
    let list: Vec<String> = ids.iter().take(most).map(|id| printable(id.as_ref())).collect();
    let more = match ids.len() - most {
        0 => String::new(),
        n => format!(" and {} more", number(n)),
    };
    format!("{}: {}{more}", count(ids.len(), "run"), list.join(", "))
}

/// What changed between the runs of one tag.
fn history(tag: &TagHistory, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    screen.blank()?;
    let place = if tag.repository.is_empty() { String::new() } else { format!(" of {}", tag.repository) };
    let title = format!("{}{}", printable(&tag.tag), printable(&place));
    let runs = format!("· {}", names(&tag.runs, options));
    screen.entry(DIM, "tag", &[(BOLD, title), (DIM, runs)])?;
    for change in &tag.changes {
        changed(change, options, screen)?;
    }
    Ok(())
}

fn changed(change: &FieldHistory, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let all = change.values.len();
    let most = if options.verbose > 0 || all <= FEW + 1 { all } else { FEW };
    let mut text = format!("{}:", change.field);
    for (value, ids) in change.values.iter().take(most) {
        let value = value.as_deref().map_or("(none)".to_owned(), printable);
        text.push_str(&format!("\n{value} in {}", names(ids, options)));
    }
    if all > most {
        text.push_str(&format!("\nand {} {THE_REST}", count(all - most, "further value")));
    }
    screen.entry(DIM, "", &[(PLAIN, text)])
}
