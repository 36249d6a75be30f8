//! JavaScript: modules that a program loads at its top level, and whether the image has them.
//! <https://nodejs.org/api/modules.html>

mod module;
mod package;
pub(crate) mod scripts;
mod syntax;

use std::collections::BTreeSet;

use super::Fault;
use super::filesystem::Filesystem;
use super::machine::Machine;
use super::python::Problem;
use seaworthy_source::LayerPath;

/// Most files that are read for one program.
const MAX_FILES: usize = 500;

/// Modules that node has itself and finds without `node:` before their names.
const BUILT_IN: [&str; 42] = [
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// How node loads modules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loader {
    /// The directories that `NODE_PATH` names, in their order.
    directories: Vec<Vec<u8>>,
    /// Major and minor version of node, where the image tells them.
    version: Option<(u32, u32)>,
    /// Whether something that is loaded first may change how modules are found and read.
    is_other: bool,
    /// The variables that the image sets.
    variables: BTreeSet<String>,
}

impl Loader {
    /// The one of a machine, for the words of a command.
    pub(crate) fn of(machine: &Machine<'_>, words: &[String]) -> Self {
        // The official images set it.
        let version = machine.variable("NODE_VERSION").and_then(|v| {
            let mut parts = v.trim_start_matches('v').split('.');
            Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
        });
        let options = machine.variable("NODE_OPTIONS").unwrap_or_default();
        let all = options.split_whitespace().chain(words.iter().map(String::as_str));
        let is_other =
            all.clone().any(|word| {
                let name = word.split('=').next().unwrap_or_default();
                let changes = ["--loader", "--experimental-loader", "--experimental-specifier-resolution"];
                PRELOADS.contains(&name) || changes.contains(&name)
            }) || words.iter().any(|w| ["tsx", "ts-node", "babel-node", "esno"].contains(&w.as_str()));
        Self { directories: directories(machine), version, is_other, variables: machine.variables() }
    }
}

/// Looks through a program and the files of the project that it loads.
pub(crate) fn check(filesystem: &Filesystem<'_>, file: &[u8], loader: &Loader) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let modules = module::Modules::new(filesystem, loader);
    let mut open = vec![file.to_vec()];
    let unread =
        |path: &[u8], what: String| Problem { file: path.to_vec(), line: 1, what, is_certain: false };
    while let Some(path) = open.pop() {
        if seen.contains(&path) {
            continue;
        }
        if seen.len() >= MAX_FILES {
            let reason = format!("it loads more than {MAX_FILES} files; the rest was not read");
            problems.push(unread(&path, reason));
            break;
        }
        seen.insert(path.clone());
        // Data, and libraries of the machine's own code, load nothing.
        if [&b".json"[..], b".node", b".wasm"].iter().any(|end| path.ends_with(end)) {
            continue;
        }
        let Some(text) = filesystem.text(&path) else {
            let shown = String::from_utf8_lossy(&path);
            problems.push(unread(&path, format!("the content of /{shown} was not kept, or is not UTF-8")));
            continue;
        };
        let is_code = module::is_code(&path);
        if is_code {
            problems.extend(modules.problems(&path));
        }
        let is_module = is_code && modules.is_module(&path) == Some(true);
        // Another language than JavaScript is looked through by its lines.
        let loads = modules.loads(&path).unwrap_or_else(|| {
            loaded(text).into_iter().map(|(line, name)| (line, name, !is_module)).collect()
        });
        for (line, name, is_require) in loads {
            let resolved = resolve(filesystem, &path, &name, loader, is_require);
            if let (Resolved::File(found) | Resolved::Library(found), true) = (&resolved, is_require)
                && let Some((why, is_certain)) = modules.refuses_require(found)
            {
                let what = format!("{name}, which line {line} requires, {why}");
                problems.push(Problem { file: path.clone(), line, what, is_certain });
            }
            match resolved {
                Resolved::File(found) => open.push(found),
                Resolved::Present | Resolved::Library(_) => {}
                Resolved::Broken(settings) => problems.push(Problem {
                    file: path.clone(),
                    line,
                    what: format!("{settings} of {name}, which line {line} loads, is not valid JSON"),
                    is_certain: true,
                }),
                Resolved::Missing => problems.push(Problem {
                    file: path.clone(),
                    line,
                    what: format!("the module {name}, which line {line} loads, is not in the image"),
                    is_certain: true,
                }),
                Resolved::NotExported => problems.push(Problem {
                    file: path.clone(),
                    line,
                    what: format!("its package does not export {name}, which line {line} loads"),
                    is_certain: !loader.is_other,
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
    /// A file of a package of others.
    Library(Vec<u8>),
    /// Settings of its package that cannot be read.
    Broken(String),
    Present,
    Missing,
    /// Its package keeps it to itself.
    NotExported,
}

/// The directories that `NODE_PATH` names, in their order.
fn directories(machine: &Machine<'_>) -> Vec<Vec<u8>> {
    let path = machine.variable("NODE_PATH").unwrap_or_default();
    path.split(':').filter(|part| !part.is_empty()).map(|part| machine.absolute(part)).collect()
}

/// Options of node whose value is the next word, if it is no part of the option's own.
const VALUED: [&str; 6] =
    ["-C", "--conditions", "--title", "--loader", "--experimental-loader", "--input-type"];

/// Options that take no value, which programs are given most often.
const SWITCHES: [&str; 12] = [
    "--enable-source-maps",
    "--no-warnings",
    "--no-deprecation",
    "--trace-warnings",
    "--trace-uncaught",
    "--experimental-vm-modules",
    "--experimental-json-modules",
    "--experimental-strip-types",
    "--use-strict",
    "--abort-on-uncaught-exception",
    "--expose-gc",
    "--preserve-symlinks",
];

/// Options that load a module before the program.
const PRELOADS: [&str; 3] = ["-r", "--require", "--import"];

/// The words of node without those of its own options that have values; what `--require` and `--import` load, there or in
/// `NODE_OPTIONS`, has to be in the image.
pub(crate) fn without_preloads(machine: &Machine<'_>, arguments: &[String]) -> Result<Vec<String>, Fault> {
    let mut kept = Vec::new();
    let is_missing_file = |name: &str| machine.filesystem.tree.file(&machine.absolute(name)).is_none();
    let set = machine.variable("NODE_OPTIONS").unwrap_or_default();
    let set: Vec<String> = set.split_whitespace().map(str::to_owned).collect();
    let mut named: Vec<String> = Vec::new();
    for (is_own, all) in [(false, set.as_slice()), (true, arguments)] {
        let mut words = all.iter();
        while let Some(word) = words.next() {
            let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(n, v)| (n, Some(v)));
            if PRELOADS.contains(&name) {
                named.extend(value.map(str::to_owned).or_else(|| words.next().cloned()));
            } else if name == "--env-file" {
                let file = value.map(str::to_owned).or_else(|| words.next().cloned()).unwrap_or_default();
                if !Machine::is_unknown(&file) && is_missing_file(&file) {
                    let what = format!("{file}, which node reads its variables from, is not in the image");
                    return Err(Fault::Broken(what));
                }
            } else if is_own && (SWITCHES.contains(&name) || value.is_some() && name.starts_with("--")) {
                // It says nothing of what is run.
            } else if VALUED.contains(&name) {
                if value.is_none() {
                    words.next();
                }
            } else {
                kept.extend(is_own.then(|| word.clone()));
                if is_own && !word.starts_with('-') {
                    // The rest is the program's.
                    kept.extend(words.by_ref().cloned());
                }
            }
        }
    }
    let from = machine.absolute("program.js");
    let loader = Loader { directories: directories(machine), is_other: true, ..Loader::default() };
    let is_missing = |name: &&String| {
        !Machine::is_unknown(name)
            && matches!(resolve(machine.filesystem, &from, name, &loader, true), Resolved::Missing)
    };
    match named.iter().find(is_missing) {
        Some(name) => Err(Fault::Broken(format!("{name}, which node loads first, is not in the image"))),
        None => Ok(kept),
    }
}

/// Modules that node has by names that begin with `node:` alone, each with the first version that has it.
const PREFIXED: [(&str, (u32, u32)); 4] =
    [("test", (18, 0)), ("test/reporters", (18, 15)), ("sea", (20, 0)), ("sqlite", (22, 5))];

/// Modules below others that node has.
const BELOW: [&str; 13] = [
    "assert/strict",
    "dns/promises",
    "fs/promises",
    "inspector/promises",
    "path/posix",
    "path/win32",
    "readline/promises",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "timers/promises",
    "util/types",
    "module",
];

/// Whether node has a module itself: `fs`, `fs/promises`, `node:test`.
fn is_built_in(name: &str) -> bool {
    let top = name.split('/').next().unwrap_or_default();
    name.starts_with("node:") || BUILT_IN.contains(&top)
}

/// Whether no version of node, or not this one, has a module of its own by a name that begins with `node:`.
fn lacks_built_in(name: &str, version: Option<(u32, u32)>) -> bool {
    let Some(name) = name.strip_prefix("node:") else { return false };
    match PREFIXED.iter().find(|(own, _)| *own == name) {
        Some((_, since)) => version.is_some_and(|v| v < *since),
        None if name.contains('/') => !BELOW.contains(&name),
        // Later versions may have more of them.
        None => !BUILT_IN.contains(&name) && version.is_none_or(|(major, _)| major <= 26),
    }
}

/// The directory that a file is in.
fn directory_of(path: &[u8]) -> Vec<u8> {
    path.rsplitn(2, |b| *b == b'/').nth(1).unwrap_or_default().to_vec()
}

/// What a name stands for in a file, by `require`, which tries endings, or by `import`, which does not.
fn resolve(
    filesystem: &Filesystem<'_>,
    from: &[u8],
    name: &str,
    loader: &Loader,
    is_require: bool,
) -> Resolved {
    let directory = directory_of;
    if lacks_built_in(name, loader.version) {
        return Resolved::Missing;
    }
    if name.starts_with('#') {
        return by_own_name(filesystem, from, name, is_require);
    }
    // A URL is not a file of the image.
    if is_built_in(name) || name.contains("://") {
        return Resolved::Present;
    }
    if name.starts_with("./")
        || name.starts_with("../")
        || matches!(name, "." | "..")
        || name.starts_with('/')
    {
        let whole = if name.starts_with('/') {
            name.as_bytes().to_vec()
        } else {
            [directory(from).as_slice(), name.as_bytes()].join(&b'/')
        };
        let base = LayerPath::clean(&whole).as_bytes().to_vec();
        let endings =
            ["", ".js", ".mjs", ".cjs", ".json", ".node", "/index.js", "/index.mjs", "/package.json"];
        let is_strict = !is_require && !loader.is_other;
        for ending in endings.into_iter().take(if is_strict { 1 } else { endings.len() }) {
            if let Some((real, _)) = filesystem.tree.file(&[base.as_slice(), ending.as_bytes()].concat()) {
                return Resolved::File(real);
            }
        }
        return Resolved::Missing;
    }
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let package: Vec<&str> = name.split('/').take(parts).collect();
    let package = package.join("/");
    let is_in = |directory: &[u8]| {
        let mut whole = directory.to_vec();
        whole.extend((!directory.is_empty()).then_some(b'/'));
        whole.extend(package.as_bytes());
        let endings = [&b""[..], b".js", b".json", b".node"];
        filesystem.tree.is_directory(&whole)
            || endings.iter().any(|e| filesystem.tree.file(&[whole.as_slice(), e].concat()).is_some())
    };
    if let Some(resolved) = by_itself(filesystem, from, &package, name, is_require) {
        return resolved;
    }
    let mut at = directory(from);
    loop {
        let modules =
            if at.is_empty() { b"node_modules".to_vec() } else { [&at, &b"node_modules"[..]].join(&b'/') };
        if is_in(&modules) {
            return in_package(filesystem, &modules, &package, name, is_require);
        }
        if at.is_empty() {
            break;
        }
        at = directory(&at);
    }
    if loader.directories.iter().any(|f| is_in(f)) { Resolved::Present } else { Resolved::Missing }
}

/// What a name that begins with `#` stands for, by the `imports` of the package that a file is in.
fn by_own_name(filesystem: &Filesystem<'_>, from: &[u8], name: &str, is_require: bool) -> Resolved {
    let Some(settings) = package::above(filesystem, from) else { return Resolved::Missing };
    let Some(text) = filesystem.text(&settings).filter(|t| !package::is_broken(t)) else {
        return Resolved::Present;
    };
    match package::own_name(text, name, is_require) {
        Some(file) if file.starts_with("./") => {
            let whole =
                [directory_of(&settings).as_slice(), file.trim_start_matches("./").as_bytes()].join(&b'/');
            let found = filesystem.tree.file(LayerPath::clean(&whole).as_bytes());
            found.map_or(Resolved::Missing, |(real, _)| Resolved::File(real))
        }
        Some(_) => Resolved::Present,
        None => Resolved::Missing,
    }
}

/// What a package takes from itself by its own name, if it exports anything.
/// <https://nodejs.org/api/packages.html#self-referencing-a-package-using-its-name>
fn by_itself(
    filesystem: &Filesystem<'_>,
    from: &[u8],
    package: &str,
    name: &str,
    is_require: bool,
) -> Option<Resolved> {
    let settings = package::above(filesystem, from)?;
    let text = filesystem.text(&settings)?;
    let whole: serde_json::Value = serde_json::from_str(text).ok()?;
    let is_own = whole.get("name").and_then(serde_json::Value::as_str) == Some(package);
    whole.get("exports").filter(|e| is_own && !e.is_null())?;
    let path = format!(".{}", name.strip_prefix(package).unwrap_or_default());
    Some(match package::exported(text, &path, is_require) {
        package::Exported::Nothing => Resolved::NotExported,
        package::Exported::File(file) if !file.contains('\u{1}') => {
            let whole =
                [directory_of(&settings).as_slice(), file.trim_start_matches("./").as_bytes()].join(&b'/');
            let found = filesystem.tree.file(LayerPath::clean(&whole).as_bytes());
            found.map_or(Resolved::Missing, |(real, _)| Resolved::File(real))
        }
        _ => Resolved::Present,
    })
}

/// What a name stands for in its package, by what that exports.
fn in_package(
    filesystem: &Filesystem<'_>,
    modules: &[u8],
    package: &str,
    name: &str,
    is_require: bool,
) -> Resolved {
    let root = [modules, package.as_bytes()].join(&b'/');
    let settings = [root.as_slice(), b"package.json"].join(&b'/');
    let Some(text) = filesystem.text(&settings) else { return Resolved::Present };
    if package::is_broken(text) {
        return Resolved::Broken("package.json".to_owned());
    }
    let path = format!(".{}", name.strip_prefix(package).unwrap_or_default());
    match package::exported(text, &path, is_require) {
        package::Exported::Nothing => Resolved::NotExported,
        package::Exported::File(file) if !file.contains('\u{1}') => {
            let whole = [root.as_slice(), file.trim_start_matches("./").as_bytes()].join(&b'/');
            match filesystem.tree.file(LayerPath::clean(&whole).as_bytes()) {
                Some((real, _)) => Resolved::Library(real),
                None => Resolved::Missing,
            }
        }
        package::Exported::All if name == package => match package::main(filesystem, &root, text) {
            Some(file) => Resolved::Library(file),
            None => Resolved::Missing,
        },
        _ => Resolved::Present,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_node_itself() {
        for name in
            ["zlib", "worker_threads", "trace_events", "wasi", "fs/promises", "node:test", "node:sqlite"]
        {
            assert!(is_built_in(name), "{name}");
        }
        for name in ["test", "sqlite", "express"] {
            assert!(!is_built_in(name), "{name}");
        }
    }

    #[test]
    fn what_is_loaded_at_the_top() {
        let text = "const a = require('./a');\nimport b from \"b\";\nimport './c.js';\n  require('./later');\nconst d = () => require('d');\nimport type { T } from './t';\n";
        let names: Vec<String> = loaded(text).into_iter().map(|(_, n)| n).collect();
        assert_eq!(names, ["./a", "b", "./c.js"]);
    }
}
