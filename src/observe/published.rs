//! Files that a package publishes to the world: keys in a library's own tests are no secret of this image.

/// Whether a path lies in the tests, examples or documentation of an installed library.
pub(crate) fn is_published(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
    // Folders of package managers; `share` and the like only where packages put them.
    let library: [&[u8]; 5] = [b"site-packages", b"dist-packages", b"node_modules", b"gems", b"perl5"];
    let python = |part: &[u8]| part.starts_with(b"python") && part.iter().any(u8::is_ascii_digit);
    let at = parts.iter().position(|p| library.contains(p) || python(p));
    let shared = [&b"usr/share/doc/"[..], b"usr/share/man/", b"usr/share/perl/", b"usr/local/share/man/"];
    if shared.iter().any(|prefix| path.starts_with(prefix)) {
        return true;
    }
    let sample: [&[u8]; 14] = [
        b"test",
        b"tests",
        b"testing",
        b"testdata",
        b"test_data",
        b"__tests__",
        b"spec",
        b"fixtures",
        b"examples",
        b"example",
        b"samples",
        b"doc",
        b"docs",
        b"man",
    ];
    let about = |name: &[u8]| {
        name == b"PKG-INFO"
            || name == b"METADATA"
            || name.starts_with(b"README")
            || name.starts_with(b"CHANGELOG")
    };
    let page = parts.last().is_some_and(|name| about(name));
    at.is_some_and(|at| page || parts[at..].iter().any(|p| sample.contains(p)))
}

#[cfg(test)]
mod tests {
    use super::is_published;

    #[test]
    fn only_samples_of_libraries() {
        assert!(is_published(b"usr/lib/python3.11/test/certdata/keycert.pem"));
        assert!(is_published(b"app/node_modules/x/test/key.pem"));
        assert!(is_published(b"usr/share/doc/x/example.conf"));
        assert!(is_published(b"usr/lib/python3/dist-packages/x.egg-info/PKG-INFO"));
        assert!(!is_published(b"app/README.md"));
        assert!(!is_published(b"usr/share/nginx/html/docs/.env"));
        assert!(!is_published(b"app/vendor/acme/spec/.env"));
        assert!(!is_published(b"app/tests/key.pem"));
        assert!(!is_published(b"usr/lib/python3.11/site-packages/mine/settings.py"));
    }
}
