//! Which paths a layer touches, kept as hashes: enough to tell whether a file below is still visible.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use seaworthy_source::{FileState, LayerPath};

/// The paths of one layer.
#[derive(Debug, Default)]
pub struct EntryIndex {
    /// Hash of the path → the last entry with it, and whether that is a directory.
    entries: HashMap<u64, (u64, bool), NoHash>,
    /// Paths that whiteouts delete.
    deleted: HashSet<u64, NoHash>,
    /// Directories whose lower content is hidden.
    opaque: HashSet<u64, NoHash>,
    /// Hard links: hash of the target → names.
    links: HashMap<u64, Vec<LayerPath>, NoHash>,
}

impl EntryIndex {
    /// Notes an entry; whiteout names are read as such.
    pub fn add(&mut self, path: &LayerPath, ordinal: u64, is_directory: bool) {
        let name = path.file_name();
        let directory = &path.as_bytes()[..path.as_bytes().len() - name.len()];
        let directory = directory.strip_suffix(b"/").unwrap_or(directory);
        if name == b".wh..wh..opq" {
            self.opaque.insert(hash(directory));
        } else if let Some(gone) = name.strip_prefix(b".wh.").filter(|n| !n.starts_with(b".wh.")) {
            let parts: &[&[u8]] = &[directory, gone];
            let path = if directory.is_empty() { gone.to_vec() } else { parts.join(&b'/') };
            self.deleted.insert(hash(&path));
        } else {
            self.entries.insert(hash(path.as_bytes()), (ordinal, is_directory));
        }
    }

    /// Notes a hard link.
    pub fn add_link(&mut self, name: &LayerPath, target: &LayerPath) {
        self.links.entry(hash(target.as_bytes())).or_default().push(name.clone());
    }

    /// Whether the layer has an entry with this path.
    pub fn has(&self, path: &[u8]) -> bool {
        self.entries.contains_key(&hash(path))
    }

    /// Further names of a file in its own layer.
    pub fn links_to(&self, path: &LayerPath) -> &[LayerPath] {
        self.links.get(&hash(path.as_bytes())).map_or(&[], Vec::as_slice)
    }

    /// Whether a later entry of the same layer has the same path.
    pub fn is_superseded(&self, path: &LayerPath, ordinal: u64) -> bool {
        self.entries.get(&hash(path.as_bytes())).is_some_and(|(last, _)| *last > ordinal)
    }

    /// What this layer, on top of another, does to a file there.
    fn hides(&self, path: &LayerPath) -> Option<Hidden> {
        let bytes = path.as_bytes();
        if self.entries.contains_key(&hash(bytes)) {
            return Some(Hidden::Overwritten);
        }
        if self.deleted.contains(&hash(bytes)) {
            return Some(Hidden::Deleted);
        }
        let mut end = bytes.len();
        while let Some(slash) = bytes[..end].iter().rposition(|b| *b == b'/') {
            end = slash;
            let parent = hash(&bytes[..end]);
            if self.deleted.contains(&parent) || self.opaque.contains(&parent) {
                return Some(Hidden::Deleted);
            }
            if self.entries.get(&parent).is_some_and(|(_, directory)| !directory) {
                return Some(Hidden::Overwritten);
            }
        }
        self.opaque.contains(&hash(b"")).then_some(Hidden::Deleted)
    }
}

enum Hidden {
    Deleted,
    Overwritten,
}

/// The state of a file of layer `at`: which later layer, if any, hides it. A layer whose index is not known hides
/// nothing: better to call a hidden file visible than the reverse.
pub fn hidden_by(layers: &[Option<&EntryIndex>], at: usize, path: &LayerPath, ordinal: u64) -> FileState {
    if layers.get(at).copied().flatten().is_some_and(|own| own.is_superseded(path, ordinal)) {
        return FileState::Overwritten(at);
    }
    let later = layers.iter().enumerate().skip(at + 1);
    later
        .filter_map(|(i, index)| Some((i, (*index)?.hides(path)?)))
        .map(|(i, hidden)| match hidden {
            Hidden::Deleted => FileState::Deleted(i),
            Hidden::Overwritten => FileState::Overwritten(i),
        })
        .next()
        .unwrap_or(FileState::Final)
}

/// A keyed hash, so that no one can make paths that collide; the same for all layers of a process.
fn hash(path: &[u8]) -> u64 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    KEY.get_or_init(RandomState::new).hash_one(path)
}

/// The keys are hashes already.
#[derive(Clone, Debug, Default)]
struct NoHash;

impl BuildHasher for NoHash {
    type Hasher = Identity;

    fn build_hasher(&self) -> Identity {
        Identity(0)
    }
}

#[derive(Default)]
struct Identity(u64);

impl std::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0 << 8 | u64::from(*b);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(entries: &[&str]) -> EntryIndex {
        let mut index = EntryIndex::default();
        for (i, e) in entries.iter().enumerate() {
            index.add(&LayerPath::clean(e.as_bytes()), i as u64, e.ends_with('/'));
        }
        index
    }

    fn state(later: &[&[&str]], path: &str) -> FileState {
        let base = layer(&[path]);
        let later: Vec<EntryIndex> = later.iter().map(|l| layer(l)).collect();
        let all: Vec<Option<&EntryIndex>> = std::iter::once(&base).chain(&later).map(Some).collect();
        hidden_by(&all, 0, &LayerPath::clean(path.as_bytes()), 0)
    }

    #[test]
    fn whiteouts_and_replacements() {
        assert_eq!(state(&[&["a/other"]], "a/b/c"), FileState::Final);
        assert_eq!(state(&[&["x"], &["a/b/.wh.c"]], "a/b/c"), FileState::Deleted(2));
        assert_eq!(state(&[&[".wh.a"]], "a/b/c"), FileState::Deleted(1));
        assert_eq!(state(&[&["a/.wh..wh..opq"]], "a/b/c"), FileState::Deleted(1));
        assert_eq!(state(&[&[".wh..wh..opq"]], "c"), FileState::Deleted(1));
        assert_eq!(state(&[&["a/b/c"]], "a/b/c"), FileState::Overwritten(1));
        assert_eq!(state(&[&["a/b"]], "a/b/c"), FileState::Overwritten(1));
        assert_eq!(state(&[&["a/b/"]], "a/b/c"), FileState::Final);
        assert_eq!(state(&[&["a/b/.wh..wh.plnk"]], "a/b/c"), FileState::Final);
        assert_eq!(state(&[&[".wh.a", "a/b/c"]], "a/b/c"), FileState::Overwritten(1));
    }

    #[test]
    fn the_same_path_twice_in_one_layer() {
        let base = layer(&["a", "b", "a"]);
        let at = |ordinal| hidden_by(&[Some(&base)], 0, &LayerPath::clean(b"a"), ordinal);
        assert_eq!((at(0), at(2)), (FileState::Overwritten(0), FileState::Final));
    }
}
