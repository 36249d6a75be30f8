//! `seaworthy explain`.

use super::args::Explain as Arguments;
use super::output::Terminal;
use super::{Failure, mistakes, reference};
use crate::check::catalogue;
use crate::contract::built_in;
use crate::profile::{self, BUILT_IN, Profile};
use seaworthy_source::escape_bytes;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let all = catalogue();
    let text = match &arguments.id {
        None => reference::check_list(&all),
        Some(id) => {
            let is_number = id.chars().all(|c| c.is_ascii_digit());
            let wanted = if is_number { format!("SW{id}") } else { id.to_ascii_uppercase() };
            match all.iter().find(|m| m.id == wanted || m.name.eq_ignore_ascii_case(id)) {
                Some(meta) => reference::check_page(meta, &profiles()?),
                None => control(id)?,
            }
        }
    };
    terminal.print_own(text.as_bytes())?;
    Ok(0)
}

/// The built-in profiles.
pub(super) fn profiles() -> Result<Vec<Profile>, Failure> {
    let named = BUILT_IN.iter().filter_map(|(name, _)| built_in(name));
    Ok(named.collect::<Result<_, _>>()?)
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
        let controls = profiles.iter().flat_map(|p| p.controls.iter().map(|c| c.id.as_str()));
        let names = known.iter().flat_map(|m| [m.id, m.name]).chain(controls);
        let near = mistakes::nearest(name, names, 3);
        let hint = match near.is_empty() {
            false => format!("did you mean {}?", near.join(", ")),
            true => {
                "`seaworthy explain` lists all checks, `seaworthy explain m1` the controls of M1".to_owned()
            }
        };
        Failure(format!("there is no check or control {}; {hint}", escape_bytes(name.as_bytes())))
    })
}
