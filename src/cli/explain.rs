//! `seaworthy explain`.

use std::fmt::Write;

use super::Failure;
use super::args::Explain as Arguments;
use super::output::Terminal;
use crate::check::catalogue;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let all = catalogue();
    let mut out = String::new();
    match &arguments.id {
        None => {
            for meta in &all {
                let _ = writeln!(out, "{}  {}", meta.id, meta.summary);
            }
        }
        Some(id) => {
            let wanted = id.to_ascii_uppercase();
            let found = all.iter().find(|m| m.id == wanted || m.name == id);
            let Some(meta) = found else {
                return Err(Failure(format!("there is no check {id}; `seaworthy explain` lists all")));
            };
            let _ = writeln!(out, "{} {}\n\n{}\n", meta.id, meta.name, meta.summary);
            let _ = writeln!(out, "Why it matters\n  {}\n\nHow to fix it\n  {}\n", meta.why, meta.fix);
            let _ = writeln!(out, "Severity  {} (a detector's own goes first)", meta.severity);
            let _ = writeln!(out, "Contract  M1.{}", meta.clause);
            let _ = writeln!(out, "Tags      {}", meta.tags.join(", "));
        }
    }
    terminal.print(out.as_bytes())?;
    Ok(0)
}
