//! The final filesystem of an image: its layers' entries put on top of each other, as a container sees them. Paths have
//! no leading slash.

use std::collections::BTreeMap;

use super::layer::{Entry, EntryKind, Owner};
use seaworthy_source::LayerPath;

/// Most symbolic links that are followed on one path, as Linux has it.
const MAX_LINKS: usize = 40;

/// A file, directory or link of the final filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    /// What it is; never a hard link.
    pub kind: EntryKind,
    /// Its permission bits.
    pub mode: u32,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Its size in bytes.
    pub size: u64,
    /// The layer that it is from.
    pub layer: usize,
    /// The entry of that layer that has its content.
    pub ordinal: u64,
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nowhere {
    /// There is nothing.
    Missing,
    /// Its links lead in a circle, or too far.
    Loop,
}

/// The final filesystem.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<Vec<u8>, TreeNode>,
}

impl Tree {
    /// Puts the layers on top of each other, base first.
    pub fn new<'e>(layers: impl IntoIterator<Item = &'e [Entry]>) -> Self {
        let mut tree = Self::default();
        for (layer, entries) in layers.into_iter().enumerate() {
            // What a layer deletes is of the layers below, wherever in the tar it says so.
            for entry in entries {
                tree.whiteout(entry);
            }
            for entry in entries {
                if !is_whiteout(entry.path.file_name()) {
                    tree.add(layer, entry);
                }
            }
        }
        tree
    }

    fn whiteout(&mut self, entry: &Entry) {
        let name = entry.path.file_name();
        if !is_whiteout(name) {
            return;
        }
        let directory = self.directory(parent(entry.path.as_bytes()));
        if name == b".wh..wh..opq" {
            self.remove_below(&directory);
        } else if let Some(gone) = name.strip_prefix(b".wh.").filter(|n| !n.starts_with(b".wh.")) {
            let path = join(&directory, gone);
            self.remove_below(&path);
            self.nodes.remove(&path);
        }
    }

    fn add(&mut self, layer: usize, entry: &Entry) {
        let bytes = entry.path.as_bytes();
        if bytes.is_empty() {
            return;
        }
        let path = join(&self.directory(parent(bytes)), entry.path.file_name());
        let node = match &entry.kind {
            EntryKind::HardLink(target) => {
                let target = join(&self.directory(parent(target.as_bytes())), target.file_name());
                match self.nodes.get(&target) {
                    Some(node) => node.clone(),
                    None => return,
                }
            }
            kind => TreeNode {
                kind: kind.clone(),
                mode: entry.mode,
                owner: entry.owner,
                size: entry.size,
                layer,
                ordinal: entry.ordinal,
            },
        };
        if node.kind != EntryKind::Directory {
            self.remove_below(&path);
        }
        self.nodes.insert(path, node);
    }

    /// Removes what lies in a directory; the directory stays.
    fn remove_below(&mut self, directory: &[u8]) {
        if directory.is_empty() {
            self.nodes.clear();
            return;
        }
        let gone: Vec<Vec<u8>> = self.below(directory).map(|(path, _)| path.to_vec()).collect();
        for path in gone {
            self.nodes.remove(&path);
        }
    }

    /// All that lies in a directory, at any depth.
    fn below(&self, directory: &[u8]) -> impl Iterator<Item = (&[u8], &TreeNode)> {
        let mut start = directory.to_vec();
        let whole = start.is_empty();
        if !whole {
            start.push(b'/');
        }
        let prefix = start.clone();
        self.nodes
            .range(start..)
            .take_while(move |(path, _)| whole || path.starts_with(&prefix))
            .map(|(path, node)| (path.as_slice(), node))
    }

    /// Where a directory really is: unpackers follow the links that lie below.
    fn directory(&self, path: &[u8]) -> Vec<u8> {
        if path.is_empty() {
            return Vec::new();
        }
        let linked = prefixes(path)
            .any(|p| self.nodes.get(p).is_some_and(|n| matches!(n.kind, EntryKind::Symlink(_))));
        if !linked {
            return path.to_vec();
        }
        self.real(path, true).unwrap_or_else(|_| path.to_vec())
    }

    /// The path that `path` comes to when all links are followed, clamped at the root; what is not there (`lenient`)
    /// stays as it is.
    fn real(&self, path: &[u8], lenient: bool) -> Result<Vec<u8>, Nowhere> {
        self.walk(path, lenient, &mut |_| {})
    }

    /// The same, told of every directory that is gone through on the way.
    fn walk(&self, path: &[u8], lenient: bool, through: &mut dyn FnMut(&[u8])) -> Result<Vec<u8>, Nowhere> {
        let mut todo: Vec<Vec<u8>> = parts(path).rev().map(<[u8]>::to_vec).collect();
        let mut done: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    done = parent(&done).to_vec();
                    continue;
                }
                _ => {}
            }
            through(&done);
            let next = join(&done, &part);
            match self.nodes.get(&next).map(|n| &n.kind) {
                Some(EntryKind::Symlink(target)) => {
                    links += 1;
                    if links > MAX_LINKS || target.len() > 4096 {
                        return Err(Nowhere::Loop);
                    }
                    if target.starts_with(b"/") {
                        done.clear();
                    }
                    todo.extend(parts(target).rev().map(<[u8]>::to_vec));
                }
                Some(_) => done = next,
                // A directory need not have an entry of its own.
                None if lenient || self.below(&next).next().is_some() => done = next,
                None => return Err(Nowhere::Missing),
            }
        }
        Ok(done)
    }

    /// What is at `path`, all links followed: its real path, and the node; a directory that only its content tells of
    /// has none.
    ///
    /// # Errors
    /// If nothing is there.
    pub fn resolve(&self, path: &[u8]) -> Result<(Vec<u8>, Option<&TreeNode>), Nowhere> {
        let real = self.real(path, false)?;
        let node = self.nodes.get(&real);
        Ok((real, node))
    }

    /// The file at `path`, all links followed.
    pub fn file(&self, path: &[u8]) -> Option<(Vec<u8>, &TreeNode)> {
        let (real, node) = self.resolve(path).ok()?;
        node.filter(|n| n.kind == EntryKind::File).map(|n| (real, n))
    }

    /// The directories that are gone through to the place that `path` leads to, those of links on the way included, in
    /// their order and each with its node; directories that only their content tells of have none and are left out.
    pub fn way(&self, path: &[u8]) -> Vec<(Vec<u8>, &TreeNode)> {
        let mut directories: Vec<Vec<u8>> = Vec::new();
        let mut note = |directory: &[u8]| {
            if !directories.iter().any(|known| known == directory) {
                directories.push(directory.to_vec());
            }
        };
        if self.walk(path, false, &mut note).is_err() {
            return Vec::new();
        }
        directories.into_iter().filter_map(|path| self.nodes.get(&path).map(|node| (path, node))).collect()
    }

    /// Whether a file or a link of this name lies anywhere.
    pub fn has_name(&self, name: &[u8]) -> bool {
        let is_it = |path: &[u8]| path.rsplit(|b| *b == b'/').next() == Some(name);
        self.nodes.iter().any(|(path, node)| is_it(path) && node.kind != EntryKind::Directory)
    }

    /// Whether there is a directory at `path`.
    pub fn is_directory(&self, path: &[u8]) -> bool {
        let Ok((real, node)) = self.resolve(path) else { return false };
        real.is_empty() || node.is_none_or(|n| n.kind == EntryKind::Directory)
    }

    /// The target of the symbolic link at `path`, of which the directories are no links; nothing if there is none.
    pub fn link(&self, path: &[u8]) -> Option<&[u8]> {
        match self.nodes.get(path).map(|n| &n.kind) {
            Some(EntryKind::Symlink(target)) => Some(target),
            _ => None,
        }
    }

    /// The names in a directory that begin with `start`. A name stands there once for each path below it.
    pub fn names_from(&self, directory: &[u8], start: &[u8]) -> impl Iterator<Item = &[u8]> {
        let real = self.real(directory, false).ok();
        let first =
            real.as_deref().map(|r| if r.is_empty() { start.to_vec() } else { [r, start].join(&b'/') });
        let skipped = real.map_or(0, |r| if r.is_empty() { 0 } else { r.len() + 1 });
        let range = first.map(|first| {
            self.nodes
                .range(first.clone()..)
                .take_while(move |(path, _)| path.starts_with(&first))
                .filter_map(move |(path, _)| parts(path.get(skipped..)?).next())
        });
        range.into_iter().flatten()
    }

    /// The names in a directory, sorted, each once.
    pub fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let Ok(real) = self.real(directory, false) else { return Vec::new() };
        let skipped = if real.is_empty() { 0 } else { real.len() + 1 };
        let mut names: Vec<Vec<u8>> = self
            .below(&real)
            .filter_map(|(path, _)| parts(path.get(skipped..)?).next())
            .map(<[u8]>::to_vec)
            .collect();
        names.dedup();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn is_whiteout(name: &[u8]) -> bool {
    name.starts_with(b".wh.")
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|b| *b == b'/')
}

fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// The path itself and all directories above it, the uppermost first.
fn prefixes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| i);
    ends.chain(std::iter::once(path.len())).filter_map(|end| path.get(..end))
}

/// `directory/name`; a path of the root has no slash.
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        LayerPath::clean(name).as_bytes().to_vec()
    } else {
        [directory, name].join(&b'/')
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn entry(text: &str, ordinal: u64) -> Entry {
        let (path, kind) = match text.split_once(" -> ") {
            Some((path, target)) => (path, EntryKind::Symlink(target.as_bytes().to_vec())),
            None => match text.split_once(" = ") {
                Some((path, target)) => (path, EntryKind::HardLink(LayerPath::clean(target.as_bytes()))),
                None if text.ends_with('/') => (text, EntryKind::Directory),
                None => (text, EntryKind::File),
            },
        };
        Entry {
            path: LayerPath::clean(path.as_bytes()),
            kind,
            mode: 0o755,
            owner: Owner::default(),
            size: 1,
            ordinal,
        }
    }

    fn tree(layers: &[&[&str]]) -> Tree {
        let layers: Vec<Vec<Entry>> =
            layers.iter().map(|l| l.iter().enumerate().map(|(i, t)| entry(t, i as u64)).collect()).collect();
        Tree::new(layers.iter().map(Vec::as_slice))
    }

    fn file(tree: &Tree, path: &str) -> Option<(String, usize, u64)> {
        let (real, node) = tree.file(path.as_bytes())?;
        Some((String::from_utf8(real).unwrap(), node.layer, node.ordinal))
    }

    #[test]
    fn links_and_names_by_their_beginning() {
        let tree = tree(&[&["lib/a.so", "lib/ab.so", "lib/a.d/x", "lib/b.so", "l -> lib", "a.c"]]);
        assert_eq!((tree.link(b"l"), tree.link(b"lib"), tree.link(b"none")), (Some(&b"lib"[..]), None, None));
        let names = |directory: &[u8], start: &[u8]| -> Vec<Vec<u8>> {
            tree.names_from(directory, start).map(<[u8]>::to_vec).collect()
        };
        assert_eq!(names(b"l", b"a."), [b"a.d".to_vec(), b"a.so".to_vec()]);
        assert_eq!(names(b"", b"a."), [b"a.c".to_vec()]);
        assert!(names(b"none", b"a").is_empty());
    }

    #[test]
    fn layers_cover_each_other() {
        let t = tree(&[&["a/b/c", "a/d", "x/", "x/y"], &["a/b/.wh.c", "a/d", "x"]]);
        assert_eq!(file(&t, "a/b/c"), None);
        assert_eq!(file(&t, "a/d"), Some(("a/d".into(), 1, 1)));
        assert_eq!(file(&t, "x"), Some(("x".into(), 1, 2)));
        assert_eq!(file(&t, "x/y"), None);
        let t = tree(&[&["a/b/c", "a/d"], &["a/new", "a/.wh..wh..opq"]]);
        assert_eq!(t.names(b"a"), [b"new".to_vec()]);
        let t = tree(&[&["a/b"], &[".wh.a", "a/c"]]);
        assert_eq!(t.names(b"a"), [b"c".to_vec()]);
    }

    #[test]
    fn links_are_followed_inside_the_image() {
        let t = tree(&[&[
            "usr/bin/python3.11",
            "usr/bin/python3 -> python3.11",
            "usr/bin/python -> /usr/bin/python3",
            "bin -> usr/bin",
            "up -> ../../../usr/bin/python",
            "loop -> loop",
            "gone -> nowhere",
            "same = usr/bin/python3.11",
        ]]);
        for path in ["bin/python", "up", "usr/bin/../bin/python3", "/bin/python"] {
            assert_eq!(file(&t, path), Some(("usr/bin/python3.11".into(), 0, 0)), "{path}");
        }
        assert_eq!(file(&t, "same"), Some(("same".into(), 0, 0)));
        assert_eq!(t.resolve(b"loop"), Err(Nowhere::Loop));
        assert_eq!(t.resolve(b"gone"), Err(Nowhere::Missing));
        assert!(
            t.is_directory(b"bin")
                && t.is_directory(b"usr")
                && !t.is_directory(b"up")
                && t.is_directory(b"/")
        );
    }

    #[test]
    fn the_way_to_a_file_leads_through_the_directories_of_its_links() {
        let t = tree(&[&["closed/", "closed/in -> ../open/deep", "open/", "open/deep/", "open/deep/file"]]);
        let way = |path: &[u8]| -> Vec<String> {
            t.way(path).into_iter().map(|(path, _)| String::from_utf8(path).unwrap()).collect()
        };
        assert_eq!(way(b"closed/in/file"), ["closed", "open", "open/deep"]);
        assert_eq!(way(b"open/deep/file"), ["open", "open/deep"]);
        assert!(way(b"open/none").is_empty());
    }

    #[test]
    fn a_later_layer_writes_through_the_links_of_the_lower_one() {
        let t = tree(&[&["usr/lib/a", "lib -> usr/lib"], &["lib/b", "lib/.wh.a"]]);
        assert_eq!(t.names(b"usr/lib"), [b"b".to_vec()]);
        assert_eq!(file(&t, "lib/b"), Some(("usr/lib/b".into(), 1, 0)));
    }
}
