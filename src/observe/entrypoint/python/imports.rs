//! The modules that a program imports whatever happens, and whether the image has them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::{Access, Account, Refused};
use super::super::filesystem::Filesystem;
use super::super::machine::Machine;
use super::ast::{Alias, Stmt, StmtKind};
use super::collect::{Collector, Import, named_import};
use super::guard::Guards;
use super::locate::{Step, step};
use super::syntax::{Module, Modules, Parsed, SyntaxFault};
use super::unbound::{self, Reached};
use super::{Script, parent, stdlib};

/// Most modules that are read for one program.
const MAX_MODULES: usize = 4_000;

/// Most problems that are told of one program.
const MAX_PROBLEMS: usize = 20;

/// Something that keeps a program from starting, or that keeps that from being known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file.
    pub(crate) file: Vec<u8>,
    /// Its line, from 1.
    pub(crate) line: u32,
    /// What is wrong, or why it is not known.
    pub(crate) what: String,
    /// Whether it is certain.
    pub(crate) is_certain: bool,
}

/// Parses a program and all first-party modules that it may import, in functions and under conditions, too.
pub(crate) fn load<'a>(machine: &Machine<'a>, script: &Script) -> Modules<'a> {
    let filesystem = machine.filesystem;
    let finder = Finder { filesystem, script };
    let mut modules = Modules::default();
    let own = script.name.clone().unwrap_or_default();
    let is_package = script.file.ends_with(b"/__main__.py") && script.name.is_some();
    let mut open = vec![(script.file.clone(), own.clone(), is_package)];
    let find = |name: &str, open: &mut Vec<(Vec<u8>, String, bool)>| {
        if let Target::Source { path, is_package } = finder.find(name)
            && finder.is_own(&path)
        {
            open.push((path, name.to_owned(), is_package));
        }
    };
    prefixes(&own).iter().for_each(|name| find(name, &mut open));
    while let Some((path, name, is_package)) = open.pop() {
        if modules.contains(&path) || modules.len() >= MAX_MODULES {
            continue;
        }
        let parsed = machine.parsed.module(filesystem, &path, script.search.version);
        if let Ok(module) = parsed.as_ref() {
            let package = package_of(&name, is_package);
            let mut all = BTreeSet::new();
            all_imports(&module.body, &package, &mut all);
            for found in all {
                prefixes(&found).iter().for_each(|name| find(name, &mut open));
                find(&found, &mut open);
            }
        }
        modules.insert(path, parsed);
    }
    modules
}

/// Collects the names of all modules that a module imports anywhere, and of all names that may be modules.
fn all_imports(body: &[Stmt], package: &str, found: &mut BTreeSet<String>) {
    for statement in body {
        match &statement.kind {
            StmtKind::Import(aliases) => found.extend(aliases.iter().map(|alias| alias.name.clone())),
            StmtKind::ImportFrom { level, module, names } => {
                let module = absolute(package, *level, module).filter(|m| !m.starts_with('.'));
                if let Some(module) = module {
                    found.extend(names.iter().map(|alias| format!("{module}.{}", alias.name)));
                    found.insert(module);
                }
            }
            StmtKind::Expr(value) | StmtKind::Assign { value, .. } => {
                found.extend(named_import(value).map(str::to_owned));
            }
            kind => kind.bodies().into_iter().for_each(|body| all_imports(body, package, found)),
        }
    }
}

/// The package that a module's relative imports begin at.
pub(super) fn package_of(name: &str, is_package: bool) -> String {
    if is_package {
        return name.to_owned();
    }
    name.rsplit_once('.').map(|(package, _)| package.to_owned()).unwrap_or_default()
}

/// The absolute name of a relative one. A script has no package: then its dots stay.
pub(super) fn absolute(package: &str, level: usize, name: &str) -> Option<String> {
    if level == 0 {
        return Some(name.to_owned());
    }
    if package.is_empty() {
        return Some(format!(".{name}"));
    }
    let up = level - 1;
    let parts: Vec<&str> = package.split('.').collect();
    let kept = parts.len().checked_sub(up).filter(|n| *n > 0);
    let Some(kept) = kept else { return Some(format!(".{name}")) };
    let mut path = parts.get(..kept)?.to_vec();
    path.extend((!name.is_empty()).then_some(name));
    Some(path.join("."))
}

/// Looks through a program and all first-party modules that it imports when it is started.
pub(crate) fn check<'a>(machine: &Machine<'a>, modules: &Modules<'a>, script: &Script) -> Vec<Problem> {
    let filesystem = machine.filesystem;
    let mut graph = Graph {
        filesystem,
        account: &machine.account,
        parsed: &machine.parsed,
        modules,
        script,
        finder: Finder { filesystem, script },
        problems: Vec::new(),
        changes: None,
        seen: BTreeSet::new(),
        reached: Vec::new(),
        names: BTreeMap::new(),
    };
    graph.run();
    graph.problems.extend(unbound::check(modules, graph.finder, &graph.reached));
    if let Some(problem) = super::idle::check(modules, script, &graph.finder) {
        graph.problems.push(problem);
    }
    let mut problems = graph.problems;
    if let Some(place) = graph.changes {
        // What is not found may be where the program looks besides.
        for problem in problems.iter_mut().filter(|p| p.is_certain && p.what.contains("not in the image")) {
            problem.is_certain = false;
            problem.what = format!("{}; {place} changes where modules are looked for", problem.what);
        }
    }
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// What a dotted name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file of Python. A package's is its `__init__.py`.
    Source { path: Vec<u8>, is_package: bool },
    /// A directory without `__init__.py`.
    Namespace(Vec<Vec<u8>>),
    /// Something that is there and has no source: compiled, built in.
    Opaque,
    /// Nothing; the part of the name that is not there, and why that is certain or not.
    Missing { part: String, why: String, is_certain: bool },
}

/// Finds modules.
#[derive(Clone, Copy)]
pub(super) struct Finder<'f, 'a> {
    pub(super) filesystem: &'f Filesystem<'a>,
    pub(super) script: &'f Script,
}

impl Finder<'_, '_> {
    /// What a dotted name leads to.
    pub(super) fn find(&self, name: &str) -> Target {
        let search = &self.script.search;
        let tree = &self.filesystem.tree;
        let top = name.split('.').next().unwrap_or_default();
        let mut directories = search.directories.clone();
        let parts: Vec<&str> = name.split('.').collect();
        let mut inside = false;
        for (i, part) in parts.iter().enumerate() {
            let is_last = i + 1 == parts.len();
            match step(tree, search, &directories, part) {
                Step::Package(path) => {
                    let init = [path.as_slice(), b"__init__.py"].join(&b'/');
                    if is_last {
                        return match tree.file(&init) {
                            Some((path, _)) => Target::Source { path, is_package: true },
                            None => Target::Opaque,
                        };
                    }
                    inside = true;
                    directories = vec![path];
                }
                Step::Module(path) if is_last => return Target::Source { path, is_package: false },
                Step::Namespace(paths) if is_last => return Target::Namespace(paths),
                Step::Namespace(paths) => {
                    inside = true;
                    directories = paths;
                }
                Step::Compiled => return Target::Opaque,
                // A module may put modules of its own into `sys.modules`, as `os.path` and `six.moves` are.
                Step::Module(path) => {
                    let is_own = !is_library(&path);
                    return if is_own { self.missing(name, i, &parts, true) } else { Target::Opaque };
                }
                Step::Nothing if i == 0 && self.is_built_in(top) => return Target::Opaque,
                Step::Nothing => return self.missing(name, i, &parts, inside),
            }
        }
        Target::Opaque
    }

    /// Whether the interpreter has a module of the standard library that no file shows.
    fn is_built_in(&self, top: &str) -> bool {
        let search = &self.script.search;
        if search.version.is_some_and(|v| stdlib::absent(top, v).is_some()) {
            return false;
        }
        stdlib::has(top) && (!search.has_library || stdlib::may_be_built_in(top))
    }

    fn missing(&self, name: &str, at: usize, parts: &[&str], inside: bool) -> Target {
        let search = &self.script.search;
        let part = parts.get(..=at).unwrap_or_default().join(".");
        let gone = search.version.filter(|_| at == 0).and_then(|v| stdlib::absent(name, v));
        let why = match gone {
            Some(why) => format!(": {why}"),
            None if search.hooks && !inside => "; an import hook or an archive may have it".to_owned(),
            None => String::new(),
        };
        Target::Missing { part, why, is_certain: inside || !search.hooks }
    }

    /// A compiled module of a package that the interpreter does not load, where it has no other form of it.
    fn foreign_module(&self, package: &[u8]) -> Option<String> {
        let tree = &self.filesystem.tree;
        let names = tree.names(package);
        names.iter().find_map(|name| {
            let name = std::str::from_utf8(name).ok().filter(|n| n.ends_with(".so"))?;
            let (part, ending) = name.split_once('.')?;
            let is_foreign = !self.script.search.loads(ending)
                && matches!(step(tree, &self.script.search, &[package.to_vec()], part), Step::Nothing);
            is_foreign.then(|| name.to_owned())
        })
    }

    /// Whether a module is the project's own: outside the directories of libraries, or of the package that is run.
    pub(super) fn is_own(&self, path: &[u8]) -> bool {
        if !is_library(path) {
            return true;
        }
        let of_module = self.script.name.as_deref().and_then(|n| n.split('.').next());
        let of_script = self.script.package.as_deref();
        let Some(top) = of_module.or(of_script).filter(|top| !top.is_empty()) else { return false };
        let below = [b"/".as_slice(), top.as_bytes(), b"/"].concat();
        // What was not kept of a console script's package is a library to it.
        let is_kept = || of_module.is_some() || self.filesystem.text(path).is_some();
        memchr::memmem::find(path, &below).is_some() && is_kept()
    }
}

/// Whether a path is in a directory of libraries.
fn is_library(path: &[u8]) -> bool {
    let mut parts = path.split(|b| *b == b'/').peekable();
    while let Some(part) = parts.next() {
        let is_lib = part == b"lib" || part == b"lib64";
        let is_version = parts.peek().is_some_and(|next| next.starts_with(b"python3"));
        if part == b"site-packages" || part == b"dist-packages" || is_lib && is_version {
            return true;
        }
    }
    false
}

/// A module that is to be looked through.
struct Job {
    path: Vec<u8>,
    /// Its dotted name; empty for a script.
    name: String,
    is_package: bool,
    is_main: bool,
}

struct Graph<'f, 'a> {
    filesystem: &'f Filesystem<'a>,
    account: &'f Account,
    parsed: &'f Parsed<'a>,
    modules: &'f Modules<'a>,
    script: &'f Script,
    finder: Finder<'f, 'a>,
    problems: Vec<Problem>,
    /// Where the program changes the directories that are searched.
    changes: Option<String>,
    seen: BTreeSet<Vec<u8>>,
    /// The modules that were gone through.
    reached: Vec<Reached>,
    /// What each module defines; nothing if it may define anything.
    names: BTreeMap<Vec<u8>, Option<BTreeSet<String>>>,
}

impl<'a> Graph<'_, 'a> {
    fn run(&mut self) {
        let mut open = vec![Job {
            path: self.script.file.clone(),
            name: self.script.name.clone().unwrap_or_default(),
            is_package: self.script.file.ends_with(b"/__main__.py") && self.script.name.is_some(),
            is_main: true,
        }];
        // `-m a.b.c` imports `a` and `a.b` first.
        let packages: Vec<String> = self.script.name.iter().flat_map(|n| prefixes(n)).collect();
        for package in packages {
            self.enqueue(&package, &mut open);
        }
        while let Some(job) = open.pop() {
            if !self.seen.insert(job.path.clone()) {
                continue;
            }
            if !self.can_read(&job.path, &job.path, 1) {
                continue;
            }
            match self.modules.get(&job.path) {
                None => {
                    let reason = format!("the program has more than {MAX_MODULES} modules");
                    self.tell(&job.path, 1, reason, false);
                }
                Some(Ok(module)) => {
                    self.module(module, &job, &mut open);
                    let Job { path, name, is_package, is_main } = job;
                    self.reached.push(Reached { path, name, is_package, is_main });
                }
                Some(Err(SyntaxFault::Invalid(line))) => {
                    let what = format!("line {line} is not valid Python");
                    self.tell(&job.path, *line, what, true);
                }
                Some(Err(SyntaxFault::Unclear(reason))) => {
                    let what = format!("what it imports is not known: {reason}");
                    self.tell(&job.path, 1, what, false);
                }
            }
        }
    }

    fn tell(&mut self, file: &[u8], line: u32, what: String, is_certain: bool) {
        let problem = Problem { file: file.to_vec(), line, what, is_certain };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Whether the container's user can read a module; tells that it cannot where it is imported.
    fn can_read(&mut self, path: &[u8], file: &[u8], line: u32) -> bool {
        let refused = self.account.refused(self.filesystem, Access::Read, path);
        let Some((why, is_certain)) = refused.map(Refused::into_parts) else { return true };
        self.tell(file, line, why, is_certain);
        !is_certain
    }

    fn enqueue(&self, name: &str, open: &mut Vec<Job>) {
        if let Target::Source { path, is_package } = self.finder.find(name)
            && self.finder.is_own(&path)
        {
            open.push(Job { path, name: name.to_owned(), is_package, is_main: false });
        }
    }

    fn module(&mut self, module: &Module<'a>, job: &Job, open: &mut Vec<Job>) {
        if self.changes.is_none() && changes_search(module.text) {
            self.changes = Some(format!("/{}", String::from_utf8_lossy(&job.path)));
        }
        let package = package_of(&job.name, job.is_package);
        let guards = Guards { version: self.script.search.version, is_main: job.is_main };
        let mut collector = Collector { package: &package, guards, imports: Vec::new() };
        collector.statements(&module.body);
        let imports = collector.imports;
        if module.is_cut {
            self.tell(&job.path, 1, "it is nested deeper than is followed".to_owned(), false);
        }
        for import in imports {
            self.import(&job.path, &import, open);
        }
    }

    fn import(&mut self, file: &[u8], import: &Import<'_>, open: &mut Vec<Job>) {
        if import.module.starts_with('.') {
            let what = "a relative import has no package here: the file is run as a script".to_owned();
            self.tell(file, import.line, what, true);
            return;
        }
        for package in prefixes(&import.module) {
            self.enqueue(&package, open);
        }
        let target = self.finder.find(&import.module);
        if !matches!(&target, Target::Source { path, .. } if self.finder.is_own(path)) {
            self.names_by_version(file, import);
        }
        let (path, is_package) = match target {
            Target::Missing { part, why, is_certain } => {
                let of = if part == import.module { String::new() } else { format!(" of {}", import.module) };
                let what = format!(
                    "the module {part}{of}, which line {} imports, is not in the image{why}",
                    import.line
                );
                self.tell(file, import.line, what, is_certain);
                return;
            }
            Target::Source { path, is_package } => (path, is_package),
            Target::Namespace(directories) => {
                for alias in import.names.iter().filter(|a| a.name != "*") {
                    self.submodule(file, import, alias, &directories, open);
                }
                return;
            }
            Target::Opaque => return,
        };
        if !self.finder.is_own(&path) {
            if is_package && let Some(name) = self.finder.foreign_module(&parent(&path)) {
                let what = format!(
                    "{}, which line {} imports, has the compiled module {name}, which is for another Python or processor",
                    import.module, import.line
                );
                self.tell(file, import.line, what, false);
            }
            if self.can_read(&path, file, import.line) && file == self.script.file {
                self.of_library(file, import, &path, is_package);
            }
            return;
        }
        self.enqueue(&import.module, open);
        let defined = self.defined(&path);
        for alias in import.names.iter().filter(|a| a.name != "*") {
            let name = alias.name.as_str();
            let is_dunder = name.starts_with("__") && name.ends_with("__");
            if defined.as_ref().is_none_or(|names| names.contains(name)) || is_dunder {
                // A name may be that of a module, too, which is then imported.
                self.enqueue(&format!("{}.{name}", import.module), open);
            } else if is_package {
                self.submodule(file, import, alias, &[parent(&path)], open);
            } else {
                let what =
                    format!("{} has no {name}, which line {} imports from it", import.module, import.line);
                self.tell(file, import.line, what, true);
            }
        }
    }

    /// Names that a module of the standard library does not have in the image's version.
    fn names_by_version(&mut self, file: &[u8], import: &Import<'_>) {
        let Some(version) = self.script.search.version else { return };
        for alias in import.names {
            if let Some(why) = super::versions::lacks(&import.module, &alias.name, version) {
                let what = format!(
                    "{} has no {}, which line {} imports from it: {why}",
                    import.module, alias.name, import.line
                );
                self.tell(file, import.line, what, true);
            }
        }
    }

    /// What a script takes from a library: a console script's function may be gone from its package.
    fn of_library(&mut self, file: &[u8], import: &Import<'_>, path: &[u8], is_package: bool) {
        let is_script = self.script.name.is_none() && !is_package && !path.is_empty();
        if !is_script {
            return;
        }
        let parsed = self.parsed.module(self.filesystem, path, self.script.search.version);
        let Some(defined) = parsed.as_ref().as_ref().ok().and_then(super::names::defined) else { return };
        for alias in import.names.iter().filter(|a| a.name != "*" && !defined.contains(&a.name)) {
            let what = format!(
                "{} has no {}, which line {} imports from it",
                import.module, alias.name, import.line
            );
            self.tell(file, import.line, what, true);
        }
    }

    /// A name that must be a module of a package.
    fn submodule(
        &mut self,
        file: &[u8],
        import: &Import<'_>,
        alias: &Alias,
        directories: &[Vec<u8>],
        open: &mut Vec<Job>,
    ) {
        let name = format!("{}.{}", import.module, alias.name);
        match step(&self.filesystem.tree, &self.script.search, directories, &alias.name) {
            Step::Nothing => {
                let what =
                    format!("the module {name}, which line {} imports, is not in the image", import.line);
                self.tell(file, import.line, what, true);
            }
            _ => self.enqueue(&name, open),
        }
    }

    /// The names that a module defines; nothing if it may define any.
    fn defined(&mut self, path: &[u8]) -> Option<BTreeSet<String>> {
        if let Some(known) = self.names.get(path) {
            return known.clone();
        }
        // A circle of star imports is open.
        self.names.insert(path.to_vec(), None);
        let names = match self.modules.get(path) {
            Some(Ok(module)) => super::names::defined(module),
            _ => None,
        };
        self.names.insert(path.to_vec(), names.clone());
        names
    }
}

/// `a` and `a.b` of `a.b.c`.
fn prefixes(name: &str) -> Vec<String> {
    name.match_indices('.').filter_map(|(i, _)| name.get(..i)).map(str::to_owned).collect()
}

/// Whether a module changes where modules are looked for.
pub(super) fn changes_search(text: &str) -> bool {
    let words = [
        "sys.path.insert(",
        "sys.path.append(",
        "sys.path.extend(",
        "sys.path[",
        "sys.path =",
        "sys.path +=",
        "addsitedir(",
        "sys.meta_path",
        "path_hooks",
        "__path__",
        "sys.modules[",
    ];
    let code = |line: &&str| !line.trim_start().starts_with('#');
    text.lines().filter(code).any(|line| words.iter().any(|w| line.contains(w)))
}
