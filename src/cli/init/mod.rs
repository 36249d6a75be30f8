//! `seaworthy init`: a first contract, guessed openly from what lies in a repository.

mod recognise;
mod render;
mod survey;

use std::path::Path;

use super::Failure;
use super::args::Init as Arguments;
use super::output::Terminal;
use crate::check::Masker;
use crate::contract::Contract;
use crate::rule::Rules;
use crate::store;

/// The contract's file.
const CONTRACT: &str = "seaworthy.toml";

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    let path = arguments.directory.join(CONTRACT);
    let exists = || {
        Failure(format!(
            "{}: exists and is left as it is; --print shows what would be written",
            path.display()
        ))
    };
    if !arguments.print && std::fs::symlink_metadata(&path).is_ok() {
        return Err(exists());
    }
    let mut survey = survey::survey(&arguments.directory)?;
    // Names of files, parameters and variables are copied; one that is a secret itself is not.
    let rules = Rules::load(&[], &[])?;
    let masker = Masker::new(&rules);
    survey.mask(|text| masker.mask(text));
    let text = masker.mask(&render::render(&survey));
    Contract::parse(&text, Path::new(CONTRACT)).map_err(|e| {
        Failure(format!("the guesses make no contract ({e}); please report it, and write {CONTRACT} by hand"))
    })?;
    for left_out in &survey.left_out {
        terminal.warn(left_out);
    }
    if arguments.print {
        terminal.print(text.as_bytes())?;
        return Ok(0);
    }
    if !store::create_atomically(&path, text.as_bytes())? {
        return Err(exists());
    }
    terminal.note(&format!("{}: written; read each guess before you rely on it", path.display()));
    Ok(0)
}
