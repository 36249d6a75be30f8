mod files;
mod go;
mod matching;
mod reaching;
mod walking;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use super::{Builder, Context, IgnoreRules};

/// A directory with these entries: `name/` is a directory, `name -> target` a link, all else a file.
fn tree(entries: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for entry in entries {
        let (name, target) =
            entry.split_once(" -> ").map_or((*entry, None), |(name, target)| (name, Some(target)));
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match target {
            Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            None if name.ends_with('/') => fs::create_dir_all(path).unwrap(),
            None => fs::write(path, name).unwrap(),
        }
    }
    root
}

fn rules(text: &str, builder: Builder) -> IgnoreRules {
    IgnoreRules::parse(text.as_bytes(), ".dockerignore", builder).unwrap()
}

fn walk(root: &Path, rules: &IgnoreRules) -> Context {
    Context::walk(root, rules, NonZeroUsize::new(2).unwrap()).unwrap()
}

fn names(context: &Context) -> Vec<String> {
    context.files.iter().map(|f| f.path.display().to_string()).collect()
}
