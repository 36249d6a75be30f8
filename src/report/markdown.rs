//! GitHub-flavoured Markdown: the summary of a step (`$GITHUB_STEP_SUMMARY`), a comment, a page of a wiki. GitHub takes
//! 1 MiB a step, so that rows are left out aloud before that.

use std::io::{self, Write};

use super::entry::{self, Entry};
use super::phrase::{count, number, printable, redacted, shorten};
use super::repository::Repository;
use super::{TOOL, VERSION, check_page, tally};
use crate::finding::{AccessTable, ControlStatus, Reading, Report, Verdict};

/// Rows of findings and items that were not checked.
const MAX_ROWS: usize = 200;
/// Rows of the table of secrets, and its columns.
const MAX_SECRETS: usize = 100;
const MAX_ROLES: usize = 20;
/// Artifacts and notes of the heading.
const MAX_ARTIFACTS: usize = 20;
const MAX_NOTES: usize = 50;
/// Characters of a text in a cell.
const CELL: usize = 300;
/// Bytes of the whole: half of what GitHub takes, since other commands of the step write there too.
const MAX_BYTES: usize = 500_000;

/// Writes the report: verdict, controls, findings, what was not checked, and who reads what. The answer is how many rows
/// were left out.
///
/// # Errors
/// When `out` fails.
pub fn write(report: &Report, repository: &Repository, out: &mut dyn Write) -> io::Result<usize> {
    let entries = entry::all(report, repository);
    let mut rows = entries.len().min(MAX_ROWS);
    loop {
        let text = page(report, &entries, rows);
        // Every row is bounded, so that a few always fit.
        if text.len() <= MAX_BYTES || rows == 0 {
            out.write_all(text.as_bytes())?;
            return Ok(entries.len() - rows);
        }
        rows /= 2;
    }
}

fn page(report: &Report, entries: &[Entry<'_>], rows: usize) -> String {
    let mut out = String::new();
    heading(report, &mut out);
    controls(report, &mut out);
    issues(report, entries, rows, &mut out);
    if let Some(table) = &report.access {
        access(table, &mut out);
    }
    accepted(report, &mut out);
    out.push_str(&format!("\n<sub>{TOOL} {VERSION}</sub>\n"));
    out
}

fn heading(report: &Report, out: &mut String) {
    let sign = match report.verdict {
        Verdict::Pass => ":white_check_mark:",
        Verdict::Fail => ":x:",
        Verdict::Incomplete => ":warning:",
    };
    let word = report.verdict.as_str().to_uppercase();
    out.push_str(&format!("## {sign} {TOOL}: {word}\n\n{}.\n", text(&tally::parts(report).join(", "))));
    if report.verdict == Verdict::Incomplete {
        out.push_str(
            "\nNothing that fails was found, but not everything could be checked: this is not a pass.\n",
        );
    }
    if !report.artifacts.is_empty() {
        out.push('\n');
    }
    for artifact in report.artifacts.iter().take(MAX_ARTIFACTS) {
        let platform = artifact.platform.as_deref().map(|p| format!(" ({})", text(p))).unwrap_or_default();
        let digest = artifact.digest.as_deref().map(|d| format!(" {}", code(d))).unwrap_or_default();
        out.push_str(&format!(
            "- {} {}{platform}{digest}\n",
            artifact.subject.as_str(),
            code(&artifact.name)
        ));
    }
    more(report.artifacts.len(), MAX_ARTIFACTS, "more artifact", out);
    for note in report.notes.iter().take(MAX_NOTES) {
        out.push_str(&format!("- {}\n", cell(note)));
    }
    more(report.notes.len(), MAX_NOTES, "more note", out);
}

/// The item of a list that says how many are not in it.
fn more(all: usize, shown: usize, noun: &str, out: &mut String) {
    if all > shown {
        out.push_str(&format!("- and {}\n", count(all - shown, noun)));
    }
}

fn controls(report: &Report, out: &mut String) {
    if report.controls.is_empty() {
        return;
    }
    out.push_str("\n### Controls\n\n| | control | result | reason |\n|---|---|---|---|\n");
    for group in &report.controls {
        let sign = match group.status {
            ControlStatus::Pass => ":white_check_mark:",
            ControlStatus::Fail => ":x:",
            ControlStatus::Waived | ControlStatus::NotRequested | ControlStatus::NotChecked => {
                ":grey_question:"
            }
        };
        let worst = group.controls.iter().filter(|c| c.status == group.status);
        let mut reasons: Vec<&str> = Vec::new();
        for reason in worst.flat_map(|c| &c.reasons) {
            if !reasons.contains(&reason.as_str()) {
                reasons.push(reason);
            }
        }
        out.push_str(&format!(
            "| {sign} | {} {} | {} | {} |\n",
            text(&group.id),
            text(&group.title),
            group.status,
            cell(&reasons.join("; "))
        ));
    }
}

fn issues(report: &Report, entries: &[Entry<'_>], rows: usize, out: &mut String) {
    if entries.is_empty() {
        return;
    }
    out.push_str("\n### Findings\n\n| severity | check | what | where | fix |\n|---|---|---|---|---|\n");
    for entry in entries.iter().take(rows) {
        let severity = entry.severity.map_or("not checked", |s| s.as_str());
        let severity = match entry.severity.is_none_or(|s| s >= report.fail_on) {
            true => format!("**{severity}**"),
            false => severity.to_owned(),
        };
        let meta = report.checks.iter().map(|c| c.meta).find(|m| m.id == entry.check);
        let check = meta.map_or_else(|| text(entry.check), |m| format!("[{}]({})", m.id, check_page(m)));
        let secret =
            entry.finding.and_then(|f| f.secret.as_ref()).map(|s| format!("<br>{}", cell(&redacted(s))));
        let source = format!("{}:{}", entry.file, entry.line);
        let place = match entry.place.starts_with(&entry.file) {
            true => String::new(),
            false => format!("<br>{}", cell(&entry.place)),
        };
        out.push_str(&format!(
            "| {severity} | {check} | {}{} | {}{place} | {} |\n",
            cell(&entry.message),
            secret.unwrap_or_default(),
            code(&source),
            cell(&entry.fix)
        ));
    }
    let left_out = entries.len() - rows;
    if left_out > 0 {
        out.push_str(&format!("\n{}\n", entry::left_out(left_out)));
    }
}

fn access(table: &AccessTable, out: &mut String) {
    if table.secrets.is_empty() || table.roles.is_empty() {
        return;
    }
    out.push_str("\n### Who reads what\n\n| secret |");
    let roles = || table.roles.iter().enumerate().take(MAX_ROLES);
    roles().for_each(|(_, r)| out.push_str(&format!(" {} |", cell(&r.handle))));
    out.push_str(&format!("\n|---|{}\n", "---|".repeat(roles().count())));
    for (row, secret) in table.secrets.iter().enumerate().take(MAX_SECRETS) {
        out.push_str(&format!("| {} |", cell(&secret.handle)));
        for (_, role) in roles() {
            let reading = role.cells.get(row).copied().unwrap_or(Reading::Unknown);
            let word = match reading {
                Reading::Cannot => "**cannot**",
                Reading::Excess => "**excess**",
                Reading::None => "-",
                Reading::Required | Reading::Allowed | Reading::Unknown => reading.as_str(),
            };
            out.push_str(&format!(" {word} |"));
        }
        out.push('\n');
    }
    let (roles, secrets) = (table.roles.len(), table.secrets.len());
    if roles > MAX_ROLES || secrets > MAX_SECRETS {
        let more = [(secrets, MAX_SECRETS, "more secret"), (roles, MAX_ROLES, "more role")];
        let more: Vec<String> = more
            .into_iter()
            .filter(|(all, shown, _)| all > shown)
            .map(|(all, shown, noun)| count(all - shown, noun))
            .collect();
        out.push_str(&format!("\nand {}: the JSON report has all of them.\n", more.join(" and ")));
    }
}

fn accepted(report: &Report, out: &mut String) {
    if report.accepted.is_empty() {
        return;
    }
    let shown = report.accepted.len().min(MAX_ROWS);
    out.push_str(&format!(
        "\n<details><summary>{} accepted</summary>\n\n| check | what | reason | until |\n|---|---|---|---|\n",
        number(report.accepted.len())
    ));
    for accepted in report.accepted.iter().take(shown) {
        out.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            accepted.finding.check,
            cell(&accepted.finding.message),
            cell(&accepted.reason),
            text(&accepted.expires)
        ));
    }
    if shown < report.accepted.len() {
        out.push_str(&format!("\n{} more are in the JSON report.\n", number(report.accepted.len() - shown)));
    }
    out.push_str("\n</details>\n");
}

/// A text as a cell: cut, on one line.
fn cell(given: &str) -> String {
    text(&shorten(&given.replace('\n', " "), CELL))
}

/// A text as code: markup in it stays text, and it may be broken at any character.
fn code(given: &str) -> String {
    format!("<code>{}</code>", cell(given))
}

/// A text in which nothing is markup: what was found must not write links, mentions, tags or tables.
fn text(given: &str) -> String {
    let mut out = String::with_capacity(given.len() + 16);
    for c in printable(given).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '|' => out.push_str("&#124;"),
            // A backslash before any other punctuation takes its meaning (CommonMark 0.31, 2.4).
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '~' | ':' | '$'
            | '^' | '+' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    // What begins so is a link in GitHub's flavour.
    out.replace("www.", "www\\.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn markdown(report: &Report) -> (String, usize) {
        let mut out = Vec::new();
        let left_out = write(report, &Repository::default(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), left_out)
    }

    #[test]
    fn the_verdict_comes_first() {
        for report in samples::all() {
            let (text, _) = markdown(&report);
            let word = report.verdict.as_str().to_uppercase();
            assert!(text.lines().next().unwrap().ends_with(&word), "{text}");
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }

    #[test]
    fn a_fail() {
        insta::assert_snapshot!(markdown(&samples::gate()).0);
    }

    #[test]
    fn text_from_outside_writes_no_markup() {
        let mut report = samples::fail();
        report.findings.truncate(1);
        report.findings[0].message =
            "![x](https://attacker.example) @team <img src=x> `a` | b\n# c www.x.org".to_owned();
        report.findings[0].origin.path = Some("a`</code>|b".to_owned());
        let (text, _) = markdown(&report);
        assert!(text.contains(r"\!\[x\]\(https\://attacker.example\) &#64;team &lt;img src=x&gt;"), "{text}");
        assert!(!text.contains("<img") && !text.contains("@team") && !text.contains("www.x"));
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with("| **")).collect();
        assert!(rows.iter().all(|r| r.matches('|').count() == 6), "{rows:?}");
    }

    #[test]
    fn lists_that_are_cut_say_how_much_is_missing() {
        let mut report = samples::fail();
        let artifact = report.artifacts[0].clone();
        report.artifacts = vec![artifact; MAX_ARTIFACTS + 2];
        report.notes = (0..=MAX_NOTES).map(|n| format!("note {n} {}", "x".repeat(10_000))).collect();
        let (text, _) = markdown(&report);
        assert!(text.contains("- and 2 more artifacts\n") && text.contains("- and 1 more note\n"), "{text}");
        assert!(text.len() < MAX_BYTES);
    }

    #[test]
    fn the_size_is_bounded_and_says_so() {
        let mut report = samples::large(3_000);
        for finding in &mut report.findings {
            finding.fix = "&".repeat(10_000).into();
        }
        let (text, left_out) = markdown(&report);
        assert!(text.len() <= MAX_BYTES);
        assert!(left_out >= 2_800);
        assert!(text.contains("left out of this report"));
    }
}
