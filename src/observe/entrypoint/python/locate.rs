//! Finds the file of a module, as the import system does.

use super::super::Fault;
use super::super::machine::Machine;
use super::search::Search;
use seaworthy_image::Tree;

/// The file of a module; with `run`, the one that `-m` runs.
pub(super) fn locate(
    machine: &Machine<'_>,
    search: &Search,
    name: &str,
    run: bool,
) -> Result<Vec<u8>, Fault> {
    let tree = &machine.filesystem.tree;
    // A hook is asked where the directories have nothing: it adds no modules to a package that they have.
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
    let mut directories = search.directories.clone();
    for (i, part) in parts.iter().enumerate() {
        let last = i + 1 == parts.len();
        match step(tree, search, &directories, part) {
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
                directories = vec![path];
                found = true;
            }
            Step::Namespace(paths) if last && run => {
                // `-m` runs a directory without `__init__.py`, too.
                let main = |path: &Vec<u8>| tree.file(&[path.as_slice(), b"__main__.py"].join(&b'/'));
                if let Some((real, _)) = paths.iter().find_map(main) {
                    return Ok(real);
                }
                return Err(absent(
                    format!("{name} is a directory without a __main__ module: `-m` cannot run it"),
                    found,
                ));
            }
            Step::Namespace(paths) => directories = paths,
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

/// What a part of a dotted name leads to.
pub(super) enum Step {
    Package(Vec<u8>),
    /// Directories without `__init__`.
    Namespace(Vec<Vec<u8>>),
    Module(Vec<u8>),
    Compiled,
    Nothing,
}

/// One part of a dotted name, in the directories of what comes before it.
pub(super) fn step(tree: &Tree, search: &Search, directories: &[Vec<u8>], part: &str) -> Step {
    let mut portions = Vec::new();
    for directory in directories {
        let at = |name: String| [directory.as_slice(), name.as_bytes()].join(&b'/');
        let package = at(part.to_owned());
        if tree.file(&[package.as_slice(), b"__init__.py"].join(&b'/')).is_some()
            || tree.file(&[package.as_slice(), b"__init__.pyc"].join(&b'/')).is_some()
        {
            return Step::Package(package);
        }
        if let Some((real, _)) = tree.file(&at(format!("{part}.py"))) {
            return Step::Module(real);
        }
        if tree.file(&at(format!("{part}.pyc"))).is_some() || has_extension(tree, search, directory, part) {
            return Step::Compiled;
        }
        if tree.is_directory(&package) {
            portions.push(package);
        }
    }
    if portions.is_empty() { Step::Nothing } else { Step::Namespace(portions) }
}

fn has_extension(tree: &Tree, search: &Search, directory: &[u8], part: &str) -> bool {
    let start = format!("{part}.");
    let is_one = |name: &[u8]| {
        let ending = name.get(start.len()..).and_then(|e| std::str::from_utf8(e).ok());
        name.ends_with(b".so") && ending.is_some_and(|e| search.loads(e))
    };
    tree.names_from(directory, start.as_bytes()).any(is_one)
}
