//! Where an interpreter looks for modules. <https://docs.python.org/3/library/sys_path_init.html>

use super::super::Fault;
use super::super::machine::{Found, Machine};
use seaworthy_image::Tree;

/// A version of Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u8,
    pub(crate) minor: u8,
}

/// Where an interpreter looks for modules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) directories: Vec<Vec<u8>>,
    /// Whether something else may find modules, too: import hooks, eggs, zip files.
    pub(crate) hooks: bool,
    /// The interpreter's version, if its name or its library tells it.
    pub(crate) version: Option<Version>,
    /// Whether the image holds the standard library.
    pub(crate) has_library: bool,
    /// How far the interpreter is told to optimize (`-O`, `-OO`): it leaves out assertions, then docstrings.
    pub(crate) optimizes: u8,
    /// What names of compiled modules call the image's processor, if that is known.
    pub(crate) machine: Option<&'static str>,
    /// Whether it is another interpreter than CPython.
    pub(crate) is_other: bool,
}

impl Search {
    /// Whether a compiled module is one that the interpreter loads, by what stands in its name after the module's:
    /// `cpython-311-x86_64-linux-gnu.so`, `abi3.so`, `so`. <https://peps.python.org/pep-3149/>
    pub(super) fn loads(&self, ending: &str) -> bool {
        let Some(tag) = ending.strip_suffix(".so").and_then(|e| e.strip_prefix("cpython-")) else {
            return true;
        };
        let (version, place) = tag.split_once('-').unwrap_or((tag, ""));
        let is_version =
            |v: Version| version.trim_end_matches(['d', 'm', 't', 'u']) == format!("{}{}", v.major, v.minor);
        let is_machine = |machine: &str| place.is_empty() || place.starts_with(machine);
        self.is_other || self.version.is_none_or(is_version) && self.machine.is_none_or(is_machine)
    }
}

/// What an interpreter begins its search with.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The current directory or that of the script.
    pub(super) first: Option<Vec<u8>>,
    /// Whether PYTHONPATH is left alone (`-I`, `-E`).
    pub(super) ignores_environment: bool,
    /// Whether the packages of the user are left alone (`-I`, `-s`).
    pub(super) ignores_user: bool,
    /// How often `-O` is given.
    pub(super) optimizes: u8,
}

/// The directories that an interpreter searches.
pub(super) fn search(machine: &Machine<'_>, program: &Found<'_>, start: Start) -> Result<Search, Fault> {
    if machine.variable("PYTHONHOME").is_some_and(|v| !v.is_empty()) && !start.ignores_environment {
        return Err(Fault::Unclear("the image sets PYTHONHOME, which moves Python's library".to_owned()));
    }
    let tree = &machine.filesystem.tree;
    let set = machine.variable("PYTHONOPTIMIZE").filter(|v| !v.is_empty() && !start.ignores_environment);
    let set = set.map_or(0, |v| v.parse().unwrap_or(1));
    let name = program.real.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let is_other = name.starts_with(b"pypy") || name.starts_with(b"graal");
    let machine_of = machine.extension_machine().filter(|_| !is_other);
    let mut search =
        Search { optimizes: start.optimizes.max(set), machine: machine_of, is_other, ..Search::default() };
    search.directories.extend(start.first);
    let own = machine.variable("PYTHONPATH").filter(|_| !start.ignores_environment).unwrap_or_default();
    search.directories.extend(own.split(':').filter(|f| !f.is_empty()).map(|f| machine.absolute(f)));
    // An archive on the path is not looked into.
    search.hooks |= search.directories.iter().any(|d| tree.file(d).is_some());
    // A virtual environment is told by a file beside the directory of the interpreter, as it was called.
    let directory_of = |path: &[u8]| parent(&parent(path));
    let mut prefixes = Vec::new();
    let called = directory_of(&program.path);
    let settings = machine.filesystem.tree.file(&[called.as_slice(), b"pyvenv.cfg"].join(&b'/'));
    match settings {
        Some((_, node)) => {
            libraries(tree, &directory_of(&program.real), &program.real, false, &mut search);
            prefixes.push(called);
            let text = machine.filesystem.content(node).text().unwrap_or_default();
            let setting = |name: &str| {
                let mut pairs = text.lines().filter_map(|l| l.split_once('='));
                pairs.find(|(k, _)| k.trim() == name).map(|(_, v)| v.trim().to_owned())
            };
            search.version = setting("version").as_deref().and_then(Version::parse);
            if setting("include-system-site-packages").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
                prefixes.push(directory_of(&program.real));
            }
        }
        None => prefixes.push(directory_of(&program.real)),
    }
    for prefix in prefixes {
        libraries(tree, &prefix, &program.real, true, &mut search);
        // Debian's own place for packages that pip installs.
        if prefix == b"usr" {
            libraries(tree, b"usr/local", &program.real, true, &mut search);
        }
    }
    let ignores = (start.ignores_user, start.ignores_environment);
    user_packages(machine, program, ignores, &mut search);
    // A file of paths counts where packages are installed, and nowhere else.
    let is_site = |d: &&Vec<u8>| [&b"site-packages"[..], b"dist-packages"].iter().any(|end| d.ends_with(end));
    let sites: Vec<Vec<u8>> = search.directories.iter().filter(is_site).cloned().collect();
    for site in sites {
        path_files(machine, &site, &mut search);
    }
    let name = program.real.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let by_name = name.strip_prefix(b"python").and_then(|v| Version::parse(&String::from_utf8_lossy(v)));
    search.version = by_name.or(search.version).or_else(|| version_of(&search.directories));
    Ok(search)
}

/// What `pip install --user` installed for the container's user: the directory that Python's `site` adds outside virtual
/// environments, `~/.local/lib/pythonX.Y/site-packages`. <https://docs.python.org/3/library/site.html>
fn user_packages(
    machine: &Machine<'_>,
    program: &Found<'_>,
    (ignores_user, ignores_environment): (bool, bool),
    search: &mut Search,
) {
    let is_set = |name: &str| machine.variable(name).is_some_and(|v| !v.is_empty()) && !ignores_environment;
    let called = parent(&parent(&program.path));
    let is_virtual = machine.filesystem.tree.file(&[called.as_slice(), b"pyvenv.cfg"].join(&b'/')).is_some();
    if ignores_user || is_set("PYTHONNOUSERSITE") || is_virtual {
        return;
    }
    let base = match machine.variable("PYTHONUSERBASE").filter(|v| !v.is_empty()) {
        Some(base) => machine.absolute(base),
        None => {
            let home = machine
                .variable("HOME")
                .map(str::to_owned)
                .or_else(|| machine.account.home(machine.filesystem));
            let Some(home) = home.filter(|h| h.starts_with('/')) else { return };
            machine.absolute(&format!("{home}/.local"))
        }
    };
    let known = search.directories.len();
    libraries(&machine.filesystem.tree, &base, &program.real, true, search);
    // The library itself is none of the user's.
    let own: Vec<Vec<u8>> =
        search.directories.drain(known..).filter(|d| d.ends_with(b"site-packages")).collect();
    search.directories.extend(own);
}

impl Version {
    /// Reads `3.12`, and `3.12.4` as the same.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let major = parts.next()?.parse().ok()?;
        Some(Self { major, minor: parts.next()?.parse().ok()? })
    }
}

/// The version that the library directories are of, if they are all of one.
fn version_of(directories: &[Vec<u8>]) -> Option<Version> {
    let of = |directory: &Vec<u8>| {
        let text = String::from_utf8_lossy(directory).into_owned();
        let part = text.split('/').find_map(|p| p.strip_prefix("python"))?;
        Version::parse(part)
    };
    let mut all: Vec<Version> = directories.iter().filter_map(of).collect();
    all.sort_unstable();
    all.dedup();
    (all.len() == 1).then(|| all.first().copied()).flatten()
}

/// The library directories below a prefix: those of the interpreter's version, or of all if its name does not tell it.
fn libraries(tree: &Tree, prefix: &[u8], interpreter: &[u8], site: bool, search: &mut Search) {
    let name = interpreter.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let exact = name.strip_prefix(b"python").is_some_and(|v| v.contains(&b'.'));
    for lib in [&b"lib"[..], b"lib64"] {
        let root = if prefix.is_empty() { lib.to_vec() } else { [prefix, lib].join(&b'/') };
        for directory in tree.names(&root) {
            // `python312.zip`: the library as an archive.
            search.hooks |= directory.starts_with(b"python3") && directory.ends_with(b".zip");
            // `python3` beside `python3.12` is Debian's directory for all versions.
            let version =
                directory.starts_with(b"python3") && (!exact || directory == name || directory == b"python3");
            let library = [root.as_slice(), &directory].join(&b'/');
            if !version || !tree.is_directory(&library) {
                continue;
            }
            search.has_library |= tree.file(&[library.as_slice(), b"os.py"].join(&b'/')).is_some()
                || tree.file(&[library.as_slice(), b"os.pyc"].join(&b'/')).is_some();
            let mut add = |part: &[u8]| {
                let path = [library.as_slice(), part].join(&b'/');
                if tree.is_directory(&path) {
                    search.directories.push(path);
                }
            };
            add(b"lib-dynload");
            if site {
                add(b"site-packages");
                add(b"dist-packages");
            }
            search.directories.push(library);
        }
    }
}

/// `.pth` files add directories; a line that begins with `import` runs code.
fn path_files(machine: &Machine<'_>, site: &[u8], search: &mut Search) {
    let tree = &machine.filesystem.tree;
    for name in tree.names(site) {
        search.hooks |= name.ends_with(b".egg") || name.ends_with(b".egg-link");
        if !name.ends_with(b".pth") {
            continue;
        }
        let Some(text) = machine.filesystem.text(&[site, &name].join(&b'/')) else {
            search.hooks = true;
            continue;
        };
        for line in text.lines().map(str::trim_end).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if line.starts_with("import ") || line.starts_with("import\t") {
                // These are everywhere, and find no modules but those in the directories beside them.
                let harmless = name == b"distutils-precedence.pth"
                    || name == b"_virtualenv.pth"
                    || name.ends_with(b"-nspkg.pth");
                search.hooks |= !harmless;
            } else {
                let path = if line.starts_with('/') {
                    line.as_bytes().to_vec()
                } else {
                    [site, line.as_bytes()].join(&b'/')
                };
                search.directories.push(path);
            }
        }
    }
}

/// The directory that a path is in.
pub(super) fn parent(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_modules_are_of_a_version_and_a_processor() {
        let version = Some(Version { major: 3, minor: 11 });
        let search = Search { version, machine: Some("x86_64-"), ..Search::default() };
        for (ending, loads) in [
            ("so", true),
            ("abi3.so", true),
            ("cpython-311-x86_64-linux-gnu.so", true),
            ("cpython-312-x86_64-linux-gnu.so", false),
            ("cpython-311-aarch64-linux-gnu.so", false),
            ("cpython-311d-x86_64-linux-gnu.so", true),
        ] {
            assert_eq!(search.loads(ending), loads, "{ending}");
        }
        assert!(Search { version: None, ..search.clone() }.loads("cpython-38-x86_64-linux-gnu.so"));
        assert!(Search { is_other: true, ..search }.loads("cpython-38-x86_64-linux-gnu.so"));
    }
}
