//! JavaScript: modules that a program loads at its top level, and whether the image has them.
//! <https://nodejs.org/api/modules.html>

use std::collections::BTreeSet;

use super::filesystem::Filesystem;
use super::python::Problem;
use seaworthy_source::LayerPath;

/// Most files that are read for one program.
const MAX_FILES: usize = 500;

/// Modules that node has itself.
const BUILT_IN: [&str; 40] = [
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
    "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net", "os",
    "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "sqlite", "stream", "string_decoder",
    "sys", "test", "timers", "tls", "tty", "url", "util", "v8", "vm",
];

/// Looks through a program and the files of the project that it loads.
pub(crate) fn check(filesystem: &Filesystem<'_>, file: &[u8]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![file.to_vec()];
    while let Some(path) = open.pop() {
        if seen.len() >= MAX_FILES || !seen.insert(path.clone()) {
            continue;
        }
        let Some(text) = filesystem.text(&path) else { continue };
        for (line, name) in loaded(text) {
            match resolve(filesystem, &path, &name) {
                Resolved::File(found) => open.push(found),
                Resolved::Present => {}
                Resolved::Missing => problems.push(Problem {
                    file: path.clone(),
                    line,
                    what: format!("the module {name}, which line {line} loads, is not in the image"),
                    is_certain: true,
                }),
            }
        }
    }
    problems
}

/// What is loaded at the top level of a file: lines that begin with `import … from`, `const … = require(…)` or
/// `require(…)`. Anything that is indented may be under a condition.
fn loaded(text: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let starts = ["import ", "const ", "let ", "var ", "require(", "} from ", "export "];
        if !starts.iter().any(|s| line.starts_with(s)) || line.starts_with("import type ") {
            continue;
        }
        let after = line
            .split_once("require(")
            .map(|(_, rest)| rest)
            .or_else(|| line.split_once(" from ").map(|(_, rest)| rest))
            .or_else(|| line.strip_prefix("import ").filter(|r| r.starts_with(['"', '\''])));
        let Some(rest) = after.map(str::trim_start) else { continue };
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        // A function that loads when it is called, and a name with values in it, are not at the top level.
        let is_lazy = line.contains("=>") || line.contains("function");
        if let Some((name, _)) = rest.get(1..).unwrap_or_default().split_once(quote)
            && !is_lazy
            && !name.is_empty()
        {
            found.push((u32::try_from(index + 1).unwrap_or(u32::MAX), name.to_owned()));
        }
    }
    found
}

enum Resolved {
    File(Vec<u8>),
    Present,
    Missing,
}

fn resolve(filesystem: &Filesystem<'_>, from: &[u8], name: &str) -> Resolved {
    let folder = |path: &[u8]| path.rsplitn(2, |b| *b == b'/').nth(1).unwrap_or_default().to_vec();
    let bare = name.strip_prefix("node:").unwrap_or(name);
    let top = bare.split('/').next().unwrap_or_default();
    // `#x` is named by the package itself; a URL is not a file of the image.
    if name.starts_with("node:") || BUILT_IN.contains(&top) || name.starts_with('#') || name.contains("://") {
        return Resolved::Present;
    }
    if name.starts_with("./") || name.starts_with("../") || matches!(name, "." | "..") || name.starts_with('/') {
        let whole = if name.starts_with('/') {
            name.as_bytes().to_vec()
        } else {
            [folder(from).as_slice(), name.as_bytes()].join(&b'/')
        };
        let base = LayerPath::clean(&whole).as_bytes().to_vec();
        for ending in ["", ".js", ".mjs", ".cjs", ".json", ".node", "/index.js", "/index.mjs", "/package.json"] {
            if let Some((real, _)) = filesystem.tree.file(&[base.as_slice(), ending.as_bytes()].concat()) {
                return Resolved::File(real);
            }
        }
        return Resolved::Missing;
    }
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let package: Vec<&str> = name.split('/').take(parts).collect();
    let package = package.join("/");
    let mut at = folder(from);
    loop {
        let candidate = if at.is_empty() {
            format!("node_modules/{package}").into_bytes()
        } else {
            [at.as_slice(), format!("node_modules/{package}").as_bytes()].join(&b'/')
        };
        if filesystem.tree.is_folder(&candidate) || filesystem.tree.file(&candidate).is_some() {
            return Resolved::Present;
        }
        if at.is_empty() {
            return Resolved::Missing;
        }
        at = folder(&at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_at_the_top() {
        let text = "const a = require('./a');\nimport b from \"b\";\nimport './c.js';\n  require('./later');\nconst d = () => require('d');\nimport type { T } from './t';\n";
        let names: Vec<String> = loaded(text).into_iter().map(|(_, n)| n).collect();
        assert_eq!(names, ["./a", "b", "./c.js"]);
    }
}
