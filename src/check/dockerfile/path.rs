//! Paths inside the image, as the words of a Dockerfile name them.

use std::path::{Component, Path};

use globset::GlobBuilder;

/// The path of a file from a directory, both of this machine: `Dockerfile`, `docker/Dockerfile`, `../Dockerfile`. It is
/// the same however the two are spelled. Where it cannot be told, or they have no directory in common, the path as given.
pub(in crate::check) fn path_from(directory: &Path, path: &Path) -> String {
    let given = || {
        let text = path.display().to_string();
        text.strip_prefix("./").map(str::to_owned).unwrap_or(text)
    };
    // The file's own name stays: a link is the file that the builder is told to read.
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(directory), Ok(parent), Some(name)) =
        (std::fs::canonicalize(directory), std::fs::canonicalize(parent), path.file_name())
    else {
        return given();
    };
    let common = directory.components().zip(parent.components()).take_while(|(a, b)| a == b).count();
    let ups = directory.components().count() - common;
    // The root alone.
    if common < 2 && ups > 0 {
        return given();
    }
    let below = parent.components().skip(common).map(Component::as_os_str);
    let parts = std::iter::repeat_n(std::ffi::OsStr::new(".."), ups).chain(below).chain([name]);
    parts.map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// An absolute, clean path: relative ones start at `directory`, `~` and `$HOME` are root's home.
pub fn absolute(directory: &str, path: &str) -> String {
    let home = ["~", "$HOME", "${HOME}"].iter().find_map(|h| path.strip_prefix(h));
    let whole = match home {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/root{rest}"),
        _ if path.starts_with('/') => path.to_owned(),
        _ => format!("{directory}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What of `path` lies below `source`, which may have wildcards; empty when it is the thing itself, nothing when
/// `source` does not take it. Both are absolute and clean.
pub fn below<'p>(source: &str, path: &'p str) -> Option<&'p str> {
    if source == "/" {
        return Some(path.trim_start_matches('/'));
    }
    if !source.contains(['*', '?', '[', '{']) {
        let rest = path.strip_prefix(source)?;
        return if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') };
    }
    let glob = GlobBuilder::new(source).literal_separator(true).build().ok()?.compile_matcher();
    // The path itself, then each directory above it.
    let mut ends: Vec<usize> = path.match_indices('/').map(|(i, _)| i).filter(|i| *i > 0).collect();
    ends.push(path.len());
    let end = ends.into_iter().rev().find(|end| glob.is_match(path.get(..*end).unwrap_or_default()))?;
    Some(path.get(end..).unwrap_or_default().trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_path_from_a_directory_does_not_depend_on_spelling() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("app/docker")).unwrap();
        std::fs::create_dir_all(at("other")).unwrap();
        let from = |directory: &str, path: &str| path_from(&at(directory), &at(path));
        assert_eq!(from("app", "app/Dockerfile"), "Dockerfile");
        assert_eq!(from("app/.", "other/../app/./Dockerfile"), "Dockerfile");
        assert_eq!(from("app", "app/docker/Dockerfile"), "docker/Dockerfile");
        assert_eq!(from("app", "other/Dockerfile"), "../other/Dockerfile");
        assert_eq!(path_from(Path::new("."), Path::new("./Cargo.toml")), "Cargo.toml");
        assert_eq!(path_from(&at("gone"), Path::new("./Dockerfile")), "Dockerfile");
        // Nothing in common: its way up would tell where the context lies.
        assert_eq!(path_from(&at("app"), Path::new("/proc/version")), "/proc/version");
    }

    #[test]
    fn paths() {
        assert_eq!(absolute("/app", "./a/../b"), "/app/b");
        assert_eq!(absolute("/app", "~/.npmrc"), "/root/.npmrc");
        assert_eq!(absolute("/app", "/x//y/"), "/x/y");
        assert_eq!(absolute("/", "$HOME/.netrc"), "/root/.netrc");
        assert_eq!(below("/app", "/app/.env"), Some(".env"));
        assert_eq!(below("/app", "/app"), Some(""));
        assert_eq!(below("/app", "/apple"), None);
        assert_eq!(below("/app/*.jar", "/app/.npmrc"), None);
        assert_eq!(below("/root/.n*", "/root/.npmrc"), Some(""));
        assert_eq!(below("/r*", "/root/.ssh/id_rsa"), Some(".ssh/id_rsa"));
    }
}
