//! The commit that a checkout is at. <https://git-scm.com/docs/gitrepository-layout>

use std::path::{Path, PathBuf};

use seaworthy_source::input;

/// Most bytes of one of git's files that are read.
const MAX_BYTES: u64 = 16 << 20;

/// The commit of the checkout that `directory` lies in: that of the nearest directory above it with a `.git`.
pub(super) fn head_around(directory: &Path) -> Option<String> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let real = std::fs::canonicalize(directory).ok()?;
    let root = real.ancestors().find(|a| a.join(".git").exists())?;
    head(root)
}

/// The commit of the checkout whose root is `directory`; nothing if it is none, or what it is at cannot be told.
fn head(directory: &Path) -> Option<String> {
    let git = git_directory(directory)?;
    let head = read_text(&git.join("HEAD"))?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref:").map(str::trim) else { return commit(head) };
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    // A worktree of its own shares its references with the repository.
    let common = read_text(&git.join("commondir")).map_or_else(|| git.clone(), |text| git.join(text.trim()));
    let loose = [&git, &common].into_iter().find_map(|d| read_text(&d.join(name)));
    if let Some(text) = loose {
        return commit(text.trim());
    }
    let packed = read_text(&common.join("packed-refs"))?;
    let mut lines = packed.lines().filter_map(|l| l.split_once(' '));
    lines.find(|(_, n)| n.trim() == name).and_then(|(id, _)| commit(id))
}

/// `.git`, or what a file of that name points to.
fn git_directory(directory: &Path) -> Option<PathBuf> {
    let git = directory.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = read_text(&git)?;
    Some(directory.join(text.strip_prefix("gitdir:")?.trim()))
}

fn commit(text: &str) -> Option<String> {
    (text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

fn read_text(path: &Path) -> Option<String> {
    String::from_utf8(input::read_file(path, MAX_BYTES).ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_found_loose_packed_and_alone() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(head(directory.path()), None);
        write(".git/HEAD", &format!("{id}\n"));
        assert_eq!(head(directory.path()).as_deref(), Some(id));
        write("services/app/Dockerfile", "FROM scratch\n");
        let inner = directory.path().join("services/app");
        assert_eq!((head(&inner), head_around(&inner).as_deref()), (None, Some(id)));
        write(".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(head(directory.path()), None);
        write(".git/packed-refs", &format!("# pack-refs\n{id} refs/heads/main\n"));
        assert_eq!(head(directory.path()).as_deref(), Some(id));
        let other = id.replace('0', "9");
        write(".git/refs/heads/main", &format!("{other}\n"));
        assert_eq!(head(directory.path()), Some(other));
        write(".git/HEAD", "ref: ../../../etc/passwd\n");
        assert_eq!(head(directory.path()), None);
    }
}
