//! Profiles as text: the documentation page of one, and what `seaworthy explain` says of a control.

use std::fmt::Write;

use super::{Condition, Control, Profile, covers};
use crate::finding::CheckMeta;

/// The documentation page of a profile, in Markdown.
pub fn markdown(profile: &Profile, known: &[&'static CheckMeta]) -> String {
    let mut out = format!(
        "# Profile `{}`: {}\n\n\
         Generated from `profiles/{}.toml`. A control passes only if each of its checks was requested, could look at everything \
         and passed,\nand every artifact that it needs was examined. `seaworthy gate` passes only if every required control \
         passes or is waived.\n\n",
        profile.name, profile.title, profile.name
    );
    out.push_str("| control | asks | checks | needs |\n|---|---|---|---|\n");
    for (id, title, controls) in profile.grouped() {
        let alone = matches!(controls.as_slice(), [only] if only.id == id);
        if !alone {
            let _ = writeln!(out, "| **{id}** | **{title}** | | |");
        }
        for control in controls {
            let mut asks = control.asks.clone();
            if !control.required {
                asks.push_str(" *(optional)*");
            }
            if let Some(Condition::Wiring) = control.when {
                asks.push_str(" *(where a source has task definitions)*");
            }
            let needs: Vec<&str> = control.needs.iter().map(|n| n.as_str()).collect();
            let mut checks = control.checks.join(", ");
            if !control.controls.is_empty() {
                checks.push_str(&format!("; controls {}", control.controls.join(", ")));
            }
            let _ = writeln!(
                out,
                "| {} | **{}.** {asks} | {checks} | {} |",
                control.id,
                first_upper(&control.title),
                needs.join(", ")
            );
        }
    }
    out.push_str("\n## Checks\n\n| check | name | finds |\n|---|---|---|\n");
    for meta in known.iter().filter(|meta| profile.names_check(meta.id)) {
        let _ = writeln!(out, "| {} | {} | {} |", meta.id, meta.name, meta.summary.replace('|', "\\|"));
    }
    out.push_str("\n## What a control needs\n\n| artifact | how it is supplied |\n|---|---|\n");
    for need in super::Need::ALL.into_iter().filter(|n| profile.needs_any(&[*n])) {
        let _ = writeln!(out, "| {} ({}) | {} |", need.as_str(), need.noun(), need.how());
    }
    out
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// All controls of a profile, one a line.
pub fn explain_all(profile: &Profile) -> String {
    let mut out = format!("{}: {}\n", profile.name, profile.title);
    for (id, title, controls) in profile.grouped() {
        let alone = matches!(controls.as_slice(), [only] if only.id == id);
        if !alone {
            let _ = writeln!(out, "\n{id}  {title}");
        }
        for control in controls {
            let optional = if control.required { "" } else { " (optional)" };
            let indent = if alone { "\n" } else { "  " };
            let _ = writeln!(out, "{indent}{}  {}{optional}", control.id, control.title);
        }
    }
    out
}

/// What a profile says of the control `name`, or of all controls that it covers; nothing if it has none.
pub fn explain(profile: &Profile, name: &str, known: &[&'static CheckMeta]) -> Option<String> {
    let named: Vec<&Control> = profile.controls.iter().filter(|c| covers(name, &c.id)).collect();
    if named.is_empty() {
        return None;
    }
    let mut out = String::new();
    if let Some(group) = profile.groups.iter().find(|g| g.id == name && named.len() > 1) {
        let _ = writeln!(out, "{} {} (profile {})\n", group.id, group.title, profile.name);
    }
    for (i, control) in named.into_iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        one(profile, control, known, &mut out);
    }
    Some(out)
}

fn one(profile: &Profile, control: &Control, known: &[&'static CheckMeta], out: &mut String) {
    let _ =
        writeln!(out, "{} {} (profile {})\n\n{}\n", control.id, control.title, profile.name, control.asks);
    if !control.checks.is_empty() {
        out.push_str("Passes only if each of these checks was requested, could look, and passed\n");
    }
    for id in &control.checks {
        let summary = known.iter().find(|meta| meta.id == *id).map_or("", |meta| meta.summary);
        let _ = writeln!(out, "  {id}  {summary}");
    }
    if !control.controls.is_empty() {
        let _ = writeln!(out, "Builds on the controls {}", control.controls.join(", "));
    }
    if !control.needs.is_empty() {
        out.push_str("Needs\n");
    }
    for need in &control.needs {
        let _ = writeln!(out, "  {}: {}", need.noun(), need.how());
    }
    if let Some(supply) = &control.supply {
        let _ = writeln!(out, "  {supply}");
    }
    let required = match (control.required, control.when) {
        (true, None) => "yes",
        (true, Some(Condition::Wiring)) => "where a source of the wiring has task definitions",
        (false, _) => "no",
    };
    let _ = writeln!(out, "Required  {required}");
}
