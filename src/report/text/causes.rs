//! One block for each cause, the worst first: a header, where it is with the source line, its other locations, why it
//! matters, what to do step by step, and how to accept it. Causes below the failing severity have one line each.

use std::collections::{BTreeMap, HashSet};
use std::io;

use super::locations;
use super::screen::{BAD, BOLD, DIM, LINK, OPEN, PLAIN, Piece, Screen, of_severity};
use super::steps::{self, Line};
use unicode_width::UnicodeWidthStr as _;

use super::{THE_REST, TextOptions, details};
use crate::finding::{Cause, CheckMeta, Finding, Report, SourceLine, Subject};
use crate::report::phrase::{
    count, hidden, ids, number, place, printable, prose, redacted, short_digests, shorten,
};

/// Further locations of a cause that are shown unless all are asked for.
const LOCATIONS: usize = 6;
/// Causes that have one line each after those with a block.
const SHORT: usize = 20;
/// Lines of one check among them.
const OF_CHECK: usize = 3;
/// Notes of a cause that are shown unless all are asked for.
const NOTES: usize = 3;
/// Hex digits of a fingerprint that `seaworthy accept` needs at least.
const FINGERPRINT: usize = 8;
/// Width of the words `why`, `fix`, `note` and `accept`, and what stands before them.
const LABEL: usize = 7;
/// Where the text beside a label begins.
const INDENT: usize = 4 + LABEL + 1;

/// Causes that are shown as one block: one, or several that differ in their places alone.
struct Block<'r> {
    causes: Vec<&'r Cause>,
    lead: &'r Finding,
}

/// Writes all causes.
pub(super) fn write(report: &Report, options: &TextOptions, screen: &mut Screen<'_>) -> io::Result<()> {
    let blocks = blocks(report);
    let (failing, notes): (Vec<&Block<'_>>, Vec<&Block<'_>>) =
        blocks.iter().partition(|b| b.severity() >= report.fail_on);
    let mut fingerprints: Vec<&str> = report.findings.iter().map(|f| f.fingerprint.as_str()).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    let mut page = Page { report, options, screen, explained: Vec::new(), fingerprints };
    if !report.controls.is_empty() && !failing.is_empty() {
        page.screen.blank()?;
        let causes = failing.iter().map(|b| b.causes.len()).sum::<usize>();
        let pieces = [
            (BOLD, format!("{}, worst first:", count(causes, "cause"))),
            (DIM, count(report.failing(), "finding")),
        ];
        page.screen.wrapped(&[], 2, &pieces)?;
    }
    let long = options.shown(failing.len());
    for block in failing.iter().take(long) {
        page.block(block)?;
    }
    page.lines(failing.get(long..).unwrap_or_default())?;
    page.lines(&notes)
}

/// The causes, those together that say the same of several places.
fn blocks(report: &Report) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut alike: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for cause in &report.causes {
        let Some(lead) = report.findings.get(cause.lead) else { continue };
        if cause.findings.len() > 1 || !lead.places.is_empty() || !lead.notes.is_empty() {
            blocks.push(Block { causes: vec![cause], lead });
            continue;
        }
        let key = (lead.check, lead.message.as_str(), &*lead.fix);
        match alike.get(&key).and_then(|at| blocks.get_mut(*at)).filter(|b| b.lead.severity == lead.severity)
        {
            Some(block) => block.causes.push(cause),
            None => {
                alike.insert(key, blocks.len());
                blocks.push(Block { causes: vec![cause], lead });
            }
        }
    }
    blocks
}

impl Block<'_> {
    fn severity(&self) -> crate::finding::Severity {
        self.causes.iter().map(|c| c.severity).max().unwrap_or(self.lead.severity)
    }

    fn findings(&self) -> usize {
        self.causes.iter().map(|c| c.findings.len()).sum()
    }
}

struct Page<'a, 'out> {
    report: &'a Report,
    options: &'a TextOptions,
    screen: &'a mut Screen<'out>,
    /// Checks whose reason has been given.
    explained: Vec<&'static str>,
    /// The fingerprints of all findings, in order, each once.
    fingerprints: Vec<&'a str>,
}

/// Whether a report is about a build context alone: `accept` examines that by itself, and wants a report for all else.
pub(super) fn is_of_context(report: &Report) -> bool {
    report.artifacts.iter().all(|a| matches!(a.subject, Subject::Context | Subject::Dockerfile))
}

/// The name of the variable or key that holds a finding's secret, unless its message says it.
fn name_of(finding: &Finding) -> Option<String> {
    let name = finding.secret.as_ref()?.name.as_deref()?;
    (!finding.message.contains(name)).then(|| printable(name))
}

impl Page<'_, '_> {
    fn block(&mut self, block: &Block<'_>) -> io::Result<()> {
        let (lead, severity) = (block.lead, block.severity());
        self.screen.blank()?;
        let mut header: Vec<Piece> = vec![(BOLD, self.message(lead))];
        let others: Vec<&str> =
            block.causes.iter().flat_map(|c| &c.checks).copied().filter(|c| *c != lead.check).collect();
        match (others.is_empty(), block.findings()) {
            (true, 1) => {}
            (true, n) => header.push((DIM, format!(" ({})", count(n, "finding")))),
            (false, n) => header.push((DIM, format!(" (also {}; {})", ids(&others), count(n, "finding")))),
        }
        let first = [(of_severity(severity), severity.to_string()), (BOLD, lead.check.to_owned())];
        self.screen.wrapped(&first, 2, &header)?;
        self.location(lead)?;
        self.others(block)?;
        self.advice(block)?;
        if self.options.verbose > 0 {
            for finding in
                block.causes.iter().flat_map(|c| &c.findings).filter_map(|i| self.report.findings.get(*i))
            {
                details::finding(finding, self.options.verbose, self.screen)?;
            }
        }
        Ok(())
    }

    /// What a finding says, with short digests unless all is wanted.
    fn message(&self, finding: &Finding) -> String {
        let message = printable(&finding.message);
        if self.options.verbose > 0 { message } else { short_digests(&message) }
    }

    /// The arrow, the place, what made it and what hides it; the source line below, if it is at hand.
    fn location(&mut self, lead: &Finding) -> io::Result<()> {
        let origin = &lead.origin;
        let mut pieces: Vec<Piece> = vec![(LINK, place(origin))];
        let alone = self.report.artifacts.iter().filter(|a| a.name != "gate").count() <= 1;
        let elsewhere = !alone || self.report.artifacts.iter().any(|a| a.name != origin.artifact);
        let around = [
            locations::made_in(origin),
            (elsewhere && origin.platform.is_some()).then(|| printable(&origin.artifact)),
        ];
        let around: Vec<String> = around.into_iter().flatten().collect();
        if !around.is_empty() {
            pieces.push((DIM, format!(" {}", around.join(", "))));
        }
        if let Some(text) = hidden(origin) {
            pieces.push((OPEN, format!(" {text}")));
        }
        let line =
            SourceLine::key(origin).and_then(|key| self.report.source_lines.get(&key).map(|l| (key.1, l)));
        if let Some(name) = name_of(lead) {
            pieces.push((PLAIN, format!(" {name}")));
        }
        if let (None, Some(secret)) = (&line, &lead.secret) {
            pieces.push((PLAIN, format!(" {}", redacted(secret))));
        }
        self.screen.wrapped(&[(LINK, "  -->".to_owned())], 6, &pieces)?;
        let Some((number, line)) = line else { return Ok(()) };
        self.source(number, line, lead)
    }

    /// The line with a caret under what it is about.
    fn source(&mut self, line_number: u32, line: &SourceLine, lead: &Finding) -> io::Result<()> {
        let gutter = line_number.to_string().len().max(2);
        let bar = |text: &str| (LINK, format!("{text:>gutter$} |"));
        let room = self.screen.width().saturating_sub(gutter + 4).max(12);
        // A long line is shown from where the mark is in sight.
        let skip = match line.marked.start + 12 > room {
            true => line.marked.start.saturating_sub(room / 3),
            false => 0,
        };
        let text: String = line.text.chars().skip(skip).collect();
        let text = shorten(&text, room);
        let marked = line.marked.start - skip;
        let length = line.marked.len().min(room.saturating_sub(marked)).max(1);
        // A wide character takes two columns.
        let start = text.chars().take(marked).collect::<String>().width();
        self.screen.heading(&[bar("")])?;
        self.screen.heading(&[bar(&line_number.to_string()), (PLAIN, text)])?;
        let mut mark = vec![bar(""), (BAD, format!("{}{}", " ".repeat(start), "^".repeat(length)))];
        if let Some(secret) = &lead.secret {
            let label = redacted(secret);
            if start + length + 1 + label.chars().count() <= room {
                mark.push((BAD, label));
            }
        }
        self.screen.heading(&mark)?;
        self.screen.heading(&[bar("")])
    }

    /// The other places of the block's causes.
    fn others(&mut self, block: &Block<'_>) -> io::Result<()> {
        let all = self.options.verbose > 0;
        if let [cause] = block.causes.as_slice() {
            let rows = locations::rows(self.report, cause);
            let shown = if all || rows.len() <= LOCATIONS + 1 { rows.len() } else { LOCATIONS };
            // A path within an archive is as long as the line: the others are not set apart for its sake.
            let widths = rows.iter().take(shown).map(locations::Row::place_width);
            let first = widths.filter(|width| *width <= self.screen.width() / 3).max().unwrap_or(0);
            for row in rows.iter().take(shown) {
                let pieces = row.pieces(first, self.screen.width().saturating_sub(6));
                let arrow = (LINK, "  :::".to_owned());
                let used: usize = pieces.iter().map(|(_, text)| text.chars().count() + 1).sum();
                if used + 6 > self.screen.width() {
                    self.screen.wrapped(&[arrow], 6, &pieces)?;
                } else {
                    let line: Vec<Piece> = std::iter::once(arrow).chain(pieces).collect();
                    self.screen.heading(&line)?;
                }
            }
            return self.rest(rows.len() - shown, "location");
        }
        let leads: Vec<&Finding> =
            block.causes.iter().skip(1).filter_map(|c| self.report.findings.get(c.lead)).collect();
        let shown = if all || leads.len() <= LOCATIONS + 1 { leads.len() } else { LOCATIONS };
        for lead in leads.iter().take(shown) {
            let name = name_of(lead).map(|name| (PLAIN, format!(" {name}")));
            let pieces: Vec<Piece> = std::iter::once((LINK, place(&lead.origin))).chain(name).collect();
            self.screen.wrapped(&[(LINK, "  :::".to_owned())], 6, &pieces)?;
        }
        self.rest(leads.len() - shown, "location")
    }

    fn rest(&mut self, left: usize, noun: &str) -> io::Result<()> {
        match left {
            0 => Ok(()),
            left => {
                let text = format!("and {} {THE_REST}", count(left, &format!("more {noun}")));
                self.screen.wrapped(&[(LINK, "  :::".to_owned())], 6, &[(DIM, text)])
            }
        }
    }

    /// Why, what to do, notes, and how to accept it.
    fn advice(&mut self, block: &Block<'_>) -> io::Result<()> {
        let check = block.lead.check;
        if let Some(meta) = self.meta(check).filter(|_| !self.explained.contains(&check)) {
            self.explained.push(check);
            self.labelled("why", &[(DIM, meta.why.to_owned())])?;
        }
        let Some(cause) = block.causes.first() else { return Ok(()) };
        let steps = steps::fix_steps(self.report, cause);
        let one = steps.len() == 1;
        for (index, step) in steps.iter().enumerate() {
            let mut number = if one { String::new() } else { format!("{}. ", index + 1) };
            for (at, line) in step.iter().enumerate() {
                let label = if index == 0 && at == 0 { "fix" } else { "" };
                match line {
                    Line::Text(text) => {
                        let first = format!("{}{number}", label_of(label));
                        number = " ".repeat(number.len());
                        let first = first.strip_suffix(' ').unwrap_or(&first).to_owned();
                        self.screen.wrapped(
                            &[(DIM, first)],
                            INDENT + number.len(),
                            &[(PLAIN, text.clone())],
                        )?;
                    }
                    Line::Command(command) => {
                        if label == "fix" {
                            self.screen.heading(&[(
                                DIM,
                                format!("{}{number}", label_of(label)).trim_end().to_owned(),
                            )])?;
                            number = " ".repeat(number.len());
                        }
                        let indent = " ".repeat(INDENT + number.len() + 2);
                        self.screen.heading(&[(BOLD, format!("{indent}{command}"))])?;
                    }
                }
            }
        }
        self.notes(cause)?;
        let hex: String = block.lead.fingerprint.as_str().chars().take(self.digits(block.lead)).collect();
        let whole = if block.findings() > 1 && block.causes.len() == 1 { " --cause" } else { "" };
        let from = if is_of_context(self.report) { "" } else { " --from REPORT.json" };
        let one = match block.causes.len() {
            0 | 1 => String::new(),
            n => format!("  (the first of {n}; -v has the others)"),
        };
        let command = format!("seaworthy accept {hex}{whole}{from} --until DATE --reason TEXT{one}");
        self.screen.heading(&[(DIM, format!("{}{command}", label_of("accept")))])
    }

    fn notes(&mut self, cause: &Cause) -> io::Result<()> {
        let mut known: HashSet<&str> = HashSet::new();
        let of_cause = cause.findings.iter().filter_map(|i| self.report.findings.get(*i));
        let all = of_cause.flat_map(|f| &f.notes).map(String::as_str);
        let notes: Vec<&str> = all.filter(|note| known.insert(note)).collect();
        let shown = if self.options.verbose > 0 || notes.len() <= NOTES + 1 { notes.len() } else { NOTES };
        for note in notes.iter().take(shown) {
            self.labelled("note", &[(PLAIN, prose(note))])?;
        }
        match notes.len() - shown {
            0 => Ok(()),
            left => {
                let text = format!("and {} {THE_REST}", count(left, "more note"));
                self.labelled("note", &[(DIM, text)])
            }
        }
    }

    fn labelled(&mut self, label: &str, pieces: &[Piece]) -> io::Result<()> {
        let label = label_of(label);
        self.screen.wrapped(&[(DIM, label.strip_suffix(' ').unwrap_or(&label).to_owned())], INDENT, pieces)
    }

    /// Digits of a fingerprint that tell it from all others of the report.
    fn digits(&self, lead: &Finding) -> usize {
        let own = lead.fingerprint.as_str();
        let common = |other: &str| own.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        // In order, the one with the longest common beginning is a neighbour.
        let at = self.fingerprints.partition_point(|f| *f < own);
        let after = at + usize::from(self.fingerprints.get(at) == Some(&own));
        let neighbours = [at.checked_sub(1), Some(after)].into_iter().flatten();
        let others = neighbours.filter_map(|i| self.fingerprints.get(i));
        others.map(|f| common(f) + 1).max().unwrap_or(0).max(FINGERPRINT)
    }

    fn meta(&self, check: &str) -> Option<&'static CheckMeta> {
        self.report.checks.iter().map(|c| c.meta).find(|m| m.id == check)
    }

    /// The blocks that have a line, and those that are counted: of one check a few are enough.
    fn shortlist<'b, 'r>(&self, blocks: &[&'b Block<'r>]) -> (Vec<&'b Block<'r>>, Vec<&'b Block<'r>>) {
        if self.options.verbose > 0 {
            return (blocks.to_vec(), Vec::new());
        }
        let mut all: BTreeMap<&str, usize> = BTreeMap::new();
        blocks.iter().for_each(|block| *all.entry(block.lead.check).or_default() += 1);
        let (mut shown, mut rest) = (Vec::new(), Vec::new());
        let mut of_check: BTreeMap<&str, usize> = BTreeMap::new();
        for block in blocks {
            let seen = of_check.entry(block.lead.check).or_default();
            *seen += 1;
            let is_short = all.get(block.lead.check).is_none_or(|n| *n <= OF_CHECK + 1);
            match (is_short || *seen <= OF_CHECK) && shown.len() < SHORT {
                true => shown.push(*block),
                false => rest.push(*block),
            }
        }
        (shown, rest)
    }

    /// One line for each block, and a count of what is not shown.
    fn lines(&mut self, blocks: &[&Block<'_>]) -> io::Result<()> {
        if blocks.is_empty() {
            return Ok(());
        }
        self.screen.blank()?;
        let (shown, rest) = self.shortlist(blocks);
        for block in shown {
            let more = match block.causes.len() {
                1 => String::new(),
                n => format!(" and {} more", number(n - 1)),
            };
            let first = [
                (of_severity(block.severity()), block.severity().to_string()),
                (DIM, block.lead.check.to_owned()),
                (LINK, format!("{}{more}", place(&block.lead.origin))),
            ];
            let message = self.message(block.lead);
            self.screen.wrapped(&first, 2, &[(PLAIN, message)])?;
            if self.options.verbose > 0 {
                for finding in
                    block.causes.iter().flat_map(|c| &c.findings).filter_map(|i| self.report.findings.get(*i))
                {
                    details::finding(finding, self.options.verbose, self.screen)?;
                }
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let mut by_check: BTreeMap<&str, usize> = BTreeMap::new();
        for block in &rest {
            *by_check.entry(block.lead.check).or_default() += block.causes.len();
        }
        let causes = rest.iter().map(|b| b.causes.len()).sum::<usize>();
        let list: Vec<String> = by_check.iter().map(|(id, n)| format!("{id} ×{}", number(*n))).collect();
        let text = format!("and {}: {} {THE_REST}", count(causes, "more cause"), list.join(", "));
        self.screen.wrapped(&[], 2, &[(DIM, text)])
    }
}

fn label_of(label: &str) -> String {
    match label {
        "" => " ".repeat(INDENT),
        label => format!("  = {label:LABEL$} "),
    }
}
