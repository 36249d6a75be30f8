//! Words that we do not use: in comments, strings, names and pages a reader finds the field's terms.

use std::fs;
use std::path::{Path, PathBuf};

/// Words that are gone, and what to write.
const GONE: [(&str, &str); 12] = [
    ("aboard", "in the image"),
    ("sails", "is deployed"),
    ("papers", "documents, provenance documents"),
    ("nobody", "no one; better: name the subject"),
    ("whoever", "anyone who"),
    ("mildest", "minimum, least severe"),
    ("unchecked", "not checked"),
    ("not examined", "not checked"),
    ("belongs into", "belongs in"),
    ("leads to nothing", "does not resolve"),
    ("vouched", "verified"),
    ("folder", "directory"),
];

/// Files whose old words are data: passwords, users, names that others gave.
const DATA: [&str; 4] = [
    "crates/detect/src/validate/literal.rs",
    "crates/detect/src/validate/words.rs",
    "crates/detect/src/validate/names.rs",
    "crates/detect/src/validate/placeholder.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(|f| root().join(f)).into();
    for folder in ["src", "crates", "docs", "profiles"] {
        for entry in walkdir::WalkDir::new(root().join(folder)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            let is_ours = path.extension().is_some_and(|e| e == "rs" || e == "md" || e == "toml");
            let is_test = path.iter().any(|p| p == "tests" || p == "tests.rs" || p == "fixtures");
            if is_ours && !is_test && !DATA.iter().any(|d| path.ends_with(d)) {
                files.push(path);
            }
        }
    }
    files
}

/// Whether a word stands in a text by itself: a part of a longer word does not count.
fn has(text: &str, word: &str) -> bool {
    let lower = text.to_lowercase();
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    lower.match_indices(word).any(|(at, _)| {
        !is_letter(lower[..at].chars().next_back()) && !is_letter(lower[at + word.len()..].chars().next())
    })
}

/// What a person reads of a line of code: its comment and its strings of several words, without names in backquotes or
/// braces.
fn prose(line: &str) -> String {
    let mut out = String::new();
    let (mut string, mut start) = (false, 0);
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if string => at += 1,
            b'"' => {
                if string && line[start..at].contains(' ') {
                    out.push_str(&line[start..at]);
                    out.push(' ');
                }
                (string, start) = (!string, at + 1);
            }
            b'/' if !string && line[at..].starts_with("//") => {
                out.push_str(&line[at..]);
                break;
            }
            _ => {}
        }
        at += 1;
    }
    without(&without(&out, '`', '`'), '{', '}')
}

/// A text without what stands between two signs.
fn without(text: &str, open: char, close: char) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for c in text.chars() {
        if inside {
            inside = c != close;
        } else if c == open {
            inside = true;
        } else {
            out.push(c);
        }
    }
    out
}

#[test]
fn old_words_are_gone() {
    let mut found = Vec::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            if line.contains("USER nobody") {
                continue;
            }
            let is_code = path.extension().is_some_and(|e| e == "rs");
            let read = if is_code { prose(line) } else { without(line, '`', '`') };
            for (word, instead) in GONE {
                if has(&read, word) {
                    let place = path.strip_prefix(root()).unwrap().display().to_string();
                    found.push(format!("{place}:{}: {word}: write {instead}\n  {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}
