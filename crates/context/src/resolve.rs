//! Finding entries of a listed context: by path, through links, by wildcard.

use std::collections::VecDeque;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use super::entry::{join, path_order, strip_dir};
use super::{Builder, Context, FileKind, go_path};

/// Links that are followed on the way to one source, as in BuildKit's path resolution.
const MAX_LINKS: usize = 255;

/// The root or an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Root,
    Entry(usize),
}

/// An entry that a source names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// The entry itself, when it is a link.
    pub(super) link: Option<usize>,
    /// What is copied.
    pub(super) node: Node,
}

impl Context {
    /// The index in [`Context::files`] of the entry at `path` (relative, clean); links are not followed.
    pub fn position(&self, path: &[u8]) -> Option<usize> {
        self.files.binary_search_by(|f| path_order(f.bytes(), path)).ok()
    }

    /// The index after the last entry below the entry at `index`.
    pub(super) fn end_of(&self, index: usize) -> usize {
        let dir = self.files[index].bytes();
        let below = |f: &super::ContextFile| strip_dir(f.bytes(), dir).is_some();
        index + 1 + self.files[index + 1..].partition_point(below)
    }

    /// The entries below a directory.
    pub(super) fn content(&self, node: Node) -> Range<usize> {
        match node {
            Node::Root => 0..self.files.len(),
            Node::Entry(index) => index + 1..self.end_of(index),
        }
    }

    /// The path of a node; the root is empty.
    pub(super) fn node_path(&self, node: Node) -> &[u8] {
        match node {
            Node::Root => b"",
            Node::Entry(index) => self.files[index].bytes(),
        }
    }

    pub(super) fn is_dir(&self, node: Node) -> bool {
        match node {
            Node::Root => true,
            Node::Entry(index) => self.files[index].kind == FileKind::Directory,
        }
    }

    /// Follows a path through links. `..` and absolute targets stay inside the root. Nothing if a part of the way
    /// is missing or ignored, or after too many links.
    pub(super) fn resolve(&self, path: &[u8]) -> Option<Node> {
        let mut todo: VecDeque<Vec<u8>> = path.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
        let mut at: Vec<usize> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop_front() {
            match &part[..] {
                b"" | b"." => continue,
                b".." => {
                    at.pop();
                    continue;
                }
                _ => {}
            }
            let dir = at.last().map_or(&b""[..], |index| self.files[*index].bytes());
            let index = self.position(&join(dir, &part))?;
            match &self.files[index].kind {
                FileKind::Symlink(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return None;
                    }
                    let target = target.as_os_str().as_bytes();
                    if target.starts_with(b"/") {
                        at.clear();
                    }
                    target.split(|b| *b == b'/').rev().for_each(|part| todo.push_front(part.to_vec()));
                }
                _ => at.push(index),
            }
        }
        Some(at.last().map_or(Node::Root, |index| Node::Entry(*index)))
    }

    /// All that a source of `COPY` or `ADD` names, in path order.
    pub(super) fn expand(&self, source: &[u8]) -> Vec<Hit> {
        let path = context_path(source);
        let parts: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
        // Go's Glob, which buildah uses, takes `\` for an escape even where there is no wildcard.
        let wild = |part: &&[u8]| {
            go_path::has_wildcard(part) || (self.builder == Builder::Buildah && part.contains(&b'\\'))
        };
        let Some(first) = parts.iter().position(wild) else {
            let (dir, name) = match parts.split_last() {
                Some((name, dir)) => (dir.join(&b'/'), *name),
                None => return Vec::new(),
            };
            if name.is_empty() {
                return vec![Hit { link: None, node: Node::Root }];
            }
            let parent = self.resolve(&dir).map(|dir| join(self.node_path(dir), name));
            let index = parent.and_then(|path| self.position(&path));
            return index.and_then(|index| self.hit(index)).into_iter().collect();
        };
        let Some(base) = self.resolve(&parts[..first].join(&b'/')) else { return Vec::new() };
        let found = match self.builder {
            Builder::Buildah => self.glob(base, &parts[first..]),
            Builder::BuildKit | Builder::Classic => self.match_below(base, &parts[first..].join(&b'/')),
        };
        found.into_iter().filter_map(|index| self.hit(index)).collect()
    }

    fn hit(&self, index: usize) -> Option<Hit> {
        match self.files[index].kind {
            FileKind::Symlink(_) => {
                let node = self.resolve(self.files[index].bytes())?;
                Some(Hit { link: Some(index), node })
            }
            _ => Some(Hit { link: None, node: Node::Entry(index) }),
        }
    }

    /// Docker's wildcards: the pattern is held against the whole path below `base`, and a directory that matches is
    /// not searched further.
    fn match_below(&self, base: Node, pattern: &[u8]) -> Vec<usize> {
        let range = self.content(base);
        let dir = self.node_path(base);
        let mut found = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let below = strip_dir(self.files[at].bytes(), dir).unwrap_or_default();
            if go_path::matches(pattern, below) {
                found.push(at);
                at = self.end_of(at);
            } else {
                at += 1;
            }
        }
        found
    }

    /// Go's `filepath.Glob`: name by name, through links to directories.
    fn glob(&self, base: Node, parts: &[&[u8]]) -> Vec<usize> {
        let mut dirs = vec![base];
        let mut found = Vec::new();
        for part in parts {
            found = Vec::new();
            dirs.sort_unstable_by_key(|node| self.content(*node).start);
            dirs.dedup();
            for dir in &dirs {
                let range = self.content(*dir);
                let dir = self.node_path(*dir);
                let mut at = range.start;
                while at < range.end {
                    if go_path::matches(part, strip_dir(self.files[at].bytes(), dir).unwrap_or_default()) {
                        found.push(at);
                    }
                    at = self.end_of(at);
                }
            }
            dirs = found.iter().filter_map(|index| self.hit(*index)).map(|hit| hit.node).collect();
            dirs.retain(|node| self.is_dir(*node));
        }
        found
    }
}

/// A source as a path below the root: cleaned, `..` and a leading `/` held at the root, the root itself empty.
pub(super) fn context_path(source: &[u8]) -> Vec<u8> {
    let mut rooted = b"/".to_vec();
    rooted.extend_from_slice(source);
    let mut path = go_path::clean(&rooted);
    path.remove(0);
    path
}
