//! Paths inside the image, as the words of a Dockerfile name them.

use globset::GlobBuilder;

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
    let end = ends.into_iter().rev().find(|end| glob.is_match(&path[..*end]))?;
    Some(path[end..].trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
