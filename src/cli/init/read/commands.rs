//! Files that list how a program is started: Procfile, pyproject.toml, Markdown tables of commands.

use regex::Regex;

use super::{File, simple_words};
use crate::cli::Failure;
use crate::cli::init::facts::{Facts, Start};
use crate::cli::init::paths;

/// Most starts that are taken from one file.
const MAX_STARTS: usize = 200;

pub(super) struct Patterns {
    handle: Regex,
    option: Regex,
}

impl Patterns {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self {
            handle: Regex::new(r"\bENTRYPOINT_[A-Z0-9_]{1,63}\b")?,
            option: Regex::new(r"--[A-Za-z0-9][A-Za-z0-9-]*")?,
        })
    }
}

/// A name as a handle: capitals and underscores.
pub(in crate::cli::init) fn handle_of(name: &str) -> String {
    let mut out: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if !out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.insert_str(0, "X_");
    }
    out.truncate(64);
    out
}

/// Splits a command into its words before the first option, and the options.
pub(in crate::cli::init) fn split(words: &[String]) -> (Vec<String>, Vec<String>) {
    // `python -m module` has an option of the interpreter, not of the program.
    let is_interpreter = words.get(1).is_some_and(|w| w == "-m");
    let start = if is_interpreter { 3.min(words.len()) } else { 1.min(words.len()) };
    let rest = words.get(start..).unwrap_or_default();
    let first = rest.iter().position(|w| w.starts_with('-')).unwrap_or(rest.len());
    let command = words.iter().take(start + first).cloned().collect();
    let name = |w: &String| w.split('=').next().unwrap_or_default().to_owned();
    let mut options: Vec<String> =
        rest.iter().skip(first).filter(|w| w.starts_with("--") && w.len() > 2).map(name).collect();
    options.dedup();
    (command, options)
}

/// `name: command` lines. <https://devcenter.heroku.com/articles/procfile>
pub(super) fn procfile(file: &File<'_>, facts: &mut Facts) {
    if paths::is_example(file.path) {
        return;
    }
    if file.text.lines().nth(MAX_STARTS).is_some() {
        facts.leave_out(file.shown, format!("only the first {MAX_STARTS} lines were looked at"));
    }
    for (line, place) in file.lines().take(MAX_STARTS) {
        let Some((name, command)) = line.split_once(':').filter(|(n, _)| !n.trim_start().starts_with('#'))
        else {
            continue;
        };
        let Some(words) = simple_words(command) else {
            facts.leave_out(place, "a command that needs a shell; write its entrypoint by hand");
            continue;
        };
        let (words, required) = split(&words);
        let question = Some("does the image start this way?".to_owned());
        let handle = handle_of(name.trim());
        facts.starts.push(Start {
            handle,
            words,
            required,
            optional: Vec::new(),
            args_at_start: false,
            from: place,
            question,
        });
    }
}

/// `[project.scripts]` and Poetry's own section: programs that an installed package brings.
pub(super) fn pyproject(file: &File<'_>, facts: &mut Facts) {
    if paths::is_example(file.path) {
        return;
    }
    let Ok(document) = file.text.parse::<toml::Table>() else {
        return facts.leave_out(file.shown, "is not TOML");
    };
    let project = document.get("project").and_then(|p| p.get("scripts"));
    let poetry = document.get("tool").and_then(|t| t.get("poetry")).and_then(|p| p.get("scripts"));
    for scripts in [project, poetry].into_iter().flatten().filter_map(toml::Value::as_table) {
        if scripts.len() > MAX_STARTS {
            facts.leave_out(file.shown, format!("only the first {MAX_STARTS} of its scripts were taken"));
        }
        for name in scripts.keys().take(MAX_STARTS) {
            let line = file.text.lines().position(|l| {
                let key = l.split('=').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                key == name
            });
            facts.starts.push(Start {
                handle: handle_of(name),
                words: vec![name.clone()],
                required: Vec::new(),
                args_at_start: false,
                optional: Vec::new(),
                from: file.at(line.map_or(1, |n| n + 1)),
                question: Some("does the image install this package, and start it this way?".to_owned()),
            });
        }
    }
}

/// Rows of tables with a column of commands: those whose rows name an entrypoint's handle, or whose header speaks of
/// entrypoints.
pub(super) fn tables(patterns: &Patterns, file: &File<'_>, facts: &mut Facts) {
    let mut header: Option<Vec<String>> = None;
    let mut previous: Vec<String> = Vec::new();
    let mut taken = 0;
    for (line, place) in file.lines() {
        let bare = line.trim();
        if !bare.starts_with('|') {
            (header, previous) = (None, Vec::new());
            continue;
        }
        let cells = cells(bare);
        if cells.iter().all(|c| !c.is_empty() && c.bytes().all(|b| b"-: ".contains(&b))) {
            header = Some(previous.iter().map(|c| c.to_lowercase()).collect());
            continue;
        }
        previous.clone_from(&cells);
        let Some(header) = &header else { continue };
        let Some(start) = row(patterns, header, &cells, place) else { continue };
        if taken == MAX_STARTS {
            facts.leave_out(
                file.shown,
                format!("only the first {MAX_STARTS} commands of its tables were taken"),
            );
            return;
        }
        taken += 1;
        facts.starts.push(start);
    }
}

/// The cells of a row. A bar in backticks is no border, and one after a backslash neither.
fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut cell, mut is_code) = (Vec::new(), String::new(), false);
    let mut characters = row.trim_matches('|').chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'|') => cell.extend(characters.next()),
            '|' if !is_code => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            c => {
                is_code ^= c == '`';
                cell.push(c);
            }
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

fn row(patterns: &Patterns, header: &[String], cells: &[String], from: String) -> Option<Start> {
    let column = header.iter().position(|h| h.contains("command") || h.contains("invocation"))?;
    let handle = cells.iter().find_map(|c| patterns.handle.find(c)).map(|m| m.as_str().to_owned());
    let is_about = header.iter().any(|h| h.contains("entrypoint"));
    let handle = handle.or_else(|| {
        let first = cells.first().filter(|_| is_about && column > 0)?;
        Some(handle_of(first.trim_matches('`')))
    })?;
    let command = cells.get(column)?.split('`').nth(1)?;
    let command = command.split(['<', '[']).next().unwrap_or_default();
    let words = simple_words(command)?;
    let (words, mut required) = split(&words);
    let mut optional = Vec::new();
    let is_arguments = |h: &String| ["arg", "option", "parameter"].iter().any(|w| h.contains(w));
    for (cell, _) in cells.iter().zip(header).filter(|(_, h)| is_arguments(h)) {
        // What stands in brackets is a remark: options there may be given.
        let mut depth = 0_usize;
        let mut last = 0;
        for found in patterns.option.find_iter(cell) {
            let before = cell.get(last..found.start()).unwrap_or_default();
            for c in before.chars() {
                match c {
                    '(' | '[' => depth += 1,
                    ')' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            last = found.end();
            let list = if depth == 0 { &mut required } else { &mut optional };
            list.push(found.as_str().to_owned());
        }
    }
    required.dedup();
    optional.retain(|o| !required.contains(o));
    optional.dedup();
    Some(Start { handle, words, required, optional, args_at_start: false, from, question: None })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_entrypoints_is_read() {
        let text = "| Entrypoint handle | Mode | Command | Required args |\n| --- | --- | --- | --- |\n\
            | `ENTRYPOINT_API` | API | `python -m orders.api serve` | `--profile <path>` (`--host`/`--port` optional) |\n\
            | none | x | | |\n\n| command | what |\n|---|---|\n| `tool run` | runs |\n";
        let mut facts = Facts::default();
        tables(&Patterns::new().unwrap(), &File { path: "a.md", shown: "a.md", text }, &mut facts);
        assert_eq!(facts.starts.len(), 1);
        let start = &facts.starts[0];
        assert_eq!(start.words, ["python", "-m", "orders.api", "serve"]);
        assert_eq!(
            (start.required.join(" "), start.optional.join(" ")),
            ("--profile".into(), "--host --port".into())
        );
        assert_eq!(start.from, "a.md:3");
        let many = "| entrypoint | command |\n|-|-|\n".to_owned() + &"| a | `x` |\n".repeat(10_000);
        let mut facts = Facts::default();
        tables(&Patterns::new().unwrap(), &File { path: "a.md", shown: "a.md", text: &many }, &mut facts);
        assert_eq!((facts.starts.len(), facts.warnings().len()), (MAX_STARTS, 1));
    }

    #[test]
    fn options_are_told_from_words() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (command, options) = split(&words("python3 -m orders.api run --profile /x --day=1 -v"));
        assert_eq!(
            (command.join(" "), options.join(" ")),
            ("python3 -m orders.api run".into(), "--profile --day".into())
        );
        assert_eq!(handle_of("9-a.b"), "X_9_A_B");
    }
}
