//! Which repository the files of a report lie in, and where in it: code hosts read paths from its root.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::finding::Report;
use crate::report::repository::{Repository, source_paths, source_positions};
use seaworthy_source::{Position, input};

/// Bytes of a source file that columns are counted in.
const MAX_FILE: u64 = 16 << 20;
/// Bytes of a line before the column that is counted.
const MAX_COLUMN: usize = 100_000;
/// Bytes of a `.git` file that are read.
const MAX_LINK: u64 = 4 << 10;

/// What is known of the repository of the report's files.
pub(super) fn repository_of(report: &Report) -> Repository {
    let Ok(here) = std::env::current_dir() else { return Repository::default() };
    let workspace = std::env::var_os("GITHUB_WORKSPACE").filter(|w| !w.is_empty()).map(PathBuf::from);
    let paths: BTreeMap<String, String> = source_paths(report)
        .into_iter()
        .filter_map(|given| {
            let below = below_root(&here, workspace.as_deref(), Path::new(&given))?;
            Some((given, below))
        })
        .collect();
    let mut columns = BTreeMap::new();
    // Positions come in the order of their files, so that one text is held at a time.
    let mut last: Option<(String, Option<Vec<u8>>)> = None;
    for ((given, position), offset) in source_positions(report) {
        if last.as_ref().is_none_or(|(path, _)| *path != given) {
            last = Some((given.clone(), input::read_file(Path::new(&given), MAX_FILE).ok()));
        }
        let text = last.as_ref().and_then(|(_, text)| text.as_deref());
        if let Some(column) = text.and_then(|text| character_column(text, position, offset)) {
            columns.insert((given, position), column);
        }
    }
    Repository::new(paths, columns)
}

/// The path below the root of its repository, with slashes; nothing if it lies in none and not below `here`.
fn below_root(here: &Path, workspace: Option<&Path>, given: &Path) -> Option<String> {
    let path = normal(&here.join(given));
    let root = root(&path, workspace).or_else(|| path.starts_with(here).then(|| here.to_owned()))?;
    let below = path.strip_prefix(&root).ok()?;
    let parts: Vec<String> = below.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// The repository's root: the nearest directory with a `.git` that is no submodule's, else GitHub's workspace.
fn root(path: &Path, workspace: Option<&Path>) -> Option<PathBuf> {
    let own = path.ancestors().skip(1).find(|directory| is_root(&directory.join(".git")));
    let workspace = workspace.filter(|w| w.is_absolute() && path.starts_with(w));
    own.or(workspace).map(Path::to_owned)
}

fn is_root(git: &Path) -> bool {
    let Ok(metadata) = fs::metadata(git) else { return false };
    if metadata.is_dir() {
        return true;
    }
    // A file leads to the repository: of a work tree, which is a root, or of a submodule, which is a part.
    let mut text = String::new();
    let read = fs::File::open(git).and_then(|file| file.take(MAX_LINK).read_to_string(&mut text));
    metadata.is_file() && read.is_ok() && text.starts_with("gitdir:") && !text.contains("/modules/")
}

/// The column in characters (Unicode code points, from 1) of a position whose column counts bytes; nothing if the file
/// is not the one that was examined.
fn character_column(text: &[u8], position: Position, offset: u64) -> Option<u32> {
    let offset = usize::try_from(offset).ok()?;
    let bytes = usize::try_from(position.column.checked_sub(1)?).ok().filter(|c| *c <= MAX_COLUMN)?;
    let start = offset.checked_sub(bytes)?;
    let begins_line = start == 0 || text.get(start - 1) == Some(&b'\n');
    let before = text.get(start..offset).filter(|b| begins_line && !b.contains(&b'\n'))?;
    let characters = String::from_utf8_lossy(before).chars().count();
    u32::try_from(characters + 1).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository_wherever_it_is_called_from() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("services/api/sub")).unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        let api = root.join("services/api");
        let cases: [(&Path, PathBuf); 5] = [
            (root, "services/api/.env".into()),
            (root, "./services/../services/api/.env".into()),
            (root, api.join(".env")),
            (&api, "./.env".into()),
            (Path::new("/"), api.join(".env")),
        ];
        for (here, given) in cases {
            assert_eq!(below_root(here, None, &given).as_deref(), Some("services/api/.env"), "{given:?}");
        }
        // A submodule is a part of the repository; a work tree is one itself.
        fs::write(api.join(".git"), "gitdir: ../../.git/modules/api\n").unwrap();
        assert_eq!(below_root(&api, None, Path::new(".env")).as_deref(), Some("services/api/.env"));
        fs::write(api.join(".git"), "gitdir: /elsewhere/.git/worktrees/api\n").unwrap();
        assert_eq!(below_root(&api, None, Path::new(".env")).as_deref(), Some(".env"));
    }

    #[test]
    fn without_git_the_workspace_is_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let (workspace, api) = (directory.path(), directory.path().join("api"));
        fs::create_dir(&api).unwrap();
        assert_eq!(below_root(&api, Some(workspace), Path::new("x")).as_deref(), Some("api/x"));
        assert_eq!(below_root(&api, None, Path::new("x")).as_deref(), Some("x"));
        assert_eq!(below_root(&api, None, Path::new("/nowhere/x")), None);
    }

    #[test]
    fn columns_count_characters() {
        let text = "a=1\nkey = \"äöü\" # sécret\r\n".as_bytes();
        let at = |column, offset| character_column(text, Position { line: 1, column }, offset);
        assert_eq!(at(3, 2), Some(3));
        // Three letters of two bytes each stand before it.
        assert_eq!(at(17, 20), Some(14));
        // Another file, or one that has changed since.
        assert_eq!(at(17, 21), None);
        assert_eq!(at(1, 9_999), None);
        assert_eq!(at(0, 0), None);
    }
}
