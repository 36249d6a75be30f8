//! Python: what an interpreter is given to run, whether it is there, parses and finds its modules, and which command
//! lines it takes. <https://docs.python.org/3/using/cmdline.html>

mod application;
mod arity;
mod ast;
mod collect;
mod convert;
mod django;
mod evaluate;
mod guard;
mod idle;
mod imports;
mod inline;
mod locate;
mod names;
mod search;
mod server;
mod stdlib;
mod strict;
mod syntax;
mod unbound;
mod versions;

use super::machine::{Found, Machine};
use super::{Fault, Started};
use locate::locate;
use search::{Start, parent, search};

pub(crate) use django::managed;
pub(crate) use evaluate::interface;
pub(crate) use idle::says_idle;
pub(crate) use imports::{Problem, check, load};
pub(crate) use search::{Search, Version};
pub(crate) use server::served;
pub(crate) use syntax::Parsed;

/// A Python module or script that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// Its path.
    pub(crate) file: Vec<u8>,
    /// Its dotted name, if `-m` runs it.
    pub(crate) name: Option<String>,
    /// Where its interpreter looks for modules.
    pub(crate) search: Search,
    /// The words after it.
    pub(crate) arguments: Vec<String>,
    /// The package that a console script is of: the one that it takes its function from.
    pub(crate) package: Option<String>,
}

/// `python -m MODULE …`, `python FILE …`.
pub(crate) fn start(
    machine: &Machine<'_>,
    program: &Found<'_>,
    arguments: &[String],
) -> Result<Started, Fault> {
    // From 3.11 on the variable does what `-P` does.
    let is_safe = machine.variable("PYTHONSAFEPATH").is_some_and(|v| !v.is_empty());
    let (mut isolated, mut ignores_environment, mut optimizes) = (is_safe, false, 0u8);
    let mut ignores_user = false;
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first() {
        let begin = |first: Option<Vec<u8>>| Start {
            first: first.filter(|_| !isolated),
            ignores_environment,
            ignores_user,
            optimizes,
        };
        match first.as_str() {
            "-m" => {
                let Some((name, tail)) = tail.split_first() else {
                    return Err(Fault::Broken("`python -m` names no module".to_owned()));
                };
                let search = search(machine, program, begin(Some(machine.absolute("."))))?;
                return module(machine, search, name, tail);
            }
            "-c" => {
                let Some(text) = tail.first() else {
                    return Err(Fault::Broken("`python -c` has no program".to_owned()));
                };
                let search = search(machine, program, begin(Some(machine.absolute("."))))?;
                return inline::start(machine, search, text);
            }
            "-W" | "-X" => rest = tail.get(1..).unwrap_or_default(),
            option if option.starts_with("-m") && option.len() > 2 => {
                let search = search(machine, program, begin(Some(machine.absolute("."))))?;
                return module(machine, search, option.get(2..).unwrap_or_default(), tail);
            }
            option if option.starts_with('-') && option.len() > 1 => {
                isolated |= !option.starts_with("--") && option.contains(['I', 'P']);
                ignores_user |= !option.starts_with("--") && option.contains(['I', 's']);
                ignores_environment |= !option.starts_with("--") && option.contains(['I', 'E']);
                let times = if option.starts_with("--") { 0 } else { option.matches('O').count() };
                optimizes = optimizes.saturating_add(u8::try_from(times).unwrap_or(u8::MAX));
                rest = tail;
            }
            file => {
                let path = machine.absolute(file);
                let tree = &machine.filesystem.tree;
                let is_directory = tree.is_directory(&path);
                let path = if is_directory { [path.as_slice(), b"__main__.py"].join(&b'/') } else { path };
                let Some((real, _)) = tree.file(&path) else {
                    return Err(Fault::Broken(match is_directory {
                        true => format!("{file} is a directory without a __main__.py"),
                        false => format!("{file}, which Python is to run, is not in the image"),
                    }));
                };
                machine.readable(&real)?;
                let search = search(machine, program, begin(Some(parent(&real))))?;
                return Ok(Started::Python(Script {
                    file: real,
                    name: None,
                    search,
                    arguments: tail.to_vec(),
                    package: None,
                }));
            }
        }
    }
    Ok(Started::Program { what: "python".to_owned(), has_words: false })
}

/// A Python script that is run by its `#!` line, those that an installer wrote among them.
pub(crate) fn script(
    machine: &Machine<'_>,
    program: &Found<'_>,
    script: &Found<'_>,
    arguments: &[String],
) -> Result<Started, Fault> {
    let first = Some(parent(&script.real));
    let begin = Start { first, ignores_environment: false, ignores_user: false, optimizes: 0 };
    Ok(Started::Python(Script {
        file: script.real.clone(),
        name: None,
        search: search(machine, program, begin)?,
        arguments: arguments.to_vec(),
        package: package_of(script),
    }))
}

/// The package that a console script takes its function from: `from orders.cli import main`.
fn package_of(script: &Found<'_>) -> Option<String> {
    let is_program =
        [&b"/bin/"[..], b"/sbin/"].iter().any(|d| memchr::memmem::find(&script.path, d).is_some());
    let text = script.content.text().filter(|_| is_program || script.path.starts_with(b"bin/"))?;
    let imported = text.lines().filter_map(|line| line.strip_prefix("from ")?.split_once(" import "));
    let mut tops = imported.filter_map(|(module, _)| module.trim().split('.').next());
    tops.find(|top| !top.is_empty() && !stdlib::has(top)).map(str::to_owned)
}

fn module(machine: &Machine<'_>, search: Search, name: &str, arguments: &[String]) -> Result<Started, Fault> {
    let file = locate(machine, &search, name, true)?;
    machine.readable(&file)?;
    if machine.filesystem.text(&file).is_none() {
        let shown = String::from_utf8_lossy(&file);
        return Err(Fault::Unclear(format!("the content of /{shown} was not kept, or is not UTF-8")));
    }
    Ok(Started::Python(Script {
        file,
        name: Some(name.to_owned()),
        search,
        arguments: arguments.to_vec(),
        package: None,
    }))
}
