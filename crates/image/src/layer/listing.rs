//! What is kept of a layer beyond its hashes when its files are asked about: the list of its entries, and the beginning
//! of the files that may matter.

use std::collections::BTreeSet;

use seaworthy_source::LayerPath;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file with content.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, with its target as written.
    Symlink(Vec<u8>),
    /// Another name of a file of the same layer.
    HardLink(LayerPath),
    /// A device or FIFO.
    Special,
}

/// Whom an entry belongs to, by their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user; 0 is root.
    pub user: u32,
    /// The group.
    pub group: u32,
}

/// One entry of a layer's tar, whiteouts included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its cleaned path.
    pub path: LayerPath,
    /// What it is.
    pub kind: EntryKind,
    /// Its permission bits.
    pub mode: u32,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Its size in bytes.
    pub size: u64,
    /// Which entry of the tar it is, from 0.
    pub ordinal: u64,
}

/// The files whose beginning is kept.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Names that a file may have, wherever it lies.
    pub names: BTreeSet<Vec<u8>>,
    /// Directories, at any depth, whose Python modules are wanted: packages.
    pub packages: BTreeSet<Vec<u8>>,
    /// Whether all code outside the directories of libraries is wanted: Python, JavaScript and shell scripts.
    pub own_code: bool,
}

/// Whether a path is in a directory that package managers fill.
fn is_library(path: &[u8]) -> bool {
    let mut parts = path.split(|b| *b == b'/').peekable();
    while let Some(part) = parts.next() {
        let is_version = parts.peek().is_some_and(|next| next.starts_with(b"python"));
        let names = [&b"site-packages"[..], b"dist-packages", b"node_modules"];
        if names.contains(&part) || (part == b"lib" || part == b"lib64") && is_version {
            return true;
        }
    }
    false
}

/// Directories of a system that hold no programs of a project.
const SYSTEM: [&[u8]; 12] = [
    b"etc",
    b"usr/share",
    b"usr/lib",
    b"usr/include",
    b"usr/libexec",
    b"var",
    b"lib",
    b"lib64",
    b"proc",
    b"sys",
    b"dev",
    b"boot",
];

/// Whether a path may be that of a program of the project's own: it has no ending, and lies not deep.
fn may_be_program(path: &[u8]) -> bool {
    let is_below =
        |directory: &&[u8]| path.strip_prefix(*directory).is_some_and(|rest| rest.starts_with(b"/"));
    !path.is_empty()
        && !path.contains(&b'.')
        && path.split(|b| *b == b'/').count() <= 3
        && !SYSTEM.iter().any(is_below)
}

/// Whether a file is one that packages of npm are most often loaded from: `index.js`, at their top or in `dist`, `lib`, `src`
/// and the like.
fn is_entry(path: &[u8]) -> bool {
    let name = b"node_modules/";
    let Some(at) = memchr::memmem::rfind(path, name) else { return false };
    let mut parts = path.get(at + name.len()..).unwrap_or_default().split(|b| *b == b'/').peekable();
    if parts.peek().is_some_and(|first| first.starts_with(b"@")) {
        parts.next();
    }
    let inner: Vec<&[u8]> = parts.skip(1).collect();
    let is_index = |file: &[u8]| file.starts_with(b"index.") || file.starts_with(b"main.");
    match inner.as_slice() {
        [file] => !file.ends_with(b".min.js"),
        [directory, file] => {
            [&b"dist"[..], b"lib", b"src", b"build", b"esm", b"cjs"].contains(directory) && is_index(file)
        }
        [first, _, file] => [&b"dist"[..], b"lib", b"build"].contains(first) && is_index(file),
        _ => false,
    }
}

impl Wanted {
    /// Most bytes kept of a wanted source file.
    const SOURCE: u64 = 256 << 10;

    /// Most bytes kept of the file that a package of npm is loaded from.
    const ENTRY: u64 = 64 << 10;

    /// Most bytes kept of a program: enough for a script, and for what a loader reads of a binary.
    const PROGRAM: u64 = 64 << 10;

    /// Most bytes kept of a file that may be a program of the project's own: what says which kind it is.
    const HEAD: u64 = 4 << 10;

    /// The largest program that is kept whole, in bytes: what it loads stands near its end. Python's is 7 to 8 MB.
    const WHOLE_PROGRAM: u64 = 12 << 20;

    /// How many bytes of the file at `path`, which has `size` bytes, are kept; `None` if it is not wanted.
    pub fn limit(&self, path: &[u8], size: u64) -> Option<u64> {
        let mut parts = path.rsplit(|b| *b == b'/');
        let name = parts.next()?;
        let directory = parts.next().unwrap_or_default();
        let is_program = directory == b"bin" || directory == b"sbin";
        let is_named = self.names.contains(name);
        // A console script names the interpreter in its first line.
        let starts = is_named || name.starts_with(b"python");
        if is_program && starts && (Self::SOURCE..=Self::WHOLE_PROGRAM).contains(&size) {
            return Some(Self::WHOLE_PROGRAM);
        }
        if is_named {
            return Some(Self::SOURCE);
        }
        if is_program {
            return Some(Self::PROGRAM);
        }
        if name.ends_with(b".pth") || name == b"pyvenv.cfg" {
            return Some(Self::PROGRAM);
        }
        let module = name.ends_with(b".py");
        let inside = || std::iter::once(directory).chain(parts).any(|p| self.packages.contains(p));
        let is_code = module || [&b".js"[..], b".mjs", b".cjs", b".sh"].iter().any(|end| name.ends_with(end));
        let is_own = || self.own_code && is_code && !is_library(path);
        if module && inside() || is_own() {
            return Some(Self::SOURCE);
        }
        // What a package of npm exports is asked where what packages say of themselves is.
        if is_code && self.names.contains(&b"package.json"[..]) && is_entry(path) {
            return Some(Self::ENTRY);
        }
        // A script may run it.
        (self.own_code && may_be_program(path)).then_some(Self::HEAD)
    }
}

/// A stretch of a wanted file.
#[derive(Clone, Debug)]
pub struct Captured {
    /// Which entry of the tar it is from.
    pub ordinal: u64,
    /// Offset in the file of the first byte.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_packages_of_npm_are_loaded_from() {
        for path in
            ["app/node_modules/a/index.js", "node_modules/@s/a/dist/esm/index.mjs", "x/node_modules/a/i.cjs"]
        {
            assert!(is_entry(path.as_bytes()), "{path}");
        }
        for path in
            ["app/index.js", "node_modules/a/lib/x.js", "node_modules/a/a.min.js", "node_modules/index.js"]
        {
            assert!(!is_entry(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_is_wanted() {
        let wanted = Wanted {
            names: [b"run.sh".to_vec()].into(),
            packages: [b"orders".to_vec()].into(),
            ..Wanted::default()
        };
        for path in [&b"app/run.sh"[..], b"usr/bin/python3", b"a/orders/cli.py", b"orders/x/y.py", b"x/a.pth"]
        {
            assert!(wanted.limit(path, 1).is_some(), "{}", String::from_utf8_lossy(path));
        }
        for path in [&b"app/run"[..], b"app/binary", b"a/orders/data.json", b"other/cli.py", b""] {
            assert!(wanted.limit(path, 1).is_none(), "{}", String::from_utf8_lossy(path));
        }
        let own = Wanted { own_code: true, ..Wanted::default() };
        for path in [&b"app/server"[..], b"entrypoint", b"usr/local/lib"] {
            assert_eq!(own.limit(path, 9 << 20), Some(Wanted::HEAD), "{}", String::from_utf8_lossy(path));
        }
        for path in
            [&b"etc/hosts"[..], b"usr/share/doc", b"app/.git/HEAD", b"app/a/b/c", b"app/data.bin", b""]
        {
            assert_eq!(own.limit(path, 1), None, "{}", String::from_utf8_lossy(path));
        }
        // An interpreter is kept whole, another program of that size in part.
        assert_eq!(wanted.limit(b"usr/bin/python3.11", 7 << 20), Some(Wanted::WHOLE_PROGRAM));
        assert_eq!(wanted.limit(b"usr/bin/python3.11", 90 << 20), Some(Wanted::PROGRAM));
        assert_eq!(wanted.limit(b"usr/bin/git", 7 << 20), Some(Wanted::PROGRAM));
    }
}
