//! What a program asks of the installed packages and of the standard library's version while it starts.
//! <https://docs.python.org/3/library/importlib.metadata.html>

use super::super::versions;
use super::Evaluator;
use super::expression::Arguments;
use super::value::{Scope, Value};

/// Functions that fail where a package is not installed.
const QUESTIONS: [&str; 11] = [
    "importlib.metadata.version",
    "importlib.metadata.distribution",
    "importlib.metadata.metadata",
    "importlib.metadata.files",
    "importlib.metadata.requires",
    "importlib_metadata.version",
    "importlib_metadata.distribution",
    "importlib_metadata.metadata",
    "pkg_resources.get_distribution",
    "pkg_resources.require",
    "pkg_resources.load_entry_point",
];

/// What `from argparse import *` brings; nothing for another module.
pub(super) fn exported(module: &str) -> &'static [&'static str] {
    match module {
        "argparse" => &[
            "ArgumentParser",
            "ArgumentError",
            "ArgumentTypeError",
            "BooleanOptionalAction",
            "FileType",
            "HelpFormatter",
            "ArgumentDefaultsHelpFormatter",
            "RawDescriptionHelpFormatter",
            "RawTextHelpFormatter",
            "MetavarTypeHelpFormatter",
            "Namespace",
            "Action",
            "ONE_OR_MORE",
            "OPTIONAL",
            "PARSER",
            "REMAINDER",
            "SUPPRESS",
            "ZERO_OR_MORE",
        ],
        _ => &[],
    }
}

/// A package's name as installers compare it. <https://packaging.python.org/en/latest/specifications/name-normalization/>
fn normalized(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('_') => {}
            '-' | '_' | '.' => out.push('_'),
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

impl Evaluator<'_, '_> {
    /// `importlib.metadata.version("package")`
    pub(super) fn asks_for_package(&mut self, name: &str, arguments: &Arguments, scope: &Scope, line: u32) {
        if !QUESTIONS.contains(&name) || arguments.is_open {
            return;
        }
        let Some(Value::Text(package)) = arguments.positional.first() else { return };
        // A requirement names its version and extras after it.
        let end =
            package.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(package.len());
        let package = package.get(..end).unwrap_or_default().to_owned();
        if package.is_empty() || self.is_installed(&package) {
            return;
        }
        let what = format!("asks {name} for {package}, which is not installed in the image");
        self.fails(&what, scope, line, !self.script.search.hooks);
    }

    fn is_installed(&self, package: &str) -> bool {
        let own = normalized(package);
        let tree = &self.finder.filesystem.tree;
        let is_one = |entry: &Vec<u8>| {
            let entry = String::from_utf8_lossy(entry);
            let stem = entry.strip_suffix(".dist-info").or_else(|| entry.strip_suffix(".egg-info"));
            let stem = stem.or_else(|| entry.strip_suffix(".egg-link"));
            stem.is_some_and(|s| normalized(s.split('-').next().unwrap_or_default()) == own)
        };
        self.script.search.directories.iter().any(|d| tree.names(d).iter().any(is_one))
    }

    /// A name of a module of the standard library that this version's module does not have.
    pub(super) fn lacks_by_version(&mut self, module: &str, name: &str, scope: &Scope, line: u32) {
        let Some(version) = self.script.search.version else { return };
        if let Some(why) = versions::lacks(module, name, version) {
            self.fails(&format!("uses {module}.{name}: {why}"), scope, line, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages_are_compared_as_installers_do() {
        for (one, two) in [("Present.One", "present-one"), ("a__b", "a-b"), ("ruamel.yaml", "ruamel_yaml")] {
            assert_eq!(normalized(one), normalized(two));
        }
        assert_ne!(normalized("ab"), normalized("a-b"));
    }
}
