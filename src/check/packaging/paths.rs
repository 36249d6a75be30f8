//! Which files of a checkout a path in a command stands for: itself, what is below it, or what fits its wildcards.

use crate::check::provenance::fits_wildcard;

/// Most alternatives of `{a,b}` in one part of a path.
const MAX_ALTERNATIVES: usize = 16;

/// Whether a path has wildcards of the shell.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// The directory that all files that fit a pattern are below.
pub(super) fn fixed_part(pattern: &str) -> String {
    let fixed: Vec<&str> = pattern.split('/').take_while(|part| !is_pattern(part)).collect();
    if fixed.is_empty() { ".".to_owned() } else { fixed.join("/") }
}

/// Whether a file fits a pattern: `**` is any directories, other wildcards stay within a name.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    fits_parts(&pattern, &path)
}

fn fits_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", [])), _) => true,
        // The first place where the rest fits; a second `**` is looked for from there on.
        (Some((&"**", rest)), _) => {
            (0..=path.len()).take(32).any(|skip| path.get(skip..).is_some_and(|tail| fits_parts(rest, tail)))
        }
        (Some((one, rest)), Some((name, tail))) => fits_name(one, name) && fits_parts(rest, tail),
        _ => false,
    }
}

fn fits_name(pattern: &str, name: &str) -> bool {
    // What a set of characters or one character stands for is not looked at.
    let mut plain = String::with_capacity(pattern.len());
    let mut is_set = false;
    for c in pattern.chars() {
        match c {
            '[' => {
                plain.push('*');
                is_set = true;
            }
            ']' if is_set => is_set = false,
            '?' => plain.push('*'),
            _ if !is_set => plain.push(c),
            _ => {}
        }
    }
    let Some((before, rest)) = plain.split_once('{') else { return fits_wildcard(&plain, name) };
    let (inner, after) = rest.split_once('}').unwrap_or((rest, ""));
    inner.split(',').take(MAX_ALTERNATIVES).any(|one| fits_wildcard(&format!("{before}{one}{after}"), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_fit() {
        for (pattern, path) in [
            ("*", "Dockerfile"),
            ("Docker*", "Dockerfile"),
            ("{Dockerfile,Makefile}", "Dockerfile"),
            ("src/**/*.py", "src/orders/a.py"),
            ("src/**/*.py", "src/a.py"),
            ("**", "a/b/c"),
            ("src/[a-z]*/?.py", "src/orders/a.py"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*", "src/a.py"),
            ("*.py", "src/a.py"),
            ("src/**/*.py", "src/a.js"),
            ("{a,b}", "c"),
            ("src", "src/a"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
        assert_eq!((fixed_part("src/**/*.py").as_str(), fixed_part("*.py").as_str()), ("src", "."));
    }
}
