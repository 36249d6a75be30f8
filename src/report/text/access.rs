//! The table of roles and secrets: a row for each secret, a column for each role.

use std::io;

use super::screen::{BAD, BOLD, DIM, GOOD, OPEN, PLAIN, Piece, Screen};
use crate::finding::{AccessTable, Existence, Reading, Report};
use crate::report::phrase::{count, printable, shorten};

/// Characters of a handle that are shown.
const NAME: usize = 32;
/// Characters between columns.
const GAP: usize = 2;

/// Writes the table, in blocks of as many roles as fit the width.
pub(super) fn write(report: &Report, width: usize, screen: &mut Screen<'_>) -> io::Result<()> {
    let Some(table) = report.access.as_ref().filter(|t| !t.secrets.is_empty() && !t.roles.is_empty()) else {
        return Ok(());
    };
    screen.blank()?;
    let (secrets, roles) = (count(table.secrets.len(), "secret"), count(table.roles.len(), "role"));
    screen.heading(&[(BOLD, "Who reads what".to_owned()), (DIM, format!("· {secrets}, {roles}"))])?;
    let names: Vec<String> = table.secrets.iter().map(|s| shorten(&printable(&s.handle), NAME)).collect();
    let first = names.iter().map(|n| n.chars().count()).max().unwrap_or_default().max("secret".len()) + GAP;
    let heads: Vec<String> = table.roles.iter().map(|r| shorten(&printable(&r.handle), NAME)).collect();
    let widest = "required".len();
    let widths: Vec<usize> = heads.iter().map(|h| h.chars().count().max(widest) + GAP).collect();
    let mut from = 0;
    while from < heads.len() {
        let (mut to, mut used) = (from, first + "unknown".len() + GAP);
        while to < heads.len() && (to == from || used + widths[to] <= width) {
            used += widths[to];
            to += 1;
        }
        block(table, &names, &heads, &widths, from..to, first, screen)?;
        from = to;
    }
    Ok(())
}

fn block(
    table: &AccessTable,
    names: &[String],
    heads: &[String],
    widths: &[usize],
    columns: std::ops::Range<usize>,
    first: usize,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    let state_width = "planned".len() + GAP;
    let mut line = vec![(DIM, padded("secret", first - 1)), (DIM, padded("is", state_width - 1))];
    for at in columns.clone() {
        line.push((BOLD, padded(&heads[at], widths[at] - 1)));
    }
    screen.heading(&trimmed(line))?;
    for (row, (secret, name)) in table.secrets.iter().zip(names).enumerate() {
        let mut line = vec![
            (PLAIN, padded(name, first - 1)),
            (of_existence(secret.state), padded(secret.state.as_str(), state_width - 1)),
        ];
        for at in columns.clone() {
            let cell =
                table.roles.get(at).and_then(|r| r.cells.get(row)).copied().unwrap_or(Reading::Unknown);
            let (style, word) = of_reading(cell);
            line.push((style, padded(word, widths[at] - 1)));
        }
        screen.heading(&trimmed(line))?;
    }
    Ok(())
}

/// Pieces are set apart by a space, so that each is one shorter than its column.
fn padded(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

fn trimmed(mut line: Vec<Piece>) -> Vec<Piece> {
    if let Some((_, last)) = line.last_mut() {
        last.truncate(last.trim_end().len());
    }
    line
}

fn of_existence(state: Existence) -> anstyle::Style {
    match state {
        Existence::Exists => PLAIN,
        Existence::Planned => DIM,
        Existence::Absent => BAD,
        Existence::Unknown => OPEN,
    }
}

fn of_reading(cell: Reading) -> (anstyle::Style, &'static str) {
    match cell {
        Reading::Required => (GOOD, "required"),
        Reading::Allowed => (PLAIN, "allowed"),
        Reading::None => (DIM, "-"),
        Reading::Cannot => (BAD, "CANNOT"),
        Reading::Excess => (BAD, "excess"),
        Reading::Unknown => (OPEN, "?"),
    }
}
