//! `seaworthy explain`.

use std::fmt::Write;

use super::Failure;
use super::args::Explain as Arguments;
use super::output::Terminal;
use crate::check::catalogue;
use crate::contract::built_in;
use crate::profile::{self, BUILT_IN, Profile};

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
                terminal.print(control(id)?.as_bytes())?;
                return Ok(0);
            };
            let _ = writeln!(out, "{} {}\n\n{}\n", meta.id, meta.name, meta.summary);
            let _ = writeln!(out, "Why it matters\n  {}\n\nHow to fix it\n  {}\n", meta.why, meta.fix);
            let _ = writeln!(out, "Severity  {} (a detector's severity takes precedence)", meta.severity);
            let _ = writeln!(out, "Controls  {}", controls(meta.id)?);
            let _ = writeln!(out, "Tags      {}", meta.tags.join(", "));
        }
    }
    terminal.print(out.as_bytes())?;
    Ok(0)
}

/// The built-in profiles.
fn profiles() -> Result<Vec<Profile>, Failure> {
    let named = BUILT_IN.iter().filter_map(|(name, _)| built_in(name));
    Ok(named.collect::<Result<_, _>>()?)
}

/// The controls of the built-in profiles that a check proves, such as `m1 A.3, A.4`.
fn controls(check: &str) -> Result<String, Failure> {
    let mut parts = Vec::new();
    for profile in profiles()? {
        let controls = profile.controls.iter().filter(|c| c.checks.contains(&check));
        let ids: Vec<&str> = controls.map(|c| c.id.as_str()).collect();
        if !ids.is_empty() {
            parts.push(format!("{} {}", profile.name, ids.join(", ")));
        }
    }
    Ok(if parts.is_empty() { "none of a built-in profile".to_owned() } else { parts.join("; ") })
}

/// What the built-in profiles say of a control, a group or one of themselves.
fn control(name: &str) -> Result<String, Failure> {
    let profiles = profiles()?;
    if let Some(profile) = profiles.iter().find(|p| p.name.eq_ignore_ascii_case(name)) {
        return Ok(profile::explain_all(profile));
    }
    let known = catalogue();
    let upper = name.to_ascii_uppercase();
    let found = profiles
        .iter()
        .find_map(|p| profile::explain(p, name, &known).or_else(|| profile::explain(p, &upper, &known)));
    found.ok_or_else(|| {
        Failure(format!(
            "there is no check or control {name}; `seaworthy explain` lists all checks, `seaworthy explain m1` the \
             controls of M1"
        ))
    })
}
