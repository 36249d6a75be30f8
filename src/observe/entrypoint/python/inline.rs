//! `python -c TEXT`: whether the text is Python, and whether the modules that it imports are there. What it then does
//! with modules of the project is not followed.

use super::super::machine::Machine;
use super::super::{Fault, Started};
use super::collect::imported;
use super::guard::Guards;
use super::imports::{Finder, Target, changes_search};
use super::syntax::{SyntaxFault, parse_text};
use super::{Script, Search};

pub(super) fn start(machine: &Machine<'_>, search: Search, text: &str) -> Result<Started, Fault> {
    let body = match parse_text(text, search.version) {
        Ok((body, _)) => body,
        Err(SyntaxFault::Invalid(line)) => {
            return Err(Fault::Broken(format!("line {line} of `python -c` is not valid Python")));
        }
        Err(SyntaxFault::Unclear(reason)) => return Err(Fault::Unclear(format!("`python -c`: {reason}"))),
    };
    let guards = Guards { version: search.version, is_main: true };
    let script = Script { file: Vec::new(), name: None, search, arguments: Vec::new(), package: None };
    let finder = Finder { filesystem: machine.filesystem, script: &script };
    let mut own = None;
    let mut unclear = None;
    for (module, _) in imported(&body, "", guards) {
        match finder.find(&module) {
            Target::Missing { part, why, is_certain } => {
                let what = format!("the module {part}, which `python -c` imports, is not in the image{why}");
                if is_certain && !changes_search(text) {
                    return Err(Fault::Broken(what));
                }
                unclear.get_or_insert(what);
            }
            Target::Source { path, .. } if finder.is_own(&path) => {
                own.get_or_insert(module);
            }
            _ => {}
        }
    }
    let own = own.map(|module| format!("what `python -c` does with {module} is not followed"));
    match unclear.or(own) {
        Some(reason) => Err(Fault::Unclear(reason)),
        None => Ok(Started::Program { what: "python -c".to_owned(), has_words: false }),
    }
}
