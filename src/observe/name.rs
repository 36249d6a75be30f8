//! The name of what holds a value: the variable or key before it, and the sections above it. It tells two secrets of one
//! file apart without a look at their values.

use std::sync::LazyLock;

use regex::bytes::Regex;
use seaworthy_detect::validate::{NameKind, name_kind};

/// Bytes of a line before a value that are read.
const MAX_LINE: usize = 512;
/// Bytes above a line that are read for the sections it is in.
const MAX_ABOVE: usize = 8 * 1024;
/// Lines above a line that are read.
const MAX_LINES: usize = 200;
/// Sections that a name has at most.
const MAX_SECTIONS: usize = 6;

/// A name, what may stand between it and its value, and the quote that the value may begin with.
static ASSIGNED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?-u)([A-Za-z_][A-Za-z0-9_.-]{0,63})["']?[ \t]{0,8}(?::=|=>|=|:)"#).ok());
/// A line that begins a section: `prod:`, `"prod": {`, `prod = {`.
static PARENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?-u)^[ \t"'-]*([A-Za-z_][A-Za-z0-9_.-]{0,63})["']?[ \t]{0,8}[:={]"#).ok()
});
/// A section's heading in INI and TOML files.
static HEADING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?-u)^\[{1,2}[ \t]*["']?([A-Za-z0-9_][A-Za-z0-9_ .:/-]{0,63})["']?[ \t]*\]{1,2}"#).ok()
});

/// The name of the value that begins at `at`, such as `DB_PASSWORD` or `prod.password`; nothing if the text around it
/// does not tell. With `text` false, the bytes are no text.
pub(crate) fn of_value(bytes: &[u8], at: usize, text: bool) -> Option<String> {
    if !text {
        return None;
    }
    let head = bytes.get(..at)?;
    let start = memchr::memrchr(b'\n', head).map_or(0, |i| i + 1);
    let before = head.get(start.max(at.saturating_sub(MAX_LINE))..)?;
    let mut parts: Vec<String> = own_name(before).into_iter().collect();
    let indent = indent_of(head.get(start..)?);
    parts.extend(sections(head.get(..start)?, indent));
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join("."))
}

fn own_name(before: &[u8]) -> Option<String> {
    // What stands inside of a URL is no name of its own: `DATABASE_URL=postgres://app:…`.
    let url = memchr::memmem::find(before, b"://").filter(|_| !before.contains(&b'?'));
    let before = url.and_then(|end| before.get(..end)).unwrap_or(before);
    let scheme = url.map_or(0, |_| {
        before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+')).count()
    });
    let before = before.get(..before.len() - scheme)?;
    let assigned = ASSIGNED.as_ref()?.captures_iter(before).last().and_then(|c| usable(c.get(1)?.as_bytes()));
    assigned.or_else(|| {
        // `machine x login y password …`
        let word = before.trim_ascii_end().rsplit(|b| b.is_ascii_whitespace()).next()?;
        (name_kind(word) == NameKind::Secret).then(|| usable(word)).flatten()
    })
}

/// The sections above a line, nearest first.
fn sections(above: &[u8], mut indent: usize) -> Vec<String> {
    let mut names = Vec::new();
    let above = above.get(above.len().saturating_sub(MAX_ABOVE)..).unwrap_or_default();
    for line in above.rsplit(|b| *b == b'\n').skip(1).take(MAX_LINES) {
        let bare = line.trim_ascii();
        if bare.is_empty() || bare.starts_with(b"#") || bare.starts_with(b";") || bare.starts_with(b"//") {
            continue;
        }
        if bare.starts_with(b"[")
            && let Some(heading) = HEADING.as_ref().and_then(|r| r.captures(bare))
        {
            names.extend(heading.get(1).and_then(|m| usable(m.as_bytes())));
            break;
        }
        let own = indent_of(line);
        if own < indent {
            indent = own;
            names.extend(
                PARENT.as_ref().and_then(|r| r.captures(line)).and_then(|c| usable(c.get(1)?.as_bytes())),
            );
        }
        if names.len() >= MAX_SECTIONS {
            break;
        }
    }
    names
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// A name as text, unless it looks like a value itself: a long run of letters and digits is no name.
fn usable(name: &[u8]) -> Option<String> {
    let is_random = |run: &[u8]| {
        run.len() >= 16 && run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic)
    };
    let runs = name.split(|b| !b.is_ascii_alphanumeric());
    let random = runs.into_iter().any(is_random);
    String::from_utf8(name.to_vec()).ok().filter(|n| !random && !n.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        let at = text.find("VALUE").unwrap();
        of_value(text.as_bytes(), at, true)
    }

    #[test]
    fn names_are_found_in_many_forms() {
        let cases = [
            ("DB_PASSWORD=VALUE", "DB_PASSWORD"),
            ("export TOKEN=\"VALUE\"", "TOKEN"),
            ("x = 1\n\"password\": \"VALUE\"", "password"),
            ("DATABASE_URL=postgres://app:VALUE@db/app", "DATABASE_URL"),
            ("curl https://x.example/?token=VALUE", "token"),
            ("machine x login y password VALUE", "password"),
            ("key := `VALUE`", "key"),
            ("[default]\na = 1\nsecret = VALUE", "default.secret"),
            ("[default]\nsecret = other\n[prod]\nsecret = VALUE", "prod.secret"),
            ("prod:\n  db:\n    port: 1\n    password: VALUE", "prod.db.password"),
            ("{\n  \"prod\": {\n    \"password\": \"VALUE\"\n  }\n}", "prod.password"),
        ];
        for (text, expected) in cases {
            assert_eq!(name(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_one() {
        assert_eq!(name("VALUE"), None);
        assert_eq!(name("echo VALUE"), None);
        assert_eq!(name("a1b2c3d4e5f6a7b8c9=VALUE"), None);
        assert_eq!(of_value(b"A\0=\0V", 4, false), None);
    }

    #[test]
    fn a_line_above_changes_no_name() {
        let one = "[a]\ntoken = VALUE\n";
        assert_eq!(name(one), name(&format!("# note\n{one}")));
        assert_eq!(name(one), name(&format!("[b]\ntoken = other\n{one}")));
    }
}
