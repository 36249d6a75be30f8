//! Which kind of module a file is, and what it takes from others that they do not have.
//! <https://nodejs.org/api/packages.html#determining-module-system>

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::filesystem::Filesystem;
use super::super::python::Problem;
use super::syntax::{self, Exports, Facts, Fault};
use super::{Loader, Resolved, package, resolve};

/// How deep modules that export each other's names are followed.
const MAX_DEPTH: u8 = 20;

/// The kinds of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    CommonJs,
    EcmaScript,
    /// CommonJS, unless node finds out by its syntax that it is none; from which version on it does.
    Plain,
}

/// The kind that a file has by its name and by the `package.json` next to it or above.
fn kind_of(filesystem: &Filesystem<'_>, file: &[u8]) -> Option<Kind> {
    if file.ends_with(b".mjs") {
        return Some(Kind::EcmaScript);
    }
    if file.ends_with(b".cjs") {
        return Some(Kind::CommonJs);
    }
    let Some(path) = package::above(filesystem, file) else { return Some(Kind::Plain) };
    let whole: serde_json::Value = serde_json::from_str(filesystem.text(&path)?).ok()?;
    Some(match whole.get("type").and_then(serde_json::Value::as_str) {
        Some("module") => Kind::EcmaScript,
        Some("commonjs") => Kind::CommonJs,
        _ => Kind::Plain,
    })
}

/// Whether `require` loads modules of ECMAScript: from 20.19 and from 22.12 on.
fn requires_modules(version: (u32, u32)) -> bool {
    let (major, minor) = version;
    major > 22 || major == 22 && minor >= 12 || major == 20 && minor >= 19
}

/// Whether node finds out by its syntax that a file is a module: from 20.19 and from 22.7 on.
fn detects(version: Option<(u32, u32)>) -> Option<bool> {
    version.map(|(major, minor)| major > 22 || major == 22 && minor >= 7 || major == 20 && minor >= 19)
}

/// Whether a file is JavaScript by its name.
pub(super) fn is_code(file: &[u8]) -> bool {
    [&b".js"[..], b".mjs", b".cjs"].iter().any(|end| file.ends_with(end))
}

/// What a file says, or why it was not read.
type Parsed = Rc<Result<Facts, Fault>>;

/// The files of an image as modules: each is parsed once, however many others load it.
pub(super) struct Modules<'f, 'i> {
    filesystem: &'f Filesystem<'i>,
    loader: &'f Loader,
    parsed: RefCell<BTreeMap<Vec<u8>, Parsed>>,
}

impl<'f, 'i> Modules<'f, 'i> {
    pub(super) fn new(filesystem: &'f Filesystem<'i>, loader: &'f Loader) -> Self {
        Self { filesystem, loader, parsed: RefCell::default() }
    }

    /// What a file says; nothing if its content was not kept.
    fn facts(&self, file: &[u8]) -> Option<Parsed> {
        if let Some(known) = self.parsed.borrow().get(file) {
            return Some(Rc::clone(known));
        }
        let facts = Rc::new(syntax::read_facts(self.filesystem.text(file)?));
        self.parsed.borrow_mut().insert(file.to_vec(), Rc::clone(&facts));
        Some(facts)
    }

    /// Whether a file is loaded as a module of ECMAScript; nothing if that is not known.
    pub(super) fn is_module(&self, file: &[u8]) -> Option<bool> {
        match kind_of(self.filesystem, file)? {
            Kind::EcmaScript => Some(true),
            Kind::CommonJs => Some(false),
            Kind::Plain => match self.facts(file)?.as_ref().as_ref().ok()?.is_module {
                None => Some(false),
                Some(_) => detects(self.loader.version).filter(|d| *d),
            },
        }
    }

    /// What a file loads; nothing if it does not parse.
    pub(super) fn loads(&self, file: &[u8]) -> Option<Vec<(u32, String, bool)>> {
        let facts = self.facts(file).filter(|_| is_code(file))?;
        let facts = facts.as_ref().as_ref().ok()?;
        Some(facts.loads.iter().map(|l| (l.line, l.name.clone(), l.is_require)).collect())
    }

    /// Why `require` does not load a file that is there, if it does not, and whether that is certain: it is a module of
    /// ECMAScript.
    pub(super) fn refuses_require(&self, path: &[u8]) -> Option<(&'static str, bool)> {
        if self.loader.is_other || kind_of(self.filesystem, path) != Some(Kind::EcmaScript) || !is_code(path)
        {
            return None;
        }
        match self.loader.version {
            Some(version) if requires_modules(version) => None,
            Some(_) => {
                Some(("is a module of ECMAScript, which `require` loads from node 20.19 and 22.12 on", true))
            }
            None => Some((
                "is a module of ECMAScript, which `require` does not load before node 20.19 and 22.12",
                false,
            )),
        }
    }

    /// What is wrong with how a file uses other modules, the language, and variables of the environment.
    fn uses(&self, file: &[u8], facts: &Facts, is_esm: bool, tell: &mut dyn FnMut(u32, String, bool)) {
        let loader = self.loader;
        if let Some((what, line)) = &facts.refused {
            tell(*line, format!("line {line} {what}"), !loader.is_other);
        }
        for (name, line) in facts.needs.iter().filter(|(name, _)| !loader.variables.contains(name)) {
            let what = format!(
                "line {line} ends the program where the variable {name} is not set, and the image does not set it"
            );
            tell(*line, what, false);
        }
        for load in facts.loads.iter().filter(|l| l.is_plain_data && is_esm && !loader.is_other) {
            let what =
                format!("line {} imports {} without an attribute that says it is JSON", load.line, load.name);
            tell(load.line, what, true);
        }
        for (object, property, line) in &facts.calls {
            let Some((from, is_require)) = facts.wholes.get(object) else { continue };
            if self.lacks(file, from, property, *is_require) {
                let what = format!("{from} has no {property}, which line {line} calls");
                tell(*line, what, true);
            }
        }
        for (name, line) in &facts.called {
            let of = |i: &&syntax::Import| i.is_require && i.names.contains(name);
            let Some(import) = facts.imports.iter().find(of) else { continue };
            if self.lacks(file, &import.from, name, true) {
                let what = format!("{} has no {name}, which line {line} calls", import.from);
                tell(*line, what, true);
            }
        }
    }

    /// Whether another file of the project is known not to have a name.
    fn lacks(&self, file: &[u8], from: &str, name: &str, is_require: bool) -> bool {
        const OF_OBJECTS: [&str; 5] = ["toString", "hasOwnProperty", "valueOf", "isPrototypeOf", "default"];
        let is_relative = from.starts_with("./") || from.starts_with("../");
        if !is_relative || self.loader.is_other || OF_OBJECTS.contains(&name) {
            return false;
        }
        let Resolved::File(path) = resolve(self.filesystem, file, from, self.loader, is_require) else {
            return false;
        };
        let Some(exports) = self.exports(&path, is_require) else { return false };
        !self.has(&path, &exports, name, &mut BTreeSet::new(), 0)
    }

    /// What is wrong with a file besides modules that are not there.
    pub(super) fn problems(&self, file: &[u8]) -> Vec<Problem> {
        let loader = self.loader;
        let mut found = Vec::new();
        let mut tell = |line: u32, what: String, is_certain: bool| {
            found.push(Problem { file: file.to_vec(), line, what, is_certain });
        };
        let Some(facts) = self.facts(file) else { return found };
        let facts = match facts.as_ref() {
            Ok(facts) => facts,
            Err(Fault::Unread) => {
                let what = "it is too large, or took too long, to be parsed: what it takes from other modules by name and \
                            what it does while it is loaded was not looked at";
                tell(1, what.to_owned(), false);
                return found;
            }
            Err(Fault::Invalid(line)) => {
                let what =
                    format!("line {line} does not parse as JavaScript, by the grammar that is known here");
                tell(*line, what, false);
                return found;
            }
        };
        let kind = kind_of(self.filesystem, file);
        if let (None, Some(path)) = (kind, package::above(self.filesystem, file))
            && self.filesystem.text(&path).is_some_and(package::is_broken)
        {
            tell(
                1,
                format!("/{} is not valid JSON, at which node ends", String::from_utf8_lossy(&path)),
                true,
            );
        }
        self.uses(file, facts, kind == Some(Kind::EcmaScript), &mut tell);
        let is_esm = matches!(kind, Some(Kind::EcmaScript));
        if let Some(line) = facts.is_module {
            match kind {
                Some(Kind::CommonJs) => {
                    let what = format!("line {line} is that of a module, and the file is loaded as CommonJS");
                    tell(line, what, true);
                }
                Some(Kind::Plain) if detects(loader.version) != Some(true) => {
                    let what = format!(
                        "line {line} is that of a module, and nothing says that the file is one: node before 20.19 and 22.7 \
                         loads it as CommonJS; add `\"type\": \"module\"` to its package.json"
                    );
                    tell(line, what, loader.version.is_some());
                }
                _ => {}
            }
        }
        if let Some((name, line)) = facts.of_commonjs.as_ref().filter(|_| is_esm) {
            tell(*line, format!("line {line} uses {name}, which a module of ECMAScript does not have"), true);
        }
        if let Some((what, line)) = facts.ends {
            tell(line, format!("line {line} {what}"), true);
        }
        for import in &facts.imports {
            // What a compiler or another loader makes of the names is its own business.
            if loader.is_other {
                continue;
            }
            let found = resolve(self.filesystem, file, &import.from, loader, import.is_require);
            let (Resolved::File(path) | Resolved::Library(path)) = found else { continue };
            let Some(exports) = self.exports(&path, import.is_require) else { continue };
            let mut seen = BTreeSet::new();
            let lacks = |name: &&String| !self.has(&path, &exports, name, &mut seen, 0);
            let mut lacking = import.names.iter().filter({
                let mut lacks = lacks;
                move |name| lacks(name)
            });
            if let Some(name) = lacking.next() {
                let what = format!("{} has no {name}, which line {} takes from it", import.from, import.line);
                // By `require` the name has no value, which may not be used.
                tell(import.line, what, !import.is_require);
            }
        }
        found
    }

    /// The names that a file gives, if all are known.
    fn exports(&self, path: &[u8], is_require: bool) -> Option<Exports> {
        let facts = self.facts(path).filter(|_| is_code(path))?;
        let facts = facts.as_ref().as_ref().ok()?;
        let exports = match (self.is_module(path)?, is_require) {
            (true, _) => &facts.exports,
            (false, true) => &facts.gives,
            // Which names of a CommonJS module `import` finds is guessed by node; what it does not give at all is not found.
            (false, false) => &facts.gives,
        };
        let mut known = (!exports.is_open).then(|| exports.clone())?;
        if !self.is_module(path)? && !is_require {
            known.names.insert("default".to_owned());
        }
        Some(known)
    }

    /// Whether a module exports a name, or may.
    fn has(&self, path: &[u8], own: &Exports, name: &str, seen: &mut BTreeSet<Vec<u8>>, depth: u8) -> bool {
        if own.names.contains(name) || depth >= MAX_DEPTH {
            return true;
        }
        // `export *` leaves the default out.
        own.all_of.iter().filter(|_| name != "default").any(|from| {
            let Resolved::File(other) = resolve(self.filesystem, path, from, self.loader, false) else {
                return true;
            };
            if !seen.insert(other.clone()) {
                return false;
            }
            match self.exports(&other, false) {
                Some(inner) => self.has(&other, &inner, name, seen, depth + 1),
                None => true,
            }
        })
    }
}
