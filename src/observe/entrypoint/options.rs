//! Which options and subcommands a program knows, by its source.

use std::collections::BTreeSet;

use super::filesystem::Filesystem;
use super::python::Module;

/// How deep imports of the same package are followed.
const DEPTH: usize = 2;

/// How many modules are read for one entrypoint.
const MOST_MODULES: usize = 100;

/// The source of a program, as far as it was read.
pub(crate) struct Source<'s> {
    texts: Vec<&'s str>,
    /// Why something may be missing, if it may.
    pub(crate) partial: Option<String>,
}

impl<'s> Source<'s> {
    /// One file.
    pub(crate) fn file(filesystem: &Filesystem<'s>, path: &[u8]) -> Self {
        match filesystem.text(path) {
            Some(text) => Self { texts: vec![text], partial: None },
            None => Self { texts: Vec::new(), partial: Some("its source was not kept".to_owned()) },
        }
    }

    /// A Python module, and what it imports from its own package.
    pub(crate) fn python(filesystem: &Filesystem<'s>, path: &[u8], module: Option<&Module>) -> Self {
        let mut source = Self::file(filesystem, path);
        let Some(module) = module else {
            let local = source.texts.iter().any(|t| imports(t, "").iter().any(|i| i.contains('.')));
            if local {
                source.partial = Some("what a script imports is not followed".to_owned());
            }
            return source;
        };
        let package = module.name.split('.').next().unwrap_or_default();
        let inside = path.ends_with(b"__main__.py") || path.ends_with(b"__init__.py");
        let own = if inside { format!("{}.x", module.name) } else { module.name.clone() };
        let mut seen: BTreeSet<String> = [module.name.clone()].into();
        let mut level: Vec<(String, &'s str)> = source.texts.iter().map(|t| (own.clone(), *t)).collect();
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for (name, text) in level {
                for import in imports(text, &name) {
                    let ours = import == package || import.starts_with(&format!("{package}."));
                    if !ours || !seen.insert(import.clone()) {
                        continue;
                    }
                    if source.texts.len() >= MOST_MODULES {
                        source.partial =
                            Some(format!("it imports more than {MOST_MODULES} modules of its package"));
                        return source;
                    }
                    let Some((name, text)) = read(filesystem, module, &import) else { continue };
                    source.texts.push(text);
                    next.push((name, text));
                }
            }
            level = next;
        }
        source
    }

    /// Whether the source knows an option: it stands there as a text, or follows from a parameter's name, or is the
    /// beginning of a longer one, which parsers complete.
    pub(crate) fn knows_option(&self, option: &str) -> bool {
        let name = option.trim_start_matches('-');
        let parameter = name.replace('-', "_");
        self.texts.iter().any(|text| {
            let typer = text.contains("typer") || text.contains("cyclopts") || text.contains("fire.Fire");
            // What docopt reads is a text; of any other parser an option is a word of its own in quotes.
            let written = if text.contains("docopt") { is_shown } else { is_quoted };
            text.match_indices(option).any(|(at, _)| written(text, at, option) && !is_comment(text, at))
                || (typer && has_parameter(text, &parameter))
                || text.contains(&format!(".option(\"{name}\""))
                || text.contains(&format!(".option('{name}'"))
        })
    }

    /// Whether the source knows a subcommand.
    pub(crate) fn knows_subcommand(&self, name: &str) -> bool {
        let function = format!("def {}(", name.replace('-', "_"));
        let quoted = [format!("\"{name}\""), format!("'{name}'")];
        self.texts.iter().any(|t| t.contains(&function) || quoted.iter().any(|q| t.contains(q.as_str())))
    }

    /// Why it is not certain that the source shows all options, if it is not.
    pub(crate) fn unclear(&self) -> Option<String> {
        if let Some(reason) = &self.partial {
            return Some(reason.clone());
        }
        let has = |words: &[&str]| self.texts.iter().any(|t| words.iter().any(|w| t.contains(w)));
        if has(&[
            "parse_known_args",
            "ignore_unknown_options",
            "allow_extra_args",
            "add_argument(*",
            "parents=",
            "sys.argv",
        ]) {
            return Some("its parser takes options that are not written out".to_owned());
        }
        let dynamic = self.texts.iter().any(|t| {
            t.match_indices("add_argument(").any(|(at, call)| {
                let rest = t.get(at + call.len()..).unwrap_or_default().trim_start();
                !rest.starts_with(['"', '\'', ')', '#'])
            })
        });
        if dynamic {
            return Some("its parser makes options from variables".to_owned());
        }
        if !has(&[
            "ArgumentParser(",
            "@click.",
            "click.command",
            "typer.Typer(",
            "typer.run(",
            "@app.command",
            "OptionParser(",
        ]) {
            return Some("no parser that is understood (argparse, click, typer) is in its source".to_owned());
        }
        // Somebody else's function may add options to the parser.
        let foreign = has(&["(parser)", "(parser,", "build_parser(", "make_parser(", "get_parser("]);
        let defined = has(&[
            "def build_parser",
            "def make_parser",
            "def get_parser",
            "def add_",
            "def _add_",
            "def _build",
            "def main",
        ]);
        (foreign && !defined).then(|| "its parser is made by a function that is not in its source".to_owned())
    }
}

/// Whether an option stands somewhere in a text as a word.
fn is_shown(text: &str, at: usize, _: &str) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    matches!(before, Some('"' | '\'' | '/' | ' ' | '|' | '(' | '\t' | '\n' | ',' | '['))
}

/// Whether an option, or a longer one that begins so, is all of a text in quotes, or one of the names in it that a slash
/// sets apart: `"--shout/--no-shout"`. In a docstring or a message it is not.
fn is_quoted(text: &str, at: usize, option: &str) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let opens = |quote: char| before.ends_with(quote) && !before.ends_with(&String::from(quote).repeat(3));
    let rest = text.get(at + option.len()..).unwrap_or_default();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let closes = rest.trim_start_matches(' ').starts_with('/') || rest.starts_with(['"', '\'', '=']);
    let apart = before.trim_end_matches(' ').ends_with('/');
    (opens('"') || opens('\'') || apart) && closes
}

fn is_comment(text: &str, at: usize) -> bool {
    let line = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    // A `#` in quotes begins none.
    let mut quote = None;
    line.chars().any(|c| {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        quote.is_none() && c == '#'
    })
}

/// `name: type` as a parameter.
fn has_parameter(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back()).unwrap_or(' ');
        let rest = text.get(at + name.len()..).unwrap_or_default().trim_start();
        !before.is_alphanumeric() && before != '_' && rest.starts_with([':', '='])
    })
}

/// A module of the package, or the package that an imported name is in.
fn read<'s>(filesystem: &Filesystem<'s>, module: &Module, import: &str) -> Option<(String, &'s str)> {
    let path = import.replace('.', "/");
    for folder in &module.search {
        let at = |ending: &str| [folder.as_slice(), format!("{path}{ending}").as_bytes()].join(&b'/');
        if let Some(text) = filesystem.text(&at(".py")) {
            return Some((import.to_owned(), text));
        }
        if let Some(text) = filesystem.text(&at("/__init__.py")) {
            return Some((format!("{import}.x"), text));
        }
    }
    None
}

/// The modules that a text imports, relative names made absolute by the importing module's own; both the module of a
/// `from … import` and each name in it, which may be a module, too.
fn imports(text: &str, own: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        if let Some(rest) = line.strip_prefix("import ") {
            out.extend(rest.split(',').filter_map(|m| m.split_whitespace().next()).map(str::to_owned));
        } else if let Some((module, names)) =
            line.strip_prefix("from ").and_then(|r| r.split_once(" import "))
        {
            let Some(module) = absolute(module.trim(), own) else { continue };
            let mut names = names.to_owned();
            // A list in parentheses may go on over lines.
            if names.contains('(') && !names.contains(')') {
                for more in lines.by_ref().take(200) {
                    names.push_str(more);
                    if more.contains(')') {
                        break;
                    }
                }
            }
            let names = names.split('#').next().unwrap_or_default().replace(['(', ')'], " ");
            for name in names.split(',').filter_map(|n| n.split_whitespace().next()) {
                out.push(if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") });
            }
            out.push(module);
        }
    }
    out.retain(|m| !m.is_empty());
    out
}

/// `.x` seen from `a.b` is `a.x`, `..x` is `x` of the package above.
fn absolute(module: &str, own: &str) -> Option<String> {
    let name = module.trim_start_matches('.');
    let dots = module.len() - name.len();
    if dots == 0 {
        return Some(name.to_owned());
    }
    let parts: Vec<&str> = own.split('.').collect();
    let kept = parts.len().checked_sub(dots)?;
    let mut path: Vec<&str> = parts.get(..kept)?.to_vec();
    if !name.is_empty() {
        path.push(name);
    }
    Some(path.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_made_absolute() {
        let text = "import os, a.b as c\nfrom . import x\nfrom ..y import (\n    z,\n    w,\n)\n    from .q import *\n";
        let found = imports(text, "a.b.c");
        for name in ["os", "a.b", "a.b.x", "a.y", "a.y.z", "a.y.w", "a.b.q"] {
            assert!(found.iter().any(|f| f == name), "{name}: {found:?}");
        }
    }
}
