//! `seaworthy rules`.

use std::fmt::Write;

use super::args::{Rules as Arguments, RulesCommand};
use super::output::Terminal;
use super::{Failure, mistakes};
use crate::rule::{Rules, prove};
use seaworthy_source::escape_bytes;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    match &arguments.command {
        RulesCommand::List { directories } => list(&Rules::load(&directories.rules, &[])?, terminal),
        RulesCommand::Show { id, directories } => show(&Rules::load(&directories.rules, &[])?, id, terminal),
        RulesCommand::Check { directories } => check(&Rules::load(&directories.rules, &[])?, terminal),
    }
}

fn list(rules: &Rules, terminal: &Terminal) -> Result<u8, Failure> {
    let width = rules.all().iter().map(|r| r.detector.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in rules.all() {
        let _ = writeln!(
            out,
            "{:width$}  {:8}  {:6}  {}",
            rule.detector.id, rule.severity, rule.confidence, rule.name
        );
    }
    let _ = writeln!(out, "\n{} detectors, {}", rules.all().len(), rules.digest());
    terminal.print_own(out.as_bytes())?;
    Ok(0)
}

/// IDs that begin with the same word, such as a vendor's name, the most alike first, at most five.
fn of_vendor<'r>(id: &str, ids: impl Iterator<Item = &'r str>) -> Vec<&'r str> {
    let id = id.to_ascii_lowercase();
    let vendor = id.split('-').next().unwrap_or_default();
    let mut near: Vec<&str> = ids.filter(|i| i.split('-').next() == Some(vendor)).collect();
    near.sort_by_key(|i| {
        (std::cmp::Reverse(i.bytes().zip(id.bytes()).take_while(|(a, b)| a == b).count()), *i)
    });
    near.truncate(5);
    near
}

fn show(rules: &Rules, id: &str, terminal: &Terminal) -> Result<u8, Failure> {
    let Some(rule) = rules.find(id) else {
        let ids = || rules.all().iter().map(|r| r.detector.id.as_str());
        let mut near = mistakes::nearest(id, ids(), 3);
        if near.is_empty() {
            near = of_vendor(id, ids());
        }
        let hint = if near.is_empty() {
            "`seaworthy rules list` lists all".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        return Err(Failure(format!("there is no detector {}; {hint}", escape_bytes(id.as_bytes()))));
    };
    let d = &rule.detector;
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}\n", d.id, rule.name);
    let _ = writeln!(out, "{}\n{}\n", rule.description, rule.fix);
    let _ = writeln!(out, "severity    {}\nconfidence  {}", rule.severity, rule.confidence);
    let _ = writeln!(out, "file        {}", rule.file);
    let case = if d.case_insensitive { " (case ignored)" } else { "" };
    let _ = writeln!(out, "anchors     {}{case}", d.anchors.join("  "));
    let _ = writeln!(out, "pattern     {}", d.pattern);
    if let Some(entropy) = d.min_entropy {
        let _ = writeln!(out, "entropy     at least {entropy} bits per byte");
    }
    if let Some(only_with) = &rule.only_with {
        let _ = writeln!(out, "only with   {only_with}");
    }
    if d.base64 {
        let _ = writeln!(out, "base64      also looked for wrapped in base64");
    }
    for (title, lines) in [
        ("Found:", rule.examples()),
        ("Not found:", rule.negative_examples()),
        ("References:", rule.references()),
    ] {
        let _ = writeln!(out, "\n{title}");
        for line in lines.iter().flat_map(|l| l.lines()) {
            let _ = writeln!(out, "  {line}");
        }
    }
    terminal.print_own(out.as_bytes())?;
    Ok(0)
}

fn check(rules: &Rules, terminal: &Terminal) -> Result<u8, Failure> {
    let faults = prove(rules);
    if faults.is_empty() {
        let examples: usize =
            rules.all().iter().map(|r| r.examples().len() + r.negative_examples().len()).sum();
        let line = format!("{} detectors do what their {examples} examples say\n", rules.all().len());
        terminal.print(line.as_bytes())?;
        return Ok(0);
    }
    let mut out = String::new();
    for fault in &faults {
        let _ = writeln!(out, "{fault}");
    }
    terminal.print(out.as_bytes())?;
    Ok(1)
}
