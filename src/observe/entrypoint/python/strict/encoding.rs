//! The encoding that a source file declares. <https://peps.python.org/pep-0263/>

/// What a file says of its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Declared {
    /// Nothing, or UTF-8.
    Utf8,
    Ascii,
    /// An encoding of eight bits, of which each byte is a character.
    Other,
    /// One that Python does not know, in this line.
    Unknown(u32),
}

/// Encodings that Python has for source files, beside UTF-8: their names with `_` for other marks.
/// <https://docs.python.org/3/library/codecs.html#standard-encodings>
const NAMES: [&str; 24] = [
    "latin_1",
    "latin1",
    "latin",
    "l1",
    "iso8859_1",
    "iso_8859_1",
    "8859",
    "cp819",
    "latin9",
    "big5",
    "gb2312",
    "gbk",
    "gb18030",
    "euc_jp",
    "eucjp",
    "euc_kr",
    "euckr",
    "shift_jis",
    "sjis",
    "koi8_r",
    "koi8_u",
    "mac_roman",
    "macroman",
    "hz",
];

/// What the first two lines of a file say.
pub(in super::super) fn declared(bytes: &[u8]) -> Declared {
    let mut lines = bytes.split(|b| *b == b'\n');
    for number in 1..=2 {
        let line = String::from_utf8_lossy(lines.next().unwrap_or_default());
        let trimmed = line.trim_start_matches(['\u{feff}', ' ', '\t', '\u{c}']).trim_end();
        if let Some(name) = trimmed.strip_prefix('#').and_then(name_in) {
            return of_name(&name, number);
        }
        // The second line counts only below a comment or an empty line.
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            break;
        }
    }
    Declared::Utf8
}

/// The name in `coding: NAME` or `coding=NAME`.
fn name_in(comment: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    comment.match_indices("coding").find_map(|(at, word)| {
        let rest = comment.get(at + word.len()..)?.strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let name: String = rest.chars().take_while(|c| is_part(*c)).collect();
        (!name.is_empty()).then_some(name)
    })
}

fn of_name(name: &str, line: u32) -> Declared {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let is_numbered = |start: &str| {
        name.strip_prefix(start)
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit() || b == b'_'))
    };
    match name.as_str() {
        "utf_8" | "utf8" | "u8" | "utf" | "utf8_sig" | "utf_8_sig" | "cp65001" => Declared::Utf8,
        _ if name.starts_with("utf_8_") => Declared::Utf8,
        "ascii" | "us_ascii" | "646" => Declared::Ascii,
        other if NAMES.contains(&other) => Declared::Other,
        _ if ["cp", "iso8859_", "iso_8859_", "windows_", "latin"].iter().any(|s| is_numbered(s)) => {
            Declared::Other
        }
        _ => Declared::Unknown(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations() {
        for (text, expected) in [
            (&b"# -*- coding: utf-8 -*-\n"[..], Declared::Utf8),
            (b"#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\n", Declared::Other),
            (b"# coding=cp1252\n", Declared::Other),
            (b"# coding: us-ascii\n", Declared::Ascii),
            (b"# coding: nonsense\n", Declared::Unknown(1)),
            (b"\n# coding: nonsense\n", Declared::Unknown(2)),
            (b"x = 1\n# coding: nonsense\n", Declared::Utf8),
            (b"# this is about coding in general\n", Declared::Utf8),
            (b"", Declared::Utf8),
        ] {
            assert_eq!(declared(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
