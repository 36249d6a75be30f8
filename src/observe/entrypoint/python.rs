//! Python: where the interpreter looks for modules, and whether the one that it is to run is there.
//! <https://docs.python.org/3/library/sys_path_init.html>

use super::machine::{Found, Machine};
use super::{Fault, Started};
use seaworthy_image::Tree;

/// A module as the import system finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    /// Its dotted name.
    pub(crate) name: String,
    /// The folders that were searched for its topmost package.
    pub(crate) search: Vec<Vec<u8>>,
}

/// Where an interpreter looks for modules.
#[derive(Debug, Default)]
struct Search {
    folders: Vec<Vec<u8>>,
    /// Whether something else may find modules, too: import hooks, eggs, zip files.
    hooks: bool,
}

/// `python -m MODULE …`, `python FILE …`.
pub(crate) fn start(
    machine: &Machine<'_>,
    program: &Found<'_>,
    arguments: &[String],
) -> Result<Started, Fault> {
    let mut isolated = false;
    let mut rest = arguments;
    while let Some((first, tail)) = rest.split_first() {
        match first.as_str() {
            "-m" => {
                let Some((name, tail)) = tail.split_first() else {
                    return Err(Fault::Broken("`python -m` names no module".to_owned()));
                };
                let search = search(machine, program, (!isolated).then(|| machine.absolute(".")))?;
                return module(machine, &search, name, tail);
            }
            "-c" => return Ok(Started::Program { what: "python -c".to_owned() }),
            "-W" | "-X" => rest = tail.get(1..).unwrap_or_default(),
            option if option.starts_with("-m") && option.len() > 2 => {
                let search = search(machine, program, (!isolated).then(|| machine.absolute(".")))?;
                return module(machine, &search, option.get(2..).unwrap_or_default(), tail);
            }
            option if option.starts_with('-') && option.len() > 1 => {
                isolated |= !option.starts_with("--") && option.contains(['I', 'P']);
                rest = tail;
            }
            file => {
                let path = machine.absolute(file);
                if machine.filesystem.tree.is_folder(&path) {
                    let main = [path.as_slice(), b"__main__.py"].join(&b'/');
                    return match machine.filesystem.tree.file(&main) {
                        Some((real, _)) => {
                            Ok(Started::Python { file: real, module: None, arguments: tail.to_vec() })
                        }
                        None => Err(Fault::Broken(format!("{file} is a folder without a __main__.py"))),
                    };
                }
                return match machine.filesystem.tree.file(&path) {
                    Some((real, _)) => {
                        Ok(Started::Python { file: real, module: None, arguments: tail.to_vec() })
                    }
                    None => {
                        Err(Fault::Broken(format!("{file}, which Python is to run, is not in the image")))
                    }
                };
            }
        }
    }
    Ok(Started::Program { what: "python".to_owned() })
}

/// A Python script that is run by its `#!` line. One that an installer wrote imports a function and calls it.
pub(crate) fn script(
    machine: &Machine<'_>,
    program: &Found<'_>,
    script: &Found<'_>,
    arguments: &[String],
) -> Result<Started, Fault> {
    let own = Started::Python { file: script.real.clone(), module: None, arguments: arguments.to_vec() };
    let Some(text) = script.content.text() else { return Ok(own) };
    let import = text.lines().find_map(|l| l.strip_prefix("from ")?.split_once(" import "));
    let installed = text.contains("sys.exit(") && text.lines().count() < 30;
    let Some((name, _)) = import.filter(|(n, _)| installed && !n.starts_with('.') && *n != "__future__")
    else {
        return Ok(own);
    };
    let search = search(machine, program, None)?;
    let file = locate(machine, &search, name.trim(), false)?;
    Ok(Started::Python {
        file,
        module: Some(Module { name: name.trim().to_owned(), search: search.folders }),
        arguments: arguments.to_vec(),
    })
}

fn module(
    machine: &Machine<'_>,
    search: &Search,
    name: &str,
    arguments: &[String],
) -> Result<Started, Fault> {
    let file = locate(machine, search, name, true)?;
    if !file.ends_with(b"__main__.py") {
        match machine.filesystem.text(&file) {
            None => {
                let shown = String::from_utf8_lossy(&file);
                return Err(Fault::Unclear(format!("the content of /{shown} was not kept")));
            }
            Some(text) if !does_something(text) => {
                return Err(Fault::Broken(format!(
                    "the module {name} does nothing when it is run: it has no `if __name__ == \"__main__\":`"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(Started::Python {
        file,
        module: Some(Module { name: name.to_owned(), search: search.folders.clone() }),
        arguments: arguments.to_vec(),
    })
}

/// The file of a module; with `run`, the one that `-m` runs.
fn locate(machine: &Machine<'_>, search: &Search, name: &str, run: bool) -> Result<Vec<u8>, Fault> {
    let tree = &machine.filesystem.tree;
    // A hook is asked where the folders have nothing: it adds no modules to a package that they have.
    let absent = |said: String, found: bool| {
        if search.hooks && !found {
            Fault::Unclear(format!("{said}; an import hook or an archive may have it"))
        } else {
            Fault::Broken(said)
        }
    };
    let mut found = false;
    let parts: Vec<&str> = name.split('.').collect();
    if parts.iter().any(|p| p.is_empty() || p.contains('/')) {
        return Err(Fault::Broken(format!("{name} is no name of a module")));
    }
    let mut folders = search.folders.clone();
    for (i, part) in parts.iter().enumerate() {
        let last = i + 1 == parts.len();
        match step(tree, &folders, part) {
            Step::Package(path) if last => {
                let wanted: &[u8] = if run { b"__main__.py" } else { b"__init__.py" };
                let file = [path.as_slice(), wanted].join(&b'/');
                return match tree.file(&file) {
                    Some((real, _)) => Ok(real),
                    None if tree.file(&[path.as_slice(), b"__main__.pyc"].join(&b'/')).is_some() => {
                        Err(Fault::Unclear(format!("the package {name} is there as byte code only")))
                    }
                    None if run => Err(absent(
                        format!("{name} is a package without a __main__ module: `-m` cannot run it"),
                        true,
                    )),
                    None => Err(Fault::Unclear(format!("{name} is a namespace package"))),
                };
            }
            Step::Package(path) => {
                folders = vec![path];
                found = true;
            }
            Step::Namespace(_) if last && run => {
                return Err(absent(
                    format!("{name} is a folder without a __main__ module: `-m` cannot run it"),
                    found,
                ));
            }
            Step::Namespace(paths) => folders = paths,
            Step::Module(path) if last => return Ok(path),
            Step::Module(_) => {
                let head = parts.get(..=i).unwrap_or_default().join(".");
                return Err(absent(
                    format!("the module {name} is not in the image: {head} is not a package"),
                    found,
                ));
            }
            Step::Compiled => {
                return Err(Fault::Unclear(format!("the module {name} is there in compiled form only")));
            }
            Step::Nothing => {
                let head = parts.get(..=i).unwrap_or_default().join(".");
                let said = if last {
                    format!("the module {name} is not in the image")
                } else {
                    format!("the module {name} is not in the image: there is no package {head}")
                };
                return Err(absent(said, found));
            }
        }
    }
    Err(absent(format!("the module {name} is not in the image"), found))
}

enum Step {
    Package(Vec<u8>),
    /// Folders without `__init__`.
    Namespace(Vec<Vec<u8>>),
    Module(Vec<u8>),
    Compiled,
    Nothing,
}

/// One part of a dotted name, in the folders of what comes before it.
fn step(tree: &Tree, folders: &[Vec<u8>], part: &str) -> Step {
    let mut portions = Vec::new();
    for folder in folders {
        let at = |name: String| [folder.as_slice(), name.as_bytes()].join(&b'/');
        let package = at(part.to_owned());
        if tree.file(&[package.as_slice(), b"__init__.py"].join(&b'/')).is_some()
            || tree.file(&[package.as_slice(), b"__init__.pyc"].join(&b'/')).is_some()
        {
            return Step::Package(package);
        }
        if let Some((real, _)) = tree.file(&at(format!("{part}.py"))) {
            return Step::Module(real);
        }
        if tree.file(&at(format!("{part}.pyc"))).is_some() || has_extension(tree, folder, part) {
            return Step::Compiled;
        }
        if tree.is_folder(&package) {
            portions.push(package);
        }
    }
    if portions.is_empty() { Step::Nothing } else { Step::Namespace(portions) }
}

fn has_extension(tree: &Tree, folder: &[u8], part: &str) -> bool {
    let start = format!("{part}.");
    tree.names(folder).iter().any(|n| n.starts_with(start.as_bytes()) && n.ends_with(b".so"))
}

/// The folders that an interpreter searches, with the current one or that of the script first.
fn search(machine: &Machine<'_>, program: &Found<'_>, first: Option<Vec<u8>>) -> Result<Search, Fault> {
    if machine.variable("PYTHONHOME").is_some_and(|v| !v.is_empty()) {
        return Err(Fault::Unclear("the image sets PYTHONHOME, which moves Python's library".to_owned()));
    }
    let tree = &machine.filesystem.tree;
    let mut search = Search::default();
    search.folders.extend(first);
    let own = machine.variable("PYTHONPATH").unwrap_or_default();
    search.folders.extend(own.split(':').filter(|f| !f.is_empty()).map(|f| machine.absolute(f)));
    // A virtual environment is told by a file beside the folder of the interpreter, as it was called.
    let folder_of = |path: &[u8]| parent(&parent(path));
    let mut prefixes = Vec::new();
    let called = folder_of(&program.path);
    let settings = machine.filesystem.tree.file(&[called.as_slice(), b"pyvenv.cfg"].join(&b'/'));
    match settings {
        Some((_, node)) => {
            prefixes.push(called);
            let text = machine.filesystem.content(node).text().unwrap_or_default();
            let shares = text.lines().filter_map(|l| l.split_once('=')).any(|(k, v)| {
                k.trim() == "include-system-site-packages" && v.trim().eq_ignore_ascii_case("true")
            });
            if shares {
                prefixes.push(folder_of(&program.real));
            }
            libraries(tree, &folder_of(&program.real), &program.real, false, &mut search);
        }
        None => prefixes.push(folder_of(&program.real)),
    }
    for prefix in prefixes {
        libraries(tree, &prefix, &program.real, true, &mut search);
        // Debian's own place for packages that pip installs.
        if prefix == b"usr" {
            libraries(tree, b"usr/local", &program.real, true, &mut search);
        }
    }
    let sites: Vec<Vec<u8>> = search.folders.clone();
    for site in sites {
        path_files(machine, &site, &mut search);
    }
    Ok(search)
}

/// The library folders below a prefix: those of the interpreter's version, or of all if its name does not tell it.
fn libraries(tree: &Tree, prefix: &[u8], interpreter: &[u8], site: bool, search: &mut Search) {
    let name = interpreter.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let exact = name.strip_prefix(b"python").is_some_and(|v| v.contains(&b'.'));
    for lib in [&b"lib"[..], b"lib64"] {
        let root = if prefix.is_empty() { lib.to_vec() } else { [prefix, lib].join(&b'/') };
        for folder in tree.names(&root) {
            // `python3` beside `python3.12` is Debian's folder for all versions.
            let version =
                folder.starts_with(b"python3") && (!exact || folder == name || folder == b"python3");
            if !version {
                continue;
            }
            let library = [root.as_slice(), &folder].join(&b'/');
            if site {
                for packages in [&b"site-packages"[..], b"dist-packages"] {
                    let path = [library.as_slice(), packages].join(&b'/');
                    if tree.is_folder(&path) {
                        search.folders.push(path);
                    }
                }
            }
            search.folders.push(library);
        }
    }
}

/// `.pth` files add folders; a line that begins with `import` runs code.
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
                // These are everywhere, and find no modules but those in the folders beside them.
                let harmless = name == b"distutils-precedence.pth" || name.ends_with(b"-nspkg.pth");
                search.hooks |= !harmless;
            } else {
                let path = if line.starts_with('/') {
                    line.as_bytes().to_vec()
                } else {
                    [site, line.as_bytes()].join(&b'/')
                };
                search.folders.push(path);
            }
        }
    }
}

fn parent(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default().to_vec()
}

/// Whether a module does something when it is run: it asks whether it is, or calls something at its top level.
fn does_something(text: &str) -> bool {
    let asks = |line: &str| line.contains("__name__") && line.contains("__main__");
    let calls = |line: &str| {
        let name = line.split('(').next().unwrap_or_default();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let called = line.contains('(') && !name.is_empty() && name.chars().all(is_name);
        called
            || line.starts_with("raise SystemExit")
            || line.starts_with("with ")
            || line.starts_with("while ")
    };
    text.lines().any(|line| asks(line) || calls(line))
}
