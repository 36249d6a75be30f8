//! Paths inside a repository, with `/` between their parts; the root is the empty path.

/// A path relative to a directory of the repository; nothing if it leads out of it.
pub(super) fn join(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The directory of a path.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// As a contract writes a directory: the root is `.`.
pub(super) fn written(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

/// Whether a path is inside a directory, or is it.
pub(super) fn is_inside(path: &str, directory: &str) -> bool {
    directory.is_empty()
        || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether what lies there is there to test or to show something, and says nothing of what is deployed.
pub(super) fn is_example(path: &str) -> bool {
    const NAMES: [&str; 17] = [
        "test",
        "tests",
        "testing",
        "__tests__",
        "spec",
        "specs",
        "e2e",
        "fixtures",
        "fixture",
        "testdata",
        "test-data",
        "example",
        "examples",
        "sample",
        "samples",
        "mocks",
        "corpus",
    ];
    parent(path).split('/').any(|part| NAMES.contains(&part.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("", "./").as_deref(), Some(""));
        for out in ["../../x", "/etc/passwd", "https://github.com/a/b"] {
            assert!(join("a", out).is_none(), "{out}");
        }
        assert!(is_inside("a/b", "a") && !is_inside("ab", "a") && is_inside("a", ""));
        assert!(is_example("src/Tests/Dockerfile") && !is_example("test-runner/Dockerfile"));
    }
}
